/** Triggers, evictors, count windows and windows by processing time in whole jobs. */

import {
  ContinuousEventTimeTrigger,
  ContinuousProcessingTimeTrigger,
  CountEvictor,
  CountTrigger,
  DeltaEvictor,
  DeltaTrigger,
  GlobalWindows,
  NeverTrigger,
  ProcessingTimeoutTrigger,
  ProcessingTimeSessionWindows,
  ProcessingTimeTrigger,
  type ProcessWindow,
  PurgingTrigger,
  SlidingProcessingTimeWindows,
  TimeEvictor,
  type Trigger,
  type TriggerResult,
  TumblingEventTimeWindows,
  TumblingProcessingTimeWindows,
  type Window,
} from "tsflink";
import { add, type AnyStream, cases, type Rec, runJob, showing, summed, total, windowCases } from "./job_script.ts";

const FIVE = TumblingEventTimeWindows.of(5);
const GLOBAL = GlobalWindows.create();

windowCases("count trigger", { assigner: FIVE, trigger: CountTrigger.of(2) }, [
  // Fires without purging; the rest is dropped with the window.
  ["a1@0 a2@1 a3@2 a4@3 a5@4 w4", "a=1+2[0..5)@4 a=1+2+3+4[0..5)@4 w4 W"],
  ["a1@0 w4", "w4 W"],
  ["a1@0 b1@0 a2@9 b2@1", "b=1+2[0..5)@4 W"],
]);
windowCases("count trigger that purges", { assigner: FIVE, trigger: PurgingTrigger.of(CountTrigger.of(2)) }, [
  ["a1@0 a2@1 a3@2 a4@3 a5@4", "a=1+2[0..5)@4 a=3+4[0..5)@4 W"],
]);
windowCases("count trigger of one", { assigner: FIVE, trigger: CountTrigger.of(1), lateTag: true }, [
  ["a1@0 a2@1 w4 a3@2", "a=1[0..5)@4 a=1+2[0..5)@4 w4 W / late a3@2"],
]);
windowCases("count trigger counts on after it fired, in global windows", {
  assigner: GLOBAL,
  trigger: PurgingTrigger.of(CountTrigger.of(4)),
  evaluate: summed,
}, [
  [
    "b1@30 b1@39 a1@2 a1@0 a1@9 b1@19 b1@19 | b1@10 a1@109 b1@10 b1@10 b1@10",
    "b4@max a4@max b4@max W",
  ],
]);

const every4 = { assigner: TumblingEventTimeWindows.of(10), trigger: ContinuousEventTimeTrigger.of(4) };
windowCases("continuous event time", every4, [
  ["a1@1 w3 a2@5 w4 a3@6 w8 w9", "w3 a=1+2[0..10)@9 w4 a=1+2+3[0..10)@9 w8 a=1+2+3[0..10)@9 w9 W"],
  // Fires at multiples even when nothing came since.
  ["a1@0 w4 w8 w9 w20", "a=1[0..10)@9 w4 a=1[0..10)@9 w8 a=1[0..10)@9 w9 w20 W"],
  ["a1@0 w9", "a=1[0..10)@9 a=1[0..10)@9 a=1[0..10)@9 w9 W"],
  ["a1@9 w9", "a=1[0..10)@9 w9 W"],
  [
    "a1@0 a2@12 w12",
    "a=1[0..10)@9 a=1[0..10)@9 a=1[0..10)@9 w12 a=2[10..20)@19 a=2[10..20)@19 W",
  ],
]);
windowCases("continuous event time within the lateness", { ...every4, lateness: 5, evaluate: summed }, [
  ["a1@1 w9 a2@2 a4@3 w14", "a1@9 a1@9 a1@9 w9 a3@9 a7@9 w14 W"],
]);
windowCases("continuous event time, purging", {
  assigner: TumblingEventTimeWindows.of(10),
  trigger: PurgingTrigger.of(ContinuousEventTimeTrigger.of(4)),
}, [
  ["a1@1 w4 a2@5 w8 w9", "a=1[0..10)@9 w4 a=2[0..10)@9 w8 w9 W"],
]);
windowCases("event-time trigger in processing-time windows", {
  assigner: TumblingProcessingTimeWindows.of(100),
  trigger: CountTrigger.of(2),
}, [["t10 a1@5 a2@6 t150 a3@7 t300", "a=1+2[0..100)@99 W"]]);

