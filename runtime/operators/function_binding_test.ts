import assert from "node:assert/strict";
import { BugError, InvalidProgramError, JobExecutionError } from "../errors.ts";
import { perSubtask, RichFunction, RUNTIME_CONTEXT } from "../functions/rich_function.ts";
import { OutputTag } from "../functions/output_tag.ts";
import { valueState } from "../functions/state_descriptor.ts";
import { declaredDescriptors, instantiate } from "./function_binding.ts";
import { wrapUserError } from "./user_error.ts";

class Inner {
  values = [1, 2];
  constructor(readonly name: string) {}
  total(): number {
    return this.values.reduce((a, b) => a + b, 0);
  }
}
class Fn extends RichFunction {
  plain = { a: [1, { b: 2 }] };
  map = new Map<unknown, unknown>([["k", { v: 1 }]]);
  set = new Set([{ s: 1 }]);
  date = new Date(5);
  bytes = new Uint8Array([1, 2, 3]);
  pattern = /x+/gi;
  inner = new Inner("i");
  tag = new OutputTag<string>("t");
  predicate = (n: number) => n > 0;
  format = new Intl.NumberFormat("en");
  url = new URL("https://example.org/a?b=1");
  symbol = Symbol.for("s");
  self: unknown = this;
  twice = [this.plain, this.plain];
  get computed(): number {
    return this.inner.total();
  }
}

Deno.test("a copy has the class and the content, and shares nothing that can change", () => {
  const original = new Fn();
  Object.defineProperty(original, "hidden", { value: { h: 1 }, enumerable: false });
  const copy = instantiate(original) as Fn & { hidden: { h: number } };
  assert.ok(copy instanceof Fn && copy.inner instanceof Inner && copy.tag instanceof OutputTag);
  assert.deepEqual(copy.plain, original.plain);
  assert.deepEqual([...copy.map], [...original.map]);
  assert.deepEqual([copy.date, copy.bytes, copy.url.href], [original.date, original.bytes, original.url.href]);
  assert.deepEqual([copy.pattern.source, copy.pattern.flags, copy.hidden.h, copy.computed], ["x+", "gi", 1, 3]);
  // Closures and what never changes are shared.
  assert.equal(copy.predicate, original.predicate);
  assert.equal(copy.format, original.format);
  // Cycles and shared parts keep their shape.
  assert.equal(copy.self, copy);
  assert.equal(copy.twice[0], copy.plain);
  assert.equal(copy.twice[1], copy.plain);
  const parts = (
    fn: Fn,
  ) => [
    fn.plain,
    fn.plain.a,
    fn.map,
    fn.map.get("k"),
    fn.set,
    [...fn.set][0],
    fn.date,
    fn.bytes,
    fn.inner,
    fn.inner.values,
    fn.url,
  ];
  parts(copy).forEach((part, i) => assert.notEqual(part, parts(original)[i], `part ${i} is shared`));
});

Deno.test("the context of an earlier run is not copied", () => {
  const original = new Fn();
  original[RUNTIME_CONTEXT] = {} as never;
  assert.throws(() => instantiate(original).getRuntimeContext(), { code: "TSF-2031" });
});

Deno.test("plain functions are shared, factories make, copies of copies are independent", () => {
  const fn = () => 1;
  assert.equal(instantiate(fn), fn);
  let made = 0;
  const factory = perSubtask(() => ({ id: ++made }));
  assert.deepEqual([instantiate(factory), instantiate(factory)], [{ id: 1 }, { id: 2 }]);
});

Deno.test("what cannot be copied is named with its field", () => {
  const cases: [object, RegExp][] = [
    [{ a: { b: new WeakMap() } }, /WeakMap in field "a\.b"/],
    [{ p: Promise.resolve() }, /Promise in field "p"/],
    [{ list: [new AbortController()] }, /AbortController in field "list\.0"/],
    [new (class Cache extends Map {})(), /Map in the object itself/],
    [{ f: new (class Mine extends EventTarget {})() }, /EventTarget in field "f"/],
  ];
  for (const [fn, found] of cases) {
    assert.throws(() => instantiate(fn), { code: "TSF-2008", found, hint: /perSubtask/ });
  }
});

Deno.test("the state record names its descriptors", () => {
  const state = { count: valueState<number>({ defaultValue: 3 }), last: valueState<string>() };
  assert.deepEqual(declaredDescriptors({ state }), [
    { kind: "value", defaultValue: 3, name: "count" },
    { kind: "value", name: "last" },
  ]);
  assert.deepEqual([declaredDescriptors(() => 1), declaredDescriptors({}), declaredDescriptors(undefined)], [
    [],
    [],
    [],
  ]);
});

Deno.test("wrapUserError: user errors, errors of the engine, errors that know their operator", () => {
  const here = { name: "map", uid: "m" };
  const there = { name: "source", uid: undefined };
  const error = new Error("boom");
  const wrapped = wrapUserError(error, here, "map()");
  assert.ok(wrapped instanceof JobExecutionError);
  assert.deepEqual([wrapped.code, wrapped.operator, wrapped.cause], ["TSF-2001", here, error]);
  assert.match(wrapped.userLine!, /function_binding_test\.ts:\d+:\d+$/);
  assert.equal(wrapUserError(wrapped, there, "x"), wrapped);
  for (const thrown of ["text", 5, undefined, null, { a: 1 }]) {
    assert.equal(wrapUserError(thrown, here, "map()").summary, `map() failed: ${thrown}`);
  }
  for (const Class of [InvalidProgramError, BugError]) {
    const plain = new Class("TSF-2101", "cannot travel", {
      expected: "data",
      found: "a function",
      hint: "h",
      cause: error,
    });
    const named = wrapUserError(plain, here, "map()");
    assert.ok(named === plain, "in place: a copy would lose the frames that Deno prints");
    const { code, summary, expected, found, hint, cause, operator } = named;
    assert.deepEqual({ code, summary, expected, found, hint, cause, operator }, {
      code: "TSF-2101",
      summary: "cannot travel",
      expected: "data",
      found: "a function",
      hint: "h",
      cause: error,
      operator: here,
    });
    assert.match(named.stack!, /operator: map[^]*function_binding_test\.ts/);
    assert.match(named.userLine!, /function_binding_test\.ts/);
  }
});
