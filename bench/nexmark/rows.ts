/**
 * The input of all Nexmark cases: events of the connector's generator, made once per process before anything is
 * measured. Each kind has one shape, so that loops and jobs read the same monomorphic records.
 *
 * @module
 */

import { NexmarkGenerator } from "../../runtime/connectors/nexmark/generator.ts";
import type { NexmarkEvent } from "../../runtime/connectors/nexmark/model.ts";

/** The events in the order of their timestamps, and the timestamps beside them. */
export interface NexmarkRows {
  readonly events: readonly NexmarkEvent[];
  readonly timestamps: Float64Array;
}

/** Flink's table source begins to count at 1, and so do the golden counts of facts/performance.md 5.7. */
const FIRST = { firstEventId: 1, firstEventNumber: 1 };

/** Makes `count` events; at 10 000 events per second of event time unless told otherwise. */
export function materialise(count: number, eventsPerSecond: number = 10_000): NexmarkRows {
  const generator = new NexmarkGenerator({ ...FIRST, eventsPerSecond });
  const maker = new RowMaker();
  const events: NexmarkEvent[] = [];
  const timestamps = new Float64Array(count);
  for (let n = 0; n < count; n++) {
    const event = maker.row(generator.event(n));
    events.push(event);
    timestamps[n] = event.dateTime;
  }
  return { events, timestamps };
}

/** Rows that fit this machine beside the state of the largest case: about 700 bytes per event are held. */
export function defaultRowCount(): number {
  const gib = Deno.systemMemoryInfo().total / 2 ** 30;
  return gib >= 12 ? 2_000_000 : gib >= 6 ? 1_000_000 : gib >= 3 ? 500_000 : 200_000;
}

/**
 * One literal per kind: the generator's own bids are built with a spread. Texts that it puts together from parts are
 * written out, as those of a row that was read from somewhere are; `extra` is one piece as it is.
 */
class RowMaker {
  /** Bids of a channel share its texts. */
  readonly #urls = new Map<string, string>();

  row(event: NexmarkEvent): NexmarkEvent {
    if (event.kind === "bid") {
      const { auction, bidder, price, channel, url, dateTime, extra } = event;
      return { kind: "bid", auction, bidder, price, channel, url: this.#flatUrl(url), dateTime, extra };
    }
    if (event.kind === "auction") return event;
    const { id, name, emailAddress, creditCard, city, state, dateTime, extra } = event;
    return {
      kind: "person",
      id,
      name: flat(name),
      emailAddress: flat(emailAddress),
      creditCard: flat(creditCard),
      city,
      state,
      dateTime,
      extra,
    };
  }

  #flatUrl(url: string): string {
    let known = this.#urls.get(url);
    if (known === undefined) this.#urls.set(url, known = flat(url));
    return known;
  }
}

/** The same text in one piece; a text put together is a tree of its parts until somebody reads it. */
function flat(text: string): string {
  return [text.slice(0, 1), text.slice(1)].join("");
}
