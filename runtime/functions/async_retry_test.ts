import assert from "node:assert/strict";
import fc from "fast-check";
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

Deno.test("a growing wait equals its slow description: cut off at each step, limited from the second on", () => {
  const option = fc.record({
    initialDelay: fc.nat(5000),
    maxDelay: fc.nat(20_000),
    multiplier: fc.double({ min: 0.1, max: 4, noNaN: true }),
  });
  fc.assert(fc.property(option, (options) => {
    const { backoffTimeMs } = AsyncRetryStrategies.exponentialBackoff({ maxAttempts: 20, ...options });
    const waits = [options.initialDelay];
    while (waits.length < 12) {
      waits.push(Math.min(Math.floor(waits.at(-1)! * options.multiplier), options.maxDelay));
    }
    // In any order, and again: a strategy serves many records at once and remembers nothing of them.
    for (const attempt of [13, 2, 7, 3, 2, 13]) assert.equal(backoffTimeMs(attempt), waits[attempt - 2]);
  }));
});

Deno.test("durations in every form; none that cannot be told exactly", () => {
  for (const delay of ["1 s", 1000, "1000 ms", Temporal.Duration.from({ seconds: 1 })] as const) {
    assert.equal(AsyncRetryStrategies.fixedDelay({ maxAttempts: 1, delay }).backoffTimeMs(2), 1000);
  }
  const text = AsyncRetryStrategies.exponentialBackoff({
    maxAttempts: 3,
    initialDelay: "1 s",
    maxDelay: "1 min",
    multiplier: 10,
  });
  assert.deepEqual([2, 3, 4, 5].map(text.backoffTimeMs), [1000, 10_000, 60_000, 60_000]);
  assert.throws(() => AsyncRetryStrategies.fixedDelay({ maxAttempts: 1, delay: "1 parsec" as "1 s" }));
});

Deno.test("options out of range say which, and what was found", () => {
  const cases: readonly (readonly [() => unknown, RegExp])[] = [
    [() => AsyncRetryStrategies.fixedDelay({ maxAttempts: -1, delay: 1 }), /maxAttempts[\s\S]*at least 1[\s\S]*-1/],
    [() => AsyncRetryStrategies.fixedDelay({ maxAttempts: NaN, delay: 1 }), /maxAttempts[\s\S]*NaN/],
    [() => AsyncRetryStrategies.fixedDelay({ maxAttempts: 1, delay: "0 ms" }), /delay[\s\S]*more than 0 ms/],
    [() => backoffOf({ multiplier: -2 }), /multiplier[\s\S]*more than 0[\s\S]*-2/],
    [() => backoffOf({ multiplier: NaN }), /multiplier[\s\S]*NaN/],
  ];
  for (const [make, message] of cases) assert.throws(make, { code: "TSF-1351", message });
});

Deno.test("without a condition nothing is asked again", () => {
  const strategies = [
    AsyncRetryStrategies.NO_RETRY,
    AsyncRetryStrategies.fixedDelay({ maxAttempts: 5, delay: 1 }),
    backoffOf({}),
  ];
  for (const { resultPredicate, exceptionPredicate } of strategies) {
    assert.deepEqual([resultPredicate, exceptionPredicate], [undefined, undefined]);
  }
  assert.equal(RetryPredicates.EMPTY_RESULT([undefined]), false);
  assert.ok([undefined, null, 0, new Error()].every((error) => RetryPredicates.HAS_EXCEPTION(error)));
});
