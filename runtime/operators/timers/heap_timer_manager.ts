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

import type { CanonicalKey } from "../../state/key_context.ts";
import type { KeyedStateBackend, StateMeta, StateRow } from "../../state/keyed_state_backend.ts";
import { keyGroupFor } from "../../types/key_group.ts";
import { MAX_WATERMARK } from "../../types/stream_element.ts";
import { HeapTimerService, saveKey } from "./heap_timer_service.ts";
import { type AlarmOptions, ProcessingAlarm } from "./processing_alarm.ts";
import type { Timer, Timers } from "./timer_queue.ts";
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
  /** Timers of one time share a heap entry. Default true. */
  readonly timerBuckets?: boolean;
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
  #rowsOf(state: string, queue: Timers): StateRow[] {
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

function entry<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) map.set(key, value = make());
  return value;
}
