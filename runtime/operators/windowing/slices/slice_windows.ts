/**
 * Windows that overlap, of an aggregate that can be merged: a record is added to one slice, and a window that fires is
 * the sum of its slices.
 *
 * Takes sliding and cumulative windows with their default trigger, without evictor and lateness, of an AggregateFunction
 * with `mergeable: true`. Invariants: the same results, in the same order, as general_windows.ts; a window is made either
 * of slices or, up to a limit, kept in panes: those that were restored as windows, and those that had fired before a
 * restore and that a late record may open again. No record of before is in a window above the limit, except in slices.
 * Who calls: window_operator.ts and, for firing and snapshots, the timer manager.
 *
 * @module
 */

import { invariant } from "../../../errors.ts";
import type { TimeWindow } from "../../../functions/windowing/time_window.ts";
import type { KeyContext } from "../../../state/key_context.ts";
import type { StateMeta, StateRow } from "../../../state/keyed_state_backend.ts";
import type { BulkTimers, InternalTimerService } from "../../timers/timer_service.ts";
import { type PaneContent, paneContent } from "../pane_content.ts";
import { PaneWindows } from "../pane_windows.ts";
import { gridOf, type PaneAssigner } from "../plain_windows.ts";
import { KeyNumbers, Slice } from "./slice.ts";
import { SliceList } from "./slice_list.ts";
import { SliceSum } from "./slice_sum.ts";
import { WINDOW_STATE_NAME } from "../window_contents.ts";
import type { WindowEvaluation } from "../window_evaluation.ts";
import { WindowCursor } from "../window_cursor.ts";
import { type FusedPath, spanAt, type WindowParts, type WindowPath, windowsAt } from "../window_path.ts";
import {
  restoredSlices,
  rowOf,
  rowOfSlice,
  type SliceRow,
  sliceRowsMeta,
  type WindowRow,
  windowRowsMeta,
  windowsOfSlices,
} from "../window_rows.ts";
import { WindowAgenda } from "./window_agenda.ts";

/** No timestamp lies in it. */
const NO_SLICE = new Slice(Infinity, -Infinity, Infinity, 0);

/** See the header. */
export class SliceWindows implements WindowPath, BulkTimers {
  readonly metas: readonly StateMeta[];
  readonly #parts: WindowParts;
  readonly #assigner: PaneAssigner;
  readonly #timers: InternalTimerService;
  readonly #keyContext: KeyContext;
  readonly #content: PaneContent;
  readonly #evaluation: WindowEvaluation;
  readonly #isEventTime: boolean;
  readonly #slices: SliceList;
  readonly #agenda = new WindowAgenda();
  readonly #keys = new KeyNumbers();
  /** The window that fires, and how much of it has fired. */
  readonly #sum: SliceSum;
  #firing: TimeWindow | undefined;
  #fired = 0;
  #firedUntil = -Infinity;
  #nextOrder = 0;
  #slice = NO_SLICE;
  /** Points to the rows of the slice where adding to them is all there is to do. */
  readonly #cursor = new WindowCursor();
  readonly fused: FusedPath | undefined;
  /** Windows up to the limit; undefined when there are none and can be none. */
  #panes: PaneWindows | undefined;
  #limit = -Infinity;

