/**
 * What readers share whose records are computed and never waited for: asking for splits, a gate that may hold them back,
 * availability. Extended by the readers of ranges and of Nexmark events.
 *
 * @module
 */

import type {
  BatchOutput,
  InputStatus,
  ReaderOutput,
  SourceReader,
  SourceReaderContext,
  SourceSplit,
} from "../functions/source.ts";

/** Holds a reader back; see datagen/rate_limiter.ts. */
export interface Gate {
  /** Whether one more record may go out now; takes it when it may. */
  tryAcquire(): boolean;
  /** Resolves when {@link tryAcquire} may say yes. */
  whenOpen(): Promise<void>;
  notifyCheckpointComplete(): void;
  close(): void;
}

/** Emits computed records; subclasses keep the splits. */
export abstract class ComputedReader<T, SplitT extends SourceSplit> implements SourceReader<T, SplitT> {
  readonly isSynchronous = true;
  readonly #context: SourceReaderContext;
  readonly #gate: Gate | undefined;
  #noMoreSplits = false;
  #asked = false;
  #gated = false;
  #available = Promise.withResolvers<void>();

  constructor(context: SourceReaderContext, gate: Gate | undefined) {
    this.#context = context;
    this.#gate = gate;
  }

  abstract snapshotState(checkpointId: number): SplitT[];
  /** Whether there is a split to read from. */
  protected abstract hasSplit(): boolean;
  /** Brings the next record; called only with a split. False when its split had none left. */
  protected abstract next(): boolean;
  /** Emits that record; it counts only once it is out, since what makes it may throw. */
  protected abstract emit(output: ReaderOutput<T>): void;
  /** Emits the next records; called only with a split that has some, and where no gate holds back. */
  protected abstract emitMany(output: BatchOutput<T>): void;
  protected abstract take(splits: readonly SplitT[]): void;

  start(): void {
    if (!this.hasSplit()) this.#ask();
  }

  pollNext(output: ReaderOutput<T>): InputStatus {
    this.#gated = false;
    if (!this.hasSplit()) {
      if (this.#noMoreSplits) return "END_OF_INPUT";
      this.#ask();
      return "NOTHING_AVAILABLE";
    }
    if (!this.next()) return "MORE_AVAILABLE";
    if (this.#gate !== undefined && !this.#gate.tryAcquire()) {
      this.#gated = true;
      return "NOTHING_AVAILABLE";
    }
    this.emit(output);
    return "MORE_AVAILABLE";
  }

  pollBatch(output: BatchOutput<T>, main: ReaderOutput<T>): InputStatus {
    if (this.#gate !== undefined || !this.hasSplit() || !this.next()) return this.pollNext(main);
    this.emitMany(output);
    return "MORE_AVAILABLE";
  }

  isAvailable(): Promise<void> {
    if (this.hasSplit()) return this.#gated ? this.#gate!.whenOpen() : Promise.resolve();
    return this.#noMoreSplits ? Promise.resolve() : this.#available.promise;
  }

  addSplits(splits: SplitT[]): void {
    this.#asked = false;
    this.take(splits);
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
