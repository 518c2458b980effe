/** Jobs that mix features, each with its exact output, worked out by hand from Flink's rules. */

import assert from "node:assert/strict";
import {
  AsyncDataStream,
  ContinuousEventTimeTrigger,
  type DataStream,
  EventTimeSessionWindows,
  MapStateDescriptor,
  OutputTag,
  type SingleOutputStreamOperator,
  SlidingEventTimeWindows,
  type StreamExecutionEnvironment,
  TumblingEventTimeWindows,
  TumblingProcessingTimeWindows,
  ValueStateDescriptor,
  WatermarkStrategy,
} from "tsflink";
import { RecordingSink, scriptedSource, testEnvironment } from "tsflink/testing";
import { add, type AnyStream, LATE, type Rec, showing, steps, timeText, windowText } from "./job_script.ts";

/** What a job is built with: sources from scripts, sinks by name; sinks are one subtask unless the job is. */
interface Parts {
  readonly env: StreamExecutionEnvironment;
  from(script: string): SingleOutputStreamOperator<Rec>;
  to(stream: AnyStream, name: string): void;
}
interface Job {
  readonly name: string;
  readonly parallelism?: number;
  readonly build: (parts: Parts) => void;
  /** `sink[value@timestamp ...]` in the order the sinks were named. */
  readonly expected: string;
}

const key = (rec: Rec): string => rec.k;
const T5 = TumblingEventTimeWindows.of(5);
const values = (records: Iterable<Rec>) => Array.from(records, (rec) => rec.k + rec.v).join("+");

async function run({ parallelism = 1, build }: Job): Promise<string> {
  const { env } = testEnvironment({ parallelism });
  const sinks: [string, RecordingSink<unknown>][] = [];
  build({
    env,
    from: (script) => env.fromSource(scriptedSource<Rec>(steps(script)), WatermarkStrategy.noWatermarks<Rec>(), "s"),
    to(stream, name) {
      const sink = new RecordingSink<unknown>();
      sinks.push([name, sink]);
      stream.sinkTo(sink).setParallelism(1);
    },
  });
  await env.execute();
  const text = (value: unknown) => typeof value === "string" ? value : `${(value as Rec).k}${(value as Rec).v}`;
  return sinks.map(([name, { records }]) => {
    const lines = records.map(({ value, timestamp }) =>
      text(value) + (timestamp === undefined ? "" : `@${timeText(timestamp)}`)
    );
    return `${name}[${lines.join(" ")}]`;
  }).join(" ");
}

const TIMED = new OutputTag<Rec>("timed");
const LEFT = new OutputTag<Rec>("left");
const RIGHT = new OutputTag<Rec>("right");

