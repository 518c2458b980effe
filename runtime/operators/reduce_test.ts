import assert from "node:assert/strict";
import fc from "fast-check";
import {
  KeyedOneInputStreamOperatorTestHarness,
  OneInputStreamOperatorTestHarness,
  runCruelly,
  streamRecord,
  watermark,
} from "../testing/mod.ts";
import { RichReduceFunction } from "../functions/rich_function.ts";
import { MAX_WATERMARK } from "../types/stream_element.ts";
import {
  compareValues,
  type Field,
  maxByOf,
  maxOf,
  minByOf,
  minOf,
  type RecordReducer,
  sumOf,
} from "./field_aggregation.ts";
import { ALL_OPTIMIZATIONS } from "./operator.ts";
import { reduceOperator } from "./reduce.ts";

type Row = { k: string; n: number; tag?: string };
const byKey = { keySelectors: [(row: Row) => row.k] };

Deno.test("reduce emits the running result per key with the input's timestamp, in every mode", () => {
  runCruelly(
    () => reduceOperator((a: Row, b: Row) => ({ ...a, n: a.n + b.n })),
    [
      streamRecord({ k: "a", n: 1, tag: "first" }, 9),
      streamRecord({ k: "b", n: 10 }, 2),
      watermark(5),
      streamRecord({ k: "a", n: 2, tag: "second" }),
      streamRecord({ k: "a", n: 3 }, 4),
    ],
    {
      ...byKey,
      rescaleTo: 2,
      expected: [
        streamRecord({ k: "a", n: 1, tag: "first" }, 9),
        streamRecord({ k: "b", n: 10 }, 2),
        watermark(5),
        streamRecord({ k: "a", n: 3, tag: "first" }),
        streamRecord({ k: "a", n: 6, tag: "first" }, 4),
      ],
    },
  );
});

Deno.test("a reduce function may change and return its left argument, in every mode", () => {
  const inPlace = (a: Row, b: Row) => {
    a.n += b.n;
    return a;
  };
  const script = [1, 2, 3, 4].map((n) => streamRecord({ k: "a", n }));
  runCruelly(() => reduceOperator(inPlace), script, {
    ...byKey,
    expected: [1, 3, 6, 10].map((n) => streamRecord({ k: "a", n })),
  });
});

Deno.test("in batch mode there is one result per key, at the end and with the last timestamp", () => {
  const script = [
    streamRecord({ k: "a", n: 1 }, 1),
    streamRecord({ k: "b", n: 5 }, 2),
    streamRecord({ k: "a", n: 2 }, 3),
    watermark(MAX_WATERMARK),
  ];
  runCruelly(() => reduceOperator(sumOf("n")), script, {
    ...byKey,
    config: { runtimeMode: "BATCH" },
    expected: [
      streamRecord({ k: "a", n: 3 }, MAX_WATERMARK),
      streamRecord({ k: "b", n: 5 }, MAX_WATERMARK),
      watermark(MAX_WATERMARK),
    ],
  });
});

class Longest extends RichReduceFunction<string> {
  override reduce(left: string, right: string): string {
    this.getRuntimeContext().getIntCounter("compared").add(1);
    return right.length > left.length ? right : left;
  }
}

Deno.test("rich reduce functions, promises and streams without key", () => {
  const rich = new KeyedOneInputStreamOperatorTestHarness<string, string, string>(
    reduceOperator(new Longest()),
    (s) => s[0],
  );
  ["a", "abc", "b", "ab"].forEach((word) => rich.processElement(word));
  assert.deepEqual(rich.extractOutputValues(), ["a", "abc", "b", "abc"]);
  assert.equal(rich.accumulators.get("compared")?.getLocalValue(), 2);
  const later = new KeyedOneInputStreamOperatorTestHarness<string, string, unknown>(
    reduceOperator(((a: string) => Promise.resolve(a)) as never),
    () => "k",
  );
  later.processElement("x");
  assert.throws(() => later.processElement("y"), { code: "TSF-2002", message: /reduce\(\)/ });
  const unkeyed = new OneInputStreamOperatorTestHarness(reduceOperator(sumOf("n")));
  assert.throws(() => unkeyed.open(), { code: "TSF-2004" });
});

