/**
 * Values made to break copies and codecs, through every way a value can take: copyValue, the generic serializer, the
 * columnar codec with a schema that has seen the value and with schemas that have not. The oracle is structured clone.
 *
 * @module
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import { assertExact, fingerprint, graph, travelling } from "./clone_oracle_test.ts";
import { decodeBatch, encodeBatch } from "./columnar_codec.ts";
import { assertTravels, copyValue } from "./copy.ts";
import { deserializeValue, serializeValue } from "./generic_serializer.ts";
import { Schema } from "./schema.ts";
import { SchemaTracker } from "./schema_tracker.ts";

function schemaFor(...values: unknown[]): Schema {
  const tracker = new SchemaTracker();
  for (const value of values) tracker.observe(value);
  return tracker.schema();
}
function throughCodec(schema: Schema, value: unknown): unknown {
  const { bytes } = encodeBatch(schema, [value], [0]);
  return decodeBatch(() => schema, bytes).values[0];
}

const WAYS: Readonly<Record<string, (value: unknown) => unknown>> = {
  "copyValue": copyValue,
  "generic": (value) => deserializeValue(serializeValue(value)),
  "codec, seen": (value) => throughCodec(schemaFor(value), value),
  "codec, seen in a field": (value) =>
    (throughCodec(schemaFor({ id: 1, value }), { id: 1, value }) as { value: unknown }).value,
  "codec, unforeseen": (value) => throughCodec(schemaFor(1), value),
  "codec, unforeseen in a field": (value) =>
    (throughCodec(schemaFor({ id: 1, value: 5n }), { id: 1, value }) as { value: unknown }).value,
  "codec, generic": (value) => throughCodec(Schema.generic(), value),
};

/** NaN of any bits are one value in JavaScript; only typed arrays keep them apart. */
const NAN_BITS = new BigUint64Array([0x7ff8000000000001n, 0xfff0000000000001n, 0x7ff0000000000000n]);

function cyclicMap(): Map<unknown, unknown> {
  const map = new Map<unknown, unknown>();
  return map.set(map, map).set("list", [map]);
}
function ring(size: number): object {
  const nodes = Array.from({ length: size }, (_, id): { id: number; next?: object; prev?: object } => ({ id }));
  nodes.forEach((node, i) => {
    node.next = nodes[(i + 1) % size];
    node.prev = nodes[(i + size - 1) % size];
  });
  return nodes[0];
}
/** Each level holds the next one twice: 2^depth ways to the bottom. */
function doubling(depth: number): unknown {
  let value: unknown = { bottom: true };
  for (let i = 0; i < depth; i++) value = i % 2 === 0 ? { a: value, b: value } : [value, value];
  return value;
}
function tree(): object {
  const root: { children: object[] } = { children: [] };
  for (let i = 0; i < 40; i++) root.children.push({ parent: root, sibling: root.children[i - 1] ?? null });
  return root;
}

