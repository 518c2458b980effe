/**
 * Interval joins: pairs of records with equal keys whose timestamps are close.
 *
 * @module
 */

import type { OutputTag } from "../functions/output_tag.ts";
import type { ProcessJoin } from "../functions/process_function.ts";
import type { DurationLike } from "../types/duration.ts";
import type { SingleOutputStreamOperator } from "./single_output_stream_operator.ts";
import type { ObjectOrFactory } from "./stream_types.ts";

/** A join of two keyed streams, before its bounds. */
export interface IntervalJoin<out L, out R, out K> {
  /** Joins by event time; the default and the only one supported. */
  inEventTime(): IntervalJoin<L, R, K>;
  /** Not supported, as in Flink: {@link between} then fails. */
  inProcessingTime(): IntervalJoin<L, R, K>;
  /**
   * Right records from `left + lowerBound` to `left + upperBound`, both included unless changed.
   *
   * @throws InvalidProgramError TSF-1213 in processing time; `process` throws TSF-2013 when the lower bound is above the
   * upper bound.
   */
  between(lowerBound: DurationLike, upperBound: DurationLike): IntervalJoined<L, R, K>;
}

/** A join of two keyed streams with its bounds. */
export interface IntervalJoined<out L, out R, out K> {
  /** Leaves `left + lowerBound` itself out. */
  lowerBoundExclusive(): IntervalJoined<L, R, K>;
  /** Leaves `left + upperBound` itself out. */
  upperBoundExclusive(): IntervalJoined<L, R, K>;
  /** Sends late left records to a side output instead of dropping them. */
  sideOutputLeftLateData(tag: OutputTag<L>): IntervalJoined<L, R, K>;
  /** Sends late right records to a side output instead of dropping them. */
  sideOutputRightLateData(tag: OutputTag<R>): IntervalJoined<L, R, K>;
  /**
   * Calls the function for each pair.
   *
   * @example
   * ```ts
   * import { type Collector, StreamExecutionEnvironment } from "tsflink";
   *
   * const env = StreamExecutionEnvironment.getExecutionEnvironment();
   * const at = { timestamp: (event: { user: string; at: number }) => event.at };
   * const shown = env.fromData({ user: "a", at: 0 }).assignTimestampsAndWatermarks(at).keyBy("user");
   * const clicks = env.fromData({ user: "a", at: 400 }).assignTimestampsAndWatermarks(at).keyBy("user");
   * const clicked = shown.intervalJoin(clicks).between(0, "1 s").process({
   *   processElement(show, click, _ctx, out: Collector<number>) {
   *     out.collect(click.at - show.at);
   *   },
   * });
   * console.assert((await clicked.executeAndCollect()).join() === "400");
   * ```
   */
  process<O>(fn: ObjectOrFactory<ProcessJoin<L, R, O>>): SingleOutputStreamOperator<O>;
}
