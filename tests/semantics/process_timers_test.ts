/** Timers as tables: when they fire, in which order, with which key, after deletion and restore, one per step, in batch. */

import assert from "node:assert/strict";
import { OutputTag, StreamExecutionEnvironment, WatermarkStrategy } from "tsflink";
import { RecordingSink, scriptedSource, testEnvironment } from "tsflink/testing";
import { cases, fails, harnessOf, operatorCases, type Rec, runScript } from "./operator_script.ts";

// deno-lint-ignore no-explicit-any -- any context
type Ctx = any;
// deno-lint-ignore no-explicit-any -- any collector
type Out = any;

const SIDE = new OutputTag<string>("side");

/** Says which timer fired, for which key, in which domain. */
const onTimer = (timestamp: number, ctx: Ctx, out: Out) => {
  const domain = ctx.timeDomain() === "event-time" ? "E" : "P";
  out.collect(`${domain}${timestamp}:${ctx.getCurrentKey()}`);
};
const event = { processElement: (v: Rec, ctx: Ctx) => ctx.timerService().registerEventTimeTimer(v.v), onTimer };
const processing = {
  processElement: (v: Rec, ctx: Ctx) => ctx.timerService().registerProcessingTimeTimer(v.v),
  onTimer,
};

const eventTable = [
  ["a5", ""],
  ["a5 w4", "w4"],
  ["a5 w5", "E5:a@5 w5"],
  ["a5 w9", "E5:a@5 w9"],
  // Once only.
  ["a5 w5 w6", "E5:a@5 w5 w6"],
  ["a5 a5 a5 w5", "E5:a@5 w5"],
  ["a5 w5 a5 w6", "E5:a@5 w5 E5:a@5 w6"],
  // In the order of their times, then of registration.
  ["a7 a5 a6 w9", "E5:a@5 E6:a@6 E7:a@7 w9"],
  ["b5 a5 c5 w5", "E5:b@5 E5:a@5 E5:c@5 w5"],
  ["b7 a5 a6 b4 w5 w7", "E4:b@4 E5:a@5 w5 E6:a@6 E7:b@7 w7"],
  // A timer of the past waits for the next watermark that rises.
  ["w9 a5", "w9"],
  ["w9 a5 w9", "w9"],
  ["w9 a5 w8", "w9"],
  ["w9 a5 w10", "w9 E5:a@5 w10"],
  ["w9 a9 w10", "w9 E9:a@9 w10"],
  ["a0 w0", "E0:a@0 w0"],
  ["a-5 w-6 w-5", "w-6 E-5:a@-5 w-5"],
  // The end of event time fires everything.
  ["a5 b900719925474099 wmax", "E5:a@5 E900719925474099:b@900719925474099 W"],
  // Processing time does not matter.
  ["a5 t100", ""],
  ["t100 a5 w5", "E5:a@5 w5"],
  // Idle does not fire, the watermark does; timers survive a restore.
  ["a5 s1 s0 w5", "idle active E5:a@5 w5"],
  ["a5 b7 | w5 | w7", "E5:a@5 w5 E7:b@7 w7"],
  ["a5 | a5 w5", "E5:a@5 w5"],
  ["b5 a5 | c5 w5", "E5:b@5 E5:a@5 E5:c@5 w5"],
  // A restored operator has no watermark: the first one fires what is due.
  ["w3 a5 w4 | w5", "w3 w4 E5:a@5 w5"],
  ["w9 a5 | w5", "w9 E5:a@5 w5"],
] as const;
operatorCases("event-time timers", cases.keyed(event), eventTable);
operatorCases(
  "event-time timers of two inputs",
  cases.keyedCo({ processElement1: event.processElement, processElement2: event.processElement, onTimer }),
  [
    ["a5 2:a5 2:b5 w5", ""],
    ["a5 2:a5 2:b5 w5 2:w5", "E5:a@5 E5:b@5 w5"],
    ["a5 w9 2:w4 2:w6", "w4 E5:a@5 w6"],
    ["2:a5 w9 2:s1", "E5:a@5 w9"],
    ["2:a5 | w5 2:w5", "E5:a@5 w5"],
    ["a5 wmax", ""],
    ["a5 wmax 2:wmax", "E5:a@5 W"],
  ],
);
operatorCases(
  "event-time timers of the keyed side of a broadcast",
  cases.keyedBroadcast({ ...event, processBroadcastElement: () => {} }, []),
  [["a5 2:x1 w9", ""], ["a5 b4 2:x1 w9 2:w5", "E4:b@4 E5:a@5 w5"], ["a5 | 2:w5 w5", "E5:a@5 w5"]],
);

