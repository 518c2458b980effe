/**
 * What a main program that runs again must not do a second time: print, change the environment or directory of the
 * process, start servers, end the process. The program is held back from it for ever, also after its job was captured;
 * the rest of the isolate is not touched.
 *
 * @module
 */

import { type FlinkError, InvalidProgramError } from "../errors.ts";
import { isMain } from "./context.ts";
import { Patches } from "./patches.ts";

/** Who hears of it. */
export interface SideEffectListener {
  setVariable(name: string, value: string | null): void;
  /** The program cannot go on. */
  fail(error: FlinkError): void;
}

/** Holds the program back until the patches are undone. */
export function holdSideEffects(listener: SideEffectListener): Patches {
  const patches = new Patches();
  const isNotMain = () => !isMain();
  const silent = (holder: object, key: string, result: (args: readonly unknown[]) => unknown) =>
    patches.call(holder, key, isNotMain, (_real, args) => result(args));
  for (const key of Object.keys(console)) silent(console, key, () => undefined);
  silent(globalThis, "alert", () => undefined);
  for (const stream of [Deno.stdout, Deno.stderr]) {
    silent(stream, "writeSync", ([bytes]) => (bytes as Uint8Array).length);
    silent(stream, "write", ([bytes]) => Promise.resolve((bytes as Uint8Array).length));
  }
  silent(Deno.env, "set", ([name, value]) => listener.setVariable(String(name), String(value)));
  silent(Deno.env, "delete", ([name]) => listener.setVariable(String(name), null));
  // The first run has done it, for the whole process.
  silent(Deno, "chdir", () => undefined);
  for (const key of ["serve", "listen", "listenTls", "listenDatagram"]) {
    silent(Deno, key, () => refuse(listener, `Deno.${key}()`));
  }
  silent(Deno, "exit", ([code]) => refuse(listener, `Deno.exit(${code ?? ""})`));
  // deno-lint-ignore no-process-global -- what the program may call
  silent(process, "exit", ([code]) => refuse(listener, `process.exit(${code ?? ""})`));
  return patches;
}

function refuse(listener: SideEffectListener, call: string): never {
  const error = new InvalidProgramError("TSF-1235", "main() cannot be run again in a slot", {
    expected: "the call of execute() that was recorded",
    found: call,
    hint: "What ends the process or serves others belongs behind the last execute().",
  });
  listener.fail(error);
  throw error;
}
