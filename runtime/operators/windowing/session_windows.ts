/**
 * Plain session windows: the sessions of all keys in one {@link SessionStore}, without windows, namespaces, timers and
 * merging sets per record.
 *
 * Takes the session assigners with their default trigger and without evictor, whatever their content and function.
 * Invariants: the same results, in the same order, as general_windows.ts: a session whose bounds change gets its timer
 * anew, parts merge in order of their start, the first one's content being the left one. Sessions fire one at a time, and
 * a snapshot between two loses nothing. Who calls: window_operator.ts and, for firing and snapshots, the timer manager.
 *
 * @module
 */

import { invariant } from "../../errors.ts";
import { EventTimeSessionWindows } from "../../functions/windowing/session_windows.ts";
import { requireTimestamp, SESSION_GAP, TIME_WINDOW_CODEC, TimeWindow } from "../../functions/windowing/time_window.ts";
import type { CanonicalKey, KeyContext } from "../../state/key_context.ts";
import type { StateMeta, StateRow } from "../../state/keyed_state_backend.ts";
import { MAX_WATERMARK } from "../../types/stream_element.ts";
import type { BulkTimers, InternalTimerService } from "../timers/timer_service.ts";
import { type PaneContent, paneContent } from "./pane_content.ts";
import type { PlainSessionAssigner } from "./plain_windows.ts";
import { NONE, SessionStore } from "./session_store.ts";
import { MERGING_WINDOWS } from "./merging_window_set.ts";
import { WINDOW_STATE_NAME } from "./window_contents.ts";
import type { WindowEvaluation } from "./window_evaluation.ts";
import type { WindowAt } from "./window_lifetime.ts";
import type { FusedPath, LateRecords, WindowParts, WindowPath } from "./window_path.ts";
import { type RestoredWindow, restoredWindows, rowOf, windowRowsMeta } from "./window_rows.ts";

/** A session as window; few ask for its namespace. */
class SessionAt implements WindowAt {
  constructor(readonly window: TimeWindow) {}
  get namespace(): string {
    return TIME_WINDOW_CODEC.toNamespace(this.window);
  }
}

/** See the header. */
export class SessionWindows implements WindowPath, BulkTimers {
  readonly metas: readonly StateMeta[];
  readonly #parts: WindowParts;
  readonly #assigner: PlainSessionAssigner;
  readonly #timers: InternalTimerService;
  readonly #keyContext: KeyContext;
  readonly #content: PaneContent;
  readonly #evaluation: WindowEvaluation;
  readonly #late: LateRecords;
  readonly #isEventTime: boolean;
  /** 0 in processing time. */
  readonly #latenessMs: number;
  readonly #sessions: SessionStore;
  readonly fused: FusedPath | undefined;
  /** One for the end and, with a lateness, one for the cleanup: each has an order of its own. */
  readonly #timersPerRow: number;

