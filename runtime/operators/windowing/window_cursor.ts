/**
 * Where generated code puts records without asking the window operator: the rows of all keys in the one window, or slice,
 * of the last record; or the sessions of all keys.
 *
 * Invariant: a cursor points to rows that take every record of its span as the way behind it would, or nowhere: the way
 * resets it before the window fires, is dropped or becomes part of a sum. Records of other spans, of keys that are new or
 * neither texts nor small integers, and those that clear a window go to the operator.
 * Who calls: pane_windows.ts, slices/slice_windows.ts and session_windows.ts; read by tasks/codegen/window_text.ts.
 *
 * @module
 */

import { KeyIndex } from "./key_index.ts";
import type { SessionStore } from "./session_store.ts";

const NOTHING = new KeyIndex();

/** The key of windowAll: every record has it. Known to generated code, where it needs no index. */
export const oneKey = (): number => 0;

/** Records of [from, to). */
export class WindowCursor {
  from = Infinity;
  to = -Infinity;
  index: KeyIndex = NOTHING;
  values: unknown[] = [];

  /** From now on records of that span belong into those rows. */
  point(span: { readonly from: number; readonly to: number }, index: KeyIndex, values: unknown[]): void {
    this.from = span.from;
    this.to = span.to;
    this.index = index;
    this.values = values;
  }

  /** Points nowhere. */
  reset(): void {
    this.from = Infinity;
    this.to = -Infinity;
    this.index = NOTHING;
    this.values = [];
  }
}

/** What a way of windows offers to generated code. */
export type FusedRows =
  | {
    readonly kind: "cursor";
    readonly cursor: WindowCursor;
    /** Gives the time of a record where that is not its timestamp. */
    readonly clock: { processingTime(): number } | undefined;
  }
  | {
    /** Sessions in event time, of one gap and without lateness. */
    readonly kind: "sessions";
    readonly store: SessionStore;
    readonly gapMs: number;
  };
