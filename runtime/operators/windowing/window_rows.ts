/**
 * Windows that are not kept in keyed state, as rows of a snapshot, and back: also from what the general way has left
 * in keyed state, and into it. So a snapshot of either way can be restored by the other.
 *
 * Format of windows, version 1: one state "_window-rows.v1.<kind of content>" of a timer kind; one row per key and window under the
 * window's namespace; its value has a pair per timer, in order of time: timestamp and order, and in place of the order of
 * the first one [order or -1 without timer at the end, content].
 * Format of slices, version 1: one state "_window-slices.v1" of a timer kind; one row per key and slice under the slice's
 * span as namespace; its value is the timestamp of the slice's last window and [order of the key's first record, content,
 * time up to which windows have fired].
 *
 * Who calls: the ways of window_path.ts, when an operator
 * is opened or snapshotted.
 *
 * @module
 */

import { InvalidProgramError } from "../../errors.ts";
import type { AggregateFunction } from "../../functions/functions.ts";
import { SAME_WINDOWS, type TimeWindow } from "../../functions/windowing/time_window.ts";
import type { StateMeta, StateRow } from "../../state/keyed_state_backend.ts";
import { mergeCall } from "../../state/owned_values.ts";
import { canonicalKey } from "../../types/canonical_key.ts";
import { copyValue } from "../../types/copy.ts";
import type { Key } from "../../types/key.ts";
import { keyGroupFor } from "../../types/key_group.ts";
import { WINDOW_STATE_NAME, windowStateDescriptor } from "./window_contents.ts";
import { spanAt, type WindowParts, windowsAt } from "./window_path.ts";
import { idOf, windowsInState } from "./window_state_rows.ts";

const PREFIX = "_window-rows.v1.";
const SLICES = "_window-slices.v1";

/** A window of one key. */
export interface WindowRow {
  readonly key: Key;
  readonly namespace: string;
  /** Timestamps of its timers, in order of time. */
  readonly timers: readonly number[];
  /** Order of the timer at its end; -1 when there is none. */
  readonly order: number;
  readonly content: unknown;
}
/** One that was in a snapshot. */
export interface RestoredWindow extends WindowRow {
  readonly window: TimeWindow;
}

/** The state that rows of these windows belong to. */
export function windowRowsMeta({ assigner, content }: WindowParts): StateMeta {
  return {
    name: PREFIX + windowStateDescriptor(content).kind,
    kind: assigner.isEventTime() ? "event-timers" : "processing-timers",
    ttl: false,
    schema: "generic",
  };
}

/** The row of a snapshot; shares parts with the content, so it must be encoded at once. */
export function rowOf({ key, namespace, timers, order, content }: WindowRow, parts: WindowParts): StateRow {
  const { maxParallelism, keyHashRule } = parts.backend.keyContext;
  const value: unknown[] = [timers[0], [order, content]];
  for (let i = 1; i < timers.length; i++) if (timers[i] !== timers[0]) value.push(timers[i], order + 1);
  const keyGroup = keyGroupFor(key, maxParallelism, keyHashRule);
  return { state: windowRowsMeta(parts).name, keyGroup, key, namespace, value };
}

/** All windows of the snapshot that the operator starts from, whoever wrote it, in the order of their timers. */
export function restoredWindows(parts: WindowParts): RestoredWindow[] {
  const codec = parts.assigner.windowCodec;
  const rows = [...windowsInRows(parts), ...windowsInState(parts)];
  rows.sort((a, b) => a.order - b.order);
  return rows.map((row) => ({ ...row, window: codec.fromNamespace(row.namespace) as TimeWindow }));
}

/** The windows that another way has written as rows. @throws InvalidProgramError TSF-2110 for another content. */
export function windowsInRows(parts: WindowParts): WindowRow[] {
  const { windows, slices } = takeRows(parts);
  return slices.length === 0 ? windows : [...windows, ...windowsOfSlices(slices, parts, Infinity)];
}

/** What is in a snapshot for an operator that works with slices. */
export interface RestoredSlices {
  readonly windows: RestoredWindow[];
  /** In the order of their rows. */
  readonly slices: readonly SliceRow[];
  /** Windows up to here are not made of the slices: they have fired, or are among the windows. */
  readonly limit: number;
}

/** {@link restoredWindows} for an operator that keeps slices as they are. */
export function restoredSlices(parts: WindowParts): RestoredSlices {
  const codec = parts.assigner.windowCodec;
  const { windows: written, slices } = takeRows(parts);
  const rows = [...written, ...windowsInState(parts)];
  let limit = -Infinity;
  for (const { namespace } of rows) limit = Math.max(limit, codec.fromNamespace(namespace).maxTimestamp());
  for (const { firedUntil } of slices) limit = Math.max(limit, firedUntil);
  // Subtasks that were less far have windows left among those that must not be made of slices.
  rows.push(...windowsOfSlices(slices, parts, limit));
  rows.sort((a, b) => a.order - b.order);
  const windows = rows.map((row) => ({ ...row, window: codec.fromNamespace(row.namespace) as TimeWindow }));
  return { windows, slices: [...slices].sort((a, b) => a.order - b.order), limit };
}

