import assert from "node:assert/strict";
import fc from "fast-check";
import { BatchEncoder } from "./batch_encoder.ts";
import { assertExact, travelling } from "./clone_oracle_test.ts";
import { decodeBatch } from "./columnar_codec.ts";
import { Schema } from "./schema.ts";
import { Types } from "./type_information.ts";

Deno.test("a reader that knows the announced schemas gets every record, in order", () => {
  fc.assert(
    fc.property(fc.array(fc.array(travelling, { maxLength: 8 }), { maxLength: 8 }), (batches) => {
      const encoder = new BatchEncoder(undefined, { limitBytes: 300 });
      const known = new Map<string, Schema>();
      const received: unknown[] = [];
      for (const values of batches) {
        for (let from = 0; from < values.length;) {
          const { bytes, rows, schema } = encoder.encode(values, values.map((_, i) => i), from);
          known.set(schema.hash, schema);
          const batch = decodeBatch((hash) => known.get(hash), bytes);
          assert.deepEqual([...batch.timestamps], Array.from({ length: rows }, (_, i) => from + i));
          received.push(...batch.values);
          from += rows;
        }
      }
      assertExact(received, batches.flat().map((value) => structuredClone(value)));
    }),
    { numRuns: 200 },
  );
});

Deno.test("the schema follows the stream and comes to rest", () => {
  const encoder = new BatchEncoder();
  const send = (...values: unknown[]): string => {
    const { schema, escapes } = encoder.encode(values, values.map(() => 0));
    return `${schema} (${escapes})`;
  };
  assert.equal(send({ a: 1 }), "{a: int} (0)");
  assert.equal(send({ a: 2 }), "{a: int} (0)");
  assert.equal(send({ a: 3 }, { a: 0.5 }, { a: null }), "{a: int} (2)");
  assert.equal(send({ a: 0.5 }, { a: null }), "{a: double | null} (0)");
  assert.equal(send("text"), "{a: double | null} (1)");
  const first = encoder.encode([{ a: 1 }], [0]).schema;
  assert.equal(encoder.encode([{ a: 5 }, "x", { a: null }], [0, 0, 0]).schema, first);
});

Deno.test("a declared type is the schema from the start", () => {
  const encoder = new BatchEncoder(Schema.of(Types.ROW({ a: Types.DOUBLE, b: Types.NULLABLE(Types.STRING) })));
  const { schema, escapes } = encoder.encode([{ a: 1, b: null }], [0]);
  assert.equal(`${schema} (${escapes})`, "{a: double, b: string | null} (0)");
  assert.equal(encoder.encode([{ a: 1, b: 2 }], [0]).escapes, 1);
  assert.equal(String(encoder.encode([{ a: 1, b: 2 }], [0]).schema), "{a: double, b: int | string | null}");
});

Deno.test("limits are passed on", () => {
  const encoder = new BatchEncoder(undefined, { limitBytes: 100, maxRecordBytes: 1000 });
  assert.equal(encoder.encode(["x".repeat(60), "y".repeat(60)], [0, 0]).rows, 1);
  assert.throws(() => encoder.encode(["x".repeat(2000)], [0]), { code: "TSF-2103" });
});
