/**
 * Keyed state on the heap: one table per state, handles on top, snapshots as one run of everything. Tables are
 * {@link TypedTable}s over rows that all states share, or with typed state switched off and for TTL {@link HeapTable}s.
 *
 * Invariants: a state's name belongs to one kind for ever, also when it came from a snapshot and nobody has asked for it
 * yet; such states are carried along into later snapshots. A snapshot is encoded at once, so later writes cannot reach
 * it. Made by the operator runtime, one per keyed operator and subtask.
 *
 * @module
 */

import { InvalidProgramError } from "../errors.ts";
import type { StateDescriptor } from "../functions/state_descriptor.ts";
import type { Key, KeyHashRule } from "../types/key.ts";
import type { KeyGroupRange } from "../types/key_group.ts";
import {
  HeapAggregatingState,
  HeapListState,
  HeapMapState,
  HeapReducingState,
  type HeapState,
  HeapValueState,
} from "./heap_states.ts";
import { HeapTable, type StateTable } from "./heap_table.ts";
import { hashText } from "./hash_index.ts";
import { KeyContext } from "./key_context.ts";
import { KeyRows } from "./key_rows.ts";
import type {
  KeyedBackendOptions,
  KeyedSnapshot,
  KeyedStateBackend,
  NamespacedState,
  StateMeta,
  StateRow,
} from "./keyed_state_backend.ts";
import { ShapedValues } from "./records/shaped_values.ts";
import { RunReader } from "./snapshot.ts";
import { adoptParts, fromRowValue, toRowValue } from "./stored_value.ts";
import { type ExtraRows, snapshotOf } from "./table_snapshot.ts";
import {
  IncrementalCleanup,
  migrateTtl,
  migrateTtlList,
  type TtlContext,
  type TtlSettings,
  ttlSettings,
  unexpiredPart,
} from "./ttl.ts";
import { TtlAggregatingState, TtlListState, TtlMapState, TtlReducingState, TtlValueState } from "./ttl_states.ts";
import { typedHandle } from "./typed_handles.ts";
import { TypedTable } from "./typed_table.ts";

const PLAIN_HANDLES = {
  value: HeapValueState,
  list: HeapListState,
  map: HeapMapState,
  reducing: HeapReducingState,
  aggregating: HeapAggregatingState,
} as const;
const TTL_HANDLES = {
  value: TtlValueState,
  list: TtlListState,
  map: TtlMapState,
  reducing: TtlReducingState,
  aggregating: TtlAggregatingState,
} as const;

/** A state somebody has asked for. */
interface OpenState {
  readonly handle: HeapState;
  readonly ttl: TtlSettings | undefined;
  /** Of a typed state. */
  readonly values: ShapedValues | undefined;
}

/** See the header. */
export class HeapKeyedStateBackend implements KeyedStateBackend {
  readonly maxParallelism: number;
  readonly keyGroups: KeyGroupRange;
  readonly keyHashRule: KeyHashRule;
  readonly keyContext: KeyContext;
  readonly #now: () => number;
  readonly #codegenId: string;
  /** Undefined with typed state switched off. */
  #rows: KeyRows | undefined;
  readonly #tables = new Map<string, StateTable>();
  readonly #open = new Map<string, OpenState>();
  /** Cleanups that run whenever a key is set. */
  readonly #perRecordCleanups: IncrementalCleanup[] = [];

  constructor(options: KeyedBackendOptions) {
    this.maxParallelism = options.maxParallelism;
    this.keyGroups = options.keyGroups;
    this.keyHashRule = options.keyHashRule ?? "auto";
    this.keyContext = new KeyContext({
      maxParallelism: this.maxParallelism,
      keyGroups: this.keyGroups,
      keyHashRule: this.keyHashRule,
    });
    this.#now = options.now;
    this.#codegenId = options.codegenId ?? "";
    this.#rows = options.typedState === false ? undefined : new KeyRows(this.keyContext);
  }

