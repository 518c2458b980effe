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

/** A state whose handle always is at the namespace of the key alone. */
export class StateSource implements GuardedStateSource {
  readonly kind: StateDescriptor["kind"];
  readonly name: string;
  readonly raw: unknown;
  readonly scope: CallScope;

  constructor({ kind, name }: StateDescriptor, raw: unknown, scope: CallScope) {
    this.kind = kind;
    this.name = name;
    this.raw = raw;
    this.scope = scope;
  }
}

/** A state of the key alone whose handle serves the state of windows too. */
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

// The classes below share no base: V8 does not inline the constructors of derived classes, which made a call three times
// as dear.

/** The backend's handle, when the call is running. */
function opened<H>(source: GuardedStateSource, call: number): H {
  if (source.scope.keyed !== call) checkAny(source, call);
  return source.raw as H;
}

/** @throws JobExecutionError TSF-2003 unless the handle is one for any call, and one is running. */
function checkAny({ scope, name }: GuardedStateSource, call: number): void {
  if (!scope.isOpenWithKey(call)) scope.checkKeyed(call, `The state "${name}"`);
}

class GuardedValue<T> implements ValueState<T> {
  readonly #source: GuardedStateSource;
  readonly #call: number;
  constructor(source: GuardedStateSource, call: number) {
    this.#source = source;
    this.#call = call;
  }
  value(): T | undefined {
    return opened<ValueState<T>>(this.#source, this.#call).value();
  }
  update(value: T): void {
    opened<ValueState<T>>(this.#source, this.#call).update(value);
  }
  clear(): void {
    opened<ValueState<T>>(this.#source, this.#call).clear();
  }
}

class GuardedList<T> implements ListState<T> {
  readonly #source: GuardedStateSource;
  readonly #call: number;
  constructor(source: GuardedStateSource, call: number) {
    this.#source = source;
    this.#call = call;
  }
  get(): T[] {
    return opened<ListState<T>>(this.#source, this.#call).get();
  }
  add(value: T): void {
    opened<ListState<T>>(this.#source, this.#call).add(value);
  }
  addAll(values: Iterable<T>): void {
    opened<ListState<T>>(this.#source, this.#call).addAll(values);
  }
  update(values: Iterable<T>): void {
    opened<ListState<T>>(this.#source, this.#call).update(values);
  }
  clear(): void {
    opened<ListState<T>>(this.#source, this.#call).clear();
  }
}

class GuardedMap<UK, UV> implements MapState<UK, UV> {
  readonly #source: GuardedStateSource;
  readonly #call: number;
  constructor(source: GuardedStateSource, call: number) {
    this.#source = source;
    this.#call = call;
  }
  get(key: UK): UV | undefined {
    return opened<MapState<UK, UV>>(this.#source, this.#call).get(key);
  }
  put(key: UK, value: UV): void {
    opened<MapState<UK, UV>>(this.#source, this.#call).put(key, value);
  }
  putAll(entries: Iterable<readonly [UK, UV]>): void {
    opened<MapState<UK, UV>>(this.#source, this.#call).putAll(entries);
  }
  remove(key: UK): void {
    opened<MapState<UK, UV>>(this.#source, this.#call).remove(key);
  }
  contains(key: UK): boolean {
    return opened<MapState<UK, UV>>(this.#source, this.#call).contains(key);
  }
  entries(): IterableIterator<[UK, UV]> {
    return opened<MapState<UK, UV>>(this.#source, this.#call).entries();
  }
  keys(): IterableIterator<UK> {
    return opened<MapState<UK, UV>>(this.#source, this.#call).keys();
  }
  values(): IterableIterator<UV> {
    return opened<MapState<UK, UV>>(this.#source, this.#call).values();
  }
  isEmpty(): boolean {
    return opened<MapState<UK, UV>>(this.#source, this.#call).isEmpty();
  }
  clear(): void {
    opened<MapState<UK, UV>>(this.#source, this.#call).clear();
  }
}

/** Reducing and aggregating state have the same methods. */
class GuardedMerging<IN, OUT> implements AggregatingState<IN, OUT>, Pick<ReducingState<IN>, "add" | "clear"> {
  readonly #source: GuardedStateSource;
  readonly #call: number;
  constructor(source: GuardedStateSource, call: number) {
    this.#source = source;
    this.#call = call;
  }
  get(): OUT | undefined {
    return opened<AggregatingState<IN, OUT>>(this.#source, this.#call).get();
  }
  add(value: IN): void {
    opened<AggregatingState<IN, OUT>>(this.#source, this.#call).add(value);
  }
  clear(): void {
    opened<AggregatingState<IN, OUT>>(this.#source, this.#call).clear();
  }
}

const GUARDS = {
  value: GuardedValue,
  list: GuardedList,
  map: GuardedMap,
  reducing: GuardedMerging,
  aggregating: GuardedMerging,
} as const;

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

/** More handles than that are made when they are asked for. */
const MAX_EAGER = 4;
/** Names that mean themselves in a literal and keep their order. */
const ORDINARY_NAME = /^(?!__proto__$|constructor$)[A-Za-z_$][\w$]*$/;

/**
 * Makes what `ctx.state` gives in a call: a handle per state, by name.
 *
 * With `codegenId` it is written as a literal. All literals with the same names have one hidden class in V8, whichever
 * operator makes them, so what the compiler has learned of a user function holds for its next instance (measured: with
 * classes made for each operator, a function that is run by a fifth job takes four times as long). For the same reason
 * handles, collector and context are of classes that all operators share.
 */
export function stateViews(sources: readonly GuardedStateSource[], codegenId?: string): (call: number) => object {
  if (sources.length === 0) return () => EMPTY;
  const isSimple = sources.length <= MAX_EAGER && sources.every(({ name }) => ORDINARY_NAME.test(name));
  if (codegenId === undefined || !isSimple) return lazyViews(sources);
  const parts = sources.map(({ name, kind }, i) => `${name}: new ${kind}(s${i}, call)`);
  const text = `"use strict"; // ${codegenId.replaceAll(/[^\w-]/g, "_")}
const { ${Object.keys(GUARDS).join(", ")} } = guards, [${sources.map((_, i) => `s${i}`).join(", ")}] = sources;
return (call) => ({ ${parts.join(", ")} });`;
  return new Function("guards", "sources", text)(GUARDS, sources) as (call: number) => object;
}

/** Handles are made when they are asked for. */
function lazyViews(sources: readonly GuardedStateSource[]): (call: number) => object {
  class StateView {
    readonly #call: number;
    constructor(call: number) {
      this.#call = call;
    }
    static define(source: GuardedStateSource): void {
      const get = function (this: StateView): unknown {
        return guardState(source, this.#call);
      };
      Object.defineProperty(StateView.prototype, source.name, { get, enumerable: true });
    }
  }
  for (const source of sources) StateView.define(source);
  return (call) => new StateView(call);
}

const EMPTY: object = Object.freeze({});
