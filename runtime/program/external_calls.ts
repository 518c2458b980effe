/**
 * Reads and writes of a main program that are not recorded, because they go past env.once: files, network, processes.
 * They happen again wherever the program is built again; a server cannot even be started twice. Recorder and replay put
 * this before the functions of Deno.
 *
 * @module
 */

import { userFrame } from "../errors.ts";
import type { AnyFunction, Patches } from "./patches.ts";

/** A call and the program's line. */
export interface ExternalCall {
  readonly call: string;
  readonly line: string;
}

const SERVERS = ["serve", "listen", "listenTls", "listenDatagram"];
/** Functions of Deno; most have a form that ends in Sync. */
const FILES = [
  ...["readTextFile", "readFile", "writeTextFile", "writeFile", "open", "create", "readDir", "stat", "lstat", "remove"],
  ...["mkdir", "makeTempDir", "makeTempFile", "rename", "copyFile", "truncate", "symlink", "link", "readLink"],
].flatMap((name) => [name, `${name}Sync`]);
const NETWORK = ["connect", "connectTls", "resolveDns", "openKv", "startTls"];
const CLASSES = ["WebSocket", "EventSource"];

/** Notes such calls until the program executes a job. */
export class ExternalCalls {
  readonly #passes: () => boolean;
  /** By line, those told already included. */
  readonly #known = new Map<string, ExternalCall>();
  #new: ExternalCall[] = [];
  #server: ExternalCall | undefined;

  /** @param passes Whether the caller is not the program. */
  constructor(passes: () => boolean) {
    this.#passes = passes;
  }

  install(patches: Patches): void {
    const watch = (holder: object, key: string, shown: string, note: (call: string) => void) =>
      patches.replace(holder, key, (real) =>
        typeof real !== "function" ? real : new Proxy(real as AnyFunction, {
          apply: (target, self, args) => {
            if (!this.#passes()) note(`${shown}()`);
            return Reflect.apply(target, self, args);
          },
          construct: (target, args, newTarget) => {
            if (!this.#passes()) note(`new ${shown}()`);
            return Reflect.construct(target, args, newTarget);
          },
        }));
    const again = (call: string) => this.#note(call);
    for (const key of [...FILES, ...NETWORK, "Command"]) watch(Deno, key, `Deno.${key}`, again);
    for (const key of ["read", "readSync"]) watch(Deno.stdin, key, `Deno.stdin.${key}`, again);
    for (const key of ["fetch", ...CLASSES]) watch(globalThis, key, key, again);
    for (const key of SERVERS) watch(Deno, key, `Deno.${key}`, (call) => this.#server ??= callOfProgram(call));
  }
  /** What was called since the last time, each line once; the first server that was ever started. */
  take(): { readonly server: ExternalCall | undefined; readonly repeated: readonly ExternalCall[] } {
    return { server: this.#server, repeated: this.#new.splice(0) };
  }

  #note(call: string): void {
    const known = callOfProgram(call);
    if (known === undefined || this.#known.has(known.line)) return;
    this.#known.set(known.line, known);
    this.#new.push(known);
  }
}

/** Undefined when it is the engine that calls, for the program: sources look at their files when they are made. */
function callOfProgram(call: string): ExternalCall | undefined {
  const frames = (new Error().stack ?? "").split("\n").slice(1);
  const nearest = frames.find((frame) => /:\d+:\d+/.test(frame) && !/\b(ext|node):/.test(frame) && !isOwn(frame));
  const line = userFrame(nearest);
  return line === undefined ? undefined : { call, line };
}

/** A frame of a stand-in. */
function isOwn(frame: string): boolean {
  return OWN_FILES.some((file) => frame.includes(file));
}
const OWN_FILES = ["/runtime/program/external_calls.ts", "/runtime/program/patches.ts"];
