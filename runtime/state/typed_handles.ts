/**
 * The handles of typed_states.ts with a short way for the calls that happen per record: where a value is a record of the
 * state's shape, the generated functions of that shape are called at once. Whatever is no record is left to the methods
 * of the base class.
 *
 * One class per kind for all states: with a class per state the code that all of them share, here and in the guards around
 * handles, would see another one with every state and job, and V8 gives up at five (measured: a value read and written
 * takes 55 ns then 110). What is called through a field costs a plain call there and is inlined where a state is alone.
 * Made by heap_backend.ts.
 *
 * @module
 */

import type { StateDescriptor } from "../functions/state_descriptor.ts";
import { HeapAggregatingState, HeapReducingState, type HeapState } from "./heap_states.ts";
import type { StateTable } from "./heap_table.ts";
import type { RecordShape } from "./records/record_shape.ts";
import type { ShapedValues } from "./records/shaped_values.ts";
import { TypedListState, TypedMapState, TypedValueState } from "./typed_states.ts";

/** How records are read and written; undefined as long as, or once again when, they are no rows. */
class RecordAccess {
  read: RecordShape["read"] | undefined;
  put: RecordShape["put"] | undefined;

  constructor(values: ShapedValues) {
    values.onRecords((read, put) => {
      this.read = read;
      this.put = put;
    });
  }
}

class ValueHandle extends TypedValueState {
  readonly #records: RecordAccess;

  constructor(table: StateTable, descriptor: StateDescriptor, values: ShapedValues) {
    super(table, descriptor, values);
    this.#records = new RecordAccess(values);
  }

  override value(): unknown {
    const stored = this.stored();
    const { read } = this.#records;
    return typeof stored === "number" && read !== undefined ? read(stored) : super.value();
  }

  override update(value: unknown): void {
    const { put } = this.#records;
    if (put !== undefined && typeof value === "object" && value !== null) {
      const stored = this.stored();
      if (typeof stored === "number") {
        if (put(value, stored) >= 0) return;
      } else if (stored === undefined) {
        const row = put(value, -1);
        if (row >= 0) {
          this.store(row);
          return;
        }
      }
    }
    super.update(value);
  }
}

class ListHandle extends TypedListState {
  readonly #records: RecordAccess;
  readonly #values: ShapedValues;

  constructor(table: StateTable, descriptor: StateDescriptor, values: ShapedValues) {
    super(table, descriptor, values);
    this.#records = new RecordAccess(values);
    this.#values = values;
  }

  override get(): unknown[] {
    const stored = this.stored() as unknown[] | undefined;
    const { read } = this.#records;
    if (stored === undefined || read === undefined) return super.get();
    const elements = new Array<unknown>(stored.length);
    for (let i = 0; i < stored.length; i++) {
      const element = stored[i];
      elements[i] = typeof element === "number" ? read(element) : this.#values.read(element);
    }
    return elements;
  }

  override add(value: unknown): void {
    const { put } = this.#records;
    if (put !== undefined && typeof value === "object" && value !== null) {
      const stored = this.stored() as unknown[] | undefined;
      const row = stored === undefined ? -1 : put(value, -1);
      if (row >= 0) {
        stored!.push(row);
        return;
      }
    }
    super.add(value);
  }
}

class MapHandle extends TypedMapState {
  readonly #records: RecordAccess;

  constructor(table: StateTable, descriptor: StateDescriptor, values: ShapedValues) {
    super(table, descriptor, values);
    this.#records = new RecordAccess(values);
  }

  override get(key: unknown): unknown {
    const stored = this.map()?.get(key);
    const { read } = this.#records;
    return typeof stored === "number" && read !== undefined ? read(stored) : this.read(stored);
  }

  override put(key: unknown, value: unknown): void {
    const { put } = this.#records;
    if (put !== undefined && typeof value === "object" && value !== null) {
      const stored = this.map()?.get(key);
      if (typeof stored === "number" && put(value, stored) >= 0) return;
    }
    super.put(key, value);
  }
}

/** Makes the handle of a state whose table is typed. */
export function typedHandle(table: StateTable, descriptor: StateDescriptor, values: ShapedValues): HeapState {
  switch (descriptor.kind) {
    case "value":
      return new ValueHandle(table, descriptor, values);
    case "list":
      return new ListHandle(table, descriptor, values);
    case "map":
      return new MapHandle(table, descriptor, values);
    case "reducing":
      return new HeapReducingState(table, descriptor);
    case "aggregating":
      return new HeapAggregatingState(table, descriptor);
  }
}
