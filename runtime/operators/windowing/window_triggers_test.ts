import {
  ContinuousEventTimeTrigger,
  ContinuousProcessingTimeTrigger,
  CountTrigger,
  ProcessingTimeoutTrigger,
  PurgingTrigger,
} from "../../functions/windowing/triggers.ts";
import { GlobalWindows, TumblingEventTimeWindows } from "../../functions/windowing/window_assigners.ts";
import type { Trigger, Window } from "../../functions/windowing/windows.ts";
import { list, passthrough, script, show, sum } from "./window_script_test.ts";

script("a count trigger does not fire at the end of the window; the rest is dropped with it", {
  assigner: TumblingEventTimeWindows.of(5),
  trigger: CountTrigger.of(2),
  content: list,
  fn: show,
}, [
  "a1@0 = ",
  "state = rows=2 event=1 clock=0",
  "a2@1 = a=1+2[0..5)@4",
  "a3@2 = ",
  "a4@3 = a=1+2+3+4[0..5)@4",
  "a5@4 = ",
  "a6@5 = ",
  "wm 4 = ",
  "state = rows=2 event=1 clock=0",
  "wm 9 = ",
  "state = rows=0 event=0 clock=0",
]);

script("early results and the last one", {
  assigner: TumblingEventTimeWindows.of(10),
  trigger: ContinuousEventTimeTrigger.of(4),
  allowedLatenessMs: 5,
  content: sum,
  fn: passthrough,
}, [
  "a1@1 = ",
  "wm 3 = ",
  "a2@5 = ",
  "wm 4 = a:3@9",
  "a4@6 = ",
  "wm 8 = a:7@9",
  "wm 9 = a:7@9",
  "a8@2 = a:15@9",
  "wm 14 = ",
  "state = rows=0 event=0 clock=0",
]);

script("count windows", {
  assigner: GlobalWindows.create(),
  trigger: PurgingTrigger.of(CountTrigger.of(3)),
  content: sum,
  fn: show,
}, [
  "a1 = ",
  "a2@50 = ",
  "b1@10 = ",
  "wm 100 = ",
  "a3@1 = a=6[GlobalWindow]@max",
  "state = rows=2 event=0 clock=0",
  "a4 = ",
  "b1 = ",
  "b1@3 = b=3[GlobalWindow]@max",
  "wm max = ",
  "state = rows=2 event=0 clock=0",
]);

script("global windows never fire by themselves", {
  assigner: GlobalWindows.create(),
  content: sum,
  fn: passthrough,
}, ["a1@1 = ", "wm 100 = ", "clock 100 = ", "a1@1 = ", "dropped = 0", "wm max = ", "state = rows=1 event=0 clock=0"]);

script("global windows until the end of the input", {
  assigner: GlobalWindows.createWithEndOfStreamTrigger(),
  content: list,
  fn: show,
}, [
  "a1@5 = ",
  "b2 = ",
  "wm 1000000 = ",
  "a3@1 = ",
  "wm max = a=1+3[GlobalWindow]@max b=2[GlobalWindow]@max",
]);

script("early results by the clock in event-time windows", {
  assigner: TumblingEventTimeWindows.of(100),
  trigger: ContinuousProcessingTimeTrigger.of(10),
  content: sum,
  fn: passthrough,
}, [
  "clock 3 = ",
  "a1@0 = ",
  "clock 10 = a:1@99",
  "a2@1 = ",
  "clock 20 = a:3@99",
  "wm 99 = ",
  "state = rows=0 event=0 clock=0",
  "clock 99 = ",
]);

script("a timeout fires what the count has not", {
  assigner: GlobalWindows.create(),
  trigger: ProcessingTimeoutTrigger.of(PurgingTrigger.of(CountTrigger.of(3)), 10),
  content: list,
  fn: show,
}, [
  "a1 = ",
  "clock 5 = ",
  "a2 = ",
  "clock 10 = a=1+2[GlobalWindow]@max",
  "a3 = ",
  "state = rows=3 event=0 clock=1",
  "a4 = ",
  "a5 = a=1+2+3+4+5[GlobalWindow]@max",
  "state = rows=0 event=0 clock=0",
]);

/** Fires on 1, purges on 2, both on 3; timers at +2 (event) purge, at the clock's 7 fire. */
const byValue: Trigger<{ v: number }, Window> = {
  onElement({ v }, timestamp, _window, ctx) {
    if (v === 7) ctx.registerEventTimeTimer(timestamp + 2);
    if (v === 8) ctx.registerProcessingTimeTimer(7);
    if (v === 9) ctx.deleteProcessingTimeTimer(7);
    return v === 1 ? "FIRE" : v === 2 ? "PURGE" : v === 3 ? "FIRE_AND_PURGE" : "CONTINUE";
  },
  onEventTime: () => "PURGE",
  onProcessingTime: () => "FIRE",
  clear(_window, ctx) {
    ctx.deleteProcessingTimeTimer(7);
  },
};

script("every result of a trigger", {
  assigner: TumblingEventTimeWindows.of(100),
  trigger: byValue,
  content: list,
  fn: show,
}, [
  "a4@0 = ",
  "a1@0 = a=4+1[0..100)@99",
  "a2@0 = ",
  // Purging leaves the window and its cleanup timer.
  "state = rows=0 event=1 clock=0",
  "a4@0 = ",
  "a3@0 = a=4+3[0..100)@99",
  "a7@10 = ",
  "state = rows=1 event=2 clock=0",
  "wm 12 = ",
  "state = rows=0 event=1 clock=0",
  "a8@0 = ",
  "a9@0 = ",
  "clock 7 = ",
  "a8@0 = a=8+9+8[0..100)@99",
  "wm 99 = ",
  "state = rows=0 event=0 clock=0",
]);

script("a firing window that is empty gives nothing", {
  assigner: TumblingEventTimeWindows.of(10),
  trigger: {
    ...byValue,
    onEventTime: () => "FIRE",
  },
  content: list,
  fn: show,
}, ["a2@0 = ", "a7@1 = ", "a2@1 = ", "wm 3 = ", "a4@4 = ", "wm 9 = a=4[0..10)@9"]);

script("a timer of the other clock at the cleanup time does not clean up", {
  assigner: TumblingEventTimeWindows.of(8),
  trigger: byValue,
  content: list,
  fn: show,
}, ["a8@0 = ", "clock 7 = a=8[0..8)@7", "state = rows=1 event=1 clock=0", "wm 7 = ", "state = rows=0 event=0 clock=0"]);
