/**
 * How the handles of every keyed backend behave. See backend_conformance.ts.
 *
 * @module
 */

import assert from "node:assert/strict";
import {
  AggregatingStateDescriptor,
  ListStateDescriptor,
  MapStateDescriptor,
  ReducingStateDescriptor,
  ValueStateDescriptor,
} from "../functions/state_descriptor.ts";
import type { Key } from "../types/key.ts";
import { type Case, type Handle, throwsCode } from "./conformance_fixture_test.ts";

const KINDS = ["value", "list", "map", "reducing", "aggregating"] as const;
type Box = { n: number; tags: string[] };
const box = (n: number): Box => ({ n, tags: [`t${n}`] });
const descriptors = {
  value: new ValueStateDescriptor<Box>("value"),
  list: new ListStateDescriptor<Box>("list"),
  map: new MapStateDescriptor<unknown, Box>("map"),
  reducing: new ReducingStateDescriptor<Box>("reducing", (a, b) => {
    a.n += b.n;
    a.tags.push(...b.tags);
    return a;
  }),
  aggregating: new AggregatingStateDescriptor<Box, Box[], Box[]>("aggregating", {
    createAccumulator: () => [],
    add: (value, all) => (all.push(value), all),
    getResult: (all) => all,
    merge: (a, b) => [...a, ...b],
  }),
};
/** How to write and read each kind, so that one test covers all. */
const write: Record<(typeof KINDS)[number], (h: Handle, v: Box) => void> = {
  value: (h, v) => h.update(v),
  list: (h, v) => h.add(v),
  map: (h, v) => h.put("x", v),
  reducing: (h, v) => h.add(v),
  aggregating: (h, v) => h.add(v),
};
const read: Record<(typeof KINDS)[number], (h: Handle) => Box | undefined> = {
  value: (h) => h.value(),
  list: (h) => h.get()[0],
  map: (h) => h.get("x"),
  reducing: (h) => h.get(),
  aggregating: (h) => h.get()?.[0],
};

const VALUES: readonly Case[] = [
  ["value: absent, update, clear, null and undefined clear", (t) => {
    const h = t.handle(new ValueStateDescriptor<unknown>("v"));
    assert.equal(h.value(), undefined);
    for (const nothing of [null, undefined]) {
      h.update(1);
      assert.equal(h.value(), 1);
      h.update(nothing);
      assert.equal(h.value(), undefined);
      assert.equal(t.backend.numStateEntries(), 0);
    }
    for (const falsy of [0, "", false, NaN, 0n]) {
      h.update(falsy);
      assert.deepEqual(h.value(), falsy);
    }
    h.clear();
    assert.equal(h.value(), undefined);
  }],
  ["value: a default is copied for each read and comes back after clear", (t) => {
    const given = box(1);
    const h = t.handle(new ValueStateDescriptor<Box>("v", { defaultValue: given }));
    given.n = 99;
    h.value().tags.push("mine");
    assert.deepEqual(h.value(), box(1));
    assert.equal(t.backend.numStateEntries(), 0);
    h.update(box(2));
    h.clear();
    assert.deepEqual(h.value(), box(1));
  }],
  ["list: order, addAll, update replaces, empty update clears, reads are fresh arrays", (t) => {
    const h = t.handle(new ListStateDescriptor<number>("l"));
    assert.deepEqual(h.get(), []);
    h.add(3);
    h.addAll([1, 2]);
    h.addAll([]);
    h.get().push(9);
    assert.deepEqual(h.get(), [3, 1, 2]);
    h.update(new Set([7, 8]));
    assert.deepEqual(h.get(), [7, 8]);
    h.update(h.get().reverse());
    assert.deepEqual(h.get(), [8, 7]);
    h.update([]);
    assert.equal(t.backend.numStateEntries(), 0);
  }],
  ["list: null elements are refused and leave nothing behind", (t) => {
    const h = t.handle(new ListStateDescriptor<unknown>("l"));
    h.add(0);
    throwsCode("TSF-2112", () => h.add(null));
    throwsCode("TSF-2112", () => h.addAll([1, undefined, 2]));
    throwsCode("TSF-2112", () => h.update([null]));
    assert.deepEqual(h.get(), [0]);
  }],
  ["reducing: first value as it is, then combined; null clears", (t) => {
    const h = t.handle(new ReducingStateDescriptor<number>("r", (a, b) => a * 10 + b));
    assert.equal(h.get(), undefined);
    [1, 2, 3].forEach((n) => h.add(n));
    assert.equal(h.get(), 123);
    h.add(null);
    assert.equal(h.get(), undefined);
    const object = t.handle(new ReducingStateDescriptor<number>("o", { reduce: (a, b) => a - b }));
    [10, 3, 2].forEach((n) => object.add(n));
    assert.equal(object.get(), 5);
  }],
  ["aggregating: accumulator from createAccumulator, also a shared one", (t) => {
    const shared = { sum: 0, n: 0 };
    const mean = {
      createAccumulator: () => shared,
      add: (v: number, acc: typeof shared) => (acc.sum += v, acc.n++, acc),
      getResult: (acc: typeof shared) => acc.sum / acc.n,
    };
    const h = t.handle(new AggregatingStateDescriptor("a", mean));
    assert.equal(h.get(), undefined);
    [1, 2, 6].forEach((v) => h.add(v));
    t.backend.setCurrentKey("other");
    h.add(100);
    assert.equal(h.get(), 100);
    t.backend.setCurrentKey("k");
    assert.equal(h.get(), 3);
    assert.deepEqual(shared, { sum: 0, n: 0 });
    h.add(undefined);
    assert.equal(h.get(), undefined);
  }],
];

