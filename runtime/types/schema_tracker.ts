/**
 * Infers a schema from the values of a stream. Only widens; a wider schema is a new version with a new hash. Everything
 * that could grow without end is limited: depth, fields, shapes and columns; what is beyond a limit is generic.
 *
 * It need not see every value: what does not fit the schema is sent generically and counted (`escapes` of an encoded
 * batch), so a writer may observe the first batch and later only batches with escapes.
 *
 * @module
 */

import { type ColumnSchema, Kind, Schema } from "./schema.ts";

/** Objects in objects further down are generic. */
const MAX_DEPTH = 4;
const MAX_FIELDS = 200;
const MAX_SHAPES = 8;
const MAX_COLUMNS = 400;
/** Longer arrays are lists, not tuples. */
const MAX_TUPLE = 8;
/** A column with arrays of more different lengths holds lists, not tuples. */
const MAX_TUPLE_SHAPES = 2;

/** A column under inference. */
interface Node {
  kinds: number;
  shapes: { readonly tuple: boolean; readonly names: readonly string[]; readonly nodes: readonly Node[] }[];
  /** Arrays were seen to be lists: they are generic from then on. */
  lists: boolean;
}

/** See the module comment. */
export class SchemaTracker {
  readonly #root: Node;
  #columns = 0;
  #changed = true;
  #schema: Schema | undefined;

  /** @param start What is known already, for example the schema of a declared or restored type. */
  constructor(start?: Schema) {
    this.#root = start === undefined ? newNode() : this.#nodeOf(start.root);
  }

  /** Takes a value into account. @returns true when the schema became wider. */
  observe(value: unknown): boolean {
    this.#changed = false;
    this.#observe(this.#root, value, 0);
    if (this.#changed) this.#schema = undefined;
    return this.#changed;
  }

  /** The schema of all values seen; the same object until it becomes wider. */
  schema(): Schema {
    return this.#schema ??= new Schema(columnOf(this.#root));
  }

  #nodeOf(column: ColumnSchema): Node {
    const shapes = column.shapes.map(({ tuple, names, columns }) => {
      this.#columns += columns.length;
      return { tuple, names, nodes: columns.map((each) => this.#nodeOf(each)) };
    });
    return { kinds: column.kinds, shapes, lists: false };
  }

  #widen(node: Node, kind: number): void {
    if ((node.kinds & kind) !== 0) return;
    if (kind === Kind.INT && (node.kinds & Kind.DOUBLE) !== 0) return;
    node.kinds |= kind;
    if (kind === Kind.DOUBLE) node.kinds &= ~Kind.INT;
    this.#changed = true;
  }

  #observe(node: Node, value: unknown, depth: number): void {
    switch (typeof value) {
      case "number":
        return this.#widen(node, isInt32(value) ? Kind.INT : Kind.DOUBLE);
      case "string":
        return this.#widen(node, Kind.STRING);
      case "boolean":
        return this.#widen(node, Kind.BOOLEAN);
      case "undefined":
        return this.#widen(node, Kind.UNDEFINED);
      case "bigint":
        return this.#widen(node, BigInt.asIntN(64, value) === value ? Kind.BIGINT : Kind.GENERIC);
      case "object":
        if (value === null) return this.#widen(node, Kind.NULL);
        if (!this.#observeRow(node, value, depth)) this.#widen(node, Kind.GENERIC);
    }
  }

  /** False when the object cannot be a row. */
  #observeRow(node: Node, value: object, depth: number): boolean {
    const prototype = Object.getPrototypeOf(value);
    const tuple = prototype === Array.prototype;
    if (!tuple && prototype !== Object.prototype) return false;
    if (depth >= MAX_DEPTH || (tuple && (node.lists || (value as unknown[]).length > MAX_TUPLE))) return false;
    const record = value as Record<string, unknown>;
    for (const shape of node.shapes) {
      if (shape.tuple !== tuple || !hasNames(record, shape.names, tuple)) continue;
      for (let i = 0; i < shape.names.length; i++) this.#observe(shape.nodes[i], record[shape.names[i]], depth + 1);
      return true;
    }
    return this.#addShape(node, record, { tuple, depth });
  }

  #addShape(node: Node, record: Record<string, unknown>, { tuple, depth }: { tuple: boolean; depth: number }): boolean {
    const names: string[] = [];
    for (const name in record) names.push(name);
    // A tuple with holes or named properties is no tuple.
    if (tuple && (names.length !== record.length || names.some((name, i) => name !== String(i)))) return false;
    if (tuple && node.shapes.filter((shape) => shape.tuple).length >= MAX_TUPLE_SHAPES) {
      node.lists = true;
      node.shapes = node.shapes.filter((shape) => !shape.tuple);
      if (node.shapes.length === 0) node.kinds &= ~Kind.ROW;
      this.#changed = true;
      return false;
    }
    if (node.shapes.length >= MAX_SHAPES || names.length > MAX_FIELDS) return false;
    if (this.#columns + names.length > MAX_COLUMNS) return false;
    this.#columns += names.length;
    const nodes = names.map(newNode);
    node.shapes.push({ tuple, names, nodes });
    node.kinds |= Kind.ROW;
    this.#changed = true;
    names.forEach((name, i) => this.#observe(nodes[i], record[name], depth + 1));
    return true;
  }
}

function newNode(): Node {
  return { kinds: 0, shapes: [], lists: false };
}
function columnOf(node: Node): ColumnSchema {
  return {
    kinds: node.kinds,
    shapes: node.shapes.map(({ tuple, names, nodes }) => ({ tuple, names, columns: nodes.map(columnOf) })),
  };
}

/** A number the int column gives back exactly. */
export function isInt32(value: number): boolean {
  return (value | 0) === value && (value !== 0 || 1 / value > 0);
}

/** Whether an object has exactly these own enumerable fields in this order; a tuple no hole at its end besides. */
export function hasNames(value: object, names: readonly string[], tuple: boolean): boolean {
  if (tuple && (value as unknown[]).length !== names.length) return false;
  let i = 0;
  for (const name in value) if (name !== names[i++]) return false;
  return i === names.length;
}
