/**
 * Triggers that fire by the records themselves, never, or at the end of the input.
 *
 * @module
 */

import { InvalidProgramError } from "../../errors.ts";
import { Types } from "../../types/type_information.ts";
import {
  type ReducingState,
  ReducingStateDescriptor,
  type ValueState,
  ValueStateDescriptor,
} from "../state_descriptor.ts";
import type { OnMergeContext, Trigger, TriggerContext, TriggerResult, Window } from "./windows.ts";

/** Records seen since the last firing, per key and window; merging adds them up. */
const COUNT: ReducingStateDescriptor<number> = new ReducingStateDescriptor<number>("count", (a, b) => a + b, {
  type: Types.LONG,
});

/**
 * Fires when the window has got `maxCount` records since it last fired.
 *
 * @example
 * ```ts
 * import { CountTrigger } from "tsflink";
 *
 * console.assert(CountTrigger.of(100).getMaxCount() === 100);
 * ```
 */
export class CountTrigger implements Trigger<unknown, Window> {
  private constructor(private readonly maxCount: number) {}
  /**
   * Fires for every `maxCount` records; records are not purged.
   *
   * @throws InvalidProgramError TSF-1705 unless maxCount is a whole number >= 1.
   */
  static of(maxCount: number): CountTrigger {
    if (!Number.isSafeInteger(maxCount) || maxCount < 1) {
      throw new InvalidProgramError("TSF-1705", "The parameters of CountTrigger do not fit", {
        expected: "a whole number of records >= 1",
        found: String(maxCount),
      });
    }
    return new CountTrigger(maxCount);
  }

  onElement(_element: unknown, _timestamp: number, _window: Window, ctx: TriggerContext): TriggerResult {
    const count = ctx.getPartitionedState<ReducingState<number>>(COUNT);
    count.add(1);
    if (count.get()! < this.maxCount) return "CONTINUE";
    count.clear();
    return "FIRE";
  }
  onEventTime(_time: number, _window: Window, _ctx: TriggerContext): TriggerResult {
    return "CONTINUE";
  }
  onProcessingTime(_time: number, _window: Window, _ctx: TriggerContext): TriggerResult {
    return "CONTINUE";
  }
  clear(_window: Window, ctx: TriggerContext): void {
    ctx.getPartitionedState<ReducingState<number>>(COUNT).clear();
  }
  canMerge(): boolean {
    return true;
  }
  onMerge(_window: Window, ctx: OnMergeContext): void {
    ctx.mergePartitionedState(COUNT);
  }
  /** Records per firing. */
  getMaxCount(): number {
    return this.maxCount;
  }
  /** Name and count. */
  toString(): string {
    return `CountTrigger(${this.maxCount})`;
  }
}

/** How far two records lie apart; used by {@link DeltaTrigger} and DeltaEvictor. */
export type DeltaFunction<T> =
  | ((oldDataPoint: T, newDataPoint: T) => number)
  | { getDelta(oldDataPoint: T, newDataPoint: T): number };

/** Calls a {@link DeltaFunction}. */
export function deltaOf<T>(fn: DeltaFunction<T>, oldDataPoint: T, newDataPoint: T): number {
  return typeof fn === "function" ? fn(oldDataPoint, newDataPoint) : fn.getDelta(oldDataPoint, newDataPoint);
}

/** The record the next one is compared with, per key and window. Held in a list of one, so that any value can be it. */
const LAST_ELEMENT: ValueStateDescriptor<readonly unknown[]> = new ValueStateDescriptor<readonly unknown[]>(
  "last-element",
);

/**
 * Fires when a record lies more than `threshold` away from the one that fired last (at first: the first record).
 *
 * @example
 * ```ts
 * import { DeltaTrigger } from "tsflink";
 *
 * // Fires when a value is more than 10 away from the one it last fired for.
 * const trigger = DeltaTrigger.of<number>(10, (last, now) => Math.abs(now - last));
 * console.assert(String(trigger).startsWith("DeltaTrigger"));
 * ```
 */
