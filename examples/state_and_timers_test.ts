import assert from "node:assert/strict";
import { StreamExecutionEnvironment } from "tsflink";
import { type Alert, alerts, type Reading, readings } from "./state_and_timers.ts";

const MINUTE_MS = 60_000;
const byRoomAndTime = (a: Alert, b: Alert) => a.room.localeCompare(b.room) || a.since - b.since;

async function run(given: readonly Reading[], parallelism: number): Promise<Alert[]> {
  const env = StreamExecutionEnvironment.createLocalEnvironment(parallelism);
  return (await alerts(env.fromData(given), 4, 10).executeAndCollect()).sort(byRoomAndTime);
}

Deno.test("state and timers: all alerts of a day, at any parallelism", async () => {
  // Room by room: runs of warm readings that last ten minutes.
  const expected: Alert[] = [];
  for (const [room, ofRoom] of Map.groupBy(readings(), (reading) => reading.room)) {
    const temperatures = ofRoom.map((reading) => reading.celsius);
    for (let i = 0; i < temperatures.length; i++) {
      if (temperatures[i] <= 4 || temperatures[i - 1] > 4) continue;
      const firstTen = temperatures.slice(i, i + 10);
      if (firstTen.length === 10 && firstTen.every((celsius) => celsius > 4)) {
        expected.push({ room, since: i * MINUTE_MS, celsius: Math.max(...firstTen) });
      }
    }
  }
  expected.sort(byRoomAndTime);

  for (const parallelism of [1, 2]) assert.deepEqual(await run(readings(), parallelism), expected);
  assert.equal(expected.length, 20);
  assert.deepEqual(expected[0], { room: "fish", since: 97 * MINUTE_MS, celsius: 7.25 });
});

Deno.test("state and timers: cold in time, cold too late, silent, warm again", async () => {
  const at = (minute: number, room: string, celsius: number) => ({ room, time: minute * MINUTE_MS, celsius });
  const found = await run([
    at(0, "in time", 9),
    at(0, "silent", 8),
    at(0, "too late", 5),
    at(5, "too late", 7),
    at(9, "in time", 3),
    at(10, "too late", 3),
    at(11, "in time", 6),
    at(11, "too late", 6),
    at(12, "in time", 1),
    at(21, "too late", 1),
  ], 1);
  assert.deepEqual(found, [
    { room: "silent", since: 0, celsius: 8 },
    { room: "too late", since: 0, celsius: 7 },
    { room: "too late", since: 11 * MINUTE_MS, celsius: 6 },
  ]);
});
