/**
 * How long could an airport close for a nap? The longest time between two flights that leave it, for every airport, as a
 * BATCH job: the input is complete, so nobody has to wait for stragglers. The flights of an airport come one after the
 * other in the order in which they left, and what is kept is one flight of one airport at a time.
 *
 *     deno run -A cli.ts local examples/batch_gaps.ts
 *     deno run -A cli.ts local -D execution.sorted-inputs.memory=64kb examples/batch_gaps.ts --top 3
 */

import {
  Args,
  type Collector,
  type DataStream,
  type KeyedProcess,
  StreamExecutionEnvironment,
  valueState,
  WatermarkStrategy,
} from "tsflink";
import { actualTime, type Flight, readFlights } from "./airline_delays.ts";

/** The longest time without a flight. */
export interface Gap {
  readonly airport: string;
  /** When it began, ms since the epoch. */
  readonly from: number;
  readonly minutes: number;
}

const MINUTE_MS = 60_000;
const STATE = { last: valueState<number>(), longest: valueState<{ readonly from: number; readonly ms: number }>() };

const longestGap: KeyedProcess<string, Flight, Gap, typeof STATE> = {
  state: STATE,
  processElement(flight, ctx) {
    const { last, longest } = ctx.state;
    const now = actualTime(flight);
    const before = last.value();
    // Without BATCH mode the one before may still come: records would have to wait in state for a watermark.
    if (before !== undefined && now - before > (longest.value()?.ms ?? -1)) {
      longest.update({ from: before, ms: now - before });
    }
    last.update(now);
    ctx.timerService().registerEventTimeTimer(Number.MAX_SAFE_INTEGER);
  },
  /** The last flight of the airport has been seen. */
  onTimer(_timestamp, ctx, out) {
    const gap = ctx.state.longest.value();
    if (gap !== undefined) out.collect({ airport: ctx.getCurrentKey(), from: gap.from, minutes: gap.ms / MINUTE_MS });
  },
};

/** One gap per airport that has seen two flights. */
export function gaps(flights: DataStream<Flight>) {
  const timed = flights.assignTimestampsAndWatermarks(
    WatermarkStrategy.noWatermarks<Flight>().withTimestampAssigner(actualTime),
  );
  return timed.keyBy("origin").process(longestGap);
}

/** The `n` longest ones, the first one first. */
export function longest(all: DataStream<Gap>, n: number) {
  return all.fullWindowPartition().mapPartition((found, out: Collector<Gap>) => {
    const sorted = [...found].sort((a, b) => b.minutes - a.minutes || (a.airport < b.airport ? -1 : 1));
    for (const gap of sorted.slice(0, n)) out.collect(gap);
  }).setParallelism(1);
}

export async function main(): Promise<void> {
  const env = StreamExecutionEnvironment.getExecutionEnvironment();
  const args = env.args.parse({ top: Args.of(10, "how many airports to show") });
  env.setRuntimeMode("BATCH");

  longest(gaps(env.fromData(await env.once("flights", readFlights))).rebalance(), args.top)
    .map(({ airport, from, minutes }) => {
      const hours = (minutes / 60).toFixed(1).padStart(6);
      return `${airport} ${hours} h from ${new Date(from).toISOString().slice(0, 16)}`;
    }).setParallelism(1)
    .print().setParallelism(1);
  await env.execute("longest gaps");
}

if (import.meta.main) await main();
