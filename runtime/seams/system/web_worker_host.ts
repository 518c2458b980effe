/**
 * Slots in Web Workers. Their heap has no limit of its own: a slot that fills the heap of the process ends the whole
 * process. A stuck one keeps the process alive until it exits by a call of `Deno.exit`.
 *
 * @module
 */

import type { WorkerHost } from "../worker_host.ts";
import type { Isolate, IsolateOptions, IsolateTrouble } from "./isolate.ts";
import type { FirstMessage } from "./slot_port.ts";
import { ThreadHost, type ThreadHostOptions } from "./thread_host.ts";

/** Starts slots in Web Workers. */
export function webWorkerHost(options: ThreadHostOptions): WorkerHost {
  return new ThreadHost("web", options, (isolate) => new WebIsolate(isolate));
}

class WebIsolate implements Isolate {
  readonly hasHeapLimit = false;
  readonly #worker: Worker;
  #isHeld = true;
  isOver = false;
  trouble: IsolateTrouble | undefined;
  onOver = (): void => {};

  constructor({ entry, name, onReady }: IsolateOptions) {
    this.#worker = new Worker(entry, { type: "module", name });
    this.#worker.addEventListener("message", onReady, { once: true });
    this.#worker.addEventListener("error", (event) => {
      event.preventDefault(); // or it is an error of this isolate too
      this.trouble ??= { isOutOfHeap: false, error: restoredError(event) };
      this.isOver = true;
      this.onOver();
    });
  }

  start(first: FirstMessage): void {
    this.#worker.postMessage(first, [first.port]);
  }

  terminate(): void {
    this.isOver = true;
    this.#worker.terminate();
  }

  hold(isHeld: boolean): void {
    if (isHeld === this.#isHeld) return;
    this.#isHeld = isHeld;
    countReference(this.#worker, isHeld);
  }
}

/** The event has only text: "Uncaught (in promise) TypeError: what it said". */
function restoredError(event: ErrorEvent): Error {
  const [, name, message] = /^(?:Uncaught )?(?:\(in promise\) )?(?:(\w*Error): )?([^]*)$/.exec(event.message)!;
  const error = new Error(message);
  if (name !== undefined) error.name = name;
  if (event.filename !== "") error.stack = `${error}\n    at ${event.filename}:${event.lineno}:${event.colno}`;
  return error;
}

/**
 * Web Workers have no ref() and unref(), but the runtime's node:worker_threads, built on them, calls a nameless method
 * for it. Without it (another runtime or version) a worker started ahead keeps the process until it is let go of.
 */
function countReference(worker: Worker, isHeld: boolean): void {
  const prototype: Record<symbol, unknown> = Object.getPrototypeOf(worker);
  const name = Object.getOwnPropertySymbols(prototype).find((symbol) => !symbol.description);
  const count = name === undefined ? undefined : prototype[name];
  if (typeof count === "function") count.call(worker, isHeld);
}
