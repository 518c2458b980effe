/** reduce, sum, min, max, minBy, maxBy on keyed streams, against Flink's rules and a slow oracle. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { type KeyedStream, WatermarkStrategy } from "tsflink";
import { RecordingSink, scriptedSource, testEnvironment } from "tsflink/testing";
import type { AnyStream } from "./job_script.ts";
import { fails, operatorCases } from "./operator_script.ts";
import { reduceOperator } from "../../runtime/operators/reduce.ts";

// deno-lint-ignore no-explicit-any -- records of any form
type Any = any;

/** Runs records, all of one key unless they have `k`, through an aggregation; gives all results. */
async function run(
  records: readonly Any[],
  aggregate: (s: KeyedStream<Any, unknown>) => AnyStream,
  batch = false,
): Promise<unknown[]> {
  const { env } = testEnvironment();
  if (batch) env.setRuntimeMode("BATCH");
  return await aggregate(env.fromData<Any>([...records]).keyBy((r: Any) => r?.k ?? "all")).executeAndCollect();
}

const table: [string, readonly Any[], (s: KeyedStream<Any, unknown>) => AnyStream, readonly unknown[]][] = [
  ["sum", [{ n: 1 }, { n: 2 }, { n: 3 }], (s) => s.sum("n"), [{ n: 1 }, { n: 3 }, { n: 6 }]],
  ["sum keeps the other fields of the first", [{ n: 1, x: "a" }, { n: 2, x: "b" }], (s) => s.sum("n"), [
    { n: 1, x: "a" },
    { n: 3, x: "a" },
  ]],
  ["sum per key", [{ k: "a", n: 1 }, { k: "b", n: 5 }, { k: "a", n: 2 }], (s) => s.sum("n"), [
    { k: "a", n: 1 },
    { k: "b", n: 5 },
    { k: "a", n: 3 },
  ]],
  ["sum of bigints", [{ n: 1n }, { n: 2n ** 70n }], (s) => s.sum("n"), [{ n: 1n }, { n: 2n ** 70n + 1n }]],
  ["sum of a tuple position", [["a", 1], ["b", 2]], (s) => s.sum(1), [["a", 1], ["a", 3]]],
  ["sum of plain numbers", [1, 2, 3], (s) => s.sum(0), [1, 3, 6]],
  ["sum of a nested field", [{ a: { n: 1, m: 5 } }, { a: { n: 2, m: 6 } }], (s) => s.sum("a.n" as Any), [
    { a: { n: 1, m: 5 } },
    { a: { n: 3, m: 5 } },
  ]],
  ["sum with NaN and infinity", [{ n: Infinity }, { n: -Infinity }, { n: 1 }], (s) => s.sum("n"), [
    { n: Infinity },
    { n: NaN },
    { n: NaN },
  ]],
  ["min", [{ n: 3, x: 1 }, { n: 5, x: 2 }, { n: 1, x: 3 }, { n: 2, x: 4 }], (s) => s.min("n"), [
    { n: 3, x: 1 },
    { n: 3, x: 1 },
    { n: 1, x: 1 },
    { n: 1, x: 1 },
  ]],
  ["max", [{ n: 3, x: 1 }, { n: 5, x: 2 }, { n: 1, x: 3 }, { n: 9, x: 4 }], (s) => s.max("n"), [
    { n: 3, x: 1 },
    { n: 5, x: 1 },
    { n: 5, x: 1 },
    { n: 9, x: 1 },
  ]],
  [
    "minBy, first of equal ones",
    [{ n: 3, x: 1 }, { n: 1, x: 2 }, { n: 1, x: 3 }, { n: 0, x: 4 }],
    (s) => s.minBy("n"),
    [
      { n: 3, x: 1 },
      { n: 1, x: 2 },
      { n: 1, x: 2 },
      { n: 0, x: 4 },
    ],
  ],
  ["minBy, last of equal ones", [{ n: 1, x: 2 }, { n: 1, x: 3 }, { n: 2, x: 4 }], (s) => s.minBy("n", false), [
    { n: 1, x: 2 },
    { n: 1, x: 3 },
    { n: 1, x: 3 },
  ]],
  [
    "maxBy, first of equal ones",
    [{ n: 1, x: 2 }, { n: 1, x: 3 }, { n: 2, x: 4 }, { n: 2, x: 5 }],
    (s) => s.maxBy("n"),
    [
      { n: 1, x: 2 },
      { n: 1, x: 2 },
      { n: 2, x: 4 },
      { n: 2, x: 4 },
    ],
  ],
  ["maxBy, last of equal ones", [{ n: 2, x: 4 }, { n: 2, x: 5 }, { n: 1, x: 6 }], (s) => s.maxBy("n", false), [
    { n: 2, x: 4 },
    { n: 2, x: 5 },
    { n: 2, x: 5 },
  ]],
  ["minBy strings", [{ n: "b" }, { n: "B" }, { n: "a" }], (s) => s.minBy("n"), [{ n: "b" }, { n: "B" }, { n: "B" }]],
  ["maxBy booleans", [{ n: false, x: 1 }, { n: true, x: 2 }, { n: false, x: 3 }], (s) => s.maxBy("n"), [
    { n: false, x: 1 },
    { n: true, x: 2 },
    { n: true, x: 2 },
  ]],
  ["maxBy NaN is the largest", [{ n: 5 }, { n: NaN }, { n: Infinity }], (s) => s.maxBy("n"), [{ n: 5 }, { n: NaN }, {
    n: NaN,
  }]],
  ["minBy -0 lies below 0", [{ n: 0, x: 1 }, { n: -0, x: 2 }, { n: 0, x: 3 }], (s) => s.minBy("n"), [
    { n: 0, x: 1 },
    { n: -0, x: 2 },
    { n: -0, x: 2 },
  ]],
  ["min of bigints", [{ n: 5n }, { n: 2n ** 64n }, { n: -1n }], (s) => s.min("n"), [{ n: 5n }, { n: 5n }, { n: -1n }]],
  ["reduce", [{ n: 1 }, { n: 2 }, { n: 3 }], (s) => s.reduce((a: Any, b: Any) => ({ n: a.n * 10 + b.n })), [
    { n: 1 },
    { n: 12 },
    { n: 123 },
  ]],
  ["reduce that changes and returns what it was given", [{ n: 1 }, { n: 2 }], (s) =>
    s.reduce((a: Any, b: Any) => {
      a.n += b.n;
      return a;
    }), [{ n: 1 }, { n: 3 }]],
  ["reduce that returns the new one", [1, 2, 3], (s) => s.reduce((_a: Any, b: Any) => b), [1, 2, 3]],
  ["reduce with an object", ["a", "b"], (s) => s.reduce({ reduce: (a: Any, b: Any) => a + b }), ["a", "ab"]],
];

