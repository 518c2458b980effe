/** Columns whose rows all hold one value, and columns that change between that, text and values from batch to batch. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { assertExact } from "./clone_oracle_test.ts";
import { ColumnarCodec, decodeBatch, encodeBatch } from "./columnar_codec.ts";
import { Schema } from "./schema.ts";
import { SchemaTracker } from "./schema_tracker.ts";
import { NO_TIMESTAMP } from "./stream_element.ts";

function schemasFor(values: readonly unknown[]): readonly [generated: Schema, interpreted: Schema] {
  const tracker = new SchemaTracker();
  for (const value of values) tracker.observe(value);
  const schema = tracker.schema();
  const copy = new Schema(schema.root);
  copy.codec = new ColumnarCodec(copy, false);
  return [schema, copy];
}
const noTimestamps = (values: readonly unknown[]): Float64Array => new Float64Array(values.length).fill(NO_TIMESTAMP);

/** Through both codecs, with limits that make rows be taken back. */
function assertBatches(schemas: readonly Schema[], values: readonly unknown[], limit: number): void {
  const decoded = schemas.map((schema) => {
    const back: unknown[] = [];
    const sizes: number[] = [];
    for (let from = 0; from < values.length;) {
      const { bytes, rows } = encodeBatch(schema, values, noTimestamps(values), from, limit);
      back.push(...decodeBatch(() => schema, bytes).values);
      sizes.push(rows);
      from += rows;
    }
    assert.equal(sizes.reduce((sum, rows) => sum + rows, 0), values.length);
    return back;
  });
  for (const back of decoded) assertExact(back, structuredClone(values));
}

/** Strings that come in runs: the same one for a whole batch, or up to some row, or never. */
const runs = fc.array(
  fc.tuple(
    fc.constantFrom("", "a", "bid", "bie", "é", "日本", "\ud800", "x".repeat(300)),
    fc.integer({ min: 1, max: 20 }),
  ),
  { minLength: 1, maxLength: 6 },
).map((parts) => parts.flatMap(([text, times]) => new Array<string>(times).fill(text)));

Deno.test("strings that repeat come back, wherever the repetition ends", () => {
  fc.assert(
    fc.property(runs, runs, fc.constantFrom(64, 150, 32768), fc.boolean(), (a, b, limit, asRecords) => {
      const values: unknown[] = asRecords ? a.map((text, i) => ({ text, n: i, other: b[i % b.length] })) : a;
      assertBatches(schemasFor(values), values, limit);
    }),
    { numRuns: 150 },
  );
});

Deno.test("a text that all rows hold is written once", () => {
  const long = "a long text that is the same in every row ".repeat(3);
  const values = Array.from({ length: 100 }, (_, n) => ({ long, n }));
  for (const schema of schemasFor(values)) {
    const { bytes, rows } = encodeBatch(schema, values, noTimestamps(values));
    assert.equal(rows, 100);
    assert.ok(bytes.length < 100 * 4 + long.length + 60, `${bytes.length} bytes`);
    // The strings are built anew: their identity is not that of the field.
    const copies = values.map(({ n }) => ({ long: [..."", ...long].join(""), n }));
    assert.deepEqual(encodeBatch(schema, copies, noTimestamps(values)).bytes, bytes);
  }
});

Deno.test("columns that change their form with every batch are read all the same", () => {
  const forms: readonly ((i: number) => unknown)[] = [
    () => "constant",
    (i) => `text ${i}`,
    () => null,
    (i) => i % 2 === 0 ? null : `text ${i}`,
    () => true,
    (i) => i % 2 === 0,
    () => undefined,
    (i) => i,
    () => -0,
  ];
  const batch = (a: number, b: number): unknown[] =>
    Array.from({ length: 12 }, (_, i) => ({ a: forms[a](i), b: forms[b](i), inner: { c: forms[a](i) } }));
  const all = forms.flatMap((_, a) => forms.map((_, b) => batch(a, b)));
  const schemas = schemasFor(all.flat());
  for (const values of [...all, ...all.reverse()]) assertBatches(schemas, values, 32768);
});

Deno.test("rows of another kind than the only one leave no trace in the next batch", () => {
  const [generated, interpreted] = schemasFor([{ a: 1 }, { a: 2 }]);
  const odd: unknown[] = [{ a: 1 }, { a: "x" }, "y", { b: 1 }, { a: 1 }];
  const even: unknown[] = Array.from({ length: 20 }, (_, a) => ({ a }));
  for (const values of [odd, even, odd, even]) assertBatches([generated, interpreted], values, 32768);
  const size = encodeBatch(generated, even, noTimestamps(even)).bytes.length;
  assert.ok(size < 22 + 20 * 4 + 12, `${size} bytes: the tags are one byte again`);
});

Deno.test("an accessor is read like a field; a class that may not travel is named, not what its accessor throws", () => {
  const [schema] = schemasFor([{ a: 1, b: "x" }]);
  class Odd {
    get a(): never {
      throw new Error("not for you");
    }
  }
  assert.throws(() => encodeBatch(schema, [new Odd()], [NO_TIMESTAMP]), { code: "TSF-2101" });
  const reading = {
    get a() {
      return 5;
    },
    b: "y",
  };
  const { bytes } = encodeBatch(schema, [reading], [NO_TIMESTAMP]);
  assertExact(decodeBatch(() => schema, bytes).values, [{ a: 5, b: "y" }]);
});