export class DeltaTrigger<T> implements Trigger<T, Window> {
  private constructor(private readonly threshold: number, private readonly deltaFunction: DeltaFunction<T>) {}
  /** Fires when the delta is greater than `threshold`, in the unit of the delta function. */
  static of<T>(threshold: number, deltaFunction: DeltaFunction<T>): DeltaTrigger<T> {
    return new DeltaTrigger(threshold, deltaFunction);
  }

  onElement(element: T, _timestamp: number, _window: Window, ctx: TriggerContext): TriggerResult {
    const state = ctx.getPartitionedState<ValueState<readonly [T]>>(LAST_ELEMENT);
    const last = state.value();
    if (last === undefined) {
      state.update([element]);
      return "CONTINUE";
    }
    if (!(deltaOf(this.deltaFunction, last[0], element) > this.threshold)) return "CONTINUE";
    state.update([element]);
    return "FIRE";
  }
  onEventTime(_time: number, _window: Window, _ctx: TriggerContext): TriggerResult {
    return "CONTINUE";
  }
  onProcessingTime(_time: number, _window: Window, _ctx: TriggerContext): TriggerResult {
    return "CONTINUE";
  }
  clear(_window: Window, ctx: TriggerContext): void {
    ctx.getPartitionedState<ValueState<readonly unknown[]>>(LAST_ELEMENT).clear();
  }
  /** Name and threshold. */
  toString(): string {
    return `DeltaTrigger(${this.threshold})`;
  }
}

/**
 * Never fires: the default of `GlobalWindows.create()`.
 *
 * @example
 * ```ts
 * import { NeverTrigger } from "tsflink";
 *
 * const trigger = NeverTrigger.create();
 * console.assert(String(trigger) === "NeverTrigger");
 * ```
 */
export class NeverTrigger implements Trigger<unknown, Window> {
  private constructor() {}
  /** Makes the trigger. */
  static create(): NeverTrigger {
    return new NeverTrigger();
  }
  onElement(_element: unknown, _timestamp: number, _window: Window, _ctx: TriggerContext): TriggerResult {
    return "CONTINUE";
  }
  onEventTime(_time: number, _window: Window, _ctx: TriggerContext): TriggerResult {
    return "CONTINUE";
  }
  onProcessingTime(_time: number, _window: Window, _ctx: TriggerContext): TriggerResult {
    return "CONTINUE";
  }
  clear(_window: Window, _ctx: TriggerContext): void {}
  onMerge(_window: Window, _ctx: OnMergeContext): void {}
  /** The name. */
  toString(): string {
    return "NeverTrigger";
  }
}

/**
 * Fires once, when the input has ended: the default of `GlobalWindows.createWithEndOfStreamTrigger()`.
 *
 * @example
 * ```ts
 * import { EndOfStreamTrigger, GlobalWindows, StreamExecutionEnvironment } from "tsflink";
 *
 * const env = StreamExecutionEnvironment.getExecutionEnvironment();
 * const total = env.fromData(1, 2, 3).windowAll(GlobalWindows.create()).trigger(EndOfStreamTrigger.create())
 *   .reduce((a, b) => a + b);
 * console.assert((await total.executeAndCollect()).join() === "6");
 * ```
 */
export class EndOfStreamTrigger implements Trigger<unknown, Window> {
  private constructor() {}
  /** Makes the trigger. */
  static create(): EndOfStreamTrigger {
    return new EndOfStreamTrigger();
  }
  onElement(_element: unknown, _timestamp: number, window: Window, ctx: TriggerContext): TriggerResult {
    ctx.registerEventTimeTimer(window.maxTimestamp());
    return "CONTINUE";
  }
  onEventTime(time: number, window: Window, _ctx: TriggerContext): TriggerResult {
    return time === window.maxTimestamp() ? "FIRE" : "CONTINUE";
  }
  onProcessingTime(_time: number, _window: Window, _ctx: TriggerContext): TriggerResult {
    return "CONTINUE";
  }
  clear(_window: Window, _ctx: TriggerContext): void {}
  onMerge(_window: Window, _ctx: OnMergeContext): void {}
  /** The name. */
  toString(): string {
    return "EndOfStreamTrigger";
  }
}
