/**
 * Mail from the main isolate to a slot, over a ring: the slot's thread may never yield, so it cannot be reached by
 * messages. Any structured-cloneable value but shared memory goes, of any size; restored state may be large.
 *
 * The main isolate never blocks, and nobody wakes it when the ring has room again: it looks again a little later.
 *
 * Callers: whoever starts slots (writer), the loop of a slot (reader).
 *
 * @module
 */

import { deserializeValue, serializeValue } from "../types/generic_serializer.ts";
import { RingReader, RingWriter } from "./ring.ts";

const NO_KIND = 0;

/** The main isolate's end. */
export class ControlWriter {
  readonly #writer: RingWriter;
  #isRetryPlanned = false;
  #isClosed = false;

  /**
   * @param wake Wakes the slot.
   * @param retryLater Calls back once, soon and never at once; used only while something waits.
   */
  constructor(
    ring: SharedArrayBuffer,
    readonly wake: () => void,
    readonly retryLater: (retry: () => void) => void,
  ) {
    this.#writer = new RingWriter(ring);
  }

  /** Whether some mail has not left yet. */
  get isWaiting(): boolean {
    return this.#writer.waiting > 0 && !this.#isClosed;
  }

  /**
   * Sends a value, behind all others; as it is now, later changes do not count.
   *
   * @throws InvalidProgramError TSF-2101 or TSF-2105 for what cannot travel; nothing is sent then.
   */
  send(value: unknown): void {
    if (this.#isClosed) return;
    this.#writer.write(NO_KIND, 0, 0, serializeValue(value));
    if (!this.#isRetryPlanned) this.#move();
  }

  /** The slot has ended: what has not left never will, and nothing is tried again. */
  close(): void {
    this.#isClosed = true;
  }

  #move(): void {
    const isDone = this.#writer.flush();
    if (this.#writer.takeWake()) this.wake();
    if (isDone) return;
    this.#isRetryPlanned = true;
    this.retryLater(() => {
      this.#isRetryPlanned = false;
      if (!this.#isClosed) this.#move();
    });
  }
}

/** The slot's end. */
export class ControlReader {
  readonly #reader: RingReader;

  constructor(ring: SharedArrayBuffer) {
    this.#reader = new RingReader(ring);
  }

  /**
   * Hands over the mail that is there. What `onMessage` throws comes out here; the rest of the mail comes with the next
   * call.
   *
   * @returns How many messages there were.
   */
  poll(onMessage: (value: unknown) => void): number {
    return this.#reader.read((_kind, _channel, _argument, payload) => onMessage(deserializeValue(payload)));
  }
}
