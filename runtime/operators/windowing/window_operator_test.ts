import { OutputTag } from "../../functions/output_tag.ts";
import { EventTimeTrigger, PurgingTrigger } from "../../functions/windowing/triggers.ts";
import {
  CumulativeEventTimeWindows,
  SlidingEventTimeWindows,
  SlidingProcessingTimeWindows,
  TumblingEventTimeWindows,
  TumblingProcessingTimeWindows,
} from "../../functions/windowing/window_assigners.ts";
import { MAX_WATERMARK } from "../../types/stream_element.ts";
import { list, passthrough, script, show, sum } from "./window_script_test.ts";

const lateTag = new OutputTag<unknown>("late");
const purgingEventTime = PurgingTrigger.of(EventTimeTrigger.create());

script("tumbling by event time", { assigner: TumblingEventTimeWindows.of(5), content: sum, fn: passthrough }, [
  "a1@0 = ",
  "b1@4 = ",
  "a2@4 = ",
  "a4@5 = ",
  "state = rows=3 event=3 clock=0",
  "wm 3 = ",
  "wm 4 = a:3@4 b:1@4",
  "state = rows=1 event=1 clock=0",
  "a9@4 = ",
  "dropped = 1",
  "wm 2 = ",
  "a8@5 = ",
  "wm 9 = a:12@9",
  "state = rows=0 event=0 clock=0",
  "a9@9 = ",
  "dropped = 2",
  "a1@10 = ",
  "wm max = a:1@14",
  "state = rows=0 event=0 clock=0",
]);

script("before the epoch, windows fire in order of time", {
  assigner: TumblingEventTimeWindows.of(5),
  content: sum,
  fn: show,
}, [
  "a1@-1 = ",
  "a2@-5 = ",
  "a4@-6 = ",
  "a8@0 = ",
  "wm -6 = a=4[-10..-5)@-6",
  "wm 4 = a=3[-5..0)@-1 a=8[0..5)@4",
  "state = rows=0 event=0 clock=0",
]);

script("a grid moved back", { assigner: TumblingEventTimeWindows.of(5, -1), content: sum, fn: show }, [
  "a1@-1 = ",
  "a2@3 = ",
  "a4@4 = ",
  "wm 3 = a=3[-1..4)@3",
  "wm 8 = a=4[4..9)@8",
]);

script("all windows of a watermark come before it, of all keys", {
  assigner: TumblingEventTimeWindows.of(2),
  content: list,
  fn: show,
}, [
  "a1@0 = ",
  "a2@2 = ",
  "b3@0 = ",
  "b4@1 = ",
  "wm 3 = a=1[0..2)@1 b=3+4[0..2)@1 a=2[2..4)@3",
]);

script("sliding by event time", { assigner: SlidingEventTimeWindows.of(6, 2), content: sum, fn: show }, [
  "a1@0 = ",
  "state = rows=3 event=3 clock=0",
  "a2@3 = ",
  "wm 1 = a=1[-4..2)@1",
  "wm 3 = a=3[-2..4)@3",
  // Two of its three windows are over: it counts in the one that is left, and is not late.
  "a4@1 = ",
  "dropped = 0",
  "wm 5 = a=7[0..6)@5",
  "wm 7 = a=2[2..8)@7",
  "state = rows=0 event=0 clock=0",
  "a4@2 = ",
  "dropped = 1",
]);

script("records between sliding windows belong to none; only late ones are dropped", {
  assigner: SlidingEventTimeWindows.of(2, 5),
  content: sum,
  fn: passthrough,
  lateTag,
}, [
  "a1@3 = ",
  "wm 10 = ",
  "a1@13 = ",
  "a1@8 = late!a:1@8",
  "a1@11 = ",
  "wm 11 = a:1@11",
  "dropped = 0",
  "state = rows=0 event=0 clock=0",
]);

