/**
 * What the recording classes need of each other, so that none imports another's value: the factory makes them all.
 * Implemented by factory.ts; types only here.
 *
 * @module
 */

import type { KeySelector } from "../../functions/functions.ts";
import type { Window, WindowAssigner } from "../../functions/windowing/windows.ts";
import type { PhysicalTransformation, Transformation, TransformationIds } from "../../graph/transformation.ts";
import type { StreamOperatorFactory } from "../../operators/operator.ts";
import type { Configuration } from "../configuration.ts";
import type { StreamExecutionEnvironment } from "../environment.ts";
import type { CollectResult } from "../execute_and_collect.ts";
import type { HostBinding } from "../host_binding.ts";
import type { BroadcastStream } from "../broadcast_connected_stream.ts";
import type { RecordedKey } from "./keys.ts";
import type { MapStateDescriptor } from "../../functions/state_descriptor.ts";
import type { RecordedKeyedStream } from "./recorded_keyed_stream.ts";
import type { RecordedOperator } from "./recorded_operator.ts";
import type { RecordedStream } from "./recorded_stream.ts";

/** The part of an environment that the recording classes write to. */
export interface GraphRecorder {
  readonly environment: StreamExecutionEnvironment;
  readonly configuration: Configuration;
  readonly ids: TransformationIds;
  /** Operators and sinks in order of their calls; sources are found through them. */
  readonly transformations: Transformation[];
  readonly host: () => HostBinding;
  /** Parallelism of a new operator; -1 while a sink is expanded. */
  parallelism(): number;
  /** Runs `record` and gives the transformations it added, which are taken out of the list again. */
  recordApart(record: () => void): readonly Transformation[];
  /** Makes the client's end of a collect sink. */
  collect(collectId: string, maxBufferedRows: number): CollectResult<unknown>;
  /** Starts the job that fills `result`. */
  startCollecting(jobName: string, result: CollectResult<unknown>): void;
}

/** Windows over a stream that is keyed, by the program or by a constant. */
export interface WindowedInput {
  readonly input: RecordedKeyedStream;
  readonly assigner: WindowAssigner<unknown, Window>;
  /** True for windowAll: one subtask, no key. */
  readonly isAll: boolean;
}

/** One operator to record. */
export interface OperatorRecord {
  readonly name: string;
  readonly factory: StreamOperatorFactory<unknown>;
  readonly key?: RecordedKey;
}

/** Makes the recording classes. */
export interface StreamFactory {
  readonly recorder: GraphRecorder;
  /** A stream made by an operator. */
  operator(transformation: PhysicalTransformation): RecordedOperator;
  /** Any other stream. */
  stream(transformation: Transformation): RecordedStream;
  keyed(input: Transformation, key: RecordedKey): RecordedKeyedStream;
  windowed(windows: WindowedInput): object;
  connected(first: RecordedStream, second: RecordedStream): object;
  broadcast(transformation: Transformation, descriptors: readonly MapStateDescriptor<unknown, unknown>[]): object;
  broadcastConnected(first: RecordedStream, second: BroadcastStream<unknown>): object;
  joined(left: RecordedStream, right: RecordedStream, kind: "join" | "coGroup"): object;
  intervalJoin(left: RecordedKeyedStream, right: RecordedKeyedStream): object;
  partitionWindow(input: RecordedStream): object;
  sink(transformation: Transformation): object;
  /** Records an operator with one input. */
  oneInput(input: Transformation, record: OperatorRecord): RecordedOperator;
}

/** The methods of an interface with any parameters: a class that implements it has every one of them. */
export type MethodsOf<I> = {
  // deno-lint-ignore no-explicit-any -- the interface has the types, the class is made for all of them at once
  [M in keyof I as M extends symbol ? never : M]: I[M] extends (...args: any[]) => any ? (...args: any[]) => any : I[M];
};

/** A key selector that was checked. */
export type AnyKeySelector = KeySelector<unknown, import("../../types/key.ts").Key>;
