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
 * A record that came from another task and has no other holder is moved: no copy before the call, whatever is kept of
 * it. Its texts are kept as they are too; those that the engine has cut out of a larger one share it with the records
 * that came with them, and their windows end at about the same time.
 *
 * @module
 */

import type { AggregateFunction } from "../../functions/functions.ts";
import { copyElement, copyElements, mergeCall, ownedCopy, ownedResult, reduceCall } from "../../state/owned_values.ts";
import { copyValue } from "../../types/copy.ts";
import { RecordShapes } from "../../types/shapes/record_shapes.ts";
import { WINDOW_STATE_NAME } from "./window_contents.ts";
import type { WindowParts } from "./window_path.ts";

/** See the header. */
export interface PaneContent {
  /** The stored value with a record added; undefined when there is nothing any more. */
  add(stored: unknown, value: unknown): unknown;
  /** The same for a record that is fit to travel and that nobody else holds or will hold. */
  addMoved(stored: unknown, value: unknown): unknown;
  /** For generated code that adds moved records. */
  readonly fused: FusedContent;
  /** What the window function gets; undefined when the window is not evaluated. `isLast`: stored is not used again. */
  take(stored: unknown, isLast: boolean): unknown[] | undefined;
  /** The contents of two windows that became one; each may be nothing, and is not used again. */
  merge(left: unknown, right: unknown): unknown;
}

/** How a moved record, not null or undefined, is added to something. */
export type FusedContent =
  | { readonly kind: "list" }
  | ({ readonly kind: "reduce"; readonly fn: (left: unknown, right: unknown) => unknown } & Keeping)
  | ({ readonly kind: "aggregate"; readonly fn: AggregateFunction<unknown, unknown, unknown> } & Keeping);

interface Keeping {
  /** What is stored when the function has returned something else than a number and what was stored. */
  readonly kept: (result: unknown) => unknown;
}

/** What contents need. */
export interface PaneContentOptions {
  /** Copies of records and accumulators. */
  readonly shapes: RecordShapes;
  /** One record is added to several windows. */
  readonly sharesRecords: boolean;
}

/** Content of that kind. */
export function paneContent({ content, ctx }: WindowParts, sharesRecords: boolean): PaneContent {
  const { taskNameWithSubtasks } = ctx.runtime.getTaskInfo();
  const options = { shapes: new RecordShapes(`window ${ctx.operatorId} ${taskNameWithSubtasks}`), sharesRecords };
  switch (content.kind) {
    case "list":
      return new ListContent();
    case "reduce":
      return new ReduceContent(reduceCall(content.fn), options);
    case "aggregate":
      return new AggregateContent(content.fn, options);
  }
}

/** All records. */
class ListContent implements PaneContent {
  readonly fused: FusedContent = { kind: "list" };

  add(stored: unknown, value: unknown): unknown {
    const element = copyElement(value, WINDOW_STATE_NAME);
    if (stored === undefined) return [element];
    (stored as unknown[]).push(element);
    return stored;
  }
  addMoved(stored: unknown, value: unknown): unknown {
    if (value === undefined || value === null) return this.add(stored, value);
    if (stored === undefined) return [value];
    (stored as unknown[]).push(value);
    return stored;
  }
  take(stored: unknown, isLast: boolean): unknown[] | undefined {
    if (stored === undefined) return undefined;
    return isLast ? stored as unknown[] : copyElements(stored as unknown[]);
  }
  merge(left: unknown, right: unknown): unknown {
    if (left === undefined) return right;
    if (right !== undefined) { for (const element of right as unknown[]) (left as unknown[]).push(element); }
    return left;
  }
}

/** One value that records are combined with. */
class ReduceContent implements PaneContent {
  readonly #reduce: (left: unknown, right: unknown) => unknown;
  readonly fused: FusedContent;
  readonly #shapes: RecordShapes;
  #copiesFirst: boolean;

  constructor(reduce: (left: unknown, right: unknown) => unknown, { shapes, sharesRecords }: PaneContentOptions) {
    this.#reduce = reduce;
    this.fused = { kind: "reduce", fn: reduce, kept: (result) => kept(result, shapes) };
    this.#shapes = shapes;
    this.#copiesFirst = sharesRecords;
  }

