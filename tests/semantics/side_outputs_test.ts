/** Side outputs, unions and connected streams in whole jobs. */

import assert from "node:assert/strict";
import { type Collector, type DataStream, OutputTag, WatermarkStrategy } from "tsflink";
import { RecordingSink, scriptedSource, testEnvironment } from "tsflink/testing";
import { type AnyStream, type Rec, runJob } from "./job_script.ts";

// deno-lint-ignore no-explicit-any -- contexts of any form
type Any = any;

const EVEN = new OutputTag<number>("even");
const BIG = new OutputTag<string>("big");

const sorting = {
  processElement(value: number, ctx: Any, out: Collector<number>) {
    if (value % 2 === 0) ctx.output(EVEN, value);
    if (value > 4) ctx.output(BIG, `big ${value}`);
    out.collect(value);
  },
};

/** Runs a job with several sinks; gives what each got. */
async function run(
  parallelism: number,
  build: (numbers: DataStream<number>) => Record<string, AnyStream>,
): Promise<Record<string, string>> {
  const { env } = testEnvironment({ parallelism });
  const sinks: Record<string, RecordingSink<unknown>> = {};
  for (const [name, stream] of Object.entries(build(env.fromData(1, 2, 3, 4, 5, 6)))) {
    stream.sinkTo(sinks[name] = new RecordingSink<unknown>());
  }
  await env.execute();
  return Object.fromEntries(Object.entries(sinks).map(([name, sink]) => [name, sink.values.map(String).sort().join()]));
}

const table: [string, (numbers: DataStream<number>) => Record<string, AnyStream>, Record<string, string>][] = [
  ["two side outputs", (n) => {
    const main = n.process(sorting);
    return { main, even: main.getSideOutput(EVEN), big: main.getSideOutput(BIG) };
  }, { main: "1,2,3,4,5,6", even: "2,4,6", big: "big 5,big 6" }],
  ["one that nobody reads", (n) => ({ main: n.process(sorting) }), { main: "1,2,3,4,5,6" }],
  ["one that nobody writes", (n) => {
    const main = n.process(sorting);
    return { none: main.getSideOutput(new OutputTag<number>("none")), even: main.getSideOutput(EVEN) };
  }, { none: "", even: "2,4,6" }],
  ["only the side output is read", (n) => ({ even: n.process(sorting).getSideOutput(EVEN) }), { even: "2,4,6" }],
  ["read twice: each reader gets all of it", (n) => {
    const main = n.process(sorting);
    return { a: main.getSideOutput(EVEN), b: main.getSideOutput(EVEN).map((v) => v * 10) };
  }, { a: "2,4,6", b: "20,40,60" }],
  ["an equal tag is the same tag", (n) => ({ even: n.process(sorting).getSideOutput(new OutputTag<number>("even")) }), {
    even: "2,4,6",
  }],
  ["of two operators with one tag: each its own", (n) => {
    const first = n.process(sorting);
    const second = first.map((v) => v + 1).process(sorting);
    return { first: first.getSideOutput(EVEN), second: second.getSideOutput(EVEN) };
  }, { first: "2,4,6", second: "2,4,6" }],
  ["keyed, rebalanced, of another parallelism", (n) => {
    const main = n.keyBy((v) => v % 3).process(sorting as Any).setParallelism(2);
    return { even: main.getSideOutput(EVEN).rebalance().map((v) => v) };
  }, { even: "2,4,6" }],
  ["a union of main and side output", (n) => {
    const main = n.process(sorting);
    return { all: main.map(String).union(main.getSideOutput(EVEN).map(String), main.getSideOutput(BIG)) };
  }, { all: "1,2,2,3,4,4,5,6,6,big 5,big 6" }],
  ["side outputs keyed again", (n) => {
    const main = n.process(sorting);
    return { sum: main.getSideOutput(EVEN).keyBy(() => 0).reduce((a, b) => a + b).filter((v) => v === 12) };
  }, { sum: "12" }],
  ["a union with itself gives everything twice", (n) => ({ all: n.union(n) }), { all: "1,1,2,2,3,3,4,4,5,5,6,6" }],
  ["three times itself, after a map", (n) => {
    const m = n.map((v) => -v);
    return { all: m.union(m, m).filter((v) => v > -3) };
  }, { all: "-1,-1,-1,-2,-2,-2" }],
  ["itself through a partitioner", (n) => ({ all: n.union(n.rebalance()).filter((v) => v < 3) }), { all: "1,1,2,2" }],
  ["a union of unions", (n) => ({ all: n.union(n.map((v) => v + 10)).union(n.filter((v) => v === 1)) }), {
    all: "1,1,11,12,13,14,15,16,2,3,4,5,6",
  }],
  ["a union with no other stream", (n) => ({ all: n.union() }), { all: "1,2,3,4,5,6" }],
  ["a keyed stream united with itself", (n) => {
    const keyed = n.keyBy((v) => v % 2);
    return { all: keyed.union(keyed).keyBy((v) => v % 2).reduce((a, b) => a + b).filter((v) => v === 24) };
  }, { all: "24" }],
  ["connected with itself", (n) => ({ all: n.connect(n).map({ map1: (v) => v, map2: (v) => -v }) }), {
    all: "-1,-2,-3,-4,-5,-6,1,2,3,4,5,6",
  }],
  ["two readers of one stream", (n) => {
    const m = n.map((v) => v * 2);
    return { a: m.map((v) => v + 1), b: m.filter((v) => v > 8) };
  }, { a: "11,13,3,5,7,9", b: "10,12" }],
];
Deno.test("side outputs and unions", async () => {
  for (const [name, build, expected] of table) {
    for (const parallelism of [1, 3]) {
      assert.deepEqual(await run(parallelism, build), expected, `${name}, ${parallelism}`);
    }
  }
});

