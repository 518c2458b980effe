/**
 * The source behind `env.fromSequence`: whole numbers from one end to the other.
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
import { checkOption } from "../invalid_option.ts";
import type { EnumeratorCheckpoint } from "../split_enumerator.ts";
import { NumberSequenceSplit, rangeEnumerator, RangeReader, splitNumberRange } from "./range.ts";

/**
 * Emits the whole numbers from `from` to `to`, both included. Every subtask emits one contiguous part in order, so
 * with parallelism 1 the whole sequence is in order.
 *
 * @throws InvalidProgramError TSF-3016 when `from > to` or an end is not a safe integer.
 *
 * @example
 * ```ts
 * import { NumberSequenceSource } from "tsflink";
 *
 * console.assert(new NumberSequenceSource(1, 10).to === 10);
 * ```
 */
export class NumberSequenceSource implements Source<number, NumberSequenceSplit, EnumeratorCheckpoint> {
  constructor(readonly from: number, readonly to: number) {
    checkOption(Number.isSafeInteger(from), "from", "a safe integer", from);
    checkOption(Number.isSafeInteger(to), "to", "a safe integer", to);
    checkOption(from <= to, "from, to", "'from' <= 'to'", `from ${from}, to ${to}`);
    checkOption(Number.isSafeInteger(to - from + 1), "from, to", "at most 2^53 - 1 numbers", `from ${from}, to ${to}`);
  }

  getBoundedness(): Boundedness {
    return "bounded";
  }

  createEnumerator(
    context: SplitEnumeratorContext<NumberSequenceSplit>,
  ): SplitEnumerator<NumberSequenceSplit, EnumeratorCheckpoint> {
    return rangeEnumerator(context, () => splitNumberRange(this.from, this.to, context.currentParallelism()));
  }

  restoreEnumerator(
    context: SplitEnumeratorContext<NumberSequenceSplit>,
    checkpoint: EnumeratorCheckpoint,
  ): SplitEnumerator<NumberSequenceSplit, EnumeratorCheckpoint> {
    const all = (): NumberSequenceSplit[] => splitNumberRange(this.from, this.to, context.currentParallelism());
    return rangeEnumerator(context, all, checkpoint);
  }

  createReader(context: SourceReaderContext): SourceReader<number, NumberSequenceSplit> {
    return new RangeReader<number>(context, (index, output) => output.collect(index));
  }

  serializeSplit(split: NumberSequenceSplit): unknown {
    return split.toData();
  }

  deserializeSplit(data: unknown): NumberSequenceSplit {
    return NumberSequenceSplit.fromData(data);
  }
}
