/**
 * The shared words of one slot: what its host must be able to say and see while the slot's thread never yields.
 *
 * @module
 */

/** Index of each word. */
const KILLED = 0;
const BEATS = 1;
const ACTIVITY = 2;
const RUNNING = 3;
const WORD_COUNT = 4;

/** Both sides hold one over the same memory. */
export class SlotWords {
  readonly memory: SharedArrayBuffer;
  readonly #words: Int32Array;

  /** @param memory Of the other side; without, new memory. */
  constructor(memory: SharedArrayBuffer = new SharedArrayBuffer(WORD_COUNT * Int32Array.BYTES_PER_ELEMENT)) {
    this.memory = memory;
    this.#words = new Int32Array(memory);
  }

  /** By the host. */
  kill(): void {
    Atomics.store(this.#words, KILLED, 1);
  }

  get isKilled(): boolean {
    return Atomics.load(this.#words, KILLED) === 1;
  }

  /** By the slot, when its main function begins. */
  begin(): void {
    Atomics.store(this.#words, ACTIVITY, -1);
    Atomics.store(this.#words, RUNNING, 1);
  }

  get hasBegun(): boolean {
    return Atomics.load(this.#words, RUNNING) === 1;
  }

  /** By the slot. */
  beat(activity: number): void {
    Atomics.store(this.#words, ACTIVITY, activity);
    Atomics.add(this.#words, BEATS, 1);
  }

  get beatCount(): number {
    return Atomics.load(this.#words, BEATS) >>> 0;
  }

  get activity(): number {
    return this.hasBegun ? Atomics.load(this.#words, ACTIVITY) : -1;
  }
}
