/**
 * Which airports kept people waiting? 20,000 real flights inside the United States, January to March 2001, from the npm
 * package `vega-datasets`: the job behind `deno task demo`.
 *
 * The data has no carrier, so the ranking is per airport of departure. A record is known when the flight really took
 * place, at the scheduled time plus its delay, while the file is sorted by the scheduled time: the stream is out of
 * order, as real ones are. Watermarks wait two hours for stragglers; what comes after its day was closed is late and goes
 * to a side output, where it is counted instead of lost.
 *
 *     deno run -A cli.ts local examples/airline_delays.ts --rate 0
 */

import {
  type AggregateFunction,
  Args,
  type Collector,
  DataGeneratorSource,
  type DataStream,
  GlobalWindows,
  OutputTag,
  RateLimiterStrategy,
  StreamExecutionEnvironment,
  TumblingEventTimeWindows,
  WatermarkStrategy,
} from "tsflink";
import { readDataset } from "./real_data.ts";

/** A flight as it stands in the file: scheduled time (local, read as UTC), delay in minutes. */
export interface Flight {
  readonly date: string;
  readonly delay: number;
  /** Miles. */
  readonly distance: number;
  readonly origin: string;
  readonly destination: string;
}

/** What is known about an airport after some flights. */
export interface AirportDelays {
  readonly airport: string;
  readonly flights: number;
  readonly meanDelay: number;
  /** The worst flight of them. */
  readonly worst: { readonly delay: number; readonly destination: string };
}

/** One line of the daily report: the airports that were worst on that day. */
export interface DayReport {
  readonly day: number;
  readonly flights: number;
  readonly worst: readonly AirportDelays[];
}

const MINUTE_MS = 60_000;
/** How long a day stays open for stragglers. */
const SLACK_MS = 120 * MINUTE_MS;
/** A day's airport needs so many flights to be ranked, one bad flight is not a bad airport; a quarter's more. */
const MIN_FLIGHTS_PER_DAY = 3;
const MIN_FLIGHTS = 50;

export const lateFlights = new OutputTag<Flight>("late-flights");

/** When the flight really took place, in ms: its event time. */
export function actualTime({ date, delay }: Flight): number {
  return Date.parse(`${date.replaceAll("/", "-").replace(" ", "T")}Z`) + delay * MINUTE_MS;
}

/**
 * A watermark after each flight that is the latest so far. `forBoundedOutOfOrderness` would do the same five times a
 * second; this one makes the results independent of how fast the job runs.
 */
const watermarks = WatermarkStrategy.forGenerator(() => {
  let latest = -Infinity;
  return {
    onEvent(_flight: Flight, timestamp, output) {
      if (timestamp <= latest) return;
      latest = timestamp;
      output.emitWatermark(latest - SLACK_MS - 1);
    },
    onPeriodicEmit() {},
  };
}).withTimestampAssigner(actualTime);

/** Folds flights into AirportDelays; the same one serves a day and the whole quarter. */
const delays: AggregateFunction<Flight, Omit<AirportDelays, "meanDelay"> & { sum: number }, AirportDelays> = {
  createAccumulator: () => ({ airport: "", flights: 0, sum: 0, worst: { delay: -Infinity, destination: "" } }),
  add: ({ origin, delay, destination }, { flights, sum, worst }) => ({
    airport: origin,
    flights: flights + 1,
    sum: sum + delay,
    worst: delay > worst.delay ? { delay, destination } : worst,
  }),
  getResult: ({ airport, flights, sum, worst }) => ({ airport, flights, meanDelay: sum / flights, worst }),
};

/** The `n` airports with the highest mean delay among those with enough flights. */
function rank(airports: readonly AirportDelays[], minFlights: number, n: number): AirportDelays[] {
  return airports
    .filter((airport) => airport.flights >= minFlights)
    .sort((a, b) => b.meanDelay - a.meanDelay || (a.airport < b.airport ? -1 : 1))
    .slice(0, n);
}

