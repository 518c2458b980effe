/**
 * `deno task bench`: every case is a job of the DataStream API beside a hand-written loop over the same rows with the
 * same results. Each case and configuration has a process of its own, in which loop and job take turns; the ratio is the
 * median over the pairs, by CPU time of the process. Rows are made before anything is measured. Batches between tasks of
 * the slot go by reference; the codec column sends every one of them through the codec.
 *
 * Usage: deno task bench [case ...] [--rows 2000000] [--pairs 5] [--json] [--ablate] [--nexmark]
 *        [--micro] [--scale] [--save FILE] [--compare FILE] [--tolerance 0.3]
 *
 * Without names all cases run, in some minutes; `--nexmark` and `--micro` choose one group, `--scale` the scale curves
 * instead. `--ablate` adds columns with each optimisation off, and all of them. `--json` prints one object per case.
 * `--save` keeps the results in a file, `--compare` ends with 1 and names the cases whose share of the loop is lower than
 * in such a file by more than the tolerance; bench/results holds some.
 *
 * @module
 */

import { ALL_CASES, type BenchCase, benchCase } from "./cases.ts";
import { defaultRowCount } from "./nexmark/rows.ts";
import type { JobOptions } from "./nexmark/cases.ts";
import { type BenchArgs, commandLine, flag, OPTIMISATIONS, option } from "./options.ts";
import { DEFAULT_TOLERANCE, fallen, fallLines, load, save } from "./regression.ts";
import { caseLine, type CaseResult, heading, summary } from "./report.ts";
import { type CaseFigures, round, runCase, type RunOptions } from "./run_case.ts";
import { runScaleCurves } from "./scale.ts";

const CODEC: JobOptions = { "pipeline.exchange.force-codec": true };

const USAGE = `Usage: deno task bench [case ...] [options]

  --rows N            rows of a case (default: the case's own)
  --pairs N           runs of loop and job in turns (default 5)
  --nexmark, --micro  one group of cases
  --ablate            also with each optimisation off
  --scale             cost against keys, chain length, windows, record size instead
  --json              one object per case
  --save FILE         keep the results
  --compare FILE      exit code 1 when a share has fallen against kept results
  --tolerance X       by more than this part of it (default ${DEFAULT_TOLERANCE})

Examples:
  deno task bench q1 keyed/sum --pairs 9
  deno task bench --nexmark --save before.json
  deno task bench --nexmark --compare before.json --tolerance 0.2`;

/** A machine with more waiting than this per core makes wall times meaningless. */
const SPARE_LOAD = 0.5;

function withOff(names: readonly string[]): JobOptions {
  return Object.fromEntries(names.map((name) => [`pipeline.optimize.${name}`, false]));
}

/** Names of the columns with something switched off. */
function ablations(args: BenchArgs): string[] {
  return flag(args, "ablate") ? ["all", ...OPTIMISATIONS] : [];
}

async function runAll(one: BenchCase, args: BenchArgs): Promise<{ result: CaseResult; byReference: CaseFigures }> {
  const options: RunOptions = {
    rows: option(args, "rows", one.defaultRows ?? defaultRowCount()),
    pairs: pairs(args),
    warmUpMs: warmUpMs(args),
  };
  const byReference = await runCase(one.name, options);
  const codec = await runCase(one.name, { ...options, job: CODEC });
  const offVsLoop: Record<string, number> = {};
  for (const name of ablations(args)) {
    const job = withOff(name === "all" ? OPTIMISATIONS : [name]);
    offVsLoop[name] = (await runCase(one.name, { ...options, job })).vsLoop;
  }
  const { vsLoop, vsLoopMin, vsLoopMax, cpuNsPerEvent, peakMemory } = byReference;
  const result: CaseResult = {
    query: one.name,
    class: one.class,
    vsLoop,
    vsLoopMin,
    vsLoopMax,
    codecVsLoop: codec.vsLoop,
    ...(ablations(args).length > 0 ? { offVsLoop } : {}),
    cpuNsPerEvent,
    peakMemory,
    pairs: byReference.pairs,
  };
  return { result, byReference };
}

function pairs(args: BenchArgs): number {
  return Math.max(1, option(args, "pairs", 5));
}

/** How long a case runs before it counts; undefined: what a child thinks right. */
function warmUpMs(args: BenchArgs): number | undefined {
  return args.options.has("warm-up") ? option(args, "warm-up", 0) : undefined;
}

/** What a kept result needs to be understood later. */
function surroundings(): Record<string, unknown> {
  const commit = new Deno.Command("git", {
    args: ["rev-parse", "--short", "HEAD"],
    cwd: new URL("./", import.meta.url).pathname,
    stderr: "null",
  }).outputSync();
  return {
    date: new Date().toISOString().slice(0, 10),
    commit: new TextDecoder().decode(commit.stdout).trim(),
    deno: Deno.version.deno,
    v8: Deno.version.v8,
    cores: navigator.hardwareConcurrency,
    load: round(Deno.loadavg()[0], 2),
  };
}

function group(args: BenchArgs): readonly BenchCase[] {
  const [nexmark, micro] = [flag(args, "nexmark"), flag(args, "micro")];
  if (nexmark === micro) return ALL_CASES;
  return ALL_CASES.filter((one) => (one.class === "micro") === micro);
}

function print(result: CaseResult, byReference: CaseFigures, args: BenchArgs): void {
  if (!flag(args, "json")) {
    console.log(caseLine(result));
    return;
  }
  const { wallVsLoop, loopCpuNsPerEvent, restingMemory, resultRows, checksum, events } = byReference;
  const isQuiet = Deno.loadavg()[0] <= navigator.hardwareConcurrency + SPARE_LOAD;
  const { query, ...rest } = result;
  const named = result.class === "micro" ? { case: query, ...rest } : result;
  const more = { loopCpuNsPerEvent, restingMemory, rows: events, resultRows, checksum };
  console.log(JSON.stringify({ ...named, ...more, ...(isQuiet ? { wallVsLoop } : {}), ...surroundings() }));
}

/** Keeps and compares the results as asked; false when something has fallen. */
function keepAndCompare(results: readonly CaseResult[], args: BenchArgs): boolean {
  const [saveTo, compareTo] = [args.options.get("save"), args.options.get("compare")];
  if (saveTo !== undefined) save(saveTo, { surroundings: surroundings(), cases: results });
  if (compareTo === undefined) return true;
  const tolerance = option(args, "tolerance", DEFAULT_TOLERANCE);
  const falls = fallen(load(compareTo), results, tolerance);
  for (const line of fallLines(falls, results.length, tolerance)) console.error(line);
  return falls.length === 0;
}

async function main(args: BenchArgs): Promise<boolean> {
  if (flag(args, "scale")) return await runScaleCurves(args);
  const cases = args.names.length > 0 ? args.names.map(benchCase) : group(args);
  const results: CaseResult[] = [];
  let isComplete = true;
  if (!flag(args, "json")) console.log(heading(ablations(args)));
  for (const one of cases) {
    try {
      const { result, byReference } = await runAll(one, args);
      results.push(result);
      print(result, byReference, args);
    } catch (error) {
      // A case that fails, or whose results differ, gets no ratio; the others go on.
      isComplete = false;
      console.error(String(error instanceof Error ? error.message : error));
    }
  }
  if (!flag(args, "json")) { for (const line of summary(results)) console.log(line); }
  return keepAndCompare(results, args) && isComplete;
}

if (import.meta.main) Deno.exit(await main(commandLine(USAGE)) ? 0 : 1);
