import assert from "node:assert/strict";
import { DiscardingSink, StreamExecutionEnvironment, WatermarkStrategy } from "tsflink";
import { Gate, scriptedSource, testSeams } from "tsflink/testing";
import { hostBinding } from "../../runtime/api/host_binding.ts";
import { systemSeams } from "../../runtime/seams/system/system_seams.ts";
import { localExecutor } from "../entrypoint/local.ts";
import type { LocalJob } from "./local_job.ts";

/** An environment whose jobs show themselves. */
function environment(): { env: StreamExecutionEnvironment; jobs: LocalJob[]; idle: () => Promise<void> } {
  const jobs: LocalJob[] = [];
  const waiters: (() => void)[] = [];
  const executor = localExecutor({
    seams: { ...systemSeams({ seed: 1 }), log: testSeams().log },
    onJob: (job) => jobs.push(job),
    job: { onIdle: () => waiters.splice(0).forEach((resolve) => resolve()) },
  });
  const env = StreamExecutionEnvironment.ofHost({
    executor: () => Promise.resolve(executor),
    connectors: hostBinding().connectors,
    args: () => [],
  });
  return { env, jobs, idle: () => new Promise((resolve) => waiters.push(resolve)) };
}

Deno.test("progress of every vertex and operator, producers first, while running and at the end", async () => {
  const gate = new Gate();
  const { env, jobs, idle } = environment();
  const script = [1, 2, 3, 4, 5, 6].map((value) => ({ value, timestamp: value }));
  const source = scriptedSource<number>([...script, { watermark: 6 }, { until: gate }]);
  env.fromSource(source, WatermarkStrategy.noWatermarks(), "numbers").filter((n) => n > 2).rebalance()
    .flatMap((n) => [n, n]).setParallelism(2).sinkTo(new DiscardingSink()).setParallelism(2);
  const client = await env.executeAsync();
  const [job] = jobs;
  assert.deepEqual(job.progress().map(({ watermark, states }) => [watermark, states]), [
    [undefined, { RUNNING: 1 }],
    [undefined, { RUNNING: 2 }],
  ]);
  // Both tasks wait twice: for the splits, then at the gate.
  while (job.progress()[1].watermark === undefined) await idle();
  const [first, second] = job.progress();
  assert.deepEqual([first.name, first.parallelism, first.numRecordsIn, first.numRecordsOut, first.watermark], [
    "Source: numbers -> Filter",
    1,
    0,
    4,
    6,
  ]);
  assert.deepEqual(first.operators, [
    { name: "Source: numbers", numRecordsIn: 0, numRecordsOut: 6 },
    { name: "Filter", numRecordsIn: 6, numRecordsOut: 4 },
  ]);
  assert.deepEqual([second.parallelism, second.numRecordsIn, second.watermark, second.isBackPressured], [
    2,
    4,
    6,
    false,
  ]);
  assert.deepEqual(second.operators.map((op) => [op.numRecordsIn, op.numRecordsOut]), [[4, 8], [8, 0]]);
  gate.open();
  await client.getJobExecutionResult();
  assert.deepEqual(job.progress().map(({ states }) => states), [{ FINISHED: 1 }, { FINISHED: 2 }]);
  assert.equal(job.progress()[1].watermark, Number.MAX_SAFE_INTEGER);
});

Deno.test("the lowest watermark of the subtasks counts; a vertex behind a stuck sink is back-pressured", async () => {
  const { env, jobs } = environment();
  const stuck = Promise.withResolvers<void>();
  const written = Promise.withResolvers<void>();
  env.fromSequence(1, 1e9).rebalance().map((n) => n).sinkTo({
    createWriter: () => ({ write: () => (written.resolve(), stuck.promise), flush: () => {}, close: () => {} }),
  });
  const client = await env.executeAsync();
  await written.promise;
  await new Promise((resolve) => setTimeout(resolve));
  const [producer, consumer] = jobs[0].progress();
  assert.deepEqual([producer.isBackPressured, consumer.isBackPressured, consumer.numRecordsIn], [true, false, 1]);
  await client.cancel();
  assert.deepEqual(jobs[0].progress().map(({ states }) => states), [{ CANCELED: 1 }, { CANCELED: 1 }]);
});
