/**
 * The contract of every operator: synchronous, single-threaded, resumable.
 *
 * Order inside a chain is depth first. An operator that has more to do than it may do now (`ctx.proceed()` is false
 * between two timers or two elements of an iterable) keeps the rest as pending work and is `busy`; the chain then holds
 * back everything else for it and calls `resume()` until it is done. Who calls: tasks/operator_chain.ts and the
 * harnesses in testing/.
 *
 * @module
 */

import type { OperatorReference } from "../errors.ts";
import type { KeySelector } from "../functions/functions.ts";
import type { RuntimeContext } from "../functions/rich_function.ts";
import type { MetricGroup } from "../metrics/metric_group.ts";
import type { Cancel } from "../seams/clock.ts";
import type { Seams } from "../seams/seams.ts";
import type { KeyedStateBackend } from "../state/keyed_state_backend.ts";
import type { OperatorStateBackend } from "../state/operator_state.ts";
import type { Key, KeyHashRule } from "../types/key.ts";
import {
  type LatencyMarker,
  MAX_WATERMARK,
  MIN_WATERMARK,
  type Output,
  type WatermarkStatus,
} from "../types/stream_element.ts";
import { WatermarkCombiner } from "../types/watermark_combiner.ts";
import type { TimerManager } from "./timers/timer_service.ts";

/** Whether an operator may be fused with its neighbours (facts: the eleven conditions of chaining). */
export type ChainingStrategy = "ALWAYS" | "NEVER" | "HEAD" | "HEAD_WITH_SOURCES";

/** Processing time of a task; callbacks run as mail of the task, between two records. */
export interface ProcessingTimeService {
  now(): number;
  /** Calls back once at `timestamp` or soon after. */
  registerTimer(timestamp: number, callback: (timestamp: number) => void): Cancel;
}

/** Faster ways to the same results; each can be switched off, tests run both ways. */
export interface OptimizationSwitches {
  /** One generated function per vertex instead of the interpreter. */
  readonly codegen: boolean;
  /** Typed columns for primitive keys and values of keyed state. */
  readonly typedState: boolean;
  /** Windows share slices where their functions allow it. */
  readonly windowSlices: boolean;
  /** Timers in buckets per time and in typed heaps. */
  readonly timerBuckets: boolean;
  /** Batches stay columns where nobody needs objects. */
  readonly columns: boolean;
}

/** All of them, as is the default. */
export const ALL_OPTIMIZATIONS: OptimizationSwitches = {
  codegen: true,
  typedState: true,
  windowSlices: true,
  timerBuckets: true,
  columns: true,
};

/** Settings of the job that operators read. */
export interface OperatorConfig {
  /** Skip the copy of values that go through a collector. */
  readonly objectReuse: boolean;
  /** 0 = no periodic watermarks. */
  readonly autoWatermarkIntervalMs: number;
  /** Whether checkpoints are on (sinks then commit on completion instead of at the end). */
  readonly checkpointingEnabled: boolean;
  /** "BATCH" suppresses watermarks but the last. */
  readonly runtimeMode: "STREAMING" | "BATCH";
  /** Fail when user code changes a value after it returned or emitted it. */
  readonly checkMutation: boolean;
  readonly globalJobParameters: Readonly<Record<string, string>>;
  /** Default: {@link ALL_OPTIMIZATIONS}. */
  readonly optimizations?: OptimizationSwitches;
  /** Samples a watermark must stay ahead before a source waits for alignment. Default 3. */
  readonly alignmentBufferSize?: number;
  /** Whether a source that cannot pause single splits may run under alignment. Default false. */
  readonly allowUnalignedSourceSplits?: boolean;
  /** How often a commit is tried again before the job fails. Default 10. */
  readonly committerRetries?: number;
}

/** Everything an operator gets. */
export interface OperatorContext<OUT = unknown> {
  readonly output: Output<OUT>;
  readonly operator: OperatorReference;
  /** 32 hex digits, see graph/. */
  readonly operatorId: string;
  readonly runtime: RuntimeContext;
  readonly config: OperatorConfig;
  readonly seams: Seams;
  readonly metrics: MetricGroup;
  /** Undefined on a stream that is not keyed. */
  readonly keyedState: KeyedStateBackend | undefined;
  readonly operatorState: OperatorStateBackend;
  readonly timers: TimerManager;
  readonly processingTime: ProcessingTimeService;
  /** Key selector of each input; undefined entries are not keyed. */
  readonly keySelectors: readonly (KeySelector<unknown, Key> | undefined)[];
  /** True when the subtask starts from a snapshot; with the id of its checkpoint. */
  readonly restoredCheckpointId: number | undefined;
  /** Whether one more element may be emitted in this step. */
  proceed(): boolean;
  /** Runs `fn` as mail of the task, soon. For completions of asynchronous work. */
  post(fn: () => void): void;
  /** Fails the task from outside a call. */
  fail(error: unknown): void;
  /** Aborted when the task is cancelled or has ended. */
  readonly signal: AbortSignal;
  /** Sends to the coordinator of this operator (source enumerators); undefined where there is none. */
  readonly coordinator: OperatorCoordinatorGateway | undefined;
  /** Hands results to the client (collect sinks). */
  readonly collect?: (batch: unknown[]) => Promise<void> | void;
}

