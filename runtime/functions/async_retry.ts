/**
 * When to ask again in asynchronous I/O: Flink's retry strategies and predicates.
 *
 * @module
 */

import { InvalidProgramError } from "../errors.ts";
import { type DurationLike, toMillis } from "../types/duration.ts";
import type { AsyncRetryStrategy } from "./async_function.ts";

/** When a request is made again; with neither predicate it never is. */
export interface AsyncRetryConditions<R> {
  /** Retry on these results. */
  readonly ifResult?: (results: readonly R[]) => boolean;
  /** Retry on this error. */
  readonly ifException?: (error: unknown) => boolean;
}
/** Options of {@link AsyncRetryStrategies.fixedDelay}. */
export interface FixedDelayRetryOptions<R> extends AsyncRetryConditions<R> {
  /** How often to ask again, as Flink counts: the first request is not included. At least 1. */
  readonly maxAttempts: number;
  /** Wait before each further request; more than 0 ms. */
  readonly delay: DurationLike;
}
/** Options of {@link AsyncRetryStrategies.exponentialBackoff}. */
export interface ExponentialBackoffRetryOptions<R> extends AsyncRetryConditions<R> {
  /** How often to ask again, as Flink counts: the first request is not included. At least 1. */
  readonly maxAttempts: number;
  /** Wait before the second request. */
  readonly initialDelay: DurationLike;
  /** Longest wait. */
  readonly maxDelay: DurationLike;
  /** Each wait is the one before times this; fractions of a millisecond are cut off. */
  readonly multiplier: number;
}

/** Common conditions for {@link AsyncRetryConditions}. */
export const RetryPredicates: {
  /** No result came. */
  readonly EMPTY_RESULT: (results: readonly unknown[]) => boolean;
  /** Any error. */
  readonly HAS_EXCEPTION: (error: unknown) => boolean;
} = {
  EMPTY_RESULT: (results) => results.length === 0,
  HAS_EXCEPTION: () => true,
};

/**
 * The retry strategies of asynchronous I/O.
 *
 * @example
 * ```ts
 * import { AsyncRetryStrategies, RetryPredicates } from "tsflink";
 *
 * const retry = AsyncRetryStrategies.fixedDelay({ maxAttempts: 3, delay: "100 ms", ifException: RetryPredicates.HAS_EXCEPTION });
 * console.assert(retry.backoffTimeMs(2) === 100);
 * ```
 */
export const AsyncRetryStrategies: {
  /** Never again. */
  readonly NO_RETRY: AsyncRetryStrategy<unknown>;
  /** The same wait each time. @throws InvalidProgramError TSF-1351 when an option is out of range. */
  fixedDelay<R>(options: FixedDelayRetryOptions<R>): AsyncRetryStrategy<R>;
  /** A wait that grows. @throws InvalidProgramError TSF-1351 when an option is out of range. */
  exponentialBackoff<R>(options: ExponentialBackoffRetryOptions<R>): AsyncRetryStrategy<R>;
} = {
  NO_RETRY: { maxAttempts: 1, backoffTimeMs: () => 0 },
  fixedDelay: <R>(options: FixedDelayRetryOptions<R>): AsyncRetryStrategy<R> => {
    const delayMs = toMillis(options.delay);
    check(options.maxAttempts >= 1, "maxAttempts", "at least 1", options.maxAttempts);
    check(delayMs > 0, "delay", "more than 0 ms", delayMs);
    return strategy(options, options.maxAttempts, () => delayMs);
  },
  exponentialBackoff: <R>(options: ExponentialBackoffRetryOptions<R>): AsyncRetryStrategy<R> => {
    const initialMs = toMillis(options.initialDelay);
    const maxMs = toMillis(options.maxDelay);
    check(options.maxAttempts >= 1, "maxAttempts", "at least 1", options.maxAttempts);
    check(initialMs >= 0, "initialDelay", "at least 0 ms", initialMs);
    check(options.multiplier > 0, "multiplier", "more than 0", options.multiplier);
    return strategy(options, options.maxAttempts, (attempt) => {
      let delayMs = initialMs;
      for (let n = 2; n < attempt; n++) delayMs = Math.min(Math.trunc(delayMs * options.multiplier), maxMs);
      return delayMs;
    });
  },
};

function strategy<R>(
  conditions: AsyncRetryConditions<R>,
  retries: number,
  backoffTimeMs: (attempt: number) => number,
): AsyncRetryStrategy<R> {
  return {
    maxAttempts: retries + 1,
    backoffTimeMs,
    resultPredicate: conditions.ifResult,
    exceptionPredicate: conditions.ifException,
  };
}

function check(holds: boolean, name: string, expected: string, found: number): void {
  if (holds) return;
  throw new InvalidProgramError("TSF-1351", `${name} of an async retry strategy is out of range`, {
    expected,
    found: String(found),
  });
}
