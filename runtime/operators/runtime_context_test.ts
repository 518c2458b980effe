import assert from "node:assert/strict";
import { AverageAccumulator, ListAccumulator } from "../functions/accumulators.ts";
import { RichMapFunction, type RuntimeContext } from "../functions/rich_function.ts";
import {
  AggregatingStateDescriptor,
  ListStateDescriptor,
  MapStateDescriptor,
  ReducingStateDescriptor,
  ValueStateDescriptor,
} from "../functions/state_descriptor.ts";
import { KeyedOneInputStreamOperatorTestHarness, OneInputStreamOperatorTestHarness } from "../testing/mod.ts";
import type { HarnessOptions } from "../testing/mod.ts";
import { mapOperator } from "./map.ts";

/** Runs `use` in a map function, and gives what it returns. */
function inMap(use: (context: RuntimeContext) => unknown, options: HarnessOptions = {}): unknown {
  class Use extends RichMapFunction<string, unknown> {
    override map(): unknown {
      return use(this.getRuntimeContext());
    }
  }
  const harness = new OneInputStreamOperatorTestHarness<string, unknown>(mapOperator(new Use()), options);
  harness.seams.clock.jumpTo(77);
  harness.processElement("x");
  return harness.extractOutputValues()[0];
}

Deno.test("task, job, settings, clock, metrics", () => {
  const options = {
    name: "words",
    parallelism: 4,
    subtaskIndex: 2,
    config: { objectReuse: true, globalJobParameters: { env: "test" } },
  };
  assert.deepEqual(inMap((context) => [context.getTaskInfo(), context.getJobInfo().jobName], options), [
    {
      taskName: "words",
      taskNameWithSubtasks: "words (3/4)#0",
      indexOfThisSubtask: 2,
      numberOfParallelSubtasks: 4,
      maxNumberOfParallelSubtasks: 128,
      attemptNumber: 0,
      allocationId: "harness",
    },
    "harness",
  ]);
  assert.deepEqual(
    inMap((c) => [c.isObjectReuseEnabled(), c.getGlobalJobParameters().env, c.currentProcessingTime()], options),
    [true, "test", 77],
  );
  const metered = new OneInputStreamOperatorTestHarness(mapOperator({
    map: (v: number) => v,
    open: (context: RuntimeContext) => context.getMetricGroup().addGroup("mine").counter("seen").inc(3),
  } as never));
  metered.open();
  assert.equal(metered.metrics.get("mine.seen"), 3);
});

Deno.test("accumulators are made on demand, kept by name and refused under another class", () => {
  assert.deepEqual(
    inMap((context) => {
      context.getIntCounter("i").add(2);
      context.getIntCounter("i").add(3);
      context.getDoubleCounter("d").add(0.5);
      context.getHistogram("h").add(7);
      context.getHistogram("h").add(7);
      context.addAccumulator("mean", new AverageAccumulator());
      context.getAccumulator<number, number>("mean")!.add(4);
      context.addAccumulator("list", new ListAccumulator<string>());
      return ["i", "d", "h", "mean", "list", "none"].map((name) => context.getAccumulator(name)?.getLocalValue()).map((
        v,
      ) => v instanceof Map ? [...v] : v);
    }),
    [5, 0.5, [[7, 2]], 4, [], undefined],
  );
  const twice = (context: RuntimeContext) => {
    context.getIntCounter("n");
    context.addAccumulator("n", new AverageAccumulator());
  };
  assert.throws(() => inMap(twice, { name: "acc" }), { code: "TSF-2020", operator: { name: "acc", uid: undefined } });
  const mixed = (context: RuntimeContext) => {
    context.getIntCounter("n");
    context.getHistogram("n");
  };
  assert.throws(() => inMap(mixed), { code: "TSF-2020", expected: "Histogram", found: "IntCounter" });
});