  setCurrentKey(key: Key): void {
    this.keyContext.set(key);
    if (this.#perRecordCleanups.length > 0) this.#cleanUp();
  }

  setCurrentPair(left: number, right: number): void {
    this.keyContext.setPair(left, right);
    if (this.#perRecordCleanups.length > 0) this.#cleanUp();
  }

  getCurrentKey(): Key {
    return this.keyContext.key;
  }

  getCurrentKeyGroup(): number {
    return this.keyContext.keyGroup;
  }

  state<H>(descriptor: StateDescriptor): H & NamespacedState {
    const open = this.#open.get(descriptor.name);
    if (open === undefined) return this.#openState(descriptor) as unknown as H & NamespacedState;
    checkKind(this.#tables.get(descriptor.name)!.meta, descriptor);
    return open.handle as unknown as H & NamespacedState;
  }

  keys(stateName: string, namespace: string): Iterable<Key> {
    return this.#tables.get(stateName)?.keys(namespace) ?? [];
  }

  applyToAllKeys<H>(namespace: string, descriptor: StateDescriptor, fn: (key: Key, state: H) => void): void {
    const handle = this.state<H>(descriptor);
    const open = this.#open.get(descriptor.name)!.handle;
    const namespaceBefore = open.namespace;
    const keyBefore = this.keyContext.isSet ? this.keyContext.key : undefined;
    try {
      for (const key of this.keys(descriptor.name, namespace)) {
        this.setCurrentKey(key);
        handle.setNamespace(namespace);
        fn(key, handle);
      }
    } finally {
      handle.setNamespace(namespaceBefore);
      if (keyBefore === undefined) this.keyContext.clear();
      else this.keyContext.set(keyBefore);
    }
  }

  numStateEntries(stateName?: string): number {
    if (stateName !== undefined) return this.#tables.get(stateName)?.size ?? 0;
    let size = 0;
    for (const table of this.#tables.values()) size += table.size;
    return size;
  }

  /** Bytes of all tables, without what objects and texts hold. */
  get byteLength(): number {
    let bytes = this.#rows?.byteLength ?? 0;
    for (const table of this.#tables.values()) bytes += table.byteLength;
    for (const { values } of this.#open.values()) bytes += values?.byteLength ?? 0;
    return bytes;
  }

  snapshot(extra: ExtraRows = { metas: [], rows: [] }): KeyedSnapshot {
    const now = this.#now();
    const tables = Array.from(this.#tables.values(), (table) => ({ table, toValue: this.#rowValue(table, now) }));
    const { maxParallelism, keyHashRule, keyGroups } = this;
    return snapshotOf(tables, { maxParallelism, keyHashRule, keyGroups }, extra);
  }

  restore(snapshots: readonly KeyedSnapshot[], onTimerRow: (meta: StateMeta, row: StateRow) => void): void {
    for (const snapshot of snapshots) {
      this.#checkFits(snapshot);
      // A state without rows is remembered too: its name stays taken.
      for (const meta of snapshot.states) if (!isTimers(meta)) this.#tableOf(meta);
      for (const run of snapshot.runs) this.#restoreRun(new RunReader(run.bytes), onTimerRow);
    }
    this.keyContext.clear();
  }

  dispose(): void {
    for (const table of this.#tables.values()) table.clear();
    this.#tables.clear();
    if (this.#rows !== undefined) this.#rows = new KeyRows(this.keyContext);
    this.#open.clear();
    this.#perRecordCleanups.length = 0;
    this.keyContext.clear();
  }

  #openState(descriptor: StateDescriptor): HeapState {
    const { name, kind } = descriptor;
    const settings = ttlSettings(descriptor);
    const restored = this.#tables.get(name);
    if (restored !== undefined) {
      checkKind(restored.meta, descriptor);
      if (restored.meta.ttl !== (settings !== undefined)) this.#migrateTtl(restored);
    }
    const table = this.#tableOf({ name, kind, ttl: settings !== undefined, schema: "generic" });
    const values = table instanceof TypedTable ? new ShapedValues(`${this.#codegenId}/${name}`) : undefined;
    if (values !== undefined && restored !== undefined) {
      (table as TypedTable).replaceAll((stored) => adoptParts(kind, stored, (value) => values.adopt(value)));
    }
    const handle = values !== undefined
      ? typedHandle(table, descriptor, values)
      : settings === undefined
      ? new PLAIN_HANDLES[kind](table, descriptor)
      : new TTL_HANDLES[kind](table as HeapTable, descriptor, this.#ttlContext(table as HeapTable, settings));
    this.#open.set(name, { handle, ttl: settings, values });
    return handle;
  }

  #cleanUp(): void {
    for (const cleanup of this.#perRecordCleanups) cleanup.run(this.#now(), undefined);
  }

  #ttlContext(table: HeapTable, settings: TtlSettings): TtlContext {
    const cleanup = new IncrementalCleanup(table, this.keyContext, settings);
    if (settings.cleanupOnEveryRecord) this.#perRecordCleanups.push(cleanup);
    return { settings, cleanup, now: this.#now };
  }

  #tableOf(meta: StateMeta): StateTable {
    let table = this.#tables.get(meta.name);
    if (table === undefined) this.#tables.set(meta.name, table = this.#newTable(meta));
    return table;
  }

  /** What expires is looked over a few rows at a time, which is the business of a HeapTable. */
  #newTable(meta: StateMeta): StateTable {
    return meta.ttl || this.#rows === undefined
      ? new HeapTable(meta, this.keyContext)
      : new TypedTable(meta, this.keyContext, this.#rows);
  }

  /** TTL of a state was switched on or off since the snapshot: old values count as just written. */
  #migrateTtl(table: StateTable): void {
    const { meta } = table;
    const enable = !meta.ttl;
    const now = this.#now();
    const migrated = this.#newTable({ ...meta, ttl: enable });
    const keyBefore = this.keyContext.isSet ? this.keyContext.key : undefined;
    for (const [, rows] of table.rowsByKeyGroup((stored) => stored)) {
      for (const { key, namespace, value } of rows) {
        this.keyContext.set(key);
        const hash = hashText(namespace);
        table.remove(namespace, hash);
        const moved = meta.kind === "list"
          ? migrateTtlList(value as unknown[], enable, now)
          : migrateTtl(value, enable, now);
        migrated.put(namespace, hash, moved);
      }
    }
    if (keyBefore === undefined) this.keyContext.clear();
    else this.keyContext.set(keyBefore);
    this.#tables.set(meta.name, migrated);
  }

  /** Makes the values of a snapshot from stored ones; undefined for what has expired and shall not be kept. */
  #rowValue({ meta }: StateTable, now: number): (stored: unknown) => unknown {
    const open = this.#open.get(meta.name);
    const ttl = open?.ttl;
    const values = open?.values;
    if (values !== undefined) return (stored) => toRowValue(meta, stored, (part) => values.plain(part));
    if (!ttl?.cleanupInSnapshot) return (stored) => toRowValue(meta, stored);
    return (stored) => {
      const rest = unexpiredPart(stored, ttl.ttlMs, now);
      return rest === undefined ? undefined : toRowValue(meta, rest);
    };
  }

  #checkFits(snapshot: KeyedSnapshot): void {
    if (snapshot.maxParallelism !== this.maxParallelism) {
      throw new InvalidProgramError("TSF-2111", "The state was written with another maximum parallelism", {
        expected: `maxParallelism ${snapshot.maxParallelism}`,
        found: `maxParallelism ${this.maxParallelism}`,
        hint: "Keys would be in other key groups; set the old maxParallelism on the operator or the environment.",
      });
    }
    if (snapshot.keyHashRule !== this.keyHashRule) {
      throw new InvalidProgramError("TSF-2111", "The state was written with another hash rule of its keys", {
        expected: `key type ${snapshot.keyHashRule}`,
        found: `key type ${this.keyHashRule}`,
        hint: "Declare the key type of keyBy() as it was when the snapshot was taken.",
      });
    }
  }

  #restoreRun(reader: RunReader, onTimerRow: (meta: StateMeta, row: StateRow) => void): void {
    const metas = new Map(reader.head.states.map((meta) => [meta.name, meta]));
    for (const row of reader.rows(this.keyGroups)) {
      const meta = metas.get(row.state)!;
      if (isTimers(meta)) {
        onTimerRow(meta, row);
        continue;
      }
      this.keyContext.set(row.key);
      this.#tableOf(meta).put(row.namespace, hashText(row.namespace), fromRowValue(meta, row.value));
    }
  }
}

function isTimers(meta: StateMeta): boolean {
  return meta.kind === "event-timers" || meta.kind === "processing-timers";
}

function checkKind(taken: StateMeta, wanted: StateDescriptor): void {
  if (taken.kind === wanted.kind) return;
  throw new InvalidProgramError("TSF-2110", `The name "${wanted.name}" belongs to a state of another kind`, {
    expected: `${taken.kind} state`,
    found: `${wanted.kind} state`,
    hint: "Names of state are unique in an operator, also against the snapshot it was restored from; choose another.",
  });
}
