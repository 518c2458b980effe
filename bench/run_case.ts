/**
 * Runs a case in processes of its own, one per configuration, and sums up what they report.
 *
 * @module
 */

import type { ChildReport } from "./child.ts";
import type { JobOptions } from "./nexmark/cases.ts";
import { median } from "./measure.ts";

/** How a case is run. */
export interface RunOptions {
  readonly rows: number;
  readonly pairs: number;
  readonly job?: JobOptions;
  /** How long loop and job take turns before it counts. Default: as long as the compiler takes. */
  readonly warmUpMs?: number;
  /** Run ten other jobs in the same isolate first. */
  readonly afterJobs?: boolean;
  /** After that long the process is ended and the case has failed. Default 10 minutes. */
  readonly limitMs?: number;
}

/** What was measured of a case in one configuration. */
export interface CaseFigures {
  readonly events: number;
  readonly pairs: number;
  /** Median of the pairs' ratios, by CPU time: share of the loop's speed that the job reaches. */
  readonly vsLoop: number;
  readonly vsLoopMin: number;
  readonly vsLoopMax: number;
  /** The same by wall time. */
  readonly wallVsLoop: number;
  readonly cpuNsPerEvent: number;
  readonly loopCpuNsPerEvent: number;
  /** Highest resident memory of a run of the job, in bytes, and what of it was there before. */
  readonly peakMemory: number;
  readonly restingMemory: number;
  readonly resultRows: number;
  readonly checksum: string;
}

/** Runs the case; throws what the process wrote when it fails, as it does when the results differ. */
export async function runCase(name: string, options: RunOptions): Promise<CaseFigures> {
  const { rows, pairs, job = {}, warmUpMs, afterJobs = false, limitMs = 600_000 } = options;
  const args = [name, "--rows", `${rows}`, "--pairs", `${pairs}`, "--options", JSON.stringify(job)];
  if (warmUpMs !== undefined) args.push("--warm-up", `${warmUpMs}`);
  if (afterJobs) args.push("--after-jobs");
  return figures(await inProcess<ChildReport>("child.ts", args, limitMs));
}

/** Runs a file of this folder in a process of its own; gives the JSON line it prints. */
export async function inProcess<T>(file: string, given: readonly string[], limitMs: number): Promise<T> {
  const root = new URL("../", import.meta.url).pathname;
  const args = ["run", "-A", "--quiet", "--no-check", "--v8-flags=--expose-gc", "--config", `${root}deno.json`];
  const command = new Deno.Command(Deno.execPath(), {
    args: [...args, `${root}bench/${file}`, ...given],
    stdout: "piped",
    stderr: "piped",
  });
  const process = command.spawn();
  let isOverdue = false;
  const timer = setTimeout(() => {
    isOverdue = true;
    process.kill("SIGKILL");
  }, limitMs);
  const { success, stdout, stderr } = await process.output();
  clearTimeout(timer);
  if (!success) {
    const why = isOverdue ? `not done in ${limitMs / 1000} s` : new TextDecoder().decode(stderr).trim();
    throw new Error(`${given[0]}: ${why}`);
  }
  return JSON.parse(new TextDecoder().decode(stdout).trim().split("\n").at(-1)!);
}

function figures({ events, loop, job, sums, restingBytes, peakBytes }: ChildReport): CaseFigures {
  const ratios = loop.map((one, pair) => one.cpuMs / job[pair].cpuMs);
  const perEvent = (ms: number): number => round((ms * 1e6) / events, 1);
  return {
    events,
    pairs: ratios.length,
    vsLoop: round(median(ratios), 4),
    vsLoopMin: round(Math.min(...ratios), 4),
    vsLoopMax: round(Math.max(...ratios), 4),
    wallVsLoop: round(median(loop.map((one, pair) => one.wallMs / job[pair].wallMs)), 4),
    cpuNsPerEvent: perEvent(median(job.map(({ cpuMs }) => cpuMs))),
    loopCpuNsPerEvent: perEvent(median(loop.map(({ cpuMs }) => cpuMs))),
    peakMemory: peakBytes,
    restingMemory: restingBytes,
    resultRows: sums.count,
    checksum: sums.checksum,
  };
}

/** Rounds to decimals. */
export function round(value: number, decimals: number): number {
  return Number(value.toFixed(decimals));
}
