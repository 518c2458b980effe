/**
 * The window operator, general path: any assigner, trigger, content and window function; allowed lateness, late side
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
import type { ListState } from "../../functions/state_descriptor.ts";
import { isFire, isPurge } from "../../functions/windowing/triggers.ts";
import type {
  Evictor,
  MergingWindowAssigner,
  Trigger,
  TriggerResult,
  Window,
  WindowAssigner,
  WindowAssignerContext,
  WindowCodec,
} from "../../functions/windowing/windows.ts";
import type { Counter } from "../../metrics/metric_group.ts";
import type { Random } from "../../seams/random.ts";
import { CallCollector } from "../collector.ts";
import { EvictingWindowContents } from "./evicting_window_contents.ts";
import {
  closeFunction,
  initializeFunctionState,
  instantiate,
  notifyFunction,
  openFunction,
  snapshotFunctionState,
} from "../function_binding.ts";
import { type MergingWindowEntry, MergingWindowSet, type WindowMerge } from "./merging_window_set.ts";
import { type OperatorContext, StreamOperator, type StreamOperatorFactory } from "../operator.ts";
import { callScopeOf } from "../runtime_context.ts";
import type { InternalTimerService, Triggerable } from "../timers/timer_service.ts";
import { checkWindowContent, checkWindowOptions, isMergingAssigner } from "./window_checks.ts";
import {
  bindWindowContent,
  type BoundWindowContent,
  StateWindowContents,
  type WindowContent,
  type WindowContents,
} from "./window_contents.ts";
import { WindowCallContext, type WindowCallScope, WindowTriggerContext } from "./window_contexts.ts";
import { type WindowAt, WindowLifetime } from "./window_lifetime.ts";
import { bindWindowFunction, type BoundWindowFunction, type WindowFunctionSpec } from "./window_functions.ts";

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
  readonly #merging: MergingWindowAssigner<unknown, Window> | undefined;
  readonly #trigger: Trigger<unknown, Window>;
  readonly #evictor: Evictor<unknown, Window> | undefined;
  readonly #codec: WindowCodec<Window>;
  readonly #latenessMs: number;
  readonly #lateTag: OutputTag<unknown> | undefined;
  readonly #content: BoundWindowContent;
  readonly #function: BoundWindowFunction | undefined;
  #lifetime!: WindowLifetime;
  #contents!: WindowContents;
  #mergingState!: ListState<MergingWindowEntry>;
  #triggerContext!: WindowTriggerContext;
  #assignerContext!: WindowAssignerContext;
  #callScope!: WindowCallScope;
  #collector!: CallCollector<unknown>;
  #numLateRecordsDropped!: Counter;

  constructor(options: WindowOperatorOptions) {
    super();
    this.#assigner = instantiate<WindowAssigner<unknown, Window>>(options.assigner);
    this.#merging = isMergingAssigner(this.#assigner) ? this.#assigner : undefined;
    this.#trigger = instantiate<Trigger<unknown, Window>>(options.trigger ?? options.assigner.getDefaultTrigger());
    this.#evictor = options.evictor && instantiate<Evictor<unknown, Window>>(options.evictor);
    this.#codec = this.#assigner.windowCodec;
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
    const backend = this.ctx.keyedState;
    invariant(backend !== undefined, "a window operator needs a keyed input");
    const timers = this.ctx.timers.getInternalTimerService("window-timers", this);
    this.#lifetime = new WindowLifetime(timers, this.#assigner.isEventTime(), this.#latenessMs);
    this.#triggerContext = new WindowTriggerContext(backend, timers);
    this.#assignerContext = assignerContext(this.ctx, timers);
    this.#numLateRecordsDropped = this.ctx.metrics.counter("numLateRecordsDropped");
    this.#collector = new CallCollector(this.ctx);
    this.#contents = this.#evictor === undefined
      ? new StateWindowContents(backend, this.#content)
      : new EvictingWindowContents({
        backend,
        content: this.#content,
        evictor: this.#evictor,
        context: this.#triggerContext,
      });
    if (this.#merging !== undefined) {
      this.#mergingState = backend.state({ kind: "list", name: "merging-window-set" });
    }
    this.#callScope = {
      operator: this.ctx,
      backend,
      timers,
      scope: callScopeOf(this.ctx),
      isMerging: this.#merging !== undefined,
    };
    openFunction(this.#function?.fn, this.ctx);
  }

  override close(): void {
    closeFunction(this.#function?.fn);
  }

  override processElement(value: unknown, timestamp: number): void {
    const windows = this.#assigner.assignWindows(value, timestamp, this.#assignerContext);
    const isTaken = this.#merging === undefined
      ? this.#addToWindows(windows, value, timestamp)
      : this.#addToMergingWindows(windows, value, timestamp);
    this.#triggerContext.pointAt(undefined);
    if (!isTaken && this.#lifetime.isElementLate(timestamp)) {
      if (this.#lateTag === undefined) this.#numLateRecordsDropped.inc();
      else this.output.emitSide(this.#lateTag.id, value, timestamp);
    }
  }

  #addToWindows(windows: readonly Window[], value: unknown, timestamp: number): boolean {
    let isTaken = false;
    for (const window of windows) {
      if (this.#lifetime.isWindowLate(window)) continue;
      isTaken = true;
      const namespace = this.#codec.toNamespace(window);
      this.#contents.use(namespace);
      this.#addElement({ window, namespace }, value, timestamp);
    }
    return isTaken;
  }

  #addToMergingWindows(windows: readonly Window[], value: unknown, timestamp: number): boolean {
    let isTaken = false;
    const set = this.#loadMergingWindows();
    for (const added of windows) {
      const window = set.addWindow(added, (merge) => this.#merge(merge));
      const namespace = this.#codec.toNamespace(window);
      if (this.#lifetime.isWindowLate(window)) {
        set.retireWindow(namespace);
        continue;
      }
      isTaken = true;
      const stateNamespace = set.getStateNamespace(namespace);
      invariant(stateNamespace !== undefined, `window ${namespace} is not in flight`);
      this.#contents.use(stateNamespace);
      this.#addElement({ window, namespace }, value, timestamp);
    }
    set.persist();
    return isTaken;
  }

  /** Adds to the contents in use, asks the trigger, and makes sure that the window will be cleaned up. */
  #addElement(at: WindowAt, value: unknown, timestamp: number): void {
    this.#contents.add(value, timestamp);
    this.#triggerContext.pointAt(at.namespace);
    this.#act(this.#trigger.onElement(value, timestamp, at.window, this.#triggerContext), at);
    this.#lifetime.registerCleanupTimer(at);
  }

  #merge(merge: WindowMerge<Window>): void {
    const { result, merged } = merge;
    this.#lifetime.refuseMergeIntoThePast(result);
    const namespaces = merged.map((window) => this.#codec.toNamespace(window));
    this.#triggerContext.pointAt(this.#codec.toNamespace(result), namespaces);
    this.#trigger.onMerge!(result, this.#triggerContext);
    merged.forEach((window, i) => {
      this.#triggerContext.pointAt(namespaces[i]);
      this.#trigger.clear(window, this.#triggerContext);
      this.#lifetime.deleteCleanupTimer({ window, namespace: namespaces[i] });
    });
    this.#contents.merge(merge.stateNamespace, merge.mergedStateNamespaces);
  }

  onEventTime(timestamp: number, namespace: string): void {
    this.#onTimer(timestamp, namespace, true);
  }

  onProcessingTime(timestamp: number, namespace: string): void {
    this.#onTimer(timestamp, namespace, false);
  }

  #onTimer(timestamp: number, namespace: string, isEventTime: boolean): void {
    const set = this.#merging === undefined ? undefined : this.#loadMergingWindows();
    const stateNamespace = set === undefined ? namespace : set.getStateNamespace(namespace);
    // A timer that a trigger left behind for a window that was merged or dropped.
    if (stateNamespace === undefined) return;
    const at = { window: this.#codec.fromNamespace(namespace), namespace };
    this.#contents.use(stateNamespace);
    this.#triggerContext.pointAt(namespace);
    const result = isEventTime
      ? this.#trigger.onEventTime(timestamp, at.window, this.#triggerContext)
      : this.#trigger.onProcessingTime(timestamp, at.window, this.#triggerContext);
    this.#act(result, at);
    if (isEventTime === this.#lifetime.isEventTime && timestamp === this.#lifetime.cleanupTime(at.window)) {
      this.#contents.clear();
      this.#trigger.clear(at.window, this.#triggerContext);
      this.#clearFunctionState(at);
      set?.retireWindow(namespace);
    }
    set?.persist();
    this.#triggerContext.pointAt(undefined);
  }

  /** Does what the trigger decided, on the contents in use. */
  #act(result: TriggerResult, at: WindowAt): void {
    if (isFire(result)) this.#evaluate(at);
    if (isPurge(result)) this.#contents.clear();
  }

  #evaluate(at: WindowAt): void {
    const elements = this.#contents.take(at.window);
    if (elements === undefined) return;
    const timestamp = at.window.maxTimestamp();
    if (this.#function === undefined) {
      for (const element of elements) this.output.emit(element, timestamp);
    } else {
      const out = this.#collector.begin(timestamp);
      try {
        const context = new WindowCallContext(this.#callScope, { ...at, call: this.#collector.call });
        this.#function.evaluate({
          key: this.#callScope.backend.getCurrentKey(),
          window: at.window,
          context,
          elements,
          out,
        });
      } finally {
        this.#collector.end();
      }
    }
    this.#contents.evaluated(at.window);
  }

  #clearFunctionState(at: WindowAt): void {
    const clear = this.#function?.clear;
    if (clear === undefined) return;
    this.#collector.begin(at.window.maxTimestamp());
    try {
      clear(new WindowCallContext(this.#callScope, { ...at, call: this.#collector.call }));
    } finally {
      this.#collector.end();
    }
  }

  #loadMergingWindows(): MergingWindowSet<Window> {
    return new MergingWindowSet<Window>(this.#merging!, this.#mergingState);
  }
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
