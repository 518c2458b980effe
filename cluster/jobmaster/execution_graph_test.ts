import assert from "node:assert/strict";
import type { JobGraph } from "../../runtime/graph/job_graph.ts";
import { EXECUTION_TRANSITIONS, type ExecutionState, isTerminal } from "../../runtime/tasks/task_states.ts";
import { ExecutionGraph } from "./execution_graph.ts";
import { isTerminalJobState, JOB_TRANSITIONS, type JobState } from "./job_states.ts";

/** A graph of one vertex per entry, with that parallelism. */
function executionGraph(...parallelism: number[]) {
  const states: JobState[] = [];
  let now = 100;
  const vertices = parallelism.map((p, i) => ({ id: `v${i}`, name: `Vertex ${i}`, parallelism: p }));
  const graph = new ExecutionGraph(
    "job",
    { vertices } as unknown as JobGraph,
    () => now++,
    (state) => states.push(state),
  );
  return { graph, states };
}

const TO_RUNNING: ExecutionState[] = ["SCHEDULED", "DEPLOYING", "INITIALIZING", "RUNNING"];

function run(graph: ExecutionGraph): void {
  graph.transition("CREATED");
  graph.transition("RUNNING");
  for (const execution of graph.executions) for (const state of TO_RUNNING) graph.update(execution, state);
}

Deno.test("a job finishes when its last task does", () => {
  const { graph, states } = executionGraph(2, 1);
  run(graph);
  const [a, b, c] = graph.executions;
  graph.update(a, "FINISHED");
  graph.update(c, "FINISHED");
  assert.equal(graph.state, "RUNNING");
  graph.update(b, "FINISHED");
  assert.deepEqual(states, ["CREATED", "RUNNING", "FINISHED"]);
  assert.equal(graph.isTerminal, true);
});

Deno.test("one failure cancels the rest and keeps the first reason", () => {
  const { graph, states } = executionGraph(3);
  run(graph);
  const [a, b, c] = graph.executions;
  assert.equal(graph.update(b, "FAILED", "first"), "cancel-all");
  assert.equal(graph.update(a, "CANCELING"), "nothing");
  assert.equal(graph.update(c, "FAILED", "second"), "nothing");
  assert.equal(graph.state, "FAILING");
  graph.update(a, "CANCELED");
  assert.deepEqual(states, ["CREATED", "RUNNING", "FAILING", "FAILED"]);
  assert.equal(graph.failure, "first");
});

Deno.test("cancelling ends in CANCELED once all tasks have stopped, and only once", () => {
  const { graph, states } = executionGraph(2);
  run(graph);
  const [a, b] = graph.executions;
  assert.equal(graph.cancel(), true);
  assert.equal(graph.cancel(), false);
  for (const execution of [a, b]) {
    graph.update(execution, "CANCELING");
    graph.update(execution, "CANCELED");
  }
  assert.deepEqual(states, ["CREATED", "RUNNING", "CANCELLING", "CANCELED"]);
  assert.equal(graph.fail("late"), false);
});

Deno.test("times of all states are kept", () => {
  const { graph } = executionGraph(1);
  run(graph);
  const [execution] = graph.executions;
  assert.deepEqual(Object.keys(execution.timestamps), ["SCHEDULED", "DEPLOYING", "INITIALIZING", "RUNNING"]);
  assert.ok(execution.timestamps.RUNNING! > execution.timestamps.SCHEDULED!);
});

Deno.test("every transition that is not in the tables is a bug", () => {
  for (const [from, allowed] of Object.entries(EXECUTION_TRANSITIONS)) {
    for (const to of Object.keys(EXECUTION_TRANSITIONS) as ExecutionState[]) {
      if (allowed.includes(to)) continue;
      const { graph } = executionGraph(1);
      run(graph);
      const [execution] = graph.executions;
      if (from !== "RUNNING") continue;
      assert.throws(() => execution.transition(to, 0), { code: "TSF-0002" }, `${from} -> ${to}`);
    }
  }
  const { graph } = executionGraph(1);
  assert.throws(() => graph.transition("FINISHED"), { code: "TSF-0003" });
});

Deno.test("every state that is not terminal leads to a terminal one", () => {
  const reach = <S extends string>(table: Readonly<Record<S, readonly S[]>>, from: S, ends: (state: S) => boolean) => {
    const seen = new Set<S>([from]);
    for (const state of seen) for (const next of table[state]) seen.add(next);
    return [...seen].some(ends);
  };
  for (const state of Object.keys(EXECUTION_TRANSITIONS) as ExecutionState[]) {
    assert.ok(reach(EXECUTION_TRANSITIONS, state, isTerminal), state);
  }
  for (const state of Object.keys(JOB_TRANSITIONS) as JobState[]) {
    assert.ok(reach(JOB_TRANSITIONS, state, isTerminalJobState), state);
  }
});

Deno.test("what is tried again ends, the job does not; the next attempts count from then on", () => {
  const { graph, states } = executionGraph(2, 1);
  run(graph);
  const [a, b, c] = graph.executions;
  graph.restart();
  graph.restart();
  assert.equal(graph.update(b, "FAILED", "first"), "nothing");
  graph.update(a, "CANCELING");
  graph.update(a, "CANCELED");
  graph.update(c, "FINISHED");
  assert.equal(graph.state, "RESTARTING");
  graph.newAttempts(graph.jobGraph.vertices.slice(0, 1));
  const [a1, b1, c0] = graph.executions;
  assert.deepEqual([a1.id, b1.id, c0], ["v0_0_1", "v0_1_1", c]);
  graph.transition("RUNNING");
  for (const execution of [a1, b1]) {
    for (const state of [...TO_RUNNING, "FINISHED"] as const) graph.update(execution, state);
  }
  assert.deepEqual(states, ["CREATED", "RUNNING", "RESTARTING", "RUNNING", "FINISHED"]);
  graph.restart();
  assert.equal(graph.state, "FINISHED");
});
