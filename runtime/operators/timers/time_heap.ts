/**
 * A heap of (time, order, slot), the earliest first, equal times by order, equal orders by slot; what a slot means is the
 * business of the owner. 4-ary, over typed arrays, so that it is sorted without a look at anything else.
 *
 * Used by chained_timer_queue.ts and windowing/session_store.ts.
 *
 * @module
 */

const INITIAL_CAPACITY = 16;

/** See the header. */
export class TimeHeap {
  #times = new Float64Array(INITIAL_CAPACITY);
  #orders = new Float64Array(INITIAL_CAPACITY);
  #slots = new Int32Array(INITIAL_CAPACITY);
  #size = 0;

  /** Number of entries. */
  get size(): number {
    return this.#size;
  }
  /** Time of the first entry; Infinity when there is none. */
  get firstTime(): number {
    return this.#size === 0 ? Infinity : this.#times[0];
  }
  /** Order of the first entry. */
  get firstOrder(): number {
    return this.#orders[0];
  }
  /** Slot of the first entry. */
  get firstSlot(): number {
    return this.#slots[0];
  }

  /** Adds an entry. */
  push(time: number, order: number, slot: number): void {
    if (this.#size === this.#times.length) this.#grow();
    const times = this.#times;
    let at = this.#size++;
    while (at > 0) {
      const parent = (at - 1) >> 2;
      if (time > times[parent] || (time === times[parent] && !this.#isBefore(order, slot, parent))) break;
      this.#move(parent, at);
      at = parent;
    }
    this.#put(at, time, order, slot);
  }

  /** Removes the first entry. */
  pop(): void {
    const last = --this.#size;
    if (last > 0) this.#siftDown(0, this.#times[last], this.#orders[last], this.#slots[last]);
  }

  /** Replaces the first entry by one that is not before it. */
  replaceFirst(time: number, order: number, slot: number): void {
    this.#siftDown(0, time, order, slot);
  }

  /** Removes all entries. */
  clear(): void {
    this.#size = 0;
  }

  /** Order of entries of one time. */
  #isBefore(order: number, slot: number, at: number): boolean {
    const other = this.#orders[at];
    return order < other || (order === other && slot < this.#slots[at]);
  }

  /** Finds the place of an entry at or below the hole `at`. */
  #siftDown(at: number, time: number, order: number, slot: number): void {
    const times = this.#times;
    const size = this.#size;
    for (;;) {
      const first = 4 * at + 1;
      if (first >= size) break;
      const end = first + 4 < size ? first + 4 : size;
      let least = first;
      let leastTime = times[first];
      for (let child = first + 1; child < end; child++) {
        const childTime = times[child];
        if (
          childTime < leastTime ||
          (childTime === leastTime && this.#isBefore(this.#orders[child], this.#slots[child], least))
        ) {
          least = child;
          leastTime = childTime;
        }
      }
      if (time < leastTime || (time === leastTime && this.#isBefore(order, slot, least))) break;
      this.#move(least, at);
      at = least;
    }
    this.#put(at, time, order, slot);
  }

  #move(from: number, to: number): void {
    this.#times[to] = this.#times[from];
    this.#orders[to] = this.#orders[from];
    this.#slots[to] = this.#slots[from];
  }

  #put(at: number, time: number, order: number, slot: number): void {
    this.#times[at] = time;
    this.#orders[at] = order;
    this.#slots[at] = slot;
  }

  #grow(): void {
    const capacity = this.#size * 2;
    this.#times = grown(this.#times, new Float64Array(capacity));
    this.#orders = grown(this.#orders, new Float64Array(capacity));
    this.#slots = grown(this.#slots, new Int32Array(capacity));
  }
}

function grown<A extends Float64Array | Int32Array>(from: A, to: A): A {
  to.set(from);
  return to;
}
