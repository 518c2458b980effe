import assert from "node:assert/strict";
import fc from "fast-check";
import { defineSource, DiscardingSink, type StreamExecutionEnvironment, WatermarkStrategy } from "tsflink";
import { testEnvironment } from "tsflink/testing";
import { deserializeValue, serializeValue } from "../types/generic_serializer.ts";
import type { JobGraph } from "./job_graph.ts";
import { generateJobGraph } from "./job_graph_generator.ts";
import { type JobPlan, type JobTopology, planOf, topologyOf } from "./job_plan.ts";
import { jobPlan } from "./plan_json.ts";

function graph(build: (env: StreamExecutionEnvironment) => void): JobGraph {
  const { env } = testEnvironment();
  build(env);
  return generateJobGraph(env.getStreamGraph());
}
const travelled = (of: JobGraph): JobTopology => topologyOf(deserializeValue(serializeValue(planOf(of))) as JobPlan);

Deno.test("a plan that has travelled tells what its graph does", () => {
  const builds: ((env: StreamExecutionEnvironment) => void)[] = [
    (env) => env.fromData(1, 2).print(),
    (env) => env.setParallelism(3).fromSequence(1, 9).keyBy((n) => n % 2).map((n) => n).uid("u").rebalance().print(),
    (env) => {
      env.setRuntimeMode("BATCH");
      env.fromData(1).keyBy((n) => n).reduce((a, b) => a + b).print();
    },
    (env) => {
      const a = env.fromData(1).slotSharingGroup("x");
      const b = env.fromData(2).slotSharingGroup("y").setParallelism(1);
      a.union(b).map((n) => n).setParallelism(4).slotSharingGroup("x").print();
    },
    (env) => {
      env.fromData(1).print();
      env.fromData(2).print();
    },
  ];
  for (const build of builds) {
    const own = graph(build);
    const other = travelled(own);
    assert.deepEqual(jobPlan(other), jobPlan(own));
    assert.deepEqual([other.name, other.type, other.requiredSlots], [own.name, own.type, own.requiredSlots]);
    assert.deepEqual(other.verticesTopologically.map(({ id }) => id), own.verticesTopologically.map(({ id }) => id));
    assert.deepEqual(planOf(other), planOf(own), "once more is the same");
    for (const { id, slotSharingGroup } of other.vertices) {
      assert.equal(other.vertex(id).id, id);
      assert.ok(other.slotSharingGroups.includes(slotSharingGroup), "groups are one object each");
    }
    assert.throws(() => other.vertex("nobody"), { code: "TSF-0001" });
  }
});

Deno.test("a plan holds nothing but data: no function, no key selector, and structured clone takes it", () => {
  const own = graph((env) => env.fromData({ k: 1 }).keyBy((r) => r.k).map((r) => r).print());
  const plan = planOf(own);
  assert.deepEqual(structuredClone(plan), plan);
  assert.equal(JSON.stringify(plan).includes("=>"), false);
});

Deno.test("a topology of this process stays itself", () => {
  const own = graph((env) => env.fromData(1).print());
  assert.equal(topologyOf(own), own);
});

Deno.test("a job has an end when all its sources have", () => {
  fc.assert(
    fc.property(fc.array(fc.boolean(), { minLength: 1, maxLength: 4 }), (bounded) => {
      const own = graph((env) => {
        for (const each of bounded) {
          const source = defineSource({
            boundedness: each ? "bounded" : "continuous-unbounded",
            splits: () => [1],
            async *open() {},
          });
          env.fromSource(source, WatermarkStrategy.noWatermarks(), "s").sinkTo(new DiscardingSink());
        }
      });
      assert.equal(own.isBounded, bounded.every((each) => each));
      assert.equal(travelled(own).isBounded, own.isBounded);
    }),
    { numRuns: 20 },
  );
});
