/**
 * The handles of keyed state without TTL: value, list, map, reducing and aggregating, on the current key and a
 * namespace. What is written is copied in and what is read is copied out, so a value in state has no other holder.
 *
 * Invariants: null and undefined are "nothing", as null is in Flink: update(null) clears a value, add(null) clears a
 * reducing or aggregating state and is refused by a list; a map may hold them as values. A row with an empty list or
 * map does not exist. Made by heap_backend.ts; the kinds with TTL are in ttl_states.ts.
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
import { hashText } from "./hash_index.ts";
import type { StateTable } from "./heap_table.ts";
import { type MergingState, type NamespacedState, VOID_NAMESPACE } from "./keyed_state_backend.ts";
import {
  addToAccumulator,
  copyElement,
  copyElements,
  liveEntries,
  liveKeys,
  liveValues,
  mergeCall,
  ownedCopy,
  ownedResult,
  reduceCall,
} from "./owned_values.ts";
import { UserMap } from "./user_map.ts";

/** What all handles share: the row of the current key in the handle's namespace. */
export abstract class HeapState implements NamespacedState {
  protected readonly table: StateTable;
  #namespace = VOID_NAMESPACE;
  #namespaceHash = 0;

  constructor(table: StateTable) {
    this.table = table;
  }

  get namespace(): string {
    return this.#namespace;
  }

