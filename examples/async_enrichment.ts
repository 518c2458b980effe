/**
 * A lookup per record without waiting for each: flights get the names of their airports from a service. Up to
 * `capacity` requests are under way at a time, and the results come in the order of the flights.
 *
 *     deno run -A cli.ts local examples/async_enrichment.ts
 */

import { type DataStream, StreamExecutionEnvironment } from "tsflink";
import { type Flight, readFlights } from "./airline_delays.ts";
import { readDataset } from "./real_data.ts";

export interface Airport {
  readonly code: string;
  readonly city: string;
  readonly state: string;
}

/** What the service is to the job: a function that gives a promise. A database client would look the same. */
export type Lookup = (code: string, signal: AbortSignal) => Promise<Airport | undefined>;

export function withCities(flights: DataStream<Flight>, lookup: Lookup) {
  return flights
    .asyncMap(
      async (flight, signal) => {
        // Two requests at once for one flight; the signal ends them when the job is cancelled.
        const [from, to] = await Promise.all([lookup(flight.origin, signal), lookup(flight.destination, signal)]);
        return { ...flight, from: from?.city ?? flight.origin, to: to?.city ?? flight.destination };
      },
      { capacity: 50, timeout: "5 s" },
    )
    .name("Look up cities");
}

/** A service over the real list of airports that answers after `delayMs`, at once with 0. */
export function airportService(airports: readonly Airport[], delayMs: number): Lookup {
  const byCode = new Map(airports.map((airport) => [airport.code, airport]));
  return async (code) => {
    if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs));
    return byCode.get(code);
  };
}

/** The airports of the package; its columns are iata, name, city, state, country, latitude, longitude. */
export async function readAirports(): Promise<Airport[]> {
  const lines = (await readDataset("airports.csv")).trim().split("\n").slice(1);
  // Names may hold a comma within quotes; the fields that are needed never do.
  return lines.map((line) => line.replace(/"[^"]*"/g, (quoted) => quoted.replaceAll(",", " ").slice(1, -1)).split(","))
    .map(([code, _name, city, state]) => ({ code, city, state }));
}

export async function main(): Promise<void> {
  const env = StreamExecutionEnvironment.getExecutionEnvironment();
  const { delay, flights } = env.args.parse({ delay: 5, flights: 1000 });
  const all = await env.once("flights", readFlights);
  const airports = await env.once("airports", readAirports);

  withCities(env.fromData(all.slice(0, flights)), airportService(airports, delay))
    .filter((flight) => flight.delay >= 120)
    .map(({ date, from, to, delay }) => `${date}  ${from} to ${to}: ${delay} min late`)
    .print();
  // 1000 flights with 5 ms each would take 5 seconds one after the other; see how long it takes.
  const result = await env.execute("flights with cities");
  console.log(`${flights} flights in ${result.getNetRuntime()} ms`);
}

if (import.meta.main) await main();
