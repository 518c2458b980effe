/**
 * The console of a slot: what user functions print is handed on as text, formatted as the runtime does itself.
 *
 * @module
 */

import { Console } from "node:console";

/** Takes one print of a user function, without the line break at its end; it may have several lines. */
export type ConsoleWrite = (line: string, stream: "stdout" | "stderr") => void;

/** Levels of the runtime's console from which on it writes to the standard error. */
const WARN_LEVEL = 2;

/**
 * Replaces every printing method of the global console: log, info, debug, dir, table, ... go to "stdout", warn, error,
 * trace and failed assertions to "stderr". For an isolate that is a slot for the rest of its life.
 */
export function installSlotConsole(write: ConsoleWrite): void {
  replaceMethods(write, (method) => method);
}

/**
 * Does the same for some callers only: those for which `isDiverted` is true when they print. Others print as before.
 *
 * @returns Undoes it.
 */
export function divertConsole(isDiverted: () => boolean, write: ConsoleWrite): () => void {
  return replaceMethods(write, (method, before) => (...args) => (isDiverted() ? method : before)(...args));
}

type Method = (...args: unknown[]) => unknown;

function replaceMethods(write: ConsoleWrite, choose: (method: Method, before: Method) => Method): () => void {
  const before = new Map<string, PropertyDescriptor>();
  const print = (text: string, stream: "stdout" | "stderr") => write(text.replace(/\n$/, ""), stream);
  const made = runtimeConsole((text, level) => print(text, level >= WARN_LEVEL ? "stderr" : "stdout")) ??
    nodeConsole(print);
  for (const name of Object.keys(made)) {
    const method = made[name];
    const real = Object.getOwnPropertyDescriptor(console, name);
    if (typeof method !== "function" || typeof real?.value !== "function") continue;
    before.set(name, real);
    const value = choose(method as Method, real.value);
    Object.defineProperty(console, name, { value, writable: true, configurable: true, enumerable: true });
  }
  return () => {
    for (const [name, real] of before) Object.defineProperty(console, name, real);
  };
}

type Methods = Record<string, unknown>;

/**
 * A console of the runtime's own class, which prints objects as `deno run` does. The class is reachable but not public:
 * undefined where a runtime does not have it.
 */
function runtimeConsole(print: (text: string, level: number) => void): Methods | undefined {
  const internals = Deno as unknown as { internal?: symbol } & Record<symbol, { Console?: unknown } | undefined>;
  const made = internals.internal === undefined ? undefined : internals[internals.internal]?.Console;
  if (typeof made !== "function") return undefined;
  try {
    return new (made as new (print: (text: string, level: number) => void) => Methods)(print);
  } catch {
    return undefined;
  }
}

/** The same in Node's format. */
function nodeConsole(print: ConsoleWrite): Methods {
  const stream = (name: "stdout" | "stderr") => ({
    write: (text: string) => (print(text, name), true),
    on: () => {},
    once: () => {},
    removeListener: () => {},
    listenerCount: () => 0,
  });
  // The class asks for whole streams but uses these methods.
  const streams = { stdout: stream("stdout"), stderr: stream("stderr") } as unknown as { stdout: never; stderr: never };
  return new Console(streams) as unknown as Methods;
}
