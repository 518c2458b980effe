/**
 * Deep copies of user values (rule 11: a value that gets a second holder is copied for it) and the check that a value
 * may cross a task boundary. Plain objects, arrays, Date, Map and Set take a short monomorphic path; everything unusual
 * (an object reached twice, deep nesting, errors, buffers, regular expressions) takes the generic serializer, which is
 * exact. What both leave out: fields under symbols do not travel (a copy inside a chain may still have them), and
 * named properties of arrays longer than 32 elements may be lost.
 *
 * Callers: collectors, state handles, operators that keep what they also emit.
 *
 * @module
 */

import { FlinkError, type OperatorReference } from "../errors.ts";
import { deserializeValue, serializeValue } from "./generic_serializer.ts";
import { SeenObjects } from "./shared_objects.ts";
import { type BufferView, cannotTravel, isOrdinaryArray, kindOfObject, ObjectKind } from "./value_kind.ts";

/** Deeper values take the exact path. */
const FAST_DEPTH = 32;
/** Deeper values are checked by writing them: without a list of what was seen a wide one would be walked for ever. */
const CHECKED_DEPTH = 8;
/** Answer of the fast path for a value it leaves to the exact one. */
const UNUSUAL: unique symbol = Symbol("unusual");

/**
 * A deep copy of a value: afterwards nobody sees what the other one changes. Primitives are returned as they are.
 *
 * @throws InvalidProgramError TSF-2101 naming the field when the value holds a function, a symbol or a class instance.
 */
export function copyValue<T>(value: T): T {
  if (typeof value !== "object" || value === null) {
    if (typeof value === "function" || typeof value === "symbol") throw cannotTravel(value, "value");
    return value;
  }
  const copy = copyContent(value, 0, new SeenObjects(value));
  return (copy === UNUSUAL ? deserializeValue(serializeValue(value)) : copy) as T;
}

/**
 * Checks that a value may travel between tasks and lie in state, without copying it.
 *
 * @throws InvalidProgramError TSF-2101 naming the field, and the operator when given.
 */
export function assertTravels(value: unknown, operator?: OperatorReference): void {
  if (typeof value !== "object" || value === null) {
    if (typeof value === "function" || typeof value === "symbol") throw cannotTravel(value, "value", operator);
    return;
  }
  if (travels(value, 0)) return;
  try {
    serializeValue(value);
  } catch (error) {
    throw error instanceof FlinkError ? error.operator ? error : withOperator(error, operator) : error;
  }
}

/** The same error with the operator named. */
export function withOperator(error: FlinkError, operator: OperatorReference | undefined): FlinkError {
  const { code, summary, expected, found, hint, cause } = error;
  const Class = error.constructor as typeof FlinkError;
  return new Class(code, summary, { expected, found, hint, cause, operator });
}

/** An object inside the value: one that was met before is left to the exact path, which keeps the two one. */
function copyObject(value: object, depth: number, seen: SeenObjects): unknown {
  return depth > FAST_DEPTH || seen.add(value) ? UNUSUAL : copyContent(value, depth, seen);
}

function copyContent(value: object, depth: number, seen: SeenObjects): unknown {
  const prototype = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) {
    return copyPlain(value as Record<string, unknown>, depth, seen);
  }
  if (prototype === Array.prototype) return copyArray(value as unknown[], depth, seen);
  switch (kindOfObject(value)) {
    case ObjectKind.DATE:
      return new Date((value as Date).getTime());
    case ObjectKind.MAP:
      return copyMap(value as Map<unknown, unknown>, depth, seen);
    case ObjectKind.SET:
      return copySet(value as Set<unknown>, depth, seen);
    case ObjectKind.VIEW:
      return copyView(value as BufferView, seen);
    default:
      return UNUSUAL;
  }
}

