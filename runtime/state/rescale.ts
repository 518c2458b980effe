/**
 * The state of an operator's subtasks, given out again to any number of subtasks: keyed state by key-group ranges,
 * operator lists round robin, union lists whole to everyone, broadcast maps one copy each. Rules and order are Flink's.
 *
 * Invariants: pure; bytes are passed on by reference. Called by whoever restores: coordinator, local runtime, harness.
 *
 * @module
 */

import { keyGroupRange } from "../types/key_group.ts";
import type { KeyedSnapshot } from "./keyed_state_backend.ts";
import type { OperatorSnapshot } from "./operator_state.ts";

/** All state of one operator in one subtask. */
export interface OperatorSubtaskState {
  readonly keyed?: readonly KeyedSnapshot[];
  readonly operator?: OperatorSnapshot;
}

type OperatorList = OperatorSnapshot["lists"][number];

/**
 * Gives the state out again.
 *
 * @param states By subtask index, of the old parallelism; a subtask without state has an empty object.
 * @returns By subtask index, `newParallelism` long.
 * @throws InvalidProgramError TSF-2108 when `newParallelism` is above `maxParallelism`.
 */
export function redistribute(
  states: readonly OperatorSubtaskState[],
  maxParallelism: number,
  newParallelism: number,
): OperatorSubtaskState[] {
  const keyedSnapshots = states.flatMap((state) => state.keyed ?? []);
  const lists = redistributeLists(states.map((state) => state.operator?.lists ?? []), newParallelism);
  return lists.map((own, index) => {
    const keyed = keyedSnapshotsOf(keyedSnapshots, maxParallelism, newParallelism, index);
    return {
      ...(keyed.length > 0 ? { keyed } : {}),
      ...(own.length > 0 ? { operator: { formatVersion: 1 as const, lists: own } } : {}),
    };
  });
}

/** The snapshots with only the runs that hold key groups of this subtask; the backend skips foreign rows in them. */
function keyedSnapshotsOf(
  snapshots: readonly KeyedSnapshot[],
  maxParallelism: number,
  parallelism: number,
  index: number,
): KeyedSnapshot[] {
  if (snapshots.length === 0) return [];
  const { start, end } = keyGroupRange(maxParallelism, parallelism, index);
  return snapshots
    .map((snapshot) => ({
      ...snapshot,
      runs: snapshot.runs.filter((run) => run.keyGroups.start <= end && run.keyGroups.end >= start),
    }))
    // A snapshot of another maxParallelism is kept, so that the backend says what is wrong.
    .filter((snapshot) => snapshot.runs.length > 0 || snapshot.maxParallelism !== maxParallelism);
}

function redistributeLists(old: readonly (readonly OperatorList[])[], newParallelism: number): OperatorList[][] {
  const result: OperatorList[][] = Array.from({ length: newParallelism }, () => []);
  if (old.length === newParallelism) {
    old.forEach((lists, index) => result[index].push(...lists.filter((list) => list.mode === "split-distribute")));
  } else {
    splitLists(byName(old, "split-distribute"), result);
  }
  for (const [name, lists] of byName(old, "union")) {
    const elements = lists.flatMap((list) => list.elements);
    for (const own of result) own.push({ name, mode: "union", elements });
  }
  for (const [, lists] of byName(old, "broadcast")) {
    // Every subtask has it: each keeps its own. Otherwise those that have it are asked in turn.
    result.forEach((own, index) => own.push(lists[index % lists.length]));
  }
  return result;
}

/** Evenly, in order; whoever comes after those that got one more begins with the next list, so loads stay fair. */
function splitLists(byName: ReadonlyMap<string, readonly OperatorList[]>, result: OperatorList[][]): void {
  const parallelism = result.length;
  let first = 0;
  for (const [name, lists] of byName) {
    const elements = lists.flatMap((list) => list.elements);
    const share = Math.floor(elements.length / parallelism);
    const remainder = elements.length % parallelism;
    let from = 0;
    for (let i = 0; i < parallelism; i++) {
      const count = share + (i < remainder ? 1 : 0);
      if (count > 0) {
        const own = elements.slice(from, from + count);
        result[(first + i) % parallelism].push({ name, mode: "split-distribute", elements: own });
      }
      from += count;
    }
    first = (first + remainder) % parallelism;
  }
}

function byName(
  old: readonly (readonly OperatorList[])[],
  mode: OperatorList["mode"],
): Map<string, OperatorList[]> {
  const lists = new Map<string, OperatorList[]>();
  for (const list of old.flat()) {
    if (list.mode !== mode) continue;
    const present = lists.get(list.name);
    if (present === undefined) lists.set(list.name, [list]);
    else present.push(list);
  }
  return lists;
}
