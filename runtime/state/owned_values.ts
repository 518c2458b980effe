/**
 * Values on their way into and out of state: what goes in is copied unless nothing else can hold it, what goes out is
 * copied always. Shared by the handles with and without TTL and by operator state.
 *
 * @module
 */

import { InvalidProgramError } from "../errors.ts";
import type { AggregateFunction, ReduceFunction } from "../functions/functions.ts";
import { copyValue } from "../types/copy.ts";
import type { UserMap } from "./user_map.ts";

/**
 * What a user function returned, in a form that nothing else holds. The arguments belonged to the state and are not used
 * again, so one that comes back, changed in place or not, need not be copied.
 */
export function ownedResult(result: unknown, left: unknown, right: unknown): unknown {
  return result === left || result === right ? result : copyValue(result);
}

/** The accumulator with a value added; a new one is copied, because the function may hand out the same one each time. */
export function addToAccumulator(
  aggregate: AggregateFunction<unknown, unknown, unknown>,
  stored: unknown,
  value: unknown,
): unknown {
  const accumulator = stored === undefined ? copyValue(aggregate.createAccumulator()) : stored;
  const added = copyValue(value);
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
  return copyValue(value);
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
export function* liveEntries(map: UserMap | undefined, keys: unknown[]): Generator<[unknown, unknown], undefined> {
  for (const key of keys) {
    if (map!.has(key)) yield [copyValue(key), copyValue(map!.get(key))];
  }
}

/** The same for keys alone. */
export function* liveKeys(map: UserMap | undefined, keys: unknown[]): Generator<unknown, undefined> {
  for (const key of keys) {
    if (map!.has(key)) yield copyValue(key);
  }
}

/** The same for values alone. */
export function* liveValues(map: UserMap | undefined, keys: unknown[]): Generator<unknown, undefined> {
  for (const key of keys) {
    if (map!.has(key)) yield copyValue(map!.get(key));
  }
}
