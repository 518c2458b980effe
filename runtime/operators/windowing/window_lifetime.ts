/**
 * When a window is over: which records are late for it, and when its content is dropped.
 *
 * The cleanup time is the window's last timestamp plus the allowed lateness in event time, the last timestamp alone in
 * processing time. Who calls: window_operator.ts.
 *
 * @module
 */

import { JobExecutionError } from "../../errors.ts";
import type { Window } from "../../functions/windowing/windows.ts";
import { MAX_WATERMARK } from "../../types/stream_element.ts";
import type { InternalTimerService } from "../timers/timer_service.ts";

/** A window and its namespace. */
export interface WindowAt {
  readonly window: Window;
  readonly namespace: string;
}

/** See the head of the file. */
export class WindowLifetime {
  readonly #timers: InternalTimerService;
  readonly #latenessMs: number;

  constructor(timers: InternalTimerService, readonly isEventTime: boolean, latenessMs: number) {
    this.#timers = timers;
    this.#latenessMs = latenessMs;
  }

  /** When the window is dropped; {@link MAX_WATERMARK} for one that never is. */
  cleanupTime(window: Window): number {
    const end = window.maxTimestamp();
    return this.isEventTime ? Math.min(end + this.#latenessMs, MAX_WATERMARK) : end;
  }
  /** True when the window takes no more records. */
  isWindowLate(window: Window): boolean {
    return this.isEventTime && this.cleanupTime(window) <= this.#timers.currentWatermark();
  }
  /** True when a record that no window took counts as late; one that merely fell between windows does not. */
  isElementLate(timestamp: number): boolean {
    return this.isEventTime && timestamp + this.#latenessMs <= this.#timers.currentWatermark();
  }

  registerCleanupTimer({ window, namespace }: WindowAt): void {
    const time = this.cleanupTime(window);
    if (time === MAX_WATERMARK) return;
    if (this.isEventTime) this.#timers.registerEventTimeTimer(namespace, time);
    else this.#timers.registerProcessingTimeTimer(namespace, time);
  }
  deleteCleanupTimer({ window, namespace }: WindowAt): void {
    const time = this.cleanupTime(window);
    if (time === MAX_WATERMARK) return;
    if (this.isEventTime) this.#timers.deleteEventTimeTimer(namespace, time);
    else this.#timers.deleteProcessingTimeTimer(namespace, time);
  }

  /** @throws JobExecutionError TSF-2203 when a merged window would already be over. */
  refuseMergeIntoThePast(result: Window): void {
    const limit = this.isEventTime ? result.maxTimestamp() + this.#latenessMs : result.maxTimestamp();
    const now = this.isEventTime ? this.#timers.currentWatermark() : this.#timers.currentProcessingTime();
    if (limit > now) return;
    throw new JobExecutionError("TSF-2203", "A merge would end a window before the current time", {
      expected: `a merged window that is still open at ${this.isEventTime ? "watermark" : "processing time"} ${now}`,
      found: String(result),
      hint: "mergeWindows of the assigner must return a window that covers those it merges.",
    });
  }
}
