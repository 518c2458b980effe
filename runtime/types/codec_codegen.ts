/**
 * Generated code of the columnar codec: one function per schema that gathers rows into column buffers, and one per shape
 * that builds objects from columns. They do what {@link ColumnBuffer.append} and {@link interpretedRowBuilder} do, with
 * every name, kind and order as a constant; those stay as fallback and as test oracle.
 *
 * Invariant: the source text of each function names the schema's hash, because V8 shares type feedback between functions
 * of the same text (facts: 2x slower). Only field names enter the text, as JSON strings.
 *
 * @module
 */

import type { ColumnBuffer } from "./column_buffer.ts";
import { onlyTag, RowTag, type ShapeBuffer } from "./column_buffer.ts";
import type { RowBuilder } from "./column_reader.ts";
import { Kind, type ShapeSchema } from "./schema.ts";

/** A run of values, and how many bytes they may take; each row counts `rowBytes` beside its content. */
export interface RowRun {
  readonly values: readonly unknown[];
  readonly from: number;
  readonly to: number;
  readonly budget: number;
  readonly rowBytes: number;
}
/** Appends values until their size passes the budget; the last row may lie beyond it. */
export type RowAppender = (run: RowRun) => AppendedRows;
/** What a {@link RowAppender} did. */
export interface AppendedRows {
  readonly rows: number;
  readonly size: number;
}

/** Makes the appender of a schema. `shares` is given when a record must not be split into columns unseen. */
export function generateAppender(
  root: ColumnBuffer,
  hash: string,
  shares: ((value: object) => boolean) | undefined,
): RowAppender {
  const generator = new AppenderGenerator(shares !== undefined);
  const body = generator.generate(root, hash);
  return new Function("C", "M", "shares", body)(generator.columns, generator.shapes, shares) as RowAppender;
}

/** Makes the row builder of a shape; `id` makes its source text unique. */
export function generateRowBuilder({ tuple, names }: ShapeSchema, id: string): RowBuilder {
  const values = names.map((name, i) => tuple ? `c${i}[i]` : `${fieldKey(name)}: c${i}[i]`).join(", ");
  const body = `// ${id}
${names.map((_, i) => `const c${i} = columns[${i}];`).join("\n")}
const rows = new Array(count);
for (let i = 0; i < count; i++) rows[i] = ${tuple ? `[${values}]` : `{ ${values} }`};
return rows;`;
  return new Function("count", "columns", body) as RowBuilder;
}

/** A computed key makes an own field of `__proto__`, a literal one would set the prototype. */
function fieldKey(name: string): string {
  return name === "__proto__" ? '["__proto__"]' : JSON.stringify(name);
}

/** Walks the columns once; columns and shapes get numbers, which are part of the names of their variables. */
class AppenderGenerator {
  readonly columns: ColumnBuffer[] = [];
  readonly shapes: ShapeBuffer[] = [];
  readonly #checkShared: boolean;
  readonly #before: string[] = [];
  readonly #after: string[] = [];
  readonly #matchers: string[] = [];

  constructor(checkShared: boolean) {
    this.#checkShared = checkShared;
  }

  generate(root: ColumnBuffer, hash: string): string {
    const body = this.#column(root, "row", true);
    return `${this.#matchers.join("\n")}
return function append({ values, from, to, budget, rowBytes }) { // ${hash}
${this.#before.join("\n")}
let row = 0, size = 0, x0;
for (let at = from; at < to; at++) {
x0 = values[at];
${body}
row++;
size += rowBytes;
if (size > budget) break;
}
${this.#after.join("\n")}
return { rows: row, size };
};`;
  }

