import assert from "node:assert/strict";
import { JobExecutionError } from "tsflink";
import { Configuration } from "../../runtime/api/configuration.ts";
import { deserializeValue, serializeValue } from "../../runtime/types/generic_serializer.ts";
import { ExceptionHistory } from "./exception_history.ts";
import { ExecutionGraph } from "./execution_graph.ts";
import { type DetailsOf, jobDetails } from "./job_details.ts";
import { regions } from "./testdata/played_slots.ts";

function details(change: (graph: ExecutionGraph) => void = () => {}, of: Partial<DetailsOf> = {}) {
  let now = 1000;
  const graph = new ExecutionGraph("ab".repeat(16), regions(["a"]), () => now++, () => {});
  change(graph);
  return jobDetails({
    graph,
    startTime: 900,
    configuration: Configuration.from({ "parallelism.default": 2, "pipeline.global-job-parameters": { a: "1" } }),
    exceptions: [],
    exceptionsTruncated: false,
    restartStrategy: "Restart deactivated.",
    numRestarts: 0,
    progress: new Map(),
    locationOf: () => undefined,
    now,
    ...of,
  });
}

Deno.test("a job that waits: no end, every subtask CREATED, its configuration as texts", () => {
  const shown = details();
  assert.deepEqual([shown.state, shown.startTime, shown.endTime, shown.lastModified], ["INITIALIZING", 900, -1, 1000]);
  assert.deepEqual(shown.tasks, { CREATED: 4 });
  assert.deepEqual(shown.configuration, { "parallelism.default": "2", "pipeline.global-job-parameters": '{"a":"1"}' });
  assert.deepEqual(shown.vertices.map(({ operators, parallelism }) => [operators, parallelism]), [
    [["Source: source a"], 2],
    [["a", "Sink: Print to Std. Out"], 2],
  ]);
  assert.equal(shown.plan.jid, "ab".repeat(16));
  assert.equal(shown.plan.nodes.length, 2);
});

Deno.test("a job that has run: times, attempts, places, progress; all of it travels", () => {
  const progress = {
    executionId: "",
    state: "RUNNING",
    watermark: 1,
    isBackPressured: false,
    busyTimeMs: 2,
    operators: [],
  };
  const location = { taskManagerId: "tm", host: "h", dataPort: 3 };
  const shown = details((graph) => {
    graph.transition("CREATED");
    graph.transition("RUNNING");
    graph.newAttempts(graph.jobGraph.vertices);
    for (const execution of graph.executions) {
      for (const state of ["SCHEDULED", "DEPLOYING", "INITIALIZING", "RUNNING", "FINISHED"] as const) {
        graph.update(execution, state);
      }
    }
  }, {
    progress: new Map([[`${regions(["a"]).verticesTopologically[0].id}_1_1`, progress as never]]),
    locationOf: (id) => id.endsWith("_0_1") ? location : undefined,
  });
  assert.deepEqual([shown.state, shown.endTime], ["FINISHED", shown.timestamps.FINISHED]);
  assert.deepEqual(shown.tasks, { FINISHED: 4 });
  const [source] = shown.vertices;
  assert.deepEqual(source.subtasks.map((subtask) => [subtask.attemptNumber, subtask.location, subtask.progress]), [
    [1, location, undefined],
    [1, undefined, progress],
  ]);
  for (const { timestamps } of source.subtasks) assert.ok(timestamps.FINISHED! > timestamps.RUNNING!);
  assert.deepEqual(deserializeValue(serializeValue(shown)), shown);
});

Deno.test("the newest failures are kept, and that older ones were dropped is told", () => {
  const history = new ExceptionHistory(2);
  for (const n of [1, 2]) history.add(new JobExecutionError("TSF-5042", `failure ${n}`), { timestamp: n });
  assert.equal(history.isTruncated, false);
  history.add("not an error", { timestamp: 3, taskName: "a (1/2)", taskManagerId: "tm", endpoint: "h:1" });
  assert.deepEqual(history.entries.map(({ timestamp }) => timestamp), [3, 2]);
  assert.deepEqual([history.isTruncated, history.entries[0].endpoint], [true, "h:1"]);
  assert.match(JSON.stringify(history.entries[1].error), /TSF-5042[^]*failure 2/);
});
