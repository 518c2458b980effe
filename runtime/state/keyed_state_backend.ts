/**
 * Keyed state of one operator in one subtask, by key group and namespace. Every backend passes the same tests.
 *
 * Invariants: values are owned by the backend (what is read may be changed freely and counts only through a write; what
 * is written may be changed afterwards without effect); keys are one when their canonical bytes are; a snapshot is never
 * changed by later writes.
 *
 * @module
 */

import type { StateDescriptor } from "../functions/state_descriptor.ts";
import type { Key, KeyHashRule } from "../types/key.ts";
import type { KeyGroupRange } from "../types/key_group.ts";
import type { KeyContext } from "./key_context.ts";

/** The namespace of state that belongs to the key alone. Windows use the namespace their codec gives. */
export const VOID_NAMESPACE = "";

/** What every handle has beside the methods of its kind; handles act on the current key and their namespace. */
export interface NamespacedState {
  setNamespace(namespace: string): void;
}
/** Handles whose content can be merged: list, reducing, aggregating. */
export interface MergingState extends NamespacedState {
  /** Moves the content of `sources` into `target`, for the current key; sources are empty afterwards. */
  mergeNamespaces(target: string, sources: readonly string[]): void;
}

/** One row of keyed state or one timer, independent of any backend. */
export interface StateRow {
  /** Name of the state, see {@link StateMeta}. */
  readonly state: string;
  readonly keyGroup: number;
  readonly key: Key;
  readonly namespace: string;
  /**
   * Value, list of elements, list of [key, value] entries or accumulator; with TTL each value, element, entry value is
   * [lastAccess, value]. Timers: timestamp and order of registration of each timer, one after the other.
   */
  readonly value: unknown;
}
/** What a snapshot says about one state. */
export interface StateMeta {
  readonly name: string;
  readonly kind: StateDescriptor["kind"] | "event-timers" | "processing-timers";
  /** Whether values carry their last access for TTL. */
  readonly ttl: boolean;
  /** Schema of the values, self-describing (see types/schema.ts); "generic" when unknown. */
  readonly schema: string;
  /** Schema of the keys, like {@link schema}. */
  readonly keySchema?: string;
}
/** A snapshot of keyed state: sorted immutable runs, see snapshot.ts. */
export interface KeyedSnapshot {
  readonly formatVersion: 1;
  readonly maxParallelism: number;
  readonly keyHashRule: KeyHashRule;
  readonly states: readonly StateMeta[];
  readonly runs: readonly KeyedRun[];
}
/** Rows of a key-group range, sorted by state, key group, key bytes, namespace. */
export interface KeyedRun {
  readonly keyGroups: KeyGroupRange;
  readonly bytes: Uint8Array;
}

/** What is needed to make a backend. */
export interface KeyedBackendOptions {
  readonly maxParallelism: number;
  readonly keyGroups: KeyGroupRange;
  readonly keyHashRule?: KeyHashRule;
  /** Clock for TTL, ms since the epoch. */
  readonly now: () => number;
  /** Keeps numbers in typed columns over rows that all states share. Default true; results are the same. */
  readonly typedState?: boolean;
  /** Makes the source text of generated functions unique: job, operator, subtask and attempt. */
  readonly codegenId?: string;
}

/** Keyed state of one operator in one subtask. */
export interface KeyedStateBackend {
  readonly maxParallelism: number;
  readonly keyGroups: KeyGroupRange;
  /** The current key in the form that timers need: canonical, hashed, settable back. */
  readonly keyContext: KeyContext;
  /** Sets the key all handles act on. @throws InvalidProgramError TSF-2102 when it is no key. */
  setCurrentKey(key: Key): void;
  /** Where a backend has it, the same for the tuple of two numbers, which need not be made then. */
  setCurrentPair?(left: number, right: number): void;
  /** Of a backend that holds one key at a time: forgets all state of the current key; any other may follow. */
  dropKey?(): void;
  /** @throws InvalidProgramError TSF-2115 when no key is set. */
  getCurrentKey(): Key;
  /** @throws InvalidProgramError TSF-2116 when the key belongs to another subtask. */
  getCurrentKeyGroup(): number;
  /**
   * The handle of a state, made at first use and the same object afterwards. It has the methods of its kind (ValueState,
   * ListState, MapState, ReducingState, AggregatingState), of {@link NamespacedState} and, where it applies, of
   * {@link MergingState}. The namespace is {@link VOID_NAMESPACE} until set.
   *
   * @throws InvalidProgramError TSF-2110 when the name is taken by a state of another kind.
   */
  state<H>(descriptor: StateDescriptor): H & NamespacedState;
  /** All keys that have content in that state and namespace; stable while the caller writes. */
  keys(stateName: string, namespace: string): Iterable<Key>;
  /** Sets each key that has content in turn and calls `fn`. */
  applyToAllKeys<H>(namespace: string, descriptor: StateDescriptor, fn: (key: Key, state: H) => void): void;
  /** Number of rows, for tests and metrics. */
  numStateEntries(stateName?: string): number;
  /** Bytes of all tables, for a metric; without what objects and texts hold. */
  readonly byteLength?: number;
  /** Rows and metas of everything; `extra` (timers) is written into the same runs. */
  snapshot(extra?: { metas: readonly StateMeta[]; rows: Iterable<StateRow> }): KeyedSnapshot;
  /**
   * Takes over the rows of the snapshots that lie in this backend's key groups; rows of timer states are handed to
   * `onTimerRow`. @throws InvalidProgramError TSF-2111 when maxParallelism or the hash rule differ.
   */
  restore(snapshots: readonly KeyedSnapshot[], onTimerRow: (meta: StateMeta, row: StateRow) => void): void;
  dispose(): void;
}
