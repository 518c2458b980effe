/**
 * Every stored format in its first version: the content of the fixtures, and how today's code writes it. Read by
 * formats_test.ts and write_fixtures.ts. Content of a written fixture never changes; new content gets a new name, a new
 * version of a format a new folder.
 *
 * @module
 */

import { ByteWriter } from "../../runtime/types/byte_buffer.ts";
import { writeKey } from "../../runtime/types/canonical_key.ts";
import { encodeBatch } from "../../runtime/types/columnar_codec.ts";
import { serializeValue } from "../../runtime/types/generic_serializer.ts";
import type { Key } from "../../runtime/types/key.ts";
import { Schema } from "../../runtime/types/schema.ts";
import { SchemaTracker } from "../../runtime/types/schema_tracker.ts";
import { NO_TIMESTAMP } from "../../runtime/types/stream_element.ts";
import { Types } from "../../runtime/types/type_information.ts";
import { writtenSnapshot } from "./stateful_operator.ts";

/** Where the fixtures of this version are. */
export const FIXTURES: URL = new URL("./fixtures/v1/", import.meta.url);

function errorWithoutPlace(error: Error): Error {
  error.stack = `${error.name}: ${error.message}`;
  return error;
}
function cycle(): object {
  const node: Record<string, unknown> = { name: "node", list: [1] };
  node.self = node;
  (node.list as unknown[]).push(node, node.list);
  return node;
}
function twoViews(): object {
  const buffer = new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8]).buffer;
  return { bytes: new Uint8Array(buffer), words: new Uint16Array(buffer, 2, 2), buffer };
}
function resizable(): ArrayBuffer {
  const buffer = new ArrayBuffer(3, { maxByteLength: 16 });
  new Uint8Array(buffer).set([7, 8, 9]);
  return buffer;
}
function sparse(): unknown[] {
  const list: unknown[] = [1];
  list[5000] = "far";
  return Object.assign(list, { named: true });
}

/** One value for each tag of the generic serializer and each form it has. */
export const VALUES: Readonly<Record<string, () => unknown>> = {
  "nothing": () => [undefined, null],
  "booleans": () => [true, false],
  "numbers": () => [0, 255, 256, -1, 2 ** 31 - 1, -(2 ** 31), 2 ** 31, -0, NaN, Infinity, -Infinity, 0.1, 2 ** 53],
  "bigints": () => [0n, 1n, -1n, 2n ** 32n, -(2n ** 64n), 2n ** 600n + 5n, -(2n ** 1000n)],
  "texts":
    () => ["", "a", "é", "日本語", "😀", "\ud800", "\ude00\ud83d", "x".repeat(24), "x".repeat(25), "é".repeat(80)],
  "object": () => ({ b: 1, a: { nested: [] }, "": 0, "7": "first" }),
  "object with __proto__": () => JSON.parse('{"__proto__":{"a":1}}'),
  "array": () => [[], [1, [2]], [{ a: 1 }]],
  "sparse array": sparse,
  "holes": () => new Array(3),
  "dates": () => [new Date(0), new Date(-1), new Date(NaN), new Date(8.64e15)],
  "map": () => new Map<unknown, unknown>([["a", 1], [{ k: 1 }, new Map()], [NaN, -0]]),
  "set": () => new Set<unknown>([1, "1", [1]]),
  "patterns": () => [/a+\/b/gi, new RegExp("")],
  "errors": () => [
    errorWithoutPlace(new Error("plain")),
    ...[EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError].map((E) =>
      errorWithoutPlace(new E("e"))
    ),
    errorWithoutPlace(new Error("outer", { cause: { code: 5 } })),
  ],
  "buffers": () => [new Uint8Array([1, 2]).buffer, resizable()],
  "views": () => [
    Int8Array.of(-1),
    Uint8Array.of(255),
    Uint8ClampedArray.of(255),
    Int16Array.of(-2),
    Uint16Array.of(65535),
    Int32Array.of(-3),
    Uint32Array.of(2 ** 32 - 1),
    Float32Array.of(1.5),
    Float64Array.of(-0.1),
    BigInt64Array.of(-4n),
    BigUint64Array.of(2n ** 64n - 1n),
    new DataView(new Uint8Array([9]).buffer),
    Float16Array.of(0.5),
  ],
  "part of a buffer": () => new Uint8Array([0, 1, 2, 3]).subarray(1, 3),
  "views of one buffer": twoViews,
  "boxed": () => [Object(1), Object("s"), Object(true), Object(5n)],
  "cycle": cycle,
  "many shared objects": () => {
    const objects = Array.from({ length: 20 }, (_, i) => ({ i }));
    return [...objects, ...objects.toReversed()];
  },
  "record": () => ({
    id: 1007,
    user: "u-17",
    price: 12.25,
    tags: ["a", "b"],
    at: new Date(1_700_000_000_000),
    note: null,
  }),
};

