import assert from "node:assert/strict";
import fc from "fast-check";
import { anyText, assertExact, fieldName, fingerprint, objectOf, primitive, travelling } from "./clone_oracle_test.ts";
import { ColumnarCodec, decodeBatch, encodeBatch, type EncodedBatch, schemaHashOf } from "./columnar_codec.ts";
import { Kind, Schema } from "./schema.ts";
import { SchemaTracker } from "./schema_tracker.ts";
import { NO_TIMESTAMP } from "./stream_element.ts";

function schemaFor(values: readonly unknown[]): Schema {
  const tracker = new SchemaTracker();
  for (const value of values) tracker.observe(value);
  return tracker.schema();
}
function interpreted(schema: Schema): Schema {
  const copy = new Schema(schema.root);
  copy.codec = new ColumnarCodec(copy, false);
  return copy;
}
const none = (values: readonly unknown[]): Float64Array => new Float64Array(values.length).fill(NO_TIMESTAMP);

/** Encodes all values buffer by buffer and decodes each alone, from any alignment. */
function roundTrip(
  schema: Schema,
  values: readonly unknown[],
  { timestamps = none(values), limit = 32768, offset = 0 }: {
    timestamps?: Float64Array;
    limit?: number;
    offset?: number;
  } = {},
): { values: unknown[]; timestamps: number[]; buffers: EncodedBatch[] } {
  const buffers: EncodedBatch[] = [];
  const result: { values: unknown[]; timestamps: number[] } = { values: [], timestamps: [] };
  for (let from = 0; from < values.length;) {
    const buffer = encodeBatch(schema, values, timestamps, from, limit);
    assert.ok(buffer.rows > 0);
    assert.ok(buffer.rows === 1 || buffer.bytes.length <= limit, `${buffer.bytes.length} bytes, limit ${limit}`);
    from += buffer.rows;
    buffers.push(buffer);
    const shifted = new Uint8Array(offset + buffer.bytes.length);
    shifted.set(buffer.bytes, offset);
    const batch = decodeBatch((hash) => hash === schema.hash ? schema : undefined, shifted.subarray(offset));
    assert.equal(batch.values.length, buffer.rows);
    result.values.push(...batch.values);
    result.timestamps.push(...batch.timestamps);
  }
  return { ...result, buffers };
}

function assertRoundTrip(
  schema: Schema,
  values: readonly unknown[],
  options: Parameters<typeof roundTrip>[2] = {},
): void {
  for (const each of [schema, interpreted(schema)]) {
    const { values: decoded, timestamps } = roundTrip(each, values, options);
    assertExact(decoded, values.map((value) => structuredClone(value)));
    assert.deepEqual(timestamps, [...(options.timestamps ?? none(values))]);
  }
}

/** Values of one column: mostly of one kind, now and then of another. */
const columnOf = fc.constantFrom<fc.Arbitrary<unknown>>(
  fc.integer(),
  fc.double(),
  anyText,
  fc.boolean(),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.option(fc.integer(), { nil: null }),
  fc.option(anyText, { nil: undefined }),
  fc.tuple(anyText, fc.integer()),
  fc.array(fc.integer(), { maxLength: 4 }),
  fc.record({ x: fc.integer(), y: fc.option(fc.record({ z: anyText })) }),
  fc.date(),
  primitive,
  travelling,
);

/** Streams of records: a few shapes, the same fields in other orders, fields missing, extra or of another kind. */
const stream = fc.tuple(
  fc.uniqueArray(fc.tuple(fieldName, columnOf), { selector: ([name]) => name, maxLength: 6 }),
  fc.array(fc.tuple(fc.nat(9), fc.nat()), { maxLength: 30 }),
).chain(([fields, rows]) =>
  fc.tuple(...rows.map(([oddity, at]) => {
    const row = fields.map(([name, column]) => fc.tuple(fc.constant(name), column));
    if (oddity === 1) row.reverse();
    if (oddity === 2 && row.length > 0) row.splice(at % row.length, 1);
    if (oddity === 3) row.push(fc.tuple(fc.constant(`extra${at % 3}`), primitive));
    if (oddity === 4 && row.length > 0) {
      row[at % row.length] = fc.tuple(fc.constant(fields[at % row.length][0]), travelling);
    }
    if (oddity === 5) {
      return travelling;
    }
    return fc.tuple(...row).map(objectOf);
  }))
);

