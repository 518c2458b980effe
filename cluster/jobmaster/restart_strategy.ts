/**
 * Whether and when a job that has failed is tried again. BATCH jobs try the failed region, from the results of those
 * before it.
 *
 * @module
 */

import { BugError, InvalidProgramError } from "../../runtime/errors.ts";

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

/** Whether another attempt would end in the same way: the program is wrong, or tsflink is. */
function isHopeless(error: unknown): boolean {
  return error instanceof InvalidProgramError || error instanceof BugError;
}