/** Keys of every kind. */
export const KEYS: Readonly<Record<string, Key>> = {
  "false": false,
  "true": true,
  "zero": -0,
  "NaN": NaN,
  "int": 42,
  "negative": -1.5,
  "large": 2 ** 53,
  "bigint": 1n,
  "negative bigint": -(2n ** 64n),
  "empty": "",
  "text": "key",
  "wide text": "日本語",
  "lone surrogate": "\ud800",
  "long text": "k".repeat(100),
  "tuple": ["a", 1, true, 2n],
  "nested tuple": [[], [["x"]]],
  "record": { b: 2, a: "x", nested: { z: [1], y: -0 } },
};

function schemaFor(...values: unknown[]): Schema {
  const tracker = new SchemaTracker();
  for (const value of values) tracker.observe(value);
  return tracker.schema();
}

const BID = {
  auction: 1007,
  bidder: 2001,
  price: 99.5,
  channel: "apple",
  url: "https://x/é",
  dateTime: 1.7e12,
  extra: "",
};

/** Schemas, with the values of one batch each. */
export const BATCHES: Readonly<
  Record<string, { readonly schema: Schema; readonly values: () => unknown[]; readonly timed?: true }>
> = {
  "ints": { schema: schemaFor(1), values: () => [1, -2, 2 ** 31 - 1] },
  "doubles": { schema: schemaFor(1, 0.5), values: () => [1, 0.5, -0, NaN], timed: true },
  "texts": { schema: schemaFor("a"), values: () => ["a", "", "bc"] },
  "wide texts": { schema: schemaFor("é"), values: () => ["é", "日本語", "😀"] },
  "texts as UTF-16": { schema: schemaFor("é"), values: () => ["日本語日本語", "\ud800"] },
  "long texts": { schema: schemaFor("a"), values: () => ["a".repeat(300), "b"] },
  "bigints": { schema: schemaFor(1n), values: () => [1n, -(2n ** 63n)] },
  "constants": { schema: schemaFor(null, undefined, true), values: () => [null, undefined, true, false] },
  "bids": {
    schema: schemaFor(BID),
    values: () => [BID, { ...BID, auction: 1008, price: 0.01, channel: "baidu" }],
    timed: true,
  },
  "nullable": {
    schema: schemaFor({ a: 1, b: "x" }, { a: null, b: undefined }),
    values: () => [{ a: null, b: "y" }, { a: 5, b: undefined }],
  },
  "tuples": { schema: schemaFor(["k", 1]), values: () => [["a", 1], ["b", 2]] },
  "two shapes": { schema: schemaFor({ a: 1 }, { b: { c: "x" } }), values: () => [{ b: { c: "y" } }, { a: 2 }] },
  "unforeseen": {
    schema: schemaFor({ a: 1 }),
    values: () => [{ a: 1 }, { a: "x" }, { a: 1, extra: [1] }, new Date(5)],
  },
  "generic": { schema: Schema.generic(), values: () => [{ a: 1 }, "x"] },
  "built-ins in a column": {
    schema: schemaFor({ at: new Date(0) }),
    values: () => [{ at: new Date(7) }, { at: new Map([[1, 2]]) }],
  },
  "odd names": {
    schema: schemaFor(JSON.parse('{"__proto__":1,"":2,"é":3}')),
    values: () => [JSON.parse('{"__proto__":4,"":5,"é":6}')],
  },
  "declared": {
    schema: Schema.of(
      Types.ROW({ id: Types.LONG, name: Types.NULLABLE(Types.STRING), at: Types.BIGINT, on: Types.BOOLEAN }),
    ),
    values: () => [{ id: 1, name: null, at: 5n, on: true }],
  },
};

/** The timestamps of the timed batches: every other record has none. */
export function timestampsOf(values: readonly unknown[], timed: true | undefined): number[] {
  return values.map((_, i) => timed && i % 2 === 0 ? 1_700_000_000_000 + i : NO_TIMESTAMP);
}

/** Bytes in a fixture are hex digits. */
function toJson(content: unknown): string {
  return JSON.stringify(
    content,
    (_, value) => value instanceof Uint8Array ? { hex: value.toHex() } : value,
    2,
  ) + "\n";
}

/** A fixture with its bytes. */
export function fromJson(text: string): unknown {
  return JSON.parse(text, (_, value) => typeof value?.hex === "string" ? Uint8Array.fromHex(value.hex) : value);
}

function each<T, R>(table: Readonly<Record<string, T>>, write: (entry: T) => R): Record<string, R> {
  return Object.fromEntries(Object.entries(table).map(([name, entry]) => [name, write(entry)]));
}
function keyBytes(key: Key): Uint8Array {
  const out = new ByteWriter();
  writeKey(out, key);
  return out.toBytes();
}

/** The text of every fixture as today's code writes it, by file name. */
export async function written(): Promise<Record<string, string>> {
  return {
    "values.json": toJson(each(VALUES, (make) => serializeValue(make()))),
    "keys.json": toJson(each(KEYS, keyBytes)),
    "batches.json": toJson(each(BATCHES, ({ schema, values, timed }) => ({
      schema: schema.text,
      hash: schema.hash,
      batch: encodeBatch(schema, values(), timestampsOf(values(), timed)).bytes,
    }))),
    "operator.json": toJson(await writtenSnapshot()),
  };
}
