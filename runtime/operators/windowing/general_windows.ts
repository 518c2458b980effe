/**
 * Windows by the general way: any assigner, trigger, content and window function; merging windows, evictors.
 *
 * Every window has its content and timers under a namespace of its own in keyed state; every record asks the assigner and
 * the trigger. Who calls: window_operator.ts.
 *
 * @module
 */

import { invariant } from "../../errors.ts";
import type { ListState } from "../../functions/state_descriptor.ts";
import { isFire, isPurge } from "../../functions/windowing/triggers.ts";
import type {
  MergingWindowAssigner,
  Trigger,
  TriggerResult,
  Window,
  WindowAssigner,
  WindowAssignerContext,
  WindowCodec,
} from "../../functions/windowing/windows.ts";
import { EvictingWindowContents } from "./evicting_window_contents.ts";
import { MERGING_WINDOWS, type MergingWindowEntry, MergingWindowSet, type WindowMerge } from "./merging_window_set.ts";
import { isMergingAssigner } from "./window_checks.ts";
import { StateWindowContents, type WindowContents } from "./window_contents.ts";
import { WindowTriggerContext } from "./window_contexts.ts";
import type { WindowEvaluation } from "./window_evaluation.ts";
import { type WindowAt, WindowLifetime } from "./window_lifetime.ts";
import type { LateRecords, WindowParts, WindowPath } from "./window_path.ts";
import { windowsInRows } from "./window_rows.ts";
import { importRows, restorableContent } from "./window_state_rows.ts";

/** See the head of the file. */
export class GeneralWindows implements WindowPath {
  readonly #assigner: WindowAssigner<unknown, Window>;
  readonly #merging: MergingWindowAssigner<unknown, Window> | undefined;
  readonly #trigger: Trigger<unknown, Window>;
  readonly #codec: WindowCodec<Window>;
  readonly #lifetime: WindowLifetime;
  readonly #contents: WindowContents;
  readonly #mergingState: ListState<MergingWindowEntry> | undefined;
  readonly #triggerContext: WindowTriggerContext;
  readonly #assignerContext: WindowAssignerContext;
  readonly #evaluation: WindowEvaluation;
  readonly #late: LateRecords;

  constructor(parts: WindowParts) {
    const { backend, timers, assigner, evictor } = parts;
    this.#assigner = assigner;
    this.#merging = isMergingAssigner(assigner) ? assigner : undefined;
    this.#trigger = parts.trigger;
    this.#codec = assigner.windowCodec;
    this.#lifetime = new WindowLifetime(timers, assigner.isEventTime(), parts.latenessMs);
    this.#triggerContext = new WindowTriggerContext(backend, timers);
    this.#assignerContext = parts.assignerContext;
    this.#evaluation = parts.evaluation;
    this.#late = parts.late;
    const rows = windowsInRows(parts);
    const { content, raw } = rows.length === 0 ? { content: parts.content } : restorableContent(parts);
    this.#contents = evictor === undefined
      ? new StateWindowContents(backend, content)
      : new EvictingWindowContents({ backend, content, evictor, context: this.#triggerContext });
    if (this.#merging !== undefined) this.#mergingState = backend.state(MERGING_WINDOWS);
    if (raw !== undefined) importRows(parts, rows, raw);
  }

  processElement(value: unknown, timestamp: number): void {
    const windows = this.#assigner.assignWindows(value, timestamp, this.#assignerContext);
    const isTaken = this.#merging === undefined
      ? this.#addToWindows(windows, value, timestamp)
      : this.#addToMergingWindows(windows, value, timestamp);
    this.#triggerContext.pointAt(undefined);
    if (!isTaken && this.#lifetime.isElementLate(timestamp)) this.#late.add(value, timestamp);
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
      this.#evaluation.clear(at);
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
    this.#evaluation.evaluate(at, elements);
    this.#contents.evaluated(at.window);
  }

  #loadMergingWindows(): MergingWindowSet<Window> {
    return new MergingWindowSet<Window>(this.#merging!, this.#mergingState!);
  }
}
