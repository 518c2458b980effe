import assert from "node:assert/strict";
import { StreamExecutionEnvironment } from "tsflink";
import { actualTime, readFlights } from "./airline_delays.ts";
import { arrivalTime, type Connection, connections } from "./interval_join.ts";

const text = ({ from, via, to, wait }: Connection) => `${from} ${via} ${to} ${wait}`;

Deno.test("interval join: all connections of a quarter, at any parallelism", async () => {
  const flights = await readFlights();
  const departures = flights.map((flight) => ({ ...flight, time: actualTime(flight) }));
  const leaving = Map.groupBy(departures, (flight) => flight.origin);
  const expected: string[] = [];
  for (const first of flights) {
    const arrival = arrivalTime(first);
    for (const second of leaving.get(first.destination) ?? []) {
      const wait = (second.time - arrival) / 60_000;
      if (wait < 45 || wait > 90 || second.destination === first.origin) continue;
      expected.push(text({ from: first.origin, via: first.destination, to: second.destination, wait }));
    }
  }
  expected.sort();

  for (const parallelism of [1, 2]) {
    const env = StreamExecutionEnvironment.createLocalEnvironment(parallelism);
    const found = await connections(env.fromData(flights)).executeAndCollect();
    assert.deepEqual(found.map(text).sort(), expected);
  }
  assert.equal(expected.length, 3507);
  assert.ok(expected.some((line) => / 45$/.test(line)) && expected.some((line) => / 90$/.test(line)), "both bounds");
});

Deno.test("the arrival is estimated from the distance", () => {
  const flight = { date: "2001/01/01 00:00", delay: 10, distance: 750, origin: "A", destination: "B" };
  assert.equal(new Date(arrivalTime(flight)).toISOString(), "2001-01-01T02:20:00.000Z");
});
