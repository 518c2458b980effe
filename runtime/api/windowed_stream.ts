/**
 * Windows of a keyed stream, before the function that evaluates them.
 *
 * @module
 */

import type { AggregateFunction, ReduceFunction } from "../functions/functions.ts";
import type { OutputTag } from "../functions/output_tag.ts";
import type { ProcessWindow, WindowFunction } from "../functions/process_function.ts";
import type { Evictor, Trigger, Window } from "../functions/windowing/windows.ts";
import type { DurationLike } from "../types/duration.ts";
import type { StreamExecutionEnvironment } from "./environment.ts";
import type { SingleOutputStreamOperator } from "./single_output_stream_operator.ts";
import type { ComparableField, FunctionOrFactory, NumericField, ObjectOrFactory, Synchronous } from "./stream_types.ts";

/**
 * Windows of type `W` over records of type `T` with keys of type `K`. Set trigger, evictor and lateness first, then say
 * how a window is evaluated.

 *
 * @example
 * ```ts
 * import { CountTrigger, GlobalWindows, PurgingTrigger, StreamExecutionEnvironment } from "tsflink";
 *
 * const env = StreamExecutionEnvironment.getExecutionEnvironment();
 * const pairs = env.fromData(1, 2, 3, 4).keyBy(() => "all")
 *   .window(GlobalWindows.create())
 *   .trigger(PurgingTrigger.of(CountTrigger.of(2)))
 *   .reduce((a, b) => a + b);
 * console.assert((await pairs.executeAndCollect()).join() === "3,7");
 * ```
 */
export interface WindowedStream<out T, out K, W extends Window> {
  /** The environment the stream belongs to. */
  getExecutionEnvironment(): StreamExecutionEnvironment;
  /**
   * Replaces the assigner's own trigger.
   *
   * @throws InvalidProgramError TSF-1702 when windows merge and the trigger cannot.
   */
  trigger(trigger: Trigger<T, W>): WindowedStream<T, K, W>;
  /** Removes records before or after evaluation; turns pre-aggregation off. */
  // deno-lint-ignore no-explicit-any -- an evictor for any record is one for T, though it also returns records
  evictor(evictor: Evictor<T, W> | Evictor<any, Window>): WindowedStream<T, K, W>;
  /**
   * How long after its end a window takes late records, each of which evaluates it again. Default 0.
   *
   * @throws InvalidProgramError TSF-1703 when it is negative.
   */
  allowedLateness(lateness: DurationLike): WindowedStream<T, K, W>;
  /** Sends records that come too late for every window to a side output instead of dropping them. */
  sideOutputLateData(tag: OutputTag<T>): WindowedStream<T, K, W>;

  /**
   * Combines the records of a window two by two as they come.
   */
  reduce(reducer: FunctionOrFactory<ReduceFunction<T>>): SingleOutputStreamOperator<T>;
  /** Combines the records of a window two by two and hands the one result to a window function. */
  reduce<R>(
    reducer: FunctionOrFactory<ReduceFunction<T>>,
    windowFunction: FunctionOrFactory<ProcessWindow<T, R, K, W> | WindowFunction<T, R, K, W>>,
  ): SingleOutputStreamOperator<R>;
  /**
   * Aggregates the records of a window as they come.
   *
   * @example
   * ```ts
   * import { type Collector, StreamExecutionEnvironment } from "tsflink";
   *
   * const env = StreamExecutionEnvironment.getExecutionEnvironment();
   * const means = env.fromData(1, 3, 5, 7).keyBy((n) => n % 2 === 1).countWindow(2).aggregate(
   *   {
   *     createAccumulator: () => ({ sum: 0, count: 0 }),
   *     add: (n, mean) => ({ sum: mean.sum + n, count: mean.count + 1 }),
   *     getResult: (mean) => mean.sum / mean.count,
   *   },
   *   (key, _window, [mean], out: Collector<string>) => out.collect(`${key} ${mean}`),
   * );
   * console.assert((await means.executeAndCollect()).join() === "true 2,true 6");
   * ```
   */
  aggregate<ACC, R>(
    aggregator: FunctionOrFactory<AggregateFunction<T, ACC, R>> & Synchronous<R>,
  ): SingleOutputStreamOperator<R>;
  /** Aggregates the records of a window and hands the one result to a window function. */
  aggregate<ACC, V, R>(
    aggregator: FunctionOrFactory<AggregateFunction<T, ACC, V>> & Synchronous<V>,
    windowFunction: FunctionOrFactory<ProcessWindow<V, R, K, W> | WindowFunction<V, R, K, W>>,
  ): SingleOutputStreamOperator<R>;
  /** Sees all records of a window at once, with the window, clocks, state and side outputs. */
  process<R>(fn: ObjectOrFactory<ProcessWindow<T, R, K, W>>): SingleOutputStreamOperator<R>;
  /** Sees all records of a window at once; Flink's older form without a context. */
  apply<R>(fn: FunctionOrFactory<WindowFunction<T, R, K, W>>): SingleOutputStreamOperator<R>;

  /** The sum of a field over the window; other fields are those of the first record. */
  sum<const F extends NumericField<T>>(field: F): SingleOutputStreamOperator<T>;
  /** The smallest value of a field in the window; other fields are those of the first record. */
  min<const F extends NumericField<T>>(field: F): SingleOutputStreamOperator<T>;
  /** The largest value of a field in the window; other fields are those of the first record. */
  max<const F extends NumericField<T>>(field: F): SingleOutputStreamOperator<T>;
  /** The record with the smallest value of a field; of equal ones the first (default) or the last. */
  minBy<const F extends ComparableField<T>>(field: F, first?: boolean): SingleOutputStreamOperator<T>;
  /** The record with the largest value of a field; of equal ones the first (default) or the last. */
  maxBy<const F extends ComparableField<T>>(field: F, first?: boolean): SingleOutputStreamOperator<T>;
}
