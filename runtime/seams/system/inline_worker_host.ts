/**
 * Slots in the isolate that starts them: one after the other they run in turns of its event loop. Nothing isolates
 * them: an endless loop, a full heap or a call of `Deno.exit` is that of the process, and so are errors nobody catches.
 *
 * @module
 */

import type { FlinkError } from "../../errors.ts";
import type { MainThread } from "../main_thread.ts";
import type { SlotEnd, SlotHandle, SlotInit, SlotListener, SlotMain, SlotPort, WorkerHost } from "../worker_host.ts";
import { SystemMainThread } from "./main_thread.ts";
import { uncaughtError } from "./slot_errors.ts";

/** How inline slots run. */
export interface InlineHostOptions {
  /** How long a killed slot may take to end by itself before it is reported as stuck, in ms. Default 10 s. */
  readonly stopTimeoutMs?: number;
  /** Where messages and ends are handed over, never inside the call that posts them. Default: the event loop. */
  readonly mainThread?: MainThread;
}

const DEFAULT_STOP_TIMEOUT_MS = 10_000;

/** Runs every slot in this isolate. */
export function inlineWorkerHost(main: SlotMain, options: InlineHostOptions = {}): WorkerHost {
  const mainThread = options.mainThread ?? new SystemMainThread();
  const stopTimeoutMs = options.stopTimeoutMs ?? DEFAULT_STOP_TIMEOUT_MS;
  return {
    kind: "inline",
    spawnSlot: (init, listener) => new InlineSlot({ main, init, listener, mainThread, stopTimeoutMs }),
    prewarm: () => {},
    close: () => {},
  };
}

interface InlineSlotOptions {
  readonly main: SlotMain;
  readonly init: SlotInit;
  readonly listener: SlotListener;
  readonly mainThread: MainThread;
  readonly stopTimeoutMs: number;
}

/** Both ends of a slot. */
class InlineSlot implements SlotHandle, SlotPort {
  readonly #options: InlineSlotOptions;
  #isKilled = false;
  #isEnded = false;
  #isReported = false;
  #beatCount = 0;
  #activity = -1;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: InlineSlotOptions) {
    this.#options = options;
    options.mainThread.post(() => this.#begin());
  }

  get isKilled(): boolean {
    return this.#isKilled;
  }

  get beatCount(): number {
    return this.#beatCount;
  }

  get activity(): number {
    return this.#activity;
  }

  kill(): void {
    if (this.#isKilled || this.#isReported) return;
    this.#isKilled = true;
    this.#timer = setTimeout(() => this.#report({ kind: "stuck" }), this.#options.stopTimeoutMs);
  }

  post(message: unknown, transfer: readonly ArrayBuffer[] = []): void {
    const copy = structuredClone(message, { transfer: [...transfer] });
    if (this.#isEnded) return;
    this.#options.mainThread.post(() => {
      if (!this.#isKilled && !this.#isReported) this.#options.listener.onMessage(copy);
    });
  }

  close(): void {
    this.#finish({ kind: "stopped" });
  }

  beat(activity: number): void {
    this.#activity = activity;
    this.#beatCount = (this.#beatCount + 1) >>> 0;
  }

  onUncaught(_handler: (error: FlinkError) => void): void {}

  #begin(): void {
    if (this.#isKilled) return this.close();
    const { main, init: { name, data } } = this.#options;
    Promise.try(main, data, this).catch((error) => {
      this.#finish({ kind: "failed", error: uncaughtError(name, error, "error") });
    });
  }

  #finish(end: SlotEnd): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#options.mainThread.post(() => this.#report(this.#isKilled ? { kind: "stopped" } : end));
  }

  #report(end: SlotEnd): void {
    if (this.#isReported) return;
    this.#isReported = true;
    clearTimeout(this.#timer);
    this.#options.listener.onEnd(end);
  }
}
