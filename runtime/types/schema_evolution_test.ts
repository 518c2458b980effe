/**
 * Streams and stored values whose form changes over time: every buffer decodes with the schema it names whatever came
 * before or after, and stored values pass through several versions of a program.
 *
 * @module
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import { type Announced, BatchEncoder } from "./batch_encoder.ts";
import { assertExact, travelling } from "./clone_oracle_test.ts";
import { decodeBatch, schemaHashOf } from "./columnar_codec.ts";
import { deserializeSchema, Schema, serializeSchema } from "./schema.ts";
import { isCompatible } from "./schema_compatibility.ts";
import { SchemaTracker } from "./schema_tracker.ts";
import { type TypeInformation, Types } from "./type_information.ts";

/** All buffers of a run of values. */
function buffersOf(encoder: BatchEncoder, values: readonly unknown[]): Announced[] {
  const buffers: Announced[] = [];
  for (let from = 0; from < values.length; from += buffers.at(-1)!.rows) {
    buffers.push(encoder.encode(values, values.map(() => 0), from));
  }
  return buffers;
}

// The life of a stream: what the program sends, the schema of that buffer, how many values or fields it did not foresee.
const LIFE: readonly (readonly [sent: unknown[], schema: string, escapes: number])[] = [
  [[{ id: 1, name: "a" }], "{id: int, name: string}", 0],
  [[{ id: 2, name: "b" }], "{id: int, name: string}", 0],
  // A fraction: int widens to double, and integers stay what they are.
  [[{ id: 1.5, name: "c" }, { id: -0, name: "" }, { id: 3, name: "d" }], "{id: int, name: string}", 2],
  [[{ id: 4, name: "e" }, { id: NaN, name: "f" }], "{id: double, name: string}", 0],
  // A field is absent for the first time, then is null.
  [[{ id: 5, name: null }, { id: 6, name: undefined }], "{id: double, name: string}", 2],
  [[{ id: 7, name: null }, { id: 8, name: undefined }], "{id: double, name: string | null | undefined}", 0],
  // A field is added; the old form still comes.
  [[{ id: 9, name: "g", tags: ["x"] }, { id: 10, name: "h" }], "{id: double, name: string | null | undefined}", 1],
  [
    [{ id: 11, name: "i", tags: ["y"] }, { id: 12, name: null }],
    "{id: double, name: string | null | undefined} | {id: int, name: string, tags: [string]}",
    0,
  ],
  // Tags of many lengths are lists; a date in place of the name makes that column generic.
  [
    [{ id: 13, name: "j", tags: [] }, { id: 14, name: "k", tags: ["a", "b"] }, { id: 1, name: new Date(5), tags: [] }],
    "{id: double, name: string | null | undefined} | {id: int, name: string, tags: [string]}",
    4,
  ],
  [
    [{ id: 15, name: new Date(6), tags: ["a", "b", "c"] }],
    "{id: double, name: string | null | undefined} | {id: int, name: string | generic, tags: generic}",
    0,
  ],
  // Not even a record any more, then the first form again.
  [
    ["plain text", 17n],
    "{id: double, name: string | null | undefined} | {id: int, name: string | generic, tags: generic}",
    2,
  ],
  [
    [{ id: 1, name: "a" }, "text", 18n],
    "{id: double, name: string | null | undefined} | {id: int, name: string | generic, tags: generic} | string | bigint",
    0,
  ],
];

Deno.test("the life of a stream: each buffer has the schema of its time and all decode at the end", () => {
  const encoder = new BatchEncoder();
  const buffers: Announced[] = [];
  for (const [sent, text, escapes] of LIFE) {
    const [buffer] = buffersOf(encoder, sent);
    assert.deepEqual([String(buffer.schema), buffer.escapes], [text, escapes]);
    buffers.push(buffer);
  }
  const known = new Map(buffers.map(({ schema }) => [schema.hash, deserializeSchema(serializeSchema(schema))]));
  assert.equal(known.size, new Set(LIFE.map(([, text]) => text)).size);
  for (const order of [buffers.keys(), [...buffers.keys()].reverse()]) {
    for (const i of order) {
      assertExact(decodeBatch((hash) => known.get(hash), buffers[i].bytes).values, structuredClone(LIFE[i][0]));
    }
  }
});

