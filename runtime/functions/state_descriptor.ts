/**
 * What state an operator keeps: declarations (the `state` record of a function) and descriptors (Flink's way, for ports),
 * and the handles through which it is read and written.
 *
 * @module
 */

import { InvalidProgramError } from "../errors.ts";
import type { TypeInformation } from "../types/type_information.ts";
import type { DurationLike } from "../types/duration.ts";
import type { AggregateFunction, ReduceFunction } from "./functions.ts";

/** One value per key. */
export interface ValueState<T, Absent = undefined> {
  /** The value, or the default. What is returned may be changed freely; only {@link update} keeps a change. */
  value(): T | Absent;
  /** Writes the value of the current key; undefined and null clear it. */
  update(value: T): void;
  /** Removes what is kept for the current key. */
  clear(): void;
}

/** A list per key. */
export interface ListState<T> {
  /** The elements in order of insertion; empty when nothing is there. */
  get(): T[];
  /** Appends one element. */
  add(value: T): void;
  /** Appends elements in their order. */
  addAll(values: Iterable<T>): void;
  /** Replaces the whole list. */
  update(values: Iterable<T>): void;
  /** Removes what is kept for the current key. */
  clear(): void;
}

/** A map per key. */
export interface MapState<UK, UV> {
  /** The value of an entry; undefined when there is none. A change to it is kept by {@link put} only. */
  get(key: UK): UV | undefined;
  /** Writes one entry. */
  put(key: UK, value: UV): void;
  /** Writes entries. */
  putAll(entries: Iterable<readonly [UK, UV]>): void;
  /** Removes one entry. */
  remove(key: UK): void;
  /** Whether there is such an entry. */
  contains(key: UK): boolean;
  /** All entries. */
  entries(): IterableIterator<[UK, UV]>;
  /** All keys of entries. */
  keys(): IterableIterator<UK>;
  /** All values. */
  values(): IterableIterator<UV>;
  /** Whether there is no entry. */
  isEmpty(): boolean;
  /** Removes what is kept for the current key. */
  clear(): void;
}

/** One value per key, combined by a reduce function. */
export interface ReducingState<T> {
  /** The combined value; undefined when nothing was added. */
  get(): T | undefined;
  /** Combines a value with what is there. */
  add(value: T): void;
  /** Removes what is kept for the current key. */
  clear(): void;
}

/** One accumulator per key, filled and read through an aggregate function. */
export interface AggregatingState<IN, OUT> {
  /** The result of the accumulator; undefined when nothing was added. */
  get(): OUT | undefined;
  /** Adds a value to the accumulator. */
  add(value: IN): void;
  /** Removes what is kept for the current key. */
  clear(): void;
}

/** A read-only view of a {@link BroadcastState}. */
export interface ReadOnlyBroadcastState<K, V> {
  /** The value of an entry; undefined when there is none. */
  get(key: K): V | undefined;
  /** Whether there is such an entry. */
  contains(key: K): boolean;
  /** All entries, to be read only. */
  immutableEntries(): IterableIterator<[K, V]>;
}

/** The same map in every parallel instance; see the broadcast state pattern. */
export interface BroadcastState<K, V> extends ReadOnlyBroadcastState<K, V> {
  /** Writes one entry, in this subtask: every subtask has to do the same. */
  put(key: K, value: V): void;
  /** Writes entries, in this subtask. */
  putAll(entries: Iterable<readonly [K, V]>): void;
  /** Removes one entry, in this subtask. */
  remove(key: K): void;
  /** All entries. */
  entries(): IterableIterator<[K, V]>;
  /** Removes all entries. */
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
  /** Type of what is kept; default: found from the values. */
  readonly type?: TypeInformation<T>;
  /** How long it lives after its last use. Default: for ever. */
  readonly ttl?: StateTtlConfig;
}

