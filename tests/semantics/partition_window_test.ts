/** fullWindowPartition in whole jobs: per subtask, and per key. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { type Collector, type DataStream, WatermarkStrategy } from "tsflink";
import { RecordingSink, scriptedSource, testEnvironment } from "tsflink/testing";
import type { AnyStream } from "./job_script.ts";

interface Row {
  k: string;
  n: number;
}
const row = (text: string): Row => ({ k: text[0], n: +text.slice(1) });
const rows = (text: string): Row[] => text.split(" ").filter((t) => t !== "").map(row);
const show = (value: unknown): string =>
  typeof value === "object" && value !== null && "k" in value
    ? `${(value as Row).k}${(value as Row).n}`
    : String(value);

async function run(input: Row[], build: (s: DataStream<Row>) => AnyStream, parallelism = 1): Promise<string[]> {
  const { env } = testEnvironment({ parallelism });
  const sink = new RecordingSink<unknown>();
  const source = scriptedSource<Row>(input.map((value) => ({ value, timestamp: value.n })));
  build(env.fromSource(source, WatermarkStrategy.noWatermarks<Row>(), "rows")).sinkTo(sink);
  await env.execute();
  return sink.records.map((r) => show(r.value) + (r.timestamp === undefined ? "" : "@"));
}

const average = {
  createAccumulator: () => ({ n: 0, sum: 0 }),
  add: (r: Row, acc: { n: number; sum: number }) => ({ n: acc.n + 1, sum: acc.sum + r.n }),
  getResult: (acc: { n: number; sum: number }) => `${acc.sum}/${acc.n}`,
  merge: (a: { n: number; sum: number }, b: { n: number; sum: number }) => ({ n: a.n + b.n, sum: a.sum + b.sum }),
};
const all = (values: Iterable<Row>, out: Collector<string>) => out.collect([...values].map(show).join("+"));
const sum = (a: Row, b: Row): Row => ({ k: a.k, n: a.n + b.n });

// Results on a stream without key have no timestamp.
const table: [string, string, (s: DataStream<Row>) => AnyStream, string[]][] = [
  ["mapPartition", "a1 b2 a3", (s) => s.fullWindowPartition().mapPartition(all), ["a1+b2+a3"]],
  [
    "mapPartition, several results",
    "a1 b2",
    (s) =>
      s.fullWindowPartition().mapPartition((values: Iterable<Row>, out: Collector<number>) => {
        for (const value of values) out.collect(value.n * 2);
      }),
    ["2", "4"],
  ],
  [
    "mapPartition, iterated twice",
    "a1 b2",
    (s) =>
      s.fullWindowPartition().mapPartition((values: Iterable<Row>, out: Collector<number>) => {
        for (let i = 0; i < 2; i++) for (const value of values) out.collect(value.n);
      }),
    ["1", "2", "1", "2"],
  ],
  [
    "mapPartition, left early",
    "a1 b2",
    (s) =>
      s.fullWindowPartition().mapPartition((values: Iterable<Row>, out: Collector<number>) => {
        for (const value of values) return out.collect(value.n);
      }),
    ["1"],
  ],
  ["mapPartition of nothing", "", (s) => s.fullWindowPartition().mapPartition(all), [""]],
  ["reduce", "a1 b2 a3", (s) => s.fullWindowPartition().reduce(sum), ["a6"]],
  ["reduce of one", "a1", (s) => s.fullWindowPartition().reduce(sum), ["a1"]],
  ["reduce of nothing", "", (s) => s.fullWindowPartition().reduce(sum), []],
  ["aggregate", "a1 b2 a3", (s) => s.fullWindowPartition().aggregate(average), ["6/3"]],
  ["aggregate of nothing", "", (s) => s.fullWindowPartition().aggregate(average), ["0/0"]],
  ["sort by field, up", "a3 b1 c2", (s) => s.fullWindowPartition().sortPartition("n", "ASCENDING"), ["b1", "c2", "a3"]],
  ["sort by field, down", "a3 b1 c2", (s) => s.fullWindowPartition().sortPartition("n", "DESCENDING"), [
    "a3",
    "c2",
    "b1",
  ]],
  [
    "sort keeps the order of equal ones",
    "a1 b1 c0 d1",
    (s) => s.fullWindowPartition().sortPartition("n", "ASCENDING"),
    [
      "c0",
      "a1",
      "b1",
      "d1",
    ],
  ],
  ["sort by function", "a3 b-5 c2", (s) => s.fullWindowPartition().sortPartition((r) => Math.abs(r.n), "DESCENDING"), [
    "b-5",
    "a3",
    "c2",
  ]],
  ["sort of nothing", "", (s) => s.fullWindowPartition().sortPartition("n", "ASCENDING"), []],
  [
    "sort again by another field",
    "b2 a2 c1",
    (s) =>
      s.fullWindowPartition().sortPartition("k", "ASCENDING").fullWindowPartition().sortPartition("n", "ASCENDING"),
    [
      "c1",
      "a2",
      "b2",
    ],
  ],
];
Deno.test("full window: of a subtask", async () => {
  for (const [name, input, build, expected] of table) assert.deepEqual(await run(rows(input), build), expected, name);
});

Deno.test("full window: of a key; results carry the last timestamp but for the sort", async () => {
  const keyed: [string, string, (s: DataStream<Row>) => AnyStream, string[]][] = [
    ["mapPartition", "a1 b2 a3", (s) => s.keyBy("k").fullWindowPartition().mapPartition(all), ["a1+a3@", "b2@"]],
    ["reduce", "a1 b2 a3", (s) => s.keyBy("k").fullWindowPartition().reduce(sum), ["a4@", "b2@"]],
    ["aggregate", "a1 b2 a3", (s) => s.keyBy("k").fullWindowPartition().aggregate(average), ["2/1@", "4/2@"]],
    ["nothing", "", (s) => s.keyBy("k").fullWindowPartition().aggregate(average), []],
  ];
  for (const [name, input, build, expected] of keyed) {
    for (const parallelism of [1, 3]) {
      assert.deepEqual((await run(rows(input), build, parallelism)).sort(), expected, `${name} ${parallelism}`);
    }
  }
  const sorted = await run(
    rows("b2 a3 b1 a1 b3"),
    (s) => s.keyBy("k").fullWindowPartition().sortPartition("n", "DESCENDING"),
  );
  assert.deepEqual(sorted.map((v) => v[0]).join("").replaceAll(/(.)\1+/g, "$1").length, 2, "key by key");
  assert.deepEqual(sorted.filter((v) => v[0] === "a"), ["a3", "a1"]);
  assert.deepEqual(sorted.filter((v) => v[0] === "b"), ["b3", "b2", "b1"]);
});

Deno.test("full window: each subtask its own", async () => {
  const counted = (await run(
    rows("a1 a2 a3 a4 a5 a6"),
    (s) => s.rebalance().map((r) => r).fullWindowPartition().aggregate(average),
    3,
  )).map((v) => v.split("/")[1]);
  assert.deepEqual(counted, ["2", "2", "2"]);
  // An idle subtask has a result too.
  assert.equal(
    (await run(rows("a1"), (s) => s.rebalance().map((r) => r).fullWindowPartition().aggregate(average), 4)).length,
    4,
  );
});

Deno.test("full window: sorting against an oracle", async () => {
  const record = fc.record({ k: fc.constantFrom("a", "b"), n: fc.integer({ min: -4, max: 4 }) }, {
    noNullPrototype: true,
  });
  await fc.assert(
    fc.asyncProperty(fc.array(record, { maxLength: 20 }), fc.boolean(), async (input, up) => {
      const sign = up ? 1 : -1;
      const expected = [...input].sort((a, b) => sign * (a.n - b.n)).map(show);
      const found = await run(
        input,
        (s) => s.fullWindowPartition().sortPartition("n", up ? "ASCENDING" : "DESCENDING"),
      );
      assert.deepEqual(found, expected);
    }),
    { numRuns: 40, seed: 3 },
  );
});

Deno.test("full window: errors", async () => {
  const bad: [(s: DataStream<Row>) => AnyStream, string][] = [
    [(s) => s.fullWindowPartition().mapPartition((() => Promise.resolve()) as never), "TSF-2002"],
    [(s) => s.fullWindowPartition().reduce(((a: Row) => Promise.resolve(a)) as never), "TSF-2002"],
    [(s) => s.fullWindowPartition().sortPartition("missing" as never, "ASCENDING"), "TSF-2012"],
    [(s) => s.fullWindowPartition().sortPartition((r) => ({ r }) as never, "ASCENDING"), "TSF-2012"],
    [(s) =>
      s.fullWindowPartition().aggregate({
        ...average,
        add() {
          throw new Error("mine");
        },
      }), "TSF-2001"],
  ];
  for (const [build, code] of bad) await assert.rejects(run(rows("a1 b2 a3"), build), { code });
  const { env } = testEnvironment();
  assert.throws(() => env.fromData(1).fullWindowPartition().sortPartition(0 as never, "UP" as never), {
    code: "TSF-1218",
  });
});
