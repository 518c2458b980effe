import assert from "node:assert/strict";
import { WatermarkStrategy } from "../../functions/watermarks/watermark_strategies.ts";
import type { HarnessElement } from "../../testing/harness_elements.ts";
import { OneInputStreamOperatorTestHarness } from "../../testing/one_input_harness.ts";
import { MAX_WATERMARK } from "../../types/stream_element.ts";
import type { OperatorConfig } from "../operator.ts";
import { timestampsWatermarksOperator } from "./timestamps_watermarks.ts";

interface Event {
  readonly at: number;
}
type Harness = OneInputStreamOperatorTestHarness<Event, Event>;

function harness(strategy: WatermarkStrategy<Event>, config: Partial<OperatorConfig> = {}): Harness {
  return new OneInputStreamOperatorTestHarness<Event, Event>(timestampsWatermarksOperator(strategy), {
    config: { autoWatermarkIntervalMs: 50, ...config },
    name: "event time",
    uid: "et",
  });
}

/** "r5" a record with timestamp 5, "w5" a watermark, "idle", ... */
function text(elements: HarnessElement[]): string {
  return elements.map((element) => {
    if (element.kind === "record") return `r${element.timestamp ?? "-"}`;
    if (element.kind === "watermark") return element.timestamp === MAX_WATERMARK ? "max" : `w${element.timestamp}`;
    return element.kind === "status" ? element.status : element.kind;
  }).join(" ");
}

const byField = WatermarkStrategy.forBoundedOutOfOrderness<Event>(10).withTimestampAssigner((event) => event.at);
const punctuated = WatermarkStrategy.forGenerator<Event>(() => ({
  onEvent: (_event, timestamp, output) => output.emitWatermark(timestamp),
  onPeriodicEmit: () => {},
})).withTimestampAssigner((event) => event.at);
const idling = byField.withIdleness(100);

