/**
 * Fills the state of one keyed count with so many keys, in a process of its own, and prints as one JSON line what memory
 * it holds then, and the longest times in which no record was processed: collections, growth of tables, batches.
 *
 * Who calls: scale.ts. Usage: deno run -A --v8-flags=--expose-gc bench/state_child.ts --rows 1000000
 *
 * @module
 */

import process from "node:process";
import "./host.ts";
import { type Collector, DiscardingSink, StreamExecutionEnvironment, Types, valueState } from "tsflink";
import { option, parseArgs, switchesOff } from "./options.ts";

/** What the process prints. */
export interface StateReport {
  readonly keys: number;
  /** Resident memory with all keys held and garbage collected, in bytes. */
  readonly heldBytes: number;
  /** The longest three, in ms. */
  readonly pausesMs: readonly number[];
  readonly nsPerKey: number;
}

/** How many records lie between two looks at the clock. */
const LOOK_EVERY = 256;
const PAUSES = 3;

function note(pauses: number[], ms: number): void {
  if (pauses.length === PAUSES && ms <= pauses[PAUSES - 1]) return;
  pauses.push(ms);
  pauses.sort((a, b) => b - a);
  pauses.length = Math.min(pauses.length, PAUSES);
}

async function fill(keys: number, options: Record<string, unknown>): Promise<StateReport> {
  const env = StreamExecutionEnvironment.getExecutionEnvironment(options);
  const pauses: number[] = [];
  let last = 0;
  let lastCpu = process.cpuUsage();
  let heldBytes = 0;
  let end = 0;
  env.fromSequence(1, keys).keyBy((n) => n).process({
    state: { count: valueState({ type: Types.LONG, defaultValue: 0 }) },
    processElement(n, { state }, _out: Collector<number>) {
      state.count.update(state.count.value() + 1);
      if (n % LOOK_EVERY !== 0 && n !== keys) return;
      const now = performance.now();
      const cpu = process.cpuUsage(lastCpu);
      // The first records wait for the compiler. Time in which the process did not run is the machine's, not a pause.
      if (n > 10_000) note(pauses, Math.min(now - last, (cpu.user + cpu.system) / 1000));
      last = now;
      lastCpu = process.cpuUsage();
      if (n !== keys) return;
      end = now;
      (globalThis as { gc?: () => void }).gc?.();
      heldBytes = Deno.memoryUsage().rss;
    },
  }).sinkTo(new DiscardingSink());
  const start = performance.now();
  await env.execute("state");
  return {
    keys,
    heldBytes,
    pausesMs: pauses.map((ms) => Number(ms.toFixed(2))),
    nsPerKey: Number((((end - start) * 1e6) / keys).toFixed(1)),
  };
}

if (import.meta.main) {
  const args = parseArgs(Deno.args);
  console.log(JSON.stringify(await fill(option(args, "rows", 1_000_000), switchesOff(args))));
  Deno.exit(0);
}
