/**
 * Results that are kept, and what has become slower since: `--save FILE` writes those of a run, `--compare FILE` holds
 * the run against them. Shares of the loop are compared, not times, so that results of another machine will do.
 *
 * @module
 */

import type { CaseResult } from "./report.ts";

/** A file of results. */
export interface KeptResults {
  /** Date, commit, versions, and how busy the machine was. */
  readonly surroundings: Readonly<Record<string, unknown>>;
  readonly cases: readonly CaseResult[];
}

/** A figure of a case that is lower than it was, by more than is allowed. */
export interface Fall {
  readonly name: string;
  readonly way: "by reference" | "codec";
  readonly before: number;
  readonly now: number;
}

/** Part of the share that may be lost without being named: machines shared with others differ that much. */
export const DEFAULT_TOLERANCE = 0.3;

/** What has fallen; cases that one of the two lacks are not compared. */
export function fallen(kept: KeptResults, now: readonly CaseResult[], tolerance: number): Fall[] {
  const before = new Map(kept.cases.map((one) => [one.query, one]));
  return now.flatMap((one) => {
    const old = before.get(one.query);
    if (old === undefined) return [];
    const falls: Fall[] = [
      { name: one.query, way: "by reference", before: old.vsLoop, now: one.vsLoop },
      { name: one.query, way: "codec", before: old.codecVsLoop, now: one.codecVsLoop },
    ];
    return falls.filter((fall) => fall.now < fall.before * (1 - tolerance));
  });
}

/** One line per fall, or one that says that there is none. */
export function fallLines(falls: readonly Fall[], compared: number, tolerance: number): string[] {
  const allowed = `${Math.round(tolerance * 100)} %`;
  if (falls.length === 0) return [`no case of ${compared} has lost more than ${allowed} of its share`];
  return falls.map(({ name, way, before, now }) =>
    `${name} has fallen: ${before.toFixed(3)} of the loop before, ${now.toFixed(3)} now (${way}), ` +
    `${Math.round((1 - now / before) * 100)} % less; allowed are ${allowed}`
  );
}

/** Reads a file of {@link save}. */
export function load(file: string): KeptResults {
  const kept = JSON.parse(Deno.readTextFileSync(file)) as KeptResults;
  if (!Array.isArray(kept.cases)) throw new Error(`${file} holds no results of the bench; --save FILE writes some`);
  return kept;
}

/** Writes results, one case per line. */
export function save(file: string, { surroundings, cases }: KeptResults): void {
  const lines = cases.map((one) => `    ${JSON.stringify(one)}`).join(",\n");
  Deno.writeTextFileSync(
    file,
    `{\n  "surroundings": ${JSON.stringify(surroundings)},\n  "cases": [\n${lines}\n  ]\n}\n`,
  );
}
