/**
 * The source behind `env.fromData`: the elements of an array.
 *
 * Invariant: the elements are copied when the source is made and again when they are emitted, so neither the program
 * nor a function behind the source can change what a restart reads.
 *
 * @module
 */

import type { SourceReader, SourceReaderContext } from "../../functions/source.ts";
import { copyValue } from "../../types/copy.ts";
import { RecordShapes } from "../../types/shapes/record_shapes.ts";
import { type NumberSequenceSplit, RangeReader, RangeSource } from "../sequence/range.ts";

/**
 * Emits the elements of a collection once. With parallelism 1 (as `fromData` runs it) they come in order; with more,
 * every subtask emits one contiguous part in order.
 *
 * @throws InvalidProgramError TSF-2101 for an element that holds a function, a symbol or a class instance.
 *
 * @example
 * ```ts
 * import { CollectionSource } from "tsflink";
 *
 * console.assert(new CollectionSource(["a", "b"]).size === 2);
 * ```
 */
export class CollectionSource<T> extends RangeSource<T> {
  readonly #elements: readonly T[];

  /** Copies the elements: changing them afterwards does not change the source. */
  constructor(elements: Iterable<T>) {
    super();
    this.#elements = Array.from(elements, (element) => copyValue(element));
  }

  /** The number of elements. */
  get size(): number {
    return this.#elements.length;
  }

  /** Emits a copy of each element of its splits. */
  override createReader(context: SourceReaderContext): SourceReader<T, NumberSequenceSplit> {
    const elements = this.#elements;
    const reading = { recordsTravel: true };
    if (context.generatesCopiers === false) {
      return new RangeReader<T>(context, { ...reading, make: (index) => copyValue(elements[index]) });
    }
    const { indexOfSubtask, clock } = context;
    // The moment tells apart readers of different jobs.
    const shapes = new RecordShapes(`collection ${indexOfSubtask} ${this.size} ${clock.monotonic()}`);
    return new RangeReader<T>(context, { ...reading, make: (index) => shapes.copy(elements[index]) });
  }

  /** The positions of the elements. */
  protected override range(): readonly [number, number] {
    return [0, this.size - 1];
  }
}