const FUNCTIONS: readonly Case[] = [
  ["reducing: a result the function keeps and changes is not the state", (t) => {
    const kept: Box[] = [];
    const h = t.handle(
      new ReducingStateDescriptor<Box>("r", (a, b) => {
        const sum = { n: a.n + b.n, tags: [...a.tags, ...b.tags] };
        kept.push(sum);
        return sum;
      }),
    );
    [1, 2, 3].forEach((n) => {
      h.add(box(n));
      for (const sum of kept) sum.n = sum.tags.length = 0;
    });
    assert.deepEqual(h.get(), { n: 6, tags: ["t1", "t2", "t3"] });
  }],
  ["aggregating: getResult may take the accumulator apart, as a whole or in what it returns", (t) => {
    const drain = { ...descriptors.aggregating.aggregate, getResult: (all: unknown[]) => all.splice(0).length };
    const h = t.handle(new AggregatingStateDescriptor("a", drain as never));
    [1, 2].forEach((n) => h.add(box(n)));
    assert.deepEqual([h.get(), h.get()], [2, 2]);
  }],
  ["reducing and aggregating: a function that returns nothing clears, a promise is refused", (t) => {
    const h = t.handle(new ReducingStateDescriptor<unknown>("r", () => null));
    h.add(1);
    h.add(2);
    assert.equal(h.get(), undefined);
    assert.equal(t.backend.numStateEntries(), 0);
    const late = t.handle(new ReducingStateDescriptor<unknown>("p", () => Promise.resolve(1)));
    late.add(1);
    throwsCode("TSF-2101", () => late.add(2));
  }],
];

