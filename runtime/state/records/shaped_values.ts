/**
 * Values on their way into and out of one state, as {@link ownedCopy} and `copyValue` take them, but flat records, and
 * short arrays of flat records or of primitives, by the generated code of their shape.
 *
 * Records of the first shape that can lie in rows (record_shape.ts) become the number of their row; other flat records
 * are objects (flat_shape.ts). Invariants: once there are rows, a number in its stored form is a row and nothing else,
 * and a {@link StoredNumber} stands for a number; before that a number is itself, and after one was stored there are never
 * rows. Whoever drops a stored form says so to {@link ShapedValues.drop}, else its row is lost.
 *
 * Who calls: the handles of typed_states.ts, one object per state.
 *
 * @module
 */

import { copyValue } from "../../types/copy.ts";
import { hasOnlyElements } from "../../types/value_kind.ts";
import { FlatList, flatList, type FlatRow, type FlatShape, shapeOf, thaw } from "./flat_shape.ts";
import { ownedCopy } from "../owned_values.ts";
import { type RecordShape, recordShapeOf } from "./record_shape.ts";

/** Shapes generated for one state; after that others are copied the general way. */
const MAX_SHAPES = 4;
/** Longer arrays are copied the general way: whether an object stands in one twice is asked pair by pair. */
const MAX_ELEMENTS = 32;

/** See {@link ShapedValues.onRecords}. */
export type RecordUse = (read: RecordShape["read"] | undefined, put: RecordShape["put"] | undefined) => void;

/** A number in a state that has rows. */
class StoredNumber {
  constructor(readonly value: number) {}
}

/** See the header. */
export class ShapedValues {
  /** Unique among all states of the isolate. */
  readonly id: string;
  #shape: FlatShape | undefined;
  #records: RecordShape | undefined;
  #mayRecord = true;
  #use: RecordUse | undefined;
  #generated = 0;

  constructor(id: string) {
    this.id = id;
  }

  /** Whether stored forms may be rows. */
  get hasRows(): boolean {
    return this.#records !== undefined;
  }

  /** Bytes of the rows. */
  get byteLength(): number {
    return this.#records?.rows.byteLength ?? 0;
  }

  /** Tells how rows are read and written, now and whenever that changes; undefined when they are not. */
  onRecords(use: RecordUse): void {
    this.#use = use;
    this.#tell();
  }

  /** From now on records become objects; rows that are there stay. */
  keepObjects(): void {
    if (!this.#mayRecord) return;
    this.#mayRecord = false;
    this.#tell();
  }

  #tell(): void {
    this.#use?.(this.#records?.read, this.#mayRecord ? this.#records?.put : undefined);
  }

  /**
   * The value in the form to store. `previous` is what was stored there: it may be overwritten and returned, so nobody
   * may need it any more.
   *
   * @throws InvalidProgramError TSF-2101 for what cannot lie in state; nothing was overwritten then.
   */
  stored(value: unknown, previous: unknown): unknown {
    if (typeof value !== "object" || value === null) {
      return typeof value === "number" ? this.#storedNumber(value) : ownedCopy(value);
    }
    const records = this.#records;
    if (records !== undefined && this.#mayRecord) {
      const row = records.put(value, typeof previous === "number" ? previous : -1);
      if (row >= 0) return row;
    }
    const shape = this.#shape;
    if (shape !== undefined && shape.fits(value)) return overwritten(shape, previous, value);
    return Array.isArray(value) ? this.#storedArray(value, previous) : this.#storedObject(value);
  }