  setNamespace(namespace: string): void {
    if (namespace === this.#namespace) return;
    this.#namespace = namespace;
    this.#namespaceHash = hashText(namespace);
  }

  clear(): void {
    this.table.remove(this.#namespace, this.#namespaceHash);
  }

  protected stored(): unknown {
    return this.table.get(this.#namespace, this.#namespaceHash);
  }

  protected store(value: unknown): void {
    this.table.put(this.#namespace, this.#namespaceHash, value);
  }

  /** Stores, or clears the row when there is nothing to store. */
  protected storeOrClear(value: unknown): void {
    if (value === undefined || value === null) this.clear();
    else this.store(value);
  }
}

/** See the header. */
export class HeapValueState extends HeapState implements ValueState<unknown> {
  readonly #defaultValue: unknown;

  constructor(table: StateTable, descriptor: StateDescriptor) {
    super(table);
    this.#defaultValue = copyValue(descriptor.defaultValue);
  }

  value(): unknown {
    const stored = this.stored();
    return copyValue(stored === undefined ? this.#defaultValue : stored);
  }

  update(value: unknown): void {
    this.storeOrClear(ownedCopy(value));
  }
}

/** Handles whose content can be merged; `mergeStored` says how. */
export abstract class HeapMergingState extends HeapState implements MergingState {
  mergeNamespaces(target: string, sources: readonly string[]): void {
    let merged: unknown;
    for (const source of sources) {
      const taken = this.table.take(source);
      if (taken === undefined) continue;
      merged = merged === undefined || merged === null ? taken : this.mergeStored(merged, taken);
    }
    if (merged === undefined || merged === null) return;
    const hash = hashText(target);
    const present = this.table.get(target, hash);
    const result = present === undefined ? merged : this.mergeStored(present, merged);
    if (result === undefined || result === null) this.table.remove(target, hash);
    else this.table.put(target, hash, result);
  }

  /** Combines two stored values that nothing else holds. */
  protected abstract mergeStored(left: unknown, right: unknown): unknown;
}

/** See the header. */
export class HeapListState extends HeapMergingState implements ListState<unknown> {
  readonly #name: string;

  constructor(table: StateTable, descriptor: StateDescriptor) {
    super(table);
    this.#name = descriptor.name;
  }

  get(): unknown[] {
    const stored = this.stored() as unknown[] | undefined;
    return stored === undefined ? [] : copyElements(stored);
  }

  add(value: unknown): void {
    const element = this.element(value);
    const stored = this.stored() as unknown[] | undefined;
    if (stored === undefined) this.store([element]);
    else stored.push(element);
  }

  addAll(values: Iterable<unknown>): void {
    const elements = this.#elements(values);
    if (elements.length === 0) return;
    const stored = this.stored() as unknown[] | undefined;
    if (stored === undefined) this.store(elements);
    else for (const element of elements) stored.push(element);
  }

  update(values: Iterable<unknown>): void {
    const elements = this.#elements(values);
    if (elements.length === 0) this.clear();
    else this.store(elements);
  }

  protected override mergeStored(left: unknown, right: unknown): unknown {
    for (const element of right as unknown[]) (left as unknown[]).push(element);
    return left;
  }

  /** The form in which an element is stored. @throws InvalidProgramError TSF-2112 for null and undefined. */
  protected element(value: unknown): unknown {
    return copyElement(value, this.#name);
  }

  /** All of them, before anything is stored. */
  #elements(values: Iterable<unknown>): unknown[] {
    const elements: unknown[] = [];
    for (const value of values) elements.push(this.element(value));
    return elements;
  }
}

/** See the header. */
export class HeapMapState extends HeapState implements MapState<unknown, unknown> {
  get(key: unknown): unknown {
    return copyValue(this.map()?.get(key));
  }

  put(key: unknown, value: unknown): void {
    const copy = ownedCopy(value);
    this.mapForWriting().set(key, copy);
  }

  putAll(entries: Iterable<readonly [unknown, unknown]>): void {
    for (const [key, value] of entries) this.put(key, value);
  }

  remove(key: unknown): void {
    const map = this.map();
    if (map === undefined) return;
    map.delete(key);
    if (map.size === 0) this.clear();
  }

  contains(key: unknown): boolean {
    return this.map()?.has(key) ?? false;
  }

  /**
   * Goes over the entries that are there now. One that is removed meanwhile is left out, one that is added is not seen,
   * one that is replaced is seen with its new value.
   */
  entries(): IterableIterator<[unknown, unknown]> {
    const map = this.map();
    return liveEntries(map, map?.keyList() ?? [], (stored) => this.read(stored));
  }

  keys(): IterableIterator<unknown> {
    const map = this.map();
    return liveKeys(map, map?.keyList() ?? []);
  }

  values(): IterableIterator<unknown> {
    const map = this.map();
    return liveValues(map, map?.keyList() ?? [], (stored) => this.read(stored));
  }

  isEmpty(): boolean {
    return this.map() === undefined;
  }

  override clear(): void {
    // An iteration that is under way ends here.
    this.map()?.clear();
    super.clear();
  }

  /** A value that was stored, for the user. */
  protected read(stored: unknown): unknown {
    return copyValue(stored);
  }

  protected map(): UserMap | undefined {
    return this.stored() as UserMap | undefined;
  }

  protected mapForWriting(): UserMap {
    let map = this.map();
    if (map === undefined) this.store(map = new UserMap());
    return map;
  }
}

/** See the header. */
export class HeapReducingState extends HeapMergingState implements ReducingState<unknown> {
  readonly #reduce: (left: unknown, right: unknown) => unknown;

  constructor(table: StateTable, descriptor: StateDescriptor) {
    super(table);
    this.#reduce = reduceCall(descriptor.reduce!);
  }

  get(): unknown {
    return copyValue(this.stored());
  }

  add(value: unknown): void {
    if (value === undefined || value === null) {
      this.clear();
      return;
    }
    const added = ownedCopy(value);
    const stored = this.stored();
    this.storeOrClear(stored === undefined ? added : ownedResult(this.#reduce(stored, added), stored, added));
  }

  protected override mergeStored(left: unknown, right: unknown): unknown {
    return ownedResult(this.#reduce(left, right), left, right);
  }
}

/** See the header. */
export class HeapAggregatingState extends HeapMergingState implements AggregatingState<unknown, unknown> {
  readonly #aggregate: AggregateFunction<unknown, unknown, unknown>;
  readonly #name: string;

  constructor(table: StateTable, descriptor: StateDescriptor) {
    super(table);
    this.#aggregate = descriptor.aggregate!;
    this.#name = descriptor.name;
  }

  get(): unknown {
    const stored = this.stored();
    // The function may sort or drain what it is given; a read must not change the state.
    return stored === undefined ? undefined : this.#aggregate.getResult(copyValue(stored));
  }

  add(value: unknown): void {
    if (value === undefined || value === null) {
      this.clear();
      return;
    }
    this.storeOrClear(addToAccumulator(this.#aggregate, this.stored(), value));
  }

  protected override mergeStored(left: unknown, right: unknown): unknown {
    return ownedResult(mergeCall(this.#aggregate, this.#name)(left, right), left, right);
  }
}