Deno.test("side outputs: two readers of one record do not see each other's changes", async () => {
  const { env } = testEnvironment();
  const main = env.fromData({ n: 1 }, { n: 2 }).process({
    processElement(value: { n: number }, ctx, out: Collector<{ n: number }>) {
      ctx.output(new OutputTag<{ n: number }>("copy"), value);
      out.collect(value);
    },
  });
  const change = (by: number) => (value: { n: number }) => {
    value.n += by;
    return value;
  };
  const sinks = [100, 200, 300].map((by, i) => {
    const sink = new RecordingSink<{ n: number }>();
    (i === 2 ? main.getSideOutput(new OutputTag<{ n: number }>("copy")) : main).map(change(by)).sinkTo(sink);
    return sink;
  });
  await env.execute();
  assert.deepEqual(sinks.map((s) => s.values.map((v) => v.n)), [[101, 102], [201, 202], [301, 302]]);
});

// Watermarks of a union: the minimum; the same stream twice does not stop it. They pass into side outputs.
Deno.test("unions: order and watermarks", async () => {
  const cases: [string | string[], (s: readonly Any[]) => AnyStream, string][] = [
    ["a1@1 w5 a2@6", ([s]) => s.union(s), "a1@1 a1@1 w5 a2@6 a2@6 W"],
    ["a1@1 w5 a2@6", ([s]) => s.union(s.map((r: Rec) => ({ k: "m", v: r.v }))), "a1@1 m1@1 w5 a2@6 m2@6 W"],
    [
      "a1@1 w5 a2@6",
      ([s]) => s.connect(s).map({ map1: (r: Rec) => r, map2: (r: Rec) => ({ k: "m", v: r.v }) }),
      "a1@1 m1@1 w5 a2@6 m2@6 W",
    ],
    [
      "a1@1 w5 a2@6 w7",
      ([s]) => s.process({ processElement: (v: Rec, c: Any) => c.output(EVEN, v) }).getSideOutput(EVEN),
      "a1@1 w5 a2@6 w7 W",
    ],
    [["a1@1 t10 w5", "t5 b1@1 w3 t20 w9"], ([s, t]) => s.union(t), "a1@1 b1@1 w3 w9 W"],
  ];
  for (const [scripts, build, expected] of cases) {
    // Between two watermarks the order of different channels is open.
    const found = (await runJob(scripts, { build: build as Any })).split(/ (?=w|W)|(?<=w\d+) /);
    assert.equal(found.map((part) => part.split(" ").sort().join(" ")).join(" "), expected, String(scripts));
  }
});

Deno.test("connect: order of each input is kept, both see their own type", async () => {
  const { env } = testEnvironment({ parallelism: 2 });
  const source = (values: readonly Any[]) =>
    env.fromSource(scriptedSource<Any>(values.map((value) => ({ value }))), WatermarkStrategy.noWatermarks<Any>(), "s");
  const seen = await source([1, 2, 3, 4]).connect(source(["a", "b", "c"]))
    .flatMap({
      flatMap1: (v: number, out: Collector<string>) => {
        for (let i = 0; i < v % 3; i++) out.collect(`n${v}.${i}`);
      },
      flatMap2: (v: string) => [`s${v}`],
    })
    .setParallelism(1).executeAndCollect();
  assert.deepEqual(seen.filter((v) => v[0] === "n"), ["n1.0", "n2.0", "n2.1", "n4.0"]);
  assert.deepEqual(seen.filter((v) => v[0] === "s"), ["sa", "sb", "sc"]);
});

Deno.test("connect: keyed streams share state by key, at any parallelism", async () => {
  for (const parallelism of [1, 2, 4]) {
    const { env } = testEnvironment({ parallelism });
    const left = env.fromData(...Array.from({ length: 20 }, (_, i) => ({ id: i, name: `n${i}` })));
    const right = env.fromData(...Array.from({ length: 20 }, (_, i) => ({ user: 19 - i })));
    const joined = left.connect(right).keyBy("id", "user").process({
      state: { name: { kind: "value" } as Any, waiting: { kind: "value" } as Any },
      processElement1(v: Any, ctx: Any, out: Collector<string>) {
        ctx.state.name.update(v.name);
        if (ctx.state.waiting.value()) out.collect(`${ctx.getCurrentKey()}${v.name}`);
      },
      processElement2(_v: Any, ctx: Any, out: Collector<string>) {
        if (ctx.state.name.value() === undefined) ctx.state.waiting.update(true);
        else out.collect(`${ctx.getCurrentKey()}${ctx.state.name.value()}`);
      },
    });
    const found = await joined.executeAndCollect();
    assert.deepEqual(found.sort(), Array.from({ length: 20 }, (_, i) => `${i}n${i}`).sort());
  }
});
