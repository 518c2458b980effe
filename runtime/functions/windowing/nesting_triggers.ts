/**
 * Triggers around another trigger.
 *
 * @module
 */

import { InvalidProgramError } from "../../errors.ts";
import { type DurationLike, toMillis } from "../../types/duration.ts";
import { Types } from "../../types/type_information.ts";
import { type ValueState, ValueStateDescriptor } from "../state_descriptor.ts";
import { isFire, isPurge } from "./time_triggers.ts";
import type { OnMergeContext, Trigger, TriggerContext, TriggerResult, Window } from "./windows.ts";

/**
 * Drops the content of the window whenever the nested trigger fires; the window and its timers stay.
 *
 * @example
 * ```ts
 * import { CountTrigger, PurgingTrigger } from "tsflink";
 *
 * const everyTen = PurgingTrigger.of(CountTrigger.of(10));
 * console.assert(everyTen.canMerge());
 * ```
 */
export class PurgingTrigger<T, W extends Window> implements Trigger<T, W> {
  private constructor(private readonly nested: Trigger<T, W>) {}
  /** Every FIRE of `nested` becomes FIRE_AND_PURGE. */
  static of<T, W extends Window>(nested: Trigger<T, W>): PurgingTrigger<T, W> {
    return new PurgingTrigger(nested);
  }

  onElement(element: T, timestamp: number, window: W, ctx: TriggerContext): TriggerResult {
    return purging(this.nested.onElement(element, timestamp, window, ctx));
  }
  onEventTime(time: number, window: W, ctx: TriggerContext): TriggerResult {
    return purging(this.nested.onEventTime(time, window, ctx));
  }
  onProcessingTime(time: number, window: W, ctx: TriggerContext): TriggerResult {
    return purging(this.nested.onProcessingTime(time, window, ctx));
  }
  clear(window: W, ctx: TriggerContext): void {
    this.nested.clear(window, ctx);
  }
  canMerge(): boolean {
    return this.nested.canMerge?.() ?? false;
  }
  onMerge(window: W, ctx: OnMergeContext): void {
    this.nested.onMerge?.(window, ctx);
  }
  /** The trigger inside. */
  getNestedTrigger(): Trigger<T, W> {
    return this.nested;
  }
  /** Name and nested trigger. */
  toString(): string {
    return `PurgingTrigger(${this.nested})`;
  }
}

function purging(result: TriggerResult): TriggerResult {
  return isFire(result) ? "FIRE_AND_PURGE" : result;
}

/** When the timeout of a key and window is due. */
const TIMEOUT: ValueStateDescriptor<number> = new ValueStateDescriptor<number>("timeout", { type: Types.LONG });

/**
 * Fires when the nested trigger fires, and when it has not fired within the timeout (by the clock). Every timer that
 * fires counts as the timeout; the content is purged when the nested trigger says so. Cannot be used with merging windows.
 */
export class ProcessingTimeoutTrigger<T, W extends Window> implements Trigger<T, W> {
  private constructor(
    private readonly nested: Trigger<T, W>,
    private readonly timeoutMs: number,
    private readonly resetTimerOnNewRecord: boolean,
    private readonly shouldClearOnTimeout: boolean,
  ) {}

  /**
   * Fires `timeout` after the first record (or the last one, see below) when `nested` has not fired.
   *
   * @param resetTimerOnNewRecord Start the timeout again with every record; else it counts from the first record.
   * @param shouldClearOnTimeout Clear the nested trigger's state and timers when the timeout fires.
   * @throws InvalidProgramError TSF-1705 for a negative timeout.
   */
  static of<T, W extends Window>(
    nested: Trigger<T, W>,
    timeout: DurationLike,
    resetTimerOnNewRecord: boolean = false,
    shouldClearOnTimeout: boolean = true,
  ): ProcessingTimeoutTrigger<T, W> {
    const timeoutMs = toMillis(timeout);
    if (!(timeoutMs >= 0)) {
      throw new InvalidProgramError("TSF-1705", "The parameters of ProcessingTimeoutTrigger do not fit", {
        expected: "a timeout >= 0 ms",
        found: `${timeoutMs} ms`,
      });
    }
    return new ProcessingTimeoutTrigger(nested, timeoutMs, resetTimerOnNewRecord, shouldClearOnTimeout);
  }

  onElement(element: T, timestamp: number, window: W, ctx: TriggerContext): TriggerResult {
    const result = this.nested.onElement(element, timestamp, window, ctx);
    if (isFire(result)) {
      this.clear(window, ctx);
      return result;
    }
    const state = ctx.getPartitionedState<ValueState<number>>(TIMEOUT);
    const due = state.value();
    if (due !== undefined && !this.resetTimerOnNewRecord) return result;
    if (due !== undefined) ctx.deleteProcessingTimeTimer(due);
    const next = ctx.getCurrentProcessingTime() + this.timeoutMs;
    state.update(next);
    ctx.registerProcessingTimeTimer(next);
    return result;
  }
  onProcessingTime(time: number, window: W, ctx: TriggerContext): TriggerResult {
    return this.timedOut(this.nested.onProcessingTime(time, window, ctx), window, ctx);
  }
  onEventTime(time: number, window: W, ctx: TriggerContext): TriggerResult {
    return this.timedOut(this.nested.onEventTime(time, window, ctx), window, ctx);
  }
  clear(window: W, ctx: TriggerContext): void {
    const state = ctx.getPartitionedState<ValueState<number>>(TIMEOUT);
    const due = state.value();
    if (due !== undefined) {
      ctx.deleteProcessingTimeTimer(due);
      state.clear();
    }
    this.nested.clear(window, ctx);
  }
  /** Name, as Flink's, and nested trigger. */
  toString(): string {
    return `TimeoutTrigger(${this.nested})`;
  }

  // Not a #method: function objects are copied per subtask, and copies have no private names.
  /** Whatever timer it was, the timeout fires; the nested trigger only decides about the purge. */
  private timedOut(result: TriggerResult, window: W, ctx: TriggerContext): TriggerResult {
    if (this.shouldClearOnTimeout) this.clear(window, ctx);
    return isPurge(result) ? "FIRE_AND_PURGE" : "FIRE";
  }
}