const jobs: Job[] = [
  {
    // The watermark is that of the first source: the second is idle, the third ended. Session [20..25) is over at 40,
    // also with lateness 10; [0..5) takes 2@3 though it has fired; 4@31 joins [30..35) and fires it again.
    name: "late sessions behind a union of three sources, one idle, one finished, parallelism 3",
    parallelism: 3,
    build({ from, to }) {
      const one = from("a1@0 w5 t10 a2@3 a3@30 w40 t20 a4@31 t30 a5@20 w60 t100");
      const sessions = one.union(from("idle t200"), from("c1@1")).keyBy(key)
        .window(EventTimeSessionWindows.withGap(5)).allowedLateness(10).sideOutputLateData(LATE).process(showing);
      to(sessions, "main");
      to(sessions.getSideOutput(LATE), "late");
    },
    expected: "main[a=1[0..5)@4 c=1[1..6)@5 a=1+2[0..8)@7 a=3[30..35)@34 a=3+4[30..36)@35] late[a5@20]",
  },
  {
    name: "outer coGroup: every key that is on one side at least",
    build({ from, to }) {
      const joined = from("a1@0 b1@4 a2@5 w20").coGroup(from("a10@1 c10@2 b20@7 w20")).where(key).equalTo(key)
        .window(T5).apply<string>((left, right, out) => out.collect(`${values(left)}|${values(right)}`));
      to(joined, "o");
    },
    expected: "o[a1|a10@4 b1|@4 |c10@4 a2|@9 |b20@9]",
  },
  {
    name: "join over sliding windows meets once per common window",
    build({ from, to }) {
      const joined = from("a1@0 a2@4 w20").join(from("a10@1 a20@6 w20")).where(key).equalTo(key)
        .window(SlidingEventTimeWindows.of(6, 3)).apply((l, r) => `${l.v},${r.v}`);
      to(joined, "o");
    },
    expected: "o[1,10@2 1,10@5 2,10@5 2,20@8]",
  },
  {
    name: "self join: all pairs of a window",
    build({ from, to }) {
      const stream = from("a1@1 a2@2 w5 a3@6");
      to(stream.join(stream).where(key).equalTo(key).window(T5).apply((l, r) => `${l.v},${r.v}`), "o");
    },
    expected: "o[1,1@4 1,2@4 2,1@4 2,2@4 3,3@9]",
  },
  {
    name: "union with itself: everything twice",
    build({ from, to }) {
      const stream = from("a1@1 w5 a2@6");
      to(stream.union(stream).keyBy(key).window(T5).process(showing), "o");
    },
    expected: "o[a=1+1[0..5)@4 a=2+2[5..10)@9]",
  },
  {
    name: "windows over the results of windows",
    build({ from, to }) {
      const small = from("a1@0 a2@4 b3@6 w6 a4@8 w9 a5@12").keyBy(key).window(T5).reduce(add);
      to(small.windowAll(TumblingEventTimeWindows.of(10)).reduce(add), "o");
    },
    expected: "o[a10@9 a5@19]",
  },
  {
    name: "timestamps assigned anew: the watermarks of the source are swallowed",
    build({ from, to }) {
      const anew = from("a5@100 a3@200 w300 a20 a12").assignTimestampsAndWatermarks(
        WatermarkStrategy.forBoundedOutOfOrderness<Rec>(2).withTimestampAssigner((rec) => rec.v),
      );
      to(anew.keyBy(key).window(T5).process(showing), "o");
    },
    expected: "o[a=3[0..5)@4 a=5[5..10)@9 a=12[10..15)@14 a=20[20..25)@24]",
  },
  {
    name: "a side output of timers carries their time into the next window",
    build({ from, to }) {
      const timed = from("a1@1 b2@3 w4 a3@2 w9").keyBy(key).process<Rec>({
        processElement(rec, ctx, out) {
          ctx.timerService().registerEventTimeTimer(ctx.timestamp()! + 4);
          out.collect(rec);
        },
        onTimer(time, ctx) {
          ctx.output(TIMED, { k: ctx.getCurrentKey(), v: time });
        },
      });
      to(timed, "main");
      to(timed.getSideOutput(TIMED).keyBy(key).window(TumblingEventTimeWindows.of(3)).process(showing), "side");
    },
    expected: "main[a1@1 b2@3 a3@2] side[a=5[3..6)@5 a=6[6..9)@8 b=7[6..9)@8]",
  },
  {
    name: "interval join: bounds, the later of both timestamps, late on one side",
    build({ from, to }) {
      const left = from("a1@10 a2@12 w15 t5 a3@14 a4@16").keyBy(key);
      const right = from("a10@9 w14 t6 a11@13 a12@15").keyBy(key);
      const joined = left.intervalJoin(right).between(-2, 1).sideOutputLeftLateData(LEFT).sideOutputRightLateData(RIGHT)
        .process<string>({ processElement: (l, r, _ctx, out) => out.collect(`${l.v},${r.v}`) });
      to(joined, "o");
      to(joined.getSideOutput(LEFT), "left");
      to(joined.getSideOutput(RIGHT), "right");
    },
    expected: "o[1,10@10 3,12@15 4,12@16] left[] right[a11@13]",
  },
  {
    name: "broadcast rules: those that have come",
    build({ from, to }) {
      const rules = new MapStateDescriptor<string, number>("rules");
      const rated = from("t5 a1@1 b2@2 t15 b3@3").keyBy(key).connect(from("a100@0 t10 b200@0").broadcast(rules))
        .process<string>({
          processElement(rec, ctx, out) {
            out.collect(`${rec.k}${rec.v}:${ctx.getBroadcastState(rules).get(rec.k) ?? "-"}`);
          },
          processBroadcastElement(rec, ctx, out) {
            ctx.getBroadcastState(rules).put(rec.k, rec.v);
            out.collect(`rule ${rec.k}`);
          },
        });
      to(rated, "o");
    },
    expected: "o[rule a@0 a1:100@1 b2:-@2 rule b@0 b3:200@3]",
  },
  {
    // 4 and 8 are the trigger's own times; at 9 it fires for its time and for the end; late ones fire at once.
    name: "a continuous trigger with lateness",
    build({ from, to }) {
      const windows = from("a1@0 w3 a2@5 w6 a3@7 w9 w10 a4@8 w12 a5@9 w30").keyBy(key)
        .window(TumblingEventTimeWindows.of(10)).trigger(ContinuousEventTimeTrigger.of(4)).allowedLateness(5);
      to(windows.process(showing), "o");
    },
    expected: "o[a=1+2[0..10)@9 a=1+2+3[0..10)@9 a=1+2+3[0..10)@9 a=1+2+3+4[0..10)@9 a=1+2+3+4+5[0..10)@9]",
  },
  {
    name: "sliding count windows: the last 3 at every 2nd; the timestamp is the end of time",
    build: ({ from, to }) => to(from("a1 a2 a3 b1 a4 a5 b2").keyBy(key).countWindow(3, 2).process(showing), "o"),
    expected: "o[a=1+2[*]@max a=2+3+4[*]@max b=1+2[*]@max]",
  },
  {
    name: "the end of the input fires no processing-time window",
    build: ({ from, to }) =>
      to(from("a1 t3 a2 t12 a3").keyBy(key).window(TumblingProcessingTimeWindows.of(10)).process(showing), "o"),
    expected: "o[a=1+2[0..10)@9]",
  },
  {
    // Watermark 10 until the first source ends at time 5, then 20.
    name: "windowAll over a union, late data when one input has ended",
    build({ from, to }) {
      const windows = from("a1@1 w10 t5 a2@3 a3@11").union(from("b1@2 w20 t6 b2@9 b3@21")).windowAll(T5)
        .sideOutputLateData(LATE).reduce(add);
      to(windows, "o");
      to(windows.getSideOutput(LATE), "late");
    },
    expected: "o[a2@4 a3@14 b3@24] late[a2@3 b2@9]",
  },
  {
    name: "a running reduce keeps the timestamp of the record, or its lack",
    build: ({ from, to }) => to(from("a1@5 a2@3 b1@7 a4").keyBy(key).reduce(add), "o"),
    expected: "o[a1@5 a3@3 b1@7 a7]",
  },
  {
    name: "state of a window, of its key, and late firings",
    build({ from, to }) {
      const firings = new ValueStateDescriptor<number>("firings");
      const counted = from("a1@1 w4 a2@2 a3@6 w9 a4@3 w30").keyBy(key).window(T5).allowedLateness(20).process<string>({
        process(k, ctx, elements, out) {
          const ofKey = ctx.globalState().getState(firings);
          const ofWindow = ctx.windowState().getState(firings);
          ofKey.update((ofKey.value() ?? 0) + 1);
          ofWindow.update((ofWindow.value() ?? 0) + 1);
          const counts = `n=${Array.from(elements).length},key=${ofKey.value()},window=${ofWindow.value()}`;
          out.collect(`${k}${windowText(ctx.window())}:${counts},w=${ctx.currentWatermark()}`);
        },
        clear: (ctx) => ctx.windowState().getState(firings).clear(),
      });
      to(counted, "o");
    },
    expected: "o[a[0..5):n=1,key=1,window=1,w=4@4 a[0..5):n=2,key=2,window=2,w=4@4 " +
      "a[5..10):n=1,key=3,window=1,w=9@9 a[0..5):n=3,key=4,window=3,w=9@4]",
  },
  {
    name: "results of an async function have the timestamp of their request and stay before the watermark",
    build({ from, to }) {
      const asked: DataStream<Rec> = AsyncDataStream.unorderedWait(
        from("a3@1 a1@2 w2 a2@3 w8"),
        { asyncInvoke: (rec: Rec, result) => result.complete([rec, { ...rec, v: rec.v * 10 }]) },
        1000,
        10,
      );
      to(asked.keyBy(key).window(TumblingEventTimeWindows.of(3)).process(showing), "o");
    },
    expected: "o[a=3+30+1+10[0..3)@2 a=2+20[3..6)@5]",
  },
];

for (const job of jobs) {
  Deno.test(`mixed: ${job.name}`, async () => assert.equal(await run(job), job.expected));
}
