import assert from "node:assert/strict";
import { ListStateDescriptor, MapStateDescriptor } from "../functions/state_descriptor.ts";
import { HeapOperatorStateBackend } from "./operator_state_backend.ts";

const list = new ListStateDescriptor<{ n: number }>("x");
const map = new MapStateDescriptor<unknown, { n: number } | null>("x");

function restarted(backend: HeapOperatorStateBackend): HeapOperatorStateBackend {
  const next = new HeapOperatorStateBackend();
  next.restore(backend.snapshot());
  return next;
}

Deno.test("lists: order, update replaces, null refused, values copied in and out, snapshots not reached", () => {
  const backend = new HeapOperatorStateBackend();
  for (
    const state of [backend.getListState(list), backend.getUnionListState(new ListStateDescriptor<{ n: number }>("u"))]
  ) {
    assert.deepEqual(state.get(), []);
    const given = { n: 1 };
    state.add(given);
    given.n = 9;
    state.get()[0].n = 8;
    assert.deepEqual(state.get(), [{ n: 1 }]);
    state.addAll([{ n: 2 }, { n: 3 }]);
    assert.throws(() => state.addAll([{ n: 4 }, null as unknown as { n: number }]), { code: "TSF-2112" });
    const snapshot = backend.snapshot();
    state.update([{ n: 5 }]);
    assert.deepEqual(state.get(), [{ n: 5 }]);
    state.clear();
    assert.deepEqual(state.get(), []);
    backend.snapshot();
    assert.equal(snapshot.lists.find(({ elements }) => elements.length > 0)!.elements.length, 3);
  }
});

Deno.test("lists: split and union do not share a name, also not with a snapshot; broadcast has names of its own", () => {
  const backend = new HeapOperatorStateBackend();
  const split = backend.getListState(list);
  assert.equal(backend.getListState(list), split);
  assert.throws(() => backend.getUnionListState(list), { code: "TSF-2110" });
  backend.getBroadcastState(map).put("k", { n: 1 });
  split.add({ n: 2 });
  const next = restarted(restarted(backend));
  assert.throws(() => next.getUnionListState(list), { code: "TSF-2110" });
  assert.deepEqual(next.getListState(list).get(), [{ n: 2 }]);
  assert.deepEqual(next.getBroadcastState(map).get("k"), { n: 1 });
});

Deno.test("broadcast: a map by value of keys, copies in and out, iteration over what was there", () => {
  const backend = new HeapOperatorStateBackend();
  const state = backend.getBroadcastState(map);
  const given = { n: 1 };
  state.put([1, "a"], given);
  given.n = 9;
  state.get([1, "a"])!.n = 8;
  [...state.entries()][0][1]!.n = 7;
  state.putAll([["b", null], ["c", { n: 3 }]]);
  for (let backendNow = backend, round = 0; round < 2; round++, backendNow = restarted(backendNow)) {
    const state = backendNow.getBroadcastState(map);
    assert.deepEqual([...state.immutableEntries()], [[[1, "a"], { n: 1 }], ["b", null], ["c", { n: 3 }]]);
    assert.deepEqual([state.contains("b"), state.get("b"), state.contains("z"), state.get("z")], [
      true,
      null,
      false,
      undefined,
    ]);
  }
  const seen: unknown[] = [];
  for (const [key] of state.entries()) {
    seen.push(key);
    state.remove("b");
    state.put("new", null);
  }
  assert.deepEqual(seen, [[1, "a"], "c"]);
  state.clear();
  assert.deepEqual([...state.entries()], []);
});
