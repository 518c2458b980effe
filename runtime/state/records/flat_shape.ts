/**
 * Records of primitive fields as state keeps them: generated code checks, copies and overwrites records of one shape
 * (names in their order) several times faster than a copy of any value does, and a record that is written again and again
 * stays one object, which spares the collector. See types/copy.ts for the general copy, which is the oracle.
 *
 * Invariants: a {@link FlatRow} is owned by the state and never leaves it; {@link thaw} makes what leaves it. The source
 * text of a shape is unique (facts: V8 shares type feedback between functions of the same text). Only names enter the
 * text, as JSON strings. Who calls: shaped_values.ts, and whoever reads stored values past the handles.
 *
 * @module
 */

import { ownString } from "../../types/canonical_key.ts";
import { hasOnlyElements } from "../../types/value_kind.ts";

/** Records with more fields are copied the general way. */
const MAX_FIELDS = 32;
/** Longer lists are not asked for the names of their properties, which takes 10 ns per element. */
const CHECKED_LIST = 8;
const SHAPE: unique symbol = Symbol("shape");

/** A record in state. */
export abstract class FlatRow {
  /** On the prototype of its class. */
  declare readonly [SHAPE]: FlatShape;
}

/** An array of primitives in state; like a row it is overwritten and never leaves. */
export class FlatList {
  constructor(readonly items: unknown[]) {}
}

/** The generated functions of one shape. */
export interface FlatShape {
  /** Whether it is a plain object of exactly these fields, in this order, all of them primitive. */
  fits(value: object): boolean;
  /** Whether it is a row of this shape. */
  owns(stored: unknown): stored is FlatRow;
  /** A new row with the fields of a value that fits. */
  make(value: object): FlatRow;
  /** Overwrites a row that it owns with the fields of a value that fits. */
  assign(row: FlatRow, value: object): void;
  /** A plain object with the fields of a row that it owns. */
  copy(row: FlatRow): object;
}

/** The shape of a value; undefined when it has none. `id` makes the source text unique. */
export function shapeOf(value: object, id: string): FlatShape | undefined {
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype) return undefined;
  const names = Object.keys(value);
  if (names.length === 0 || names.length > MAX_FIELDS || !names.every(isOrdinaryName)) return undefined;
  const fields = value as Record<string, unknown>;
  if (!names.every((name) => isPrimitive(fields[name]))) return undefined;
  const kinds = names.map((name) => typeof fields[name]);
  const text = `// shape ${JSON.stringify(id)}\n${textOf(names, kinds)}`;
  const shape = new Function("FlatRow", "isPrimitive", "own", text)(FlatRow, isPrimitive, own) as FlatShape & {
    readonly Row: { readonly prototype: object };
  };
  Object.defineProperty(shape.Row.prototype, SHAPE, { value: shape });
  return shape;
}

/** What a stored value is outside of state: rows, arrays of rows and lists as plain ones; anything else as it is. */
export function thaw(stored: unknown): unknown {
  if (stored instanceof FlatList) return stored.items.slice();
  if (stored instanceof FlatRow) return stored[SHAPE].copy(stored);
  return Array.isArray(stored) && stored[0] instanceof FlatRow ? stored.map(thaw) : stored;
}

/**
 * The list for an array of primitives, over `previous` when that is one; undefined, with nothing overwritten, for others
 * and for arrays with holes or named properties. (Named properties of more than {@link CHECKED_LIST} elements are lost.)
 */
export function flatList(values: readonly unknown[], previous: unknown): FlatList | undefined {
  let mayHaveHoles = false;
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (typeof value === "number") continue;
    if (!isPrimitive(value)) return undefined;
    if (value === undefined) mayHaveHoles = true;
  }
  if ((mayHaveHoles || values.length <= CHECKED_LIST) && !hasOnlyElements(values)) return undefined;
  const isOver = previous instanceof FlatList;
  const items = isOver ? previous.items : [];
  if (items.length > values.length) items.length = values.length;
  for (let i = 0; i < items.length; i++) items[i] = own(values[i]);
  for (let i = items.length; i < values.length; i++) items.push(own(values[i]));
  return isOver ? previous : new FlatList(items);
}

/** Others would not be fields of a literal, or not in this order. */
function isOrdinaryName(name: string): boolean {
  return name !== "__proto__" && !/^\d+$/.test(name);
}

function isPrimitive(value: unknown): boolean {
  const kind = typeof value;
  return kind === "object" ? value === null : kind !== "function" && kind !== "symbol";
}

function own(value: unknown): unknown {
  return typeof value === "string" ? ownString(value) : value;
}

function textOf(names: readonly string[], kinds: readonly string[]): string {
  const fields = names.map((name, i) => ({ key: JSON.stringify(name), isText: kinds[i] === "string", kind: kinds[i] }));
  const lines = (line: (field: typeof fields[number], i: number) => string) => fields.map(line).join("\n");
  // The types come first: after them the hidden class is known and the prototype a constant.
  return `class Row extends FlatRow {
  constructor(v) {
    super();
${lines(({ key }) => `    this[${key}] = own(v[${key}]);`)}
  }
}
function fits(v) {
  let f;
${
    lines(({ key, kind }) =>
      `  f = v[${key}]; if (typeof f !== "${kind}"${
        kind === "object" ? " || f !== null" : ""
      }) { if (!isPrimitive(f)) return false; }`
    )
  }
  if (Object.getPrototypeOf(v) !== Object.prototype) return false;
  let i = 0;
  for (const name in v) {
    switch (i++) {
${lines(({ key }, i) => `      case ${i}: if (name !== ${key}) return false; break;`)}
      default: return false;
    }
  }
  return i === ${names.length};
}
function assign(r, v) {
  let f;
${
    lines(({ key, isText, kind }) =>
      isText
        ? `  f = v[${key}]; if (typeof f !== "string" || f !== r[${key}]) r[${key}] = own(f);`
        : kind === "number"
        ? `  f = v[${key}]; r[${key}] = typeof f === "number" ? f : own(f);`
        : `  r[${key}] = own(v[${key}]);`
    )
  }
}
function copy(r) {
  return { ${names.map((name) => `${JSON.stringify(name)}: r[${JSON.stringify(name)}]`).join(", ")} };
}
function owns(stored) { return stored instanceof Row; }
function make(v) { return new Row(v); }
return { Row, fits, owns, make, assign, copy };`;
}
