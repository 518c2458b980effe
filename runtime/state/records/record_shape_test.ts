// Rows of records against copies of them: whatever is written, released and written again is read as it was given.
import assert from "node:assert/strict";
import fc from "fast-check";
import { assertExact } from "../../types/clone_oracle_test.ts";
import { copyValue } from "../../types/copy.ts";
import { type RecordShape, recordShapeOf } from "./record_shape.ts";

type Fields = Record<string, unknown>;

const text = fc.oneof(
  fc.constantFrom<string | null | undefined>("", "bid", "\ud800", "ä", "日本語のテキスト十三文字以上", null, undefined),
  fc.string({ unit: "binary", maxLength: 40 }),
  fc.string({ maxLength: 40 }),
);
const number = fc.oneof(
  fc.double(),
  fc.integer(),
  fc.constantFrom(0, -0, NaN, Infinity, 2 ** 31, -(2 ** 31), 2 ** 53, 5e-324, 1436918400000),
);
const record = fc.record({
  kind: text,
  id: number,
  "odd name": text,
  isOpen: fc.boolean(),
  price: number,
  extra: text,
});
const FIRST = {
  kind: "bid",
  id: 1,
  "odd name": "a text longer than twelve units",
  isOpen: true,
  price: 2.5,
  extra: "",
};

/** A shape with the rows that are in use and what should be in them. */
class Model {
  readonly shape: RecordShape;
  readonly expected = new Map<number, Fields>();
  constructor(first: object) {
    this.shape = recordShapeOf(first, "test")!;
  }
  put(value: Fields, over: number): number {
    const copy = copyValue(value);
    const row = this.shape.put(value, over);
    assert.ok(row >= 0);
    if (over >= 0) assert.equal(row, over);
    else assert.ok(!this.expected.has(row), "a row in use was given out");
    for (const name of Object.keys(value)) value[name] = "spoilt";
    this.expected.set(row, copy);
    return row;
  }
  release(row: number): void {
    this.shape.rows.release(row);
    this.expected.delete(row);
  }
  rowAt(n: number): number {
    const rows = [...this.expected.keys()];
    return rows.length === 0 ? -1 : rows[n % rows.length];
  }
  check(): void {
    assert.equal(this.shape.rows.size, this.expected.size);
    for (const [row, value] of this.expected) {
      const read = this.shape.read(row) as Fields;
      assertExact(read, value);
      assert.equal(Object.getPrototypeOf(read), Object.prototype);
      read.kind = "spoilt";
    }
  }
}

Deno.test("property: rows written, written over, released and given out again read as what was put", () => {
  const step = fc.record({
    op: fc.constantFrom("put", "put", "over", "over", "same", "read", "read", "release"),
    at: fc.nat(),
    value: record,
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), fc.integer({ min: 1, max: 40 }), (steps, times) => {
      const model = new Model(FIRST);
      // Again and again, so that pages are closed with rows of all ages.
      for (let time = 0; time < times; time++) {
        for (const { op, at, value } of steps) {
          const row = model.rowAt(at);
          if (op === "put" || row < 0) model.put({ ...value, price: time }, -1);
          else if (op === "over") model.put({ ...value }, row);
          else if (op === "read") {
            for (let i = 0; i < 3; i++) assertExact(model.shape.read(row), model.expected.get(row));
          } else if (op === "same") model.put({ ...model.expected.get(row)!, id: at }, row);
          else model.release(row);
        }
        if (model.expected.size > 300) {
          for (const row of [...model.expected.keys()].slice(0, 250)) model.release(row);
        }
      }
      model.check();
      model.check();
    }),
    { numRuns: 150, seed: 11 },
  );
});

Deno.test("a hundred thousand rows through pages that are closed, emptied and written anew", () => {
  const model = new Model({ id: 1, name: "first" });
  let seed = 7;
  const random = (below: number) => (seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff) % below;
  const rows: number[] = [];
  const value = (id: number) => ({ id, name: `name ${random(1e9)}`.repeat(1 + random(4)) });
  for (let i = 0; i < 100_000; i++) rows.push(model.put(value(i), -1));
  for (let i = 0; i < 100_000; i++) model.put(value(-i), rows[random(rows.length)]);
  for (let i = 0; i < 60_000; i++) {
    const at = random(rows.length);
    model.release(rows[at]);
    rows[at] = rows[rows.length - 1];
    rows.length--;
  }
  for (let i = 0; i < 30_000; i++) rows.push(model.put(value(i), -1));
  model.check();
});

