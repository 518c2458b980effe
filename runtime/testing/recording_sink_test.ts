import assert from "node:assert/strict";
import { MIN_WATERMARK } from "../types/stream_element.ts";
import { sinkConformance } from "./conformance.ts";
import { RecordingSink } from "./recording_sink.ts";
import { SinkRun } from "./sink_run.ts";

const make = (): { sink: RecordingSink<string>; read: () => string[] } => {
  const sink = new RecordingSink<string>();
  return { sink, read: () => sink.values };
};
for (const test of sinkConformance("recording", make, [..."abcd"])) Deno.test(test);

Deno.test("records values, timestamps and watermarks of all subtasks in one place", async () => {
  const sink = new RecordingSink<string>();
  const run = new SinkRun<string>(sink, { parallelism: 2, attemptNumber: 3 });
  await run.write("a", 5);
  run.watermark(4);
  await run.write("b");
  assert.deepEqual(sink.records, [
    { value: "a", timestamp: 5, watermark: MIN_WATERMARK, subtask: 0, attempt: 3 },
    { value: "b", timestamp: undefined, watermark: 4, subtask: 1, attempt: 3 },
  ]);
  assert.deepEqual(sink.watermarks, [
    { watermark: 4, subtask: 0, attempt: 3, afterRecords: 1 },
    { watermark: 4, subtask: 1, attempt: 3, afterRecords: 1 },
  ]);
  sink.clear();
  assert.deepEqual([sink.values, sink.watermarks], [[], []]);
  await run.close();
});

Deno.test("a test can wait for records while they come", async () => {
  const sink = new RecordingSink<number>();
  const run = new SinkRun<number>(sink);
  let seen = 0;
  const waiting = sink.waitFor(2).then(() => seen = sink.values.length);
  await run.write(1);
  await Promise.resolve();
  assert.equal(seen, 0);
  await run.write(2);
  await waiting;
  assert.equal(seen, 2);
  await sink.waitFor(1);
  await run.close();
});
