/** Event-time windows in whole jobs: which window a record is in, when windows fire, what is late. */

import {
  CumulativeEventTimeWindows,
  EventTimeTrigger,
  GlobalWindows,
  PurgingTrigger,
  SlidingEventTimeWindows,
  type TimeWindow,
  TumblingEventTimeWindows,
  type WindowAssigner,
} from "tsflink";
import { type Rec, summed, total, windowCases } from "./job_script.ts";

windowCases("tumbling", { assigner: TumblingEventTimeWindows.of(5) }, [
  ["", "W"],
  ["w7", "w7 W"],
  ["a1@0", "a=1[0..5)@4 W"],
  ["a1@0 a2@4 a3@5 w4 w9", "a=1+2[0..5)@4 w4 a=3[5..10)@9 w9 W"],
  ["a1@0 w3 a2@4 w4", "w3 a=1+2[0..5)@4 w4 W"],
  ["a1@4 w3 b1@4 w4", "w3 a=1[0..5)@4 b=1[0..5)@4 w4 W"],
  ["a1@7 b2@3", "b=2[0..5)@4 a=1[5..10)@9 W"],
  ["a1@12 a2@2 a3@7 w14", "a=2[0..5)@4 a=3[5..10)@9 a=1[10..15)@14 w14 W"],
  // One firing per window, however far the watermark jumps, and none for later watermarks.
  ["a1@0 w100 w200", "a=1[0..5)@4 w100 w200 W"],
  // Watermarks that do not rise do nothing.
  ["w5 w3 w5 a1@6 w6", "w5 w6 a=1[5..10)@9 W"],
  // Behind the watermark but in an open window: not late.
  ["w8 a1@6 a2@5 w9", "w8 a=1+2[5..10)@9 w9 W"],
  // The window is over as soon as the watermark is its last timestamp.
  ["w4 a1@4 a2@5 w9", "w4 a=2[5..10)@9 w9 W"],
  ["w3 a1@4 w4", "w3 a=1[0..5)@4 w4 W"],
  ["w10 a1@9 a2@10", "w10 a=2[10..15)@14 W"],
  ["wmax a1@5", "W"],
]);

windowCases("tumbling before the epoch", { assigner: TumblingEventTimeWindows.of(5) }, [
  ["a1@-1 a2@-5 a3@-6 w-1", "a=3[-10..-5)@-6 a=1+2[-5..0)@-1 w-1 W"],
  ["a1@-10 w-7 w-6 a2@0 w0", "w-7 a=1[-10..-5)@-6 w-6 w0 a=2[0..5)@4 W"],
  ["w-3 a1@-4 a2@-6 w-1", "w-3 a=1[-5..0)@-1 w-1 W"],
  ["a1@-1 a2@0 a3@1", "a=1[-5..0)@-1 a=2+3[0..5)@4 W"],
]);

windowCases("tumbling with an offset", { assigner: TumblingEventTimeWindows.of(5, 2) }, [
  ["a1@1 a2@2 a3@6 a4@7", "a=1[-3..2)@1 a=2+3[2..7)@6 a=4[7..12)@11 W"],
  ["a1@-3 a2@-4", "a=2[-8..-3)@-4 a=1[-3..2)@1 W"],
]);
windowCases("tumbling with a negative offset", { assigner: TumblingEventTimeWindows.of(5, -2) }, [
  ["a1@2 a2@3 a3@7 a4@8", "a=1[-2..3)@2 a=2+3[3..8)@7 a=4[8..13)@12 W"],
  ["a1@-2 a2@-3", "a=2[-7..-2)@-3 a=1[-2..3)@2 W"],
]);

// The same days in three time zones; 1_704_067_200_000 is 2024-01-01T00:00Z, an hour is 3_600_000 ms.
const NEW_YEAR = 1_704_067_200_000;
const H = 3_600_000;
const at = (hours: number) => NEW_YEAR + hours * H;
windowCases("days in UTC", { assigner: TumblingEventTimeWindows.of("1 d") }, [
  [
    `a1@${at(0)} a2@${at(24) - 1} a3@${at(24)}`,
    `a=1+2[${at(0)}..${at(24)})@${at(24) - 1} a=3[${at(24)}..${at(48)})@${at(48) - 1} W`,
  ],
]);
windowCases("days in UTC+8", { assigner: TumblingEventTimeWindows.of("1 d", "-8 h") }, [
  [
    `a1@${at(0)} a2@${at(16) - 1} a3@${at(16)}`,
    `a=1+2[${at(-8)}..${at(16)})@${at(16) - 1} a=3[${at(16)}..${at(40)})@${at(40) - 1} W`,
  ],
]);
windowCases("days in UTC-5", { assigner: TumblingEventTimeWindows.of("1 d", "5 h") }, [
  [
    `a1@${at(0)} a2@${at(5) - 1} a3@${at(5)}`,
    `a=1+2[${at(-19)}..${at(5)})@${at(5) - 1} a=3[${at(5)}..${at(29)})@${at(29) - 1} W`,
  ],
]);

