/**
 * The writing side of the columnar codec: where the rows of one batch are gathered column by column, before they become
 * bytes. {@link ColumnBuffer.append} is the plain interpreter; codec_codegen.ts makes a function that fills the same
 * buffers for one schema without asking what each column is.
 *
 * Layout of a column of n rows: one byte, the tag all rows have, or {@link MIXED} and n tag bytes; then, for each kind
 * that occurs, its values close together, in the order of the tags. Numbers are aligned to their size from the start of
 * the batch. Text: see text_column.ts.
 *
 * @module
 */

import { ByteWriter } from "./byte_buffer.ts";
import { writeValue } from "./generic_serializer.ts";
import { type ColumnSchema, Kind, type ShapeSchema } from "./schema.ts";
import { hasNames, isInt32 } from "./schema_tracker.ts";
import { lengthWidth, writeNumbers, writeText } from "./text_column.ts";

/** What a row of a column is. Written in batches: never renumber. */
export const RowTag = {
  GENERIC: 0,
  NULL: 1,
  UNDEFINED: 2,
  FALSE: 3,
  TRUE: 4,
  INT: 5,
  DOUBLE: 6,
  STRING: 7,
  BIGINT: 8,
  /** Shape number s has tag SHAPE + s. */
  SHAPE: 16,
} as const;
/** In place of a tag: each row has its own. */
export const MIXED = 255;

/** The rows of one shape. */
export class ShapeBuffer {
  readonly schema: ShapeSchema;
  readonly columns: readonly ColumnBuffer[];
  count = 0;

  constructor(schema: ShapeSchema) {
    this.schema = schema;
    this.columns = schema.columns.map((column) => new ColumnBuffer(column));
  }

  matches(value: object): boolean {
    const { tuple, names } = this.schema;
    return Object.getPrototypeOf(value) === (tuple ? Array.prototype : Object.prototype) &&
      hasNames(value, names, tuple);
  }
}

/** The rows of one column of the batch under construction. */
export class ColumnBuffer {
  readonly schema: ColumnSchema;
  readonly shapes: readonly ShapeBuffer[];
  /** Where rows can have one tag only, it is there before them: generated code then writes none. */
  tags: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  count = 0;
  ints: Int32Array<ArrayBuffer> = new Int32Array(0);
  intCount = 0;
  doubles: Float64Array<ArrayBuffer> = new Float64Array(0);
  doubleCount = 0;
  bigints: BigInt64Array<ArrayBuffer> = new BigInt64Array(0);
  bigintCount = 0;
  /** All strings of the column in a row; while they are all the same, that one. */
  text = "";
  isOneText = true;
  lengths: Uint32Array<ArrayBuffer> = new Uint32Array(0);
  stringCount = 0;
  readonly generic: ByteWriter = new ByteWriter(16);
  readonly genericEnds: number[] = [];
  /** Values that are generic only because the schema does not know their kind. */
  escapes = 0;
  /** Whether one of the escapes was an object: then the row may share it with another column. */
  objectEscaped = false;

  readonly #onlyTag: number | undefined;
  /** A row had another tag than the only one. */
  #hasOtherTags = false;

  constructor(schema: ColumnSchema) {
    this.schema = schema;
    this.shapes = schema.shapes.map((shape) => new ShapeBuffer(shape));
    this.#onlyTag = onlyTag(schema);
  }

  /** Forgets the rows and makes room for `rows` more. */
  reset(rows: number): void {
    this.count =
      this.intCount =
      this.doubleCount =
      this.bigintCount =
      this.stringCount =
      this.escapes =
        0;
    this.text = "";
    this.isOneText = true;
    this.objectEscaped = false;
    this.generic.clear();
    this.genericEnds.length = 0;
    const { kinds } = this.schema;
    if (this.tags.length < rows) {
      this.tags = new Uint8Array(rows).fill(this.#onlyTag ?? 0);
      if ((kinds & Kind.INT) !== 0) this.ints = new Int32Array(rows);
      if ((kinds & Kind.DOUBLE) !== 0) this.doubles = new Float64Array(rows);
      if ((kinds & Kind.BIGINT) !== 0) this.bigints = new BigInt64Array(rows);
      if ((kinds & Kind.STRING) !== 0) this.lengths = new Uint32Array(rows);
    }
    if (this.#hasOtherTags) this.tags.fill(this.#onlyTag!);
    this.#hasOtherTags = false;
    for (const shape of this.shapes) {
      shape.count = 0;
      for (const column of shape.columns) column.reset(rows);
    }
  }

  /** Appends one row, whatever it is. @returns its size in bytes; text is counted as ASCII. */
  append(value: unknown): number {
    const { kinds } = this.schema;
    switch (typeof value) {
      case "number":
        if ((kinds & Kind.DOUBLE) !== 0) {
          this.doubles[this.doubleCount++] = value;
          return this.#tag(RowTag.DOUBLE, 9);
        }
        if ((kinds & Kind.INT) === 0 || !isInt32(value)) break;
        this.ints[this.intCount++] = value;
        return this.#tag(RowTag.INT, 5);
      case "string":
        if ((kinds & Kind.STRING) === 0) break;
        this.#appendText(value);
        this.lengths[this.stringCount++] = value.length;
        return this.#tag(RowTag.STRING, value.length + lengthWidth(value.length) + 1);
      case "boolean":
      case "undefined":
        return this.appendOther(value);
      case "bigint":
        if ((kinds & Kind.BIGINT) === 0 || BigInt.asIntN(64, value) !== value) break;
        this.bigints[this.bigintCount++] = value;
        return this.#tag(RowTag.BIGINT, 9);
      case "object": {
        if (value === null) return this.appendOther(value);
        const size = this.#appendRow(value as Record<string, unknown>);
        if (size >= 0) return size;
      }
    }
    return this.appendOther(value);
  }

  /** Before the string is counted. */
  #appendText(value: string): void {
    if (!this.isOneText) this.text += value;
    else if (this.stringCount === 0) this.text = value;
    else if (value !== this.text) {
      this.text = this.text.repeat(this.stringCount) + value;
      this.isOneText = false;
    }
  }

  #tag(tag: number, size: number): number {
    this.tags[this.count++] = tag;
    if (tag !== this.#onlyTag && this.#onlyTag !== undefined) this.#hasOtherTags = true;
    return size;
  }

  #appendRow(value: Record<string, unknown>): number {
    for (let s = 0; s < this.shapes.length; s++) {
      const shape = this.shapes[s];
      if (!shape.matches(value)) continue;
      let size = 1;
      const { names } = shape.schema;
      for (let i = 0; i < names.length; i++) size += shape.columns[i].append(value[names[i]]);
      shape.count++;
      return this.#tag(RowTag.SHAPE + s, size);
    }
    return -1;
  }

