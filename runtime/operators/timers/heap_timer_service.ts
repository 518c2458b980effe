/**
 * The timers of one operator under one name, see heap_timer_manager.ts, which makes it.
 *
 * Invariants: at least one timer fires per call, with its key current; while processing-time timers fire, those set
 * meanwhile wait for the end.
 *
 * @module
 */

import { InvalidProgramError } from "../../errors.ts";
import type { KeyedStateBackend } from "../../state/keyed_state_backend.ts";
import type { Key } from "../../types/key.ts";
import { MAX_WATERMARK, MIN_WATERMARK } from "../../types/stream_element.ts";
import { BucketedTimerQueue } from "./bucketed_timer_queue.ts";
import type { TimerManagerOptions } from "./heap_timer_manager.ts";
import { type DueTimers, ProcessingAlarm } from "./processing_alarm.ts";
import { TimerQueue, type Timers } from "./timer_queue.ts";
import type { InternalTimerService, Triggerable } from "./timer_service.ts";

/** The timers under one name; restored timers wait here until the operator asks for the service. */
export class HeapTimerService implements InternalTimerService, DueTimers {
  readonly eventTimers: Timers;
  readonly processingTimers: Timers;
  watermark = MIN_WATERMARK;
  readonly #options: TimerManagerOptions;
  #triggerable: Triggerable | undefined;
  readonly #alarm: ProcessingAlarm;

  constructor(options: TimerManagerOptions) {
    this.#options = options;
    const Queue = options.timerBuckets === false ? TimerQueue : BucketedTimerQueue;
    this.eventTimers = new Queue();
    this.processingTimers = new Queue();
    this.#alarm = new ProcessingAlarm(options, this);
  }

  get isStarted(): boolean {
    return this.#triggerable !== undefined;
  }

  start(triggerable: Triggerable): void {
    this.#triggerable = triggerable;
    this.arm();
  }

  currentProcessingTime(): number {
    return this.#options.processingTime.now();
  }

  currentWatermark(): number {
    return this.watermark;
  }

  registerEventTimeTimer(namespace: string, timestamp: number): void {
    if (this.#isQuiesced()) return;
    this.eventTimers.add(this.#keyed().keyContext, namespace, checked(timestamp));
  }

  deleteEventTimeTimer(namespace: string, timestamp: number): void {
    this.eventTimers.remove(this.#keyed().keyContext, namespace, timestamp);
  }

  registerProcessingTimeTimer(namespace: string, timestamp: number): void {
    if (this.#isQuiesced()) return;
    this.processingTimers.add(this.#keyed().keyContext, namespace, checked(timestamp));
    this.arm();
  }

  deleteProcessingTimeTimer(namespace: string, timestamp: number): void {
    this.processingTimers.remove(this.#keyed().keyContext, namespace, timestamp);
  }

  numEventTimeTimers(): number {
    return this.eventTimers.size;
  }

  numProcessingTimeTimers(): number {
    return this.processingTimers.size;
  }

  /** Fires the earliest event-time timer; the key is left to the caller. */
  fireEventTimer(): void {
    const timer = this.eventTimers.poll()!;
    this.#keyed().setCurrentKey(timer.key);
    this.#triggerable!.onEventTime(timer.timestamp, timer.namespace);
  }

  /** Asks to be called for the earliest processing-time timer. */
  arm(): void {
    this.#alarm.arm();
  }

  /** Fires every processing-time timer, however far ahead; false when it stopped early. */
  fireAllProcessingTimers(): boolean {
    return this.processingTimers.size === 0 || this.#alarm.fire(Number.MAX_VALUE);
  }

  /** BATCH at the end of the input: a timer set from a timer would never let it end. */
  #isQuiesced(): boolean {
    return this.#options.isBatch === true && this.watermark === MAX_WATERMARK;
  }

  close(): void {
    this.#alarm.close();
  }

  peekProcessingTime(): number {
    return this.processingTimers.peekTimestamp();
  }

  fireProcessingTimers(until: number): boolean {
    const keyed = this.#keyed();
    const restoreKey = saveKey(keyed);
    try {
      while (!this.#alarm.isClosed && this.processingTimers.peekTimestamp() <= until) {
        const timer = this.processingTimers.poll()!;
        keyed.setCurrentKey(timer.key);
        this.#triggerable!.onProcessingTime(timer.timestamp, timer.namespace);
        if (this.processingTimers.peekTimestamp() <= until && !this.#options.proceed()) return false;
      }
    } finally {
      restoreKey();
    }
    return true;
  }

  #keyed(): KeyedStateBackend {
    const keyed = this.#options.keyedState;
    if (keyed !== undefined) return keyed;
    throw new InvalidProgramError("TSF-2119", "Timers can be set only on a keyed stream", {
      expected: "a stream made by keyBy()",
      found: "a stream that is not keyed",
      hint: "Call keyBy() before process().",
    });
  }
}

/** Returns a function that makes the current key current again, or none if none is. */
export function saveKey(keyed: KeyedStateBackend): () => void {
  const context = keyed.keyContext;
  const key: Key | undefined = context.isSet ? context.key : undefined;
  return () => key === undefined ? context.clear() : context.set(key);
}

function checked(timestamp: number): number {
  if (Number.isFinite(timestamp)) return timestamp;
  throw new InvalidProgramError("TSF-2118", "A timer needs a timestamp", {
    expected: "milliseconds since the epoch",
    found: String(timestamp),
  });
}
