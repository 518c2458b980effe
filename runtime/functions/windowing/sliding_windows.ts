/**
 * Sliding windows: of one size, one starting every `slide`; a record is in size / slide of them, or, where slide is
 * larger than size, perhaps in none.
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

/** More windows per record than this are refused. */
const MAX_WINDOWS_PER_RECORD = 10_000_000;

interface SlidingGrid {
  readonly size: number;
  readonly slide: number;
  readonly offset: number;
}

function slidingGrid(name: string, lengths: readonly [DurationLike, DurationLike, DurationLike]): SlidingGrid {
  const [size, slide, offset] = lengths.map((length) => toMillis(length));
  const found = `size ${size} ms, slide ${slide} ms, offset ${offset} ms`;
  requireParameter(Math.abs(offset) < slide && size > 0, `${name} with abs(offset) < slide and size > 0`, found);
  requireParameter(
    Math.floor(size / slide) <= MAX_WINDOWS_PER_RECORD,
    `${name} with size / slide <= ${MAX_WINDOWS_PER_RECORD}`,
    found,
  );
  return { size, slide, offset };
}

/** The windows that contain `time`, latest first. */
function slidingWindows(time: number, { size, slide, offset }: SlidingGrid): TimeWindow[] {
  const windows: TimeWindow[] = [];
  const last = TimeWindow.getWindowStartWithOffset(time, offset, slide);
  for (let start = last; start > time - size; start -= slide) windows.push(new TimeWindow(start, start + size));
  return windows;
}

/** Windows start at multiples of the slide, and end a remainder of the size after such multiples. */
function sameWindows(time: number, { size, slide, offset }: SlidingGrid): readonly [from: number, to: number] {
  const start = TimeWindow.getWindowStartWithOffset(time, offset, slide);
  const rest = size % slide;
  if (rest === 0) return [start, start + slide];
  return time < start + rest ? [start, start + rest] : [start + rest, start + slide];
}

/**
 * Sliding windows by the records' timestamps.
 *
 * @example
 * ```ts
 * import { SlidingEventTimeWindows } from "tsflink";
 *
 * const windows = SlidingEventTimeWindows.of("10 s", "5 s");
 * const starts = windows.assignWindows("x", 7000, { getCurrentProcessingTime: () => 0 }).map((w) => w.start);
 * console.assert(starts.join() === "5000,0");
 * ```
 */
export class SlidingEventTimeWindows implements WindowAssigner<unknown, TimeWindow>, SpanAssigner {
  readonly windowCodec: WindowCodec<TimeWindow> = TIME_WINDOW_CODEC;
  private readonly grid: SlidingGrid;
  private constructor(grid: SlidingGrid) {
    this.grid = grid;
  }

  /**
   * Makes the assigner; lengths in ms or as text.
   *
   * @param size Length of a window.
   * @param slide Distance between two starts.
   * @param offset Shift of the starts against the epoch, also negative.
   * @throws InvalidProgramError TSF-1701 unless size > 0, abs(offset) < slide and size / slide <= 10,000,000.
   */
  static of(size: DurationLike, slide: DurationLike, offset: DurationLike = 0): SlidingEventTimeWindows {
    return new SlidingEventTimeWindows(slidingGrid("SlidingEventTimeWindows", [size, slide, offset]));
  }

  /**
   * All windows that contain the timestamp: none when `slide` leaves gaps and it lies in one.
   *
   * @throws JobExecutionError TSF-2201 for a record without timestamp.
   */
  assignWindows(_element: unknown, timestamp: number, _context: WindowAssignerContext): TimeWindow[] {
    requireTimestamp(timestamp, this);
    return slidingWindows(timestamp, this.grid);
  }
  /** At most one slide. */
  [SAME_WINDOWS](time: number): readonly [from: number, to: number] {
    return sameWindows(time, this.grid);
  }
  getDefaultTrigger(): Trigger<unknown, TimeWindow> {
    return EventTimeTrigger.create();
  }
  isEventTime(): boolean {
    return true;
  }
  /** Length of a window in ms. */
  getSize(): number {
    return this.grid.size;
  }
  /** Distance between two starts in ms. */
  getSlide(): number {
    return this.grid.slide;
  }
  /** Name, size and slide in ms. */
  toString(): string {
    return `SlidingEventTimeWindows(${this.grid.size}, ${this.grid.slide})`;
  }
}

/** Sliding windows by the clock of the machine. */
export class SlidingProcessingTimeWindows implements WindowAssigner<unknown, TimeWindow>, SpanAssigner {
  readonly windowCodec: WindowCodec<TimeWindow> = TIME_WINDOW_CODEC;
  private readonly grid: SlidingGrid;
  private constructor(grid: SlidingGrid) {
    this.grid = grid;
  }

  /** Parameters and errors as {@link SlidingEventTimeWindows.of}. */
  static of(size: DurationLike, slide: DurationLike, offset: DurationLike = 0): SlidingProcessingTimeWindows {
    return new SlidingProcessingTimeWindows(slidingGrid("SlidingProcessingTimeWindows", [size, slide, offset]));
  }

  assignWindows(_element: unknown, _timestamp: number, context: WindowAssignerContext): TimeWindow[] {
    return slidingWindows(context.getCurrentProcessingTime(), this.grid);
  }
  /** At most one slide. */
  [SAME_WINDOWS](time: number): readonly [from: number, to: number] {
    return sameWindows(time, this.grid);
  }
  getDefaultTrigger(): Trigger<unknown, TimeWindow> {
    return ProcessingTimeTrigger.create();
  }
  isEventTime(): boolean {
    return false;
  }
  /** Length of a window in ms. */
  getSize(): number {
    return this.grid.size;
  }
  /** Distance between two starts in ms. */
  getSlide(): number {
    return this.grid.slide;
  }
  /** Name, size and slide in ms. */
  toString(): string {
    return `SlidingProcessingTimeWindows(${this.grid.size}, ${this.grid.slide})`;
  }
}
