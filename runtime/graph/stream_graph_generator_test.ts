import assert from "node:assert/strict";
import { FlinkError } from "../errors.ts";
import { generateJobGraph } from "./job_graph_generator.ts";
import { generateStreamGraph } from "./stream_graph_generator.ts";
import type { StreamGraphSettings } from "./stream_graph_settings.ts";
import { sinkPart, TestEnvironment, type TestStream } from "./testdata/test_environment.ts";

interface Refused {
  readonly code: string;
  readonly program: (env: TestEnvironment) => void;
  readonly settings?: StreamGraphSettings;
  readonly expected: RegExp;
  readonly found: RegExp;
  /** Name of the operator the error is about; none when it is about the job. */
  readonly operator?: string;
}

const chain = (env: TestEnvironment): TestStream => env.sequence().map();
const at = (stream: TestStream, userLine: string): TestStream => {
  stream.transformation.userLine = userLine;
  return stream;
};

const REFUSED: Record<string, Refused> = {
  "no operators": { code: "TSF-1101", program: (env) => env.sequence(), expected: /at least one/, found: /none/ },
  "duplicate uid": {
    code: "TSF-1102",
    program: (env) => {
      at(chain(env).set({ uid: "twice" }).filter(), "file:///job.ts:7:3").set({ uid: "twice" });
    },
    expected: /of its own/,
    found: /also on "Map"/,
    operator: "Filter",
  },
  "duplicate uid, the second without inputs done": {
    code: "TSF-1102",
    program: (env) => {
      const source = env.sequence().set({ uid: "u" });
      source.union(env.sequence().set({ uid: "u" })).map();
    },
    expected: /of its own/,
    found: /also on "Source: Sequence Source"/,
    operator: "Source: Sequence Source",
  },
  "forward with unequal parallelism": {
    code: "TSF-1103",
    program: (env) => chain(env).partition("FORWARD").filter().set({ parallelism: 5 }),
    expected: /parallelism 2, as "Map" has/,
    found: /parallelism 5/,
    operator: "Filter",
  },
  "parallelism 0": {
    code: "TSF-1104",
    program: (env) => chain(env).set({ parallelism: 0 }),
    expected: /1 to 32768/,
    found: /^0$/,
    operator: "Map",
  },
  "negative parallelism": {
    code: "TSF-1104",
    program: (env) => chain(env).set({ parallelism: -1 }),
    expected: /1 to 32768/,
    found: /^-1$/,
    operator: "Map",
  },
  "parallelism that is no integer": {
    code: "TSF-1104",
    program: (env) => chain(env).set({ parallelism: 1.5 }),
    expected: /integer/,
    found: /^1.5$/,
    operator: "Map",
  },
  "parallelism of the job": {
    code: "TSF-1104",
    program: (env) => chain(env),
    settings: { parallelism: 0 },
    expected: /1 to 32768/,
    found: /^0$/,
  },
  "max parallelism 0": {
    code: "TSF-1105",
    program: (env) => chain(env).set({ maxParallelism: 0 }),
    expected: /1 to 32768/,
    found: /^0$/,
    operator: "Map",
  },
  "max parallelism too large": {
    code: "TSF-1105",
    program: (env) => chain(env).set({ maxParallelism: 32769 }),
    expected: /32768/,
    found: /^32769$/,
    operator: "Map",
  },
  "max parallelism of the job": {
    code: "TSF-1105",
    program: (env) => chain(env),
    settings: { maxParallelism: 40000 },
    expected: /32768/,
    found: /^40000$/,
  },
  "parallelism above max parallelism": {
    code: "TSF-1106",
    program: (env) => chain(env).set({ parallelism: 4, maxParallelism: 3 }),
    expected: /at most 3/,
    found: /^4$/,
    operator: "Map",
  },
  "parallelism above the max parallelism of the job": {
    code: "TSF-1106",
    program: (env) => chain(env).set({ parallelism: 9 }),
    settings: { maxParallelism: 8 },
    expected: /at most 8/,
    found: /^9$/,
    operator: "Map",
  },
  "uid missing": {
    code: "TSF-1107",
    program: (env) => env.sequence().set({ uid: "s" }).map().set({ uidHash: "a".repeat(32) }).filter(),
    settings: { autoGenerateUids: false },
    expected: /auto-generate-uids/,
    found: /neither/,
    operator: "Filter",
  },
  "uid missing on a sink": {
    code: "TSF-1107",
    program: (env) => env.sequence().set({ uid: "s" }).sink(),
    settings: { autoGenerateUids: false },
    expected: /auto-generate-uids/,
    found: /neither/,
    operator: "Sink: Writer",
  },
  "uid hash too short": {
    code: "TSF-1108",
    program: (env) => chain(env).set({ uidHash: "abc" }),
    expected: /32 hex digits/,
    found: /"abc"/,
    operator: "Map",
  },
  "uid hash with other letters": {
    code: "TSF-1108",
    program: (env) => chain(env).set({ uidHash: "g".repeat(32) }),
    expected: /32 hex digits/,
    found: /gggg/,
    operator: "Map",
  },
  "unbounded source in batch mode": {
    code: "TSF-1109",
    program: (env) => chain(env).union(env.source("endless", { unbounded: true })).map(),
    settings: { runtimeMode: "BATCH" },
    expected: /bounded/,
    found: /unbounded/,
    operator: "endless",
  },
  "uid in a sink without uid": {
    code: "TSF-1110",
    program: (env) => chain(env).sink({ preWrite: sinkPart(env, (input) => input.map().set({ uid: "part" })) }),
    expected: /uid on the sink/,
    found: /"part" on "Map"/,
    operator: "Sink",
  },
  "co-location over slot sharing groups": {
    code: "TSF-1111",
    program: (env) => {
      chain(env).set({ coLocationGroup: "together" }).chaining("HEAD")
        .filter().set({ coLocationGroup: "together", slotSharingGroup: "far" });
    },
    expected: /"far", as "Filter" has/,
    found: /"default"/,
    operator: "Map",
  },
  "parallelism of windowAll": {
    code: "TSF-1112",
    program: (env) => env.sequence().windowAll("GlobalWindows").set({ parallelism: 2 }),
    expected: /^1$/,
    found: /^2$/,
    operator: "GlobalWindows",
  },
  "max parallelism of windowAll": {
    code: "TSF-1112",
    program: (env) => env.sequence().windowAll("GlobalWindows").set({ maxParallelism: 2 }),
    expected: /^1$/,
    found: /^2$/,
    operator: "GlobalWindows",
  },
  "buffer timeout": {
    code: "TSF-1113",
    program: (env) => chain(env).set({ bufferTimeoutMs: -2 }),
    expected: /milliseconds/,
    found: /^-2$/,
    operator: "Map",
  },
  "uid hash of a sink": {
    code: "TSF-1114",
    program: (env) => chain(env).sink().set({ uidHash: "a".repeat(32) }),
    expected: /per part/,
    found: /aaaa/,
    operator: "Sink",
  },
};

