import assert from "node:assert/strict";
import { CountEvictor, DeltaEvictor, TimeEvictor } from "../../functions/windowing/evictors.ts";
import type { ProcessWindow } from "../../functions/process_function.ts";
import { CountTrigger, DeltaTrigger, PurgingTrigger } from "../../functions/windowing/triggers.ts";
import {
  EventTimeSessionWindows,
  GlobalWindows,
  TumblingEventTimeWindows,
} from "../../functions/windowing/window_assigners.ts";
import type { WindowOperatorOptions } from "./window_operator.ts";
import { average, list, passthrough, type Rec, script, show, sum, WindowHarness } from "./window_script_test.ts";

const tumbling5 = TumblingEventTimeWindows.of(5);

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
