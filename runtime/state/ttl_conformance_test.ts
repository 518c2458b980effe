/**
 * The TTL behaviour every keyed backend has, as tables of (time, action, expected). See backend_conformance.ts.
 *
 * @module
 */

import assert from "node:assert/strict";
import {
  AggregatingStateDescriptor,
  ListStateDescriptor,
  MapStateDescriptor,
  ReducingStateDescriptor,
  type StateDescriptor,
  type StateTtlConfig,
  ValueStateDescriptor,
} from "../functions/state_descriptor.ts";
import type { DurationLike } from "../types/duration.ts";
import type { BackendFactory, RegisterTest } from "./conformance_fixture_test.ts";
import type { KeyedStateBackend, MergingState, NamespacedState } from "./keyed_state_backend.ts";

// deno-lint-ignore no-explicit-any -- tests use the methods of whatever kind they asked for
type Handle = NamespacedState & MergingState & Record<string, (...args: any[]) => any>;

const TTL = 100;
const KINDS = ["value", "list", "map", "reducing", "aggregating"] as const;
type Kind = (typeof KINDS)[number];

function descriptor(kind: Kind, config: Partial<StateTtlConfig> = {}): StateDescriptor {
  const ttl = { ttl: TTL, ...config };
  switch (kind) {
    case "value":
      return new ValueStateDescriptor<number>("s", { ttl });
    case "list":
      return new ListStateDescriptor<number>("s", { ttl });
    case "map":
      return new MapStateDescriptor<string, number>("s", { ttl });
    case "reducing":
      return new ReducingStateDescriptor<number>("s", (a, b) => a + b, { ttl });
    case "aggregating": {
      const sum = {
        createAccumulator: () => 0,
        add: (v: number, acc: number) => acc + v,
        getResult: (acc: number) => acc,
        merge: (a: number, b: number) => a + b,
      };
      return new AggregatingStateDescriptor("s", sum, { ttl });
    }
  }
}
/** Replaces what is there by one value, and reads it; so that one table covers all kinds. */
const actions: Record<Kind, { write(h: Handle, v: number): void; read(h: Handle): number | undefined }> = {
  value: { write: (h, v) => h.update(v), read: (h) => h.value() },
  list: { write: (h, v) => h.update([v]), read: (h) => h.get()[0] },
  map: { write: (h, v) => h.put("x", v), read: (h) => h.get("x") },
  reducing: { write: (h, v) => (h.clear(), h.add(v)), read: (h) => h.get() },
  aggregating: { write: (h, v) => (h.clear(), h.add(v)), read: (h) => h.get() },
};

class TtlFixture {
  now = 0;
  backend: KeyedStateBackend;
  constructor(readonly factory: BackendFactory) {
    this.backend = this.#make();
  }
  #make(): KeyedStateBackend {
    return this.factory({ maxParallelism: 8, keyGroups: { start: 0, end: 7 }, now: () => this.now });
  }
  handle(of: StateDescriptor, key: number | string = "k"): Handle {
    this.backend.setCurrentKey(key);
    return this.backend.state<Handle>(of);
  }
  restart(): void {
    const snapshot = this.backend.snapshot();
    this.backend = this.#make();
    this.backend.restore([snapshot], () => {});
  }
}

