/**
 * What a rich function sees of its task: state, accumulators, cached files, metrics, task and job.
 *
 * State handles fetched here may be kept (Flink's way: fetched in open(), used in every call); they act on the key of the
 * running call and fail with TSF-2003 when no call of the function runs.
 * Who calls: operator_runtime.ts makes one per operator instance.
 *
 * @module
 */

import { JobExecutionError, type OperatorReference } from "../errors.ts";
import {
  type Accumulator,
  type AccumulatorResult,
  DoubleCounter,
  Histogram,
  IntCounter,
  LongCounter,
} from "../functions/accumulators.ts";
import type { DistributedCache, JobInfo, RuntimeContext, TaskInfo } from "../functions/rich_function.ts";
import type {
  AggregatingState,
  AggregatingStateDescriptor,
  ListState,
  ListStateDescriptor,
  MapState,
  MapStateDescriptor,
  ReducingState,
  ReducingStateDescriptor,
  StateDescriptor,
  ValueState,
  ValueStateDescriptor,
} from "../functions/state_descriptor.ts";
import type { MetricGroup } from "../metrics/metric_group.ts";
import type { LocalFiles } from "../seams/local_files.ts";
import type { KeyedStateBackend } from "../state/keyed_state_backend.ts";
import { ANY_CALL, CallScope } from "./call_scope.ts";
import { guardState, KeyedStateSource } from "./guarded_state.ts";
import type { OperatorConfig, OperatorContext, ProcessingTimeService } from "./operator.ts";

/** Accumulators of a task by name; shared by all operators of its chain. */
// deno-lint-ignore no-explicit-any -- values and results differ per accumulator
export type TaskAccumulators = Map<string, Accumulator<any, any>>;

/** Parts of an {@link OperatorRuntimeContext}. */
export interface RuntimeContextParts {
  readonly operator: OperatorReference;
  readonly taskInfo: TaskInfo;
  readonly jobInfo: JobInfo;
  readonly config: OperatorConfig;
  readonly metrics: MetricGroup;
  readonly files: LocalFiles;
  readonly processingTime: ProcessingTimeService;
  readonly keyedState: KeyedStateBackend | undefined;
  readonly accumulators: TaskAccumulators;
  /** Path of each file registered by `env.registerCachedFile`, by its name. */
  readonly cachedFiles: ReadonlyMap<string, string>;
}

/** The {@link RuntimeContext} of one operator instance. */
export class OperatorRuntimeContext implements RuntimeContext {
  readonly #parts: RuntimeContextParts;
  /** The calls of user code of this operator. */
  readonly calls: CallScope;
  readonly #handles = new Map<string, unknown>();

  constructor(parts: RuntimeContextParts) {
    this.#parts = parts;
    this.calls = new CallScope(parts.operator);
  }

  getTaskInfo(): TaskInfo {
    return this.#parts.taskInfo;
  }
  getJobInfo(): JobInfo {
    return this.#parts.jobInfo;
  }
  getMetricGroup(): MetricGroup {
    return this.#parts.metrics;
  }
  getGlobalJobParameters(): Readonly<Record<string, string>> {
    return this.#parts.config.globalJobParameters;
  }
  isObjectReuseEnabled(): boolean {
    return this.#parts.config.objectReuse;
  }
  currentProcessingTime(): number {
    return this.#parts.processingTime.now();
  }

  getState<T>(descriptor: ValueStateDescriptor<T>): ValueState<T> {
    return this.#state(descriptor);
  }
  getListState<T>(descriptor: ListStateDescriptor<T>): ListState<T> {
    return this.#state(descriptor);
  }
  getMapState<UK, UV>(descriptor: MapStateDescriptor<UK, UV>): MapState<UK, UV> {
    return this.#state(descriptor);
  }
  getReducingState<T>(descriptor: ReducingStateDescriptor<T>): ReducingState<T> {
    return this.#state(descriptor);
  }
  getAggregatingState<IN, ACC, OUT>(descriptor: AggregatingStateDescriptor<IN, ACC, OUT>): AggregatingState<IN, OUT> {
    return this.#state(descriptor);
  }

  #state<H>(descriptor: StateDescriptor): H {
    const backend = requireKeyedState(this.#parts.keyedState, descriptor.name, this.#parts.operator);
    const raw = backend.state<object>(descriptor);
    let handle = this.#handles.get(descriptor.name);
    if (handle === undefined) {
      handle = guardState(new KeyedStateSource(descriptor, raw, this.calls), ANY_CALL);
      this.#handles.set(descriptor.name, handle);
    }
    return handle as H;
  }

  addAccumulator(name: string, accumulator: Accumulator<never, unknown>): void {
    const { accumulators, operator } = this.#parts;
    if (accumulators.has(name)) {
      throw new JobExecutionError("TSF-2020", `The accumulator "${name}" already exists and cannot be added`, {
        operator,
        hint: "Accumulator names are shared by all functions of a task; use another name.",
      });
    }
    accumulators.set(name, accumulator);
  }
  getAccumulator<V, R extends AccumulatorResult>(name: string): Accumulator<V, R> | undefined {
    return this.#parts.accumulators.get(name);
  }
  getIntCounter(name: string): Accumulator<number, number> {
    return this.#accumulator(name, IntCounter);
  }
  getLongCounter(name: string): Accumulator<number, number> {
    return this.#accumulator(name, LongCounter);
  }
  getDoubleCounter(name: string): Accumulator<number, number> {
    return this.#accumulator(name, DoubleCounter);
  }
  getHistogram(name: string): Accumulator<number, ReadonlyMap<number, number>> {
    return this.#accumulator(name, Histogram);
  }

  #accumulator<A extends Accumulator<unknown, unknown>>(name: string, kind: new () => A): A {
    const found = this.#parts.accumulators.get(name);
    // Counters derive from each other, but as in Flink a name belongs to one class.
    if (found?.constructor === kind) return found as A;
    if (found !== undefined) {
      throw new JobExecutionError("TSF-2020", `The accumulator "${name}" is of another class`, {
        expected: kind.name,
        found: found.constructor.name,
        operator: this.#parts.operator,
      });
    }
    const made = new kind();
    this.#parts.accumulators.set(name, made);
    return made;
  }

  getDistributedCache(): DistributedCache {
    const { cachedFiles, files, operator } = this.#parts;
    return {
      getFile: (name) => {
        const path = cachedFiles.get(name);
        if (path === undefined) {
          throw new JobExecutionError("TSF-2030", `No cached file "${name}"`, {
            expected: cachedFiles.size === 0
              ? "a file registered with env.registerCachedFile"
              : [...cachedFiles.keys()].join(", "),
            found: name,
            operator,
          });
        }
        return {
          path,
          bytes: () => files.readAllSync(path),
          text: () => new TextDecoder().decode(files.readAllSync(path)),
        };
      },
    };
  }
}

/** The scope of calls of an operator, shared by its collector, contexts and state handles. */
export function callScopeOf(context: OperatorContext): CallScope {
  return context.runtime instanceof OperatorRuntimeContext ? context.runtime.calls : new CallScope(context.operator);
}

/** @throws JobExecutionError TSF-2004 on a stream that is not keyed. */
export function requireKeyedState(
  backend: KeyedStateBackend | undefined,
  name: string,
  operator: OperatorReference,
): KeyedStateBackend {
  if (backend !== undefined) return backend;
  throw new JobExecutionError("TSF-2004", `Keyed state "${name}" was asked for on a stream that is not keyed`, {
    expected: "a keyed stream",
    found: "a stream without key",
    operator,
    hint: "Keyed state can only be used after keyBy(); call keyBy() before this operator.",
  });
}
