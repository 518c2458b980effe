/**
 * Slots in threads, of either kind of worker: isolates started ahead, and the life of a slot from its first message to
 * its end.
 *
 * @module
 */

// Node's class of channels, which is the runtime's own: ports report that they were closed only once it is loaded.
import { MessageChannel as ReportingChannel } from "node:worker_threads";
import { BugError, type FlinkError } from "../../errors.ts";
import { fromTransferable } from "../error_transfer.ts";
import type { SlotEnd, SlotHandle, SlotInit, SlotListener, WorkerHost } from "../worker_host.ts";
import type { Isolate, IsolateOptions } from "./isolate.ts";
import { outOfHeapError, silentEndError, startError, uncaughtError } from "./slot_errors.ts";
import type { SlotMessage } from "./slot_port.ts";
import { SlotWords } from "./slot_words.ts";

/** What a host of threads is made with. */
export interface ThreadHostOptions {
  /** The module that calls `runSlot`. */
  readonly entry: URL;
  /** How long a slot that is killed or closed may take to end by itself before it is terminated, in ms. */
  readonly stopTimeoutMs: number;
  /** Heap of isolates started ahead, in MiB; a slot that asks for another one is started cold. Default 2048. */
  readonly heapMb?: number;
  /** Called when an isolate started ahead has loaded its modules, with how many are ready now. */
  readonly onSpare?: (readyCount: number) => void;
}

const DEFAULT_HEAP_MB = 2048;
/** How long a terminated isolate may take until it counts as stuck; one that waits or parks takes some ms. */
const TERMINATE_LIMIT_MS = 500;
/** How long to wait for the reason of an end after the end itself, and the other way round. */
const REASON_LIMIT_MS = 100;

interface Spare {
  readonly isolate: Isolate;
  isReady: boolean;
}

/** See the module. */
export class ThreadHost implements WorkerHost {
  readonly kind: "worker_threads" | "web";
  readonly #options: ThreadHostOptions;
  readonly #startIsolate: (options: IsolateOptions) => Isolate;
  #spares: Spare[] = [];

  constructor(
    kind: "worker_threads" | "web",
    options: ThreadHostOptions,
    startIsolate: (options: IsolateOptions) => Isolate,
  ) {
    this.kind = kind;
    this.#options = options;
    this.#startIsolate = startIsolate;
  }

  spawnSlot(init: SlotInit, listener: SlotListener): SlotHandle {
    const { entry, stopTimeoutMs } = this.#options;
    const { name, heapMb } = init;
    const isolate = this.#takeSpare(heapMb) ?? this.#startIsolate({ entry, name, heapMb, onReady: () => {} });
    return new ThreadSlot({ isolate, init, listener, entry, stopTimeoutMs });
  }

  prewarm(count: number): void {
    const { entry } = this.#options;
    this.#spares = this.#spares.filter(({ isolate }) => !isolate.isOver);
    while (this.#spares.length < count) {
      const onReady = () => this.#onReady(spare);
      const isolate = this.#startIsolate({ entry, name: "spare slot", heapMb: this.#heapMb, onReady });
      isolate.hold(false);
      const spare: Spare = { isolate, isReady: false };
      this.#spares.push(spare);
    }
  }

  close(): void {
    for (const { isolate } of this.#spares.splice(0)) isolate.terminate();
  }

  get #heapMb(): number {
    return this.#options.heapMb ?? DEFAULT_HEAP_MB;
  }

  #onReady(spare: Spare): void {
    spare.isReady = true;
    if (this.#spares.includes(spare)) this.#options.onSpare?.(this.#spares.filter(({ isReady }) => isReady).length);
  }

