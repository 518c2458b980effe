import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type Accumulator,
  DoubleMaximum,
  DoubleMinimum,
  IntCounter,
  LongCounter,
} from "../../runtime/functions/accumulators.ts";
import type { TaskAccumulators } from "../../runtime/operators/runtime_context.ts";
import { mergeAccumulators } from "./accumulators.ts";

const task = (accumulators: Record<string, Accumulator<never, unknown>>): TaskAccumulators =>
  new Map(Object.entries(accumulators)) as unknown as TaskAccumulators;

function counter(n: number): IntCounter {
  const made = new IntCounter();
  made.add(n);
  return made;
}

Deno.test("accumulators of one name are merged over all tasks; the tasks' own stay as they are", () => {
  const counters = [counter(1), counter(20), counter(300)];
  const min = new DoubleMinimum();
  min.add(5);
  const tasks = [task({ n: counters[0], min }), task({ n: counters[1] }), task({}), task({ n: counters[2] })];
  for (let again = 0; again < 2; again++) assert.deepEqual(mergeAccumulators(tasks), { n: 321, min: 5 });
  assert.deepEqual(counters.map((each) => each.getLocalValue()), [1, 20, 300]);
  assert.deepEqual(mergeAccumulators([]), {});
});

Deno.test("merging gives what one accumulator for all would", () => {
  fc.assert(fc.property(fc.array(fc.array(fc.integer()), { minLength: 1 }), (parts) => {
    const of = (values: number[]) => {
      const all = { sum: new LongCounter(), min: new DoubleMinimum(), max: new DoubleMaximum() };
      for (const value of values) for (const each of Object.values(all)) each.add(value);
      return task(all as never);
    };
    assert.deepEqual(mergeAccumulators(parts.map(of)), mergeAccumulators([of(parts.flat())]));
  }));
});

Deno.test("different classes under one name are refused", () => {
  assert.throws(() => mergeAccumulators([task({ n: counter(1) }), task({ n: new DoubleMaximum() as never })]), {
    code: "TSF-2032",
    message: /"n"/,
    expected: "IntCounter",
    found: "DoubleMaximum",
  });
});
