/** What `ctx.state` gives: views written as literals against those that make handles when they are asked for. */

import assert from "node:assert/strict";
import fc from "fast-check";
import type { StateDescriptor } from "../functions/state_descriptor.ts";
import { CallScope } from "./call_scope.ts";
import { StateSource, stateViews } from "./guarded_state.ts";

const operator = { name: "op", uid: "u" };
const KINDS: readonly StateDescriptor["kind"][] = ["value", "list", "map", "reducing", "aggregating"];

/** A handle that says which state it is. */
const rawOf = (name: string) => ({ get: () => name, value: () => name });

interface Declared {
  readonly name: string;
  readonly kind: StateDescriptor["kind"];
}
type View = Record<string, { get?(): unknown; value?(): unknown }>;

function viewsOf(declared: readonly Declared[], codegenId?: string) {
  const scope = new CallScope(operator);
  const sources = declared.map((each) => new StateSource(each as StateDescriptor, rawOf(each.name), scope));
  return { scope, view: stateViews(sources, codegenId) as (call: number) => View };
}

/** All that can be seen of a view in its call and after it. */
function seen(declared: readonly Declared[], codegenId?: string): unknown {
  const { scope, view } = viewsOf(declared, codegenId);
  const call = scope.enter();
  const given = view(call);
  const read = () =>
    declared.map(({ name, kind }) => {
      try {
        return kind === "value" ? given[name].value!() : given[name].get!();
      } catch (error) {
        return [(error as { code: string }).code, (error as Error).message];
      }
    });
  const names: string[] = [];
  for (const name in given) names.push(name);
  const during = read();
  scope.setHasKey(false);
  const withoutKey = read();
  scope.exit();
  const between = read();
  scope.enter();
  return { names, during, withoutKey, between, next: read(), missing: given["no such state"] };
}

const name = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.constantFrom("count", "last", "a", "b", "call", "value", "list", "s0", "guards", "_x", "$"),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      "__proto__",
      "constructor",
      "toString",
      "0",
      "17",
      "two words",
      "ä",
      'quote"',
      "a-b",
      "",
    ),
  },
);
const declared = fc.uniqueArray(fc.record({ name, kind: fc.constantFrom(...KINDS) }), {
  selector: (each) => each.name,
  maxLength: 6,
});

Deno.test("the views of both kinds are the same to whoever gets them", () => {
  fc.assert(fc.property(declared, (given) => assert.deepEqual(seen(given, "id of the operator"), seen(given))), {
    numRuns: 400,
  });
});

Deno.test("a handle works in its call only: not before, between, or in a later one, and not without a key", () => {
  for (const id of ["op/1", undefined]) {
    const { scope, view } = viewsOf([{ name: "last", kind: "value" }], id);
    const first = scope.enter();
    const kept = view(first).last;
    assert.equal(kept.value!(), "last");
    scope.exit();
    const fails = (message: RegExp) => assert.throws(() => kept.value!(), { code: "TSF-2003", operator, message });
    fails(/no call is running/);
    const second = scope.enter();
    fails(/another call is running/);
    assert.equal(view(second).last.value!(), "last");
    scope.reenter(first);
    assert.equal(kept.value!(), "last");
    scope.setHasKey(false);
    fails(/belongs to no key/);
    scope.setHasKey(true);
    assert.equal(kept.value!(), "last");
  }
});

Deno.test("views of operators with the same names and kinds have handles of their own state", () => {
  const made = ["one", "two"].map((text) => {
    const scope = new CallScope(operator);
    const source = new StateSource({ name: "s", kind: "value" } as StateDescriptor, { value: () => text }, scope);
    return { scope, view: stateViews([source], text) as (call: number) => View };
  });
  const handles = made.map(({ scope, view }) => view(scope.enter()).s);
  assert.deepEqual(handles.map((handle) => handle.value!()), ["one", "two"]);
  made[0].scope.exit();
  assert.throws(() => handles[0].value!(), { code: "TSF-2003" });
  assert.equal(handles[1].value!(), "two");
});

Deno.test("no text of a state name gets into the generated code as anything but a name", () => {
  const evil = 'x: (() => { throw new Error("run") })(), y';
  const { scope, view } = viewsOf(
    [{ name: evil, kind: "value" }, { name: "*/ throw 1 //", kind: "list" }],
    "*/ \n throw 1",
  );
  const given = view(scope.enter());
  assert.deepEqual([given[evil].value!(), given["*/ throw 1 //"].get!()], [evil, "*/ throw 1 //"]);
});
