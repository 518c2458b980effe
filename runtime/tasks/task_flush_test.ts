import assert from "node:assert/strict";
import type { RecordWriter } from "../network/record_writer.ts";
import { ManualClock } from "../testing/manual_clock.ts";
import { TaskFlush } from "./task_flush.ts";

/** Writers with these timeouts; `flushed()` says which were flushed since the last call. */
function setUp(...timeouts: number[]) {
  const clock = new ManualClock();
  const log: number[] = [];
  const writers = timeouts.map((bufferTimeoutMs, i) => ({
    options: { bufferTimeoutMs },
    isDirty: false,
    flush() {
      log.push(i);
      this.isDirty = false;
    },
  }));
  const flush = new TaskFlush(writers as unknown as RecordWriter[], clock);
  return {
    clock,
    writers,
    step: (isWaiting: boolean) => (flush.afterStep(isWaiting), log.splice(0)),
  };
}

Deno.test("a task that waits flushes at once, one at work when the timeout is over", () => {
  const { clock, writers, step } = setUp(100, 20);
  assert.deepEqual(step(true), [], "nothing is open");
  for (const writer of writers) writer.isDirty = true;
  assert.deepEqual(step(false), []);
  clock.advance(19);
  assert.deepEqual(step(false), []);
  clock.advance(1);
  assert.deepEqual(step(false), [1]);
  assert.deepEqual(step(true), [0], "nobody waits for a fuller batch");
});

Deno.test("-1 never flushes, 0 at the end of every step", () => {
  const { clock, writers, step } = setUp(-1, 0);
  for (const writer of writers) writer.isDirty = true;
  assert.deepEqual(step(false), [1]);
  clock.advance(1e6);
  assert.deepEqual([step(false), step(true)], [[], []]);
  assert.equal(writers[0].isDirty, true);
});

Deno.test("the time counts anew after each flush, also one that an event has caused", () => {
  const { clock, writers: [writer], step } = setUp(100);
  writer.isDirty = true;
  assert.deepEqual(step(false), []);
  clock.advance(60);
  writer.isDirty = false;
  assert.deepEqual(step(false), []);
  clock.advance(30);
  writer.isDirty = true;
  assert.deepEqual(step(false), []);
  clock.advance(20);
  assert.deepEqual(step(false), [], "50 ms after it was opened");
  clock.advance(80);
  assert.deepEqual(step(false), [0]);
});
