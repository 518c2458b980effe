/**
 * The handles of keyed state over a {@link TypedTable} that keep flat records as rows of their shape: value, list and map
 * state. They behave as those of heap_states.ts, which the tests hold them against.
 *
 * @module
 */

import type { ListState, MapState, StateDescriptor, ValueState } from "../functions/state_descriptor.ts";
import { copyValue } from "../types/copy.ts";
import { FlatList, FlatRow } from "./records/flat_shape.ts";
import { HeapListState, HeapMapState, HeapState } from "./heap_states.ts";
import type { StateTable } from "./heap_table.ts";
import { copyElement } from "./owned_values.ts";
import type { ShapedValues } from "./records/shaped_values.ts";

/** See the header. */
export class TypedValueState extends HeapState implements ValueState<unknown> {
  readonly #defaultValue: unknown;
  readonly #values: ShapedValues;

  constructor(table: StateTable, descriptor: StateDescriptor, values: ShapedValues) {
    super(table);
    this.#defaultValue = copyValue(descriptor.defaultValue);
    this.#values = values;
  }

  /** Unique in the isolate, see {@link KeyedBackendOptions.codegenId}. */
  get codegenId(): string {
    return this.#values.id;
  }

  /**
   * What is stored, undefined for nothing: for the engine's own functions, which may write other primitives over those of
   * a record or tuple but keep nothing of it. It has the fields of the value but may have another prototype.
   */
  storedValue(): unknown {
    const values = this.#values;
    values.keepObjects();
    let stored = this.stored();
    if (values.hasRows && typeof stored === "number") {
      const row = stored;
      this.store(stored = values.stored(values.read(row), undefined));
      values.drop(row);
    }
    if (stored instanceof FlatList) return stored.items;
    return stored instanceof FlatRow || stored === undefined ? stored : values.plain(stored);
  }

  value(): unknown {
    const stored = this.stored();
    return stored === undefined ? copyValue(this.#defaultValue) : this.#values.read(stored);
  }

  update(value: unknown): void {
    const values = this.#values;
    const previous = this.stored();
    const stored = values.stored(value, previous);
    if (stored === undefined || stored === null) this.clear();
    // A number may be the other zero.
    else if (stored !== previous || typeof stored === "number" && !values.hasRows) {
      this.store(stored);
      values.drop(previous);
    }
  }

  override clear(): void {
    if (this.#values.hasRows) this.#values.drop(this.stored());
    super.clear();
  }
}

/** See the header. */
export class TypedListState extends HeapListState implements ListState<unknown> {
  readonly #values: ShapedValues;
  readonly #name: string;

  constructor(table: StateTable, descriptor: StateDescriptor, values: ShapedValues) {
    super(table, descriptor);
    this.#values = values;
    this.#name = descriptor.name;
  }

  override get(): unknown[] {
    const stored = this.stored() as unknown[] | undefined;
    return stored === undefined ? [] : this.#values.readElements(stored);
  }

  override add(value: unknown): void {
    const element = this.element(value);
    const stored = this.stored() as unknown[] | undefined;
    if (stored === undefined) this.store([element]);
    else stored.push(element);
  }

  override update(values: Iterable<unknown>): void {
    if (this.#values.hasRows) {
      const previous = this.stored() as unknown[] | undefined;
      super.update(values);
      // An empty one has cleared the state.
      if (this.stored() !== undefined) this.#drop(previous);
      return;
    }
    if (Array.isArray(values) && values.length > 0) {
      const previous = this.stored();
      const elements = this.#values.storedElements(values, previous);
      if (elements !== undefined) {
        if (elements !== previous) this.store(elements);
        return;
      }
    }
    super.update(values);
  }

  override clear(): void {
    if (this.#values.hasRows) this.#drop(this.stored() as unknown[] | undefined);
    super.clear();
  }

  #drop(stored: readonly unknown[] | undefined): void {
    if (stored !== undefined) { for (let i = 0; i < stored.length; i++) this.#values.drop(stored[i]); }
  }

  protected override element(value: unknown): unknown {
    return value === undefined || value === null
      ? copyElement(value, this.#name)
      : this.#values.stored(value, undefined);
  }
}

/** See the header. */
export class TypedMapState extends HeapMapState implements MapState<unknown, unknown> {
  readonly #values: ShapedValues;

  constructor(table: StateTable, _descriptor: StateDescriptor, values: ShapedValues) {
    super(table);
    this.#values = values;
  }

  override get(key: unknown): unknown {
    return this.#values.read(this.map()?.get(key));
  }

  override put(key: unknown, value: unknown): void {
    const values = this.#values;
    const map = this.map();
    const previous = map?.get(key);
    const stored = values.stored(value, previous);
    const isKept = typeof stored === "object" ? stored !== null : typeof stored === "number" && values.hasRows;
    if (isKept && stored === previous) return;
    (map ?? this.mapForWriting()).set(key, stored);
    values.drop(previous);
  }

  override remove(key: unknown): void {
    if (this.#values.hasRows) this.#values.drop(this.map()?.get(key));
    super.remove(key);
  }

  override clear(): void {
    if (this.#values.hasRows) this.map()?.forEach((_, stored) => this.#values.drop(stored));
    super.clear();
  }

  protected override read(stored: unknown): unknown {
    return this.#values.read(stored);
  }
}