/** The way from an operator to its coordinator. */
export interface OperatorCoordinatorGateway {
  send(event: unknown): void;
}

/** Makes an operator's instances; part of the graph. */
export interface StreamOperatorFactory<OUT = unknown> {
  /** With which neighbours it may share a task. */
  readonly chainingStrategy: ChainingStrategy;
  /** 0 for sources. */
  readonly numInputs: number;
  /** True for sources of the Source contract. */
  readonly isSource?: boolean;
  /** True for a sink writer or committer; shown in plans. */
  readonly isSink?: boolean;
  /** Uses the mailbox while it works (async I/O); may not be chained behind a legacy source. */
  readonly isYielding?: boolean;
  /** Must run at parallelism 1. */
  readonly isNonParallel?: boolean;
  /** Source whose enumerator runs beside the JobMaster. */
  readonly source?: import("../functions/source.ts").Source<unknown>;
  /** How far its splits may run ahead of the group, and how often that is looked at. */
  readonly watermarkAlignment?: {
    readonly group: string;
    readonly maxDriftMs: number;
    readonly updateIntervalMs: number;
  };
  /** User functions, for the plan hash. */
  readonly functions?: readonly unknown[];
  /** Hash rule of the key, when declared. */
  readonly keyHashRule?: KeyHashRule;
  /** Makes the operator of one subtask. */
  create(): StreamOperator<OUT>;
}

/** Base of all operators: watermarks over all inputs, timers, pending work. */
export abstract class StreamOperator<OUT = unknown> {
  /** What the task gives; set by `setup`. */
  protected ctx!: OperatorContext<OUT>;
  /** Where results go; set by `setup`. */
  protected output!: Output<OUT>;
  #pending: (() => boolean) | undefined;
  #combiner: WatermarkCombiner;
  #currentWatermark = MIN_WATERMARK;

  /** `numInputs` is 0 for sources. */
  constructor(readonly numInputs: number = 1) {
    this.#combiner = new WatermarkCombiner(Math.max(numInputs, 1));
  }

