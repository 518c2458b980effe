import assert from "node:assert/strict";
import fc from "fast-check";
import { assertExact, fingerprint, graph, travelling } from "./clone_oracle_test.ts";
import { assertTravels, copyValue } from "./copy.ts";

/** Every object reachable from a value. */
function reachable(value: unknown, found: Set<object> = new Set()): Set<object> {
  if (typeof value !== "object" || value === null || found.has(value)) return found;
  found.add(value);
  if (value instanceof Map) { for (const entry of value) entry.forEach((part) => reachable(part, found)); }
  if (value instanceof Set) { for (const element of value) reachable(element, found); }
  if (value instanceof Error) reachable(value.cause, found);
  if (ArrayBuffer.isView(value)) return found.add(value.buffer);
  for (const key of Object.keys(value)) reachable(Reflect.get(value, key), found);
  return found;
}

Deno.test("a copy equals its original and shares no object with it", () => {
  fc.assert(
    fc.property(travelling, (value) => {
      const before = fingerprint(value);
      const copy = copyValue(value);
      assertExact(copy, structuredClone(value));
      const originals = reachable(value);
      for (const object of reachable(copy)) assert.ok(!originals.has(object));
      assert.equal(fingerprint(value), before);
      assertTravels(value);
    }),
    { numRuns: 1000 },
  );
});

Deno.test("what was one object in the original is one in the copy, whatever the shape of the graph", () => {
  fc.assert(fc.property(graph, (root) => assertExact(copyValue(root), structuredClone(root))), { numRuns: 500 });
  fc.assert(fc.property(graph, (root) => assertTravels({ root, again: [root] })), { numRuns: 100 });
  const shared = { n: 1 };
  const buffer = new ArrayBuffer(4);
  const values: unknown[] = [
    { left: shared, right: shared },
    [shared, [shared]],
    new Map([["a", shared], ["b", shared]]),
    new Map([[shared, shared]]),
    new Set([shared, { shared }]),
    [new Uint8Array(buffer), new Uint16Array(buffer)],
    // Around the point where a scan becomes a Set.
    ...[15, 16, 17, 18, 40].flatMap((count) => {
      const objects = Array.from({ length: count }, (_, i) => ({ i }));
      return [0, count >> 1, count - 1].map((at) => [...objects, objects[at]]);
    }),
  ];
  for (const value of values) assertExact(copyValue(value), structuredClone(value));
});

Deno.test("primitives are themselves", () => {
  for (const value of [0, -0, NaN, "", "x", 1n, true, null, undefined]) assert.ok(Object.is(copyValue(value), value));
});

Deno.test("cycles, deep and shared values", () => {
  const node: Record<string, unknown> = { name: "a", list: [1] };
  node.self = node;
  (node.list as unknown[]).push(node);
  const copy = copyValue(node);
  assert.equal(copy.self, copy);
  assertExact(copy, structuredClone(node));
  assertTravels(node);
  let deep: unknown = 1;
  for (let i = 0; i < 500; i++) deep = i % 2 === 0 ? { deep } : [deep];
  assertExact(copyValue(deep), structuredClone(deep));
  const match = /b/.exec("abc");
  assertExact(copyValue(match), structuredClone(match));
  const far: unknown[] = [];
  far[2 ** 31] = 1;
  assertExact(copyValue(far), structuredClone(far));
  const big = new Uint8Array(1000).subarray(1, 3);
  assert.equal(copyValue(big).buffer.byteLength, 2);
  assertExact(copyValue(Object.assign(Object.create(null), { a: [1] })), { a: [1] });
  const holes = new Array(100);
  holes[99] = {};
  assertExact(copyValue(holes), structuredClone(holes));
});

Deno.test("what cannot travel is refused by copy and check, with field and operator", () => {
  class Point {
    x = 1;
  }
  const deep = { a: { b: { c: { d: { e: { f: { g: { h: { i: { j: { k: new Point() } } } } } } } } } } };
  const cases: readonly (readonly [unknown, string])[] = [
    [() => 1, "value"],
    [Symbol("s"), "value"],
    [new Point(), "value"],
    [{ fn: () => 1 }, "value.fn"],
    [{ a: [1, { fn: Symbol("s") }] }, "value.a[1].fn"],
    [new Map([["k", new Point()]]), "value.k"],
    [new Map([[Symbol("k"), 1]]), 'value["key 0"]'],
    [new Set([() => 1]), "value[0]"],
    [Object.assign([1], { extra: () => 1 }), "value.extra"],
    [new Error("e", { cause: new Point() }), "value.cause"],
    [deep, "value.a.b.c.d.e.f.g.h.i.j.k"],
  ];
  for (const [value, path] of cases) {
    const message = new RegExp(`The field ${path.replaceAll(/[[\].]/g, "\\$&")} holds`);
    assert.throws(() => copyValue(value), { code: "TSF-2101", message });
    assert.throws(() => assertTravels(value, { name: "map", uid: "u" }), (error: Error) => {
      assert.match(error.message, message);
      assert.match(error.message, /operator: map \(uid "u"\)/);
      assert.equal(error.name, "InvalidProgramError");
      return true;
    });
  }
});