const EXACT: Readonly<Record<string, () => unknown>> = {
  "huge ASCII text": () => "x".repeat(3_000_000),
  "huge wide text": () => "日本".repeat(500_000),
  "huge text with a lone surrogate at the end": () => "é".repeat(500_000) + "\ud800",
  "surrogates that meet": () => ({ a: "\ud83d", b: "\ude00", c: "\ud83d\ude00", d: "\ude00\ud83d" }),
  "text with a byte order mark and zeros": () => ["\ufeff", "\ufeffa", "\u0000", "a\u0000b", "\uffff", "\ufffd"],
  "zero both ways": () => ({ plus: 0, minus: -0, list: [-0, 0], set: new Set([0]), boxed: Object(-0) }),
  "numbers at the edges": () => [5e-324, -5e-324, 1.7976931348623157e308, 2 ** 53 + 2, -(2 ** 31) - 1, 2 ** 32, NaN],
  "NaN bits in a typed array": () => new Float64Array(NAN_BITS.buffer.slice(0)),
  "bigints at the edges": () => [-1n, 0n, 2n ** 63n, -(2n ** 63n) - 1n, 2n ** 64n, 2n ** 512n - 1n, -(2n ** 513n)],
  "a bigint of 100,000 bits": () => (2n ** 100_000n) / 7n,
  "dates": () => [new Date(NaN), new Date(8.64e15), new Date(-8.64e15), new Date(-1), new Date(0)],
  "patterns": () => [/[/\]]+/dgimsuy, /(?<a>\u{1F600})/v, new RegExp(""), new RegExp("\n"), /\//],
  "a pattern in use": () => Object.assign(/x/g, { lastIndex: 3 }),
  "errors": () => [
    new RangeError("r"),
    new Error("with cause", { cause: new TypeError("inner", { cause: [1] }) }),
    Object.assign(new Error("own fields"), { code: "E", name: "Own" }),
    new URIError(""),
  ],
  "an error that causes itself": () => {
    const error = new Error("self");
    error.cause = { error };
    return error;
  },
  "frozen, sealed, not extensible": () => [
    Object.freeze({ a: Object.freeze([1]) }),
    Object.seal({ b: 1 }),
    Object.preventExtensions([1]),
  ],
  "getters, also on a class-less prototype of null": () =>
    Object.create(null, {
      sum: { get: () => 3, enumerable: true },
      hidden: { value: 1, enumerable: false },
    }),
  "no prototype, nested": () =>
    Object.assign(Object.create(null), { inner: Object.assign(Object.create(null), { a: 1 }) }),
  "names of Object's own methods": () => ({
    hasOwnProperty: 1,
    valueOf: 2,
    toString: "3",
    constructor: { name: "X" },
    then: 4,
  }),
  "__proto__ as a field, nested": () =>
    JSON.parse('{"__proto__":{"__proto__":[{"__proto__":null}],"a":1},"b":{"__proto__":5}}'),
  "index-like and odd names": () => ({
    "10": "a",
    "9": "b",
    "-1": "c",
    "01": "d",
    "4294967295": "e",
    "4294967294": "f",
    "": "g",
  }),
  "sparse": () => {
    const far: unknown[] = [];
    far[4_294_967_294] = { last: true };
    far[7] = undefined;
    return [far, new Array(5), Object.assign(new Array(2000), { 1999: 1, name: "n" })];
  },
  "as many named properties as holes": () => [
    // deno-lint-ignore no-sparse-arrays -- holes are what is tested
    Object.assign([, 1], { a: 1 }),
    // deno-lint-ignore no-sparse-arrays -- holes are what is tested
    Object.assign([1, ,], { "1.5": 1 }),
    Object.assign([], { "-1": 1 }),
  ],
  "maps and sets with objects for keys": () => {
    const key = { id: 1 };
    return new Map<unknown, unknown>([[key, [key]], [new Date(1), 1], [NaN, "nan"], [
      new Map([[key, 1]]),
      new Set([key]),
    ]]);
  },
  "a map that holds itself": cyclicMap,
  "a set that holds itself": () => {
    const set = new Set<unknown>([1]);
    return set.add(set).add([set]);
  },
  "a ring": () => ring(100),
  "parents and siblings": tree,
  "2^60 ways to one object": () => doubling(60),
  "900 levels": () => {
    let deep: unknown = new Map([["bottom", 1]]);
    for (let i = 0; i < 899; i++) deep = [{ deep }, [deep], new Set([deep]), new Map([[i, deep]])][i % 4];
    return deep;
  },
  "views": () => [
    new Uint8Array([1, 2, 3]).subarray(3),
    new Float32Array([NaN, -0, 1.5]),
    new BigInt64Array([-(2n ** 63n)]),
    new Uint8ClampedArray([255]),
    new Float16Array([0.5]),
    new DataView(new ArrayBuffer(3)),
    new ArrayBuffer(0),
  ],
  "two views of one buffer, and the buffer": () => {
    const buffer = new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8]).buffer;
    return {
      bytes: new Uint8Array(buffer),
      words: new Uint16Array(buffer),
      part: new Uint8Array(buffer, 2, 2),
      buffer,
    };
  },
  "a buffer that may grow, and a view that follows it": () => {
    const buffer = new ArrayBuffer(4, { maxByteLength: 64 });
    new Uint8Array(buffer)[3] = 9;
    return buffer;
  },
  "boxed": () => [Object(1), Object("text"), Object(false), Object(2n ** 70n), Object("")],
  "the result of a match": () => /(?<year>\d+)-(x)?/d.exec("on 2024-"),
  "arguments": () => [...Object.values(Object.groupBy([1, 2, 3], (n) => `k${n % 2}`))],
  "a record of 500 fields": () =>
    Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`f${i}`, i % 3 ? i : `${i}`])),
  "100,000 elements": () => Array.from({ length: 100_000 }, (_, i) => i % 7 === 0 ? i / 2 : i),
  "a list of 5,000 records": () => Array.from({ length: 5000 }, (_, i) => ({ i })),
};

