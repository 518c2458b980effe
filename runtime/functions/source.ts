/**
 * The Source contract (Flink's FLIP-27): an enumerator finds splits and assigns them, one reader per subtask reads them.
 * For most needs `defineSource` (connectors/define) is simpler.
 *
 * @module
 */

import type { MetricGroup } from "../metrics/metric_group.ts";
import type { LocalFiles } from "../seams/local_files.ts";
import type { Clock } from "../seams/clock.ts";
import type { Sockets } from "../seams/sockets.ts";

/** Whether a source ends by itself. */
export type Boundedness = "bounded" | "continuous-unbounded";

/** A part of a source that one reader reads; must be structured-cloneable and hold the position to go on from. */
export interface SourceSplit {
  /** Unique among the splits of the source. */
  splitId(): string;
}

/** What a call of {@link SourceReader.pollNext} says. */
export type InputStatus =
  /** Call again. */
  | "MORE_AVAILABLE"
  /** Nothing now; wait for {@link SourceReader.isAvailable}. */
  | "NOTHING_AVAILABLE"
  /** No more, ever. */
  | "END_OF_INPUT";

/** Where a reader puts what it reads; per-split outputs keep a watermark of their own. */
export interface SourceOutput<T> {
  /** Emits a record; `timestamp` in ms when the source knows it. */
  collect(value: T, timestamp?: number): void;
  /** Emits a watermark of the source itself, in ms. */
  emitWatermark(timestamp: number): void;
  /** Nothing is to be expected for a while; the others are not held back. */
  markIdle(): void;
  /** Records are to be expected again. */
  markActive(): void;
}
/** The main output of a reader. */
export interface ReaderOutput<T> extends SourceOutput<T> {
  /** An output with watermarks of its own. */
  createOutputForSplit(splitId: string): SourceOutput<T>;
  /** The split has ended. */
  releaseOutputForSplit(splitId: string): void;
  /**
   * Says whose watermarks the records of a {@link BatchOutput} are for: an output of a split, or undefined for this one,
   * as it is in the beginning. A reader that needs it takes the way of {@link SourceReader.pollNext} where it is absent.
   */
  chooseForBatch?(output: SourceOutput<T> | undefined): void;
  /** Emits to the side output of that id (invalid lines); absent where the source has no side outputs. */
  emitSide?(tagId: string, value: unknown, timestamp?: number): void;
}

/** Takes many records of a reader in one call; see {@link SourceReader.pollBatch}. */
export interface BatchOutput<T> {
  /**
   * Emits `make(from)`, `make(from + 1)` and so on as long as the task can take more, `make(to - 1)` last. A record is
   * made when it is taken, and has left the task's operators when the next is made.
   *
   * @param stamp The event time of a record in ms, where the source knows it.
   * @returns The index of the first record that was not taken: where the reader goes on, and its position in a snapshot.
   */
  emitRange(from: number, to: number, make: (index: number) => T, stamp?: (value: T, index: number) => number): number;
}

/** An event between enumerator and reader; structured-cloneable. */
export type SourceEvent = unknown;

/** What a reader may use. */
export interface SourceReaderContext {
  /** From 0. */
  readonly indexOfSubtask: number;
  /** Number of subtasks. */
  readonly currentParallelism: number;
  /** Metrics of the operator. */
  readonly metricGroup: MetricGroup;
  /** Files, through the seam. */
  readonly files: LocalFiles;
  /** Time, through the seam. */
  readonly clock: Clock;
  /** Where absent, a socket source opens connections of the process. */
  readonly sockets?: Sockets;
  /** Aborted when the task is cancelled or has ended. */
  readonly signal: AbortSignal;
  /** Whether functions may be generated that read bytes (`pipeline.optimize.columns`). Default true. */
  readonly generatesDecoders?: boolean;
  /** Whether functions may be generated that copy records (`pipeline.optimize.codegen`). Default true. */
  readonly generatesCopiers?: boolean;
  /** Asks the enumerator for a split. */
  sendSplitRequest(): void;
  /** Sends an event of the source's own to the enumerator. */
  sendSourceEventToCoordinator(event: SourceEvent): void;
}