/** The pipeline: a report per day, the ranking of the quarter, and the flights that were too late for their day. */
export function airlineDelays(flights: DataStream<Flight>) {
  const byAirport = flights.keyBy("origin");

  const perDay = byAirport
    .window(TumblingEventTimeWindows.of("1 d"))
    .sideOutputLateData(lateFlights)
    .aggregate(delays)
    .name("Delays per airport and day");

  const reports = perDay
    .windowAll(TumblingEventTimeWindows.of("1 d"))
    .apply((window, airports, out: Collector<DayReport>) => {
      const all = [...airports];
      const flights = all.reduce((sum, airport) => sum + airport.flights, 0);
      out.collect({ day: window.start, flights, worst: rank(all, MIN_FLIGHTS_PER_DAY, 5) });
    })
    .name("Daily ranking");

  // A window without end, evaluated when the input ends: also the late flights count here.
  const ranking = byAirport
    .window(GlobalWindows.createWithEndOfStreamTrigger())
    .aggregate(delays)
    .name("Delays per airport")
    .windowAll(GlobalWindows.createWithEndOfStreamTrigger())
    .apply((_window, airports, out: Collector<AirportDelays>) => {
      for (const airport of rank([...airports], MIN_FLIGHTS, 10)) out.collect(airport);
    })
    .name("Final ranking");

  return { reports, ranking, late: perDay.getSideOutput(lateFlights) };
}

/** The source: the flights in the order of the file, `rate` of them a second, or all at once with rate 0. */
export function flightsAtRate(env: StreamExecutionEnvironment, flights: readonly Flight[], rate: number) {
  const limit = rate > 0 ? RateLimiterStrategy.perSecond(rate) : RateLimiterStrategy.noOp();
  const source = new DataGeneratorSource((index) => flights[index], flights.length, limit);
  return env.fromSource(source, watermarks, "Flights").setParallelism(1);
}

/** The flights, in the order of the file. */
export async function readFlights(): Promise<Flight[]> {
  return JSON.parse(await readDataset("flights-20k.json"));
}

/** `Sat 06 Jan  222 flights   ORD +101  DFW  +33  ...` */
export function reportLine({ day, flights, worst }: DayReport): string {
  const [weekday, date, month] = new Date(day).toUTCString().split(/[ ,]+/);
  const airports = worst.map(({ airport, meanDelay }) => `${airport} ${minutes(meanDelay)}`);
  return `${weekday} ${date} ${month} ${String(flights).padStart(4)} flights   ${airports.join("  ")}`;
}

/** The last words: the ranking of the quarter as a bar chart, and what was late. */
export function summary(ranking: readonly AirportDelays[], late: readonly Flight[]): string {
  const longest = Math.max(...ranking.map(({ meanDelay }) => meanDelay));
  const lines = ranking.map(({ airport, flights, meanDelay, worst }, i) => {
    const bar = "█".repeat(Math.max(1, Math.round((meanDelay / longest) * 20))).padEnd(20);
    return `${String(i + 1).padStart(4)}. ${airport}  ${bar} ${minutes(meanDelay, 1)} min  ` +
      `${String(flights).padStart(4)} flights, worst ${minutes(worst.delay)} to ${worst.destination}`;
  });
  return [
    "",
    `Worst airports of departure, January to March 2001 (mean delay, at least ${MIN_FLIGHTS} flights)`,
    ...lines,
    `${late.length} flights came too late for the report of their day; here they count.`,
  ].join("\n");
}

function minutes(delay: number, digits = 0): string {
  return `${delay < 0 ? "" : "+"}${delay.toFixed(digits)}`.padStart(digits === 0 ? 4 : 5);
}

export async function main(): Promise<void> {
  const env = StreamExecutionEnvironment.getExecutionEnvironment();
  const { rate } = env.args.parse({ rate: Args.of(4500, "flights per second, 0 = as fast as possible") });
  const flights = await env.once("flights", readFlights);

  const { reports, ranking, late } = airlineDelays(flightsAtRate(env, flights, rate));
  reports.map(reportLine).setParallelism(1).print().setParallelism(1);
  const rankingResult = ranking.collectAsync().toArray();
  const lateResult = late.collectAsync().toArray();

  await env.execute("airline delays");
  console.log(summary(await rankingResult, await lateResult));
}

if (import.meta.main) await main();
