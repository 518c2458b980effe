/**
 * Runs many small jobs one after the other, each in fresh threads, and prints what the process holds on to in between.
 * A process of its own: threads and memory of other tests do not count.
 *
 *     deno run -A --v8-flags=--expose-gc many_jobs_in_slots.ts <jobs> <samples>
 *
 * @module
 */

import { miniCluster } from "tsflink/testing";

const [jobs, samples] = Deno.args.map(Number);
const PROGRAM = new URL("./numbers_program.ts", import.meta.url);
// Mostly one slot, so that it takes no longer than it must; every tenth job has two, every fifth runs in Web Workers.
const threads = miniCluster({ parallelism: 1 });
const web = miniCluster({ parallelism: 1, workerHost: "web" });

async function run(job: number): Promise<void> {
  const cluster = job % 5 === 4 ? web : threads;
  const { result } = await cluster.run(PROGRAM, { configuration: { "parallelism.default": job % 10 === 2 ? 2 : 1 } });
  const { rows } = await result as { rows: unknown[] };
  if (rows.length !== 4) throw new Error(`job ${job} has ${rows.length} results`);
}

async function sample(): Promise<{ readonly rssMb: number; readonly heapMb: number; readonly threads: number }> {
  // Threads that have ended, and what they held, need some turns to be gone.
  for (let turn = 0; turn < 5; turn++) {
    (globalThis as unknown as { gc(): void }).gc();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const { rss, heapUsed } = Deno.memoryUsage();
  const MIB = 1024 * 1024;
  return { rssMb: rss / MIB, heapMb: heapUsed / MIB, threads: [...Deno.readDirSync("/proc/self/task")].length };
}

const startMs = performance.now();
const taken = [];
for (let job = 0; job < jobs; job++) {
  await run(job);
  if ((job + 1) % (jobs / samples) === 0) taken.push(await sample());
}
const jobMs = (performance.now() - startMs) / jobs;
await threads.close();
await web.close();
console.log(JSON.stringify({ taken, jobMs, closed: await sample() }));
