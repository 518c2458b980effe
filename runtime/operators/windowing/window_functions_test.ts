import assert from "node:assert/strict";
import { CountEvictor } from "../../functions/windowing/evictors.ts";
import type { Collector } from "../../functions/functions.ts";
import { OutputTag } from "../../functions/output_tag.ts";
import {
  type ProcessWindow,
  type ProcessWindowContext,
  ProcessWindowFunction,
} from "../../functions/process_function.ts";
import { perSubtask, type RuntimeContext } from "../../functions/rich_function.ts";
import {
  AggregatingStateDescriptor,
  ListStateDescriptor,
  MapStateDescriptor,
  ReducingStateDescriptor,
  ValueStateDescriptor,
} from "../../functions/state_descriptor.ts";
import { CountTrigger, EventTimeTrigger, PurgingTrigger } from "../../functions/windowing/triggers.ts";
import {
  GlobalWindows,
  SlidingEventTimeWindows,
  type TimeWindow,
  TumblingEventTimeWindows,
  TumblingProcessingTimeWindows,
} from "../../functions/windowing/window_assigners.ts";
import type { Window } from "../../functions/windowing/windows.ts";
import { windowOperatorDescription, windowOperatorName } from "./window_checks.ts";
import { windowOperator } from "./window_operator.ts";
import {
  average,
  list,
  passthrough,
  type Rec,
  script,
  show,
  sum,
  WindowHarness,
  windowText,
} from "./window_script_test.ts";

const tumbling5 = TumblingEventTimeWindows.of(5);
const sideTag = new OutputTag<unknown>("side");

script("aggregate without window function", {
  assigner: SlidingEventTimeWindows.of(4, 2),
  content: { kind: "aggregate", fn: average },
  fn: passthrough,
}, ["a1@2 = ", "a2@3 = ", "a6@4 = ", "wm 3 = 1.5@3", "wm 5 = 3@5", "wm 7 = 6@7", "state = rows=0 event=0 clock=0"]);

script("aggregate with window function", {
  assigner: tumbling5,
  content: { kind: "aggregate", fn: average },
  fn: {
    kind: "process",
    fn: {
      process(key: string, ctx: ProcessWindowContext<TimeWindow>, averages: Iterable<number>, out: Collector<string>) {
        for (const value of averages) out.collect(`${key} ${value} until ${ctx.window().end}`);
      },
    },
  },
}, ["a1@0 = ", "b9@1 = ", "a2@4 = ", "wm 4 = a 1.5 until 5@4 b 9 until 5@4"]);

script("the older forms of window functions, and those over a whole stream", {
  assigner: tumbling5,
  content: list,
  fn: {
    kind: "apply",
    fn: (key: string, window: Window, elements: Iterable<Rec>, out: Collector<string>) => {
      out.collect(`${key}${windowText(window)}${[...elements].length}`);
      out.collect("second");
    },
  },
}, ["a1@0 = ", "a1@0 = ", "wm 4 = a[0..5)2@4 second@4"]);

script("apply as object", {
  assigner: tumbling5,
  content: sum,
  fn: {
    kind: "apply",
    fn: { apply: (_k: string, _w: Window, [rec]: Rec[], out: Collector<number>) => out.collect(rec.v) },
  },
}, ["a1@0 = ", "a2@0 = ", "wm 4 = 3@4"]);

script("process over a whole stream", {
  assigner: tumbling5,
  content: list,
  fn: {
    kind: "processAll",
    fn: {
      process(ctx: ProcessWindowContext<TimeWindow>, elements: Iterable<Rec>, out: Collector<string>) {
        out.collect(`${ctx.window().start}:${[...elements].length}`);
      },
    },
  },
}, ["a1@0 = ", "a1@1 = ", "wm 4 = 0:2@4"]);

script("apply over a whole stream", {
  assigner: tumbling5,
  content: list,
  fn: {
    kind: "applyAll",
    fn: (window: Window, elements: Iterable<Rec>, out: Collector<string>) =>
      out.collect(`${windowText(window)}${[...elements].length}`),
  },
}, ["a1@0 = ", "wm 4 = [0..5)1@4"]);

