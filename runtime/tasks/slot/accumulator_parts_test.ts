import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type Accumulator,
  DoubleMaximum,
  DoubleMinimum,
  IntCounter,
  LongCounter,
} from "../../functions/accumulators.ts";
import type { TaskAccumulators } from "../../operators/runtime_context.ts";
import { exportAccumulators, mergeAccumulators } from "./accumulator_parts.ts";

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

class Words implements Accumulator<string, string[]> {
  words = new Set<string>();
  add(word: string): void {
    this.words.add(word);
  }
  getLocalValue(): string[] {
    return [...this.words].sort();
  }
  resetLocal(): void {
    this.words = new Set();
  }
  merge(other: Accumulator<string, string[]>): void {
    for (const word of other.getLocalValue()) this.add(word);
  }
}
class Hidden extends Words {
  #extra: string[] = [];
  override add(word: string): void {
    this.#extra.push(word);
  }
  override getLocalValue(): string[] {
    return this.#extra;
  }
}

const filled = <A extends Accumulator<string, unknown>>(accumulator: A, ...words: string[]): A => {
  for (const word of words) accumulator.add(word);
  return accumulator;
};

Deno.test("accumulators of other slots, classes of the program included, are merged from their fields", () => {
  const max = (n: number) => {
    const made = new DoubleMaximum();
    made.add(n);
    return made;
  };
  const here = [task({ words: filled(new Words(), "a"), max: max(1) as never })];
  const there = structuredClone(
    exportAccumulators([task({ words: filled(new Words(), "b", "c"), max: max(7) as never, n: counter(2) as never })]),
  );
  assert.deepEqual(mergeAccumulators(here, ["words", "max"], there), { words: ["a", "b", "c"], max: 7 });
  assert.deepEqual(here[0].get("words")!.getLocalValue(), ["a"]);
});

Deno.test("an accumulator that would lose its state on the way is refused, one of another class as well", () => {
  assert.throws(() => exportAccumulators([task({ hidden: filled(new Hidden(), "x") })]), { code: "TSF-2033" });
  const part = { name: "n", className: "Other", fields: {}, localValue: 0 };
  assert.throws(() => mergeAccumulators([task({ n: counter(1) as never })], ["n"], [part]), {
    code: "TSF-2032",
    found: "Other",
  });
});