/** "w5" writes 5; a number or undefined is what a read gives; "rows 0" counts rows. */
type Step = readonly [time: number, step: `w${number}` | `rows ${number}` | number | undefined];
const NEVER = { visibility: "never-return-expired" } as const;
const RELAXED = { visibility: "return-expired-if-not-cleaned-up" } as const;
const ON_READ = { updateType: "on-read-and-write" } as const;
const SCRIPTS: readonly (readonly [name: string, config: Partial<StateTtlConfig>, steps: readonly Step[]])[] = [
  ["on write, never returned", NEVER, [
    [0, undefined],
    [0, "w1"],
    [20, 1],
    [50, "w2"],
    [120, 2],
    [149, 2],
    [150, undefined],
    [150, "rows 0"],
    [170, "w3"],
    [220, 3],
    [300, undefined],
  ]],
  ["on write, returned once more", RELAXED, [[0, "w1"], [120, 1], [120, "rows 0"], [120, undefined]]],
  ["on read, never returned", ON_READ, [[0, "w1"], [50, 1], [120, 1], [219, 1], [319, undefined], [319, "rows 0"]]],
  ["on read, returned once more", { ...ON_READ, ...RELAXED }, [[0, "w1"], [50, 1], [170, 1], [170, undefined]]],
  ["a read does not renew by default", {}, [[0, "w1"], [99, 1], [100, undefined]]],
  ["negative time", {}, [[-500, "w1"], [-401, 1], [-400, undefined]]],
  ["a time to live without end", { ttl: Number.MAX_SAFE_INTEGER }, [[10, "w1"], [1e12, 1]]],
  ["disabled", { updateType: "disabled" }, [[0, "w1"], [1e9, 1]]],
];

function runScript(t: TtlFixture, kind: Kind, config: Partial<StateTtlConfig>, steps: readonly Step[]): void {
  // Every step also works right after a restore; what has expired must still be there for the relaxed visibility.
  for (const restarts of [false, true]) {
    t.now = 0;
    t.backend.dispose();
    for (const [time, step] of steps) {
      t.now = time;
      const h = t.handle(descriptor(kind, { cleanupInFullSnapshot: false, ...config }));
      if (typeof step !== "string") assert.equal(actions[kind].read(h), step, `at ${time}`);
      else if (step.startsWith("w")) actions[kind].write(h, Number(step.slice(1)));
      else assert.equal(`rows ${t.backend.numStateEntries()}`, step, `at ${time}`);
      if (restarts) t.restart();
    }
  }
}

