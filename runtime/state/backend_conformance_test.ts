/**
 * The behaviour every keyed backend has, as one table of tests. A backend's own test file calls
 * {@link backendConformance} with a factory and the function that registers a test.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { FlinkError } from "../errors.ts";
import { ListStateDescriptor, MapStateDescriptor, ValueStateDescriptor } from "../functions/state_descriptor.ts";
import type { Key } from "../types/key.ts";
import {
  ALL,
  type BackendFactory,
  type Case,
  Fixture,
  type Handle,
  type RegisterTest,
  throwsCode,
} from "./conformance_fixture_test.ts";
import { HANDLE_CASES } from "./handle_conformance_test.ts";
import type { KeyedBackendOptions, StateMeta, StateRow } from "./keyed_state_backend.ts";
import { RunReader } from "./snapshot.ts";

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
    t.handle(new ListStateDescriptor("empty"));
    t.restart();
    throwsCode("TSF-2110", () => t.backend.state(new ValueStateDescriptor("empty")));
    // Carried along although nobody opened it.
    t.restart();
    t.restart();
    assert.equal(t.handle(d).value(), 1);
  }],
  ["snapshot: other maxParallelism or hash rule is refused", (t) => {
    t.handle(new ValueStateDescriptor("value")).update(1);
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
    assert.deepEqual(found, [[{ ...meta, keySchema: "generic" }, timer]]);
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
  for (const [what, run] of [...HANDLE_CASES, ...KEYS, ...SNAPSHOTS]) {
    register(`${name}: ${what}`, () => run(new Fixture(factory)));
  }
}
