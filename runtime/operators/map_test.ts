import assert from "node:assert/strict";
import { perSubtask, RichMapFunction } from "../functions/rich_function.ts";
import type { MapFunction } from "../functions/functions.ts";
import type { RuntimeContext } from "../functions/rich_function.ts";
import {
  OneInputStreamOperatorTestHarness,
  runCruelly,
  streamRecord,
  watermark,
  watermarkStatus,
} from "../testing/mod.ts";
import { filterOperator } from "./filter.ts";
import { mapOperator } from "./map.ts";

const SCRIPT = [
  streamRecord({ n: 1 }, 10),
  streamRecord({ n: 2 }),
  watermark(10),
  watermarkStatus("idle"),
  watermarkStatus("active"),
  streamRecord({ n: 3 }, -5),
  watermark(20),
];

Deno.test("map keeps the timestamp, passes watermarks and statuses, in every mode", () => {
  runCruelly(() => mapOperator((v: { n: number }) => ({ n: v.n * 10 })), SCRIPT, {
    expected: [
      streamRecord({ n: 10 }, 10),
      streamRecord({ n: 20 }),
      watermark(10),
      watermarkStatus("idle"),
      watermarkStatus("active"),
      streamRecord({ n: 30 }, -5),
      watermark(20),
    ],
  });
});

Deno.test("map and filter that pass their input on, in every mode", () => {
  runCruelly(() => mapOperator((v: unknown) => v), SCRIPT, { expected: SCRIPT });
  runCruelly(() => filterOperator((v: { n: number }) => v.n !== 2), SCRIPT, {
    expected: SCRIPT.filter((element) => element.kind !== "record" || element.value.n !== 2),
  });
});

Deno.test("map results that are no objects are emitted as they are", () => {
  for (const value of [undefined, null, 0, -0, NaN, "", 10n, false]) {
    const harness = new OneInputStreamOperatorTestHarness(mapOperator(() => value));
    harness.processElement(1);
    assert.deepEqual(harness.extractOutputValues(), [value]);
  }
});

class Numbered extends RichMapFunction<string, string> {
  count = 0;
  log: string[] = [];
  override open(context: RuntimeContext): void {
    this.log.push(`open ${context.getTaskInfo().indexOfThisSubtask}`);
    this.getRuntimeContext().getIntCounter("opened").add(1);
  }
  override map(value: string): string {
    return `${value}${++this.count} ${this.log.join()}`;
  }
  override close(): void {
    this.getRuntimeContext().getIntCounter("closed").add(1);
  }
}

Deno.test("every subtask runs its own copy of a function object, with open and close", async () => {
  const factory = mapOperator(new Numbered());
  const first = new OneInputStreamOperatorTestHarness(factory, { parallelism: 2 });
  const second = new OneInputStreamOperatorTestHarness(factory, { parallelism: 2, subtaskIndex: 1 });
  first.processElement("a");
  first.processElement("b");
  second.processElement("c");
  assert.deepEqual(first.extractOutputValues(), ["a1 open 0", "b2 open 0"]);
  assert.deepEqual(second.extractOutputValues(), ["c1 open 1"]);
  await first.close();
  await first.close();
  assert.deepEqual([first, second].map((h) => h.accumulators.get("closed")?.getLocalValue()), [1, undefined]);
  assert.deepEqual([first, second].map((h) => h.accumulators.get("opened")?.getLocalValue()), [1, 1]);
});

Deno.test("close is called also when open was not reached, as in Flink", async () => {
  let closed = 0;
  const harness = new OneInputStreamOperatorTestHarness(
    mapOperator({ map: (v: number) => v, close: () => void closed++ } as MapFunction<number, number>),
  );
  harness.initializeState();
  await harness.close();
  await harness.close();
  assert.equal(closed, 1);
});

class Hidden {
  #n = 0;
  map(): number {
    return ++this.#n;
  }
}

Deno.test("#private fields need a factory, and the error says so", () => {
  const copied = new OneInputStreamOperatorTestHarness(mapOperator(new Hidden()), { name: "number", uid: "n" });
  assert.throws(() => copied.processElement(1), {
    code: "TSF-2008",
    message: /operator: number \(uid "n"\)[^]*perSubtask\(\(\) => new/,
  });
  const factory = mapOperator(perSubtask<MapFunction<number, number>>(() => new Hidden()));
  const harness = new OneInputStreamOperatorTestHarness<number, number>(factory);
  harness.processElement(1);
  harness.processElement(1);
  assert.deepEqual(harness.extractOutputValues(), [1, 2]);
});

Deno.test("what user code throws names operator, uid and the user's line", () => {
  const boom = () => {
    throw new RangeError("no such thing");
  };
  for (const [factory, what] of [[mapOperator(boom), "map"], [filterOperator(boom), "filter"]] as const) {
    const harness = new OneInputStreamOperatorTestHarness(factory, { name: what, uid: "u-1" });
    assert.throws(() => harness.processElement(1), {
      code: "TSF-2001",
      operator: { name: what, uid: "u-1" },
      userLine: /map_test\.ts:\d+:\d+$/,
      message: /RangeError: no such thing/,
    });
  }
});

Deno.test("promises are refused by name", () => {
  const asyncIdentity = async (v: number) => await v;
  const cases = [
    ["map", mapOperator(asyncIdentity), /map\(\) returned a promise/],
    ["map of rejected", mapOperator(() => Promise.reject(new Error("lost"))), /map\(\) returned a promise/],
    ["thenable", mapOperator(() => ({ then: () => {} })), /map\(\) returned a promise/],
    ["filter", filterOperator(asyncIdentity as never), /filter\(\) returned a promise/],
    ["open", mapOperator({ map: (v: number) => v, open: async () => {} } as never), /open\(\) returned a promise/],
  ] as const;
  for (const [name, factory, message] of cases) {
    const harness = new OneInputStreamOperatorTestHarness<number, unknown>(factory, { name });
    assert.throws(
      () => harness.processElement(1),
      { code: "TSF-2002", message, hint: /asyncMap.*AsyncDataStream/ },
      name,
    );
  }
});

Deno.test("check-mutation finds a function that changes what it returned", () => {
  const kept: { n: number }[] = [];
  const keeper = (n: number) => {
    for (const old of kept) old.n++;
    const made = { n };
    kept.push(made);
    return made;
  };
  const harness = new OneInputStreamOperatorTestHarness<number, unknown>(mapOperator(keeper));
  harness.processElement(1);
  assert.throws(() => harness.processElement(2), { code: "TSF-2007", found: '{"n":2}' });
  kept.length = 0;
  const unchecked = new OneInputStreamOperatorTestHarness<number, unknown>(mapOperator(keeper), {
    config: { checkMutation: false },
  });
  unchecked.processElement(1);
  unchecked.processElement(2);
});

Deno.test("neither a function nor an object with the method", () => {
  for (const fn of [undefined, 5, {}, { map: 1 }]) {
    const harness = new OneInputStreamOperatorTestHarness(mapOperator(fn as never));
    assert.throws(() => harness.open(), { code: "TSF-2009", expected: /map\(\)/ });
  }
});
