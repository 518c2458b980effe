/**
 * The handles of keyed state with TTL. They keep {@link TtlValue}s where the plain handles keep values: one per value,
 * per list element, per map entry, per accumulator. See ttl.ts for the rules.
 *
 * Each access first lets the incremental cleanup do its share, as in Flink.
 *
 * @module
 */

import type { AggregateFunction } from "../functions/functions.ts";
import type {
  AggregatingState,
  ListState,
  MapState,
  ReducingState,
  StateDescriptor,
  ValueState,
} from "../functions/state_descriptor.ts";
import { copyValue } from "../types/copy.ts";
import { HeapMergingState, HeapState } from "./heap_states.ts";
import type { HeapTable } from "./heap_table.ts";
import {
  addToAccumulator,
  copiedElements,
  copyElement,
  mergeCall,
  ownedCopy,
  ownedResult,
  reduceCall,
} from "./owned_values.ts";
import { accessed, hasExpired, readEffect, type TtlContext, TtlValue, visible } from "./ttl.ts";
import { UserMap } from "./user_map.ts";

/** Value, reducing and aggregating states keep one {@link TtlValue} per row. */
abstract class SingleTtlState extends HeapMergingState {
  protected readonly ttl: TtlContext;

  constructor(table: HeapTable, ttl: TtlContext) {
    super(table);
    this.ttl = ttl;
  }

  /** The stored value with the effects of a read; undefined when none is to be seen. */
  protected read(): TtlValue | undefined {
    const now = accessed(this.ttl, this.namespace);
    const effect = readEffect(this.ttl, this.stored() as TtlValue | undefined, now);
    if (effect.remove) super.clear();
    if (effect.touch) this.store(new TtlValue(effect.seen!.value, now));
    return effect.seen;
  }

  protected write(value: unknown, now: number): void {
    if (value === undefined || value === null) super.clear();
    else this.store(new TtlValue(value, now));
  }

  override clear(): void {
    super.clear();
    accessed(this.ttl, this.namespace);
  }

  protected override mergeStored(left: unknown, right: unknown): unknown {
    const now = this.ttl.now();
    const leftSeen = visible(this.ttl, left as TtlValue, now);
    const rightSeen = visible(this.ttl, right as TtlValue, now);
    if (leftSeen === undefined || rightSeen === undefined) {
      const rest = leftSeen ?? rightSeen;
      return rest === undefined ? undefined : new TtlValue(rest.value, now);
    }
    const merged = this.mergeValues(leftSeen.value, rightSeen.value);
    return merged === undefined || merged === null ? undefined : new TtlValue(merged, now);
  }

  protected abstract mergeValues(left: unknown, right: unknown): unknown;
}

/** See the header. A default value has no effect, as in Flink. */
export class TtlValueState extends HeapState implements ValueState<unknown> {
  readonly #ttl: TtlContext;

  constructor(table: HeapTable, _descriptor: StateDescriptor, ttl: TtlContext) {
    super(table);
    this.#ttl = ttl;
  }

