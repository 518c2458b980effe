/**
 * The window operator: any assigner, trigger, content and window function; allowed lateness, late side
 * output, merging windows, evictors.
 *
 * Life of a window: its first record makes it, every record asks the trigger, timers ask the trigger, and its cleanup
 * timer (last timestamp + allowed lateness in event time, last timestamp in processing time) drops content, trigger state
 * and function state. A window whose cleanup time has passed gets no more records. Results carry the window's last
 * timestamp. Invariant: after the cleanup of all windows of a key nothing of it is left in state or timers.
 *
 * Timers fire one at a time through the timer manager, so the operator is resumable between any two windows.
 * Who calls: api/ makes the factory; tasks and harnesses run the operator.
 *
 * @module
 */

import { invariant } from "../../errors.ts";
import type { OutputTag } from "../../functions/output_tag.ts";
import type {
  Evictor,
  Trigger,
  Window,
  WindowAssigner,
  WindowAssignerContext,
} from "../../functions/windowing/windows.ts";
import type { Random } from "../../seams/random.ts";
import {
  closeFunction,
  initializeFunctionState,
  instantiate,
  notifyFunction,
  openFunction,
  snapshotFunctionState,
} from "../function_binding.ts";
import type { WindowFusion } from "../codegen/fusion.ts";
import { GeneralWindows } from "./general_windows.ts";
import { type OperatorContext, StreamOperator, type StreamOperatorFactory } from "../operator.ts";
import { callScopeOf } from "../runtime_context.ts";
import type { InternalTimerService, Triggerable } from "../timers/timer_service.ts";
import { checkWindowContent, checkWindowOptions, isMergingAssigner } from "./window_checks.ts";
import { PaneWindows } from "./pane_windows.ts";
import { paneAssigner, sessionAssigner, sliceAssigner } from "./plain_windows.ts";
import { SessionWindows } from "./session_windows.ts";
import { SliceWindows } from "./slices/slice_windows.ts";
import { bindWindowContent, type BoundWindowContent, type WindowContent } from "./window_contents.ts";
import { WindowEvaluation } from "./window_evaluation.ts";
import { bindWindowFunction, type BoundWindowFunction, type WindowFunctionSpec } from "./window_functions.ts";
import { LateRecords, WINDOW_TIMERS, type WindowParts, type WindowPath } from "./window_path.ts";

// deno-lint-ignore no-explicit-any -- the API has checked the types of records and windows
type Any = any;

/** What a window operator is made of. */
export interface WindowOperatorOptions {
  readonly assigner: WindowAssigner<Any, Any>;
  /** Default: the assigner's. */
  readonly trigger?: Trigger<Any, Any>;
  readonly evictor?: Evictor<Any, Any>;
  /** How long after its end a window takes late records, in event time. Default 0. */
  readonly allowedLatenessMs?: number;
  /** Where records go that came too late for all their windows; else they are dropped and counted. */
  readonly lateTag?: OutputTag<Any>;
  readonly content: WindowContent;
  readonly fn: WindowFunctionSpec;
}

/**
 * Makes window operators; the input must be keyed (windowAll: by a constant).
 *
 * @throws InvalidProgramError TSF-1702 to TSF-1706 when the parts do not go together.
 */
export function windowOperator(options: WindowOperatorOptions): StreamOperatorFactory {
  const trigger = options.trigger ?? options.assigner.getDefaultTrigger();
  checkWindowOptions({ ...options, trigger });
  const functions: unknown[] = [];
  if (options.content.kind !== "list") functions.push(options.content.fn);
  if (options.fn.kind !== "passthrough") functions.push(options.fn.fn);
  return {
    chainingStrategy: "ALWAYS",
    numInputs: 1,
    functions,
    create: () => new WindowOperator({ ...options, trigger }),
  };
}

/** See the head of the file. */
export class WindowOperator extends StreamOperator implements Triggerable {
  readonly #assigner: WindowAssigner<unknown, Window>;
  readonly #trigger: Trigger<unknown, Window>;
  readonly #evictor: Evictor<unknown, Window> | undefined;
  readonly #latenessMs: number;
  readonly #lateTag: OutputTag<unknown> | undefined;
  readonly #content: BoundWindowContent;
  readonly #function: BoundWindowFunction | undefined;
  #path!: WindowPath;

