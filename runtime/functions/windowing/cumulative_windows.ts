/**
 * Cumulative windows, as CUMULATE of Flink SQL: within every `size`, windows with the same start whose end grows by
 * `step`. A record is in every window of its size that ends after it, so early results come every step.
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
  TIME_WINDOW_CODEC,
  TimeWindow,
} from "./time_window.ts";
import type { Trigger, WindowAssigner, WindowAssignerContext, WindowCodec } from "./windows.ts";

interface CumulativeGrid {
  readonly size: number;
  readonly step: number;
  readonly offset: number;
}

function cumulativeGrid(name: string, lengths: readonly [DurationLike, DurationLike, DurationLike]): CumulativeGrid {
  const [size, step, offset] = lengths.map((length) => toMillis(length));
  const found = `size ${size} ms, step ${step} ms, offset ${offset} ms`;
  requireParameter(size > 0 && step > 0, `${name} with size > 0 and step > 0`, found);
  requireParameter(size % step === 0, `${name} with a size that is a multiple of the step`, found);
  requireParameter(Math.abs(offset) < size, `${name} with abs(offset) < size`, found);
  return { size, step, offset };
}

/** The windows that contain `time`, shortest first. */
function cumulativeWindows(time: number, { size, step, offset }: CumulativeGrid): TimeWindow[] {
  const windows: TimeWindow[] = [];
  const start = TimeWindow.getWindowStartWithOffset(time, offset, size);
  const firstEnd = TimeWindow.getWindowStartWithOffset(time, offset, step) + step;
  for (let end = firstEnd; end <= start + size; end += step) windows.push(new TimeWindow(start, end));
  return windows;
}

/**
 * Cumulative windows by the records' timestamps.
 *
 * @example
 * ```ts
 * import { CumulativeEventTimeWindows } from "tsflink";
 *
 * const windows = CumulativeEventTimeWindows.of("1 d", "6 h");
 * const noon = windows.assignWindows("x", 12 * 3_600_000, { getCurrentProcessingTime: () => 0 });
 * console.assert(noon.map((w) => w.end / 3_600_000).join() === "18,24");
 * ```
 */
export class CumulativeEventTimeWindows implements WindowAssigner<unknown, TimeWindow>, SpanAssigner {
  readonly windowCodec: WindowCodec<TimeWindow> = TIME_WINDOW_CODEC;
  private readonly grid: CumulativeGrid;
  private constructor(grid: CumulativeGrid) {
    this.grid = grid;
  }

  /**
   * Makes the assigner; lengths in ms or as text.
   *
   * @param size Length of the longest window.
   * @param step By how much the end grows.
   * @param offset Shift of the starts against the epoch, also negative.
   * @throws InvalidProgramError TSF-1701 unless both are > 0, size is a multiple of step and abs(offset) < size.
   */
  static of(size: DurationLike, step: DurationLike, offset: DurationLike = 0): CumulativeEventTimeWindows {
    return new CumulativeEventTimeWindows(cumulativeGrid("CumulativeEventTimeWindows", [size, step, offset]));
  }

  /**
   * All windows of its size that end after the timestamp, shortest first.
   *
   * @throws JobExecutionError TSF-2201 for a record without timestamp.
   */
  assignWindows(_element: unknown, timestamp: number, _context: WindowAssignerContext): TimeWindow[] {
    requireTimestamp(timestamp, this);
    return cumulativeWindows(timestamp, this.grid);
  }
  /** One step. */
  [SAME_WINDOWS](time: number): readonly [from: number, to: number] {
    const { step, offset } = this.grid;
    const from = TimeWindow.getWindowStartWithOffset(time, offset, step);
    return [from, from + step];
  }
  getDefaultTrigger(): Trigger<unknown, TimeWindow> {
    return EventTimeTrigger.create();
  }
  isEventTime(): boolean {
    return true;
  }
  /** Name, size and step in ms. */
  toString(): string {
    return `CumulativeEventTimeWindows(${this.grid.size}, ${this.grid.step})`;
  }
}

/** Cumulative windows by the clock of the machine. */
export class CumulativeProcessingTimeWindows implements WindowAssigner<unknown, TimeWindow>, SpanAssigner {
  readonly windowCodec: WindowCodec<TimeWindow> = TIME_WINDOW_CODEC;
  private readonly grid: CumulativeGrid;
  private constructor(grid: CumulativeGrid) {
    this.grid = grid;
  }

  /** Parameters and errors as {@link CumulativeEventTimeWindows.of}. */
  static of(size: DurationLike, step: DurationLike, offset: DurationLike = 0): CumulativeProcessingTimeWindows {
    return new CumulativeProcessingTimeWindows(cumulativeGrid("CumulativeProcessingTimeWindows", [size, step, offset]));
  }

  assignWindows(_element: unknown, _timestamp: number, context: WindowAssignerContext): TimeWindow[] {
    return cumulativeWindows(context.getCurrentProcessingTime(), this.grid);
  }
  /** One step. */
  [SAME_WINDOWS](time: number): readonly [from: number, to: number] {
    const { step, offset } = this.grid;
    const from = TimeWindow.getWindowStartWithOffset(time, offset, step);
    return [from, from + step];
  }
  getDefaultTrigger(): Trigger<unknown, TimeWindow> {
    return ProcessingTimeTrigger.create();
  }
  isEventTime(): boolean {
    return false;
  }
  /** Name, size and step in ms. */
  toString(): string {
    return `CumulativeProcessingTimeWindows(${this.grid.size}, ${this.grid.step})`;
  }
}
