/**
 * The reader most connectors share: reads every split through an async iterable of batches, ahead of the task by two
 * batches, and emits record by record without waiting. Called by the source operator, one call at a time.
 *
 * Invariant: a split's state is the position before its current batch and the number of records of that batch the task
 * has got, so it is exact between any two records, and needs only that reading again from a position gives the same
 * records (in batches of any size).
 *
 * @module
 */

import { JobExecutionError, userFrame } from "../errors.ts";
import type {
  BatchOutput,
  InputStatus,
  ReaderOutput,
  SourceOutput,
  SourceReader,
  SourceReaderContext,
} from "../functions/source.ts";
import { NO_TIMESTAMP } from "../types/stream_element.ts";
import { FetchedSplit } from "./fetched_split.ts";
import { checkedBatch, nameOf, type SourceBatch } from "./source_batch.ts";

export type { SourceBatch } from "./source_batch.ts";

/** What the opener of a split may use. */
export interface OpenContext {
  /** Aborted when the task is cancelled or the reader closes; the iterable must end soon then. */
  readonly signal: AbortSignal;
  readonly reader: SourceReaderContext;
}

/** How a {@link FetchingReader} reads. */
export interface FetchingReaderOptions<T, DataT, PositionT> {
  /** Named in errors. */
  readonly name: string;
  /** Splits that are read at once; the others wait. */
  readonly concurrentSplits: number;
  /** Ask the enumerator when there is nothing to read. */
  readonly pull: boolean;
  open(
    data: DataT,
    position: PositionT | undefined,
    context: OpenContext,
  ): AsyncIterable<SourceBatch<T, PositionT>>;
  /** Default: `output.collect(record, timestamp)`. Not called for the records of a batch that {@link SourceBatch.isPlain}. */
  readonly emit?: (record: T, timestamp: number | undefined, output: SourceOutput<T>, main: ReaderOutput<T>) => void;
}

/** Batches that are fetched ahead per split. */
const PREFETCHED_BATCHES = 2;
/** How long close() waits for iterables that do not heed their signal. */
const CLOSE_LIMIT_MS = 3000;

interface ActiveSplit<T, DataT, PositionT> {
  readonly split: FetchedSplit<DataT, PositionT>;
  /** Undefined before it was opened. */
  iterator: AsyncIterator<SourceBatch<T, PositionT>> | undefined;
  readonly abort: AbortController;
  readonly queue: SourceBatch<T, PositionT>[];
  fetching: boolean;
  done: boolean;
  error: { readonly cause: unknown } | undefined;
  /** Position before queue[0]. */
  position: PositionT | undefined;
  /** Records of queue[0] the task has got. */
  offset: number;
  /** Records to leave out after a restore. */
  skip: number;
  output: SourceOutput<T> | undefined;
}

/** Reads splits through async iterables. */
export class FetchingReader<T, DataT, PositionT> implements SourceReader<T, FetchedSplit<DataT, PositionT>> {
  readonly #context: SourceReaderContext;
  readonly #options: FetchingReaderOptions<T, DataT, PositionT>;
  readonly #waiting: FetchedSplit<DataT, PositionT>[] = [];
  #active: ActiveSplit<T, DataT, PositionT>[] = [];
  /** Index into #active of the split that is read now. */
  #turn = 0;
  readonly #paused = new Set<string>();
  #noMoreSplits = false;
  #asked = false;
  #closed = false;
  /** The batch that is given away now; the functions are the same for all, so that V8 can make them part of the loop. */
  #records: readonly T[] = [];
  #timestamps: ArrayLike<number> | undefined;
  readonly #record = (index: number): T => this.#records[index];
  readonly #stamp = (_: T, index: number): number => this.#timestamps![index] ?? NO_TIMESTAMP;
  #available: { readonly promise: Promise<void>; readonly resolve: () => void } | undefined;

