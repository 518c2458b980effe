/**
 * All cases of the bench by name, in the form the tools run them: input made once, then loop and job again and again.
 *
 * @module
 */

import { type CaseClass, type JobOptions, NEXMARK, type NexmarkCase } from "./nexmark/cases.ts";
import { materialise } from "./nexmark/rows.ts";
import type { Sums } from "./nexmark/sums.ts";

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
  prepare(rows: number, options?: JobOptions): PreparedCase;
}

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

/** Every case. */
export const ALL_CASES: readonly BenchCase[] = NEXMARK.map(ofNexmark);

/** The case of that name. */
export function benchCase(name: string): BenchCase {
  const found = ALL_CASES.find((one) => one.name === name);
  if (found === undefined) throw new Error(`no case ${name}; there are ${ALL_CASES.map((one) => one.name).join(" ")}`);
  return found;
}
