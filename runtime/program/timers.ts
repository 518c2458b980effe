/**
 * Timers of a main program. In the first run each that fires is an event of the recording; in a replay it fires exactly
 * there, at once, and never when it had not fired: so a program that sleeps, polls or races against a time-out takes the
 * same way again without waiting.
 *
 * @module
 */

import { asMain } from "./context.ts";
import { eventKeys, type EventReplay } from "./event_replay.ts";
import type { AnyFunction, Patches } from "./patches.ts";

/** Longest delay of the runtime. */
const NEVER_MS = 2 ** 31 - 1;

/** Starts a timer in place of the real function. @param set The real function, for another callback and delay. */
type StartTimer = (
  set: (fn: () => void, delayMs: unknown) => unknown,
  fn: () => void,
  delayMs: unknown,
) => unknown;

function patchBoth(patches: Patches, passes: () => boolean, start: StartTimer): void {
  for (const key of ["setTimeout", "setInterval"]) {
    patches.replace(globalThis, key, (real) =>
      typeof real !== "function" ? real : new Proxy(real as AnyFunction, {
        apply: (target, self, [fn, delayMs, ...args]: unknown[]) => {
          if (typeof fn !== "function" || passes()) return Reflect.apply(target, self, [fn, delayMs, ...args]);
          return start((called, ms) => Reflect.apply(target, self, [called, ms]), () => fn(...args), delayMs);
        },
      }));
  }
}

/** Records which timers fire. @param onFire Called before the callback of the program's n-th timer. */
export function recordTimers(patches: Patches, passes: () => boolean, onFire: (index: number) => void): void {
  let count = 0;
  patchBoth(patches, passes, (set, fn, delayMs) => {
    const index = count++;
    return set(() => {
      onFire(index);
      fn();
    }, delayMs);
  });
}

/** Fires timers where they were recorded. */
export function replayTimers(patches: Patches, passes: () => boolean, events: EventReplay): void {
  let count = 0;
  patchBoth(patches, passes, (set, fn) => {
    events.expect(eventKeys.timer(count++), () => {
      try {
        asMain(fn);
      } catch (error) {
        // As from a timer: nobody's, but of the isolate's handler.
        reportError(error);
      }
    });
    // What the program gets can be cleared, and does not keep the slot.
    const handle = set(() => {}, NEVER_MS);
    if (typeof handle === "number") Deno.unrefTimer(handle);
    else (handle as { unref(): void }).unref();
    return handle;
  });
}
