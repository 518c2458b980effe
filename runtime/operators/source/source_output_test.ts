/** What generated code tells the generator: that of the output the reader has chosen for its batches. */

import assert from "node:assert/strict";
import { WatermarkStrategy } from "../../functions/watermarks/watermark_strategies.ts";
import type { Output } from "../../types/stream_element.ts";
import { ProgressiveSourceOutput, TimestampsOnlySourceOutput } from "./source_output.ts";

function outputs(strategy: WatermarkStrategy<number>) {
  const seen: string[] = [];
  const output = {
    emit: (value: number, timestamp: number) => void seen.push(`${value}@${timestamp}`),
    emitWatermark: (timestamp: number) => void seen.push(`W${timestamp}`),
    emitStatus: (status: string) => void seen.push(status),
  } as unknown as Output<number>;
  const listener = {
    updateCurrentEffectiveWatermark: () => {},
    updateIdle: () => {},
    updateCurrentSplitWatermark: (id: string, timestamp: number) => void seen.push(`${id}:${timestamp}`),
    updateCurrentSplitIdle: () => {},
    splitFinished: () => {},
  };
  const options = { output, strategy, listener: listener as never, monotonicMs: () => 0 };
  return {
    seen,
    progressive: new ProgressiveSourceOutput<number>(options),
    batch: new TimestampsOnlySourceOutput(options),
  };
}
/** What the loop over a batch does with its largest timestamp. */
function tell(main: ProgressiveSourceOutput<number>, timestamp: number): void {
  const { generator, onEvent } = main.parts;
  generator!.onEvent(undefined, timestamp, onEvent);
}

Deno.test("the watermark is the smallest of the splits that batches were told to be for", () => {
  const { seen, progressive } = outputs(WatermarkStrategy.forMonotonousTimestamps<number>());
  assert.ok(progressive.parts.keepsMaximum);
  const [a, b] = ["a", "b"].map((id) => progressive.createOutputForSplit(id));
  progressive.chooseForBatch(a);
  tell(progressive, 50);
  progressive.emitPeriodicWatermark();
  assert.deepEqual(seen.splice(0).filter((each) => each.startsWith("W")), [], "b has said nothing yet");
  progressive.chooseForBatch(b);
  tell(progressive, 20);
  progressive.emitPeriodicWatermark();
  assert.deepEqual(seen.splice(0).filter((each) => each.startsWith("W")), ["W19"]);
  tell(progressive, 90);
  progressive.emitPeriodicWatermark();
  assert.ok(seen.includes("W49"), `${seen}`);
});

Deno.test("records of a batch count like records that were collected", () => {
  const oneByOne = outputs(WatermarkStrategy.forMonotonousTimestamps<number>());
  const inBatches = outputs(WatermarkStrategy.forMonotonousTimestamps<number>());
  for (const [id, timestamp] of [["a", 5], ["b", 7], ["a", 9], ["b", 8], ["a", 30], ["b", 31]] as const) {
    oneByOne.progressive.createOutputForSplit(id).collect(0, timestamp);
    inBatches.progressive.chooseForBatch(inBatches.progressive.createOutputForSplit(id));
    tell(inBatches.progressive, timestamp);
    for (const { progressive } of [oneByOne, inBatches]) progressive.emitPeriodicWatermark();
  }
  const watermarks = (seen: readonly string[]): string[] => seen.filter((each) => !each.includes("@"));
  assert.deepEqual(watermarks(inBatches.seen), watermarks(oneByOne.seen));
  assert.ok(inBatches.seen.includes("W29"));
});

Deno.test("nothing chosen, or the main output: its own generator; no generator, nothing to choose", () => {
  const { seen, progressive, batch } = outputs(WatermarkStrategy.forMonotonousTimestamps<number>());
  tell(progressive, 10);
  progressive.emitPeriodicWatermark();
  assert.deepEqual(seen.splice(0), ["W9"]);
  progressive.chooseForBatch(progressive.createOutputForSplit("a"));
  progressive.chooseForBatch(undefined);
  tell(progressive, 20);
  progressive.emitPeriodicWatermark();
  assert.deepEqual(seen.splice(0), ["W19"]);
  assert.equal(outputs(WatermarkStrategy.noWatermarks<number>()).progressive.parts.generator, undefined);
  batch.chooseForBatch(undefined);
  assert.equal(batch.parts.generator, undefined);
});
