import assert from "node:assert/strict";
import fc from "fast-check";
import { travelling } from "./clone_oracle_test.ts";
import { encodeBatch } from "./columnar_codec.ts";
import { deserializeSchema, Kind, Schema, schemaFromText, serializeSchema } from "./schema.ts";
import { SchemaTracker } from "./schema_tracker.ts";
import { type TypeInformation, Types } from "./type_information.ts";

function schemaFor(...values: unknown[]): Schema {
  const tracker = new SchemaTracker();
  for (const value of values) tracker.observe(value);
  return tracker.schema();
}

Deno.test("what is inferred from values", () => {
  const cases: [unknown[], string][] = [
    [[], "nothing"],
    [[1, -5], "int"],
    [[1, 0.5], "double"],
    [[0.5, 1], "double"],
    [[-0], "double"],
    [[2 ** 31], "double"],
    [["a", null, undefined], "string | null | undefined"],
    [[1, "a", true], "int | string | boolean"],
    [[2n ** 63n - 1n], "bigint"],
    [[2n ** 63n], "generic"],
    [[new Date(0)], "generic"],
    [[{ a: 1, b: "x" }, { a: null, b: "y" }], "{a: int | null, b: string}"],
    [[{ a: 1 }, { a: 1, b: 2 }, { b: 2, a: 1 }], "{a: int} | {a: int, b: int} | {b: int, a: int}"],
    [[["a", 1], ["b", 2.5]], "[string, double]"],
    [[{ p: { x: 1 } }, { p: null }], "{p: {x: int} | null}"],
    [[[1], [1, 2], [1, 2, 3], [1]], "generic"],
    [[[1], [1, 2], { a: 1 }, []], "{a: int} | generic"],
    [[new Array(3)], "generic"],
    [[Object.create(null)], "generic"],
    [[{ a: { b: { c: { d: { e: 1 } } } } }], "{a: {b: {c: {d: generic}}}}"],
  ];
  for (const [values, text] of cases) assert.equal(String(schemaFor(...values)), text);
});

Deno.test("inference only widens, tells when it did, and comes to rest", () => {
  fc.assert(
    fc.property(fc.array(travelling, { maxLength: 15 }), (values) => {
      const tracker = new SchemaTracker();
      for (const value of values) {
        const before = tracker.schema();
        const changed = tracker.observe(value);
        const after = tracker.schema();
        assert.equal(changed, before.hash !== after.hash);
        if (!changed) assert.equal(after, before);
        assert.equal(tracker.observe(value), false, "a value seen before changes nothing");
        const widened = after.root.kinds | ((after.root.kinds & Kind.DOUBLE) !== 0 ? Kind.INT : 0) |
          ((after.root.kinds & Kind.GENERIC) !== 0 ? Kind.ROW : 0);
        assert.equal(before.root.kinds & ~widened, 0);
        assert.equal(encodeBatch(after, [value], [0]).escapes, 0);
      }
      const again = new SchemaTracker(tracker.schema());
      for (const value of values) again.observe(value);
      assert.equal(encodeBatch(again.schema(), values, values.map(() => 0)).escapes, 0);
    }),
    { numRuns: 300 },
  );
});

Deno.test("limits: shapes, fields and columns", () => {
  const shapes = new SchemaTracker();
  for (let i = 0; i < 100; i++) shapes.observe({ [`field${i}`]: i });
  assert.equal(shapes.schema().root.shapes.length, 8);
  assert.ok((shapes.schema().root.kinds & Kind.GENERIC) !== 0);
  const wide = Object.fromEntries(Array.from({ length: 201 }, (_, i) => [`f${i}`, 1]));
  assert.equal(String(schemaFor(wide)), "generic");
  const columns = new SchemaTracker();
  for (let i = 0; i < 8; i++) {
    columns.observe(Object.fromEntries(Array.from({ length: 150 }, (_, j) => [`${i}/${j}`, 1])));
  }
  assert.equal(columns.schema().root.shapes.length, 2);
});

Deno.test("a schema is its content: same hash, same text, reads back", () => {
  fc.assert(fc.property(fc.array(travelling, { maxLength: 6 }), (values) => {
    const schema = schemaFor(...values);
    const back = deserializeSchema(serializeSchema(schema));
    assert.equal(back.hash, schema.hash);
    assert.deepEqual(back.root, schema.root);
    assert.equal(schemaFromText(schema.text).hash, schema.hash);
    assert.match(schema.hash, /^[0-9a-f]{32}$/);
  }));
  const distinct = [[], [1], [1.5], ["a"], [{ a: 1 }], [{ b: 1 }], [{ a: 1 }, { b: 1 }], [["a"]], [{ "0": "a" }], [
    null,
  ]];
  assert.equal(new Set(distinct.map((values) => schemaFor(...values).hash)).size, distinct.length);
  // Written by version 1: a change here makes stored data unreadable.
  assert.equal(schemaFor({ word: "a", count: 1 }).text, '[1,[256,[false,["word","count"],[[64],[16]]]]]');
  assert.equal(schemaFor({ word: "a", count: 1 }).hash, "355a7f4f631aa7ac772d2762dce0334d");
});

Deno.test("a damaged or later schema is refused", () => {
  for (const text of ["", "{}", "[2,[1]]", "[1]", "[1,5]", "[1,[256,[false]]]", "[1, [16]]"]) {
    assert.throws(() => schemaFromText(text), { code: "TSF-2109" }, text);
  }
});

Deno.test("declared types", () => {
  // deno-lint-ignore no-explicit-any -- types of anything
  const cases: [TypeInformation<any>, string][] = [
    [Types.INT, "int"],
    [Types.LONG, "double"],
    [Types.DOUBLE, "double"],
    [Types.STRING, "string"],
    [Types.BOOLEAN, "boolean"],
    [Types.BIGINT, "bigint"],
    [Types.GENERIC(), "generic"],
    [Types.LIST(Types.INT), "generic"],
    [Types.MAP(Types.STRING, Types.INT), "generic"],
    [Types.NULLABLE(Types.STRING), "string | null"],
    [Types.ROW({ a: Types.INT, b: Types.NULLABLE(Types.ROW({ c: Types.STRING })) }), "{a: int, b: {c: string} | null}"],
  ];
  for (const [type, text] of cases) assert.equal(String(Schema.of(type)), text);
  const tracker = new SchemaTracker(Schema.of(Types.ROW({ a: Types.INT })));
  assert.equal(tracker.observe({ a: 5 }), false);
  assert.equal(tracker.observe({ a: 5.5 }), true);
});
