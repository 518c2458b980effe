/**
 * Triggers that fire by time: at the end of a window, or again and again within it.
 *
 * @module
 */

import { InvalidProgramError } from "../../errors.ts";
import { type DurationLike, toMillis } from "../../types/duration.ts";
import { Types } from "../../types/type_information.ts";
import { type ReducingState, ReducingStateDescriptor } from "../state_descriptor.ts";
import type { OnMergeContext, Trigger, TriggerContext, TriggerResult, Window } from "./windows.ts";

/** True for FIRE and FIRE_AND_PURGE. */
export function isFire(result: TriggerResult): boolean {
  return result === "FIRE" || result === "FIRE_AND_PURGE";
}
/** True for PURGE and FIRE_AND_PURGE. */
export function isPurge(result: TriggerResult): boolean {
  return result === "PURGE" || result === "FIRE_AND_PURGE";
}

/**
 * Fires once the watermark has passed the end of the window, and again at once for every record that comes later within
 * the allowed lateness. The default of event-time windows.
 *
 * @example
 * ```ts
 * import { EventTimeTrigger, PurgingTrigger } from "tsflink";
 *
 * console.assert(String(PurgingTrigger.of(EventTimeTrigger.create())) === "PurgingTrigger(EventTimeTrigger())");
 * ```
 */
export class EventTimeTrigger implements Trigger<unknown, Window> {
  private constructor() {}
  /** Makes the trigger. */
  static create(): EventTimeTrigger {
    return new EventTimeTrigger();
  }

  onElement(_element: unknown, _timestamp: number, window: Window, ctx: TriggerContext): TriggerResult {
    if (window.maxTimestamp() <= ctx.getCurrentWatermark()) return "FIRE";
    ctx.registerEventTimeTimer(window.maxTimestamp());
    return "CONTINUE";
  }
  onEventTime(time: number, window: Window, _ctx: TriggerContext): TriggerResult {
    return time === window.maxTimestamp() ? "FIRE" : "CONTINUE";
  }
  onProcessingTime(_time: number, _window: Window, _ctx: TriggerContext): TriggerResult {
    return "CONTINUE";
  }
  clear(window: Window, ctx: TriggerContext): void {
    ctx.deleteEventTimeTimer(window.maxTimestamp());
  }
  canMerge(): boolean {
    return true;
  }
  onMerge(window: Window, ctx: OnMergeContext): void {
    // Behind the watermark onElement fires at once; a timer would fire the merged window a second time.
    if (window.maxTimestamp() > ctx.getCurrentWatermark()) ctx.registerEventTimeTimer(window.maxTimestamp());
  }
  /** The name. */
  toString(): string {
    return "EventTimeTrigger()";
  }
}

/** Fires once the clock has passed the end of the window. The default of processing-time windows. */
export class ProcessingTimeTrigger implements Trigger<unknown, Window> {
  private constructor() {}
  /** Makes the trigger. */
  static create(): ProcessingTimeTrigger {
    return new ProcessingTimeTrigger();
  }

  onElement(_element: unknown, _timestamp: number, window: Window, ctx: TriggerContext): TriggerResult {
    ctx.registerProcessingTimeTimer(window.maxTimestamp());
    return "CONTINUE";
  }
  onEventTime(_time: number, _window: Window, _ctx: TriggerContext): TriggerResult {
    return "CONTINUE";
  }
  onProcessingTime(_time: number, _window: Window, _ctx: TriggerContext): TriggerResult {
    return "FIRE";
  }
  clear(window: Window, ctx: TriggerContext): void {
    ctx.deleteProcessingTimeTimer(window.maxTimestamp());
  }
  canMerge(): boolean {
    return true;
  }
  onMerge(window: Window, ctx: OnMergeContext): void {
    if (window.maxTimestamp() > ctx.getCurrentProcessingTime()) {
      ctx.registerProcessingTimeTimer(window.maxTimestamp());
    }
  }
  /** The name. */
  toString(): string {
    return "ProcessingTimeTrigger()";
  }
}

/** The next time to fire, per key and window; merging keeps the earliest. */
const FIRE_TIME: ReducingStateDescriptor<number> = new ReducingStateDescriptor<number>(
  "fire-time",
  (a, b) => Math.min(a, b),
  { type: Types.LONG },
);

function intervalMillis(interval: DurationLike, trigger: string): number {
  const ms = toMillis(interval);
  if (ms > 0) return ms;
  throw new InvalidProgramError("TSF-1705", `The parameters of ${trigger} do not fit`, {
    expected: "an interval > 0 ms",
    found: `${ms} ms`,
  });
}

/** The first multiple of the interval after `time` or the end of the window, whichever is earlier. */
function planNextFire(fireTime: ReducingState<number>, base: number, window: Window): number {
  const next = Math.min(base, window.maxTimestamp());
  fireTime.add(next);
  return next;
}

/**
 * Fires every interval of event time, on multiples of the interval, as long as records come, and at the end of the
 * window.

 *
 * @example
 * ```ts
 * import { ContinuousEventTimeTrigger, StreamExecutionEnvironment, TumblingEventTimeWindows } from "tsflink";
 *
 * const env = StreamExecutionEnvironment.getExecutionEnvironment();
 * const soFar = env.fromData(1, 2).assignTimestampsAndWatermarks({ timestamp: (n) => n })
 *   .keyBy(() => "all").window(TumblingEventTimeWindows.of("3 s")).trigger(ContinuousEventTimeTrigger.of("1 s"))
 *   .reduce((a, b) => a + b);
 * console.assert((await soFar.executeAndCollect()).join() === "3,3,3");
 * ```
 */
