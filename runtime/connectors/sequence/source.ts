/**
 * The source behind `env.fromSequence`: whole numbers from one end to the other.
 *
 * @module
 */

import type { SourceReader, SourceReaderContext } from "../../functions/source.ts";
import { checkOption } from "../invalid_option.ts";
import { type NumberSequenceSplit, RangeReader, RangeSource } from "./range.ts";

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
export class NumberSequenceSource extends RangeSource<number> {
  /** Both ends are included. @throws InvalidProgramError TSF-3016 unless both are safe integers and from <= to. */
  constructor(readonly from: number, readonly to: number) {
    super();
    checkOption(Number.isSafeInteger(from), "from", "a safe integer", from);
    checkOption(Number.isSafeInteger(to), "to", "a safe integer", to);
    checkOption(from <= to, "from, to", "'from' <= 'to'", `from ${from}, to ${to}`);
    checkOption(Number.isSafeInteger(to - from + 1), "from, to", "at most 2^53 - 1 numbers", `from ${from}, to ${to}`);
  }

  /** Counts through its splits. */
  override createReader(context: SourceReaderContext): SourceReader<number, NumberSequenceSplit> {
    return new RangeReader<number>(context, { make: (index) => index, recordsTravel: true });
  }

  /** Both ends, included. */
  protected override range(): readonly [number, number] {
    return [this.from, this.to];
  }
}
