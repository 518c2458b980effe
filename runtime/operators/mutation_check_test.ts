import assert from "node:assert/strict";
import { MutationCheck } from "./mutation_check.ts";

const check = () => MutationCheck.for({ config: { checkMutation: true } } as never)!;

Deno.test("MutationCheck: off, primitives, copies", () => {
  assert.equal(MutationCheck.for({ config: { checkMutation: false } } as never), undefined);
  const checked = check();
  for (const value of [1, "x", null, undefined, true, 5n]) assert.equal(checked.returned(value), value);
  const value = { a: [1] };
  const copy = checked.returned(value);
  assert.deepEqual(copy, value);
  assert.notEqual(copy, value);
  copy.a.push(2);
  checked.verify("map()");
});

Deno.test("MutationCheck: finds every kind of change", () => {
  const changes: [() => object, (value: never) => void][] = [
    [() => ({ n: 1 }), (v: { n: number }) => v.n = 2],
    [() => ({ n: 1 }), (v: { m?: number }) => v.m = 1],
    [() => ({ n: 1 }), (v: { n?: number }) => delete v.n],
    [() => [1, 2], (v: number[]) => v.pop()],
    [() => ({ deep: { list: [{ n: 1 }] } }), (v: { deep: { list: { n: number }[] } }) => v.deep.list[0].n++],
    [() => new Map([["k", 1]]), (v: Map<string, number>) => v.set("k", 2)],
    [() => new Set([1]), (v: Set<number>) => v.add(2)],
    [() => new Date(1), (v: Date) => v.setTime(2)],
    [() => new Uint8Array(2), (v: Uint8Array) => v[1] = 9],
    [() => ({ z: 0 }), (v: { z: number }) => v.z = -0],
  ];
  for (const [make, change] of changes) {
    const checked = check();
    const value = make();
    checked.returned(value);
    checked.verify("map()");
    change(value as never);
    assert.throws(() => checked.verify("map()"), { code: "TSF-2007", message: /map\(\)/ }, String(change));
  }
});

Deno.test("MutationCheck remembers the last values only", () => {
  const checked = check();
  const first = { n: 1 };
  checked.returned(first);
  for (let i = 0; i < 16; i++) checked.returned({ i });
  first.n = 2;
  checked.verify("map()");
});
