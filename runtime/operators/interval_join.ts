/**
 * Interval join of two keyed streams by event time: pairs with left.ts + lower <= right.ts <= left.ts + upper.
 *
 * Each side is kept per key by timestamp until the other side can no longer match it (a cleanup timer per record and side).
 * A record below the watermark is late: dropped, or sent to the side output of its side. Pairs come in the order of the
 * other side's timestamps, each with the larger timestamp of the two.
 *
 * @module
 */

import { InvalidProgramError, JobExecutionError } from "../errors.ts";
import type { OutputTag } from "../functions/output_tag.ts";
import type { ProcessJoin, ProcessJoinContext } from "../functions/process_function.ts";
import type { FunctionFactory } from "../functions/rich_function.ts";
import { type MapState, MapStateDescriptor } from "../functions/state_descriptor.ts";
import { copyValue } from "../types/copy.ts";
import { NO_TIMESTAMP } from "../types/stream_element.ts";
import { FunctionOperator, functionOperatorFactory } from "./function_operator.ts";
import type { StreamOperatorFactory } from "./operator.ts";
import { type CallContext, ProcessBinding } from "./process_context.ts";
import { requireKeyedState } from "./runtime_context.ts";
import type { InternalTimerService, Triggerable } from "./timers/timer_service.ts";

/** Bounds and side outputs of an interval join. */
export interface IntervalJoinOptions {
  /** Lower bound relative to the left timestamp, in ms; may be negative. */
  readonly lowerBoundMs: number;
  /** Upper bound relative to the left timestamp, in ms. */
  readonly upperBoundMs: number;
  readonly lowerInclusive: boolean;
  readonly upperInclusive: boolean;
  readonly leftLateTag?: OutputTag<unknown>;
  readonly rightLateTag?: OutputTag<unknown>;
}

const CLEANUP_LEFT = "CLEANUP_LEFT";
const CLEANUP_RIGHT = "CLEANUP_RIGHT";

/** Records of one side under one key, by timestamp. */
type Buffer = MapState<number, unknown[]>;

/** One side as the shared code sees it. */
interface Side {
  readonly isLeft: boolean;
  readonly own: Buffer;
  readonly other: Buffer;
  /** Where the other side's timestamps may lie, relative to the own one. */
  readonly lowerMs: number;
  readonly upperMs: number;
  readonly lateTag: OutputTag<unknown> | undefined;
  readonly cleanupNamespace: string;
}

/** Runs a {@link ProcessJoin} function. */
export class IntervalJoinOperator<L, R, O> extends FunctionOperator<ProcessJoin<L, R, O>, O> implements Triggerable {
  readonly #lowerMs: number;
  readonly #upperMs: number;
  readonly #options: IntervalJoinOptions;
  #left!: Side;
  #right!: Side;
  #timers!: InternalTimerService;
  #binding!: ProcessBinding<O>;

  constructor(fn: ProcessJoin<L, R, O>, options: IntervalJoinOptions) {
    super(fn, 2);
    checkBounds(options);
    this.#options = options;
    // Exclusive bounds become inclusive ones of the next millisecond.
    this.#lowerMs = options.lowerInclusive ? options.lowerBoundMs : options.lowerBoundMs + 1;
    this.#upperMs = options.upperInclusive ? options.upperBoundMs : options.upperBoundMs - 1;
  }