Deno.test("cached files by name", () => {
  const cachedFiles = { "words.txt": "a b", "raw": new Uint8Array([1, 2]) };
  const read = (context: RuntimeContext) => {
    const cache = context.getDistributedCache();
    return [cache.getFile("words.txt").text(), [...cache.getFile("raw").bytes()], cache.getFile("raw").path];
  };
  assert.deepEqual(inMap(read, { cachedFiles }), ["a b", [1, 2], "/cached/raw"]);
  const wrong = (context: RuntimeContext) => context.getDistributedCache().getFile("word.txt");
  assert.throws(() => inMap(wrong, { cachedFiles }), {
    code: "TSF-2030",
    expected: "words.txt, raw",
    found: "word.txt",
  });
  assert.throws(() => inMap(wrong), { code: "TSF-2030", expected: /registerCachedFile/ });
});

Deno.test("state of every kind in a rich function on a keyed stream", () => {
  class Use extends RichMapFunction<string, unknown> {
    override map(value: string): unknown {
      const context = this.getRuntimeContext();
      const count = context.getState(new ValueStateDescriptor<number>("count", { defaultValue: 0 }));
      const list = context.getListState(new ListStateDescriptor<string>("list"));
      const map = context.getMapState(new MapStateDescriptor<string, number>("map"));
      const max = context.getReducingState(new ReducingStateDescriptor<number>("max", (a, b) => Math.max(a, b)));
      const text = context.getAggregatingState(
        new AggregatingStateDescriptor<string, string, number>("length", {
          createAccumulator: () => "",
          add: (v, acc) => acc + v,
          getResult: (acc) => acc.length,
        }),
      );
      count.update(count.value()! + 1);
      list.addAll([value, value]);
      map.putAll([[value, count.value()!]]);
      max.add(value.length);
      text.add(value);
      const seen: unknown[] = [
        count.value(),
        list.get(),
        [...map.keys()],
        [...map.values()],
        map.isEmpty(),
        max.get(),
        text.get(),
      ];
      if (value === "a3") {
        [count, list, map, max, text].forEach((state) => state.clear());
        list.update(["kept"]);
        map.remove("x");
        seen.push(count.value(), list.get(), map.contains("a1"), map.get("a1"), max.get() ?? null, text.get() ?? null);
      }
      return seen;
    }
  }
  const harness = new KeyedOneInputStreamOperatorTestHarness<string, string, unknown>(
    mapOperator(new Use()),
    (v) => v[0],
  );
  ["a1", "b", "a3"].forEach((value) => harness.processElement(value));
  assert.deepEqual(harness.extractOutputValues(), [
    [1, ["a1", "a1"], ["a1"], [1], false, 2, 2],
    [1, ["b", "b"], ["b"], [1], false, 1, 1],
    [2, ["a1", "a1", "a3", "a3"], ["a1", "a3"], [1, 2], false, 2, 4, 0, ["kept"], false, undefined, null, null],
  ]);
  assert.equal(harness.numKeyedStateEntries("list"), 2);
});

Deno.test("keyed state without key, and one name for two kinds", () => {
  const get = (context: RuntimeContext) => context.getState(new ValueStateDescriptor<number>("s"));
  assert.throws(() => inMap(get, { name: "m" }), {
    code: "TSF-2004",
    message: /"s"[^]*keyBy\(\)/,
    operator: { name: "m", uid: undefined },
  });
  const harness = new KeyedOneInputStreamOperatorTestHarness<string, string, unknown>(
    mapOperator({
      map: (v: string) => v,
      open: (context: RuntimeContext) => {
        get(context);
        context.getListState(new ListStateDescriptor("s"));
      },
    } as never),
    (v) => v,
  );
  assert.throws(() => harness.open(), { code: "TSF-2110" });
});

Deno.test("state in open() has no key yet", () => {
  const harness = new KeyedOneInputStreamOperatorTestHarness<string, string, unknown>(
    mapOperator({
      map: (v: string) => v,
      open: (context: RuntimeContext) => context.getState(new ValueStateDescriptor<number>("s")).value(),
    } as never),
    (v) => v,
  );
  assert.throws(() => harness.open(), { code: "TSF-2003", found: "no call is running" });
});
