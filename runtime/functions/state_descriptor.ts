/**
 * What state an operator keeps: declarations (the `state` record of a function) and descriptors (Flink's way, for ports),
 * and the handles through which it is read and written.
 *
 * @module
 */

import type { TypeInformation } from "../types/type_information.ts";
import type { DurationLike } from "../types/duration.ts";
import type { AggregateFunction, ReduceFunction } from "./functions.ts";

/** One value per key. */
export interface ValueState<T, Absent = undefined> {
  /** The value, or the default. What is returned may be changed freely; only {@link update} keeps a change. */
  value(): T | Absent;
  update(value: T): void;
  clear(): void;
}

/** A list per key. */
export interface ListState<T> {
  /** The elements in order of insertion; empty when nothing is there. */
  get(): T[];
  add(value: T): void;
  addAll(values: Iterable<T>): void;
  /** Replaces the whole list. */
  update(values: Iterable<T>): void;
  clear(): void;
}

/** A map per key. */
export interface MapState<UK, UV> {
  get(key: UK): UV | undefined;
  put(key: UK, value: UV): void;
  putAll(entries: Iterable<readonly [UK, UV]>): void;
  remove(key: UK): void;
  contains(key: UK): boolean;
  entries(): IterableIterator<[UK, UV]>;
  keys(): IterableIterator<UK>;
  values(): IterableIterator<UV>;
  isEmpty(): boolean;
  clear(): void;
}

/** One value per key, combined by a reduce function. */
export interface ReducingState<T> {
  get(): T | undefined;
  add(value: T): void;
  clear(): void;
}

/** One accumulator per key, filled and read through an aggregate function. */
export interface AggregatingState<IN, OUT> {
  get(): OUT | undefined;
  add(value: IN): void;
  clear(): void;
}

/** A read-only view of a {@link BroadcastState}. */
export interface ReadOnlyBroadcastState<K, V> {
  get(key: K): V | undefined;
  contains(key: K): boolean;
  immutableEntries(): IterableIterator<[K, V]>;
}

/** The same map in every parallel instance; see the broadcast state pattern. */
export interface BroadcastState<K, V> extends ReadOnlyBroadcastState<K, V> {
  put(key: K, value: V): void;
  putAll(entries: Iterable<readonly [K, V]>): void;
  remove(key: K): void;
  entries(): IterableIterator<[K, V]>;
  clear(): void;
}

/** How long state lives after its last use; processing time, as in Flink. */
export interface StateTtlConfig {
  /** Time to live. */
  readonly ttl: DurationLike;
  /** What starts the clock again. Default "on-create-and-write". */
  readonly updateType?: "disabled" | "on-create-and-write" | "on-read-and-write";
  /** Whether expired state that is still there may be returned. Default "never-return-expired". */
  readonly visibility?: "never-return-expired" | "return-expired-if-not-cleaned-up";
  /** Leave expired entries out of snapshots. Default true. */
  readonly cleanupInFullSnapshot?: boolean;
  /** Look at this many entries on each access (and, if set, on each record). Default 5, not on each record. */
  readonly cleanupIncrementally?: { readonly cleanupSize: number; readonly runCleanupForEveryRecord?: boolean };
}

/** Options that every kind of state takes. */
export interface StateOptions<T> {
  readonly type?: TypeInformation<T>;
  readonly ttl?: StateTtlConfig;
}

/** What is known about one state before the first record. */
export interface StateDescriptor {
  readonly kind: "value" | "list" | "map" | "reducing" | "aggregating";
  /** Unique in its operator. */
  readonly name: string;
  readonly type?: TypeInformation<unknown>;
  /** Key type of a map state. */
  readonly keyType?: TypeInformation<unknown>;
  readonly ttl?: StateTtlConfig;
  /** Value state: returned when nothing was written. */
  readonly defaultValue?: unknown;
  /** Reducing state. */
  readonly reduce?: ReduceFunction<unknown>;
  /** Aggregating state. */
  readonly aggregate?: AggregateFunction<unknown, unknown, unknown>;
}

/** A {@link StateDescriptor} whose name is given by the key of the `state` record it stands in. */
export type StateDeclaration<Handle = unknown> = Omit<StateDescriptor, "name"> & {
  /** Carries the handle's type for inference only; never present. */
  readonly handle?: (handle: Handle) => Handle;
};

/** The `state` record of a function. */
// deno-lint-ignore no-explicit-any -- any handle may be declared
export type StateDeclarations = { readonly [name: string]: StateDeclaration<any> };

/** The handles of a `state` record: what `ctx.state` offers. */
export type StateHandles<S> = { readonly [K in keyof S]: S[K] extends StateDeclaration<infer H> ? H : never };

/**
 * Declares a value per key.
 *
 * As in Flink a default does not count beside a time to live: what has expired is absent, so `value()` may be undefined
 * there. Write `state.value() ?? 0`.
 *
 * @example
 * ```ts
 * import { valueState } from "tsflink";
 *
 * const state = { count: valueState<number>({ defaultValue: 0 }), last: valueState<string>({ ttl: { ttl: "1 d" } }) };
 * console.assert(state.count.kind === "value");
 * ```
 */
