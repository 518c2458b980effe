/**
 * An isolate in a thread, as the host of slots sees it: the little that differs between the two kinds of workers.
 *
 * @module
 */

import type { FirstMessage } from "./slot_port.ts";

/** How an isolate is started. */
export interface IsolateOptions {
  readonly entry: URL;
  /** Shown by the runtime. */
  readonly name: string;
  /** Limit of its heap in MiB, where the kind has one. */
  readonly heapMb: number;
  /** Called once it has loaded its modules. */
  readonly onReady: () => void;
}

/** What the runtime says about the end of an isolate. */
export interface IsolateTrouble {
  readonly isOutOfHeap: boolean;
  /** The error, as far as it is known. */
  readonly error?: unknown;
}

/** A worker of either kind. */
export interface Isolate {
  /** Whether a heap is its own: it ends without a word when full, and nothing else does that. */
  readonly hasHeapLimit: boolean;
  /** Whether it has come to its end, as far as the runtime tells: it may run on after {@link terminate}. */
  readonly isOver: boolean;
  /** Set when it is over by itself. */
  readonly trouble: IsolateTrouble | undefined;
  /** Called when {@link isOver} is set. Web Workers that end without an error never call it. */
  onOver: () => void;
  /** @throws DataCloneError */
  start(first: FirstMessage): void;
  /** Ends an isolate that waits or parks; one in a loop runs on. */
  terminate(): void;
  /** Whether it keeps the process alive; it does from the start. */
  hold(isHeld: boolean): void;
}
