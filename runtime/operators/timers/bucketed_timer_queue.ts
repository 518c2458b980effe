/**
 * A queue of timers of one time domain, as timer_queue.ts, for very many of them. As long as there are few, they lie in an
 * exact queue. When there are many, those up to a horizon do; those beyond are only noted, by buckets of time, and become
 * exact when nothing earlier is left: then their bucket is replayed. So a timer costs two walks through memory in order
 * instead of a cache miss per table and heap level.
 *
 * Invariants: every timer before the horizon is in the near queue, every other one in the bucket of its time; a bucket is
 * replayed only when the near queue is empty. In a bucket repetitions are numbered too, so there numbers of registration
 * differ from those of other queues, in the same order. A large bucket has an exact queue of its own, because replaying it
 * at once would make records wait.
 *
 * @module
 */

import type { CanonicalKey, KeyContext } from "../../state/key_context.ts";
import type { Key } from "../../types/key.ts";
import { ChainedTimerQueue } from "./chained_timer_queue.ts";
import { TimeHeap } from "./time_heap.ts";
import { TimerHasher } from "./timer_hasher.ts";
import { DELETION, LogBucket, TimerLog } from "./timer_log.ts";
import type { Timer, Timers } from "./timer_queue.ts";

/** Time of a bucket at first, in ms; times of a bucket are powers of two, so that dividing by them is exact. */
const FIRST_WIDTH_MS = 1024;
/** When there are more buckets than this with fewer entries each than that, buckets become wider by this factor. */
const WIDEN = { buckets: 1024, entries: 32, factor: 8 };
/** Entries before a bucket is looked through for repetitions the first time. */
const FIRST_LIMIT = 1024;
/** More timers than this do not stay in caches. */
const FEW = 16_384;
/** A bucket of so many entries gets a queue of its own. */
const MAX_ENTRIES = 32_768;

/** Times beyond this have one bucket, because so far out numbers are too coarse for the end of a bucket. */
const LAST_TIME = 2 ** 62;

class Bucket extends LogBucket {
  /** Set on a large bucket, which then has no entries. */
  queue: ChainedTimerQueue | undefined;
  /** The earliest time that was ever registered. */
  minTime = Infinity;
  hasDeletions = false;
  /** At so many entries it is looked through for repetitions. */
  limit = FIRST_LIMIT;
  /** Entries after the last time that repetitions were taken out. */
  settledCount = 0;

  constructor(readonly number: number) {
    super();
  }
}

/** See the header. */
export class BucketedTimerQueue implements Timers {
  #near = new ChainedTimerQueue();
  #horizon = Infinity;
  /** Timers beyond which there are buckets. */
  readonly #few: number;
  /** All timers are near. */
  #areFew = true;
  readonly #hasher = new TimerHasher();
  #nextOrder = 0;

  #width = FIRST_WIDTH_MS;
  #log = new TimerLog();
  #entries = 0;
  #buckets = new Map<number, Bucket>();
  /** The numbers of the buckets. */
  readonly #numbers = new TimeHeap();
  #lastBucket = new Bucket(NaN);

  constructor(few: number = FEW) {
    this.#few = few;
  }

  /** Counts, so it replays what is noted. */
  get size(): number {
    let size = this.#near.size;
    for (const bucket of this.#buckets.values()) {
      if (bucket.queue === undefined && bucket.count !== bucket.settledCount) this.#settle(bucket);
      size += bucket.queue?.size ?? bucket.count;
    }
    return size;
  }

