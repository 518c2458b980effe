/**
 * The whole input of a subtask, or of a key, as one window that ends with the bounded input.
 *
 * @module
 */

import type { AggregateFunction, KeySelector, MapPartitionFunction, ReduceFunction } from "../functions/functions.ts";
import type { SingleOutputStreamOperator } from "./single_output_stream_operator.ts";
import type { ComparableField, FunctionOrFactory, Synchronous, ValidKey } from "./stream_types.ts";

/** Which way to sort. */
export type Order = "ASCENDING" | "DESCENDING";

/**
 * A stream whose partitions are each seen whole. Of a keyed stream the partitions are the keys, otherwise the subtasks.
 *
 * @example
 * ```ts
 * import { StreamExecutionEnvironment } from "tsflink";
 *
 * const env = StreamExecutionEnvironment.getExecutionEnvironment();
 * const sorted = env.fromData({ n: 3 }, { n: 1 }, { n: 2 }).fullWindowPartition().sortPartition("n", "ASCENDING");
 * console.assert((await sorted.map((row) => row.n).executeAndCollect()).join() === "1,2,3");
 * ```
 */
export interface PartitionWindowedStream<out T> {
  /** Sees all records of a partition. */
  mapPartition<R>(fn: FunctionOrFactory<MapPartitionFunction<T, R>>): SingleOutputStreamOperator<R>;
  /** Combines all records of a partition to one. */
  reduce(reducer: FunctionOrFactory<ReduceFunction<T>>): SingleOutputStreamOperator<T>;
  /** Aggregates all records of a partition to one result. */
  aggregate<ACC, R>(
    aggregator: FunctionOrFactory<AggregateFunction<T, ACC, R>> & Synchronous<R>,
  ): SingleOutputStreamOperator<R>;
  /** Sorts the records of a partition by a field; equal ones keep their order. */
  sortPartition<const F extends ComparableField<T>>(field: F, order: Order): SingleOutputStreamOperator<T>;
  /** Sorts the records of a partition by what a function gives; equal ones keep their order. */
  sortPartition<K>(selector: KeySelector<T, ValidKey<K>>, order: Order): SingleOutputStreamOperator<T>;
}
