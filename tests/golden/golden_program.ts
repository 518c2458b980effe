/**
 * The golden jobs as a program: main() builds the job that its arguments name and gives its results. It runs in slots of
 * every kind, see golden_slots_test.ts.
 *
 * @module
 */

import { FlinkError, StreamExecutionEnvironment } from "tsflink";
import { Gate } from "tsflink/testing";
import { GOLDEN_JOBS } from "./jobs.ts";

/** Arguments: the name of a job, and "gate" for scripts that go no further than half way. */
export async function main(): Promise<unknown[]> {
  const env = StreamExecutionEnvironment.getExecutionEnvironment();
  const [name, end] = env.args.positional;
  const gate = new Gate();
  if (end !== "gate") gate.open();
  const rows: unknown[] = [];
  try {
    // The collecting sink is chained to what is before it at parallelism 1 only, and ids depend on that but for uids.
    const results = GOLDEN_JOBS[name]({ env, gate }).map((row) => row).uid("rows");
    for await (const row of results.executeAndCollect()) rows.push(row);
  } catch (error) {
    // Cancelled by the test; what came until then counts.
    if (end !== "gate" || !(error instanceof FlinkError) || error.code !== "TSF-5020") throw error;
  }
  return rows;
}
