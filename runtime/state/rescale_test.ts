import assert from "node:assert/strict";
import fc from "fast-check";
import { ValueStateDescriptor } from "../functions/state_descriptor.ts";
import { ListStateDescriptor, MapStateDescriptor, type ValueState } from "../functions/state_descriptor.ts";
import { keyGroupRange } from "../types/key_group.ts";
import { HeapKeyedStateBackend } from "./heap_backend.ts";
import { HeapOperatorStateBackend } from "./operator_state_backend.ts";
import { type OperatorSubtaskState, redistribute } from "./rescale.ts";

const split = (name: string) => new ListStateDescriptor<number>(name);
const union = new ListStateDescriptor<number>("u");
const broadcast = new MapStateDescriptor<string, number>("b");

/** State of one subtask: split lists by name, a union list, a broadcast map. */
function subtask(lists: Record<string, number[]>, unionList: number[] = [], map: Record<string, number> = {}) {
  const backend = new HeapOperatorStateBackend();
  for (const [name, elements] of Object.entries(lists)) backend.getListState(split(name)).addAll(elements);
  if (unionList.length > 0) backend.getUnionListState(union).addAll(unionList);
  if (Object.keys(map).length > 0) backend.getBroadcastState(broadcast).putAll(Object.entries(map));
  return { operator: backend.snapshot() };
}
function restored(state: OperatorSubtaskState): HeapOperatorStateBackend {
  const backend = new HeapOperatorStateBackend();
  if (state.operator !== undefined) backend.restore(state.operator);
  return backend;
}
function splitListsAfter(states: readonly OperatorSubtaskState[], parallelism: number, name = "s"): number[][] {
  return redistribute(states, 128, parallelism).map((state) => restored(state).getListState(split(name)).get());
}

Deno.test("split lists: evenly and in order; the first subtasks get one more; same parallelism changes nothing", () => {
  const table: [old: number[][], parallelism: number, expected: number[][]][] = [
    [[[1, 2, 3, 4, 5]], 2, [[1, 2, 3], [4, 5]]],
    [[[1, 2, 3, 4, 5]], 3, [[1, 2], [3, 4], [5]]],
    [[[1], [2, 3, 4]], 3, [[1, 2], [3], [4]]],
    [[[1, 2], [3]], 1, [[1, 2, 3]]],
    [[[1], [2]], 4, [[1], [2], [], []]],
    [[[1, 2, 3], []], 2, [[1, 2, 3], []]],
    [[[], [], []], 2, [[], []]],
  ];
  for (const [old, parallelism, expected] of table) {
    assert.deepEqual(splitListsAfter(old.map((s) => subtask({ s })), parallelism), expected);
  }
});

Deno.test("split lists: what is left over goes on where the list before stopped", () => {
  const states = [subtask({ x: [1], y: [2], z: [3, 4, 5, 6] }), subtask({})];
  const after = redistribute(states, 128, 3).map(restored);
  const sizes = after.map((backend) => ["x", "y", "z"].map((name) => backend.getListState(split(name)).get().length));
  assert.deepEqual(sizes, [[1, 0, 1], [0, 1, 1], [0, 0, 2]]);
});

Deno.test("property: no element of a split list is lost or doubled, sizes differ by at most one", () => {
  const lists = fc.array(fc.array(fc.nat()), { minLength: 1, maxLength: 6 });
  fc.assert(fc.property(lists, fc.integer({ min: 1, max: 7 }), (old, parallelism) => {
    const after = splitListsAfter(old.map((s) => subtask({ s })), parallelism);
    assert.deepEqual(after.flat(), old.flat());
    if (old.length === parallelism) return assert.deepEqual(after, old);
    const sizes = after.map((list) => list.length);
    assert.ok(Math.max(...sizes) - Math.min(...sizes) <= 1);
  }));
});

Deno.test("union lists go whole to everyone, also at the same parallelism", () => {
  for (const parallelism of [1, 2, 3]) {
    const after = redistribute([subtask({}, [1, 2]), subtask({}, [3])], 128, parallelism);
    assert.equal(after.length, parallelism);
    for (const state of after) assert.deepEqual(restored(state).getUnionListState(union).get(), [1, 2, 3]);
  }
});

Deno.test("broadcast: each keeps its own; new ones take turns; the finished ones are filled", () => {
  const own = [subtask({}, [], { a: 0 }), subtask({}, [], { a: 1 }), subtask({}, [], { a: 2 })];
  const after = (states: OperatorSubtaskState[], parallelism: number) =>
    redistribute(states, 128, parallelism).map((state) => restored(state).getBroadcastState(broadcast).get("a"));
  assert.deepEqual(after(own, 3), [0, 1, 2]);
  assert.deepEqual(after(own, 5), [0, 1, 2, 0, 1]);
  assert.deepEqual(after(own, 2), [0, 1]);
  assert.deepEqual(after([own[0], {}, own[2]], 3), [0, 2, 0]);
});

Deno.test("keyed state: every key is where its key group is, for any pair of parallelisms", () => {
  const d = new ValueStateDescriptor<number>("v");
  const make = (parallelism: number, index: number) =>
    new HeapKeyedStateBackend({ maxParallelism: 8, keyGroups: keyGroupRange(8, parallelism, index), now: () => 0 });
  const single = make(1, 0);
  for (let key = 0; key < 64; key++) {
    single.setCurrentKey(key);
    single.state<ValueState<number>>(d).update(key);
  }
  let states: OperatorSubtaskState[] = [{ keyed: [single.snapshot()] }];
  for (const parallelism of [3, 8, 2, 5, 1, 1]) {
    const backends = redistribute(states, 8, parallelism).map((state, index) => {
      const backend = make(parallelism, index);
      backend.restore(state.keyed ?? [], () => {});
      return backend;
    });
    const keys = backends.flatMap((backend) => [...backend.keys("v", "")] as number[]);
    assert.deepEqual(keys.sort((a, b) => a - b), [...Array(64).keys()]);
    states = backends.map((backend) => ({ keyed: [backend.snapshot()] }));
  }
  const halves = [0, 1].map((index) => ({ keyed: [make(2, index).snapshot()] }));
  assert.deepEqual(redistribute(halves, 8, 2), halves);
  // Runs are passed on by reference, and only those that overlap.
  const parts = redistribute(redistribute(states, 8, 1), 8, 2);
  assert.equal(parts[0].keyed![0].runs[0].bytes, states[0].keyed![0].runs[0].bytes);
});

Deno.test("nothing in, nothing out; too many subtasks are refused", () => {
  assert.deepEqual(redistribute([{}, {}], 128, 3), [{}, {}, {}]);
  const keyed = [
    new HeapKeyedStateBackend({ maxParallelism: 2, keyGroups: { start: 0, end: 1 }, now: () => 0 }).snapshot(),
  ];
  assert.throws(() => redistribute([{ keyed }], 2, 3), { code: "TSF-2108" });
});
