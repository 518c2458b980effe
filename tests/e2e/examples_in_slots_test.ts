/**
 * The examples as programs: they print the same inline, in threads of node:worker_threads and in Web Workers, at
 * parallelism 1, 2, 3 and 8; all but the order, the number of the subtask that a print sink puts before its lines, and
 * how many milliseconds something took.
 *
 * `deno task test` runs each example once in every kind of slots, the parallelism rotates. All of it:
 *
 *     EXAMPLES_IN_SLOTS=all deno test -A tests/e2e/examples_in_slots_test.ts
 *
 * @module
 */

import assert from "node:assert/strict";
import { type MiniCluster, miniCluster } from "tsflink/testing";

const ROOT = new URL("../../", import.meta.url);
const HOSTS = ["inline", "worker_threads", "web"] as const;
const PARALLELISMS = [1, 2, 3, 8];
type Host = typeof HOSTS[number];

/** Arguments that make them short, and how many lines they print then. */
const EXAMPLES: Readonly<Record<string, { readonly args: readonly string[]; readonly lines: number }>> = {
  airline_delays: { args: ["--rate", "0"], lines: 103 },
  async_enrichment: { args: ["--delay", "0"], lines: 21 },
  batch_gaps: { args: ["--top", "5"], lines: 5 },
  broadcast_rules: { args: [], lines: 136 },
  interval_join: { args: [], lines: 103 },
  nexmark_q1: { args: ["--events", "5000"], lines: 1 },
  nexmark_q5: { args: ["--events", "20000"], lines: 5 },
  nexmark_q8: { args: ["--events", "20000"], lines: 172 },
  sessions: { args: [], lines: 14 },
  state_and_timers: { args: [], lines: 20 },
  word_count: { args: ["--input", new URL("README.md", ROOT).pathname], lines: 10 },
};

const clusters = new Map<Host, MiniCluster>();
function clusterOf(host: Host): MiniCluster {
  const cluster = clusters.get(host) ??
    (host === "inline" ? miniCluster({ isolation: "inline" }) : miniCluster({ workerHost: host, spareSlots: 2 }));
  clusters.set(host, cluster);
  return cluster;
}
Deno.test.afterAll(async () => {
  for (const cluster of clusters.values()) await cluster.close();
});

async function outputOf(example: string, host: Host, parallelism: number): Promise<string[]> {
  const program = new URL(`examples/${example}.ts`, ROOT);
  const configuration = { "parallelism.default": parallelism };
  const run = await clusterOf(host).run(program, { args: EXAMPLES[example].args, configuration });
  await run.result;
  return run.output.flatMap((text) => text.split("\n"))
    .map((line) => line.replace(/^\d+> /, "").replace(/\b\d+ ms\b/, "... ms")).sort();
}

const isWhole = Deno.env.get("EXAMPLES_IN_SLOTS") === "all";

for (const [index, example] of Object.keys(EXAMPLES).entries()) {
  Deno.test({
    name: `example in slots: ${example}`,
    sanitizeOps: false,
    sanitizeResources: false,
    async fn(t) {
      const expected = await outputOf(example, "inline", 1);
      assert.equal(expected.length, EXAMPLES[example].lines);
      for (const [shift, host] of HOSTS.entries()) {
        for (const parallelism of isWhole ? PARALLELISMS : [2 + (index + shift) % 2]) {
          await t.step({
            name: `${host}, parallelism ${parallelism}`,
            sanitizeOps: false,
            sanitizeResources: false,
            fn: async () => assert.deepEqual(await outputOf(example, host, parallelism), expected),
          });
        }
      }
    },
  });
}
