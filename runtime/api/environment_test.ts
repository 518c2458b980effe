/** The environment: settings, sources, submission, listeners, results, what lies around a job. */

import assert from "node:assert/strict";
import { FlinkError, JobExecutionError } from "../errors.ts";
import type { StreamGraph } from "../graph/stream_graph.ts";
import { TumblingEventTimeWindows } from "../functions/windowing/window_assigners.ts";
import { DiscardingSink } from "../connectors/discarding/sink.ts";
import { CheckpointingOptions, PipelineOptions } from "./config_options.ts";
import { Configuration } from "./configuration.ts";
import { StreamExecutionEnvironment } from "./environment.ts";
import type { ExecuteOptions, PipelineExecutor } from "./executor.ts";
import { ExecutionWatch } from "./missing_execute.ts";
import { type JobClient, JobExecutionResult } from "./job_client.ts";
import { testEnvironment, testHost } from "./testdata/test_host.ts";

const host = testHost();

/** Hands every job to the test; `run` fills its collect sinks and says how it ends. */
class FakeExecutor implements PipelineExecutor {
  readonly jobs: { graph: StreamGraph; options: ExecuteOptions }[] = [];
  constructor(readonly run: (options: ExecuteOptions) => Promise<JobExecutionResult> = () => Promise.resolve(RESULT)) {}

  execute(graph: StreamGraph, options: ExecuteOptions): Promise<JobClient> {
    this.jobs.push({ graph, options });
    const result = this.run(options);
    result.catch(() => {});
    return Promise.resolve({
      getJobID: () => RESULT.jobId,
      getJobStatus: () => Promise.resolve("RUNNING"),
      cancel: () => Promise.resolve(),
      getJobExecutionResult: () => result,
      getAccumulators: () => Promise.resolve({}),
    });
  }
}
const RESULT = new JobExecutionResult("ab".repeat(16), 7, { lines: 3 });

function withExecutor(run?: (options: ExecuteOptions) => Promise<JobExecutionResult>): FakeExecutor {
  const executor = new FakeExecutor(run);
  host.executor = executor;
  return executor;
}
const codeOf = (error: unknown): string => error instanceof FlinkError ? error.code : String(error);

Deno.test("execute() hands over the graph, empties the environment and gives the result", async () => {
  const executor = withExecutor();
  const env = testEnvironment(3);
  env.fromSequence(1, 2).map((n) => n).print();
  const result = await env.execute("numbers");
  assert.equal(result, RESULT);
  assert.equal(result.getJobID(), "ab".repeat(16));
  assert.equal(result.getNetRuntime(), 7);
  assert.equal(result.getAccumulatorResult("lines"), 3);
  assert.equal(result.getAccumulatorResult("words"), undefined);
  assert.deepEqual(result.getAllAccumulatorResults(), { lines: 3 });
  const [{ graph, options }] = executor.jobs;
  assert.equal(graph.jobName, "numbers");
  assert.deepEqual(graph.nodes.map((node) => [node.name, node.parallelism]), [
    ["Source: Sequence Source", 3],
    ["Map", 3],
    ["Sink: Print to Std. Out", 3],
  ]);
  assert.equal(options.executionOrdinal, 0);
  assert.equal(options.configuration.get(PipelineOptions.OBJECT_REUSE), false);
  await assert.rejects(env.execute(), (error) => codeOf(error) === "TSF-1101");
  env.fromSequence(1, 2).print();
  await env.execute();
  assert.deepEqual(executor.jobs.map((job) => job.options.executionOrdinal), [0, 1]);
  assert.equal(executor.jobs[1].graph.jobName, "Flink Streaming Job");
});

Deno.test("every node knows the line of the program that made it", () => {
  const env = testEnvironment();
  env.fromData(1)
    .keyBy((n) => n)
    .window(TumblingEventTimeWindows.of("1 s"))
    .reduce((left) => left)
    .sinkTo(new DiscardingSink());
  const lines = env.getStreamGraph().nodes.map((node) => node.userLine ?? "none");
  for (const line of lines) assert.match(line, /environment_test\.ts:\d+:\d+$/);
  assert.equal(new Set(lines).size, 3);
});

Deno.test("a job without sink is refused with its last operator's line", async () => {
  const env = testEnvironment();
  env.fromData(1).map((n) => n).name("lonely");
  await assert.rejects(env.execute(), (error) => {
    assert.ok(error instanceof FlinkError);
    assert.equal(error.code, "TSF-1207");
    assert.match(error.found ?? "", /lonely/);
    assert.match(error.userLine ?? "", /environment_test\.ts/);
    return true;
  });
  assert.equal(env.hasUnexecutedOperators(), true);
  assert.equal(env.getStreamGraph(false).nodes.length, 2, "the graph itself may be looked at");
});

