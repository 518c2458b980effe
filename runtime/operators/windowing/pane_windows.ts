/**
 * Plain time windows by panes: every window in flight is a {@link Pane} that holds its content for all keys and has one
 * time at which all of them fire. No assigner, trigger, namespace or timer per record.
 *
 * Takes tumbling, sliding and cumulative windows with their default trigger and without evictor, whatever their content
 * and function. Invariants: the same results, in the same order, as general_windows.ts; windows fire one key at a time,
 * and a snapshot between two loses nothing; a group of panes is forgotten as soon as one of them is dropped.
 * Who calls: window_operator.ts and, for firing and snapshots, the timer manager.
 *
 * @module
 */

import { invariant } from "../../errors.ts";
import type { TimeWindow } from "../../functions/windowing/time_window.ts";
import { TumblingEventTimeWindows, TumblingProcessingTimeWindows } from "../../functions/windowing/tumbling_windows.ts";
import type { CanonicalKey, KeyContext } from "../../state/key_context.ts";
import type { KeyedStateBackend, StateMeta, StateRow } from "../../state/keyed_state_backend.ts";
import { MAX_WATERMARK } from "../../types/stream_element.ts";
import type { BulkTimers, InternalTimerService } from "../timers/timer_service.ts";
import { NO_TIMER, type Pane } from "./pane.ts";
import { type PaneContent, paneContent } from "./pane_content.ts";
import { PaneList } from "./pane_list.ts";
import type { PaneAssigner } from "./plain_windows.ts";
import { type RestoredWindow, restoredWindows, rowOf, type WindowRow, windowRowsMeta } from "./window_rows.ts";
import { WINDOW_STATE_NAME } from "./window_contents.ts";
import type { WindowEvaluation } from "./window_evaluation.ts";
import { WindowCursor } from "./window_cursor.ts";
import {
  type FusedPath,
  type LateRecords,
  spanAt,
  type WindowParts,
  type WindowPath,
  windowsAt,
} from "./window_path.ts";

/** The part of all windows that an owner of panes leaves to them. */
export interface PanesWithin {
  /** Windows whose last timestamp is at most this. */
  readonly limit: number;
  /** Those to start with, in the order of their timers. */
  readonly windows: readonly RestoredWindow[];
}

/** Panes of all windows that a record of some span of time belongs to. */
interface PaneGroup {
  readonly from: number;
  readonly to: number;
  readonly panes: readonly Pane[];
}

/** No timestamp lies in it. */
const NO_GROUP: PaneGroup = { from: Infinity, to: -Infinity, panes: [] };
/** So many records may share one look at a clock that stands still. */
const MAX_CLOCK_SKIPS = 32;

/** See the header. */
export class PaneWindows implements WindowPath, BulkTimers {
  readonly metas: readonly StateMeta[];
  readonly #parts: WindowParts;
  readonly #timers: InternalTimerService;
  readonly #keyed: KeyedStateBackend;
  readonly #keyContext: KeyContext;
  readonly #content: PaneContent;
  readonly #evaluation: WindowEvaluation;
  readonly #late: LateRecords;
  readonly #isEventTime: boolean;
  readonly #isTumbling: boolean;
  /** 0 in processing time. */
  readonly #latenessMs: number;
  readonly #panes = new PaneList();
  #groups = new Map<number, PaneGroup>();
  #group = NO_GROUP;
  /** Points to the rows of the group where that is one pane, and a record in it leads to nothing else. */
  readonly #cursor = new WindowCursor();
  readonly #hasCursor: boolean;
  readonly fused: FusedPath | undefined;
  /** One for the end and, with a lateness, one for the cleanup: each has an order of its own. */
  readonly #timersPerRow: number;
  #nextOrder = 0;
  readonly #limit: number;
  #clock = NaN;
  #clockSkips = 0;
  #clockSkipsLeft = 0;

