import assert from "node:assert/strict";
import { generateStreamGraph } from "./stream_graph_generator.ts";
import type { StreamGraph } from "./stream_graph.ts";
import { globalCommitter, sinkPart, TestEnvironment, type TestStream } from "./testdata/test_environment.ts";

/** A sink with all parts: pre-write, writer, pre-commit, committer, post-commit with a global committer. */
function fullSink(env: TestEnvironment, uids: boolean): TestStream {
  const part = (name: string) =>
    sinkPart(env, (input) => {
      const map = input.partition("REBALANCE").map().set({ name });
      return uids ? map.set({ uid: `${name}-uid` }) : map;
    });
  return env.sequence().committingSink({
    preWrite: part("pre-write"),
    preCommit: part("pre-commit"),
    postCommit: (input) => {
      const first = part("post-commit")(input);
      const last = globalCommitter(first.output);
      return { created: [...first.created, ...last.created], output: last.output };
    },
  });
}

function parts(env: TestEnvironment): StreamGraph["nodes"] {
  return generateStreamGraph(env.transformations, { parallelism: 2 }).nodes.slice(1);
}

Deno.test("sink: the order and names of all parts", () => {
  const env = new TestEnvironment(2);
  fullSink(env, false);
  assert.deepEqual(parts(env).map((node) => node.name), [
    "Sink: pre-write",
    "Sink: Writer",
    "Sink: pre-commit",
    "Sink: Committer",
    "Sink: post-commit",
    "Sink: Global Committer",
  ]);
  assert.equal(env.transformations.length, 1, "the parts are not kept by the environment");
});

Deno.test("sink: uids of all parts", () => {
  const env = new TestEnvironment(2);
  fullSink(env, true).set({ uid: "u" });
  assert.deepEqual(parts(env).map((node) => node.uid), [
    "u: pre-write-uid",
    "u",
    "u: pre-commit-uid",
    "Sink Committer: u",
    "u: post-commit-uid",
    "Sink u Global Committer",
  ]);
  const without = new TestEnvironment(2);
  fullSink(without, false).set({ uid: "u" });
  assert.deepEqual(parts(without).map((node) => node.uid), [
    undefined,
    "u",
    undefined,
    "Sink Committer: u",
    undefined,
    "Sink u Global Committer",
  ]);
});

Deno.test("sink: parallelism and max parallelism go to the parts without their own", () => {
  const env = new TestEnvironment(2);
  const preWrite = sinkPart(env, (input) => input.map().set({ parallelism: 5, maxParallelism: 7 }).map());
  env.sequence().committingSink({ preWrite, postCommit: globalCommitter }).set({ parallelism: 3, maxParallelism: 64 });
  assert.deepEqual(parts(env).map((node) => [node.parallelism, node.maxParallelism, node.parallelismConfigured]), [
    [5, 7, true],
    [3, 64, true],
    [3, 64, true],
    [3, 64, true],
    [1, 1, true],
  ]);
});

Deno.test("sink: slot sharing group, co-location, chaining, user line and descriptions", () => {
  const env = new TestEnvironment(2);
  const preWrite = sinkPart(env, (input) => {
    return input.map().set({ slotSharingGroup: "own", coLocationGroup: "pair", description: "cleans" });
  });
  const sink = env.sequence().committingSink({ preWrite })
    .set({ slotSharingGroup: "io", coLocationGroup: "all", description: "stores", name: "store" })
    .chaining("NEVER");
  sink.transformation.userLine = "file:///job.ts:9:1";
  const found = parts(env).map((node) => [
    node.slotSharingGroup,
    node.coLocationGroup,
    node.description,
    node.chainingStrategy,
    node.userLine,
  ]);
  assert.deepEqual(found, [
    ["own", "all: pair", "stores: cleans", "NEVER", "file:///job.ts:9:1"],
    ["io", "all", "store: Writer", "NEVER", "file:///job.ts:9:1"],
    ["io", "all", "store: Committer", "NEVER", "file:///job.ts:9:1"],
  ]);
});

Deno.test("sink: no barrier overtakes behind the writer, before it may", () => {
  const env = new TestEnvironment(2);
  fullSink(env, false);
  const aligned = parts(env).map((
    node,
  ) => [node.name, node.inEdges[0].partitioner.strategy, node.inEdges[0].supportsUnaligned]);
  assert.deepEqual(aligned, [
    ["Sink: pre-write", "REBALANCE", true],
    ["Sink: Writer", "FORWARD", false],
    ["Sink: pre-commit", "REBALANCE", false],
    ["Sink: Committer", "FORWARD", false],
    ["Sink: post-commit", "REBALANCE", false],
    ["Sink: Global Committer", "GLOBAL", false],
  ]);
});

Deno.test("sink: parts named as Flink's take their uid formats; empty uids do not count as set", () => {
  const env = new TestEnvironment(2);
  const preWrite = sinkPart(env, (input) => input.map().set({ uid: "" }));
  env.sequence().sink({ preWrite });
  assert.deepEqual(parts(env).map((node) => node.uid), ["", undefined]);
});

Deno.test("sink: auto-generate-uids off is content with a uid on the sink", () => {
  const env = new TestEnvironment(2);
  env.sequence().set({ uid: "source" }).committingSink({ postCommit: globalCommitter }).set({ uid: "sink" });
  const graph = generateStreamGraph(env.transformations, { parallelism: 2, autoGenerateUids: false });
  assert.equal(graph.nodes.length, 4);
});