Deno.test("a program that never executes is found, one that asked for its plan or was executed is not", async () => {
  const watch = new ExecutionWatch();
  const [forgotten, planned, executed, empty] = [1, 2, 3, 4].map((n) => testEnvironment(n));
  for (const env of [empty, planned, executed]) watch.created(env);
  for (const env of [forgotten, planned, executed]) env.fromData(1).print();
  assert.match(planned.getExecutionPlan(), /Print to Std. Out/);
  withExecutor();
  await executed.execute();
  assert.equal(watch.missingExecute(), undefined);
  watch.created(forgotten);
  const error = watch.missingExecute();
  assert.equal(error?.code, "TSF-1223");
  assert.match(error?.userLine ?? "", /environment_test\.ts:\d+/);
  planned.fromData(2).print();
  assert.equal(planned.hasUnexecutedOperators(), true, "what came after the plan counts");
});

Deno.test("listeners hear of submission and end, and of failures", async () => {
  const heard: string[] = [];
  const record = (env: StreamExecutionEnvironment) =>
    env.registerJobListener({
      onJobSubmitted: (client, error) => heard.push(`submitted ${client?.getJobID().length} ${codeOf(error)}`),
      onJobExecuted: (result, error) => heard.push(`executed ${result?.netRuntimeMs} ${codeOf(error)}`),
    }).registerJobListener({});
  withExecutor();
  const good = record(testEnvironment());
  good.fromData(1).print();
  await good.execute();
  withExecutor(() => Promise.reject(new JobExecutionError("TSF-2001", "broken")));
  const failing = record(testEnvironment());
  failing.fromData(1).print();
  await assert.rejects(failing.execute(), /broken/);
  await assert.rejects(failing.execute(), /no operators/);
  assert.deepEqual(heard, [
    "submitted 32 undefined",
    "executed 7 undefined",
    "submitted 32 undefined",
    "executed undefined TSF-2001",
    "submitted undefined TSF-1101",
  ]);
  assert.equal(failing.getJobListeners().length, 2);
  assert.equal(failing.clearJobListeners().getJobListeners().length, 0);
});

Deno.test("collect sinks get their receiver by the uid of their node", async () => {
  const executor = withExecutor(async (options) => {
    for (const [id, receive] of options.collect ?? []) await receive([id, 1, 2]);
    return RESULT;
  });
  const env = testEnvironment();
  const numbers = env.fromSequence(1, 2);
  const first = numbers.collectAsync();
  const second = numbers.map((n) => n).collectAsync();
  await env.execute("two");
  assert.deepEqual(await first as unknown[], ["dataStreamCollect_2", 1, 2]);
  assert.deepEqual(await second as unknown[], ["dataStreamCollect_4", 1, 2]);
  assert.deepEqual(
    executor.jobs[0].graph.nodes.filter((node) => node.kind === "sink").map((node) => node.parallelism),
    [
      1,
      1,
    ],
  );
  const third = await env.fromData(1).executeAndCollect("named", 2);
  assert.equal(third.length, 2);
  assert.equal(executor.jobs[1].graph.jobName, "named");
  assert.equal(executor.jobs[1].options.collect?.size, 1);
  await env.fromData(1).executeAndCollect();
  assert.equal(executor.jobs[2].graph.jobName, "DataStream Collect");
});

Deno.test("executeAndCollect of a program that is refused fails whoever reads", async () => {
  withExecutor();
  const env = testEnvironment();
  const stream = env.fromData(1).map((n) => n).uid("same").map((n) => n).uid("same");
  env.configure({ "pipeline.auto-generate-uids": "false" });
  await assert.rejects(stream.executeAndCollect(3), (error) => codeOf(error) === "TSF-1107");
});

Deno.test("configuration: the program wins over the host, options over methods as they come", () => {
  host.configuration = { "parallelism.default": "5", "pipeline.name": "from outside" };
  try {
    const env = StreamExecutionEnvironment.getExecutionEnvironment({ "pipeline.name": "own" });
    assert.equal(env.getParallelism(), 5);
    assert.equal(env.getConfiguration().get(PipelineOptions.NAME), "own");
    assert.equal(env.setParallelism(2).configure({ "parallelism.default": 4 }).getParallelism(), 4);
    env.fromData(1).print();
    assert.equal(env.getStreamGraph().jobName, "own");
    const given = new Configuration().set(PipelineOptions.NAME, "given");
    assert.equal(StreamExecutionEnvironment.createLocalEnvironment(1, given).getParallelism(), 1);
  } finally {
    host.configuration = {};
  }
  assert.throws(
    () => StreamExecutionEnvironment.getExecutionEnvironment({ "no.such.option": 1 }),
    (error) => codeOf(error) === "TSF-4001",
  );
});