operatorCases("processing-time timers: no timestamp on results", cases.keyed(processing), [
  ["a5", ""],
  ["a5 t4", ""],
  ["a5 t5", "P5:a"],
  ["a5 t100", "P5:a"],
  ["a5 t5 t6", "P5:a"],
  ["a5 a5 t5", "P5:a"],
  ["a7 a5 a6 t6 t7", "P5:a P6:a P7:a"],
  ["b5 a5 c5 t5", "P5:b P5:a P5:c"],
  ["b7 a5 b6 a8 t6 t9", "P5:a P6:b P7:b P8:a"],
  // A timer of the past fires as soon as possible.
  ["t9 a5", "P5:a"],
  ["t9 a9", "P9:a"],
  ["t9 a10 t9 t10", "P10:a"],
  ["a5 w100", "w100"],
  // An earlier timer moves the alarm.
  ["a50 a5 t5 t50", "P5:a P50:a"],
  ["a5 | t5", "P5:a"],
  ["a5 b7 t5 | t7", "P5:a P7:b"],
  ["t9 a20 | t19 t20", "P20:a"],
  ["a5 wmax", "W"],
]);

operatorCases(
  "timers of both domains do not mix",
  cases.keyed({
    processElement(v: Rec, ctx: Ctx) {
      ctx.timerService().registerEventTimeTimer(v.v);
      ctx.timerService().registerProcessingTimeTimer(v.v);
    },
    onTimer,
  }),
  [
    ["a5 t5 w5", "P5:a E5:a@5 w5"],
    ["a5 w5 t5", "E5:a@5 w5 P5:a"],
    ["a5 w4 t4 | t5 | w5", "w4 P5:a E5:a@5 w5"],
  ],
);

// v > 0 registers, v < 0 deletes, in both domains.
const deletes = {
  processElement(v: Rec, ctx: Ctx) {
    const timers = ctx.timerService();
    if (v.v > 0) {
      timers.registerEventTimeTimer(v.v);
      timers.registerProcessingTimeTimer(v.v);
    } else {
      timers.deleteEventTimeTimer(-v.v);
      timers.deleteProcessingTimeTimer(-v.v);
    }
  },
  onTimer,
};
operatorCases("deleted timers", cases.keyed(deletes), [
  ["a5 a-5 w5 t5", "w5"],
  // Only of that key, that time.
  ["a5 b5 a-5 w5 t5", "E5:b@5 w5 P5:b"],
  ["a5 a6 a-5 w6 t6", "E6:a@6 w6 P6:a"],
  ["a-5 w5 t5", "w5"],
  ["a-5 a5 w5 t5", "E5:a@5 w5 P5:a"],
  ["a5 a-5 a5 w5 t5", "E5:a@5 w5 P5:a"],
  ["a5 a5 a-5 w5 t5", "w5"],
  ["a5 | a-5 w5 t5", "w5"],
  ["a5 w5 t5 a-5 w9 t9", "E5:a@5 w5 P5:a w9"],
]);

// A timer registers or deletes others while it fires.
const chain = (each: (timestamp: number, ctx: Ctx) => void, domain: "EventTime" | "ProcessingTime" = "EventTime") =>
  cases.keyed({
    processElement: (v: Rec, ctx: Ctx) => ctx.timerService()[`register${domain}Timer`](v.v),
    onTimer(timestamp: number, ctx: Ctx, out: Out) {
      onTimer(timestamp, ctx, out);
      each(timestamp, ctx);
    },
  });