Deno.test("property: buffers of several writers decode in any order, often, with schemas that were stored", () => {
  fc.assert(
    fc.property(
      fc.array(fc.array(fc.array(travelling, { maxLength: 5 }), { maxLength: 5 }), { minLength: 1, maxLength: 3 }),
      fc.infiniteStream(fc.nat(1000)),
      (writers, shuffle) => {
        const stored = new Map<string, Uint8Array>();
        const buffers: { bytes: Uint8Array; values: unknown[] }[] = [];
        for (const batches of writers) {
          const encoder = new BatchEncoder(undefined, { limitBytes: 200 });
          for (const values of batches) {
            let from = 0;
            for (const { bytes, rows, schema } of buffersOf(encoder, values)) {
              stored.set(schema.hash, serializeSchema(schema));
              assert.equal(schemaHashOf(bytes), schema.hash);
              buffers.push({ bytes, values: values.slice(from, from += rows) });
            }
          }
        }
        const known = new Map<string, Schema>();
        const lookUp = (hash: string): Schema => {
          if (!known.has(hash)) known.set(hash, deserializeSchema(stored.get(hash)!));
          return known.get(hash)!;
        };
        const order = [...buffers, ...buffers].map((buffer) => ({ buffer, at: shuffle.next().value as number }));
        for (const { buffer } of order.sort((a, b) => a.at - b.at)) {
          // Record by record: what two records share is not kept.
          const expected = buffer.values.map((value) => structuredClone(value));
          assertExact(decodeBatch(lookUp, buffer.bytes).values, expected);
        }
      },
    ),
    { numRuns: 100 },
  );
});

/** Versions of a program's state: each adds a field, widens one, or drops one. */
const VERSIONS: readonly TypeInformation<unknown>[] = [
  Types.ROW({ id: Types.INT, old: Types.STRING }),
  Types.ROW({ id: Types.INT, old: Types.STRING, added: Types.NULLABLE(Types.STRING) }),
  Types.ROW({ id: Types.DOUBLE, added: Types.NULLABLE(Types.STRING), at: Types.ROW({ x: Types.INT }) }),
  Types.ROW({
    id: Types.NULLABLE(Types.DOUBLE),
    added: Types.NULLABLE(Types.STRING),
    at: Types.ROW({ x: Types.INT, y: Types.INT }),
    on: Types.BOOLEAN,
  }),
] as unknown as readonly TypeInformation<unknown>[];

Deno.test("a value that passes through every version ends where the direct way ends", () => {
  const schemas = VERSIONS.map((type) => Schema.of(type));
  const migrate = (from: number, to: number, value: unknown): unknown => {
    const answer = isCompatible(schemas[from], schemas[to]);
    assert.ok(answer.compatible, JSON.stringify(answer));
    return answer.migrate === undefined ? value : answer.migrate(value);
  };
  const first = { id: 1, old: "gone" };
  const expected: unknown[] = [
    first,
    { id: 1, old: "gone", added: null },
    { id: 1, added: null, at: { x: 0 } },
    { id: 1, added: null, at: { x: 0, y: 0 }, on: false },
  ];
  let value: unknown = first;
  for (let version = 1; version < schemas.length; version++) {
    value = migrate(version - 1, version, value);
    assertExact(value, expected[version]);
    assertExact(migrate(0, version, first), expected[version]);
  }
  // A later version never goes back: what it widened or dropped would be lost.
  assert.equal(isCompatible(schemas[3], schemas[1]).compatible, false);
  assert.equal(isCompatible(schemas[2], schemas[0]).compatible, false);
});

Deno.test("property: a migrated value fits the new schema, and migrating it again changes nothing", () => {
  const field = fc.constantFrom("a", "b", "c", "d");
  const type: fc.Arbitrary<TypeInformation<unknown>> = fc.constantFrom(
    Types.INT,
    Types.DOUBLE,
    Types.STRING,
    Types.NULLABLE(Types.INT),
    Types.ROW({ x: Types.INT }),
    Types.ROW({ x: Types.INT, y: Types.STRING }),
  ) as fc.Arbitrary<TypeInformation<unknown>>;
  const row = fc.uniqueArray(fc.tuple(field, type), { selector: ([name]) => name, maxLength: 4 });
  // deno-lint-ignore no-explicit-any -- types of anything
  const sampleOf = ({ kind, fields = [] }: TypeInformation<any>): unknown => {
    if (kind === "row") return Object.fromEntries(fields.map(([name, inner]) => [name, sampleOf(inner)]));
    return { int: 5, double: 0.5, string: "s", nullable: null }[kind as string];
  };
  const rowOf = (fields: (readonly [string, TypeInformation<unknown>])[]) => Types.ROW(Object.fromEntries(fields));
  fc.assert(
    fc.property(row, row, (before, after) => {
      const current = Schema.of(rowOf(after));
      const answer = isCompatible(Schema.of(rowOf(before)), current);
      if (!answer.compatible) {
        assert.match(answer.field, /^value\.[abcd](\.[xy])?$/);
        return;
      }
      const migrated = answer.migrate === undefined ? sampleOf(rowOf(before)) : answer.migrate(sampleOf(rowOf(before)));
      const names = new Set(after.map(([name]) => name));
      assert.deepEqual(new Set(Object.keys(migrated as object)), names);
      const tracker = new SchemaTracker();
      tracker.observe(migrated);
      const again = isCompatible(tracker.schema(), current);
      assert.ok(again.compatible, JSON.stringify([migrated, again]));
      if (answer.migrate !== undefined) assertExact(answer.migrate(migrated), migrated);
    }),
    { numRuns: 300 },
  );
});