windowCases("delta trigger", {
  assigner: GLOBAL,
  trigger: DeltaTrigger.of<Rec>(2, (before, now) => now.v - before.v),
}, [
  // The first record is the base; the one that fires becomes the next base.
  ["a1 a2 a3 a4 a6 a7", "a=1+2+3+4[*]@max a=1+2+3+4+6+7[*]@max W"],
  ["a1 b9 a4", "a=1+4[*]@max W"],
  ["a9 a1 a5 a12", "a=9+1+5+12[*]@max W"],
]);
windowCases("never", { assigner: FIVE, trigger: NeverTrigger.create() }, [["a1@0 w4 a2@7", "w4 W"]]);

windowCases("timeout in processing time", {
  assigner: GLOBAL,
  trigger: ProcessingTimeoutTrigger.of(CountTrigger.of(3), 10),
}, [
  ["t5 a1 a2 t100", "a=1+2[*]@max W"],
  ["t5 a1 a2 a3 t100", "a=1+2+3[*]@max W"],
  ["t5 a1 t9 a2 t14 a3 t20 a4 t100", "a=1+2+3[*]@max a=1+2+3+4[*]@max W"],
  ["t5 a1 t50 a2 t100 a3 t200", "a=1[*]@max a=1+2[*]@max a=1+2+3[*]@max W"],
]);
windowCases("timeout that begins anew with every record, and purges", {
  assigner: GLOBAL,
  trigger: PurgingTrigger.of(ProcessingTimeoutTrigger.of(CountTrigger.of(9), 10, true, true)),
}, [
  ["t5 a1 t14 a2 t23 a3 t50 a4 t100", "a=1+2+3[*]@max a=4[*]@max W"],
]);
windowCases("timeout that leaves the nested trigger alone", {
  assigner: GLOBAL,
  trigger: ProcessingTimeoutTrigger.of(CountTrigger.of(3), 10, false, false),
}, [
  ["t5 a1 a2 t100 a3 t200", "a=1+2[*]@max a=1+2+3[*]@max W"],
]);