  override open(): void {
    const backend = requireKeyedState(this.ctx.keyedState, "LEFT_BUFFER", this.ctx.operator);
    const left = backend.state<Buffer>(new MapStateDescriptor<number, unknown[]>("LEFT_BUFFER"));
    const right = backend.state<Buffer>(new MapStateDescriptor<number, unknown[]>("RIGHT_BUFFER"));
    this.#left = {
      isLeft: true,
      own: left,
      other: right,
      lowerMs: this.#lowerMs,
      upperMs: this.#upperMs,
      lateTag: this.#options.leftLateTag,
      cleanupNamespace: CLEANUP_LEFT,
    };
    this.#right = {
      isLeft: false,
      own: right,
      other: left,
      lowerMs: -this.#upperMs,
      upperMs: -this.#lowerMs,
      lateTag: this.#options.rightLateTag,
      cleanupNamespace: CLEANUP_RIGHT,
    };
    this.#timers = this.ctx.timers.getInternalTimerService("CLEANUP_TIMER", this);
    this.#binding = new ProcessBinding({
      fn: this.fn,
      context: this.ctx,
      currentWatermark: () => this.currentWatermark,
    });
    super.open();
  }

  override processElement1(value: unknown, timestamp: number): void {
    this.#process(this.#left, value, timestamp);
  }
  override processElement2(value: unknown, timestamp: number): void {
    this.#process(this.#right, value, timestamp);
  }

  #process(side: Side, value: unknown, timestamp: number): void {
    if (timestamp === NO_TIMESTAMP) throw withoutTimestamp(side.isLeft);
    if (timestamp < this.#timers.currentWatermark()) {
      if (side.lateTag !== undefined) this.output.emitSide(side.lateTag.id, value, timestamp);
      return;
    }
    const bucket = side.own.get(timestamp) ?? [];
    bucket.push(value);
    side.own.put(timestamp, bucket);
    const cleanupAt = side.upperMs > 0 ? timestamp + side.upperMs : timestamp;
    this.#timers.registerEventTimeTimer(side.cleanupNamespace, cleanupAt);
    const matches: number[] = [];
    for (const at of side.other.keys()) {
      if (at >= timestamp + side.lowerMs && at <= timestamp + side.upperMs) matches.push(at);
    }
    if (matches.length > 0) this.begin(this.#joinAll(side, value, timestamp, matches.sort((a, b) => a - b)));
  }

  /** Work that joins a record with all buckets, one pair at a time, as there is room. */
  #joinAll(side: Side, value: unknown, timestamp: number, matches: readonly number[]): () => boolean {
    let bucket: unknown[] = [];
    let nextBucket = 0;
    let nextEntry = 0;
    return () => {
      while (true) {
        while (nextEntry === bucket.length) {
          if (nextBucket === matches.length) return true;
          bucket = side.other.get(matches[nextBucket++]) ?? [];
          nextEntry = 0;
        }
        const other = bucket[nextEntry++];
        const otherTimestamp = matches[nextBucket - 1];
        // The function may change what it gets: every pair but the last gets a copy.
        const isLast = nextEntry === bucket.length && nextBucket === matches.length;
        const mine = isLast || this.ctx.config.objectReuse ? value : copyValue(value);
        if (side.isLeft) this.#join(mine as L, other as R, timestamp, otherTimestamp);
        else this.#join(other as L, mine as R, otherTimestamp, timestamp);
        if (!this.ctx.proceed()) return false;
      }
    };
  }

  #join(left: L, right: R, leftTimestamp: number, rightTimestamp: number): void {
    const timestamp = Math.max(leftTimestamp, rightTimestamp);
    this.#binding.call("processElement()", { timestamp }, (ctx, out) => {
      return this.fn.processElement(left, right, new JoinContext(ctx, leftTimestamp, rightTimestamp), out);
    });
  }

  onEventTime(timestamp: number, namespace: string): void {
    if (namespace === CLEANUP_LEFT) {
      this.#left.own.remove(this.#upperMs <= 0 ? timestamp : timestamp - this.#upperMs);
    } else {
      this.#right.own.remove(this.#lowerMs <= 0 ? timestamp + this.#lowerMs : timestamp);
    }
  }
  onProcessingTime(): void {}
}

/** The context of one pair. */
class JoinContext implements ProcessJoinContext {
  readonly #ctx: CallContext;
  readonly #left: number;
  readonly #right: number;
  constructor(ctx: CallContext, left: number, right: number) {
    this.#ctx = ctx;
    this.#left = left;
    this.#right = right;
  }
  getLeftTimestamp(): number {
    return this.#left;
  }
  getRightTimestamp(): number {
    return this.#right;
  }
  getTimestamp(): number {
    return Math.max(this.#left, this.#right);
  }
  output<X>(tag: OutputTag<X>, value: X): void {
    this.#ctx.output(tag, value);
  }
}

function checkBounds(options: IntervalJoinOptions): void {
  const { lowerBoundMs, upperBoundMs } = options;
  if (lowerBoundMs <= upperBoundMs) return;
  throw new InvalidProgramError("TSF-2013", "The bounds of an interval join are the wrong way round", {
    expected: "lower bound <= upper bound",
    found: `${lowerBoundMs} ms and ${upperBoundMs} ms`,
  });
}

function withoutTimestamp(isLeft: boolean): JobExecutionError {
  return new JobExecutionError("TSF-2013", "A record of an interval join has no timestamp", {
    expected: "records with event-time timestamps on both sides",
    found: `a record without timestamp on the ${isLeft ? "left" : "right"} side`,
    hint: "Call assignTimestampsAndWatermarks(...) on both streams before the join.",
  });
}

/** Makes {@link IntervalJoinOperator}s. @throws InvalidProgramError TSF-2013 when lower > upper. */
export function intervalJoinOperator<L, R, O>(
  options: IntervalJoinOptions & { readonly fn: ProcessJoin<L, R, O> | FunctionFactory<ProcessJoin<L, R, O>> },
): StreamOperatorFactory<O> {
  checkBounds(options);
  return functionOperatorFactory(options.fn, 2, (own) => new IntervalJoinOperator(own, options));
}
