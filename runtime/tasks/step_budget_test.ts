import assert from "node:assert/strict";
import type { RecordWriter } from "../network/record_writer.ts";
import { Mailbox } from "./mailbox.ts";
import { StepBudget } from "./step_budget.ts";

/** A step whose elements take `rowMs` each; gives how many it let through, and how often it looked at the clock. */
function budget(rows: number, limitMs?: number, writers: readonly RecordWriter[] = []) {
  let nowMs = 0;
  let looks = 0;
  const clock = { monotonic: () => (looks++, nowMs) };
  const mailbox = new Mailbox(() => {});
  const steps = new StepBudget(rows, mailbox, writers, limitMs === undefined ? undefined : { clock, limitMs });
  const step = (rowMs: (row: number) => number): { rows: number; ms: number; looks: number } => {
    const startMs = nowMs;
    looks = 0;
    steps.refill();
    let done = 0;
    while (steps.proceed()) nowMs += rowMs(done++);
    return { rows: done, ms: nowMs - startMs, looks };
  };
  return { steps, mailbox, step };
}

Deno.test("without a time limit a step is so many elements, and used up then", () => {
  const { step, steps } = budget(5);
  assert.equal(step(() => 1000).rows, 5);
  assert.deepEqual([steps.isOpen, steps.isUsedUp], [false, true]);
  steps.refill();
  assert.deepEqual([steps.isOpen, steps.isUsedUp], [true, false]);
});

Deno.test("mail and full outputs end a step that is not used up", () => {
  let hasRoom = true;
  const writer = {
    options: {
      partition: {
        get hasRoom() {
          return hasRoom;
        },
      },
    },
  } as unknown as RecordWriter;
  const { steps, mailbox } = budget(5, undefined, [writer]);
  steps.refill();
  assert.ok(steps.proceed());
  mailbox.post(() => {});
  assert.deepEqual([steps.proceed(), steps.isUsedUp], [false, false]);
  mailbox.drain();
  hasRoom = false;
  assert.deepEqual([steps.proceed(), steps.hasRoom, steps.isUsedUp], [false, false, false]);
  hasRoom = true;
  assert.ok(steps.proceed());
});

for (const rowMs of [0.0001, 0.001, 0.01, 0.1, 0.3, 1, 5, 100]) {
  Deno.test(`elements of ${rowMs} ms: a step ends in time, does at least one, and hardly looks at the clock`, () => {
    const { step, steps } = budget(1000, 1);
    for (let n = 0; n < 5; n++) {
      const { rows, ms, looks } = step(() => rowMs);
      assert.ok(rows >= 1 && ms < 1 + rowMs + 1e-9, `${rows} elements in ${ms} ms`);
      assert.ok(rows === 1000 || ms >= 1 - 1e-9, `${rows} elements in ${ms} ms`);
      assert.ok(looks <= 20, `${looks} looks for ${rows} elements`);
      assert.ok(steps.isUsedUp, "there is more to do");
    }
  });
}

Deno.test("elements that become slow all at once hold up a step for a few hundred at most", () => {
  const { step } = budget(1000, 1);
  assert.ok(step((row) => row < 300 ? 0.0001 : 2).rows <= 300 + 500);
  assert.ok(step(() => 2).ms <= 4);
});

Deno.test("a clock that stands still sets no limit", () => {
  const { step } = budget(1000, 1);
  assert.equal(step(() => 0).rows, 1000);
});

Deno.test("cheap elements: the pace of the step before spares the first looks", () => {
  const { step, steps } = budget(1000, 1);
  const first = step(() => 0.0001).looks;
  const second = step(() => 0.0001).looks;
  assert.ok(second < first - 4, `${second} looks after ${first}`);
  // A step that ended early is judged by what it did.
  steps.refill();
  steps.proceed();
  const slow = step(() => 2);
  assert.ok(slow.ms <= 2 * 501, `${slow.ms} ms`);
  assert.ok(step(() => 2).ms <= 4);
  assert.ok(step(() => 0.0001).rows === 1000);
});
