/**
 * What triggers and window functions see of their key and window.
 *
 * Invariants: a trigger context acts on the window it was pointed at and fails when none is; a window function's context
 * and the state handles from it work only during their call. Who calls: window_operator.ts.
 *
 * @module
 */

import { JobExecutionError } from "../../errors.ts";
import type { OutputTag } from "../../functions/output_tag.ts";
import type { ProcessWindowContext, WindowStateStore } from "../../functions/process_function.ts";
import type {
  AggregatingState,
  AggregatingStateDescriptor,
  ListState,
  ListStateDescriptor,
  MapState,
  MapStateDescriptor,
  ReducingState,
  ReducingStateDescriptor,
  StateDescriptor,
  ValueState,
  ValueStateDescriptor,
} from "../../functions/state_descriptor.ts";
import type { OnMergeContext, Window } from "../../functions/windowing/windows.ts";
import { type KeyedStateBackend, type MergingState, VOID_NAMESPACE } from "../../state/keyed_state_backend.ts";
import { copyValue } from "../../types/copy.ts";
import type { CallScope } from "../call_scope.ts";
import { type GuardedStateSource, guardState } from "../guarded_state.ts";
import type { OperatorContext } from "../operator.ts";
import type { InternalTimerService } from "../timers/timer_service.ts";

/** The context of a trigger; one object that is pointed at the window of each call. */
export class WindowTriggerContext implements OnMergeContext {
  readonly #backend: KeyedStateBackend;
  readonly #timers: InternalTimerService;
  #namespace: string | undefined;
  #merged: readonly string[] = [];

  constructor(backend: KeyedStateBackend, timers: InternalTimerService) {
    this.#backend = backend;
    this.#timers = timers;
  }

  /** Acts on this window from now on; `merged` are the windows that were merged into it. */
  pointAt(namespace: string | undefined, merged: readonly string[] = []): void {
    this.#namespace = namespace;
    this.#merged = merged;
  }
  /** The window it is pointed at. */
  get namespace(): string {
    if (this.#namespace !== undefined) return this.#namespace;
    throw new JobExecutionError("TSF-2003", "The context of a trigger was used outside the call it was given to", {
      expected: "use in onElement, onEventTime, onProcessingTime, onMerge or clear",
      hint: "Do not keep it in a field; it is given to every call.",
    });
  }

  getCurrentProcessingTime(): number {
    return this.#timers.currentProcessingTime();
  }
  getCurrentWatermark(): number {
    return this.#timers.currentWatermark();
  }
  registerEventTimeTimer(timestamp: number): void {
    this.#timers.registerEventTimeTimer(this.namespace, timestamp);
  }
  registerProcessingTimeTimer(timestamp: number): void {
    this.#timers.registerProcessingTimeTimer(this.namespace, timestamp);
  }
  deleteEventTimeTimer(timestamp: number): void {
    this.#timers.deleteEventTimeTimer(this.namespace, timestamp);
  }
  deleteProcessingTimeTimer(timestamp: number): void {
    this.#timers.deleteProcessingTimeTimer(this.namespace, timestamp);
  }
  getPartitionedState<H>(descriptor: StateDescriptor): H {
    const namespace = this.namespace;
    const state = this.#backend.state<H>(descriptor);
    state.setNamespace(namespace);
    return state;
  }
  mergePartitionedState(descriptor: StateDescriptor): void {
    const namespace = this.namespace;
    if (this.#merged.length === 0) return;
    const state = this.#backend.state<Partial<MergingState>>(descriptor);
    if (typeof state.mergeNamespaces !== "function") {
      throw new JobExecutionError("TSF-2206", `The trigger state "${descriptor.name}" cannot be merged`, {
        expected: "list, reducing or aggregating state",
        found: `${descriptor.kind} state`,
      });
    }
    state.mergeNamespaces(namespace, this.#merged);
  }
}

/** What all calls of one operator's window function share. */
export interface WindowCallScope {
  readonly operator: OperatorContext;
  readonly backend: KeyedStateBackend;
  readonly timers: InternalTimerService;
  readonly scope: CallScope;
  /** With merging windows there is no state per window. */
  readonly isMerging: boolean;
}

/** The context of one call of a window function. */
export class WindowCallContext<W extends Window> implements ProcessWindowContext<W> {
  readonly #shared: WindowCallScope;
  readonly #at: { readonly window: W; readonly namespace: string };
  readonly #call: number;

  constructor(shared: WindowCallScope, at: { readonly window: W; readonly namespace: string }, call: number) {
    this.#shared = shared;
    this.#at = at;
    this.#call = call;
  }

  window(): W {
    this.#check();
    return this.#at.window;
  }
  currentProcessingTime(): number {
    this.#check();
    return this.#shared.timers.currentProcessingTime();
  }
  currentWatermark(): number {
    this.#check();
    return this.#shared.timers.currentWatermark();
  }
  windowState(): WindowStateStore {
    this.#check();
    return new CallStateStore(this.#shared, this.#call, this.#shared.isMerging ? undefined : this.#at.namespace);
  }
  globalState(): WindowStateStore {
    this.#check();
    return new CallStateStore(this.#shared, this.#call, VOID_NAMESPACE);
  }
  output<X>(tag: OutputTag<X>, value: X): void {
    this.#check();
    const { output, config } = this.#shared.operator;
    output.emitSide(tag.id, config.objectReuse ? value : copyValue(value), this.#at.window.maxTimestamp());
  }

  #check(): void {
    this.#shared.scope.check(this.#call, "The context of a window function");
  }
}

/** State of one namespace during one call; without a namespace every request is refused. */
class CallStateStore implements WindowStateStore {
  readonly #shared: WindowCallScope;
  readonly #call: number;
  readonly #namespace: string | undefined;

  constructor(shared: WindowCallScope, call: number, namespace: string | undefined) {
    this.#shared = shared;
    this.#call = call;
    this.#namespace = namespace;
  }

  getState<T>(descriptor: ValueStateDescriptor<T>): ValueState<T> {
    return this.#state(descriptor);
  }
  getListState<T>(descriptor: ListStateDescriptor<T>): ListState<T> {
    return this.#state(descriptor);
  }
  getMapState<K, V>(descriptor: MapStateDescriptor<K, V>): MapState<K, V> {
    return this.#state(descriptor);
  }
  getReducingState<T>(descriptor: ReducingStateDescriptor<T>): ReducingState<T> {
    return this.#state(descriptor);
  }
  getAggregatingState<IN, ACC, OUT>(descriptor: AggregatingStateDescriptor<IN, ACC, OUT>): AggregatingState<IN, OUT> {
    return this.#state(descriptor);
  }

  #state<H>(descriptor: StateDescriptor): H {
    const { backend, scope } = this.#shared;
    const namespace = this.#namespace;
    const call = this.#call;
    scope.check(call, `The state "${descriptor.name}"`);
    if (namespace === undefined) {
      throw new JobExecutionError("TSF-2205", "Per-window state is not allowed with merging windows", {
        expected: "globalState(), or windows that do not merge",
        found: `windowState() asked for "${descriptor.name}" in a session window`,
        hint: "A session has no state of its own because it can become part of another one; use ctx.globalState().",
      });
    }
    const handle = backend.state<object>(descriptor);
    // One handle serves all namespaces of a state, so each use points it at the right one again.
    const source: GuardedStateSource = {
      kind: descriptor.kind,
      name: descriptor.name,
      scope,
      get raw() {
        handle.setNamespace(namespace);
        return handle;
      },
    };
    return guardState(source, call) as H;
  }
}
