/** Results on the client's side: order, back pressure, early ends, failures, one reader only. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { FlinkError } from "../errors.ts";
import { CollectChannel, type CollectResult } from "./execute_and_collect.ts";
import { type JobClient, JobExecutionResult } from "./job_client.ts";

/** A job whose end the test decides. */
class FakeJob implements JobClient {
  readonly end: PromiseWithResolvers<JobExecutionResult> = Promise.withResolvers<JobExecutionResult>();
  cancels = 0;
  constructor() {
    this.end.promise.catch(() => {});
  }
  getJobID(): string {
    return "0".repeat(32);
  }
  getJobStatus(): Promise<"RUNNING"> {
    return Promise.resolve("RUNNING");
  }
  cancel(): Promise<void> {
    this.cancels++;
    this.end.reject(new Error("cancelled"));
    return Promise.resolve();
  }
  getJobExecutionResult(): Promise<JobExecutionResult> {
    return this.end.promise;
  }
  getAccumulators(): Promise<Record<string, unknown>> {
    return Promise.resolve({});
  }
  finish(): void {
    this.end.resolve(new JobExecutionResult(this.getJobID(), 1));
  }
}

/** A job that emits the batches, waiting where it is told to, and then ends. */
function running(batches: readonly number[][], options: { capacity?: number; error?: unknown } = {}) {
  const channel = new CollectChannel<number>(options.capacity ?? 100);
  const job = new FakeJob();
  channel.started(job);
  let sent = 0;
  const done = (async () => {
    for (const batch of batches) {
      await channel.receive(batch);
      sent++;
    }
    if (options.error === undefined) job.finish();
    else job.end.reject(options.error);
  })();
  const result: CollectResult<number> = channel;
  return { result, job, done, sent: () => sent, channel };
}

Deno.test("awaiting gives all records in order, at any capacity", async () => {
  await fc.assert(fc.asyncProperty(
    fc.array(fc.array(fc.integer(), { maxLength: 5 }), { maxLength: 8 }),
    fc.integer({ min: 1, max: 6 }),
    async (batches, capacity) => {
      const { result, job } = running(batches, { capacity });
      assert.deepEqual(await result, batches.flat());
      assert.equal(job.cancels, 0, "a job that has ended is not cancelled");
    },
  ));
});

Deno.test("take and limits give the first records and cancel the rest", async () => {
  await fc.assert(fc.asyncProperty(fc.nat(12), fc.integer({ min: 1, max: 4 }), async (limit, capacity) => {
    const batches = [[1, 2, 3], [4, 5], [6, 7, 8, 9]];
    const expected = batches.flat().slice(0, limit);
    for (
      const read of [
        async (result: CollectResult<number>) => await result.take(limit),
        (result: CollectResult<number>) => result.toArray({ limit }),
        (result: CollectResult<number>) => result.take(20).take(limit).toArray(),
        (result: CollectResult<number>) => result.take(limit).toArray({ limit: 20 }),
        (result: CollectResult<number>) => Array.fromAsync(result.take(limit)),
      ]
    ) {
      const { result, job } = running(batches, { capacity });
      assert.deepEqual(await read(result), expected);
      assert.ok(job.cancels <= 1);
      if (limit < 5) assert.equal(job.cancels, 1);
    }
  }));
});

Deno.test("a reader that is behind holds the job back, and records keep their order", async () => {
  const { result, sent, done } = running([[1], [2], [3], [4], [5]], { capacity: 2 });
  await Promise.resolve();
  const iterator = result[Symbol.asyncIterator]();
  assert.ok(sent() < 2, "the second record fills the queue");
  assert.equal((await iterator.next()).value, 1);
  assert.ok(sent() < 4);
  const rest: number[] = [];
  for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) rest.push(next.value);
  assert.deepEqual(rest, [2, 3, 4, 5]);
  await done;
});

Deno.test("leaving a loop cancels the job and lets its sink go on", async () => {
  const { result, job, done } = running([[1], [2], [3], [4]], { capacity: 1 });
  for await (const record of result) if (record === 2) break;
  assert.equal(job.cancels, 1);
  await done;
});

Deno.test("await using cancels the job at the end of the block", async () => {
  const { result, job } = running([[1]], { capacity: 1 });
  {
    await using results = result;
    assert.equal(typeof results.take, "function");
  }
  assert.equal(job.cancels, 1);
});

Deno.test("a failure comes after the records before it", async () => {
  const { result } = running([[1, 2]], { error: new Error("broken") });
  const seen: number[] = [];
  await assert.rejects(async () => {
    for await (const record of result) seen.push(record);
  }, /broken/);
  assert.deepEqual(seen, [1, 2]);
});

Deno.test("a job that was refused fails its reader, once it reads", async () => {
  const channel = new CollectChannel<number>(4);
  channel.failed(new Error("refused"));
  await assert.rejects(channel.getJobClient(), /refused/);
  await assert.rejects(async () => await channel, /refused/);
  const untouched = new CollectChannel<number>(4);
  untouched.failed(new Error("nobody reads this"));
});

Deno.test("results can be read once", async () => {
  const { result } = running([[1]]);
  assert.deepEqual(await result, [1]);
  await assert.rejects(async () => await result, (error) => error instanceof FlinkError && error.code === "TSF-1219");
});

Deno.test("limits are whole numbers", async () => {
  const { result } = running([[1]]);
  for (const limit of [-1, 0.5, NaN]) {
    assert.throws(() => result.take(limit), (error) => error instanceof FlinkError && error.code === "TSF-1214");
    await assert.rejects(result.toArray({ limit }), (error) => (error as FlinkError).code === "TSF-1214");
  }
});

Deno.test("what comes after the end is dropped without waiting", async () => {
  const { result, channel } = running([[1]]);
  await result.cancel();
  assert.equal(channel.receive([2, 3]), undefined);
  assert.deepEqual(await result, []);
});