/** The windows up to `limit` that have not fired yet and that slices have something of. */
export function windowsOfSlices(slices: readonly SliceRow[], parts: WindowParts, limit: number): WindowRow[] {
  const { assigner, content } = parts;
  const merge = mergeCall((content as { fn: AggregateFunction<unknown, unknown, unknown> }).fn, WINDOW_STATE_NAME);
  const found = new Map<string, WindowRow & { order: number; content: unknown }>();
  // Contents are added up in order of time.
  for (const slice of [...slices].sort((a, b) => a.from - b.from)) {
    for (const window of windowsAt(parts, slice.from)) {
      const end = window.maxTimestamp();
      if (end <= slice.firedUntil || end > limit) continue;
      const namespace = assigner.windowCodec.toNamespace(window);
      const id = `${namespace} ${idOf(canonicalKey(slice.key))}`;
      const row = found.get(id);
      const value = copyValue(slice.content);
      if (row === undefined) {
        found.set(id, { key: slice.key, namespace, timers: [end], order: slice.order, content: value });
      } else {
        row.content = merge(row.content, value);
        row.order = Math.min(row.order, slice.order);
      }
    }
  }
  return [...found.values()].sort((a, b) => a.order - b.order);
}

/** A slice of one key. */
export interface SliceRow {
  readonly key: Key;
  readonly from: number;
  readonly to: number;
  /** That of the last window the slice is part of. */
  readonly lastTimestamp: number;
  /** When the first record came. */
  readonly order: number;
  readonly content: unknown;
  readonly firedUntil: number;
}

/** The state that rows of slices belong to. */
export function sliceRowsMeta(parts: WindowParts): StateMeta {
  return { ...windowRowsMeta(parts), name: SLICES };
}

/** The row of a snapshot; shares parts with the content, so it must be encoded at once. */
export function rowOfSlice(slice: SliceRow, parts: WindowParts): StateRow {
  const { maxParallelism, keyHashRule } = parts.backend.keyContext;
  const { key, from, to, lastTimestamp, order, content, firedUntil } = slice;
  const keyGroup = keyGroupFor(key, maxParallelism, keyHashRule);
  return {
    state: SLICES,
    keyGroup,
    key,
    namespace: `${from},${to}`,
    value: [lastTimestamp, [order, content, firedUntil]],
  };
}

function sliceOf({ key, namespace, value }: StateRow, parts: WindowParts): SliceRow {
  const [from, to] = namespace.split(",").map(Number);
  const [lastTimestamp, [order, content, firedUntil]] = value as [number, [number, unknown, number]];
  const { assigner } = parts;
  const span = SAME_WINDOWS in assigner ? spanAt(parts, from) : undefined;
  const last = span === undefined ? NaN : Math.max(...windowsAt(parts, from).map((window) => window.maxTimestamp()));
  if (span === undefined || span[0] !== from || span[1] !== to || last !== lastTimestamp) {
    throw new InvalidProgramError("TSF-2110", "The snapshot has slices of other windows", {
      expected: "the window assigner of the job that wrote it",
      found: `${assigner}, where [${from}, ${to}) is no slice`,
      hint: "Restore with the same windows; or run the old job with pipeline.optimize.window-slices: false, take a " +
        "savepoint of it, and restore that one.",
    });
  }
  return { key, from, to, lastTimestamp, order, content, firedUntil };
}

function takeRows(parts: WindowParts): { windows: WindowRow[]; slices: SliceRow[] } {
  const { name: wanted } = windowRowsMeta(parts);
  const windows: WindowRow[] = [];
  const slices: SliceRow[] = [];
  for (const { meta, row } of parts.ctx.timers.takeBulkRows()) {
    // Slices hold accumulators.
    if (meta.name === SLICES && parts.content.kind === "aggregate") slices.push(sliceOf(row, parts));
    else windows.push(windowOf(meta.name, row, wanted));
  }
  return { windows, slices };
}

/** @throws InvalidProgramError TSF-2110 for another kind of content than the wanted one. */
function windowOf(name: string, row: StateRow, wanted: string): WindowRow {
  if (name !== wanted) {
    throw new InvalidProgramError("TSF-2110", "The content of the windows was of another kind", {
      expected: `${name === SLICES ? "aggregating" : name.slice(PREFIX.length)} content, as in the snapshot`,
      found: `${wanted.slice(PREFIX.length)} content`,
      hint: "Restore with the window function that wrote the snapshot, or give the operator another uid.",
    });
  }
  const value = row.value as [number, [number, unknown], ...number[]];
  const timers = value.filter((_, i) => i % 2 === 0) as number[];
  return { key: row.key, namespace: row.namespace, timers, order: value[1][0], content: value[1][1] };
}