Deno.test("aggregations: every result as it comes", async () => {
  for (const [name, records, aggregate, expected] of table) {
    assert.deepEqual(await run(records, aggregate), expected, name);
  }
});

Deno.test("aggregations: in batch mode only the last result of each key", async () => {
  for (const [name, records, aggregate, expected] of table) {
    if (name === "sum per key") continue;
    assert.deepEqual(await run(records, aggregate, true), [expected.at(-1)], name);
  }
  const perKey = await run([{ k: "a", n: 1 }, { k: "b", n: 5 }, { k: "a", n: 2 }], (s) => s.sum("n"), true);
  assert.deepEqual(perKey.sort((a: Any, b: Any) => a.k < b.k ? -1 : 1), [{ k: "a", n: 3 }, { k: "b", n: 5 }]);
  assert.deepEqual(await run([], (s) => s.sum("n"), true), []);
});

Deno.test("aggregations: what cannot be aggregated", async () => {
  const bad: [readonly Any[], (s: KeyedStream<Any, unknown>) => AnyStream][] = [
    [[{ n: 1 }, { n: "x" }], (s) => s.sum("n")],
    [[{ n: 1 }, { n: 1n }], (s) => s.sum("n")],
    [[{ n: 1 }, {}], (s) => s.sum("n")],
    [[{ n: 1 }, { n: null }], (s) => s.min("n")],
    [[{ n: 1 }, { n: "a" }], (s) => s.maxBy("n")],
    [[{ n: {} }, { n: {} }], (s) => s.maxBy("n")],
  ];
  for (const [records, aggregate] of bad) await assert.rejects(run(records, aggregate), { code: "TSF-2012" });
});

