/** Interval joins, window joins and coGroups in whole jobs, and their results in BATCH mode. */

import {
  CountEvictor,
  CountTrigger,
  EventTimeSessionWindows,
  type KeyedProcess,
  OutputTag,
  type ProcessJoin,
  SlidingEventTimeWindows,
  TumblingEventTimeWindows,
  TumblingProcessingTimeWindows,
  type Window,
  type WindowAssigner,
} from "tsflink";
import { RecordingSink } from "tsflink/testing";
import { type AnyStream, cases, type Rec, runJob, showing } from "./job_script.ts";

const key = (rec: Rec) => rec.k;

/** Bounds as in mathematics: `[-2,1)`. */
interface Bounds {
  readonly lower: number;
  readonly upper: number;
  readonly lowerOpen: boolean;
  readonly upperOpen: boolean;
}
function bounds(text: string): Bounds {
  const [, open, lower, upper, close] = /^([[(])(-?\d+),(-?\d+)([\])])$/.exec(text)!;
  return { lower: +lower, upper: +upper, lowerOpen: open === "(", upperOpen: close === ")" };
}

const LEFT = new OutputTag<Rec>("left late");
const RIGHT = new OutputTag<Rec>("right late");
const pair: ProcessJoin<Rec, Rec, string> = {
  processElement(left, right, ctx, out) {
    out.collect(`${left.v}:${right.v}`);
    if (ctx.getLeftTimestamp() !== left.v || ctx.getRightTimestamp() !== right.v) throw new Error("wrong timestamps");
    if (ctx.getTimestamp() !== Math.max(left.v, right.v)) throw new Error("wrong timestamp of the pair");
  },
};

/** Joins values that are their own timestamps; `1 2 3 / 2 3`, with `w5` in either. */
async function intervalJoin(script: string): Promise<string> {
  const [range, left, right] = script.split(" / ");
  const { lower, upper, lowerOpen, upperOpen } = bounds(range);
  const own = (steps: string) => steps.split(" ").map((s) => /^-?\d/.test(s) ? `a${s}@${s}` : s).join(" ");
  const leftLate = new RecordingSink<Rec>();
  const rightLate = new RecordingSink<Rec>();
  const found = await runJob([own(left), own(right)], {
    quiet: true,
    sorted: true,
    build([one, two]) {
      let join = one.keyBy(key).intervalJoin(two.keyBy(key)).between(lower, upper);
      if (lowerOpen) join = join.lowerBoundExclusive();
      if (upperOpen) join = join.upperBoundExclusive();
      const joined = join.sideOutputLeftLateData(LEFT).sideOutputRightLateData(RIGHT).process(pair);
      joined.getSideOutput(LEFT).sinkTo(leftLate);
      joined.getSideOutput(RIGHT).sinkTo(rightLate);
      return joined;
    },
  });
  const late = [...leftLate.values.map(({ v }) => `L${v}`), ...rightLate.values.map(({ v }) => `R${v}`)];
  return [found, ...late].join(" ");
}
/** The definition, for every pair. */
function expectedPairs(range: string, left: readonly number[], right: readonly number[]): string {
  const { lower, upper, lowerOpen, upperOpen } = bounds(range);
  const pairs = left.flatMap((l) =>
    right.filter((r) => lowerOpen ? r - l > lower : r - l >= lower).filter((r) =>
      upperOpen ? r - l < upper : r - l <= upper
    )
      .map((r) => `${l}:${r}@${Math.max(l, r)}`)
  );
  return pairs.sort().join(" ");
}

