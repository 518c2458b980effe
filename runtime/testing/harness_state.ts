/**
 * Snapshots of several harnesses put together and given out again, for tests that change the parallelism.
 *
 * @module
 */

import { redistribute } from "../state/rescale.ts";
import type { HarnessSnapshot } from "./harness_options.ts";

/**
 * The part of a snapshot (or of the snapshots of all old subtasks, in order) that a new subtask starts from.
 *
 * @throws InvalidProgramError TSF-2108 when `parallelism` is above `maxParallelism`.
 *
 * @example
 * ```ts
 * import { KeyedOneInputStreamOperatorTestHarness, repartitionOperatorState } from "tsflink/testing";
 *
 * console.assert(typeof repartitionOperatorState === "function");
 * console.assert(typeof KeyedOneInputStreamOperatorTestHarness === "function");
 * ```
 */
export function repartitionOperatorState(
  snapshots: HarnessSnapshot | readonly HarnessSnapshot[],
  to: { readonly maxParallelism: number; readonly parallelism: number; readonly subtaskIndex: number },
): HarnessSnapshot {
  const all = ([snapshots] as (HarnessSnapshot | readonly HarnessSnapshot[])[]).flat() as HarnessSnapshot[];
  const [first] = all;
  const parts = redistribute(all, to.maxParallelism, to.parallelism);
  return { checkpointId: first?.checkpointId ?? 0, ...parts[to.subtaskIndex] };
}
