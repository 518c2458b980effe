/**
 * Splits of a range of whole numbers and the reader over them; behind the sequence, collection and generator sources.
 * The reader never waits: what it emits is computed from the number.
 *
 * @module
 */

import type {
  Boundedness,
  InputStatus,
  ReaderOutput,
  SourceReader,
  SourceReaderContext,
  SourceSplit,
  SplitEnumeratorContext,
} from "../../functions/source.ts";
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

/** Holds a reader back; see datagen/rate_limiter.ts. */
export interface Gate {
  /** Whether one more record may go out now; takes it when it may. */
  tryAcquire(): boolean;
  /** Resolves when {@link tryAcquire} may say yes. */
  whenOpen(): Promise<void>;
  notifyCheckpointComplete(): void;
  close(): void;
}

/** Emits what is made of each number of its splits, in order. */
export class RangeReader<T> implements SourceReader<T, NumberSequenceSplit> {
  readonly #context: SourceReaderContext;
  readonly #emit: (index: number, output: ReaderOutput<T>) => void;
  readonly #gate: Gate | undefined;
  readonly #splits: NumberSequenceSplit[] = [];
  /** The split that is read now; undefined between splits. */
  #current: NumberSequenceSplit | undefined;
  #next = 0;
  #noMoreSplits = false;
  #asked = false;
  #gated = false;
  #available = Promise.withResolvers<void>();

  constructor(context: SourceReaderContext, emit: (index: number, output: ReaderOutput<T>) => void, gate?: Gate) {
    this.#context = context;
    this.#emit = emit;
    this.#gate = gate;
  }

  start(): void {
    if (this.#splits.length === 0) this.#ask();
  }

  pollNext(output: ReaderOutput<T>): InputStatus {
    this.#gated = false;
    const current = this.#current;
    if (current !== undefined) {
      if (this.#gate !== undefined && !this.#gate.tryAcquire()) {
        this.#gated = true;
        return "NOTHING_AVAILABLE";
      }
      // Counted only once it is out: a function that throws has emitted nothing.
      this.#emit(this.#next, output);
      if (this.#next++ === current.to) this.#current = undefined;
      return "MORE_AVAILABLE";
    }
    while (this.#splits.length > 0) {
      const split = this.#splits.shift()!;
      if (split.next > split.to) continue;
      this.#current = split;
      this.#next = split.next;
      return "MORE_AVAILABLE";
    }
    if (this.#noMoreSplits) return "END_OF_INPUT";
    this.#ask();
    return "NOTHING_AVAILABLE";
  }

  isAvailable(): Promise<void> {
    if (this.#current !== undefined) return this.#gated ? this.#gate!.whenOpen() : Promise.resolve();
    if (this.#splits.length > 0 || this.#noMoreSplits) return Promise.resolve();
    return this.#available.promise;
  }

  snapshotState(_checkpointId: number): NumberSequenceSplit[] {
    if (this.#current === undefined) return [...this.#splits];
    return [new NumberSequenceSplit(this.#current.id, this.#next, this.#current.to), ...this.#splits];
  }

  addSplits(splits: NumberSequenceSplit[]): void {
    this.#asked = false;
    this.#splits.push(...splits);
    this.#wake();
  }

  notifyNoMoreSplits(): void {
    this.#noMoreSplits = true;
    this.#wake();
  }

  notifyCheckpointComplete(_checkpointId: number): void {
    this.#gate?.notifyCheckpointComplete();
  }

  close(): void {
    this.#gate?.close();
  }

  #ask(): void {
    if (this.#asked || this.#noMoreSplits) return;
    this.#asked = true;
    this.#context.sendSplitRequest();
  }

  #wake(): void {
    this.#available.resolve();
    this.#available = Promise.withResolvers<void>();
  }
}
