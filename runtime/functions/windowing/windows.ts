/**
 * Contracts of windows: window, assigner, trigger, evictor. The ready-made ones are in window_assigners.ts,
 * triggers.ts and evictors.ts.
 *
 * @module
 */

import type { StateDescriptor } from "../state_descriptor.ts";

/** A finite set of records. Two windows are one when their namespaces are equal. */
export interface Window {
  /** The last timestamp that still belongs to the window, in ms. */
  maxTimestamp(): number;
}

/** Turns a window into the namespace its state and timers are kept under, and back. */
export interface WindowCodec<W extends Window> {
  /** A text that is the same for equal windows only. */
  toNamespace(window: W): string;
  /** The window of such a text. */
  fromNamespace(namespace: string): W;
}

/** What an assigner may ask. */
export interface WindowAssignerContext {
  /** The clock of the task, in ms since the epoch. */
  getCurrentProcessingTime(): number;
  /** A random number in [0, 1) from the seeded Random of the subtask, for staggered windows. */
  nextRandom?(): number;
}

/** Assigns each record to windows. */
export interface WindowAssigner<T, W extends Window> {
  /** The windows a record belongs to. */
  assignWindows(element: T, timestamp: number, context: WindowAssignerContext): W[];
  /** The trigger unless the program sets another. */
  getDefaultTrigger(): Trigger<T, W>;
  /** Whether windows are of event time, so that late records can be told and state cleaned up by watermarks. */
  isEventTime(): boolean;
  /** How its windows are kept. */
  readonly windowCodec: WindowCodec<W>;
}

/** An assigner whose windows may grow together (sessions). */
export interface MergingWindowAssigner<T, W extends Window> extends WindowAssigner<T, W> {
  /** Calls `merged` once for every group of windows that become one. */
  mergeWindows(windows: readonly W[], merged: (toBeMerged: readonly W[], mergeResult: W) => void): void;
}

/** What a trigger decides: nothing, evaluate, drop the content, or both. */
export type TriggerResult = "CONTINUE" | "FIRE" | "PURGE" | "FIRE_AND_PURGE";

/** What a trigger may do. State and timers belong to the key and window. */
export interface TriggerContext {
  /** The clock of the task, in ms since the epoch. */
  getCurrentProcessingTime(): number;
  /** The event time reached, in ms. */
  getCurrentWatermark(): number;
  /** Calls `onEventTime` when the watermark has reached that time, in ms. */
  registerEventTimeTimer(timestamp: number): void;
  /** Calls `onProcessingTime` when the clock has reached that time, in ms. */
  registerProcessingTimeTimer(timestamp: number): void;
  /** Takes a timer back. */
  deleteEventTimeTimer(timestamp: number): void;
  /** Takes a timer back. */
  deleteProcessingTimeTimer(timestamp: number): void;
  /** A state of this key and window; the type is that of the descriptor's handle. */
  getPartitionedState<H>(descriptor: StateDescriptor): H;
}
/** {@link TriggerContext} while windows merge. */
export interface OnMergeContext extends TriggerContext {
  /** Merges the state of the merged windows into that of the result. Only list, reducing and aggregating state. */
  mergePartitionedState(descriptor: StateDescriptor): void;
}

/** Decides when a window is evaluated. One object serves all keys and windows: keep what must be remembered in state. */
export interface Trigger<T, W extends Window> {
  /** Called for each record that is added to the window. */
  onElement(element: T, timestamp: number, window: W, ctx: TriggerContext): TriggerResult;
  /** Called when a processing-time timer of the window fires. */
  onProcessingTime(time: number, window: W, ctx: TriggerContext): TriggerResult;
  /** Called when an event-time timer of the window fires. */
  onEventTime(time: number, window: W, ctx: TriggerContext): TriggerResult;
  /** Whether {@link onMerge} is supported; needed by merging windows. Default false. */
  canMerge?(): boolean;
  /** Called when windows have grown together: merge state, register timers for the result. */
  onMerge?(window: W, ctx: OnMergeContext): void;
  /** Called when the window is dropped: clear timers and state here. */
  clear(window: W, ctx: TriggerContext): void;
}

/** A record with its timestamp, as an evictor sees it. */
export interface TimestampedValue<T> {
  /** The record. */
  readonly value: T;
  /** Its timestamp, in ms. */
  readonly timestamp: number;
}
/** What an evictor may ask. */
export interface EvictorContext {
  /** The clock of the task, in ms since the epoch. */
  getCurrentProcessingTime(): number;
  /** The event time reached, in ms. */
  getCurrentWatermark(): number;
}
/**
 * Removes records from a window before or after it is evaluated. Turns pre-aggregation off.
 * Each method returns the records that stay, in order.
 */
export interface Evictor<T, W extends Window> {
  /** Called before the window is evaluated; returns the records that stay. */
  evictBefore(
    elements: readonly TimestampedValue<T>[],
    size: number,
    window: W,
    ctx: EvictorContext,
  ): readonly TimestampedValue<T>[];
  /** Called after the window was evaluated; returns the records that stay. */
  evictAfter(
    elements: readonly TimestampedValue<T>[],
    size: number,
    window: W,
    ctx: EvictorContext,
  ): readonly TimestampedValue<T>[];
}
