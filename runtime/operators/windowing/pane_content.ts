/**
 * How a record is added to what a pane holds for its key, and what the window function gets of it. Does what the state
 * handles of the general path do, with fewer copies.
 *
 * Invariants: what is kept has no other holder. A function may keep a part of the record only by way of what it returns;
 * as long as it returns primitives, or flat objects of primitives, there is nothing to keep, and the record is not copied
 * first. The first time it returns more, that is copied, and from then on records are copied before the call. A record
 * that goes to several windows is copied for each, since a function may change the one it returns; not for numbers as
 * accumulator. `undefined` is "nothing"; null and undefined as record clear, as in the handles.
 *
 * @module
 */

import type { AggregateFunction } from "../../functions/functions.ts";
import {
  addToAccumulator,
  copyElement,
  copyElements,
  ownedCopy,
  ownedResult,
  reduceCall,
} from "../../state/owned_values.ts";
import { copyValue } from "../../types/copy.ts";
import { type BoundWindowContent, WINDOW_STATE_NAME } from "./window_contents.ts";

/** See the header. */
export interface PaneContent {
  /** The stored value with a record added; undefined when there is nothing any more. */
  add(stored: unknown, value: unknown): unknown;
  /** What the window function gets; undefined when the window is not evaluated. `isLast`: stored is not used again. */
  take(stored: unknown, isLast: boolean): unknown[] | undefined;
  /** The one value of {@link take}, for a window without function; undefined when there is none. */
  takeOne(stored: unknown, isLast: boolean): unknown;
}

/** @param sharesRecords One record is added to several windows. */
export function paneContent(content: BoundWindowContent, sharesRecords: boolean): PaneContent {
  switch (content.kind) {
    case "list":
      return new ListContent();
    case "reduce":
      return new ReduceContent(reduceCall(content.fn), sharesRecords);
    case "aggregate":
      return new AggregateContent(content.fn, sharesRecords);
  }
}

/** All records. */
class ListContent implements PaneContent {
  add(stored: unknown, value: unknown): unknown {
    const element = copyElement(value, WINDOW_STATE_NAME);
    if (stored === undefined) return [element];
    (stored as unknown[]).push(element);
    return stored;
  }
  take(stored: unknown, isLast: boolean): unknown[] | undefined {
    if (stored === undefined) return undefined;
    return isLast ? stored as unknown[] : copyElements(stored as unknown[]);
  }
  takeOne(_stored: unknown, _isLast: boolean): unknown {
    return undefined;
  }
}

/** One value that records are combined with. */
class ReduceContent implements PaneContent {
  readonly #reduce: (left: unknown, right: unknown) => unknown;
  #copiesFirst: boolean;

  constructor(reduce: (left: unknown, right: unknown) => unknown, copiesFirst: boolean) {
    this.#reduce = reduce;
    this.#copiesFirst = copiesFirst;
  }

  add(stored: unknown, value: unknown): unknown {
    if (value === undefined || value === null) return undefined;
    if (stored === undefined) return ownedCopy(value);
    if (this.#copiesFirst) {
      const added = ownedCopy(value);
      return ownedResult(this.#reduce(stored, added), stored, added) ?? undefined;
    }
    const result = this.#reduce(stored, value);
    if (typeof result === "number") return result;
    if (result === stored && isFlat(result)) return result;
    if (result === undefined || result === null) return undefined;
    if (typeof result === "object" && !isFlat(result)) this.#copiesFirst = true;
    return ownedCopy(result);
  }
  take(stored: unknown, isLast: boolean): unknown[] | undefined {
    if (stored === undefined) return undefined;
    return [isLast ? stored : copyValue(stored)];
  }
  takeOne(stored: unknown, isLast: boolean): unknown {
    return isLast ? stored : copyValue(stored);
  }
}

/** An accumulator that records are added to. */
class AggregateContent implements PaneContent {
  readonly #aggregate: AggregateFunction<unknown, unknown, unknown>;
  readonly #sharesRecords: boolean;
  #copiesFirst = false;

  constructor(aggregate: AggregateFunction<unknown, unknown, unknown>, sharesRecords: boolean) {
    this.#aggregate = aggregate;
    this.#sharesRecords = sharesRecords;
  }

  add(stored: unknown, value: unknown): unknown {
    if (value === undefined || value === null) return undefined;
    const aggregate = this.#aggregate;
    if (this.#copiesFirst) return addToAccumulator(aggregate, stored, value) ?? undefined;
    const accumulator = stored === undefined ? ownedCopy(aggregate.createAccumulator()) : stored;
    if (this.#sharesRecords && typeof accumulator !== "number") {
      this.#copiesFirst = true;
      return addToAccumulator(aggregate, accumulator, value) ?? undefined;
    }
    const result = aggregate.add(value, accumulator);
    if (typeof result === "number") return result;
    if (result === accumulator && isFlat(result)) return result;
    if (result === undefined || result === null) return undefined;
    if (typeof result === "object" && !isFlat(result)) this.#copiesFirst = true;
    return ownedCopy(result);
  }
  take(stored: unknown, isLast: boolean): unknown[] | undefined {
    const result = this.takeOne(stored, isLast);
    return result === undefined || result === null ? undefined : [result];
  }
  takeOne(stored: unknown, isLast: boolean): unknown {
    // The function may sort or drain what it is given; a read must not change the state.
    return stored === undefined ? undefined : this.#aggregate.getResult(isLast ? stored : copyValue(stored));
  }
}

/** Whether no part of a value can be shared with another one. */
function isFlat(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return true;
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) if (typeof value[i] === "object" && value[i] !== null) return false;
    return true;
  }
  if (Object.getPrototypeOf(value) !== Object.prototype) return false;
  const record = value as Record<string, unknown>;
  for (const name in record) {
    const part = record[name];
    if (typeof part === "object" && part !== null) return false;
  }
  return true;
}
