/**
 * Splits of a range of whole numbers and the reader over them; behind the sequence, collection and generator sources.
 * The reader never waits: what it emits is computed from the number.
 *
 * @module
 */

import type {
  BatchOutput,
  Boundedness,
  ReaderOutput,
  SourceReaderContext,
  SourceSplit,
  SplitEnumeratorContext,
} from "../../functions/source.ts";
import { ComputedReader, type Gate } from "../computed_reader.ts";
import { DiscoveringSource, type SplitDiscovery } from "../discovering_source.ts";

/** The whole numbers from `next` to `to`, both included; empty when `next > to`. */
export class NumberSequenceSplit implements SourceSplit {
  /** @param next The first number that was not emitted yet. */
  constructor(readonly id: string, readonly next: number, readonly to: number) {}
  splitId(): string {
    return this.id;
  }
  toData(): { id: string; next: number; to: number } {
    return { id: this.id, next: this.next, to: this.to };
  }
  static fromData(data: unknown): NumberSequenceSplit {
    const { id, next, to } = data as { id: string; next: number; to: number };
    return new NumberSequenceSplit(id, next, to);
  }
}

/**
 * Cuts a range into contiguous parts whose sizes differ by one at most, the larger ones first; parts without a number
 * are left out. Ids count from 1.
 */
export function splitNumberRange(from: number, to: number, parts: number): NumberSequenceSplit[] {
  const total = to - from + 1;
  const size = Math.floor(total / parts);
  const larger = total - size * parts;
  const splits: NumberSequenceSplit[] = [];
  let next = from;
  for (let i = 0; i < parts; i++) {
    const end = next + size + (i < larger ? 1 : 0);
    if (end > next) splits.push(new NumberSequenceSplit(String(splits.length + 1), next, end - 1));
    next = end;
  }
  return splits;
}

/** A source of what is made of each number of a range; every subtask gets one contiguous part. */
export abstract class RangeSource<T> extends DiscoveringSource<T, NumberSequenceSplit> {
  /** The first and the last number; none when the first is greater. */
  protected abstract range(): readonly [from: number, to: number];

  override getBoundedness(): Boundedness {
    return "bounded";
  }

  override deserializeSplit(data: unknown): NumberSequenceSplit {
    return NumberSequenceSplit.fromData(data);
  }

  protected override discovery(
    context: SplitEnumeratorContext<NumberSequenceSplit>,
  ): SplitDiscovery<NumberSequenceSplit> {
    return {
      assignment: "pull",
      discover: () => splitNumberRange(...this.range(), context.currentParallelism()),
    };
  }
}

/** How a {@link RangeReader} reads. */
export interface RangeReading<T> {
  /** Makes the record of a number. */
  readonly make: (index: number) => T;
  /** The event time of that record in ms, where it is known. */
  readonly stamp?: (value: T, index: number) => number;
  readonly gate?: Gate;
  /** See {@link SourceReader.recordsTravel}. */
  readonly recordsTravel?: boolean;
}

/** Emits what is made of each number of its splits, in order. */
export class RangeReader<T> extends ComputedReader<T, NumberSequenceSplit> {
  readonly recordsTravel: boolean;
  readonly #make: (index: number) => T;
  readonly #stamp: ((value: T, index: number) => number) | undefined;
  readonly #splits: NumberSequenceSplit[] = [];
  /** The next number of the first split. */
  #next = 0;

  constructor(context: SourceReaderContext, { make, stamp, gate, recordsTravel = false }: RangeReading<T>) {
    super(context, gate);
    this.recordsTravel = recordsTravel;
    this.#make = make;
    this.#stamp = stamp;
  }

  snapshotState(_checkpointId: number): NumberSequenceSplit[] {
    const [first, ...others] = this.#splits;
    return first === undefined ? [] : [new NumberSequenceSplit(first.id, this.#next, first.to), ...others];
  }

  protected override hasSplit(): boolean {
    return this.#splits.length > 0;
  }

  protected override next(): boolean {
    return true;
  }

  protected override emit(output: ReaderOutput<T>): void {
    const value = this.#make(this.#next);
    output.collect(value, this.#stamp?.(value, this.#next));
    this.#moveTo(this.#next + 1);
  }

  protected override emitMany(output: BatchOutput<T>): void {
    this.#moveTo(output.emitRange(this.#next, this.#splits[0].to + 1, this.#make, this.#stamp));
  }

  #moveTo(next: number): void {
    this.#next = next;
    if (next <= this.#splits[0].to) return;
    this.#splits.shift();
    this.#begin();
  }

  protected override take(splits: readonly NumberSequenceSplit[]): void {
    const idle = this.#splits.length === 0;
    this.#splits.push(...splits.filter(({ next, to }) => next <= to));
    if (idle) this.#begin();
  }

  #begin(): void {
    if (this.#splits.length > 0) this.#next = this.#splits[0].next;
  }
}
