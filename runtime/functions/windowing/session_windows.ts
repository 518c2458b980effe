/**
 * Session windows: each record opens a window of the length of the gap; windows that overlap or touch become one.
 *
 * @module
 */

import { JobExecutionError } from "../../errors.ts";
import { type DurationLike, toMillis } from "../../types/duration.ts";
import { EventTimeTrigger, ProcessingTimeTrigger } from "./time_triggers.ts";
import {
  positiveMillis,
  requireTimestamp,
  SESSION_GAP,
  type SessionAssigner,
  TIME_WINDOW_CODEC,
  TimeWindow,
} from "./time_window.ts";
import type { MergingWindowAssigner, Trigger, WindowAssignerContext, WindowCodec } from "./windows.ts";

/** Gives the gap after a record. */
export type SessionWindowTimeGapExtractor<T> = ((element: T) => DurationLike) | { extract(element: T): DurationLike };

/** What the four assigners share. */
abstract class SessionWindows<T> implements MergingWindowAssigner<T, TimeWindow>, SessionAssigner {
  readonly windowCodec: WindowCodec<TimeWindow> = TIME_WINDOW_CODEC;
  /** The gap after a record, in ms. */
  abstract [SESSION_GAP](element: unknown): number;
  abstract assignWindows(element: T, timestamp: number, context: WindowAssignerContext): TimeWindow[];
  abstract getDefaultTrigger(): Trigger<T, TimeWindow>;
  abstract isEventTime(): boolean;
  mergeWindows(
    windows: readonly TimeWindow[],
    merged: (toBeMerged: readonly TimeWindow[], mergeResult: TimeWindow) => void,
  ): void {
    TimeWindow.mergeWindows(windows, merged);
  }
}

function dynamicGap<T>(extractor: SessionWindowTimeGapExtractor<T>, element: T, assigner: string): number {
  const gap = toMillis(typeof extractor === "function" ? extractor(element) : extractor.extract(element));
  if (gap > 0) return gap;
  throw new JobExecutionError("TSF-2204", `The gap of ${assigner} is not positive`, {
    expected: "a dynamic session gap > 0 ms",
    found: `${gap} ms`,
  });
}

/**
 * Session windows by the records' timestamps, with one gap.
 *
 * @example
 * ```ts
 * import { EventTimeSessionWindows } from "tsflink";
 *
 * const sessions = EventTimeSessionWindows.withGap("30 s");
 * console.assert(sessions.isEventTime());
 * const byRecord = EventTimeSessionWindows.withDynamicGap((click: { gapMs: number }) => click.gapMs);
 * const [window] = byRecord.assignWindows({ gapMs: 5 }, 10, { getCurrentProcessingTime: () => 0 });
 * console.assert(window.end === 15);
 * ```
 */
export class EventTimeSessionWindows extends SessionWindows<unknown> {
  private constructor(private readonly gap: number) {
    super();
  }
  /**
   * Sessions that end when timestamps lie more than `gap` apart.
   *
   * @throws InvalidProgramError TSF-1701 unless the gap is > 0.
   */
  static withGap(gap: DurationLike): EventTimeSessionWindows {
    return new EventTimeSessionWindows(positiveMillis(gap, "EventTimeSessionWindows with a gap"));
  }
  /** Sessions whose gap is taken from each record. A gap <= 0 fails the job with TSF-2204. */
  static withDynamicGap<T>(extractor: SessionWindowTimeGapExtractor<T>): DynamicEventTimeSessionWindows<T> {
    return DynamicEventTimeSessionWindows.withDynamicGap(extractor);
  }
  /**
   * The window [timestamp, timestamp + gap), merged later.
   *
   * @throws JobExecutionError TSF-2201 for a record without timestamp.
   */
  assignWindows(_element: unknown, timestamp: number, _context: WindowAssignerContext): TimeWindow[] {
    requireTimestamp(timestamp, this);
    return [new TimeWindow(timestamp, timestamp + this.gap)];
  }
  /** Fires when the watermark passes the end of the session. */
  getDefaultTrigger(): Trigger<unknown, TimeWindow> {
    return EventTimeTrigger.create();
  }
  /** True: needs timestamps and watermarks. */
  isEventTime(): boolean {
    return true;
  }
  /** The one gap. */
  override [SESSION_GAP](): number {
    return this.gap;
  }
  /** Name and gap in ms. */
  override toString(): string {
    return `EventTimeSessionWindows(${this.gap})`;
  }
}

