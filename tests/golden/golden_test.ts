/**
 * Runs every golden job in every way: the results are always those of the plain run, which are pinned.
 *
 * @module
 */

import assert from "node:assert/strict";
import { Gate, RecordingSink, testEnvironment, type TestSnapshot } from "tsflink/testing";
import { GOLDEN_JOBS, type GoldenJob } from "./jobs.ts";
import { assertPinned, sorted } from "./pinned.ts";

interface Variation {
  readonly parallelism: number;
  readonly configuration?: Readonly<Record<string, unknown>>;
}

const PLAIN: Variation = { parallelism: 1 };
const VARIATIONS: Readonly<Record<string, Variation>> = {
  "parallelism 2": { parallelism: 2 },
  "parallelism 3, batches of 1": { parallelism: 3, configuration: { "execution.batch.max-rows": 1 } },
  "parallelism 2, batches of 2": { parallelism: 2, configuration: { "execution.batch.max-rows": 2 } },
  "parallelism 8, batches of 7": { parallelism: 8, configuration: { "execution.batch.max-rows": 7 } },
  "parallelism 2, batches of 4096": { parallelism: 2, configuration: { "execution.batch.max-rows": 4096 } },
  "codec": { parallelism: 2, configuration: { "pipeline.exchange.force-codec": true } },
  "codec, small buffers": {
    parallelism: 3,
    configuration: { "pipeline.exchange.force-codec": true, "taskmanager.memory.segment-size": "256 b" },
  },
  "no chains": { parallelism: 2, configuration: { "pipeline.operator-chaining.enabled": false } },
  "object reuse": { parallelism: 2, configuration: { "pipeline.object-reuse": true } },
  // The test kit checks for mutation, which keeps some operators out of generated code.
  "generated": { parallelism: 2, configuration: { "pipeline.check-mutation": false } },
  "generated, batches of 1": {
    parallelism: 1,
    configuration: { "pipeline.check-mutation": false, "execution.batch.max-rows": 1 },
  },
  "generated, object reuse": {
    parallelism: 2,
    configuration: { "pipeline.check-mutation": false, "pipeline.object-reuse": true },
  },
  ...Object.fromEntries(["typed-state", "window-slices", "timer-buckets", "columns"].map((name) => [
    `without ${name}`,
    { parallelism: 2, configuration: { [`pipeline.optimize.${name}`]: false } },
  ])),
  "interpreted": { parallelism: 2, configuration: { "pipeline.optimize.codegen": false } },
  "interpreted, batches of 2": {
    parallelism: 3,
    configuration: { "pipeline.optimize.codegen": false, "execution.batch.max-rows": 2 },
  },
  "every record flushed": { parallelism: 2, configuration: { "execution.buffer-timeout.interval": "0 ms" } },
};

async function run(job: GoldenJob, { parallelism, configuration }: Variation): Promise<string[]> {
  const { env } = testEnvironment({ parallelism, configuration });
  const sink = new RecordingSink<unknown>();
  const gate = new Gate();
  gate.open();
  job({ env, gate }).sinkTo(sink);
  await env.execute();
  return sorted(sink.values);
}

/** Runs to the gates, takes a snapshot, throws the job away and goes on from the snapshot with another parallelism. */
async function runWithRestart(job: GoldenJob, before: number, after: number): Promise<string[]> {
  const first = testEnvironment({ parallelism: before });
  const firstSink = new RecordingSink<unknown>();
  job({ env: first.env, gate: new Gate() }).sinkTo(firstSink);
  const client = await first.env.executeAsync();
  await first.idle();
  const snapshot: TestSnapshot = await first.takeSnapshot(client);
  await client.cancel();

  const second = testEnvironment({ parallelism: after, restoreFrom: snapshot });
  const secondSink = new RecordingSink<unknown>();
  const gate = new Gate();
  gate.open();
  job({ env: second.env, gate }).sinkTo(secondSink);
  await second.env.execute();
  assert.ok(secondSink.values.length > 0, "something is left for after the restart");
  return sorted([...firstSink.values, ...secondSink.values]);
}

for (const [name, job] of Object.entries(GOLDEN_JOBS)) {
  Deno.test(`golden: ${name}`, async (t) => {
    const expected = await run(job, PLAIN);
    assertPinned(name, expected);
    for (const [how, variation] of Object.entries(VARIATIONS)) {
      await t.step(how, async () => assert.deepEqual(await run(job, variation), expected));
    }
    for (const [before, after] of [[1, 1], [1, 3], [2, 1], [3, 2]]) {
      await t.step(`restart with parallelism ${before} -> ${after}`, async () => {
        assert.deepEqual(await runWithRestart(job, before, after), expected);
      });
    }
  });
}