cases("interval join: pairs carry the larger timestamp", [
  ["[-2,-1] / 1 2 3 4 / 1 2 3 4", "2:1@2 3:1@3 3:2@3 4:2@4 4:3@4"],
  ["[-1,1] / 1 2 3 4 / 1 2 3 4", "1:1@1 1:2@2 2:1@2 2:2@2 2:3@3 3:2@3 3:3@3 3:4@4 4:3@4 4:4@4"],
  ["[1,2] / 1 2 3 4 / 1 2 3 4", "1:2@2 1:3@3 2:3@3 2:4@4 3:4@4"],
  ["(-3,-1) / 1 2 3 4 / 1 2 3 4", "3:1@3 4:2@4"],
  ["(-1,1) / 1 2 3 4 / 1 2 3 4", "1:1@1 2:2@2 3:3@3 4:4@4"],
  ["(1,3) / 1 2 3 4 / 1 2 3 4", "1:3@3 2:4@4"],
  ["[0,0] / 1 2 2 3 / 2 2 4", "2:2@2 2:2@2 2:2@2 2:2@2"],
  ["[0,1) / 1 2 / 1 2 3", "1:1@1 2:2@2"],
  ["(0,1] / 1 2 / 1 2 3", "1:2@2 2:3@3"],
  ["[-1,1] / -3 -1 0 / -2 -1 1", "-1:-1@-1 -1:-2@-1 -3:-2@-2 0:-1@0 0:1@1"],
  // No interval at all.
  ["(0,0) / 1 2 / 1 2", ""],
], intervalJoin);
const RANGES = [
  "[-3,2]",
  "(-3,2)",
  "[-3,2)",
  "(-3,2]",
  "[2,5]",
  "(2,5)",
  "[-5,-2)",
  "(-5,-2]",
  "[0,4)",
  "(-4,0]",
  "[-9,9]",
];
cases(
  "interval join: every kind of bounds against the definition",
  RANGES.map((range) => [
    `${range} / 0 3 4 7 -2 9 3 / 5 1 -4 8 2 12 7 0`,
    expectedPairs(range, [0, 3, 4, 7, -2, 9, 3], [5, 1, -4, 8, 2, 12, 7, 0]),
  ]),
  intervalJoin,
);
cases("interval join: other keys do not meet", [["", "1:1@1"]], () =>
  runJob(["a1@1 b2@2", "a1@1 c2@2"], {
    quiet: true,
    build: ([one, two]) => one.keyBy(key).intervalJoin(two.keyBy(key)).between(-9, 9).process(pair),
  }));
cases("interval join survives a restart", [["", "1:1@1 2:1@2 1:2@2 2:2@2"]], async () => {
  const found = await runJob(["a1@1 | a2@2 |", "| a1@1 | a2@2"], {
    quiet: true,
    build: ([one, two]) => one.keyBy(key).intervalJoin(two.keyBy(key)).between(-1, 1).process(pair),
  });
  return found.split(" ").sort().join(" ") === "1:1@1 1:2@2 2:1@2 2:2@2" ? "1:1@1 2:1@2 1:2@2 2:2@2" : found;
});

// Window joins: values per window, each side in the order it came.
function joinJob(assigner: WindowAssigner<unknown, Window>, left: string, right: string): Promise<string> {
  return runJob([left, right], {
    quiet: true,
    sorted: true,
    build: ([one, two]) =>
      one.join(two).where(key).equalTo(key).window(assigner as never).apply((l, r) => `${l.v}:${r.v}`),
  });
}
function coGroupJob(assigner: WindowAssigner<unknown, Window>, left: string, right: string): Promise<string> {
  return runJob([left, right], {
    quiet: true,
    sorted: true,
    build: ([one, two]) =>
      one.coGroup(two).where(key).equalTo(key).window(assigner as never).apply(
        (l: Iterable<Rec>, r: Iterable<Rec>, out: { collect(text: string): void }) =>
          out.collect(`${Array.from(l, ({ v }) => v).join("+")}|${Array.from(r, ({ v }) => v).join("+")}`),
      ),
  });
}
const TUMBLING = TumblingEventTimeWindows.of(2);
const SLIDING = SlidingEventTimeWindows.of(2, 1);
const SESSIONS = EventTimeSessionWindows.withGap(2);
cases("window join: tumbling, as in Flink's documentation", [
  ["a0@0 a1@1 a2@2 a3@3 a4@4 a5@5 / a0@0 a1@1 a3@3 a6@6 a7@7", "0:0@1 0:1@1 1:0@1 1:1@1 2:3@3 3:3@3"],
  ["a1@0 b2@0 / b3@1 a4@1 c5@1", "1:4@1 2:3@1"],
  ["a1@0 / a2@2", ""],
  ["a1@-1 / a2@-2", "1:2@-1"],
], (script) => joinJob(TUMBLING, ...script.split(" / ") as [string, string]));
cases("window join: sliding, a pair per window that holds both", [
  ["a1@1 / a1@1", "1:1@1 1:1@2"],
  ["a0@0 a1@1 / a1@1", "0:1@1 1:1@1 1:1@2"],
], (script) => joinJob(SLIDING, ...script.split(" / ") as [string, string]));
cases("window join: sessions over both sides", [
  ["a1@1 a2@2 / a3@4", "1:3@5 2:3@5"],
  ["a1@1 / a5@5", ""],
], (script) => joinJob(SESSIONS, ...script.split(" / ") as [string, string]));
cases("coGroup: windows with one side too", [
  ["a1@0 a2@1 b4@2 / a3@0 c5@3", "1+2|3@1 4|@3 |5@3"],
  ["w9 a1@10 / w9 a3@11", "1|3@11"],
], (script) => coGroupJob(TUMBLING, ...script.split(" / ") as [string, string]));
cases("join with a trigger and an evictor", [
  ["a1@0 a2@0 a3@0 a4@0", "2"],
], async (script) => {
  const found = await runJob([script, ""], {
    quiet: true,
    build: ([one, two]) =>
      one.coGroup(two).where(key).equalTo(key).window(TumblingEventTimeWindows.of(5) as never)
        .trigger(CountTrigger.of(2) as never).evictor(CountEvictor.of(2) as never).apply(
          (l: Iterable<Rec>, _r: Iterable<Rec>, out: { collect(text: string): void }) =>
            out.collect(Array.from(l, ({ v }) => v).join("+")),
        ),
  });
  return String(found === "1+2@4 3+4@4" ? 2 : found);
});
cases("flatJoin and a join object", [["a1@0 a2@1", "1,4 2,4"]], (script) =>
  runJob([script, "a4@0"], {
    quiet: true,
    build: ([one, two]) =>
      one.join(two).where(key).equalTo(key).window(TUMBLING as never).apply({
        flatJoin: (l: Rec, r: Rec, out: { collect(text: string): void }) => out.collect(`${l.v},${r.v}`),
      }),
  }).then((found) => found.replaceAll("@1", "")));

