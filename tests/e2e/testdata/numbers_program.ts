/**
 * A module that exports main(), for ../mini_cluster_test.ts: squares, or what its arguments say.
 *
 * @module
 */

import { type DataStream, StreamExecutionEnvironment, WatermarkStrategy } from "tsflink";
import { Gate, scriptedSource } from "tsflink/testing";

export interface Told {
  readonly rows: readonly unknown[];
  readonly args: readonly string[];
  /** What main() has drawn, and what each record has seen of it: a closure of the slot's own main(). */
  readonly drawn: number;
}

export async function main(): Promise<unknown> {
  const env = StreamExecutionEnvironment.getExecutionEnvironment();
  const [what] = env.args.positional;
  if (what === "fail in main") throw new RangeError("main fails");
  if (what === "nothing") return;
  if (what === "gate") return await sums(env, env.args.get("at", "closed") === "open");
  if (what === "two jobs") return await twoJobs(env);
  if (what === "leaves its job alone") {
    gated(env, false).print();
    return (await env.executeAsync()).getJobID();
  }
  // Only the test's isolate knows the module by another URL.
  if (what === "differs" && import.meta.url.includes("#")) return await env.fromSequence(1, 4).executeAndCollect();

  const drawn = Math.random();
  const at = Date.now();
  console.log("main begins");
  const rows = await env.fromSequence(1, 4).map((n) => {
    if (what === "fail in a function" && n === 3) throw new RangeError("three");
    console.log(`sees ${n}`);
    return [n * n, drawn, at];
  }).executeAndCollect();
  return { rows, args: Deno.args, drawn, at };
}

/** Running sums: of 1 and 2 before the gate, of 4 behind it. */
function gated(env: StreamExecutionEnvironment, isOpen: boolean): DataStream<number> {
  const gate = new Gate();
  if (isOpen) gate.open();
  const script = scriptedSource<number>([{ value: 1 }, { value: 2 }, { until: gate }, { value: 4 }]);
  return env.fromSource(script, WatermarkStrategy.noWatermarks(), "numbers").uid("numbers").setParallelism(1)
    .keyBy(() => "all").reduce((a, b) => a + b).uid("sum");
}

async function sums(env: StreamExecutionEnvironment, isOpen: boolean): Promise<unknown[]> {
  const result = gated(env, isOpen).executeAndCollect();
  const rows: unknown[] = [];
  try {
    for await (const row of result) rows.push(row);
  } catch (error) {
    rows.push((error as { code?: string }).code);
  }
  return rows;
}

/** The second depends on the results of the first. */
async function twoJobs(env: StreamExecutionEnvironment): Promise<unknown> {
  const first = await env.fromSequence(1, 10).map((n) => n * 2).executeAndCollect();
  const limit = Math.max(...first);
  const second = await env.fromSequence(1, 30).filter((n) => n >= limit).executeAndCollect();
  return [first.length, limit, second.toSorted((a, b) => a - b)];
}
