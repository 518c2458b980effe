/**
 * Graphs, ids, names and plans against those of real Flink 2.1: named programs, and random ones that a seeded
 * generator built in both. The files in testdata/ were written by a Java program that ran
 * `env.getStreamGraph().getJobGraph()`.
 */

import assert from "node:assert/strict";
import { FlinkError } from "../errors.ts";
import { isChainable } from "./chaining.ts";
import type { JobGraph } from "./job_graph.ts";
import { generateJobGraph } from "./job_graph_generator.ts";
import { jobPlan, streamGraphPlanText } from "./plan_json.ts";
import type { StreamEdge, StreamGraph } from "./stream_graph.ts";
import { generateStreamGraph } from "./stream_graph_generator.ts";
import type { StreamGraphSettings } from "./stream_graph_settings.ts";
import type { ShipStrategy } from "./stream_partitioner.ts";
import { TestEnvironment, type TestStream } from "./testdata/test_environment.ts";
import { TOPOLOGIES } from "./testdata/topologies.ts";

interface ExpectedGraph {
  /** [id, name, parallelism, max parallelism, slot sharing group, buffer timeout, out edges]. */
  nodes: [number, string, number, number, string, number, ExpectedOutEdge[]][];
  /** [id, name, parallelism, max parallelism, group number, operators, inputs], producers first. */
  vertices: [string, string, number, number, number, [string, string | null, string][], string[][]][];
  /** Vertex ids as the plan lists them. */
  order: string[];
}
/** [target, type number, ship strategy, side output, unaligned, chainable]. */
type ExpectedOutEdge = [number, number, string, string | null, boolean, boolean];

function readLines<T>(file: string): T[] {
  const text = Deno.readTextFileSync(new URL(`./testdata/${file}`, import.meta.url));
  return text.trimEnd().split("\n").map((line) => JSON.parse(line));
}

function describeGraph(graph: StreamGraph, jobGraph: JobGraph): ExpectedGraph {
  const groups = new Map<unknown, number>();
  const nodes = [...graph.nodes].sort((left, right) => left.id - right.id);
  return {
    nodes: nodes.map((node) => [
      node.id,
      node.name,
      node.parallelism,
      node.maxParallelism,
      node.slotSharingGroup,
      node.bufferTimeoutMs,
      node.outEdges.map((edge) => describeEdge(edge, graph)),
    ]),
    vertices: jobGraph.verticesTopologically.map((vertex) => {
      const group = groups.get(vertex.slotSharingGroup) ?? groups.size;
      groups.set(vertex.slotSharingGroup, group);
      return [
        vertex.id,
        vertex.name,
        vertex.parallelism,
        vertex.configuredMaxParallelism,
        group,
        vertex.chain.map((each) => [each.operatorId, each.userDefinedOperatorId ?? null, each.name]),
        vertex.inputs.map((edge) => [
          edge.sourceVertexId,
          edge.shipStrategyName,
          edge.distributionPattern,
          edge.resultPartitionType,
        ]),
      ];
    }),
    order: jobGraph.vertices.map((vertex) => vertex.id),
  };
}

function describeEdge(edge: StreamEdge, graph: StreamGraph): ExpectedOutEdge {
  return [
    edge.target.id,
    edge.typeNumber,
    edge.partitioner.strategy,
    edge.sideOutputTag ?? null,
    edge.supportsUnaligned,
    isChainable(edge, graph),
  ];
}

/** Flink lists the operators of a chain last first; only the set counts. */
function sortOperators(graph: ExpectedGraph): ExpectedGraph {
  for (const vertex of graph.vertices) vertex[5].sort(([left], [right]) => left < right ? -1 : 1);
  return graph;
}

/** Custom partitioning is always aligned since 2.3; the files come from 2.1. */
function alignCustom(graph: ExpectedGraph): ExpectedGraph {
  for (const [, , , , , , edges] of graph.nodes) {
    for (const edge of edges) if (edge[2] === "CUSTOM") edge[4] = false;
  }
  return graph;
}

/**
 * In batch mode Flink lets consumers with equal partitioners share one result, which only moves vertices in the
 * topological order; tsflink writes one result per edge. Group numbers follow that order.
 */
function ignoreBatchOrder(graph: ExpectedGraph): ExpectedGraph {
  graph.vertices.sort(([left], [right]) => left < right ? -1 : 1);
  const numbers = new Map<number, number>();
  for (const vertex of graph.vertices) {
    if (!numbers.has(vertex[4])) numbers.set(vertex[4], numbers.size);
    vertex[4] = numbers.get(vertex[4])!;
  }
  return graph;
}