// Against a slow oracle over random records, out of three keys, with restore in between.
type Oracle = (records: readonly { n: number; x: number }[]) => { n: number; x: number };
const oracles: Record<string, [(s: KeyedStream<Any, unknown>) => AnyStream, Oracle]> = {
  sum: [(s) => s.sum("n"), (all) => ({ ...all[0], n: all.reduce((n, r) => n + r.n, 0) })],
  min: [(s) => s.min("n"), (all) => ({ ...all[0], n: Math.min(...all.map((r) => r.n)) })],
  max: [(s) => s.max("n"), (all) => ({ ...all[0], n: Math.max(...all.map((r) => r.n)) })],
  minBy: [(s) => s.minBy("n"), (all) => all.find((r) => r.n === Math.min(...all.map((o) => o.n)))!],
  maxBy: [(s) => s.maxBy("n"), (all) => all.find((r) => r.n === Math.max(...all.map((o) => o.n)))!],
  "minBy last": [(s) => s.minBy("n", false), (all) => all.findLast((r) => r.n === Math.min(...all.map((o) => o.n)))!],
  "maxBy last": [(s) => s.maxBy("n", false), (all) => all.findLast((r) => r.n === Math.max(...all.map((o) => o.n)))!],
};
Deno.test("aggregations: against an oracle", async () => {
  const record = fc.record({ k: fc.constantFrom("a", "b", "c"), n: fc.integer({ min: -3, max: 3 }), x: fc.nat(100) }, {
    noNullPrototype: true,
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(record, { maxLength: 15 }),
      fc.constantFrom(...Object.keys(oracles)),
      async (records, name) => {
        const [aggregate, oracle] = oracles[name];
        const expected = records.map((r, i) => oracle(records.slice(0, i + 1).filter((o) => o.k === r.k)));
        assert.deepEqual(await run(records, aggregate), expected, name);
      },
    ),
    { numRuns: 60, seed: 7 },
  );
});

// In the harness: timestamps, restore.
operatorCases(
  "aggregations: timestamps are those of the record that came, state is restored",
  { make: () => reduceOperator<Any>((a: Any, b: Any) => ({ k: a.k, v: a.v + b.v })) },
  [
    ["a1@5 a2@3 b7@4 w9", "a1@5 a3@3 b7@4 w9"],
    ["a1 a2@3", "a1 a3@3"],
    ["a1@1 b5@1 | a2@2 b6@2 | a3@3", "a1@1 b5@1 a3@2 b11@2 a6@3"],
  ],
);
Deno.test("aggregations: a reduce that returns a promise or nothing that can travel", () => {
  const given = (reduce: (a: Any, b: Any) => unknown) => ({ make: () => reduceOperator(reduce as Any) as Any });
  fails(given(() => Promise.resolve(1)), "a1 a2", "TSF-2002");
  fails(given(() => () => 1), "a1 a2", "TSF-2101");
});
// Flink clears the value on null; the next record starts anew.
operatorCases(
  "aggregations: a reduce that returns nothing starts anew",
  { make: () => reduceOperator<Any>((a: Any, b: Any) => b.v === 0 ? null : { k: a.k, v: a.v + b.v }) },
  [["a1 a2 a0 a5 a1", "a1 a3 null a5 a6"]],
);

Deno.test("aggregations: at any parallelism", async () => {
  for (const parallelism of [1, 2, 5]) {
    const { env } = testEnvironment({ parallelism });
    const sink = new RecordingSink<{ k: number; n: number }>();
    env.fromSource(
      scriptedSource(Array.from({ length: 60 }, (_, i) => ({ value: { k: i % 7, n: i }, timestamp: i }))),
      WatermarkStrategy.noWatermarks<{ k: number; n: number }>(),
      "in",
    ).rebalance().map((r) => r).setParallelism(1).keyBy("k").sum("n").sinkTo(sink);
    await env.execute();
    const last = new Map(sink.values.map((r) => [r.k, r.n]));
    const expected = Array.from({ length: 7 }, (_, k) => {
      let sum = 0;
      for (let i = k; i < 60; i += 7) sum += i;
      return [k, sum];
    });
    assert.deepEqual([...last].sort((a, b) => a[0] - b[0]), expected);
  }
});
