/**
 * A stream of records and what can be made of it. The interface carries the documentation; recorded/ implements it by
 * recording a Transformation per call, with names, parallelism and chaining as in docs/graph.md.
 *
 * @module
 */

import type { Transformation } from "../graph/transformation.ts";
import type { StreamOperatorFactory } from "../operators/operator.ts";
import type { FilterFunction, FlatMapFunction, KeySelector, MapFunction } from "../functions/functions.ts";
import type { Partitioner } from "../functions/partitioner.ts";
import type { FunctionFactory, Lifecycle } from "../functions/rich_function.ts";
import type { NoState, Process } from "../functions/process_function.ts";
import type { Sink } from "../functions/sink.ts";
import type { MapStateDescriptor, StateDeclarations } from "../functions/state_descriptor.ts";
import type { WatermarkStrategyOptions } from "../functions/watermarks/watermark_strategy.ts";
import type { WatermarkStrategy } from "../functions/watermarks/watermark_strategies.ts";
import type { GlobalWindow } from "../functions/windowing/window_assigners.ts";
import type { Window, WindowAssigner } from "../functions/windowing/windows.ts";
import type { TypeInformation } from "../types/type_information.ts";
import type { AllWindowedStream } from "./all_windowed_stream.ts";
import type { AsyncMapOptions } from "./async_data_stream.ts";
import type { BroadcastConnectedStream, BroadcastStream } from "./broadcast_connected_stream.ts";
import type { ConnectedStreams } from "./connected_streams.ts";
import type { StreamExecutionEnvironment } from "./environment.ts";
import type { CollectResult } from "./execute_and_collect.ts";
import type { CoGroupedStreams, JoinedStreams } from "./joined_streams.ts";
import type { KeyedStream } from "./keyed_stream.ts";
import type { PartitionWindowedStream } from "./partition_window.ts";
import type { SingleOutputStreamOperator } from "./single_output_stream_operator.ts";
import type { DataStreamSink, SinkUidHashes } from "./stream_sink.ts";
import type {
  AnyStream,
  ELEMENT,
  ElementOf,
  FieldValue,
  FieldValues,
  FunctionOrFactory,
  KeyField,
  ObjectOrFactory,
  Synchronous,
  SynchronousResult,
  ValidKey,
} from "./stream_types.ts";

/**
 * A stream of records of type `T`. Streams are recipes: nothing runs before `env.execute()`, `env.executeAsync()` or
 * {@link DataStream.executeAndCollect}.
 *
 * @example
 * ```ts
 * import { StreamExecutionEnvironment } from "tsflink";
 *
 * const env = StreamExecutionEnvironment.getExecutionEnvironment();
 * const lengths = await env.fromData("a", "bcd").map((word) => word.length).executeAndCollect();
 * console.assert(lengths.join() === "1,3");
 * ```
 */
export interface DataStream<out T> {
  /** Carries the element type for inference only; see {@link ElementOf}. */
  readonly [ELEMENT]?: () => T;

  /** Id of the transformation behind this stream; counts from 1 per environment. */
  getId(): number;
  /** Parallelism of the operator that makes this stream. */
  getParallelism(): number;
  /** The environment the stream belongs to. */
  getExecutionEnvironment(): StreamExecutionEnvironment;
  /** What was recorded for this stream; read it, do not change it. */
  getTransformation(): Transformation;

  /**
   * One value in, one value out.
   *
   * @param mapper A function, or an object with `map` (and `open`, `close`). It must be synchronous: a promise is
   * refused by its type and at run time; see {@link asyncMap}.
   * @throws InvalidProgramError TSF-1201 when it is not a function, TSF-1202 when it is async.
   */
  map<R>(mapper: (value: T) => SynchronousResult<R>): SingleOutputStreamOperator<R>;
  /** The same with an object or a factory. */
  map<R>(
    mapper: (({ map(value: T): R } & Lifecycle) | FunctionFactory<MapFunction<T, R>>) & Synchronous<R>,
  ): SingleOutputStreamOperator<R>;

  /**
   * One value in, any number out: return an array or another iterable object (a generator is drawn lazily), or emit
   * through the collector.
   *
   * @throws InvalidProgramError TSF-1201 when it is not a function, TSF-1202 when it is async.
   * @example
   * ```ts
   * import { StreamExecutionEnvironment } from "tsflink";
   *
   * const env = StreamExecutionEnvironment.getExecutionEnvironment();
   * const words = await env.fromData("to be", "or not").flatMap((line) => line.split(" ")).executeAndCollect();
   * console.assert(words.join() === "to,be,or,not");
   * ```
   */
  flatMap<R>(mapper: FunctionOrFactory<FlatMapFunction<T, R>>): SingleOutputStreamOperator<R>;

