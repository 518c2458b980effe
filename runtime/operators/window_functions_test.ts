import assert from "node:assert/strict";
import { CountEvictor, DeltaEvictor, TimeEvictor } from "../functions/evictors.ts";
import type { AggregateFunction, Collector } from "../functions/functions.ts";
import { OutputTag } from "../functions/output_tag.ts";
import { type ProcessWindow, type ProcessWindowContext, ProcessWindowFunction } from "../functions/process_function.ts";
import { perSubtask, type RuntimeContext } from "../functions/rich_function.ts";
import {
  AggregatingStateDescriptor,
  ListStateDescriptor,
  MapStateDescriptor,
  ReducingStateDescriptor,
  ValueStateDescriptor,
} from "../functions/state_descriptor.ts";
import {
  ContinuousEventTimeTrigger,
  CountTrigger,
  DeltaTrigger,
  EventTimeTrigger,
  NeverTrigger,
  ProcessingTimeoutTrigger,
  PurgingTrigger,
} from "../functions/triggers.ts";
import {
  EventTimeSessionWindows,
  GlobalWindows,
  SlidingEventTimeWindows,
  TimeWindow,
  TumblingEventTimeWindows,
  TumblingProcessingTimeWindows,
} from "../functions/window_assigners.ts";
import type { MergingWindowAssigner, Trigger, Window } from "../functions/windows.ts";
import { windowOperatorDescription, windowOperatorName } from "./window_checks.ts";
import { windowOperator, type WindowOperatorOptions } from "./window_operator.ts";
import { list, passthrough, type Rec, script, show, sum, WindowHarness, windowText } from "./window_script_test.ts";

const tumbling5 = TumblingEventTimeWindows.of(5);
const sideTag = new OutputTag<unknown>("side");

const average: AggregateFunction<Rec, { n: number; total: number }, number> = {
  createAccumulator: () => ({ n: 0, total: 0 }),
  add(rec, accumulator) {
    accumulator.n++;
    accumulator.total += rec.v;
    return accumulator;
  },
  getResult: ({ n, total }) => total / n,
  merge: (a, b) => ({ n: a.n + b.n, total: a.total + b.total }),
};

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

const evict = (evictor: WindowOperatorOptions["evictor"], more: Partial<WindowOperatorOptions> = {}) => ({
  assigner: GlobalWindows.create(),
  trigger: CountTrigger.of(2),
  evictor,
  content: list,
  fn: show,
  ...more,
});