/** Reads the splits assigned to one subtask. All methods are called from the task, one at a time. */
export interface SourceReader<T, SplitT extends SourceSplit> {
  /**
   * Declares that the reader does no I/O and waits for nothing but splits, events and the clock of its context, so that
   * its thread may sleep without serving promises of the outside. Default false.
   */
  readonly isSynchronous?: boolean;
  /**
   * Declares that every record is fit to travel between tasks (primitives, plain objects, arrays and so on; no functions,
   * no class instances), so that those which are passed on as they are need not be looked at. Default false.
   */
  readonly recordsTravel?: boolean;
  /** Called once, before the first split. */
  start(): void;
  /** Emits at most one record (or one small group that one position covers) and never waits. */
  pollNext(output: ReaderOutput<T>): InputStatus;
  /**
   * As {@link pollNext}, but for any number of records of the main output: the fast way, taken where the task can. The
   * reader gives them by one call of `output.emitRange`; what it does not get rid of there comes at the next call.
   */
  pollBatch?(output: BatchOutput<T>, main: ReaderOutput<T>): InputStatus;
  /** Resolves when {@link pollNext} may have something. */
  isAvailable(): Promise<void>;
  /** The splits with the positions after the last record given to the output. */
  snapshotState(checkpointId: number): SplitT[];
  /** Splits to read, assigned or restored. */
  addSplits(splits: SplitT[]): void;
  /** No further splits will come. */
  notifyNoMoreSplits(): void;
  /** An event from the enumerator. */
  handleSourceEvents?(event: SourceEvent): void;
  /** The checkpoint, and all before, is complete. */
  notifyCheckpointComplete?(checkpointId: number): void;
  /** The checkpoint will not complete. */
  notifyCheckpointAborted?(checkpointId: number): void;
  /**
   * Watermark alignment: stop and go on reading these splits. A reader without it fails the job (TSF-2243) when one of
   * its splits gets too far ahead, unless `pipeline.watermark-alignment.allow-unaligned-source-splits` is set.
   */
  pauseOrResumeSplits?(toPause: readonly string[], toResume: readonly string[]): void;
  /** Gives everything back; called once, also after a failure. */
  close(): void | Promise<void>;
}

/** What an enumerator may use. */
export interface SplitEnumeratorContext<SplitT extends SourceSplit> {
  /** Number of readers. */
  currentParallelism(): number;
  /** Subtasks whose reader has registered. */
  registeredReaders(): readonly number[];
  /** Gives a split to a reader. */
  assignSplit(split: SplitT, subtaskId: number): void;
  /** Tells a reader that no further splits will come. */
  signalNoMoreSplits(subtaskId: number): void;
  /** Sends an event of the source's own to a reader. */
  sendEventToSourceReader(subtaskId: number, event: SourceEvent): void;
  /** Runs `work` beside the enumerator and `handler` as one of its calls; with a period, again and again. */
  callAsync<R>(
    work: () => Promise<R>,
    handler: (result: R | undefined, error: unknown) => void,
    periodMs?: number,
  ): void;
  /** Metrics of the operator. */
  readonly metricGroup: MetricGroup;
  /** Files, through the seam. */
  readonly files: LocalFiles;
  /** Time, through the seam. */
  readonly clock: Clock;
}

/** Finds splits and assigns them. All methods are called one at a time. */
export interface SplitEnumerator<SplitT extends SourceSplit, EnumChkT> {
  /** Called once; finding splits begins here. */
  start(): void;
  /** A reader asks for a split. */
  handleSplitRequest(subtaskId: number): void;
  /** Splits of a reader that failed, to be assigned again. */
  addSplitsBack(splits: SplitT[], subtaskId: number): void;
  /** A reader has started. */
  addReader(subtaskId: number): void;
  /** An event from a reader. */
  handleSourceEvent?(subtaskId: number, event: SourceEvent): void;
  /** What is needed to go on after a failure. */
  snapshotState(checkpointId: number): EnumChkT;
  /** The checkpoint, and all before, is complete. */
  notifyCheckpointComplete?(checkpointId: number): void;
  /** Gives everything back; called once, also after a failure. */
  close(): void | Promise<void>;
}

/** A source of records of type T. */
export interface Source<T, SplitT extends SourceSplit = SourceSplit, EnumChkT = unknown> {
  /** Whether the input ends. */
  getBoundedness(): Boundedness;
  /** The one that finds and hands out splits, one per job. */
  createEnumerator(context: SplitEnumeratorContext<SplitT>): SplitEnumerator<SplitT, EnumChkT>;
  /** The same, from a checkpoint. */
  restoreEnumerator(context: SplitEnumeratorContext<SplitT>, checkpoint: EnumChkT): SplitEnumerator<SplitT, EnumChkT>;
  /** The one that reads, one per subtask. */
  createReader(context: SourceReaderContext): SourceReader<T, SplitT>;
  /** Split to plain structured-cloneable data and back; needed when splits have methods beside splitId. */
  serializeSplit(split: SplitT): unknown;
  /** The reverse of serializeSplit. */
  deserializeSplit(data: unknown): SplitT;
}