const CASES: readonly (readonly [name: string, run: (t: TtlFixture) => void])[] = [
  ["a default value has no effect", (t) => {
    const of = new ValueStateDescriptor<number>("s", { ttl: { ttl: 100 }, defaultValue: 7 });
    assert.equal(t.handle(of).value(), undefined);
    assert.equal(t.handle(new ValueStateDescriptor<number>("plain", { defaultValue: 7 })).value(), 7);
  }],
  ["list elements expire one by one", (t) => {
    const h = t.handle(descriptor("list"));
    for (const time of [0, 30, 60]) {
      t.now = time;
      h.addAll([time, time + 1]);
    }
    t.now = 110;
    assert.deepEqual(h.get(), [30, 31, 60, 61]);
    t.now = 130;
    assert.deepEqual(h.get(), [60, 61]);
    t.now = 160;
    assert.deepEqual(h.get(), []);
    assert.equal(t.backend.numStateEntries(), 0);
  }],
  ["list: a read renews the unexpired and drops the rest, but still shows it when allowed", (t) => {
    const h = t.handle(descriptor("list", { ...ON_READ, ...RELAXED }));
    h.add(1);
    t.now = 60;
    h.add(2);
    t.now = 120;
    assert.deepEqual(h.get(), [1, 2]);
    t.now = 219;
    assert.deepEqual(h.get(), [2]);
    t.now = 400;
    assert.deepEqual(h.get(), [2]);
    assert.deepEqual(h.get(), []);
  }],
  ["list: without renewal an expired element stays beside fresh ones, and is shown when allowed", (t) => {
    const h = t.handle(descriptor("list", RELAXED));
    h.add(1);
    t.now = 60;
    h.add(2);
    t.now = 120;
    assert.deepEqual(h.get(), [1, 2]);
    assert.deepEqual(h.get(), [1, 2]);
  }],
  ["map entries expire one by one; contains and iteration count as reads", (t) => {
    const h = t.handle(descriptor("map", ON_READ));
    h.putAll([["a", 1], ["b", 2], ["c", 3]]);
    t.now = 60;
    assert.equal(h.contains("a"), true);
    t.now = 110;
    assert.deepEqual([...h.entries()], [["a", 1]]);
    t.now = 205;
    assert.deepEqual([...h.keys()], ["a"]);
    t.now = 300;
    assert.deepEqual([...h.values()], [1]);
    t.now = 400;
    assert.deepEqual([h.isEmpty(), h.contains("a"), h.isEmpty()], [false, false, true]);
  }],
  ["map: expired entries are shown once by an iteration when allowed", (t) => {
    const h = t.handle(descriptor("map", RELAXED));
    h.put("a", 1);
    t.now = 60;
    h.put("b", 2);
    t.now = 120;
    assert.deepEqual([...h.entries()], [["a", 1], ["b", 2]]);
    assert.deepEqual([...h.entries()], [["b", 2]]);
    assert.equal(h.get("a"), undefined);
  }],
  ["map: null values and time passing during an iteration", (t) => {
    const h = t.handle(descriptor("map"));
    h.put("a", null);
    h.put("b", undefined);
    assert.deepEqual([h.contains("a"), h.get("a"), h.contains("b")], [true, null, true]);
    const iterator = h.entries();
    assert.deepEqual(iterator.next().value, ["a", null]);
    t.now = 100;
    assert.equal(iterator.next().done, true);
  }],
  ["reducing and aggregating start anew when what was there has expired", (t) => {
    for (const kind of ["reducing", "aggregating"] as const) {
      t.backend.dispose();
      t.now = 0;
      const h = t.handle(descriptor(kind));
      h.add(1);
      t.now = 60;
      h.add(2);
      t.now = 159;
      assert.equal(h.get(), 3);
      t.now = 160;
      h.add(10);
      assert.equal(h.get(), 10, kind);
    }
  }],
  ["reducing and aggregating go on with expired content when that may be seen", (t) => {
    for (const kind of ["reducing", "aggregating"] as const) {
      t.backend.dispose();
      t.now = 0;
      const h = t.handle(descriptor(kind, RELAXED));
      h.add(1);
      t.now = 500;
      h.add(10);
      assert.equal(h.get(), 11, kind);
    }
  }],
  ["merging leaves out what has expired and counts as a write", (t) => {
    for (const kind of ["list", "reducing", "aggregating"] as const) {
      t.backend.dispose();
      const h = t.handle(descriptor(kind));
      for (const [time, namespace, value] of [[0, "old", 1], [120, "a", 10], [150, "b", 100]] as const) {
        t.now = time;
        h.setNamespace(namespace);
        h.add(value);
      }
      t.now = 210;
      h.mergeNamespaces("t", ["old", "a", "b"]);
      h.setNamespace("t");
      assert.deepEqual(h.get(), kind === "list" ? [10, 100] : 110, kind);
      t.now = 260;
      assert.deepEqual(h.get(), kind === "list" ? [] : 110, kind);
    }
  }],
  ["incremental cleanup removes other keys a few at a time", (t) => {
    const of = descriptor("value", { cleanupIncrementally: { cleanupSize: 5 } });
    for (let key = 0; key < 50; key++) t.handle(of, key).update(key);
    t.now = 100;
    const removed: number[] = [];
    // The walk may stand anywhere and ends a round early at the end of the table.
    for (let i = 0; i < 12; i++) {
      const before = t.backend.numStateEntries();
      t.handle(of, "other").value();
      removed.push(before - t.backend.numStateEntries());
    }
    assert.ok(removed.every((n) => n <= 5) && removed[0] > 0, removed.join());
    assert.equal(t.backend.numStateEntries(), 0);
  }],
  ["incremental cleanup of lists and maps keeps what is fresh", (t) => {
    for (const kind of ["list", "map"] as const) {
      t.backend.dispose();
      t.now = 0;
      const put = (key: string, n: number) => {
        const h = t.handle(descriptor(kind, RELAXED), key);
        kind === "list" ? h.add(n) : h.put(n, n);
      };
      put("a", 1);
      t.now = 60;
      put("a", 2);
      t.now = 110;
      put("b", 3);
      put("b", 4);
      const h = t.handle(descriptor(kind, RELAXED), "a");
      assert.deepEqual(kind === "list" ? h.get() : [...h.keys()], [2], kind);
    }
  }],
  ["incremental cleanup on every record needs no access", (t) => {
    const of = descriptor("value", { cleanupIncrementally: { cleanupSize: 2, runCleanupForEveryRecord: true } });
    for (let key = 0; key < 10; key++) t.handle(of, key).update(key);
    t.now = 100;
    for (let i = 0; i < 5; i++) t.backend.setCurrentKey("other");
    assert.equal(t.backend.numStateEntries(), 0);
  }],
  ["cleanup in the middle of an iteration does not detach it", (t) => {
    const cleanupIncrementally = { cleanupSize: 9, runCleanupForEveryRecord: true };
    const h = t.handle(descriptor("map", { ...ON_READ, cleanupIncrementally }));
    h.put("a", 1);
    t.now = 60;
    h.putAll([["b", 2], ["c", 3]]);
    const iterator = h.keys();
    t.now = 110;
    t.backend.setCurrentKey("k");
    assert.deepEqual([...iterator], ["b", "c"]);
    t.now = 205;
    assert.deepEqual([h.get("a"), h.get("b"), h.get("c")], [undefined, 2, 3]);
  }],
  ["full snapshots leave out what has expired, unless told otherwise", (t) => {
    for (const [cleanupInFullSnapshot, rows] of [[undefined, 1], [true, 1], [false, 2]] as const) {
      for (const kind of KINDS) {
        t.backend.dispose();
        t.now = 0;
        const of = descriptor(kind, { cleanupInFullSnapshot });
        actions[kind].write(t.handle(of, "old"), 1);
        t.now = 60;
        actions[kind].write(t.handle(of, "new"), 2);
        t.now = 110;
        t.restart();
        assert.equal(t.backend.numStateEntries(), rows, kind);
        // Back in time: what was left out is gone, what is there is not expired.
        t.now = 70;
        assert.equal(actions[kind].read(t.handle(of, "old")), rows === 1 ? undefined : 1);
        assert.equal(actions[kind].read(t.handle(of, "new")), 2);
      }
    }
  }],
  ["TTL can be switched on and off over a restore; old content then counts as just written", (t) => {
    for (const kind of KINDS) {
      t.backend.dispose();
      t.now = 0;
      actions[kind].write(t.handle(descriptor(kind, { updateType: "disabled" })), 1);
      t.restart();
      t.now = 1000;
      assert.equal(actions[kind].read(t.handle(descriptor(kind))), 1);
      t.now = 1099;
      t.restart();
      assert.equal(actions[kind].read(t.handle(descriptor(kind))), 1);
      t.restart();
      assert.equal(actions[kind].read(t.handle(descriptor(kind, { updateType: "disabled" }))), 1);
      t.now = 1e9;
      assert.equal(actions[kind].read(t.handle(descriptor(kind, { updateType: "disabled" }))), 1);
    }
  }],
  ["invalid settings are refused", (t) => {
    const wrong: Partial<StateTtlConfig>[] = [
      { ttl: 0 },
      { ttl: "0 s" as DurationLike },
      { ttl: -1 },
      { cleanupIncrementally: { cleanupSize: 0 } },
      { cleanupIncrementally: { cleanupSize: -5 } },
    ];
    for (const config of wrong) {
      assert.throws(() => t.handle(descriptor("value", config)), { code: /^TSF-2/ }, JSON.stringify(config));
    }
  }],
];

/** Registers the tests of TTL. */
export function ttlConformance(name: string, factory: BackendFactory, register: RegisterTest): void {
  for (const [what, config, steps] of SCRIPTS) {
    for (const kind of KINDS) {
      register(`${name} TTL: ${kind}: ${what}`, () => runScript(new TtlFixture(factory), kind, config, steps));
    }
  }
  for (const [what, run] of CASES) register(`${name} TTL: ${what}`, () => run(new TtlFixture(factory)));
}
