/**
 * Keyed state of one key at a time, for input that is sorted by key: no table grows with the number of keys.
 *
 * Invariants: all records of a key come before those of the next; {@link BatchKeyedStateBackend.dropKey} is called in
 * between, once the timers of the key have fired. As in Flink there is no TTL (processing time stands still), no snapshot
 * and no way to other keys.
 *
 * Made by the operator runtime; its operator's input is sorted by tasks/batch/.
 *
 * @module
 */

import { BugError, InvalidProgramError } from "../../errors.ts";
import type { StateDescriptor } from "../../functions/state_descriptor.ts";
import type { Key } from "../../types/key.ts";
import type { KeyGroupRange } from "../../types/key_group.ts";
import {
  HeapAggregatingState,
  HeapListState,
  HeapMapState,
  HeapReducingState,
  type HeapState,
  HeapValueState,
} from "../heap_states.ts";
import { type CanonicalKey, KeyContext, sameCanonical } from "../key_context.ts";
import type { KeyedBackendOptions, KeyedSnapshot, KeyedStateBackend, NamespacedState } from "../keyed_state_backend.ts";
import { SingleKeyTable } from "./single_key_table.ts";

const HANDLES = {
  value: HeapValueState,
  list: HeapListState,
  map: HeapMapState,
  reducing: HeapReducingState,
  aggregating: HeapAggregatingState,
} as const;

/** See the header. */
export class BatchKeyedStateBackend implements KeyedStateBackend {
  readonly maxParallelism: number;
  readonly keyGroups: KeyGroupRange;
  readonly keyContext: KeyContext;
  readonly #tables = new Map<string, SingleKeyTable>();
  readonly #handles = new Map<string, HeapState>();
  /** The key whose state this is; undefined after it was dropped. */
  #held: CanonicalKey | undefined;

  constructor(options: Pick<KeyedBackendOptions, "maxParallelism" | "keyGroups" | "keyHashRule">) {
    this.maxParallelism = options.maxParallelism;
    this.keyGroups = options.keyGroups;
    this.keyContext = new KeyContext({ ...options, keyHashRule: options.keyHashRule ?? "auto" });
  }

  /** @throws InvalidProgramError TSF-2102 when it is no key, TSF-2122 when it is another one than the input was sorted by. */
  setCurrentKey(key: Key): void {
    this.keyContext.set(key);
    const { canonical } = this.keyContext;
    if (this.#held === undefined) this.#held = canonical;
    else if (!sameCanonical(this.#held, canonical)) throw anotherKey(this.#held, canonical);
  }

  /** Forgets all state of the key; any other may follow. */
  dropKey(): void {
    this.#held = undefined;
    for (const table of this.#tables.values()) table.clear();
  }

  getCurrentKey(): Key {
    return this.keyContext.key;
  }
  getCurrentKeyGroup(): number {
    return this.keyContext.keyGroup;
  }

  state<H>(descriptor: StateDescriptor): H & NamespacedState {
    const { name, kind } = descriptor;
    let handle = this.#handles.get(name);
    if (handle === undefined) {
      const table = new SingleKeyTable({ name, kind, ttl: false, schema: "generic" }, this.keyContext);
      this.#tables.set(name, table);
      handle = new HANDLES[kind](table, descriptor);
      this.#handles.set(name, handle);
    }
    const { meta } = this.#tables.get(name)!;
    if (meta.kind === kind) return handle as unknown as H & NamespacedState;
    throw new InvalidProgramError("TSF-2110", `The name "${name}" belongs to a state of another kind`, {
      expected: `${meta.kind} state`,
      found: `${kind} state`,
      hint: "Names of state are unique in an operator; choose another.",
    });
  }

  /** None: what runs outside of a key runs before the first one. */
  keys(): Iterable<Key> {
    return [];
  }
  applyToAllKeys(): void {}

  numStateEntries(stateName?: string): number {
    if (stateName !== undefined) return this.#tables.get(stateName)?.size ?? 0;
    let size = 0;
    for (const table of this.#tables.values()) size += table.size;
    return size;
  }

  snapshot(): KeyedSnapshot {
    throw new BugError("TSF-0001", "A BATCH task is asked for a snapshot", {
      expected: "no checkpoints in BATCH mode",
      found: "a checkpoint",
    });
  }
  /** Nothing is restored in BATCH mode. */
  restore(): void {}

  dispose(): void {
    this.dropKey();
    this.#tables.clear();
    this.#handles.clear();
    this.keyContext.clear();
  }
}

function anotherKey(expected: CanonicalKey, found: CanonicalKey): InvalidProgramError {
  return new InvalidProgramError("TSF-2122", "A record has another key than it was sorted by", {
    expected: `the key ${String(expected)}`,
    found: `the key ${String(found)}`,
    hint: "The key selector must give the same key for the same record each time, and nobody may change a key.",
  });
}
