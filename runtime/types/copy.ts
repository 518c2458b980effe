/**
 * Deep copies of user values (rule 11: a value that gets a second holder is copied for it) and the check that a value
 * may cross a task boundary. Plain objects, arrays, Date, Map and Set take a short monomorphic path; everything unusual
 * (cycles, deep nesting, errors, shared buffers, regular expressions) takes the generic serializer, which is exact.
 *
 * Callers: collectors, state handles, operators that keep what they also emit.
 *
 * @module
 */

import { FlinkError, type OperatorReference } from "../errors.ts";
import { deserializeValue, serializeValue } from "./generic_serializer.ts";
import { type BufferView, cannotTravel, kindOfObject, ObjectKind } from "./value_kind.ts";

/** Deeper values take the exact path: they may be cyclic. */
const FAST_DEPTH = 8;
/** Longer arrays are not looked at for named properties (facts: 10 ns per element). */
const CHECKED_ARRAY = 32;
/** Longer arrays may be sparse over billions of places. */
const FAST_ARRAY = 1_000_000;
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
  const copy = copyObject(value, 0);
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

function copyObject(value: object, depth: number): unknown {
  if (depth > FAST_DEPTH) return UNUSUAL;
  const prototype = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return copyPlain(value as Record<string, unknown>, depth);
  if (prototype === Array.prototype) return copyArray(value as unknown[], depth);
  switch (kindOfObject(value)) {
    case ObjectKind.DATE:
      return new Date((value as Date).getTime());
    case ObjectKind.MAP:
      return copyMap(value as Map<unknown, unknown>, depth);
    case ObjectKind.SET:
      return copySet(value as Set<unknown>, depth);
    case ObjectKind.VIEW:
      return copyView(value as BufferView);
    default:
      return UNUSUAL;
  }
}

/** The spread clones the hidden class in one step; only fields that hold objects are visited again. */
function copyPlain(value: Record<string, unknown>, depth: number): unknown {
  const copy: Record<string, unknown> = { ...value };
  for (const key in copy) {
    const field = copy[key];
    if (typeof field === "object") {
      if (field === null) continue;
      const copied = copyObject(field, depth + 1);
      if (copied === UNUSUAL) return UNUSUAL;
      copy[key] = copied;
    } else if (typeof field === "function" || typeof field === "symbol") return UNUSUAL;
  }
  return copy;
}

function copyArray(value: unknown[], depth: number): unknown {
  const length = value.length;
  if (!isOrdinaryArray(value)) return UNUSUAL;
  const copy = value.slice();
  for (let i = 0; i < length; i++) {
    const element = copy[i];
    if (typeof element === "object") {
      if (element === null) continue;
      const copied = copyObject(element, depth + 1);
      if (copied === UNUSUAL) return UNUSUAL;
      copy[i] = copied;
    } else if (typeof element === "function" || typeof element === "symbol") return UNUSUAL;
  }
  return copy;
}

/** Whether an array has exactly its elements: no holes, no named properties (long ones are looked at only in part). */
export function isOrdinaryArray(value: unknown[]): boolean {
  const length = value.length;
  if (length <= CHECKED_ARRAY) return Object.keys(value).length === length;
  return length <= FAST_ARRAY && Object.hasOwn(value, length - 1);
}

/** Only the viewed bytes; a DataView has no slice. */
function copyView(value: BufferView): unknown {
  return value.buffer instanceof ArrayBuffer && "slice" in value ? (value as Uint8Array).slice() : UNUSUAL;
}

function copyInner(value: unknown, depth: number): unknown {
  if (typeof value === "object") return value === null ? null : copyObject(value, depth + 1);
  return typeof value === "function" || typeof value === "symbol" ? UNUSUAL : value;
}

function copyMap(value: Map<unknown, unknown>, depth: number): unknown {
  const copy = new Map<unknown, unknown>();
  for (const [key, element] of value) {
    const copiedKey = copyInner(key, depth);
    const copied = copyInner(element, depth);
    if (copiedKey === UNUSUAL || copied === UNUSUAL) return UNUSUAL;
    copy.set(copiedKey, copied);
  }
  return copy;
}

function copySet(value: Set<unknown>, depth: number): unknown {
  const copy = new Set<unknown>();
  for (const element of value) {
    const copied = copyInner(element, depth);
    if (copied === UNUSUAL) return UNUSUAL;
    copy.add(copied);
  }
  return copy;
}

/** False when the value holds an offence or is too deep to be sure. */
function travels(value: object, depth: number): boolean {
  if (depth > FAST_DEPTH) return false;
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