/** The spread clones the hidden class in one step; only fields that hold objects are visited again. */
function copyPlain(value: Record<string, unknown>, depth: number, seen: SeenObjects): unknown {
  const copy: Record<string, unknown> = { ...value };
  for (const key in copy) {
    const field = copy[key];
    if (typeof field === "object") {
      if (field === null) continue;
      const copied = copyObject(field, depth + 1, seen);
      if (copied === UNUSUAL) return UNUSUAL;
      copy[key] = copied;
    } else if (typeof field === "function" || typeof field === "symbol") return UNUSUAL;
  }
  return copy;
}

function copyArray(value: unknown[], depth: number, seen: SeenObjects): unknown {
  const length = value.length;
  if (!isOrdinaryArray(value)) return UNUSUAL;
  const copy = value.slice();
  for (let i = 0; i < length; i++) {
    const element = copy[i];
    if (typeof element === "object") {
      if (element === null) continue;
      const copied = copyObject(element, depth + 1, seen);
      if (copied === UNUSUAL) return UNUSUAL;
      copy[i] = copied;
    } else if (typeof element === "function" || typeof element === "symbol") return UNUSUAL;
  }
  return copy;
}

/** Only the viewed bytes; a DataView has no slice, and views onto one whole buffer must stay so. */
function copyView(value: BufferView, seen: SeenObjects): unknown {
  const { buffer } = value;
  if (!(buffer instanceof ArrayBuffer) || !("slice" in value)) return UNUSUAL;
  if (value.byteLength === buffer.byteLength ? seen.add(buffer) : seen.has(buffer)) return UNUSUAL;
  return (value as Uint8Array).slice();
}

function copyInner(value: unknown, depth: number, seen: SeenObjects): unknown {
  if (typeof value === "object") return value === null ? null : copyObject(value, depth + 1, seen);
  return typeof value === "function" || typeof value === "symbol" ? UNUSUAL : value;
}

function copyMap(value: Map<unknown, unknown>, depth: number, seen: SeenObjects): unknown {
  const copy = new Map<unknown, unknown>();
  for (const [key, element] of value) {
    const copiedKey = copyInner(key, depth, seen);
    const copied = copyInner(element, depth, seen);
    if (copiedKey === UNUSUAL || copied === UNUSUAL) return UNUSUAL;
    copy.set(copiedKey, copied);
  }
  return copy;
}

function copySet(value: Set<unknown>, depth: number, seen: SeenObjects): unknown {
  const copy = new Set<unknown>();
  for (const element of value) {
    const copied = copyInner(element, depth, seen);
    if (copied === UNUSUAL) return UNUSUAL;
    copy.add(copied);
  }
  return copy;
}

/** False when the value holds an offence or is too deep to be sure. */
function travels(value: object, depth: number): boolean {
  if (depth > CHECKED_DEPTH) return false;
  switch (kindOfObject(value)) {
    case ObjectKind.PLAIN:
      for (const key in value) {
        if (!innerTravels((value as Record<string, unknown>)[key], depth)) return false;
      }
      return true;
    case ObjectKind.ARRAY:
      if (!isOrdinaryArray(value as unknown[])) return false;
      for (const element of value as unknown[]) if (!innerTravels(element, depth)) return false;
      return true;
    case ObjectKind.SET:
      for (const element of value as Iterable<unknown>) if (!innerTravels(element, depth)) return false;
      return true;
    case ObjectKind.MAP:
      for (const [key, element] of value as Map<unknown, unknown>) {
        if (!innerTravels(key, depth) || !innerTravels(element, depth)) return false;
      }
      return true;
    case ObjectKind.VIEW:
      return (value as BufferView).buffer instanceof ArrayBuffer;
    case ObjectKind.ERROR:
    case undefined:
      return false;
    default:
      return true;
  }
}
function innerTravels(value: unknown, depth: number): boolean {
  if (typeof value === "object") return value === null || travels(value, depth + 1);
  return typeof value !== "function" && typeof value !== "symbol";
}
