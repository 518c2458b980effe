/**
 * All timers of one operator in one subtask, on the heap, beside its keyed state.
 *
 * Invariants: timers fire with their key current, and the key of before is current again afterwards; at least one timer
 * fires per call, so that whoever asks again makes progress; what has not fired yet is in the queues, so a snapshot
 * between two timers loses nothing. Of the processing-time timers of a service only the earliest is known to the
 * ProcessingTimeService. Made by the operator runtime.
 *
 * @module
 */

import { InvalidProgramError } from "../../errors.ts";
import type { CanonicalKey } from "../../state/key_context.ts";
import type { KeyedStateBackend, StateMeta, StateRow } from "../../state/keyed_state_backend.ts";
import type { Key } from "../../types/key.ts";
import { keyGroupFor } from "../../types/key_group.ts";
import { MAX_WATERMARK, MIN_WATERMARK } from "../../types/stream_element.ts";
import { type AlarmOptions, type DueTimers, ProcessingAlarm } from "./processing_alarm.ts";
import { type Timer, TimerQueue } from "./timer_queue.ts";
import type { BulkRow, BulkTimers, InternalTimerService, TimerManager, Triggerable } from "./timer_service.ts";

const EVENT_PREFIX = "_timer_state/event_";
const PROCESSING_PREFIX = "_timer_state/processing_";

/** What a {@link HeapTimerManager} needs. */
export interface TimerManagerOptions extends AlarmOptions {
  /** Undefined on a stream that is not keyed: there timers cannot be set. */
  readonly keyedState: KeyedStateBackend | undefined;
  /** Whether one more timer may fire in this step. */
  proceed(): boolean;
  /**
   * BATCH: timers of both kinds fire at the end of the input, first those of event time; timers set then are ignored,
   * so that the end comes. Default false.
   */
  readonly isBatch?: boolean;
}

/** See the header. */
export class HeapTimerManager implements TimerManager {
  readonly #options: TimerManagerOptions;
  readonly #services = new Map<string, HeapTimerService>();
  /** Those that an operator has asked for. */
  #started: readonly HeapTimerService[] = [];
  #bulk: BulkTimers | undefined;
  #bulkAlarm: ProcessingAlarm | undefined;
  /** Restored rows of bulk timers, until the operator takes them. */
  #bulkRows: BulkRow[] = [];

  constructor(options: TimerManagerOptions) {
    this.#options = options;
  }

  getInternalTimerService(name: string, triggerable: Triggerable): InternalTimerService {
    const service = this.#service(name);
    service.start(triggerable);
    this.#started = [...this.#services.values()].filter((each) => each.isStarted);
    return service;
  }

  attach(bulk: BulkTimers): void {
    this.#bulk = bulk;
    this.#bulkAlarm = new ProcessingAlarm(this.#options, bulk);
    this.#bulkAlarm.arm();
  }
  armBulk(): void {
    this.#bulkAlarm?.arm();
  }
  takeBulkRows(): readonly BulkRow[] {
    const rows = this.#bulkRows;
    this.#bulkRows = [];
    return rows;
  }
  takeTimers(name: string, isEventTime: boolean): Timer[] {
    const service = this.#service(name);
    const timers = (isEventTime ? service.eventTimers : service.processingTimers).takeAll();
    return timers.sort(inFiringOrder);
  }

