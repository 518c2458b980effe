import assert from "node:assert/strict";
import fc from "fast-check";
import { OutputTag } from "../functions/output_tag.ts";
import type { ProcessJoin } from "../functions/process_function.ts";
import {
  type CruelStep,
  KeyedTwoInputStreamOperatorTestHarness,
  onInput,
  runCruelly,
  streamRecord,
  watermark,
} from "../testing/mod.ts";
import { intervalJoinOperator, type IntervalJoinOptions } from "./interval_join.ts";

type Item = { k: string; ts: number; side: "L" | "R" };
const join: ProcessJoin<Item, Item, unknown> = {
  processElement(left, right, ctx, out) {
    out.collect([left.ts, right.ts, ctx.getLeftTimestamp(), ctx.getRightTimestamp(), ctx.getTimestamp()]);
    // The function may change what it gets.
    left.ts = right.ts = -1;
  },
};
const leftLate = new OutputTag<unknown>("left late");
const rightLate = new OutputTag<unknown>("right late");
const bounds = (lower: number, upper: number, lowerInclusive = true, upperInclusive = true): IntervalJoinOptions => ({
  lowerBoundMs: lower,
  upperBoundMs: upper,
  lowerInclusive,
  upperInclusive,
});
const L = (ts: number, k = "k"): CruelStep => streamRecord({ k, ts, side: "L" }, ts);
const R = (ts: number, k = "k"): CruelStep => onInput(1, streamRecord({ k, ts, side: "R" }, ts));
const wm = (ts: number): CruelStep[] => [watermark(ts), onInput(1, watermark(ts))];
const byKey = { keySelectors: [(item: Item) => item.k, (item: Item) => item.k] };
const pair = (left: number, right: number) =>
  streamRecord([left, right, left, right, Math.max(left, right)], Math.max(left, right));

Deno.test("bounds: inclusive, exclusive, negative, positive, one point, in every mode", () => {
  const script = [1, 2, 3, 4].flatMap((ts) => [L(ts), R(ts)]);
  const all = [1, 2, 3, 4].flatMap((l) => [1, 2, 3, 4].map((r) => [l, r] as const));
  const cases: [IntervalJoinOptions, (difference: number) => boolean][] = [
    [bounds(-1, 1), (d) => d >= -1 && d <= 1],
    [bounds(-1, 1, false, false), (d) => d === 0],
    [bounds(-1, 1, false, true), (d) => d === 0 || d === 1],
    [bounds(-1, 1, true, false), (d) => d === -1 || d === 0],
    [bounds(0, 0), (d) => d === 0],
    [bounds(1, 2), (d) => d === 1 || d === 2],
    [bounds(-2, -1), (d) => d === -1 || d === -2],
    [bounds(0, 0, false, true), () => false],
    [bounds(0, 2, false, false), (d) => d === 1],
  ];
  for (const [options, matches] of cases) {
    const { output } = runCruelly(() => intervalJoinOperator({ ...options, fn: join }), script, {
      ...byKey,
      rescaleTo: 2,
    });
    const expected = all.filter(([l, r]) => matches(r - l)).map(([l, r]) => pair(l, r));
    assert.deepEqual(sorted(output), sorted(expected), JSON.stringify(options));
  }
});

function sorted(elements: readonly unknown[]): string[] {
  return elements.map((element) => JSON.stringify(element)).sort();
}

Deno.test("pairs come in the order of the other side's timestamps, then of arrival; keys do not meet", () => {
  runCruelly(() => intervalJoinOperator({ ...bounds(-10, 10), fn: join }), [
    R(7),
    R(3),
    R(5, "other"),
    R(3),
    L(4),
    L(20),
    R(11),
  ], { ...byKey, expected: [pair(4, 3), pair(4, 3), pair(4, 7), pair(4, 11), pair(20, 11)] });
});

Deno.test("records below the watermark are late: dropped, or in the side output of their side", () => {
  const script = [L(5), ...wm(5), R(4), L(4), R(5), L(5), ...wm(7), R(6), L(7)];
  const options = bounds(-2, 2);
  // As in Flink, watermark 7 has dropped what 7 could still match, though a record at 7 is not late.
  const expected = [watermark(5), pair(5, 5), pair(5, 5), watermark(7)];
  runCruelly(() => intervalJoinOperator({ ...options, fn: join }), script, { ...byKey, expected, expectedSide: {} });
  runCruelly(
    () => intervalJoinOperator({ ...options, leftLateTag: leftLate, rightLateTag: rightLate, fn: join }),
    script,
    {
      ...byKey,
      expected,
      expectedSide: {
        "right late": [streamRecord({ k: "k", ts: 4, side: "R" }, 4), streamRecord({ k: "k", ts: 6, side: "R" }, 6)],
        "left late": [streamRecord({ k: "k", ts: 4, side: "L" }, 4)],
      },
    },
  );
});

