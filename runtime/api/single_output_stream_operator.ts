/**
 * A stream made by one operator, which can be named, sized and placed.
 *
 * @module
 */

import type { OutputTag } from "../functions/output_tag.ts";
import type { DataStream } from "./data_stream.ts";

/** Resources and name of a group of operators that may share a slot. */
export interface SlotSharingGroup {
  /** Operators name it in slotSharingGroup(). */
  readonly name: string;
  /** CPU cores of a slot of this group. Default: not stated. */
  readonly cpuCores?: number;
  /** Heap of a slot of this group, in MiB. Default: not stated. */
  readonly taskHeapMiB?: number;
  /** Managed memory of a slot of this group, in MiB. Default: not stated. */
  readonly managedMemoryMiB?: number;
}

/** A {@link DataStream} that one operator makes; every setter returns the stream itself. */
export interface SingleOutputStreamOperator<out T> extends DataStream<T> {
  /** The operator's name. */
  getName(): string;
  /** Name for plans, logs and metrics. */
  name(name: string): SingleOutputStreamOperator<T>;
  /**
   * The identity of the operator's state across versions of the program. Unique in the job; set it on every stateful
   * operator.
   *
   * @throws InvalidProgramError TSF-1218 when it is empty.
   */
  uid(uid: string): SingleOutputStreamOperator<T>;
  /**
   * Takes over the operator id of an earlier job as it stands in its logs; a last resort.
   *
   * @param uidHash 32 hex digits.
   * @throws InvalidProgramError TSF-1108 when it is not.
   */
  setUidHash(uidHash: string): SingleOutputStreamOperator<T>;
  /** The same as {@link setUidHash}. */
  uidHash(uidHash: string): SingleOutputStreamOperator<T>;
  /** A longer text for plans; default: the name. */
  setDescription(description: string): SingleOutputStreamOperator<T>;
  /**
   * Number of subtasks. Default: that of the environment when the operator was recorded.
   *
   * @throws InvalidProgramError TSF-1104 unless it is an integer from 1 to 32768, TSF-1112 unless it is 1 on an operator
   * that cannot be parallel; TSF-1106 on execution when it is above the maximum parallelism.
   */
  setParallelism(parallelism: number): SingleOutputStreamOperator<T>;
  /**
   * Upper bound of the parallelism for ever, and the number of key groups.
   *
   * @param maxParallelism 1 to 32768.
   * @throws InvalidProgramError TSF-1105 when it is not.
   */
  setMaxParallelism(maxParallelism: number): SingleOutputStreamOperator<T>;
  /** Runs with parallelism 1, whatever is set later. */
  forceNonParallel(): SingleOutputStreamOperator<T>;
  /**
   * How long a buffer may wait before it is sent though not full, in ms: 0 sends every record. -1, the default, is the
   * buffer timeout of the environment.
   *
   * @throws InvalidProgramError TSF-1113 below -1.
   */
  setBufferTimeout(timeoutMs: number): SingleOutputStreamOperator<T>;
  /** Never fuses this operator with its neighbours. */
  disableChaining(): SingleOutputStreamOperator<T>;
  /** Does not fuse this operator with those before it. */
  startNewChain(): SingleOutputStreamOperator<T>;
  /** Runs this operator only in slots of that group. Default: the group of the inputs, else "default". */
  slotSharingGroup(group: string | SlotSharingGroup): SingleOutputStreamOperator<T>;
  /**
   * The records that the operator emitted with `ctx.output(tag, value)`, or late data.
   *
   * @example
   * ```ts
   * import { type Collector, OutputTag, StreamExecutionEnvironment } from "tsflink";
   *
   * const odd = new OutputTag<number>("odd");
   * const env = StreamExecutionEnvironment.getExecutionEnvironment();
   * const even = env.fromData(1, 2, 3).process({
   *   processElement(n, ctx, out: Collector<number>) {
   *     if (n % 2 === 0) out.collect(n);
   *     else ctx.output(odd, n);
   *   },
   * });
   * console.assert((await even.getSideOutput(odd).executeAndCollect()).join() === "1,3");
   * ```
   */
  getSideOutput<X>(tag: OutputTag<X>): DataStream<X>;
}

/** The stream of a source. */
export type DataStreamSource<T> = SingleOutputStreamOperator<T>;
