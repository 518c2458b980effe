/**
 * The checks of single values in a program, and the errors that say what is wrong with them. Called by the setters of
 * Transformation and again when the graph is built.
 *
 * @module
 */

import { InvalidProgramError, type OperatorReference, userFrame } from "../errors.ts";

/** Most key groups a job may have. */
export const UPPER_BOUND_MAX_PARALLELISM = 32768;

/** The part of a transformation or node that an error names. */
export interface Named {
  readonly name: string;
  readonly uid?: string;
  readonly userLine?: string;
}

/** Name and uid, for an error. */
export function referenceOf(where: Named): OperatorReference {
  return where.uid === undefined ? { name: where.name } : { name: where.name, uid: where.uid };
}

interface Refusal {
  readonly where?: Named;
  /** A setter is called from the user's line; when the graph is built, the line that made the operator says more. */
  readonly whenBuilt?: boolean;
  readonly expected: string;
  readonly found: string;
  readonly hint: string;
}

function refuse(code: string, summary: string, details: Refusal): InvalidProgramError {
  const { where, expected, found, hint } = details;
  const caller = userFrame(new Error().stack);
  return new InvalidProgramError(code, summary, {
    expected,
    found,
    hint,
    operator: where === undefined ? undefined : referenceOf(where),
    userLine: details.whenBuilt ? where?.userLine ?? caller : caller ?? where?.userLine,
  });
}

/** A text that looks like a number is shown as the text it is. */
function shown(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}

const RANGE = `an integer from 1 to ${UPPER_BOUND_MAX_PARALLELISM}`;

function inRange(value: number): boolean {
  return Number.isInteger(value) && value >= 1 && value <= UPPER_BOUND_MAX_PARALLELISM;
}

/** @throws InvalidProgramError TSF-1104. Without `where` it is the parallelism of the job. */
export function checkParallelism(value: number, where?: Named): void {
  if (inRange(value)) return;
  throw refuse("TSF-1104", "The parallelism is out of range", {
    where,
    expected: RANGE,
    found: shown(value),
    hint: "Leave setParallelism() out to take the parallelism of the environment.",
  });
}

/** @throws InvalidProgramError TSF-1105. Without `where` it is the max parallelism of the job. */
export function checkMaxParallelism(value: number, where?: Named): void {
  if (inRange(value)) return;
  throw refuse("TSF-1105", "The max parallelism is out of range", {
    where,
    expected: RANGE,
    found: shown(value),
    hint: "Leave setMaxParallelism() out to derive it from the parallelism.",
  });
}

/** @throws InvalidProgramError TSF-1106. */
export function checkParallelismFits(parallelism: number, maxParallelism: number, where: Named): void {
  if (parallelism <= maxParallelism) return;
  throw refuse("TSF-1106", "The parallelism is above the max parallelism", {
    where,
    whenBuilt: true,
    expected: `at most ${maxParallelism}, the max parallelism`,
    found: shown(parallelism),
    hint: "Raise setMaxParallelism() or lower setParallelism(); keyed state cannot be spread over more subtasks.",
  });
}

/** @throws InvalidProgramError TSF-1108. */
export function checkUidHash(value: string, where: Named): void {
  if (/^[0-9A-Fa-f]{32}$/.test(value)) return;
  throw refuse("TSF-1108", "The uid hash is not an operator id", {
    where,
    expected: "32 hex digits",
    found: JSON.stringify(value),
    hint: "Take the operator id from the plan or the logs of the earlier job; for a name of your own use uid().",
  });
}

/** @throws InvalidProgramError TSF-1113. */
export function checkBufferTimeout(value: number, where?: Named): void {
  if (Number.isInteger(value) && value >= -1) return;
  throw refuse("TSF-1113", "The buffer timeout is out of range", {
    where,
    expected: "milliseconds, an integer; 0 flushes each record, -1 flushes full buffers only",
    found: shown(value),
    hint: "The default is 100.",
  });
}

/** TSF-1112: parallelism other than 1 where only 1 is possible. */
export function nonParallelError(what: string, value: number, where: Named): InvalidProgramError {
  return refuse("TSF-1112", `The ${what} of this operator cannot be changed`, {
    where,
    expected: "1",
    found: shown(value),
    hint: "All records pass through one subtask here; key the stream to spread the work.",
  });
}

/** TSF-1114: a uid hash on a sink of several operators. */
export function sinkUidHashError(value: string, where: Named): InvalidProgramError {
  return refuse("TSF-1114", "A sink of several operators has no single uid hash", {
    where,
    expected: "one hash per part",
    found: JSON.stringify(value),
    hint: "Use sinkTo(sink, { writerUidHash, committerUidHash, globalCommitterUidHash }).",
  });
}
