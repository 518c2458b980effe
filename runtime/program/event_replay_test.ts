import assert from "node:assert/strict";
import fc from "fast-check";
import { eventKeys, EventReplay } from "./event_replay.ts";
import type { RecordedEvent } from "./recording.ts";

const timers = (...indexes: number[]): RecordedEvent[] => indexes.map((index) => ({ kind: "timer", index }));
const turns = async (count: number) => {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
};

Deno.test("events come in the recorded order, whatever the order in which they are asked for", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 12 }).chain((size) => {
        const all = [...Array(size).keys()];
        return fc.tuple(
          fc.shuffledSubarray(all),
          fc.shuffledSubarray(all, { minLength: size }),
          fc.array(fc.boolean()),
        );
      }),
      async ([recorded, asked, waits]) => {
        const replay = new EventReplay(timers(...recorded));
        const seen: number[] = [];
        for (const [position, index] of asked.entries()) {
          replay.expect(eventKeys.timer(index), () => void seen.push(index));
          assert.ok(!seen.includes(index), "never inline");
          if (waits[position]) await turns(1);
        }
        await turns(asked.length + 2);
        assert.deepEqual(seen, recorded);
        assert.equal(replay.awaited, undefined);
      },
    ),
    { numRuns: 50 },
  );
});

Deno.test("an event that nobody asks for holds back the others, and is named", async () => {
  const replay = new EventReplay([
    { kind: "begin", ordinal: 0 },
    { kind: "once", name: "a", outcome: { value: new Uint8Array() } },
    ...timers(3),
  ]);
  const seen: string[] = [];
  replay.expect(eventKeys.timer(3), () => void seen.push("timer"));
  await turns(3);
  assert.deepEqual([seen, replay.awaited], [[], "execution 0"]);
  replay.expect(eventKeys.begin(0), () => {});
  await turns(3);
  assert.deepEqual([seen, replay.awaited], [[], 'once("a")']);
  replay.expect(eventKeys.once("b"), () => void seen.push("b"));
  replay.expect(eventKeys.once("a"), () => void seen.push("a"));
  await turns(4);
  assert.deepEqual([seen, replay.awaited], [["a", "timer"], undefined]);
});

Deno.test("the program reacts between two events; microtasks of any depth are done", async () => {
  const replay = new EventReplay(timers(0, 1));
  const order: string[] = [];
  const deep = async (name: string) => {
    for (let depth = 0; depth < 50; depth++) await 0;
    order.push(name);
  };
  for (const index of [0, 1]) {
    replay.expect(eventKeys.timer(index), () => {
      order.push(`event ${index}`);
      void deep(`reaction ${index}`);
    });
  }
  await turns(5);
  assert.deepEqual(order, ["event 0", "reaction 0", "event 1", "reaction 1"]);
});

Deno.test("rows wait until the receiver has room, other events do not", async () => {
  const rows = (sink: string): RecordedEvent => ({ kind: "rows", ordinal: 0, sink, rows: new Uint8Array() });
  const replay = new EventReplay([rows("a"), rows("b"), rows("a"), ...timers(0)]);
  const room = Promise.withResolvers<void>();
  const seen: string[] = [];
  replay.expect(eventKeys.rows(0, "a"), () => (seen.push("a"), room.promise));
  replay.expect(eventKeys.rows(0, "b"), () => void seen.push("b"));
  replay.expect(eventKeys.timer(0), () => void seen.push("timer"));
  await turns(5);
  assert.deepEqual(seen, ["a", "b"]);
  room.resolve();
  await turns(5);
  assert.deepEqual(seen, ["a", "b", "a", "timer"]);
});

Deno.test("closed: nothing comes any more", async () => {
  const replay = new EventReplay(timers(0, 1));
  const seen: number[] = [];
  replay.expect(eventKeys.timer(0), () => {
    seen.push(0);
    replay.close();
  });
  replay.expect(eventKeys.timer(1), () => void seen.push(1));
  await turns(4);
  replay.expect(eventKeys.timer(1), () => void seen.push(1));
  await turns(2);
  assert.deepEqual(seen, [0]);
});
