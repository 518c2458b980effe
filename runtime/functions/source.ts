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
  collect(value: T, timestamp?: number): void;
  emitWatermark(timestamp: number): void;
  markIdle(): void;
  markActive(): void;
}
/** The main output of a reader. */
export interface ReaderOutput<T> extends SourceOutput<T> {
  createOutputForSplit(splitId: string): SourceOutput<T>;
  releaseOutputForSplit(splitId: string): void;
  /** Emits to the side output of that id (invalid lines); absent where the source has no side outputs. */
  emitSide?(tagId: string, value: unknown, timestamp?: number): void;
}

/** An event between enumerator and reader; structured-cloneable. */
export type SourceEvent = unknown;

/** What a reader may use. */
export interface SourceReaderContext {
  readonly indexOfSubtask: number;
  readonly currentParallelism: number;
  readonly metricGroup: MetricGroup;
  readonly files: LocalFiles;
  readonly clock: Clock;
  /** Where absent, a socket source opens connections of the process. */
  readonly sockets?: Sockets;
  /** Aborted when the task is cancelled or has ended. */
  readonly signal: AbortSignal;
  sendSplitRequest(): void;
  sendSourceEventToCoordinator(event: SourceEvent): void;
}

/** Reads the splits assigned to one subtask. All methods are called from the task, one at a time. */
export interface SourceReader<T, SplitT extends SourceSplit> {
  start(): void;
  /** Emits at most one record (or one small group that one position covers) and never waits. */
  pollNext(output: ReaderOutput<T>): InputStatus;
  /** Resolves when {@link pollNext} may have something. */
  isAvailable(): Promise<void>;
  /** The splits with the positions after the last record given to the output. */
  snapshotState(checkpointId: number): SplitT[];
  addSplits(splits: SplitT[]): void;
  notifyNoMoreSplits(): void;
  handleSourceEvents?(event: SourceEvent): void;
  notifyCheckpointComplete?(checkpointId: number): void;
  notifyCheckpointAborted?(checkpointId: number): void;
  /** Watermark alignment: stop and go on reading these splits. Without it the whole reader waits. */
  pauseOrResumeSplits?(toPause: readonly string[], toResume: readonly string[]): void;
  close(): void | Promise<void>;
}

/** What an enumerator may use. */
export interface SplitEnumeratorContext<SplitT extends SourceSplit> {
  currentParallelism(): number;
  /** Subtasks whose reader has registered. */
  registeredReaders(): readonly number[];
  assignSplit(split: SplitT, subtaskId: number): void;
  signalNoMoreSplits(subtaskId: number): void;
  sendEventToSourceReader(subtaskId: number, event: SourceEvent): void;
  /** Runs `work` beside the enumerator and `handler` as one of its calls; with a period, again and again. */
  callAsync<R>(
    work: () => Promise<R>,
    handler: (result: R | undefined, error: unknown) => void,
    periodMs?: number,
  ): void;
  readonly metricGroup: MetricGroup;
  readonly files: LocalFiles;
  readonly clock: Clock;
}

/** Finds splits and assigns them. All methods are called one at a time. */
export interface SplitEnumerator<SplitT extends SourceSplit, EnumChkT> {
  start(): void;
  handleSplitRequest(subtaskId: number): void;
  addSplitsBack(splits: SplitT[], subtaskId: number): void;
  addReader(subtaskId: number): void;
  handleSourceEvent?(subtaskId: number, event: SourceEvent): void;
  snapshotState(checkpointId: number): EnumChkT;
  notifyCheckpointComplete?(checkpointId: number): void;
  close(): void | Promise<void>;
}

/** A source of records of type T. */
export interface Source<T, SplitT extends SourceSplit = SourceSplit, EnumChkT = unknown> {
  getBoundedness(): Boundedness;
  createEnumerator(context: SplitEnumeratorContext<SplitT>): SplitEnumerator<SplitT, EnumChkT>;
  restoreEnumerator(context: SplitEnumeratorContext<SplitT>, checkpoint: EnumChkT): SplitEnumerator<SplitT, EnumChkT>;
  createReader(context: SourceReaderContext): SourceReader<T, SplitT>;
  /** Split to plain structured-cloneable data and back; needed when splits have methods beside splitId. */
  serializeSplit(split: SplitT): unknown;
  deserializeSplit(data: unknown): SplitT;
}