script("functions made per subtask", {
  assigner: tumbling5,
  content: { kind: "reduce", fn: perSubtask(() => ({ reduce: (a: Rec, b: Rec) => ({ ...a, v: a.v * 10 + b.v }) })) },
  fn: passthrough,
}, ["a1@0 = ", "a2@1 = ", "a3@1 = ", "wm 4 = a:123@4"]);

script("a result of null or undefined is no result", {
  assigner: tumbling5,
  content: {
    kind: "aggregate",
    fn: { ...average, getResult: ({ total }) => total === 0 ? undefined : total === 1 ? null : total },
  },
  fn: show,
}, ["a0@0 = ", "b1@0 = ", "c2@0 = ", "wm 4 = c=[0..5)@4", "state = rows=0 event=0 clock=0"]);

script("what a window function sees of time, and side outputs", {
  assigner: tumbling5,
  allowedLatenessMs: 10,
  content: list,
  fn: {
    kind: "process",
    fn: {
      process(_key: string, ctx: ProcessWindowContext<TimeWindow>, _elements: Iterable<Rec>, out: Collector<string>) {
        out.collect(`${ctx.currentWatermark()}/${ctx.currentProcessingTime()}`);
        ctx.output(sideTag, { k: "s", v: ctx.window().start });
      },
    },
  },
}, ["a1@5 = ", "clock 77 = ", "wm 12 = 12/77@9 side!s:5@9", "a1@6 = 12/77@9 side!s:5@9"]);

const firings = new ValueStateDescriptor<number>("firings", { defaultValue: 0 });
const seen = new ListStateDescriptor<string>("seen");
/** Counts firings per window and keeps the windows seen in a state of the key. */
class Counting extends ProcessWindowFunction<Rec, string, string, TimeWindow> {
  override process(
    _key: string,
    ctx: ProcessWindowContext<TimeWindow>,
    _e: Iterable<Rec>,
    out: Collector<string>,
  ): void {
    const perWindow = ctx.windowState().getState(firings);
    const all = ctx.globalState().getListState(seen);
    perWindow.update(perWindow.value()! + 1);
    all.add(windowText(ctx.window()));
    // Same name, both scopes at once: the handles stay apart.
    const global = ctx.globalState().getState(firings);
    global.update(global.value()! + 10);
    out.collect(`${perWindow.value()},${global.value()},${all.get().join("")}`);
  }
  override clear(ctx: ProcessWindowContext<TimeWindow>): void {
    ctx.windowState().getState(firings).clear();
  }
}

script("state per window is cleared with the window, state of the key stays", {
  assigner: tumbling5,
  allowedLatenessMs: 2,
  content: list,
  fn: { kind: "process", fn: new Counting() },
}, [
  "a1@0 = ",
  "b1@0 = ",
  "wm 4 = 1,10,[0..5)@4 1,10,[0..5)@4",
  "a1@1 = 2,20,[0..5)[0..5)@4",
  "state = rows=8 event=2 clock=0",
  "wm 6 = ",
  "state = rows=4 event=0 clock=0",
  "a1@5 = ",
  "wm 9 = 1,30,[0..5)[0..5)[5..10)@9",
  "wm 99 = ",
  "state = rows=4 event=0 clock=0",
]);

script("clear is called by cleanup and not by purging", {
  assigner: TumblingProcessingTimeWindows.of(5),
  trigger: PurgingTrigger.of(CountTrigger.of(1)),
  content: list,
  fn: { kind: "process", fn: { ...protoOf(new Counting()) } },
}, ["a1 = 1,10,[0..5)@4", "a1 = 2,20,[0..5)[0..5)@4", "clock 4 = ", "a1 = 1,30,[0..5)[0..5)[0..5)@4"]);

function protoOf(fn: Counting): Pick<Counting, "process" | "clear"> {
  return { process: fn.process, clear: fn.clear };
}

