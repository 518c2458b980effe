import assert from "node:assert/strict";
import { generateJobGraph } from "./job_graph_generator.ts";
import type { JobGraph } from "./job_graph.ts";
import { jobGraphMermaid } from "./mermaid.ts";
import { jobPlan, streamGraphPlan } from "./plan_json.ts";
import { generateStreamGraph } from "./stream_graph_generator.ts";
import type { StreamGraphSettings } from "./stream_graph_settings.ts";
import { TestEnvironment, type TestStream } from "./testdata/test_environment.ts";

function jobOf(build: (env: TestEnvironment) => unknown, settings: StreamGraphSettings = {}): JobGraph {
  const env = new TestEnvironment(2);
  build(env);
  return generateJobGraph(generateStreamGraph(env.transformations, { parallelism: 2, ...settings }));
}

Deno.test("what a task needs: chain, inner edges, outputs, inputs", () => {
  const graph = jobOf((env) => {
    const main = env.sequence().process();
    main.side("late").map().set({ name: "kept" }).print();
    main.side("far").partition("REBALANCE").map().set({ name: "away" });
    const keyed = main.keyBy();
    keyed.connect(env.sequence().keyBy(), "Co-Process");
  });
  const source = graph.verticesTopologically[0];
  assert.deepEqual(
    source.chain.map(({ name, kind, keyed, chainedEdges, outputIndexes }) => ({
      name,
      kind,
      keyed,
      chainedEdges,
      outputIndexes,
    })),
    [
      {
        name: "Source: Sequence Source",
        kind: "source",
        keyed: false,
        chainedEdges: [{ target: 1, targetInput: 0 }],
        outputIndexes: [],
      },
      {
        name: "Process",
        kind: "operator",
        keyed: false,
        chainedEdges: [{ target: 2, targetInput: 0, sideOutputTag: "late" }],
        outputIndexes: [0, 1],
      },
      {
        name: "kept",
        kind: "operator",
        keyed: false,
        chainedEdges: [{ target: 3, targetInput: 0 }],
        outputIndexes: [],
      },
      { name: "Sink: Print to Std. Out", kind: "sink", keyed: false, chainedEdges: [], outputIndexes: [] },
    ],
  );
  assert.deepEqual(source.outputs.map(({ sideOutputTag, consumer }) => [sideOutputTag, consumer.shipStrategyName]), [
    ["far", "REBALANCE"],
    [undefined, "HASH"],
  ]);
  const both = graph.vertices.find(({ name }) => name === "Co-Process")!;
  assert.deepEqual(both.inputs.map(({ targetInput }) => targetInput), [0, 1]);
  assert.equal(both.chain[0].keyed, true);
  assert.equal(both.chain[0].keySelectors.length, 2);
  for (const vertex of graph.vertices) {
    for (const edge of vertex.inputs) {
      const output = graph.vertex(edge.sourceVertexId).outputs[edge.sourceOutputIndex];
      assert.equal(output.consumer, edge, "an edge and its result point at each other");
      assert.equal(output.sourceNodeId, edge.sourceNodeId);
    }
  }
  assert.throws(() => graph.vertex("none"), { code: "TSF-0001" });
});

Deno.test("max parallelism: derived from the parallelism as Flink derives it, or as set", () => {
  const derived = (parallelism: number): number =>
    jobOf((env) => env.sequence().set({ parallelism }).print(), {}).verticesTopologically[0].maxParallelism;
  assert.deepEqual([1, 85, 86, 171, 172, 32768].map(derived), [128, 128, 256, 256, 512, 32768]);
  const set = jobOf((env) => env.sequence().set({ maxParallelism: 5 }).print(), {}).verticesTopologically[0];
  assert.deepEqual([set.maxParallelism, set.configuredMaxParallelism], [5, 5]);
});

const SLOTS: Record<
  string,
  { slots: number; build: (env: TestEnvironment) => TestStream; settings?: StreamGraphSettings }
