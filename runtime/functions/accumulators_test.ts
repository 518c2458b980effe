import assert from "node:assert/strict";
import fc from "fast-check";
import { copyValue } from "../types/copy.ts";
import {
  type Accumulator,
  AverageAccumulator,
  DoubleCounter,
  DoubleMaximum,
  DoubleMinimum,
  Histogram,
  IntCounter,
  IntMaximum,
  IntMinimum,
  ListAccumulator,
  LongCounter,
  LongMaximum,
  LongMinimum,
} from "./accumulators.ts";

type Make = () => Accumulator<number, unknown>;
const sum = (values: number[]) => values.reduce((a, b) => a + b, 0);
const counts = (values: number[]) => {
  const sorted = [...new Set(values)].sort((a, b) => a - b);
  return new Map(sorted.map((value) => [value, values.filter((v) => v === value).length]));
};

/** Each class with the slow way to its result, and its result over nothing. */
const classes: [Make, (values: number[]) => unknown, unknown][] = [
  [() => new IntCounter(), sum, 0],
  [() => new LongCounter(), sum, 0],
  [() => new DoubleCounter(), sum, 0],
  [() => new DoubleMinimum(), (v) => Math.min(...v), Infinity],
  [() => new DoubleMaximum(), (v) => Math.max(...v), -Infinity],
  [() => new IntMinimum(), (v) => Math.min(...v), 2147483647],
  [() => new IntMaximum(), (v) => Math.max(...v), -2147483648],
  [() => new LongMinimum(), (v) => Math.min(...v), Number.MAX_SAFE_INTEGER],
  [() => new LongMaximum(), (v) => Math.max(...v), Number.MIN_SAFE_INTEGER],
  [() => new AverageAccumulator(), (v) => sum(v) / v.length, 0],
  [() => new Histogram() as Accumulator<number, unknown>, counts, new Map()],
  [() => new ListAccumulator<number>() as Accumulator<number, unknown>, (v) => v, []],
];
const integers = fc.array(fc.integer({ min: -50, max: 50 }), { minLength: 1, maxLength: 12 });

Deno.test("accumulators: values added in several places and merged in order give what one place gives", () => {
  for (const [make, oracle, nothing] of classes) {
    const name = make().constructor.name;
    assert.deepEqual(make().getLocalValue(), nothing, name);
    fc.assert(
      fc.property(fc.array(integers, { minLength: 1, maxLength: 4 }), (parts) => {
        const merged = make();
        for (const part of parts) {
          const local = make();
          for (const value of part) local.add(value);
          assert.deepEqual(local.getLocalValue(), oracle(part), name);
          merged.merge(local as never);
          // Merging leaves the other one as it was.
          assert.deepEqual(local.getLocalValue(), oracle(part), name);
        }
        assert.deepEqual(merged.getLocalValue(), oracle(parts.flat()), name);
        // Merging one that has seen nothing changes nothing; after a reset it begins anew.
        merged.merge(make() as never);
        assert.deepEqual(merged.getLocalValue(), oracle(parts.flat()), name);
        merged.resetLocal();
        assert.deepEqual(merged.getLocalValue(), nothing, name);
        merged.add(7);
        assert.deepEqual(merged.getLocalValue(), oracle([7]), name);
      }),
      { numRuns: 30, seed: 1 },
    );
  }
});

Deno.test("accumulators: NaN, the sign of zero, the default step, results that are copies", () => {
  for (const Extremum of [DoubleMinimum, DoubleMaximum]) {
    const one = new Extremum();
    [1, NaN, 2].forEach((value) => one.add(value));
    assert.ok(Number.isNaN(one.getLocalValue()));
  }
  const least = new DoubleMinimum();
  [0, -0].forEach((value) => least.add(value));
  assert.ok(Object.is(least.getLocalValue(), -0));
  const counter = new IntCounter();
  counter.add();
  counter.add();
  assert.equal(counter.getLocalValue(), 2);
  const list = new ListAccumulator<number>();
  list.add(1);
  list.getLocalValue().push(2);
  assert.deepEqual(list.getLocalValue(), [1]);
  const histogram = new Histogram();
  histogram.add(3);
  (histogram.getLocalValue() as Map<number, number>).clear();
  assert.deepEqual(histogram.getLocalValue(), new Map([[3, 1]]));
  assert.deepEqual([
    ...(() => {
      const h = new Histogram();
      [5, -1, 3, -1].forEach((value) => h.add(value));
      return h.getLocalValue();
    })().keys(),
  ], [-1, 3, 5]);
});

