/** Sources in whole jobs: watermarks of splits, alignment of sources and of splits, ends and stops. */

import assert from "node:assert/strict";
import { type ConfigurationValues, type Source, TumblingEventTimeWindows, WatermarkStrategy } from "tsflink";
import { Gate, RecordingSink, scriptedSource, type ScriptStep, testEnvironment } from "tsflink/testing";
import { type Rec, showing, step, steps, timeText } from "./job_script.ts";

const MONOTONOUS = WatermarkStrategy.forMonotonousTimestamps<Rec>();

/** Records and the watermarks between them, as the one sink sees them. */
function seen({ records, watermarks }: RecordingSink<unknown>): string {
  const out: string[] = [];
  let next = 0;
  const show = () => {
    const { value, timestamp } = records[next++];
    const text = typeof value === "string" ? value : (value as Rec).k + (value as Rec).v;
    out.push(timestamp === undefined ? text : `${text}@${timestamp}`);
  };
  for (const { watermark, afterRecords } of watermarks) {
    while (next < afterRecords) show();
    out.push(`w${timeText(watermark)}`);
  }
  while (next < records.length) show();
  return out.join(" ");
}

Deno.test("source: watermarks of splits", async () => {
  const punctuated = WatermarkStrategy.forGenerator<Rec>(() => ({
    onEvent(rec, timestamp, output) {
      if (rec.v % 2 === 0) output.emitWatermark(timestamp);
    },
    onPeriodicEmit() {},
  }));
  const table: [string[], WatermarkStrategy<Rec>, ConfigurationValues, string][] = [
    // At 200, 400, 600: the minimum over the splits.
    [["a1@10 t250 a2@20 t1000", "b1@5 t450 b2@30 t1000"], MONOTONOUS, {}, "a1@10 b1@5 w4 a2@20 b2@30 w19 wmax"],
    // One that is read to its end holds nobody back.
    [["a1@10 t250 a2@20 t1000", "b1@5"], MONOTONOUS, {}, "a1@10 b1@5 w9 a2@20 w19 wmax"],
    // a is idle from 1200 on, b from 1800: then the larger one of both goes out. a wakes at 2000.
    [
      ["a1@10 t250 a2@20 t2000 a3@50 t3000", "b1@5 t900 b2@6 t3000"],
      MONOTONOUS.withIdleness(500),
      {},
      "a1@10 b1@5 w4 a2@20 b2@6 w5 w19 a3@50 w49 wmax",
    ],
    [["a1@10 t250 a2@20 t1000"], MONOTONOUS, { "pipeline.auto-watermark-interval": "0 ms" }, "a1@10 a2@20 wmax"],
    [["a1@10 t250 a2@20 t1000"], MONOTONOUS, { "pipeline.auto-watermark-interval": "300 ms" }, "a1@10 a2@20 w19 wmax"],
    // On an event: right behind the record, rising only.
    [["a1@1 a2@5 a3@4 a4@3 a6@9"], punctuated, {}, "a1@1 a2@5 w5 a3@4 a4@3 a6@9 w9 wmax"],
  ];
  for (const [scripts, strategy, configuration, expected] of table) {
    const { env } = testEnvironment({ configuration });
    const sink = new RecordingSink<Rec>();
    const script = scripts.map(steps);
    env.fromSource(scriptedSource(script.length === 1 ? script[0] : { splits: script }), strategy, "s").sinkTo(sink);
    await env.execute();
    assert.equal(seen(sink), expected, scripts.join(" + "));
  }
});

Deno.test("source: a stop with drain is the end of time, one without leaves windows open", async () => {
  for (const [drain, expected] of [[true, "w1 a=1[0..5)@4 wmax"], [false, "w1"]] as const) {
    const test = testEnvironment();
    const sink = new RecordingSink<string>();
    test.env.fromSource(
      scriptedSource([step("a1@1"), step("w1"), { until: new Gate() }, step("a2@9")]),
      WatermarkStrategy.noWatermarks<Rec>(),
      "s",
    ).keyBy((rec) => rec.k).window(TumblingEventTimeWindows.of(5)).process(showing).sinkTo(sink);
    const client = await test.env.executeAsync();
    await test.idle();
    await test.stop(client, { drain });
    await client.getJobExecutionResult();
    assert.equal(seen(sink), expected);
  }
});

/** A record every 100 ms whose timestamps are so far from each other. */
function every100(k: string, timestampStep: number): ScriptStep<Rec>[] {
  return Array.from({ length: 20 }, (_, v): ScriptStep<Rec>[] => [
    { untilProcessingTime: v * 100 },
    { value: { k, v }, timestamp: v * timestampStep },
  ]).flat();
}
const BUFFER = "pipeline.watermark-alignment.buffer-size";
const UNALIGNED = "pipeline.watermark-alignment.allow-unaligned-source-splits";

/** When a fast and a slow source, or split, emit: `f0-3@100ms` means f3 was the last before a pause. */
async function aligned(shape: "sources" | "splits" | "splits that cannot pause", configuration: ConfigurationValues) {
  const test = testEnvironment({ configuration: { "pipeline.auto-watermark-interval": "100 ms", ...configuration } });
  const strategy = MONOTONOUS.withWatermarkAlignment("group", 1000, 100);
  const fast = every100("f", 500);
  const slow = every100("s", 50);
  const times: Record<string, number[]> = { f: [], s: [] };
  const from = (source: Source<Rec>) => test.env.fromSource(source, strategy, "source");
  const both = scriptedSource<Rec>({ splits: [fast, slow] });
  if (shape === "splits that cannot pause") {
    const createReader = both.createReader.bind(both);
    both.createReader = (context) => Object.assign(createReader(context), { pauseOrResumeSplits: undefined });
  }
  const stream = shape === "sources"
    ? from(scriptedSource(fast)).union(from(scriptedSource(slow)))
    : from(both as Source<Rec>);
  stream.map((rec) => {
    times[rec.k].push(test.clock.now());
    return rec;
  }).sinkTo(new RecordingSink<Rec>());
  await test.env.execute();
  assert.deepEqual(times.s, Array.from({ length: 20 }, (_, i) => i * 100), "the slow one is never held back");
  return times.f;
}
const onTime = (to: number) => Array.from({ length: to }, (_, i) => i * 100);
const at = (time: number, count: number) => new Array<number>(count).fill(time);

Deno.test("source: alignment holds back what is more than the drift ahead", async () => {
  // f3 is at 1499; the slow one gets to 499 at 1000, which is heard 100 ms later; then f11 (5499) is read in one go.
  const early = [...onTime(4), ...at(1100, 8), ...at(2000, 8)];
  // Three samples have to be ahead: 200 ms more; f5 is at 2499, which the slow one reaches by its end only.
  const late = [...onTime(6), ...at(2000, 14)];
  assert.deepEqual(await aligned("sources", { [BUFFER]: 1 }), early);
  assert.deepEqual(await aligned("sources", { [BUFFER]: 0 }), early);
  assert.deepEqual(await aligned("sources", { [BUFFER]: 3 }), late);
  assert.deepEqual(await aligned("sources", {}), late);
  assert.deepEqual(await aligned("splits", { [BUFFER]: 1 }), early);
});

Deno.test("source: a reader that cannot pause splits fails, unless that is allowed", async () => {
  await assert.rejects(aligned("splits that cannot pause", { [BUFFER]: 1 }), { code: "TSF-2243" });
  assert.deepEqual(await aligned("splits that cannot pause", { [BUFFER]: 1, [UNALIGNED]: true }), onTime(20));
});
