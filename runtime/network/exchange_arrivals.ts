/**
 * Gives frames of another slot to the channels they are for. Slots start at different moments: what arrives before its
 * channel is registered is kept, and handed over at the first poll afterwards, in order.
 *
 * Caller: slot_exchange.ts, once per peer and direction.
 *
 * @module
 */

import { invariant } from "../errors.ts";

/** Takes the frames of one channel. */
export type ArrivalHandler = (kind: number, argument: number, payload: Uint8Array<ArrayBuffer>) => void;

type Arrival = Parameters<ArrivalHandler>;

/** See the module. */
export class ExchangeArrivals {
  readonly #handlers = new Map<number, ArrivalHandler>();
  readonly #early = new Map<number, Arrival[]>();
  /** Channels that are registered, but have not got all of their early frames. */
  readonly #due: number[] = [];

  /** Not handed over at once: whoever registers is not ready before the call has returned. */
  register(channel: number, handler: ArrivalHandler): void {
    invariant(!this.#handlers.has(channel), `Channel ${channel} is registered already`);
    this.#handlers.set(channel, handler);
    if (this.#early.has(channel)) this.#due.push(channel);
  }

  take(channel: number, ...arrival: Arrival): void {
    const early = this.#early.get(channel);
    if (early !== undefined) {
      early.push(arrival);
      return;
    }
    const handler = this.#handlers.get(channel);
    if (handler === undefined) this.#early.set(channel, [arrival]);
    else handler(...arrival);
  }

  /** Hands over what came before its channel. @returns How many frames that were. */
  deliverEarly(): number {
    let count = 0;
    for (; this.#due.length > 0; this.#due.shift()) {
      const channel = this.#due[0];
      const handler = this.#handlers.get(channel)!;
      const early = this.#early.get(channel)!;
      // Out first: the handler may throw.
      for (; early.length > 0; count++) handler(...early.shift()!);
      this.#early.delete(channel);
    }
    return count;
  }
}
