/**
 * All cases of the bench by name, in the form the tools run them: input made once, then loop and job again and again.
 *
 * @module
 */

import "./host.ts";
import { type DataStream, StreamExecutionEnvironment } from "tsflink";
import { type Case, CASES } from "./micro/cases.ts";
import { DIRECT_CASES, type DirectCase } from "./micro/direct.ts";
import { type CaseClass, consuming, type JobOptions, NEXMARK, type NexmarkCase } from "./nexmark/cases.ts";
import { materialise } from "./nexmark/rows.ts";
import { hashingRows, type RowConsumer, type Sums } from "./nexmark/sums.ts";
import { scaleCase } from "./scale_cases.ts";

/** A case with its input. */
export interface PreparedCase {
  readonly events: number;
  /** Gives what computes the sums of the results; that is not part of the loop. */
  runLoop(): () => Sums;
  runJob(): Promise<() => Sums>;
}

/** A case of any group. */
export interface BenchCase {
  readonly name: string;
  readonly class: CaseClass;
  /** Unless told otherwise; Nexmark takes what fits the machine. */
  readonly defaultRows?: number;
  prepare(rows: number, options?: JobOptions): PreparedCase;
}

const MICRO_ROWS = 1_000_000;

function ofNexmark(one: NexmarkCase): BenchCase {
  return {
    name: one.name,
    class: one.class,
    prepare(count, options) {
      const rows = materialise(count);
      return {
        events: count,
        runLoop: () => one.runLoop(rows),
        async runJob() {
          const job = one.makeJob(rows, options);
          await job.execute();
          return job.sums;
        },
      };
    },
  };
}

/** Numbers as results; halves of them count too. */
function numbers(): RowConsumer<number> {
  return hashingRows((value, into) => into.add(value, value / 4_294_967_296, value * 1024));
}

function ofJob(one: Case): BenchCase {
  return {
    name: one.name,
    class: "micro",
    defaultRows: MICRO_ROWS,
    prepare(rows, options = {}) {
      return {
        events: rows,
        runLoop() {
          const to = numbers();
          one.loop(rows, (value) => to.add(value));
          return () => to.result();
        },
        async runJob() {
          const to = numbers();
          const env = StreamExecutionEnvironment.getExecutionEnvironment({ ...one.configuration, ...options });
          const results: DataStream<number> = one.job(env.fromSequence(1, rows));
          results.sinkTo(consuming(to));
          await env.execute(one.name);
          return () => to.result();
        },
      };
    },
  };
}

function ofDirect(one: DirectCase): BenchCase {
  const summed = (run: (emit: (value: number) => void) => void) => (): () => Sums => {
    const to = numbers();
    run((value) => to.add(value));
    return () => to.result();
  };
  return {
    name: one.name,
    class: "micro",
    defaultRows: MICRO_ROWS,
    prepare(rows) {
      const { loop, engine } = one.prepare(rows);
      const runJob = summed(engine);
      return { events: rows, runLoop: summed(loop), runJob: () => Promise.resolve(runJob()) };
    },
  };
}

/** Every case that has a name of its own. */
export const ALL_CASES: readonly BenchCase[] = [
  ...NEXMARK.map(ofNexmark),
  ...CASES.map(ofJob),
  ...DIRECT_CASES.map(ofDirect),
];

/** The case of that name, also one point of a scale curve (`keys:zipf:1000000`). */
export function benchCase(name: string): BenchCase {
  const scale = scaleCase(name);
  const found = scale === undefined ? ALL_CASES.find((one) => one.name === name) : ofJob(scale);
  if (found === undefined) throw new Error(`no case ${name}; there are ${ALL_CASES.map((one) => one.name).join(" ")}`);
  return found;
}
