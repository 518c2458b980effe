import assert from "node:assert/strict";
import { CountEvictor } from "../../functions/windowing/evictors.ts";
import type { ProcessWindowContext } from "../../functions/process_function.ts";
import { perSubtask } from "../../functions/rich_function.ts";
import { ValueStateDescriptor } from "../../functions/state_descriptor.ts";
import {
  ContinuousEventTimeTrigger,
  CountTrigger,
  DeltaTrigger,
  EventTimeTrigger,
  NeverTrigger,
  ProcessingTimeoutTrigger,
  PurgingTrigger,
} from "../../functions/windowing/triggers.ts";
import {
  EventTimeSessionWindows,
  TimeWindow,
  TumblingEventTimeWindows,
} from "../../functions/windowing/window_assigners.ts";
import type { MergingWindowAssigner, Trigger, Window } from "../../functions/windowing/windows.ts";
import { windowOperator, type WindowOperatorOptions } from "./window_operator.ts";
import { average, list, passthrough, type Rec, WindowHarness } from "./window_script_test.ts";

const tumbling5 = TumblingEventTimeWindows.of(5);
const firings = new ValueStateDescriptor<number>("firings", { defaultValue: 0 });

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
  const kept: { ctx?: ProcessWindowContext<TimeWindow> } = {};
  const keep = (_k: string, ctx: ProcessWindowContext<TimeWindow>) => {
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
      "TSF-2205",
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
  // What a factory makes is known only where it runs.
  for (const assigner of [sessions, tumbling5]) {
    const content = { kind: "aggregate", fn: perSubtask(() => withoutMerge as typeof average) } as const;
    const factory = windowOperator({ ...base, assigner, content });
    if (assigner === tumbling5) factory.create();
    else assert.throws(() => factory.create(), { name: "InvalidProgramError", code: "TSF-1704" });
  }
});
