import assert from "node:assert/strict";
import { CHAINING_CONDITIONS, headOfChain, isChainable, isChainableSource, whyNotChained } from "./chaining.ts";
import { generateJobGraph } from "./job_graph_generator.ts";
import type { StreamEdge, StreamGraph } from "./stream_graph.ts";
import { generateStreamGraph } from "./stream_graph_generator.ts";
import type { StreamGraphSettings } from "./stream_graph_settings.ts";
import { TestEnvironment, TestStream } from "./testdata/test_environment.ts";
import type { PhysicalTransformation } from "./transformation.ts";
import { PartitionTransformation } from "./virtual_transformation.ts";

interface Case {
  readonly condition: string;
  /** What whyNotChained reports when it does not hold; the condition alone unless said. */
  readonly names?: readonly string[];
  readonly reason: RegExp;
  /** Builds a program whose node "target" has an in edge that breaks the condition, or holds it. */
  build(env: TestEnvironment, broken: boolean): TestStream;
  settings?(broken: boolean): StreamGraphSettings;
}

const CASES: readonly Case[] = [
  {
    condition: "single-input",
    reason: /has 2 inputs/,
    build: (env, broken) => {
      const first = env.sequence();
      return broken ? first.connect(env.sequence(), "Co-Map") : first.map();
    },
  },
  {
    condition: "chaining-enabled",
    reason: /operator-chaining/,
    build: (env) => env.sequence().map(),
    settings: (broken) => ({ chainingEnabled: !broken }),
  },
  {
    condition: "same-slot-sharing-group",
    reason: /"default" and "other"/,
    build: (env, broken) => env.sequence().map().set({ slotSharingGroup: broken ? "other" : "default" }),
  },
  {
    condition: "upstream-strategy",
    reason: /"Source: Sequence Source" never chains/,
    build: (env, broken) => env.sequence().chaining(broken ? "NEVER" : "HEAD").map(),
  },
  {
    condition: "downstream-strategy",
    reason: /strategy HEAD/,
    build: (env, broken) => env.sequence().map().chaining(broken ? "HEAD" : "ALWAYS"),
  },
  {
    condition: "forward-partitioner",
    reason: /REBALANCE/,
    build: (env, broken) => env.sequence().partition(broken ? "REBALANCE" : "FORWARD").map(),
  },
  {
    condition: "not-batch-exchange",
    reason: /end of its producer/,
    build: (env, broken) => {
      const source = env.sequence();
      const mode = broken ? "BATCH" : "UNDEFINED";
      const partition = new PartitionTransformation(source.transformation, { strategy: "FORWARD" }, mode);
      return new TestStream(env, partition).map();
    },
    settings: () => ({ runtimeMode: "BATCH" }),
  },
  {
    condition: "equal-parallelism",
    names: ["forward-partitioner", "equal-parallelism"],
    reason: /parallelism 2 and 3/,
    build: (env, broken) => env.sequence().map().set({ parallelism: broken ? 3 : 2 }),
  },
  {
    condition: "equal-parallelism",
    reason: /max parallelism -1 and 16/,
    build: (env) => env.sequence().map().set({ maxParallelism: 16 }),
    settings: (broken) => ({ chainOperatorsWithDifferentMaxParallelism: !broken }),
  },
  {
    condition: "no-union",
    names: ["single-input", "no-union"],
    reason: /united before "Map"/,
    build: (env, broken) => {
      const first = env.sequence();
      return broken ? first.union(env.sequence()).map() : first.map();
    },
  },
  {
    condition: "yielding-not-behind-legacy-source",
    reason: /yields .* legacy source "Source: socket"/,
    build: (env, broken) =>
      env.source("socket", { legacy: broken }).map().operator("async wait operator", { isYielding: true }),
  },
];

function lastInEdge(item: Case, broken: boolean): { edge: StreamEdge; graph: StreamGraph } {
  const env = new TestEnvironment(2);
  const target = item.build(env, broken);
  const graph = generateStreamGraph(env.transformations, { parallelism: 2, ...item.settings?.(broken) });
  return { edge: graph.node(target.transformation.id).inEdges[0], graph };
}

for (const item of CASES) {
  Deno.test(`chaining: ${item.condition} (${item.reason.source})`, () => {
    const holds = lastInEdge(item, false);
    assert.deepEqual(whyNotChained(holds.edge, holds.graph), []);
    assert.equal(isChainable(holds.edge, holds.graph), true);

    const { edge, graph } = lastInEdge(item, true);
    assert.equal(isChainable(edge, graph), false);
    const reasons = whyNotChained(edge, graph);
    assert.deepEqual(reasons.map(({ name }) => name), item.names ?? [item.condition]);
    assert.match(reasons.at(-1)!.reason, item.reason);
  });
}

