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
import { ColumnForm, type RowBuilder } from "./column_reader.ts";
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

/** Makes the row builder of a shape for columns of these forms; `id` makes its source text unique. */
export function generateRowBuilder({ tuple, names }: ShapeSchema, forms: string, id: string): RowBuilder {
  const fields = names.map((_, i) => COLUMN_TEXTS[forms[i]](i));
  const values = names.map((name, i) => tuple ? fields[i].value : `${fieldKey(name)}: ${fields[i].value}`).join(", ");
  const body = `// ${id} ${forms}
${fields.map(({ before }) => before).join("\n")}
const rows = new Array(count);
for (let i = 0; i < count; i++) rows[i] = ${tuple ? `[${values}]` : `{ ${values} }`};
return rows;`;
  return new Function("count", "columns", body) as RowBuilder;
}

/** By {@link ColumnForm}: what a builder writes for column `i`. */
const COLUMN_TEXTS: Readonly<Record<string, (i: number) => { readonly before: string; readonly value: string }>> = {
  [ColumnForm.VALUES]: (i) => ({ before: `const c${i} = columns[${i}];`, value: `c${i}[i]` }),
  // Cut where they are needed: no array of strings in between (facts: a third of the time).
  [ColumnForm.TEXT]: (i) => ({
    before: `const t${i} = columns[${i}].text, l${i} = columns[${i}].lengths; let p${i} = 0;`,
    value: `t${i}.substring(p${i}, p${i} += l${i}[i])`,
  }),
  [ColumnForm.REPEATED]: (i) => ({ before: `const c${i} = columns[${i}].value;`, value: `c${i}` }),
};

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
  readonly #names: string[] = [];
  #numbers = 0;

  constructor(checkShared: boolean) {
    this.#checkShared = checkShared;
  }

  generate(root: ColumnBuffer, hash: string): string {
    const body = this.#column(root, this.#numbers++, "row", true);
    return `${this.#names.join("\n")}
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

  /**
   * Code that appends the value in `x<id>` as row `row`. The size of a number is counted with the row it is in, so an
   * unforeseen value in its place counts a little too much.
   */
  #column(column: ColumnBuffer, id: number, row: string, isRoot: boolean): string {
    this.columns[id] = column;
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
    const shapes = column.shapes.map((shape, index) => this.#shape(shape, id, tag(RowTag.SHAPE + index)));
    const other = `{ C[${id}].count = ${row}; size += C[${id}].appendOther(${x}); }`;
    const rest = shapes.length === 0 ? other : `known${id}: {\n${shapes.join("\n")}\n${other}\n}`;
    return `${branches.join("\nelse ")}
${branches.length > 0 ? "else " : ""}${rest}`;
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
      this.#before.push(`let text${id} = "", one${id} = true;`);
      this.#after.push(`C[${id}].text = text${id}; C[${id}].isOneText = one${id};`);
      branches.push(
        `if (typeof ${x} === "string") { const n = ${x}.length; if (!one${id}) text${id} += ${x}; ` +
          `else if (stringCount${id} === 0) text${id} = ${x}; else if (${x} !== text${id}) ` +
          `{ text${id} = text${id}.repeat(stringCount${id}) + ${x}; one${id} = false; } ` +
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

  /**
   * Code that appends the object in `x<of>` and leaves the block of its column, or goes on when it has another shape.
   * The fields are read before the names are compared: then V8 knows the hidden class (facts: half the time).
   */
  #shape(shape: ShapeBuffer, of: number, tag: string): string {
    const id = this.shapes.push(shape) - 1;
    const { tuple, names } = shape.schema;
    const x = `x${of}`;
    const count = `rows${id}`;
    const fields = names.map(() => this.#numbers++);
    this.#names.push(`const N${id} = M[${id}].schema.names, P${id} = ${tuple ? "Array" : "Object"}.prototype;`);
    this.#before.push(`let ${count} = 0;`);
    this.#after.push(`M[${id}].count = ${count};`);
    const reads = fields.map((field, i) => `const x${field} = ${x}[${tuple ? i : JSON.stringify(names[i])}];`);
    const appends = shape.columns.map((column, i) => this.#column(column, fields[i], count, false));
    return `shape${id}: {
if (typeof ${x} !== "object" || ${x} === null) break shape${id};
${reads.join("\n")}
if (Object.getPrototypeOf(${x}) !== P${id}) break shape${id};
${tuple ? `if (${x}.length !== ${names.length}) break shape${id};` : ""}
let at${id} = 0;
for (const name in ${x}) if (name !== N${id}[at${id}++]) break shape${id};
if (at${id} !== ${names.length}) break shape${id};
${appends.join("\n")}
${count}++;
${tag}
break known${of};
}`;
  }
}

/** Kinds whose rows are nothing but a tag. */
const CONSTANTS: readonly (readonly [kind: number, literal: string, tag: number])[] = [
  [Kind.NULL, "null", RowTag.NULL],
  [Kind.UNDEFINED, "undefined", RowTag.UNDEFINED],
  [Kind.BOOLEAN, "true", RowTag.TRUE],
  [Kind.BOOLEAN, "false", RowTag.FALSE],
];
