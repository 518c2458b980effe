import assert from "node:assert/strict";
import { AsyncRetryStrategies, RetryPredicates } from "./async_retry.ts";

const backoff = (initialDelay: number, maxDelay: number, multiplier: number) => {
  const strategy = AsyncRetryStrategies.exponentialBackoff({ maxAttempts: 9, initialDelay, maxDelay, multiplier });
  return [2, 3, 4, 5, 6].map((attempt) => strategy.backoffTimeMs(attempt));
};

Deno.test("waits: fixed, and growing up to the limit with fractions cut off at each step", () => {
  const fixed = AsyncRetryStrategies.fixedDelay({ maxAttempts: 2, delay: "1 s" });
  assert.deepEqual([2, 3, 9].map((attempt) => fixed.backoffTimeMs(attempt)), [1000, 1000, 1000]);
  assert.deepEqual(backoff(10, 1000, 2), [10, 20, 40, 80, 160]);
  assert.deepEqual(backoff(10, 35, 2), [10, 20, 35, 35, 35]);
  assert.deepEqual(backoff(5, 1000, 1.5), [5, 7, 10, 15, 22]);
  assert.deepEqual(backoff(100, 50, 2), [100, 50, 50, 50, 50], "the first wait is taken as it is");
});

Deno.test("maxAttempts counts retries, as in Flink; the contract counts the first request too", () => {
  assert.equal(AsyncRetryStrategies.fixedDelay({ maxAttempts: 2, delay: 1 }).maxAttempts, 3);
  assert.equal(AsyncRetryStrategies.NO_RETRY.maxAttempts, 1);
});

Deno.test("conditions are taken over; the common ones", () => {
  const strategy = AsyncRetryStrategies.fixedDelay<number>({
    maxAttempts: 1,
    delay: 1,
    ifResult: RetryPredicates.EMPTY_RESULT,
    ifException: RetryPredicates.HAS_EXCEPTION,
  });
  assert.deepEqual([strategy.resultPredicate?.([]), strategy.resultPredicate?.([1])], [true, false]);
  assert.equal(strategy.exceptionPredicate?.(new Error()), true);
});

const REFUSED: readonly [string, () => unknown][] = [
  ["no attempt", () => AsyncRetryStrategies.fixedDelay({ maxAttempts: 0, delay: 1 })],
  ["no delay", () => AsyncRetryStrategies.fixedDelay({ maxAttempts: 1, delay: 0 })],
  ["no attempt (exponential)", () => backoffOf({ maxAttempts: 0 })],
  ["no multiplier", () => backoffOf({ multiplier: 0 })],
];
const backoffOf = (part: { maxAttempts?: number; multiplier?: number }) =>
  AsyncRetryStrategies.exponentialBackoff({ maxAttempts: 1, initialDelay: 1, maxDelay: 2, multiplier: 2, ...part });
for (const [name, make] of REFUSED) {
  Deno.test(`a retry strategy refuses: ${name}`, () => {
    assert.throws(make, { code: "TSF-1351" });
  });
}
