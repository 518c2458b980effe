import assert from "node:assert/strict";
import { guardState } from "./guarded_state.ts";
import { ANY_CALL, CallScope } from "./call_scope.ts";

const operator = { name: "op", uid: "u" };

Deno.test("CallScope: which handles work when", () => {
  const scope = new CallScope(operator);
  const works = (call: number) => {
    try {
      scope.check(call, "It");
      return true;
    } catch (error) {
      assert.equal((error as { code: string }).code, "TSF-2003");
      assert.deepEqual((error as { operator: unknown }).operator, operator);
      return false;
    }
  };
  assert.deepEqual([works(ANY_CALL), works(0 + 1)], [false, false], "before the first call");
  const first = scope.enter();
  assert.deepEqual([works(ANY_CALL), works(first), works(first + 1)], [true, true, false]);
  scope.exit();
  assert.deepEqual([works(ANY_CALL), works(first)], [false, false], "between calls");
  const second = scope.enter();
  assert.deepEqual([works(first), works(second), works(ANY_CALL)], [false, true, true], "in the next call");
  scope.exit();
  scope.reenter(first);
  assert.deepEqual([works(first), works(second)], [true, false], "a call that is drawn lazily");
  scope.exit();
});

Deno.test("CallScope: calls without key", () => {
  const scope = new CallScope(operator);
  const call = scope.enter();
  assert.ok(scope.isOpenWithKey(call));
  scope.setHasKey(false);
  assert.ok(scope.isOpen(call) && !scope.isOpenWithKey(call) && !scope.isOpenWithKey(ANY_CALL));
  assert.throws(() => scope.checkKeyed(call, "The state"), { code: "TSF-2003", message: /no key is current/ });
  scope.setHasKey(true);
  scope.checkKeyed(call, "The state");
  scope.exit();
  // The next call begins with a key.
  scope.setHasKey(false);
  assert.ok(scope.isOpenWithKey(scope.enter()));
});

Deno.test("CallScope: numbers stay small integers and start over, past those that mean something else", () => {
  const scope = new CallScope(operator, 2 ** 31 - 3);
  const numbers = Array.from({ length: 4 }, () => {
    const call = scope.enter();
    assert.deepEqual([scope.current, scope.keyed, scope.isOpen(call), scope.isOpen(ANY_CALL)], [
      call,
      call,
      true,
      true,
    ]);
    scope.exit();
    assert.deepEqual([scope.current, scope.keyed, scope.isOpen(call), scope.isOpen(ANY_CALL)], [0, 0, false, false]);
    return call;
  });
  assert.deepEqual(numbers, [2 ** 31 - 2, 2 ** 31 - 1, 1, 2]);
});

Deno.test("guarded handles: every method passes on its arguments, and fails outside the call", () => {
  const methods: Record<string, string[]> = {
    value: ["value", "update", "clear"],
    list: ["get", "add", "addAll", "update", "clear"],
    map: ["get", "put", "putAll", "remove", "contains", "entries", "keys", "values", "isEmpty", "clear"],
    reducing: ["get", "add", "clear"],
    aggregating: ["get", "add", "clear"],
  };
  // Those that only write give nothing.
  const silent = new Set(["update", "clear", "add", "addAll", "put", "putAll", "remove"]);
  for (const [kind, names] of Object.entries(methods)) {
    const scope = new CallScope(operator);
    const calls: unknown[][] = [];
    const raw = Object.fromEntries(names.map((name) => [name, (...args: unknown[]) => {
      calls.push([name, ...args]);
      return `result of ${name}`;
    }]));
    const call = scope.enter();
    const handle = guardState({ kind: kind as "value", name: "s", raw, scope }, call) as Record<
      string,
      (...args: unknown[]) => unknown
    >;
    for (const name of names) {
      const arity = name.startsWith("put") && name !== "putAll"
        ? [1, 2]
        : silent.has(name) && name !== "clear"
        ? [1]
        : [];
      const args = name === "get" && kind === "map" || name === "contains" ? [1] : arity;
      assert.equal(handle[name](...args), silent.has(name) ? undefined : `result of ${name}`, `${kind}.${name}`);
      assert.deepEqual(calls.at(-1), [name, ...args]);
    }
    scope.exit();
    for (const name of names) assert.throws(() => handle[name](1, 2), { code: "TSF-2003" }, `${kind}.${name}`);
    assert.equal(calls.length, names.length);
  }
});
