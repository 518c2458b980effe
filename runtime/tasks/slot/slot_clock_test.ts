import assert from "node:assert/strict";
import fc from "fast-check";
import { SlotClock } from "./slot_clock.ts";

/** A clock whose time the test moves. */
function clockAt(monotonicMs: number): { clock: SlotClock; move: (ms: number) => void; earlier: () => number } {
  let nowMs = monotonicMs;
  let earlier = 0;
  const time = { now: () => 1_700_000_000_000 + nowMs, monotonic: () => nowMs };
  return { clock: new SlotClock(time, () => earlier++), move: (ms) => void (nowMs += ms), earlier: () => earlier };
}

Deno.test("both times come from outside", () => {
  const { clock, move } = clockAt(5);
  move(2.5);
  assert.deepEqual([clock.now(), clock.monotonic()], [1_700_000_000_007.5, 7.5]);
});

Deno.test("nothing is called but by fireDue, in order of time and registration, and never early", () => {
  const { clock, move } = clockAt(0.2);
  const calls: string[] = [];
  const note = (what: string) => () => void calls.push(what);
  assert.deepEqual([clock.nextInMs(), clock.fireDue()], [undefined, false]);
  clock.after(5, note("late"));
  for (const name of ["a", "b"]) clock.after(2, note(name));
  // Due at 2.1 and 2.2: both at 3.
  clock.after(1.9, note("c of the same millisecond"));
  clock.after(-3, note("negative"));
  assert.equal(clock.nextInMs(), 0.8, "times are rounded up to the millisecond");
  assert.equal(clock.fireDue(), false);
  move(0.8);
  assert.deepEqual([clock.nextInMs(), clock.fireDue(), clock.fireDue()], [0, true, false]);
  move(1.9);
  assert.equal(clock.fireDue(), false);
  move(7);
  assert.equal(clock.nextInMs(), 0, "never negative");
  assert.equal(clock.fireDue(), true);
  assert.deepEqual(calls, ["negative", "a", "b", "c of the same millisecond", "late"]);
  assert.equal(clock.nextInMs(), undefined);
});

Deno.test("what a call plans without delay waits for the next fireDue; what it cancels does not come", () => {
  const { clock, move } = clockAt(0);
  const calls: string[] = [];
  let cancel = (): void => {};
  clock.after(1, () => {
    calls.push("first");
    clock.after(0, () => void calls.push("planned"));
    cancel();
  });
  cancel = clock.after(1, () => void calls.push("cancelled"));
  move(1);
  assert.equal(clock.fireDue(), true);
  assert.deepEqual(calls, ["first"]);
  assert.deepEqual([clock.nextInMs(), clock.fireDue()], [0, true]);
  assert.deepEqual(calls, ["first", "planned"]);
});

Deno.test("a call that throws is reported and the others stay planned", () => {
  const { clock, move } = clockAt(0);
  const calls: number[] = [];
  for (const i of [1, 2, 3]) {
    clock.after(1, () => {
      calls.push(i);
      if (i === 2) throw new Error("broken");
    });
  }
  move(1);
  assert.throws(() => clock.fireDue(), /broken/);
  assert.deepEqual(calls, [1, 2]);
  assert.equal(clock.fireDue(), true);
  assert.deepEqual([calls, clock.nextInMs()], [[1, 2, 3], undefined]);
});

Deno.test("only a call before all others asks for an earlier wake-up", () => {
  const { clock, earlier } = clockAt(0);
  const told = [10, 20, 10, 9, 9.5, 3].map((ms) => {
    clock.after(ms, () => {});
    return earlier();
  });
  assert.deepEqual(told, [1, 1, 1, 2, 2, 3]);
});

Deno.test("planning and cancelling over and over keeps nothing", () => {
  const { clock } = clockAt(0);
  clock.after(500, () => {});
  for (let i = 0; i < 20_000; i++) clock.after(100 + i % 7, () => assert.fail("cancelled"))();
  assert.equal(clock.nextInMs(), 500);
});

Deno.test("any sequence of plans, cancels and moves comes as a sorted list would", () => {
  const step = fc.oneof(
    { weight: 3, arbitrary: fc.record({ kind: fc.constant("plan" as const), ms: fc.double({ min: -1, max: 20 }) }) },
    fc.record({ kind: fc.constant("cancel" as const), which: fc.nat() }),
    fc.record({ kind: fc.constant("move" as const), ms: fc.double({ min: 0, max: 9 }) }),
  );
  fc.assert(fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
    const { clock, move } = clockAt(3.3);
    const called: number[] = [];
    let planned: { id: number; dueMs: number }[] = [];
    const cancels: (() => void)[] = [];
    for (const [id, step] of steps.entries()) {
      if (step.kind === "plan" && !Number.isNaN(step.ms)) {
        planned.push({ id, dueMs: Math.ceil(clock.monotonic() + Math.max(step.ms, 0)) });
        const cancel = clock.after(step.ms, () => void called.push(id));
        cancels.push(() => {
          cancel();
          planned = planned.filter((plan) => plan.id !== id);
        });
      } else if (step.kind === "cancel" && cancels.length > 0) {
        cancels[step.which % cancels.length]();
      } else if (step.kind === "move" && !Number.isNaN(step.ms)) {
        move(step.ms);
        const due = planned.filter(({ dueMs }) => dueMs <= clock.monotonic()).sort((a, b) => a.dueMs - b.dueMs);
        planned = planned.filter((plan) => !due.includes(plan));
        called.length = 0;
        assert.equal(clock.fireDue(), due.length > 0);
        assert.deepEqual(called, due.map(({ id }) => id));
      }
      const next = planned.reduce((least, { dueMs }) => Math.min(least, dueMs), Infinity);
      assert.equal(clock.nextInMs(), next === Infinity ? undefined : Math.max(next - clock.monotonic(), 0));
    }
  }));
});
