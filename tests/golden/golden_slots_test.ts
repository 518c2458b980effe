/**
 * Runs every golden job as a program in slots of every kind: inline, in threads of node:worker_threads and in Web
 * Workers; at parallelism 1, 2, 3 and 8, by reference and through the codec, in one go and with a restart in the middle
 * in fresh slots. The results are always those of the plain run, which are pinned.
 *
 * `deno task test` runs a share, in which parallelism and codec rotate over the jobs. All of it, 1482 steps that take
 * 13 minutes on two busy cores:
 *
 *     GOLDEN_SLOTS=all deno test -A tests/golden/golden_slots_test.ts
 *
 * @module
 */

import assert from "node:assert/strict";
import type { JobClient } from "tsflink";
import { type MiniCluster, miniCluster, type ProgramRun } from "tsflink/testing";
import { GOLDEN_JOBS } from "./jobs.ts";
import { assertPinned, sorted } from "./pinned.ts";

const PROGRAM = new URL("./golden_program.ts", import.meta.url);
const HOSTS = ["inline", "worker_threads", "web"] as const;
const PARALLELISMS = [1, 2, 3, 8];
/** Before and after the restart. */
const RESCALINGS = [[1, 1], [1, 2], [2, 1], [2, 2], [3, 3], [2, 3], [8, 3], [3, 8], [8, 8]];
/** Records of each source when its scripts stand at their gates. */
const AT_GATE: Readonly<Record<string, number>> = { "Source: clicks": 2 * 61, "Source: others": 41 };

type Host = typeof HOSTS[number];
interface Variation {
  readonly host: Host;
  readonly codec: boolean;
  /** One, or two for a restart between them. */
  readonly parallelisms: readonly number[];
}

const ALL = HOSTS.flatMap((host) =>
  [false, true].flatMap((codec) =>
    [...PARALLELISMS.map((parallelism) => [parallelism]), ...RESCALINGS]
      .map((parallelisms): Variation => ({ host, codec, parallelisms }))
  )
);

/**
 * For each job other ones: in every kind of slots in one go, inline and in one kind of threads with a restart. A thread
 * takes a tenth of a second, so the share has few jobs with many.
 */
function share(job: number): Variation[] {
  const isCoded = (turn: number) => turn % 2 === 1;
  const whole = HOSTS.map((host, shift): Variation => {
    const isWide = host === "inline" ? job % 4 === 3 : job % 10 === 2 * shift;
    return { host, codec: isCoded(job + shift), parallelisms: [isWide ? 8 : 1 + (job + shift) % 3] };
  });
  const threads = HOSTS[1 + job % 2];
  const small = RESCALINGS.slice(0, 6);
  const wide = RESCALINGS.slice(6);
  return [
    ...whole,
    { host: "inline", codec: isCoded(job), parallelisms: RESCALINGS[job % RESCALINGS.length] },
    {
      host: threads,
      codec: isCoded(job >> 2),
      parallelisms: job % 9 === 8 ? wide[(job >> 3) % wide.length] : small[(job >> 1) % small.length],
    },
  ];
}

const label = ({ host, codec, parallelisms }: Variation) =>
  `${host}, parallelism ${parallelisms.join(" -> ")}${codec ? ", codec" : ""}`;

/** Resolves when all scripts stand at their gates: then all that comes before them is on its way to the sinks. */
async function atGate(run: ProgramRun, client: JobClient): Promise<void> {
  for (;;) {
    const sources = (await run.progress(client)).map(({ operators }) => operators[0])
      .filter(({ name }) => name in AT_GATE);
    if (sources.length > 0 && sources.every(({ name, numRecordsOut }) => numRecordsOut === AT_GATE[name])) return;
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** The sorted results of a job, before and after the restart together. */
async function runJob(cluster: MiniCluster, name: string, { codec, parallelisms }: Variation): Promise<string[]> {
  const configuration = (parallelism: number) => ({
    "parallelism.default": parallelism,
    "pipeline.exchange.force-codec": codec,
  });
  const [before, after] = parallelisms;
  if (after === undefined) {
    const { result } = await cluster.run(PROGRAM, { args: [name], configuration: configuration(before) });
    return sorted(await result as unknown[]);
  }
  const first = await cluster.run(PROGRAM, { args: [name, "gate"], configuration: configuration(before) });
  const client = await first.job();
  await atGate(first, client);
  const restoreFrom = await first.takeSnapshot(client);
  await client.cancel();
  const rows = await first.result as unknown[];
  const rest = await cluster.run(PROGRAM, { args: [name], configuration: configuration(after), restoreFrom });
  const others = await rest.result as unknown[];
  assert.ok(others.length > 0, "something is left for after the restart");
  return sorted([...rows, ...others]);
}

const clusters = new Map<Host, MiniCluster>();
function clusterOf(host: Host): MiniCluster {
  const cluster = clusters.get(host) ??
    (host === "inline" ? miniCluster({ isolation: "inline" }) : miniCluster({ workerHost: host, spareSlots: 2 }));
  clusters.set(host, cluster);
  return cluster;
}

const isWhole = Deno.env.get("GOLDEN_SLOTS") === "all";
// Threads that wait for the next job outlive a test; the last hook ends them.
Deno.test.afterAll(async () => {
  for (const cluster of clusters.values()) await cluster.close();
});

for (const [index, name] of Object.keys(GOLDEN_JOBS).entries()) {
  Deno.test({
    name: `golden in slots: ${name}`,
    sanitizeOps: false,
    sanitizeResources: false,
    async fn(t) {
      const plain = { host: "inline", codec: false, parallelisms: [1] } as const;
      const expected = await runJob(clusterOf("inline"), name, plain);
      assertPinned(name, expected);
      for (const variation of isWhole ? ALL : share(index)) {
        await t.step({
          name: label(variation),
          sanitizeOps: false,
          sanitizeResources: false,
          fn: async () => assert.deepEqual(await runJob(clusterOf(variation.host), name, variation), expected),
        });
      }
    },
  });
}