const MAPS: readonly Case[] = [
  ["map: put, get, contains, remove, isEmpty, the last remove clears the row", (t) => {
    const h = t.handle(new MapStateDescriptor<string, unknown>("m"));
    assert.deepEqual([h.isEmpty(), h.get("a"), h.contains("a"), [...h.entries()]], [true, undefined, false, []]);
    h.putAll([["a", 1], ["b", null]]);
    h.put("c", undefined);
    assert.deepEqual([h.isEmpty(), h.contains("b"), h.get("b"), h.contains("c")], [false, true, null, true]);
    assert.deepEqual([...h.keys()], ["a", "b", "c"]);
    assert.deepEqual([...h.values()], [1, null, undefined]);
    h.remove("zz");
    ["a", "b", "c"].forEach((key) => h.remove(key));
    assert.equal(h.isEmpty(), true);
    assert.equal(t.backend.numStateEntries(), 0);
    h.putAll([]);
    assert.equal(t.backend.numStateEntries(), 0);
  }],
  ["map: keys are compared by value, kinds apart", (t) => {
    const keys = [0, "0", 0n, false, null, undefined, NaN, [1, "x"], { a: 1, b: [2] }, new Date(5), "k[1]", "\u0000"];
    const h = t.handle(new MapStateDescriptor<unknown, number>("m"));
    keys.forEach((key, i) => h.put(key, i));
    const again = [-0, "0", 0n, false, null, undefined, NaN, [1, "x"], { b: [2], a: 1 }, new Date(5), "k[1]", "\u0000"];
    for (let round = 0; round < 2; round++) {
      const h = t.handle(new MapStateDescriptor<unknown, number>("m"));
      again.forEach((key, i) => assert.equal(h.get(key), i, `key ${i}`));
      assert.equal([...h.keys()].length, keys.length);
      t.restart();
    }
    const rest = t.handle(new MapStateDescriptor<unknown, number>("m"));
    again.forEach((key) => rest.remove(key));
    assert.equal(rest.isEmpty(), true);
  }],
  ["map: iteration sees what was there: removed ones skipped, added ones not seen, replaced ones new", (t) => {
    const h = t.handle(new MapStateDescriptor<string, number>("m"));
    h.putAll([["a", 1], ["b", 2], ["c", 3], ["d", 4]]);
    const seen: unknown[] = [];
    for (const entry of h.entries()) {
      seen.push(entry);
      h.remove("b");
      h.put("c", 30);
      h.put(`new${seen.length}`, 0);
    }
    assert.deepEqual(seen, [["a", 1], ["c", 30], ["d", 4]]);
    const iterator = h.keys();
    assert.equal(iterator.next().value, "a");
    h.clear();
    assert.equal(iterator.next().done, true);
    // An iteration may remove everything, itself included.
    h.putAll([["a", 1], ["b", 2]]);
    for (const key of h.keys()) h.remove(key);
    assert.equal(h.isEmpty(), true);
  }],
  ["map: an iteration stays with the key it was begun under", (t) => {
    const h = t.handle(new MapStateDescriptor<string, number>("m"), "one");
    h.putAll([["a", 1], ["b", 2]]);
    const iterator = h.entries();
    t.backend.setCurrentKey("two");
    h.put("z", 26);
    assert.deepEqual([...iterator], [["a", 1], ["b", 2]]);
  }],
  ["map: keys handed out and in are copies", (t) => {
    const h = t.handle(new MapStateDescriptor<number[], number>("m"));
    const key = [1];
    h.put(key, 1);
    key[0] = 2;
    const out = [...h.keys()][0];
    assert.deepEqual(out, [1]);
    out[0] = 3;
    assert.equal(h.get([1]), 1);
  }],
];