windowCases("sliding", { assigner: SlidingEventTimeWindows.of(10, 5) }, [
  ["a1@0", "a=1[-5..5)@4 a=1[0..10)@9 W"],
  ["a1@4 a2@5 w4 w9 w14", "a=1[-5..5)@4 w4 a=1+2[0..10)@9 w9 a=2[5..15)@14 w14 W"],
  ["a1@-1 w-1", "a=1[-10..0)@-1 w-1 a=1[-5..5)@4 W"],
  ["a1@-10 w-6", "a=1[-15..-5)@-6 w-6 a=1[-10..0)@-1 W"],
  // Late for one of its windows, in time for the other.
  ["w4 a1@3", "w4 a=1[0..10)@9 W"],
  ["w9 a1@3 a2@8", "w9 a=2[5..15)@14 W"],
]);
windowCases("sliding by one", { assigner: SlidingEventTimeWindows.of(3, 1) }, [
  ["a1@5", "a=1[3..6)@5 a=1[4..7)@6 a=1[5..8)@7 W"],
  [
    "b1@3 b2@4 a1@0 w0 a2@1 w2 w3 w6",
    "a=1[-2..1)@0 w0 a=1+2[-1..2)@1 a=1+2[0..3)@2 w2 b=1[1..4)@3 a=2[1..4)@3 w3 b=1+2[2..5)@4 b=1+2[3..6)@5 b=2[4..7)@6 w6 W",
  ],
]);
windowCases("slide larger than size: some records are in no window", {
  assigner: SlidingEventTimeWindows.of(3, 10),
  lateTag: true,
}, [
  ["a1@0 a2@2 a3@3 a4@9 a5@10 a6@12 a7@13", "a=1+2[0..3)@2 a=5+6[10..13)@12 W"],
  ["a1@-1 a2@-10 a3@-8 a4@-7", "a=2+3[-10..-7)@-8 W"],
  // A record between windows is late only once it is behind the watermark.
  ["w4 a1@5 a2@4 a3@3", "w4 W / late a2@4 a3@3"],
]);
windowCases("slide that does not divide the size", { assigner: SlidingEventTimeWindows.of(10, 3) }, [
  ["a1@7", "a=1[0..10)@9 a=1[3..13)@12 a=1[6..16)@15 W"],
  ["a1@9", "a=1[0..10)@9 a=1[3..13)@12 a=1[6..16)@15 a=1[9..19)@18 W"],
  ["a1@-1", "a=1[-9..1)@0 a=1[-6..4)@3 a=1[-3..7)@6 W"],
]);
windowCases("sliding with an offset", { assigner: SlidingEventTimeWindows.of(10, 5, 2) }, [
  ["a1@1", "a=1[-8..2)@1 a=1[-3..7)@6 W"],
  ["a1@2", "a=1[-3..7)@6 a=1[2..12)@11 W"],
]);
windowCases("sliding with a negative offset", { assigner: SlidingEventTimeWindows.of(10, 5, -1) }, [
  ["a1@3", "a=1[-6..4)@3 a=1[-1..9)@8 W"],
  ["a1@4", "a=1[-1..9)@8 a=1[4..14)@13 W"],
]);

windowCases("cumulative", { assigner: CumulativeEventTimeWindows.of(9, 3) }, [
  ["a1@0 a2@3 a3@8 a4@9", "a=1[0..3)@2 a=1+2[0..6)@5 a=1+2+3[0..9)@8 a=4[9..12)@11 a=4[9..15)@14 a=4[9..18)@17 W"],
  ["a1@-1 a2@-7", "a=2[-9..-6)@-7 a=2[-9..-3)@-4 a=1+2[-9..0)@-1 W"],
]);

windowCases("sums: results carry the last timestamp of the window", {
  assigner: TumblingEventTimeWindows.of(5),
  evaluate: summed,
}, [
  ["a1@1 a2@2 b5@3 w4", "a3@4 b5@4 w4 W"],
  ["a1@-7 a2@-6", "a3@-6 W"],
]);
windowCases("aggregates", { assigner: SlidingEventTimeWindows.of(4, 2), evaluate: (w) => w.aggregate(total) }, [
  ["a1@0 a2@1 a3@2", "3@1 6@3 3@5 W"],
]);
windowCases("sum(field) keeps the other fields of the first record", {
  assigner: TumblingEventTimeWindows.of(5),
  evaluate: (w) => w.sum("v").map((rec) => `${rec.v}/${rec.gap}`),
}, [["a1@1~7 a2@2~8 a4@3~9 w4", "7/7@4 w4 W"]]);
windowCases("max(field) and maxBy(field)", {
  assigner: TumblingEventTimeWindows.of(5),
  evaluate: (w) => w.max("v").map((rec) => `${rec.v}/${rec.gap}`),
}, [["a1@1~7 a3@2~8 a2@3~9", "3/7@4 W"]]);
windowCases("maxBy(field) takes the whole record, the first of equal ones", {
  assigner: TumblingEventTimeWindows.of(5),
  evaluate: (w) => w.maxBy("v").map((rec) => `${rec.v}/${rec.gap}`),
}, [["a1@1~7 a3@2~8 a3@3~9", "3/8@4 W"]]);
windowCases("maxBy(field, false) the last of equal ones", {
  assigner: TumblingEventTimeWindows.of(5),
  evaluate: (w) => w.maxBy("v", false).map((rec) => `${rec.v}/${rec.gap}`),
}, [["a1@1~7 a3@2~8 a3@3~9", "3/9@4 W"]]);