const named = readLines<{ name: string; expected: ExpectedGraph; planText: string; jobPlan: unknown }>(
  "flink_2_1_named.jsonl",
);

Deno.test("golden programs and topologies are the same set", () => {
  assert.deepEqual(named.map(({ name }) => name).sort(), Object.keys(TOPOLOGIES).sort());
});

for (const { name, expected, planText, jobPlan: expectedPlan } of named) {
  Deno.test(`as Flink 2.1: ${name}`, () => {
    const { settings, build } = TOPOLOGIES[name];
    const env = new TestEnvironment(settings.parallelism);
    build(env);
    const before = env.ids.last;
    const graph = generateStreamGraph(env.transformations, settings);
    assert.equal(env.ids.last, before, "a translation uses up no ids");
    const jobGraph = generateJobGraph(graph);
    assert.deepEqual(sortOperators(describeGraph(graph, jobGraph)), sortOperators(alignCustom(expected)));
    // Flink names the function of windowAll by a Java source line.
    if (name !== "windowAll") {
      assert.equal(streamGraphPlanText(graph), planText);
      const { jid: _, ...plan } = jobPlan(jobGraph);
      assert.deepEqual(plan, expectedPlan);
    }
    const again = generateStreamGraph(env.transformations, settings);
    assert.equal(streamGraphPlanText(again), streamGraphPlanText(graph), "the same plan a second time");
  });
}

interface Step {
  op: string;
  in: number;
  ins: number[];
  a: number;
  b: number;
  tag: string;
  how: string;
  committer: boolean;
  p?: number;
  chain?: "NEVER" | "HEAD";
  group?: string;
  uid?: string;
  max?: number;
  name?: string;
}

function buildRandom(env: TestEnvironment, program: Step[]): void {
  const streams: TestStream[] = [];
  const makers: Record<string, (step: Step) => TestStream> = {
    source: () => env.sequence(),
    map: (step) => streams[step.in].map(),
    process: (step) => streams[step.in].process(),
    side: (step) => streams[step.in].side(step.tag),
    partition: (step) => streams[step.in].partition(step.how.toUpperCase() as ShipStrategy),
    union: (step) => streams[step.ins[0]].union(...step.ins.slice(1).map((index) => streams[index])),
    connect: (step) => streams[step.a].connect(streams[step.b], "Co-Map"),
    reduce: (step) => streams[step.in].keyBy().reduce(),
    print: (step) => streams[step.in].print(),
    sink: (step) => step.committer ? streams[step.in].committingSink() : streams[step.in].sink(),
  };
  for (const step of program) {
    const made = makers[step.op](step);
    if (step.p !== undefined) made.set({ parallelism: step.p });
    if (step.chain !== undefined) made.chaining(step.chain);
    if (step.group !== undefined) made.set({ slotSharingGroup: step.group });
    if (step.uid !== undefined) made.set({ uid: step.uid });
    if (step.max !== undefined) made.set({ maxParallelism: step.max });
    if (step.name !== undefined) made.set({ name: step.name });
    if (step.op !== "print" && step.op !== "sink") streams.push(made);
  }
}

Deno.test("random programs give the graphs of Flink 2.1", () => {
  const programs = readLines<
    { settings: StreamGraphSettings; program: Step[]; expected?: ExpectedGraph; error?: string }
  >("flink_2_1_random.jsonl");
  let refused = 0;
  programs.forEach(({ settings, program, expected, error }, index) => {
    const env = new TestEnvironment(settings.parallelism);
    buildRandom(env, program);
    if (error !== undefined) {
      assert.match(error, /Forward partitioning/);
      assert.throws(
        () => generateStreamGraph(env.transformations, settings),
        (thrown) => thrown instanceof FlinkError && thrown.code === "TSF-1103",
      );
      refused++;
      return;
    }
    const graph = generateStreamGraph(env.transformations, settings);
    const found = describeGraph(graph, generateJobGraph(graph));
    const normal = settings.runtimeMode === "BATCH" ? ignoreBatchOrder : (graph: ExpectedGraph) => graph;
    assert.deepEqual(normal(sortOperators(found)), normal(sortOperators(expected!)), `program ${index}`);
  });
  assert.ok(refused > 0 && programs.length - refused > 100, "the file holds both kinds");
});
