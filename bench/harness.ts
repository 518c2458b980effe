/**
 * `deno task bench`: every case is a job of the DataStream API beside a hand-written loop over the same numbers with the
 * same result. Pairs are run in turn, in random order, and only ratios are printed: absolute times of a shared machine
 * say nothing.
 *
 * Usage: deno task bench [case...] [--rows 1000000] [--pairs 5] [--json]
 *
 * @module
 */

import { StreamExecutionEnvironment } from "tsflink";
import { type Case, CASES } from "./micro/cases.ts";

interface Result {
  readonly case: string;
  /** Share of the loop's speed the job reaches; 1 = as fast. */
  readonly vsLoop: number;
  /** Nanoseconds per record of the job; for orientation only. */
  readonly nsPerRecord: number;
  readonly pairs: number;
  readonly peakMemoryMiB: number;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1];
}

async function timeJob(one: Case, rows: number): Promise<{ ms: number; checksum: number }> {
  const env = StreamExecutionEnvironment.getExecutionEnvironment(one.configuration);
  const result = { checksum: 0 };
  one.job(env, rows, (value) => void (result.checksum += value));
  const start = performance.now();
  await env.execute(one.name);
  return { ms: performance.now() - start, checksum: result.checksum };
}

function timeLoop(one: Case, rows: number): { ms: number; checksum: number } {
  let checksum = 0;
  const start = performance.now();
  one.loop(rows, (value) => void (checksum += value));
  return { ms: performance.now() - start, checksum };
}

async function measure(one: Case, rows: number, pairs: number): Promise<Result> {
  const ratios: number[] = [];
  const times: number[] = [];
  let peak = 0;
  // The first pair warms up and is not counted.
  for (let pair = 0; pair <= pairs; pair++) {
    const loopFirst = Math.random() < 0.5;
    const before = loopFirst ? timeLoop(one, rows) : undefined;
    const job = await timeJob(one, rows);
    const loop = before ?? timeLoop(one, rows);
    if (Math.abs(job.checksum - loop.checksum) > 1e-6 * Math.abs(loop.checksum)) {
      throw new Error(`${one.name}: the job gives ${job.checksum}, the loop ${loop.checksum}`);
    }
    peak = Math.max(peak, Deno.memoryUsage().rss);
    if (pair === 0) continue;
    ratios.push(loop.ms / job.ms);
    times.push(job.ms);
  }
  return {
    case: one.name,
    vsLoop: Number(median(ratios).toFixed(4)),
    nsPerRecord: Math.round((median(times) * 1e6) / rows),
    pairs,
    peakMemoryMiB: Math.round(peak / 2 ** 20),
  };
}

function option(name: string, fallback: number): number {
  const at = Deno.args.indexOf(`--${name}`);
  return at < 0 ? fallback : Number(Deno.args[at + 1]);
}

if (import.meta.main) {
  const rows = option("rows", 1_000_000);
  const pairs = option("pairs", 5);
  const names = Deno.args.filter((arg, i) => !arg.startsWith("--") && !Deno.args[i - 1]?.match(/^--(rows|pairs)$/));
  for (const one of CASES.filter((candidate) => names.length === 0 || names.includes(candidate.name))) {
    const result = await measure(one, rows, pairs);
    if (Deno.args.includes("--json")) console.log(JSON.stringify(result));
    else {console.log(
        `${one.name.padEnd(28)} ${result.vsLoop.toFixed(3)} of a hand-written loop (${result.pairs} pairs)`,
      );}
  }
}
