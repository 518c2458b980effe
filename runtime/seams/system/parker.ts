/**
 * Parking on shared memory. A doorbell is two words: the bell, which every wake-up moves on, and whether its owner is
 * asleep, so that waking somebody who is not costs no system call. Made by whoever starts slots; each thread makes its
 * own object over the same memory.
 *
 * No wake-up is lost: the sleeper says that it is asleep and then looks at the bell, the waker moves the bell and then
 * looks whether anybody is asleep. All accesses are atomic, so at least one of them sees the other.
 *
 * @module
 */

import type { Parker } from "../parker.ts";

/** A cache line, so that the doorbells of two slots do not slow each other down. */
const WORDS = 16;
const BELL = 0;
const ASLEEP = 1;

/** The doorbell of that index in a memory of many. */
export class SharedParker implements Parker {
  readonly #words: Int32Array<SharedArrayBuffer>;

  /** @param memory Made by {@link SharedParker.allocate}. */
  constructor(memory: SharedArrayBuffer, index = 0) {
    this.#words = new Int32Array(memory, index * WORDS * 4, WORDS);
  }

  /** Shared memory for that many doorbells. */
  static allocate(count: number): SharedArrayBuffer {
    return new SharedArrayBuffer(count * WORDS * 4);
  }

  ticket(): number {
    return Atomics.load(this.#words, BELL);
  }

  park(ticket: number, timeoutMs: number, blocking: boolean): void | Promise<void> {
    const words = this.#words;
    Atomics.store(words, ASLEEP, 1);
    // Waiting compares once more, in one step with falling asleep.
    const waiting = blocking ? void Atomics.wait(words, BELL, ticket, timeoutMs) : this.#waitAsync(ticket, timeoutMs);
    if (waiting === undefined) Atomics.store(words, ASLEEP, 0);
    return waiting;
  }

  wake(): void {
    const words = this.#words;
    Atomics.add(words, BELL, 1);
    // Only the first of many wakers notifies.
    if (Atomics.load(words, ASLEEP) === 1 && Atomics.compareExchange(words, ASLEEP, 1, 0) === 1) {
      Atomics.notify(words, BELL);
    }
  }

  #waitAsync(ticket: number, timeoutMs: number): Promise<void> | undefined {
    const words = this.#words;
    const waiting = Atomics.waitAsync(words, BELL, ticket);
    if (!waiting.async) return undefined;
    return new Promise((resolve) => {
      let hasEnded = false;
      const end = (): void => {
        // A second end would say "awake" in the middle of the next sleep.
        if (hasEnded) return;
        hasEnded = true;
        clearTimeout(timer);
        Atomics.store(words, ASLEEP, 0);
        resolve();
      };
      // Not the time-out of waitAsync itself: that would not keep an isolate alive that has nothing else to wait for.
      const timer = setTimeout(() => {
        // The waiter goes too, lest it pile up.
        Atomics.notify(words, BELL);
        end();
      }, timeoutMs);
      void waiting.value.then(end);
    });
  }
}
