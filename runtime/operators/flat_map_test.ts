import assert from "node:assert/strict";
import type { Collector } from "../functions/functions.ts";
import { RichFlatMapFunction } from "../functions/rich_function.ts";
import { OneInputStreamOperatorTestHarness, onInput, runCruelly, streamRecord, watermark } from "../testing/mod.ts";
import { coFlatMapOperator, coMapOperator } from "./co_map.ts";
import { flatMapOperator } from "./flat_map.ts";

type Out = Collector<{ n: number }>;

/** Different ways to emit 0, 1, ... n-1. */
const EMITTERS: Record<string, (n: number, out: Out) => Iterable<{ n: number }> & object | void> = {
  collector: (n, out) => {
    // The same object again and again: each collect copies it.
    const reused = { n: 0 };
    for (let i = 0; i < n; i++) {
      reused.n = i;
      out.collect(reused);
    }
    reused.n = -1;
  },
  array: (n) => Array.from({ length: n }, (_, i) => ({ n: i })),
  generator: function* (n) {
    const reused = { n: 0 };
    for (let i = 0; i < n; i++) {
      reused.n = i;
      yield reused;
    }
  },
  "generator that also collects": function* (n, out) {
    for (let i = 0; i < n; i += 2) {
      out.collect({ n: i });
      if (i + 1 < n) yield { n: i + 1 };
    }
  },
  set: (n) => new Set(Array.from({ length: n }, (_, i) => ({ n: i }))),
};

Deno.test("all ways to emit give the same, in every mode", () => {
  const script = [
    streamRecord(3, 5),
    streamRecord(0, 6),
    watermark(6),
    streamRecord(2),
    streamRecord(1, 7),
    watermark(9),
  ];
  for (const emitter of Object.values(EMITTERS)) {
    runCruelly(() => flatMapOperator(emitter), script, {
      expected: [
        ...[0, 1, 2].map((n) => streamRecord({ n }, 5)),
        watermark(6),
        ...[0, 1].map((n) => streamRecord({ n })),
        streamRecord({ n: 0 }, 7),
        watermark(9),
      ],
    });
  }
});

Deno.test("an array may hold one object twice", () => {
  runCruelly(() => flatMapOperator((v: { n: number }) => [v, v]), [streamRecord({ n: 1 }, 1)], {
    expected: [streamRecord({ n: 1 }, 1), streamRecord({ n: 1 }, 1)],
  });
});

Deno.test("an iterable is drawn lazily: no element more than there is room for", () => {
  let drawn = 0;
  let room = 2;
  const endless = function* () {
    for (;;) yield drawn++;
  };
  const harness = new OneInputStreamOperatorTestHarness<number, number>(flatMapOperator(endless), {
    proceed: () => room-- > 1,
  });
  harness.open();
  const operator = harness.getOperator();
  operator.processElement(1, 0);
  assert.deepEqual([drawn, operator.busy, operator.canSnapshot], [2, true, false]);
  room = 3;
  assert.equal(operator.resume(), false);
  assert.deepEqual(harness.extractOutputValues(), [0, 1, 2, 3, 4]);
  // A watermark waits behind the iterable.
  operator.processWatermark(7);
  assert.deepEqual(harness.getOutput().filter((element) => element.kind === "watermark"), []);
});

Deno.test("an iterator left in the middle is ended by close", async () => {
  let finished = false;
  const harness = new OneInputStreamOperatorTestHarness(
    flatMapOperator(function* () {
      try {
        for (;;) yield 1;
      } finally {
        finished = true;
      }
    }),
    { proceed: () => false },
  );
  harness.open();
  harness.getOperator().processElement(1, 0);
  await harness.close();
  assert.ok(finished);
});

Deno.test("1e6 elements of one generator pass one by one", () => {
  let emitted = 0;
  const million = function* () {
    for (let i = 0; i < 1e6; i++) yield i;
  };
  const harness = new OneInputStreamOperatorTestHarness(flatMapOperator(million), {
    proceed: () => ++emitted % 1000 !== 0,
  });
  harness.processElement(1);
  assert.equal(harness.getOutput().length, 1e6);
});

Deno.test("what is no iterable object is refused", () => {
  const cases: [string, unknown, string, RegExp][] = [
    ["a string", "abc", "TSF-2010", /the string "abc"/],
    ["an object", { n: 1 }, "TSF-2010", /not iterable/],
    ["a number", 5, "TSF-2010", /number 5/],
    ["null", null, "TSF-2010", /object null/],
    ["false", false, "TSF-2010", /boolean false/],
    ["a promise", Promise.resolve([1]), "TSF-2002", /a promise/],
    ["an async generator", (async function* () {})(), "TSF-2002", /async iterable/],
    ["promises in an array", [Promise.resolve(1)], "TSF-2002", /a promise/],
  ];
  for (const [name, result, code, found] of cases) {
    const harness = new OneInputStreamOperatorTestHarness(flatMapOperator(() => result as never), { name: "words" });
    assert.throws(() => harness.processElement(1), { code, found, operator: { name: "words", uid: undefined } }, name);
  }
});

Deno.test("a collector is dead after its call, in the next call too", () => {
  let kept: Collector<number> | undefined;
  const harness = new OneInputStreamOperatorTestHarness<number, number>(
    flatMapOperator((v: number, out: Collector<number>) => {
      if (kept === undefined) kept = out;
      else kept.collect(v);
    }),
    { name: "leaky" },
  );
  harness.processElement(1);
  const late = { code: "TSF-2003", operator: { name: "leaky", uid: undefined }, userLine: /flat_map_test\.ts:\d+/ };
  assert.throws(() => kept!.collect(1), late);
  assert.throws(() => harness.processElement(2), late);
  assert.deepEqual(harness.extractOutputValues(), []);
});

Deno.test("values that cannot travel are named", () => {
  const harness = new OneInputStreamOperatorTestHarness(
    flatMapOperator((_v: unknown, out: Collector<unknown>) => out.collect({ a: { f: () => 1 } })),
    { name: "f" },
  );
  assert.throws(() => harness.processElement(1), {
    code: "TSF-2101",
    message: /a\.f/,
    operator: { name: "f", uid: undefined },
  });
});

class Rich extends RichFlatMapFunction<string, string> {
  words = 0;
  override flatMap(line: string): string[] {
    return line.split(" ").map((word) => `${++this.words} ${word}`);
  }
}

Deno.test("rich flatMap, coMap and coFlatMap, in every mode", () => {
  runCruelly(() => flatMapOperator(new Rich()), [streamRecord("a b"), streamRecord("c")], {
    expected: [streamRecord("1 a"), streamRecord("2 b"), streamRecord("3 c")],
    // The count is in a field, not in state.
    without: ["restored after every step", "restored once"],
  });
  const both = [streamRecord("x", 1), onInput(1, streamRecord(5, 2)), watermark(3), onInput(1, watermark(2))];
  runCruelly(() => coMapOperator<string, number, unknown>({ map1: (s) => [s], map2: (n) => [n] }), both, {
    expected: [streamRecord(["x"], 1), streamRecord([5], 2), watermark(2)],
  });
  runCruelly(
    () =>
      coFlatMapOperator<string, number, string>({
        flatMap1: (s) => [s, s],
        flatMap2: (n, out) => out.collect(`${n}`),
      }),
    both,
    { expected: [streamRecord("x", 1), streamRecord("x", 1), streamRecord("5", 2), watermark(2)] },
  );
});
