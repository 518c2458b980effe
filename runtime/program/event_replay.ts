/**
 * Hands a replayed program what reached it in the first run, in the very order: each recorded event waits until the
 * program has asked for it (called once(), begun an execution, set the timer), and the ones behind it wait too. Between
 * two events the program gets a turn of the event loop to react.
 *
 * @module
 */

import { setImmediate } from "node:timers";
import { outside } from "./context.ts";
import type { RecordedEvent } from "./recording.ts";

/** Takes an event; what it gives is waited for before the next event of the same key. */
export type TakeEvent = (event: RecordedEvent) => void | Promise<void>;

/** Names what a program asks for. */
export const eventKeys = {
  begin: (ordinal: number): string => `execution ${ordinal}`,
  once: (name: string): string => `once(${JSON.stringify(name)})`,
  accepted: (ordinal: number): string => `submission of execution ${ordinal}`,
  call: (ordinal: number, method: string, index: number): string => `${method}() #${index} of execution ${ordinal}`,
  rows: (ordinal: number, sink: string): string => `rows of ${sink} of execution ${ordinal}`,
  timer: (index: number): string => `timer #${index}`,
};

function keyOf(event: RecordedEvent): string {
  switch (event.kind) {
    case "begin":
      return eventKeys.begin(event.ordinal);
    case "once":
      return eventKeys.once(event.name);
    case "accepted":
      return eventKeys.accepted(event.ordinal);
    case "call":
      return eventKeys.call(event.ordinal, event.method, event.index);
    case "rows":
      return eventKeys.rows(event.ordinal, event.sink);
    case "timer":
      return eventKeys.timer(event.index);
  }
}

/** See the head of the file. */
export class EventReplay {
  readonly #events: readonly RecordedEvent[];
  readonly #takers = new Map<string, TakeEvent>();
  readonly #busy = new Map<string, Promise<void>>();
  #next = 0;
  #isRunning = false;
  #isClosed = false;

  constructor(events: readonly RecordedEvent[]) {
    this.#events = events;
  }

  /** The program asks for something; `take` is called for each event of that key, possibly never. */
  expect(key: string, take: TakeEvent): void {
    this.#takers.set(key, take);
    if (this.#isRunning || this.#isClosed) return;
    this.#isRunning = true;
    outside(() => void this.#run());
  }
  /** Nothing is handed out any more. */
  close(): void {
    this.#isClosed = true;
  }
  /** What the program should ask for next; undefined when everything was handed out. */
  get awaited(): string | undefined {
    const event = this.#events[this.#next];
    return event === undefined ? undefined : keyOf(event);
  }

  async #run(): Promise<void> {
    // The call that was made returns first.
    await turn();
    for (;;) {
      const event = this.#events[this.#next];
      const key = event && keyOf(event);
      const take = key === undefined || this.#isClosed ? undefined : this.#takers.get(key);
      if (take === undefined) break;
      await this.#busy.get(key!);
      this.#next++;
      const busy = take(event);
      if (busy instanceof Promise) this.#busy.set(key!, busy);
      if (event.kind !== "begin") await turn();
    }
    this.#isRunning = false;
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
