/** Session windows in whole jobs: merging, lateness, dynamic gaps, triggers that keep state while sessions merge. */

import {
  ContinuousEventTimeTrigger,
  CountTrigger,
  DynamicEventTimeSessionWindows,
  EventTimeSessionWindows,
  EventTimeTrigger,
  ProcessingTimeSessionWindows,
  type ProcessWindow,
  PurgingTrigger,
  ValueStateDescriptor,
  type Window,
} from "tsflink";
import { add, type Rec, runJob, showing, total, windowCases, windowJob } from "./job_script.ts";
import assert from "node:assert/strict";

const GAP_30 = EventTimeSessionWindows.withGap(30);

windowCases("sessions", { assigner: EventTimeSessionWindows.withGap(3), lateTag: true }, [
  ["a1@0", "a=1[0..3)@2 W"],
  ["a1@0 a2@2 w4", "a=1+2[0..5)@4 w4 W"],
  // Windows that touch are one: [0, 3) and [3, 6).
  ["a1@0 a2@3", "a=1+2[0..6)@5 W"],
  ["a1@0 a2@4", "a=1[0..3)@2 a=2[4..7)@6 W"],
  // In any order, and a record between two sessions joins them.
  ["a1@4 a2@0", "a=2[0..3)@2 a=1[4..7)@6 W"],
  ["a1@0 a2@6 a3@3", "a=1+2+3[0..9)@8 W"],
  ["a1@0 a2@5 a3@2 w7", "a=1+2+3[0..8)@7 w7 W"],
  ["a1@10 a2@5 a3@0 a4@7", "a=3[0..3)@2 a=2+1+4[5..13)@12 W"],
  // The same window twice is no merge.
  ["a1@0 a2@0 a3@0", "a=1+2+3[0..3)@2 W"],
  ["a1@0 b2@2 a3@3 b4@6", "b=2[2..5)@4 a=1+3[0..6)@5 b=4[6..9)@8 W"],
  ["a1@-5 a2@-2 a3@2", "a=1+2[-5..1)@0 a=3[2..5)@4 W"],
  // A session that has fired is over; the next record begins a new one.
  ["a1@0 w2 a2@3", "a=1[0..3)@2 w2 a=2[3..6)@5 W"],
  // Late by itself, but not when it belongs to an open session.
  ["a1@3 w4 a2@1", "w4 a=1+2[1..6)@5 W"],
  ["a1@4 w4 a2@1", "w4 a=1+2[1..7)@6 W"],
  ["a1@5 w4 a2@1", "w4 a=1[5..8)@7 W / late a2@1"],
  ["w2 a1@0 a2@1", "w2 a=2[1..4)@3 W / late a1@0"],
  ["a1@0 w1 a2@1 w2 w3", "w1 w2 a=1+2[0..4)@3 w3 W"],
]);

// The scenarios of Flink's own lateness tests, in hundredths of a second.
const SCENARIO = "a1@10 w19 a2@20 w48 a3@45 a4@85 w73 a5@70 w115 a6@116 w146";
const BEFORE = "w19 w48 w73 a=1+2+3+4+5[10..115)@114 w115 a=6[116..146)@145 w146";
windowCases("sessions without lateness", { assigner: GAP_30, lateTag: true }, [
  [SCENARIO + " a7@100 a8@145 w200 w1000", BEFORE + " a=8[145..175)@174 w200 w1000 W / late a7@100"],
]);
windowCases("sessions without lateness, purging", {
  assigner: GAP_30,
  lateTag: true,
  trigger: PurgingTrigger.of(EventTimeTrigger.create()),
}, [
  [SCENARIO + " a7@100 a7@101 a8@145 w200", BEFORE + " a=8[145..175)@174 w200 W / late a7@100 a7@101"],
]);
windowCases("sessions with some lateness", { assigner: GAP_30, lateTag: true, lateness: 10 }, [
  [
    "a1@10 w19 a2@20 w48 a3@45 a4@85 w73 a5@70 w115 a6@116 w146 a7@100 a8@145 w200",
    // The first session is over at 124, so the record at 100 joins only the second one, which fires again.
    BEFORE + " a=6+7[100..146)@145 a=6+7+8[100..175)@174 w200 W",
  ],
]);
windowCases("sessions with some lateness, purging", {
  assigner: GAP_30,
  lateTag: true,
  lateness: 10,
  trigger: PurgingTrigger.of(EventTimeTrigger.create()),
}, [
  [SCENARIO + " a7@100 a8@145 w200 w1000", BEFORE + " a=7[100..146)@145 a=8[100..175)@174 w200 w1000 W"],
]);
windowCases("sessions with much lateness", { assigner: GAP_30, lateTag: true, lateness: 100 }, [
  // Both sessions are still there and become one.
  [
    SCENARIO + " a7@100 a8@145 w200",
    BEFORE + " a=1+2+3+4+5+6+7[10..146)@145 a=1+2+3+4+5+6+7+8[10..175)@174 w200 W",
  ],
]);
windowCases("sessions with much lateness, purging", {
  assigner: GAP_30,
  lateTag: true,
  lateness: 100,
  trigger: PurgingTrigger.of(EventTimeTrigger.create()),
}, [
  [SCENARIO + " a7@100 a8@145 w200", BEFORE + " a=7[10..146)@145 a=8[10..175)@174 w200 W"],
]);

