/**
 * Windows and the arithmetic of time windows, shared by all assigners.
 *
 * Invariants: a time window is [start, end) in ms since the epoch; its namespace text is canonical, so equal windows
 * have equal texts. Who calls: the assigners and operators/windowing/window_operator.ts.
 *
 * @module
 */

import { InvalidProgramError, JobExecutionError } from "../../errors.ts";
import { type DurationLike, toMillis } from "../../types/duration.ts";
import { MAX_WATERMARK, NO_TIMESTAMP } from "../../types/stream_element.ts";
import type { Window, WindowAssignerContext, WindowCodec } from "./windows.ts";

/**
 * The interval of time [start, end), in ms since the epoch.
 *
 * @example
 * ```ts
 * import { TimeWindow } from "tsflink";
 *
 * const window = new TimeWindow(0, 5000);
 * console.assert(window.maxTimestamp() === 4999);
 * console.assert(window.cover(new TimeWindow(5000, 6000)).end === 6000);
 * ```
 */
export class TimeWindow implements Window {
  /** The first timestamp inside. */
  readonly start: number;
  /** The first timestamp after it. */
  readonly end: number;

  /** The window [start, end). @param end Not included, in ms as `start`. */
  constructor(start: number, end: number) {
    // Adding 0 turns -0 into 0, so that equal windows look equal.
    this.start = start + 0;
    this.end = end + 0;
  }

  /** The first timestamp, in ms. */
  getStart(): number {
    return this.start;
  }
  /** The first timestamp behind it, in ms. */
  getEnd(): number {
    return this.end;
  }
  /** `end - 1`, the last timestamp inside and the timestamp of its results. */
  maxTimestamp(): number {
    return this.end - 1;
  }
  /** True when the windows overlap or touch: [0, 5) and [5, 8) intersect, as in Flink. */
  intersects(other: TimeWindow): boolean {
    return this.start <= other.end && this.end >= other.start;
  }
  /** The smallest window that contains both. */
  cover(other: TimeWindow): TimeWindow {
    return new TimeWindow(Math.min(this.start, other.start), Math.max(this.end, other.end));
  }
  /** Whether it is the same window. */
  equals(other: unknown): boolean {
    return other instanceof TimeWindow && other.start === this.start && other.end === this.end;
  }
  /** Start and end in ms. */
  toString(): string {
    return `TimeWindow{start=${this.start}, end=${this.end}}`;
  }

  /**
   * Start of the window of that size that contains `timestamp`, on the grid shifted by `offset`; all in ms. Right for
   * timestamps before the epoch too.
   */
  static getWindowStartWithOffset(timestamp: number, offset: number, windowSize: number): number {
    const remainder = (timestamp - offset) % windowSize;
    return remainder < 0 ? timestamp - (remainder + windowSize) : timestamp - remainder;
  }

  /** Calls `merged` once for every group of two or more different windows that overlap or touch, earliest first. */
  static mergeWindows(
    windows: readonly TimeWindow[],
    merged: (toBeMerged: readonly TimeWindow[], mergeResult: TimeWindow) => void,
  ): void {
    const sorted = [...windows].sort((a, b) => a.start - b.start || a.end - b.end);
    let group: TimeWindow[] = [];
    let cover: TimeWindow | undefined;
    for (const window of sorted) {
      if (cover === undefined || !cover.intersects(window)) {
        if (group.length > 1) merged(group, cover!);
        group = [window];
        cover = window;
      } else {
        // Sorted by start and end, equal windows are neighbours; they count once.
        if (!window.equals(group[group.length - 1])) group.push(window);
        cover = cover.cover(window);
      }
    }
    if (group.length > 1) merged(group, cover!);
  }
}

/** The one window of {@link GlobalWindows}; it never ends. */
export class GlobalWindow implements Window {
  private constructor() {}
  static readonly #instance = new GlobalWindow();
  /** The only instance. */
  static get(): GlobalWindow {
    return GlobalWindow.#instance;
  }
  /** The end of time: the timestamp of its results. */
  maxTimestamp(): number {
    return MAX_WATERMARK;
  }
  /** Whether it is the same window. */
  equals(other: unknown): boolean {
    return other instanceof GlobalWindow;
  }
  /** The name. */
  toString(): string {
    return "GlobalWindow";
  }
}

