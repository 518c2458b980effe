/**
 * The states of a task and which may follow which (Flink's ExecutionState); used by the task and by the execution graph.
 *
 * @module
 */

import { BugError } from "../errors.ts";

/** State of one attempt of one subtask. */
export type ExecutionState =
  | "CREATED"
  | "SCHEDULED"
  | "DEPLOYING"
  | "INITIALIZING"
  | "RUNNING"
  | "FINISHED"
  | "CANCELING"
  | "CANCELED"
  | "FAILED"
  | "RECONCILING";

/** Legal successors of each state. */
export const EXECUTION_TRANSITIONS: Readonly<Record<ExecutionState, readonly ExecutionState[]>> = {
  CREATED: ["SCHEDULED", "CANCELED", "FAILED"],
  SCHEDULED: ["DEPLOYING", "CANCELED", "FAILED"],
  DEPLOYING: ["INITIALIZING", "CANCELING", "FAILED", "CANCELED"],
  INITIALIZING: ["RUNNING", "CANCELING", "FAILED", "CANCELED"],
  RUNNING: ["FINISHED", "CANCELING", "FAILED"],
  CANCELING: ["CANCELED", "FAILED"],
  RECONCILING: ["RUNNING", "FINISHED", "CANCELED", "FAILED"],
  FINISHED: [],
  CANCELED: [],
  FAILED: [],
};

/** Whether nothing follows a state. */
export function isTerminal(state: ExecutionState): boolean {
  return EXECUTION_TRANSITIONS[state].length === 0;
}

/**
 * Checks a transition.
 *
 * @throws BugError TSF-0002 when it is not in the table.
 */
export function checkTransition(from: ExecutionState, to: ExecutionState, what: string): void {
  if (EXECUTION_TRANSITIONS[from].includes(to)) return;
  throw new BugError("TSF-0002", `${what} cannot go from ${from} to ${to}`, {
    expected: `one of ${EXECUTION_TRANSITIONS[from].join(", ") || "nothing (terminal)"}`,
    found: to,
  });
}