windowCases("sums over sessions", {
  assigner: EventTimeSessionWindows.withGap(3),
  evaluate: (w) => w.reduce(add, showing),
}, [["a1@0 b9@1 a2@5 a4@2 w9", "b=9[1..4)@3 a=7[0..8)@7 w9 W"]]);
windowCases("aggregates over sessions merge their accumulators", {
  assigner: EventTimeSessionWindows.withGap(3),
  evaluate: (w) => w.aggregate(total),
}, [["a1@0 a2@5 a4@2 w9", "7@7 w9 W"]]);

windowCases("a count trigger counts over merged sessions", {
  assigner: EventTimeSessionWindows.withGap(3),
  trigger: PurgingTrigger.of(CountTrigger.of(4)),
}, [
  ["a1@0 a2@1 a3@2 a4@3 w5", "a=1+2+3+4[0..6)@5 w5 W"],
  // Two sessions of 2 and 1, joined by the fourth record.
  ["a1@0 a2@1 a3@6 a4@4", "a=1+2+3+4[0..9)@8 W"],
  // 3 and 3, joined by one: 7 >= 4 fires once, and the count starts again.
  ["a1@0 a1@0 a1@0 a2@5 a2@5 a2@5 a3@3 a4@3 a5@3 a6@3", "a=1+1+1+2+2+2+3[0..8)@7 W"],
  ["a1@0 a2@1", "W"],
]);
windowCases("early results of sessions", {
  assigner: EventTimeSessionWindows.withGap(30),
  trigger: PurgingTrigger.of(ContinuousEventTimeTrigger.of(20)),
}, [
  // Flink's scenario: next firings at 20 and 0+20; merged sessions keep the earliest.
  [
    "a1@15 b1@0 b3@25 b2@10 w25 b5@40 w30 a2@40 b4@35 w40",
    "a=1[15..45)@44 b=1+3+2[0..55)@54 w25 w30 b=5+4[0..70)@69 a=2[15..70)@69 w40 W",
  ],
]);

const dynamic = EventTimeSessionWindows.withDynamicGap<Rec>((rec) => rec.gap!);
windowCases("a gap per record", { assigner: dynamic }, [
  ["a1@0~3 a2@5~10 a3@3~1", "a=1+3[0..4)@3 a=2[5..15)@14 W"],
  ["a1@0~3 a2@5~10 a3@3~2", "a=1+2+3[0..15)@14 W"],
  // A short gap inside a long one changes nothing.
  ["a1@0~10 a2@1~1 w9", "a=1+2[0..10)@9 w9 W"],
]);
windowCases("a gap per record, extractor object", {
  assigner: DynamicEventTimeSessionWindows.withDynamicGap<Rec>({ extract: (rec) => rec.v * 10 }),
}, [["a1@0 a2@10 a3@50", "a=1+2[0..30)@29 a=3[50..80)@79 W"]]);

windowCases("processing-time sessions", { assigner: ProcessingTimeSessionWindows.withGap(30) }, [
  ["t3 a1 t10 a2 t50 a3 a4 b5 t100", "a=1+2[3..40)@39 a=3+4[50..80)@79 b=5[50..80)@79 W"],
  ["t3 a1 t32 a2 t70", "a=1+2[3..62)@61 W"],
  ["t3 a1 t34 a2 t70", "a=1[3..33)@32 a=2[34..64)@63 W"],
]);
windowCases("processing-time sessions with a gap per record", {
  assigner: ProcessingTimeSessionWindows.withDynamicGap<Rec>((rec) => rec.v * 10),
}, [["t5 a1 t10 a3 t12 b2 t100", "b=2[12..32)@31 a=1+3[5..40)@39 W"]]);

windowCases("sessions survive a restart", { assigner: EventTimeSessionWindows.withGap(3) }, [
  ["a1@0 a2@5 | a3@2 | w7", "a=1+2+3[0..8)@7 w7 W"],
  ["a1@0 w1 | a3@2 w1 w4", "w1 w1 a=1+3[0..5)@4 w4 W"],
  ["a1@0 | a2@1 | a3@2 | a4@3 | a5@9", "a=1+2+3+4[0..6)@5 a=5[9..12)@11 W"],
]);

Deno.test("window: per-window state is refused in sessions", async () => {
  const stateful: ProcessWindow<Rec, string, string, Window> = {
    process(_key, ctx) {
      ctx.windowState().getState(new ValueStateDescriptor<number>("x"));
    },
  };
  const assigner = EventTimeSessionWindows.withGap(3);
  const build = windowJob({ assigner, evaluate: (windows) => windows.process(stateful) });
  await assert.rejects(runJob("a1@0", { build }), /merging windows/);
});
