/**
 * The states of a job and which may follow which (Flink's JobStatus).
 *
 * @module
 */

import { BugError } from "../../runtime/errors.ts";

/** State of a job. */
export type JobState =
  | "INITIALIZING"
  | "CREATED"
  | "RUNNING"
  | "FAILING"
  | "FAILED"
  | "CANCELLING"
  | "CANCELED"
  | "FINISHED"
  | "RESTARTING"
  | "SUSPENDED"
  | "RECONCILING";

/** Legal successors of each state. */
export const JOB_TRANSITIONS: Readonly<Record<JobState, readonly JobState[]>> = {
  INITIALIZING: ["CREATED", "FAILED", "CANCELED", "SUSPENDED"],
  CREATED: ["RUNNING", "FAILING", "CANCELLING", "SUSPENDED"],
  RUNNING: ["FINISHED", "FAILING", "CANCELLING", "RESTARTING", "SUSPENDED"],
  FAILING: ["FAILED", "RESTARTING", "CANCELLING", "SUSPENDED"],
  CANCELLING: ["CANCELED", "FAILING", "SUSPENDED"],
  RESTARTING: ["CREATED", "RUNNING", "FAILING", "CANCELLING", "SUSPENDED"],
  RECONCILING: ["RUNNING", "FAILING", "CANCELLING", "FINISHED"],
  SUSPENDED: [],
  FAILED: [],
  CANCELED: [],
  FINISHED: [],
};

/** Whether nothing follows a state on this JobManager. */
export function isTerminalJobState(state: JobState): boolean {
  return JOB_TRANSITIONS[state].length === 0;
}

/**
 * Checks a transition.
 *
 * @throws BugError TSF-0003 when it is not in the table.
 */
export function checkJobTransition(from: JobState, to: JobState): void {
  if (JOB_TRANSITIONS[from].includes(to)) return;
  throw new BugError("TSF-0003", `A job cannot go from ${from} to ${to}`, {
    expected: `one of ${JOB_TRANSITIONS[from].join(", ") || "nothing (terminal)"}`,
    found: to,
  });
}
