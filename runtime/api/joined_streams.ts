/**
 * Window joins: records of two streams with equal keys in the same window.
 *
 * @module
 */

import type { CoGroupFunction, FlatJoinFunction, JoinFunction, KeySelector } from "../functions/functions.ts";
import type { Evictor, Trigger, Window, WindowAssigner } from "../functions/windowing/windows.ts";
import type { DurationLike } from "../types/duration.ts";
import type { TypeInformation } from "../types/type_information.ts";
import type { SingleOutputStreamOperator } from "./single_output_stream_operator.ts";
import type { FieldValue, FunctionOrFactory, KeyField, Synchronous, ValidKey } from "./stream_types.ts";

/** A record of one of two streams, as assigners, triggers and evictors of a join see it. */
export type TaggedUnion<L, R> = { readonly one: L; readonly two?: undefined } | {
  readonly one?: undefined;
  readonly two: R;
};

/**
 * A join: `left.join(right).where(keyOfLeft).equalTo(keyOfRight).window(assigner).apply(fn)`.
 *
 * @example
 * ```ts
 * import { StreamExecutionEnvironment, TumblingEventTimeWindows } from "tsflink";
 *
 * const env = StreamExecutionEnvironment.getExecutionEnvironment();
 * const orders = env.fromData({ id: 1, at: 10 }).assignTimestampsAndWatermarks({ timestamp: (order) => order.at });
 * const bills = env.fromData({ order: 1, at: 20 }).assignTimestampsAndWatermarks({ timestamp: (bill) => bill.at });
 * const paid = orders.join(bills).where("id").equalTo("order").window(TumblingEventTimeWindows.of("1 s"))
 *   .apply((order, bill) => `${order.id} after ${bill.at - order.at} ms`);
 * console.assert((await paid.executeAndCollect()).join() === "1 after 10 ms");
 * ```
 */
export interface JoinedStreams<out L, out R> {
  /** The key of the left stream: a function. */
  where<const K>(
    key: KeySelector<L, ValidKey<K>>,
    keyType?: TypeInformation<K>,
  ): JoinedWhere<L, R, K>;
  /** The key of the left stream: a field. */
  where<const F extends KeyField<L>, V extends FieldValue<L, F> = FieldValue<L, F>>(key: F): JoinedWhere<L, R, V>;
}
/** A join whose left key is known. */
export interface JoinedWhere<out L, out R, out K> {
  /** The key of the right stream, of the same type: a function. */
  equalTo<V extends K>(key: KeySelector<R, K>, keyType?: TypeInformation<V>): JoinedEqualTo<L, R, K>;
  /** The key of the right stream: a field of the same type. */
  equalTo<const F extends KeyField<R>>(key: F): JoinedEqualTo<L, R, K>;
}
/** A join whose keys are known. */
export interface JoinedEqualTo<out L, out R, out K> {
  /** The windows in which records meet. */
  window<W extends Window>(assigner: WindowAssigner<TaggedUnion<L, R>, W>): WindowedJoin<L, R, K, W>;
}
/** A join whose windows are known; each setter gives a new one. */
export interface WindowedJoin<out L, out R, out K, W extends Window> {
  /** Replaces the assigner's own trigger. */
  trigger(trigger: Trigger<TaggedUnion<L, R>, W>): WindowedJoin<L, R, K, W>;
  /** Removes records before or after evaluation. */
  // deno-lint-ignore no-explicit-any -- an evictor for any record is one for these
  evictor(evictor: Evictor<TaggedUnion<L, R>, W> | Evictor<any, Window>): WindowedJoin<L, R, K, W>;
  /** How long after its end a window takes late records. Default 0. */
  allowedLateness(lateness: DurationLike): WindowedJoin<L, R, K, W>;
  /** Calls the function for each pair of records; pairs only, so it is an inner join. */
  apply<O>(
    fn: FunctionOrFactory<JoinFunction<L, R, O>> & Synchronous<O>,
  ): SingleOutputStreamOperator<O>;
  /** Calls the function for each pair; it emits any number of results. */
  apply<O>(fn: FunctionOrFactory<FlatJoinFunction<L, R, O>>): SingleOutputStreamOperator<O>;
}

/**
 * A coGroup: like {@link JoinedStreams}, but the function sees both sides of a key and window at once.
 *
 * @example
 * ```ts
 * import { type Collector, StreamExecutionEnvironment, TumblingEventTimeWindows } from "tsflink";
 *
 * const env = StreamExecutionEnvironment.getExecutionEnvironment();
 * const at = (...ids: number[]) => env.fromData(ids).assignTimestampsAndWatermarks({ timestamp: () => 0 });
 * const counts = at(1, 2).coGroup(at(2, 2))
 *   .where((id) => id).equalTo((id) => id).window(TumblingEventTimeWindows.of("1 s"))
 *   .apply((left, right, out: Collector<string>) => out.collect(`${[...left].length}:${[...right].length}`));
 * console.assert((await counts.executeAndCollect()).sort().join() === "1:0,1:2");
 * ```
 */
export interface CoGroupedStreams<out L, out R> {
  /** The key of the left stream: a function. */
  where<const K>(
    key: KeySelector<L, ValidKey<K>>,
    keyType?: TypeInformation<K>,
  ): CoGroupedWhere<L, R, K>;
  /** The key of the left stream: a field. */
  where<const F extends KeyField<L>, V extends FieldValue<L, F> = FieldValue<L, F>>(key: F): CoGroupedWhere<L, R, V>;
}
/** A coGroup whose left key is known. */
export interface CoGroupedWhere<out L, out R, out K> {
  /** The key of the right stream, of the same type: a function. */
  equalTo<V extends K>(key: KeySelector<R, K>, keyType?: TypeInformation<V>): CoGroupedEqualTo<L, R, K>;
  /** The key of the right stream: a field of the same type. */
  equalTo<const F extends KeyField<R>>(key: F): CoGroupedEqualTo<L, R, K>;
}
/** A coGroup whose keys are known. */
export interface CoGroupedEqualTo<out L, out R, out K> {
  /** The windows in which records meet. */
  window<W extends Window>(assigner: WindowAssigner<TaggedUnion<L, R>, W>): WindowedCoGroup<L, R, K, W>;
}
/** A coGroup whose windows are known; each setter gives a new one. */
export interface WindowedCoGroup<out L, out R, out K, W extends Window> {
  /** Replaces the assigner's own trigger. */
  trigger(trigger: Trigger<TaggedUnion<L, R>, W>): WindowedCoGroup<L, R, K, W>;
  /** Removes records before or after evaluation. */
  // deno-lint-ignore no-explicit-any -- an evictor for any record is one for these
  evictor(evictor: Evictor<TaggedUnion<L, R>, W> | Evictor<any, Window>): WindowedCoGroup<L, R, K, W>;
  /** How long after its end a window takes late records. Default 0. */
  allowedLateness(lateness: DurationLike): WindowedCoGroup<L, R, K, W>;
  /** Calls the function once per key and window with the records of both sides; either side may be empty. */
  apply<O>(fn: FunctionOrFactory<CoGroupFunction<L, R, O>>): SingleOutputStreamOperator<O>;
}