Deno.test("memory: what is overwritten is given up, and texts that stay the same are not written again", () => {
  const shape = recordShapeOf({ id: 1, name: "n" }, "test")!;
  const rows = Array.from({ length: 2000 }, (_, i) => shape.put({ id: i, name: `a name of some length ${i}` }, -1));
  const full = shape.rows.byteLength;
  const chars = 2000 * 26;
  for (let time = 0; time < 50; time++) {
    for (let i = 0; i < rows.length; i++) {
      const row = rows[(i * 37) % rows.length];
      shape.put({ id: time, name: `another text ${time} ${(i * 37) % rows.length}` }, row);
    }
  }
  assert.ok(shape.rows.byteLength < full + 3 * chars, `${shape.rows.byteLength} bytes after ${full}`);
  const before = shape.rows.byteLength;
  for (let time = 0; time < 50; time++) {
    for (const row of rows) shape.put({ ...shape.read(row), id: time }, row);
    assert.equal(shape.rows.byteLength, before);
  }
  for (const row of rows) shape.rows.release(row);
  assert.equal(shape.rows.size, 0);
  assert.equal(shape.rows.pages.byteLength, 0);
});

Deno.test("a record without texts and one whose texts are all empty or expected take no page", () => {
  const numbers = recordShapeOf({ a: 1, b: 2.5 }, "test")!;
  assert.deepEqual(numbers.read(numbers.put({ a: -0, b: 7 }, -1)), { a: -0, b: 7 });
  assert.equal(numbers.rows.stride, 2);
  const texts = recordShapeOf({ kind: "bid", note: "" }, "test")!;
  for (const value of [{ kind: "bid", note: "" }, { kind: null, note: undefined }, { kind: "", note: null }]) {
    for (let i = 0; i < 1000; i++) assertExact(texts.read(texts.put(value, -1)), value);
  }
  assert.equal(texts.rows.pages.byteLength, 0);
  const row = texts.put({ kind: "bid", note: "something" }, -1);
  texts.put({ kind: "bid", note: "" }, row);
  assert.deepEqual(texts.read(row), { kind: "bid", note: "" });
});

Deno.test("what has not the shape is refused and changes nothing", () => {
  const shape = recordShapeOf({ a: 1, b: "x", c: true }, "test")!;
  const row = shape.put({ a: 7, b: "a text longer than twelve units", c: false }, -1);
  class Named {
    a = 1;
    b = "x";
    c = true;
  }
  const odd: object[] = [
    { a: 1, c: true, b: "x" },
    { a: 1, b: "x" },
    { a: 1, b: "x", c: true, d: 1 },
    { a: "1", b: "x", c: true },
    { a: 1, b: 1, c: true },
    { a: 1, b: "x", c: 1 },
    { a: 1, b: "x", c: null },
    { a: 1n, b: "x", c: true },
    { a: 1, b: "y".repeat(2 ** 20 + 1), c: true },
    new Named(),
    Object.assign(Object.create(null), { a: 1, b: "x", c: true }),
    Object.create({ a: 1, b: "x", c: true }),
    Object.assign([], { a: 1, b: "x", c: true }),
  ];
  for (const value of odd) {
    assert.equal(shape.put(value, row), -1);
    assert.equal(shape.put(value, -1), -1);
  }
  assert.equal(shape.rows.size, 1);
  assert.deepEqual(shape.read(row), { a: 7, b: "a text longer than twelve units", c: false });
});

Deno.test("what can be no row has no shape; names that generated code has to be careful with", () => {
  for (
    const value of [{}, { a: null }, { a: undefined }, { a: 1n }, { a: {} }, { 1: 1 }, new Date(0), [], {
      ["__proto__"]: 1,
    }, Object.fromEntries(Array.from({ length: 33 }, (_, i) => [`f${i}`, i]))]
  ) {
    assert.equal(recordShapeOf(value, "test"), undefined);
  }
  for (const name of ['"', "\n", "\u2028", "*/", "constructor", "toString", "row", "v", "`${1}`"]) {
    for (const value of [1, "text", false]) {
      const shape = recordShapeOf({ [name]: value }, 'id "*/\n')!;
      assertExact(shape.read(shape.put({ [name]: value }, -1)), { [name]: value });
    }
  }
});

Deno.test("integers come back as integers and the minus zero as itself, in every order", () => {
  const shape = recordShapeOf({ n: 1 }, "test")!;
  for (const n of [5, 0.5, -0, 0, 2 ** 31, -(2 ** 31), 2 ** 31 - 1, NaN, -Infinity, 1e300]) {
    assert.ok(Object.is((shape.read(shape.put({ n }, -1)) as { n: number }).n, n), String(n));
  }
});
