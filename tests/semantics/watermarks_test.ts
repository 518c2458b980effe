/** Watermarks over channels, splits, inputs and generators: minimum, idleness, ends, channels that come back. */

import { TumblingEventTimeWindows, WatermarkStrategy } from "tsflink";
import {
  Gate,
  ProcessFunctionTestHarnesses,
  RecordingSink,
  scriptedSource,
  type ScriptStep,
  testEnvironment,
} from "tsflink/testing";
import { type AnyStream, cases, type Rec, runJob, showing, step, timeText, windowCases } from "./job_script.ts";

/**
 * Runs a script over several channels or inputs in a fixed order of steps: `0:w5 1:a1@3 ...`, the number says which source.
 *
 * @param shape `channels`: subtasks of one source behind an exchange. `union`, `connect`: sources of their own.
 *   `splits`: splits of one reader.
 */
async function interleaved(script: string, shape: "channels" | "union" | "connect" | "splits"): Promise<string> {
  const tokens = script.split(/\s+/).map((token) => {
    const [source, what] = token.split(":");
    return { source: +source, what };
  });
  const numSources = Math.max(...tokens.map(({ source }) => source)) + 1;
  const gates = tokens.map(() => new Gate());
  const scripts = Array.from({ length: numSources }, (_, source) =>
    tokens.flatMap((token, i): ScriptStep<Rec>[] => {
      if (token.source !== source) return [];
      return token.what === "end" ? [{ until: gates[i] }] : [{ until: gates[i] }, step(token.what)];
    }));
  // A source without an end goes on until the very last gate.
  const last = new Gate();
  scripts.forEach((steps, source) => {
    if (!tokens.some((token) => token.source === source && token.what === "end")) steps.push({ until: last });
  });
  const parallelism = shape === "channels" ? numSources : 1;
  const { env, idle } = testEnvironment({ parallelism });
  const sink = new RecordingSink<Rec>();
  const none = WatermarkStrategy.noWatermarks<Rec>();
  const split = shape === "channels" || shape === "splits";
  const sources: AnyStream[] = split
    ? [env.fromSource(scriptedSource({ splits: scripts }), none, "all")]
    : scripts.map((steps) => env.fromSource(scriptedSource(steps), none, "one"));
  const [first, ...rest] = sources;
  const stream = shape === "union"
    ? first.union(...rest)
    : shape === "connect"
    ? first.connect(rest[0]).map({ map1: (rec: Rec) => rec, map2: (rec: Rec) => rec })
    : shape === "channels"
    ? first.global()
    : first;
  (stream as AnyStream).sinkTo(sink).setParallelism(1);
  const client = await env.executeAsync();
  const out: string[] = [];
  let marks = 0;
  let records = 0;
  const look = () => {
    for (const { watermark } of sink.watermarks.slice(marks)) out.push(`w${timeText(watermark)}`);
    for (const { value } of sink.records.slice(records)) out.push(`${value.k}${value.v}`);
    marks = sink.watermarks.length;
    records = sink.records.length;
  };
  await idle();
  for (const gate of gates) {
    gate.open();
    await idle();
    look();
    out.push("|");
  }
  last.open();
  await client.getJobExecutionResult();
  look();
  return out.join(" ").replace(/ ?\|( wmax)?$/, "$1").trim();
}

const minimum: [string, string][] = [
  ["0:w5 1:w3 0:w7 1:w9", "| w3 | | w7 | w9 wmax"],
  ["0:w5 0:w6 1:w6", "| | w6 wmax"],
  ["0:w5 1:w5 0:w4 1:w4", "| w5 | | wmax"],
  // An end holds nobody back, whether or not it had a watermark.
  ["0:w5 1:end 0:w7", "| w5 | w7 wmax"],
  ["0:w5 1:w3 1:end 0:w7", "| w3 | w5 | w7 wmax"],
  ["1:end 0:w5 0:w6", "| w5 | w6 wmax"],
  ["0:w5 1:end 0:end", "| w5 | wmax"],
  // Idle ones do not count; the last to become idle lets the largest out.
  ["0:w5 1:idle 0:w7", "| w5 | w7 wmax"],
  ["0:w5 1:w3 1:idle", "| w3 | w5 wmax"],
  ["0:w15 1:w10 1:idle 0:w18", "| w10 | w15 | w18 wmax"],
  ["0:idle 1:idle", "| wmax"],
  ["0:w10 1:w5 0:idle 1:idle", "| w5 | | w10 wmax"],
  // An end beside an idle input: not the end of time (FLINK-38477).
  ["0:idle 1:w4 1:end 0:w7", "| w4 | | w7 wmax"],
  ["0:w9 0:idle 1:w4 1:end 0:w12", "| | w4 | w9 | w12 wmax"],
];
for (const shape of ["channels", "union"] as const) {
  cases(`watermarks of ${shape}`, minimum, (script) => interleaved(script, shape));
}
cases("watermarks of connected streams", minimum, (script) => interleaved(script, "connect"));

