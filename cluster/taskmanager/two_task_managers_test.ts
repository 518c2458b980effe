/**
 * Jobs across two TaskManagers, with real slot threads and the real JobMaster; only the network is inside this process.
 *
 * @module
 */

import assert from "node:assert/strict";
import { FlinkError } from "../../runtime/errors.ts";
import type { LinkStatistics } from "./shuffle_link.ts";
import { startJob, TestCluster } from "./testdata/two_task_managers.ts";

const NOTHING = { slots: 0, pairs: 0, bells: 0, links: 0, waiting: 0 };

const later = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** All that jobs leave behind; connections are kept for a while. */
function leftOver({ taskManagers }: TestCluster): unknown[] {
  return taskManagers.map(({ executor }) => ({ ...executor.status.sizes, connections: undefined }));
}

async function with2(run: (cluster: TestCluster) => Promise<void>, slots = 1): Promise<void> {
  const cluster = await TestCluster.start({ slots });
  try {
    await run(cluster);
  } finally {
    await cluster.close();
  }
}

/** Sums of the numbers to `n` by their remainder. */
function sums(n: number, keys: number): string[] {
  const totals = new Map<number, number>();
  for (let i = 1; i <= n; i++) totals.set(i % keys, (totals.get(i % keys) ?? 0) + i);
  return [...totals].map(([key, total]) => `${key}=${total}`).toSorted();
}

const SUMS = (n: number, keys: number) => `
  env.fromSequence(1, ${n}).rebalance().map((n) => ({ key: n % ${keys}, n, last: n > ${n} - ${keys} }))
    .keyBy("key").reduce((a, b) => ({ key: a.key, n: a.n + b.n, last: b.last || a.last }))
    .keyBy("key").process({ state: new Map(), processElement(r) { this.rows ??= new Map(); this.rows.set(r.key, r.n); },
      open() {}, close() { for (const [key, n] of this.rows ?? []) console.log(key + "=" + n); } })
    .sinkTo(new DiscardingSink());
  await env.execute();`;

Deno.test("a keyed job over two and over four slots of two TaskManagers: the result is the one of a loop", async () => {
  for (const parallelism of [2, 4]) {
    await with2(async (cluster) => {
      const { end, slots } = await startJob(cluster, `env.setParallelism(${parallelism});${SUMS(50_000, 97)}`);
      assert.equal(await end, "FINISHED");
      const printed = cluster.taskManagers.map(({ log }) => log.printed.map(({ line }) => line));
      assert.deepEqual(printed.flat().toSorted(), sums(50_000, 97));
      assert.ok(printed.every((lines) => lines.length > 10), "both have had a share");
      for (const { executor } of cluster.taskManagers) {
        const { bytesIn, bytesOut, droppedFrames, malformedFrames } = executor.status.shuffle;
        assert.ok(bytesIn > 50_000 && bytesOut > 50_000);
        assert.deepEqual([droppedFrames, malformedFrames], [0, 0]);
      }
      assert.deepEqual(leftOver(cluster), [NOTHING, NOTHING].map((each) => ({ ...each, connections: undefined })));
      await slots.freeAll();
      assert.ok(
        cluster.taskManagers.every(({ executor }) => executor.status.slots.every(({ state }) => state === "FREE")),
      );
    }, parallelism / 2);
  }
});

Deno.test("a sink that takes its time: what waits on the way stays within the buffers of the channels", async () => {
  await with2(async (cluster) => {
    const { job, end } = await startJob(
      cluster,
      `env.setParallelism(2);
       env.fromSequence(1, 100_000_000).map((n) => ({ n, text: "some text that takes room" })).keyBy("n")
         .map((r) => { const until = performance.now() + 1; while (performance.now() < until); return r; })
         .sinkTo(new DiscardingSink());
       await env.execute();`,
    );
    const look = () => cluster.taskManagers.flatMap(({ executor }) => executor.status.shuffle.links);
    while (look().length < 2 || look().some(({ buffersIn }) => buffersIn === 0)) await later(20);
    // Long enough for a source that nothing holds back to send thousands.
    await later(500);
    const seen: LinkStatistics[] = look();
    for (const { buffersIn, queuedBytes, maxQueuedBytes } of seen) {
      assert.ok(buffersIn > 0);
      // One channel each way: 2 buffers of its own, 8 of the gate; the ring holds them all.
      assert.ok(queuedBytes <= 10 * 32_768 && maxQueuedBytes <= 10 * 32_768, `${maxQueuedBytes}`);
      assert.ok(buffersIn <= 40, `${buffersIn} buffers came through`);
    }
    await job.cancel();
    assert.ok(await end instanceof FlinkError);
    assert.deepEqual(leftOver(cluster), [NOTHING, NOTHING].map((each) => ({ ...each, connections: undefined })));
  });
});

Deno.test("the network between two TaskManagers breaks: the job fails with a code that names the other one", async () => {
  await with2(async (cluster) => {
    const { end, job } = await startJob(
      cluster,
      `env.setParallelism(2);
       env.fromSequence(1, 1e12).keyBy((n) => n % 10).reduce((a, b) => a + b).sinkTo(new DiscardingSink());
       await env.execute();`,
    );
    let failure: unknown;
    void end.then((error) => failure = error);
    const carries = () => cluster.taskManagers.every(({ executor }) => executor.status.shuffle.bytesIn > 100_000);
    while (!carries() && failure === undefined) await later(20);
    assert.equal(failure, undefined);
    for (const { dataAddress } of cluster.taskManagers) cluster.network.cut(dataAddress);
    const error = await end as FlinkError;
    assert.equal(error.code, "TSF-5264", `${error}`);
    assert.ok(cluster.taskManagers.some(({ dataAddress: { port } }) => error.message.includes(String(port))));
    assert.equal(await job.getJobStatus(), "FAILED");
    // Fenced at once; the threads take their turn to end.
    while (cluster.taskManagers.some(({ executor }) => executor.status.threads.length > 0)) await later(20);
    assert.deepEqual(leftOver(cluster), [NOTHING, NOTHING].map((each) => ({ ...each, connections: undefined })));
  });
});
