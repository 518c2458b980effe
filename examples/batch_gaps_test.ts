import assert from "node:assert/strict";
import { StreamExecutionEnvironment } from "tsflink";
import { actualTime, readFlights } from "./airline_delays.ts";
import { type Gap, gaps, longest } from "./batch_gaps.ts";

/** The same with a sorted array per airport. */
function expectedOf(flights: Awaited<ReturnType<typeof readFlights>>): Map<string, Gap> {
  const byAirport = Map.groupBy(flights, (flight) => flight.origin);
  return new Map([...byAirport].flatMap(([airport, own]) => {
    const times = own.map(actualTime).sort((a, b) => a - b);
    const found = times.slice(1).map((time, i) => ({ airport, from: times[i], minutes: (time - times[i]) / 60_000 }));
    const best = found.reduce<Gap | undefined>((a, b) => a === undefined || b.minutes > a.minutes ? b : a, undefined);
    return best === undefined ? [] : [[airport, best] as const];
  }));
}

Deno.test("batch gaps: every airport's longest time without a flight, sorted in memory and on disk", async () => {
  const flights = await readFlights();
  const expected = expectedOf(flights);
  const best = [...expected.values()].sort((a, b) => b.minutes - a.minutes || (a.airport < b.airport ? -1 : 1));
  for (const [parallelism, memory] of [[1, "128 mb"], [2, "64 kb"]] as const) {
    const env = StreamExecutionEnvironment.createLocalEnvironment(parallelism);
    env.configure({ "execution.runtime-mode": "BATCH", "execution.sorted-inputs.memory": memory });
    const found = gaps(env.fromData(flights));
    const all = found.collectAsync().toArray();
    const top = longest(found.rebalance(), 5).collectAsync().toArray();
    await env.execute("gaps");
    assert.deepEqual(new Map((await all).map((gap) => [gap.airport, gap])), expected);
    assert.deepEqual(await top, best.slice(0, 5));
  }
});