script("sliding count window: evict before", evict(CountEvictor.of(3)), [
  "a1 = ",
  "a2 = a=1+2[GlobalWindow]@max",
  "a3 = ",
  "a4 = a=2+3+4[GlobalWindow]@max",
  "b1 = ",
  "a5 = ",
  "a6 = a=4+5+6[GlobalWindow]@max",
]);
script("sliding count window: evict after", evict(CountEvictor.of(1, true)), [
  "a1 = ",
  "a2 = a=1+2[GlobalWindow]@max",
  "a3 = ",
  "a4 = a=2+3+4[GlobalWindow]@max",
  "a5 = ",
  "a6 = a=4+5+6[GlobalWindow]@max",
]);
script("evict by time, before and after", evict(TimeEvictor.of(10)), [
  "a1@100 = ",
  "a2@90 = a=1[GlobalWindow]@max",
  "a3@91 = ",
  "a4@100 = a=1+3+4[GlobalWindow]@max",
]);
script("evict by time, after", evict(TimeEvictor.of(10, true)), [
  "a1@100 = ",
  "a2@90 = a=1+2[GlobalWindow]@max",
  "a3@0 = ",
  "a4@0 = a=1+3+4[GlobalWindow]@max",
  "a5@0 = ",
  "a6@200 = a=1+5+6[GlobalWindow]@max",
  "a7@200 = ",
  "a8@200 = a=6+7+8[GlobalWindow]@max",
]);
script("evict by time without timestamps keeps all", evict(TimeEvictor.of(1)), [
  "a1 = ",
  "a2 = a=1+2[GlobalWindow]@max",
  "a3 = ",
  "a4 = a=1+2+3+4[GlobalWindow]@max",
]);
const distance = (a: Rec, b: Rec) => Math.abs(a.v - b.v);
script("evict by delta", evict(DeltaEvictor.of(4, distance)), [
  "a1 = ",
  "a5 = a=5[GlobalWindow]@max",
  "a8 = ",
  "a7 = a=5+8+7[GlobalWindow]@max",
]);
script("evicting everything still calls the function, and leaves nothing", evict(CountEvictor.of(0)), [
  "a1 = ",
  "a2 = a=[GlobalWindow]@max",
  "state = rows=0 event=0 clock=0",
]);
script("nothing left to reduce is no result", evict(CountEvictor.of(0), { content: sum, fn: passthrough }), [
  "a1 = ",
  "a2 = ",
]);
script("reduce what the evictor leaves", evict(CountEvictor.of(3), { content: sum, fn: show }), [
  "a1 = ",
  "a2 = a=3[GlobalWindow]@max",
  "a3 = ",
  "a4 = a=9[GlobalWindow]@max",
]);
script(
  "aggregate what the evictor leaves",
  evict(CountEvictor.of(3), { content: { kind: "aggregate", fn: average }, fn: passthrough }),
  ["a1 = ", "a2 = 1.5@max", "a3 = ", "a4 = 3@max"],
);
script(
  "a purging trigger with an evictor",
  evict(CountEvictor.of(1), { trigger: PurgingTrigger.of(CountTrigger.of(2)) }),
  [
    "a1 = ",
    "a2 = a=2[GlobalWindow]@max",
    "state = rows=0 event=0 clock=0",
    "a3 = ",
    "a4 = a=4[GlobalWindow]@max",
  ],
);
script(
  "evictors in time windows with lateness",
  { assigner: tumbling5, evictor: CountEvictor.of(2), allowedLatenessMs: 3, content: list, fn: show },
  [
    "a1@0 = ",
    "a2@1 = ",
    "a3@2 = ",
    "wm 4 = a=2+3[0..5)@4",
    "a4@0 = a=3+4[0..5)@4",
    "wm 7 = ",
    "state = rows=0 event=0 clock=0",
    "a5@0 = ",
    "dropped = 1",
  ],
);
script(
  "evictors in sessions",
  { assigner: EventTimeSessionWindows.withGap(3), evictor: CountEvictor.of(2), content: list, fn: show },
  ["a1@0 = ", "a2@4 = ", "a3@2 = ", "wm 6 = a=2+3[0..7)@6", "state = rows=0 event=0 clock=0"],
);
script("delta trigger", {
  assigner: GlobalWindows.create(),
  trigger: PurgingTrigger.of(DeltaTrigger.of<Rec>(10, (a, b) => b.v - a.v)),
  content: list,
  fn: show,
}, ["a0 = ", "a10 = ", "a11 = a=0+10+11[GlobalWindow]@max", "a21 = ", "a22 = a=21+22[GlobalWindow]@max"]);

