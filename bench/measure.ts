/**
 * Measures one run, and pairs of runs: CPU time of the process (user and system, so that neighbours on the machine count
 * little), wall time, and the peak of resident memory.
 *
 * @module
 */

import process from "node:process";

/** What one run took. */
export interface Cost {
  readonly cpuMs: number;
  readonly wallMs: number;
  /** Highest resident memory while it ran, in bytes; 0 where the system does not tell. */
  readonly peakBytes: number;
}

/**
 * Runs `work` and says what it took. Young garbage of the run before is collected first where `--expose-gc` allows. A
 * full collection would also throw compiled code and the pages of the heap away, which the next run would pay for.
 */
export async function measure(work: () => unknown): Promise<Cost> {
  (globalThis as { gc?: (options: { type: "minor" }) => void }).gc?.({ type: "minor" });
  resetPeak();
  const cpu = process.cpuUsage();
  const start = performance.now();
  await work();
  const wallMs = performance.now() - start;
  const { user, system } = process.cpuUsage(cpu);
  return { cpuMs: (user + system) / 1000, wallMs, peakBytes: peak() };
}

/** Resident memory now, in bytes. */
export function residentBytes(): number {
  return Deno.memoryUsage().rss;
}

/** Linux forgets the old high-water mark when told so. */
function resetPeak(): void {
  try {
    Deno.writeTextFileSync("/proc/self/clear_refs", "5");
  } catch {
    // Elsewhere the peak is that of the whole process.
  }
}
function peak(): number {
  try {
    const found = /VmHWM:\s*(\d+) kB/.exec(Deno.readTextFileSync("/proc/self/status"));
    return found === null ? 0 : Number(found[1]) * 1024;
  } catch {
    return 0;
  }
}

/** The middle of the values. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** The mean of ratios. */
export function geometricMean(values: readonly number[]): number {
  return Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);
}
