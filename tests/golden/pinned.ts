/**
 * The pinned results of the golden jobs.
 *
 * @module
 */

import assert from "node:assert/strict";
import pinned from "./results.json" with { type: "json" };

const RESULTS = pinned as Readonly<Record<string, { readonly count: number; readonly sample: readonly string[] }>>;

/** Results as sorted texts. */
export function sorted(values: readonly unknown[]): string[] {
  return values.map((value) => typeof value === "string" ? value : JSON.stringify(value)).sort();
}

/** Compares the sorted results of a plain run with what is pinned: their number and every n-th of them. */
export function assertPinned(name: string, results: readonly string[]): void {
  const every = Math.max(1, Math.floor(results.length / 8));
  const sample = results.filter((_, i) => i % every === 0);
  if (Deno.env.get("UPDATE_GOLDEN") === "1") {
    console.log(`@@${JSON.stringify({ [name]: { count: results.length, sample } })}`);
  } else assert.deepEqual({ count: results.length, sample }, RESULTS[name]);
}
