/**
 * FlatBuffers tables <-> plain objects, driven by the table of fields made from the schema (gen/tables.ts). Reading
 * checks every offset and length before it follows it: bytes of any content end in a value or in TSF-5200, never in a
 * crash, an endless loop or more memory than a small multiple of the frame. The generated classes (gen/control.ts) read
 * the same bytes; a test holds the two together.
 *
 * Called by control_message.ts; the data frame has its own template (data_frame.ts).
 *
 * @module
 */

import { Builder } from "flatbuffers";
import { FlinkError } from "../errors.ts";
import {
  type Field,
  type FieldKind,
  type TableName,
  TABLES,
  type Tables,
  type UnionName,
  UNIONS,
  type UnionValue,
} from "./gen/tables.ts";

/** Tables inside tables; the deepest of the schema has three levels. */
const MAX_DEPTH = 8;
/** Bytes of the root offset and the file identifier. */
const HEADER_BYTES = 8;
const UTF8 = new TextDecoder("utf-8", { fatal: true });
const SIZES: Readonly<Record<FieldKind, number>> = {
  bool: 1,
  u8: 1,
  u16: 2,
  u32: 4,
  i32: 4,
  f64: 8,
  string: 4,
  bytes: 4,
  strings: 4,
  table: 4,
  tables: 4,
  union: 4,
};

/** What is wrong with a frame that is none. */
export function malformed(found: string, expected = "a FlatBuffers buffer of runtime/wire/schema"): FlinkError {
  return new FlinkError("TSF-5200", "A frame is malformed", {
    expected,
    found,
    hint: "The peer is not tsflink, or something between the two changes bytes.",
  });
}

/** The file identifier of a frame; undefined when it is too short for one. */
export function identifierOf(frame: Uint8Array): string | undefined {
  return frame.length < HEADER_BYTES ? undefined : String.fromCharCode(frame[4], frame[5], frame[6], frame[7]);
}

/** A frame with this table as its root. */
export function encodeTable<N extends TableName>(root: N, value: Tables[N], identifier: string): Uint8Array {
  const builder = new Builder(256);
  builder.finish(new TableWriter(builder).write(root, value as Record<string, unknown>), identifier);
  return builder.asUint8Array();
}

/** The root table of a frame; vectors of bytes are views onto the frame. @throws FlinkError TSF-5200. */
export function decodeTable<N extends TableName>(
  root: N,
  frame: Uint8Array<ArrayBuffer>,
  identifier: string,
): Tables[N] {
  const found = identifierOf(frame);
  if (found !== identifier) {
    throw malformed(found === undefined ? `${frame.length} bytes` : `identifier ${JSON.stringify(found)}`, identifier);
  }
  return new TableReader(frame).root(root) as Tables[N];
}

class TableWriter {
  readonly #builder: Builder;

  constructor(builder: Builder) {
    this.#builder = builder;
  }

  write(table: TableName, value: Readonly<Record<string, unknown>>): number {
    const fields = TABLES[table];
    // Whatever a field points to has to be there before the table is begun.
    const offsets = fields.map((field) => this.#prepare(field, value[field.name]));
    this.#builder.startObject(slotsOf(fields));
    let slot = 0;
    for (let i = 0; i < fields.length; i++) {
      const field = fields[i];
      if (field.kind === "union") this.#addUnionType(slot++, field, value[field.name]);
      this.#add(slot++, field.kind, value[field.name], offsets[i]);
    }
    return this.#builder.endObject();
  }

  #prepare(field: Field, value: unknown): number {
    const builder = this.#builder;
    if (value === undefined) return 0;
    switch (field.kind) {
      case "string":
        return builder.createString(value as string);
      case "bytes":
        return builder.createByteVector(value as Uint8Array);
      case "strings":
        return this.#vector((value as readonly string[]).map((each) => builder.createString(each)));
      case "table":
        return this.write(field.table as TableName, value as Record<string, unknown>);
      case "tables":
        return this.#vector(
          (value as readonly Record<string, unknown>[]).map((each) => this.write(field.table as TableName, each)),
        );
      case "union": {
        const body = value as UnionValue<UnionName>;
        return this.write(body.table, body.value);
      }
      default:
        return 0;
    }
  }

  #vector(offsets: readonly number[]): number {
    this.#builder.startVector(4, offsets.length, 4);
    for (const offset of [...offsets].reverse()) this.#builder.addOffset(offset);
    return this.#builder.endVector();
  }

  #addUnionType(slot: number, { table }: Field, value: unknown): void {
    if (value === undefined) return;
    const type = membersOf(table).indexOf((value as UnionValue<UnionName>).table) + 1;
    this.#builder.addFieldInt8(slot, type, 0);
  }

  #add(slot: number, kind: FieldKind, value: unknown, offset: number): void {
    const builder = this.#builder;
    if (offset !== 0) return builder.addFieldOffset(slot, offset, 0);
    if (value === undefined) return;
    switch (kind) {
      case "bool":
      case "u8":
        return builder.addFieldInt8(slot, Number(value), 0);
      case "u16":
        return builder.addFieldInt16(slot, value as number, 0);
      case "u32":
      case "i32":
        return builder.addFieldInt32(slot, value as number, 0);
      case "f64":
        return builder.addFieldFloat64(slot, value as number, 0);
    }
  }
}

