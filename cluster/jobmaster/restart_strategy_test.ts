import assert from "node:assert/strict";
import { BugError, InvalidProgramError, JobExecutionError } from "../../runtime/errors.ts";
import type { Random } from "../../runtime/seams/random.ts";
import { exponentialDelay, failureRate, fixedDelay, NO_RESTART } from "./restart_strategy.ts";

Deno.test("fixed delay: so many restarts in the life of a job; none for what cannot get better", () => {
  const failure = new JobExecutionError("TSF-2001", "no");
  const strategy = fixedDelay(2, 50);
  assert.equal(strategy.mayRestart, true);
  assert.equal(strategy.onFailure(new InvalidProgramError("TSF-1000", "wrong")), undefined);
  assert.equal(strategy.onFailure(new BugError("TSF-0001", "bug")), undefined);
  assert.deepEqual([failure, new Error("any"), failure, failure].map(strategy.onFailure), [
    50,
    50,
    undefined,
    undefined,
  ]);
  assert.equal(fixedDelay(0, 50).mayRestart, false);
  assert.equal(fixedDelay(0, 50).onFailure(failure), undefined);
  assert.deepEqual([NO_RESTART.mayRestart, NO_RESTART.onFailure(failure)], [false, undefined]);
});

const failure = new JobExecutionError("TSF-2001", "no");

Deno.test("failure rate: so many failures in an interval, for as long as the job runs", () => {
  const clock = { nowMs: 0, now: () => clock.nowMs };
  const at = (strategy: ReturnType<typeof failureRate>, ms: number, error: unknown = failure) => {
    clock.nowMs = ms;
    return strategy.onFailure(error);
  };
  const strategy = failureRate({ maxFailures: 2, intervalMs: 100, delayMs: 7 }, clock);
  assert.equal(strategy.mayRestart, true);
  assert.deepEqual([at(strategy, 0), at(strategy, 50)], [7, 7]);
  // The third within 100 ms of the first is one too many; 101 ms after it, it is not.
  assert.equal(at(failureRateAfter([0, 50]), 100), undefined);
  assert.equal(at(failureRateAfter([0, 50]), 101), 7);
  // Only the last ones count.
  assert.deepEqual([at(strategy, 101), at(strategy, 151), at(strategy, 202), at(strategy, 203)], [7, 7, 7, undefined]);
  const once = failureRate({ maxFailures: 1, intervalMs: 10, delayMs: 0 }, clock);
  assert.equal(at(once, 0, new InvalidProgramError("TSF-1000", "wrong")), undefined);
  assert.deepEqual([at(once, 0), at(once, 11), at(once, 12)], [0, 0, undefined], "what is hopeless does not count");

  function failureRateAfter(times: readonly number[]) {
    const one = failureRate({ maxFailures: 2, intervalMs: 100, delayMs: 7 }, clock);
    for (const ms of times) at(one, ms);
    return one;
  }
});

Deno.test("exponential delay: waits grow up to the longest, begin anew after a quiet time, and vary by the jitter", () => {
  const drawing = (part: number): Random => ({
    u32: () => Math.floor(part * (2 ** 32 - 1)),
    fork: () => drawing(part),
  });
  const clock = { nowMs: 0, now: () => clock.nowMs };
  const plain = { initialMs: 10, maxMs: 100, multiplier: 2, resetAfterMs: 1000, jitter: 0, attempts: 100 };
  /** The wait after each failure; each happens so long after the restart before. */
  const waits = (over: Partial<typeof plain>, part: number, laters: readonly number[]) => {
    const strategy = exponentialDelay({ ...plain, ...over }, clock, drawing(part));
    return laters.map((later) => {
      clock.nowMs += later;
      const wait = strategy.onFailure(failure);
      clock.nowMs += wait ?? 0;
      return wait;
    });
  };
  const soon = [1, 1, 1, 1, 1, 1];
  assert.deepEqual(waits({}, 0, soon), [10, 20, 40, 80, 100, 100]);
  assert.deepEqual(waits({ multiplier: 1.5 }, 0, soon), [10, 15, 22, 33, 50, 75]);
  assert.deepEqual(waits({}, 0, [1, 1, 999, 1000, 1]), [10, 20, 40, 10, 20]);
  assert.deepEqual(waits({ attempts: 2 }, 0, [1, 1, 1]), [10, 20, undefined]);
  assert.deepEqual(waits({ attempts: 2 }, 0, [1, 1, 1000, 1, 1]), [10, 20, 10, 20, undefined]);
  assert.deepEqual(waits({ jitter: 0.5 }, 0, soon), [10, 10, 20, 40, 80, 100], "never below the first");
  assert.deepEqual(waits({ jitter: 0.5 }, 1, soon), [15, 30, 60, 100, 100, 100]);
  assert.deepEqual(waits({ jitter: 0.5 }, 0.5, soon), [10, 20, 40, 80, 100, 100]);
  // After thousands of failures, too.
  assert.equal(waits({ attempts: 1e9 }, 0, Array(5000).fill(1)).at(-1), 100);
  assert.equal(exponentialDelay(plain, clock, drawing(0)).onFailure(new BugError("TSF-0001", "bug")), undefined);
});
