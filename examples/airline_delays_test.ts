import assert from "node:assert/strict";
import { StreamExecutionEnvironment } from "tsflink";
import {
  actualTime,
  airlineDelays,
  type AirportDelays,
  type DayReport,
  type Flight,
  flightsAtRate,
  readFlights,
  reportLine,
  summary,
} from "./airline_delays.ts";

const DAY_MS = 86_400_000;
const SLACK_MS = 7_200_000;

/** The same in plain loops: which flights are late follows from the latest flight before them. */
function expectedOf(flights: readonly Flight[]) {
  const days = new Map<number, Map<string, Flight[]>>();
  const airports = new Map<string, Flight[]>();
  const late: Flight[] = [];
  let latest = -Infinity;
  for (const flight of flights) {
    const time = actualTime(flight);
    const day = Math.floor(time / DAY_MS) * DAY_MS;
    (airports.get(flight.origin) ?? airports.set(flight.origin, []).get(flight.origin)!).push(flight);
    // The day was closed by an earlier flight that took place two hours after its end or later.
    if (latest - SLACK_MS >= day + DAY_MS) late.push(flight);
    else {
      const ofDay = days.get(day) ?? days.set(day, new Map()).get(day)!;
      (ofDay.get(flight.origin) ?? ofDay.set(flight.origin, []).get(flight.origin)!).push(flight);
    }
    latest = Math.max(latest, time);
  }
  const ranked = (groups: Map<string, Flight[]>, least: number, n: number): AirportDelays[] =>
    [...groups].filter(([, group]) => group.length >= least).map(([airport, group]) => {
      const delays = group.map((flight) => flight.delay);
      const worst = group[delays.indexOf(Math.max(...delays))];
      return {
        airport,
        flights: group.length,
        meanDelay: delays.reduce((a, b) => a + b) / group.length,
        worst: { delay: worst.delay, destination: worst.destination },
      };
    }).sort((a, b) => b.meanDelay - a.meanDelay || a.airport.localeCompare(b.airport)).slice(0, n);
  const reports: DayReport[] = [...days].sort(([a], [b]) => a - b).map(([day, groups]) => ({
    day,
    flights: [...groups.values()].reduce((sum, group) => sum + group.length, 0),
    worst: ranked(groups, 3, 5),
  }));
  return { reports, ranking: ranked(airports, 50, 10), late };
}

async function run(flights: readonly Flight[], parallelism: number) {
  const env = StreamExecutionEnvironment.createLocalEnvironment(parallelism);
  const streams = airlineDelays(flightsAtRate(env, flights, 0));
  const results = Promise.all([
    streams.reports.collectAsync().toArray(),
    streams.ranking.collectAsync().toArray(),
    streams.late.collectAsync().toArray(),
  ]);
  await env.execute("airline delays");
  const [reports, ranking, late] = await results;
  return { reports, ranking, late };
}

const sorted = (flights: readonly Flight[]) => flights.map((flight) => JSON.stringify(flight)).sort();

Deno.test("airline delays: every report, the ranking and the late flights, at any parallelism", async () => {
  const flights = await readFlights();
  assert.equal(flights.length, 20_000);
  const expected = expectedOf(flights);
  for (const parallelism of [1, 3]) {
    const found = await run(flights, parallelism);
    assert.deepEqual(found.reports, expected.reports);
    assert.deepEqual(found.ranking, expected.ranking);
    assert.deepEqual(sorted(found.late), sorted(expected.late));
  }

  // Pinned, so that the plain loops cannot drift together with the job.
  assert.equal(expected.late.length, 47);
  assert.equal(expected.reports.reduce((sum, report) => sum + report.flights, 0), 20_000 - 47);
  assert.equal(
    reportLine(expected.reports.find(({ day }) => day === Date.UTC(2001, 2, 21))!),
    "Wed 21 Mar  197 flights   CLT +112  DEN  +32  DTW  +23  BOS  +23  DFW  +23",
  );
  const lines = summary(expected.ranking, expected.late).split("\n");
  assert.equal(lines[2], "   1. JFK  ████████████████████ +16.2 min   200 flights, worst +278 to ALB");
  assert.equal(lines.length, 13);
});

Deno.test("a flight is known when it took place", () => {
  const flight = { date: "2001/01/01 00:47", delay: 66, distance: 1750, origin: "DTW", destination: "LAS" };
  assert.equal(new Date(actualTime(flight)).toISOString(), "2001-01-01T01:53:00.000Z");
  assert.equal(new Date(actualTime({ ...flight, delay: -48 })).toISOString(), "2000-12-31T23:59:00.000Z");
});
