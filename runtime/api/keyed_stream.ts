/**
 * A stream partitioned by key: state, timers and windows per key.
 *
 * @module
 */

import type { ReduceFunction } from "../functions/functions.ts";
import type { KeyedProcess, NoState } from "../functions/process_function.ts";
import type { StateDeclarations } from "../functions/state_descriptor.ts";
import type { GlobalWindow } from "../functions/windowing/window_assigners.ts";
import type { Window, WindowAssigner } from "../functions/windowing/windows.ts";
import type { BroadcastStream, KeyedBroadcastConnectedStream } from "./broadcast_connected_stream.ts";
import type { ConnectedStreams, KeyedConnectedStreams } from "./connected_streams.ts";
import type { DataStream } from "./data_stream.ts";
import type { IntervalJoin } from "./interval_join.ts";
import type { SingleOutputStreamOperator } from "./single_output_stream_operator.ts";
import type { ComparableField, FunctionOrFactory, KEY, NumericField, ObjectOrFactory } from "./stream_types.ts";
import type { WindowedStream } from "./windowed_stream.ts";

/**
 * A {@link DataStream} whose records with equal keys meet in one subtask.
 *
 * @example
 * ```ts
 * import { type Collector, StreamExecutionEnvironment, valueState } from "tsflink";
 *
 * const env = StreamExecutionEnvironment.getExecutionEnvironment();
 * const counted = env.fromData("a", "b", "a").keyBy((word) => word).process({
 *   state: { count: valueState({ defaultValue: 0 }) },
 *   processElement(_word, ctx, out: Collector<string>) {
 *     const count = ctx.state.count.value() + 1;
 *     ctx.state.count.update(count);
 *     out.collect(`${ctx.getCurrentKey()}${count}`);
 *   },
 * });
 * console.assert((await counted.executeAndCollect()).join() === "a1,b1,a2");
 * ```
 */
export interface KeyedStream<out T, out K> extends DataStream<T> {
  /** Carries the key type for inference only; see {@link KeyOf}. */
  readonly [KEY]?: () => K;

  /**
   * Sees each record with state and timers of its key.
   *
   * @param fn A KeyedProcessFunction, an object literal (declared state under `state`), or a factory of either.
   * @throws InvalidProgramError TSF-1201 when it is not a process function.
   */
  process<O, S extends StateDeclarations = NoState>(
    fn: ObjectOrFactory<KeyedProcess<K, T, O, S>>,
  ): SingleOutputStreamOperator<O>;

  /** Combines each record with the result so far of its key and emits the new result. */
  reduce(reducer: FunctionOrFactory<ReduceFunction<T>>): SingleOutputStreamOperator<T>;
  /** The running sum of a field per key; other fields are those of the first record. */
  sum<const F extends NumericField<T>>(field: F): SingleOutputStreamOperator<T>;
  /** The smallest value of a field so far per key; other fields are those of the first record. */
  min<const F extends NumericField<T>>(field: F): SingleOutputStreamOperator<T>;
  /** The largest value of a field so far per key; other fields are those of the first record. */
  max<const F extends NumericField<T>>(field: F): SingleOutputStreamOperator<T>;
  /**
   * The whole record with the smallest value of a field so far per key.
   *
   * @param first Which of equal records to keep: the first (default) or the last.
   */
  minBy<const F extends ComparableField<T>>(field: F, first?: boolean): SingleOutputStreamOperator<T>;
  /** The whole record with the largest value of a field so far per key; `first` as in {@link minBy}. */
  maxBy<const F extends ComparableField<T>>(field: F, first?: boolean): SingleOutputStreamOperator<T>;

  /**
   * Windows per key. Event-time windows need timestamps and watermarks: see assignTimestampsAndWatermarks.
   *
   * @example
   * ```ts
   * import { StreamExecutionEnvironment, TumblingEventTimeWindows } from "tsflink";
   *
   * const env = StreamExecutionEnvironment.getExecutionEnvironment();
   * const sums = await env.fromData({ at: 1, n: 1 }, { at: 900, n: 2 }, { at: 1_100, n: 4 })
   *   .assignTimestampsAndWatermarks({ timestamp: (event) => event.at })
   *   .keyBy(() => "all")
   *   .window(TumblingEventTimeWindows.of("1 s"))
   *   .sum("n").map((total) => total.n).executeAndCollect();
   * console.assert(sums.join() === "3,4");
   * ```
   */
  window<W extends Window>(assigner: WindowAssigner<T, W>): WindowedStream<T, K, W>;
  /** Windows of `size` records per key; with `slide`, one every `slide` records over the last `size`. */
  countWindow(size: number, slide?: number): WindowedStream<T, K, GlobalWindow>;
  /** Pairs of records with equal keys whose timestamps are within bounds of each other; event time only. */
  intervalJoin<U>(other: KeyedStream<U, K>): IntervalJoin<T, U, K>;

  /** Joins a broadcast stream for the broadcast state pattern. */
  connect<U>(other: BroadcastStream<U>): KeyedBroadcastConnectedStream<K, T, U>;
  /** Two keyed streams for one operator, which share state by key. */
  connect<U>(other: KeyedStream<U, K>): KeyedConnectedStreams<K, T, U>;
  /** Two streams for one operator. */
  connect<U>(other: DataStream<U>): ConnectedStreams<T, U>;
}
