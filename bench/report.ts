/**
 * The table of the bench for people: ratios to the loop and nothing else that a shared machine could falsify.
 *
 * @module
 */

import { geometricMean } from "./measure.ts";
import { type CaseClass, type QueryClass, TARGETS } from "./nexmark/cases.ts";

/** One case over all its columns. */
export interface CaseResult {
  readonly query: string;
  readonly class: CaseClass;
  readonly vsLoop: number;
  readonly vsLoopMin: number;
  readonly vsLoopMax: number;
  /** Every batch between tasks through the codec. */
  readonly codecVsLoop: number;
  /** By name of the optimisation that is off; "all" for all of them. */
  readonly offVsLoop?: Readonly<Record<string, number>>;
  readonly cpuNsPerEvent: number;
  /** Bytes. */
  readonly peakMemory: number;
  readonly pairs: number;
}

/** No query may be below this share of the target of its class. */
const QUERY_SHARE = 0.6;

const share = (value: number): string => value.toFixed(value < 0.1 ? 3 : 2).padStart(6);

/** The heading over {@link caseLine}. */
export function heading(off: readonly string[]): string {
  const more = off.map((name) => `  ${`- ${name}`.padStart(15)}`).join("");
  return `${"case".padEnd(22)} ${"class".padEnd(12)} by reference (min-max)   codec${more}   peak memory`;
}

/** One line of the table. */
export function caseLine(result: CaseResult): string {
  const { query, class: ofClass, vsLoop, vsLoopMin, vsLoopMax, codecVsLoop, offVsLoop = {}, peakMemory } = result;
  const range = `(${share(vsLoopMin).trim()}-${share(vsLoopMax).trim()})`;
  const off = Object.values(offVsLoop).map((value) => `  ${share(value).padStart(15)}`).join("");
  const target = ofClass === "micro" ? undefined : TARGETS[ofClass].accept;
  const isLow = target !== undefined && vsLoop < QUERY_SHARE * target;
  const memory = `${Math.round(peakMemory / 2 ** 20)} MiB`;
  return `${query.padEnd(22)} ${ofClass.padEnd(12)} ${share(vsLoop)} ${range.padEnd(16)} ${share(codecVsLoop)}${off}` +
    `   ${memory.padStart(9)}${isLow ? `   below ${QUERY_SHARE} of its class's line` : ""}`;
}

/** Geometric means per class and over all, against the targets, and the queries that are too far below. */
export function summary(results: readonly CaseResult[]): string[] {
  const lines: string[] = [];
  const line = (name: QueryClass | "all", of: readonly CaseResult[]): void => {
    const { accept, aim } = TARGETS[name];
    if (of.length === 0) return;
    const [byReference, codec] = [geometricMean(of.map((one) => one.vsLoop)), geometricMean(of.map(codecOf))];
    const low = of.filter((one) => name !== "all" && one.vsLoop < QUERY_SHARE * accept).map(({ query }) => query);
    lines.push(
      `${name.padEnd(12)} ${share(byReference)} by reference, ${share(codec)} codec` +
        `   line ${accept}: ${verdict(byReference, accept)}   aim ${aim}: ${verdict(byReference, aim)}` +
        (low.length === 0 ? "" : `   below ${QUERY_SHARE} of the line: ${low.join(", ")}`),
    );
  };
  const judged = results.filter((one) => one.class !== "micro");
  for (const name of Object.keys(TARGETS) as (QueryClass | "all")[]) {
    line(name, name === "all" ? judged : judged.filter((one) => one.class === name));
  }
  return lines;
}

/** How much of the target is reached. */
function verdict(value: number, target: number): string {
  return `${value >= target ? "met" : "not met"} (${(value / target).toFixed(2)} of it)`;
}

function codecOf({ codecVsLoop }: CaseResult): number {
  return codecVsLoop;
}