  value(): unknown {
    const now = accessed(this.#ttl, this.namespace);
    const { remove, touch, seen } = readEffect(this.#ttl, this.stored() as TtlValue | undefined, now);
    if (remove) super.clear();
    if (touch) this.store(new TtlValue(seen!.value, now));
    return copyValue(seen?.value);
  }

  update(value: unknown): void {
    const now = accessed(this.#ttl, this.namespace);
    if (value === undefined || value === null) super.clear();
    else this.store(new TtlValue(ownedCopy(value), now));
  }

  override clear(): void {
    super.clear();
    accessed(this.#ttl, this.namespace);
  }
}

/** See the header. */
export class TtlListState extends HeapMergingState implements ListState<unknown> {
  readonly #ttl: TtlContext;
  readonly #name: string;

  constructor(table: HeapTable, descriptor: StateDescriptor, ttl: TtlContext) {
    super(table);
    this.#ttl = ttl;
    this.#name = descriptor.name;
  }

  get(): unknown[] {
    const now = accessed(this.#ttl, this.namespace);
    const stored = this.stored() as TtlValue[] | undefined;
    if (stored === undefined) return [];
    const { ttlMs, updateOnRead, returnExpired } = this.#ttl.settings;
    const fresh = stored.filter((element) => !hasExpired(element, ttlMs, now));
    if (fresh.length === 0) super.clear();
    else if (updateOnRead) this.store(fresh.map((element) => new TtlValue(element.value, now)));
    return (returnExpired ? stored : fresh).map((element) => copyValue(element.value));
  }

  add(value: unknown): void {
    const now = accessed(this.#ttl, this.namespace);
    this.#append([new TtlValue(copyElement(value, this.#name), now)]);
  }

  addAll(values: Iterable<unknown>): void {
    const now = accessed(this.#ttl, this.namespace);
    this.#append(this.#wrapped(values, now));
  }

  update(values: Iterable<unknown>): void {
    const now = accessed(this.#ttl, this.namespace);
    const elements = this.#wrapped(values, now);
    if (elements.length === 0) super.clear();
    else this.store(elements);
  }

  override clear(): void {
    super.clear();
    accessed(this.#ttl, this.namespace);
  }

  protected override mergeStored(left: unknown, right: unknown): unknown {
    for (const element of right as unknown[]) (left as unknown[]).push(element);
    return left;
  }

  #wrapped(values: Iterable<unknown>, now: number): TtlValue[] {
    return copiedElements(values, this.#name).map((value) => new TtlValue(value, now));
  }

  #append(elements: TtlValue[]): void {
    if (elements.length === 0) return;
    const stored = this.stored() as TtlValue[] | undefined;
    if (stored === undefined) this.store(elements);
    else for (const element of elements) stored.push(element);
  }
}

/** See the header. */
export class TtlMapState extends HeapState implements MapState<unknown, unknown> {
  readonly #ttl: TtlContext;

  constructor(table: HeapTable, _descriptor: StateDescriptor, ttl: TtlContext) {
    super(table);
    this.#ttl = ttl;
  }

  get(key: unknown): unknown {
    return copyValue(this.#read(key)?.value);
  }

  put(key: unknown, value: unknown): void {
    const now = accessed(this.#ttl, this.namespace);
    this.#put(key, new TtlValue(ownedCopy(value), now));
  }

  putAll(entries: Iterable<readonly [unknown, unknown]>): void {
    const now = accessed(this.#ttl, this.namespace);
    for (const [key, value] of entries) this.#put(key, new TtlValue(ownedCopy(value), now));
  }

  remove(key: unknown): void {
    accessed(this.#ttl, this.namespace);
    const map = this.#map();
    if (map === undefined) return;
    map.delete(key);
    if (map.size === 0) super.clear();
  }

  contains(key: unknown): boolean {
    return this.#read(key) !== undefined;
  }

  /** As without TTL; each entry is checked, renewed or removed when the iteration reaches it. */
  entries(): IterableIterator<[unknown, unknown]> {
    accessed(this.#ttl, this.namespace);
    const map = this.#map();
    return this.#liveEntries(map, map?.keyList() ?? []);
  }

  keys(): IterableIterator<unknown> {
    return picked(this.entries(), 0);
  }

  values(): IterableIterator<unknown> {
    return picked(this.entries(), 1);
  }

  /** Counts what is still stored, expired or not, as in Flink. */
  isEmpty(): boolean {
    accessed(this.#ttl, this.namespace);
    return (this.#map()?.size ?? 0) === 0;
  }

  override clear(): void {
    this.#map()?.clear();
    super.clear();
    accessed(this.#ttl, this.namespace);
  }

  #map(): UserMap | undefined {
    return this.stored() as UserMap | undefined;
  }

  #put(key: unknown, value: TtlValue): void {
    let map = this.#map();
    if (map === undefined) this.store(map = new UserMap());
    map.set(key, value);
  }

  #read(key: unknown): TtlValue | undefined {
    const now = accessed(this.#ttl, this.namespace);
    const map = this.#map();
    return map === undefined ? undefined : this.#readEntry(map, key, now);
  }

  #readEntry(map: UserMap, key: unknown, now: number): TtlValue | undefined {
    const { remove, touch, seen } = readEffect(this.#ttl, map.get(key) as TtlValue | undefined, now);
    if (remove) map.delete(key);
    // An iteration may have outlived its key; its row then stays behind with an empty map, which counts as nothing.
    if (remove && map.size === 0 && this.#map() === map) super.clear();
    if (touch) map.set(key, new TtlValue(seen!.value, now));
    return seen;
  }

  *#liveEntries(map: UserMap | undefined, keys: unknown[]): Generator<[unknown, unknown], undefined> {
    for (const key of keys) {
      const seen = map!.has(key) ? this.#readEntry(map!, key, this.#ttl.now()) : undefined;
      if (seen !== undefined) yield [copyValue(key), copyValue(seen.value)];
    }
  }
}

/** See the header. */
export class TtlReducingState extends SingleTtlState implements ReducingState<unknown> {
  readonly #reduce: (left: unknown, right: unknown) => unknown;

  constructor(table: HeapTable, descriptor: StateDescriptor, ttl: TtlContext) {
    super(table, ttl);
    this.#reduce = reduceCall(descriptor.reduce!);
  }

  get(): unknown {
    return copyValue(this.read()?.value);
  }

  add(value: unknown): void {
    const now = accessed(this.ttl, this.namespace);
    const added = ownedCopy(value);
    const stored = visible(this.ttl, this.stored() as TtlValue | undefined, now)?.value;
    // Flink wraps before it looks, so nothing added to something renews it here and does not clear it.
    if (added === undefined || added === null) this.write(stored, now);
    else this.write(stored === undefined ? added : this.mergeValues(stored, added), now);
  }

  protected override mergeValues(left: unknown, right: unknown): unknown {
    return ownedResult(this.#reduce(left, right), left, right);
  }
}

/** See the header. */
export class TtlAggregatingState extends SingleTtlState implements AggregatingState<unknown, unknown> {
  readonly #aggregate: AggregateFunction<unknown, unknown, unknown>;
  readonly #merge: (left: unknown, right: unknown) => unknown;

  constructor(table: HeapTable, descriptor: StateDescriptor, ttl: TtlContext) {
    super(table, ttl);
    this.#aggregate = descriptor.aggregate!;
    this.#merge = mergeCall(descriptor.aggregate!, descriptor.name);
  }

  get(): unknown {
    const seen = this.read();
    return seen === undefined ? undefined : this.#aggregate.getResult(copyValue(seen.value));
  }

  add(value: unknown): void {
    const now = accessed(this.ttl, this.namespace);
    if (value === undefined || value === null) {
      this.write(undefined, now);
      return;
    }
    const stored = visible(this.ttl, this.stored() as TtlValue | undefined, now)?.value;
    this.write(addToAccumulator(this.#aggregate, stored, value), now);
  }

  protected override mergeValues(left: unknown, right: unknown): unknown {
    return ownedResult(this.#merge(left, right), left, right);
  }
}

function* picked(entries: Iterable<[unknown, unknown]>, at: 0 | 1): Generator<unknown, undefined> {
  for (const entry of entries) yield entry[at];
}