Deno.test("window: functions and evictors that change what they get do not change the window", () => {
  const destroy: ProcessWindow<Rec, number, string> = {
    process(_key, _ctx, elements, out) {
      let total = 0;
      for (const rec of elements) {
        total += rec.v;
        rec.v = -1000;
      }
      out.collect(total);
    },
  };
  for (const evictor of [undefined, CountEvictor.of(10), CountEvictor.of(10, true)]) {
    const options = { assigner: GlobalWindows.create(), trigger: CountTrigger.of(1), evictor, content: list };
    const harness = new WindowHarness({ ...options, fn: { kind: "process", fn: destroy } });
    for (const v of [1, 2, 4]) harness.processElement({ k: "a", v });
    assert.deepEqual(harness.extractOutputValues(), [1, 3, 7]);
  }
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

/** Merges into a window that ends too early: an assigner that breaks the rules. */
function shrinking(isEventTime: boolean): MergingWindowAssigner<Rec, TimeWindow> {
  const sessions = EventTimeSessionWindows.withGap(3);
  return {
    windowCodec: sessions.windowCodec,
    assignWindows: (rec) => [new TimeWindow(rec.v, rec.v + 10)],
    getDefaultTrigger: () => sessions.getDefaultTrigger(),
    isEventTime: () => isEventTime,
    mergeWindows(windows, merged) {
      if (windows.length > 1) merged(windows, new TimeWindow(windows[0].start, windows[0].start + 1));
    },
  };
}

Deno.test("window: errors while running name code and operator", () => {
  const withFn = (process: unknown, more: Partial<WindowOperatorOptions> = {}): WindowOperatorOptions => ({
    assigner: tumbling5,
    content: list,
    fn: { kind: "process", fn: { process } as never },
    ...more,
  });
  const kept: { out?: Collector<string>; ctx?: ProcessWindowContext<TimeWindow> } = {};
  const keep = (_k: string, ctx: ProcessWindowContext<TimeWindow>, _e: unknown, out: Collector<string>) => {
    kept.out?.collect("too late");
    kept.ctx?.window();
    Object.assign(kept, { ctx });
  };
  const unmergeable = new ValueStateDescriptor<number>("v");
  const badMerge: Trigger<unknown, Window> = {
    onElement: () => "CONTINUE",
    onEventTime: () => "CONTINUE",
    onProcessingTime: () => "CONTINUE",
    clear() {},
    canMerge: () => true,
    onMerge: (_window, ctx) => ctx.mergePartitionedState(unmergeable),
  };
  let keptTrigger: { getCurrentWatermark(): number; registerEventTimeTimer(t: number): void } | undefined;
  const cases: [name: string, options: WindowOperatorOptions, code: string, input: (h: WindowHarness) => void][] = [
    ["no timestamp", withFn(() => {}), "TSF-2201", (h) => h.processElement({ k: "a", v: 1 })],
    ["throwing function", withFn(() => assert.fail("boom")), "TSF-2001", fire],
    ["promise", withFn(async () => {}), "TSF-2002", fire],
    [
      "window state of a session",
      {
        ...withFn((_k: string, ctx: ProcessWindowContext<TimeWindow>) => ctx.windowState().getState(firings)),
        assigner: EventTimeSessionWindows.withGap(3),
      },
      "TSF-2202",
      fire,
    ],
    ["context kept", withFn(keep), "TSF-2003", (h) => {
      fire(h);
      kept.ctx!.globalState();
    }],
    ["context kept into the next call", withFn(keep), "TSF-2003", (h) => {
      fire(h);
      h.processElement({ k: "b", v: 1 }, 5);
      h.processWatermark(9);
    }],
    [
      "state kept",
      withFn((_k: string, ctx: ProcessWindowContext<TimeWindow>) => {
        const before = (kept as { state?: { value(): unknown } }).state;
        Object.assign(kept, { state: ctx.globalState().getState(firings) });
        before?.value();
      }),
      "TSF-2003",
      (h) => {
        fire(h);
        h.processElement({ k: "b", v: 1 }, 5);
        h.processWatermark(9);
      },
    ],
    [
      "trigger context kept",
      {
        ...withFn(() => {}),
        trigger: {
          ...badMerge,
          onElement(_e, _t, _w, ctx) {
            keptTrigger = ctx;
            return "CONTINUE";
          },
        },
      },
      "TSF-2003",
      (h) => {
        h.processElement({ k: "a", v: 1 }, 0);
        keptTrigger!.registerEventTimeTimer(7);
      },
    ],
    [
      "merge of value state",
      {
        ...withFn(() => {}),
        assigner: EventTimeSessionWindows.withGap(3),
        trigger: badMerge,
      },
      "TSF-2206",
      (h) => [0, 1].forEach((t) => h.processElement({ k: "a", v: 1 }, t)),
    ],
    ["event-time window shrunk into the past", { ...withFn(() => {}), assigner: shrinking(true) }, "TSF-2203", (h) => {
      h.processElement({ k: "a", v: 5 }, 5);
      h.processWatermark(5);
      h.processElement({ k: "a", v: 6 }, 6);
    }],
    ["processing-time window shrunk", { ...withFn(() => {}), assigner: shrinking(false) }, "TSF-2203", (h) => {
      h.processElement({ k: "a", v: 5 });
      h.setProcessingTime(5);
      h.processElement({ k: "a", v: 6 });
    }],
    [
      "gap of a record",
      {
        ...withFn(() => {}),
        assigner: EventTimeSessionWindows.withDynamicGap((rec: Rec) => rec.v),
      },
      "TSF-2204",
      (h) => h.processElement({ k: "a", v: 0 }, 1),
    ],
  ];
  function fire(h: WindowHarness): void {
    h.processElement({ k: "a", v: 1 }, 0);
    h.processWatermark(4);
  }
  for (const [name, options, code, input] of cases) {
    const harness = new WindowHarness(options, { name: "my window", uid: "w1" });
    assert.throws(() => input(harness), (e: { code: string; message: string }) => {
      assert.equal(e.code, code, `${name}: ${e.message}`);
      // What fails outside a call of the operator has no operator around it that could be named.
      if (name !== "trigger context kept") assert.match(e.message, /my window \(uid "w1"\)/, name);
      return true;
    });
  }
});

Deno.test("window: parts that do not go together are refused before anything runs", () => {
  const sessions = EventTimeSessionWindows.withGap(3);
  const base = { assigner: sessions, content: list, fn: passthrough };
  const { merge: _merge, ...withoutMerge } = average;
  const canMergeWithoutOnMerge = { ...EventTimeTrigger.create(), canMerge: () => true } as never;
  const cases: [name: string, options: WindowOperatorOptions, code: string | undefined][] = [
    ["never", { ...base, trigger: NeverTrigger.create() }, "TSF-1702"],
    ["delta", { ...base, trigger: DeltaTrigger.of(1, () => 0) }, "TSF-1702"],
    ["timeout", { ...base, trigger: ProcessingTimeoutTrigger.of(EventTimeTrigger.create(), 1) }, "TSF-1702"],
    ["purging never", { ...base, trigger: PurgingTrigger.of(NeverTrigger.create()) }, "TSF-1702"],
    ["no onMerge", { ...base, trigger: canMergeWithoutOnMerge }, "TSF-1702"],
    ["never, not merging", { ...base, assigner: tumbling5, trigger: NeverTrigger.create() }, undefined],
    ["purging count", { ...base, trigger: PurgingTrigger.of(CountTrigger.of(1)) }, undefined],
    ["continuous", { ...base, trigger: ContinuousEventTimeTrigger.of(1) }, undefined],
    ["negative lateness", { ...base, allowedLatenessMs: -1 }, "TSF-1703"],
    ["lateness NaN", { ...base, allowedLatenessMs: NaN }, "TSF-1703"],
    ["no merge", { ...base, content: { kind: "aggregate", fn: withoutMerge } }, "TSF-1704"],
    [
      "no merge, not merging",
      { ...base, assigner: tumbling5, content: { kind: "aggregate", fn: withoutMerge } },
      undefined,
    ],
    [
      "no merge, evictor",
      { ...base, evictor: CountEvictor.of(1), content: { kind: "aggregate", fn: withoutMerge } },
      undefined,
    ],
    [
      "rich reduce",
      { ...base, content: { kind: "reduce", fn: { reduce: (a: Rec) => a, open() {} } as never } },
      "TSF-1706",
    ],
    [
      "rich aggregate",
      { ...base, content: { kind: "aggregate", fn: { ...average, close() {} } as never } },
      "TSF-1706",
    ],
  ];
  for (const [name, options, code] of cases) {
    if (code === undefined) windowOperator(options);
    else assert.throws(() => windowOperator(options), { name: "InvalidProgramError", code }, name);
  }
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
