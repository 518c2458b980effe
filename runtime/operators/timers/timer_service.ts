/**
 * Event-time and processing-time timers of one operator, kept by key group and snapshotted with keyed state.
 *
 * @module
 */

import type { StateMeta, StateRow } from "../../state/keyed_state_backend.ts";
import type { DueTimers } from "./processing_alarm.ts";
import type { Timer } from "./timer_queue.ts";

/** What is called when a timer fires; the key of the timer is current. */
export interface Triggerable {
  onEventTime(timestamp: number, namespace: string): void;
  onProcessingTime(timestamp: number, namespace: string): void;
}

/** Timers by (key, namespace, timestamp); the key is the current one. Registering twice fires once. */
export interface InternalTimerService {
  currentProcessingTime(): number;
  currentWatermark(): number;
  registerEventTimeTimer(namespace: string, timestamp: number): void;
  deleteEventTimeTimer(namespace: string, timestamp: number): void;
  registerProcessingTimeTimer(namespace: string, timestamp: number): void;
  deleteProcessingTimeTimer(namespace: string, timestamp: number): void;
  numEventTimeTimers(): number;
  numProcessingTimeTimers(): number;
}

/** A row of {@link BulkTimers} from a snapshot. */
export interface BulkRow {
  readonly meta: StateMeta;
  readonly row: StateRow;
}

/**
 * Timers that an operator keeps itself together with what they are about: a window and the values of all its keys have
 * one time, so they need no timer each. In a snapshot they are rows of states of their own, with a timer kind; the
 * value of a row has one pair per timer, the first part of which is the timestamp.
 */
export interface BulkTimers extends DueTimers {
  readonly metas: readonly StateMeta[];
  /** Timestamp of the earliest event-time timer; Infinity when there is none. */
  peekEventTime(): number;
  /** As {@link DueTimers.fireProcessingTimers} for event time. */
  fireEventTimers(until: number): boolean;
  rows(): Iterable<StateRow>;
  numStateEntries(stateName?: string): number;
  numProcessingTimeTimers(): number;
}

/** All timer services of one operator. */
export interface TimerManager {
  /** The service of that name, made at first use. */
  getInternalTimerService(name: string, triggerable: Triggerable): InternalTimerService;
  /**
   * Fires event-time timers up to `timestamp` in order of time, those registered while firing included, asking
   * `proceed` between two. Returns false when it stopped early; call again with the same timestamp.
   */
  advanceWatermark(timestamp: number): boolean;
  snapshotMetas(): StateMeta[];
  snapshotRows(): Iterable<StateRow>;
  restoreRow(meta: StateMeta, row: StateRow): void;
  /** Timers that the operator keeps itself take part in firing, snapshots and counts from now on. */
  attach(bulk: BulkTimers): void;
  /** The earliest processing-time timer of the attached ones has changed. */
  armBulk(): void;
  /** Restored rows of bulk timers of whatever name; the caller has them from now on. */
  takeBulkRows(): readonly BulkRow[];
  /** Takes all timers of a service out, in firing order. */
  takeTimers(name: string, isEventTime: boolean): Timer[];
  /** Rows of state that lie with the attached timers, as KeyedStateBackend.numStateEntries. */
  numStateEntries(stateName?: string): number;
  /** Pending processing-time timers, counted when a task ends. */
  numProcessingTimeTimers(): number;
  close(): void;
}

export { HeapTimerManager, type TimerManagerOptions } from "./heap_timer_manager.ts";
