import assert from "node:assert/strict";
import fc from "fast-check";
import { assertExact, travelling } from "./clone_oracle_test.ts";
import { Schema } from "./schema.ts";
import { isCompatible } from "./schema_compatibility.ts";
import { SchemaTracker } from "./schema_tracker.ts";
import { Types } from "./type_information.ts";

function schemaFor(...values: unknown[]): Schema {
  const tracker = new SchemaTracker();
  for (const value of values) tracker.observe(value);
  return tracker.schema();
}

Deno.test("compatible as they are", () => {
  const cases: [Schema, Schema][] = [
    [schemaFor(1), schemaFor(1.5)],
    [schemaFor(1), schemaFor(1, null)],
    [schemaFor({ a: 1, b: "x" }), schemaFor({ b: "x", a: 1 })],
    [schemaFor({ a: 1 }), schemaFor({ a: 1 }, { a: "x" })],
    [schemaFor({ a: 1 }), Schema.generic()],
    [schemaFor([1, "a"]), schemaFor([1.5, "a"])],
    [schemaFor({ p: { x: 1 } }), schemaFor({ p: { x: 0.5 } }, { p: null })],
    [schemaFor(), schemaFor({ a: 1 })],
  ];
  for (const [stored, current] of cases) {
    assert.deepEqual(isCompatible(stored, current), { compatible: true }, `${stored} -> ${current}`);
  }
});

Deno.test("incompatible, with the field and both types", () => {
  const cases: [Schema, Schema, string, RegExp][] = [
    [schemaFor(1.5), schemaFor(1), "value", /double was stored, int is expected/],
    [schemaFor({ a: "x" }), schemaFor({ a: 1 }), "value.a", /string was stored, int is expected/],
    [schemaFor({ a: null }), schemaFor({ a: 1 }), "value.a", /null was stored/],
    [schemaFor({ p: { q: { x: "s" } } }), schemaFor({ p: { q: { x: 1 } } }), "value.p.q.x", /string was stored/],
    [schemaFor({ t: ["a", 1] }), schemaFor({ t: ["a", "b"] }), "value.t[1]", /int was stored/],
    [schemaFor(["a", 1]), schemaFor(["a"]), "value", /tuples of 2 elements/],
    [schemaFor({ d: new Date(0) }), schemaFor({ d: 1 }), "value.d", /generic was stored/],
    [schemaFor(["a"], { a: "x" }), schemaFor(["a"], { a: 1 }), "value.a", /string was stored, int/],
    [schemaFor({ a: 1 }), schemaFor(["a"]), "value", /objects are no longer expected/],
    [schemaFor({ a: 1 }), schemaFor("x"), "value", /\{a: int\} was stored, string/],
    [schemaFor({ a: 1 }, { b: "x" }), schemaFor({ a: 1, b: true }), "value.b", /string was stored, boolean/],
  ];
  for (const [stored, current, field, reason] of cases) {
    const answer = isCompatible(stored, current);
    assert.ok(!answer.compatible, `${stored} -> ${current}`);
    assert.equal(answer.field, field);
    assert.match(answer.reason, reason);
  }
});

Deno.test("fields come and go by migration", () => {
  const stored = schemaFor({ id: 1, old: "x", inner: { a: 1 }, t: [{ x: 1 }, 2] });
  const current = Schema.of(Types.ROW({
    n: Types.DOUBLE,
    id: Types.INT,
    s: Types.STRING,
    b: Types.BOOLEAN,
    g: Types.BIGINT,
    z: Types.NULLABLE(Types.STRING),
    l: Types.LIST(Types.INT),
    r: Types.ROW({ k: Types.INT }),
    inner: Types.ROW({ a: Types.INT, more: Types.INT }),
    t: Types.GENERIC(),
  }));
  const answer = isCompatible(stored, current);
  assert.ok(answer.compatible && answer.migrate !== undefined);
  const value = { id: 7, old: "x", inner: { a: 1 }, t: [{ x: 1 }, 2] };
  assertExact(answer.migrate(value), {
    id: 7,
    inner: { a: 1, more: 0 },
    t: [{ x: 1 }, 2],
    n: 0,
    s: "",
    b: false,
    g: 0n,
    z: null,
    l: undefined,
    r: { k: 0 },
  });
  assertExact(value, { id: 7, old: "x", inner: { a: 1 }, t: [{ x: 1 }, 2] });
  assert.equal(answer.migrate(null), null);

  const tuples = isCompatible(schemaFor([{ x: 1 }, 2]), schemaFor([{ x: 1, y: 2 }, 2]));
  assert.ok(tuples.compatible && tuples.migrate !== undefined);
  assertExact(tuples.migrate([{ x: 5 }, 6]), [{ x: 5, y: 0 }, 6]);
  const both = isCompatible(schemaFor([{ x: 1 }], { gone: 1 }), schemaFor([{ y: 2 }], { come: 2 }));
  assert.ok(both.compatible && both.migrate !== undefined);
  assertExact([both.migrate([{ x: 5 }]), both.migrate({ gone: 1 })], [[{ y: 0 }], { come: 0 }]);
});

Deno.test("a field of one member of a union is not added to the others", () => {
  const answer = isCompatible(
    schemaFor({ type: "a", x: 1 }, { type: "b", y: 1 }),
    schemaFor({ type: "a", x: 1 }, { type: "b", y: 1, z: 1 }),
  );
  assert.deepEqual(answer, { compatible: true });
});

Deno.test("a wider inference of the same stream is compatible and changes no value", () => {
  fc.assert(
    fc.property(fc.array(travelling, { maxLength: 6 }), fc.array(travelling, { maxLength: 6 }), (first, more) => {
      const tracker = new SchemaTracker();
      for (const value of first) tracker.observe(value);
      const stored = tracker.schema();
      for (const value of more) tracker.observe(value);
      const answer = isCompatible(stored, tracker.schema());
      assert.ok(answer.compatible, JSON.stringify(answer));
      for (const value of first) assertExact(answer.migrate === undefined ? value : answer.migrate(value), value);
    }),
    { numRuns: 200 },
  );
});
