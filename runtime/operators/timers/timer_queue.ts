/**
 * A queue of timers of one time domain: each (key, namespace, timestamp) at most once, the earliest first, equal
 * timestamps in order of registration.
 *
 * A 4-ary heap over typed arrays holds (timestamp, order, slot), so that it is sorted without a look at anything else;
 * the slots hold the rest; a hash index finds a timer again. Invariants: a deleted timer leaves its heap entry behind
 * until it comes up or until most entries are dead; a slot is free only when no heap entry names it.
 *
 * @module
 */

import { HashIndex } from "../../state/hash_index.ts";
import { type CanonicalKey, type KeyContext, sameCanonical } from "../../state/key_context.ts";
import { ownKey, ownString } from "../../types/canonical_key.ts";
import type { Key } from "../../types/key.ts";
import { TimerHasher } from "./timer_hasher.ts";

const INITIAL_CAPACITY = 16;
/** Dead entries are not worth a sweep below this. */
const SWEEP_FROM = 1024;

/** One timer; `order` is the number of its registration. */
export interface Timer {
  readonly key: Key;
  readonly canonical: CanonicalKey;
  readonly namespace: string;
  readonly timestamp: number;
  readonly order: number;
}

/** What holds the timers of one time domain. */
export interface Timers {
  /** Number of timers; may take long. */
  readonly size: number;
  /** Adds a timer of the current key, unless it is there already. `order` is given for restored timers. */
  add(context: KeyContext, namespace: string, timestamp: number, order?: number): void;
  /** Deletes a timer of the current key, if there is one. */
  remove(context: KeyContext, namespace: string, timestamp: number): void;
  /** Timestamp of the earliest timer; Infinity when there is none. */
  peekTimestamp(): number;
  /** Removes and returns the earliest timer, or undefined. */
  poll(): Timer | undefined;
  /** Takes all timers out, in firing order. */
  takeAll(): Timer[];
  /** All timers, in no particular order. */
  timers(): Iterable<Timer>;
}

/** See the header. */
export class TimerQueue implements Timers {
  #size = 0;
  #nextOrder = 0;

  // Slots. A canonical form of undefined marks a deleted timer.
  readonly #canonicals: (CanonicalKey | undefined)[] = [];
  /** Only where the key is not its own canonical form. */
  readonly #composites: (Key | undefined)[] = [];
  readonly #namespaces: string[] = [];
  #timestamps = new Float64Array(INITIAL_CAPACITY);
  #orders = new Float64Array(INITIAL_CAPACITY);
  #hashes = new Int32Array(INITIAL_CAPACITY);
  readonly #freeSlots: number[] = [];
  readonly #index = new HashIndex();

  // The heap.
  #heapTimes = new Float64Array(INITIAL_CAPACITY);
  #heapOrders = new Float64Array(INITIAL_CAPACITY);
  #heapSlots = new Int32Array(INITIAL_CAPACITY);
  #heapSize = 0;

  readonly #hasher = new TimerHasher();

  get size(): number {
    return this.#size;
  }