  add(context: KeyContext, namespace: string, timestamp: number, order: number = this.#nextOrder): void {
    const hash = this.#hasher.hash(context, namespace, timestamp);
    if (timestamp < this.#horizon) {
      if (!this.#near.insert(hash, context.canonical, context.key, namespace, timestamp, order)) return;
      if (order >= this.#nextOrder) this.#nextOrder = order + 1;
      if (this.#areFew && this.#near.size > this.#few) this.#spread();
      return;
    }
    if (order >= this.#nextOrder) this.#nextOrder = order + 1;
    const number = this.#numberOf(timestamp);
    const bucket = number === this.#lastBucket.number ? this.#lastBucket : this.#bucketOf(timestamp);
    if (timestamp < bucket.minTime) bucket.minTime = timestamp;
    this.#note(bucket, hash, context.canonical, context.key, namespace, timestamp, order);
  }

  remove(context: KeyContext, namespace: string, timestamp: number): void {
    const hash = this.#hasher.hash(context, namespace, timestamp);
    if (timestamp < this.#horizon) {
      this.#near.delete(hash, context.canonical, namespace, timestamp);
      return;
    }
    const bucket = this.#buckets.get(this.#numberOf(timestamp));
    if (bucket === undefined) return;
    bucket.hasDeletions = true;
    this.#note(bucket, hash, context.canonical, context.key, namespace, timestamp, DELETION);
  }

  peekTimestamp(): number {
    while (this.#near.size === 0) {
      if (this.#isEmpty()) return Infinity;
      const bucket = this.#buckets.get(this.#numbers.firstTime)!;
      if (!bucket.hasDeletions) return bucket.minTime;
      this.#load(bucket);
    }
    return this.#near.peekTimestamp();
  }

  poll(): Timer | undefined {
    while (this.#near.size === 0) {
      if (this.#isEmpty()) return undefined;
      this.#load(this.#buckets.get(this.#numbers.firstTime)!);
    }
    return this.#near.poll();
  }

  takeAll(): Timer[] {
    const timers: Timer[] = [];
    for (let timer = this.poll(); timer !== undefined; timer = this.poll()) timers.push(timer);
    return timers;
  }

  *timers(): Generator<Timer, undefined> {
    yield* this.#near.timers();
    for (const bucket of this.#buckets.values()) {
      if (bucket.queue !== undefined) {
        yield* bucket.queue.timers();
        continue;
      }
      const queue = new ChainedTimerQueue();
      this.#replay(bucket, queue);
      this.#noteAll(queue, bucket);
      yield* queue.timers();
    }
  }

  #note(
    bucket: Bucket,
    hash: number,
    canonical: CanonicalKey,
    key: Key,
    namespace: string,
    timestamp: number,
    order: number,
  ): void {
    const { queue } = bucket;
    if (queue !== undefined) {
      if (order === DELETION) queue.delete(hash, canonical, namespace, timestamp);
      else queue.insert(hash, canonical, key, namespace, timestamp, order);
      return;
    }
    if (bucket.count >= bucket.limit) {
      this.#shrink(bucket);
      if (bucket.queue !== undefined) {
        this.#note(bucket, hash, canonical, key, namespace, timestamp, order);
        return;
      }
    }
    this.#log.append(bucket, hash, canonical, key, namespace, timestamp, order);
    this.#entries++;
  }

  /** A bucket that has reached its limit loses what repeats, or gets a higher limit. */
  #shrink(bucket: Bucket): void {
    if (bucket.hasDeletions || bucket.count >= MAX_ENTRIES || this.#log.repeats(bucket)) this.#settle(bucket);
    bucket.limit = Math.min(MAX_ENTRIES, Math.max(FIRST_LIMIT, 2 * bucket.count));
  }

  /** Leaves one entry per timer, or makes a queue of many. */
  #settle(bucket: Bucket): void {
    const queue = new ChainedTimerQueue();
    this.#replay(bucket, queue);
    if (2 * queue.size > MAX_ENTRIES) bucket.queue = queue;
    else this.#noteAll(queue, bucket);
  }

  #replay(bucket: Bucket, queue: ChainedTimerQueue): void {
    this.#entries -= bucket.count;
    this.#log.replay(bucket, queue);
  }

  #noteAll(queue: ChainedTimerQueue, bucket: Bucket): void {
    queue.copyTo(this.#log, () => bucket);
    this.#entries += bucket.count;
    bucket.settledCount = bucket.count;
    bucket.minTime = queue.peekTimestamp();
    // The time of an empty one does not count.
    bucket.hasDeletions = bucket.count === 0;
  }

  /** Whether there is no bucket and nothing near; then timers are few again. */
  #isEmpty(): boolean {
    if (this.#numbers.size > 0) return false;
    this.#horizon = Infinity;
    this.#areFew = true;
    return true;
  }

  /** Puts all timers into buckets. */
  #spread(): void {
    const queue = this.#near;
    this.#near = new ChainedTimerQueue();
    this.#horizon = -Infinity;
    this.#areFew = false;
    this.#entries += queue.size;
    queue.copyTo(this.#log, (timestamp) => {
      const bucket = this.#bucketOf(timestamp);
      if (timestamp < bucket.minTime) bucket.minTime = timestamp;
      return bucket;
    });
  }

  /** The first bucket becomes the near queue; nothing else is near. */
  #load(bucket: Bucket): void {
    const { number, queue } = bucket;
    this.#numbers.pop();
    this.#buckets.delete(number);
    if (bucket === this.#lastBucket) this.#lastBucket = new Bucket(NaN);
    if (queue === undefined) this.#replay(bucket, this.#near);
    else this.#near = queue;
    const start = number * this.#width;
    this.#horizon = start >= LAST_TIME ? Infinity : start + this.#width;
  }

  #numberOf(timestamp: number): number {
    return Math.floor(Math.max(-LAST_TIME, Math.min(LAST_TIME, timestamp)) / this.#width);
  }

  /** The bucket of that time, which is made when there is none. */
  #bucketOf(timestamp: number): Bucket {
    let number = this.#numberOf(timestamp);
    let bucket = this.#buckets.get(number);
    if (bucket === undefined) {
      const buckets = this.#buckets.size;
      if (buckets >= WIDEN.buckets && this.#entries < WIDEN.entries * buckets) {
        this.#widen();
        number = this.#numberOf(timestamp);
      }
      bucket = this.#bucket(number);
    }
    return this.#lastBucket = bucket;
  }

  #bucket(number: number): Bucket {
    let bucket = this.#buckets.get(number);
    if (bucket === undefined) {
      this.#buckets.set(number, bucket = new Bucket(number));
      this.#numbers.push(number, 0, 0);
    }
    return bucket;
  }

  #widen(): void {
    const narrow = this.#buckets;
    this.#buckets = new Map();
    this.#numbers.clear();
    this.#width *= WIDEN.factor;
    for (const bucket of narrow.values()) {
      const queue = bucket.queue ?? new ChainedTimerQueue();
      if (bucket.queue === undefined) this.#replay(bucket, queue);
      if (queue.size === 0) continue;
      const wide = this.#bucket(Math.floor(bucket.number / WIDEN.factor));
      this.#entries -= wide.count;
      queue.copyTo(this.#log, () => wide);
      this.#entries += wide.count;
      wide.minTime = Math.min(wide.minTime, queue.peekTimestamp());
    }
  }
}