export class ContinuousEventTimeTrigger implements Trigger<unknown, Window> {
  private constructor(private readonly interval: number) {}
  /**
   * Makes the trigger; the interval in ms or as text.
   *
   * @throws InvalidProgramError TSF-1705 unless the interval is > 0.
   */
  static of(interval: DurationLike): ContinuousEventTimeTrigger {
    return new ContinuousEventTimeTrigger(intervalMillis(interval, "ContinuousEventTimeTrigger"));
  }

  onElement(_element: unknown, timestamp: number, window: Window, ctx: TriggerContext): TriggerResult {
    if (window.maxTimestamp() <= ctx.getCurrentWatermark()) return "FIRE";
    ctx.registerEventTimeTimer(window.maxTimestamp());
    const fireTime = ctx.getPartitionedState<ReducingState<number>>(FIRE_TIME);
    if (fireTime.get() === undefined) {
      const base = timestamp - (timestamp % this.interval) + this.interval;
      ctx.registerEventTimeTimer(planNextFire(fireTime, base, window));
    }
    return "CONTINUE";
  }
  onEventTime(time: number, window: Window, ctx: TriggerContext): TriggerResult {
    if (time === window.maxTimestamp()) return "FIRE";
    const fireTime = ctx.getPartitionedState<ReducingState<number>>(FIRE_TIME);
    if (fireTime.get() !== time) return "CONTINUE";
    fireTime.clear();
    ctx.registerEventTimeTimer(planNextFire(fireTime, time + this.interval, window));
    return "FIRE";
  }
  onProcessingTime(_time: number, _window: Window, _ctx: TriggerContext): TriggerResult {
    return "CONTINUE";
  }
  clear(_window: Window, ctx: TriggerContext): void {
    const fireTime = ctx.getPartitionedState<ReducingState<number>>(FIRE_TIME);
    const time = fireTime.get();
    if (time === undefined) return;
    ctx.deleteEventTimeTimer(time);
    fireTime.clear();
  }
  canMerge(): boolean {
    return true;
  }
  onMerge(_window: Window, ctx: OnMergeContext): void {
    ctx.mergePartitionedState(FIRE_TIME);
    const time = ctx.getPartitionedState<ReducingState<number>>(FIRE_TIME).get();
    if (time !== undefined) ctx.registerEventTimeTimer(time);
  }
  /** The interval in ms. */
  getInterval(): number {
    return this.interval;
  }
  /** Name and interval in ms. */
  toString(): string {
    return `ContinuousEventTimeTrigger(${this.interval})`;
  }
}

/** Fires every interval of the clock, on multiples of the interval, as long as the window lives. */
export class ContinuousProcessingTimeTrigger implements Trigger<unknown, Window> {
  private constructor(private readonly interval: number) {}
  /**
   * Makes the trigger; the interval in ms or as text.
   *
   * @throws InvalidProgramError TSF-1705 unless the interval is > 0.
   */
  static of(interval: DurationLike): ContinuousProcessingTimeTrigger {
    return new ContinuousProcessingTimeTrigger(intervalMillis(interval, "ContinuousProcessingTimeTrigger"));
  }

  onElement(_element: unknown, _timestamp: number, window: Window, ctx: TriggerContext): TriggerResult {
    const fireTime = ctx.getPartitionedState<ReducingState<number>>(FIRE_TIME);
    if (fireTime.get() === undefined) {
      const now = ctx.getCurrentProcessingTime();
      const base = now - (now % this.interval) + this.interval;
      ctx.registerProcessingTimeTimer(planNextFire(fireTime, base, window));
    }
    return "CONTINUE";
  }
  onEventTime(_time: number, _window: Window, _ctx: TriggerContext): TriggerResult {
    return "CONTINUE";
  }
  onProcessingTime(time: number, window: Window, ctx: TriggerContext): TriggerResult {
    if (time === window.maxTimestamp()) return "FIRE";
    const fireTime = ctx.getPartitionedState<ReducingState<number>>(FIRE_TIME);
    if (fireTime.get() !== time) return "CONTINUE";
    fireTime.clear();
    ctx.registerProcessingTimeTimer(planNextFire(fireTime, time + this.interval, window));
    return "FIRE";
  }
  clear(_window: Window, ctx: TriggerContext): void {
    const fireTime = ctx.getPartitionedState<ReducingState<number>>(FIRE_TIME);
    const time = fireTime.get();
    if (time === undefined) return;
    ctx.deleteProcessingTimeTimer(time);
    fireTime.clear();
  }
  canMerge(): boolean {
    return true;
  }
  onMerge(_window: Window, ctx: OnMergeContext): void {
    ctx.mergePartitionedState(FIRE_TIME);
    const time = ctx.getPartitionedState<ReducingState<number>>(FIRE_TIME).get();
    if (time !== undefined) ctx.registerProcessingTimeTimer(time);
  }
  /** The interval in ms. */
  getInterval(): number {
    return this.interval;
  }
  /** Name and interval in ms. */
  toString(): string {
    return `ContinuousProcessingTimeTrigger(${this.interval})`;
  }
}