  /** @param within Only these windows, for an owner that takes care of the rest. */
  constructor(parts: WindowParts, assigner: PaneAssigner, within?: PanesWithin) {
    this.#limit = within?.limit ?? Infinity;
    this.#parts = parts;
    this.#timers = parts.timers;
    this.#keyed = parts.backend;
    this.#keyContext = parts.backend.keyContext;
    this.#isTumbling = assigner instanceof TumblingEventTimeWindows ||
      assigner instanceof TumblingProcessingTimeWindows;
    this.#content = paneContent(parts, !this.#isTumbling);
    this.#evaluation = parts.evaluation;
    this.#late = parts.late;
    this.#isEventTime = assigner.isEventTime();
    this.#latenessMs = this.#isEventTime ? parts.latenessMs : 0;
    this.#timersPerRow = this.#latenessMs > 0 ? 2 : 1;
    this.#hasCursor = within === undefined;
    if (this.#hasCursor) {
      const clock = this.#isEventTime ? undefined : this;
      this.fused = { rows: { kind: "cursor", cursor: this.#cursor, clock }, content: this.#content.fused };
    }
    this.metas = [windowRowsMeta(parts)];
    for (const restored of within?.windows ?? restoredWindows(parts)) this.#restore(restored);
    this.#keyContext.clear();
    if (within === undefined) parts.ctx.timers.attach(this);
  }

  processElement(value: unknown, timestamp: number, isMoved: boolean = false): void {
    const time = this.#isEventTime ? timestamp : this.processingTime();
    const group = this.#group;
    if (this.#add(time >= group.from && time < group.to ? group : this.#enter(value, time), value, isMoved)) return;
    if (this.#isEventTime && timestamp + this.#latenessMs <= this.#timers.currentWatermark()) {
      this.#late.add(value, timestamp);
    }
  }

  /** Adds a record to its windows; false when there is none that takes it. */
  addAt(time: number, value: unknown): boolean {
    const group = this.#group;
    return this.#add(time >= group.from && time < group.to ? group : this.#enter(value, time), value, false);
  }
  /** When something fires or is dropped next; Infinity for never. */
  get nextTime(): number {
    return this.#panes.nextTime();
  }
  /** Whether something fires by then. */
  isDue(until: number): boolean {
    return this.#panes.nextTime() <= until;
  }
  get isEmpty(): boolean {
    return this.#panes.isEmpty;
  }

  #add({ panes }: PaneGroup, value: unknown, isMoved: boolean): boolean {
    if (panes.length === 0) return false;
    const key = this.#keyContext.canonical;
    if (this.#latenessMs > 0) {
      const watermark = this.#timers.currentWatermark();
      for (let i = 0; i < panes.length; i++) this.#addWithLateness(panes[i], key, value, watermark);
      return true;
    }
    for (let i = 0; i < panes.length; i++) {
      const pane = panes[i];
      const row = pane.index.get(key);
      const stored = row >= 0 ? pane.values[row] : undefined;
      // The last one may have the record itself.
      const isLast = isMoved && i === panes.length - 1;
      const added = isLast ? this.#content.addMoved(stored, value) : this.#content.add(stored, value);
      if (row >= 0) pane.values[row] = added;
      else pane.insert(this.#keyContext, key, added, this.#nextOrder++);
    }
    return true;
  }

  onEventTime(_timestamp: number, namespace: string): void {
    invariant(false, `a timer of window ${namespace} was set past its pane`);
  }
  onProcessingTime(timestamp: number, namespace: string): void {
    this.onEventTime(timestamp, namespace);
  }

  /** A window whose end has passed is evaluated again for each late record. */
  #addWithLateness(pane: Pane, key: CanonicalKey, value: unknown, watermark: number): void {
    const isOver = pane.maxTimestamp <= watermark;
    let row = pane.index.get(key);
    if (row >= 0) {
      pane.values[row] = this.#content.add(pane.values[row], value);
      if (!isOver && pane.orders[row] === NO_TIMER) {
        pane.setTimer(row, this.#takeOrders());
        this.#panes.expect(pane);
      }
    } else {
      const added = this.#content.add(undefined, value);
      row = pane.insert(this.#keyContext, key, added, isOver ? NO_TIMER : this.#takeOrders());
      if (!isOver) this.#panes.expect(pane);
    }
    if (isOver) this.#evaluate(pane, row, false);
  }

  #takeOrders(): number {
    const order = this.#nextOrder;
    this.#nextOrder += this.#timersPerRow;
    return order;
  }

  /**
   * Looking at the clock costs more than the rest; one that did not move for long is asked less often. Only where a
   * record's pane ends when its span does: then the timer of the pane says so in time.
   */
  processingTime(): number {
    if (this.#clockSkipsLeft > 0) {
      this.#clockSkipsLeft--;
      return this.#clock;
    }
    const now = this.#timers.currentProcessingTime();
    this.#clockSkips = this.#isTumbling && now === this.#clock
      ? Math.min(2 * this.#clockSkips + 1, MAX_CLOCK_SKIPS)
      : 0;
    this.#clockSkipsLeft = this.#clockSkips;
    return this.#clock = now;
  }

  /** Finds or makes the panes for a time. */
  #enter(value: unknown, time: number): PaneGroup {
    // Asked first: it refuses records without timestamp.
    const windows = windowsAt(this.#parts, time, value);
    const [from, to] = spanAt(this.#parts, time);
    let group = this.#groups.get(from);
    if (group === undefined) {
      const watermark = this.#isEventTime ? this.#timers.currentWatermark() : -Infinity;
      const panes: Pane[] = [];
      for (const window of windows) {
        if (this.#cleanupTime(window) > watermark && window.maxTimestamp() <= this.#limit) {
          panes.push(this.#paneOf(window));
        }
      }
      this.#groups.set(from, group = { from, to, panes });
    }
    this.#point(group);
    return this.#group = group;
  }

  /** With a lateness, a record may set a timer, or fire a window that is over. */
  #point(group: PaneGroup): void {
    const pane = group.panes[0];
    const isKnown = this.#hasCursor && group.panes.length === 1 &&
      (this.#latenessMs === 0 || (pane.hasAllTimers && pane.maxTimestamp > this.#timers.currentWatermark()));
    if (isKnown) this.#cursor.point(group, pane.index, pane.values);
    else this.#cursor.reset();
  }

  #cleanupTime(window: TimeWindow): number {
    return Math.min(window.maxTimestamp() + this.#latenessMs, MAX_WATERMARK);
  }

  #paneOf(window: TimeWindow): Pane {
    const found = this.#panes.find(window);
    if (found !== undefined) return found;
    const pane = this.#panes.add(window, this.#cleanupTime(window));
    if (!this.#isEventTime && this.#limit === Infinity) this.#parts.ctx.timers.armBulk();
    return pane;
  }

  #forgetGroups(): void {
    this.#group = NO_GROUP;
    this.#cursor.reset();
    if (this.#groups.size > 0) this.#groups = new Map();
    this.#clockSkipsLeft = 0;
  }

  peekEventTime(): number {
    return this.#isEventTime ? this.#panes.nextTime() : Infinity;
  }
  fireEventTimers(until: number): boolean {
    return this.fire(until);
  }
  peekProcessingTime(): number {
    return this.#isEventTime ? Infinity : this.#panes.nextTime();
  }
  fireProcessingTimers(until: number): boolean {
    const { key, isSet } = savedKey(this.#keyContext);
    const isDone = this.fire(until);
    if (isSet) this.#keyContext.set(key!);
    else this.#keyContext.clear();
    return isDone;
  }

  /** Fires what is due, whatever the clock; the key is left to the caller. */
  fire(until: number): boolean {
    const { ctx } = this.#parts;
    let isFirst = true;
    for (let pane = this.#panes.due(until); pane !== undefined; pane = this.#panes.due(until)) {
      for (let row = pane.nextDue(); row >= 0; row = pane.nextDue()) {
        if (!isFirst && !ctx.proceed()) return false;
        isFirst = false;
        pane.orders[row] = NO_TIMER;
        pane.hasAllTimers = false;
        if (this.#evaluation.hasFunction) this.#keyed.setCurrentKey(pane.keys[row]);
        this.#evaluate(pane, row, this.#latenessMs === 0);
        if (this.#latenessMs === 0) this.#evaluation.clear(pane);
      }
      this.#panes.fired(pane, this.#latenessMs === 0);
      this.#forgetGroups();
    }
    if (this.#panes.dropUntil(until)) this.#forgetGroups();
    return true;
  }

  #evaluate(pane: Pane, row: number, isLast: boolean): void {
    const elements = this.#content.take(pane.values[row], isLast);
    if (elements !== undefined) this.#evaluation.evaluate(pane, elements);
  }

  *rows(): Generator<StateRow, undefined> {
    for (const row of this.windowRows()) yield rowOf(row, this.#parts);
  }

  /** All windows of all keys. */
  *windowRows(): Generator<WindowRow, undefined> {
    for (const pane of this.#panes.all()) {
      for (let row = 0; row < pane.size; row++) {
        const order = pane.orders[row];
        if (order === NO_TIMER && this.#latenessMs === 0) continue;
        const { maxTimestamp, cleanupTime, namespace } = pane;
        const timers = order === NO_TIMER ? [cleanupTime] : [maxTimestamp, cleanupTime];
        yield { key: pane.keys[row], namespace, timers, order, content: pane.values[row] };
      }
    }
  }

  /** Rows come in the order of their timers. */
  #restore({ key, window, order, content }: RestoredWindow): void {
    this.#keyContext.set(key);
    const pane = this.#panes.find(window) ?? this.#panes.add(window, this.#cleanupTime(window));
    pane.insert(this.#keyContext, this.#keyContext.canonical, content, order);
    if (order >= this.#nextOrder) this.#nextOrder = order + this.#timersPerRow;
  }

  numStateEntries(stateName?: string): number {
    if (stateName !== undefined && stateName !== WINDOW_STATE_NAME) return 0;
    return this.#count((pane, row) =>
      pane.values[row] !== undefined && (this.#latenessMs > 0 || pane.orders[row] !== NO_TIMER)
    );
  }
  numProcessingTimeTimers(): number {
    return this.#isEventTime ? 0 : this.#count((pane, row) => pane.orders[row] !== NO_TIMER);
  }
  #count(counts: (pane: Pane, row: number) => boolean): number {
    let count = 0;
    for (const pane of this.#panes.all()) for (let row = 0; row < pane.size; row++) if (counts(pane, row)) count++;
    return count;
  }
}

function savedKey(context: KeyContext): { key: KeyContext["key"] | undefined; isSet: boolean } {
  return { key: context.isSet ? context.key : undefined, isSet: context.isSet };
}
