/**
 * Nexmark query 8, "monitor new users": people who opened an auction within the ten seconds in which they joined.
 *
 *     deno run -A cli.ts local examples/nexmark_q8.ts --events 1000000
 */

import {
  type Collector,
  type DataStream,
  isAuction,
  isPerson,
  type NexmarkEvent,
  NexmarkSource,
  StreamExecutionEnvironment,
  TumblingEventTimeWindows,
} from "tsflink";

const WINDOW_MS = 10_000;

/** Somebody who sells in the window in which they joined. */
export interface NewSeller {
  readonly id: number;
  readonly name: string;
  readonly windowStart: number;
}

export function q8(events: DataStream<NexmarkEvent>) {
  const persons = events.filter(isPerson);
  const auctions = events.filter(isAuction);
  // A join would give a pair for each auction of a seller; a coGroup sees both sides at once and says it once.
  return persons.coGroup(auctions)
    .where("id").equalTo("seller")
    .window(TumblingEventTimeWindows.of(WINDOW_MS))
    .apply((joined, opened, out: Collector<NewSeller>) => {
      const [person] = joined;
      const [auction] = opened;
      if (person === undefined || auction === undefined) return;
      const windowStart = person.dateTime - (person.dateTime % WINDOW_MS);
      out.collect({ id: person.id, name: person.name, windowStart });
    });
}

export async function main(): Promise<void> {
  const env = StreamExecutionEnvironment.getExecutionEnvironment();
  const { events } = env.args.parse({ events: 300_000 });
  const source = new NexmarkSource({ count: events });

  q8(env.fromSource(source, { outOfOrderness: "4 s" }, "Nexmark"))
    .map(({ id, name, windowStart }) => `${new Date(windowStart).toISOString().slice(11, 19)}  ${id} ${name}`)
    .print();
  await env.execute("nexmark q8");
}

if (import.meta.main) await main();
