/**
 * Values on their way into and out of state: what goes in is copied unless nothing else can hold it, what goes out is
 * copied always. Shared by the handles with and without TTL and by operator state.
 *
 * @module
 */

import { InvalidProgramError } from "../errors.ts";
import type { AggregateFunction, ReduceFunction } from "../functions/functions.ts";
import { ownString } from "../types/canonical_key.ts";
import { copyValue } from "../types/copy.ts";
import type { UserMap } from "./user_map.ts";

/** Parts deeper than this, and more of them than that, are left as they are; values may be cyclic. */
const OWNED_DEPTH = 8;
const OWNED_PARTS = 100_000;

/**
 * A deep copy for the state to keep. Its texts share no memory with others: a field cut out of a buffer would keep the
 * whole buffer alive (measured: 200 fields of 40 letters kept 100 MB) for as long as the state lives.
 *
 * @throws InvalidProgramError TSF-2101 for what cannot lie in state.
 */
export function ownedCopy<T>(value: T): T {
  if (typeof value === "string") return ownString(value) as T & string;
  const copy = copyValue(value);
  if (typeof copy === "object" && copy !== null) ownParts(copy, OWNED_DEPTH, OWNED_PARTS);
  return copy;
}

/**
 * Replaces the texts in a value that nobody else holds. `left` bounds how many objects are looked at, because one that
 * refers to itself in many ways has more paths than parts; returns what is left of it.
 */
function ownParts(value: object, depth: number, left: number): number {
  if (depth === 0 || left === 0) return left;
  let rest = left - 1;
  if (value instanceof Map) {
    for (const [key, part] of value) {
      if (typeof part === "string") value.set(key, ownString(part));
      else if (typeof part === "object" && part !== null) rest = ownParts(part, depth - 1, rest);
    }
    return rest;
  }
  // Longer ones may be sparse over billions of places.
  if (Array.isArray(value) && value.length <= OWNED_PARTS) {
    for (let i = 0; i < value.length; i++) {
      const part = value[i];
      if (typeof part === "string") value[i] = ownString(part);
      else if (typeof part === "object" && part !== null) rest = ownParts(part, depth - 1, rest);
    }
    return rest;
  }
  if (!Array.isArray(value) && Object.getPrototypeOf(value) !== Object.prototype) return rest;
  const record = value as Record<string, unknown>;
  for (const name in record) {
    const part = record[name];
    if (typeof part === "string") {
      record[name] = ownString(part);
    } else if (typeof part === "object" && part !== null) rest = ownParts(part, depth - 1, rest);
  }
  return rest;
}

/**
 * What a user function returned, in a form that nothing else holds. The arguments belonged to the state and are not used
 * again, so one that comes back, changed in place or not, need not be copied.
 */
export function ownedResult(result: unknown, left: unknown, right: unknown): unknown {
  return result === left || result === right ? result : ownedCopy(result);
}

/** The accumulator with a value added; a new one is copied, because the function may hand out the same one each time. */
export function addToAccumulator(
  aggregate: AggregateFunction<unknown, unknown, unknown>,
  stored: unknown,
  value: unknown,
): unknown {
  const accumulator = stored === undefined ? ownedCopy(aggregate.createAccumulator()) : stored;
  const added = ownedCopy(value);
  return ownedResult(aggregate.add(added, accumulator), accumulator, added);
}

/** The reduce function as a plain call. */
export function reduceCall(reduce: ReduceFunction<unknown>): (left: unknown, right: unknown) => unknown {
  return typeof reduce === "function" ? reduce : (left, right) => reduce.reduce(left, right);
}

/** The merge of an aggregate function. @throws InvalidProgramError TSF-2117 when it has none. */
export function mergeCall(
  aggregate: AggregateFunction<unknown, unknown, unknown>,
  state: string,
): (left: unknown, right: unknown) => unknown {
  return (left, right) => {
    if (aggregate.merge === undefined) {
      throw new InvalidProgramError("TSF-2117", `The aggregate function of state "${state}" cannot merge`, {
        expected: "a method merge(left, right)",
        found: "none",
        hint: "Merging windows (sessions) combine accumulators; add merge() to the aggregate function.",
      });
    }
    return aggregate.merge(left, right);
  };
}

/** A copy of one list element. @throws InvalidProgramError TSF-2112 for null and undefined. */
export function copyElement(value: unknown, state: string): unknown {
  if (value === undefined || value === null) {
    throw new InvalidProgramError("TSF-2112", `null cannot be an element of list state "${state}"`, {
      expected: "a value",
      found: String(value),
    });
  }
  return ownedCopy(value);
}

/** Copies of all values, made before anything is stored. */
export function copiedElements(values: Iterable<unknown>, state: string): unknown[] {
  const elements: unknown[] = [];
  for (const value of values) elements.push(copyElement(value, state));
  return elements;
}

/** Copies out what a list holds. */
export function copyElements(stored: readonly unknown[]): unknown[] {
  const elements = new Array<unknown>(stored.length);
  for (let i = 0; i < elements.length; i++) elements[i] = copyValue(stored[i]);
  return elements;
}

/** The entries of `keys` that are still there when the iteration reaches them; copies. */
export function* liveEntries(
  map: UserMap | undefined,
  keys: unknown[],
  read: (stored: unknown) => unknown = copyValue,
): Generator<[unknown, unknown], undefined> {
  for (const key of keys) {
    if (map!.has(key)) yield [copyValue(key), read(map!.get(key))];
  }
}

/** The same for keys alone. */
export function* liveKeys(map: UserMap | undefined, keys: unknown[]): Generator<unknown, undefined> {
  for (const key of keys) {
    if (map!.has(key)) yield copyValue(key);
  }
}

/** The same for values alone. */
export function* liveValues(
  map: UserMap | undefined,
  keys: unknown[],
  read: (stored: unknown) => unknown = copyValue,
): Generator<unknown, undefined> {
  for (const key of keys) {
    if (map!.has(key)) yield read(map!.get(key));
  }
}
