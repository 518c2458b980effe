/**
 * The seeded generator (sfc32) behind the Random seam. A child's seed is a hash of its parent's seed and the label, so
 * drawing from one generator never disturbs another. Made by system_seams.ts and by simulations.
 *
 * @module
 */

import type { Random } from "../random.ts";

/** A repeatable generator. */
export class SeededRandom implements Random {
  readonly #seed: number;
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  /** @param seed Any number; its lower 32 bits are used. */
  constructor(seed: number) {
    this.#seed = seed >>> 0;
    this.#a = mix(this.#seed ^ 0x9e3779b9);
    this.#b = mix(this.#a + 0x85ebca6b);
    this.#c = mix(this.#b + 0xc2b2ae35);
    // Seeds that differ in one bit only give unrelated sequences after this many rounds.
    for (let i = 0; i < 12; i++) this.u32();
  }

  u32(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum | 0;
    return sum >>> 0;
  }

  fork(label: string): Random {
    let hash = mix(this.#seed + 0x27d4eb2f);
    for (let i = 0; i < label.length; i++) hash = mix(hash ^ Math.imul(label.charCodeAt(i) + 1, 0x01000193));
    return new SeededRandom(hash);
  }
}

/** A seed that differs from run to run. */
export function entropySeed(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0];
}

function mix(value: number): number {
  let h = value | 0;
  h = Math.imul(h ^ (h >>> 16), 0x7feb352d);
  h = Math.imul(h ^ (h >>> 15), 0x846ca68b);
  return (h ^ (h >>> 16)) >>> 0;
}