  /** The readiest one that fits. */
  #takeSpare(heapMb: number): Isolate | undefined {
    this.#spares = this.#spares.filter(({ isolate }) => !isolate.isOver);
    if (this.#spares.length === 0) return undefined;
    if (this.#spares[0].isolate.hasHeapLimit && heapMb !== this.#heapMb) return undefined;
    const ready = this.#spares.findIndex(({ isReady }) => isReady);
    const [{ isolate }] = this.#spares.splice(Math.max(ready, 0), 1);
    isolate.hold(true);
    return isolate;
  }
}

interface ThreadSlotOptions {
  readonly isolate: Isolate;
  readonly init: SlotInit;
  readonly listener: SlotListener;
  readonly entry: URL;
  readonly stopTimeoutMs: number;
}

class ThreadSlot implements SlotHandle {
  readonly #options: ThreadSlotOptions;
  readonly #words = new SlotWords();
  readonly #port: MessagePort;
  #isKilled = false;
  /** What the slot said about its end; reported once its thread is gone. */
  #end: SlotEnd | undefined;
  #isGone = false;
  #isReported = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @throws BugError with code TSF-0040 when the first message cannot be cloned. */
  constructor(options: ThreadSlotOptions) {
    const { isolate, init: { name, heapMb, data } } = this.#options = options;
    const { port1, port2 } = new ReportingChannel() as unknown as MessageChannel;
    this.#port = port1;
    port1.addEventListener("message", (event) => this.#onMessage(event.data));
    port1.addEventListener("close", () => this.#onGone());
    port1.start();
    isolate.onOver = () => this.#onOver();
    try {
      isolate.start({ name, heapMb, port: port2, words: this.#words.memory, data });
    } catch (cause) {
      isolate.terminate();
      port1.close();
      throw new BugError("TSF-0040", `The first message of ${name} cannot be cloned`, { cause });
    }
  }

  get beatCount(): number {
    return this.#words.beatCount;
  }

  get activity(): number {
    return this.#words.activity;
  }

  kill(): void {
    if (this.#isKilled || this.#isReported) return;
    this.#isKilled = true;
    this.#words.kill();
    if (this.#options.isolate.trouble === undefined) this.#limitStop();
  }

  #onMessage(message: SlotMessage): void {
    if (this.#isKilled || this.#isReported) return;
    switch (message[0]) {
      case "message":
        this.#options.listener.onMessage(message[1]);
        break;
      case "closed":
        this.#end = { kind: "stopped" };
        this.#limitStop();
        break;
      case "failed":
        this.#end = { kind: "failed", error: fromTransferable(message[1]) as FlinkError };
        this.#limitStop();
    }
  }

  /** Only the closing channel says that the isolate is gone: an endless loop goes on after terminate(). */
  #limitStop(): void {
    const { isolate, stopTimeoutMs } = this.#options;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      isolate.terminate();
      const end: SlotEnd = this.#end?.kind === "failed" && !this.#isKilled ? this.#end : { kind: "stuck" };
      this.#timer = setTimeout(() => this.#report(end), TERMINATE_LIMIT_MS);
    }, stopTimeoutMs);
  }

  /** The channel is closed: the isolate is gone. */
  #onGone(): void {
    this.#isGone = true;
    if (this.#isKilled || this.#end !== undefined || this.#options.isolate.isOver) this.#finish();
    else this.#finishLater();
  }

  /** The runtime says so, which is true when it names an error; the channel of a module that throws stays open. */
  #onOver(): void {
    if (this.#isGone) this.#finish();
    else if (this.#options.isolate.trouble !== undefined) this.#finishLater();
  }

  #finishLater(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#finish(), REASON_LIMIT_MS);
  }

  #finish(): void {
    this.#report(this.#isKilled ? { kind: "stopped" } : this.#end ?? this.#unannouncedEnd());
  }

  #unannouncedEnd(): SlotEnd {
    const { isolate: { trouble, hasHeapLimit }, init: { name, heapMb }, entry } = this.#options;
    const hasBegun = this.#words.hasBegun;
    // A heap that fills up without a pause ends the isolate without an error; everything else says something.
    if (trouble?.isOutOfHeap || (trouble === undefined && hasHeapLimit && hasBegun)) {
      return { kind: "failed", error: outOfHeapError(name, heapMb) };
    }
    if (!hasBegun) return { kind: "failed", error: startError(name, entry, trouble?.error) };
    const error = trouble === undefined ? silentEndError(name) : uncaughtError(name, trouble.error, "error");
    return { kind: "failed", error };
  }

  #report(end: SlotEnd): void {
    if (this.#isReported) return;
    this.#isReported = true;
    clearTimeout(this.#timer);
    const { isolate, listener } = this.#options;
    isolate.terminate();
    isolate.hold(false); // a stuck one is left to the end of the process
    this.#port.close();
    listener.onEnd(end);
  }
}
