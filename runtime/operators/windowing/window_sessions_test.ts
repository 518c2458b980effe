import { OutputTag } from "../../functions/output_tag.ts";
import type { AggregateFunction } from "../../functions/functions.ts";
import {
  ContinuousEventTimeTrigger,
  CountTrigger,
  EventTimeTrigger,
  PurgingTrigger,
} from "../../functions/windowing/triggers.ts";
import {
  EventTimeSessionWindows,
  ProcessingTimeSessionWindows,
  TimeWindow,
} from "../../functions/windowing/window_assigners.ts";
import type { MergingWindowAssigner } from "../../functions/windowing/windows.ts";
import { CountEvictor } from "../../functions/windowing/evictors.ts";
import { list, passthrough, type Rec, script, show, sum } from "./window_script_test.ts";

const lateTag = new OutputTag<unknown>("late");
const gap3 = EventTimeSessionWindows.withGap(3);
const purgingEventTime = PurgingTrigger.of(EventTimeTrigger.create());

script("sessions grow, touch and become one", { assigner: gap3, content: sum, fn: show }, [
  "a1@1 = ",
  "a1@3 = ",
  "b5@2 = ",
  "state = rows=4 event=2 clock=0",
  "wm 4 = b=5[2..5)@4",
  "a1@5 = ",
  "a1@9 = ",
  "state = rows=3 event=2 clock=0",
  "wm 6 = ",
  // [8, 11) touches [1, 8) and overlaps [9, 12).
  "a1@8 = ",
  "state = rows=2 event=1 clock=0",
  "wm 10 = ",
  "wm 11 = a=5[1..12)@11",
  "state = rows=0 event=0 clock=0",
  "a1@2 = ",
  "a1@9 = ",
  "dropped = 2",
  // Behind the watermark but its session ends after it: not late.
  "a7@10 = ",
  "wm 12 = a=7[10..13)@12",
  "state = rows=0 event=0 clock=0",
]);

script("sessions that only touch are one, those a millisecond apart are two", {
  assigner: gap3,
  content: list,
  fn: show,
}, [
  "a1@0 = ",
  "a2@3 = ",
  "a3@7 = ",
  "wm 100 = a=1+2[0..6)@5 a=3[7..10)@9",
]);

script("a late record keeps a session open that is still in flight", {
  assigner: gap3,
  content: sum,
  fn: show,
  lateTag,
}, [
  "a1@10 = ",
  "wm 11 = ",
  // [8, 11) is over, but it becomes part of [10, 13), which is not.
  "a2@8 = ",
  "a4@7 = ",
  "wm 12 = a=7[7..13)@12",
  "a1@8 = late!a:1@8",
  "dropped = 0",
  "state = rows=0 event=0 clock=0",
]);

script("sessions before the epoch", { assigner: gap3, content: list, fn: show }, [
  "a1@-4 = ",
  "a2@-1 = ",
  "a3@-9 = ",
  "wm 2 = a=3[-9..-6)@-7 a=1+2[-4..2)@1",
]);

script("a session in two parts keeps the records of the earlier part first", {
  assigner: gap3,
  content: list,
  fn: show,
}, [
  "a1@20 = ",
  "a2@24 = ",
  "a3@22 = ",
  "wm 30 = a=1+2+3[20..27)@26",
  "a1@44 = ",
  "a2@40 = ",
  "a3@42 = ",
  "wm 60 = a=2+1+3[40..47)@46",
]);

script("lateness: a late record joins two sessions that have fired", {
  assigner: gap3,
  allowedLatenessMs: 10,
  content: sum,
  fn: show,
}, [
  "a1@1 = ",
  "wm 3 = a=1[1..4)@3",
  "a1@5 = ",
  "wm 7 = a=1[5..8)@7",
  "state = rows=3 event=2 clock=0",
  "a1@3 = a=3[1..8)@7",
  "state = rows=2 event=1 clock=0",
  "a1@2 = a=4[1..8)@7",
  "a1@7 = ",
  "wm 9 = a=5[1..10)@9",
  "wm 18 = ",
  "state = rows=2 event=1 clock=0",
  "wm 19 = ",
  "state = rows=0 event=0 clock=0",
]);

