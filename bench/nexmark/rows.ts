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
  const events: NexmarkEvent[] = [];
  const timestamps = new Float64Array(count);
  for (let n = 0; n < count; n++) {
    const event = monomorphic(generator.event(n));
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

/** One literal per kind: the generator's own bids are built with a spread. */
function monomorphic(event: NexmarkEvent): NexmarkEvent {
  if (event.kind !== "bid") return event;
  const { auction, bidder, price, channel, url, dateTime, extra } = event;
  return { kind: "bid", auction, bidder, price, channel, url, dateTime, extra };
}
