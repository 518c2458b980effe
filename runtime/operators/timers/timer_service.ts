/**
 * Event-time and processing-time timers of one operator, kept by key group and snapshotted with keyed state.
 *
 * @module
 */

import type { StateMeta, StateRow } from "../../state/keyed_state_backend.ts";

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
  /** Pending processing-time timers, counted when a task ends. */
  numProcessingTimeTimers(): number;
  close(): void;
}

export { HeapTimerManager, type TimerManagerOptions } from "./heap_timer_manager.ts";