const options = fc.record({
  limit: fc.constantFrom(64, 200, 1000, 32768),
  offset: fc.nat(9),
  stamp: fc.constantFrom("none", "some", "all"),
});

Deno.test("decoding gives back exactly what was sent, whether the schema has seen it or not", () => {
  fc.assert(
    fc.property(stream, fc.nat(30), options, (values, observed, { limit, offset, stamp }) => {
      const timestamps = Float64Array.from(
        values,
        (_, i) => stamp === "none" || (stamp === "some" && i % 3 > 0) ? NO_TIMESTAMP : 1.7e12 + i,
      );
      assertRoundTrip(schemaFor(values.slice(0, observed)), values, { timestamps, limit, offset });
    }),
    { numRuns: 500 },
  );
});

Deno.test("streams of anything", () => {
  fc.assert(
    fc.property(fc.array(travelling, { maxLength: 12 }), fc.nat(12), (values, observed) => {
      assertRoundTrip(schemaFor(values.slice(0, observed)), values);
      assertRoundTrip(Schema.generic(), values);
    }),
    { numRuns: 200 },
  );
});

const NAMED: Record<string, unknown[]> = {
  "int, then fraction, -0, NaN": [{ v: 1 }, { v: 0.5 }, { v: -0 }, { v: NaN }, { v: 0 }, { v: 2 ** 31 }, {
    v: -(2 ** 31),
  }],
  "missing, undefined, null": [{ a: 1, b: 1 }, { a: 1 }, { a: 1, b: undefined }, { a: 1, b: null }, {}],
  "another order": [{ a: 1, b: "x" }, { b: "x", a: 1 }, { a: 2, b: "y" }],
  "extra fields": [{ a: 1 }, { a: 1, b: 2 }, { a: 1, b: 2, c: [3] }, { z: 0, a: 1 }],
  "__proto__ and other odd names": [
    JSON.parse('{"__proto__":{"x":1},"constructor":2,"":3,"7":4,"a b":5,"\\u2028":6}'),
    JSON.parse('{"__proto__":"text"}'),
    JSON.parse('{"__proto__":null}'),
  ],
  "lone surrogates": ["\ud83d", "\ude00", "\ud83d\ude00", "", "a", "\udc00\ud800"],
  "strings of many lengths": [
    "",
    "x".repeat(255),
    "y".repeat(256),
    "é".repeat(65535),
    "日".repeat(65536),
    "z".repeat(100_000),
  ],
  "latin and wide text in one column": ["a", "é", "日本語", "😀", ""],
  "numbers": [0, -0, 1, -1, NaN, Infinity, 0.1, 2 ** 31, 2 ** 53],
  "ints only": [1, 2, 3],
  "bigints": [0n, -1n, 2n ** 63n - 1n, -(2n ** 63n), 2n ** 63n, 2n ** 100n],
  "booleans and nothing": [true, false, null, undefined],
  "nothing but null": [null, null],
  "empty objects": [{}, {}, { a: 1 }],
  "tuples": [["a", 1], ["b", -0], ["c", 2, true], [], [["nested", 1]]],
  // deno-lint-ignore no-sparse-arrays -- holes are what is tested
  "holes": [[1, , 3], [, ,], [1, undefined, 3], [1, 2, 3]],
  "named array properties": [Object.assign([1, 2], { x: 1 }), [1, 2], /b/.exec("abc")],
  "lists": Array.from({ length: 20 }, (_, i) => ({ list: Array.from({ length: i }, (_, j) => j) })),
  "nested": [{ a: { b: { c: { d: { e: { f: 1 } } } } } }, { a: { b: null } }, { a: null }, { a: { b: { c: 1 } } }],
  "many shapes": Array.from({ length: 30 }, (_, i) => ({ [`field${i}`]: i, id: i })),
  "wide": [Object.fromEntries(Array.from({ length: 150 }, (_, i) => [`f${i}`, i]))],
  "too wide": [Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`f${i}`, String(i)]))],
  "no prototype": [Object.assign(Object.create(null), { a: 1 }), { a: 1 }],
  "built-ins": [{ d: new Date(5), m: new Map([[1, { a: 1 }]]), s: new Set([1]), r: /x/g, u: new Uint8Array([1, 2]) }],
};

