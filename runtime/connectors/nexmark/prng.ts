/**
 * The random numbers of one event: a 32-bit mixing generator started anew for every event id, so that any event can be
 * made without the ones before it. Used by generator.ts.
 *
 * @module
 */

const GOLDEN = 0x9e3779b9;

/** A stream of numbers for one (seed, event id). */
export class EventRandom {
  #state = 0;

  /** Begins the numbers of an event. Ids may exceed 32 bits. */
  start(seed: number, eventId: number): void {
    const low = eventId >>> 0;
    const high = Math.floor(eventId / 2 ** 32) >>> 0;
    this.#state = mix(mix((seed ^ GOLDEN) | 0) ^ mix((low + 0x85ebca6b) | 0) ^ Math.imul(high + 1, 0xc2b2ae35));
  }

  /** A uniform integer from 0 to 2^32 - 1. */
  u32(): number {
    this.#state = (this.#state + GOLDEN) | 0;
    return mix(this.#state) >>> 0;
  }

  /** A uniform integer from 0 to `bound - 1`. */
  below(bound: number): number {
    return Math.floor((this.u32() / 2 ** 32) * bound);
  }

  /** A uniform number from 0 to less than 1. */
  unit(): number {
    return this.u32() / 2 ** 32;
  }
}

/** Spreads every bit over all bits. */
function mix(value: number): number {
  let h = value;
  h = Math.imul(h ^ (h >>> 16), 0x21f0aaad);
  h = Math.imul(h ^ (h >>> 15), 0x735a2d97);
  return h ^ (h >>> 15);
}