  advanceWatermark(timestamp: number): boolean {
    const services = this.#started;
    for (const service of services) service.watermark = timestamp;
    // MAX ends event time: whatever is left fires, however far ahead it was set.
    const until = timestamp === MAX_WATERMARK ? Number.MAX_VALUE : timestamp;
    if (!this.#fireEventTimers(services, until) || !this.#fireBulk(until)) return false;
    if (!this.#options.isBatch || timestamp !== MAX_WATERMARK) return true;
    return services.every((service) => service.fireAllProcessingTimers());
  }

  #fireBulk(until: number): boolean {
    const bulk = this.#bulk;
    if (bulk === undefined || bulk.peekEventTime() > until) return true;
    const restoreKey = saveKey(this.#options.keyedState!);
    try {
      return bulk.fireEventTimers(until);
    } finally {
      restoreKey();
    }
  }

  #fireEventTimers(services: readonly HeapTimerService[], until: number): boolean {
    let next = earliest(services, until);
    if (next === undefined) return true;
    const restoreKey = saveKey(this.#options.keyedState!);
    try {
      for (;;) {
        next.fireEventTimer();
        next = earliest(services, until);
        if (next === undefined) return true;
        if (!this.#options.proceed()) return false;
      }
    } finally {
      restoreKey();
    }
  }

  snapshotMetas(): StateMeta[] {
    const metas: StateMeta[] = [];
    for (const name of this.#services.keys()) {
      metas.push({ name: EVENT_PREFIX + name, kind: "event-timers", ttl: false, schema: "generic" });
      metas.push({ name: PROCESSING_PREFIX + name, kind: "processing-timers", ttl: false, schema: "generic" });
    }
    if (this.#bulk !== undefined) metas.push(...this.#bulk.metas);
    for (const { meta } of this.#bulkRows) if (!metas.some(({ name }) => name === meta.name)) metas.push(meta);
    return metas;
  }

  *snapshotRows(): Generator<StateRow, undefined> {
    for (const [name, service] of this.#services) {
      yield* this.#rowsOf(EVENT_PREFIX + name, service.eventTimers);
      yield* this.#rowsOf(PROCESSING_PREFIX + name, service.processingTimers);
    }
    if (this.#bulk !== undefined) yield* this.#bulk.rows();
    for (const { row } of this.#bulkRows) yield row;
  }

  restoreRow(meta: StateMeta, row: StateRow): void {
    if (!meta.name.startsWith(EVENT_PREFIX) && !meta.name.startsWith(PROCESSING_PREFIX)) {
      this.#bulkRows.push({ meta, row });
      return;
    }
    const isEvent = meta.kind === "event-timers";
    const service = this.#service(meta.name.slice((isEvent ? EVENT_PREFIX : PROCESSING_PREFIX).length));
    const queue = isEvent ? service.eventTimers : service.processingTimers;
    const context = this.#options.keyedState!.keyContext;
    const restoreKey = saveKey(this.#options.keyedState!);
    context.set(row.key);
    const timers = row.value as number[];
    for (let i = 0; i < timers.length; i += 2) queue.add(context, row.namespace, timers[i], timers[i + 1]);
    restoreKey();
    if (!isEvent && service.isStarted) service.arm();
  }

  numStateEntries(stateName?: string): number {
    return this.#bulk?.numStateEntries(stateName) ?? 0;
  }

  numProcessingTimeTimers(): number {
    let count = this.#bulk?.numProcessingTimeTimers() ?? 0;
    for (const service of this.#services.values()) count += service.numProcessingTimeTimers();
    return count;
  }

  close(): void {
    for (const service of this.#services.values()) service.close();
    this.#bulkAlarm?.close();
  }

  /** One row per key and namespace: timestamp and order of each timer, in the order in which they would fire. */
  #rowsOf(state: string, queue: TimerQueue): StateRow[] {
    if (queue.size === 0) return [];
    const { maxParallelism, keyHashRule } = this.#options.keyedState!.keyContext;
    const rows: StateRow[] = [];
    // By key group first, because one Map ends at 2^24 entries.
    const seen = new Map<number, Map<string, Map<CanonicalKey, number[]>>>();
    const timers = [...queue.timers()].sort(inFiringOrder);
    for (const { key, canonical, namespace, timestamp, order } of timers) {
      const keyGroup = keyGroupFor(key, maxParallelism, keyHashRule);
      const byNamespace = entry(seen, keyGroup, () => new Map<string, Map<CanonicalKey, number[]>>());
      const value = entry(entry(byNamespace, namespace, () => new Map<CanonicalKey, number[]>()), canonical, () => []);
      if (value.length === 0) rows.push({ state, keyGroup, key, namespace, value });
      value.push(timestamp, order);
    }
    return rows;
  }

  #service(name: string): HeapTimerService {
    let service = this.#services.get(name);
    if (service === undefined) this.#services.set(name, service = new HeapTimerService(this.#options));
    return service;
  }
}

/** The timers under one name; restored timers wait here until the operator asks for the service. */
class HeapTimerService implements InternalTimerService, DueTimers {
  readonly eventTimers = new TimerQueue();
  readonly processingTimers = new TimerQueue();
  watermark = MIN_WATERMARK;
  readonly #options: TimerManagerOptions;
  #triggerable: Triggerable | undefined;
  readonly #alarm: ProcessingAlarm;

  constructor(options: TimerManagerOptions) {
    this.#options = options;
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

function inFiringOrder(a: Timer, b: Timer): number {
  return a.timestamp - b.timestamp || a.order - b.order;
}

/** The service whose event-time timer is the next one up to `until`; of equal ones the service made first. */
function earliest(services: readonly HeapTimerService[], until: number): HeapTimerService | undefined {
  let first: HeapTimerService | undefined;
  let firstTimestamp = Infinity;
  for (const service of services) {
    const timestamp = service.eventTimers.peekTimestamp();
    if (timestamp <= until && timestamp < firstTimestamp) {
      first = service;
      firstTimestamp = timestamp;
    }
  }
  return first;
}

/** Returns a function that makes the current key current again, or none if none is. */
function saveKey(keyed: KeyedStateBackend): () => void {
  const context = keyed.keyContext;
  const key: Key | undefined = context.isSet ? context.key : undefined;
  return () => key === undefined ? context.clear() : context.set(key);
}

function entry<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) map.set(key, value = make());
  return value;
}

function checked(timestamp: number): number {
  if (Number.isFinite(timestamp)) return timestamp;
  throw new InvalidProgramError("TSF-2118", "A timer needs a timestamp", {
    expected: "milliseconds since the epoch",
    found: String(timestamp),
  });
}
