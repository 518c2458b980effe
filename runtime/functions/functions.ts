/**
 * The simple user functions. Each may be a plain function or an object with the method of the same name; an object may
 * also have `open` and `close` (see rich_function.ts). All are synchronous: a promise is refused by the type and, at
 * run time, by an error that names asyncMap and AsyncDataStream.
 *
 * @module
 */

import type { Lifecycle } from "./rich_function.ts";

/**
 * What a function without a result may return: nothing, or something that is ignored. Objects are left out, so that the
 * promise of an async function is a type error.
 */
export type NoResult = void | undefined | null | boolean | number | bigint | string;

/** Receives what a function emits; works only during the call it was given to. */
export interface Collector<T> {
  /** Emits one record. The value is copied at once, so the function may go on changing it. */
  collect(value: T): void;
}

/** One value in, one value out. */
export type MapFunction<T, R> = ((value: T) => R) | ({ map(value: T): R } & Lifecycle);
/** One value in, any number out: through the collector, or as a returned iterable object that is drawn lazily. */
export type FlatMapFunction<T, R> =
  | ((value: T, out: Collector<R>) => (Iterable<R> & object) | void)
  | ({
    flatMap(value: T, out: Collector<R>): (Iterable<R> & object) | void;
  } & Lifecycle);
/** Keeps the values for which it returns true. It must not change them: others may hold the same value. */
export type FilterFunction<T> = ((value: T) => boolean) | ({ filter(value: T): boolean } & Lifecycle);
/**
 * Combines two values into one of the same type.
 *
 * The plain form is written as a method's type, whose parameters are compared both ways: that makes streams covariant, so
 * that a `DataStream<string>` fits where a `DataStream<unknown>` is asked for.
 */
export type ReduceFunction<T> =
  | { call(left: T, right: T): T }["call"]
  | ({ reduce(left: T, right: T): T } & Lifecycle);
/** Takes the key out of a value. */
export type KeySelector<T, K> = (value: T) => K;

/**
 * Aggregates values through an accumulator.
 *
 * @example
 * ```ts
 * import { type AggregateFunction, StreamExecutionEnvironment } from "tsflink";
 *
 * const env = StreamExecutionEnvironment.getExecutionEnvironment();
 * const mean: AggregateFunction<number, [sum: number, count: number], number> = {
 *   createAccumulator: () => [0, 0],
 *   add: (n, [sum, count]) => [sum + n, count + 1],
 *   getResult: ([sum, count]) => sum / count,
 * };
 * console.assert((await env.fromData(1, 2, 3).countWindowAll(3).aggregate(mean).executeAndCollect()).join() === "2");
 * ```
 */
export interface AggregateFunction<IN, ACC, OUT> {
  /** An empty accumulator; called for each new key and window. */
  createAccumulator(): ACC;
  /** Returns the accumulator with the value added; may change and return the one given. */
  add(value: IN, accumulator: ACC): ACC;
  /** The result so far; does not change the accumulator. */
  getResult(accumulator: ACC): OUT;
  /** Needed for merging windows (sessions). */
  merge?(left: ACC, right: ACC): ACC;
  /** Promises that the order of adds and merges does not change the result; allows slices. Default false. */
  readonly mergeable?: boolean;
}

/** Joins two values. */
export type JoinFunction<L, R, OUT> = ((left: L, right: R) => OUT) | ({ join(left: L, right: R): OUT } & Lifecycle);
/**
 * Joins two values to any number.
 *
 * @example
 * ```ts
 * import { type Collector, StreamExecutionEnvironment, TumblingEventTimeWindows } from "tsflink";
 *
 * const env = StreamExecutionEnvironment.getExecutionEnvironment();
 * const at = (id: number) => env.fromData({ id }).assignTimestampsAndWatermarks({ timestamp: () => 0 });
 * const twice = at(1).join(at(1)).where("id").equalTo("id").window(TumblingEventTimeWindows.of("1 s")).apply({
 *   flatJoin(left, right, out: Collector<number>) {
 *     out.collect(left.id);
 *     out.collect(right.id);
 *   },
 * });
 * console.assert((await twice.executeAndCollect()).join() === "1,1");
 * ```
 */
export interface FlatJoinFunction<L, R, OUT> extends Lifecycle {
  /** Called for each pair. */
  flatJoin(left: L, right: R, out: Collector<OUT>): NoResult;
}
/** Sees all values of both sides with one key in one window. */
export type CoGroupFunction<L, R, OUT> =
  | ((left: Iterable<L>, right: Iterable<R>, out: Collector<OUT>) => NoResult)
  | ({ coGroup(left: Iterable<L>, right: Iterable<R>, out: Collector<OUT>): NoResult } & Lifecycle);

/**
 * Maps two connected streams to one, whose type is that of both results.
 *
 * @example
 * ```ts
 * import { StreamExecutionEnvironment } from "tsflink";
 *
 * const env = StreamExecutionEnvironment.getExecutionEnvironment();
 * const both = env.fromData(1).connect(env.fromData("x")).map({ map1: (n) => -n, map2: (text) => text + "!" });
 * console.assert((await both.executeAndCollect()).sort().join() === "-1,x!");
 * ```
 */
export interface CoMapFunction<A, B, R, Q = R> extends Lifecycle {
  /** For a value of the first stream. */
  map1(value: A): R;
  /** For a value of the second stream. */
  map2(value: B): Q;
}
/**
 * Maps two connected streams to any number of records of one stream, whose type is that of both results.
 *
 * @example
 * ```ts
 * import { StreamExecutionEnvironment } from "tsflink";
 *
 * const env = StreamExecutionEnvironment.getExecutionEnvironment();
 * const parts = env.fromData(2).connect(env.fromData("a b"))
 *   .flatMap({ flatMap1: (n) => [n, n], flatMap2: (text) => text.split(" ") });
 * console.assert((await parts.executeAndCollect()).length === 4);
 * ```
 */
export interface CoFlatMapFunction<A, B, R, Q = R> extends Lifecycle {
  /** For a value of the first stream. */
  flatMap1(value: A, out: Collector<R>): (Iterable<R> & object) | void;
  /** For a value of the second stream. */
  flatMap2(value: B, out: Collector<Q>): (Iterable<Q> & object) | void;
}

/** Sees a whole partition after its input has ended (fullWindowPartition). */
export type MapPartitionFunction<T, R> =
  | ((values: Iterable<T>, out: Collector<R>) => NoResult)
  | ({ mapPartition(values: Iterable<T>, out: Collector<R>): NoResult } & Lifecycle);
