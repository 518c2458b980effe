/**
 * Operator state on the heap: lists that are split or united on rescaling, and broadcast maps.
 *
 * Invariants: values are copied in and out; a list's name belongs to one mode for ever, also when it came from a snapshot
 * and nobody has asked for it yet; lists and broadcast maps have names of their own, as in Flink. Made by the operator
 * runtime, one per operator and subtask.
 *
 * @module
 */

import { InvalidProgramError } from "../errors.ts";
import type {
  BroadcastState,
  ListState,
  ListStateDescriptor,
  MapStateDescriptor,
} from "../functions/state_descriptor.ts";
import { copyValue } from "../types/copy.ts";
import { deserializeValue, serializeValue } from "../types/generic_serializer.ts";
import { copiedElements, copyElement, copyElements, liveEntries, ownedCopy } from "./owned_values.ts";
import type { OperatorSnapshot, OperatorStateBackend, RedistributionMode } from "./operator_state.ts";
import { UserMap } from "./user_map.ts";

type ListMode = Exclude<RedistributionMode, "broadcast">;

/** See the header. */
export class HeapOperatorStateBackend implements OperatorStateBackend {
  readonly #lists = new Map<string, OperatorListState>();
  readonly #maps = new Map<string, HeapBroadcastState>();

  /** @throws InvalidProgramError TSF-2110 when the name is that of a union list. */
  getListState<T>(descriptor: ListStateDescriptor<T>): ListState<T> {
    return this.#list(descriptor.name, "split-distribute") as unknown as ListState<T>;
  }

  /** @throws InvalidProgramError TSF-2110 when the name is that of a list that is split. */
  getUnionListState<T>(descriptor: ListStateDescriptor<T>): ListState<T> {
    return this.#list(descriptor.name, "union") as unknown as ListState<T>;
  }

  getBroadcastState<K, V>(descriptor: MapStateDescriptor<K, V>): BroadcastState<K, V> {
    return this.#map(descriptor.name) as unknown as BroadcastState<K, V>;
  }

  snapshot(): OperatorSnapshot {
    const lists: OperatorSnapshot["lists"][number][] = [];
    for (const [name, { mode, elements }] of this.#lists) {
      lists.push({ name, mode, elements: elements.map((element) => serializeValue(element)) });
    }
    for (const [name, state] of this.#maps) {
      const elements: Uint8Array[] = [];
      state.map.forEach((key, value) => elements.push(serializeValue([key, value])));
      lists.push({ name, mode: "broadcast", elements });
    }
    return { formatVersion: 1, lists };
  }

  restore(snapshot: OperatorSnapshot): void {
    for (const { name, mode, elements } of snapshot.lists) {
      if (mode === "broadcast") {
        const { map } = this.#map(name);
        for (const element of elements) {
          const [key, value] = deserializeValue(element) as [unknown, unknown];
          map.set(key, value);
        }
      } else {
        const list = this.#list(name, mode);
        for (const element of elements) list.elements.push(deserializeValue(element));
      }
    }
  }

  #list(name: string, mode: ListMode): OperatorListState {
    let list = this.#lists.get(name);
    if (list === undefined) this.#lists.set(name, list = new OperatorListState(name, mode));
    if (list.mode !== mode) {
      throw new InvalidProgramError("TSF-2110", `The name "${name}" belongs to operator state of another kind`, {
        expected: list.mode === "union" ? "getUnionListState()" : "getListState()",
        found: mode === "union" ? "getUnionListState()" : "getListState()",
        hint: "A list is either split or united on rescaling, also against the snapshot it was restored from.",
      });
    }
    return list;
  }

  #map(name: string): HeapBroadcastState {
    let map = this.#maps.get(name);
    if (map === undefined) this.#maps.set(name, map = new HeapBroadcastState());
    return map;
  }
}

class OperatorListState implements ListState<unknown> {
  elements: unknown[] = [];

  constructor(readonly name: string, readonly mode: ListMode) {}

  get(): unknown[] {
    return copyElements(this.elements);
  }

  add(value: unknown): void {
    this.elements.push(copyElement(value, this.name));
  }

  addAll(values: Iterable<unknown>): void {
    for (const element of copiedElements(values, this.name)) this.elements.push(element);
  }

  update(values: Iterable<unknown>): void {
    this.elements = copiedElements(values, this.name);
  }

  clear(): void {
    this.elements = [];
  }
}

class HeapBroadcastState implements BroadcastState<unknown, unknown> {
  readonly map = new UserMap();

  get(key: unknown): unknown {
    return copyValue(this.map.get(key));
  }

  contains(key: unknown): boolean {
    return this.map.has(key);
  }

  put(key: unknown, value: unknown): void {
    const copy = ownedCopy(value);
    this.map.set(key, copy);
  }

  putAll(entries: Iterable<readonly [unknown, unknown]>): void {
    for (const [key, value] of entries) this.put(key, value);
  }

  remove(key: unknown): void {
    this.map.delete(key);
  }

  /** The entries that are there now; see HeapMapState.entries. */
  entries(): IterableIterator<[unknown, unknown]> {
    return liveEntries(this.map, this.map.keyList());
  }

  immutableEntries(): IterableIterator<[unknown, unknown]> {
    return this.entries();
  }

  clear(): void {
    this.map.clear();
  }
}
