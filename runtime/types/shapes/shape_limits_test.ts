/** Where a place stops learning shapes, and that what it answers is right on both sides of every limit. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { assertTravels, copyValue } from "../copy.ts";
import { RecordShapes } from "./record_shapes.ts";

const WARM_UP = 64;

/** A place that has seen a value often enough to know it, if it ever will. */
function learnt(...values: object[]): RecordShapes {
  const shapes = new RecordShapes("a place / with odd * characters");
  for (const value of values) for (let n = 0; n < 2 * WARM_UP + 2; n++) shapes.assertTravels(value);
  return shapes;
}
const fields = (count: number): Record<string, unknown> =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`f${i}`, i]));
const inner = (count: number): Record<string, unknown> =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`o${i}`, { i }]));

Deno.test("what becomes known: plain objects of primitives, up to the limits of fields and of objects inside", () => {
  const table: [string, object, boolean][] = [
    ["numbers", { a: 1 }, true],
    ["all primitives and null", { n: 1, s: "x", b: true, g: 1n, z: null }, true],
    ["40 fields", fields(40), true],
    ["41 fields", fields(41), false],
    ["6 objects inside", inner(6), true],
    ["7 objects inside", inner(7), false],
    ["6 objects, one in the other", { a: { b: { c: { d: { e: { f: { x: 1 } } } } } } }, true],
    ["7 objects, one in the other", { a: { b: { c: { d: { e: { f: { g: { x: 1 } } } } } } } }, false],
    ["no field", {}, false],
    ["no field inside", { a: {} }, false],
    ["undefined", { a: undefined }, false],
    ["an array", [1, 2], false],
    ["an array inside", { a: [1] }, false],
    ["a date", new Date(1), false],
    ["a map inside", { a: new Map() }, false],
    ["bytes inside", { a: new Uint8Array(1) }, false],
    ["a field called __proto__", JSON.parse(`{"__proto__":{"a":1},"b":1}`), false],
    ["no prototype", Object.assign(Object.create(null), { a: 1 }), false],
    ["odd names", { "": 1, "a b": 2, "quote\"'`${x}": 3, "\u2028": 4, constructor: 5, "0": 6 }, true],
  ];
  for (const [what, value, known] of table) {
    const shapes = learnt(value);
    assert.equal(shapes.check(value), known, what);
    assert.deepEqual(shapes.copy(value), copyValue(value), what);
    assert.notEqual(shapes.copy(value), value, what);
  }
});

Deno.test("nothing is generated for the first 63 objects; primitives do not count", () => {
  const shapes = new RecordShapes("warm");
  for (let n = 0; n < WARM_UP - 1; n++) {
    shapes.copy({ a: n });
    shapes.copy(n as never);
    shapes.assertTravels("text");
    assert.equal(shapes.check({ a: 1 }), false);
  }
  shapes.copy({ a: 1 });
  assert.equal(shapes.check({ a: 1 }), true);
});

Deno.test("four shapes at most; the others keep the general path", () => {
  const shapes = learnt({ a: 1 }, { b: 1 }, { c: 1 }, { d: 1 }, { e: 1 });
  assert.deepEqual(["a", "b", "c", "d", "e"].map((name) => shapes.check({ [name]: 2 })), [
    true,
    true,
    true,
    true,
    false,
  ]);
  for (const name of ["a", "e"]) assert.deepEqual(shapes.copy({ [name]: { deep: [1] } }), { [name]: { deep: [1] } });
});

Deno.test("a record with fewer or more fields is another shape, whichever came first", () => {
  const steps = [{ a: 1 }, { a: 1, b: { x: 1 } }, { a: 1, b: { x: 1, y: 2 } }];
  for (const order of [[0, 1, 2], [2, 1, 0], [1, 0, 2], [1, 2, 0]]) {
    const shapes = learnt(...order.map((i) => steps[i]));
    for (const value of steps) {
      assert.equal(shapes.check(value), true, `${JSON.stringify(value)} in ${order}`);
      assert.deepEqual(shapes.copy(value), value);
    }
    for (
      const value of [{ b: { x: 1 } }, { a: 1, b: { y: 1 } }, { a: 1, b: { x: 1 }, c: 1 }, { a: 1, b: { z: 1, x: 1 } }]
    ) {
      assert.equal(shapes.check(value), false, `${JSON.stringify(value)} in ${order}`);
      assert.deepEqual(shapes.copy(value), value);
    }
  }
});

