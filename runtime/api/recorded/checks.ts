/**
 * Checks of what a program hands to the fluent API, made at the call so that the error names the user's line.
 * Who calls: every recorded_*.ts, before a transformation is made.
 *
 * @module
 */

import { type ErrorDetails, InvalidProgramError, userFrame } from "../../errors.ts";
import type { OutputTag } from "../../functions/output_tag.ts";
import { type FunctionFactory, PER_SUBTASK, perSubtask } from "../../functions/rich_function.ts";

/** An error of the calling line. */
export function programError(code: string, summary: string, details: ErrorDetails): InvalidProgramError {
  return new InvalidProgramError(code, summary, { userLine: userFrame(new Error().stack), ...details });
}

/** What was found where something else was expected, in few words. */
export function describe(value: unknown): string {
  if (typeof value === "function") {
    const kind = /^class\b/.test(Function.prototype.toString.call(value)) ? "class" : "function";
    return value.name === "" ? `a ${kind}` : `the ${kind} ${value.name}`;
  }
  if (Array.isArray(value)) return "an array";
  if (typeof value !== "object" || value === null) return typeof value === "string" ? `"${value}"` : String(value);
  const name = value.constructor?.name;
  const methods = Object.keys(value).join(", ");
  return name === undefined || name === "Object" ? `an object with { ${methods} }` : `an object of class ${name}`;
}

/** Methods that function objects of many kinds may have beside those that make them one. */
const COMMON_METHODS = ["open", "close", "onTimer", "clear", "initializeState", "snapshotState"] as const;

function isFactory(value: unknown): value is FunctionFactory<unknown> {
  return typeof value === "object" && value !== null && PER_SUBTASK in value;
}

/** Whether it was written as an `async` function; one that returns a promise otherwise is found when it is called. */
function isAsync(value: unknown): boolean {
  if (typeof value !== "function") return false;
  const tag = Object.prototype.toString.call(value);
  return tag === "[object AsyncFunction]" || tag === "[object AsyncGeneratorFunction]";
}

function refuseAsync(value: unknown, call: string): void {
  if (!isAsync(value)) return;
  throw programError("TSF-1202", `${call} was given an async function`, {
    expected: "a synchronous function",
    found: "an async function",
    hint: "For asynchronous calls use stream.asyncMap(...) or AsyncDataStream.unorderedWait / orderedWait.",
  });
}

/**
 * A user function that may be a plain function or an object with one of `methods`.
 *
 * @param call The API call, for the error: "map()".
 * @throws InvalidProgramError TSF-1201, TSF-1202.
 */
export function requireFunction<F>(fn: F, call: string, ...methods: string[]): F {
  if (isFactory(fn)) return fn;
  if (typeof fn === "function") {
    refuseAsync(fn, call);
    return fn;
  }
  return requireMethods(fn, call, methods, `a function, an object with ${list(methods)}`);
}

/**
 * A user function that is an object with all of `methods`, or a factory: `() => new F()` becomes perSubtask.
 *
 * @throws InvalidProgramError TSF-1201, TSF-1202.
 */
export function requireObject<F>(fn: F, call: string, ...methods: string[]): F {
  if (isFactory(fn)) return fn;
  if (typeof fn !== "function") return requireMethods(fn, call, methods, `an object with ${list(methods, "and")}`);
  refuseAsync(fn, call);
  if (typeof fn.prototype === "object" && fn.prototype !== null && methods.some((name) => name in fn.prototype)) {
    throw programError("TSF-1201", `${call} was given a class`, {
      expected: `an object: new ${fn.name}(...)`,
      found: `the class ${fn.name}`,
      hint: "Pass an instance, or () => new ... to make one per subtask.",
    });
  }
  return perSubtask(fn as unknown as () => unknown) as F;
}

/** Like {@link requireObject}, for kinds of functions told apart by their methods; the first kind that fits. */
export function hasMethod(fn: unknown, method: string): boolean {
  return typeof fn === "object" && fn !== null && typeof (fn as Record<string, unknown>)[method] === "function";
}

function requireMethods<F>(fn: F, call: string, methods: readonly string[], expected: string): F {
  const needsAll = !expected.startsWith("a function");
  const present = methods.filter((name) => hasMethod(fn, name));
  if (needsAll ? present.length !== methods.length : present.length === 0) {
    throw programError("TSF-1201", `${call} needs a user function`, {
      expected: `${expected}, or perSubtask(() => ...)`,
      found: describe(fn),
    });
  }
  for (const name of [...present, ...COMMON_METHODS]) refuseAsync((fn as Record<string, unknown>)[name], call);
  return fn;
}

function list(methods: readonly string[], word: "or" | "and" = "or"): string {
  return methods.map((name) => `${name}()`).join(` ${word} `);
}

/** A function for keyed streams stands where there is no key. */
export function notKeyed(fn: unknown, expected: string): InvalidProgramError {
  return programError("TSF-1204", "This process function needs keyed input", {
    expected,
    found: `${describe(fn)} on a stream that is not keyed`,
  });
}

/** @throws InvalidProgramError TSF-1218 unless it is a string that is not empty. */
export function requireText(value: unknown, what: string): string {
  if (typeof value === "string" && value !== "") return value;
  throw programError("TSF-1218", `${what} is missing`, {
    expected: "a string that is not empty",
    found: value === "" ? '""' : describe(value),
  });
}

/**
 * An object with all of `methods` that is no user function: a window assigner, a trigger, an evictor.
 *
 * @throws InvalidProgramError TSF-1218 when it is missing, TSF-1201 when it is something else.
 */
export function requirePart<P>(part: P, what: string, ...methods: string[]): NonNullable<P> {
  const present = requirePresent(part, what);
  if (methods.every((name) => hasMethod(present, name))) return present;
  throw programError("TSF-1201", `This is not ${what}`, {
    expected: `an object with ${list(methods, "and")}`,
    found: describe(part),
    hint: typeof part === "function" ? `A class is not an object of it: ${part.name}.of(...).` : undefined,
  });
}

/** @throws InvalidProgramError TSF-1218 when it is missing, TSF-1201 when it is not an OutputTag. */
export function requireTag<T>(tag: OutputTag<T>, what: string): OutputTag<T> {
  const { id } = requirePresent(tag, what) as { readonly id?: unknown };
  if (typeof id === "string") return tag;
  throw programError("TSF-1201", `This is not ${what}`, {
    expected: 'new OutputTag("name")',
    found: describe(tag),
  });
}

/** @throws InvalidProgramError TSF-1214 unless it is an integer of at least 1. */
export function requirePositive(value: number, what: string): number {
  if (Number.isInteger(value) && value >= 1) return value;
  throw programError("TSF-1214", `${what} is out of range`, {
    expected: "an integer of at least 1",
    found: String(value),
  });
}

/** @throws InvalidProgramError TSF-1218 when the value is missing. */
export function requirePresent<V>(value: V, what: string): NonNullable<V> {
  if (value !== undefined && value !== null) return value;
  throw programError("TSF-1218", `${what} is missing`, { expected: what, found: String(value) });
}