Deno.test("every value comes back as structured clone gives it, whatever way it took", () => {
  for (const [name, make] of Object.entries(EXACT)) {
    const value = make();
    const expected = fingerprint(structuredClone(value));
    for (const [way, through] of Object.entries(WAYS)) {
      assert.ok(fingerprint(through(value)) === expected, `${name} by ${way}`);
    }
    assertTravels(value);
  }
});

Deno.test("property: graphs of shared references take every way unchanged", () => {
  fc.assert(
    fc.property(graph, travelling, (root, value) => {
      const both = { root, value, again: root };
      for (const [way, through] of Object.entries(WAYS)) {
        assert.ok(fingerprint(through(both)) === fingerprint(structuredClone(both)), way);
      }
    }),
    { numRuns: 150 },
  );
});

Deno.test("the bits of a NaN in a typed array survive", () => {
  for (const [way, through] of Object.entries(WAYS)) {
    const back = through(new Float64Array(NAN_BITS.buffer.slice(0))) as Float64Array;
    assert.deepEqual(new BigUint64Array(back.buffer), NAN_BITS, way);
  }
});

Deno.test("a view carries only its part, at any offset, and is a buffer of its own", () => {
  const buffer = new Uint8Array(1_000_000).map((_, i) => i).buffer;
  for (const [offset, length] of [[0, 1], [1, 7], [8, 0], [999_999, 1], [3, 1000]]) {
    for (const [way, through] of Object.entries(WAYS)) {
      const back = through(new Uint8Array(buffer, offset, length)) as Uint8Array;
      assert.deepEqual(back, new Uint8Array(buffer.slice(offset, offset + length)), way);
      assert.ok(back.buffer.byteLength < 2000, way);
    }
    for (const View of [Int16Array, Float64Array, BigUint64Array]) {
      const view = new View(buffer, 16, 3);
      for (const through of Object.values(WAYS)) assert.deepEqual(through(view), view.slice());
    }
  }
});

Deno.test("what a copy must not keep: fields under symbols do not travel, hidden ones and accessors neither", () => {
  const symbol = Symbol("s");
  const value = Object.defineProperty({ a: 1, [symbol]: 1 }, "hidden", { value: 2, enumerable: false });
  for (const [way, through] of Object.entries(WAYS)) {
    const back = through(value) as object;
    assert.deepEqual(Object.keys(back), ["a"], way);
    assert.equal(Object.hasOwn(back, "hidden"), false);
    if (way !== "copyValue") assert.deepEqual(Object.getOwnPropertySymbols(back), [], way);
  }
  let calls = 0;
  const counting = {
    get next(): number {
      return ++calls;
    },
  };
  const copy = copyValue(counting);
  assert.deepEqual(Object.getOwnPropertyDescriptor(copy, "next"), {
    value: 1,
    writable: true,
    enumerable: true,
    configurable: true,
  });
  assert.equal(calls, 1);
});

Deno.test("the error of a getter reaches the caller as it is", () => {
  const failure = new Error("getter");
  const value = {
    id: 1,
    get bad(): never {
      throw failure;
    },
  };
  for (const through of Object.values(WAYS)) assert.throws(() => through(value), (error) => error === failure);
});

class Point {
  x = 1;
}
class Tags extends Array<string> {}
class Names extends Set<string> {}
class When extends Date {}
class Failure extends TypeError {}
class Bytes extends Uint8Array {}