  add(stored: unknown, value: unknown): unknown {
    if (value === undefined || value === null) return undefined;
    if (stored === undefined) return ownedCopy(value);
    const added = this.#copiesFirst ? this.#shapes.copy(value) : value;
    const result = this.#reduce(stored, added);
    if (typeof result === "number") return result;
    const parts = partsOf(result);
    if (result === stored && (parts !== Parts.OBJECTS || this.#copiesFirst)) return result;
    if (result === undefined || result === null) return undefined;
    if (this.#copiesFirst && result === added && parts !== Parts.TEXTS) return result;
    if (parts === Parts.OBJECTS) this.#copiesFirst = true;
    return parts === Parts.NUMBERS ? this.#shapes.copy(result) : ownedCopy(result);
  }
  addMoved(stored: unknown, value: unknown): unknown {
    if (stored === undefined || value === undefined || value === null) return this.add(stored, value);
    const result = this.#reduce(stored, value);
    return result === stored || typeof result === "number" ? result : kept(result, this.#shapes);
  }
  take(stored: unknown, isLast: boolean): unknown[] | undefined {
    if (stored === undefined) return undefined;
    return [isLast ? stored : copyValue(stored)];
  }
  merge(left: unknown, right: unknown): unknown {
    if (left === undefined || right === undefined) return left ?? right;
    return ownedResult(this.#reduce(left, right), left, right) ?? undefined;
  }
}

/** An accumulator that records are added to. */
class AggregateContent implements PaneContent {
  readonly #aggregate: AggregateFunction<unknown, unknown, unknown>;
  readonly #merge: (left: unknown, right: unknown) => unknown;
  readonly fused: FusedContent;
  readonly #shapes: RecordShapes;
  readonly #sharesRecords: boolean;
  #copiesFirst = false;

  constructor(
    aggregate: AggregateFunction<unknown, unknown, unknown>,
    { shapes, sharesRecords }: PaneContentOptions,
  ) {
    this.#aggregate = aggregate;
    this.#merge = mergeCall(aggregate, WINDOW_STATE_NAME);
    this.fused = { kind: "aggregate", fn: aggregate, kept: (result) => kept(result, shapes) };
    this.#shapes = shapes;
    this.#sharesRecords = sharesRecords;
  }

  add(stored: unknown, value: unknown): unknown {
    if (value === undefined || value === null) return undefined;
    const accumulator = stored === undefined ? ownedCopy(this.#aggregate.createAccumulator()) : stored;
    if (this.#sharesRecords && typeof accumulator !== "number") this.#copiesFirst = true;
    const added = this.#copiesFirst ? this.#shapes.copy(value) : value;
    const result = this.#aggregate.add(added, accumulator);
    if (typeof result === "number") return result;
    if (result === accumulator && this.#copiesFirst) return result;
    const parts = partsOf(result);
    if (result === accumulator && parts !== Parts.OBJECTS) return result;
    if (result === undefined || result === null) return undefined;
    if (this.#copiesFirst && result === added && parts !== Parts.TEXTS) return result;
    if (parts === Parts.OBJECTS) this.#copiesFirst = true;
    return parts === Parts.NUMBERS ? this.#shapes.copy(result) : ownedCopy(result);
  }
  addMoved(stored: unknown, value: unknown): unknown {
    if (value === undefined || value === null) return undefined;
    const accumulator = stored === undefined ? ownedCopy(this.#aggregate.createAccumulator()) : stored;
    const result = this.#aggregate.add(value, accumulator);
    return result === accumulator || typeof result === "number" ? result : kept(result, this.#shapes);
  }
  take(stored: unknown, isLast: boolean): unknown[] | undefined {
    if (stored === undefined) return undefined;
    // The function may sort or drain what it is given; a read must not change the state.
    const result = this.#aggregate.getResult(isLast ? stored : copyValue(stored));
    return result === undefined || result === null ? undefined : [result];
  }
  merge(left: unknown, right: unknown): unknown {
    if (left === undefined || right === undefined) return left ?? right;
    const merged = this.#merge(left, right);
    return typeof merged === "number" ? merged : ownedResult(merged, left, right) ?? undefined;
  }
}

/** What is stored of a value that a function has returned and may hand out again. */
function kept(result: unknown, shapes: RecordShapes): unknown {
  if (result === undefined || result === null) return undefined;
  return partsOf(result) === Parts.NUMBERS ? shapes.copy(result) : ownedCopy(result);
}

/** What a value consists of. */
const enum Parts {
  /** Nothing that could be shared with another value, and no text that could hold on to a larger one. */
  NUMBERS,
  TEXTS,
  OBJECTS,
}

function partsOf(value: unknown): Parts {
  if (typeof value !== "object" || value === null) return partOf(value);
  let parts = Parts.NUMBERS;
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) parts = Math.max(parts, partOf(value[i]));
    return parts;
  }
  if (Object.getPrototypeOf(value) !== Object.prototype) return Parts.OBJECTS;
  const record = value as Record<string, unknown>;
  for (const name in record) parts = Math.max(parts, partOf(record[name]));
  return parts;
}

function partOf(part: unknown): Parts {
  switch (typeof part) {
    case "object":
      return part === null ? Parts.NUMBERS : Parts.OBJECTS;
    case "string":
      return Parts.TEXTS;
    case "function":
    case "symbol":
      return Parts.OBJECTS;
    default:
      return Parts.NUMBERS;
  }
}