script("lateness and a purging trigger: a merged session fires with what is new", {
  assigner: gap3,
  trigger: purgingEventTime,
  allowedLatenessMs: 10,
  content: list,
  fn: show,
}, [
  "a1@1 = ",
  "wm 3 = a=1[1..4)@3",
  // The window set stays though the content is gone.
  "state = rows=1 event=1 clock=0",
  "a2@5 = ",
  "a3@3 = ",
  "wm 7 = a=2+3[1..8)@7",
  "a4@3 = a=4[1..8)@7",
  "wm 17 = ",
  "state = rows=0 event=0 clock=0",
]);

script("lateness: a session that has fired grows past the watermark and waits again", {
  assigner: gap3,
  allowedLatenessMs: 5,
  content: sum,
  fn: show,
}, [
  "a1@1 = ",
  "wm 3 = a=1[1..4)@3",
  "a1@4 = ",
  "wm 5 = ",
  "wm 6 = a=2[1..7)@6",
  "wm 11 = ",
  "state = rows=0 event=0 clock=0",
]);

script("lateness: a session that was cleaned up is not found again", {
  assigner: gap3,
  allowedLatenessMs: 2,
  content: sum,
  fn: show,
}, [
  "a1@1 = ",
  "wm 5 = a=1[1..4)@3",
  "state = rows=0 event=0 clock=0",
  "a1@2 = a=1[2..5)@4",
  "a1@1 = a=2[1..5)@4",
  "b1@1 = ",
  "dropped = 1",
  "wm 6 = ",
  "state = rows=0 event=0 clock=0",
]);

script("a huge lateness keeps all sessions", {
  assigner: gap3,
  allowedLatenessMs: Number.MAX_SAFE_INTEGER,
  content: sum,
  fn: show,
}, [
  "a1@1 = ",
  "wm 100 = a=1[1..4)@3",
  "a2@2 = a=3[1..5)@4",
  "a4@50 = a=4[50..53)@52",
  "state = rows=3 event=0 clock=0",
]);

script("a count over a session adds up when it merges", {
  assigner: gap3,
  trigger: PurgingTrigger.of(CountTrigger.of(4)),
  content: list,
  fn: show,
}, [
  "a1@0 = ",
  "a2@1 = ",
  "a3@6 = ",
  "a4@7 = ",
  "b1@0 = ",
  "a5@4 = a=1+2+3+4+5[0..10)@9",
  "a6@2 = ",
  "wm 9 = ",
  "state = rows=0 event=0 clock=0",
]);

script("early results of sessions keep their rhythm when they merge", {
  assigner: gap3,
  trigger: ContinuousEventTimeTrigger.of(2),
  content: sum,
  fn: show,
}, [
  "a1@1 = ",
  "b1@0 = ",
  "b3@2 = ",
  "b2@1 = ",
  "wm 2 = a=1[1..4)@3 b=6[0..5)@4",
  "b5@4 = ",
  "wm 3 = a=1[1..4)@3",
  "b4@3 = ",
  "wm 4 = b=15[0..7)@6",
  "wm 6 = b=15[0..7)@6",
  "state = rows=0 event=0 clock=0",
]);

script("timers of the parts do nothing after a merge", {
  assigner: EventTimeSessionWindows.withGap(10),
  trigger: ContinuousEventTimeTrigger.of(2),
  allowedLatenessMs: 3,
  content: sum,
  fn: show,
}, [
  "a1@1 = ",
  "a2@5 = ",
  // Of [1, 11) the end is left, which ContinuousEventTimeTrigger does not take back, and the early one at 2.
  "state = rows=3 event=5 clock=0",
  "wm 2 = a=3[1..15)@14",
  "wm 5 = a=3[1..15)@14",
  "wm 12 = a=3[1..15)@14 a=3[1..15)@14 a=3[1..15)@14 a=3[1..15)@14",
  "wm 17 = a=3[1..15)@14",
  "state = rows=0 event=0 clock=0",
]);

