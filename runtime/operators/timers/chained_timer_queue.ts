/**
 * A queue of timers of one time domain, as timer_queue.ts: each (key, namespace, timestamp) at most once, the earliest
 * first, equal timestamps in order of registration. Timers of one time are chained behind one heap entry, so where times
 * repeat (whole seconds, ends of hours) the heap is as small as the number of times.
 *
 * Invariants: the slots of a chain are in order of registration; there may be several chains of one time, because only
 * some tails are remembered, and the heap then takes turns by order; a deleted timer keeps its slot until its turn comes
 * or until most slots are dead. Firing reads two columns, because with a
 * million timers each is a cache miss.
 *
 * @module
 */

import { HashIndex } from "../../state/hash_index.ts";
import { type CanonicalKey, type KeyContext, sameCanonical } from "../../state/key_context.ts";
import { ownKey, ownString } from "../../types/canonical_key.ts";
import type { Key } from "../../types/key.ts";
import { TimeHeap } from "./time_heap.ts";
import { TimerHasher } from "./timer_hasher.ts";
import type { LogBucket, TimerLog } from "./timer_log.ts";
import type { Timer, Timers } from "./timer_queue.ts";

const INITIAL_CAPACITY = 16;
/** Dead slots are not worth a sweep below this. */
const SWEEP_FROM = 1024;
/** How many tails are remembered; a power of two. */
const TAILS = 256;
/** 2^32 / golden ratio. */
const SPREAD = 0x9e3779b1 | 0;
const END = -1;

/** See the header. */
export class ChainedTimerQueue implements Timers {
  #size = 0;
  #nextOrder = 0;

  // Slots. A canonical form of undefined marks a deleted timer.
  readonly #canonicals: (CanonicalKey | undefined)[] = [];
  /** Only where the key is not its own canonical form. */
  readonly #composites: (Key | undefined)[] = [];
  /** Empty while all namespaces are {@link #firstNamespace}. */
  readonly #namespaces: string[] = [];
  #firstNamespace: string | undefined;
  /** Side by side: order, and the next slot of the same chain or {@link END}. */
  #links = new Float64Array(2 * INITIAL_CAPACITY);
  #timestamps = new Float64Array(INITIAL_CAPACITY);
  #hashes = new Int32Array(INITIAL_CAPACITY);
  readonly #freeSlots: number[] = [];
  /** Slots in use by living and dead timers. */
  #used = 0;

  /** Finds living timers; entries of dead ones stay until there are too many. */
  #index = new HashIndex();
  #staleEntries = 0;
  readonly #heap = new TimeHeap();
  /** Some chains by time: the time and last slot, where that time comes last in its place of the cache. */
  readonly #tailTimes = new Float64Array(TAILS).fill(NaN);
  readonly #tailSlots = new Int32Array(TAILS);

  readonly #hasher = new TimerHasher();
  /** Namespaces come in runs. */
  #lastNamespace = "";

  get size(): number {
    return this.#size;
  }

  add(context: KeyContext, namespace: string, timestamp: number, order: number = this.#nextOrder): boolean {
    const hash = this.#hasher.hash(context, namespace, timestamp);
    return this.insert(hash, context.canonical, context.key, namespace, timestamp, order);
  }

