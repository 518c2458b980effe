/**
 * The ways in which a window operator can work: all give the same results, the general one takes everything.
 *
 * Who calls: window_operator.ts picks one when the operator is opened.
 *
 * @module
 */

import { SAME_WINDOWS, type SpanAssigner, type TimeWindow } from "../../functions/windowing/time_window.ts";
import type { OutputTag } from "../../functions/output_tag.ts";
import type {
  Evictor,
  Trigger,
  Window,
  WindowAssigner,
  WindowAssignerContext,
} from "../../functions/windowing/windows.ts";
import type { Counter } from "../../metrics/metric_group.ts";
import type { KeyedStateBackend } from "../../state/keyed_state_backend.ts";
import type { OperatorContext } from "../operator.ts";
import type { InternalTimerService, Triggerable } from "../timers/timer_service.ts";
import type { FusedContent } from "./pane_content.ts";
import type { FusedRows } from "./window_cursor.ts";
import type { BoundWindowContent } from "./window_contents.ts";
import type { WindowEvaluation } from "./window_evaluation.ts";

/** Name of the timer service of windows. */
export const WINDOW_TIMERS = "window-timers";

/** What all ways are made of. */
export interface WindowParts {
  readonly ctx: OperatorContext;
  readonly backend: KeyedStateBackend;
  readonly timers: InternalTimerService;
  readonly assigner: WindowAssigner<unknown, Window>;
  readonly assignerContext: WindowAssignerContext;
  readonly trigger: Trigger<unknown, Window>;
  readonly evictor: Evictor<unknown, Window> | undefined;
  readonly content: BoundWindowContent;
  readonly evaluation: WindowEvaluation;
  readonly latenessMs: number;
  readonly late: LateRecords;
}

/** The windows of a time, which stands for the clock where windows are of processing time. */
export function windowsAt(parts: WindowParts, time: number, element?: unknown): TimeWindow[] {
  const { assigner, assignerContext } = parts;
  return assigner.assignWindows(
    element,
    time,
    contextAt(assignerContext, assigner.isEventTime(), time),
  ) as TimeWindow[];
}

/** The span of a time, see {@link SAME_WINDOWS}. */
export function spanAt(parts: WindowParts, time: number): readonly [from: number, to: number] {
  const { assigner, assignerContext } = parts;
  const context = contextAt(assignerContext, assigner.isEventTime(), time);
  return (assigner as unknown as SpanAssigner)[SAME_WINDOWS](time, context);
}

function contextAt(context: WindowAssignerContext, isEventTime: boolean, time: number): WindowAssignerContext {
  return isEventTime ? context : { getCurrentProcessingTime: () => time, nextRandom: () => context.nextRandom!() };
}

/** See the header. Timers of the service are only set by the general way. */
export interface WindowPath extends Triggerable {
  /** @param isMoved The record is fit to travel, and nobody else holds it or will hold it. */
  processElement(value: unknown, timestamp: number, isMoved?: boolean): void;
  /** Where generated code may put records by itself; undefined for nowhere. */
  readonly fused?: FusedPath;
}

/** See {@link WindowPath.fused}. */
export interface FusedPath {
  readonly rows: FusedRows;
  readonly content: FusedContent;
}

/** Where records go that came too late for all their windows. */
export class LateRecords {
  readonly #ctx: OperatorContext;
  readonly #tag: OutputTag<unknown> | undefined;
  readonly #numDropped: Counter;

  constructor(ctx: OperatorContext, tag: OutputTag<unknown> | undefined) {
    this.#ctx = ctx;
    this.#tag = tag;
    this.#numDropped = ctx.metrics.counter("numLateRecordsDropped");
  }

  /** One that no window took. */
  add(value: unknown, timestamp: number): void {
    if (this.#tag === undefined) this.#numDropped.inc();
    else this.#ctx.output.emitSide(this.#tag.id, value, timestamp);
  }
}
