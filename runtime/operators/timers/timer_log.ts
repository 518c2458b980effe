/**
 * What was asked of timers that are far ahead: registrations and deletions by bucket, in the order in which they came,
 * not looked at until somebody replays a bucket into a queue. The entries of a bucket lie in chunks, side by side, so
 * that writing and replaying go through memory in order.
 *
 * Invariants: an entry of order {@link DELETION} deletes; a chunk belongs to one bucket or is free, and a free chunk
 * holds no key. Used by bucketed_timer_queue.ts.
 *
 * @module
 */

import type { CanonicalKey } from "../../state/key_context.ts";
import { ownKey, ownString } from "../../types/canonical_key.ts";
import type { Key } from "../../types/key.ts";
import type { ChainedTimerQueue } from "./chained_timer_queue.ts";

/** Entries of a chunk; a power of two. */
const CHUNK = 32;
const NONE = -1;
/** One hash in so many is looked at to find out how much repeats; a power of two. */
const SAMPLE = 64;

/** The order of an entry that deletes. */
export const DELETION = -1;

/** The entries of one bucket: what {@link TimerLog} knows of it. */
export class LogBucket {
  /** Chunks. */
  first = NONE;
  last = NONE;
  /** Entries. */
  count = 0;
}

/** See the header. */
export class TimerLog {
  readonly #canonicals: (CanonicalKey | undefined)[] = [];
  /** Keys that are not their own canonical form; empty while there are none. */
  readonly #composites: (Key | undefined)[] = [];
  /** Empty while all namespaces are {@link #firstNamespace}. */
  readonly #namespaces: string[] = [];
  #firstNamespace: string | undefined;
  #times = new Float64Array(CHUNK);
  #orders = new Float64Array(CHUNK);
  #hashes = new Int32Array(CHUNK);
  /** By chunk: the next one of its bucket. */
  readonly #next: number[] = [];
  readonly #freeChunks: number[] = [];

  /** Notes a registration, or a deletion; `hash` is the one that {@link ChainedTimerQueue.insert} wants. */
  append(
    bucket: LogBucket,
    hash: number,
    canonical: CanonicalKey,
    key: Key,
    namespace: string,
    timestamp: number,
    order: number,
  ): void {
    const within = bucket.count & (CHUNK - 1);
    if (within === 0) this.#addChunk(bucket);
    bucket.count++;
    const entry = bucket.last * CHUNK + within;
    this.#canonicals[entry] = typeof canonical === "string" ? ownString(canonical) : canonical;
    if (canonical !== key && order !== DELETION) this.#setComposite(entry, ownKey(key));
    if (namespace !== this.#firstNamespace || this.#namespaces.length > 0) this.#setNamespace(entry, namespace);
    this.#times[entry] = timestamp;
    this.#orders[entry] = order;
    this.#hashes[entry] = hash;
  }

  /** Does in `queue` what is noted in the bucket, and empties it. */
  replay(bucket: LogBucket, queue: ChainedTimerQueue): void {
    const canonicals = this.#canonicals;
    const isOneNamespace = this.#namespaces.length === 0;
    const hasComposites = this.#composites.length > 0;
    let left = bucket.count;
    for (let chunk = bucket.first; left > 0; chunk = this.#next[chunk]) {
      const start = chunk * CHUNK;
      const end = start + (left < CHUNK ? left : CHUNK);
      left -= end - start;
      for (let entry = start; entry < end; entry++) {
        const canonical = canonicals[entry]!;
        canonicals[entry] = undefined;
        const namespace = isOneNamespace ? this.#firstNamespace! : this.#namespaces[entry];
        const hash = this.#hashes[entry];
        const order = this.#orders[entry];
        if (order === DELETION) queue.delete(hash, canonical, namespace, this.#times[entry]);
        else {
          const key = hasComposites ? this.#takeComposite(entry) ?? canonical : canonical;
          queue.insert(hash, canonical, key, namespace, this.#times[entry], order);
        }
      }
      this.#freeChunks.push(chunk);
    }
    bucket.first = bucket.last = NONE;
    bucket.count = 0;
  }

  /** Whether the bucket seems to hold at least as many repetitions as different timers. */
  repeats(bucket: LogBucket): boolean {
    const seen = new Set<number>();
    let sampled = 0;
    let left = bucket.count;
    for (let chunk = bucket.first; left > 0; chunk = this.#next[chunk]) {
      const end = chunk * CHUNK + (left < CHUNK ? left : CHUNK);
      for (let entry = chunk * CHUNK; entry < end; entry++) {
        if ((this.#hashes[entry] & (SAMPLE - 1)) !== 0) continue;
        sampled++;
        seen.add(this.#hashes[entry]);
      }
      left -= CHUNK;
    }
    return sampled >= 2 * seen.size;
  }

  #setComposite(entry: number, key: Key): void {
    while (this.#composites.length < this.#canonicals.length) this.#composites.push(undefined);
    this.#composites[entry] = key;
  }
  #takeComposite(entry: number): Key | undefined {
    const key = entry < this.#composites.length ? this.#composites[entry] : undefined;
    if (key !== undefined) this.#composites[entry] = undefined;
    return key;
  }

  #setNamespace(entry: number, namespace: string): void {
    this.#firstNamespace ??= ownString(namespace);
    if (this.#namespaces.length === 0) {
      if (namespace === this.#firstNamespace) return;
      for (let each = 0; each < this.#canonicals.length; each++) this.#namespaces.push(this.#firstNamespace);
    }
    this.#namespaces[entry] = namespace === this.#firstNamespace ? this.#firstNamespace : ownString(namespace);
  }

  #addChunk(bucket: LogBucket): void {
    const chunk = this.#freeChunks.length > 0 ? this.#freeChunks.pop()! : this.#newChunk();
    if (bucket.first === NONE) bucket.first = chunk;
    else this.#next[bucket.last] = chunk;
    bucket.last = chunk;
  }

  #newChunk(): number {
    const chunk = this.#next.length;
    this.#next.push(NONE);
    for (let i = 0; i < CHUNK; i++) this.#canonicals.push(undefined);
    if (this.#namespaces.length > 0) { for (let i = 0; i < CHUNK; i++) this.#namespaces.push(this.#firstNamespace!); }
    if (this.#canonicals.length > this.#times.length) {
      const capacity = this.#times.length * 2;
      this.#times = grown(this.#times, new Float64Array(capacity));
      this.#orders = grown(this.#orders, new Float64Array(capacity));
      this.#hashes = grown(this.#hashes, new Int32Array(capacity));
    }
    return chunk;
  }
}

function grown<A extends Float64Array | Int32Array>(from: A, to: A): A {
  to.set(from);
  return to;
}