const REFUSED: Readonly<Record<string, readonly [value: unknown, found: RegExp]>> = {
  "instance": [new Point(), /Point/],
  "subclass of Array": [new Tags(), /Tags/],
  "subclass of Set": [new Names(), /Names/],
  "subclass of Date": [new When(0), /When/],
  "subclass of an error": [new Failure("f"), /Failure/],
  "subclass of a typed array": [new Bytes(1), /Bytes/],
  "AggregateError": [new AggregateError([]), /AggregateError/],
  "shared memory": [new SharedArrayBuffer(4), /SharedArrayBuffer/],
  "view of shared memory": [new Uint8Array(new SharedArrayBuffer(4)), /SharedArrayBuffer/],
  "part of shared memory": [new Int32Array(new SharedArrayBuffer(16), 4, 1), /SharedArrayBuffer/],
  "data view of shared memory": [new DataView(new SharedArrayBuffer(4)), /SharedArrayBuffer/],
  "WeakMap": [new WeakMap(), /WeakMap/],
  "promise": [Promise.resolve(1), /Promise/],
  "generator": [(function* () {})(), /a Generator instance/],
  "iterator of a map": [new Map().entries(), /Iterator instance/],
  "function": [() => 1, /function/],
  "class": [Point, /the function Point/],
  "symbol": [Symbol("s"), /a symbol/],
  "boxed symbol": [Object(Symbol("s")), /Symbol/],
  "object of an object": [Object.create({ a: 1 }), /prototype of its own/],
};

Deno.test("what cannot travel is refused on every way, also in a field, with its name", () => {
  for (const [name, [value, found]] of Object.entries(REFUSED)) {
    const holders: [unknown, string][] = [[value, "value"], [{ id: 1, at: [value] }, "value.at[0]"]];
    for (const [holder, path] of holders) {
      for (const [way, through] of [...Object.entries(WAYS), ["assertTravels", assertTravels] as const]) {
        const inField = way.endsWith("in a field") ? path.replace("value", "value.value") : path;
        assert.throws(() => through(holder), (error: Error & { code?: string }) => {
          assert.equal(error.code, "TSF-2101", `${name} by ${way}: ${error}`);
          assert.ok(error.message.includes(`The field ${inField} holds`), `${way}: ${error.message}`);
          assert.match(error.message, found);
          return true;
        });
      }
    }
  }
});

function nested(levels: number, wrap: (inner: unknown) => unknown): unknown {
  let value: unknown = null;
  for (let i = 0; i < levels; i++) value = wrap(value);
  return value;
}

Deno.test("the limit of nesting is the same for every shape: 1,000 levels travel, one more does not", () => {
  const wraps: ((inner: unknown) => unknown)[] = [
    (inner) => ({ inner }),
    (inner) => [inner],
    (inner) => new Map([[1, inner]]),
    (inner) => new Map([[inner, 1]]),
    (inner) => new Set([inner]),
    (inner) => Object.assign([inner], { named: 1 }),
    (cause) => cause === null ? new Error("e") : new Error("e", { cause }),
  ];
  for (const wrap of wraps) {
    const deepest = nested(1000, wrap);
    for (const through of [WAYS.generic, WAYS.copyValue, WAYS["codec, generic"]]) {
      assertExact(through(deepest), structuredClone(deepest));
    }
    const deeper = nested(1001, wrap);
    for (const through of Object.values(WAYS)) assert.throws(() => through(deeper), { code: "TSF-2105" });
    assert.throws(() => assertTravels(deeper), { code: "TSF-2105" });
  }
  // A view counts as a level, its buffer as another.
  const bottomView = nested(998, (inner) => [inner ?? new Uint8Array(4)]);
  assertExact(WAYS.generic(bottomView), structuredClone(bottomView));
});

Deno.test("a deep value that was written can be read with little stack left", () => {
  const bytes = serializeValue(nested(1000, (inner) => ({ inner })));
  const below = (levels: number): unknown => levels === 0 ? deserializeValue(bytes) : below(levels - 1);
  assert.ok(typeof below(2000) === "object");
});
