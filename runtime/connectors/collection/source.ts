/**
 * The source behind `env.fromData`: the elements of an array.
 *
 * Invariant: the elements are copied when the source is made and again when they are emitted, so neither the program
 * nor a function behind the source can change what a restart reads.
 *
 * @module
 */

import type {
  Boundedness,
  Source,
  SourceReader,
  SourceReaderContext,
  SplitEnumerator,
  SplitEnumeratorContext,
} from "../../functions/source.ts";
import { copyValue } from "../../types/copy.ts";
import { NumberSequenceSplit, rangeEnumerator, RangeReader, splitNumberRange } from "../sequence/range.ts";
import type { EnumeratorCheckpoint } from "../split_enumerator.ts";

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
export class CollectionSource<T> implements Source<T, NumberSequenceSplit, EnumeratorCheckpoint> {
  readonly #elements: readonly T[];

  constructor(elements: Iterable<T>) {
    this.#elements = Array.from(elements, (element) => copyValue(element));
  }

  /** The number of elements. */
  get size(): number {
    return this.#elements.length;
  }

  getBoundedness(): Boundedness {
    return "bounded";
  }

  createEnumerator(
    context: SplitEnumeratorContext<NumberSequenceSplit>,
  ): SplitEnumerator<NumberSequenceSplit, EnumeratorCheckpoint> {
    return rangeEnumerator(context, () => splitNumberRange(0, this.size - 1, context.currentParallelism()));
  }

  restoreEnumerator(
    context: SplitEnumeratorContext<NumberSequenceSplit>,
    checkpoint: EnumeratorCheckpoint,
  ): SplitEnumerator<NumberSequenceSplit, EnumeratorCheckpoint> {
    const all = (): NumberSequenceSplit[] => splitNumberRange(0, this.size - 1, context.currentParallelism());
    return rangeEnumerator(context, all, checkpoint);
  }

  createReader(context: SourceReaderContext): SourceReader<T, NumberSequenceSplit> {
    const elements = this.#elements;
    return new RangeReader<T>(context, (index, output) => output.collect(copyValue(elements[index])));
  }

  serializeSplit(split: NumberSequenceSplit): unknown {
    return split.toData();
  }

  deserializeSplit(data: unknown): NumberSequenceSplit {
    return NumberSequenceSplit.fromData(data);
  }
}