operatorCases(
  "a timer registers the next one",
  chain((timestamp, ctx) => timestamp < 9 && ctx.timerService().registerEventTimeTimer(timestamp + 2)),
  [
    ["a1 w5", "E1:a@1 E3:a@3 E5:a@5 w5"],
    ["a1 b2 w4 w99", "E1:a@1 E2:b@2 E3:a@3 E4:b@4 w4 E5:a@5 E6:b@6 E7:a@7 E8:b@8 E9:a@9 E10:b@10 w99"],
    ["a1 wmax", "E1:a@1 E3:a@3 E5:a@5 E7:a@7 E9:a@9 W"],
    ["a1 w3 | w5", "E1:a@1 E3:a@3 w3 E5:a@5 w5"],
  ],
);
operatorCases(
  "a timer registers one in the past: in the same advance",
  chain((timestamp, ctx) => timestamp > 3 && ctx.timerService().registerEventTimeTimer(timestamp - 1)),
  [["a5 w5", "E5:a@5 E4:a@4 E3:a@3 w5"], ["a5 b4 w9", "E4:b@4 E3:b@3 E5:a@5 E4:a@4 E3:a@3 w9"]],
);
operatorCases(
  "a processing-time timer registers the next one",
  chain((t, ctx) => t < 9 && ctx.timerService().registerProcessingTimeTimer(t + 2), "ProcessingTime"),
  [["a1 t5 t20", "P1:a P3:a P5:a P7:a P9:a"], ["a1 t2 t3 | t5", "P1:a P3:a P5:a"]],
);
operatorCases(
  "a timer deletes another one that is due as well",
  chain((timestamp, ctx) => ctx.timerService().deleteEventTimeTimer(timestamp + 1)),
  [["a1 a2 a3 w9", "E1:a@1 E3:a@3 w9"], ["a1 b2 w9", "E1:a@1 E2:b@2 w9"]],
);

operatorCases(
  "what a timer sees and its side outputs: the timer's time, also in processing time",
  cases.keyed({
    processElement: (v: Rec, ctx: Ctx) => {
      ctx.timerService().registerEventTimeTimer(v.v);
      ctx.timerService().registerProcessingTimeTimer(v.v + 1);
    },
    onTimer(timestamp: number, ctx: Ctx, out: Out) {
      const timers = ctx.timerService();
      out.collect(`${ctx.timestamp()} w${timers.currentWatermark()} p${timers.currentProcessingTime()}`);
      ctx.output(SIDE, `${timestamp}`);
    },
  }),
  [["w0 a5 w9 t20", "w0 5 w9 p0@5 w9 6 w9 p20 / side 5@5 6@6"]],
);

operatorCases(
  "timers and state",
  cases.keyed({
    state: { seen: { kind: "value" } },
    processElement(v: Rec, ctx: Ctx, out: Out) {
      if (ctx.state.seen.value() === undefined) {
        ctx.state.seen.update(v.v);
        ctx.timerService().registerEventTimeTimer(ctx.timerService().currentWatermark() + 5);
        out.collect(`in ${v.v}`);
      } else {
        ctx.state.seen.clear();
        ctx.timerService().deleteEventTimeTimer(ctx.timerService().currentWatermark() + 4);
        out.collect("cleared");
      }
    },
    onTimer: (_t: number, ctx: Ctx, out: Out) => out.collect(`state ${ctx.state.seen.value()}`),
  }),
  [
    ["w1 a17@0 w2 b42@1 w6 w7", "w1 in 17@0 w2 in 42@1 state 17@6 w6 state 42@7 w7"],
    ["w1 a17@0 w2 a17@1 w6", "w1 in 17@0 w2 cleared@1 w6"],
    ["w1 a17@0 | w6", "w1 in 17@0 state 17@6 w6"],
  ],
);

