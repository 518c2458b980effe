import assert from "node:assert/strict";
import fc from "fast-check";
import { ByteReader, ByteWriter } from "./byte_buffer.ts";
import { anyText, assertExact, graph, travelling } from "./clone_oracle_test.ts";
import { deserializeValue, readValue, serializeValue, writeValue } from "./generic_serializer.ts";

const roundTrip = (value: unknown): unknown => deserializeValue(serializeValue(value));

Deno.test("gives back what structured clone gives", () => {
  fc.assert(fc.property(travelling, (value) => assertExact(roundTrip(value), structuredClone(value))), {
    numRuns: 1000,
  });
  fc.assert(fc.property(anyText, (text) => roundTrip(text) === text), { numRuns: 300 });
});

Deno.test("cycles and shared references come back as such", () => {
  fc.assert(fc.property(graph, (root) => assertExact(roundTrip(root), structuredClone(root))), { numRuns: 500 });
  const many = Array.from({ length: 40 }, () => ({}));
  const twice = [...many, ...many];
  assertExact(roundTrip(twice), twice);
});

Deno.test("named cases", () => {
  const buffer = new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8]).buffer;
  const shared = roundTrip({ buffer, view: new Uint16Array(buffer, 2, 2) }) as {
    buffer: ArrayBuffer;
    view: Uint16Array;
  };
  assert.equal(shared.view.buffer, shared.buffer);
  assert.deepEqual([shared.view.byteOffset, shared.view.length], [2, 2]);
  const views = roundTrip([new Uint8Array(buffer), new Int32Array(buffer)]) as [Uint8Array, Int32Array];
  assert.equal(views[0].buffer, views[1].buffer);

  const big = new Uint8Array(1_000_000);
  assert.ok(serializeValue(big.subarray(10, 20)).length < 40, "a view carries only its own bytes");
  assertExact(roundTrip(big.subarray(10, 20)), new Uint8Array(10));
  for (
    const View of [Int8Array, Uint8ClampedArray, Int16Array, Uint32Array, Float32Array, BigUint64Array, Float16Array]
  ) {
    assertExact(roundTrip(new View(3)), new View(3));
  }
  const resizable = new ArrayBuffer(4, { maxByteLength: 16 });
  assertExact(roundTrip(resizable), structuredClone(resizable));

  const match = /(?<first>b)/.exec("abc");
  assertExact(roundTrip(match), structuredClone(match));
  const sparse: unknown[] = [];
  sparse[1_000_000_000] = "far";
  assert.ok(serializeValue(sparse).length < 40);
  assertExact(roundTrip(sparse), sparse);
  assertExact(roundTrip(new Array(3)), new Array(3));
  assertExact(roundTrip(Object.groupBy([1, 2], (n) => `k${n}`)), { k1: [1], k2: [2] });
  assertExact(roundTrip(Object.assign(/x/g, { lastIndex: 3 })), /x/g);
  const renamed = Object.assign(new Error("m"), { name: "Custom", code: 5 });
  assertExact(roundTrip(renamed), structuredClone(renamed));
  const withGetter = {
    get computed() {
      return [1];
    },
  };
  assertExact(roundTrip(withGetter), { computed: [1] });
});

Deno.test("what cannot travel is refused with its place, and nothing half-written remains", () => {
  class Point {
    x = 1;
  }
  class MyMap extends Map {}
  class MyError extends Error {}
  const cases: readonly (readonly [unknown, string, RegExp])[] = [
    [() => 1, "value", /holds a function/],
    [{ user: { tags: [1, { cb: Math.max }] } }, "value.user.tags[1].cb", /the function max/],
    [{ "odd name": Symbol("s") }, 'value["odd name"]', /a symbol/],
    [[new Point()], "value[0]", /a Point instance/],
    [{ a: new MyMap() }, "value.a", /a MyMap instance/],
    [{ a: new MyError() }, "value.a", /a MyError instance/],
    [new Map([["k", { p: new Point() }]]), "value.k.p", /a Point instance/],
    [new Map([[{ p: new Point() }, 1]]), 'value["key 0"].p', /a Point instance/],
    [new Set([1, new Point()]), "value[1]", /a Point instance/],
    [new Error("e", { cause: { p: new Point() } }), "value.cause.p", /a Point instance/],
    [{ w: new WeakMap() }, "value.w", /a WeakMap instance/],
    [{ p: Promise.resolve() }, "value.p", /a Promise instance/],
    [{ d: Temporal.Duration.from({ days: 1 }) }, "value.d", /Duration/],
    [{ u: new URL("http://x") }, "value.u", /a URL instance/],
    [{ s: new Uint8Array(new SharedArrayBuffer(1)) }, "value.s", /SharedArrayBuffer/],
    [Object.create({ inherited: 1 }), "value", /prototype of its own/],
  ];
  for (const [value, path, found] of cases) {
    const out = new ByteWriter();
    out.u8(7);
    assert.throws(() => writeValue(out, value), (error: Error & { code: string }) => {
      assert.equal(error.code, "TSF-2101");
      assert.ok(error.message.includes(`The field ${path} holds`), error.message);
      assert.match(error.message, found);
      return true;
    });
    assert.equal(out.length, 1);
  }
});

Deno.test("too deep a value is a clear error, a deep one is none", () => {
  let nested: unknown = null;
  for (let i = 0; i < 1000; i++) nested = { nested };
  assertExact(roundTrip(nested), nested);
  for (let i = 0; i < 200_000; i++) nested = { nested };
  assert.throws(() => serializeValue(nested), { code: "TSF-2105" });
});

Deno.test("values follow each other, and damage is an error", () => {
  const out = new ByteWriter();
  const shared = { a: 1 };
  for (const value of [shared, [shared, shared], "x"]) writeValue(out, value);
  const input = new ByteReader(out.toBytes());
  assertExact([readValue(input), readValue(input), readValue(input)], [{ a: 1 }, [shared, shared], "x"]);
  assert.throws(() => deserializeValue(Uint8Array.of(200)), { code: "TSF-2106" });
  const bytes = serializeValue({ text: "a long text that is not short at all", list: [1, 2.5, 3n, new Date(0)] });
  for (let cut = 0; cut < bytes.length; cut++) {
    assert.throws(() => deserializeValue(bytes.subarray(0, cut)), { code: "TSF-2106" });
  }
});
