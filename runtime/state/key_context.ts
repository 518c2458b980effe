/**
 * The current key of one keyed operator: what handles and timers act on.
 *
 * Invariants: canonical form, hash, key group and row are found once per key and only when somebody asks. Owned by the keyed state
 * backend; the timer service reads it and puts the previous key back after firing.
 *
 * @module
 */

import { InvalidProgramError } from "../errors.ts";
import { assertKey, canonicalKey } from "../types/canonical_key.ts";
import type { Key, KeyHashRule } from "../types/key.ts";
import { hashKey, type KeyGroupRange, murmurHash } from "../types/key_group.ts";

/** What a key is compared by: equal keys have the same canonical form (NaN included, see {@link sameCanonical}). */
export type CanonicalKey = string | number | bigint | boolean;

/** Whether two canonical forms are one key. */
export function sameCanonical(a: CanonicalKey, b: CanonicalKey): boolean {
  return a === b || (a !== a && b !== b);
}

/** {@link KeyContext.row} of a key that has none. */
export const NO_ROW = -1;
/** {@link KeyContext.row} of a key that was not looked up. */
export const UNKNOWN_ROW = -2;

/** The parts of a {@link KeyContext} that do not change. */
export interface KeyContextOptions {
  readonly maxParallelism: number;
  readonly keyGroups: KeyGroupRange;
  readonly keyHashRule: KeyHashRule;
}

/** See the header. */
export class KeyContext {
  readonly maxParallelism: number;
  readonly keyGroups: KeyGroupRange;
  readonly keyHashRule: KeyHashRule;
  /** The row of the key, {@link NO_ROW} when it has none, {@link UNKNOWN_ROW} until somebody asks. For key_rows.ts. */
  row: number = UNKNOWN_ROW;
  /** Whether the key is the tuple of {@link left} and {@link right}, which then is made anew for whoever asks. */
  isPair: boolean = false;
  left: number = 0;
  right: number = 0;
  #key: Key | undefined;
  /** Undefined until somebody asks. */
  #canonical: CanonicalKey | undefined;
  #hash = 0;
  /** -1 until somebody asks. */
  #keyGroup = -1;

  constructor(options: KeyContextOptions) {
    this.maxParallelism = options.maxParallelism;
    this.keyGroups = options.keyGroups;
    this.keyHashRule = options.keyHashRule;
  }

  /** @throws InvalidProgramError TSF-2102 when it is no key. */
  set(key: Key): void {
    const kind = typeof key;
    if (kind === "number" || kind === "string") {
      // The same key again: all that is known of it holds. 0 and -0 are one key but are given back as they came.
      if (key === this.#key && key !== 0) return;
    } else if (kind !== "bigint" && kind !== "boolean") assertKey(key);
    this.isPair = false;
    this.#key = key;
    this.#forget();
  }

  /** The same as {@link set} with the tuple of two integers, which is not made for it. */
  setPair(left: number, right: number): void {
    if ((left | 0) !== left || (right | 0) !== right || left === 0 || right === 0) {
      // Beside what is no integer the other zero, which is to be given back as it came.
      this.set([left, right]);
      return;
    }
    if (this.isPair && left === this.left && right === this.right) return;
    this.isPair = true;
    this.left = left;
    this.right = right;
    this.#key = undefined;
    this.#forget();
  }

  clear(): void {
    this.isPair = false;
    this.#key = undefined;
    this.#forget();
  }

  #forget(): void {
    this.row = UNKNOWN_ROW;
    this.#canonical = undefined;
    this.#keyGroup = -1;
  }

  get isSet(): boolean {
    return this.isPair || this.#key !== undefined;
  }

  /** The key as it was given. @throws InvalidProgramError TSF-2115 when none is set. */
  get key(): Key {
    if (this.isPair) return [this.left, this.right];
    if (this.#key === undefined) throw noKey();
    return this.#key;
  }

  get canonical(): CanonicalKey {
    return this.#canonical ??= canonicalKey(this.key);
  }

  /**
   * Takes the copy of the canonical form that a table holds: comparing a text with itself is a matter of pointers, with
   * one just cut out of a batch it is not.
   */
  adopt(canonical: CanonicalKey): void {
    this.#canonical = canonical;
  }

  /** Flink's hash code of the key. @throws InvalidProgramError TSF-2116 as {@link keyGroup} does. */
  get hash(): number {
    if (this.#keyGroup < 0) this.#locate();
    return this.#hash;
  }

  /** @throws InvalidProgramError TSF-2116 when it lies outside this subtask's key groups. */
  get keyGroup(): number {
    if (this.#keyGroup < 0) this.#locate();
    return this.#keyGroup;
  }

  /** Throws what {@link keyGroup} throws. */
  checkKeyGroup(): void {
    if (this.#keyGroup < 0) this.#locate();
  }

  #locate(): void {
    this.#hash = hashKey(this.key, this.keyHashRule);
    const keyGroup = murmurHash(this.#hash) % this.maxParallelism;
    if (keyGroup < this.keyGroups.start || keyGroup > this.keyGroups.end) {
      throw new InvalidProgramError("TSF-2116", "A key arrived in a subtask that does not own its key group", {
        expected: `key group ${this.keyGroups.start} to ${this.keyGroups.end}`,
        found: `key group ${keyGroup} of key ${describeKey(this.key)}`,
        hint: "The key selector must give the same key for the same record each time, and nobody may change a key.",
      });
    }
    this.#keyGroup = keyGroup;
  }
}

function noKey(): InvalidProgramError {
  return new InvalidProgramError("TSF-2115", "No key is set", {
    expected: "keyed state and timers to be used while a record of a keyed stream or a timer is processed",
    found: "a use outside of that, for example in open() or on a stream without keyBy()",
    hint: "Get handles in open(), read and write them in the processing methods of a keyed function.",
  });
}

function describeKey(key: Key): string {
  return typeof key === "object" ? JSON.stringify(key, (_, v) => typeof v === "bigint" ? `${v}n` : v) : String(key);
}