/** What is known about one state before the first record. */
export interface StateDescriptor {
  /** Which kind of state it is. */
  readonly kind: "value" | "list" | "map" | "reducing" | "aggregating";
  /** Unique in its operator. */
  readonly name: string;
  /** Type of what is kept; default: found from the values. */
  readonly type?: TypeInformation<unknown>;
  /** Key type of a map state. */
  readonly keyType?: TypeInformation<unknown>;
  /** How long it lives after its last use. Default: for ever. */
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

/**
 * Declares a list per key.
 *
 * @example
 * ```ts
 * import { type Collector, listState, StreamExecutionEnvironment } from "tsflink";
 *
 * const env = StreamExecutionEnvironment.getExecutionEnvironment();
 * const result = env.fromData(1, 2, 3).keyBy(() => "all").process({
 *   state: { seen: listState<number>() },
 *   processElement(n, ctx, out: Collector<string>) {
 *     ctx.state.seen.add(n);
 *     out.collect(ctx.state.seen.get().join("+"));
 *   },
 * });
 * console.assert((await result.executeAndCollect()).at(-1) === "1+2+3");
 * ```
 */
export function listState<T>(options: StateOptions<T> = {}): StateDeclaration<ListState<T>> {
  return { kind: "list", ...erased(options) };
}

/**
 * Declares a map per key.
 *
 * @example
 * ```ts
 * import { type Collector, mapState, StreamExecutionEnvironment } from "tsflink";
 *
 * const env = StreamExecutionEnvironment.getExecutionEnvironment();
 * const result = env.fromData(1, 2, 3).keyBy(() => "all").process({
 *   state: { squares: mapState<number, number>() },
 *   processElement(n, ctx, out: Collector<string>) {
 *     ctx.state.squares.put(n, n * n);
 *     out.collect([...ctx.state.squares.values()].join());
 *   },
 * });
 * console.assert((await result.executeAndCollect()).at(-1) === "1,4,9");
 * ```
 */
export function mapState<UK, UV>(
  options: StateOptions<UV> & { readonly keyType?: TypeInformation<UK> } = {},
): StateDeclaration<MapState<UK, UV>> {
  return { kind: "map", ...erased(options) };
}

/**
 * Declares a value per key that is combined by `reduce`.
 *
 * @example
 * ```ts
 * import { type Collector, reducingState, StreamExecutionEnvironment } from "tsflink";
 *
 * const env = StreamExecutionEnvironment.getExecutionEnvironment();
 * const result = env.fromData(1, 2, 3).keyBy(() => "all").process({
 *   state: { sum: reducingState((a: number, b: number) => a + b) },
 *   processElement(n, ctx, out: Collector<string>) {
 *     ctx.state.sum.add(n);
 *     out.collect(`${ctx.state.sum.get()}`);
 *   },
 * });
 * console.assert((await result.executeAndCollect()).at(-1) === "6");
 * ```
 */
export function reducingState<T>(
  reduce: ReduceFunction<T>,
  options: StateOptions<T> = {},
): StateDeclaration<ReducingState<T>> {
  return { kind: "reducing", ...erased(options), reduce: withoutLifecycle(reduce) };
}

/**
 * Declares an accumulator per key. `options.type` describes the accumulator.
 *
 * @example
 * ```ts
 * import { aggregatingState, type Collector, StreamExecutionEnvironment } from "tsflink";
 *
 * const env = StreamExecutionEnvironment.getExecutionEnvironment();
 * const mean = aggregatingState({
 *   createAccumulator: () => ({ sum: 0, count: 0 }),
 *   add: (n: number, mean) => ({ sum: mean.sum + n, count: mean.count + 1 }),
 *   getResult: ({ sum, count }) => sum / count,
 * });
 * const means = env.fromData(1, 2, 6).keyBy(() => "all").process({
 *   state: { mean },
 *   processElement(n, ctx, out: Collector<number | undefined>) {
 *     ctx.state.mean.add(n);
 *     out.collect(ctx.state.mean.get());
 *   },
 * });
 * console.assert((await means.executeAndCollect()).join() === "1,1.5,3");
 * ```
 */
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

/** @throws InvalidProgramError TSF-1706 for a rich function: the state backend calls it, nobody would open it. */
function withoutLifecycle<T>(reduce: ReduceFunction<T>): ReduceFunction<unknown> {
  const rich = reduce as { open?: unknown; close?: unknown };
  if (typeof reduce === "object" && (rich.open !== undefined || rich.close !== undefined)) {
    throw new InvalidProgramError("TSF-1706", "The function of a reducing state cannot be a rich function", {
      expected: "a function without open and close",
      found: reduce.constructor.name,
      hint: "It runs inside the state backend. Put open and close on the function that has the state.",
    });
  }
  return reduce as ReduceFunction<unknown>;
}

function erased(options: object): Omit<StateDescriptor, "name" | "kind"> {
  return options as Omit<StateDescriptor, "name" | "kind">;
}

/**
 * Describes a value per key, for `getRuntimeContext().getState`.
 *
 * @example
 * ```ts
 * import { ValueStateDescriptor } from "tsflink";
 *
 * const descriptor = new ValueStateDescriptor<number>("count", { ttl: { ttl: "1 d" } });
 * console.assert(descriptor.name === "count");
 * ```
 */
export class ValueStateDescriptor<T> implements StateDescriptor {
  /** Which kind of state it is. */
  readonly kind = "value";
  /** Type of what is kept; default: found from the values. */
  readonly type?: TypeInformation<unknown>;
  /** How long it lives after its last use. Default: for ever. */
  readonly ttl?: StateTtlConfig;
  readonly defaultValue?: T;
  /** Without value and default, `value()` gives undefined. @param name Unique in its operator. */
  constructor(readonly name: string, options: StateOptions<T> & { readonly defaultValue?: T } = {}) {
    this.type = options.type as unknown as TypeInformation<unknown> | undefined;
    this.ttl = options.ttl;
    this.defaultValue = options.defaultValue;
  }
}

/**
 * Describes a list per key or, for operator state, a list that is split between subtasks.
 *
 * @example
 * ```ts
 * import { ListStateDescriptor } from "tsflink";
 *
 * const descriptor = new ListStateDescriptor<string>("words");
 * console.assert(descriptor.name === "words");
 * ```
 */
export class ListStateDescriptor<T> implements StateDescriptor {
  /** Which kind of state it is. */
  readonly kind = "list";
  /** Type of what is kept; default: found from the values. */
  readonly type?: TypeInformation<unknown>;
  /** How long it lives after its last use. Default: for ever. */
  readonly ttl?: StateTtlConfig;
  /** Carries T for inference only. */
  declare readonly element?: (value: T) => T;
  /** An empty list until something is added. @param name Unique in its operator. */
  constructor(readonly name: string, options: StateOptions<T> = {}) {
    this.type = options.type as unknown as TypeInformation<unknown> | undefined;
    this.ttl = options.ttl;
  }
}

/**
 * Describes a map per key or a broadcast state.
 *
 * @example
 * ```ts
 * import { MapStateDescriptor } from "tsflink";
 *
 * const descriptor = new MapStateDescriptor<string, number>("prices");
 * console.assert(descriptor.name === "prices");
 * ```
 */
export class MapStateDescriptor<UK, UV> implements StateDescriptor {
  /** Which kind of state it is. */
  readonly kind = "map";
  /** Type of what is kept; default: found from the values. */
  readonly type?: TypeInformation<unknown>;
  readonly keyType?: TypeInformation<unknown>;
  /** How long it lives after its last use. Default: for ever. */
  readonly ttl?: StateTtlConfig;
  /** Carries the entry types for inference only. */
  declare readonly entry?: (key: UK, value: UV) => UV;
  /** An empty map until something is put in; `type` is that of the values. @param name Unique in its operator. */
  constructor(readonly name: string, options: StateOptions<UV> & { readonly keyType?: TypeInformation<UK> } = {}) {
    this.type = options.type as unknown as TypeInformation<unknown> | undefined;
    this.keyType = options.keyType as unknown as TypeInformation<unknown> | undefined;
    this.ttl = options.ttl;
  }
}

/**
 * Describes a value per key that is combined by a reduce function.
 *
 * @example
 * ```ts
 * import { ReducingStateDescriptor } from "tsflink";
 *
 * const descriptor = new ReducingStateDescriptor<number>("sum", (a, b) => a + b);
 * console.assert(descriptor.name === "sum");
 * ```
 */
export class ReducingStateDescriptor<T> implements StateDescriptor {
  /** Which kind of state it is. */
  readonly kind = "reducing";
  /** Type of what is kept; default: found from the values. */
  readonly type?: TypeInformation<unknown>;
  /** How long it lives after its last use. Default: for ever. */
  readonly ttl?: StateTtlConfig;
  readonly reduce: ReduceFunction<unknown>;
  /** Carries T for inference only. */
  declare readonly element?: (value: T) => T;
  /** The first value is kept as it is; later ones are reduced into it. @param name Unique in its operator. */
  constructor(readonly name: string, reduce: ReduceFunction<T>, options: StateOptions<T> = {}) {
    this.reduce = withoutLifecycle(reduce);
    this.type = options.type as unknown as TypeInformation<unknown> | undefined;
    this.ttl = options.ttl;
  }
}

/**
 * Describes an accumulator per key.
 *
 * @example
 * ```ts
 * import { AggregatingStateDescriptor } from "tsflink";
 *
 * const descriptor = new AggregatingStateDescriptor("count", {
 *   createAccumulator: () => 0,
 *   add: (_word: string, count) => count + 1,
 *   getResult: (count) => count,
 * });
 * console.assert(descriptor.kind === "aggregating");
 * ```
 */
export class AggregatingStateDescriptor<IN, ACC, OUT> implements StateDescriptor {
  /** Which kind of state it is. */
  readonly kind = "aggregating";
  /** Type of what is kept; default: found from the values. */
  readonly type?: TypeInformation<unknown>;
  /** How long it lives after its last use. Default: for ever. */
  readonly ttl?: StateTtlConfig;
  readonly aggregate: AggregateFunction<unknown, unknown, unknown>;
  /** Carries the types for inference only. */
  declare readonly element?: (value: IN) => OUT;
  /** `type` is that of the accumulator. @param name Unique in its operator. */
  constructor(readonly name: string, aggregate: AggregateFunction<IN, ACC, OUT>, options: StateOptions<ACC> = {}) {
    this.aggregate = aggregate as AggregateFunction<unknown, unknown, unknown>;
    this.type = options.type as unknown as TypeInformation<unknown> | undefined;
    this.ttl = options.ttl;
  }
}