  constructor(parts: WindowParts, assigner: PlainSessionAssigner) {
    this.#parts = parts;
    this.#assigner = assigner;
    this.#timers = parts.timers;
    this.#keyContext = parts.backend.keyContext;
    this.#content = paneContent(parts, false);
    this.#evaluation = parts.evaluation;
    this.#late = parts.late;
    this.#isEventTime = assigner.isEventTime();
    this.#latenessMs = this.#isEventTime ? parts.latenessMs : 0;
    this.#timersPerRow = this.#latenessMs > 0 ? 2 : 1;
    this.#sessions = new SessionStore(this.#latenessMs);
    if (assigner instanceof EventTimeSessionWindows && this.#latenessMs === 0) {
      const gapMs = assigner[SESSION_GAP]();
      this.fused = { rows: { kind: "sessions", store: this.#sessions, gapMs }, content: this.#content.fused };
    }
    this.metas = [windowRowsMeta(parts)];
    for (const restored of restoredWindows(parts)) this.#restore(restored);
    this.#keyContext.clear();
    parts.ctx.timers.attach(this);
  }

  processElement(value: unknown, timestamp: number, isMoved: boolean = false): void {
    if (this.#isEventTime) requireTimestamp(timestamp, this.#assigner);
    const start = (this.#isEventTime ? timestamp : this.#timers.currentProcessingTime()) + 0;
    const end = start + this.#assigner[SESSION_GAP](value);
    const key = this.#keyContext.canonical;
    const row = this.#sessionFor(key, start, end);
    if (row === NONE) {
      if (timestamp + this.#latenessMs <= this.#timers.currentWatermark()) this.#late.add(value, timestamp);
      return;
    }
    const sessions = this.#sessions;
    const stored = sessions.values[row];
    sessions.values[row] = isMoved ? this.#content.addMoved(stored, value) : this.#content.add(stored, value);
    if (this.#latenessMs > 0 && sessions.end(row) - 1 <= this.#timers.currentWatermark()) {
      sessions.schedule(row);
      this.#evaluate(row, false);
      return;
    }
    if (sessions.isWaiting[row]) return;
    sessions.isWaiting[row] = true;
    if (sessions.order(row) === NONE) sessions.setOrder(row, this.#takeOrder());
    sessions.schedule(row);
    if (!this.#isEventTime) this.#parts.ctx.timers.armBulk();
  }

  onEventTime(_timestamp: number, namespace: string): void {
    invariant(false, `a timer of session ${namespace} was set past its store`);
  }
  onProcessingTime(timestamp: number, namespace: string): void {
    this.onEventTime(timestamp, namespace);
  }

  /** The session that a record of that span belongs to, grown or made; {@link NONE} when it is over. */
  #sessionFor(key: CanonicalKey, start: number, end: number): number {
    const sessions = this.#sessions;
    let found = NONE;
    let count = 0;
    for (let row = sessions.first(key); row !== NONE; row = sessions.next(row)) {
      if (start > sessions.end(row) || end < sessions.start(row)) continue;
      found = row;
      count++;
    }
    if (count === 1) return this.#grow(found, start, end);
    if (count > 1) return this.#join(key, start, end);
    if (this.#isEventTime && end - 1 + this.#latenessMs <= this.#timers.currentWatermark()) return NONE;
    return sessions.add(this.#keyContext, key, start, end);
  }

  #grow(row: number, start: number, end: number): number {
    const sessions = this.#sessions;
    if (start >= sessions.start(row) && end <= sessions.end(row)) return row;
    sessions.setSpan(row, Math.min(start, sessions.start(row)), Math.max(end, sessions.end(row)));
    this.#renewTimer(row);
    return row;
  }

  /** The record fills the gaps between sessions. */
  #join(key: CanonicalKey, start: number, end: number): number {
    const sessions = this.#sessions;
    const { values } = sessions;
    const parts: number[] = [];
    for (let row = sessions.first(key); row !== NONE; row = sessions.next(row)) {
      if (start <= sessions.end(row) && end >= sessions.start(row)) parts.push(row);
    }
    parts.sort((a, b) => sessions.start(a) - sessions.start(b));
    const [first, ...others] = parts;
    let merged: unknown;
    for (const row of others) merged = this.#content.merge(merged, values[row]);
    values[first] = this.#content.merge(values[first], merged);
    const last = Math.max(...parts.map((row) => sessions.end(row)));
    sessions.setSpan(first, Math.min(start, sessions.start(first)), Math.max(end, last));
    for (const row of others) sessions.remove(row);
    this.#renewTimer(first);
    return first;
  }

  /** A session of other bounds is another window: its timer counts as just set. */
  #renewTimer(row: number): void {
    const sessions = this.#sessions;
    sessions.setOrder(row, this.#takeOrder());
    sessions.isWaiting[row] = !this.#isEventTime || sessions.end(row) - 1 > this.#timers.currentWatermark();
    sessions.schedule(row);
  }

  #takeOrder(): number {
    const order = this.#sessions.nextOrder;
    this.#sessions.nextOrder += this.#timersPerRow;
    return order;
  }

  peekEventTime(): number {
    return this.#isEventTime ? this.#sessions.firstTime : Infinity;
  }
  fireEventTimers(until: number): boolean {
    return this.#fire(until);
  }
  peekProcessingTime(): number {
    return this.#isEventTime ? Infinity : this.#sessions.firstTime;
  }
  fireProcessingTimers(until: number): boolean {
    const key = this.#keyContext.isSet ? this.#keyContext.key : undefined;
    const isDone = this.#fire(until);
    if (key === undefined) this.#keyContext.clear();
    else this.#keyContext.set(key);
    return isDone;
  }

  #fire(until: number): boolean {
    const sessions = this.#sessions;
    const { ctx, backend } = this.#parts;
    let isFirst = true;
    for (let row = sessions.due(until); row !== NONE; row = sessions.due(until)) {
      if (!isFirst && !ctx.proceed()) return false;
      isFirst = false;
      const isLast = this.#latenessMs === 0 || !sessions.isWaiting[row];
      if (sessions.isWaiting[row]) {
        sessions.isWaiting[row] = false;
        if (this.#evaluation.hasFunction) backend.setCurrentKey(sessions.keys[row]);
        this.#evaluate(row, isLast);
        if (isLast) this.#evaluation.clear(this.#at(row));
      }
      if (isLast) sessions.remove(row);
    }
    return true;
  }

  #evaluate(row: number, isLast: boolean): void {
    const elements = this.#content.take(this.#sessions.values[row], isLast);
    if (elements !== undefined) this.#evaluation.evaluate(this.#at(row), elements);
  }

  #at(row: number): SessionAt {
    return new SessionAt(new TimeWindow(this.#sessions.start(row), this.#sessions.end(row)));
  }

  *rows(): Generator<StateRow, undefined> {
    const { keys, values, isWaiting } = this.#sessions;
    for (const row of this.#sessions.rows()) {
      const end = this.#sessions.end(row) - 1;
      const cleanup = Math.min(end + this.#latenessMs, MAX_WATERMARK);
      const timers = isWaiting[row] ? [end, cleanup] : [cleanup];
      const order = isWaiting[row] ? this.#sessions.order(row) : NONE;
      const { namespace } = this.#at(row);
      yield rowOf({ key: keys[row], namespace, timers, order, content: values[row] }, this.#parts);
    }
  }

  #restore({ key, window, order, content }: RestoredWindow): void {
    const sessions = this.#sessions;
    // Over before a restore with a smaller lateness: nothing can come of it any more.
    if (order === NONE && this.#latenessMs === 0) return;
    this.#keyContext.set(key);
    const row = sessions.add(this.#keyContext, this.#keyContext.canonical, window.start, window.end);
    sessions.values[row] = content;
    sessions.setOrder(row, order);
    sessions.isWaiting[row] = order !== NONE;
    sessions.schedule(row);
    if (order >= sessions.nextOrder) sessions.nextOrder = order + this.#timersPerRow;
  }

  /** Counted as the general way would: contents, and one set of windows per key. */
  numStateEntries(stateName?: string): number {
    let contents = 0;
    let sets = 0;
    for (const row of this.#sessions.rows()) {
      if (this.#sessions.values[row] !== undefined) contents++;
      if (this.#sessions.isFirst(row)) sets++;
    }
    if (stateName === WINDOW_STATE_NAME) return contents;
    if (stateName === MERGING_WINDOWS.name) return sets;
    return stateName === undefined ? contents + sets : 0;
  }
  numProcessingTimeTimers(): number {
    if (this.#isEventTime) return 0;
    let count = 0;
    for (const row of this.#sessions.rows()) if (this.#sessions.isWaiting[row]) count++;
    return count;
  }
}