// Processing time.
windowCases("processing-time tumbling", { assigner: TumblingProcessingTimeWindows.of(30) }, [
  ["t3 a1 a2 b3 t50 b4 t70", "a=1+2[0..30)@29 b=3[0..30)@29 b=4[30..60)@59 W"],
  // The last millisecond still belongs to the window.
  ["t29 a1 t30 a2 t60", "a=1[0..30)@29 a=2[30..60)@59 W"],
  // Pending at the end of the input: dropped.
  ["t3 a1", "W"],
  ["t3 a1 t40 a2", "a=1[0..30)@29 W"],
  // Event time does not matter.
  ["t3 a1@1000 w5000 a2@1 t40", "w5000 a=1+2[0..30)@29 W"],
]);
windowCases("processing-time tumbling with offset", { assigner: TumblingProcessingTimeWindows.of(30, 10) }, [
  ["t3 a1 t12 a2 t39 a3 t40 a4 t100", "a=1[-20..10)@9 a=2+3[10..40)@39 a=4[40..70)@69 W"],
]);
windowCases("processing-time sliding", { assigner: SlidingProcessingTimeWindows.of(30, 10) }, [
  [
    "t3 b1 t10 b2 b3 t20 a1 a2 t30 a3 t70",
    `b=1[-20..10)@9 b=1+2+3[-10..20)@19 b=1+2+3[0..30)@29 a=1+2[0..30)@29
     b=2+3[10..40)@39 a=1+2+3[10..40)@39 a=1+2+3[20..50)@49 a=3[30..60)@59 W`,
  ],
]);
windowCases("processing-time windows ignore lateness", {
  assigner: TumblingProcessingTimeWindows.of(30),
  lateness: 100,
  lateTag: true,
}, [["t3 a1@5 w100 t40 a2@5 t70", "w100 a=1[0..30)@29 a=2[30..60)@59 W"]]);
windowCases("continuous processing time", {
  assigner: TumblingProcessingTimeWindows.of(10),
  trigger: ContinuousProcessingTimeTrigger.of(5),
}, [
  ["a1 t2 a2 t7 a3 t12 a4 t18 a5 t40", "a=1+2[0..10)@9 a=1+2+3[0..10)@9 a=4[10..20)@19 a=4+5[10..20)@19 W"],
]);
windowCases("continuous processing time in event-time windows", {
  assigner: TumblingEventTimeWindows.of(10),
  trigger: ContinuousProcessingTimeTrigger.of(5),
}, [
  [
    "a1@1 a2@3 a3@7 t6 a4@8 t11 a5@12 t16",
    "a=1+2+3[0..10)@9 a=1+2+3+4[0..10)@9 a=5[10..20)@19 W",
  ],
]);
windowCases("continuous processing time in sessions", {
  assigner: ProcessingTimeSessionWindows.withGap(10),
  trigger: ContinuousProcessingTimeTrigger.of(5),
}, [["a1 t2 a2 t100", "a=1+2[0..12)@11 a=1+2[0..12)@11 a=1+2[0..12)@11 W"]]);
windowCases("processing-time trigger in event-time windows", {
  assigner: FIVE,
  trigger: ProcessingTimeTrigger.create(),
}, [["a1@1 a2@2 t10", "a=1+2[0..5)@4 W"]]);

// Evictors.
const evicting = (evictor: unknown) => ({ assigner: GLOBAL, trigger: CountTrigger.of(2), evictor });
windowCases("count evictor before", evicting(CountEvictor.of(4)), [
  ["a1 a2 a3 a4 a5 a6", "a=1+2[*]@max a=1+2+3+4[*]@max a=3+4+5+6[*]@max W"],
]);
windowCases("count evictor after", evicting(CountEvictor.of(4, true)), [
  ["a1 a2 a3 a4 a5 a6 a7 a8", "a=1+2[*]@max a=1+2+3+4[*]@max a=1+2+3+4+5+6[*]@max a=3+4+5+6+7+8[*]@max W"],
]);
windowCases("count evictor of none", evicting(CountEvictor.of(0)), [["a1 a2 a3 a4", "a=[*]@max a=[*]@max W"]]);
windowCases("time evictor before", evicting(TimeEvictor.of(20)), [
  ["a1@10 a2@39 a3@35 a4@20 a5@11 a6@12", "a=2[*]@max a=2+3+4[*]@max a=2+3+4[*]@max W"],
  // Exactly the size away is out.
  ["a1@0 a2@20", "a=2[*]@max W"],
  ["a1@1 a2@20", "a=1+2[*]@max W"],
]);
windowCases("time evictor after", evicting(TimeEvictor.of(20, true)), [
  ["a1@10 a2@40 a3@35 a4@20", "a=1+2[*]@max a=2+3+4[*]@max W"],
]);
windowCases("time evictor without timestamps evicts nothing", evicting(TimeEvictor.of(20)), [
  ["a1 a2 a3 a4", "a=1+2[*]@max a=1+2+3+4[*]@max W"],
]);
const apart = (before: Rec, now: Rec) => now.v - before.v;
windowCases("delta evictor before", evicting(DeltaEvictor.of(2, apart)), [
  ["b1 b4 b5 b6 b1 b10", "b=4[*]@max b=5+6[*]@max b=10[*]@max W"],
]);
windowCases("delta evictor after", evicting(DeltaEvictor.of(2, apart, true)), [
  ["b1 b4 b5 b6 b1 b10", "b=1+4[*]@max b=4+5+6[*]@max b=5+6+1+10[*]@max W"],
]);
windowCases("evictor and reduce", { ...evicting(CountEvictor.of(2)), evaluate: summed }, [
  ["a1 a2 a3 a4", "a3@max a7@max W"],
]);
const sumOfKey: ProcessWindow<number, string, string, Window> = {
  process: (key, _ctx, [sum], out) => out.collect(`${key}:${sum}`),
};
windowCases("evictor and aggregate with a window function", {
  assigner: FIVE,
  evictor: CountEvictor.of(2),
  evaluate: (w) => w.aggregate(total, sumOfKey),
}, [["a1@0 a2@1 a3@2 b4@3 w4", "a:5@4 b:4@4 w4 W"]]);
windowCases("evictor with late firings", { assigner: FIVE, evictor: CountEvictor.of(2), lateness: 10 }, [
  ["a1@0 a2@1 a3@2 w4 a4@3 w14 a5@4", "a=2+3[0..5)@4 w4 a=3+4[0..5)@4 w14 W"],
]);

