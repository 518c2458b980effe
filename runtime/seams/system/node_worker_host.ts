/**
 * Slots in threads of node:worker_threads, the default: their heap is limited, and one that is full ends the slot and
 * nothing else. Memory of typed arrays is not in that limit.
 *
 * @module
 */

import { Worker } from "node:worker_threads";
import type { WorkerHost } from "../worker_host.ts";
import type { Isolate, IsolateOptions, IsolateTrouble } from "./isolate.ts";
import type { FirstMessage } from "./slot_port.ts";
import { ThreadHost, type ThreadHostOptions } from "./thread_host.ts";

/** Starts slots in node:worker_threads. */
export function nodeWorkerHost(options: ThreadHostOptions): WorkerHost {
  return new ThreadHost("worker_threads", options, (isolate) => new NodeIsolate(isolate));
}

class NodeIsolate implements Isolate {
  readonly hasHeapLimit = true;
  readonly #worker: Worker;
  isOver = false;
  trouble: IsolateTrouble | undefined;
  onOver = (): void => {};

  constructor({ entry, name, heapMb, onReady }: IsolateOptions) {
    // "name" is Node's and Deno's, but not in the types.
    const options = { name, resourceLimits: { maxOldGenerationSizeMb: heapMb } };
    this.#worker = new Worker(entry, options);
    this.#worker.once("message", onReady);
    this.#worker.on("error", (error) => {
      this.trouble ??= { isOutOfHeap: "code" in error && error.code === "ERR_WORKER_OUT_OF_MEMORY", error };
    });
    this.#worker.once("exit", () => {
      this.isOver = true;
      this.onOver();
    });
  }

  start(first: FirstMessage): void {
    this.#worker.postMessage(first, [first.port as never]); // both worlds have one class of ports
  }

  terminate(): void {
    void this.#worker.terminate();
  }

  hold(isHeld: boolean): void {
    if (isHeld) this.#worker.ref();
    else this.#worker.unref();
  }
}
