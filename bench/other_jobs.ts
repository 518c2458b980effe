/**
 * Ten jobs with closures and records of their own, run before a case to see what a long-lived isolate costs: shared
 * engine code has then seen many functions and shapes.
 *
 * @module
 */

import "./host.ts";
import { DiscardingSink, StreamExecutionEnvironment } from "tsflink";

/** Records of a shape of their own per job: field names carry its number. */
async function runJob(number: number, rows: number): Promise<void> {
  const env = StreamExecutionEnvironment.getExecutionEnvironment();
  // Closures of one source text would share what the compiler has learned of them.
  const make = new Function(
    "n",
    `return { k${number}: n % 97, v${number}: n * ${number + 1}, t${number}: "x" + n }`,
  ) as (
    n: number,
  ) => Record<string, number>;
  const keep = new Function("r", `return r.v${number} % 3 !== 0`) as (record: Record<string, number>) => boolean;
  const key = new Function("r", `return r.k${number}`) as (record: Record<string, number>) => number;
  env.fromSequence(1, rows).map(make).filter(keep).flatMap((record) => [record])
    .keyBy(key).reduce((_left, right) => right).map((record) => ({ [`w${number}`]: record })).sinkTo(
      new DiscardingSink(),
    );
  await env.execute(`other job ${number}`);
}

/** Runs them one after the other. */
export async function runOtherJobs(jobs: number = 10, rows: number = 50_000): Promise<void> {
  for (let number = 0; number < jobs; number++) await runJob(number, rows);
}
