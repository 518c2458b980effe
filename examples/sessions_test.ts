import assert from "node:assert/strict";
import { StreamExecutionEnvironment } from "tsflink";
import { quietAfter, readQuakes, type Swarm, swarms } from "./sessions.ts";

const byRegionAndTime = (a: Swarm, b: Swarm) => a.region.localeCompare(b.region) || a.start - b.start;

Deno.test("sessions: all swarms of the week, at any parallelism", async () => {
  const quakes = await readQuakes();
  // Quakes in order of time: one belongs to the open swarm of its region unless that is over.
  const open = new Map<string, Swarm>();
  const expected: Swarm[] = [];
  for (const quake of quakes) {
    const { region, time, magnitude } = quake;
    const end = time + quietAfter(quake);
    const swarm = open.get(region);
    if (swarm !== undefined && time <= swarm.end) {
      open.set(region, {
        ...swarm,
        end: Math.max(swarm.end, end),
        quakes: swarm.quakes + 1,
        strongest: Math.max(swarm.strongest, magnitude),
      });
      continue;
    }
    if (swarm !== undefined) expected.push(swarm);
    open.set(region, { region, start: time, end, quakes: 1, strongest: magnitude });
  }
  expected.push(...open.values());
  expected.sort(byRegionAndTime);

  for (const parallelism of [1, 2]) {
    const env = StreamExecutionEnvironment.createLocalEnvironment(parallelism);
    const found = await swarms(env.fromData(quakes), 1).executeAndCollect();
    assert.deepEqual(found.sort(byRegionAndTime), expected);
  }
  assert.equal(quakes.length, 1707);
  const largest = expected.reduce((a, b) => b.quakes > a.quakes ? b : a);
  assert.deepEqual([largest.region, largest.quakes, largest.strongest], ["CA", 113, 4.33]);
});

Deno.test("sessions: a quake that comes later closes the gap between two swarms", async () => {
  const minute = 60_000;
  const quake = (at: number, magnitude: number) => ({ region: "X", time: at * minute, magnitude });
  const env = StreamExecutionEnvironment.createLocalEnvironment();
  const found = await swarms(env.fromData(quake(0, 1), quake(70, 2), quake(40, 3), quake(300, 4.5)), 1)
    .executeAndCollect();
  assert.deepEqual(found, [
    { region: "X", start: 0, end: 110 * minute, quakes: 3, strongest: 3 },
    { region: "X", start: 300 * minute, end: 660 * minute, quakes: 1, strongest: 4.5 },
  ]);
});
