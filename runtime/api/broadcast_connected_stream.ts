/**
 * The broadcast state pattern: a stream that every subtask sees whole, beside a stream that is split.
 *
 * @module
 */

import type { Transformation } from "../graph/transformation.ts";
import type { BroadcastProcess, KeyedBroadcastProcess, NoState } from "../functions/process_function.ts";
import type { StateDeclarations, StateDescriptor } from "../functions/state_descriptor.ts";
import type { DataStream } from "./data_stream.ts";
import type { StreamExecutionEnvironment } from "./environment.ts";
import type { SingleOutputStreamOperator } from "./single_output_stream_operator.ts";
import type { ELEMENT, ObjectOrFactory } from "./stream_types.ts";

/**
 * A broadcast stream with the states that hold what comes of its records. Made by `stream.broadcast(descriptor)`.
 *
 * @example
 * ```ts
 * import { MapStateDescriptor, StreamExecutionEnvironment } from "tsflink";
 *
 * const env = StreamExecutionEnvironment.getExecutionEnvironment();
 * const rules = new MapStateDescriptor<string, number>("rules");
 * const broadcast = env.fromData({ name: "max", value: 3 }).broadcast(rules);
 * console.assert(broadcast.getBroadcastStateDescriptors()[0].name === "rules");
 * ```
 */
export interface BroadcastStream<out T> {
  /** Carries the element type for inference only. */
  readonly [ELEMENT]?: () => T;
  /** The broadcast states. */
  getBroadcastStateDescriptors(): readonly StateDescriptor[];
  /** What was recorded for this stream; read it, do not change it. */
  getTransformation(): Transformation;
  /** The environment the stream belongs to. */
  getExecutionEnvironment(): StreamExecutionEnvironment;
}

/** A stream that is not keyed beside a broadcast stream. */
export interface BroadcastConnectedStream<out A, out B> {
  /** The environment the streams belong to. */
  getExecutionEnvironment(): StreamExecutionEnvironment;
  /** The stream that is split. */
  getFirstInput(): DataStream<A>;
  /** The stream that every subtask sees. */
  getSecondInput(): BroadcastStream<B>;
  /** The first stream reads the broadcast state, the second one writes it. */
  process<O>(fn: ObjectOrFactory<BroadcastProcess<A, B, O>>): SingleOutputStreamOperator<O>;
}

/** A keyed stream beside a broadcast stream. */
export interface KeyedBroadcastConnectedStream<out K, out A, out B> {
  /** The environment the streams belong to. */
  getExecutionEnvironment(): StreamExecutionEnvironment;
  /** The keyed stream. */
  getFirstInput(): DataStream<A>;
  /** The stream that every subtask sees. */
  getSecondInput(): BroadcastStream<B>;
  /** The keyed stream reads the broadcast state and has state and timers of its key; the second one writes it. */
  process<O, S extends StateDeclarations = NoState>(
    fn: ObjectOrFactory<KeyedBroadcastProcess<K, A, B, O, S>>,
  ): SingleOutputStreamOperator<O>;
}