function membersOf(union: Field["table"]): readonly TableName[] {
  return UNIONS[union as UnionName];
}

/** A union takes two places in the vtable: its type and its value. */
function slotsOf(fields: readonly Field[]): number {
  return fields.reduce((sum, { kind }) => sum + (kind === "union" ? 2 : 1), 0);
}

class TableReader {
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #view: DataView;
  /** What may still be made of the frame: offsets may lead to the same place many times. */
  #budgetBytes: number;

  constructor(bytes: Uint8Array<ArrayBuffer>) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#budgetBytes = 4 * bytes.length + 1024;
  }

  root(table: TableName): Record<string, unknown> {
    return this.#table(this.#follow(0), table, 0);
  }

  /** Where the offset at `at` leads, at least 4 bytes before the end. */
  #follow(at: number): number {
    const target = at + this.#view.getUint32(at, true);
    if (target + 4 > this.#bytes.length) throw malformed(`an offset to ${target} in ${this.#bytes.length} bytes`);
    return target;
  }

  #spend(bytes: number): void {
    this.#budgetBytes -= bytes;
    if (this.#budgetBytes < 0) throw malformed("parts that are used again and again");
  }

  #table(at: number, name: TableName, depth: number): Record<string, unknown> {
    const end = this.#bytes.length;
    const vtable = at - this.#view.getInt32(at, true);
    if (depth > MAX_DEPTH) throw malformed(`tables ${depth} deep`);
    if (vtable < 0 || vtable + 4 > end) throw malformed(`a vtable at ${vtable}`);
    const vtableBytes = this.#view.getUint16(vtable, true);
    const tableBytes = this.#view.getUint16(vtable + 2, true);
    if (
      vtableBytes < 4 || vtableBytes % 2 !== 0 || vtable + vtableBytes > end || tableBytes < 4 || at + tableBytes > end
    ) {
      throw malformed(`a table of ${tableBytes} and a vtable of ${vtableBytes} bytes`);
    }
    this.#spend(tableBytes);
    const placeOf = (slot: number, size: number): number | undefined => {
      if (4 + 2 * slot + 2 > vtableBytes) return undefined;
      const offset = this.#view.getUint16(vtable + 4 + 2 * slot, true);
      if (offset === 0) return undefined;
      if (offset < 4 || offset + size > tableBytes) throw malformed(`a field at ${offset} of ${tableBytes}`);
      return at + offset;
    };
    const value: Record<string, unknown> = {};
    let slot = 0;
    for (const { name: field, kind, table } of TABLES[name]) {
      const typeAt = kind === "union" ? placeOf(slot++, 1) : undefined;
      const place = placeOf(slot++, SIZES[kind]);
      if (place === undefined) continue;
      value[field] = kind === "union"
        ? this.#union(membersOf(table), typeAt, place, depth)
        : this.#field(place, kind, table, depth);
    }
    return value;
  }

  #union(
    members: readonly TableName[],
    typeAt: number | undefined,
    place: number,
    depth: number,
  ): { table: TableName; value: unknown } {
    const type = typeAt === undefined ? 0 : this.#bytes[typeAt];
    const table = members[type - 1];
    if (table === undefined) throw malformed(`a body of type ${type}`, `a body of type 1 to ${members.length}`);
    return { table, value: this.#table(this.#follow(place), table, depth + 1) };
  }

  #field(at: number, kind: FieldKind, table: Field["table"], depth: number): unknown {
    switch (kind) {
      case "bool":
        return this.#bytes[at] !== 0;
      case "u8":
        return this.#bytes[at];
      case "u16":
        return this.#view.getUint16(at, true);
      case "u32":
        return this.#view.getUint32(at, true);
      case "i32":
        return this.#view.getInt32(at, true);
      case "f64":
        return this.#view.getFloat64(at, true);
      case "string":
        return this.#string(this.#follow(at));
      case "bytes":
        return this.#vectorOf(this.#follow(at), 1);
      case "strings":
        return this.#offsets(at).map((each) => this.#string(each));
      case "table":
        return this.#table(this.#follow(at), table as TableName, depth + 1);
      case "tables":
        return this.#offsets(at).map((each) => this.#table(each, table as TableName, depth + 1));
      case "union":
        throw malformed("a union without its type");
    }
  }

  /** The bytes of a vector, as a view. */
  #vectorOf(at: number, elementBytes: number): Uint8Array<ArrayBuffer> {
    const length = this.#view.getUint32(at, true) * elementBytes;
    if (at + 4 + length > this.#bytes.length) throw malformed(`a vector of ${length} bytes at ${at}`);
    return this.#bytes.subarray(at + 4, at + 4 + length);
  }

  #offsets(at: number): number[] {
    const vector = this.#follow(at);
    const count = this.#vectorOf(vector, 4).length / 4;
    this.#spend(4 * count);
    return Array.from({ length: count }, (_, index) => this.#follow(vector + 4 + 4 * index));
  }

  #string(at: number): string {
    const bytes = this.#vectorOf(at, 1);
    this.#spend(bytes.length);
    try {
      return UTF8.decode(bytes);
    } catch {
      throw malformed("a text that is not UTF-8");
    }
  }
}