// Flink's valve: a channel that comes back takes part only once it has caught up.
const realign: [string, string][] = [
  ["0:w10 1:w7 2:w3 2:idle 2:active 2:w5 2:w9 1:w12", "| | w3 | w7 | | | | w9 wmax"],
  ["0:w7 1:w10 0:idle 0:active 1:w12", "| w7 | w10 | | w12 wmax"],
  ["0:w7 1:w10 0:idle 0:active 0:w9 1:w12", "| w7 | w10 | | | w12 wmax"],
  ["0:w7 1:w10 0:idle 0:active 0:w9 0:idle 1:w11", "| w7 | w10 | | | | w11 wmax"],
  ["0:w7 1:w10 0:idle 0:active 0:w11 1:w15", "| w7 | w10 | | | w11 | w15 wmax"],
  ["0:w25 1:w10 2:w17 1:idle 2:idle", "| | w10 | w17 | w25 wmax"],
  ["0:w10 1:w5 2:w3 0:idle 1:idle 2:idle", "| | w3 | | | w10 wmax"],
  ["0:w15 1:w10 2:idle 1:w18 0:w20", "| | w10 | w15 | w18 wmax"],
  // Not held back by one that came back, though it is far behind.
  ["0:w10 1:w7 2:w3 2:idle 2:active 0:w12 1:w11", "| | w3 | w7 | | | w11 wmax"],
];
for (const shape of ["channels", "union"] as const) {
  cases(`channels that come back, ${shape}`, realign, (script) => interleaved(script, shape));
}

cases("watermarks of splits of one reader", [
  ["0:w5 1:w3 0:w7 1:w9", "| w3 | | w7 wmax"],
  // A split that is gone holds nothing back from the next periodic emission on.
  ["0:w5 1:w3 1:end 0:w7", "| w3 | | w5 w7 wmax"],
  ["0:w5 1:idle 0:w7", "| w5 | w7 wmax"],
  ["0:w5 1:w3 1:idle 0:w8", "| w3 | w5 | w8 wmax"],
], (script) => interleaved(script, "splits"));

cases("no output while all active channels are unaligned", [
  ["0:w10 1:w7 2:idle 2:active 0:idle 1:idle 2:w11", "| | w7 | | | | w11 wmax"],
], (script) => interleaved(script, "union"));
// A split that says "active" does not wake its subtask, only a watermark does, as in Flink.
cases("an active mark of a split does not end the idleness of its channel", [
  ["0:w10 1:w7 2:idle 2:active 0:idle 1:idle 2:w11", "| | w7 | | | w10 | w11 wmax"],
], (script) => interleaved(script, "channels"));

// Windows over parallel sources.
const windows = ([stream]: readonly AnyStream[]): AnyStream =>
  stream.keyBy((rec: Rec) => rec.k).window(TumblingEventTimeWindows.of(5)).process(showing as never);
cases("windows over parallel sources, one idle, one finished", [
  ["a1@1 w9 + idle", "a=1[0..5)@4"],
  ["a1@1 w9 + b1@2 + idle", "a=1[0..5)@4 b=1[0..5)@4"],
  ["a1@1 a1@3 w4 a3@6 w20 + w3 b1@2 w20 + w9 c1@7 w11", "a=1+1[0..5)@4 a=3[5..10)@9 b=1[0..5)@4"],
], async (script) => {
  const found = await runJob(script, { parallelism: 3, build: windows, quiet: true, sorted: true });
  return found.replace(" c=1[5..10)@9", "");
});

