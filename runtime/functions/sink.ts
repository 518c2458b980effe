/**
 * The Sink contract (Flink's Sink v2): a writer per subtask, optionally a committer for two-phase commits, and
 * topologies around them. For most needs `defineSink` is simpler.
 *
 * @module
 */

import type { MetricGroup } from "../metrics/metric_group.ts";
import type { LocalFiles } from "../seams/local_files.ts";
import type { Clock } from "../seams/clock.ts";

/** What a sink writer may use. */
export interface WriterInitContext {
  /** From 0. */
  readonly subtaskIndex: number;
  /** Number of subtasks. */
  readonly parallelism: number;
  /** From 0; counts restarts. */
  readonly attemptNumber: number;
  /** Metrics of the operator. */
  readonly metricGroup: MetricGroup;
  /** Files, through the seam. */
  readonly files: LocalFiles;
  /** Time, through the seam. */
  readonly clock: Clock;
  /** Aborted when the task ends. */
  readonly signal: AbortSignal;
  /** Undefined on a fresh start. */
  readonly restoredCheckpointId: number | undefined;
  /** Writes a line where the job's output goes (stdout / stderr of the role). */
  print(line: string, stream: "stdout" | "stderr"): void;
  /** Calls `fn` in the task after `ms` milliseconds. */
  registerTimer(ms: number, fn: () => void): void;
  /** Hands results to the client that waits for them (collect sinks). */
  readonly collect?: (batch: unknown[]) => Promise<void> | void;
}
/** What a writer may ask about a record. */
export interface SinkWriterContext {
  /** The event time reached, in ms. */
  currentWatermark(): number;
  /** Undefined when the record has no timestamp. */
  timestamp(): number | undefined;
}

/** Writes records. A returned promise holds back further records until it resolves. */
export interface SinkWriter<T, CommT = never, WriterStateT = never> {
  /**
   * Declares that the writer does no asynchronous I/O, not even between its calls, so that its thread may sleep without
   * serving promises of the outside; what it returns promises for comes from its context. Default false.
   */
  readonly isSynchronous?: boolean;
  /** Takes one record. Throwing fails the job. */
  write(value: T, context: SinkWriterContext): void | Promise<void>;
  /** Called before each checkpoint and at the end of input (`endOfInput`). */
  flush(endOfInput: boolean): void | Promise<void>;
  /** Event time has moved on, in ms. */
  writeWatermark?(timestamp: number): void;
  /** What the committer has to commit once the checkpoint is complete. */
  prepareCommit?(): CommT[] | Promise<CommT[]>;
  /** What a writer needs to go on after a failure. */
  snapshotState?(checkpointId: number): WriterStateT[];
  /** Gives everything back; called once, also after a failure. */
  close(): void | Promise<void>;
}

/** One commit request; exactly one of the signals, or none for success. */
export interface CommitRequest<CommT> {
  /** What is to be committed. */
  getCommittable(): CommT;
  /** How often it was tried before. */
  getNumberOfRetries(): number;
  /** Already committed by an earlier attempt. */
  signalAlreadyCommitted(): void;
  /** Will never succeed, and that is accepted: the committable is logged and dropped, the job goes on, as in Flink. */
  signalFailedWithKnownReason(error: unknown): void;
  /** Will never succeed; the job fails. */
  signalFailedWithUnknownReason(error: unknown): void;
  /** Try again later. */
  retryLater(): void;
  /** Try again later with another committable. */
  updateAndRetryLater(committable: CommT): void;
}
/** Commits what writers prepared. Must be idempotent. */
export interface Committer<CommT> {
  /** Declares that the committer does no asynchronous I/O, as {@link SinkWriter.isSynchronous}. Default false. */
  readonly isSynchronous?: boolean;
  /** Commits each request, or signals on it what became of it. */
  commit(requests: readonly CommitRequest<CommT>[]): void | Promise<void>;
  /** Gives everything back; called once, also after a failure. */
  close?(): void | Promise<void>;
}

/** A committable with the checkpoint and subtask it comes from, as topologies see it. */
export type CommittableMessage<CommT> =
  | {
    readonly kind: "summary";
    readonly subtaskId: number;
    readonly numberOfSubtasks: number;
    readonly checkpointId: number;
    readonly numberOfCommittables: number;
    readonly numberOfFailed: number;
  }
  | {
    readonly kind: "committable";
    readonly subtaskId: number;
    readonly checkpointId: number;
    readonly committable: CommT;
  };

/** A sink of records of type T. */
export interface Sink<T, CommT = never, WriterStateT = never> {
  /** The writer of one subtask; `restored` has what writers gave to a checkpoint. */
  createWriter(context: WriterInitContext, restored?: readonly WriterStateT[]): SinkWriter<T, CommT, WriterStateT>;
  /** Makes it a two-phase sink. */
  createCommitter?(
    context: {
      readonly metricGroup: MetricGroup;
      readonly files: LocalFiles;
      readonly clock: Clock;
      readonly signal: AbortSignal;
    },
  ): Committer<CommT>;
  /** Runs before the writer; takes and gives a stream of T (typed in api/). */
  // deno-lint-ignore no-explicit-any -- DataStream lives in api/, which functions/ may not import
  addPreWriteTopology?(input: any): any;
  /** Runs between writer and committer; takes and gives a stream of CommittableMessage. */
  // deno-lint-ignore no-explicit-any -- as above
  addPreCommitTopology?(committables: any): any;
  /** Runs after the committer; takes a stream of CommittableMessage. A global committer is one of these. */
  // deno-lint-ignore no-explicit-any -- as above
  addPostCommitTopology?(committables: any): void;
}
