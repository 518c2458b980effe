/**
 * How an error crosses isolates and processes: as plain data that keeps code, details, causes and the fields a user
 * gave it, and back as the same kind of error. Used by the slot hosts for what ends a slot and by slots for failures of
 * tasks; never throws, whatever was thrown.
 *
 * @module
 */

import {
  BugError,
  type ErrorDetails,
  FlinkError,
  InvalidProgramError,
  JobExecutionError,
  type OperatorReference,
  RetryableError,
} from "../errors.ts";

/** The parts of an error of tsflink beside what every error has. */
interface FlinkParts {
  readonly className: FlinkClassName;
  readonly code: string;
  readonly summary: string;
  readonly expected?: string;
  readonly found?: string;
  readonly operator?: OperatorReference;
  readonly userLine?: string;
  readonly hint?: string;
}

/** An error or another thrown value as structured-cloneable data. */
export type TransferredError =
  | { readonly kind: "value"; readonly value: unknown }
  | {
    readonly kind: "error";
    readonly name: string;
    readonly message: string;
    readonly stack?: string;
    /** The native class to make again, as "TypeError". */
    readonly native?: NativeName;
    readonly flink?: FlinkParts;
    /** Own enumerable fields that can be cloned, as `code` of a system error. */
    readonly fields?: Readonly<Record<string, unknown>>;
    readonly cause?: TransferredError;
    /** Of an AggregateError. */
    readonly errors?: readonly TransferredError[];
  };

const FLINK_CLASSES = { InvalidProgramError, JobExecutionError, RetryableError, BugError, FlinkError };
type FlinkClassName = keyof typeof FLINK_CLASSES;

const NATIVE_CLASSES = { EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError };
type NativeName = keyof typeof NATIVE_CLASSES;

/** Causes of causes that are kept. */
const MAX_DEPTH = 16;
/** Errors kept of one AggregateError. */
const MAX_ERRORS = 32;
/** Own fields kept of one error. */
const MAX_FIELDS = 32;
/** Characters kept of a message or stack, so that an error with a whole payload in it stays a small message. */
const MAX_TEXT = 65_536;

/** Fields that have their own place. */
const OWN_PLACE = new Set([
  "name",
  "message",
  "stack",
  "cause",
  "errors",
  "code",
  "summary",
  "expected",
  "found",
  "operator",
  "userLine",
  "hint",
]);
/** As {@link OWN_PLACE}, for errors of others: there `code` and `hint` are fields like any. */
const FOREIGN_OWN_PLACE = new Set(["name", "message", "stack", "cause", "errors"]);

/** Makes plain data of whatever was thrown: cycles, depth and sizes are cut, what cannot be cloned is left out. */
export function toTransferable(error: unknown): TransferredError {
  return transfer(error, new Set(), 0);
}

/** `above`: the errors this one is a cause of, to find cycles. */
function transfer(error: unknown, above: ReadonlySet<unknown>, depth: number): TransferredError {
  try {
    if (!(error instanceof Error) && !isForeignError(error)) return { kind: "value", value: cloneable(error) };
    return transferError(error, new Set([...above, error]), depth);
  } catch {
    // A proxy or getter that throws.
    return { kind: "value", value: "an error that cannot be read" };
  }
}

/** An error of another realm or copy of a class: not an instance, but of the same build. */
function isForeignError(error: unknown): error is Error {
  return Object.prototype.toString.call(error) === "[object Error]" || error instanceof DOMException;
}

/** One that has crossed before keeps the stack it had first. */
function stackOf(error: Error & { slotStack?: unknown }): { readonly stack?: string } {
  const stack = error.slotStack ?? error.stack;
  return typeof stack === "string" ? { stack: text(stack) } : {};
}

function transferError(error: Error, above: ReadonlySet<unknown>, depth: number): TransferredError {
  const goesOn = (next: unknown) => next !== undefined && depth < MAX_DEPTH && !above.has(next);
  const flink = flinkParts(error);
  const errors = "errors" in error && Array.isArray(error.errors) ? error.errors : undefined;
  const native = Object.keys(NATIVE_CLASSES).find((name) => isOfClass(error, name)) as NativeName | undefined;
  const fields = ownFields(error, flink === undefined ? FOREIGN_OWN_PLACE : OWN_PLACE);
  return {
    kind: "error",
    name: text(error.name),
    message: text(error.message),
    ...stackOf(error),
    ...(native !== undefined && { native }),
    ...(flink !== undefined && { flink }),
    ...(fields !== undefined && { fields }),
    ...(goesOn(error.cause) && { cause: transfer(error.cause, above, depth + 1) }),
    ...(errors !== undefined && {
      errors: errors.slice(0, MAX_ERRORS).filter(goesOn).map((each) => transfer(each, above, depth + 1)),
    }),
  };
}

