/** Doorbells without threads: a sleeper is a promise, so that tests need no timers. */

import type { Parker } from "../../../runtime/seams/parker.ts";
import type { Doorbells } from "../task_manager_options.ts";

class TestBell implements Parker {
  rung = 0;
  #wakeUp: (() => void) | undefined;

  constructor(readonly onTicket: () => void) {}

  ticket(): number {
    this.onTicket();
    return this.rung;
  }
  park(ticket: number): void | Promise<void> {
    if (this.rung !== ticket) return;
    return new Promise((resolve) => this.#wakeUp = resolve);
  }
  wake(): void {
    this.rung++;
    this.#wakeUp?.();
    this.#wakeUp = undefined;
  }
}

/** One bell per memory and index. */
export function testBells(): Omit<Doorbells, "at"> & {
  at(memory: SharedArrayBuffer, index: number): TestBell;
  /** How often somebody looked before going to sleep. */
  readonly tickets: number;
} {
  let tickets = 0;
  const bells = new WeakMap<SharedArrayBuffer, TestBell[]>();
  return {
    allocate: (count) => {
      const memory = new SharedArrayBuffer(4 * count);
      bells.set(memory, Array.from({ length: count }, () => new TestBell(() => tickets++)));
      return memory;
    },
    at: (memory, index) => bells.get(memory)![index],
    get tickets() {
      return tickets;
    },
  };
}
