/**
 * The system clock over a fake runtime whose time the test moves, against the simplest list of planned calls.
 *
 * @module
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import { SystemClock } from "./clock.ts";

/** Native timers and time of a runtime; may fire timers a little early, as real ones do. */
class FakeRuntime {
  nowMs = 1000;
  #timers = new Map<number, { dueMs: number; fn: () => void }>();
  #next = 1;
  readonly earlyMs: number;
  mostTimers = 0;
  longestDelayMs = 0;
  constructor(earlyMs: number) {
    this.earlyMs = earlyMs;
  }
  get pending(): number {
    return this.#timers.size;
  }
  setTimeout = (fn: () => void, delayMs: number): number => {
    this.longestDelayMs = Math.max(this.longestDelayMs, delayMs);
    this.#timers.set(this.#next, { dueMs: this.nowMs + delayMs, fn });
    this.mostTimers = Math.max(this.mostTimers, this.#timers.size);
    return this.#next++;
  };
  clearTimeout = (id: number): void => void this.#timers.delete(id);
  /** Lets time pass, firing what is due on the way. */
  advance(ms: number): void {
    const end = this.nowMs + ms;
    for (let turns = 0; turns < 10_000; turns++) {
      const due = [...this.#timers].sort(([, a], [, b]) => a.dueMs - b.dueMs)[0];
      if (due === undefined || due[1].dueMs - this.earlyMs > end) break;
      this.nowMs = Math.max(this.nowMs, due[1].dueMs - this.earlyMs);
      this.#timers.delete(due[0]);
      due[1].fn();
    }
    this.nowMs = end;
  }
  /** Puts this in the place of the real one while `run` runs. */
  within<R>(run: () => R): R {
    const saved = [globalThis.setTimeout, globalThis.clearTimeout, performance.now] as const;
    Object.assign(globalThis, { setTimeout: this.setTimeout, clearTimeout: this.clearTimeout });
    performance.now = () => this.nowMs;
    try {
      return run();
    } finally {
      Object.assign(globalThis, { setTimeout: saved[0], clearTimeout: saved[1] });
      performance.now = saved[2];
    }
  }
}

const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("plan" as const), ms: fc.integer({ min: -3, max: 40 }) }) },
  fc.record({ kind: fc.constant("nest" as const), ms: fc.integer({ min: 0, max: 9 }) }),
  fc.record({ kind: fc.constant("cancel" as const), which: fc.nat() }),
  fc.record({ kind: fc.constant("advance" as const), ms: fc.integer({ min: 0, max: 25 }) }),
);

Deno.test("calls come when they are due, in order of time and registration, for any sequence of plans and cancels", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.constantFrom(0, 0.3), (steps, earlyMs) => {
      const runtime = new FakeRuntime(earlyMs);
      runtime.within(() => {
        const clock = new SystemClock();
        const called: { id: number; atMs: number }[] = [];
        const planned: { id: number; dueMs: number; cancelled: boolean; cancel: () => void }[] = [];
        const plan = (ms: number, then?: () => void): void => {
          const id = planned.length;
          const entry = { id, dueMs: runtime.nowMs + Math.max(ms, 0), cancelled: false, cancel: () => {} };
          planned.push(entry);
          entry.cancel = clock.after(ms, () => {
            called.push({ id, atMs: runtime.nowMs });
            then?.();
          });
        };
        for (const step of steps) {
          if (step.kind === "plan") plan(step.ms);
          else if (step.kind === "nest") plan(step.ms, () => plan(step.ms));
          else if (step.kind === "advance") runtime.advance(step.ms);
          else if (planned.length > 0) {
            const entry = planned[step.which % planned.length];
            entry.cancel();
            entry.cancelled ||= !called.some(({ id }) => id === entry.id);
          }
        }
        runtime.advance(1000);
        const live = planned.filter(({ cancelled }) => !cancelled);
        assert.deepEqual(called.map(({ id }) => id).sort((a, b) => a - b), live.map(({ id }) => id), "each once");
        const dueOf = new Map(planned.map(({ id, dueMs }) => [id, dueMs]));
        for (const [i, { id, atMs }] of called.entries()) {
          const dueMs = dueOf.get(id)!;
          assert.ok(atMs >= dueMs - 0.5 && atMs <= dueMs + 2, `due ${dueMs}, came ${atMs}`);
          const before = called[i - 1];
          if (before === undefined || dueOf.get(before.id)! < dueMs) continue;
          // Times are rounded up to the millisecond; equal ones come in order of registration.
          assert.ok(
            Math.ceil(dueOf.get(before.id)!) === Math.ceil(dueMs) && before.id < id,
            `${before.id} before ${id}`,
          );
        }
        assert.equal(runtime.pending, 0, "nothing keeps the process alive");
        assert.ok(runtime.mostTimers <= 1, "one native timer for all calls");
      });
    }),
    { numRuns: 400 },
  );
});

Deno.test("delays beyond what a native timer takes are waited out in parts", () => {
  const runtime = new FakeRuntime(0);
  runtime.within(() => {
    const days = 60 * 86_400_000;
    let called = 0;
    new SystemClock().after(days, () => called++);
    runtime.advance(days - 1);
    assert.equal(called, 0);
    assert.ok(runtime.longestDelayMs <= 2 ** 31 - 1);
    runtime.advance(2);
    assert.equal(called, 1);
  });
});

Deno.test("planning and cancelling over and over keeps neither calls nor timers", () => {
  const runtime = new FakeRuntime(0);
  runtime.within(() => {
    const clock = new SystemClock();
    const kept: number[] = [];
    clock.after(500, () => void kept.push(runtime.nowMs));
    for (let i = 0; i < 20_000; i++) clock.after(1000 + i % 7, () => assert.fail("cancelled"))();
    assert.equal(runtime.pending, 1);
    runtime.advance(5000);
    assert.deepEqual([kept, runtime.pending], [[1500], 0]);
  });
});