Deno.test("timers: times that are none, functions that throw or promise", () => {
  for (const time of [NaN, undefined, null, "5"]) {
    const given = cases.keyed({
      processElement: (_v: Rec, ctx: Ctx) => ctx.timerService().registerEventTimeTimer(time),
    });
    fails(given, "a1", "TSF-2006");
  }
  fails(cases.keyed({ ...event, onTimer: () => Promise.resolve() }), "a5 w5", "TSF-2002");
  const boom = () => {
    throw new Error("boom");
  };
  assert.match(fails(cases.keyed({ ...event, onTimer: boom }), "a5 w5", "TSF-2001").message, /boom/);
});

Deno.test("timers: how many are set", () => {
  const harness = harnessOf(cases.keyed({
    processElement(v: Rec, ctx: Ctx) {
      ctx.timerService().registerEventTimeTimer(v.v);
      ctx.timerService().registerProcessingTimeTimer(v.v);
      ctx.timerService().registerProcessingTimeTimer(v.v + 10);
    },
  })) as Ctx;
  for (const [k, v] of [["a", 5], ["b", 5], ["a", 5], ["a", 6]] as const) harness.processElement({ k, v });
  assert.deepEqual([harness.numEventTimeTimers(), harness.numProcessingTimeTimers()], [3, 6]);
  harness.processWatermark(5);
  harness.setProcessingTime(6);
  assert.deepEqual([harness.numEventTimeTimers(), harness.numProcessingTimeTimers()], [1, 3]);
});

// Timers may fire one per step; the order and the results are the same.
Deno.test("timers: one per step", () => {
  for (const room of [1, 2, 3, 5]) {
    let asked = 0;
    const given = cases.keyed(event, { proceed: () => ++asked % room !== 0 });
    for (const [script, expected] of eventTable) assert.equal(runScript(given, script), expected, `${room}: ${script}`);
  }
});

Deno.test("timers: bounded input without watermarks fires event-time timers at its end", async () => {
  const env = StreamExecutionEnvironment.createLocalEnvironment(1);
  const fired = await env.fromData<Rec>({ k: "a", v: 5 }, { k: "b", v: 3 }).keyBy("k").process({
    processElement: (v, ctx) => ctx.timerService().registerEventTimeTimer(v.v),
    onTimer: (timestamp, ctx, out: { collect(value: string): void }) =>
      out.collect(`${ctx.getCurrentKey()}${timestamp}`),
  }).executeAndCollect();
  assert.deepEqual(fired, ["b3", "a5"]);
});

// Flink's batch mode: no watermark but the last; records of a key come by timestamp; all timers fire at the end of the
// key, and those set by timers are ignored.
Deno.test("timers: in batch mode all of them fire at the end, event time first", async () => {
  for (const parallelism of [1, 3]) {
    const { env } = testEnvironment({ parallelism });
    env.setRuntimeMode("BATCH");
    const sink = new RecordingSink<string>();
    const records = [{ k: "a", v: 5 }, { k: "a", v: 3 }].map((value) => ({ value, timestamp: value.v }));
    env.fromSource(scriptedSource<Rec>(records), WatermarkStrategy.noWatermarks<Rec>(), "in").keyBy("k").process({
      processElement(v, ctx, out: Out) {
        out.collect(`in${v.v}`);
        ctx.timerService().registerEventTimeTimer(v.v);
        ctx.timerService().registerProcessingTimeTimer(1_000_000 + v.v);
      },
      onTimer(timestamp, ctx, out: Out) {
        onTimer(timestamp, ctx, out);
        ctx.timerService().registerProcessingTimeTimer(7);
        ctx.timerService().registerEventTimeTimer(8);
      },
    }).sinkTo(sink);
    await env.execute();
    assert.equal(sink.values.join(" "), "in3 in5 E3:a E5:a P1000003:a P1000005:a", `parallelism ${parallelism}`);
  }
});
