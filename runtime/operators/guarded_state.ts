/**
 * Handles of keyed state as user code gets them: every method first checks that the call the handle belongs to is running.
 *
 * Who calls: runtime_context.ts (handles kept in fields) and process_context.ts (`ctx.state`, one handle per call).
 *
 * @module
 */

import type {
  AggregatingState,
  ListState,
  MapState,
  ReducingState,
  StateDescriptor,
  ValueState,
} from "../functions/state_descriptor.ts";
import { type NamespacedState, VOID_NAMESPACE } from "../state/keyed_state_backend.ts";
import type { CallScope } from "./call_scope.ts";

/** One state of one operator instance: what all its guarded handles share. */
export interface GuardedStateSource {
  readonly kind: StateDescriptor["kind"];
  readonly name: string;
  /** The backend's handle. */
  readonly raw: unknown;
  readonly scope: CallScope;
}

/** A source of one shape, for states that belong to the key alone. */
export class KeyedStateSource implements GuardedStateSource {
  readonly kind: StateDescriptor["kind"];
  readonly name: string;
  readonly scope: CallScope;
  readonly #handle: NamespacedState;

  constructor(descriptor: StateDescriptor, handle: NamespacedState, scope: CallScope) {
    this.kind = descriptor.kind;
    this.name = descriptor.name;
    this.scope = scope;
    this.#handle = handle;
  }

  /** One handle serves all namespaces of a state; windowState() may have left it at that of a window. */
  get raw(): unknown {
    this.#handle.setNamespace(VOID_NAMESPACE);
    return this.#handle;
  }
}

class Guarded<H> {
  readonly #source: GuardedStateSource;
  readonly #call: number;
  constructor(source: GuardedStateSource, call: number) {
    this.#source = source;
    this.#call = call;
  }
  /** The backend's handle, when the call is running. */
  protected get raw(): H {
    const source = this.#source;
    if (!source.scope.isOpenWithKey(this.#call)) source.scope.checkKeyed(this.#call, `The state "${source.name}"`);
    return source.raw as H;
  }
}

class GuardedValue<T> extends Guarded<ValueState<T>> implements ValueState<T> {
  value(): T | undefined {
    return this.raw.value();
  }
  update(value: T): void {
    this.raw.update(value);
  }
  clear(): void {
    this.raw.clear();
  }
}

class GuardedList<T> extends Guarded<ListState<T>> implements ListState<T> {
  get(): T[] {
    return this.raw.get();
  }
  add(value: T): void {
    this.raw.add(value);
  }
  addAll(values: Iterable<T>): void {
    this.raw.addAll(values);
  }
  update(values: Iterable<T>): void {
    this.raw.update(values);
  }
  clear(): void {
    this.raw.clear();
  }
}

class GuardedMap<UK, UV> extends Guarded<MapState<UK, UV>> implements MapState<UK, UV> {
  get(key: UK): UV | undefined {
    return this.raw.get(key);
  }
  put(key: UK, value: UV): void {
    this.raw.put(key, value);
  }
  putAll(entries: Iterable<readonly [UK, UV]>): void {
    this.raw.putAll(entries);
  }
  remove(key: UK): void {
    this.raw.remove(key);
  }
  contains(key: UK): boolean {
    return this.raw.contains(key);
  }
  entries(): IterableIterator<[UK, UV]> {
    return this.raw.entries();
  }
  keys(): IterableIterator<UK> {
    return this.raw.keys();
  }
  values(): IterableIterator<UV> {
    return this.raw.values();
  }
  isEmpty(): boolean {
    return this.raw.isEmpty();
  }
  clear(): void {
    this.raw.clear();
  }
}

/** Reducing and aggregating state have the same methods. */
class GuardedMerging<IN, OUT> extends Guarded<AggregatingState<IN, OUT>>
  implements AggregatingState<IN, OUT>, Pick<ReducingState<IN>, "add" | "clear"> {
  get(): OUT | undefined {
    return this.raw.get();
  }
  add(value: IN): void {
    this.raw.add(value);
  }
  clear(): void {
    this.raw.clear();
  }
}

/** A handle that works only during `call` (see call_scope.ts). */
export function guardState(source: GuardedStateSource, call: number): unknown {
  switch (source.kind) {
    case "value":
      return new GuardedValue(source, call);
    case "list":
      return new GuardedList(source, call);
    case "map":
      return new GuardedMap(source, call);
    case "reducing":
    case "aggregating":
      return new GuardedMerging(source, call);
  }
}
