/**
 * Which connections could a traveller make? Every real flight that arrives at an airport is joined with the flights that
 * leave it 45 to 90 minutes later. The data has no arrival time; it is estimated from the distance.
 *
 *     deno run -A cli.ts local examples/interval_join.ts --airport DEN
 */

import { type Collector, type DataStream, StreamExecutionEnvironment } from "tsflink";
import { actualTime, type Flight, readFlights } from "./airline_delays.ts";

/** Two flights that can be flown one after the other. */
export interface Connection {
  readonly from: string;
  readonly via: string;
  readonly to: string;
  /** Minutes between them. */
  readonly wait: number;
}

const MINUTE_MS = 60_000;
/** No flight of the data takes longer, nor has a larger delay. */
const MAX_FLIGHT_MS = 20 * 60 * MINUTE_MS;

/** When a flight lands: half an hour for start and landing, 7.5 miles a minute between them. */
export function arrivalTime(flight: Flight): number {
  return actualTime(flight) + Math.round(30 + flight.distance / 7.5) * MINUTE_MS;
}

export function connections(flights: DataStream<Flight>) {
  // One stream, seen twice: by arrival at the destination, and by departure from the origin.
  const arrivals = flights
    .assignTimestampsAndWatermarks({ timestamp: arrivalTime, outOfOrderness: MAX_FLIGHT_MS })
    .keyBy("destination");
  const departures = flights
    .assignTimestampsAndWatermarks({ timestamp: actualTime, outOfOrderness: MAX_FLIGHT_MS })
    .keyBy("origin");

  return arrivals.intervalJoin(departures).between("45 min", "90 min").process({
    processElement(arriving, leaving, ctx, out: Collector<Connection>) {
      // Nobody wants to go back.
      if (leaving.destination === arriving.origin) return;
      const wait = (ctx.getRightTimestamp() - ctx.getLeftTimestamp()) / MINUTE_MS;
      out.collect({ from: arriving.origin, via: arriving.destination, to: leaving.destination, wait });
    },
  });
}

export async function main(): Promise<void> {
  const env = StreamExecutionEnvironment.getExecutionEnvironment();
  const { airport } = env.args.parse({ airport: "DEN" });
  const flights = await env.once("flights", readFlights);

  connections(env.fromData(flights))
    .filter(({ via }) => via === airport)
    .map(({ from, via, to, wait }) => `${from} -> ${via} -> ${to}, ${wait} min to change`)
    .print();
  await env.execute("connections");
}

if (import.meta.main) await main();
