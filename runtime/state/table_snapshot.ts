/**
 * A snapshot of all tables of a backend: their rows, key group by key group, and extra rows (timers) in one run.
 *
 * Invariant: everything is encoded before it returns, so later writes cannot reach the snapshot. Who calls:
 * heap_backend.ts.
 *
 * @module
 */

import type { StateTable } from "./heap_table.ts";
import { withInferredSchemas } from "./inferred_schemas.ts";
import type { KeyedSnapshot, StateMeta, StateRow } from "./keyed_state_backend.ts";
import { type GroupRow, type RunHead, RunWriter, sortedMetas } from "./snapshot.ts";

/** Timers and the like, see {@link KeyedStateBackend.snapshot}. */
export interface ExtraRows {
  readonly metas: readonly StateMeta[];
  readonly rows: Iterable<StateRow>;
}

/** A table, and what stored values are in a row; undefined for one to be left out. */
export interface TableRows {
  readonly table: StateTable;
  readonly toValue: (stored: unknown) => unknown;
}

/** Takes the snapshot. */
export function snapshotOf(
  tables: readonly TableRows[],
  head: Omit<RunHead, "states">,
  extra: ExtraRows,
): KeyedSnapshot {
  const groups = new Map<string, () => Iterable<readonly [keyGroup: number, rows: readonly GroupRow[]]>>();
  for (const [state, rows] of groupedRows(extra.rows)) groups.set(state, () => rows);
  const metas = tables.map(({ table, toValue }) => {
    // Twice over the first rows, so that never more than those of one key group are objects.
    groups.set(table.meta.name, () => table.rowsByKeyGroup(toValue));
    return withInferredSchemas(table.meta, rowsOfGroups(table.rowsByKeyGroup(toValue)));
  });
  const states = sortedMetas([...metas, ...extra.metas]);
  const writer = new RunWriter({ ...head, states });
  states.forEach(({ name }, state) => {
    for (const [keyGroup, rows] of groups.get(name)?.() ?? []) writer.group(state, keyGroup, rows);
  });
  const { maxParallelism, keyHashRule } = head;
  return { formatVersion: 1, maxParallelism, keyHashRule, states, runs: [writer.finish()] };
}

function* rowsOfGroups(
  groups: Iterable<readonly [number, readonly GroupRow[]]>,
): Generator<readonly GroupRow[], undefined> {
  for (const [, rows] of groups) yield rows;
}

/** Rows by state and key group; key groups in ascending order. */
function groupedRows(rows: Iterable<StateRow>): Map<string, [keyGroup: number, rows: StateRow[]][]> {
  const byState = new Map<string, Map<number, StateRow[]>>();
  for (const row of rows) {
    let groups = byState.get(row.state);
    if (groups === undefined) byState.set(row.state, groups = new Map());
    const group = groups.get(row.keyGroup);
    if (group === undefined) groups.set(row.keyGroup, [row]);
    else group.push(row);
  }
  return new Map(
    Array.from(byState, ([state, groups]) => [state, [...groups].sort(([a], [b]) => a - b)]),
  );
}