Deno.test("state of each side is dropped by the watermark after which nothing can match", () => {
  // [bounds, side, record time, last watermark that keeps it, first that drops it]
  const cases: [IntervalJoinOptions, "L" | "R", number, number, number][] = [
    [bounds(-1, 3), "L", 10, 12, 13],
    [bounds(-1, 3), "R", 10, 10, 11],
    [bounds(1, 3), "L", 10, 12, 13],
    [bounds(1, 3), "R", 10, 9, 10],
    [bounds(-3, -1), "L", 10, 9, 10],
    [bounds(-3, -1), "R", 10, 12, 13],
    [bounds(0, 0), "L", 10, 9, 10],
    [bounds(0, 0), "R", 10, 9, 10],
    [bounds(-1, 3, false, false), "L", 10, 11, 12],
    [bounds(-2, 3, false, false), "R", 10, 10, 11],
  ];
  for (const [options, side, ts, keeps, drops] of cases) {
    const harness = new KeyedTwoInputStreamOperatorTestHarness<string, Item, Item, unknown>(
      intervalJoinOperator({ ...options, fn: join }),
      (item) => item.k,
      (item) => item.k,
    );
    if (side === "L") harness.processElement1({ k: "k", ts, side }, ts);
    else harness.processElement2({ k: "k", ts, side }, ts);
    const sizes = [keeps, drops].map((at) => {
      harness.processBothWatermarks(at);
      return [harness.numKeyedStateEntries(), harness.numEventTimeTimers()];
    });
    assert.deepEqual(sizes, [[1, 1], [0, 0]], JSON.stringify([options, side]));
  }
});

Deno.test("side outputs of the join function carry the pair's timestamp", () => {
  const tag = new OutputTag<string>("pairs");
  runCruelly(
    () =>
      intervalJoinOperator({
        ...bounds(-5, 5),
        fn: { processElement: (l: Item, r: Item, ctx) => ctx.output(tag, `${l.ts}-${r.ts}`) },
      }),
    [L(1), R(4), R(2)],
    { ...byKey, expected: [], expectedSide: { pairs: [streamRecord("1-4", 4), streamRecord("1-2", 2)] } },
  );
});

Deno.test("one record with many partners is joined as there is room", () => {
  let room = 10;
  const harness = new KeyedTwoInputStreamOperatorTestHarness<string, number, number, number>(
    intervalJoinOperator<number, number, number>({
      ...bounds(-1000, 1000),
      fn: { processElement: (l, r, _ctx, out) => out.collect(l * r) },
    }),
    () => "k",
    () => "k",
    { proceed: () => --room > 0 },
  );
  for (let i = 0; i < 100; i++) harness.processElement2(i, i);
  const operator = harness.getOperator();
  operator.setKeyContext(0, 1);
  operator.processElement1(1, 50);
  assert.deepEqual([harness.getOutput().length, operator.busy, operator.canSnapshot], [10, true, false]);
  room = 1000;
  assert.equal(operator.resume(), true);
  assert.deepEqual(harness.extractOutputValues(), Array.from({ length: 100 }, (_, i) => i));
});

Deno.test("wrong bounds and missing timestamps are named", () => {
  assert.throws(() => intervalJoinOperator({ ...bounds(2, 1), fn: join }), {
    code: "TSF-2013",
    found: "2 ms and 1 ms",
  });
  const harness = new KeyedTwoInputStreamOperatorTestHarness<string, Item, Item, unknown>(
    intervalJoinOperator({ ...bounds(0, 1), fn: join }),
    (item) => item.k,
    (item) => item.k,
  );
  assert.throws(() => harness.processElement2({ k: "k", ts: 0, side: "R" }), {
    code: "TSF-2013",
    message: /right side[^]*assignTimestampsAndWatermarks/,
  });
});

Deno.test("property: any script joins as a quadratic oracle says", () => {
  const step = fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({
        side: fc.constantFrom("L", "R"),
        ts: fc.integer({ min: 0, max: 15 }),
        k: fc.constantFrom("a", "b"),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        side: fc.constantFrom("WL", "WR"),
        ts: fc.integer({ min: 0, max: 15 }),
        k: fc.constant(""),
      }),
    },
  );
  const span = fc.tuple(fc.integer({ min: -4, max: 4 }), fc.integer({ min: 0, max: 5 }), fc.boolean(), fc.boolean());
  fc.assert(
    fc.property(span, fc.array(step, { maxLength: 40 }), ([lower, length, lowerInclusive, upperInclusive], steps) => {
      const options = bounds(lower, lower + length, lowerInclusive, upperInclusive);
      const harness = new KeyedTwoInputStreamOperatorTestHarness<string, Item, Item, unknown>(
        intervalJoinOperator({ ...options, fn: join }),
        (item) => item.k,
        (item) => item.k,
      );
      const taken: Item[] = [];
      const expected: unknown[] = [];
      const marks = { WL: -Infinity, WR: -Infinity };
      for (const { side, ts, k } of steps) {
        if (side === "WL" || side === "WR") {
          // Between two records: a record exactly at the watermark is neither late nor sure of its partners.
          marks[side] = Math.max(marks[side], ts + 0.5);
          if (side === "WL") harness.processWatermark1(ts + 0.5);
          else harness.processWatermark2(ts + 0.5);
          continue;
        }
        const item = { k, ts, side: side as "L" | "R" };
        if (side === "L") harness.processElement1({ ...item }, ts);
        else harness.processElement2({ ...item }, ts);
        if (ts < Math.min(marks.WL, marks.WR)) continue;
        for (const other of taken) {
          if (other.side === item.side || other.k !== k) continue;
          const [l, r] = item.side === "L" ? [ts, other.ts] : [other.ts, ts];
          const above = lowerInclusive ? r - l >= lower : r - l > lower;
          const below = upperInclusive ? r - l <= lower + length : r - l < lower + length;
          if (above && below) expected.push(pair(l, r));
        }
        taken.push(item);
      }
      assert.deepEqual(sorted(harness.extractOutputStreamRecords()), sorted(expected));
    }),
  );
});
