/**
 * The format of keyed snapshots: immutable runs of rows, sorted by state name, key group, key bytes and namespace bytes,
 * the same for every backend.
 *
 * A run is: magic, version, head (maxParallelism, hash rule, key groups, states), the rows group by group, an index
 * (state, key group, offset, number of rows), the index's offset, a CRC-32 over everything before it. Rows are
 * key (canonical bytes), namespace, value (generic serializer); the first two are self-delimiting, so their bytes
 * compare like the pair. The index lets a reader skip the key groups that are not its own.
 *
 * @module
 */

import { JobExecutionError } from "../errors.ts";
import { ByteReader, ByteWriter } from "../types/byte_buffer.ts";
import { readKey, writeKey } from "../types/canonical_key.ts";
import { readValue, writeValue } from "../types/generic_serializer.ts";
import type { KeyHashRule } from "../types/key.ts";
import type { KeyGroupRange } from "../types/key_group.ts";
import { crc32 } from "./checksum.ts";
import type { KeyedRun, StateMeta, StateRow } from "./keyed_state_backend.ts";

const MAGIC = 0x4b465354; // "TSFK"
const VERSION = 1;
/** Offset of the index and checksum, four bytes each. */
const TRAILER_BYTES = 8;

/** What stands at the head of a run. */
export interface RunHead {
  readonly maxParallelism: number;
  readonly keyHashRule: KeyHashRule;
  readonly keyGroups: KeyGroupRange;
  /** Sorted by name. */
  readonly states: readonly StateMeta[];
}

/** The part of a row that a group of one state and key group does not say by itself. */
export type GroupRow = Pick<StateRow, "key" | "namespace" | "value">;

interface GroupEntry {
  readonly state: number;
  readonly keyGroup: number;
  readonly offset: number;
  readonly rows: number;
}

