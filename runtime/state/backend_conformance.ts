/**
 * The behaviour every keyed backend has, as one table of tests. A backend's own test file calls
 * {@link backendConformance} with a factory and the function that registers a test.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { FlinkError } from "../errors.ts";
import {
  AggregatingStateDescriptor,
  ListStateDescriptor,
  MapStateDescriptor,
  ReducingStateDescriptor,
  type StateDescriptor,
  ValueStateDescriptor,
} from "../functions/state_descriptor.ts";
import type { Key } from "../types/key.ts";
import type {
  KeyedBackendOptions,
  KeyedSnapshot,
  KeyedStateBackend,
  MergingState,
  NamespacedState,
  StateMeta,
  StateRow,
} from "./keyed_state_backend.ts";
import { RunReader } from "./snapshot.ts";

/** Makes the backend under test. */
export type BackendFactory = (options: KeyedBackendOptions) => KeyedStateBackend;
/** Registers one test, for example `Deno.test`. */
export type RegisterTest = (name: string, fn: () => void) => void;

// deno-lint-ignore no-explicit-any -- tests use the methods of whatever kind they asked for
type Handle = NamespacedState & MergingState & Record<string, (...args: any[]) => any>;
type Case = readonly [name: string, run: (t: Fixture) => void];

const ALL = { maxParallelism: 16, keyGroups: { start: 0, end: 15 } } as const;
const KINDS = ["value", "list", "map", "reducing", "aggregating"] as const;

/** A backend with a clock, made again from its own snapshot on request. */
class Fixture {
  now = 0;
  backend: KeyedStateBackend;
  constructor(readonly factory: BackendFactory) {
    this.backend = this.make();
  }
  make(overrides: Partial<KeyedBackendOptions> = {}): KeyedStateBackend {
    return this.factory({ ...ALL, now: () => this.now, ...overrides });
  }
  handle(descriptor: StateDescriptor, key: Key = "k"): Handle {
    this.backend.setCurrentKey(key);
    return this.backend.state<Handle>(descriptor);
  }
  restart(snapshot: KeyedSnapshot = this.backend.snapshot()): void {
    this.backend = this.make();
    this.backend.restore([snapshot], () => assert.fail("no timers were written"));
  }
}

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

function throwsCode(code: string, run: () => unknown): void {
  assert.throws(run, (error: FlinkError) => {
    assert.equal(error.code, code);
    return true;
  });
}

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

