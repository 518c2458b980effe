/**
 * Where slots run: threads of this process (of two kinds) or this isolate itself. One test table runs over all three.
 *
 * @module
 */

import type { FlinkError } from "../errors.ts";

/** What a slot is started with. */
export interface SlotInit {
  /** Shown in errors and logs, as "slot 2 of job x". */
  readonly name: string;
  /** Heap of the slot in MiB; a slot that needs more ends, where the kind of host can hold it to that. */
  readonly heapMb: number;
  /** The first message of the slot: structured-cloneable, shared memory included. An inline slot gets it as it is. */
  readonly data: unknown;
}

/** How a slot has come to its end. Exactly one is reported. */
export type SlotEnd =
  /** Killed, or ended by itself after {@link SlotPort.close}; its thread is gone. */
  | { readonly kind: "stopped" }
  /** Ended by itself, with the reason: out of heap, an error nobody caught, an exit nobody asked for. */
  | { readonly kind: "failed"; readonly error: FlinkError }
  /** Killed, but its thread does not stop: it burns on and ends with the process. */
  | { readonly kind: "stuck" };

/** Who hears of a slot. */
export interface SlotListener {
  /** What the slot has posted, in order. Never called after {@link SlotHandle.kill} or {@link onEnd}. */
  onMessage(message: unknown): void;
  /** Called once, last. */
  onEnd(end: SlotEnd): void;
}

/** A slot that was started. */
export interface SlotHandle {
  /** Returns at once; nothing of the slot is accepted afterwards but its end: `stopped`, or `stuck` after the limit. */
  kill(): void;
  /** How often the slot has called {@link SlotPort.beat}, modulo 2^32: one that stands still does not get on. */
  readonly beatCount: number;
  /** What the slot named in its latest {@link SlotPort.beat}; -1 before the first. */
  readonly activity: number;
}

/** The slot's side: how it reports to whoever started it. */
export interface SlotPort {
  /**
   * Structured clone, in order; buffers in `transfer` are moved. Returns at once, also while the slot never yields.
   *
   * @throws DataCloneError when the message cannot be cloned; nothing was sent then.
   */
  post(message: unknown, transfer?: readonly ArrayBuffer[]): void;
  /** Ends the slot by itself, after what was posted. In a thread it does not return: no code runs after it. */
  close(): void;
  /** Set once the slot is killed: its loop looks at it every turn (at least every 100 ms) and ends by {@link close}. */
  readonly isKilled: boolean;
  /** Says that the slot gets on, and with what: a small integer of the caller's choice, as the index of a task. */
  beat(activity: number): void;
  /**
   * From now on `handler` gets what nobody caught in this slot (a floating rejection, an error in a timer, a call of
   * `Deno.exit`) instead of the slot ending as `failed`. A call of an exit function throws the same error in its caller
   * too. When the handler throws, the slot fails with that. Inline slots never call it: such errors are the process's.
   */
  onUncaught(handler: (error: FlinkError) => void): void;
}

/** What runs in a slot: called once, with {@link SlotInit.data}. Ends the slot by {@link SlotPort.close} or a throw. */
export type SlotMain = (data: unknown, port: SlotPort) => void | Promise<void>;

/** Starts slots. */
export interface WorkerHost {
  readonly kind: "worker_threads" | "web" | "inline";
  spawnSlot(init: SlotInit, listener: SlotListener): SlotHandle;
  /** Sees to it that `count` isolates wait, started ahead, for the next slots. They do not keep the process alive. */
  prewarm(count: number): void;
  /** Lets go of isolates that were started ahead. Slots that run go on. */
  close(): void;
}
