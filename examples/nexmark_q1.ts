/**
 * Nexmark query 1, "currency conversion": every bid of an auction site with its price in euros instead of dollars.
 * Nexmark is the benchmark that stream processors are compared by; its events are made by a generator.
 *
 *     deno run -A cli.ts local examples/nexmark_q1.ts --events 1000000
 */

import {
  type DataStream,
  DiscardingSink,
  isBid,
  type NexmarkEvent,
  NexmarkSource,
  StreamExecutionEnvironment,
} from "tsflink";

/** Thousandths of a euro per dollar. Cents times this is a whole number, so no digit is lost. */
const RATE = 908;

export function q1(events: DataStream<NexmarkEvent>) {
  return events
    .filter(isBid) // a type guard: from here on these are bids
    .map(({ auction, bidder, price, dateTime }) => ({ auction, bidder, price: (price * RATE) / 1000, dateTime }));
}

export async function main(): Promise<void> {
  const env = StreamExecutionEnvironment.getExecutionEnvironment();
  const { events } = env.args.parse({ events: 500_000 });
  const source = new NexmarkSource({ count: events });

  q1(env.fromSource(source, { outOfOrderness: "4 s" }, "Nexmark")).sinkTo(new DiscardingSink());
  const result = await env.execute("nexmark q1");
  console.log(`${events} events in ${result.getNetRuntime()} ms`);
}

if (import.meta.main) await main();