function text(value: unknown): string {
  const whole = String(value);
  return whole.length <= MAX_TEXT ? whole : `${whole.slice(0, MAX_TEXT)}... (${whole.length} characters)`;
}

/** By name along the prototypes, so that a class of another realm or copy of tsflink counts. */
function isOfClass(error: Error, name: string): boolean {
  for (let at = Object.getPrototypeOf(error); at !== null; at = Object.getPrototypeOf(at)) {
    if (at.constructor?.name === name) return true;
  }
  return false;
}

function flinkParts(error: Error): FlinkParts | undefined {
  const { code, summary } = error as Partial<FlinkError>;
  if (typeof code !== "string" || typeof summary !== "string" || !isOfClass(error, "FlinkError")) return undefined;
  const names = Object.keys(FLINK_CLASSES) as FlinkClassName[];
  const { expected, found, operator, userLine, hint } = error as FlinkError;
  return {
    className: names.find((name) => isOfClass(error, name)) ?? "FlinkError",
    code,
    summary: text(summary),
    ...(expected !== undefined && { expected: text(expected) }),
    ...(found !== undefined && { found: text(found) }),
    ...(operator !== undefined && { operator: plainOperator(operator) }),
    ...(userLine !== undefined && { userLine: text(userLine) }),
    ...(hint !== undefined && { hint: text(hint) }),
  };
}

function plainOperator({ name, uid, userLine }: OperatorReference): OperatorReference {
  return { name, ...(uid !== undefined && { uid }), ...(userLine !== undefined && { userLine }) };
}

function ownFields(error: Error, ownPlace: ReadonlySet<string>): Record<string, unknown> | undefined {
  const fields: Record<string, unknown> = {};
  let count = 0;
  for (const name of Object.keys(error)) {
    if (ownPlace.has(name) || count === MAX_FIELDS) continue;
    try {
      // "__proto__" as a name would set the prototype.
      Object.defineProperty(fields, name, { value: structuredClone(error[name as keyof Error]), enumerable: true });
      count++;
    } catch {
      // Functions, sockets, whatever hangs on an error: not part of the message.
    }
  }
  return count === 0 ? undefined : fields;
}

/** The value, or what it says about itself when it cannot be cloned. */
function cloneable(value: unknown): unknown {
  try {
    return structuredClone(value);
  } catch {
    return text(value);
  }
}

/**
 * The error again: an error of tsflink as an instance of its class with the same message and code, an error of
 * JavaScript as an instance of its class, any other as an Error of the same name; a value that is no error as it was.
 *
 * Causes have the stack they had. The error itself has one frame of its own: Deno (2.9) replaces an error without a
 * frame, or whose `stack` was set, when a module that is being imported throws it. What it had is its `slotStack`.
 */
export function fromTransferable(transferred: TransferredError): unknown {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 1;
  try {
    return restore(transferred, "slotStack");
  } finally {
    Error.stackTraceLimit = limit;
  }
}

function restore(transferred: TransferredError, stackField: "stack" | "slotStack"): unknown {
  if (transferred.kind === "value") return transferred.value;
  const { name, message, stack, fields, cause, errors } = transferred;
  const restored = restoredError(transferred, cause === undefined ? undefined : restore(cause, "stack"));
  for (const [field, value] of Object.entries(fields ?? {})) {
    Object.defineProperty(restored, field, { value, enumerable: true, writable: true, configurable: true });
  }
  // After the fields, and hidden as the runtime has them.
  hide(restored, "message", message);
  if (restored.name !== name) hide(restored, "name", name);
  hide(restored, stackField, stack ?? `${name}: ${message}`);
  if (errors !== undefined) hide(restored, "errors", errors.map((error) => restore(error, "stack")));
  return restored;
}

function hide(error: Error, name: string, value: unknown): void {
  Object.defineProperty(error, name, { value, enumerable: false, writable: true, configurable: true });
}

function restoredError(transferred: TransferredError & { kind: "error" }, cause: unknown): Error {
  const { flink, native, message, errors } = transferred;
  const options = transferred.cause === undefined ? undefined : { cause };
  if (flink !== undefined) return restoredFlinkError(flink, cause);
  if (errors !== undefined) return new AggregateError([], message, options);
  return native === undefined ? new Error(message, options) : new NATIVE_CLASSES[native](message, options);
}

function restoredFlinkError(parts: FlinkParts, cause: unknown): FlinkError {
  const { className, code, summary, ...others } = parts;
  const details: ErrorDetails = { ...others, cause };
  const error = new FLINK_CLASSES[className](code, summary, details);
  // The class may have added the line it was called from, which is here in the engine.
  Object.defineProperty(error, "userLine", { value: parts.userLine, enumerable: true, writable: true });
  return error;
}
