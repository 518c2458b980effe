/**
 * Everything one operator instance needs around it: backends, timers, contexts, life cycle, snapshot and restore.
 *
 * Invariants: `initialize` before `open`; a snapshot is taken only while the operator says `canSnapshot`; whatever
 * user code throws leaves with the operator named.
 * Who calls: tasks (one per operator of a chain) and the harnesses in testing/.
 *
 * @module
 */

import { invariant, type OperatorReference } from "../errors.ts";
import type { JobInfo, TaskInfo } from "../functions/rich_function.ts";
import type { KeySelector } from "../functions/functions.ts";
import type { MetricGroup } from "../metrics/metric_group.ts";
import type { Seams } from "../seams/seams.ts";
import { BatchKeyedStateBackend } from "../state/batch/batch_backend.ts";
import { HeapKeyedStateBackend } from "../state/heap_backend.ts";
import type { KeyedStateBackend } from "../state/keyed_state_backend.ts";
import { HeapOperatorStateBackend } from "../state/operator_state_backend.ts";
import type { OperatorSubtaskState } from "../state/rescale.ts";
import type { Key, KeyHashRule } from "../types/key.ts";
import type { KeyGroupRange } from "../types/key_group.ts";
import type { Output } from "../types/stream_element.ts";
import {
  type OperatorConfig,
  type OperatorContext,
  type OperatorCoordinatorGateway,
  type ProcessingTimeService,
  StreamOperator,
  type StreamOperatorFactory,
} from "./operator.ts";
import { OperatorRuntimeContext, type TaskAccumulators } from "./runtime_context.ts";
import { HeapTimerManager, type TimerManager } from "./timers/timer_service.ts";
import { wrapUserError } from "./user_error.ts";

/** What a task or harness hands to an operator. */
export interface OperatorRuntimeOptions<OUT = unknown> {
  /** The factory, or an instance made by the caller. */
  readonly operator: StreamOperatorFactory<OUT> | StreamOperator<OUT>;
  readonly output: Output<OUT>;
  readonly reference: OperatorReference;
  /** 32 hex digits. */
  readonly operatorId: string;
  readonly taskInfo: TaskInfo;
  readonly jobInfo: JobInfo;
  readonly config: OperatorConfig;
  readonly seams: Seams;
  readonly metrics: MetricGroup;
  /** Key selector of each input; undefined entries are not keyed. */
  readonly keySelectors: readonly (KeySelector<unknown, Key> | undefined)[];
  /** Set on a keyed stream: the key groups of this subtask. */
  readonly keyed?: {
    readonly maxParallelism: number;
    readonly keyGroups: KeyGroupRange;
    readonly keyHashRule?: KeyHashRule;
    /** The input is sorted by key (BATCH): state is kept for one key at a time. Default false. */
    readonly oneAtATime?: boolean;
  };
  readonly processingTime: ProcessingTimeService;
  readonly proceed: () => boolean;
  readonly post: (fn: () => void) => void;
  readonly fail: (error: unknown) => void;
  readonly signal: AbortSignal;
  readonly coordinator?: OperatorCoordinatorGateway;
  readonly collect?: (batch: unknown[]) => Promise<void> | void;
  /** Accumulators of the task, by name. */
  readonly accumulators: TaskAccumulators;
  /** Path of each registered file, by name. */
  readonly cachedFiles: ReadonlyMap<string, string>;
  readonly restored?: OperatorSubtaskState & { readonly checkpointId: number };
}

/** One operator instance with its state and timers. */
export class OperatorRuntime<OUT = unknown> {
  readonly operator: StreamOperator<OUT>;
  readonly context: OperatorContext<OUT>;
  readonly keyedState: KeyedStateBackend | undefined;
  readonly operatorState: HeapOperatorStateBackend;
  readonly timers: TimerManager;
  readonly #options: OperatorRuntimeOptions<OUT>;
  #phase: "created" | "initialized" | "open" | "closed" = "created";

