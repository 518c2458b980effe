// Generated copies against copyValue, and that nothing which left state can reach into it.
import assert from "node:assert/strict";
import fc from "fast-check";
import { assertExact } from "../../types/clone_oracle_test.ts";
import { copyValue } from "../../types/copy.ts";
import { FlatRow, shapeOf } from "./flat_shape.ts";
import { ShapedValues } from "./shaped_values.ts";

const primitive = fc.oneof(
  fc.integer(),
  fc.double(),
  fc.string(),
  fc.constantFrom<unknown>(-0, NaN, null, undefined, true, 1n, "a text longer than twelve units"),
);
const name = fc.constantFrom("a", "b", "count", "copy", "constructor", "odd name", "10", "__proto__", "toString", '"');
/** Records whose field order differs, with names that generated code has to be careful with. */
const record = fc.array(fc.tuple(name, primitive), { maxLength: 5 }).map((entries) => {
  const made: Record<string, unknown> = {};
  for (const [field, value] of entries) {
    Object.defineProperty(made, field, { value, enumerable: true, writable: true, configurable: true });
  }
  return made;
});
const value = fc.oneof(
  { weight: 6, arbitrary: record },
  { weight: 2, arbitrary: fc.array(record, { maxLength: 4 }) },
  { weight: 1, arbitrary: fc.array(primitive, { maxLength: 4 }) },
  { weight: 1, arbitrary: fc.record({ inner: record, list: fc.array(record, { maxLength: 2 }) }) },
  { weight: 1, arbitrary: primitive },
);

Deno.test("property: what is stored over anything else and read is an exact copy that nobody else holds", () => {
  fc.assert(
    fc.property(fc.array(value, { minLength: 1, maxLength: 12 }), fc.boolean(), (values, mayRecord) => {
      const shaped = new ShapedValues("test");
      if (!mayRecord) shaped.keepObjects();
      let stored: unknown;
      for (const given of values) {
        const expected = copyValue(given);
        const previous = stored;
        stored = shaped.stored(given, previous);
        if (stored !== previous) shaped.drop(previous);
        spoil(given);
        const read = shaped.read(stored);
        assertExact(read, expected);
        spoil(read);
        assertExact(shaped.read(stored), expected);
        assertExact(copyValue(shaped.plain(stored)), expected);
      }
    }),
    { numRuns: 500, seed: 5 },
  );
});

/** Changes all it can reach. */
function spoil(value: unknown): void {
  if (typeof value !== "object" || value === null) return;
  for (const key of Object.keys(value)) {
    spoil((value as Record<string, unknown>)[key]);
    (value as Record<string, unknown>)[key] = "spoilt";
  }
  if (Array.isArray(value)) value.push("spoilt");
}

Deno.test("flat records: one object for ever, a shape for each order of fields, four shapes at most", () => {
  const shaped = new ShapedValues("test");
  shaped.keepObjects();
  const first = shaped.stored({ a: 1, b: "x" }, undefined);
  assert.ok(first instanceof FlatRow);
  assert.equal(shaped.stored({ a: 2.5, b: "another text of some length" }, first), first);
  assert.deepEqual(shaped.read(first), { a: 2.5, b: "another text of some length" });
  const turned = shaped.stored({ b: "x", a: 1 }, first);
  assert.notEqual(turned, first);
  assert.deepEqual(Object.keys(shaped.read(turned) as object), ["b", "a"]);
  assert.deepEqual(shaped.read(first), { a: 2.5, b: "another text of some length" });
  for (const field of ["c", "d", "e", "f"]) {
    assert.deepEqual(shaped.read(shaped.stored({ [field]: 1 }, undefined)), { [field]: 1 });
  }
  assert.ok(!(shaped.stored({ last: 1 }, undefined) instanceof FlatRow));
});

Deno.test("what is not flat has no shape, and what cannot lie in state is refused with nothing overwritten", () => {
  class Point {
    x = 1;
  }
  for (
    const odd of [{}, { a: {} }, { a: [] }, { 1: 1 }, Object.create(null), new Date(0), new Point(), { a: () => 1 }]
  ) {
    assert.equal(shapeOf(odd, "test"), undefined);
  }
  const shaped = new ShapedValues("test");
  const stored = shaped.stored({ x: 7 }, undefined);
  for (const bad of [new Point(), { x: () => 1 }, { x: Symbol("s") }]) {
    assert.throws(() => shaped.stored(bad, stored), { code: "TSF-2101" });
  }
  const rows = shaped.stored([{ x: 1 }, { x: 2 }], undefined);
  assert.throws(() => shaped.stored([{ x: 5 }, { x: () => 1 }], rows), { code: "TSF-2101" });
  assert.deepEqual(shaped.read(rows), [{ x: 1 }, { x: 2 }]);
  assert.deepEqual(shaped.read(stored), { x: 7 });
});

Deno.test("arrays: holes, names and an object that stands in one twice come back as they were", () => {
  const shaped = new ShapedValues("test");
  const named = Object.assign([{ x: 1 }], { note: "n" });
  const twice = { x: 1 };
  const holes = new Array(3);
  holes[0] = { x: 1 };
  for (const odd of [named, holes, [twice, { x: 2 }, twice]]) {
    const read = shaped.read(shaped.stored(odd, undefined)) as unknown[];
    assertExact(read, structuredClone(odd));
    if (odd[2] === twice) assert.equal(read[0], read[2]);
  }
});