Deno.test("settings by method", () => {
  const env = testEnvironment();
  const config = env.getConfig();
  assert.equal(env.getParallelism(), 1);
  assert.equal(env.getMaxParallelism(), -1);
  assert.equal(env.setMaxParallelism(64).getMaxParallelism(), 64);
  assert.equal(env.getBufferTimeout(), 100);
  assert.equal(env.setBufferTimeout(0).getBufferTimeout(), 0);
  assert.equal(env.setBufferTimeout(-1).getBufferTimeout(), -1);
  assert.equal(env.isChainingEnabled(), true);
  assert.equal(env.disableOperatorChaining().isChainingEnabled(), false);
  assert.equal(config.getAutoWatermarkInterval(), 200);
  assert.equal(config.setAutoWatermarkInterval("1 s").getAutoWatermarkInterval(), 1000);
  assert.equal(config.setLatencyTrackingInterval(5).getLatencyTrackingInterval(), 5);
  assert.equal(config.enableObjectReuse().isObjectReuseEnabled(), true);
  assert.equal(config.disableObjectReuse().isObjectReuseEnabled(), false);
  assert.equal(config.disableAutoGeneratedUIDs().hasAutoGeneratedUIDsEnabled(), false);
  assert.equal(config.enableAutoGeneratedUIDs().hasAutoGeneratedUIDsEnabled(), true);
  assert.deepEqual(config.getGlobalJobParameters(), {});
  assert.deepEqual(config.setGlobalJobParameters({ a: "1" }).getGlobalJobParameters(), { a: "1" });
  const checkpoints = env.getCheckpointConfig();
  assert.equal(checkpoints.isCheckpointingEnabled(), false);
  assert.equal(env.getCheckpointInterval(), -1);
  assert.equal(env.enableCheckpointing("10 s", "AT_LEAST_ONCE").getCheckpointInterval(), 10_000);
  assert.equal(checkpoints.isCheckpointingEnabled(), true);
  assert.equal(checkpoints.getCheckpointingConsistencyMode(), "AT_LEAST_ONCE");
  assert.equal(checkpoints.setCheckpointTimeout("1 min").getCheckpointTimeout(), 60_000);
  assert.equal(checkpoints.setMinPauseBetweenCheckpoints(5).getMinPauseBetweenCheckpoints(), 5);
  assert.equal(checkpoints.setMaxConcurrentCheckpoints(2).getMaxConcurrentCheckpoints(), 2);
  assert.equal(checkpoints.setTolerableCheckpointFailureNumber(3).getTolerableCheckpointFailureNumber(), 3);
  assert.equal(checkpoints.enableUnalignedCheckpoints().isUnalignedCheckpointsEnabled(), true);
  assert.equal(env.getConfiguration().get(CheckpointingOptions.INTERVAL), 10_000);
  env.registerSlotSharingGroup({ name: "big", cpuCores: 2 });
  assert.deepEqual(env.getSlotSharingGroups(), [{ name: "big", cpuCores: 2 }]);
});

Deno.test("parallelism counts when the operator is recorded", () => {
  const env = testEnvironment(2);
  const source = env.fromSequence(1, 2);
  env.setParallelism(4);
  source.map((n) => n).print();
  assert.deepEqual(env.getStreamGraph().nodes.map((node) => node.parallelism), [2, 4, 4]);
});

Deno.test("cached files by method and by option", () => {
  const env = testEnvironment();
  env.registerCachedFile("/a/b", "b").registerCachedFile("/run", "run", true);
  assert.deepEqual(env.getCachedFiles().map((file) => [file.name, file.path, file.executable]), [
    ["b", "/a/b", false],
    ["run", "/run", true],
  ]);
  env.configure({ "pipeline.cached-files": "name:x,path:file:///x;name:y,path:/y,executable:true" });
  assert.deepEqual(env.getCachedFiles().map((file) => [file.name, file.path, file.executable]), [
    ["x", "file:///x", false],
    ["y", "/y", true],
  ]);
});

Deno.test("once() runs the function and gives its value; names are used once, values must travel", async () => {
  const env = testEnvironment();
  assert.deepEqual(await env.once("rates", () => Promise.resolve({ eur: 1 })), { eur: 1 });
  assert.equal(await env.once("now", () => 5), 5);
  await assert.rejects(env.once("rates", () => 1), (error) => codeOf(error) === "TSF-1215");
  await assert.rejects(env.once("fn", () => () => 1), (error) => codeOf(error) === "TSF-2101");
  await assert.rejects(env.once("", () => 1), (error) => codeOf(error) === "TSF-1218");
  await assert.rejects(env.once("fails", () => Promise.reject(new Error("offline"))), /offline/);
});

Deno.test("the environment reads the program's arguments and is announced to the host", () => {
  host.args = ["--input", "x.txt"];
  const env = testEnvironment();
  assert.equal(env.args.get("input"), "x.txt");
  assert.equal(env.args, env.args);
  assert.equal(host.created.at(-1), env);
});

Deno.test("fromData takes elements, an array, or an array with its type", () => {
  const sizes = (build: (env: StreamExecutionEnvironment) => unknown) => {
    const env = testEnvironment(4);
    build(env);
    env.fromData([]).print();
    return env.getStreamGraph().nodes[0];
  };
  for (
    const build of [
      (env: StreamExecutionEnvironment) => env.fromData(1, 2).print(),
      (env: StreamExecutionEnvironment) => env.fromData([1, 2]).print(),
      (env: StreamExecutionEnvironment) => env.fromData([1, 2], { kind: "int" }).print(),
      (env: StreamExecutionEnvironment) => env.fromData([1], [2]).print(),
    ]
  ) {
    const node = sizes(build);
    assert.equal(node.name, "Source: Collection Source");
    assert.equal(node.parallelism, 1);
  }
});
