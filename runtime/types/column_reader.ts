/**
 * The reading side of the columnar codec: a column of bytes becomes something to index by row, and the columns of a
 * shape become objects. See column_buffer.ts for the layout.
 *
 * @module
 */

import { MIXED, RowTag } from "./column_buffer.ts";
import { readValue } from "./generic_serializer.ts";
import type { ColumnSchema, ShapeSchema } from "./schema.ts";
import { type ColumnInput, damaged, numbersAt, readText, RepeatedValue, TextRun } from "./text_column.ts";
import { defineField } from "./value_reader.ts";

/** One value per row. */
export type ColumnValues = ArrayLike<unknown>;
/** A column as it was read. */
export type ColumnContent = ColumnValues | TextRun | RepeatedValue;
/** Makes the objects of a shape from the content of its columns. */
export type RowBuilder = (count: number, columns: readonly ColumnContent[]) => unknown[];
/** How a builder takes each column, one letter per column. */
export const ColumnForm = { VALUES: "v", TEXT: "t", REPEATED: "r" } as const;
/** Makes the builder of a shape for columns of these {@link ColumnForm}s. */
export type BuilderMaker = (shape: ShapeSchema, forms: string) => RowBuilder;

/** Builders of one shape at most: where the forms change from batch to batch, columns become values first. */
const MAX_BUILDERS = 4;

/** Reads the rows of one shape. */
class ShapeReader {
  readonly #schema: ShapeSchema;
  readonly #columns: readonly ColumnReader[];
  readonly #make: BuilderMaker;
  readonly #builders = new Map<string, RowBuilder>();

  constructor(schema: ShapeSchema, make: BuilderMaker) {
    this.#schema = schema;
    this.#columns = schema.columns.map((column) => new ColumnReader(column, make));
    this.#make = make;
  }

  read(input: ColumnInput, count: number): unknown[] {
    const columns: ColumnContent[] = [];
    let forms = "";
    for (const reader of this.#columns) {
      const column = reader.read(input, count);
      columns.push(column);
      forms += formOf(column);
    }
    const known = this.#builders.get(forms);
    if (known !== undefined) return known(count, columns);
    if (this.#builders.size < MAX_BUILDERS) return this.#builder(forms)(count, columns);
    const values = columns.map((column) => valuesOf(column, count));
    return this.#builder(ColumnForm.VALUES.repeat(columns.length))(count, values);
  }

  #builder(forms: string): RowBuilder {
    let builder = this.#builders.get(forms);
    if (builder === undefined) this.#builders.set(forms, builder = this.#make(this.#schema, forms));
    return builder;
  }
}

function formOf(column: ColumnContent): string {
  return column instanceof TextRun
    ? ColumnForm.TEXT
    : column instanceof RepeatedValue
    ? ColumnForm.REPEATED
    : ColumnForm.VALUES;
}

/** The content as one value per row. */
export function valuesOf(column: ColumnContent, count: number): ColumnValues {
  return column instanceof TextRun || column instanceof RepeatedValue ? column.toArray(count) : column;
}

/** Reads one column of a schema. */
export class ColumnReader {
  readonly #shapes: readonly ShapeReader[];

  constructor(schema: ColumnSchema, make: BuilderMaker) {
    this.#shapes = schema.shapes.map((shape) => new ShapeReader(shape, make));
  }

  /** The values of `count` rows. @throws JobExecutionError TSF-2106 when the bytes are damaged. */
  read(input: ColumnInput, count: number): ColumnContent {
    const tag = input.reader.u8();
    if (tag !== MIXED) return this.#values(input, tag, count);
    const start = input.reader.skip(count);
    const tags = input.bytes.subarray(start, start + count);
    const counts = new Uint32Array(RowTag.SHAPE + this.#shapes.length);
    for (let i = 0; i < count; i++) {
      if (tags[i] >= counts.length) throw damaged(`row tag ${tags[i]}`);
      counts[tags[i]]++;
    }
    const byTag: ColumnValues[] = [];
    for (let each = 0; each < counts.length; each++) {
      byTag.push(counts[each] === 0 ? [] : valuesOf(this.#values(input, each, counts[each]), counts[each]));
    }
    const next = new Uint32Array(counts.length);
    const values = new Array<unknown>(count);
    for (let i = 0; i < count; i++) values[i] = byTag[tags[i]][next[tags[i]]++];
    return values;
  }

  /** The values of the rows that have one tag. */
  #values(input: ColumnInput, tag: number, count: number): ColumnContent {
    switch (tag) {
      case RowTag.NULL:
        return new RepeatedValue(null);
      case RowTag.UNDEFINED:
        return new RepeatedValue(undefined);
      case RowTag.FALSE:
      case RowTag.TRUE:
        return new RepeatedValue(tag === RowTag.TRUE);
      case RowTag.INT: {
        const start = numbersAt(input, count, 4);
        return new Int32Array(input.bytes.buffer, start, count);
      }
      case RowTag.DOUBLE: {
        const start = numbersAt(input, count, 8);
        return new Float64Array(input.bytes.buffer, start, count);
      }
      case RowTag.BIGINT: {
        const start = numbersAt(input, count, 8);
        return new BigInt64Array(input.bytes.buffer, start, count);
      }
      case RowTag.STRING:
        return readText(input, count);
      case RowTag.GENERIC: {
        const values = new Array<unknown>(count);
        for (let i = 0; i < count; i++) values[i] = readValue(input.reader);
        return values;
      }
    }
    const shape = this.#shapes[tag - RowTag.SHAPE];
    if (shape === undefined) throw damaged(`row tag ${tag}`);
    return shape.read(input, count);
  }
}

/** The plain builder; codec_codegen.ts makes one with a literal per shape. */
export function interpretedRowBuilder({ tuple, names }: ShapeSchema): RowBuilder {
  return (count, content) => {
    const columns = content.map((column) => valuesOf(column, count));
    const rows = new Array<unknown>(count);
    for (let row = 0; row < count; row++) {
      const value: Record<string, unknown> = tuple ? [] as unknown as Record<string, unknown> : {};
      for (let i = 0; i < names.length; i++) {
        if (names[i] === "__proto__") defineField(value, names[i], columns[i][row]);
        else value[names[i]] = columns[i][row];
      }
      rows[row] = value;
    }
    return rows;
  };
}