const reduceAll = (reducer: RecordReducer, rows: unknown[]) => rows.slice(1).reduce(reducer, rows[0]);

Deno.test("aggregations of a field: Flink's table", () => {
  const rows = [
    { w: "first", n: 3, x: "m" },
    { w: "low", n: 1, x: "c" },
    { w: "high", n: 7, x: "z" },
    { w: "high again", n: 7, x: "z" },
    { w: "low again", n: 1, x: "c" },
  ];
  const cases: [string, RecordReducer, unknown][] = [
    ["sum", sumOf("n"), { w: "first", n: 19, x: "m" }],
    ["min", minOf("n"), { w: "first", n: 1, x: "m" }],
    ["max", maxOf("n"), { w: "first", n: 7, x: "m" }],
    ["min of strings", minOf("x"), { w: "first", n: 3, x: "c" }],
    ["max of strings", maxOf("x"), { w: "first", n: 3, x: "z" }],
    ["minBy", minByOf("n"), rows[1]],
    ["minBy last", minByOf("n", false), rows[4]],
    ["maxBy", maxByOf("n"), rows[2]],
    ["maxBy last", maxByOf("n", false), rows[3]],
    ["maxBy of strings", maxByOf("x", false), rows[3]],
  ];
  for (const [name, reducer, expected] of cases) {
    const before = structuredClone(rows);
    assert.deepEqual(reduceAll(reducer, rows), expected, name);
    assert.deepEqual(rows, before, `${name} changes its input`);
  }
});

Deno.test("fields of tuples, nested records and plain values", () => {
  const cases: [string, RecordReducer, unknown[], unknown][] = [
    ["tuple", sumOf(1), [["a", 1], ["b", 2]], ["a", 3]],
    ["tuple by text", maxOf("1"), [["a", 1], ["b", 2]], ["a", 2]],
    ["tuple minBy", minByOf(1), [["a", 3], ["b", 2]], ["b", 2]],
    ["nested", sumOf("a.b"), [{ a: { b: 1, c: 1 } }, { a: { b: 2, c: 2 } }], { a: { b: 3, c: 1 } }],
    ["a name with a dot", sumOf("a.b"), [{ "a.b": 1 }, { "a.b": 2 }], { "a.b": 3 }],
    ["plain numbers", sumOf(0), [1, 2, 3], 6],
    ["plain by star", maxOf("*"), [1, 3, 2], 3],
    ["bigints", sumOf("n"), [{ n: 1n }, { n: 2n ** 70n }], { n: 2n ** 70n + 1n }],
    ["dates", maxByOf("d"), [{ d: new Date(1) }, { d: new Date(5) }], { d: new Date(5) }],
    ["booleans", maxOf("b"), [{ b: false }, { b: true }], { b: true }],
    ["zeros", minOf("n"), [{ n: 0 }, { n: -0 }], { n: -0 }],
    ["zeros the other way", maxOf("n"), [{ n: -0 }, { n: 0 }], { n: 0 }],
    ["NaN is the largest", maxOf("n"), [{ n: 1 }, { n: NaN }, { n: Infinity }], { n: NaN }],
    ["NaN is never the smallest", minOf("n"), [{ n: NaN }, { n: 1 }], { n: 1 }],
    ["strings by UTF-16 units", maxOf("s"), [{ s: "Z" }, { s: "a" }, { s: "A" }], { s: "a" }],
  ];
  for (const [name, reducer, rows, expected] of cases) assert.deepEqual(reduceAll(reducer, rows), expected, name);
});

Deno.test("what cannot be aggregated is named", () => {
  const cases: [string, () => unknown, RegExp][] = [
    ["missing field", () => sumOf("x")({ n: 1 }, { n: 2 }), /no field "x"[^]*fields n/],
    ["null", () => minOf("n")({ n: null }, { n: 2 }), /no field "n"/],
    ["a method", () => maxOf("toString")({}, {}), /no field/],
    ["text sum", () => sumOf("n")({ n: "1" }, { n: "2" }), /string and string/],
    ["mixed sum", () => sumOf("n")({ n: 1 }, { n: 2n }), /number and bigint/],
    ["mixed order", () => maxByOf("n")({ n: 1 }, { n: "2" }), /number and string/],
    ["objects", () => minOf("n")({ n: {} }, { n: {} }), /object and object/],
    ["plain value by name", () => sumOf("n")(1, 2), /no field "n"[^]*found: 1/],
    ...[-1, 1.5, "", undefined].map((field): [string, () => unknown, RegExp] => [
      `field ${field}`,
      () => sumOf(field as Field),
      /Not a field/,
    ]),
  ];
  for (const [name, run, message] of cases) assert.throws(run, { code: "TSF-2012", message }, name);
});

