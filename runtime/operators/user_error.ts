/**
 * Turns what user code throws into an error that names the operator and the user's own line.
 *
 * Who calls: the chain and the harnesses around every operator call, operator_runtime.ts around callbacks.
 *
 * @module
 */

import { FlinkError, JobExecutionError, type OperatorReference, userFrame } from "../errors.ts";

/** V8's words for a `#private` field that an object made by copying does not have. */
const PRIVATE_FIELD = /private (?:member|field|method|accessor)|Receiver must be an instance of/;

/**
 * The error a task fails with.
 *
 * @param error What was thrown.
 * @param reference The operator it was thrown in.
 * @param what What was running, as the subject of a sentence: "processElement()".
 * @returns The error itself when it is a FlinkError, with the operator if it named none; else a JobExecutionError TSF-2001
 * (TSF-2008 when a copied function object misses its `#private` fields).
 */
export function wrapUserError(error: unknown, reference: OperatorReference, what: string): FlinkError {
  if (error instanceof FlinkError) return error.operator === undefined ? attribute(error, reference) : error;
  const userLine = error instanceof Error ? userFrame(error.stack) : undefined;
  if (error instanceof TypeError && PRIVATE_FIELD.test(error.message)) {
    return new JobExecutionError("TSF-2008", `${what} failed: the function object cannot be copied per subtask`, {
      expected: "a function object whose fields can be copied, or a factory",
      found: error.message,
      operator: reference,
      userLine,
      cause: error,
      hint: "Objects with #private fields need a factory: perSubtask(() => new MyFunction()).",
    });
  }
  return new JobExecutionError("TSF-2001", `${what} failed: ${describe(error)}`, {
    operator: reference,
    userLine,
    cause: error,
  });
}

/**
 * The same error with the operator named. It is changed in place: a copy would have lost the frames of the throw, which
 * Deno keeps beside the stack's text and prints for an error that nobody catches.
 */
function attribute(error: FlinkError, operator: OperatorReference): FlinkError {
  const made = error.constructor as new (code: string, summary: string, details: object) => FlinkError;
  const frames = error.stack?.split("\n").filter((line) => /^\s+at /.test(line)) ?? [];
  const { operator: named, userLine, message } = new made(error.code, error.summary, {
    expected: error.expected,
    found: error.found,
    operator,
    userLine: error.userLine ?? userFrame(error.stack),
    hint: error.hint,
    cause: error.cause,
  });
  Object.assign(error, { operator: named, userLine, message });
  error.stack = [`${error.name}: ${message}`, ...frames].join("\n");
  return error;
}

function describe(error: unknown): string {
  if (error instanceof Error) return error.message === "" ? error.name : `${error.name}: ${error.message}`;
  return String(error);
}