/** Sorts metas the way runs need them. */
export function sortedMetas(metas: Iterable<StateMeta>): StateMeta[] {
  return [...metas].sort((a, b) => a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
}

/** Writes one run. Groups come in order of state (as in the head) and key group; rows of a group in any order. */
export class RunWriter {
  readonly #head: RunHead;
  readonly #out = new ByteWriter(4096);
  /** Key and namespace of the rows of one group, one after the other. */
  readonly #sortKeys = new ByteWriter(1024);
  readonly #groups: GroupEntry[] = [];

  constructor(head: RunHead) {
    this.#head = head;
    const out = this.#out;
    out.u32(MAGIC);
    out.u8(VERSION);
    out.varint(head.maxParallelism);
    out.string(head.keyHashRule);
    out.varint(head.keyGroups.start);
    // An empty range ends before it starts.
    out.varint(head.keyGroups.end + 1);
    out.varint(head.states.length);
    for (const { name, kind, ttl, schema, keySchema = "generic" } of head.states) {
      out.string(name);
      out.string(kind);
      out.u8(ttl ? 1 : 0);
      out.string(schema);
      out.string(keySchema);
    }
  }

  group(state: number, keyGroup: number, rows: readonly GroupRow[]): void {
    if (rows.length === 0) return;
    const starts = this.#writeSortKeys(rows);
    const bytes = this.#sortKeys.view();
    const order = Uint32Array.from(rows, (_, i) => i);
    if (rows.length > 1) order.sort((a, b) => compareRanges(bytes, starts, a, b));
    this.#groups.push({ state, keyGroup, offset: this.#out.length, rows: rows.length });
    for (const row of order) {
      this.#out.raw(bytes.subarray(starts[row], starts[row + 1]));
      writeValue(this.#out, rows[row].value);
    }
  }

  finish(): KeyedRun {
    const out = this.#out;
    const indexAt = out.length;
    out.varint(this.#groups.length);
    for (const { state, keyGroup, offset, rows } of this.#groups) {
      out.varint(state);
      out.varint(keyGroup);
      out.varint(offset);
      out.varint(rows);
    }
    out.u32(indexAt);
    out.u32(crc32(out.view()));
    return { keyGroups: this.#head.keyGroups, bytes: out.toBytes() };
  }

  #writeSortKeys(rows: readonly GroupRow[]): Uint32Array {
    const starts = new Uint32Array(rows.length + 1);
    this.#sortKeys.truncate(0);
    for (let i = 0; i < rows.length; i++) {
      writeKey(this.#sortKeys, rows[i].key);
      this.#sortKeys.string(rows[i].namespace);
      starts[i + 1] = this.#sortKeys.length;
    }
    return starts;
  }
}

/** Reads one run; checks all of it first, then decodes row by row. */
export class RunReader {
  readonly head: RunHead;
  readonly #bytes: Uint8Array;
  readonly #groups: GroupEntry[] = [];

  /** @throws JobExecutionError TSF-2114 when the bytes are no run, of another version, or damaged. */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    const indexAt = checkedIndexOffset(bytes);
    const input = new ByteReader(bytes, 5, indexAt);
    this.head = readHead(input);
    const index = new ByteReader(bytes, indexAt, bytes.length - TRAILER_BYTES);
    for (let left = index.varint(); left > 0; left--) {
      this.#groups.push({
        state: index.varint(),
        keyGroup: index.varint(),
        offset: index.varint(),
        rows: index.varint(),
      });
    }
  }

  /** The rows of these key groups, in the order of the run. */
  *rows(keyGroups: KeyGroupRange): Generator<StateRow, undefined> {
    for (const group of this.#groups) {
      if (group.keyGroup < keyGroups.start || group.keyGroup > keyGroups.end) continue;
      const state = this.head.states[group.state].name;
      const input = new ByteReader(this.#bytes, group.offset);
      for (let left = group.rows; left > 0; left--) {
        const key = readKey(input);
        const namespace = input.string();
        yield { state, keyGroup: group.keyGroup, key, namespace, value: readValue(input) };
      }
    }
  }
}

function readHead(input: ByteReader): RunHead {
  const maxParallelism = input.varint();
  const keyHashRule = input.string() as KeyHashRule;
  const keyGroups = { start: input.varint(), end: input.varint() - 1 };
  const states: StateMeta[] = [];
  for (let left = input.varint(); left > 0; left--) {
    states.push({
      name: input.string(),
      kind: input.string() as StateMeta["kind"],
      ttl: input.u8() === 1,
      schema: input.string(),
      keySchema: input.string(),
    });
  }
  return { maxParallelism, keyHashRule, keyGroups, states };
}

function checkedIndexOffset(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 5 + TRAILER_BYTES || view.getUint32(0, true) !== MAGIC) {
    throw damaged("a run of keyed state", `${bytes.length} bytes that start differently`);
  }
  if (bytes[4] !== VERSION) throw damaged(`format version ${VERSION}`, `version ${bytes[4]}`);
  const expected = view.getUint32(bytes.length - 4, true);
  const found = crc32(bytes, bytes.length - 4);
  if (found !== expected) throw damaged(`checksum ${expected.toString(16)}`, found.toString(16));
  return view.getUint32(bytes.length - TRAILER_BYTES, true);
}

function damaged(expected: string, found: string): JobExecutionError {
  return new JobExecutionError("TSF-2114", "A snapshot of keyed state cannot be read", {
    expected,
    found,
    hint: "The bytes were cut or changed, or written by another version of tsflink; restore an earlier snapshot.",
  });
}

function compareRanges(bytes: Uint8Array, starts: Uint32Array, a: number, b: number): number {
  const endA = starts[a + 1];
  const endB = starts[b + 1];
  for (let i = starts[a], j = starts[b]; i < endA && j < endB; i++, j++) {
    const difference = bytes[i] - bytes[j];
    if (difference !== 0) return difference;
  }
  return (endA - starts[a]) - (endB - starts[b]);
}
