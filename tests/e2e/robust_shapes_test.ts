/**
 * Shapes that break engines: one record that becomes ten million, one watermark that fires a million keys, a sink that
 * takes one record for every hundred made. Memory stays flat and nothing waits for itself.
 *
 * @module
 */

import assert from "node:assert/strict";
import {
  type Collector,
  DiscardingSink,
  type Sink,
  type StreamExecutionEnvironment,
  StreamExecutionEnvironment as Environment,
} from "tsflink";

const MIB = 1 << 20;

/** Runs a job under the real clock and gives the growth of resident memory at its peak, in MiB. */
async function peakGrowth(build: (env: StreamExecutionEnvironment) => void, parallelism = 1): Promise<number> {
  const env = Environment.createLocalEnvironment(parallelism);
  build(env);
  const before = Deno.memoryUsage().rss;
  let peak = before;
  const sampling = setInterval(() => (peak = Math.max(peak, Deno.memoryUsage().rss)), 10);
  try {
    await env.execute();
  } finally {
    clearInterval(sampling);
  }
  return (Math.max(peak, Deno.memoryUsage().rss) - before) / MIB;
}

/** Counts what it gets; the count is read after the job. */
class CountingSink implements Sink<unknown> {
  count = 0;
  createWriter() {
    return { write: () => void this.count++, flush: () => {}, close: () => {} };
  }
}

Deno.test("one record becomes ten million through an iterable, over an exchange", async () => {
  const sink = new CountingSink();
  const growth = await peakGrowth((env) => {
    env.fromData(10_000_000)
      .flatMap(function* (n) {
        for (let i = 0; i < n; i++) yield { i };
      })
      .rebalance().map((record) => record.i).sinkTo(sink);
  });
  assert.equal(sink.count, 10_000_000);
  assert.ok(growth < 150, `memory grew by ${growth.toFixed()} MiB`);
});

Deno.test("one record becomes ten million through a collector, over an exchange: the rest waits on disk", async () => {
  const sink = new CountingSink();
  const growth = await peakGrowth((env) => {
    env.fromData(10_000_000)
      .flatMap((n, out: Collector<{ i: number }>) => {
        for (let i = 0; i < n; i++) out.collect({ i });
      })
      .rebalance().map((record) => record.i).sinkTo(sink);
  });
  assert.equal(sink.count, 10_000_000);
  assert.ok(growth < 250, `memory grew by ${growth.toFixed()} MiB`);
});

Deno.test("one watermark fires a million keys", async () => {
  const sink = new CountingSink();
  let largestStep = 0;
  await peakGrowth((env) => {
    env.fromSequence(1, 1_000_000)
      .assignTimestampsAndWatermarks({ timestamp: () => 1 })
      .keyBy((n) => n)
      .process({
        processElement(_n, ctx, _out: Collector<number>) {
          ctx.timerService().registerEventTimeTimer(1000);
        },
        onTimer(_timestamp, ctx, out) {
          largestStep++;
          out.collect(ctx.getCurrentKey());
        },
      })
      .rebalance().map((n) => n).sinkTo(sink);
  });
  assert.deepEqual([sink.count, largestStep], [1_000_000, 1_000_000]);
});

Deno.test("a sink at one per cent of the speed holds the source back", async () => {
  let made = 0;
  let written = 0;
  let furthestAhead = 0;
  const sink: Sink<number> = {
    createWriter: () => ({
      write: async () => {
        // The source could have made a hundred records while this one is written.
        for (let turn = 0; turn < 20; turn++) await Promise.resolve();
        written++;
        furthestAhead = Math.max(furthestAhead, made - written);
      },
      flush: () => {},
      close: () => {},
    }),
  };
  await peakGrowth((env) => {
    env.fromSequence(1, 60_000).map((n) => {
      made++;
      return n;
    }).rebalance().map((n) => n).sinkTo(sink);
  });
  assert.equal(written, 60_000);
  // 10 + 10 buffers of 256 records wait at most, and a step of the source.
  assert.ok(furthestAhead < 12_000, `the source was ${furthestAhead} records ahead`);
});

Deno.test("producer and consumer of a self-join in one isolate do not wait for each other", async () => {
  const sink = new CountingSink();
  await peakGrowth((env) => {
    const numbers = env.fromSequence(1, 20_000);
    // Both inputs come from one producer; one is 50 times larger.
    const large = numbers.flatMap((n) => Array.from({ length: 50 }, () => n)).rebalance();
    const small = numbers.rebalance();
    large.connect(small).map({ map1: (n) => n, map2: (n) => -n }).sinkTo(sink);
  }, 2);
  assert.equal(sink.count, 20_000 * 51);
});

Deno.test("records of a megabyte pass one by one", async () => {
  const growth = await peakGrowth((env) => {
    env.fromSequence(1, 400).map((n) => "x".repeat(1 << 20) + n).rebalance().map((text) => text.length)
      .sinkTo(new DiscardingSink());
  });
  assert.ok(growth < 300, `memory grew by ${growth.toFixed()} MiB`);
});
