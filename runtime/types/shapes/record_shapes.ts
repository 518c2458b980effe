/**
 * Copies and checks the records that come by in one place, by functions generated for their shapes: plain objects whose
 * fields are primitives or such objects again. Everything else takes the general path of copy.ts, which decides what is
 * right; the generated functions only recognize values of which they know its answer.
 *
 * A shape is the set of field names with the types each field has had. A value fits when every field has one of its types
 * and there is no other field; a new type of a known field widens its shape. Undefined is never learnt: a field that is
 * missing cannot be told from it.
 *
 * Who calls: collectors, outputs with several consumers, record writers, readers of collections; one instance each.
 *
 * @module
 */

import type { OperatorReference } from "../../errors.ts";
import { assertTravels, copyValue } from "../copy.ts";

/** Shapes one place may have; facts: V8's call sites are fast for four. */
const MAX_SHAPES = 4;
/** Fields of one object at most; larger ones are rare and would make large functions. */
const MAX_FIELDS = 40;
/** Objects inside a record at most: each pair is compared, since one that is there twice must stay one. */
const MAX_INNER = 6;
/** Values seen before anything is generated: short jobs do not pay for it. */
const WARM_UP = 64;
/** How often functions are generated anew. */
const MAX_VERSIONS = 12;

/** Kinds of primitives as `typeof` names them. */
type Primitive = "number" | "string" | "boolean" | "bigint";

interface Field {
  readonly types: Set<Primitive>;
  canBeNull: boolean;
  inner: Shape | undefined;
}
type Shape = Map<string, Field>;

/** A generated copier: undefined for a value it does not know. */
type Copier = (value: object) => object | undefined;
/** A generated check: false for a value it does not know. */
type Check = (value: object) => boolean;

/** See the module. */
export class RecordShapes {
  /** See the constructor. */
  readonly name: string;
  readonly #shapes: Shape[] = [];
  #seen = 0;
  #versions = 0;
  #copier: Copier = () => undefined;
  /** Whether an object is known to travel; for generated code, which asks {@link assertTravels} about the others. */
  check: Check = () => false;

  /** @param name Part of the generated text, so that two places do not share type feedback. */
  constructor(name: string) {
    this.name = name.replaceAll(/[^\w-]/g, "_");
  }

  /** A deep copy, as {@link copyValue} makes it. @throws InvalidProgramError TSF-2101 for a value that cannot be copied. */
  copy<T>(value: T): T {
    if (typeof value !== "object" || value === null) return copyValue(value);
    const copied = this.#copier(value);
    return copied === undefined ? this.#learnt(value, copyValue(value)) : copied as T;
  }

  /** As {@link assertTravels}. @throws InvalidProgramError TSF-2101 naming the field and the operator. */
  assertTravels(value: unknown, operator?: OperatorReference): void {
    if (typeof value === "object" && value !== null) {
      if (this.check(value)) return;
      assertTravels(value, operator);
      this.#learnt(value, undefined);
    } else if (typeof value === "function" || typeof value === "symbol") assertTravels(value, operator);
  }

  /** The general path has found nothing wrong with the value: next time it may be known. */
  #learnt<R>(value: object, answer: R): R {
    if (++this.#seen < WARM_UP || this.#versions >= MAX_VERSIONS) return answer;
    const shape = shapeOf(value, { inner: 0 });
    const known = shape === undefined ? undefined : this.#shapes.find((other) => haveSameNames(other, shape));
    if (shape === undefined || (known === undefined && this.#shapes.length === MAX_SHAPES)) {
      // A place with many unusual values is not worth looking at for ever.
      this.#seen -= WARM_UP;
      return answer;
    }
    if (known === undefined) this.#shapes.push(shape);
    else widen(known, shape);
    this.#versions++;
    this.#generate();
    return answer;
  }

  #generate(): void {
    const id = `${this.name} ${this.#versions}`;
    const copies = this.#shapes.map((shape) => `{ ${new ShapeText(shape).copy()} }`).join("\n");
    const checks = this.#shapes.map((shape) => `{ ${new ShapeText(shape).check()} }`).join("\n");
    const make = (text: string): (v: object) => unknown =>
      new Function("plain", `"use strict"; return (v) => { // ${id}\n${text} };`)(Object.prototype);
    this.#copier = make(`${copies} return undefined;`) as Copier;
    this.check = make(`${checks} return false;`) as Check;
  }
}

/** The shape of a value, or undefined when it is not one that is known by its shape. */
function shapeOf(value: object, count: { inner: number }): Shape | undefined {
  if (Object.getPrototypeOf(value) !== Object.prototype) return undefined;
  const shape: Shape = new Map();
  for (const name in value) {
    const field = (value as Record<string, unknown>)[name];
    // As a name in a literal this one would set the prototype.
    if (name === "__proto__" || shape.size === MAX_FIELDS) return undefined;
    const learnt = fieldOf(field, count);
    if (learnt === undefined) return undefined;
    shape.set(name, learnt);
  }
  return shape.size === 0 ? undefined : shape;
}

