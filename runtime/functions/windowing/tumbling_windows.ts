/**
 * Tumbling windows: of one size, side by side, each record in exactly one.
 *
 * @module
 */

import { type DurationLike, toMillis } from "../../types/duration.ts";
import { EventTimeTrigger, ProcessingTimeTrigger } from "./time_triggers.ts";
import {
  requireParameter,
  requireTimestamp,
  SAME_WINDOWS,
  type SpanAssigner,
  staggerOffset,
  TIME_WINDOW_CODEC,
  TimeWindow,
  WindowStagger,
} from "./time_window.ts";
import type { Trigger, WindowAssigner, WindowAssignerContext, WindowCodec } from "./windows.ts";

/** What both kinds share; `shift` is fixed by the first record. */
class TumblingGrid {
  shift: number | undefined = undefined;
  constructor(readonly size: number, readonly offset: number, readonly stagger: WindowStagger) {}

  static of(name: string, size: DurationLike, offset: DurationLike, stagger: WindowStagger): TumblingGrid {
    const sizeMs = toMillis(size);
    const offsetMs = toMillis(offset);
    requireParameter(
      sizeMs > 0 && Math.abs(offsetMs) < sizeMs,
      `${name} with size > 0 and abs(offset) < size`,
      `size ${sizeMs} ms, offset ${offsetMs} ms`,
    );
    requireParameter(
      Object.hasOwn(WindowStagger, stagger),
      `${name} with stagger ALIGNED, RANDOM or NATURAL`,
      String(stagger),
    );
    return new TumblingGrid(sizeMs, offsetMs, stagger);
  }

  window(time: number, context: WindowAssignerContext): TimeWindow {
    this.shift ??= (this.offset + staggerOffset(this.stagger, this.size, context)) % this.size;
    const start = TimeWindow.getWindowStartWithOffset(time, this.shift, this.size);
    return new TimeWindow(start, start + this.size);
  }
}

/**
 * Tumbling windows by the records' timestamps.
 *
 * @example
 * ```ts
 * import { TumblingEventTimeWindows } from "tsflink";
 *
 * const windows = TumblingEventTimeWindows.of("5 s", "1 s");
 * const [window] = windows.assignWindows("x", 7000, { getCurrentProcessingTime: () => 0 });
 * console.assert(window.start === 6000 && window.end === 11000);
 * ```
 */
export class TumblingEventTimeWindows implements WindowAssigner<unknown, TimeWindow>, SpanAssigner {
  readonly windowCodec: WindowCodec<TimeWindow> = TIME_WINDOW_CODEC;
  private readonly grid: TumblingGrid;
  private constructor(grid: TumblingGrid) {
    this.grid = grid;
  }

  /**
   * Makes the assigner; lengths in ms or as text.
   *
   * @param size Length of a window.
   * @param offset Shift of the grid against the epoch, also negative; a day in UTC+8 is `of("1 d", "-8 h")`.
   * @param stagger How subtasks lie to each other, default ALIGNED.
   * @throws InvalidProgramError TSF-1701 unless size > 0 and abs(offset) < size.
   */
  static of(
    size: DurationLike,
    offset: DurationLike = 0,
    stagger: WindowStagger = WindowStagger.ALIGNED,
  ): TumblingEventTimeWindows {
    return new TumblingEventTimeWindows(TumblingGrid.of("TumblingEventTimeWindows", size, offset, stagger));
  }

  /** The one window that contains the timestamp. @throws JobExecutionError TSF-2201 for a record without timestamp. */
  assignWindows(_element: unknown, timestamp: number, context: WindowAssignerContext): TimeWindow[] {
    requireTimestamp(timestamp, this);
    return [this.grid.window(timestamp, context)];
  }
  /** The window. */
  [SAME_WINDOWS](time: number, context: WindowAssignerContext): readonly [from: number, to: number] {
    const { start, end } = this.grid.window(time, context);
    return [start, end];
  }
  getDefaultTrigger(): Trigger<unknown, TimeWindow> {
    return EventTimeTrigger.create();
  }
  isEventTime(): boolean {
    return true;
  }
  /** Name and size in ms. */
  toString(): string {
    return `TumblingEventTimeWindows(${this.grid.size})`;
  }
}

/** Tumbling windows by the clock of the machine. */
export class TumblingProcessingTimeWindows implements WindowAssigner<unknown, TimeWindow>, SpanAssigner {
  readonly windowCodec: WindowCodec<TimeWindow> = TIME_WINDOW_CODEC;
  private readonly grid: TumblingGrid;
  private constructor(grid: TumblingGrid) {
    this.grid = grid;
  }

  /** Parameters and errors as {@link TumblingEventTimeWindows.of}. */
  static of(
    size: DurationLike,
    offset: DurationLike = 0,
    stagger: WindowStagger = WindowStagger.ALIGNED,
  ): TumblingProcessingTimeWindows {
    return new TumblingProcessingTimeWindows(TumblingGrid.of("TumblingProcessingTimeWindows", size, offset, stagger));
  }

  assignWindows(_element: unknown, _timestamp: number, context: WindowAssignerContext): TimeWindow[] {
    return [this.grid.window(context.getCurrentProcessingTime(), context)];
  }
  /** The window. */
  [SAME_WINDOWS](time: number, context: WindowAssignerContext): readonly [from: number, to: number] {
    const { start, end } = this.grid.window(time, context);
    return [start, end];
  }
  getDefaultTrigger(): Trigger<unknown, TimeWindow> {
    return ProcessingTimeTrigger.create();
  }
  isEventTime(): boolean {
    return false;
  }
  /** Name and size in ms. */
  toString(): string {
    return `TumblingProcessingTimeWindows(${this.grid.size})`;
  }
}