  /**
   * Keeps the values for which the predicate is true. A type guard narrows the type of the stream.
   *
   * @throws InvalidProgramError TSF-1201 when it is not a function, TSF-1202 when it is async.
   */
  filter<S extends T>(predicate: (value: T) => value is S): SingleOutputStreamOperator<S>;
  /** Keeps the values for which the predicate is true. */
  filter(predicate: FunctionOrFactory<FilterFunction<T>>): SingleOutputStreamOperator<T>;

  /**
   * Sees each record with its timestamp, the clocks and side outputs. Timers and keyed state need {@link keyBy}.
   *
   * @throws InvalidProgramError TSF-1201 when it is not a process function.
   */
  process<O, S extends StateDeclarations = NoState>(
    fn: ObjectOrFactory<Process<T, O, S>>,
  ): SingleOutputStreamOperator<O>;

  /**
   * One asynchronous request per value: calls `fn` for up to `capacity` values at a time. A shorter way to write
   * AsyncDataStream for functions with one result.
   *
   * @param fn Gets the value and a signal that is aborted when the task ends.
   * @param options Default: 100 requests at a time, no timeout, results in order of input.
   * @example
   * ```ts
   * import { StreamExecutionEnvironment } from "tsflink";
   *
   * const env = StreamExecutionEnvironment.getExecutionEnvironment();
   * const doubled = await env.fromData(1, 2).asyncMap((n) => Promise.resolve(n * 2)).executeAndCollect();
   * console.assert(doubled.join() === "2,4");
   * ```
   */
  asyncMap<R>(
    fn: (value: T, signal: AbortSignal) => Promise<R>,
    options?: AsyncMapOptions<R>,
  ): SingleOutputStreamOperator<R>;

  /**
   * Partitions the stream by key: records with equal keys meet in one subtask, and state and timers are per key.
   * The key is what a function returns, one field, or a tuple of several fields.
   *
   * @param keyType Declares the hash rule of the key, e.g. `Types.LONG`; default: by the value of each key.
   * @throws InvalidProgramError TSF-1201 when there is neither a function nor a field.
   * @example
   * ```ts
   * import { StreamExecutionEnvironment } from "tsflink";
   *
   * const env = StreamExecutionEnvironment.getExecutionEnvironment();
   * const sums = await env.fromData({ word: "a", n: 1 }, { word: "a", n: 2 })
   *   .keyBy("word").sum("n").map((total) => total.n).executeAndCollect();
   * console.assert(sums.join() === "1,3");
   * ```
   */
  keyBy<const K>(selector: KeySelector<T, ValidKey<K>>, keyType?: TypeInformation<K>): KeyedStream<T, K>;
  /** Partitions the stream by a field. */
  keyBy<const F extends KeyField<T>, V extends FieldValue<T, F> = FieldValue<T, F>>(
    field: F,
    keyType?: TypeInformation<V>,
  ): KeyedStream<T, V>;
  /** Partitions the stream by several fields; the key is the tuple of their values. */
  keyBy<
    const F extends readonly [KeyField<T>, KeyField<T>, ...KeyField<T>[]],
    V extends FieldValues<T, F> = FieldValues<T, F>,
  >(
    ...fields: F
  ): KeyedStream<T, V>;

  /**
   * All records of this stream and of the others, in no particular order between streams.
   *
   * @throws InvalidProgramError TSF-1210 when a stream belongs to another environment.
   */
  union<const S extends readonly AnyStream[]>(...streams: S): DataStream<T | ElementOf<S[number]>>;

  /** Joins a broadcast stream, whose records every subtask sees, for the broadcast state pattern. */
  connect<U>(other: BroadcastStream<U>): BroadcastConnectedStream<T, U>;
  /** Two streams of different types for one operator. */
  connect<U>(other: DataStream<U>): ConnectedStreams<T, U>;

  /** A join of the records of two streams with equal keys in the same window. */
  join<U>(other: DataStream<U>): JoinedStreams<T, U>;
  /** All records of two streams with equal keys in the same window, both sides at once. */
  coGroup<U>(other: DataStream<U>): CoGroupedStreams<T, U>;

