/**
 * Who is calling: the main program or the engine. The first run takes everything for the program's that is not marked as
 * the engine's; a replay only what is marked as the program's, because all the rest of a slot is engine. Marks follow
 * asynchronous calls: promises, timers, messages of workers and sockets.
 *
 * @module
 */

import { AsyncLocalStorage } from "node:async_hooks";

const callers = new AsyncLocalStorage<"engine" | "main">();

/** Runs engine code, and everything asynchronous it starts, in which calls are neither recorded nor replayed. */
export function outside<T>(fn: () => T): T {
  return callers.run("engine", fn);
}
/** Runs a main program again. */
export function asMain<T>(fn: () => T): T {
  return callers.run("main", fn);
}
/** Whether the caller is engine code, as {@link outside} has marked it. */
export function isEngine(): boolean {
  return callers.getStore() === "engine";
}
/** Whether the caller is a main program that {@link asMain} runs. */
export function isMain(): boolean {
  return callers.getStore() === "main";
}

/**
 * Evaluating a module under a mark leaves the mark on what the runtime calls by itself afterwards (handlers of servers,
 * events); evaluating another one without a mark takes it away.
 */
export async function clearLeftoverMark(): Promise<void> {
  // A module is evaluated once only: each time another one.
  await callers.exit(() => import(`data:text/javascript,export{};//${crypto.randomUUID()}`));
}
