/**
 * The schemas of keys and values of a state, inferred from the rows of a snapshot: what tools show, and what a later
 * version of the job is compared with before it takes the state over.
 *
 * @module
 */

import { SchemaTracker } from "../types/schema_tracker.ts";
import type { StateMeta } from "./keyed_state_backend.ts";
import type { GroupRow } from "./snapshot.ts";

/** Rows looked at per state; the schemas of more are those of the first ones, widened by none of the rest. */
const MAX_ROWS = 100_000;

/** The meta with the schemas its rows have; as it was when there are none. */
export function withInferredSchemas(meta: StateMeta, groups: Iterable<readonly GroupRow[]>): StateMeta {
  const keys = new SchemaTracker();
  const values = new SchemaTracker();
  let rows = 0;
  for (const group of groups) {
    if (rows >= MAX_ROWS) break;
    for (const row of group) {
      if (rows++ >= MAX_ROWS) break;
      keys.observe(row.key);
      observeValue(meta, row.value, values);
    }
  }
  return rows === 0 ? meta : { ...meta, schema: values.schema().text, keySchema: keys.schema().text };
}

/** Elements of lists one by one, entries of maps as [key, value] pairs, all without the time of their last access. */
function observeValue(meta: StateMeta, value: unknown, into: SchemaTracker): void {
  const plain = meta.ttl ? (part: unknown) => (part as [number, unknown])[1] : (part: unknown) => part;
  if (meta.kind === "list") {
    for (const element of value as unknown[]) into.observe(plain(element));
  } else if (meta.kind === "map") {
    for (const [key, entry] of value as [unknown, unknown][]) into.observe([key, plain(entry)]);
  } else {
    into.observe(plain(value));
  }
}
