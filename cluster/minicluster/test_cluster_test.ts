import assert from "node:assert/strict";
import { type Collector, DiscardingSink, type StreamExecutionEnvironment, WatermarkStrategy } from "tsflink";
import { Gate, RecordingSink, scriptedSource, type ScriptStep, testEnvironment } from "tsflink/testing";

const source = (env: StreamExecutionEnvironment, ...script: ScriptStep<number>[]) =>
  env.fromSource(scriptedSource<number>(script), WatermarkStrategy.noWatermarks(), "script");

/** Each value with the processing time at which it is seen. */
function timed(env: StreamExecutionEnvironment, ...script: ScriptStep<number>[]): RecordingSink<string> {
  const sink = new RecordingSink<string>();
  source(env, ...script).process({
    processElement: (n, ctx, out: Collector<string>) =>
      out.collect(`${n}@${ctx.timerService().currentProcessingTime()}`),
  }).sinkTo(sink);
  return sink;
}

Deno.test("the clock moves on by itself whenever all tasks wait, and only then", async () => {
  const { env, clock } = testEnvironment({
    startMs: 1000,
    configuration: { "pipeline.auto-watermark-interval": "0 ms" },
  });
  const sink = timed(env, { value: 1 }, { untilProcessingTime: 5000 }, { value: 2 }, { untilProcessingTime: 3000 }, {
    value: 3,
  });
  await env.execute();
  assert.deepEqual([sink.values, clock.now()], [["1@1000", "2@5000", "3@5000"], 5000]);
});

Deno.test("without autoAdvance it stands still until the test moves it; idle() waits for all there is to do", async () => {
  const { env, clock, idle } = testEnvironment({ autoAdvance: false });
  const sink = timed(env, { value: 1 }, { untilProcessingTime: 70 }, { value: 2 }, { untilProcessingTime: 90 }, {
    value: 3,
  });
  const client = await env.executeAsync();
  const seen: string[][] = [];
  for (const now of [0, 69, 70, 89, 95]) {
    clock.advanceTo(now);
    await idle();
    seen.push([...sink.values]);
  }
  assert.deepEqual(seen, [["1@0"], ["1@0"], ["1@0", "2@70"], ["1@0", "2@70"], ["1@0", "2@70", "3@95"]]);
  assert.equal(await client.getJobStatus(), "FINISHED");
  await idle();
});

Deno.test("idle() over two jobs waits for both", async () => {
  const { env, idle } = testEnvironment({ autoAdvance: false });
  let mapped = 0;
  source(env, { until: new Gate() }).sinkTo(new DiscardingSink());
  const waiting = await env.executeAsync();
  env.fromSequence(1, 50_000).rebalance().map((n) => (mapped++, n)).sinkTo(new DiscardingSink());
  await env.executeAsync();
  await idle();
  assert.equal(mapped, 50_000);
  await waiting.cancel();
  await idle();
});

Deno.test("asynchronous work gets its turn before the clock moves", async () => {
  const { env, clock } = testEnvironment({ configuration: { "pipeline.auto-watermark-interval": "0 ms" } });
  const times: number[] = [];
  env.fromData(1, 2, 3).sinkTo({
    createWriter: () => ({
      write: async () => {
        for (let turn = 0; turn < 5; turn++) await Promise.resolve();
        times.push(clock.now());
      },
      flush: () => {},
      close: () => {},
    }),
  });
  clock.after(50, () => {});
  await env.execute();
  assert.deepEqual(times, [0, 0, 0]);
});

Deno.test("a snapshot of a running job, restored while the first goes on, and one of a job that has ended", async () => {
  const gate = new Gate();
  const first = testEnvironment();
  const script = [{ value: 1 }, { value: 2 }, { until: gate }, { value: 3 }];
  const sink = new RecordingSink<number>();
  source(first.env, ...script).uid("s").keyBy(() => "all").reduce((a, b) => a + b).uid("sum").sinkTo(sink);
  const client = await first.env.executeAsync();
  await first.idle();
  const snapshot = await first.takeSnapshot(client, 9);
  gate.open();
  await client.getJobExecutionResult();
  assert.deepEqual(sink.values, [1, 3, 6]);
  const second = testEnvironment({ restoreFrom: snapshot });
  const again = new RecordingSink<number>();
  source(second.env, ...script).uid("s").keyBy(() => "all").reduce((a, b) => a + b).uid("sum").sinkTo(again);
  await second.env.execute();
  assert.deepEqual(again.values, [6]);
  await assert.rejects(first.takeSnapshot(client, 10), { code: "TSF-5030" });
});

Deno.test("many jobs one after the other in one environment", async () => {
  const { env } = testEnvironment();
  for (let job = 0; job < 200; job++) {
    const sums = await env.fromSequence(1, 10).keyBy(() => "all").reduce((a, b) => a + b).executeAndCollect();
    assert.equal(sums.at(-1), 55);
  }
});
