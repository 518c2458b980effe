/**
 * What must hold between the parts of a window before the job starts, and how the window is named in plans.
 *
 * Who calls: the factory in window_operator.ts, and api/ as soon as a part is set, so that the error names the user's line.
 *
 * @module
 */

import { InvalidProgramError } from "../../errors.ts";
import type {
  Evictor,
  MergingWindowAssigner,
  Trigger,
  Window,
  WindowAssigner,
} from "../../functions/windowing/windows.ts";
import { PER_SUBTASK } from "../../functions/rich_function.ts";
import type { WindowContent } from "./window_contents.ts";

// deno-lint-ignore no-explicit-any -- any types of records and windows
type Any = any;

/** The parts that are checked together. */
export interface WindowParts {
  readonly assigner: WindowAssigner<Any, Any>;
  readonly trigger: Trigger<Any, Any>;
  readonly evictor?: Evictor<Any, Any>;
  readonly allowedLatenessMs?: number;
  readonly content: WindowContent;
}

/** True for assigners whose windows may merge. */
export function isMergingAssigner<T, W extends Window>(
  assigner: WindowAssigner<T, W>,
): assigner is MergingWindowAssigner<T, W> {
  return typeof (assigner as Partial<MergingWindowAssigner<T, W>>).mergeWindows === "function";
}

/** @throws InvalidProgramError TSF-1702 when windows may merge but the trigger cannot. */
export function checkWindowTrigger(assigner: WindowAssigner<Any, Any>, trigger: Trigger<Any, Any>): void {
  if (!isMergingAssigner(assigner)) return;
  if (trigger.canMerge?.() === true && typeof trigger.onMerge === "function") return;
  throw new InvalidProgramError(
    "TSF-1702",
    "A merging window assigner cannot be used with a trigger that cannot merge",
    {
      expected: "a trigger with canMerge() true and onMerge()",
      found: `${nameOf(trigger)} with ${nameOf(assigner)}`,
      hint: "Session windows merge; use EventTimeTrigger, CountTrigger or another trigger that supports it.",
    },
  );
}

/** @throws InvalidProgramError TSF-1703 for a lateness that is negative or no number. */
export function checkAllowedLateness(latenessMs: number): void {
  if (latenessMs >= 0) return;
  throw new InvalidProgramError("TSF-1703", "The allowed lateness cannot be negative", {
    expected: "a lateness >= 0 ms",
    found: `${latenessMs} ms`,
  });
}

/** @throws InvalidProgramError TSF-1704 without a merge that is needed, TSF-1706 for a function with life cycle. */
export function checkWindowContent(
  content: WindowContent,
  assigner: WindowAssigner<Any, Any>,
  evictor?: Evictor<Any, Any>,
): void {
  // What a perSubtask factory makes is checked when it is made.
  if (content.kind === "list" || PER_SUBTASK in content.fn) return;
  const method = content.kind;
  const fn = content.fn as { open?: unknown; close?: unknown; state?: unknown };
  if (typeof fn === "object" && (fn.open !== undefined || fn.close !== undefined || fn.state !== undefined)) {
    throw new InvalidProgramError("TSF-1706", `The function of a window's ${method} cannot be a rich function`, {
      expected: `a function without open, close and state`,
      found: nameOf(fn),
      hint: `It runs inside the state backend. Use ${method}(fn, windowFunction) and put open and close on the latter.`,
    });
  }
  if (content.kind !== "aggregate" || evictor !== undefined || !isMergingAssigner(assigner)) return;
  if (typeof content.fn.merge === "function") return;
  throw new InvalidProgramError("TSF-1704", "An AggregateFunction without merge cannot be used with merging windows", {
    expected: "an AggregateFunction with merge(left, right)",
    found: `${nameOf(content.fn)} without merge, with ${nameOf(assigner)}`,
    hint: "Sessions that grow together merge their accumulators; add merge to the function.",
  });
}

/** All checks. */
export function checkWindowOptions(parts: WindowParts): void {
  checkWindowTrigger(parts.assigner, parts.trigger);
  checkAllowedLateness(parts.allowedLatenessMs ?? 0);
  checkWindowContent(parts.content, parts.assigner, parts.evictor);
}

/** The default name of a window operator: that of its assigner. */
export function windowOperatorName(assigner: WindowAssigner<Any, Any>): string {
  return nameOf(assigner);
}

/**
 * The description of a window operator in plans: "Window(TumblingEventTimeWindows(5000), EventTimeTrigger, ...)".
 *
 * @param functionNames Names of the functions, pre-aggregation first.
 */
export function windowOperatorDescription(
  parts: Pick<WindowParts, "assigner" | "trigger" | "evictor">,
  functionNames: readonly string[],
): string {
  const names = [String(parts.assigner), nameOf(parts.trigger)];
  if (parts.evictor !== undefined) names.push(nameOf(parts.evictor));
  return `Window(${[...names, ...functionNames].join(", ")})`;
}

function nameOf(part: object): string {
  const { name } = part.constructor;
  return name === "" || name === "Object" ? "a custom object" : name;
}