for (const [name, item] of Object.entries(REFUSED)) {
  Deno.test(`refused with ${item.code}: ${name}`, () => {
    assert.throws(() => {
      const env = new TestEnvironment(2);
      item.program(env);
      generateJobGraph(generateStreamGraph(env.transformations, { parallelism: 2, ...item.settings }));
    }, (thrown: unknown) => {
      assert.ok(thrown instanceof FlinkError, String(thrown));
      assert.equal(thrown.code, item.code);
      assert.match(thrown.expected!, item.expected);
      assert.match(thrown.found!, item.found);
      assert.equal(thrown.operator?.name, item.operator);
      assert.ok(thrown.hint!.length > 10);
      return true;
    });
  });
}

Deno.test("an error at build time names the line that made the operator, a setter its own", () => {
  const env = new TestEnvironment(2);
  at(chain(env), "file:///job.ts:1:1").set({ parallelism: 4, maxParallelism: 2 });
  assert.throws(() => generateStreamGraph(env.transformations), { code: "TSF-1106", userLine: "file:///job.ts:1:1" });
  const other = at(chain(new TestEnvironment(2)), "file:///job.ts:1:1");
  assert.throws(() => other.set({ parallelism: 0 }), (thrown: FlinkError) => {
    assert.match(thrown.userLine!, /stream_graph_generator_test\.ts:\d+:\d+$/);
    return true;
  });
});

Deno.test("settings: defaults, and what an operator without its own takes", () => {
  const env = new TestEnvironment(-1);
  const map = chain(env);
  const graph = generateStreamGraph(env.transformations, { parallelism: 3, maxParallelism: 9, bufferTimeoutMs: 0 });
  const node = graph.node(map.transformation.id);
  assert.deepEqual([node.parallelism, node.maxParallelism, node.bufferTimeoutMs], [3, 9, 0]);
  assert.equal(node.parallelismConfigured, false);
  const plain = generateStreamGraph(env.transformations).node(map.transformation.id);
  assert.deepEqual([plain.parallelism, plain.maxParallelism, plain.bufferTimeoutMs], [1, -1, 100]);
});

Deno.test("runtime mode: AUTOMATIC is BATCH when every source is bounded", () => {
  const modes = (unbounded: boolean, runtimeMode: "AUTOMATIC" | "STREAMING" | "BATCH") => {
    const env = new TestEnvironment();
    env.source("s", { unbounded }).map().keyBy().reduce();
    const graph = generateStreamGraph(env.transformations, { runtimeMode });
    return [graph.settings.runtimeMode, graph.jobName, graph.settings.bufferTimeoutMs];
  };
  assert.deepEqual(modes(false, "AUTOMATIC"), ["BATCH", "Flink Batch Job", -1]);
  assert.deepEqual(modes(true, "AUTOMATIC"), ["STREAMING", "Flink Streaming Job", 100]);
  assert.deepEqual(modes(false, "STREAMING"), ["STREAMING", "Flink Streaming Job", 100]);
});

Deno.test("of several side outputs in a row the one nearest the consumer counts", () => {
  const env = new TestEnvironment();
  const target = env.sequence().process().side("inner").side("outer").map();
  const graph = generateStreamGraph(env.transformations);
  assert.equal(graph.node(target.transformation.id).inEdges[0].sideOutputTag, "outer");
});

Deno.test("a union of unions keeps the order of the streams", () => {
  const env = new TestEnvironment();
  const [a, b, c] = ["a", "b", "c"].map((name) => env.source(name));
  const target = a.union(b).union(c).partition("REBALANCE").map();
  const { inEdges } = generateStreamGraph(env.transformations).node(target.transformation.id);
  assert.deepEqual(inEdges.map((edge) => edge.source.name), ["Source: a", "Source: b", "Source: c"]);
  assert.deepEqual(inEdges.map((edge) => edge.partitioner.strategy), ["REBALANCE", "REBALANCE", "REBALANCE"]);
});
