import assert from "node:assert/strict";
import fc from "fast-check";
import { generateStreamGraph } from "./stream_graph_generator.ts";
import { generateOperatorIds, operatorIdOfUid } from "./stream_graph_hasher.ts";
import { TestEnvironment, type TestStream } from "./testdata/test_environment.ts";

function idsOf(build: (env: TestEnvironment) => TestStream[]): string[] {
  const env = new TestEnvironment(2);
  const streams = build(env);
  const ids = generateOperatorIds(generateStreamGraph(env.transformations, { parallelism: 2 }));
  return streams.map((stream) => ids.get(stream.transformation.id)!);
}

Deno.test("ids that every Flink user has seen in logs", () => {
  const chained = idsOf((env) => {
    const source = env.sequence();
    const map = source.map();
    const keyed = map.keyBy().reduce();
    keyed.print();
    return [source, keyed];
  });
  assert.deepEqual(chained, ["cbc357ccb763df2852fee8c4fc7d55f2", "90bea66de1c231edf33913ecd54406c1"]);
  const unchained = idsOf((env) => {
    const source = env.sequence();
    const map = source.partition("REBALANCE").map();
    return [source, map, map.partition("REBALANCE").map()];
  });
  assert.deepEqual(unchained, [
    "bc764cd8ddf7a0cff126f51c16239658",
    "0a448493b4782967b150582570326227",
    "ea632d67b7d595e5b851708ae9ad79d6",
  ]);
  const [, keyed] = idsOf((env) => {
    const source = env.sequence();
    const map = source.keyBy().process();
    map.print();
    return [source, map];
  });
  assert.equal(keyed, "20ba6b65f97481d5570070de90e4e791");
});

Deno.test("ids of uids, as Flink 2.1 gives them", () => {
  // Taken from the golden program "uids" and from Guava's murmur3_128.
  const ids: Record<string, string> = { "source-uid": "bef22c5d", "map-uid": "23f9c1", "grüße 🙂": "dc2ae10c" };
  for (const [uid, start] of Object.entries(ids)) assert.ok(operatorIdOfUid(uid).startsWith(start), uid);
});

Deno.test("names, parallelism without effect on chaining, and ids of transformations do not matter", () => {
  const plain = idsOf((env) => {
    const source = env.sequence();
    return [source, source.map(), source.keyBy().reduce()];
  });
  const other = idsOf((env) => {
    for (let skipped = 0; skipped < 50; skipped++) env.ids.next();
    const source = env.sequence().set({ name: "elsewhere", parallelism: 7 });
    return [source, source.map().set({ name: "x", parallelism: 7 }), source.keyBy().reduce().set({ description: "d" })];
  });
  assert.deepEqual(other, plain);
});

Deno.test("a uid fixes its own id; what follows still depends on the position", () => {
  const ids = (between: boolean): string[] =>
    idsOf((env) => {
      const source = env.sequence();
      const middle = between ? source.map() : source;
      return [middle.filter().set({ uid: "keep" }), middle.partition("REBALANCE").map()];
    });
  const [keptBefore, looseBefore] = ids(false);
  const [keptAfter, looseAfter] = ids(true);
  assert.equal(keptAfter, keptBefore);
  assert.notEqual(looseAfter, looseBefore);
});

Deno.test("a uid hash does not change the id: it only says where older state is", () => {
  const ids = (uidHash?: string): string[] =>
    idsOf((env) => {
      const map = env.sequence().map();
      if (uidHash !== undefined) map.set({ uidHash });
      return [map, map.filter()];
    });
  assert.deepEqual(ids("f".repeat(32)), ids());
});

Deno.test("property: every operator has an id of its own, however the graph is shaped", () => {
  const steps = fc.array(fc.tuple(fc.nat(4), fc.nat(30), fc.nat(30)), { minLength: 1, maxLength: 25 });
  fc.assert(fc.property(steps, (program) => {
    const env = new TestEnvironment(2);
    const streams = [env.sequence()];
    for (const [kind, a, b] of program) {
      const [left, right] = [streams[a % streams.length], streams[b % streams.length]];
      if (kind === 0) streams.push(env.sequence());
      else if (kind === 1) streams.push(left.map());
      else if (kind === 2) streams.push(left.keyBy().reduce());
      else if (kind === 3) streams.push(left.connect(right, "Co-Map"));
      else streams.push(left.union(right).map());
    }
    streams[0].print();
    const graph = generateStreamGraph(env.transformations, { parallelism: 2 });
    const ids = [...generateOperatorIds(graph).values()];
    assert.equal(ids.length, graph.nodes.length);
    assert.equal(new Set(ids).size, ids.length);
    for (const id of ids) assert.match(id, /^[0-9a-f]{32}$/);
  }));
});
