/**
 * Brings pre-materialised rows into a job: a bounded source that hands over the very objects, without a copy, so that
 * the source costs as little in the job as the array does in the loop. Nothing in the queries changes a row.
 *
 * @module
 */

import { RangeReader, RangeSource } from "../../runtime/connectors/sequence/range.ts";
import type { NumberSequenceSplit } from "../../runtime/connectors/sequence/range.ts";
import type { InputStatus, SourceReader, SourceReaderContext } from "../../runtime/functions/source.ts";
import type { NexmarkEvent } from "../../runtime/connectors/nexmark/model.ts";
import type { NexmarkRows } from "./rows.ts";

/** Emits each row with its timestamp. */
export class RowsSource extends RangeSource<NexmarkEvent> {
  readonly #rows: NexmarkRows;
  readonly #lingerMs: number;

  /**
   * @param lingerMs Keep the input open until the clock has passed the next multiple of this: windows of processing
   * time that are still open when the input ends are dropped, as in Flink. Default 0: end at once.
   */
  constructor(rows: NexmarkRows, lingerMs: number = 0) {
    super();
    this.#rows = rows;
    this.#lingerMs = lingerMs;
  }

  override createReader(context: SourceReaderContext): SourceReader<NexmarkEvent, NumberSequenceSplit> {
    const { events, timestamps } = this.#rows;
    const reader = new RangeReader<NexmarkEvent>(context, {
      make: (index) => events[index],
      stamp: (_, index) => timestamps[index],
      recordsTravel: true,
    });
    return this.#lingerMs === 0 ? reader : lingering(reader, context, this.#lingerMs);
  }

  protected override range(): readonly [number, number] {
    return [0, this.#rows.events.length - 1];
  }
}

/** Holds the end of the input back. */
function lingering(
  reader: RangeReader<NexmarkEvent>,
  { clock }: SourceReaderContext,
  periodMs: number,
): RangeReader<NexmarkEvent> {
  const pollNext = reader.pollNext.bind(reader);
  const isAvailable = reader.isAvailable.bind(reader);
  let over: PromiseWithResolvers<void> | undefined;
  let isOver = false;
  reader.pollNext = (output): InputStatus => {
    const status = pollNext(output);
    if (status !== "END_OF_INPUT" || isOver) return status;
    if (over === undefined) {
      over = Promise.withResolvers<void>();
      // A little beyond the border: the last window's timer comes first.
      clock.after(periodMs - (clock.now() % periodMs) + 20, () => {
        isOver = true;
        over!.resolve();
      });
    }
    return "NOTHING_AVAILABLE";
  };
  reader.isAvailable = () => over?.promise ?? isAvailable();
  return reader;
}
