/**
 * Programs written with the fluent API give the graphs, names, ids and plans that real Flink 2.1 gave for the same
 * programs in Java (graph/testdata/flink_2_1_named.jsonl).
 */

import assert from "node:assert/strict";
import { generateJobGraph } from "../graph/job_graph_generator.ts";
import { PROGRAMS } from "./testdata/programs.ts";
import { testEnvironment, testHost } from "./testdata/test_host.ts";

testHost();

interface Golden {
  readonly name: string;
  readonly expected: {
    /** [id, name, parallelism, max parallelism, slot sharing group, buffer timeout, out edges]. */
    readonly nodes: readonly [number, string, number, number, string, number, unknown[][]][];
    /** [id, name, parallelism, max parallelism, group, operators, inputs]. */
    readonly vertices: readonly [string, string, number, number, number, [string, string | null, string][], unknown][];
  };
  readonly planText: string;
}

const file = new URL("../graph/testdata/flink_2_1_named.jsonl", import.meta.url);
const golden: Golden[] = Deno.readTextFileSync(file).trimEnd().split("\n").map((line) => JSON.parse(line));

/** Java's test programs use a legacy collection source beside the async operator, and a full-window partition. */
const LEFT_OUT = new Set(["async"]);
/** Functions are named by their Java classes or lines in the descriptions of these. */
const JAVA_NAMES = new Set(["window", "window aggregate and late data", "session and count windows", "windowAll"]);

Deno.test("every golden program is written with the API", () => {
  const expected = golden.map(({ name }) => name).filter((name) => !LEFT_OUT.has(name)).sort();
  assert.deepEqual(Object.keys(PROGRAMS).sort(), expected);
});

for (const { name, expected, planText } of golden) {
  if (LEFT_OUT.has(name)) continue;
  Deno.test(`API as Flink 2.1: ${name}`, () => {
    const { parallelism, options, build } = PROGRAMS[name];
    const env = testEnvironment(parallelism).configure(options);
    build(env);
    const graph = env.getStreamGraph(false);
    const nodes = [...graph.nodes].sort((left, right) => left.id - right.id);
    assert.deepEqual(
      nodes.map((node) => [
        node.id,
        node.name,
        node.parallelism,
        node.maxParallelism,
        node.slotSharingGroup,
        node.bufferTimeoutMs,
        node.outEdges.map((edge) => [edge.target.id, edge.typeNumber, edge.partitioner.strategy, edge.sideOutputTag]),
      ]),
      expected.nodes.map(([id, name, p, max, group, timeout, edges]) => [
        id,
        name,
        p,
        max,
        group,
        timeout,
        edges.map(([target, type, ship, side]) => [target, type, ship, side ?? undefined]),
      ]),
    );
    const operators = generateJobGraph(graph).verticesTopologically.flatMap((vertex) =>
      vertex.chain.map((each) => `${vertex.id} ${each.operatorId} ${each.userDefinedOperatorId ?? null} ${each.name}`)
    );
    assert.deepEqual(
      operators.sort(),
      expected.vertices.flatMap(([id, , , , , chain]) =>
        chain.map(([operator, uid, name]) => `${id} ${operator} ${uid} ${name}`)
      ).sort(),
    );
    if (!JAVA_NAMES.has(name)) assert.equal(env.getExecutionPlan(), planText);
    assert.equal(env.getStreamGraph().nodes.length, nodes.length);
    assert.equal(env.hasUnexecutedOperators(), false, "the environment is empty after its graph was taken");
  });
}
