/**
 * A quick look at one query while working on the engine: alternates loop and job in this process and prints the best of
 * each. For figures to be kept use `deno task bench`.
 *
 * Usage: deno run -A bench/nexmark/quick.ts q0 [q2 ...] [--rows 1000000] [--pairs 5] [--off codegen,columns,...] [--codec]
 *
 * @module
 */

import { measure, median } from "../measure.ts";
import { type JobOptions, type NexmarkCase, nexmarkCase } from "./cases.ts";
import { flag, option, parseArgs, switchesOff } from "../options.ts";
import { materialise, type NexmarkRows } from "./rows.ts";

async function look(one: NexmarkCase, rows: NexmarkRows, pairs: number, options: JobOptions): Promise<void> {
  const [loops, jobs]: [number[], number[]] = [[], []];
  let agreed = "";
  for (let pair = 0; pair <= pairs; pair++) {
    let loopSums!: () => { count: number; checksum: string };
    const loop = await measure(() => void (loopSums = one.runLoop(rows)));
    const job = one.makeJob(rows, options);
    const run = await measure(() => job.execute());
    const [expected, found] = [JSON.stringify(loopSums()), JSON.stringify(job.sums())];
    if (expected !== found) throw new Error(`${one.name}: the loop gives ${expected}, the job ${found}`);
    agreed = `${job.sums().count} rows agree`;
    // The first pair warms up.
    if (pair === 0 && pairs > 0) continue;
    loops.push(loop.cpuMs);
    jobs.push(run.cpuMs);
  }
  const ns = (ms: number): string => ((ms * 1e6) / rows.events.length).toFixed(1);
  const ratios = loops.map((ms, i) => ms / jobs[i]);
  console.log(
    `${one.name.padEnd(4)} ratio ${median(ratios).toFixed(3)}, best ${
      (Math.min(...loops) / Math.min(...jobs)).toFixed(3)
    }` +
      `  ns/event: job ${ns(Math.min(...jobs))} (median ${ns(median(jobs))}), loop ${ns(Math.min(...loops))}` +
      `  ${agreed}`,
  );
}

if (import.meta.main) {
  const args = parseArgs(Deno.args);
  const rows = materialise(option(args, "rows", 1_000_000));
  const options = switchesOff(args);
  if (flag(args, "codec")) options["pipeline.exchange.force-codec"] = true;
  for (const name of args.names) await look(nexmarkCase(name), rows, option(args, "pairs", 5), options);
  Deno.exit(0);
}