/** Session windows by the records' timestamps, with a gap per record. */
export class DynamicEventTimeSessionWindows<T> extends SessionWindows<T> {
  private constructor(private readonly extractor: SessionWindowTimeGapExtractor<T>) {
    super();
  }
  /** A gap <= 0 fails the job with TSF-2204. */
  static withDynamicGap<T>(extractor: SessionWindowTimeGapExtractor<T>): DynamicEventTimeSessionWindows<T> {
    return new DynamicEventTimeSessionWindows(extractor);
  }
  /**
   * The window [timestamp, timestamp + gap of the record), merged later.
   *
   * @throws JobExecutionError TSF-2201 for a record without timestamp, TSF-2204 for a gap <= 0.
   */
  assignWindows(element: T, timestamp: number, _context: WindowAssignerContext): TimeWindow[] {
    requireTimestamp(timestamp, this);
    return [new TimeWindow(timestamp, timestamp + dynamicGap(this.extractor, element, String(this)))];
  }
  /** Fires when the watermark passes the end of the session. */
  getDefaultTrigger(): Trigger<T, TimeWindow> {
    return EventTimeTrigger.create();
  }
  /** True: needs timestamps and watermarks. */
  isEventTime(): boolean {
    return true;
  }
  /** The gap of the record. */
  override [SESSION_GAP](element: unknown): number {
    return dynamicGap(this.extractor, element as T, String(this));
  }
  /** The name. */
  override toString(): string {
    return "DynamicEventTimeSessionWindows()";
  }
}

/** Session windows by the clock of the machine, with one gap. */
export class ProcessingTimeSessionWindows extends SessionWindows<unknown> {
  private constructor(private readonly gap: number) {
    super();
  }
  /**
   * Sessions that end when there was no record for `gap`.
   *
   * @throws InvalidProgramError TSF-1701 unless the gap is > 0.
   */
  static withGap(gap: DurationLike): ProcessingTimeSessionWindows {
    return new ProcessingTimeSessionWindows(positiveMillis(gap, "ProcessingTimeSessionWindows with a gap"));
  }
  /** Sessions whose gap is taken from each record. A gap <= 0 fails the job with TSF-2204. */
  static withDynamicGap<T>(extractor: SessionWindowTimeGapExtractor<T>): DynamicProcessingTimeSessionWindows<T> {
    return DynamicProcessingTimeSessionWindows.withDynamicGap(extractor);
  }
  /** The window [now, now + gap), merged later. */
  assignWindows(_element: unknown, _timestamp: number, context: WindowAssignerContext): TimeWindow[] {
    const now = context.getCurrentProcessingTime();
    return [new TimeWindow(now, now + this.gap)];
  }
  /** Fires when the clock passes the end of the session. */
  getDefaultTrigger(): Trigger<unknown, TimeWindow> {
    return ProcessingTimeTrigger.create();
  }
  /** False: needs neither timestamps nor watermarks. */
  isEventTime(): boolean {
    return false;
  }
  /** The one gap. */
  override [SESSION_GAP](): number {
    return this.gap;
  }
  /** Name and gap in ms. */
  override toString(): string {
    return `ProcessingTimeSessionWindows(${this.gap})`;
  }
}

/** Session windows by the clock of the machine, with a gap per record. */
export class DynamicProcessingTimeSessionWindows<T> extends SessionWindows<T> {
  private constructor(private readonly extractor: SessionWindowTimeGapExtractor<T>) {
    super();
  }
  /** A gap <= 0 fails the job with TSF-2204. */
  static withDynamicGap<T>(extractor: SessionWindowTimeGapExtractor<T>): DynamicProcessingTimeSessionWindows<T> {
    return new DynamicProcessingTimeSessionWindows(extractor);
  }
  /** The window [now, now + gap of the record), merged later. @throws JobExecutionError TSF-2204 for a gap <= 0. */
  assignWindows(element: T, _timestamp: number, context: WindowAssignerContext): TimeWindow[] {
    const now = context.getCurrentProcessingTime();
    return [new TimeWindow(now, now + dynamicGap(this.extractor, element, String(this)))];
  }
  /** Fires when the clock passes the end of the session. */
  getDefaultTrigger(): Trigger<T, TimeWindow> {
    return ProcessingTimeTrigger.create();
  }
  /** False: needs neither timestamps nor watermarks. */
  isEventTime(): boolean {
    return false;
  }
  /** The gap of the record. */
  override [SESSION_GAP](element: unknown): number {
    return dynamicGap(this.extractor, element as T, String(this));
  }
  /** The name. */
  override toString(): string {
    return "DynamicProcessingTimeSessionWindows()";
  }
}
