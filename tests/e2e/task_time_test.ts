import assert from "node:assert/strict";
import { TumblingProcessingTimeWindows, WatermarkStrategy } from "tsflink";
import { RecordingSink, scriptedSource, testEnvironment } from "tsflink/testing";

Deno.test("processing-time windows fire after their last millisecond, and not at the end of input", async () => {
  const { env, clock } = testEnvironment();
  const sink = new RecordingSink<string>();
  env.fromSource(
    scriptedSource<number>([
      { value: 1 },
      { untilProcessingTime: 9_999 },
      { value: 2 },
      { untilProcessingTime: 10_000 },
      { value: 3 },
      { untilProcessingTime: 25_000 },
      { value: 4 },
    ]),
    WatermarkStrategy.noWatermarks(),
    "clicks",
  ).keyBy(() => "all").window(TumblingProcessingTimeWindows.of("10 s")).process({
    process: (_key, ctx, elements, out: { collect(value: string): void }) =>
      out.collect(`${ctx.window().start}: ${[...elements].join()}`),
  }).sinkTo(sink);
  await env.execute();
  assert.deepEqual(
    sink.values,
    ["0: 1,2", "10000: 3"],
    "the window of 4 is dropped with the pending timer, as in Flink",
  );
  assert.ok(clock.now() >= 25_000);
});

Deno.test("the same seed gives the same run", async () => {
  const run = async (seed: number) => {
    const { env } = testEnvironment({ parallelism: 3, seed });
    const sink = new RecordingSink<number>();
    env.fromSequence(1, 200).shuffle().map((n) => n).sinkTo(sink);
    await env.execute();
    return sink.records.map((record) => `${record.subtask}:${record.value}`).join();
  };
  assert.equal(await run(7), await run(7));
  assert.notEqual(await run(7), await run(8));
});
