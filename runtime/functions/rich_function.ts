/**
 * The life cycle of a user function and what it can see of the task it runs in.
 *
 * @module
 */

import { JobExecutionError } from "../errors.ts";
import type { MetricGroup } from "../metrics/metric_group.ts";
import type { Accumulator, AccumulatorResult } from "./accumulators.ts";
import type { CheckpointedFunction, CheckpointListener, KeyedStateStore } from "./checkpointed_function.ts";
import type { NoResult } from "./functions.ts";
import type {
  AggregatingState,
  AggregatingStateDescriptor,
  ListState,
  ListStateDescriptor,
  MapState,
  MapStateDescriptor,
  ReducingState,
  ReducingStateDescriptor,
  StateDeclarations,
  ValueState,
  ValueStateDescriptor,
} from "./state_descriptor.ts";

/** Where a subtask stands. */
export interface TaskInfo {
  /** Name of the operator. */
  readonly taskName: string;
  /** Task name with "(index + 1/parallelism)#attempt", as in logs. */
  readonly taskNameWithSubtasks: string;
  /** From 0. */
  readonly indexOfThisSubtask: number;
  /** Parallelism of the operator. */
  readonly numberOfParallelSubtasks: number;
  /** Number of key groups. */
  readonly maxNumberOfParallelSubtasks: number;
  /** From 0; counts restarts. */
  readonly attemptNumber: number;
  /** Id of the slot. */
  readonly allocationId: string;
}

/** The job a subtask belongs to. */
export interface JobInfo {
  /** 32 hex digits. */
  readonly jobId: string;
  /** As given to execute(). */
  readonly jobName: string;
}

/** What a function can see of the task it runs in. */
export interface RuntimeContext extends KeyedStateStore {
  /** Where the subtask stands. */
  getTaskInfo(): TaskInfo;
  /** The job it belongs to. */
  getJobInfo(): JobInfo;
  /** Metrics of the operator; add your own. */
  getMetricGroup(): MetricGroup;
  /** Job parameters set by `env.getConfig().setGlobalJobParameters`. */
  getGlobalJobParameters(): Readonly<Record<string, string>>;
  /** Whether values are passed on without a copy. */
  isObjectReuseEnabled(): boolean;

  /** A value per key. */
  getState<T>(descriptor: ValueStateDescriptor<T>): ValueState<T>;
  /** A list per key. */
  getListState<T>(descriptor: ListStateDescriptor<T>): ListState<T>;
  /** A map per key. */
  getMapState<UK, UV>(descriptor: MapStateDescriptor<UK, UV>): MapState<UK, UV>;
  /** A value per key, combined by a reduce function. */
  getReducingState<T>(descriptor: ReducingStateDescriptor<T>): ReducingState<T>;
  /** An accumulator per key. */
  getAggregatingState<IN, ACC, OUT>(descriptor: AggregatingStateDescriptor<IN, ACC, OUT>): AggregatingState<IN, OUT>;

  /** Adds an accumulator whose merged result comes with the job's. @throws JobExecutionError TSF-2020 for a name used twice. */
  addAccumulator(name: string, accumulator: Accumulator<never, unknown>): void;
  /** The accumulator of that name in this subtask. */
  getAccumulator<V, R extends AccumulatorResult>(name: string): Accumulator<V, R> | undefined;
  /** A counter of that name, made on first use. */
  getIntCounter(name: string): Accumulator<number, number>;
  /** A counter of that name, made on first use. */
  getLongCounter(name: string): Accumulator<number, number>;
  /** A sum of that name, made on first use. */
  getDoubleCounter(name: string): Accumulator<number, number>;
  /** A histogram of that name, made on first use. */
  getHistogram(name: string): Accumulator<number, ReadonlyMap<number, number>>;

  /** The content of a file registered by `env.registerCachedFile`. */
  getDistributedCache(): DistributedCache;
  /** The clock of the task, in ms since the epoch; manual in tests. */
  currentProcessingTime(): number;
}

/** Files registered with the environment, readable in every subtask. */
export interface DistributedCache {
  /**
   * A registered file by its name, whole.
   *
   * @throws JobExecutionError TSF-2030 when no file of that name was registered.
   */
  getFile(name: string): { readonly path: string; text(): string; bytes(): Uint8Array };
}

