/**
 * Earthquakes come in swarms: one shakes loose the next. Session windows find them in a week of real earthquakes (USGS,
 * February 2018, npm package `vega-datasets`): quakes of a region belong together as long as no gap between them is too
 * long. How long "too long" is depends on the quake: a strong one has aftershocks for hours.
 *
 *     deno run -A cli.ts local examples/sessions.ts
 */

import {
  type AggregateFunction,
  type Collector,
  type DataStream,
  EventTimeSessionWindows,
  StreamExecutionEnvironment,
} from "tsflink";
import { readDataset } from "./real_data.ts";

export interface Quake {
  /** ms since the epoch. */
  readonly time: number;
  readonly magnitude: number;
  /** What stands behind the last comma: a state or a country. */
  readonly region: string;
}

/** Quakes of a region without a long gap between them. */
export interface Swarm {
  readonly region: string;
  readonly start: number;
  /** When the gap behind the last quake was over. */
  readonly end: number;
  readonly quakes: number;
  readonly strongest: number;
}
type Strength = Pick<Swarm, "quakes" | "strongest">;

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** How long a region has to be quiet after a quake for the swarm to be over. */
export function quietAfter({ magnitude }: Quake): number {
  return magnitude >= 4 ? 6 * HOUR_MS : 40 * MINUTE_MS;
}

/** Sessions merge when a quake closes the gap between them, so the aggregate has to know how to merge, too. */
const strength: AggregateFunction<Quake, Strength, Strength> = {
  createAccumulator: () => ({ quakes: 0, strongest: -Infinity }),
  add: (quake, soFar) => ({ quakes: soFar.quakes + 1, strongest: Math.max(soFar.strongest, quake.magnitude) }),
  merge: (a, b) => ({ quakes: a.quakes + b.quakes, strongest: Math.max(a.strongest, b.strongest) }),
  getResult: (soFar) => soFar,
};

export function swarms(quakes: DataStream<Quake>, minQuakes: number) {
  return quakes
    .assignTimestampsAndWatermarks({ timestamp: (quake) => quake.time })
    .keyBy("region")
    .window(EventTimeSessionWindows.withDynamicGap(quietAfter))
    // The aggregate runs per quake, the window function once per window: it knows the window and its key.
    .aggregate(strength, (region, { start, end }, [total], out: Collector<Swarm>) => {
      out.collect({ region, start, end, ...total });
    })
    .filter((swarm) => swarm.quakes >= minQuakes);
}

/** The quakes of the week in the order in which they happened. */
export async function readQuakes(): Promise<Quake[]> {
  const { features }: { features: { properties: { time: number; mag: number; place: string } }[] } = JSON.parse(
    await readDataset("earthquakes.json"),
  );
  return features
    .map(({ properties: { time, mag, place } }) => ({ time, magnitude: mag, region: place.split(", ").at(-1)! }))
    .sort((a, b) => a.time - b.time);
}

export async function main(): Promise<void> {
  const env = StreamExecutionEnvironment.getExecutionEnvironment();
  const { min } = env.args.parse({ min: 20 });
  const quakes = env.fromData(await env.once("quakes", readQuakes));

  swarms(quakes, min)
    .map(({ region, start, end, quakes, strongest }) => {
      const hours = ((end - start) / HOUR_MS).toFixed(0).padStart(4);
      const from = new Date(start).toISOString().slice(0, 16).replace("T", " ");
      return `${from}  ${region.padEnd(12)} ${String(quakes).padStart(4)} quakes in ${hours} h, up to M${strongest}`;
    })
    .print();
  await env.execute("earthquake swarms");
}

if (import.meta.main) await main();