  /** Spreads records evenly over all subtasks of the next operator, in turns. */
  rebalance(): DataStream<T>;
  /** Spreads records evenly over a part of the subtasks of the next operator, without an exchange between all. */
  rescale(): DataStream<T>;
  /** Spreads records at random. */
  shuffle(): DataStream<T>;
  /** Sends every record to every subtask of the next operator. */
  broadcast(): DataStream<T>;
  /** Broadcasts the records and names the states that hold what comes of them; see {@link connect}. */
  broadcast(
    // deno-lint-ignore no-explicit-any -- any map state
    ...descriptors: [MapStateDescriptor<any, any>, ...MapStateDescriptor<any, any>[]]
  ): BroadcastStream<T>;
  /** Sends all records to the first subtask of the next operator. */
  global(): DataStream<T>;
  /** Keeps records in their subtask; the next operator must have the same parallelism. */
  forward(): DataStream<T>;
  /**
   * Lets a function choose the subtask of the next operator by a key.
   *
   * @param partitioner Gets the key and the number of subtasks; returns 0 to that number - 1.
   * @param key A function or a field. With a function, annotate the key in the partitioner.
   */
  partitionCustom<K>(partitioner: Partitioner<K>, key: KeySelector<T, K>): DataStream<T>;
  /** Lets a function choose the subtask of the next operator by a field. */
  partitionCustom<const F extends KeyField<T>, V extends FieldValue<T, F> = FieldValue<T, F>>(
    partitioner: Partitioner<V>,
    key: F,
  ): DataStream<T>;

  /**
   * Windows over the whole stream; the operator runs with parallelism 1. Use `keyBy().window()` for windows per key.
   */
  windowAll<W extends Window>(assigner: WindowAssigner<T, W>): AllWindowedStream<T, W>;
  /**
   * Windows of `size` records over the whole stream; with `slide`, one every `slide` records over the last `size`.
   */
  countWindowAll(size: number, slide?: number): AllWindowedStream<T, GlobalWindow>;
  /** The whole input of each subtask as one window that ends with the (bounded) input. */
  fullWindowPartition(): PartitionWindowedStream<T>;

  /**
   * Gives records their event time and makes watermarks.
   *
   * @param strategy A WatermarkStrategy, or its plain form.
   * @example
   * ```ts
   * import { StreamExecutionEnvironment } from "tsflink";
   *
   * const env = StreamExecutionEnvironment.getExecutionEnvironment();
   * const timed = env.fromData({ at: 1_000 }, { at: 3_000 })
   *   .assignTimestampsAndWatermarks({ timestamp: (event) => event.at, outOfOrderness: "2 s" });
   * console.assert((await timed.executeAndCollect()).length === 2);
   * ```
   */
  assignTimestampsAndWatermarks(
    strategy: WatermarkStrategy<T> | WatermarkStrategyOptions<T>,
  ): SingleOutputStreamOperator<T>;

  /** Prints every record to standard output, with `identifier` and, at a parallelism above 1, the subtask before it. */
  print(identifier?: string): DataStreamSink<T>;
  /** Prints every record to standard error. */
  printToErr(identifier?: string): DataStreamSink<T>;
  /**
   * Writes every record to a sink.
   *
   * @param uidHashes Ids of the sink's operators in an earlier job; see setUidHash.
   * @throws InvalidProgramError TSF-1201 when it is not a sink.
   */
  // deno-lint-ignore no-explicit-any -- committable and writer state are the sink's own business
  sinkTo(sink: Sink<T, any, any>, uidHashes?: SinkUidHashes): DataStreamSink<T>;

  /**
   * Runs an operator of your own.
   *
   * @experimental
   */
  transform<R>(name: string, factory: StreamOperatorFactory<R>): SingleOutputStreamOperator<R>;

  /**
   * Executes the job now and gives the records of this stream. Await it for all records of a bounded job as an array,
   * iterate it (`for await`) to see them as they come, or take some. Leaving the iteration early cancels the job.
   *
   * @param jobName Default "DataStream Collect".
   * @example
   * ```ts
   * import { StreamExecutionEnvironment } from "tsflink";
   *
   * const env = StreamExecutionEnvironment.getExecutionEnvironment();
   * const first = await env.fromSequence(1, 1_000_000).executeAndCollect().take(3);
   * console.assert(first.join() === "1,2,3");
   * ```
   */
  executeAndCollect(jobName?: string): CollectResult<T>;
  /**
   * Executes the job now, gives its first `limit` records and cancels the rest.
   *
   * @throws InvalidProgramError TSF-1214 when the limit is not a positive integer.
   */
  executeAndCollect(limit: number): Promise<T[]>;
  /** Executes the job now under a name, gives its first `limit` records and cancels the rest. */
  executeAndCollect(jobName: string, limit: number): Promise<T[]>;
  /** Gives the records of this stream once the job is started by `env.execute()` or `env.executeAsync()`. */
  collectAsync(): CollectResult<T>;
}
