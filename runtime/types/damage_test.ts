/**
 * Damaged bytes, for every reader of this folder: truncated ones are an error, changed ones an error or another value;
 * neither takes time or memory out of proportion to the bytes.
 *
 * @module
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import { FlinkError } from "../errors.ts";
import { ByteReader, ByteWriter } from "./byte_buffer.ts";
import { readKey, writeKey } from "./canonical_key.ts";
import { travelling } from "./clone_oracle_test.ts";
import { decodeBatch, encodeBatch } from "./columnar_codec.ts";
import { deserializeValue, serializeValue } from "./generic_serializer.ts";
import type { Key } from "./key.ts";
import { deserializeSchema, type Schema, serializeSchema } from "./schema.ts";
import { SchemaTracker } from "./schema_tracker.ts";
import { ObjectKind, Tag } from "./value_kind.ts";

/** A format: bytes of some content, and the reader. */
interface Format {
  readonly name: string;
  readonly write: (values: unknown[]) => { bytes: Uint8Array; read: (bytes: Uint8Array) => unknown };
  /** What a damaged input may throw. */
  readonly codes: readonly string[];
}

const KEY_OF: readonly Key[] = ["k", -0, 2n ** 80n, true, ["a", [1]], { b: "x".repeat(40), a: [] }, "日本\ud800"];

const FORMATS: readonly Format[] = [
  {
    name: "generic value",
    write: (values) => ({ bytes: serializeValue(values), read: deserializeValue }),
    codes: ["TSF-2106"],
  },
  {
    name: "key",
    write: (values) => {
      const out = new ByteWriter();
      writeKey(out, [...KEY_OF, values.length]);
      return { bytes: out.toBytes(), read: (bytes) => readKey(new ByteReader(bytes)) };
    },
    codes: ["TSF-2106"],
  },
  {
    name: "batch",
    write: (values) => {
      const schema = schemaFor(values);
      const { bytes } = encodeBatch(schema, values, values.map((_, i) => i));
      return { bytes, read: (damaged) => decodeBatch(() => schema, damaged) };
    },
    // A changed hash names another schema.
    codes: ["TSF-2106", "TSF-2109"],
  },
  {
    name: "schema",
    write: (values) => ({ bytes: serializeSchema(schemaFor(values)), read: deserializeSchema }),
    codes: ["TSF-2109"],
  },
];

function schemaFor(values: readonly unknown[]): Schema {
  const tracker = new SchemaTracker();
  for (const value of values) tracker.observe(value);
  return tracker.schema();
}

/** Fails on anything but an answer or one of the codes. */
function attempt({ name, codes }: Format, read: (bytes: Uint8Array) => unknown, bytes: Uint8Array): "value" | "error" {
  try {
    read(bytes);
    return "value";
  } catch (error) {
    if (error instanceof FlinkError && codes.includes(error.code)) return "error";
    throw new Error(`${name}: ${[...bytes]}`, { cause: error });
  }
}

const RICH: unknown[] = [
  { id: 1, name: "a text that is longer than the short form", at: new Date(5), tags: ["x", "é"], big: 2n ** 40n },
  { id: 2.5, name: "\ud800", at: null, tags: [], big: 2n ** 700n },
  [1, "tuple"],
  Object.assign([1], { named: true }),
  new Map<unknown, unknown>([["k", new Set([1])], [{}, /a+/g]]),
  new TypeError("failed", { cause: { code: 5 } }),
  [new Uint8Array([1, 2, 3]), new DataView(new ArrayBuffer(4)), new ArrayBuffer(2, { maxByteLength: 8 }), Object(1n)],
];

Deno.test("bytes that were cut are an error, wherever", () => {
  for (const format of FORMATS) {
    const { bytes, read } = format.write(RICH);
    assert.equal(attempt(format, read, bytes), "value");
    for (let cut = 0; cut < bytes.length; cut++) {
      assert.equal(attempt(format, read, bytes.subarray(0, cut)), "error", `${format.name} cut at ${cut}`);
    }
  }
});

Deno.test("every byte changed to the values that hurt most: an answer or an error, never anything else", () => {
  for (const format of FORMATS) {
    const { bytes, read } = format.write(RICH);
    for (let at = 0; at < bytes.length; at++) {
      for (const value of [0, 1, 8, 9, 10, 11, 16, 17, 20, 22, 24, 25, 0x7f, 0x80, 0xff, bytes[at] ^ 1]) {
        const changed = bytes.slice();
        changed[at] = value;
        attempt(format, read, changed);
      }
    }
  }
});

