import assert from "node:assert/strict";
import { generateJobGraph } from "./job_graph_generator.ts";
import type { JobGraph } from "./job_graph.ts";
import { firstPlanDifference, planFingerprint, planHash } from "./plan_hash.ts";
import { generateStreamGraph } from "./stream_graph_generator.ts";
import type { StreamGraphSettings } from "./stream_graph_settings.ts";
import { factory, TestEnvironment } from "./testdata/test_environment.ts";
import { OneInputTransformation } from "./transformation.ts";
import { PartitionTransformation } from "./virtual_transformation.ts";

function planOf(build: (env: TestEnvironment) => unknown, settings: StreamGraphSettings = {}): JobGraph {
  const env = new TestEnvironment(2);
  build(env);
  return generateJobGraph(generateStreamGraph(env.transformations, { parallelism: 2, ...settings }));
}
/** A job of one operator with that user function. */
function withFunction(fn: unknown): JobGraph {
  return planOf((env) => env.sequence().operator("Map", { functions: [fn] }));
}

class Threshold {
  constructor(readonly limit: number, readonly nested: unknown = undefined) {}
  filter(value: number): boolean {
    return value > this.limit;
  }
}
class Other extends Threshold {}

const cyclic: Record<string, unknown> = { name: "x" };
cyclic.self = cyclic;
let calls = 0;
const withGetter = {
  get value() {
    calls++;
    return 1;
  },
};

/** Functions of one line are equal, of different lines are not. */
const FUNCTIONS: readonly (readonly [string, () => unknown])[] = [
  ["arrow", () => (value: number) => value + 1],
  ["arrow, other text", () => (value: number) => value + 2],
  ["object literal", () => ({ map: (value: number) => value })],
  ["object literal, more", () => ({ map: (value: number) => value, open: () => undefined })],
  ["instance", () => new Threshold(1)],
  ["instance, other field", () => new Threshold(2)],
  ["instance of a subclass", () => new Other(1)],
  ["nested map", () => new Threshold(1, new Map([["a", 1n]]))],
  ["nested map, other value", () => new Threshold(1, new Map([["a", 2n]]))],
  ["nested set", () => new Threshold(1, new Set(["a"]))],
  ["bytes", () => new Threshold(1, new Uint8Array([1, 2]))],
  ["other bytes", () => new Threshold(1, new Uint8Array([1, 3]))],
  ["date", () => new Threshold(1, new Date(5))],
  ["pattern", () => new Threshold(1, /a/g)],
  ["minus zero", () => new Threshold(-0)],
  ["zero", () => new Threshold(0)],
  ["one as text", () => ({ value: "1" })],
  ["one", () => ({ value: 1 })],
  ["one as bigint", () => ({ value: 1n })],
  ["not a number", () => ({ value: NaN })],
  ["null", () => ({ value: null })],
  ["missing", () => ({ value: undefined })],
  ["array", () => ({ value: [1, [2]] })],
  ["cycle", () => cyclic],
  ["getter", () => withGetter],
  ["no prototype", () => Object.assign(Object.create(null), { only: 1 })],
];

Deno.test("function texts: equal plans for equal code, others for other code", () => {
  const hashes = FUNCTIONS.map(([name, make]) => {
    const hash = planHash(withFunction(make()));
    assert.equal(planHash(withFunction(make())), hash, name);
    assert.match(hash, /^[0-9a-f]{32}$/);
    return hash;
  });
  assert.equal(new Set(hashes).size, FUNCTIONS.length);
  assert.equal(calls, 0, "no user code is called");
});

const base = (env: TestEnvironment) => env.sequence().map().set({ uid: "m" }).keyBy().reduce().print();

const CHANGES: Record<string, JobGraph> = {
  "a name": planOf((env) => base(env).set({ name: "other" })),
  "a uid": planOf((env) => base(env).set({ uid: "other" })),
  "a uid hash": planOf((env) => base(env).set({ uidHash: "a".repeat(32) })),
  "one more operator": planOf((env) => {
    base(env);
    env.sequence().print();
  }),
  "chaining": planOf((env) => base(env).chaining("NEVER")),
  "a slot sharing group": planOf((env) => base(env).set({ slotSharingGroup: "g" })),
  "the max parallelism": planOf((env) => base(env).set({ maxParallelism: 8 }), { maxParallelism: 8 }),
  "the name of the job": planOf(base, { jobName: "other" }),
  "the runtime mode": planOf(base, { jobName: "Flink Streaming Job", runtimeMode: "BATCH" }),
  "the key rule": planOf((env) => {
    const partition = new PartitionTransformation(env.sequence().transformation, {
      strategy: "HASH",
      keyHashRule: "long",
    });
    env.add(
      new OneInputTransformation(partition, { name: "Map", factory: factory(), parallelism: 2, keyHashRule: "long" }),
    );
  }),
  "the key selector": planOf((env) => {
    const partition = new PartitionTransformation(env.sequence().transformation, { strategy: "HASH" });
    env.add(new OneInputTransformation(partition, { name: "Map", factory: factory(), parallelism: 2 }));
  }),
};

Deno.test("each change of the plan changes the hash and can be named", () => {
  const expected = planOf(base);
  const hashes = new Set([planHash(expected)]);
  for (const [name, changed] of Object.entries(CHANGES)) {
    assert.equal(hashes.has(planHash(changed)), false, name);
    hashes.add(planHash(changed));
    const difference = firstPlanDifference(planFingerprint(expected), planFingerprint(changed));
    assert.notEqual(difference, undefined, name);
    assert.notEqual(difference!.expected, difference!.found, name);
  }
});

Deno.test("parallelism and lines of code are not part of the plan", () => {
  const expected = planFingerprint(planOf(base));
  const wider = planFingerprint(planOf((env) => {
    env.parallelism = 5;
    base(env).transformation.userLine = "file:///elsewhere.ts:1:1";
  }, { parallelism: 5 }));
  assert.deepEqual(wider, expected);
  assert.equal(firstPlanDifference(expected, wider), undefined);
});

Deno.test("a shorter plan differs where it ends", () => {
  assert.deepEqual(firstPlanDifference(["a", "b"], ["a"]), { expected: "b", found: "nothing more" });
  assert.deepEqual(firstPlanDifference([], ["a"]), { expected: "nothing more", found: "a" });
});

Deno.test("where functions are written in another way, their texts are not compared, but everything else", () => {
  const expected = planFingerprint(withFunction((n: number) => n + 1));
  const other = planFingerprint(withFunction((n: number) => n + 2));
  const rewritten = (lines: readonly string[]) => [...lines.slice(0, -1), "written otherwise"];
  assert.notEqual(firstPlanDifference(expected, other), undefined);
  assert.equal(firstPlanDifference(expected, rewritten(other)), undefined);
  assert.equal(firstPlanDifference(rewritten(expected), other), undefined);
  for (const index of expected.keys()) {
    if (index === expected.length - 1) continue;
    const changed = rewritten(expected.with(index, `${expected[index]} changed`));
    assert.equal(firstPlanDifference(expected, changed)?.expected, expected[index]);
  }
});