// BATCH: final results only, nothing late, whatever the order and the watermarks.
const BATCH = { configuration: { "execution.runtime-mode": "BATCH" } };
const inBatch = (build: (stream: AnyStream) => AnyStream) => (script: string) =>
  runJob(script, { ...BATCH, build: ([stream]) => build(stream) });
// As in Flink the records of a key come in the order of their timestamps, so windows list them in it.
cases("BATCH: windows fire once at the end, no record is late", [
  ["a1@7 w100 a2@3 b3@8 a4@0", "a=4+2[0..5)@4 a=1[5..10)@9 b=3[5..10)@9 W"],
], inBatch((s) => s.keyBy(key).window(TumblingEventTimeWindows.of(5)).process(showing as never)));
cases("BATCH: sessions", [
  ["a1@9 w100 a2@3 a4@0 a5@7 a1@20", "a6@5 a6@11 a1@22 W"],
], inBatch((s) => s.keyBy(key).window(EventTimeSessionWindows.withGap(3)).sum("v")));
cases("BATCH: processing-time windows and timers end with the input", [
  ["a1 a2 b3", "a3@99 b3@99 W"],
], inBatch((s) => s.keyBy(key).window(TumblingProcessingTimeWindows.of(100)).sum("v")));
cases("BATCH: reduce of a keyed stream gives one result per key", [
  ["a1@7 b2@1 a3@3 b4@0 a5@5", "a9 b6"],
], async (script) => {
  const found = await inBatch((s) => s.keyBy(key).reduce((l: Rec, r: Rec) => ({ k: l.k, v: l.v + r.v })))(script);
  return found.replaceAll(/@(-?\d+|max)/g, "").replace(" W", "").split(" ").sort().join(" ");
});
const setting: KeyedProcess<string, Rec, string> = {
  processElement(rec, ctx) {
    ctx.timerService().registerProcessingTimeTimer(rec.v);
    ctx.timerService().registerEventTimeTimer(rec.v);
  },
  onTimer(timestamp, ctx, out) {
    out.collect(`${ctx.timeDomain() === "event-time" ? "e" : "p"}${timestamp}`);
    // Ignored: the end of the input is near.
    ctx.timerService().registerEventTimeTimer(timestamp + 1);
    ctx.timerService().registerProcessingTimeTimer(timestamp + 1);
  },
};
cases("BATCH: timers fire at the end, event time first, and set no more", [
  ["a5@9 w100 a3@1 t200", "e3@3 e5@5 p3 p5 W"],
], inBatch((s) => s.keyBy(key).process(setting as never)));
