/**
 * `deno task bench --scale`: how the cost per record changes with number of keys, length of the chain, windows that are
 * open at once, size of the records, and what ran in the isolate before; what state holds per key, and how long it makes
 * records wait. Every point is a process of its own; printed is
 * the cost against the cheapest point of its curve, and the share of a hand-written loop. A point that takes too long
 * says so, the others go on.
 *
 * @module
 */

import { type BenchArgs, flag, option } from "./options.ts";
import { type CaseFigures, inProcess, round, runCase } from "./run_case.ts";
import type { StateReport } from "./state_child.ts";

interface Point {
  readonly name: string;
  readonly rows: number;
  readonly afterJobs?: boolean;
}
interface Curve {
  readonly name: string;
  readonly points: readonly Point[];
  /** What one record is divided by to compare points: operators of a chain, say. */
  per?(point: Point): number;
}

const SIZES = [16, 256, 4096, 65_536, 1_048_576];
const KEYS = [1e3, 1e4, 1e5, 1e6, 1e7];
/** Bytes that the records of one point have together, at most. */
const TOTAL_BYTES = 512 * 2 ** 20;

function sizeRows(bytes: number): number {
  return Math.max(200, Math.min(1_000_000, Math.floor(TOTAL_BYTES / bytes)));
}
const size = (name: string): number => Number(name.split(":").at(-1));

const CURVES: readonly Curve[] = [
  // No fewer records than keys: about two thirds of the largest number of keys exist in the end.
  ...["uniform", "zipf"].map((how): Curve => ({
    name: `keys ${how}`,
    points: KEYS.map((keys) => ({ name: `keys:${how}:${keys}`, rows: Math.max(1_000_000, keys) })),
  })),
  {
    name: "chain length, per operator",
    points: [1, 2, 5, 10, 20, 50].map((length) => ({ name: `chain:${length}`, rows: 1_000_000 })),
    per: ({ name }) => size(name),
  },
  {
    name: "slide ratio",
    points: [1, 10, 100, 1000].map((ratio) => ({ name: `slide:${ratio}`, rows: 1_000_000 })),
  },
  {
    name: "record size, by reference",
    points: SIZES.map((bytes) => ({ name: `size:${bytes}`, rows: 1_000_000 })),
  },
  {
    name: "record size, codec, per KiB or record",
    points: SIZES.map((bytes) => ({ name: `coded:${bytes}`, rows: sizeRows(bytes) })),
    per: ({ name }) => Math.max(1, size(name) / 1024),
  },
  ...["chain/five", "keyed/sum", "window/tumbling", "q1", "q12"].map((name): Curve => ({
    name: `${name}, fresh and after ten other jobs`,
    points: [{ name, rows: 1_000_000 }, { name, rows: 1_000_000, afterJobs: true }],
  })),
];

function figuresOf({ name, rows, afterJobs }: Point, args: BenchArgs): Promise<CaseFigures> {
  return runCase(name, {
    rows: option(args, "rows", rows),
    pairs: option(args, "pairs", 3),
    afterJobs,
    warmUpMs: args.options.has("warm-up") ? option(args, "warm-up", 0) : undefined,
    limitMs: option(args, "seconds", 120) * 1000,
  });
}

/** Runs all curves, or those whose name holds a word given. */
export async function runScaleCurves(args: BenchArgs): Promise<boolean> {
  let isComplete = true;
  const wanted = CURVES.filter(({ name }) => args.names.length === 0 || args.names.some((word) => name.includes(word)));
  for (const { name, points, per = () => 1 } of wanted) {
    if (!flag(args, "json")) {
      console.log(`${name}\n  point                       cost against the first   share of a loop`);
    }
    let first: number | undefined;
    for (const point of points) {
      const shown = `${point.name}${point.afterJobs === true ? " after" : ""}`;
      try {
        const figures = await figuresOf(point, args);
        const cost = figures.cpuNsPerEvent / per(point);
        first ??= cost;
        const relative = round(cost / first, 2);
        if (flag(args, "json")) {
          const { vsLoop, cpuNsPerEvent, peakMemory, pairs, events } = figures;
          console.log(
            JSON.stringify({ curve: name, point: shown, relative, vsLoop, cpuNsPerEvent, peakMemory, events, pairs }),
          );
        } else {console.log(
            `  ${shown.padEnd(28)} ${relative.toFixed(2).padStart(8)} ${figures.vsLoop.toFixed(3).padStart(22)}`,
          );}
      } catch (error) {
        isComplete = false;
        console.error(`  ${shown}: ${error instanceof Error ? error.message : error}`);
      }
    }
  }
  if (args.names.length > 0 && !args.names.some((word) => "state".includes(word))) return isComplete;
  return await runState(args) && isComplete;
}

/** The last is more than one JavaScript Map holds. */
const STATE_KEYS = [1e3, 1e6, 1e7, 2.4e7];

/** Memory per key of a numeric count, and pauses while its tables grow. */
async function runState(args: BenchArgs): Promise<boolean> {
  let isComplete = true;
  if (!flag(args, "json")) console.log("state of a numeric count\n       keys   bytes per key   longest pauses, ms");
  let restingBytes = 0;
  const most = option(args, "rows", Infinity);
  for (const keys of STATE_KEYS.filter((each, i) => i === 0 || each <= most)) {
    const limitMs = option(args, "seconds", 120) * 1000;
    try {
      const report = await inProcess<StateReport>("state_child.ts", ["--rows", `${keys}`], limitMs);
      if (keys === STATE_KEYS[0]) restingBytes = report.heldBytes;
      const bytesPerKey = keys === STATE_KEYS[0] ? 0 : round((report.heldBytes - restingBytes) / keys, 1);
      if (flag(args, "json")) console.log(JSON.stringify({ curve: "state", bytesPerKey, ...report }));
      else if (bytesPerKey > 0) {
        console.log(`${`${keys}`.padStart(11)} ${`${bytesPerKey}`.padStart(15)}   ${report.pausesMs.join("  ")}`);
      }
    } catch (error) {
      isComplete = false;
      console.error(`  ${keys} keys: ${error instanceof Error ? error.message : error}`);
    }
  }
  return isComplete;
}