// Generators.
const byValue = { timestamp: (rec: Rec) => rec.v };
const assign = (strategy: WatermarkStrategy<Rec>) => ({
  assigner: TumblingEventTimeWindows.of(5),
  build: ([stream]: readonly AnyStream[]): AnyStream => stream.assignTimestampsAndWatermarks(strategy),
});
windowCases(
  "bounded out-of-orderness: periodic, largest timestamp - bound - 1",
  assign(WatermarkStrategy.from({ ...byValue, outOfOrderness: 3 })),
  [
    ["a10 a8 t500 a20 t1000", "a10@10 a8@8 w6 a20@20 w16 W"],
    ["a10 t500 a9 t1000", "a10@10 w6 a9@9 W"],
    // The end of the input comes first, so the generator has nothing to add.
    ["a10", "a10@10 W"],
    ["a-10 t500", "a-10@-10 w-14 W"],
  ],
);
windowCases(
  "monotonous timestamps: largest timestamp - 1",
  assign(WatermarkStrategy.forMonotonousTimestamps<Rec>().withTimestampAssigner((r) => r.v)),
  [
    ["a10 t500 a11 t1000", "a10@10 w9 a11@11 w10 W"],
  ],
);
windowCases(
  "watermarks and statuses from before an assigner end there",
  assign(WatermarkStrategy.noWatermarks<Rec>().withTimestampAssigner((r) => r.v)),
  [
    ["a5@1 w9 a6@2 idle w20", "a5@5 a6@6 W"],
  ],
);
windowCases(
  "a generator that speaks with every record",
  assign(WatermarkStrategy.forGenerator<Rec>(() => ({
    onEvent: (_rec, timestamp, out) => out.emitWatermark(timestamp),
    onPeriodicEmit() {},
  }))),
  [["a1@4 a2@2 a3@6", "a1@4 w4 a2@2 a3@6 w6 W"]],
);
windowCases(
  "a generator that falls back: never passed on",
  assign(WatermarkStrategy.forGenerator<Rec>(() => {
    let last = 0;
    return { onEvent: (_rec, timestamp) => void (last = timestamp), onPeriodicEmit: (out) => out.emitWatermark(last) };
  })),
  [["a1@4 t500 a2@2 t1000 a3@6 t1500", "a1@4 w4 a2@2 a3@6 w6 W"]],
);

cases("withIdleness: a silent stream stops holding the other back", [
  // Looked at every 200 ms; idle when nothing came for more than 1 s since the first look that saw nothing.
  ["b1@5 t9000 / a1@10 t500 a2@20 t900 a3@21 t1100", "b1@5 a1@10 w4 a2@20 a3@21 W"],
  ["b1@5 t9000 / a1@10 t500 a2@20 t1900 a3@31 t2500 a4@40 t3100", "b1@5 a1@10 w4 a2@20 w19 a3@31 w30 a4@40 w39 W"],
  // Both idle: the largest watermark is let out. The one that comes back has to be ahead of it to count.
  ["b1@5 t2000 b2@25 t3000 / a1@20 t1900 a2@31 t2500", "b1@5 a1@20 w4 w19 a2@31 b2@25 w24 W"],
  [
    "b1@5 t2000 b2@25 t2300 b3@27 t2600 b4@40 t9000 / a1@20 t900 a2@31 t2250 a3@33 t2500 a4@35 t2900 a5@50 t4000",
    "b1@5 a1@20 w4 a2@31 w30 b2@25 a3@33 b3@27 w32 a4@35 b4@40 w34 a5@50 w39 w49 W",
  ],
], (script) => {
  const strategy = WatermarkStrategy.forMonotonousTimestamps<Rec>().withIdleness("1 s");
  return runJob(script.split(" / "), { strategy, build: ([silent, busy]) => silent.union(busy) });
});

// The harness: two inputs, each with its own status.
cases("two inputs of a process function", [
  ["1w5 2w3 2w9", "w3 w5"],
  ["1w5 2i", "w5"],
  ["1i 2i", "idle"],
  ["1w5 2w3 1i 2i", "w3 w5 idle"],
  ["1w5 2w3 2i 2a 1w9 2w7", "w3 w5 w7"],
  ["1i 2i 1a 1w4", "idle active w4"],
  ["1wmax 2w4", "w4"],
  ["1wmax 2wmax", "wmax"],
  ["2i 1wmax 2a 2w4", "idle active w4"],
], (script) => {
  const harness = ProcessFunctionTestHarnesses.forCoProcessFunction<Rec, Rec, Rec>({
    processElement1() {},
    processElement2() {},
  });
  for (const token of script.split(" ")) {
    const [, input, kind, time] = /^([12])([wia])(.*)$/.exec(token)!;
    const timestamp = time === "max" ? Number.MAX_SAFE_INTEGER : +time;
    if (kind === "w") input === "1" ? harness.processWatermark1(timestamp) : harness.processWatermark2(timestamp);
    else {
      const status = kind === "i" ? "idle" : "active";
      input === "1" ? harness.processWatermarkStatus1(status) : harness.processWatermarkStatus2(status);
    }
  }
  return harness.getOutput().map((element) =>
    element.kind === "watermark" ? `w${timeText(element.timestamp)}` : element.kind === "status" ? element.status : "?"
  ).join(" ");
});