const KEYS: readonly Case[] = [
  ["keys: equal by canonical bytes, stored as given, one entry each", (t) => {
    const d = new ValueStateDescriptor<number>("v");
    const same: [Key, Key][] = [[0, -0], [NaN, NaN], [[1, "a"], [1, "a"]], [{ a: 1, b: 2 }, { b: 2, a: 1 }]];
    same.forEach(([first], i) => t.handle(d, first).update(i));
    same.forEach(([, second], i) => assert.equal(t.handle(d, second).value(), i));
    assert.equal(t.backend.numStateEntries(), same.length);
    const distinct: Key[] = [1, 1n, "1", true, "true", [1], ["1"], [[1]], "", [], {}, "\u0000[", ["\u0000"], 0.5];
    distinct.forEach((key, i) => t.handle(d, key).update(100 + i));
    distinct.forEach((key, i) => assert.equal(t.handle(d, key).value(), 100 + i));
    assert.equal(t.backend.numStateEntries(), same.length + distinct.length);
    t.restart();
    distinct.forEach((key, i) => assert.equal(t.handle(d, key).value(), 100 + i));
    t.backend.setCurrentKey({ b: 2, a: 1 });
    assert.deepEqual(t.backend.getCurrentKey(), { b: 2, a: 1 });
  }],
  ["keys: a composite key that is changed afterwards does not change what is stored", (t) => {
    const key = { user: "u", day: 1 };
    t.handle(new ValueStateDescriptor<number>("v"), key).update(5);
    key.day = 2;
    assert.deepEqual([...t.backend.keys("v", "")], [{ user: "u", day: 1 }]);
    assert.equal(t.handle(new ValueStateDescriptor<number>("v"), { user: "u", day: 1 }).value(), 5);
  }],
  ["keys: no key, no key type, foreign key group", (t) => {
    const h = t.backend.state<Handle>(new ValueStateDescriptor<number>("v"));
    throwsCode("TSF-2115", () => h.value());
    throwsCode("TSF-2115", () => h.update(1));
    throwsCode("TSF-2115", () => t.backend.getCurrentKey());
    for (const wrong of [null, undefined, new Date(0), [null], () => 1]) {
      throwsCode("TSF-2102", () => t.backend.setCurrentKey(wrong as unknown as Key));
    }
    const half = t.make({ keyGroups: { start: 0, end: 7 } });
    const other = half.state<Handle>(new ValueStateDescriptor<number>("v"));
    const refused = Array.from({ length: 50 }, (_, i) => i).filter((key) => {
      half.setCurrentKey(key);
      try {
        other.update(key);
        return false;
      } catch (error) {
        assert.equal((error as FlinkError).code, "TSF-2116");
        return true;
      }
    });
    assert.ok(refused.length > 10 && refused.length < 40, `${refused.length} of 50 lie in the other half`);
  }],
  ["keys(): stable while the caller writes; applyToAllKeys restores key and namespace", (t) => {
    const d = new ListStateDescriptor<number>("l");
    const h = t.handle(d, 1);
    for (const key of [1, 2, 3]) t.handle(d, key).add(key);
    h.setNamespace("w");
    t.handle(d, 9).add(9);
    assert.deepEqual([...t.backend.keys("l", "w")], [9]);
    assert.deepEqual([...t.backend.keys("nothing", "")], []);
    const seen: Key[] = [];
    t.backend.applyToAllKeys<Handle>("", d, (key, state) => {
      seen.push(key);
      assert.equal(t.backend.getCurrentKey(), key);
      assert.deepEqual(state.get(), [key]);
      state.clear();
      t.handle(d, (key as number) + 10).add(0);
    });
    assert.deepEqual(seen.toSorted(), [1, 2, 3]);
    assert.equal(t.backend.getCurrentKey(), 9);
    assert.deepEqual(h.get(), [9]);
    assert.deepEqual([...t.backend.keys("l", "")].toSorted(), [11, 12, 13]);
  }],
];

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

