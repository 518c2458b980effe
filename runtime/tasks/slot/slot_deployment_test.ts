/**
 * Which channel of which gate is fed by whom: deployed graphs are traced by a record from each producer over each of its
 * subpartitions.
 *
 * @module
 */

import assert from "node:assert/strict";
import { type DataStream, DiscardingSink, type StreamExecutionEnvironment } from "tsflink";
import { testEnvironment, testSeams } from "tsflink/testing";
import { generateJobGraph } from "../../graph/job_graph_generator.ts";
import { recordBatch } from "../../types/stream_element.ts";
import type { JobGraph } from "../../graph/job_graph.ts";
import type { TaskSettings } from "../task_builder.ts";
import { deploy, type DeployedTask, type RemoteChannels } from "./slot_deployment.ts";
import type { SubtaskPlacement } from "./slot_protocol.ts";

const SETTINGS: TaskSettings = {
  operatorConfig: {
    objectReuse: false,
    autoWatermarkIntervalMs: 200,
    checkpointingEnabled: false,
    runtimeMode: "STREAMING",
    checkMutation: false,
    alignmentBufferSize: 2,
    allowUnalignedSourceSplits: false,
    committerRetries: 10,
    globalJobParameters: {},
  },
  forceCodec: false,
  maxRowsPerBatch: 256,
  segmentBytes: 32768,
  buffersPerChannel: 2,
  floatingBuffersPerGate: 8,
  maxBuffersPerSubpartition: 10,
  maxOverflowBuffers: 64,
  rowsPerStep: 4096,
};

function graphOf(build: (env: StreamExecutionEnvironment) => void): JobGraph {
  const { env } = testEnvironment();
  build(env);
  return generateJobGraph(env.getStreamGraph());
}

/** Deploys the subtasks of one slot. */
function deploySlot(jobGraph: JobGraph, slot: number, slotOf: (subtask: number) => number, remote?: RemoteChannels) {
  const placements: SubtaskPlacement[] = jobGraph.vertices.flatMap(({ id, parallelism }) =>
    Array.from({ length: parallelism }, (_, subtaskIndex) => ({
      executionId: `${id}_${subtaskIndex}_0`,
      vertexId: id,
      subtaskIndex,
      attemptNumber: 0,
      slot: slotOf(subtaskIndex),
    }))
  );
  return deploy({
    jobGraph,
    deployment: { jobId: "job", slot, placements, settings: SETTINGS, cachedFiles: new Map(), collect: [] },
    seams: testSeams(),
    remote,
    collect: () => undefined,
    listener: () => ({
      onState: () => {},
      onCheckpoint: () => {},
      onCheckpointDeclined: () => {},
      onDataProcessed: () => {},
    }),
    sendToCoordinator: () => {},
    wake: () => {},
  }).tasks;
}

let names = new Map<string, string>();
function deployed(build: (env: StreamExecutionEnvironment) => void): DeployedTask[] {
  const jobGraph = graphOf(build);
  names = new Map(jobGraph.vertices.map(({ id, name }) => [id, name]));
  return deploySlot(jobGraph, 0, () => 0);
}

const nameOf = ({ placement }: DeployedTask) =>
  `${
    /[a-z]$/.exec(names.get(placement.vertexId)!.replace("Source: ", "").split(" -> ")[0])?.[0]
  }${placement.subtaskIndex}`;

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

Deno.test("slots that hold parts of a job agree on the ids of the channels between them", () => {
  const jobGraph = graphOf((env) => {
    const first = source(env, "a", 3).rebalance().union(source(env, "b", 2).broadcast());
    first.connect(source(env, "c", 3).rebalance()).map({ map1: (n) => n, map2: (n) => n }).setParallelism(4)
      .sinkTo(new DiscardingSink()).setParallelism(2);
  });
  const outgoing = new Map<string, number>();
  const incoming = new Map<string, number>();
  const count = (map: Map<string, number>, key: string) => void map.set(key, (map.get(key) ?? 0) + 1);
  const slots = [0, 1, 2].map((slot) =>
    deploySlot(jobGraph, slot, (subtask) => subtask % 3, {
      outgoing: (peer, channel) => {
        count(outgoing, `${slot}->${peer} ${channel}`);
        return { onItem: () => {} };
      },
      incoming: (peer, channel) => {
        count(incoming, `${peer}->${slot} ${channel}`);
        return { addCredit: () => {} };
      },
    })
  );
  assert.deepEqual(slots.map((tasks) => tasks.length), [6, 5, 3]);
  assert.deepEqual([...incoming.keys()].sort(), [...outgoing.keys()].sort());
  const ids = [...incoming.keys()].map((key) => key.split(" ")[1]);
  assert.equal(new Set(ids).size, ids.length, "no id is used twice");
  assert.ok([...incoming.values(), ...outgoing.values()].every((times) => times === 1));
  // 3 x 4 rebalanced, 2 x 4 broadcast, 3 x 4 rebalanced, 4 x 2 to the sink: those within a slot are not among them.
  assert.ok(ids.length > 20 && ids.length < 40, `${ids.length} channels between slots`);
});
