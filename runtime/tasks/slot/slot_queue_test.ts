import assert from "node:assert/strict";
import { SlotQueue } from "./slot_queue.ts";

Deno.test("posted calls run in order, those they post wait for the next run, and the first of them is announced", () => {
  const calls: string[] = [];
  let announced = 0;
  const queue = new SlotQueue(() => announced++);
  assert.deepEqual([queue.isEmpty, queue.run(), announced], [true, false, 0]);
  queue.post(() => {
    calls.push("1");
    queue.post(() => void calls.push("3"));
  });
  queue.post(() => void calls.push("2"));
  assert.deepEqual([calls, announced, queue.isEmpty], [[], 1, false], "never inline");
  assert.equal(queue.run(), true);
  assert.deepEqual([calls, announced, queue.isEmpty], [["1", "2"], 2, false]);
  assert.equal(queue.run(), true);
  assert.deepEqual([calls, queue.isEmpty, queue.run()], [["1", "2", "3"], true, false]);
});

Deno.test("a posted call that throws is reported; those behind it stay, before what was posted meanwhile", () => {
  const calls: number[] = [];
  const queue = new SlotQueue();
  for (const i of [1, 2, 3]) {
    queue.post(() => {
      calls.push(i);
      queue.post(() => void calls.push(i * 10));
      if (i === 2) throw new Error("broken");
    });
  }
  assert.throws(() => queue.run(), /broken/);
  while (queue.run());
  assert.deepEqual(calls, [1, 2, 3, 10, 20, 30]);
});