const SNAPSHOTS: readonly Case[] = [
  ["snapshot: a name belongs to one kind, also one from a snapshot nobody asked for", (t) => {
    const d = new ValueStateDescriptor<number>("x");
    const h = t.handle(d);
    assert.equal(t.backend.state(d), h);
    assert.equal(t.backend.state(new ValueStateDescriptor<number>("x")), h);
    h.update(1);
    throwsCode("TSF-2110", () => t.backend.state(new ListStateDescriptor("x")));
    t.restart();
    throwsCode("TSF-2110", () => t.backend.state(new MapStateDescriptor("x")));
    // Carried along although nobody opened it.
    t.restart();
    t.restart();
    assert.equal(t.handle(d).value(), 1);
  }],
  ["snapshot: other maxParallelism or hash rule is refused", (t) => {
    t.handle(descriptors.value).update(box(1));
    const snapshot = t.backend.snapshot();
    const restore = (options: Partial<KeyedBackendOptions>) => t.make(options).restore([snapshot], () => {});
    throwsCode("TSF-2111", () => restore({ maxParallelism: 32, keyGroups: { start: 0, end: 31 } }));
    throwsCode("TSF-2111", () => restore({ keyHashRule: "string" }));
    restore({ keyHashRule: "auto" });
  }],
  ["snapshot: restore takes only its key groups, and several snapshots together", (t) => {
    const d = new ValueStateDescriptor<number>("v");
    for (let key = 0; key < 100; key++) t.handle(d, key).update(key);
    const whole = t.backend.snapshot();
    const halves = [{ start: 0, end: 6 }, { start: 7, end: 15 }].map((keyGroups) => {
      const half = t.make({ keyGroups });
      half.restore([whole], () => {});
      return half;
    });
    const sizes = halves.map((half) => half.numStateEntries());
    assert.equal(sizes[0] + sizes[1], 100);
    assert.ok(sizes[0] > 0 && sizes[1] > 0);
    t.backend = t.make();
    t.backend.restore(halves.map((half) => half.snapshot()), () => {});
    assert.deepEqual([...t.backend.keys("v", "")].map(Number).toSorted((a, b) => a - b), [...Array(100).keys()]);
  }],
  ["snapshot: same content, same bytes, whatever the order of writes", (t) => {
    const fill = (keys: readonly number[]) => {
      const fresh = new Fixture(t.factory);
      for (const key of keys) {
        const h = fresh.handle(new ListStateDescriptor("l"), key);
        for (const namespace of key % 2 === 0 ? ["a", "b"] : ["b", "a"]) {
          h.setNamespace(namespace);
          h.add(key);
        }
        fresh.handle(new ValueStateDescriptor("a"), key).update(key);
      }
      return fresh.backend.snapshot();
    };
    const up = [...Array(40).keys()];
    assert.deepEqual(fill(up), fill(up.toReversed()));
  }],
  ["snapshot: rows are sorted and say what they are; extra rows travel along", (t) => {
    t.handle(new ValueStateDescriptor("b"), 1).update("one");
    t.handle(new MapStateDescriptor("a"), 1).put("x", 2);
    const meta: StateMeta = { name: "_timer_state/event_t", kind: "event-timers", ttl: false, schema: "generic" };
    t.backend.setCurrentKey(1);
    const keyGroup = t.backend.getCurrentKeyGroup();
    const timer: StateRow = { state: meta.name, keyGroup, key: 1, namespace: "w", value: [5, 0] };
    const snapshot = t.backend.snapshot({ metas: [meta], rows: [timer] });
    assert.deepEqual(snapshot.states.map(({ name, kind }) => [name, kind]), [
      ["_timer_state/event_t", "event-timers"],
      ["a", "map"],
      ["b", "value"],
    ]);
    const rows = snapshot.runs.flatMap((run) => [...new RunReader(run.bytes).rows(ALL.keyGroups)]);
    assert.deepEqual(rows, [
      timer,
      { state: "a", keyGroup, key: 1, namespace: "", value: [["x", 2]] },
      { state: "b", keyGroup, key: 1, namespace: "", value: "one" },
    ]);
    const found: [StateMeta, StateRow][] = [];
    const next = t.make();
    next.restore([snapshot], (...args) => found.push(args));
    assert.deepEqual(found, [[meta, timer]]);
    assert.equal(next.numStateEntries(), 2);
  }],
  ["snapshot while a map is being iterated, and again after dispose", (t) => {
    const h = t.handle(new MapStateDescriptor<string, number>("m"));
    h.putAll([["a", 1], ["b", 2]]);
    const iterator = h.entries();
    iterator.next();
    const snapshot = t.backend.snapshot();
    h.put("b", 99);
    assert.deepEqual([...iterator], [["b", 99]]);
    t.backend.dispose();
    assert.equal(t.backend.numStateEntries(), 0);
    t.restart(snapshot);
    assert.deepEqual([...t.handle(new MapStateDescriptor<string, number>("m")).entries()], [["a", 1], ["b", 2]]);
  }],
];

/** Registers the tests of all behaviour but TTL (see ttl_conformance.ts). */
export function backendConformance(name: string, factory: BackendFactory, register: RegisterTest): void {
  for (const [what, run] of [...VALUES, ...MAPS, ...OWNERSHIP, ...KEYS, ...MERGING, ...SNAPSHOTS]) {
    register(`${name}: ${what}`, () => run(new Fixture(factory)));
  }
}
