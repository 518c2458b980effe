/**
 * The reading side of the columnar codec: a column of bytes becomes something to index by row, and the columns of a
 * shape become objects. See column_buffer.ts for the layout.
 *
 * @module
 */

import { MIXED, RowTag } from "./column_buffer.ts";
import { readValue } from "./generic_serializer.ts";
import type { ColumnSchema, ShapeSchema } from "./schema.ts";
import { type ColumnInput, damaged, numbersAt, readText } from "./text_column.ts";
import { defineField } from "./value_reader.ts";

/** One value per row. */
export type ColumnValues = ArrayLike<unknown>;
/** Makes the objects of a shape from the values of its columns. */
export type RowBuilder = (count: number, columns: readonly ColumnValues[]) => unknown[];

/** Reads the rows of one shape. */
class ShapeReader {
  readonly #columns: readonly ColumnReader[];
  readonly #build: RowBuilder;

  constructor(schema: ShapeSchema, builderFor: (shape: ShapeSchema) => RowBuilder) {
    this.#columns = schema.columns.map((column) => new ColumnReader(column, builderFor));
    this.#build = builderFor(schema);
  }

  read(input: ColumnInput, count: number): unknown[] {
    return this.#build(count, this.#columns.map((column) => column.read(input, count)));
  }
}

/** Reads one column of a schema. */
export class ColumnReader {
  readonly #shapes: readonly ShapeReader[];

  constructor(schema: ColumnSchema, builderFor: (shape: ShapeSchema) => RowBuilder) {
    this.#shapes = schema.shapes.map((shape) => new ShapeReader(shape, builderFor));
  }

  /** The values of `count` rows. @throws JobExecutionError TSF-2106 when the bytes are damaged. */
  read(input: ColumnInput, count: number): ColumnValues {
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
      byTag.push(counts[each] === 0 ? [] : this.#values(input, each, counts[each]));
    }
    const next = new Uint32Array(counts.length);
    const values = new Array<unknown>(count);
    for (let i = 0; i < count; i++) values[i] = byTag[tags[i]][next[tags[i]]++];
    return values;
  }

  /** The values of the rows that have one tag. */
  #values(input: ColumnInput, tag: number, count: number): ColumnValues {
    switch (tag) {
      case RowTag.NULL:
        return new Array(count).fill(null);
      case RowTag.UNDEFINED:
        return new Array(count).fill(undefined);
      case RowTag.FALSE:
      case RowTag.TRUE:
        return new Array(count).fill(tag === RowTag.TRUE);
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
  return (count, columns) => {
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