Deno.test("a field takes the types it has had, in whatever order they came, and no other one", () => {
  const kinds: Readonly<Record<string, unknown[]>> = {
    number: [1, -0, NaN],
    string: ["", "x"],
    boolean: [true],
    bigint: [5n],
    null: [null],
    object: [{ x: 1 }],
  };
  const names = Object.keys(kinds);
  fc.assert(
    fc.property(fc.shuffledSubarray(names, { minLength: 1 }), (seen) => {
      const shapes = learnt(...seen.map((kind) => ({ id: 1, v: kinds[kind][0] })));
      for (const kind of names) {
        for (const v of kinds[kind]) {
          assert.equal(shapes.check({ id: 2, v }), seen.includes(kind), `${kind} after ${seen}`);
        }
      }
      // Copies teach it the other types, too.
      for (const kind of names) {
        for (const v of kinds[kind]) {
          const copied = shapes.copy({ id: 2, v });
          assert.deepEqual(copied, { id: 2, v });
          assert.ok(Object.is(copied.v, v) === (kind !== "object"));
        }
      }
    }),
    { numRuns: 60 },
  );
});

Deno.test("twelve versions at most: what comes later stays right without being known", () => {
  const shapes = new RecordShapes("versions");
  for (let n = 0; n < WARM_UP; n++) shapes.assertTravels({ a0: 1 });
  // Every further one widens a field of the same shape.
  const base = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`f${i}`, 1]));
  for (let n = 0; n < WARM_UP + 1; n++) shapes.assertTravels(base);
  for (let i = 0; i < 20; i++) {
    for (let n = 0; n < WARM_UP + 1; n++) shapes.assertTravels({ ...base, [`f${i}`]: "wide" });
  }
  const known = Array.from({ length: 20 }, (_, i) => shapes.check({ ...base, [`f${i}`]: "w" }));
  assert.deepEqual(known, known.toSorted((a, b) => Number(b) - Number(a)), "the first ones");
  assert.equal(known.filter(Boolean).length, 12 - 2, "one version for each of the two shapes, ten for fields");
  for (let i = 0; i < 20; i++) {
    const value = { ...base, [`f${i}`]: "w" };
    assert.deepEqual(shapes.copy(value), value);
  }
});

/** A value and a change of it that must not pass for it. */
const SPOILERS: Readonly<Record<string, (value: Record<string, unknown>, name: string) => void>> = {
  "a function in place": (value, name) => value[name] = () => 1,
  "a symbol in place": (value, name) => value[name] = Symbol("s"),
  "a function more": (value) => value.more = () => 1,
  "a promise more": (value) => value.more = Promise.resolve(),
  "a function less a field": (value, name) => {
    delete value[name];
    value.more = () => 1;
  },
};

Deno.test("whatever cannot travel is refused by a place that knows the record without it, naming field and operator", () => {
  const record = fc.dictionary(
    fc.constantFrom("a", "b", "c", "d e"),
    fc.oneof(
      fc.integer(),
      fc.string(),
      fc.constant(null),
      fc.record({ x: fc.integer(), y: fc.string() }, { noNullPrototype: true }),
    ),
    { minKeys: 1, maxKeys: 4, noNullPrototype: true },
  );
  fc.assert(
    fc.property(
      record,
      fc.nat(),
      fc.constantFrom(...Object.keys(SPOILERS)),
      fc.boolean(),
      (value, which, how, deep) => {
        const shapes = learnt(value);
        assert.equal(shapes.check(structuredClone(value)), true);
        const spoilt: Record<string, unknown> = structuredClone(value);
        const names = Object.keys(spoilt);
        const name = names[which % names.length];
        const within = deep && typeof spoilt[name] === "object" && spoilt[name] !== null;
        if (within) SPOILERS[how](spoilt[name] as Record<string, unknown>, "x");
        else SPOILERS[how](spoilt, name);
        assert.equal(shapes.check(spoilt), false);
        const failure = (call: () => void) => {
          try {
            call();
          } catch (error) {
            const { code, message } = error as { code: string; message: string };
            return [code, message.replace(/\n {2}at: .*/, "")];
          }
          return assert.fail("it went through");
        };
        const operator = { name: "op", uid: "u" };
        assert.deepEqual(
          failure(() => shapes.assertTravels(spoilt, operator)),
          failure(() => assertTravels(spoilt, operator)),
        );
        assert.deepEqual(failure(() => shapes.copy(spoilt)), failure(() => copyValue(spoilt)));
      },
    ),
    { numRuns: 150 },
  );
});

Deno.test("a copy shares nothing and keeps the order of fields, also of a frozen or sealed record", () => {
  const shapes = learnt({ b: 1, a: { z: 1, y: "x" } });
  for (const freeze of [Object.freeze, Object.seal, <T>(value: T): T => value]) {
    const value = freeze({ b: 7, a: freeze({ z: 8, y: "y" }) });
    const copied = shapes.copy(value);
    assert.deepEqual(JSON.stringify(copied), JSON.stringify(value));
    assert.ok(copied !== value && copied.a !== value.a && !Object.isFrozen(copied) && !Object.isSealed(copied.a));
    copied.a.z = 9;
    assert.equal(value.a.z, 8);
  }
  // Another order is the same shape: the copy has the order of its own record.
  assert.equal(JSON.stringify(shapes.copy({ a: { y: "1", z: 2 }, b: 3 })), `{"a":{"y":"1","z":2},"b":3}`);
});