script("a window that never fired is still cleared", {
  assigner: tumbling5,
  trigger: CountTrigger.of(9),
  content: list,
  fn: {
    kind: "process",
    fn: {
      process() {},
      clear(ctx: ProcessWindowContext<TimeWindow>) {
        ctx.output(sideTag, windowText(ctx.window()));
      },
    },
  },
}, ["a1@0 = ", "a1@1 = ", "wm 4 = side![0..5)@4", "state = rows=0 event=0 clock=0"]);

Deno.test("window: every kind of state per window and key", () => {
  const fn: ProcessWindow<Rec, string, string> = {
    process(_key, ctx, _elements, out) {
      const texts: string[] = [];
      for (const store of [ctx.windowState(), ctx.globalState()]) {
        const map = store.getMapState(new MapStateDescriptor<string, number>("map"));
        map.put("n", (map.get("n") ?? 0) + 1);
        const reducing = store.getReducingState(new ReducingStateDescriptor<number>("max", Math.max));
        reducing.add(map.get("n")!);
        const aggregating = store.getAggregatingState(new AggregatingStateDescriptor("average", average));
        aggregating.add({ k: "", v: 4 });
        texts.push([...map.entries()].join() + reducing.get() + aggregating.get());
      }
      out.collect(texts.join(" "));
    },
  };
  const harness = new WindowHarness({ assigner: tumbling5, content: list, fn: { kind: "process", fn } });
  for (const timestamp of [0, 5]) harness.processElement({ k: "a", v: 1 }, timestamp);
  harness.processWatermark(9);
  assert.deepEqual(harness.extractOutputValues(), ["n,114 n,114", "n,114 n,224"]);
});

Deno.test("window: life cycle; every subtask has a function of its own", async () => {
  const events: string[] = [];
  class Living extends ProcessWindowFunction<Rec, string, string> {
    calls = 0;
    override open(context: RuntimeContext): void {
      events.push(`open ${context.getTaskInfo().indexOfThisSubtask}`);
    }
    override process(key: string, _ctx: ProcessWindowContext<Window>, _e: Iterable<Rec>, out: Collector<string>): void {
      out.collect(`${key}${++this.calls}${this.getRuntimeContext().getJobInfo().jobName}`);
    }
    override close(): void {
      events.push("close");
    }
  }
  const shared = new Living();
  for (const fn of [shared, shared, perSubtask(() => new Living())]) {
    const harness = new WindowHarness({ assigner: tumbling5, content: list, fn: { kind: "process", fn } });
    harness.processElement({ k: "a", v: 1 }, 0);
    harness.processWatermark(4);
    assert.deepEqual(harness.extractOutputValues(), ["a1harness"]);
    await harness.close();
  }
  assert.deepEqual(events, ["open 0", "close", "open 0", "close", "open 0", "close"]);
  assert.equal(shared.calls, 0);
});

Deno.test("window: factory, names and descriptions", () => {
  const fn: ProcessWindow<Rec, string, string> = { process() {} };
  const content = { kind: "aggregate", fn: average } as const;
  const factory = windowOperator({ assigner: tumbling5, content, fn: { kind: "process", fn } });
  assert.deepEqual([factory.chainingStrategy, factory.numInputs], ["ALWAYS", 1]);
  assert.deepEqual(factory.functions, [average, fn]);
  assert.notEqual(factory.create(), factory.create());
  assert.equal(windowOperatorName(tumbling5), "TumblingEventTimeWindows");
  const trigger = PurgingTrigger.of(CountTrigger.of(2));
  assert.equal(
    windowOperatorDescription({ assigner: GlobalWindows.create(), trigger, evictor: CountEvictor.of(3) }, ["Sum"]),
    "Window(GlobalWindows(trigger=NeverTrigger), PurgingTrigger, CountEvictor, Sum)",
  );
  assert.equal(
    windowOperatorDescription({ assigner: tumbling5, trigger: EventTimeTrigger.create() }, ["average", "Counting"]),
    "Window(TumblingEventTimeWindows(5), EventTimeTrigger, average, Counting)",
  );
});