  /** The stored form of a value that nobody else holds: itself where it is neither a record nor a number. */
  adopt(value: unknown): unknown {
    if (typeof value === "number") return this.#storedNumber(value);
    if (typeof value !== "object" || value === null || !this.#mayRecord) return value;
    const records = this.#records ?? (isObject(value) ? this.#learnRecords(value) : undefined);
    const row = records?.put(value, -1) ?? -1;
    return row >= 0 ? row : value;
  }

  /** A value that was stored, for the user to keep and change. */
  read(stored: unknown): unknown {
    if (typeof stored === "number") return this.#records === undefined ? stored : this.#records.read(stored);
    if (typeof stored !== "object" || stored === null) return stored;
    if (stored instanceof StoredNumber) return stored.value;
    const shape = this.#shape;
    if (shape !== undefined && shape.owns(stored)) return shape.copy(stored);
    if (Array.isArray(stored) && shape !== undefined && shape.owns(stored[0])) return this.readElements(stored);
    if (stored instanceof FlatList) return stored.items.slice();
    const thawed = thaw(stored);
    return thawed === stored ? copyValue(stored) : thawed;
  }

  /** A value that was stored, in a form to be encoded at once: it shares parts with what is stored. */
  plain(stored: unknown): unknown {
    return typeof stored === "number" || stored instanceof StoredNumber ? this.read(stored) : thaw(stored);
  }

  /** A stored form is dropped: its row is free. */
  drop(stored: unknown): void {
    if (typeof stored === "number") this.#records?.rows.release(stored);
  }

  /** {@link read} of each element. */
  readElements(stored: readonly unknown[]): unknown[] {
    const elements = new Array<unknown>(stored.length);
    for (let i = 0; i < elements.length; i++) elements[i] = this.read(stored[i]);
    return elements;
  }

  /**
   * Elements that all have the shape, over those of `previous`; undefined, with nothing overwritten, when one has not.
   */
  storedElements(values: readonly unknown[], previous: unknown): unknown[] | undefined {
    const shape = this.#shape ?? (isObject(values[0]) ? this.#learn(values[0]) : undefined);
    if (shape === undefined) return undefined;
    for (let i = 0; i < values.length; i++) {
      const value = values[i];
      if (!isObject(value) || !shape.fits(value)) return undefined;
    }
    if (!Array.isArray(previous)) return values.map((value) => shape.make(value as object));
    const length = values.length;
    if (previous.length > length) previous.length = length;
    for (let i = 0; i < previous.length; i++) previous[i] = overwritten(shape, previous[i], values[i] as object);
    for (let i = previous.length; i < length; i++) previous.push(shape.make(values[i] as object));
    return previous;
  }

  #storedArray(values: unknown[], previous: unknown): unknown {
    const isShort = values.length > 0 && values.length <= MAX_ELEMENTS;
    if (isShort && Object.getPrototypeOf(values) === Array.prototype) {
      const flat = !isObject(values[0])
        ? flatList(values, previous)
        : hasOnlyElements(values) && !hasTwice(values)
        ? this.storedElements(values, previous)
        : undefined;
      if (flat !== undefined) return flat;
    }
    return ownedCopy(values);
  }

  #storedNumber(value: number): unknown {
    if (this.#records !== undefined) return new StoredNumber(value);
    this.#mayRecord = false;
    return value;
  }

  #storedObject(value: object): unknown {
    if (this.#mayRecord && this.#records === undefined) {
      const row = this.#learnRecords(value)?.put(value, -1) ?? -1;
      if (row >= 0) return row;
    }
    const shape = this.#learn(value);
    return shape === undefined ? ownedCopy(value) : shape.make(value);
  }

  #learnRecords(value: object): RecordShape | undefined {
    this.#records = recordShapeOf(value, this.id);
    if (this.#records !== undefined) this.#tell();
    return this.#records;
  }

  /** Makes the shape of a value the one that is tried first. */
  #learn(value: object): FlatShape | undefined {
    if (this.#generated === MAX_SHAPES) return undefined;
    const shape = shapeOf(value, `${this.id}/${this.#generated}`);
    if (shape === undefined) return undefined;
    this.#generated++;
    return this.#shape = shape;
  }
}

function overwritten(shape: FlatShape, previous: unknown, value: object): FlatRow {
  if (!shape.owns(previous)) return shape.make(value);
  shape.assign(previous, value);
  return previous;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** One object twice in an array comes back as one object, which rows do not. */
function hasTwice(values: readonly unknown[]): boolean {
  for (let i = 1; i < values.length; i++) {
    for (let j = 0; j < i; j++) if (values[i] === values[j]) return true;
  }
  return false;
}
