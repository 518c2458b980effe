/**
 * Which channel of which gate is fed by whom: deployed graphs are traced by a record from each producer over each of its
 * subpartitions.
 *
 * @module
 */

import assert from "node:assert/strict";
import { type DataStream, DiscardingSink, type StreamExecutionEnvironment } from "tsflink";
import { testEnvironment, testSeams } from "tsflink/testing";
import { Configuration } from "../../runtime/api/configuration.ts";
import { generateJobGraph } from "../../runtime/graph/job_graph_generator.ts";
import { recordBatch } from "../../runtime/types/stream_element.ts";
import { ExecutionGraph } from "../jobmaster/execution_graph.ts";
import { deploy, type DeployedTask } from "./deployment.ts";
import { taskSettings } from "./task_settings.ts";

function deployed(build: (env: StreamExecutionEnvironment) => void): DeployedTask[] {
  const { env } = testEnvironment();
  build(env);
  const jobGraph = generateJobGraph(env.getStreamGraph());
  return deploy({
    graph: new ExecutionGraph("job", jobGraph, () => 0, () => {}),
    settings: taskSettings(Configuration.from({}), "STREAMING", false),
    seams: testSeams(),
    cachedFiles: new Map(),
    collect: new Map(),
    listener: () => ({
      onState: () => {},
      onCheckpoint: () => {},
      onCheckpointDeclined: () => {},
      onDataProcessed: () => {},
    }),
    sendToCoordinator: () => {},
    wake: () => {},
  });
}

const nameOf = ({ execution }: DeployedTask) => {
  const { jobVertex, subtaskIndex } = execution.vertex;
  return `${/[a-z]$/.exec(jobVertex.vertex.name.replace("Source: ", "").split(" -> ")[0])?.[0]}${subtaskIndex}`;
};

/** For each consumer what its gates show: one text per input, the producers of its channels in order. */
function wiring(tasks: readonly DeployedTask[]): Record<string, string[]> {
  for (const task of tasks) {
    for (const { subpartitions } of task.partitions) {
      for (const subpartition of subpartitions) {
        subpartition.add({ kind: "data", rows: 1, sizeBytes: 1, batch: recordBatch([nameOf(task)]) });
      }
    }
  }
  const wires: Record<string, string[]> = {};
  for (const task of tasks) {
    if (task.gates.length === 0) continue;
    wires[nameOf(task)] = task.gates.map((gate) =>
      gate.channels.map((channel) => {
        const item = channel.take();
        assert.ok(item?.kind === "data" && !channel.hasItem, "one producer, one record");
        return item.batch!.values[0];
      }).join(" ")
    );
  }
  return wires;
}

const source = (env: StreamExecutionEnvironment, name: string, p: number) =>
  env.fromSequence(1, 9).name(name).setParallelism(p);
const into = (stream: DataStream<number>, name: string, p: number) =>
  stream.map((n) => n).name(name).setParallelism(p).sinkTo(new DiscardingSink()).setParallelism(p);

Deno.test("all to all: every producer on every consumer, channels in the order of producers", () => {
  const tasks = deployed((env) => into(source(env, "a", 3).rebalance(), "b", 2));
  assert.deepEqual(wiring(tasks), { b0: ["a0 a1 a2"], b1: ["a0 a1 a2"] });
});

Deno.test("pointwise: neighbours only", () => {
  const up = deployed((env) => into(source(env, "a", 2).rescale(), "b", 5));
  assert.deepEqual(wiring(up), { b0: ["a0"], b1: ["a0"], b2: ["a0"], b3: ["a1"], b4: ["a1"] });
  const down = deployed((env) => into(source(env, "a", 5).rescale(), "b", 2));
  assert.deepEqual(wiring(down), { b0: ["a0 a1"], b1: ["a2 a3 a4"] });
  const forward = deployed((env) => into(source(env, "a", 2).disableChaining().forward(), "b", 2));
  assert.deepEqual(wiring(forward), { b0: ["a0"], b1: ["a1"] });
});

Deno.test("a union is one gate: the channels of its edges one after the other", () => {
  const tasks = deployed((env) =>
    into(source(env, "a", 2).rebalance().union(source(env, "b", 3).rescale(), source(env, "c", 1).broadcast()), "x", 3)
  );
  assert.deepEqual(wiring(tasks), { x0: ["a0 a1 b0 c0"], x1: ["a0 a1 b1 c0"], x2: ["a0 a1 b2 c0"] });
});

Deno.test("a self-union has two channels of the same producer", () => {
  const tasks = deployed((env) => {
    const a = source(env, "a", 1);
    into(a.union(a), "b", 1);
  });
  assert.deepEqual(wiring(tasks), { b0: ["a0 a0"] });
});

Deno.test("two inputs are two gates, each with unions of its own", () => {
  const tasks = deployed((env) => {
    const first = source(env, "a", 2).rebalance().union(source(env, "b", 1).broadcast());
    first.connect(source(env, "c", 3).rebalance()).map({ map1: (n) => n, map2: (n) => n }).name("m").setParallelism(2)
      .sinkTo(new DiscardingSink()).setParallelism(2);
  });
  assert.deepEqual(wiring(tasks), { m0: ["a0 a1 b0", "c0 c1 c2"], m1: ["a0 a1 b0", "c0 c1 c2"] });
});

Deno.test("two outputs of one producer are two partitions", () => {
  const tasks = deployed((env) => {
    const a = source(env, "a", 1);
    into(a.rebalance(), "b", 2);
    into(a.rebalance(), "c", 3);
  });
  const [a] = tasks.filter((task) => nameOf(task) === "a0");
  assert.deepEqual(a.partitions.map(({ subpartitions }) => subpartitions.length).toSorted(), [2, 3]);
  assert.deepEqual(wiring(tasks), { b0: ["a0"], b1: ["a0"], c0: ["a0"], c1: ["a0"], c2: ["a0"] });
});
