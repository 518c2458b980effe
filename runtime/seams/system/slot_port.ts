/**
 * The slot's side of a host: the entry module of a slot calls {@link runSlot}, which waits for the first message, takes
 * over the ways in which code may end an isolate, and hands over to the main function.
 *
 * Everything the slot says goes over one message channel made by the host. The host knows that the isolate is gone by
 * that channel closing, which comes after the last message: neither kind of worker tells reliably (`terminate()` of a
 * node worker reports an exit at once, also of a thread that spins on; a Web Worker reports none).
 *
 * @module
 */

import { getHeapStatistics } from "node:v8";
import { parentPort } from "node:worker_threads";
import { BugError, type FlinkError } from "../../errors.ts";
import { toTransferable, type TransferredError } from "../error_transfer.ts";
import type { SlotMain, SlotPort } from "../worker_host.ts";
import { exitError, outOfHeapError, uncaughtError } from "./slot_errors.ts";
import { SlotWords } from "./slot_words.ts";

export { type ConsoleWrite, installSlotConsole } from "./slot_console.ts";

/** What a host sends to the isolate it starts; nothing follows it. */
export interface FirstMessage {
  readonly name: string;
  /** What the slot was promised, in MiB: for the error. */
  readonly heapMb: number;
  readonly port: MessagePort;
  readonly words: SharedArrayBuffer;
  readonly data: unknown;
}

/** What a slot sends: a message of its main function, or why it ends. */
export type SlotMessage =
  | readonly ["message", unknown]
  | readonly ["closed"]
  | readonly ["failed", TransferredError];

/** How often a slot looks whether its heap was full. */
const HEAP_WATCH_MS = 200;

/** Said to the host by an isolate that has loaded its modules and waits for its first message. */
export const READY = "ready";

/** The global functions of an isolate in a thread of its own. */
interface ThreadGlobals {
  postMessage(message: unknown): void;
  close(): void;
}
const thread = globalThis as unknown as ThreadGlobals;

/**
 * Makes this isolate a slot. Called once, by the entry module, at its end.
 *
 * @throws BugError with code TSF-0041 where this isolate is no thread of a host.
 */
export function runSlot(main: SlotMain): void {
  receiveFirst((first) => {
    const words = new SlotWords(first.words);
    const port = new ThreadSlotPort(first.name, first.port, words, thread.close.bind(globalThis));
    // Listening also keeps the isolate alive when its main function waits for something that never comes.
    first.port.onmessage = () => {};
    port.guard();
    if (parentPort !== null) port.watchHeap(first.heapMb);
    if (words.isKilled) port.close();
    words.begin();
    Promise.try(main, first.data, port).catch((error) => port.fail(uncaughtError(first.name, error, "error")));
  });
}

function receiveFirst(receive: (first: FirstMessage) => void): void {
  const parent = parentPort ?? thread;
  if (typeof parent.postMessage !== "function") {
    throw new BugError("TSF-0041", "runSlot() was called outside a slot's thread");
  }
  // The plain event in both kinds: parentPort.once() looks through every value of the message for ports, which takes
  // more than a slot's heap when the message has some megabytes of bytes.
  const onMessage = (event: Event) => receive((event as MessageEvent<FirstMessage>).data);
  globalThis.addEventListener("message", onMessage, { once: true });
  parent.postMessage(READY);
}

class ThreadSlotPort implements SlotPort {
  readonly #name: string;
  readonly #port: MessagePort;
  readonly #words: SlotWords;
  /** Ends the isolate; does not return. */
  readonly #endIsolate: () => void;
  #onUncaught: ((error: FlinkError) => void) | undefined;

  constructor(name: string, port: MessagePort, words: SlotWords, endIsolate: () => void) {
    this.#name = name;
    this.#port = port;
    this.#words = words;
    this.#endIsolate = endIsolate;
  }

  get isKilled(): boolean {
    return this.#words.isKilled;
  }

  post(message: unknown, transfer: readonly ArrayBuffer[] = []): void {
    this.#port.postMessage(["message", message] satisfies SlotMessage, [...transfer]);
  }

  beat(activity: number): void {
    this.#words.beat(activity);
  }

  close(): void {
    this.#port.postMessage(["closed"] satisfies SlotMessage);
    this.#endIsolate();
  }

  fail(error: FlinkError): void {
    this.#port.postMessage(["failed", toTransferable(error)] satisfies SlotMessage);
    this.#endIsolate();
  }

  onUncaught(handler: (error: FlinkError) => void): void {
    this.#onUncaught = handler;
  }

  /** From here on nothing ends this isolate unheard. */
  guard(): void {
    globalThis.addEventListener("error", (event) => {
      event.preventDefault(); // or the runtime prints it and ends the isolate
      this.#uncaught(uncaughtError(this.#name, event.error ?? event.message, "error"));
    });
    globalThis.addEventListener("unhandledrejection", (event) => {
      event.preventDefault();
      this.#uncaught(uncaughtError(this.#name, event.reason, "rejection"));
    });
    // process.exit() and process.reallyExit() of Node end up here too.
    Deno.exit = (code?: number): never => {
      const stack = new Error().stack;
      const caller = stack?.includes("node:process") ? "process.exit" : "Deno.exit";
      this.#exitCalled(`${caller}(${code ?? ""})`, stack);
    };
    thread.close = (): never => this.#exitCalled("close()", new Error().stack);
  }

  /**
   * When the heap is full the runtime unwinds whatever runs, past every catch and finally, and then ends the isolate or,
   * depending on what had called that code, lets it live on with its main function gone. The limit of the heap, raised
   * for the unwinding, tells.
   */
  watchHeap(heapMb: number): void {
    const limit = getHeapStatistics().heap_size_limit;
    setInterval(() => {
      if (getHeapStatistics().heap_size_limit > limit) this.fail(outOfHeapError(this.#name, heapMb));
    }, HEAP_WATCH_MS);
  }

  #exitCalled(call: string, stack: string | undefined): never {
    const error = exitError(this.#name, call, stack);
    // Told after the error thrown here had its chance: who catches it knows the task. Without a handler the slot ends.
    if (this.#onUncaught === undefined) this.fail(error);
    else queueMicrotask(() => this.#uncaught(error));
    throw error;
  }

  #uncaught(error: FlinkError): void {
    if (this.#onUncaught === undefined) return this.fail(error);
    try {
      this.#onUncaught(error);
    } catch (failure) {
      this.fail(uncaughtError(this.#name, failure, "error"));
    }
  }
}
