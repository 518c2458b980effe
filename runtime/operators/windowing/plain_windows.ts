/**
 * Which window operators need less than the general way: what panes, slices and sessions take.
 *
 * Who calls: window_operator.ts when an operator is opened.
 *
 * @module
 */

import { EventTimeTrigger, ProcessingTimeTrigger } from "../../functions/windowing/time_triggers.ts";
import {
  SAME_WINDOWS,
  SESSION_GAP,
  type SessionAssigner,
  type SpanAssigner,
} from "../../functions/windowing/time_window.ts";
import type { Window, WindowAssigner } from "../../functions/windowing/windows.ts";
import { MAX_WATERMARK } from "../../types/stream_element.ts";
import { ALL_OPTIMIZATIONS } from "../operator.ts";
import type { SliceGrid } from "./slices/slice_list.ts";
import { type WindowParts, windowsAt } from "./window_path.ts";

/** An assigner whose windows can be kept in panes. */
export type PaneAssigner = WindowAssigner<unknown, Window> & SpanAssigner;

/** The assigner if the windows can be kept in panes, and the job allows it. */
export function paneAssigner(parts: WindowParts): PaneAssigner | undefined {
  return SAME_WINDOWS in parts.assigner && isPlain(parts) ? parts.assigner as PaneAssigner : undefined;
}

/** Whether windows fire at their end and are dropped then, or a finite lateness after it, and no more. */
export function isPlain({ ctx, assigner, trigger, evictor, evaluation, latenessMs }: WindowParts): boolean {
  const { optimizations = ALL_OPTIMIZATIONS, runtimeMode } = ctx.config;
  // In BATCH mode a key's windows end with the key.
  if (!optimizations.windowSlices || runtimeMode === "BATCH" || evictor !== undefined) return false;
  const plainTrigger = assigner.isEventTime() ? EventTimeTrigger : ProcessingTimeTrigger;
  if (trigger.constructor !== plainTrigger) return false;
  // A function that hears of each dropped window hears of them in the order of their timers.
  return latenessMs === 0 || (latenessMs < MAX_WATERMARK / 2 && !evaluation.hasClear);
}

/** An assigner of sessions that the engine knows. */
export type PlainSessionAssigner = WindowAssigner<unknown, Window> & SessionAssigner;

/** The assigner if its sessions can be kept in a store, and the job allows it. */
export function sessionAssigner(parts: WindowParts): PlainSessionAssigner | undefined {
  return SESSION_GAP in parts.assigner && isPlain(parts) ? parts.assigner as PlainSessionAssigner : undefined;
}

/** The assigner if the windows can be made of slices, and the job allows it. */
export function sliceAssigner(parts: WindowParts): PaneAssigner | undefined {
  const { content, latenessMs, assigner } = parts;
  if (content.kind !== "aggregate" || content.fn.mergeable !== true || content.fn.merge === undefined) return undefined;
  return (latenessMs === 0 || !assigner.isEventTime()) && gridOf(parts).ratio > 1 ? paneAssigner(parts) : undefined;
}

/** How the windows of two neighbouring slices lie. */
export function gridOf(parts: WindowParts): SliceGrid {
  const windows = SAME_WINDOWS in parts.assigner ? windowsAt(parts, 0) : [];
  if (windows.length === 0) return { origin: 0, step: 0, ratio: 0 };
  // The first slice of a window is the one with the most windows.
  const { start } = windows[windows.length - 1];
  const most = windowsAt(parts, start);
  return { origin: start, step: most.length < 2 ? 0 : Math.abs(most[0].end - most[1].end), ratio: most.length };
}
