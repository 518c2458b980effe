import assert from "node:assert/strict";
import { StreamExecutionEnvironment } from "tsflink";
import { readFlights } from "./airline_delays.ts";
import { airportService, type Lookup, readAirports, withCities } from "./async_enrichment.ts";

Deno.test("async enrichment: every flight has its cities, in order of the file", async () => {
  const flights = (await readFlights()).slice(0, 2000);
  const airports = await readAirports();
  const city = new Map(airports.map((airport) => [airport.code, airport.city]));

  // Answers come at different times: the later ones of a batch first.
  const service = airportService(airports, 0);
  let underWay = 0;
  let most = 0;
  const lookup: Lookup = async (code, signal) => {
    most = Math.max(most, ++underWay);
    for (let turns = code.charCodeAt(0) % 7; turns > 0; turns--) await Promise.resolve();
    underWay--;
    return await service(code, signal);
  };

  const env = StreamExecutionEnvironment.createLocalEnvironment();
  const found = await withCities(env.fromData(flights), lookup).executeAndCollect();
  assert.deepEqual(
    found,
    flights.map((flight) => ({
      ...flight,
      from: city.get(flight.origin) ?? flight.origin,
      to: city.get(flight.destination) ?? flight.destination,
    })),
  );
  assert.deepEqual([found[0].from, found[0].to], ["Detroit", "Las Vegas"]);
  assert.ok(most > 2, "more than one flight was asked for at a time");
  assert.ok(most <= 100, "no more than 50 flights, with two requests each, were asked for at a time");
});

Deno.test("async enrichment: an airport that nobody knows keeps its code, a quoted name its columns", async () => {
  const flight = { date: "2001/01/01 00:00", delay: 0, distance: 1, origin: "ORD", destination: "???" };
  const env = StreamExecutionEnvironment.createLocalEnvironment();
  const airports = await readAirports();
  const [found] = await withCities(env.fromData(flight), airportService(airports, 0)).executeAndCollect();
  assert.deepEqual([found.from, found.to], ["Chicago", "???"]);
  assert.equal(airports.length, 3376);
  assert.ok(airports.every(({ code, state }) => code.length >= 3 && state.length <= 2), "no column has moved");
});