const damage = fc.array(fc.tuple(fc.constantFrom("set", "insert", "remove", "repeat"), fc.nat(), fc.nat(255)), {
  minLength: 1,
  maxLength: 6,
});

Deno.test("property: any values, any damage", () => {
  fc.assert(
    fc.property(fc.array(travelling, { maxLength: 6 }), damage, (values, steps) => {
      for (const format of FORMATS) {
        const { bytes, read } = format.write(values);
        let damaged = [...bytes];
        for (const [kind, at, value] of steps) {
          const place = at % (damaged.length + 1);
          if (kind === "set") damaged[place] = value;
          else if (kind === "insert") damaged.splice(place, 0, value);
          else if (kind === "remove") damaged.splice(place, 1 + value % 5);
          else damaged = [...damaged.slice(0, place), ...damaged.slice(place / 2), ...damaged.slice(place)];
        }
        attempt(format, read, Uint8Array.from(damaged));
      }
    }),
    { numRuns: 300 },
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      for (const format of FORMATS) attempt(format, format.write([]).read, bytes);
    }),
    { numRuns: 500 },
  );
});

/** Eight bytes that say the largest length there is. */
const HUGE = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f];
/** 32,000,000 as varint: below V8's limit for arrays in one piece. */
const DENSE = [0x80, 0x90, 0xa1, 0x0f];
const LENGTH = [Tag.STRING, 12, ...new TextEncoder().encode("length")];

// What each would allocate or repeat if its lengths were believed.
const BOMBS: Readonly<Record<string, readonly number[]>> = {
  "text": [Tag.STRING, ...HUGE],
  "bigint": [Tag.BIGINT, ...HUGE],
  "object": [ObjectKind.PLAIN, ...HUGE],
  "array": [ObjectKind.ARRAY, ...HUGE, 0, 0],
  "map": [ObjectKind.MAP, ...HUGE, 0, 0],
  "set": [ObjectKind.SET, ...HUGE, 0],
  "bytes": [ObjectKind.ARRAY_BUFFER, ...HUGE],
  "view": [ObjectKind.VIEW, 1, ...HUGE],
  "sparse array": [Tag.SPARSE_ARRAY, ...HUGE, ObjectKind.PLAIN, 0],
  "dense array of holes": [Tag.SPARSE_ARRAY, ...DENSE, ObjectKind.PLAIN, 1],
  "array whose length is a field": [Tag.SPARSE_ARRAY, 0, ObjectKind.PLAIN, 1, ...LENGTH.slice(1), Tag.INT, 0, 0, 0, 9],
  "resizable buffer": [Tag.RESIZABLE_BUFFER, ...HUGE, 0],
  "resizable buffer smaller than its content": [Tag.RESIZABLE_BUFFER, 1, 2, 0, 0],
  "view whose buffer is a number": [Tag.SHARED_VIEW, 1, Tag.INT, 0, 0, 0, 0x7f, 0, 0],
  "view whose buffer is itself": [Tag.SHARED_VIEW, 1, Tag.REFERENCE, 0, 0, 0],
  "view outside its buffer": [Tag.SHARED_VIEW, 8, ObjectKind.ARRAY_BUFFER, 4, 0, 0, 0, 0, 0, 8],
  "unaligned view": [ObjectKind.VIEW, 8, 3, 0, 0, 0],
  "unknown view": [ObjectKind.VIEW, 99, 0],
  "unknown error": [ObjectKind.ERROR, 99, 0],
  "boxed object": [ObjectKind.BOXED, ObjectKind.PLAIN, 0],
  "boxed nothing": [ObjectKind.BOXED, Tag.UNDEFINED],
  "boxed null": [ObjectKind.BOXED, Tag.NULL],
  "pattern that is none": [ObjectKind.REGEXP, 2, 0x28, 0],
  "unknown flags": [ObjectKind.REGEXP, 2, 0x61, 2, 0x21],
  "reference to what comes later": [ObjectKind.ARRAY, 1, Tag.REFERENCE, 1],
  "varint without end": [Tag.STRING, ...new Array(2000).fill(0x80)],
  "varint above the safe integers": [Tag.STRING, ...new Array(7).fill(0xff), 0x7f],
  "half a unit of UTF-16": [Tag.STRING, 7, 0, 0xd8, 0],
  "nesting without end": new Array(1_000_000).fill(0).flatMap(() => [ObjectKind.ARRAY, 1]),
  "bytes after the value": [Tag.NULL, Tag.NULL],
};