Deno.test("named cases", () => {
  for (const [name, values] of Object.entries(NAMED)) {
    for (let observed = 0; observed <= values.length; observed += Math.max(1, values.length >> 2)) {
      for (const limit of [50, 32768]) {
        try {
          assertRoundTrip(schemaFor(values.slice(0, observed)), values, { limit });
        } catch (error) {
          throw new Error(`${name}, ${observed} observed, limit ${limit}`, { cause: error });
        }
      }
    }
    const seen = schemaFor(values);
    assert.equal(roundTrip(seen, values).buffers.reduce((sum, { escapes }) => sum + escapes, 0), 0, `escapes: ${name}`);
  }
});

Deno.test("cycles and shared references inside a record survive, in observed and unforeseen columns", () => {
  const cyclic: Record<string, unknown> = { id: 1, name: "c" };
  cyclic.self = cyclic;
  const shared = { x: 1 };
  const view = new Uint8Array(8);
  const values: unknown[] = [
    { id: 1, name: "a", self: null },
    cyclic,
    { id: 2, name: "b", self: { left: shared, right: shared } },
    { id: shared, name: shared, self: null },
    { id: 1, name: { deep: [cyclic] }, self: 0 },
    { id: 1, name: view, self: new Uint16Array(view.buffer) },
    [shared, shared],
    new Map([[shared, shared]]),
  ];
  for (let observed = 0; observed <= values.length; observed++) {
    assertRoundTrip(schemaFor(values.slice(0, observed)), values);
  }
  const [, back] = roundTrip(schemaFor(values), values).values as Record<string, unknown>[];
  assert.equal(back.self, back);
});

Deno.test("decoded records are plain objects with all their fields of their own", () => {
  const values = [{ a: 1, b: "x" }];
  const [record] = roundTrip(schemaFor(values), values).values as object[];
  assert.equal(Object.getPrototypeOf(record), Object.prototype);
  assert.deepEqual(Object.keys(record), ["a", "b"]);
  (record as { a: number }).a = 2;
  const hostile = JSON.parse('{"__proto__":{"admin":true}}');
  const [harmless] = roundTrip(schemaFor([hostile]), [hostile]).values as { admin?: boolean }[];
  assert.equal(harmless.admin, undefined);
});

Deno.test("a buffer is filled to its limit, and one row always fits", () => {
  const values = Array.from({ length: 5000 }, (_, i) => ({ id: i, name: `name ${i}`, price: i / 3 }));
  const timestamps = Float64Array.from(values, (_, i) => i);
  for (const limit of [1000, 32768]) {
    const { buffers } = roundTrip(schemaFor(values), values, { limit, timestamps });
    for (const { bytes } of buffers.slice(0, -1)) assert.ok(bytes.length > limit * 0.85, `${bytes.length} of ${limit}`);
  }
  for (const text of ["ascii ", "é", "日本語", "😀", "\ud800"]) {
    const texts = Array.from({ length: 400 }, (_, i) => ({ text: text.repeat(i % 90) }));
    for (const { bytes } of roundTrip(schemaFor(texts), texts, { limit: 4096 }).buffers.slice(0, -1)) {
      assert.ok(bytes.length > 4096 * 0.6, `${bytes.length} of ${text}`);
    }
  }
  const large = ["a", "x".repeat(100_000), "b"];
  assert.deepEqual(roundTrip(schemaFor(large), large).buffers.map(({ rows }) => rows), [1, 1, 1]);
  assert.deepEqual(encodeBatch(Schema.generic(), [], []).rows, 0);
});

Deno.test("a record above the largest size is refused with its size", () => {
  const large = { text: "x".repeat(1000) };
  const values = [{ text: "small" }, large];
  for (const schema of [schemaFor(values), Schema.generic()]) {
    assert.equal(encodeBatch(schema, values, none(values), 0, 500, 1000).rows, 1);
    assert.throws(
      () => encodeBatch(schema, values, none(values), 1, 500, 1000),
      (error: Error & { code: string }) => error.code === "TSF-2103" && /A record of 10\d\d bytes/.test(error.message),
    );
    assert.equal(encodeBatch(schema, values, none(values), 1, 500, 2000).rows, 1);
  }
  assert.throws(() => encodeBatch(Schema.generic(), ["x".repeat(65 * 2 ** 20)], [0]), /at most 67108864 bytes/);
});