// Count windows.
const counting = (size: number, slide?: number) => ({
  assigner: GLOBAL,
  build: ([stream]: readonly AnyStream[]): AnyStream =>
    stream.keyBy((rec: Rec) => rec.k).countWindow(size, ...(slide === undefined ? [] : [slide]) as [])
      .process(showing as never),
});
windowCases("countWindow(3): what is left at the end is dropped", counting(3), [
  ["a1 a2 a3 a4 a5 a6 a7", "a=1+2+3[*]@max a=4+5+6[*]@max W"],
  ["a1 b1 a2 b2 a3 b3", "a=1+2+3[*]@max b=1+2+3[*]@max W"],
  ["a1 a2", "W"],
  ["a1@100 w500 a2@1 a3@2", "w500 a=1+2+3[*]@max W"],
  ["a1 | a2 | a3 a4 | a5 a6", "a=1+2+3[*]@max a=4+5+6[*]@max W"],
]);
windowCases("countWindow(1)", counting(1), [["a1 a2 b3", "a=1[*]@max a=2[*]@max b=3[*]@max W"]]);
windowCases("countWindow(4, 2)", counting(4, 2), [
  ["a1 a2 a3 a4 a5 a6 a7", "a=1+2[*]@max a=1+2+3+4[*]@max a=3+4+5+6[*]@max W"],
]);
windowCases("countWindow(2, 3): a slide larger than the size", counting(2, 3), [
  ["a1 a2 a3 a4 a5 a6 a7", "a=2+3[*]@max a=5+6[*]@max W"],
]);
windowCases("countWindow(3, 1)", counting(3, 1), [
  ["a1 a2 a3 a4", "a=1[*]@max a=1+2[*]@max a=1+2+3[*]@max a=2+3+4[*]@max W"],
]);

// windowAll.
const showAll = {
  process: (ctx: { window(): Window }, elements: Iterable<Rec>, out: { collect(text: string): void }) =>
    out.collect(`${[...elements].map((e) => e.k + e.v).join("+")}<${ctx.window().maxTimestamp()}`),
};
const all = (build: (stream: AnyStream) => AnyStream) => ({ build: ([stream]: readonly AnyStream[]) => build(stream) });
cases("windowAll", [
  ["a1@0 b2@1 c3@5 w4 w9", "a1+b2<4@4 w4 c3<9@9 w9 W"],
  ["b2@1 a1@-1", "a1<-1@-1 b2<4@4 W"],
], (script) => runJob(script, all((s) => s.windowAll(FIVE).process(showAll as never))));
cases(
  "windowAll().reduce",
  [["a1@0 b2@1 c3@5", "a3@4 c3@9 W"]],
  (script) => runJob(script, all((s) => s.windowAll(FIVE).reduce(add))),
);
cases(
  "windowAll of parallel sources",
  [["a1@0 w9 + b2@1 w9 + c3@2 w9", "a1+b2+c3<4@4 W"]],
  (script) =>
    runJob(script, {
      parallelism: 3,
      ...all((s) => s.windowAll(FIVE).process(showAll as never).map((t) => sorted(t))),
      quiet: true,
    })
      .then((found) => `${found} W`),
);
cases("countWindowAll(2)", [["a1 b2 c3 d4 e5", "a1+b2 c3+d4"]], (script) =>
  runJob(script, {
    ...all((s) => s.countWindowAll(2).process(showAll as never).map((t) => (t as unknown as string).split("<")[0])),
    quiet: true,
  }).then((found) => found.replaceAll("@max", "")));