/**
 * The optional life cycle of every user function object. Order of calls: `initializeState`, `open`, records with
 * `snapshotState` and notifications in between, `close`.
 */
export interface Lifecycle extends Partial<CheckpointedFunction>, Partial<CheckpointListener> {
  /** Called once before the first record. */
  open?(context: RuntimeContext): NoResult;
  /** Called once after the last record, also after a failure; as in Flink even when `open` was not reached. */
  close?(): NoResult;
  /** State known before the first record; the key of the record is the state's name. */
  readonly state?: StateDeclarations;
}

/** Key under which the engine hands a rich function its context; not a `#field`, so that copies per subtask work. */
export const RUNTIME_CONTEXT: unique symbol = Symbol.for("tsflink.runtimeContext") as never;

/**
 * Base of function classes that need their life cycle or the {@link RuntimeContext}.
 *
 * @example
 * ```ts
 * import { RichFunction } from "tsflink";
 *
 * class Doubling extends RichFunction {
 *   private factor = 1;
 *   override open() {
 *     this.factor = 2;
 *   }
 *   map(n: number) {
 *     return n * this.factor;
 *   }
 * }
 * const doubling = new Doubling();
 * doubling.open();
 * console.assert(doubling.map(3) === 6);
 * ```
 */
export abstract class RichFunction implements Lifecycle {
  /** Set by the engine before `initializeState`; read with `getRuntimeContext()`. */
  declare [RUNTIME_CONTEXT]?: RuntimeContext;
  /** Called once before the first record. */
  open(_context: RuntimeContext): void {}
  /** Called once at the end. */
  close(): void {}
  /**
   * The context of this subtask.
   *
   * @throws JobExecutionError TSF-2031 before `initializeState` and `open`: in the constructor.
   */
  getRuntimeContext(): RuntimeContext {
    const context = this[RUNTIME_CONTEXT];
    if (context === undefined) {
      throw new JobExecutionError("TSF-2031", "getRuntimeContext() was called before open()", {
        expected: "a call in open() or later",
        hint: "Move the call from the constructor to open().",
      });
    }
    return context;
  }
}

/**
 * A map function with life cycle.
 *
 * @example
 * ```ts
 * import { RichMapFunction, StreamExecutionEnvironment } from "tsflink";
 *
 * const env = StreamExecutionEnvironment.getExecutionEnvironment();
 * class Where extends RichMapFunction<number, string> {
 *   map(n: number) {
 *     return `${n} in subtask ${this.getRuntimeContext().getTaskInfo().indexOfThisSubtask}`;
 *   }
 * }
 * console.assert((await env.fromData(1).map(new Where()).executeAndCollect()).join() === "1 in subtask 0");
 * ```
 */
export abstract class RichMapFunction<T, R> extends RichFunction {
  /** One value in, one value out. */
  abstract map(value: T): R;
}
/**
 * A flatMap function with life cycle.
 *
 * @example
 * ```ts
 * import { type Collector, RichFlatMapFunction, StreamExecutionEnvironment } from "tsflink";
 *
 * const env = StreamExecutionEnvironment.getExecutionEnvironment();
 * class Words extends RichFlatMapFunction<string, string> {
 *   flatMap(line: string, out: Collector<string>) {
 *     for (const word of line.split(" ")) out.collect(word);
 *   }
 * }
 * console.assert((await env.fromData("a b").flatMap(new Words()).executeAndCollect()).length === 2);
 * ```
 */
export abstract class RichFlatMapFunction<T, R> extends RichFunction {
  /** One value in, any number out: returned, or through the collector. */
  abstract flatMap(value: T, out: import("./functions.ts").Collector<R>): (Iterable<R> & object) | void;
}
/**
 * A filter function with life cycle.
 *
 * @example
 * ```ts
 * import { RichFilterFunction, StreamExecutionEnvironment } from "tsflink";
 *
 * const env = StreamExecutionEnvironment.getExecutionEnvironment();
 * class Dropped extends RichFilterFunction<number> {
 *   filter(n: number) {
 *     if (n < 0) this.getRuntimeContext().getIntCounter("negative").add(1);
 *     return n >= 0;
 *   }
 * }
 * env.fromData(1, -1).filter(new Dropped()).print();
 * console.assert((await env.execute()).getAccumulatorResult("negative") === 1);
 * ```
 */