export function valueState<T>(
  options: StateOptions<T> & { readonly defaultValue: T; readonly ttl?: undefined },
): StateDeclaration<ValueState<T, never>>;
/** Declares a value per key that is undefined until it is written, and when it has expired. */
export function valueState<T>(
  options?: StateOptions<T> & { readonly defaultValue?: T },
): StateDeclaration<ValueState<T>>;
// deno-lint-ignore no-explicit-any -- the overloads above give the type
export function valueState<T>(options: StateOptions<T> & { readonly defaultValue?: T } = {}): StateDeclaration<any> {
  return { kind: "value", ...erased(options) };
}

/** Declares a list per key. */
export function listState<T>(options: StateOptions<T> = {}): StateDeclaration<ListState<T>> {
  return { kind: "list", ...erased(options) };
}

/** Declares a map per key. */
export function mapState<UK, UV>(
  options: StateOptions<UV> & { readonly keyType?: TypeInformation<UK> } = {},
): StateDeclaration<MapState<UK, UV>> {
  return { kind: "map", ...erased(options) };
}

/** Declares a value per key that is combined by `reduce`. */
export function reducingState<T>(
  reduce: ReduceFunction<T>,
  options: StateOptions<T> = {},
): StateDeclaration<ReducingState<T>> {
  return { kind: "reducing", ...erased(options), reduce: reduce as ReduceFunction<unknown> };
}

/** Declares an accumulator per key. `options.type` describes the accumulator. */
export function aggregatingState<IN, ACC, OUT>(
  aggregate: AggregateFunction<IN, ACC, OUT>,
  options: StateOptions<ACC> = {},
): StateDeclaration<AggregatingState<IN, OUT>> {
  return {
    kind: "aggregating",
    ...erased(options),
    aggregate: aggregate as AggregateFunction<unknown, unknown, unknown>,
  };
}

function erased(options: object): Omit<StateDescriptor, "name" | "kind"> {
  return options as Omit<StateDescriptor, "name" | "kind">;
}

/** Describes a value per key, for `getRuntimeContext().getState`. */
export class ValueStateDescriptor<T> implements StateDescriptor {
  readonly kind = "value";
  readonly type?: TypeInformation<unknown>;
  readonly ttl?: StateTtlConfig;
  readonly defaultValue?: T;
  constructor(readonly name: string, options: StateOptions<T> & { readonly defaultValue?: T } = {}) {
    this.type = options.type as unknown as TypeInformation<unknown> | undefined;
    this.ttl = options.ttl;
    this.defaultValue = options.defaultValue;
  }
}

/** Describes a list per key or, for operator state, a list that is split between subtasks. */
export class ListStateDescriptor<T> implements StateDescriptor {
  readonly kind = "list";
  readonly type?: TypeInformation<unknown>;
  readonly ttl?: StateTtlConfig;
  /** Carries T for inference only. */
  declare readonly element?: (value: T) => T;
  constructor(readonly name: string, options: StateOptions<T> = {}) {
    this.type = options.type as unknown as TypeInformation<unknown> | undefined;
    this.ttl = options.ttl;
  }
}

/** Describes a map per key or a broadcast state. */
export class MapStateDescriptor<UK, UV> implements StateDescriptor {
  readonly kind = "map";
  readonly type?: TypeInformation<unknown>;
  readonly keyType?: TypeInformation<unknown>;
  readonly ttl?: StateTtlConfig;
  /** Carries the entry types for inference only. */
  declare readonly entry?: (key: UK, value: UV) => UV;
  constructor(readonly name: string, options: StateOptions<UV> & { readonly keyType?: TypeInformation<UK> } = {}) {
    this.type = options.type as unknown as TypeInformation<unknown> | undefined;
    this.keyType = options.keyType as unknown as TypeInformation<unknown> | undefined;
    this.ttl = options.ttl;
  }
}

/** Describes a value per key that is combined by a reduce function. */
export class ReducingStateDescriptor<T> implements StateDescriptor {
  readonly kind = "reducing";
  readonly type?: TypeInformation<unknown>;
  readonly ttl?: StateTtlConfig;
  readonly reduce: ReduceFunction<unknown>;
  /** Carries T for inference only. */
  declare readonly element?: (value: T) => T;
  constructor(readonly name: string, reduce: ReduceFunction<T>, options: StateOptions<T> = {}) {
    this.reduce = reduce as ReduceFunction<unknown>;
    this.type = options.type as unknown as TypeInformation<unknown> | undefined;
    this.ttl = options.ttl;
  }
}

/** Describes an accumulator per key. */
export class AggregatingStateDescriptor<IN, ACC, OUT> implements StateDescriptor {
  readonly kind = "aggregating";
  readonly type?: TypeInformation<unknown>;
  readonly ttl?: StateTtlConfig;
  readonly aggregate: AggregateFunction<unknown, unknown, unknown>;
  /** Carries the types for inference only. */
  declare readonly element?: (value: IN) => OUT;
  constructor(readonly name: string, aggregate: AggregateFunction<IN, ACC, OUT>, options: StateOptions<ACC> = {}) {
    this.aggregate = aggregate as AggregateFunction<unknown, unknown, unknown>;
    this.type = options.type as unknown as TypeInformation<unknown> | undefined;
    this.ttl = options.ttl;
  }
}