Deno.test("accumulators: an average takes in averages only", () => {
  assert.throws(() => new AverageAccumulator().merge(new DoubleCounter()), { code: "TSF-2020" });
});

Deno.test("accumulators: a long list is merged", () => {
  const long = new ListAccumulator<number>();
  for (let i = 0; i < 200_000; i++) long.add(i);
  const merged = new ListAccumulator<number>();
  merged.merge(long);
  assert.equal(merged.getLocalValue().length, 200_000);
});

Deno.test("accumulators: merging is associative, and only the values' order counts", () => {
  fc.assert(
    fc.property(integers, integers, integers, (a, b, c) => {
      for (const [make] of classes) {
        const of = (values: readonly number[]): Accumulator<number, unknown> => {
          const accumulator = make();
          for (const value of values) accumulator.add(value);
          return accumulator;
        };
        const merged = (left: Accumulator<number, unknown>, right: Accumulator<number, unknown>) => {
          left.merge(right as never);
          return left;
        };
        const left = merged(merged(of(a), of(b)), of(c)).getLocalValue();
        const right = merged(of(a), merged(of(b), of(c))).getLocalValue();
        assert.deepEqual(left, right, make().constructor.name);
        assert.deepEqual(left, of([...a, ...b, ...c]).getLocalValue());
      }
    }),
    { numRuns: 50 },
  );
});

Deno.test("accumulators: results travel, and are not changed by what comes later", () => {
  for (const [make] of classes) {
    const accumulator = make();
    [3, 1, 3].forEach((value) => accumulator.add(value));
    const result = accumulator.getLocalValue();
    const copy = copyValue(result);
    accumulator.add(-7);
    accumulator.merge(accumulator as never);
    assert.deepEqual(result, copy, make().constructor.name);
    accumulator.resetLocal();
    assert.deepEqual(result, copy, make().constructor.name);
  }
});

Deno.test("accumulators: all they hold lies in fields of their own, so that a copy of the object is a second one", () => {
  for (const [make] of classes) {
    const one = make();
    one.add(5);
    const fields = Object.fromEntries(
      Object.entries(one).map(([name, field]) => [name, typeof field === "function" ? field : structuredClone(field)]),
    );
    const two: Accumulator<number, unknown> = Object.assign(Object.create(Object.getPrototypeOf(one)), fields);
    assert.deepEqual(two.getLocalValue(), one.getLocalValue(), make().constructor.name);
    const before = structuredClone(one.getLocalValue());
    two.add(-9);
    assert.deepEqual(one.getLocalValue(), before);
  }
});

Deno.test("accumulators: merging with itself doubles, a list in order", () => {
  const cases: readonly (readonly [Accumulator<number, unknown>, unknown])[] = [
    [new IntCounter(), 6],
    [new AverageAccumulator(), 1.5],
    [new DoubleMinimum(), 1],
    [new Histogram() as Accumulator<number, unknown>, new Map([[1, 2], [2, 2]])],
    [new ListAccumulator<number>() as Accumulator<number, unknown>, [1, 2, 1, 2]],
  ];
  for (const [accumulator, expected] of cases) {
    accumulator.add(1);
    accumulator.add(2);
    accumulator.merge(accumulator as never);
    assert.deepEqual(accumulator.getLocalValue(), expected, accumulator.constructor.name);
  }
});