export abstract class RichFilterFunction<T> extends RichFunction {
  /** True for values that stay. */
  abstract filter(value: T): boolean;
}
/**
 * A reduce function with life cycle.
 *
 * @example
 * ```ts
 * import { RichReduceFunction, StreamExecutionEnvironment } from "tsflink";
 *
 * const env = StreamExecutionEnvironment.getExecutionEnvironment();
 * class Longest extends RichReduceFunction<string> {
 *   reduce(left: string, right: string) {
 *     return right.length > left.length ? right : left;
 *   }
 * }
 * const longest = env.fromData("a", "abc", "ab").keyBy(() => "all").reduce(new Longest());
 * console.assert((await longest.executeAndCollect()).join() === "a,abc,abc");
 * ```
 */
export abstract class RichReduceFunction<T> extends RichFunction {
  /** Combines two values. */
  abstract reduce(left: T, right: T): T;
}
/**
 * A CoMap function with life cycle.
 *
 * @example
 * ```ts
 * import { RichCoMapFunction, StreamExecutionEnvironment } from "tsflink";
 *
 * const env = StreamExecutionEnvironment.getExecutionEnvironment();
 * class Texts extends RichCoMapFunction<number, boolean, string> {
 *   map1(n: number) {
 *     return `n ${n}`;
 *   }
 *   map2(flag: boolean) {
 *     return `flag ${flag}`;
 *   }
 * }
 * const texts = await env.fromData(1).connect(env.fromData(true)).map(new Texts()).executeAndCollect();
 * console.assert(texts.sort().join() === "flag true,n 1");
 * ```
 */
export abstract class RichCoMapFunction<A, B, R> extends RichFunction {
  /** For a value of the first stream. */
  abstract map1(value: A): R;
  /** For a value of the second stream. */
  abstract map2(value: B): R;
}
/**
 * A CoFlatMap function with life cycle.
 *
 * @example
 * ```ts
 * import { RichCoFlatMapFunction, StreamExecutionEnvironment } from "tsflink";
 *
 * const env = StreamExecutionEnvironment.getExecutionEnvironment();
 * class Digits extends RichCoFlatMapFunction<number, string, string> {
 *   flatMap1(n: number) {
 *     return [...String(n)];
 *   }
 *   flatMap2(text: string) {
 *     return text.split(",");
 *   }
 * }
 * const digits = await env.fromData(12).connect(env.fromData("3,4")).flatMap(new Digits()).executeAndCollect();
 * console.assert(digits.sort().join() === "1,2,3,4");
 * ```
 */
export abstract class RichCoFlatMapFunction<A, B, R> extends RichFunction {
  /** For a value of the first stream. */
  abstract flatMap1(value: A, out: import("./functions.ts").Collector<R>): (Iterable<R> & object) | void;
  /** For a value of the second stream. */
  abstract flatMap2(value: B, out: import("./functions.ts").Collector<R>): (Iterable<R> & object) | void;
}

/** Marks a factory: every subtask gets an object of its own. */
export const PER_SUBTASK: unique symbol = Symbol.for("tsflink.perSubtask") as never;
/** A factory of functions; see {@link perSubtask}. */
export interface FunctionFactory<F> {
  /** Makes the object of one subtask. */
  readonly [PER_SUBTASK]: () => F;
}

/**
 * Gives every subtask a function object of its own, made where it runs. Needed for objects that cannot be copied:
 * with `#private` fields, open handles, closures over themselves.
 *
 * @example
 * ```ts
 * import { perSubtask } from "tsflink";
 *
 * class Numbered { #n = 0; map(v: string) { return `${++this.#n} ${v}`; } }
 * const numbered = perSubtask(() => new Numbered());
 * console.assert(typeof numbered === "object");
 * ```
 */
export function perSubtask<F>(create: () => F): FunctionFactory<F> {
  return { [PER_SUBTASK]: create };
}