script("cumulative: early results of the same start", {
  assigner: CumulativeEventTimeWindows.of(6, 2),
  content: sum,
  fn: show,
}, [
  "a1@0 = ",
  "a2@3 = ",
  "wm 1 = a=1[0..2)@1",
  "a4@1 = ",
  "wm 3 = a=7[0..4)@3",
  "wm 5 = a=7[0..6)@5",
  "state = rows=0 event=0 clock=0",
]);

script("lateness: every late record fires again with everything so far", {
  assigner: TumblingEventTimeWindows.of(2),
  allowedLatenessMs: 3,
  content: sum,
  fn: passthrough,
  lateTag,
}, [
  "a1@0 = ",
  "state = rows=1 event=2 clock=0",
  "wm 1 = a:1@1",
  "state = rows=1 event=1 clock=0",
  "a2@1 = a:3@1",
  "a3@0 = a:6@1",
  "b1@0 = b:1@1",
  "wm 3 = ",
  "a1@0 = a:7@1",
  "wm 4 = ",
  "state = rows=0 event=0 clock=0",
  "a1@0 = late!a:1@0",
  "a1@1 = late!a:1@1",
  // This window is over too, but its lateness is not.
  "a1@2 = a:1@3",
  "dropped = 0",
]);

script("lateness and a purging trigger: late records fire alone", {
  assigner: TumblingEventTimeWindows.of(2),
  trigger: purgingEventTime,
  allowedLatenessMs: 3,
  content: list,
  fn: show,
}, [
  "a1@0 = ",
  "wm 1 = a=1[0..2)@1",
  "state = rows=0 event=1 clock=0",
  "a2@1 = a=2[0..2)@1",
  "a3@1 = a=3[0..2)@1",
  "wm 4 = ",
  "state = rows=0 event=0 clock=0",
  "a4@1 = ",
  "dropped = 1",
]);

script("lateness of sliding windows: fires again where the window is over, waits where not", {
  assigner: SlidingEventTimeWindows.of(4, 2),
  allowedLatenessMs: 1,
  content: sum,
  fn: show,
}, [
  "a1@2 = ",
  "wm 3 = a=1[0..4)@3",
  "a2@3 = a=3[0..4)@3",
  "wm 4 = ",
  "a4@3 = ",
  "wm 5 = a=7[2..6)@5",
  "wm 6 = ",
  "state = rows=0 event=0 clock=0",
]);

script("a lateness beyond the end of time never cleans up and never drops", {
  assigner: TumblingEventTimeWindows.of(2),
  allowedLatenessMs: MAX_WATERMARK,
  content: sum,
  fn: passthrough,
}, [
  "a1@0 = ",
  "wm 1000 = a:1@1",
  "a2@1 = a:3@1",
  "state = rows=1 event=0 clock=0",
  "dropped = 0",
]);

script("tumbling by the clock, timestamps do not matter", {
  assigner: TumblingProcessingTimeWindows.of(3),
  content: sum,
  fn: show,
}, [
  "clock 3 = ",
  "a1@999 = ",
  "b2 = ",
  "clock 5 = a=1[3..6)@5 b=2[3..6)@5",
  // The window is evaluated and dropped at its last millisecond; what comes in that millisecond opens it again.
  "a4 = a=4[3..6)@5",
  "clock 6 = ",
  "a8 = ",
  "wm 1000 = ",
  "state = rows=1 event=0 clock=1",
  "clock 100 = a=8[6..9)@8",
  "state = rows=0 event=0 clock=0",
  "dropped = 0",
]);

script("sliding by the clock", { assigner: SlidingProcessingTimeWindows.of(4, 2), content: sum, fn: show }, [
  "clock 2 = ",
  "a1 = ",
  "clock 3 = a=1[0..4)@3",
  "clock 4 = ",
  "a2 = ",
  "clock 5 = a=3[2..6)@5",
  "clock 7 = a=2[4..8)@7",
  "state = rows=0 event=0 clock=0",
]);

script("lateness has no meaning by the clock", {
  assigner: TumblingProcessingTimeWindows.of(3),
  allowedLatenessMs: 100,
  content: sum,
  fn: passthrough,
}, ["a1 = ", "clock 2 = a:1@2", "state = rows=0 event=0 clock=0"]);