> = {
  "one group: the widest vertex": { slots: 7, build: (env) => env.sequence().map().set({ parallelism: 7 }).print() },
  "two groups: the sum": {
    slots: 9,
    build: (env) => env.sequence().map().set({ parallelism: 7, slotSharingGroup: "other" }).print(),
  },
  "inherited group: no slots of its own": {
    slots: 4,
    build: (env) => env.sequence().set({ slotSharingGroup: "g" }).keyBy().reduce().set({ parallelism: 4 }).print(),
  },
  "inputs that disagree: default": {
    slots: 2 + 2 + 2,
    build: (env) => {
      const left = env.sequence().set({ slotSharingGroup: "a" });
      return left.connect(env.sequence().set({ slotSharingGroup: "b" }), "Co-Map");
    },
  },
  "batch: one group per region": {
    slots: 2 + 2,
    build: (env) => env.sequence().keyBy().reduce(),
    settings: { runtimeMode: "BATCH" },
  },
  "batch, pipelined: one region": {
    slots: 2,
    build: (env) => env.sequence().keyBy().reduce(),
    settings: { runtimeMode: "BATCH", batchShuffleMode: "ALL_EXCHANGES_PIPELINED" },
  },
};
for (const [name, { slots, build, settings }] of Object.entries(SLOTS)) {
  Deno.test(`slots, ${name}`, () => assert.equal(jobOf(build, settings).requiredSlots, slots));
}

Deno.test("co-location inside one slot sharing group is kept", () => {
  const graph = jobOf((env) => {
    env.sequence().set({ coLocationGroup: "c" }).keyBy().reduce().set({ coLocationGroup: "c" });
  });
  assert.deepEqual(graph.vertices.map((vertex) => vertex.coLocationGroup), ["c", "c"]);
});

Deno.test("topological order waits for all producers", () => {
  const graph = jobOf((env) => {
    const source = env.sequence();
    const near = source.partition("REBALANCE").map().set({ name: "near" });
    const far = near.partition("REBALANCE").map().set({ name: "far" });
    source.union(far).map().set({ name: "last" });
  });
  const order = graph.verticesTopologically.map(({ name }) => name);
  assert.deepEqual(order, ["Source: Sequence Source", "near", "far", "last"]);
  assert.deepEqual(graph.vertices.map(({ name }) => name), ["last", "far", "near", "Source: Sequence Source"]);
});

Deno.test("plans: what Flink's JSON says of a program, and ids of the job", () => {
  const env = new TestEnvironment(2);
  env.sequence().print();
  env.sequence().map().sink();
  const graph = generateStreamGraph(env.transformations, { parallelism: 2, jobName: "the job" });
  const { nodes } = streamGraphPlan(graph);
  assert.deepEqual(nodes.map(({ id, pact }) => [id, pact]), [
    [1, "Data Source"],
    [3, "Data Source"],
    [4, "Operator"],
    [6, "Operator"],
    [2, "Data Sink"],
  ]);
  assert.deepEqual(nodes[3].predecessors, [{ id: 4, ship_strategy: "FORWARD", side: "second" }]);
  assert.equal("predecessors" in nodes[0], false);
  const plan = jobPlan(generateJobGraph(graph), "ab".repeat(16));
  assert.deepEqual([plan.jid, plan.name, plan.type], ["ab".repeat(16), "the job", "STREAMING"]);
  assert.equal(jobPlan(generateJobGraph(graph)).jid, "0".repeat(32));
});

Deno.test("mermaid: boxes, strategies, side outputs and quoting", () => {
  const graph = jobOf((env) => {
    const main = env.source('say "hi" <b> #1').process();
    main.keyBy().reduce().print();
    main.side("late").partition("REBALANCE").map().keyBy().reduce();
  });
  assert.equal(
    jobGraphMermaid(graph),
    [
      "flowchart LR",
      '  v0(["Source: say #quot;hi#quot; #lt;b#gt; #35;1<br/>Process<br/>parallelism 2"])',
      '  v1[/"Keyed Reduce<br/>Sink: Print to Std. Out<br/>parallelism 2"/]',
      '  v2["Map<br/>parallelism 2"]',
      '  v3[/"Keyed Reduce<br/>parallelism 2"/]',
      '  v0 -- "HASH" --> v1',
      '  v0 -- "REBALANCE late" --> v2',
      '  v2 -- "HASH" --> v3',
      "",
    ].join("\n"),
  );
});

Deno.test("a row of more than 500 operators becomes several chains", () => {
  const graph = jobOf((env) => {
    let stream = env.sequence();
    for (let step = 0; step < 1000; step++) stream = stream.map();
  });
  assert.deepEqual(graph.verticesTopologically.map(({ chain }) => chain.length), [500, 500, 1]);
  assert.deepEqual(graph.verticesTopologically.map(({ name }) => name.split(" -> ").length), [500, 500, 1]);
});