/**
 * Method of an assigner by which the engine asks for the longest span [from, to) around a time whose records all get the
 * same windows, so that it need not ask for every record. Assigners without it are asked each time.
 */
export const SAME_WINDOWS: unique symbol = Symbol("same windows");

/** An assigner that knows its {@link SAME_WINDOWS}. */
export interface SpanAssigner {
  /** The span; in ms, `to` is not included. */
  [SAME_WINDOWS](time: number, context: WindowAssignerContext): readonly [from: number, to: number];
}

/** Method of a session assigner that gives the gap after a record, in ms. */
export const SESSION_GAP: unique symbol = Symbol("session gap");

/** An assigner of one window [time, time + gap) that merges what overlaps or touches. */
export interface SessionAssigner {
  /** Above 0. @throws JobExecutionError TSF-2204 for a dynamic gap that is not. */
  [SESSION_GAP](element: unknown): number;
}

/** Namespace text of time windows: "start,end". */
export const TIME_WINDOW_CODEC: WindowCodec<TimeWindow> = {
  toNamespace: (window) => `${window.start},${window.end}`,
  fromNamespace(namespace) {
    const comma = namespace.indexOf(",");
    return new TimeWindow(+namespace.slice(0, comma), +namespace.slice(comma + 1));
  },
};
/** Namespace text of the global window; not the empty text, which is state that belongs to the key alone. */
export const GLOBAL_WINDOW_CODEC: WindowCodec<GlobalWindow> = {
  toNamespace: () => "global",
  fromNamespace: () => GlobalWindow.get(),
};

/**
 * How the windows of different subtasks lie to each other: all on the same grid, each subtask shifted by a random part of
 * the size, or each subtask starting its grid with its first record. Spreads the work of firing over time.
 */
export type WindowStagger = "ALIGNED" | "RANDOM" | "NATURAL";
/** The values of {@link WindowStagger}, by Flink's names. */
export const WindowStagger: { readonly [S in WindowStagger]: S } = {
  ALIGNED: "ALIGNED",
  RANDOM: "RANDOM",
  NATURAL: "NATURAL",
};

/**
 * The shift of a subtask's window grid in ms, from 0 to size - 1; asked once, at the first record.
 * RANDOM draws from the context's `nextRandom` (the operator passes the seeded Random seam of the subtask); a context
 * without it, as in a test that calls the assigner itself, gives a spread made from the processing time.
 */
export function staggerOffset(stagger: WindowStagger, size: number, context: WindowAssignerContext): number {
  if (stagger === "ALIGNED") return 0;
  const now = context.getCurrentProcessingTime();
  if (stagger === "NATURAL") return Math.max(0, now - TimeWindow.getWindowStartWithOffset(now, 0, size));
  const fraction = context.nextRandom?.() ?? goldenFraction(now);
  return Math.floor(fraction * size);
}

/** Multiples of the golden ratio lie well spread in [0, 1). */
function goldenFraction(n: number): number {
  const product = (n % 1_000_003) * 0.618033988749895;
  return product - Math.floor(product);
}

/** @throws JobExecutionError TSF-2201 when the record has no timestamp. */
export function requireTimestamp(timestamp: number, assigner: unknown): void {
  if (timestamp > NO_TIMESTAMP) return;
  throw new JobExecutionError("TSF-2201", `${assigner} got a record without timestamp`, {
    expected: "a record with an event-time timestamp",
    found: "no timestamp",
    hint: "Assign timestamps before the window: stream.assignTimestampsAndWatermarks({ timestamp: (r) => r.time, " +
      'outOfOrderness: "5 s" }), or use processing-time windows.',
  });
}

/** A length in ms. @throws InvalidProgramError TSF-1701 unless it is a positive whole number. */
export function positiveMillis(duration: DurationLike, what: string): number {
  const ms = toMillis(duration);
  requireParameter(ms > 0 && Number.isSafeInteger(ms), `${what} > 0 ms`, `${ms} ms`);
  return ms;
}

/** @throws InvalidProgramError TSF-1701 unless the condition holds. */
export function requireParameter(condition: boolean, expected: string, found: string): void {
  if (!condition) throw new InvalidProgramError("TSF-1701", "Window parameters do not fit", { expected, found });
}
