/**
 * Large and many: long chains, many operators, subtasks, inputs and jobs, one after the other and at once.
 *
 * @module
 */

import assert from "node:assert/strict";
import v8 from "node:v8";
import vm from "node:vm";
import { type DataStream, DiscardingSink, WatermarkStrategy } from "tsflink";
import { Gate, RecordingSink, scriptedSource, testEnvironment } from "tsflink/testing";

const NONE = WatermarkStrategy.noWatermarks<number>();

Deno.test("two hundred operators, in one chain and with an exchange between any two", async () => {
  for (const exchange of [false, true]) {
    const { env } = testEnvironment();
    const sink = new RecordingSink<number>();
    let stream: DataStream<number> = env.fromSequence(1, 500);
    for (let i = 0; i < 200; i++) stream = exchange ? stream.map((n) => n + 1).rebalance() : stream.map((n) => n + 1);
    stream.sinkTo(sink);
    await env.execute();
    assert.deepEqual(sink.values, Array.from({ length: 500 }, (_, n) => n + 201));
  }
});

Deno.test("twenty jobs at once, each with results of its own", async () => {
  const { env } = testEnvironment();
  const results = await Promise.all(Array.from({ length: 20 }, async (_, i) => {
    const sums = await env.fromSequence(1, 2000).keyBy((n) => n % 7).reduce((a, b) => a + b).setParallelism(2)
      .map((n) => n * i).executeAndCollect();
    return [sums.length, Math.max(...sums) / Math.max(i, 1)];
  }));
  const largest = Math.max(
    ...Array.from(
      { length: 7 },
      (_, key) => Array.from({ length: 2000 }, (_, n) => n + 1).filter((n) => n % 7 === key).reduce((a, b) => a + b),
    ),
  );
  assert.deepEqual(results, results.map((_, i) => [2000, i === 0 ? 0 : largest]));
});

Deno.test("a union of fifty streams, and one of a stream with itself", async () => {
  const { env } = testEnvironment({ parallelism: 2 });
  const sink = new RecordingSink<number>();
  const streams = Array.from({ length: 50 }, (_, i) => env.fromSequence(i * 100, i * 100 + 99));
  const [first, ...rest] = streams;
  first.union(...rest, first, first).rebalance().map((n) => n).sinkTo(sink);
  await env.execute();
  const expected = Array.from({ length: 5000 }, (_, n) => n < 100 ? [n, n, n] : [n]).flat();
  assert.deepEqual(sink.values.toSorted((a, b) => a - b), expected);
});

Deno.test("parallelism 64 in one isolate: all to all, keyed, broadcast", async () => {
  const { env } = testEnvironment({ parallelism: 64 });
  const sink = new RecordingSink<number>();
  env.fromSequence(1, 3000).keyBy((n) => n % 500).reduce((a, b) => a + b).rebalance().map((n) => n % 500).broadcast()
    .filter((n) => n === 0).sinkTo(sink);
  await env.execute();
  // Each of the six sums of key 0 is a multiple of 500; other keys give one when the sum of their first few is.
  const keys = Array.from(
    { length: 500 },
    (_, key) => Array.from({ length: 6 }, (_, i) => i * 500 + key).filter((n) => n > 0).concat(key === 0 ? [3000] : []),
  );
  const running = keys.flatMap((numbers) => numbers.map((_, i) => numbers.slice(0, i + 1).reduce((a, b) => a + b)));
  assert.equal(sink.values.length, 64 * running.filter((sum) => sum % 500 === 0).length);
  assert.equal(new Set(sink.records.map(({ subtask }) => subtask)).size, 64);
});

Deno.test("a diamond whose arms differ in speed and amount", async () => {
  const { env } = testEnvironment({ parallelism: 2 });
  const sink = new RecordingSink<number>();
  const source = env.fromSequence(1, 2000);
  const slow = source.rebalance().flatMap(function* (n) {
    for (let i = 0; i < 20; i++) yield n;
  }).rebalance();
  source.filter((n) => n % 2 === 0).connect(slow).map({ map1: (n) => n, map2: (n) => -n }).sinkTo(sink);
  await env.execute();
  const count = (test: (n: number) => boolean) => sink.values.filter(test).length;
  assert.deepEqual([count((n) => n > 0), count((n) => n < 0)], [1000, 40_000]);
});

Deno.test("empty sources and a source whose subtasks are empty", async () => {
  const { env } = testEnvironment({ parallelism: 3 });
  const sink = new RecordingSink<number>();
  const splits = [[], [{ value: 5, timestamp: 5 }], []];
  env.fromData<number>([]).union(env.fromSource(scriptedSource<number>({ splits }), NONE, "mostly empty"))
    .keyBy((n) => n).reduce((a, b) => a + b).sinkTo(sink);
  await env.execute();
  assert.deepEqual(sink.values, [5]);
  assert.equal(sink.watermarks.filter(({ watermark }) => watermark === Number.MAX_SAFE_INTEGER).length, 3);
});

Deno.test("memory stays flat over hundreds of jobs, finished, failed and cancelled", async () => {
  const { env } = testEnvironment();
  const one = async (i: number) => {
    const stream = i % 3 === 2
      ? env.fromSource(scriptedSource<number>([{ value: 1 }, { until: new Gate() }]), NONE, "waits")
      : env.fromSequence(1, 50);
    stream.keyBy((n) => n % 5).reduce((a, b) => a + b).map((n) => {
      if (i % 3 === 1) throw new Error("fails");
      return n;
    }).sinkTo(new DiscardingSink());
    const client = await env.executeAsync();
    if (i % 3 === 2) await client.cancel();
    await client.getJobExecutionResult().catch(() => {});
  };
  const gc = collector();
  const usedAfter = async (from: number, to: number) => {
    for (let i = from; i < to; i++) await one(i);
    gc();
    return Deno.memoryUsage().heapUsed / 1024;
  };
  await usedAfter(0, 60);
  const early = await usedAfter(60, 120);
  const late = await usedAfter(120, 420);
  assert.ok(late - early < 4 * 300, `${((late - early) / 300).toFixed(1)} KiB stay of each job`);
});

/** Collects garbage when told. */
function collector(): () => void {
  v8.setFlagsFromString("--expose_gc");
  return vm.runInNewContext("gc");
}