  constructor(parts: WindowParts, assigner: PaneAssigner) {
    this.#parts = parts;
    this.#assigner = assigner;
    this.#timers = parts.timers;
    this.#keyContext = parts.backend.keyContext;
    this.#content = paneContent(parts, false);
    this.#evaluation = parts.evaluation;
    this.#isEventTime = assigner.isEventTime();
    this.#slices = new SliceList(gridOf(parts), this.#content);
    this.#sum = new SliceSum(this.#content);
    if (this.#isEventTime) {
      this.fused = { rows: { kind: "cursor", cursor: this.#cursor, clock: undefined }, content: this.#content.fused };
    }
    this.metas = [windowRowsMeta(parts), sliceRowsMeta(parts)];
    const { windows, slices, limit } = restoredSlices(parts);
    if (limit > -Infinity) {
      this.#limit = limit;
      this.#panes = new PaneWindows(parts, assigner, { limit, windows });
    }
    for (const row of slices) this.#restore(row);
    this.#keyContext.clear();
    parts.ctx.timers.attach(this);
  }

  processElement(value: unknown, timestamp: number, isMoved: boolean = false): void {
    const time = this.#isEventTime ? timestamp : this.#timers.currentProcessingTime();
    if (!this.#isEventTime && time <= this.#firedUntil) this.#reopen();
    let slice = this.#slice;
    if (!(time >= slice.from && time < slice.to)) slice = this.#enter(value, time);
    const isInPane = this.#panes !== undefined && this.#addToPanes(value, time);
    if (slice.lastTimestamp === -Infinity) {
      if (!isInPane && this.#isEventTime && timestamp <= this.#timers.currentWatermark()) {
        this.#parts.late.add(value, timestamp);
      }
      return;
    }
    // Nothing as a record clears whole windows.
    if (value === undefined || value === null) return this.#clear(value, time);
    if (slice.isSummed) this.#slices.forgetSums();
    const row = slice.index.get(this.#keyContext.canonical);
    const stored = row >= 0 ? slice.values[row] : undefined;
    const added = isMoved && !isInPane ? this.#content.addMoved(stored, value) : this.#content.add(stored, value);
    if (row >= 0) slice.values[row] = added;
    else this.#insert(slice, added, this.#nextOrder++);
    if (this.#panes === undefined && this.#cursor.from !== slice.from) {
      this.#cursor.point(slice, slice.index, slice.values);
    }
  }

  onEventTime(_timestamp: number, namespace: string): void {
    invariant(false, `a timer of window ${namespace} was set past its slices`);
  }
  onProcessingTime(timestamp: number, namespace: string): void {
    this.onEventTime(timestamp, namespace);
  }

  #insert(slice: Slice, value: unknown, order: number): void {
    const id = this.#keys.use(this.#keyContext);
    slice.index.add(this.#keyContext.canonical, slice.ids.length);
    slice.ids.push(id);
    slice.values.push(value);
    slice.orders.push(order);
  }

  /** Finds or makes the slice of a time; one whose last timestamp is -Infinity is in no window any more. */
  #enter(value: unknown, time: number): Slice {
    // Asked first: it refuses records without timestamp.
    const windows = windowsAt(this.#parts, time, value);
    const [from, to] = spanAt(this.#parts, time);
    const found = this.#slices.find(from);
    if (found !== undefined) return this.#slice = found;
    const closed = Math.max(this.#limit, this.#isEventTime ? this.#timers.currentWatermark() : -Infinity);
    let last = -Infinity;
    for (const window of windows) {
      const end = window.maxTimestamp();
      if (end <= closed) continue;
      this.#agenda.add(window);
      last = Math.max(last, end);
    }
    // One in no window is not kept: whether it is late changes with the watermark.
    if (last === -Infinity) return new Slice(from, to, last, 0);
    if (!this.#isEventTime) this.#parts.ctx.timers.armBulk();
    return this.#slice = this.#slices.add(from, to, last);
  }

  #addToPanes(value: unknown, time: number): boolean {
    const isOver = this.#isEventTime ? this.#timers.currentWatermark() >= this.#limit : time > this.#limit;
    if (isOver && this.#panes!.isEmpty) {
      this.#panes = undefined;
      return false;
    }
    const isAdded = this.#panes!.addAt(time, value);
    if (!this.#isEventTime) this.#parts.ctx.timers.armBulk();
    return isAdded;
  }

  /** The clock still stands at the last millisecond of a window that has fired: it gets a second window. */
  #reopen(): void {
    if (this.#firedUntil <= this.#limit && this.#panes !== undefined) return;
    const windows = this.#panes === undefined ? [] : [...this.#panes.windowRows()];
    this.#limit = Math.max(this.#limit, this.#firedUntil);
    this.#makePanes(windows);
  }

  /** @param rows All windows up to the limit. */
  #makePanes(rows: readonly WindowRow[]): void {
    this.#cursor.reset();
    const { key } = this.#keyContext;
    const codec = this.#assigner.windowCodec;
    const windows = rows.map((row) => ({ ...row, window: codec.fromNamespace(row.namespace) as TimeWindow }));
    windows.sort((a, b) => a.order - b.order);
    this.#panes = new PaneWindows(this.#parts, this.#assigner, { limit: this.#limit, windows });
    this.#keyContext.set(key);
  }

  /** All windows in flight go to panes, where a record can clear them. */
  #clear(value: unknown, time: number): void {
    const limit = Math.max(this.#agenda.lastTimestamp(), this.#limit);
    const before = this.#panes === undefined ? [] : this.#panes.windowRows();
    const windows = [...before, ...windowsOfSlices([...this.#sliceRows()], this.#parts, limit)];
    this.#slices.dropUntil(Infinity, (slice) => this.#release(slice));
    this.#agenda.clear();
    this.#slice = NO_SLICE;
    this.#limit = limit;
    this.#makePanes(windows);
    this.#panes!.addAt(time, value);
  }

  #release(slice: Slice): void {
    for (const id of slice.ids) this.#keys.release(id);
  }

  peekEventTime(): number {
    return this.#isEventTime ? this.#nextTime() : Infinity;
  }
  fireEventTimers(until: number): boolean {
    return this.#fire(until);
  }
  peekProcessingTime(): number {
    return this.#isEventTime ? Infinity : this.#nextTime();
  }
  fireProcessingTimers(until: number): boolean {
    const key = this.#keyContext.isSet ? this.#keyContext.key : undefined;
    const isDone = this.#fire(until);
    if (key === undefined) this.#keyContext.clear();
    else this.#keyContext.set(key);
    return isDone;
  }

  #nextTime(): number {
    const { nextTime } = this.#agenda;
    const inPanes = this.#panes?.nextTime ?? Infinity;
    return Math.min(this.#firing?.maxTimestamp() ?? Infinity, nextTime, inPanes);
  }

  #fire(until: number): boolean {
    // Their windows all end before those of slices.
    let isFirst = this.#panes === undefined || !this.#panes.isDue(until);
    if (!isFirst && !this.#panes!.fire(until)) return false;
    const { ctx, backend } = this.#parts;
    for (let window = this.#begin(until); window !== undefined; window = this.#begin(until)) {
      const at = { window, namespace: this.#assigner.windowCodec.toNamespace(window) };
      while (this.#fired < this.#sum.size) {
        if (!isFirst && !ctx.proceed()) return false;
        isFirst = false;
        const row = this.#fired++;
        if (this.#evaluation.hasFunction) backend.setCurrentKey(this.#keys.keys[this.#sum.ids[row]]);
        const elements = this.#content.take(this.#sum.values[row], true);
        if (elements !== undefined) this.#evaluation.evaluate(at, elements);
        this.#evaluation.clear(at);
      }
      this.#firing = undefined;
      this.#slices.dropUntil(window.maxTimestamp(), (slice) => this.#release(slice));
      this.#slice = NO_SLICE;
    }
    return true;
  }

  /** The window that is firing, or the next one. */
  #begin(until: number): TimeWindow | undefined {
    if (this.#firing !== undefined) return this.#firing;
    const window = this.#agenda.take(until);
    if (window === undefined) return undefined;
    this.#cursor.reset();
    this.#slices.sum(this.#sum, this.#keys.size, window);
    this.#fired = 0;
    this.#firedUntil = window.maxTimestamp();
    return this.#firing = window;
  }

  *rows(): Generator<StateRow, undefined> {
    if (this.#panes !== undefined) yield* this.#panes.rows();
    const window = this.#firing;
    if (window !== undefined) {
      const { ids, values, orders } = this.#sum;
      const namespace = this.#assigner.windowCodec.toNamespace(window);
      for (let row = this.#fired; row < this.#sum.size; row++) {
        const key = this.#keys.keys[ids[row]];
        const timers = [window.maxTimestamp()];
        yield rowOf({ key, namespace, timers, order: orders[row], content: values[row] }, this.#parts);
      }
    }
    for (const row of this.#sliceRows()) yield rowOfSlice(row, this.#parts);
  }

  *#sliceRows(): Generator<SliceRow, undefined> {
    // Between two keys of a window the next windows have not fired yet, whatever the watermark says.
    const watermark =
      this.#isEventTime && this.#firing === undefined && this.#nextTime() > this.#timers.currentWatermark()
        ? this.#timers.currentWatermark()
        : -Infinity;
    const firedUntil = Math.max(this.#firedUntil, this.#limit, watermark);
    for (const { from, to, lastTimestamp, ids, values, orders } of this.#slices.slices) {
      for (let row = 0; row < ids.length; row++) {
        const key = this.#keys.keys[ids[row]];
        yield { key, from, to, lastTimestamp, order: orders[row], content: values[row], firedUntil };
      }
    }
  }

  /** Rows come in the order of their first records. */
  #restore({ key, from, order, content }: SliceRow): void {
    this.#keyContext.set(key);
    if (order >= this.#nextOrder) this.#nextOrder = order + 1;
    const slice = this.#enter(undefined, from);
    if (slice.lastTimestamp !== -Infinity) this.#insert(slice, content, order);
  }

  /** Counted as the general way would: one row per key and window. */
  numStateEntries(stateName?: string): number {
    if (stateName !== undefined && stateName !== WINDOW_STATE_NAME) return 0;
    const inPanes = this.#panes?.numStateEntries() ?? 0;
    const firing = this.#firing === undefined ? 0 : this.#sum.size - this.#fired;
    return inPanes + firing + windowsOfSlices([...this.#sliceRows()], this.#parts, Infinity).length;
  }
  numProcessingTimeTimers(): number {
    return this.#isEventTime ? 0 : this.numStateEntries();
  }
}
