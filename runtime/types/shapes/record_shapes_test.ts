import assert from "node:assert/strict";
import fc from "fast-check";
import { assertTravels, copyValue } from "../copy.ts";
import { RecordShapes } from "./record_shapes.ts";
import { serializeValue } from "../generic_serializer.ts";

/** What a call gives or throws, comparable. */
function outcome(call: () => unknown): unknown {
  try {
    return { value: call() };
  } catch (error) {
    const { code, message } = error as { code: string; message: string };
    // The line where it was asked for is not part of the answer.
    return { code, message: message.replace(/\n {2}at: .*/, "") };
  }
}

/** Objects reachable from a value, in order. */
function objectsIn(value: unknown, found: object[] = []): object[] {
  if (typeof value !== "object" || value === null || found.includes(value)) return found;
  found.push(value);
  for (const inner of Object.values(value)) objectsIn(inner, found);
  return found;
}

/** Both ways agree about the value; a copy shares nothing with it. */
function agree(shapes: RecordShapes, value: unknown): void {
  const expected = outcome(() => copyValue(value));
  const found = outcome(() => shapes.copy(value));
  assert.deepEqual(found, expected);
  if (typeof found === "object" && "value" in found!) {
    const copied = (found as { value: unknown }).value;
    const original = objectsIn(value);
    assert.ok(objectsIn(copied).every((object) => !original.includes(object)), "nothing is shared");
    // Order of fields, aliases, -0 and all that.
    assert.deepEqual(serializeValue(copied), serializeValue((expected as { value: unknown }).value));
  }
  assert.deepEqual(
    outcome(() => shapes.assertTravels(value, { name: "op" })),
    outcome(() => assertTravels(value, { name: "op" })),
  );
}

class Bid {
  price = 1;
}
const shared = { x: 1 };
const cyclic: Record<string, unknown> = { a: 1 };
cyclic.self = cyclic;

/** After the shape `{ a: number, b: string, c: { d: number } }` is known. */
const NEAR_MISSES: Readonly<Record<string, unknown>> = {
  "as learnt": { a: 1, b: "x", c: { d: 2 } },
  "another order": { c: { d: 2 }, b: "x", a: 1 },
  "inner null": { a: 1, b: "x", c: null },
  "a field more": { a: 1, b: "x", c: { d: 2 }, e: 3 },
  "a function more": { a: 1, b: "x", c: { d: 2 }, e: () => 1 },
  "a field less": { a: 1, b: "x" },
  "a function in place of a number": { a: () => 1, b: "x", c: { d: 2 } },
  "a function in place of a field": { a: 1, b: "x", z: () => 1 },
  "undefined in place of a number": { a: undefined, b: "x", c: { d: 2 } },
  "undefined for one field and a function under another name": { a: undefined, b: "x", f: () => 1 },
  "a symbol inside": { a: 1, b: "x", c: { d: Symbol("s") } },
  "an object in place of a number": { a: { z: 1 }, b: "x", c: { d: 2 } },
  "an array inside": { a: 1, b: "x", c: [2] },
  "a class instance": Object.assign(new Bid(), { a: 1, b: "x", c: { d: 2 } }),
  "a class instance inside": { a: 1, b: "x", c: Object.assign(Object.create(Bid.prototype), { d: 2 }) },
  "no prototype": Object.assign(Object.create(null), { a: 1, b: "x", c: { d: 2 } }),
  "another prototype": Object.assign(Object.create({ q: 1 }), { a: 1, b: "x", c: { d: 2 } }),
  "a getter": Object.defineProperty({ b: "x", c: { d: 2 } }, "a", { get: () => 1, enumerable: true }),
  "a hidden field": Object.defineProperty({ a: 1, b: "x", c: { d: 2 } }, "h", { value: () => 1, enumerable: false }),
  "minus zero and NaN": { a: -0, b: "", c: { d: NaN } },
  "a bigint": { a: 1n, b: "x", c: { d: 2 } },
  "a proxy": new Proxy({ a: 1, b: "x", c: { d: 2 } }, {}),
  "a date": { a: 1, b: "x", c: new Date(5) },
  "a cycle": cyclic,
  "__proto__ as a field": JSON.parse('{"a":1,"b":"x","__proto__":{"d":2}}'),
};

Deno.test("values that nearly have a known shape get what the general path gives, again and again", () => {
  const shapes = new RecordShapes("near misses");
  for (let n = 0; n < 100; n++) agree(shapes, { a: n, b: `b${n}`, c: { d: n } });
  for (let round = 0; round < 100; round++) {
    for (const value of Object.values(NEAR_MISSES)) agree(shapes, value);
  }
});

Deno.test("an object that is there twice stays one", () => {
  const shapes = new RecordShapes("twice");
  for (let n = 0; n < 200; n++) {
    agree(shapes, { a: { x: n }, b: { x: n }, c: { y: { x: n } } });
    if (n % 10 === 0) agree(shapes, { a: shared, b: shared, c: { y: { x: 1 } } });
    if (n % 10 === 1) agree(shapes, { a: shared, b: { x: 2 }, c: { y: shared } });
  }
  const { a, b, c } = shapes.copy({ a: shared, b: { x: 2 }, c: { y: shared } });
  assert.ok(a === c.y && a !== (b as object) && a !== shared);
});

Deno.test("fields under symbols go along as in a general copy", () => {
  const tag = Symbol("tag");
  const shapes = new RecordShapes("symbols");
  for (let n = 0; n < 200; n++) assert.equal(shapes.copy({ a: n, [tag]: n })[tag], n);
});

Deno.test("any values in any order: always what the general path gives", () => {
  const leaf = fc.oneof(
    fc.integer(),
    fc.double(),
    fc.string({ maxLength: 3 }),
    fc.boolean(),
    fc.constantFrom(null, undefined, 3n, new Date(1), [1, 2], () => 1),
  );
  const names = fc.constantFrom("a", "b", "c", "0", "odd name");
  const record = fc.dictionary(names, fc.oneof(leaf, fc.dictionary(names, leaf, { maxKeys: 2 })), { maxKeys: 3 });
  fc.assert(
    fc.property(fc.array(fc.oneof(record, leaf), { minLength: 1, maxLength: 8 }), (values) => {
      const shapes = new RecordShapes("any");
      for (let round = 0; round < 100; round++) for (const value of values) agree(shapes, value);
    }),
    { numRuns: 40 },
  );
});