  /**
   * Appends one row that needs no column of its kind: a value that is its own tag, or else in generic form. Generated
   * code sends what its schema does not know here, with {@link count} set.
   *
   * @returns its size in bytes.
   * @throws InvalidProgramError TSF-2101.
   */
  appendOther(value: unknown): number {
    if (value === null) return this.#constant(RowTag.NULL, Kind.NULL);
    if (value === undefined) return this.#constant(RowTag.UNDEFINED, Kind.UNDEFINED);
    if (typeof value === "boolean") return this.#constant(value ? RowTag.TRUE : RowTag.FALSE, Kind.BOOLEAN);
    if ((this.schema.kinds & Kind.GENERIC) === 0) {
      this.escapes++;
      if (typeof value === "object") this.objectEscaped = true;
    }
    return this.appendGeneric(value);
  }
  #constant(tag: number, kind: number): number {
    if ((this.schema.kinds & kind) === 0) this.escapes++;
    return this.#tag(tag, 1);
  }

  /** Appends one row in generic form. @returns its size in bytes. @throws InvalidProgramError TSF-2101. */
  appendGeneric(value: unknown): number {
    writeValue(this.generic, value);
    this.genericEnds.push(this.generic.length);
    return this.#tag(RowTag.GENERIC, this.generic.length - this.#genericStart() + 1);
  }
  #genericStart(): number {
    return this.genericEnds.length < 2 ? 0 : this.genericEnds[this.genericEnds.length - 2];
  }

  /** Takes the last row back; text is cut when it is written. @returns about how many bytes that saves. */
  dropLast(): number {
    const tag = this.tags[--this.count];
    switch (tag) {
      case RowTag.INT:
        this.intCount--;
        return 4;
      case RowTag.DOUBLE:
        this.doubleCount--;
        return 8;
      case RowTag.BIGINT:
        this.bigintCount--;
        return 8;
      case RowTag.STRING:
        return this.lengths[--this.stringCount] + 1;
      case RowTag.GENERIC: {
        const start = this.#genericStart();
        this.genericEnds.pop();
        const size = this.generic.length - start;
        this.generic.truncate(start);
        return size;
      }
    }
    if (tag < RowTag.SHAPE) return 1;
    const shape = this.shapes[tag - RowTag.SHAPE];
    shape.count--;
    let size = 0;
    for (const column of shape.columns) size += column.dropLast();
    return size;
  }

  /** Calls `visit` for this column and all below. */
  visit(visit: (column: ColumnBuffer) => void): void {
    visit(this);
    for (const shape of this.shapes) for (const column of shape.columns) column.visit(visit);
  }

  /** Appends the layout described above. */
  write(out: ByteWriter): void {
    if (this.#isUniform()) out.u8(this.count === 0 ? RowTag.NULL : this.tags[0]);
    else {
      out.u8(MIXED);
      out.raw(this.tags.subarray(0, this.count));
    }
    if (this.genericEnds.length > 0) out.raw(this.generic.view());
    if (this.intCount > 0) writeNumbers(out, this.ints, this.intCount);
    if (this.doubleCount > 0) writeNumbers(out, this.doubles, this.doubleCount);
    if (this.stringCount > 0) {
      writeText(out, {
        text: this.text,
        isOneText: this.isOneText,
        lengths: this.lengths,
        count: this.stringCount,
      });
    }
    if (this.bigintCount > 0) writeNumbers(out, this.bigints, this.bigintCount);
    for (const shape of this.shapes) {
      if (shape.count > 0) { for (const column of shape.columns) column.write(out); }
    }
  }

  #isUniform(): boolean {
    const { tags, count } = this;
    // What fills one kind's column needs no look at the tags.
    if (count === this.intCount || count === this.doubleCount || count === this.stringCount) return true;
    if (this.shapes.length === 1 && count === this.shapes[0].count) return true;
    for (let i = 1; i < count; i++) if (tags[i] !== tags[0]) return false;
    return true;
  }
}

/** The tag of all rows when a column holds one kind that has one tag. */
export function onlyTag(schema: ColumnSchema): number | undefined {
  switch (schema.kinds) {
    case Kind.INT:
      return RowTag.INT;
    case Kind.DOUBLE:
      return RowTag.DOUBLE;
    case Kind.STRING:
      return RowTag.STRING;
    case Kind.BIGINT:
      return RowTag.BIGINT;
    case Kind.ROW:
      return schema.shapes.length === 1 ? RowTag.SHAPE : undefined;
  }
  return undefined;
}
