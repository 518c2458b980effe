/**
 * What both threads of the ring and exchange tests use.
 *
 * @module
 */

/** A doorbell whose ringing is never missed: read the ticket, look for work, wait with the ticket. */
export class TestBell {
  readonly #words: Int32Array<SharedArrayBuffer>;
  constructor(bells: SharedArrayBuffer, readonly index: number) {
    this.#words = new Int32Array(bells);
  }
  ticket(): number {
    return Atomics.load(this.#words, this.index);
  }
  ring(): void {
    Atomics.add(this.#words, this.index, 1);
    Atomics.notify(this.#words, this.index);
  }
  /** Counts a wait that was not ended by the bell: with no wake-up lost there is none. */
  wait(ticket: number, blocking: boolean): void | Promise<void> {
    if (blocking) return this.#ended(Atomics.wait(this.#words, this.index, ticket, WAIT_LIMIT_MS));
    const waiting = Atomics.waitAsync(this.#words, this.index, ticket, WAIT_LIMIT_MS);
    return waiting.async ? waiting.value.then((end) => this.#ended(end)) : this.#ended(waiting.value);
  }
  #ended(end: string): void {
    if (end === "timed-out") Atomics.add(this.#words, 2, 1);
  }
}

const WAIT_LIMIT_MS = 2000;

/** Content of frame `n`: its first byte from the number, the others from that. Sum of all bytes tells it from others. */
export function fillFrame(payload: Uint8Array, n: number): Uint8Array {
  for (let i = 0, value = (n * 2654435761) >>> 0; i < payload.length; i++) {
    value = (Math.imul(value, 1664525) + 1013904223) >>> 0;
    payload[i] = value >>> 24;
  }
  return payload;
}

/** FNV-1a over all bytes. */
export function checksum(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < bytes.length; i++) hash = Math.imul(hash ^ bytes[i], 0x01000193);
  return hash | 0;
}
