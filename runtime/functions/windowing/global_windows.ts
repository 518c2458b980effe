/**
 * The global window: one window per key that never ends. Useful with a trigger of one's own (count windows).
 *
 * @module
 */

import { EndOfStreamTrigger, NeverTrigger } from "./element_triggers.ts";
import { GLOBAL_WINDOW_CODEC, GlobalWindow } from "./time_window.ts";
import type { Trigger, WindowAssigner, WindowAssignerContext, WindowCodec } from "./windows.ts";

/**
 * Puts all records of a key into one window.
 *
 * @example
 * ```ts
 * import { GlobalWindows } from "tsflink";
 *
 * console.assert(String(GlobalWindows.create()) === "GlobalWindows(trigger=NeverTrigger)");
 * ```
 */
export class GlobalWindows implements WindowAssigner<unknown, GlobalWindow> {
  readonly windowCodec: WindowCodec<GlobalWindow> = GLOBAL_WINDOW_CODEC;
  private constructor(private readonly endOfStream: boolean) {}

  /** Never fires unless another trigger is set. */
  static create(): GlobalWindows {
    return new GlobalWindows(false);
  }
  /** Fires once, when the input has ended. */
  static createWithEndOfStreamTrigger(): GlobalWindows {
    return new GlobalWindows(true);
  }

  assignWindows(_element: unknown, _timestamp: number, _context: WindowAssignerContext): GlobalWindow[] {
    return [GlobalWindow.get()];
  }
  getDefaultTrigger(): Trigger<unknown, GlobalWindow> {
    return this.endOfStream ? EndOfStreamTrigger.create() : NeverTrigger.create();
  }
  /** False: no record is ever late for it. */
  isEventTime(): boolean {
    return false;
  }
  /** Name and default trigger. */
  toString(): string {
    return `GlobalWindows(trigger=${this.endOfStream ? "EndOfStreamTrigger" : "NeverTrigger"})`;
  }
}
