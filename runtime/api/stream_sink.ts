/**
 * The end of a stream.
 *
 * @module
 */

import type { ELEMENT } from "./stream_types.ts";
import type { SlotSharingGroup } from "./single_output_stream_operator.ts";
import type { Transformation } from "../graph/transformation.ts";

export type { SinkUidHashes } from "../graph/virtual_transformation.ts";

/**
 * A sink in the job. What is set here counts for all of its operators; every setter returns the sink itself.
 *
 * @example
 * ```ts
 * import { DiscardingSink, StreamExecutionEnvironment } from "tsflink";
 *
 * const env = StreamExecutionEnvironment.getExecutionEnvironment();
 * env.fromData(1).sinkTo(new DiscardingSink()).name("nowhere").uid("nowhere");
 * console.assert((await env.execute()).getJobID().length === 32);
 * ```
 */
export interface DataStreamSink<out T> {
  /** Carries the type of the records for inference only. */
  readonly [ELEMENT]?: () => T;
  /** What was recorded for this sink; read it, do not change it. */
  getTransformation(): Transformation;
  /** Name for plans, logs and metrics. */
  name(name: string): DataStreamSink<T>;
  /**
   * The identity of the sink's state across versions of the program.
   *
   * @throws InvalidProgramError TSF-1218 when it is empty.
   */
  uid(uid: string): DataStreamSink<T>;
  /**
   * Takes over the operator id of an earlier job; only for print sinks. For others see the second parameter of sinkTo.
   *
   * @throws InvalidProgramError TSF-1108 when it is not 32 hex digits, TSF-1114 when the sink has several operators.
   */
  setUidHash(uidHash: string): DataStreamSink<T>;
  /** The same as {@link setUidHash}. */
  uidHash(uidHash: string): DataStreamSink<T>;
  /** A longer text for plans. */
  setDescription(description: string): DataStreamSink<T>;
  /** Number of subtasks. @throws InvalidProgramError TSF-1104 outside 1 to 32768. */
  setParallelism(parallelism: number): DataStreamSink<T>;
  /** Upper bound of the parallelism. @throws InvalidProgramError TSF-1105 outside 1 to 32768. */
  setMaxParallelism(maxParallelism: number): DataStreamSink<T>;
  /** Never fuses the sink with what is before it. */
  disableChaining(): DataStreamSink<T>;
  /** Runs the sink only in slots of that group. */
  slotSharingGroup(group: string | SlotSharingGroup): DataStreamSink<T>;
}