Deno.test("property: aggregations over stored records emit what they emit without typed state", () => {
  const number = fc.oneof(fc.integer({ min: -3, max: 3 }), fc.double(), fc.constantFrom(0, -0, NaN));
  const records: readonly fc.Arbitrary<unknown>[] = [
    fc.record({ k: fc.constantFrom("a", "b"), n: number, tag: fc.string() }),
    fc.record({ k: fc.constantFrom("a", "b"), n: fc.oneof(number, fc.string(), fc.constant(1n)) }),
    fc.record({ k: fc.constant("a"), n: number, inner: fc.record({ n: number }) }),
    fc.record({ k: fc.constant("a"), n: number, "x.y": number }, { requiredKeys: ["k", "n"] }),
    fc.tuple(number, fc.constantFrom("a", "b")),
    fc.tuple(number, fc.constantFrom("a", "b"), fc.record({ n: number })),
    fc.tuple(fc.record({ k: fc.constant("a"), n: number }), fc.record({ k: fc.constant("b"), n: number })),
    number,
  ];
  const reducers: readonly (() => RecordReducer)[] = ["n", "inner.n", "x.y", 0, "k", "0.n"].flatMap((field) => [
    () => sumOf(field),
    () => minOf(field),
    () => maxOf(field),
    () => minByOf(field),
    () => maxByOf(field, false),
  ]);
  const keyOf = (value: unknown): string =>
    Array.isArray(value) ? String(value[1]?.k ?? value[1]) : typeof value === "object" ? (value as Row).k : "all";
  /** What is emitted, copied at once, or the error that ends it; the receiver spoils what it gets. */
  const run = (reducer: RecordReducer, values: readonly unknown[], typedState: boolean): unknown[] => {
    const found: unknown[] = [];
    const harness = new KeyedOneInputStreamOperatorTestHarness(reduceOperator(reducer), keyOf, {
      config: { checkMutation: false, optimizations: { ...ALL_OPTIMIZATIONS, typedState } },
    });
    harness.open();
    try {
      for (const value of structuredClone(values)) {
        harness.processElement(value, 1);
        const [emitted] = harness.extractOutputValues().slice(-1);
        found.push(structuredClone(emitted));
        if (typeof emitted === "object" && emitted !== null) {
          for (const name in emitted) delete emitted[name as never];
        }
      }
    } catch (error) {
      found.push((error as { code: string }).code);
    }
    return found;
  };
  let compared = 0;
  const values = fc.oneof(...records.map((record) => fc.array(record, { maxLength: 12 })));
  fc.assert(
    fc.property(values, fc.nat(reducers.length - 1), (given, which) => {
      const expected = run(reducers[which](), given, false);
      assert.deepEqual(run(reducers[which](), given, true), expected);
      compared += expected.length;
    }),
    { numRuns: 400, seed: 2 },
  );
  assert.ok(compared > 1000, `${compared} results`);
});

Deno.test("property: compareValues orders numbers as Double.compare does", () => {
  // The oracle: the order of the bits, all NaN as one.
  const rank = (n: number): bigint => {
    const view = new DataView(new ArrayBuffer(8));
    view.setFloat64(0, n);
    const bits = view.getBigInt64(0);
    return bits < 0n ? -(bits & 0x7fffffffffffffffn) - 1n : bits;
  };
  fc.assert(fc.property(fc.double(), fc.double(), (a, b) => {
    const [x, y] = [rank(a), rank(b)];
    assert.equal(Math.sign(compareValues(a, b, "n")), x < y ? -1 : x > y ? 1 : 0);
  }));
});
