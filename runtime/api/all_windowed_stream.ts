/**
 * Windows over a whole stream, before the function that evaluates them. Everything behind runs with parallelism 1.
 *
 * @module
 */

import type { AggregateFunction, ReduceFunction } from "../functions/functions.ts";
import type { OutputTag } from "../functions/output_tag.ts";
import type { AllWindowFunction, ProcessAllWindow } from "../functions/process_function.ts";
import type { Evictor, Trigger, Window } from "../functions/windowing/windows.ts";
import type { DurationLike } from "../types/duration.ts";
import type { StreamExecutionEnvironment } from "./environment.ts";
import type { SingleOutputStreamOperator } from "./single_output_stream_operator.ts";
import type { ComparableField, FunctionOrFactory, NumericField, ObjectOrFactory, Synchronous } from "./stream_types.ts";

/**
 * Windows of type `W` over all records of a stream; see {@link WindowedStream} for the same per key.
 *
 * @example
 * ```ts
 * import { StreamExecutionEnvironment } from "tsflink";
 *
 * const env = StreamExecutionEnvironment.getExecutionEnvironment();
 * const pairs = env.fromData(1, 2, 3, 4).countWindowAll(2).reduce((a, b) => a + b);
 * console.assert((await pairs.executeAndCollect()).join() === "3,7");
 * ```
 */
export interface AllWindowedStream<out T, W extends Window> {
  /** The environment the stream belongs to. */
  getExecutionEnvironment(): StreamExecutionEnvironment;
  /** Replaces the assigner's own trigger. @throws InvalidProgramError TSF-1702 when windows merge and it cannot. */
  trigger(trigger: Trigger<T, W>): AllWindowedStream<T, W>;
  /** Removes records before or after evaluation; turns pre-aggregation off. */
  // deno-lint-ignore no-explicit-any -- an evictor for any record is one for T, though it also returns records
  evictor(evictor: Evictor<T, W> | Evictor<any, Window>): AllWindowedStream<T, W>;
  /** How long after its end a window takes late records. @throws InvalidProgramError TSF-1703 when negative. */
  allowedLateness(lateness: DurationLike): AllWindowedStream<T, W>;
  /** Sends records that come too late for every window to a side output. */
  sideOutputLateData(tag: OutputTag<T>): AllWindowedStream<T, W>;

  /** Combines the records of a window two by two as they come. */
  reduce(reducer: FunctionOrFactory<ReduceFunction<T>>): SingleOutputStreamOperator<T>;
  /** Combines the records of a window two by two and hands the one result to a window function. */
  reduce<R>(
    reducer: FunctionOrFactory<ReduceFunction<T>>,
    windowFunction: FunctionOrFactory<ProcessAllWindow<T, R, W> | AllWindowFunction<T, R, W>>,
  ): SingleOutputStreamOperator<R>;
  /** Aggregates the records of a window as they come. */
  aggregate<ACC, R>(
    aggregator: FunctionOrFactory<AggregateFunction<T, ACC, R>> & Synchronous<R>,
  ): SingleOutputStreamOperator<R>;
  /** Aggregates the records of a window and hands the one result to a window function. */
  aggregate<ACC, V, R>(
    aggregator: FunctionOrFactory<AggregateFunction<T, ACC, V>> & Synchronous<V>,
    windowFunction: FunctionOrFactory<ProcessAllWindow<V, R, W> | AllWindowFunction<V, R, W>>,
  ): SingleOutputStreamOperator<R>;
  /** Sees all records of a window at once, with the window, clocks, state and side outputs. */
  process<R>(fn: ObjectOrFactory<ProcessAllWindow<T, R, W>>): SingleOutputStreamOperator<R>;
  /** Sees all records of a window at once; Flink's older form without a context. */
  apply<R>(fn: FunctionOrFactory<AllWindowFunction<T, R, W>>): SingleOutputStreamOperator<R>;

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