Deno.test("chaining: both sides need an operator", () => {
  const { edge, graph } = lastInEdge(CASES[1], false);
  assert.deepEqual(whyNotChained(edge, graph), []);
  for (const side of ["source", "target"] as const) {
    const bare = { ...edge, [side]: { ...edge[side], factory: undefined } } as unknown as StreamEdge;
    const holds = CHAINING_CONDITIONS.find(({ name }) => name === "both-have-operators")!.holds;
    assert.equal(holds(edge, graph), true);
    assert.equal(holds(bare, graph), false);
  }
});

Deno.test("chaining: there are eleven conditions and each is tried", () => {
  assert.equal(CHAINING_CONDITIONS.length, 11);
  const tried = new Set(["both-have-operators", ...CASES.map(({ condition }) => condition)]);
  assert.deepEqual([...tried].sort(), CHAINING_CONDITIONS.map(({ name }) => name).sort());
});

/** Every pair of strategies: what may be chained. */
const STRATEGIES = ["ALWAYS", "NEVER", "HEAD", "HEAD_WITH_SOURCES"] as const;
const CHAINS: Record<string, readonly string[]> = {
  // upstream operator: the downstream strategies that chain to it
  "operator ALWAYS": ["ALWAYS"],
  "operator NEVER": [],
  "operator HEAD": ["ALWAYS"],
  "operator HEAD_WITH_SOURCES": ["ALWAYS"],
  "source ALWAYS": ["ALWAYS", "HEAD_WITH_SOURCES"],
  "source NEVER": [],
  "source HEAD": ["ALWAYS", "HEAD_WITH_SOURCES"],
  "source HEAD_WITH_SOURCES": ["ALWAYS", "HEAD_WITH_SOURCES"],
};
Deno.test("chaining: all pairs of strategies", () => {
  for (const [upstream, expected] of Object.entries(CHAINS)) {
    const [kind, strategy] = upstream.split(" ") as [string, typeof STRATEGIES[number]];
    const chained = STRATEGIES.filter((downstream) => {
      const env = new TestEnvironment();
      const source = env.sequence();
      const first = kind === "source" ? source : source.map();
      const second = first.chaining(strategy).map().chaining(downstream);
      const graph = generateStreamGraph(env.transformations);
      return isChainable(graph.node(second.transformation.id).inEdges[0], graph);
    });
    assert.deepEqual(chained, expected, upstream);
  }
});

Deno.test("chaining: a source runs inside an operator that asks for it", () => {
  const build = (twoConsumers: boolean) => {
    const env = new TestEnvironment(2);
    const left = env.source("left");
    const right = env.source("right");
    if (twoConsumers) left.print();
    const both = left.connect(right.partition("FORWARD"), "Both");
    (both.transformation as PhysicalTransformation).chainingStrategy = "HEAD_WITH_SOURCES";
    both.map();
    const graph = generateStreamGraph(env.transformations, { parallelism: 2 });
    return { graph, left: graph.node(left.transformation.id), right: graph.node(right.transformation.id) };
  };
  const { graph, left, right } = build(false);
  assert.deepEqual([isChainableSource(left, graph), isChainableSource(right, graph)], [true, true]);
  const jobGraph = generateJobGraph(graph);
  assert.deepEqual(jobGraph.vertices.map(({ name }) => name), ["Both [Source: left, Source: right] -> Map"]);
  assert.equal(jobGraph.vertices[0].description, "Both [Source: left, Source: right]\n+- Map\n");
  assert.deepEqual(
    jobGraph.vertices[0].chain.map(({ name, chainedEdges }) => [name, chainedEdges]),
    [
      ["Both", [{ target: 1, targetInput: 0 }]],
      ["Map", []],
      ["Source: left", [{ target: 0, targetInput: 0 }]],
      ["Source: right", [{ target: 0, targetInput: 1 }]],
    ],
  );
  const shared = build(true);
  assert.deepEqual(
    [isChainableSource(shared.left, shared.graph), isChainableSource(shared.right, shared.graph)],
    [false, true],
  );
  assert.equal(isChainableSource(graph.node(jobGraph.vertices[0].chain[1].nodeId), graph), false, "not a source");
});

Deno.test("chaining: the head of a long chain is found without walking it again and again", () => {
  const env = new TestEnvironment();
  let stream = env.source("socket", { legacy: true });
  // Each yielding operator asks for the head of its upstream; without memory this doubles with every step.
  for (let step = 0; step < 60; step++) stream = stream.operator(`step ${step}`, { isYielding: true });
  const graph = generateStreamGraph(env.transformations);
  const last = graph.node(stream.transformation.id);
  assert.equal(headOfChain(last, graph).name, "step 0");
  assert.equal(generateJobGraph(graph).vertices.length, 2);
});
