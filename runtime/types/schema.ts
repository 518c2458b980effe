/**
 * The schema of a stream of values: which kinds of values its columns hold and which shapes (fields in their order) its
 * objects have. A schema makes the columnar codec fast; it never decides what can be sent: a value that does not fit
 * travels through the generic serializer, exact all the same.
 *
 * Invariants: a schema is immutable, its hash names its content, and inference only widens (int32 -> float64 ->
 * nullable -> tagged union -> generic, per column). One version decodes only what it encoded; readers look versions up
 * by hash, so any mix may lie on a channel or in a checkpoint.
 *
 * Callers: record writers and readers, keyed state, snapshots.
 *
 * @module
 */

import { JobExecutionError } from "../errors.ts";
import type { ColumnarCodec } from "./columnar_codec.ts";
import { murmur3_128, toHex } from "./murmur3.ts";
import type { TypeInformation } from "./type_information.ts";

/** Kinds of values a column holds, as bits. Written in schemas: never renumber. */
export const Kind = {
  GENERIC: 1,
  NULL: 2,
  UNDEFINED: 4,
  BOOLEAN: 8,
  /** int32 without -0. */
  INT: 16,
  /** Any number; takes the place of INT. */
  DOUBLE: 32,
  STRING: 64,
  /** A bigint of 64 bits; larger ones are generic. */
  BIGINT: 128,
  /** An object or tuple of one of the column's shapes. */
  ROW: 256,
} as const;

/** One column: the kinds it holds and, with {@link Kind}.ROW, the shapes. */
export interface ColumnSchema {
  readonly kinds: number;
  readonly shapes: readonly ShapeSchema[];
}

/** The fields of an object, in the order they are enumerated, or the elements of a short array. */
export interface ShapeSchema {
  readonly tuple: boolean;
  readonly names: readonly string[];
  readonly columns: readonly ColumnSchema[];
}

const FORMAT = 1;

/** See the module comment. */
export class Schema {
  /** The content as canonical text; also the form in which it is stored. */
  readonly text: string;
  /** 32 hex digits over {@link text}. */
  readonly hash: string;
  /** The record itself seen as a column: numbers, strings and mixtures are streams like any other. */
  readonly root: ColumnSchema;
  /** The codec made from this schema at first use; belongs to columnar_codec.ts. */
  codec: ColumnarCodec | undefined = undefined;

  constructor(root: ColumnSchema) {
    this.root = root;
    this.text = JSON.stringify([FORMAT, columnContent(root)]);
    this.hash = toHex(murmur3_128(new TextEncoder().encode(this.text)));
  }

  /** The schema for which every value is generic: always right, never fast. */
  static generic(): Schema {
    return new Schema({ kinds: Kind.GENERIC, shapes: [] });
  }

  /** The schema of a declared type. */
  static of<T>(type: TypeInformation<T>): Schema {
    return new Schema(columnOfType(type as unknown as TypeInformation<unknown>));
  }

  /** Readable: `{auction: int, price: double | null}`. */
  toString(): string {
    return describeColumn(this.root);
  }
}

/** The bytes under which a schema is announced and stored. */
export function serializeSchema(schema: Schema): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(schema.text);
}

/** The schema of {@link serializeSchema}. @throws JobExecutionError TSF-2109 when it is damaged or of a later format. */
export function deserializeSchema(bytes: Uint8Array): Schema {
  return schemaFromText(new TextDecoder().decode(bytes));
}

/** The schema of a {@link Schema.text}. @throws JobExecutionError TSF-2109 when it is damaged or of a later format. */
export function schemaFromText(text: string): Schema {
  try {
    const [format, root] = JSON.parse(text) as [number, Content];
    if (format === FORMAT && isContent(root)) {
      const schema = new Schema(columnFromContent(root));
      if (schema.text === text) return schema;
    }
  } catch {
    // Falls through to the error below, which shows the text.
  }
  throw new JobExecutionError("TSF-2109", "A stored schema cannot be read", {
    expected: `schema format ${FORMAT}`,
    found: text.slice(0, 120),
    hint: "It was damaged, or written by a later version.",
  });
}

/** kinds, then per shape: tuple, names, columns. */
type Content = [number, ...[boolean, readonly string[], Content[]][]];

function columnContent(column: ColumnSchema): Content {
  return [
    column.kinds,
    ...column.shapes.map((shape): [boolean, readonly string[], Content[]] => [
      shape.tuple,
      shape.names,
      shape.columns.map(columnContent),
    ]),
  ];
}
/** Whether parsed text has the form that {@link columnContent} gives it: code is generated from it. */
function isContent(content: unknown): content is Content {
  if (!Array.isArray(content)) return false;
  const [kinds, ...shapes] = content;
  return Number.isInteger(kinds) && kinds >= 0 && kinds < 2 * Kind.ROW &&
    ((kinds & Kind.ROW) !== 0) === (shapes.length > 0) && shapes.every(isShape);
}
function isShape(shape: unknown): boolean {
  if (!Array.isArray(shape) || shape.length !== 3) return false;
  const [tuple, names, columns] = shape;
  return typeof tuple === "boolean" && Array.isArray(names) && Array.isArray(columns) &&
    names.length === columns.length && names.every((name) => typeof name === "string") && columns.every(isContent);
}
function columnFromContent([kinds, ...shapes]: Content): ColumnSchema {
  return {
    kinds,
    shapes: shapes.map(([tuple, names, columns]) => ({ tuple, names, columns: columns.map(columnFromContent) })),
  };
}

function columnOfType(type: TypeInformation<unknown>): ColumnSchema {
  switch (type.kind) {
    case "int":
      return { kinds: Kind.INT, shapes: [] };
    case "long":
    case "double":
      return { kinds: Kind.DOUBLE, shapes: [] };
    case "string":
      return { kinds: Kind.STRING, shapes: [] };
    case "boolean":
      return { kinds: Kind.BOOLEAN, shapes: [] };
    case "bigint":
      return { kinds: Kind.BIGINT, shapes: [] };
    case "row": {
      const fields = type.fields ?? [];
      const columns = fields.map(([, field]) => columnOfType(field));
      return { kinds: Kind.ROW, shapes: [{ tuple: false, names: fields.map(([name]) => name), columns }] };
    }
    case "nullable": {
      const inner = type.element === undefined ? { kinds: Kind.GENERIC, shapes: [] } : columnOfType(type.element);
      return { kinds: inner.kinds | Kind.NULL, shapes: inner.shapes };
    }
    default:
      return { kinds: Kind.GENERIC, shapes: [] };
  }
}

const KIND_NAMES: readonly (readonly [number, string])[] = [
  [Kind.INT, "int"],
  [Kind.DOUBLE, "double"],
  [Kind.STRING, "string"],
  [Kind.BOOLEAN, "boolean"],
  [Kind.BIGINT, "bigint"],
  [Kind.GENERIC, "generic"],
  [Kind.NULL, "null"],
  [Kind.UNDEFINED, "undefined"],
];

/** The kinds of a column in words, shapes first. */
export function describeColumn(column: ColumnSchema): string {
  const parts = column.shapes.map(({ tuple, names, columns }) =>
    tuple
      ? `[${columns.map(describeColumn).join(", ")}]`
      : `{${columns.map((field, i) => `${names[i]}: ${describeColumn(field)}`).join(", ")}}`
  );
  for (const [kind, name] of KIND_NAMES) if ((column.kinds & kind) !== 0) parts.push(name);
  return parts.length === 0 ? "nothing" : parts.join(" | ");
}
