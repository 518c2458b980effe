import assert from "node:assert/strict";
import { JobRows } from "./job_rows.ts";
import type { Stage } from "./stage.ts";

function rig(
  options: { isHeld?: boolean; maxHeldRows?: number; receive?: (batch: unknown[]) => Promise<void> | void } = {},
) {
  const given: unknown[] = [];
  const failures: unknown[] = [];
  const receive = options.receive ?? ((batch: unknown[]) => void given.push(...batch));
  const rows = new JobRows({
    receivers: new Map([["c", receive], ["d", (batch) => void given.push(...batch.map((row) => `d${row}`))]]),
    isHeld: options.isHeld ?? true,
    maxHeldRows: options.maxHeldRows,
    fail: (error) => failures.push(error),
  });
  const region = {};
  const stage = { region } as Stage;
  let taken = 0;
  const add = (uid: string, ...batch: unknown[]) => rows.add(stage, uid, batch, () => taken++);
  return { rows, stage, given, failures, add, taken: () => taken, next: { region } as Stage };
}
async function settled(): Promise<void> {
  for (let n = 0; n < 20; n++) await null;
}

Deno.test("held rows are taken at once, and come in their order when the stage has finished", async () => {
  const { rows, stage, given, add, taken } = rig();
  add("c", 1, 2);
  add("d", 3);
  add("c", 4);
  assert.deepEqual([given, taken(), rows.has(stage), rows.areOut(stage)], [[], 3, true, false]);
  await rows.handOver(stage);
  assert.deepEqual([given, rows.has(stage)], [[1, 2, "d3", 4], false]);
});

Deno.test("rows of an attempt that failed are gone; the next one's count", async () => {
  const { rows, stage, given, add, next } = rig();
  add("c", 1);
  rows.drop(stage);
  rows.add(next, "c", [2], () => {});
  await rows.handOver(stage);
  await rows.handOver(next);
  assert.deepEqual(given, [2]);
});

Deno.test("beyond the limit rows go out, those that were held first, and the region counts as handed out for good", async () => {
  const { rows, stage, given, add, taken, next } = rig({ maxHeldRows: 3 });
  add("c", 1, 2);
  add("c", 3);
  assert.equal(rows.areOut(stage), false);
  add("c", 4);
  await settled();
  add("c", 5);
  await settled();
  assert.deepEqual([given, taken()], [[1, 2, 3, 4, 5], 4]);
  assert.equal(rows.areOut(next), true);
  const error = rows.whyNotAgain(new Error("it broke"));
  assert.deepEqual([error.code, error.found], ["TSF-5220", "it broke"]);
  assert.match(error.message, /at most 3 rows/);
});

Deno.test("rows that are not held go out as they come; a slow receiver is waited for, one that throws fails the job", async () => {
  let go!: () => void;
  const slow = rig({ isHeld: false, receive: () => new Promise((resolve) => go = resolve) });
  slow.add("c", 1);
  await settled();
  assert.equal(slow.taken(), 0);
  go();
  await settled();
  assert.equal(slow.taken(), 1);
  const failing = rig({ isHeld: false, receive: () => Promise.reject(new Error("no")) });
  failing.add("c", 1);
  await settled();
  assert.deepEqual([failing.taken(), String(failing.failures)], [0, "Error: no"]);
});