const OWNERSHIP: readonly Case[] = KINDS.flatMap((kind): Case[] => [
  [`${kind}: what is written or read is never shared`, (t) => {
    const h = t.handle(descriptors[kind]);
    const given = box(1);
    write[kind](h, given);
    given.tags.push("after write");
    assert.deepEqual(read[kind](h), box(1));
    const out = read[kind](h)!;
    out.n = 50;
    out.tags.length = 0;
    assert.deepEqual(read[kind](h), box(1));
  }],
  [`${kind}: a snapshot is not reached by later changes, nor by changes of values read before it`, (t) => {
    const h = t.handle(descriptors[kind]);
    write[kind](h, box(1));
    const before = read[kind](h)!;
    before.n = 7;
    const snapshot = t.backend.snapshot();
    before.tags.push("late");
    const after = read[kind](h)!;
    after.n = 8;
    write[kind](h, box(2));
    t.restart(snapshot);
    assert.deepEqual(read[kind](t.handle(descriptors[kind])), box(1));
  }],
  [`${kind}: functions and class instances are refused, the state keeps what it had`, (t) => {
    const h = t.handle(descriptors[kind]);
    write[kind](h, box(1));
    class Custom {
      n = 1;
      tags = [];
    }
    throwsCode("TSF-2101", () => write[kind](h, new Custom()));
    throwsCode("TSF-2101", () => write[kind](h, { n: 1, tags: [() => 1] } as unknown as Box));
    assert.deepEqual(read[kind](h), box(1));
  }],
  [`${kind}: keys and namespaces do not see each other`, (t) => {
    const h = t.handle(descriptors[kind]);
    for (const key of ["k", "l", 1, 1n, true, [1, "a"], { x: 1 }] as Key[]) {
      for (const namespace of ["", "n1", "n2"]) {
        t.backend.setCurrentKey(key);
        h.setNamespace(namespace);
        assert.equal(read[kind](h), undefined);
        write[kind](h, box(1));
      }
    }
    assert.equal(t.backend.numStateEntries(), 21);
    h.setNamespace("n1");
    h.clear();
    assert.equal(read[kind](h), undefined);
    h.setNamespace("n2");
    assert.deepEqual(read[kind](h), box(1));
    assert.equal(t.backend.numStateEntries(kind), 20);
  }],
]);

const MERGING: readonly Case[] = [
  ["merge: list appends sources in order behind the target and empties them", (t) => {
    const h = t.handle(new ListStateDescriptor<string>("l"));
    for (const namespace of ["a", "b", "t"]) {
      h.setNamespace(namespace);
      h.addAll([`${namespace}1`, `${namespace}2`]);
    }
    h.mergeNamespaces("t", ["b", "missing", "a"]);
    h.setNamespace("t");
    assert.deepEqual(h.get(), ["t1", "t2", "b1", "b2", "a1", "a2"]);
    assert.equal(t.backend.numStateEntries(), 1);
    h.mergeNamespaces("t", []);
    h.mergeNamespaces("t", ["missing"]);
    assert.equal(h.get().length, 6);
    h.mergeNamespaces("fresh", ["t"]);
    assert.deepEqual(h.get(), []);
  }],
  ["merge: reducing and aggregating combine target first; only the current key", (t) => {
    const reduce = new ReducingStateDescriptor<string>("r", (a, b) => `(${a}${b})`);
    const concat = new AggregatingStateDescriptor<string, string, string>("c", {
      createAccumulator: () => "",
      add: (v, acc) => acc + v,
      getResult: (acc) => acc,
      merge: (a, b) => `${a}|${b}`,
    });
    for (const [descriptor, expected] of [[reduce, "(t(ab))"], [concat, "t|a|b"]] as const) {
      const h = t.handle(descriptor, "other");
      h.setNamespace("a");
      h.add("x");
      t.backend.setCurrentKey("k");
      for (const namespace of ["a", "b", "t"]) {
        h.setNamespace(namespace);
        h.add(namespace);
      }
      h.mergeNamespaces("t", ["a", "b"]);
      h.setNamespace("t");
      assert.equal(h.get(), expected);
      h.setNamespace("a");
      assert.equal(h.get(), undefined);
      t.backend.setCurrentKey("other");
      assert.equal(h.get(), "x");
    }
  }],
  ["merge: an aggregate function without merge is refused when two meet", (t) => {
    const { createAccumulator, add, getResult } = descriptors.aggregating.aggregate;
    const h = t.handle(new AggregatingStateDescriptor("a", { createAccumulator, add, getResult }));
    h.add(1);
    h.mergeNamespaces("t", [""]);
    h.add(2);
    throwsCode("TSF-2117", () => h.mergeNamespaces("t", [""]));
  }],
];

/** All of it. */
export const HANDLE_CASES: readonly Case[] = [...VALUES, ...FUNCTIONS, ...MAPS, ...OWNERSHIP, ...MERGING];