// Lateness.
windowCases("late records", { assigner: TumblingEventTimeWindows.of(5), lateTag: true }, [
  ["w4 a1@4 a2@5 b3@-9", "w4 a=2[5..10)@9 W / late a1@4 b3@-9"],
  ["a1@1 w4 a2@1", "a=1[0..5)@4 w4 W / late a2@1"],
  ["wmax a1@5", "W / late a1@5"],
]);
windowCases("allowed lateness: every record in time for it fires again", {
  assigner: TumblingEventTimeWindows.of(5),
  lateness: 3,
  lateTag: true,
}, [
  ["a1@1 w4 a2@2 a3@3 w6", "a=1[0..5)@4 w4 a=1+2[0..5)@4 a=1+2+3[0..5)@4 w6 W"],
  ["a1@1 w6 a2@2 w7 a3@3", "a=1[0..5)@4 w6 a=1+2[0..5)@4 w7 W / late a3@3"],
  // The first record of a window comes late: it fires at once, and once only.
  ["w6 a1@1 w7", "w6 a=1[0..5)@4 w7 W"],
  ["w7 a1@4 a2@5", "w7 a=2[5..10)@9 W / late a1@4"],
  // Windows are over at the end of the input with their lateness.
  ["a1@1 w4", "a=1[0..5)@4 w4 W"],
]);
windowCases("allowed lateness that purges", {
  assigner: TumblingEventTimeWindows.of(5),
  trigger: PurgingTrigger.of(EventTimeTrigger.create()),
  lateness: 3,
  lateTag: true,
}, [
  ["a1@1 w4 a2@2 a3@3 w7 a4@4", "a=1[0..5)@4 w4 a=2[0..5)@4 a=3[0..5)@4 w7 W / late a4@4"],
  ["b1@1 w3 b1@3 w4 b1@0 w100 b1@4 w101", "w3 b=1+1[0..5)@4 w4 b=1[0..5)@4 w100 w101 W / late b1@4"],
]);
windowCases("allowed lateness of sums", { assigner: TumblingEventTimeWindows.of(5), lateness: 100, evaluate: summed }, [
  ["a1@1 w4 a2@2 w50 a3@3 w104 a9@0", "a1@4 w4 a3@4 w50 a6@4 w104 W"],
]);
windowCases("allowed lateness of sliding windows", {
  assigner: SlidingEventTimeWindows.of(10, 5),
  lateness: 2,
  lateTag: true,
}, [
  ["a1@1 w4 a2@2 w6 a3@3 w9", "a=1[-5..5)@4 w4 a=1+2[-5..5)@4 w6 a=1+2+3[0..10)@9 w9 W"],
  // Still in time for a window, so not late, though late for another.
  ["w8 a1@4 w11 a2@4", "w8 a=1[0..10)@9 w11 W / late a2@4"],
]);
windowCases("lateness beyond the end of time", {
  assigner: TumblingEventTimeWindows.of(5),
  lateness: Number.MAX_SAFE_INTEGER,
}, [["a1@1 w4 w1000000 a2@2", "a=1[0..5)@4 w4 w1000000 a=1+2[0..5)@4 W"]]);

windowCases("global windows never fire by themselves", { assigner: GlobalWindows.create() }, [
  ["a1@1 a2@2 w100", "w100 W"],
]);
windowCases("global windows of a bounded stream", { assigner: GlobalWindows.createWithEndOfStreamTrigger() }, [
  ["a1@1 b2@9 w100 a3@5", "w100 a=1+3[*]@max b=2[*]@max W"],
  ["a1 b2 a3", "a=1+3[*]@max b=2[*]@max W"],
]);

/** The size of the window is the value of the record. */
const bySize: WindowAssigner<Rec, TimeWindow> = {
  windowCodec: TumblingEventTimeWindows.of(1).windowCodec,
  assignWindows: (rec, timestamp, ctx) => TumblingEventTimeWindows.of(rec.v).assignWindows(rec, timestamp, ctx),
  getDefaultTrigger: () => EventTimeTrigger.create(),
  isEventTime: () => true,
};
windowCases("an assigner of one's own", { assigner: bySize }, [
  ["a2@5 a3@5 a2@4", "a=2+2[4..6)@5 a=3[3..6)@5 W"],
]);