  /** As {@link add}, by the hash of a {@link TimerHasher}. */
  insert(
    hash: number,
    canonical: CanonicalKey,
    key: Key,
    namespace: string,
    timestamp: number,
    order: number,
  ): boolean {
    if (this.#bucketOf(hash, canonical, namespace, timestamp) >= 0) return false;
    if (this.#staleEntries > SWEEP_FROM && this.#staleEntries > 2 * this.#size) this.#indexAnew();
    const slot = this.#takeSlot();
    this.#canonicals[slot] = typeof canonical === "string" ? ownString(canonical) : canonical;
    if (canonical !== key) this.#composites[slot] = ownKey(key);
    this.#setNamespace(slot, namespace);
    this.#timestamps[slot] = timestamp;
    this.#links[2 * slot] = order;
    this.#hashes[slot] = hash;
    this.#index.add(hash, slot);
    this.#link(timestamp, order, slot);
    this.#size++;
    if (order >= this.#nextOrder) this.#nextOrder = order + 1;
    return true;
  }

  remove(context: KeyContext, namespace: string, timestamp: number): boolean {
    return this.delete(this.#hasher.hash(context, namespace, timestamp), context.canonical, namespace, timestamp);
  }

  /** As {@link remove}, by the hash of a {@link TimerHasher}. */
  delete(hash: number, canonical: CanonicalKey, namespace: string, timestamp: number): boolean {
    const bucket = this.#bucketOf(hash, canonical, namespace, timestamp);
    if (bucket < 0) return false;
    this.#kill(this.#index.rowAt(bucket));
    if (this.#used > SWEEP_FROM && this.#size * 2 < this.#used) this.#sweep();
    return true;
  }

  peekTimestamp(): number {
    while (this.#heap.size > 0 && this.#canonicals[this.#heap.firstSlot] === undefined) this.#popSlot();
    return this.#heap.firstTime;
  }

  poll(): Timer | undefined {
    if (this.peekTimestamp() === Infinity && this.#heap.size === 0) return undefined;
    const slot = this.#heap.firstSlot;
    const timer = this.#timer(slot, this.#heap.firstTime, this.#heap.firstOrder);
    this.#kill(slot);
    this.#popSlot();
    return timer;
  }

  takeAll(): Timer[] {
    const timers: Timer[] = [];
    while (this.#size > 0) timers.push(this.poll()!);
    return timers;
  }

  /** Notes all timers in the bucket of their time. */
  copyTo(log: TimerLog, bucketOf: (timestamp: number) => LogBucket): void {
    for (let slot = 0; slot < this.#canonicals.length; slot++) {
      const canonical = this.#canonicals[slot];
      if (canonical === undefined) continue;
      const key = (slot < this.#composites.length ? this.#composites[slot] : undefined) ?? canonical;
      const [timestamp, order] = [this.#timestamps[slot], this.#links[2 * slot]];
      log.append(bucketOf(timestamp), this.#hashes[slot], canonical, key, this.#namespaceOf(slot), timestamp, order);
    }
  }

  *timers(): Generator<Timer, undefined> {
    for (let slot = 0; slot < this.#canonicals.length; slot++) {
      if (this.#canonicals[slot] === undefined) continue;
      yield this.#timer(slot, this.#timestamps[slot], this.#links[2 * slot]);
    }
  }

  #timer(slot: number, timestamp: number, order: number): Timer {
    const canonical = this.#canonicals[slot]!;
    return {
      key: (slot < this.#composites.length ? this.#composites[slot] : undefined) ?? canonical,
      canonical,
      namespace: this.#namespaceOf(slot),
      timestamp,
      order,
    };
  }

  #namespaceOf(slot: number): string {
    return this.#namespaces.length === 0 ? this.#firstNamespace! : this.#namespaces[slot];
  }

  #setNamespace(slot: number, namespace: string): void {
    if (this.#firstNamespace === undefined) this.#firstNamespace = ownString(namespace);
    if (this.#namespaces.length === 0) {
      if (namespace === this.#firstNamespace) return;
      for (let each = 0; each < this.#canonicals.length; each++) this.#namespaces.push(this.#firstNamespace);
    }
    if (namespace !== this.#lastNamespace) this.#lastNamespace = ownString(namespace);
    this.#namespaces[slot] = this.#lastNamespace;
  }

  #bucketOf(hash: number, canonical: CanonicalKey, namespace: string, timestamp: number): number {
    const index = this.#index;
    for (let bucket = index.first(hash); bucket >= 0; bucket = index.next(bucket, hash)) {
      const slot = index.rowAt(bucket);
      if (
        this.#timestamps[slot] === timestamp && this.#canonicals[slot] !== undefined &&
        sameCanonical(this.#canonicals[slot]!, canonical) && this.#namespaceOf(slot) === namespace
      ) return bucket;
    }
    return -1;
  }

  #takeSlot(): number {
    this.#used++;
    if (this.#freeSlots.length > 0) return this.#freeSlots.pop()!;
    const slot = this.#canonicals.length;
    if (slot === this.#timestamps.length) this.#growSlots();
    return slot;
  }

  #growSlots(): void {
    const capacity = this.#timestamps.length * 2;
    this.#timestamps = grown(this.#timestamps, new Float64Array(capacity));
    this.#links = grown(this.#links, new Float64Array(2 * capacity));
    this.#hashes = grown(this.#hashes, new Int32Array(capacity));
  }

  /** Puts a slot behind the last one of its time, where that is known; else it starts a chain. */
  #link(timestamp: number, order: number, slot: number): void {
    this.#links[2 * slot + 1] = END;
    const place = Math.imul(Math.floor(timestamp / 2 ** 20) ^ timestamp, SPREAD) >>> 24;
    const tail = this.#tailSlots[place];
    const isKnown = this.#tailTimes[place] === timestamp;
    // Restored timers may come in another order.
    if (isKnown && this.#isBehind(order, slot, tail)) this.#links[2 * tail + 1] = slot;
    else this.#heap.push(timestamp, order, slot);
    this.#tailTimes[place] = timestamp;
    this.#tailSlots[place] = slot;
  }

  /** Timers of one order are in order of their slots, in the heap too. */
  #isBehind(order: number, slot: number, tail: number): boolean {
    const last = this.#links[2 * tail];
    return order > last || (order === last && slot > tail);
  }

  /** Takes a timer out of everything but its chain. */
  #kill(slot: number): void {
    this.#canonicals[slot] = undefined;
    if (slot < this.#composites.length) this.#composites[slot] = undefined;
    this.#size--;
    this.#staleEntries++;
    if (this.#size > 0) return;
    this.#index.clear();
    this.#staleEntries = 0;
  }

  #indexAnew(): void {
    this.#index = new HashIndex();
    this.#staleEntries = 0;
    for (let slot = 0; slot < this.#canonicals.length; slot++) {
      if (this.#canonicals[slot] !== undefined) this.#index.add(this.#hashes[slot], slot);
    }
  }

  /** Takes the first slot out of its chain and frees it. */
  #popSlot(): void {
    const heap = this.#heap;
    const slot = heap.firstSlot;
    const next = this.#links[2 * slot + 1];
    if (next === END) {
      this.#forgetTail(heap.firstTime, slot);
      heap.pop();
    } else heap.replaceFirst(heap.firstTime, this.#links[2 * next], next);
    this.#freeSlots.push(slot);
    this.#used--;
  }

  #forgetTail(timestamp: number, slot: number): void {
    const place = Math.imul(Math.floor(timestamp / 2 ** 20) ^ timestamp, SPREAD) >>> 24;
    if (this.#tailSlots[place] === slot) this.#tailTimes[place] = NaN;
  }

  /** Frees the slots of dead timers; what is left starts new chains. */
  #sweep(): void {
    this.#heap.clear();
    this.#tailTimes.fill(NaN);
    this.#freeSlots.length = 0;
    const living: number[] = [];
    for (let slot = 0; slot < this.#canonicals.length; slot++) {
      if (this.#canonicals[slot] === undefined) this.#freeSlots.push(slot);
      else living.push(slot);
    }
    const links = this.#links;
    living.sort((a, b) => links[2 * a] - links[2 * b] || a - b);
    for (const slot of living) this.#link(this.#timestamps[slot], links[2 * slot], slot);
    this.#used = living.length;
  }
}

function grown<A extends Float64Array | Int32Array>(from: A, to: A): A {
  to.set(from);
  return to;
}
