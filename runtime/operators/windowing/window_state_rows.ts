/**
 * Windows in keyed state and timers, where the general way keeps them, as rows and back: what makes a snapshot of either
 * way good for the other. Who calls: window_rows.ts and general_windows.ts when an operator is opened.
 *
 * @module
 */

import type { AggregateFunction } from "../../functions/functions.ts";
import type { ListState } from "../../functions/state_descriptor.ts";
import type { CanonicalKey } from "../../state/key_context.ts";
import type { NamespacedState } from "../../state/keyed_state_backend.ts";
import { MERGING_WINDOWS, type MergingWindowEntry } from "./merging_window_set.ts";
import { isMergingAssigner } from "./window_checks.ts";
import { type BoundWindowContent, windowStateDescriptor } from "./window_contents.ts";
import { WINDOW_TIMERS, type WindowParts } from "./window_path.ts";
import type { WindowRow } from "./window_rows.ts";

const NO_ORDER = -1;

/** Takes the windows of the general way out of timers and keyed state. */
export function windowsInState(parts: WindowParts): WindowRow[] {
  const { ctx, backend, assigner } = parts;
  const timers = ctx.timers.takeTimers(WINDOW_TIMERS, assigner.isEventTime());
  if (timers.length === 0) return [];
  const content = rawContent(parts);
  const sets = isMergingAssigner(assigner) ? new StoredMergingSets(parts) : undefined;
  const found = new Map<string, WindowRow & { readonly timers: number[] }>();
  for (const { key, canonical, namespace, timestamp, order } of timers) {
    const id = `${namespace} ${idOf(canonical)}`;
    const isEnd = assigner.windowCodec.fromNamespace(namespace).maxTimestamp() === timestamp;
    const row = found.get(id);
    if (row !== undefined) {
      row.timers.push(timestamp);
      continue;
    }
    backend.setCurrentKey(key);
    const stateNamespace = sets === undefined ? namespace : sets.take(namespace);
    if (stateNamespace === undefined) continue;
    content.setNamespace(stateNamespace);
    const stored = content.get();
    content.clear();
    const isEmpty = stored === null || (Array.isArray(stored) && stored.length === 0 && parts.content.kind === "list");
    found.set(id, {
      key,
      namespace,
      timers: [timestamp],
      order: isEnd ? order : NO_ORDER,
      content: isEmpty ? undefined : stored,
    });
  }
  return [...found.values()];
}

/** A text for a key. */
export function idOf(canonical: CanonicalKey): string {
  return `${typeof canonical} ${String(canonical)}`;
}

/** Puts windows that another way has written as rows into timers and keyed state. */
export function importRows(parts: WindowParts, rows: readonly WindowRow[], content: RawHandle): void {
  const { ctx, backend, assigner } = parts;
  const isEvent = assigner.isEventTime();
  const kind = isEvent ? "event-timers" : "processing-timers";
  const name = `_timer_state/${isEvent ? "event" : "processing"}_${WINDOW_TIMERS}`;
  const set = isMergingAssigner(assigner) ? backend.state<ListState<MergingWindowEntry>>(MERGING_WINDOWS) : undefined;
  for (const { key, namespace, timers, order, content: stored } of rows) {
    backend.setCurrentKey(key);
    content.setNamespace(namespace);
    if (stored !== undefined) content.put(stored);
    set?.add([namespace, namespace]);
    const value = timers.flatMap((timestamp, i) => [timestamp, Math.max(order, 0) + i]);
    const state = { state: name, keyGroup: backend.getCurrentKeyGroup(), key, namespace, value };
    ctx.timers.restoreRow({ name, kind, ttl: false, schema: "generic" }, state);
  }
  backend.keyContext.clear();
}

/** Content of a window as it is stored. */
export interface RawHandle {
  setNamespace(namespace: string): void;
  put(stored: unknown): void;
}

interface RawState extends NamespacedState {
  get(): unknown;
  clear(): void;
}

/** The state of window contents, read as it is stored. */
function rawContent({ backend, content }: WindowParts): RawState {
  const raw: BoundWindowContent = content.kind === "aggregate"
    ? { kind: "aggregate", fn: new RawAggregate(content.fn, true) }
    : content;
  return backend.state<RawState>(windowStateDescriptor(raw));
}

type AnyAggregate = AggregateFunction<unknown, unknown, unknown>;

/** An aggregate function that can be switched off: then accumulators go in and come out as they are. */
export class RawAggregate implements AnyAggregate {
  readonly merge: ((left: unknown, right: unknown) => unknown) | undefined;

  constructor(readonly fn: AnyAggregate, public isRaw: boolean) {
    this.merge = fn.merge === undefined ? undefined : (left, right) => fn.merge!(left, right);
  }
  createAccumulator(): unknown {
    return this.isRaw ? 0 : this.fn.createAccumulator();
  }
  add(value: unknown, accumulator: unknown): unknown {
    return this.isRaw ? value : this.fn.add(value, accumulator);
  }
  getResult(accumulator: unknown): unknown {
    return this.isRaw ? accumulator : this.fn.getResult(accumulator);
  }
}

/** The content with a handle that puts it back as it was stored. */
export function restorableContent(parts: WindowParts): { content: BoundWindowContent; raw: RawHandle } {
  const aggregate = parts.content.kind === "aggregate" ? new RawAggregate(parts.content.fn, false) : undefined;
  const content: BoundWindowContent = aggregate === undefined ? parts.content : { kind: "aggregate", fn: aggregate };
  const state = parts.backend.state<ListState<unknown>>(windowStateDescriptor(content));
  const raw: RawHandle = {
    setNamespace: (namespace) => state.setNamespace(namespace),
    put(stored) {
      if (content.kind === "list") return state.update(stored as unknown[]);
      if (aggregate !== undefined) aggregate.isRaw = true;
      state.add(stored);
      if (aggregate !== undefined) aggregate.isRaw = false;
    },
  };
  return { content, raw };
}

/** The sets of merging windows in keyed state, taken out window by window. */
class StoredMergingSets {
  readonly #state: ListState<MergingWindowEntry>;

  constructor({ backend }: WindowParts) {
    this.#state = backend.state<ListState<MergingWindowEntry>>(MERGING_WINDOWS);
  }

  /** Where the content of a window of the current key is; undefined for one that is not in flight. */
  take(namespace: string): string | undefined {
    const entries = [...this.#state.get()];
    const at = entries.findIndex(([window]) => window === namespace);
    if (at < 0) return undefined;
    const [[, stateNamespace]] = entries.splice(at, 1);
    if (entries.length === 0) this.#state.clear();
    else this.#state.update(entries);
    return stateNamespace;
  }
}