script("a merge takes the timers of the parts back, those of the end and those of the cleanup", {
  assigner: gap3,
  allowedLatenessMs: 5,
  content: sum,
  fn: show,
}, [
  "a1@0 = ",
  "a2@2 = ",
  "state = rows=2 event=2 clock=0",
  "wm 4 = a=3[0..5)@4",
  "wm 9 = ",
  "state = rows=0 event=0 clock=0",
]);

script("a gap of each record's own", {
  assigner: EventTimeSessionWindows.withDynamicGap((rec: Rec) => rec.gap ?? 1),
  content: list,
  fn: show,
}, [
  "a1@0~10 = ",
  "a2@20~2 = ",
  "a3@5~1 = ",
  "a4@7~20 = ",
  // Equal to the merged window [0, 27): belongs to it.
  "a5@0~27 = ",
  "wm 26 = a=1+3+2+4+5[0..27)@26",
  "a6@30 = ",
  "wm 30 = a=6[30..31)@30",
  "state = rows=0 event=0 clock=0",
]);

script("sessions by the clock", { assigner: ProcessingTimeSessionWindows.withGap(3), content: sum, fn: show }, [
  "clock 3 = ",
  "a1@999 = ",
  "clock 4 = ",
  "a2 = ",
  "state = rows=2 event=0 clock=1",
  "clock 5 = ",
  "clock 6 = a=3[3..7)@6",
  "state = rows=0 event=0 clock=0",
  "wm 1000 = ",
  "a4@0 = ",
  "clock 8 = a=4[6..9)@8",
  "dropped = 0",
]);

script("sessions by the clock with a gap of each record's own", {
  assigner: ProcessingTimeSessionWindows.withDynamicGap<Rec>({ extract: (rec) => `${rec.gap ?? 2} ms` }),
  content: list,
  fn: show,
}, [
  "a1~10 = ",
  "clock 4 = ",
  "a2 = ",
  "b3~2 = ",
  "clock 5 = b=3[4..6)@5",
  "clock 9 = a=1+2[0..10)@9",
  "state = rows=0 event=0 clock=0",
]);

/** Sums and keeps the order of what it got; merge says so too. */
const orderKeeping: AggregateFunction<Rec, number[], string> = {
  createAccumulator: () => [],
  add(rec, accumulator) {
    accumulator.push(rec.v);
    return accumulator;
  },
  getResult: (accumulator) => accumulator.join("+"),
  merge: (left, right) => [...left, ...right],
};

script("accumulators merge with their sessions", {
  assigner: gap3,
  content: { kind: "aggregate", fn: orderKeeping },
  fn: passthrough,
}, [
  "a1@0 = ",
  "a2@4 = ",
  "a3@8 = ",
  "a4@2 = ",
  "a5@6 = ",
  "wm 10 = 1+2+4+3+5@10",
  "state = rows=0 event=0 clock=0",
]);

script("sessions with an evictor need no merge of accumulators", {
  assigner: gap3,
  evictor: CountEvictor.of(2),
  content: { kind: "aggregate", fn: { ...orderKeeping, merge: undefined } },
  fn: passthrough,
}, ["a1@0 = ", "a2@4 = ", "a3@2 = ", "wm 6 = 2+3@6", "state = rows=0 event=0 clock=0"]);

/** Records of value 33 get a window of no length: a point that sessions may swallow. */
const points: MergingWindowAssigner<Rec, TimeWindow> = {
  windowCodec: gap3.windowCodec,
  assignWindows: (rec, timestamp) => [new TimeWindow(timestamp, timestamp + (rec.v === 33 ? 0 : 3))],
  getDefaultTrigger: () => gap3.getDefaultTrigger(),
  isEventTime: () => true,
  mergeWindows: (windows, merged) => gap3.mergeWindows(windows, merged),
};

script("windows of no length", { assigner: points, content: list, fn: show }, [
  "a1@0 = ",
  "a33@1 = ",
  "a33@3 = ",
  "b33@5 = ",
  "a33@9 = ",
  "wm 12 = a=1+33+33[0..3)@2 b=33[5..5)@4 a=33[9..9)@8",
  "state = rows=0 event=0 clock=0",
]);