cases("countWindowAll(3, 2)", [["a1 b2 c3 d4 e5", "a1+b2 b2+c3+d4"]], (script) =>
  runJob(script, {
    ...all((s) => s.countWindowAll(3, 2).process(showAll as never).map((t) => (t as unknown as string).split("<")[0])),
    quiet: true,
  }).then((found) => found.replaceAll("@max", "")));

function sorted(text: unknown): string {
  const [records, end] = (text as string).split("<");
  return `${records.split("+").sort().join("+")}<${end}`;
}

/** What a trigger of one's own may return, in each of its three calls. */
function custom(onElement: TriggerResult, onEventTime: TriggerResult): Trigger<Rec, Window> {
  return {
    onElement(_rec, _timestamp, window, ctx) {
      ctx.registerEventTimeTimer(window.maxTimestamp());
      return onElement;
    },
    onEventTime: (time, window) => time === window.maxTimestamp() ? onEventTime : "CONTINUE",
    onProcessingTime: () => "CONTINUE",
    clear: (window, ctx) => ctx.deleteEventTimeTimer(window.maxTimestamp()),
  };
}
for (
  const [first, second, expected] of [
    ["CONTINUE", "CONTINUE", "w4 W"],
    ["CONTINUE", "FIRE", "a=1+2[0..5)@4 w4 W"],
    ["CONTINUE", "PURGE", "w4 W"],
    ["CONTINUE", "FIRE_AND_PURGE", "a=1+2[0..5)@4 w4 W"],
    ["FIRE", "CONTINUE", "a=1[0..5)@4 a=1+2[0..5)@4 w4 W"],
    ["FIRE", "FIRE", "a=1[0..5)@4 a=1+2[0..5)@4 a=1+2[0..5)@4 w4 W"],
    ["FIRE_AND_PURGE", "FIRE", "a=1[0..5)@4 a=2[0..5)@4 w4 W"],
    ["PURGE", "FIRE", "w4 W"],
  ] as const
) {
  windowCases(`a trigger that says ${first}, then ${second}`, { assigner: FIVE, trigger: custom(first, second) }, [
    ["a1@0 a2@1 w4", expected],
  ]);
}
windowCases("purged at the end, records within the lateness begin anew", {
  assigner: FIVE,
  trigger: custom("CONTINUE", "FIRE_AND_PURGE"),
  lateness: 5,
}, [["a1@0 w4 a2@1 w9", "a=1[0..5)@4 w4 a=2[0..5)@4 w9 W"]]);
windowCases("the trigger's own timers fire at their time", {
  assigner: TumblingEventTimeWindows.of(10),
  trigger: {
    onElement(_rec, timestamp, _window, ctx) {
      ctx.registerEventTimeTimer(timestamp + 2);
      return "CONTINUE";
    },
    onEventTime: (time) => time % 2 === 0 ? "FIRE" : "CONTINUE",
    onProcessingTime: () => "CONTINUE",
    clear() {},
  } as Trigger<Rec, Window>,
}, [
  ["a1@0 a2@1 a3@2 w2 w3 w4", "a=1+2+3[0..10)@9 w2 w3 a=1+2+3[0..10)@9 w4 W"],
  // A timer behind the watermark fires with the next one; none of a window that is gone.
  ["w5 a1@2 w6 a2@8 w9", "w5 a=1[0..10)@9 w6 w9 W"],
]);