const CASES: readonly [
  string,
  WatermarkStrategy<Event>,
  Partial<OperatorConfig>,
  (harness: Harness) => void,
  string,
][] = [
  ["nothing before the interval is over", byField, {}, (h) => {
    h.processElement({ at: 100 });
    h.setProcessingTime(49);
  }, "r100"],
  ["periodic emission, not repeated without progress", byField, {}, (h) => {
    h.processElement({ at: 100 });
    h.setProcessingTime(50);
    h.setProcessingTime(100);
    h.processElement({ at: 90 });
    h.setProcessingTime(150);
    h.processElement({ at: 111 });
    h.setProcessingTime(200);
  }, "r100 w89 r90 r111 w100"],
  ["no watermark before the first record", byField, {}, (h) => h.setProcessingTime(500), ""],
  ["the next emission is counted from the last one", byField, {}, (h) => {
    h.setProcessingTime(70);
    h.processElement({ at: 100 });
    h.setProcessingTime(119);
    h.setProcessingTime(120);
  }, "r100 w89"],
  ["interval 0 emits none", byField, { autoWatermarkIntervalMs: 0 }, (h) => {
    h.processElement({ at: 100 });
    h.setProcessingTime(1000);
  }, "r100"],
  ["negative timestamps", byField, {}, (h) => {
    h.processElement({ at: -100 });
    h.setProcessingTime(50);
  }, "r-100 w-111"],
  ["on an event: after the record, before the next", punctuated, {}, (h) => {
    h.processElement({ at: 5 });
    h.processElement({ at: 3 });
    h.processElement({ at: 6 });
  }, "r5 w5 r3 r6 w6"],
  ["upstream watermarks end here, but MAX passes", byField, {}, (h) => {
    h.processWatermark(5000);
    h.processElement({ at: 100 });
    h.processWatermark(MAX_WATERMARK);
    h.setProcessingTime(50);
  }, "r100 max"],
  ["upstream statuses end here", byField, {}, (h) => {
    h.processWatermarkStatus("idle");
    h.processWatermarkStatus("active");
    h.processElement({ at: 1 });
  }, "r1"],
  ["the record's own timestamp without an assigner", WatermarkStrategy.forMonotonousTimestamps(), {}, (h) => {
    h.processElement({ at: 1 }, 77);
    h.setProcessingTime(50);
  }, "r77 w76"],
  ["a record without timestamp keeps none", WatermarkStrategy.forMonotonousTimestamps(), {}, (h) => {
    h.processElement({ at: 1 });
    h.setProcessingTime(50);
  }, "r-"],
  ["idle once, active with the next rising watermark", idling, {}, (h) => {
    h.processElement({ at: 100 });
    for (const time of [50, 100, 150, 200, 250, 300]) h.setProcessingTime(time);
    h.processElement({ at: 200 });
    h.setProcessingTime(350);
  }, "r100 w89 idle r200 active w189"],
  ["a record that does not raise the watermark leaves it idle", idling, {}, (h) => {
    h.processElement({ at: 100 });
    for (const time of [50, 100, 150, 200, 250]) h.setProcessingTime(time);
    h.processElement({ at: 50 });
    h.setProcessingTime(300);
  }, "r100 w89 idle r50"],
  ["MAX makes an idle stream active first", idling, {}, (h) => {
    for (const time of [50, 100, 150, 200]) h.setProcessingTime(time);
    h.processWatermark(MAX_WATERMARK);
  }, "idle active max"],
  ["finish emits what is due and stops the timer", byField, {}, (h) => {
    h.processElement({ at: 100 });
    h.endInput();
    h.finish();
    h.setProcessingTime(1000);
  }, "r100 w89"],
  ["BATCH: timestamps, and MAX only", idling, { runtimeMode: "BATCH" }, (h) => {
    h.processElement({ at: 100 });
    h.setProcessingTime(1000);
    h.processWatermark(MAX_WATERMARK);
    h.finish();
  }, "r100 max"],
  ["BATCH: a generator is not even asked on events", punctuated, { runtimeMode: "BATCH" }, (h) => {
    h.processElement({ at: 5 });
  }, "r5"],
];
for (const [name, strategy, config, run, expected] of CASES) {
  Deno.test(`timestamps and watermarks: ${name}`, () => {
    const one = harness(strategy, config);
    one.open();
    run(one);
    assert.equal(text(one.getOutput()), expected);
  });
}

Deno.test("the idleness clock stands still during back pressure", () => {
  const one = harness(idling);
  one.open();
  one.setProcessingTime(50);
  one.getOperator().onBackPressure(true);
  one.getOperator().onBackPressure(true);
  one.setProcessingTime(1000);
  one.getOperator().onBackPressure(false);
  one.setProcessingTime(1100);
  assert.equal(text(one.getOutput()), "", "100 ms without back pressure are not more than 100 ms");
  one.setProcessingTime(1150);
  assert.equal(text(one.getOutput()), "idle");
});

for (const bad of [undefined, null, NaN, Infinity, "5", new Date(5), 5n]) {
  Deno.test(`a timestamp that is ${typeof bad} ${bad} fails with TSF-2202 naming the operator`, () => {
    const one = harness(byField.withTimestampAssigner(() => bad as number));
    assert.throws(() => one.processElement({ at: 1 }), (error: { code: string; operator?: unknown; hint: string }) => {
      assert.equal(error.code, "TSF-2202");
      assert.deepEqual(error.operator, { name: "event time", uid: "et" });
      assert.equal(error.hint.includes("getTime"), bad instanceof Date);
      return true;
    });
    assert.equal(text(one.getOutput()), "");
  });
}

Deno.test("a generator that throws in the periodic emission names the operator", () => {
  const one = harness(WatermarkStrategy.forGenerator<Event>(() => ({
    onEvent: () => {},
    onPeriodicEmit: () => {
      throw new Error("no watermark today");
    },
  })));
  one.open();
  assert.throws(() => one.setProcessingTime(50), { code: "TSF-2001", operator: { name: "event time", uid: "et" } });
});
