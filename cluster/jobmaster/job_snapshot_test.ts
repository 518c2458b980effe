import assert from "node:assert/strict";
import type { JobGraph } from "../../runtime/graph/job_graph.ts";
import { redistribute } from "../../runtime/state/rescale.ts";
import { JobSnapshot, SnapshotInProgress } from "./job_snapshot.ts";

const enumerators = new Map([["source", new Uint8Array([1])]]);
const states = (...ids: string[]) => new Map(ids.map((id) => [id, {}]));

Deno.test("complete when all have acknowledged or finished; each state in its subtask's place", async () => {
  const pending = new SnapshotInProgress(7, ["a_0", "a_1", "b_0"], enumerators);
  let done = false;
  void pending.completed.then(() => done = true);
  const operator = { operator: {} } as never;
  pending.acknowledge("a_1", 1, 2, new Map([["x", operator], ["y", {}]]));
  pending.acknowledge("b_0", 0, 1, states("z"));
  await Promise.resolve();
  assert.equal(done, false);
  pending.finished("a_0");
  const snapshot = await pending.completed;
  assert.deepEqual([snapshot.checkpointId, snapshot.enumerators], [7, enumerators]);
  assert.deepEqual([...snapshot.states], [["x", [{}, operator]], ["y", [{}, {}]], ["z", [{}]]]);
});

Deno.test("nobody to wait for: complete at once", async () => {
  assert.deepEqual([...(await new SnapshotInProgress(1, [], new Map()).completed).states], []);
});

Deno.test("one that declines fails it with the reason; what comes later changes nothing", async () => {
  const pending = new SnapshotInProgress(3, ["a", "b"], new Map());
  pending.decline("a", "a newer checkpoint began");
  pending.decline("b", "other");
  pending.acknowledge("a", 0, 1, states("x"));
  pending.finished("b");
  await assert.rejects(pending.completed, { code: "TSF-5030", message: /3 .*declined by a: a newer checkpoint began/ });
});

Deno.test("a declined snapshot that nobody waits for does not end the process", () => {
  new SnapshotInProgress(3, ["a"], new Map()).decline("a", "x");
});

Deno.test("states go to the operators of the new graph, by the user's hash first, cut for its parallelism", () => {
  const old = { operator: { marker: 1 } } as never;
  const snapshot = new JobSnapshot(5, new Map([["id", [old]], ["hash", [{}, {}]], ["gone", [{}]]]), new Map());
  const vertex = (parallelism: number, ...chain: { operatorId: string; userDefinedOperatorId?: string }[]) => ({
    parallelism,
    maxParallelism: 16,
    chain,
  });
  const graph = {
    vertices: [
      vertex(3, { operatorId: "id" }, { operatorId: "new" }),
      vertex(1, { operatorId: "id2", userDefinedOperatorId: "hash" }),
    ],
  } as unknown as JobGraph;
  const restored = snapshot.redistributeTo(graph);
  assert.equal(restored.checkpointId, 5);
  assert.deepEqual([...restored.states.keys()], ["id", "id2"]);
  assert.deepEqual(restored.states.get("id2"), redistribute([{}, {}], 16, 1));
  assert.equal(restored.states.get("id")!.length, 3);
});