  add(context: KeyContext, namespace: string, timestamp: number, order: number = this.#nextOrder): boolean {
    const hash = this.#hasher.hash(context, namespace, timestamp);
    if (this.#bucketOf(hash, context.canonical, namespace, timestamp) >= 0) return false;
    const slot = this.#takeSlot();
    const canonical = context.canonical;
    this.#canonicals[slot] = typeof canonical === "string" ? ownString(canonical) : canonical;
    if (canonical !== context.key) this.#composites[slot] = ownKey(context.key);
    this.#namespaces[slot] = ownString(namespace);
    this.#timestamps[slot] = timestamp;
    this.#orders[slot] = order;
    this.#hashes[slot] = hash;
    this.#index.add(hash, slot);
    this.#push(timestamp, order, slot);
    this.#size++;
    if (order >= this.#nextOrder) this.#nextOrder = order + 1;
    return true;
  }

  /** Deletes a timer of the current key, if there is one. */
  remove(context: KeyContext, namespace: string, timestamp: number): boolean {
    const hash = this.#hasher.hash(context, namespace, timestamp);
    const bucket = this.#bucketOf(hash, context.canonical, namespace, timestamp);
    if (bucket < 0) return false;
    this.#kill(this.#index.rowAt(bucket), bucket);
    if (this.#heapSize > SWEEP_FROM && this.#size * 2 < this.#heapSize) this.#sweep();
    return true;
  }

  /** Timestamp of the earliest timer; Infinity when there is none. */
  peekTimestamp(): number {
    this.#dropDeadHead();
    return this.#heapSize === 0 ? Infinity : this.#heapTimes[0];
  }

  /** Removes and returns the earliest timer, or undefined. */
  poll(): Timer | undefined {
    this.#dropDeadHead();
    if (this.#heapSize === 0) return undefined;
    const slot = this.#heapSlots[0];
    const timer = this.#timerAt(slot);
    const hash = this.#hashes[slot];
    let bucket = this.#index.first(hash);
    while (this.#index.rowAt(bucket) !== slot) bucket = this.#index.next(bucket, hash);
    this.#kill(slot, bucket);
    this.#popHead();
    return timer;
  }

  /** Takes all timers out, in no particular order. */
  takeAll(): Timer[] {
    const timers: Timer[] = [];
    while (this.#size > 0) timers.push(this.poll()!);
    return timers;
  }

  /** All timers, in no particular order. */
  *timers(): Generator<Timer, undefined> {
    for (let slot = 0; slot < this.#canonicals.length; slot++) {
      if (this.#canonicals[slot] !== undefined) yield this.#timerAt(slot);
    }
  }

  #timerAt(slot: number): Timer {
    const canonical = this.#canonicals[slot]!;
    return {
      key: this.#composites[slot] ?? canonical,
      canonical,
      namespace: this.#namespaces[slot],
      timestamp: this.#timestamps[slot],
      order: this.#orders[slot],
    };
  }

  #bucketOf(hash: number, canonical: CanonicalKey, namespace: string, timestamp: number): number {
    const index = this.#index;
    for (let bucket = index.first(hash); bucket >= 0; bucket = index.next(bucket, hash)) {
      const slot = index.rowAt(bucket);
      if (
        this.#timestamps[slot] === timestamp && sameCanonical(this.#canonicals[slot]!, canonical) &&
        this.#namespaces[slot] === namespace
      ) return bucket;
    }
    return -1;
  }

  #takeSlot(): number {
    const slot = this.#freeSlots.pop() ?? this.#canonicals.length;
    if (slot === this.#timestamps.length) this.#growSlots();
    return slot;
  }

  #growSlots(): void {
    const capacity = this.#timestamps.length * 2;
    this.#timestamps = grown(this.#timestamps, new Float64Array(capacity));
    this.#orders = grown(this.#orders, new Float64Array(capacity));
    this.#hashes = grown(this.#hashes, new Int32Array(capacity));
  }

  /** Takes a timer out of everything but the heap. */
  #kill(slot: number, bucket: number): void {
    this.#index.removeAt(bucket);
    this.#canonicals[slot] = undefined;
    if (slot < this.#composites.length) this.#composites[slot] = undefined;
    this.#size--;
  }

  #dropDeadHead(): void {
    while (this.#heapSize > 0 && this.#canonicals[this.#heapSlots[0]] === undefined) this.#popHead();
  }

  #push(time: number, order: number, slot: number): void {
    if (this.#heapSize === this.#heapTimes.length) {
      const capacity = this.#heapSize * 2;
      this.#heapTimes = grown(this.#heapTimes, new Float64Array(capacity));
      this.#heapOrders = grown(this.#heapOrders, new Float64Array(capacity));
      this.#heapSlots = grown(this.#heapSlots, new Int32Array(capacity));
    }
    let at = this.#heapSize++;
    while (at > 0) {
      const parent = (at - 1) >> 2;
      if (!this.#isBefore(time, order, slot, parent)) break;
      this.#move(parent, at);
      at = parent;
    }
    this.#put(at, time, order, slot);
  }

  /** Whether an entry comes before the one at `at`. Restored timers may share an order; their slots are in order. */
  #isBefore(time: number, order: number, slot: number, at: number): boolean {
    const otherTime = this.#heapTimes[at];
    if (time !== otherTime) return time < otherTime;
    const otherOrder = this.#heapOrders[at];
    return order < otherOrder || (order === otherOrder && slot < this.#heapSlots[at]);
  }

  #popHead(): void {
    this.#freeSlots.push(this.#heapSlots[0]);
    const last = --this.#heapSize;
    if (last > 0) this.#siftDown(0, this.#heapTimes[last], this.#heapOrders[last], this.#heapSlots[last]);
  }

  /** Finds the place of an entry at or below the hole `at`. */
  #siftDown(at: number, time: number, order: number, slot: number): void {
    const times = this.#heapTimes;
    const orders = this.#heapOrders;
    const slots = this.#heapSlots;
    const size = this.#heapSize;
    for (;;) {
      const first = 4 * at + 1;
      if (first >= size) break;
      const end = Math.min(first + 4, size);
      let least = first;
      for (let child = first + 1; child < end; child++) {
        if (this.#isBefore(times[child], orders[child], slots[child], least)) least = child;
      }
      if (this.#isBefore(time, order, slot, least)) break;
      this.#move(least, at);
      at = least;
    }
    this.#put(at, time, order, slot);
  }

  #move(from: number, to: number): void {
    this.#heapTimes[to] = this.#heapTimes[from];
    this.#heapOrders[to] = this.#heapOrders[from];
    this.#heapSlots[to] = this.#heapSlots[from];
  }

  #put(at: number, time: number, order: number, slot: number): void {
    this.#heapTimes[at] = time;
    this.#heapOrders[at] = order;
    this.#heapSlots[at] = slot;
  }

  /** Throws dead entries out of the heap. */
  #sweep(): void {
    let kept = 0;
    for (let at = 0; at < this.#heapSize; at++) {
      const slot = this.#heapSlots[at];
      if (this.#canonicals[slot] === undefined) this.#freeSlots.push(slot);
      else this.#move(at, kept++);
    }
    this.#heapSize = kept;
    for (let at = (kept - 2) >> 2; at >= 0; at--) {
      this.#siftDown(at, this.#heapTimes[at], this.#heapOrders[at], this.#heapSlots[at]);
    }
  }
}

function grown<A extends Float64Array | Int32Array>(from: A, to: A): A {
  to.set(from);
  return to;
}
