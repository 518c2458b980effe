/**
 * Runs every golden job in BATCH mode: the final results are those of the plain streaming run, which are pinned, however
 * the stages are cut, however little memory there is for sorting, inline and in threads.
 *
 * @module
 */

import assert from "node:assert/strict";
import { Gate, type MiniCluster, miniCluster, RecordingSink, testEnvironment } from "tsflink/testing";
import { GOLDEN_JOBS } from "./jobs.ts";
import { assertPinned, sorted } from "./pinned.ts";

const BATCH = { "execution.runtime-mode": "BATCH" };

interface Variation {
  readonly parallelism: number;
  readonly configuration?: Readonly<Record<string, unknown>>;
}

const VARIATIONS: Readonly<Record<string, Variation>> = {
  "parallelism 1": { parallelism: 1 },
  "parallelism 2": { parallelism: 2 },
  "parallelism 3": { parallelism: 3 },
  "sorted on disk": { parallelism: 2, configuration: { "execution.sorted-inputs.memory": "1 kb" } },
  "a run per record": {
    parallelism: 1,
    configuration: { "execution.sorted-inputs.memory": "1 b", "execution.batch.max-rows": 1 },
  },
  "all stages at once": {
    parallelism: 2,
    configuration: { "execution.batch-shuffle-mode": "ALL_EXCHANGES_PIPELINED", "execution.batch.max-rows": 7 },
  },
  "input as it comes": { parallelism: 2, configuration: { "execution.sorted-inputs.enabled": false } },
  "no chains": { parallelism: 3, configuration: { "pipeline.operator-chaining.enabled": false } },
  "interpreted": { parallelism: 2, configuration: { "pipeline.optimize.codegen": false } },
  "AUTOMATIC": { parallelism: 2, configuration: { "execution.runtime-mode": "AUTOMATIC" } },
};

let cluster: MiniCluster | undefined;
Deno.test.afterAll(async () => await cluster?.close());

for (const [index, [name, job]] of Object.entries(GOLDEN_JOBS).entries()) {
  Deno.test({
    name: `golden in BATCH mode: ${name}`,
    // Threads that wait for the next job outlive a test; the last hook ends them.
    sanitizeOps: false,
    sanitizeResources: false,
    async fn(t) {
      for (const [how, { parallelism, configuration }] of Object.entries(VARIATIONS)) {
        await t.step(how, async () => {
          const { env } = testEnvironment({ parallelism, configuration: { ...BATCH, ...configuration } });
          const gate = new Gate();
          gate.open();
          const sink = new RecordingSink<unknown>();
          job({ env, gate }).sinkTo(sink);
          await env.execute();
          assertPinned(name, sorted(sink.values));
        });
      }
      if (index % 5 !== 4) return;
      await t.step({
        name: "in threads",
        sanitizeOps: false,
        sanitizeResources: false,
        fn: async () => {
          cluster ??= miniCluster({ workerHost: "worker_threads", spareSlots: 2 });
          const program = new URL("./golden_program.ts", import.meta.url);
          const configuration = { ...BATCH, "parallelism.default": 2, "execution.sorted-inputs.memory": "1 kb" };
          const { result } = await cluster.run(program, { args: [name], configuration });
          const rows = await result;
          assert.ok(Array.isArray(rows));
          assertPinned(name, sorted(rows));
        },
      });
    },
  });
}