  /** Called once, first. */
  setup(context: OperatorContext<OUT>): void {
    this.ctx = context;
    this.output = context.output;
  }
  /** Called after setup with all state restored; register operator state here. */
  initializeState(): void {}
  /** Called after initializeState, from the last operator of the chain to the first. */
  open(): void {}
  /** Makes the key of a record of that input current. Called before each record. */
  setKeyContext(input: number, value: unknown): void {
    const selector = this.ctx.keySelectors[input];
    if (selector !== undefined) this.ctx.keyedState!.setCurrentKey(selector(value));
  }
  /** One record of the only input. */
  processElement(_value: unknown, _timestamp: number): void {
    throw new Error(`${this.constructor.name} has no single input`);
  }
  /** One record of the first of two inputs. */
  processElement1(_value: unknown, _timestamp: number): void {
    throw new Error(`${this.constructor.name} has no first input`);
  }
  /** One record of the second of two inputs. */
  processElement2(_value: unknown, _timestamp: number): void {
    throw new Error(`${this.constructor.name} has no second input`);
  }
  /** A watermark of one input; the operator acts when the minimum over its inputs moves. */
  processWatermark(timestamp: number, input = 0): void {
    const before = this.#combiner.status;
    if (this.#combiner.watermark(input, timestamp)) this.#advance();
    // MAX ended the last active input while others are idle; "finished" itself is told by MAX.
    if (before === "active" && this.#combiner.status === "idle") this.#passStatus();
  }
  /** A status of one input. */
  processStatus(status: WatermarkStatus, input = 0): void {
    const before = this.#combiner.status;
    if (this.#combiner.setStatus(input, status)) this.#advance();
    if (before !== this.#combiner.status) this.#passStatus();
  }
  /** A status passes after the watermark it lets through. */
  #passStatus(): void {
    const now = this.#combiner.status;
    this.begin(() => {
      this.output.emitStatus(now);
      return true;
    });
  }
  /** A latency marker; measured by the task, passed on. */
  processLatencyMarker(marker: LatencyMarker): void {
    this.output.emitLatencyMarker(marker);
  }
  /** The combined watermark of all inputs. */
  get currentWatermark(): number {
    return this.#currentWatermark;
  }
  /**
   * BATCH with sorted input: no record of the current key follows. Its timers fire as at the end of time; then nothing of
   * it is left, and time begins anew. May leave pending work.
   */
  endKey(): void {
    this.begin(() => {
      const { timers, keyedState } = this.ctx;
      this.#currentWatermark = MAX_WATERMARK;
      if (!timers.advanceWatermark(MAX_WATERMARK)) return false;
      this.#currentWatermark = MIN_WATERMARK;
      timers.advanceWatermark(MIN_WATERMARK);
      keyedState?.dropKey?.();
      return true;
    });
  }
  /** Called when one input has ended; what it emits still goes out. May leave pending work. */
  endInput(_input: number): void {}
  /** Called when all inputs have ended, after endInput. May leave pending work. */
  finish(): void {}
  /**
   * Called down the chain before the snapshot at a barrier. May emit and may leave pending work (a flush); the snapshot
   * waits until the chain is idle.
   */
  prepareSnapshotPreBarrier(_checkpointId: number): void {}
  /** The way out of the chain became full (true) or free again (false); idleness clocks stand still in between. */
  onBackPressure(_blocked: boolean): void {}
  /** True while the pending work waits for mail (asynchronous work): {@link resume} is of no use before. */
  get isWaiting(): boolean {
    return false;
  }
  /**
   * True while the operator depends on promises of the outside (I/O of user code or a connector): its slot must let the
   * event loop run. True when in doubt; promises that only mail, timers or the coordinator resolve do not count.
   */
  get hasAsyncWork(): boolean {
    return false;
  }
  /** Called at a barrier, before the backends are snapshotted: write what is held in fields to state. */
  snapshotState(_checkpointId: number): void {}
  /** The checkpoint is complete everywhere: its effects may become visible outside. */
  notifyCheckpointComplete(_checkpointId: number): void {}
  /** The checkpoint will not complete; a later one covers what it held. */
  notifyCheckpointAborted(_checkpointId: number): void {}
  /** An event from the coordinator. */
  handleOperatorEvent(_event: unknown): void {}
  /** Called once at the end, also after a failure; must not throw for what open() did not reach. */
  close(): void | Promise<void> {}

  /** True while pending work is left: nothing else may be given to the operator. */
  get busy(): boolean {
    return this.#pending !== undefined;
  }
  /** True when a snapshot may be taken now; false only where pending work cannot be put into state. */
  get canSnapshot(): boolean {
    return this.#pending === undefined || (this.#pendingIsInState && this.#queued.every((next) => next.isInState));
  }
  /** Goes on with pending work; true when nothing is left. */
  resume(): boolean {
    while (this.#pending !== undefined) {
      const work = this.#pending;
      if (!work()) return false;
      // Work may have queued more behind itself (see begin).
      if (this.#pending === work) {
        const next = this.#queued.shift();
        this.#pending = next?.work;
        this.#pendingIsInState = next?.isInState ?? false;
      }
    }
    return true;
  }

  readonly #queued: { readonly work: () => boolean; readonly isInState: boolean }[] = [];
  #pendingIsInState = false;
  /**
   * Runs resumable work: called again and again until it returns true. Work begun while other work is pending runs
   * after it. For the operator itself, and for its operator runtime, which starts due processing-time timers.
   *
   * @param isInState A snapshot taken in the middle of the work loses nothing (timers).
   */
  begin(work: () => boolean, isInState = false): void {
    if (this.#pending !== undefined) {
      this.#queued.push({ work, isInState });
      return;
    }
    this.#pending = work;
    this.#pendingIsInState = isInState;
    this.resume();
  }

  /** Fires timers up to the new watermark one at a time, then passes the watermark on. */
  protected advanceWatermark(timestamp: number): void {
    this.begin(() => {
      this.#currentWatermark = timestamp;
      if (!this.ctx.timers.advanceWatermark(timestamp)) return false;
      this.output.emitWatermark(timestamp);
      return true;
    }, true);
  }

  #advance(): void {
    const timestamp = this.#combiner.current;
    if (timestamp > this.#currentWatermark || timestamp === MAX_WATERMARK) this.advanceWatermark(timestamp);
  }
}
