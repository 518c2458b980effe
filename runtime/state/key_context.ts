/**
 * The current key of one keyed operator: what handles and timers act on.
 *
 * Invariants: canonical form is made once per key, hash and key group only when somebody asks. Owned by the keyed state
 * backend; the timer service reads it and puts the previous key back after firing.
 *
 * @module
 */

import { InvalidProgramError } from "../errors.ts";
import { canonicalKey } from "../types/canonical_key.ts";
import type { Key, KeyHashRule } from "../types/key.ts";
import { hashKey, type KeyGroupRange, murmurHash } from "../types/key_group.ts";

/** What a key is compared by: equal keys have the same canonical form (NaN included, see {@link sameCanonical}). */
export type CanonicalKey = string | number | bigint | boolean;

/** Whether two canonical forms are one key. */
export function sameCanonical(a: CanonicalKey, b: CanonicalKey): boolean {
  return a === b || (a !== a && b !== b);
}

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
  #key: Key | undefined;
  #canonical: CanonicalKey = "";
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
    this.#canonical = canonicalKey(key);
    this.#key = key;
    this.#keyGroup = -1;
  }

  clear(): void {
    this.#key = undefined;
    this.#canonical = "";
    this.#keyGroup = -1;
  }

  get isSet(): boolean {
    return this.#key !== undefined;
  }

  /** The key as it was given. @throws InvalidProgramError TSF-2115 when none is set. */
  get key(): Key {
    if (this.#key === undefined) throw noKey();
    return this.#key;
  }

  get canonical(): CanonicalKey {
    if (this.#key === undefined) throw noKey();
    return this.#canonical;
  }

  /**
   * Takes the copy of the canonical form that a table holds: comparing a text with itself is a matter of pointers, with
   * one just cut out of a batch it is not.
   */
  adopt(canonical: CanonicalKey): void {
    this.#canonical = canonical;
  }

  /** Flink's hash code of the key. */
  get hash(): number {
    if (this.#keyGroup < 0) this.#locate();
    return this.#hash;
  }

  /** @throws InvalidProgramError TSF-2116 when it lies outside this subtask's key groups. */
  get keyGroup(): number {
    if (this.#keyGroup < 0) this.#locate();
    return this.#keyGroup;
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