Deno.test("what cannot travel is refused with the whole path, and the codec goes on working", () => {
  class Point {
    id = 1;
    name = "p";
  }
  const good = { id: 1, name: "a", inner: { x: 1 } };
  const schema = schemaFor([good]);
  const cases: [unknown, string][] = [
    [{ id: () => 1, name: "a", inner: { x: 1 } }, "value.id"],
    [{ id: 1, name: "a", inner: { x: Symbol("s") } }, "value.inner.x"],
    [{ id: 1, name: new Point(), inner: { x: 1 } }, "value.name"],
    [new Point(), "value"],
    [[good, { cb: () => 1 }], "value[1].cb"],
  ];
  for (const each of [schema, interpreted(schema)]) {
    for (const [value, path] of cases) {
      assert.throws(() => encodeBatch(each, [good, value], [0, 0]), {
        code: "TSF-2101",
        message: new RegExp(`field ${path.replaceAll(/[.[\]]/g, "\\$&")} holds`),
      });
      assertExact(
        roundTrip(each, [good, good]).values,
        [good, { ...good, inner: { x: 1 } }].map((v) => structuredClone(v)),
      );
    }
  }
});

Deno.test("generated and interpreted code write the same bytes", () => {
  fc.assert(
    fc.property(stream, (values) => {
      const schema = schemaFor(values);
      const plain = roundTrip(interpreted(schema), values).buffers;
      assert.deepEqual(roundTrip(schema, values).buffers, plain);
    }),
    { numRuns: 100 },
  );
});

Deno.test("every buffer names its schema, and only that schema decodes it", () => {
  const narrow = schemaFor([{ a: 1 }]);
  const wide = schemaFor([{ a: 1 }, { a: 1.5 }]);
  const { bytes } = encodeBatch(narrow, [{ a: 7 }], [NO_TIMESTAMP]);
  assert.equal(schemaHashOf(bytes), narrow.hash);
  assert.equal(fingerprint(decodeBatch(() => narrow, bytes).values), fingerprint([{ a: 7 }]));
  assert.throws(() => decodeBatch(() => wide, bytes), { code: "TSF-2109" });
  assert.throws(() => decodeBatch(() => undefined, bytes), { code: "TSF-2109" });
});

Deno.test("damaged buffers are errors", () => {
  const values = [{ a: 1, b: "text", c: [1, "x"], d: 1.5, e: null }, { a: 2, b: "é", c: ["y", 2], d: 0, e: 5n }];
  const schema = schemaFor(values);
  const { bytes } = encodeBatch(schema, values, [1, 2]);
  for (let cut = 0; cut < bytes.length; cut++) {
    assert.throws(() => decodeBatch(() => schema, bytes.subarray(0, cut)), { code: "TSF-2106" }, `cut at ${cut}`);
  }
  const longer = new Uint8Array(bytes.length + 1);
  longer.set(bytes);
  assert.throws(() => decodeBatch(() => schema, longer), { code: "TSF-2106" });
  const rows = bytes.slice();
  rows.fill(255, 18, 22);
  assert.throws(() => decodeBatch(() => schema, rows), { code: "TSF-2106" });
  const format = bytes.slice();
  format[0] = 9;
  assert.throws(() => decodeBatch(() => schema, format), { code: "TSF-2106" });
});

Deno.test("columns are small: numbers take their width, equal tags one byte", () => {
  const size = (values: unknown[]): number => encodeBatch(schemaFor(values), values, none(values)).bytes.length;
  const grow = (make: (i: number) => unknown): number => {
    const of = (count: number) => size(Array.from({ length: count }, (_, i) => make(i)));
    return (of(2000) - of(1000)) / 1000;
  };
  assert.equal(grow((i) => i), 4);
  assert.equal(grow((i) => i + 0.5), 8);
  assert.equal(grow((i) => i % 2 === 0 ? "abc" : "abd"), 4);
  assert.equal(grow((i) => i % 2 === 0 ? "é" : "è"), 3);
  assert.equal(grow((i) => i % 2 === 0 ? "日本語" : "語日本"), 7, "UTF-16 where UTF-8 would be longer");
  assert.equal(grow(() => "the same text"), 0);
  assert.equal(grow((i) => i < 7 ? "日本語" : "日本語"), 0);
  assert.equal(grow(() => null), 0);
  assert.equal(grow((i) => ({ a: i, b: true })), 4);
  assert.equal(grow((i) => ({ a: i, b: i % 2 === 0 })), 5);
  assert.equal(schemaFor([1, 1.5]).root.kinds, Kind.DOUBLE);
});