  constructor(options: WindowOperatorOptions) {
    super();
    this.#assigner = instantiate<WindowAssigner<unknown, Window>>(options.assigner);
    this.#trigger = instantiate<Trigger<unknown, Window>>(options.trigger ?? options.assigner.getDefaultTrigger());
    this.#evictor = options.evictor && instantiate<Evictor<unknown, Window>>(options.evictor);
    this.#latenessMs = options.allowedLatenessMs ?? 0;
    this.#lateTag = options.lateTag;
    this.#content = bindWindowContent(options.content);
    checkWindowContent(this.#content, this.#assigner, this.#evictor);
    this.#function = bindWindowFunction(options.fn);
  }

  override initializeState(): void {
    initializeFunctionState(this.#function?.fn, this.ctx);
  }
  override snapshotState(checkpointId: number): void {
    snapshotFunctionState(this.#function?.fn, checkpointId);
  }
  override notifyCheckpointComplete(checkpointId: number): void {
    notifyFunction(this.#function?.fn, "Complete", checkpointId);
  }
  override notifyCheckpointAborted(checkpointId: number): void {
    notifyFunction(this.#function?.fn, "Aborted", checkpointId);
  }

  override open(): void {
    const { ctx } = this;
    const backend = ctx.keyedState;
    invariant(backend !== undefined, "a window operator needs a keyed input");
    const timers = ctx.timers.getInternalTimerService(WINDOW_TIMERS, this);
    const isMerging = isMergingAssigner(this.#assigner);
    const scope = { operator: ctx, backend, timers, scope: callScopeOf(ctx), isMerging };
    this.#path = windowPath({
      ctx,
      backend,
      timers,
      assigner: this.#assigner,
      assignerContext: assignerContext(ctx, timers),
      trigger: this.#trigger,
      evictor: this.#evictor,
      content: this.#content,
      evaluation: new WindowEvaluation(ctx, this.#function, scope),
      latenessMs: this.#latenessMs,
      late: new LateRecords(ctx, this.#lateTag),
    });
    openFunction(this.#function?.fn, ctx);
  }

  override close(): void {
    closeFunction(this.#function?.fn);
  }

  override processElement(value: unknown, timestamp: number): void {
    this.#path.processElement(value, timestamp);
  }
  /** {@link processElement} for a record that is fit to travel and that nobody else holds or will hold. */
  processMoved(value: unknown, timestamp: number): void {
    this.#path.processElement(value, timestamp, true);
  }

  /** For generated code; undefined where records may have other holders that do not know of each other. */
  fusion(): WindowFusion | undefined {
    const { objectReuse, checkMutation } = this.ctx.config;
    if (objectReuse || checkMutation) return undefined;
    return { kind: "window", operator: this, path: this.#path.fused };
  }

  onEventTime(timestamp: number, namespace: string): void {
    this.#path.onEventTime(timestamp, namespace);
  }
  onProcessingTime(timestamp: number, namespace: string): void {
    this.#path.onProcessingTime(timestamp, namespace);
  }
}

/** The fastest way that gives the results of the general one. */
function windowPath(parts: WindowParts): WindowPath {
  const slices = sliceAssigner(parts);
  if (slices !== undefined) return new SliceWindows(parts, slices);
  const panes = paneAssigner(parts);
  if (panes !== undefined) return new PaneWindows(parts, panes);
  const sessions = sessionAssigner(parts);
  if (sessions !== undefined) return new SessionWindows(parts, sessions);
  return new GeneralWindows(parts);
}

/** Every subtask draws from a random stream of its own, the same one in every attempt. */
function assignerContext(ctx: OperatorContext, timers: InternalTimerService): WindowAssignerContext {
  let random: Random | undefined;
  return {
    getCurrentProcessingTime: () => timers.currentProcessingTime(),
    nextRandom() {
      const subtask = ctx.runtime.getTaskInfo().indexOfThisSubtask;
      random ??= ctx.seams.random.fork(`window-stagger/${ctx.operatorId}/${subtask}`);
      return random.u32() / 0x1_0000_0000;
    },
  };
}
