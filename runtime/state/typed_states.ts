/**
 * The handles of keyed state over a {@link TypedTable} that keep flat records as rows of their shape: value, list and map
 * state. They behave as those of heap_states.ts, which the tests hold them against.
 *
 * @module
 */

import type { ListState, MapState, StateDescriptor, ValueState } from "../functions/state_descriptor.ts";
import { copyValue } from "../types/copy.ts";
import { FlatList, FlatRow } from "./flat_shape.ts";
import { HeapListState, HeapMapState, HeapState } from "./heap_states.ts";
import type { StateTable } from "./heap_table.ts";
import { copyElement } from "./owned_values.ts";
import type { ShapedValues } from "./shaped_values.ts";

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
    const stored = this.stored();
    if (stored instanceof FlatList) return stored.items;
    return Array.isArray(stored) && stored[0] instanceof FlatRow ? this.#values.read(stored) : stored;
  }

  value(): unknown {
    const stored = this.stored();
    if (typeof stored === "number") return stored;
    return stored === undefined ? copyValue(this.#defaultValue) : this.#values.read(stored);
  }

  update(value: unknown): void {
    if (typeof value === "number") this.store(value);
    else if (typeof value !== "object" || value === null) this.storeOrClear(this.#values.stored(value, undefined));
    else {
      const previous = this.stored();
      const stored = this.#values.stored(value, previous);
      if (stored !== previous) this.store(stored);
    }
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
    const map = this.map();
    const previous = typeof value === "object" ? map?.get(key) : undefined;
    const stored = this.#values.stored(value, previous);
    if (stored === previous && stored !== undefined && stored !== null) return;
    (map ?? this.mapForWriting()).set(key, stored);
  }

  protected override read(stored: unknown): unknown {
    return this.#values.read(stored);
  }
}