  constructor(context: SourceReaderContext, options: FetchingReaderOptions<T, DataT, PositionT>) {
    this.#context = context;
    this.#options = options;
    context.signal.addEventListener("abort", this.#onAbort, { once: true });
  }

  start(): void {
    if (this.#active.length + this.#waiting.length === 0) this.#ask();
  }

  pollNext(output: ReaderOutput<T>): InputStatus {
    if (this.#closed) return "NOTHING_AVAILABLE";
    for (let tried = 0; tried < this.#active.length;) {
      if (this.#turn >= this.#active.length) this.#turn = 0;
      const active = this.#active[this.#turn];
      const ready = this.#ready(active, output);
      if (ready === "record") {
        this.#emit(active, output);
        return "MORE_AVAILABLE";
      }
      if (ready === "finished") continue; // it left #active
      this.#turn++;
      tried++;
    }
    if (this.#active.length > 0) return "NOTHING_AVAILABLE";
    if (this.#waiting.length > 0) {
      this.#activate();
      return "MORE_AVAILABLE";
    }
    if (this.#noMoreSplits) return "END_OF_INPUT";
    this.#ask();
    return "NOTHING_AVAILABLE";
  }

  pollBatch(output: BatchOutput<T>, main: ReaderOutput<T>): InputStatus {
    const active = this.#active[this.#turn];
    if (this.#closed || active === undefined || main.chooseForBatch === undefined) return this.pollNext(main);
    if (this.#ready(active, main) !== "record") return this.pollNext(main);
    const { records, timestamps, isPlain } = active.queue[0];
    if (this.#options.emit !== undefined && isPlain !== true) return this.pollNext(main);
    main.chooseForBatch(active.output ??= main.createOutputForSplit(active.split.splitId()));
    this.#records = records;
    this.#timestamps = timestamps;
    const stamp = timestamps === undefined ? undefined : this.#stamp;
    active.offset = output.emitRange(active.offset, records.length, this.#record, stamp);
    this.#endOfBatch(active);
    return "MORE_AVAILABLE";
  }

  isAvailable(): Promise<void> {
    if (this.#hasWork()) return Promise.resolve();
    if (this.#available === undefined) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#available = { promise, resolve };
    }
    return this.#available.promise;
  }

  snapshotState(_checkpointId: number): FetchedSplit<DataT, PositionT>[] {
    const active = this.#active.map(({ split, position, offset, skip }) =>
      new FetchedSplit(split.splitId(), split.data, position, offset + skip)
    );
    return [...active, ...this.#waiting];
  }

  addSplits(splits: FetchedSplit<DataT, PositionT>[]): void {
    this.#asked = false;
    this.#waiting.push(...splits);
    this.#activate();
    this.#wake();
  }

  notifyNoMoreSplits(): void {
    this.#noMoreSplits = true;
    this.#wake();
  }

  pauseOrResumeSplits(toPause: readonly string[], toResume: readonly string[]): void {
    for (const id of toPause) this.#paused.add(id);
    for (const id of toResume) this.#paused.delete(id);
    this.#wake();
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#context.signal.removeEventListener("abort", this.#onAbort);
    const ended = this.#active.map((active) => {
      active.abort.abort();
      return Promise.resolve(active.iterator?.return?.()).catch(() => {});
    });
    this.#active = [];
    this.#wake();
    if (ended.length === 0) return;
    let cancel = (): void => {};
    const limit = new Promise<void>((resolve) => cancel = this.#context.clock.after(CLOSE_LIMIT_MS, resolve));
    await Promise.race([Promise.all(ended), limit]);
    cancel();
  }

  readonly #onAbort = (): void => {
    for (const active of this.#active) active.abort.abort();
    this.#wake();
  };

  #hasWork(): boolean {
    if (this.#active.length === 0) return this.#waiting.length > 0 || this.#noMoreSplits;
    return this.#active.some((active) =>
      !this.#paused.has(active.split.splitId()) &&
      (active.queue.length > 0 || active.error !== undefined || active.done)
    );
  }

  /** Brings the split to its next record, if that is there. */
  #ready(active: ActiveSplit<T, DataT, PositionT>, output: ReaderOutput<T>): "record" | "nothing" | "finished" {
    if (this.#paused.has(active.split.splitId())) return "nothing";
    while (active.queue.length > 0) {
      const batch = active.queue[0];
      const left = batch.records.length - active.offset;
      if (active.skip > 0 && left > 0) {
        const skipped = Math.min(active.skip, left);
        active.skip -= skipped;
        active.offset += skipped;
        continue;
      }
      if (left > 0) return "record";
      this.#nextBatch(active);
    }
    if (active.error !== undefined) throw this.#failure(active);
    if (!active.done) return "nothing";
    this.#finish(active, output);
    return "finished";
  }

  #emit(active: ActiveSplit<T, DataT, PositionT>, main: ReaderOutput<T>): void {
    const batch = active.queue[0];
    const index = active.offset++;
    const output = active.output ??= main.createOutputForSplit(active.split.splitId());
    const { emit } = this.#options;
    if (emit === undefined) output.collect(batch.records[index], batch.timestamps?.[index]);
    else emit(batch.records[index], batch.timestamps?.[index], output, main);
    this.#endOfBatch(active);
  }

  #endOfBatch(active: ActiveSplit<T, DataT, PositionT>): void {
    if (active.offset < active.queue[0].records.length) return;
    this.#nextBatch(active);
    this.#turn++; // the next split's turn
  }

  #nextBatch(active: ActiveSplit<T, DataT, PositionT>): void {
    active.position = active.queue.shift()!.position;
    active.offset = 0;
    void this.#fetch(active);
  }

  #finish(active: ActiveSplit<T, DataT, PositionT>, output: ReaderOutput<T>): void {
    this.#active = this.#active.filter((other) => other !== active);
    this.#paused.delete(active.split.splitId());
    // Also of a split without records: the runtime has opened an output for it, which would hold back the watermark.
    output.releaseOutputForSplit(active.split.splitId());
    this.#activate();
  }

  #activate(): void {
    while (!this.#closed && this.#waiting.length > 0 && this.#active.length < this.#options.concurrentSplits) {
      const split = this.#waiting.shift()!;
      const abort = new AbortController();
      if (this.#context.signal.aborted) abort.abort();
      const active: ActiveSplit<T, DataT, PositionT> = {
        split,
        iterator: undefined,
        abort,
        queue: [],
        fetching: false,
        done: false,
        error: undefined,
        position: split.position,
        offset: 0,
        skip: split.skip,
        output: undefined,
      };
      this.#active.push(active);
      void this.#fetch(active);
    }
  }

  async #fetch(active: ActiveSplit<T, DataT, PositionT>): Promise<void> {
    if (active.fetching) return;
    active.fetching = true;
    try {
      active.iterator ??= this.#open(active);
      while (!active.done && !active.abort.signal.aborted && active.queue.length < PREFETCHED_BATCHES) {
        const next = await active.iterator.next();
        if (next.done) active.done = true;
        else active.queue.push(checkedBatch(next.value));
        this.#wake();
      }
    } catch (cause) {
      active.done = true;
      // An iterable may end a cancelled read by throwing.
      if (!active.abort.signal.aborted) active.error = { cause };
      this.#wake();
    } finally {
      active.fetching = false;
    }
  }

  #open({ split, position, abort }: ActiveSplit<T, DataT, PositionT>): AsyncIterator<SourceBatch<T, PositionT>> {
    const batches = this.#options.open(split.data, position, { signal: abort.signal, reader: this.#context });
    if (typeof batches?.[Symbol.asyncIterator] === "function") return batches[Symbol.asyncIterator]();
    if (batches as unknown instanceof Promise) (batches as unknown as Promise<unknown>).catch(() => {});
    throw new TypeError(`${nameOf(batches)} instead of an async iterable; write open as \`async *open(...)\``);
  }

  #failure(active: ActiveSplit<T, DataT, PositionT>): unknown {
    const { cause } = active.error!;
    // Errors of the project say everything already.
    if (typeof cause === "object" && cause !== null && "code" in cause && String(cause.code).startsWith("TSF-")) {
      return cause;
    }
    return new JobExecutionError(
      "TSF-3031",
      `Reading split ${active.split.splitId()} of source ${this.#options.name} failed`,
      {
        expected: "open() to give batches { records: [...], position }",
        found: cause instanceof Error ? cause.message : String(cause),
        userLine: cause instanceof Error ? userFrame(cause.stack) : undefined,
        cause,
      },
    );
  }

  #ask(): void {
    if (this.#asked || this.#noMoreSplits) return;
    this.#asked = true;
    this.#context.sendSplitRequest();
  }

  #wake(): void {
    const waiting = this.#available;
    this.#available = undefined;
    waiting?.resolve();
  }
}