  constructor(options: OperatorRuntimeOptions<OUT>) {
    this.#options = options;
    const { operator, keyed } = options;
    this.operator = this.#guarded(
      "making the operator",
      () => operator instanceof StreamOperator ? operator : operator.create(),
    );
    this.operatorState = new HeapOperatorStateBackend();
    const processingTime = this.#processingTime(options.processingTime);
    this.keyedState = keyed === undefined
      ? undefined
      : keyed.oneAtATime
      ? new BatchKeyedStateBackend(keyed)
      : new HeapKeyedStateBackend({
        ...keyed,
        now: () => options.seams.clock.now(),
        typedState: options.config.optimizations?.typedState,
        codegenId: `${options.jobInfo.jobId}/${options.operatorId}/${options.taskInfo.taskNameWithSubtasks}`,
      });
    if (this.keyedState !== undefined) options.metrics.gauge("keyedStateBytes", () => this.keyedState?.byteLength ?? 0);
    this.timers = new HeapTimerManager({
      keyedState: this.keyedState,
      processingTime,
      proceed: options.proceed,
      isBatch: options.config.runtimeMode === "BATCH",
      timerBuckets: options.config.optimizations?.timerBuckets,
      // Timers are in state, so a snapshot may be taken between two of them.
      onWork: (work) => this.operator.begin(work, true),
    });
    this.context = this.#makeContext(processingTime);
    this.#guarded("setup()", () => this.operator.setup(this.context));
  }

  #makeContext(processingTime: ProcessingTimeService): OperatorContext<OUT> {
    const options = this.#options;
    const runtime = new OperatorRuntimeContext({
      operator: options.reference,
      taskInfo: options.taskInfo,
      jobInfo: options.jobInfo,
      config: options.config,
      metrics: options.metrics,
      files: options.seams.files,
      processingTime,
      keyedState: this.keyedState,
      accumulators: options.accumulators,
      cachedFiles: options.cachedFiles,
    });
    return {
      output: options.output,
      operator: options.reference,
      operatorId: options.operatorId,
      runtime,
      config: options.config,
      seams: options.seams,
      metrics: options.metrics,
      keyedState: this.keyedState,
      operatorState: this.operatorState,
      timers: this.timers,
      processingTime,
      keySelectors: options.keySelectors,
      restoredCheckpointId: options.restored?.checkpointId,
      proceed: options.proceed,
      post: options.post,
      fail: (error) => options.fail(wrapUserError(error, options.reference, "asynchronous work")),
      signal: options.signal,
      coordinator: options.coordinator,
      collect: options.collect,
    };
  }

  /** Restore of all state, initializeState. */
  initialize(): void {
    invariant(this.#phase === "created", `initialize() in phase ${this.#phase}`);
    this.#phase = "initialized";
    this.#guarded("initializeState()", () => {
      const restored = this.#options.restored;
      if (restored?.operator !== undefined) this.operatorState.restore(restored.operator);
      if (this.keyedState !== undefined && restored?.keyed !== undefined) {
        this.keyedState.restore(restored.keyed, (meta, row) => this.timers.restoreRow(meta, row));
      }
      this.operator.initializeState();
    });
  }

  /** Opens the operator; records may follow. */
  open(): void {
    invariant(this.#phase === "initialized", `open() in phase ${this.#phase}`);
    this.#phase = "open";
    this.#guarded("open()", () => this.operator.open());
  }

  /** State as of now: what the operator holds in fields is written to state first. */
  snapshot(checkpointId: number): OperatorSubtaskState {
    return this.#guarded("snapshotState()", () => {
      this.operator.snapshotState(checkpointId);
      const operator = this.operatorState.snapshot();
      if (this.keyedState === undefined) return { operator };
      const extra = { metas: this.timers.snapshotMetas(), rows: this.timers.snapshotRows() };
      return { operator, keyed: [this.keyedState.snapshot(extra)] };
    });
  }

  /**
   * Ends the operator, also after a failure and, as in Flink, where open() was not reached; the second call does nothing.
   * A promise only where closing takes time.
   */
  close(): void | Promise<void> {
    if (this.#phase === "closed") return;
    this.#phase = "closed";
    this.timers.close();
    let closing: void | Promise<void> = undefined;
    try {
      closing = this.#guarded("close()", () => this.operator.close());
    } finally {
      if (closing === undefined) this.keyedState?.dispose();
    }
    if (closing === undefined) return;
    return Promise.resolve(closing).catch((error) => {
      throw wrapUserError(error, this.#options.reference, "close()");
    }).finally(() => this.keyedState?.dispose());
  }

  #guarded<R>(what: string, run: () => R): R {
    try {
      return run();
    } catch (error) {
      throw wrapUserError(error, this.#options.reference, what);
    }
  }

  /** Callbacks run outside the chain's own error handling, so errors are attributed here. */
  #processingTime(service: ProcessingTimeService): ProcessingTimeService {
    return {
      now: () => service.now(),
      registerTimer: (timestamp, callback) =>
        service.registerTimer(timestamp, (at) => this.#guarded("a processing-time timer", () => callback(at))),
    };
  }
}