  /** Code that appends the value in `x<id>` as row `row`. */
  #column(column: ColumnBuffer, row: string, isRoot: boolean): string {
    const id = this.columns.push(column) - 1;
    const { kinds } = column.schema;
    const mixed = onlyTag(column.schema) === undefined;
    const x = `x${id}`;
    const tag = (value: number): string => mixed ? `T${id}[${row}] = ${value}; size += 1;` : "";
    const branches: string[] = [];
    if (mixed) this.#before.push(`const T${id} = C[${id}].tags;`);
    this.#after.push(`C[${id}].count = ${row};`);
    if (isRoot && this.#checkShared) {
      branches.push(
        `if (typeof ${x} === "object" && ${x} !== null && shares(${x})) ` +
          `{ C[${id}].count = ${row}; size += C[${id}].appendGeneric(${x}); }`,
      );
    }
    for (const [kind, condition, constant] of CONSTANTS) {
      if ((kinds & kind) !== 0) branches.push(`if (${x} === ${condition}) { ${tag(constant)} }`);
    }
    branches.push(...this.#typed(column, id, tag));
    column.shapes.forEach((shape, index) => branches.push(this.#shape(shape, x, tag(RowTag.SHAPE + index))));
    return `${branches.join("\nelse ")}
${branches.length > 0 ? "else " : ""}{ C[${id}].count = ${row}; size += C[${id}].appendOther(${x}); }`;
  }

  /** Branches for the kinds that have a typed column. */
  #typed(column: ColumnBuffer, id: number, tag: (value: number) => string): string[] {
    const { kinds } = column.schema;
    const x = `x${id}`;
    const branches: string[] = [];
    if ((kinds & Kind.INT) !== 0) {
      this.#counter(id, "ints", "intCount");
      branches.push(
        `if (typeof ${x} === "number" && (${x} | 0) === ${x} && (${x} !== 0 || 1 / ${x} > 0)) ` +
          `{ ints${id}[intCount${id}++] = ${x}; size += 4; ${tag(RowTag.INT)} }`,
      );
    }
    if ((kinds & Kind.DOUBLE) !== 0) {
      this.#counter(id, "doubles", "doubleCount");
      branches.push(
        `if (typeof ${x} === "number") { doubles${id}[doubleCount${id}++] = ${x}; size += 8; ${tag(RowTag.DOUBLE)} }`,
      );
    }
    if ((kinds & Kind.STRING) !== 0) {
      this.#counter(id, "lengths", "stringCount");
      this.#before.push(`let text${id} = "";`);
      this.#after.push(`C[${id}].text = text${id};`);
      branches.push(
        `if (typeof ${x} === "string") { const n = ${x}.length; text${id} += ${x}; ` +
          `lengths${id}[stringCount${id}++] = n; size += n + (n < 256 ? 1 : n < 65536 ? 2 : 4); ${
            tag(RowTag.STRING)
          } }`,
      );
    }
    if ((kinds & Kind.BIGINT) !== 0) {
      this.#counter(id, "bigints", "bigintCount");
      branches.push(
        `if (typeof ${x} === "bigint" && BigInt.asIntN(64, ${x}) === ${x}) ` +
          `{ bigints${id}[bigintCount${id}++] = ${x}; size += 8; ${tag(RowTag.BIGINT)} }`,
      );
    }
    return branches;
  }

  #counter(id: number, array: string, count: string): void {
    this.#before.push(`const ${array}${id} = C[${id}].${array}; let ${count}${id} = 0;`);
    this.#after.push(`C[${id}].${count} = ${count}${id};`);
  }

  #shape(shape: ShapeBuffer, x: string, tag: string): string {
    const id = this.shapes.push(shape) - 1;
    const { tuple, names } = shape.schema;
    const count = `rows${id}`;
    this.#before.push(`let ${count} = 0;`);
    this.#matchers.push(
      `const N${id} = M[${id}].schema.names;
function is${id}(x) {
if (typeof x !== "object" || x === null || Object.getPrototypeOf(x) !== ${
        tuple ? "Array" : "Object"
      }.prototype) return false;
${tuple ? `if (x.length !== ${names.length}) return false;` : ""}
let i = 0;
for (const name in x) if (name !== N${id}[i++]) return false;
return i === ${names.length};
}`,
    );
    const fields = shape.columns.map((column, i) => {
      const field = `x${this.columns.length}`;
      const read = `const ${field} = ${x}[${tuple ? i : JSON.stringify(names[i])}];`;
      return `${read}\n${this.#column(column, count, false)}`;
    });
    this.#after.push(`M[${id}].count = ${count};`);
    return `if (is${id}(${x})) {\n${fields.join("\n")}\n${count}++;\n${tag}\n}`;
  }
}

/** Kinds whose rows are nothing but a tag. */
const CONSTANTS: readonly (readonly [kind: number, literal: string, tag: number])[] = [
  [Kind.NULL, "null", RowTag.NULL],
  [Kind.UNDEFINED, "undefined", RowTag.UNDEFINED],
  [Kind.BOOLEAN, "true", RowTag.TRUE],
  [Kind.BOOLEAN, "false", RowTag.FALSE],
];