function fieldOf(value: unknown, count: { inner: number }): Field | undefined {
  const field: Field = { types: new Set(), canBeNull: value === null, inner: undefined };
  switch (typeof value) {
    case "number":
    case "string":
    case "boolean":
    case "bigint":
      field.types.add(typeof value as Primitive);
      return field;
    case "object":
      if (value === null) return field;
      if (++count.inner > MAX_INNER) return undefined;
      field.inner = shapeOf(value, count);
      return field.inner === undefined ? undefined : field;
    default:
      return undefined;
  }
}

/** Whether two shapes have the same fields, inside too where both hold objects. */
function haveSameNames(a: Shape, b: Shape): boolean {
  if (a.size !== b.size) return false;
  for (const [name, { inner }] of a) {
    const other = b.get(name);
    if (other === undefined) return false;
    if (inner !== undefined && other.inner !== undefined && !haveSameNames(inner, other.inner)) return false;
  }
  return true;
}

function widen(shape: Shape, by: Shape): void {
  for (const [name, { types, canBeNull, inner }] of by) {
    const field = shape.get(name)!;
    for (const type of types) field.types.add(type);
    field.canBeNull ||= canBeNull;
    if (field.inner === undefined) field.inner = inner;
    else if (inner !== undefined) widen(field.inner, inner);
  }
}

/** Writes the statements that return the answer for a value of one shape and go on for others. */
class ShapeText {
  readonly #shape: Shape;
  /** Variables that hold objects of the value. */
  readonly #objects: string[] = [];
  #names = 0;

  constructor(shape: Shape) {
    this.#shape = shape;
  }

  /** Checks first; the spread then takes over everything there is in one step. Objects inside are spread in turn. */
  copy(): string {
    const checked = this.#checked("v", this.#shape, true);
    const declared = this.#objects.length === 0 ? "" : `let ${this.#objects.join(", ")};`;
    return `known: { ${declared} ${checked} ${this.#allDifferent()} const copied = { ...v };
      ${this.#inner("copied", this.#shape)} return copied; }`;
  }

  check(): string {
    return `known: { ${this.#checked("v", this.#shape, false)} return true; }`;
  }

  #checked(from: string, shape: Shape, keepsObjects: boolean): string {
    const fields = [...shape].map(([key, field]) => {
      const value = this.#name();
      const got = `${value} = ${from}[${JSON.stringify(key)}];`;
      if (field.inner === undefined) return `const ${got} if (!(${fits(value, field)})) break known;`;
      if (keepsObjects) this.#objects.push(value);
      return `${keepsObjects ? "" : "const "}${got}
        if (typeof ${value} === "object" && ${value} !== null) { ${this.#checked(value, field.inner, keepsObjects)} }
        else if (!(${fits(value, field)})) break known;`;
    });
    // After the fields: by then V8 knows the hidden class, and with it the prototype.
    return `${fields.join("\n")} if (Object.getPrototypeOf(${from}) !== plain) break known; ${
      this.#counted(from, shape)
    }`;
  }

  /** Puts copies in place of the objects inside a copy. */
  #inner(into: string, shape: Shape): string {
    return [...shape].filter(([, field]) => field.inner !== undefined).map(([key, { inner }]) => {
      const at = `${into}[${JSON.stringify(key)}]`;
      const copy = this.#name();
      return `if (typeof ${at} === "object" && ${at} !== null) {
        const ${copy} = { ...${at} }; ${this.#inner(copy, inner!)} ${at} = ${copy}; }`;
    }).join("\n");
  }

  /** All fields are there, so the same number of them means no others. */
  #counted(name: string, shape: Shape): string {
    const n = this.#name();
    return `let ${n} = 0; for (const _ in ${name}) ${n}++; if (${n} !== ${shape.size}) break known;`;
  }

  #allDifferent(): string {
    const pairs = this.#objects.flatMap((a, i) => this.#objects.slice(i + 1).map((b) => [a, b]));
    return pairs.map(([a, b]) => `if (${a} === ${b} && typeof ${a} === "object" && ${a} !== null) break known;`).join(
      " ",
    );
  }

  #name(): string {
    return `x${this.#names++}`;
  }
}

/** The condition that a value is one of the primitives of its field. */
function fits(value: string, { types, canBeNull }: Field): string {
  const each = [...types].map((type) => `typeof ${value} === "${type}"`);
  if (canBeNull) each.push(`${value} === null`);
  return each.length === 0 ? "false" : each.join(" || ");
}
