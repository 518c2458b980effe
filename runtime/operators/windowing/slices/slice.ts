/**
 * A slice: a span of time whose records all get the same windows, with what every key has in it; and the numbers by which
 * keys are known in all slices.
 *
 * Invariants: rows are in order of arrival and are only added; a key has a number as long as some slice has a row of it.
 * Owned by slice_windows.ts.
 *
 * @module
 */

import type { CanonicalKey, KeyContext } from "../../../state/key_context.ts";
import { ownKey } from "../../../types/canonical_key.ts";
import type { Key } from "../../../types/key.ts";
import { KeyIndex } from "../key_index.ts";

/** See the header. */
export class Slice {
  readonly index: KeyIndex;
  /** Number of the key of each row. */
  readonly ids: number[] = [];
  readonly values: unknown[] = [];
  /** When the key came first, in order of arrival over all slices. */
  readonly orders: number[] = [];
  /** Whether it is part of a sum that is kept. */
  isSummed = false;

  /**
   * @param from First timestamp.
   * @param to First timestamp after it.
   * @param lastTimestamp That of the last window the slice is part of.
   */
  constructor(readonly from: number, readonly to: number, readonly lastTimestamp: number, expected: number) {
    this.index = new KeyIndex(expected);
  }

  get size(): number {
    return this.ids.length;
  }
}

/** What is in a slice, or in some neighbouring ones added up: rows of key number, content and order. */
export interface SliceBlock {
  readonly size: number;
  readonly ids: ArrayLike<number>;
  readonly values: ArrayLike<unknown>;
  readonly orders: ArrayLike<number>;
}

/** Keys by small numbers. */
export class KeyNumbers {
  readonly keys: Key[] = [];
  readonly #canonicals: CanonicalKey[] = [];
  /** How many slices have a row of the key. */
  readonly #uses: number[] = [];
  readonly #free: number[] = [];
  readonly #index = new KeyIndex();

  /** How many numbers have been in use at the same time. */
  get size(): number {
    return this.keys.length;
  }

  /** The number of the current key, once more in use. @throws InvalidProgramError TSF-2116 for another subtask's. */
  use(context: KeyContext): number {
    const canonical = context.canonical;
    let id = this.#index.get(canonical);
    if (id >= 0) {
      this.#uses[id]++;
      return id;
    }
    // Asks for the key group only for its check.
    void context.keyGroup;
    id = this.#free.length > 0 ? this.#free.pop()! : this.keys.length;
    const key = this.keys[id] = ownKey(context.key);
    this.#canonicals[id] = typeof canonical === "string" && canonical === context.key ? key as string : canonical;
    this.#uses[id] = 1;
    this.#index.add(canonical, id);
    return id;
  }

  /** One slice less. */
  release(id: number): void {
    if (--this.#uses[id] > 0) return;
    this.#index.remove(this.#canonicals[id]);
    this.keys[id] = this.#canonicals[id] = "";
    this.#free.push(id);
  }
}
