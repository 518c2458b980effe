/**
 * Two streams of different types that one operator reads.
 *
 * @module
 */

import type { CoFlatMapFunction, CoMapFunction, KeySelector } from "../functions/functions.ts";
import type { CoProcess, KeyedCoProcess, NoState } from "../functions/process_function.ts";
import type { StateDeclarations } from "../functions/state_descriptor.ts";
import type { StreamOperatorFactory } from "../operators/operator.ts";
import type { TypeInformation } from "../types/type_information.ts";
import type { DataStream } from "./data_stream.ts";
import type { StreamExecutionEnvironment } from "./environment.ts";
import type { SingleOutputStreamOperator } from "./single_output_stream_operator.ts";
import type {
  FieldValue,
  FunctionOrFactory,
  KeyField,
  ObjectOrFactory,
  Synchronous,
  ValidKey,
} from "./stream_types.ts";

/** What connected streams share, keyed or not. */
export interface ConnectedInputs<out A, out B> {
  /** The environment the streams belong to. */
  getExecutionEnvironment(): StreamExecutionEnvironment;
  /** The stream that `map1`, `flatMap1` and `processElement1` see. */
  getFirstInput(): DataStream<A>;
  /** The stream that `map2`, `flatMap2` and `processElement2` see. */
  getSecondInput(): DataStream<B>;
  /**
   * One value in from either stream, one value out; the two methods may give different types.
   *
   * @throws InvalidProgramError TSF-1201 unless it has `map1` and `map2`, TSF-1202 when one is async.
   */
  map<R, Q = R>(fn: FunctionOrFactory<CoMapFunction<A, B, R, Q>> & Synchronous<R | Q>): SingleOutputStreamOperator<
    R | Q
  >;
  /**
   * One value in from either stream, any number out; the two methods may give different types.
   *
   * @throws InvalidProgramError TSF-1201 unless it has `flatMap1` and `flatMap2`, TSF-1202 when one is async.
   */
  flatMap<R, Q = R>(fn: FunctionOrFactory<CoFlatMapFunction<A, B, R, Q>>): SingleOutputStreamOperator<R | Q>;
  /**
   * Partitions both streams by keys of one type, so that they share state and timers by key.
   *
   * @param keyType Declares the hash rule of the key; default: by the value of each key.
   */
  keyBy<const K>(
    first: KeySelector<A, ValidKey<K>>,
    second: KeySelector<B, NoInfer<K>>,
    keyType?: TypeInformation<K>,
  ): KeyedConnectedStreams<K, A, B>;
  /** Partitions both streams by a field each. */
  keyBy<
    const F extends KeyField<A>,
    const G extends KeyField<B>,
    V extends FieldValue<A, F> | FieldValue<B, G> = FieldValue<A, F> | FieldValue<B, G>,
  >(
    first: F,
    second: G,
  ): KeyedConnectedStreams<V, A, B>;
  /** Runs a two-input operator of your own. @experimental */
  transform<R>(name: string, factory: StreamOperatorFactory<R>): SingleOutputStreamOperator<R>;
}

/**
 * Two streams for one operator; see {@link ConnectedInputs.keyBy} for state that they share.
 *
 * @example
 * ```ts
 * import { type Collector, StreamExecutionEnvironment } from "tsflink";
 *
 * const env = StreamExecutionEnvironment.getExecutionEnvironment();
 * const both = env.fromData(1).connect(env.fromData("x")).process({
 *   processElement1: (n, _ctx, out: Collector<string>) => out.collect(`number ${n}`),
 *   processElement2: (text, _ctx, out) => out.collect(`text ${text}`),
 * });
 * console.assert((await both.executeAndCollect()).length === 2);
 * ```
 */
export interface ConnectedStreams<out A, out B> extends ConnectedInputs<A, B> {
  /** Sees each record with timestamps, clocks and side outputs. */
  process<O, S extends StateDeclarations = NoState>(
    fn: ObjectOrFactory<CoProcess<A, B, O, S>>,
  ): SingleOutputStreamOperator<O>;
}

/** Two streams with keys of one type for one operator, which sees state and timers of the key. */
export interface KeyedConnectedStreams<out K, out A, out B> extends ConnectedInputs<A, B> {
  /**
   * Sees each record with state and timers of its key.
   *
   * @example
   * ```ts
   * import { type Collector, StreamExecutionEnvironment, Types, valueState } from "tsflink";
   *
   * const env = StreamExecutionEnvironment.getExecutionEnvironment();
   * const names = env.fromData({ id: 1, name: "Ada" });
   * const logins = env.fromData({ user: 1 });
   * const greeted = names.connect(logins).keyBy("id", "user").process({
   *   state: { name: valueState({ type: Types.STRING }), waiting: valueState({ defaultValue: 0 }) },
   *   processElement1(person, ctx, out: Collector<string>) {
   *     ctx.state.name.update(person.name);
   *     for (let n = ctx.state.waiting.value(); n > 0; n--) out.collect(person.name);
   *   },
   *   processElement2(_login, ctx, out: Collector<string>) {
   *     const name = ctx.state.name.value();
   *     if (name === undefined) ctx.state.waiting.update(ctx.state.waiting.value() + 1);
   *     else out.collect(name);
   *   },
   * });
   * console.assert((await greeted.executeAndCollect()).join() === "Ada");
   * ```
   */
  process<O, S extends StateDeclarations = NoState>(
    fn: ObjectOrFactory<KeyedCoProcess<K, A, B, O, S>>,
  ): SingleOutputStreamOperator<O>;
}
