/**
 * One case in one configuration, in a process of its own: warms up, then runs loop and job in turn (A B, B A, ...), so
 * that a busy machine disturbs both alike. Prints what each run took as one JSON line. The results of every run are
 * compared; when they differ the process fails.
 *
 * Who calls: run_case.ts.
 *
 * @module
 */

import { benchCase, type PreparedCase } from "./cases.ts";
import { type Cost, measure } from "./measure.ts";
import { flag, option, parseArgs } from "./options.ts";
import type { Sums } from "./nexmark/sums.ts";
import { runOtherJobs } from "./other_jobs.ts";

/** What a child process prints. */
export interface ChildReport {
  readonly name: string;
  readonly events: number;
  readonly sums: Sums;
  readonly loop: readonly Cost[];
  readonly job: readonly Cost[];
  /** Resident memory with the input made and nothing running, in bytes. */
  readonly restingBytes: number;
  /** Highest resident memory of a run of the job, in bytes. */
  readonly peakBytes: number;
}

/** Pairs until the compiler has done its work: at least two, and a second, unless one takes very long. */
const WARM_UP = { pairs: 2, ms: 1000, enoughMs: 8000 };

class Pairs {
  readonly loop: Cost[] = [];
  readonly job: Cost[] = [];
  #sums: Sums | undefined;
  readonly #case: PreparedCase;

  constructor(prepared: PreparedCase) {
    this.#case = prepared;
  }

  get sums(): Sums {
    return this.#sums!;
  }
  /** One run of each; those that count are kept. */
  async run(loopFirst: boolean, counts: boolean): Promise<void> {
    let loop = loopFirst ? await this.#runLoop() : undefined;
    const job = await this.#runJob();
    loop ??= await this.#runLoop();
    if (!counts) return;
    this.loop.push(loop);
    this.job.push(job);
  }

  async #runLoop(): Promise<Cost> {
    let sums!: () => Sums;
    const cost = await measure(() => void (sums = this.#case.runLoop()));
    this.#compare("loop", sums());
    return cost;
  }
  async #runJob(): Promise<Cost> {
    let sums!: () => Sums;
    const cost = await measure(async () => void (sums = await this.#case.runJob()));
    this.#compare("job", sums());
    return cost;
  }
  #compare(what: string, sums: Sums): void {
    this.#sums ??= sums;
    const [expected, found] = [JSON.stringify(this.#sums), JSON.stringify(sums)];
    if (expected !== found) throw new Error(`results differ: ${expected} before, ${found} from the ${what}`);
  }
}

if (import.meta.main) {
  const args = parseArgs(Deno.args);
  const options = JSON.parse(args.options.get("options") ?? "{}");
  const pairs = option(args, "pairs", 5);
  if (flag(args, "after-jobs")) await runOtherJobs();
  const prepared = benchCase(args.names[0]).prepare(option(args, "rows", 1_000_000), options);
  (globalThis as { gc?: () => void }).gc?.();
  const restingBytes = Deno.memoryUsage().rss;

  const runs = new Pairs(prepared);
  const warmUpMs = option(args, "warm-up", WARM_UP.ms);
  const start = performance.now();
  for (let pair = 0; pair < WARM_UP.pairs || performance.now() - start < warmUpMs; pair++) {
    await runs.run(pair % 2 === 0, false);
    if (performance.now() - start > WARM_UP.enoughMs) break;
  }
  for (let pair = 0; pair < pairs; pair++) await runs.run(pair % 2 === 0, true);
  const { loop, job, sums } = runs;
  // One more run of the job for its memory, without the garbage of what ran before.
  (globalThis as { gc?: () => void }).gc?.();
  const { peakBytes } = await measure(() => prepared.runJob());
  const report: ChildReport = {
    name: args.names[0],
    events: prepared.events,
    sums,
    loop,
    job,
    restingBytes,
    peakBytes,
  };
  console.log(JSON.stringify(report));
  Deno.exit(0);
}
