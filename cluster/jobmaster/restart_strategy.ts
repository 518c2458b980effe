/**
 * Whether and when a job that has failed is tried again. BATCH jobs try the failed region, from the results of those
 * before it.
 *
 * @module
 */

import { BugError, InvalidProgramError } from "../../runtime/errors.ts";
import type { Random } from "../../runtime/seams/random.ts";

/** What to do about a failure. */
export interface RestartStrategy {
  /** Whether it may restart at all: then nothing of an attempt counts before its end. */
  readonly mayRestart: boolean;
  /** A failure has happened: how long to wait before the next attempt, in ms; undefined to give up. */
  onFailure(error: unknown): number | undefined;
}

/** Gives up at once. */
export const NO_RESTART: RestartStrategy = { mayRestart: false, onFailure: () => undefined };

/** Tries again so many times over the life of the job, each time after the same wait. */
export function fixedDelay(attempts: number, delayMs: number): RestartStrategy {
  let left = attempts;
  return {
    mayRestart: attempts > 0,
    onFailure: (error) => isHopeless(error) || left-- <= 0 ? undefined : delayMs,
  };
}

/** Parts of {@link failureRate}. */
export interface FailureRate {
  /** So many failures within the interval are answered by a restart, the next one is not. */
  readonly maxFailures: number;
  readonly intervalMs: number;
  readonly delayMs: number;
}

/** Parts of {@link exponentialDelay}. */
export interface ExponentialDelay {
  readonly initialMs: number;
  readonly maxMs: number;
  readonly multiplier: number;
  /** After so long without failure the waits begin anew. */
  readonly resetAfterMs: number;
  /** Part of the wait that is added or taken away at random. */
  readonly jitter: number;
  /** Restarts before the waits begin anew. */
  readonly attempts: number;
}

/** Tries again as long as failures do not come too often. */
export function failureRate({ maxFailures, intervalMs, delayMs }: FailureRate, clock: Now): RestartStrategy {
  /** When the last ones happened, the earliest first; one more than is allowed. */
  const failures: number[] = [];
  return {
    mayRestart: true,
    onFailure(error) {
      if (isHopeless(error)) return undefined;
      const now = clock.now();
      if (failures.push(now) > maxFailures + 1) failures.shift();
      return failures.length <= maxFailures || now - failures[0] > intervalMs ? delayMs : undefined;
    },
  };
}

/** Tries again after waits that become longer. */
export function exponentialDelay(options: ExponentialDelay, clock: Now, random: Random): RestartStrategy {
  const { initialMs, maxMs, multiplier, resetAfterMs, jitter, attempts } = options;
  let restarts = 0;
  let nextRestart = -Infinity;
  const wait = (): number => {
    const plain = Math.min(Number.MAX_SAFE_INTEGER, Math.trunc(initialMs * multiplier ** restarts));
    const most = Math.trunc(plain * jitter);
    const offset = most === 0 ? 0 : Math.floor(random.u32() / 2 ** 32 * (2 * most + 1)) - most;
    return Math.max(initialMs, Math.min(plain + offset, maxMs));
  };
  return {
    mayRestart: true,
    onFailure(error) {
      if (isHopeless(error)) return undefined;
      const now = clock.now();
      if (now - nextRestart >= resetAfterMs) restarts = 0;
      const waitMs = wait();
      nextRestart = now + waitMs;
      restarts++;
      return restarts <= attempts ? waitMs : undefined;
    },
  };
}

interface Now {
  now(): number;
}

/** Whether another attempt would end in the same way: the program is wrong, or tsflink is. */
function isHopeless(error: unknown): boolean {
  return error instanceof InvalidProgramError || error instanceof BugError;
}