Deno.test("lengths that lie: refused at once, without the memory they speak of", () => {
  for (const [name, bytes] of Object.entries(BOMBS)) {
    const input = Uint8Array.from(bytes);
    assert.throws(() => deserializeValue(input), { code: "TSF-2106" }, name);
    // As a value of a column.
    const schema = schemaFor([/x/]);
    const { bytes: batch } = encodeBatch(schema, [null], [0]);
    const framed = new Uint8Array(batch.length + input.length);
    framed.set(batch);
    framed[batch.length - 1] = 0; // Every row is generic.
    framed.set(input, batch.length);
    assert.throws(() => decodeBatch(() => schema, framed), { code: "TSF-2106" }, name);
  }
  const before = Deno.memoryUsage();
  const holes = deserializeValue(Uint8Array.of(Tag.SPARSE_ARRAY, ...DENSE, ObjectKind.PLAIN, 0)) as unknown[];
  const grown = Deno.memoryUsage().heapTotal - before.heapTotal;
  assert.equal(holes.length, 32_000_000);
  assert.deepEqual(Object.keys(holes), []);
  assert.ok(grown < 50 * 2 ** 20, `${grown} bytes for holes`);
});

Deno.test("keys that lie", () => {
  const cases: Readonly<Record<string, readonly number[]>> = {
    "tuple": [6, ...HUGE],
    "record": [7, ...HUGE],
    "text": [5, ...HUGE],
    "bigint": [4, ...HUGE],
    "nesting without end": new Array(100_000).fill(0).flatMap(() => [6, 1]),
    "65 levels": [...new Array(65).fill(0).flatMap(() => [6, 1]), 2],
    "unknown tag": [9],
    "no tag": [],
  };
  for (const [name, bytes] of Object.entries(cases)) {
    assert.throws(() => readKey(new ByteReader(Uint8Array.from(bytes))), { code: "TSF-2106" }, name);
  }
  const deepest = [...new Array(64).fill(0).flatMap(() => [6, 1]), 2];
  assert.throws(() => readKey(new ByteReader(Uint8Array.from(deepest).subarray(0, 128))), { code: "TSF-2106" });
  assert.ok(Array.isArray(readKey(new ByteReader(Uint8Array.from(deepest)))));
});

Deno.test("schemas that lie: no code is made from what is no schema", () => {
  const texts = [
    '[1,[16,[false,["a"],[[16]]]]]', // shapes without the kind that has them
    "[1,[256]]", // the kind without shapes
    "[1,[512]]",
    "[1,[-1]]",
    "[1,[1.5]]",
    '[1,["16"]]',
    '[1,[256,[0,["a"],[[16]]]]]',
    '[1,[256,[false,["a","b"],[[16]]]]]',
    "[1,[256,[false,[1],[[16]]]]]",
    "[1,[256,[false,[null],[[16]]]]]",
    '[1,[256,[false,{"length":"0;globalThis.hacked=1"},[]]]]',
    '[1,[256,[false,"ab",[[16],[16]]]]]',
    '[1,[256,[false,["a"],[[16]],1]]]',
    "[1,[16],2]",
    "1",
    "null",
    "[".repeat(100_000),
    `[1,${'[256,[true,["0"],['.repeat(20_000)}`,
  ];
  for (const text of texts) {
    assert.throws(() => deserializeSchema(new TextEncoder().encode(text)), { code: "TSF-2109" }, text.slice(0, 60));
  }
});

Deno.test("batches that lie: rows, flags, tags, forms and counts of text", () => {
  const values = ["ab", "c"];
  const schema = schemaFor(values);
  const { bytes } = encodeBatch(schema, values, [Number.MIN_SAFE_INTEGER, Number.MIN_SAFE_INTEGER]);
  // format, flags, 16 hash, 4 rows | tag, form and width, 4 bytes of text, lengths, text
  assert.deepEqual([...bytes.subarray(18)], [2, 0, 0, 0, 7, 0x01, 3, 0, 0, 0, 2, 1, 97, 98, 99]);
  const cases: readonly (readonly [at: number, value: number])[] = [
    [0, 0],
    [0, 2],
    [1, 2],
    [1, 0x80],
    [18, 1],
    [18, 3],
    [19, 0x10],
    [21, 0xff],
    [22, 9],
    [22, 16],
    [22, 254],
    [22, 255],
    [23, 0x00],
    [23, 0x03],
    [23, 0x31],
    [23, 0xf1],
    [24, 2],
    [24, 4],
    [27, 0xff],
    [28, 0],
    [28, 3],
    [29, 255],
  ];
  for (const [at, value] of cases) {
    const changed = bytes.slice();
    changed[at] = value;
    assert.throws(() => decodeBatch(() => schema, changed), { code: "TSF-2106" }, `byte ${at} = ${value}`);
  }
});
