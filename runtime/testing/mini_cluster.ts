/**
 * Whole programs in a test, as `deno run -A job.ts` runs them: main() here, its jobs in slots that are threads and run the
 * program again, in real time. For what a {@link testEnvironment} cannot show: functions that share nothing, values that
 * cross threads, a restart in fresh slots.
 *
 * @module
 */

import type { ConfigurationValues } from "../api/configuration.ts";
import type { JobClient } from "../api/job_client.ts";
import { InvalidProgramError } from "../errors.ts";
import { type JobVertexProgress, type ProgramCluster, programTestHost, type TestSnapshot } from "./test_host.ts";
import { CapturedLog } from "./test_seams.ts";

/** What may be chosen about a {@link miniCluster}. */
export interface MiniClusterOptions {
  /** "worker" (default): each slot is a thread; "inline": all subtasks run in the isolate of the test. */
  readonly isolation?: "worker" | "inline";
  /** Kind of threads: those of node:worker_threads (default), or Web Workers. */
  readonly workerHost?: "worker_threads" | "web";
  /** Parallelism of operators that do not set their own. Default 2. */
  readonly parallelism?: number;
  /**
   * Options by key, for all programs. `pipeline.check-mutation` is on unless set here; it is too slow for a million
   * records.
   */
  readonly configuration?: ConfigurationValues;
  /** Threads that are started ahead, while main() runs, for the slots of its job. Default: the parallelism, at most 8. */
  readonly spareSlots?: number;
  /** Seed of the engine's random choices. Default 1. */
  readonly seed?: number;
}

/** What may be chosen about one run of a program. */
export interface RunProgramOptions {
  /** What `env.args` and `Deno.args` give. Default none. */
  readonly args?: readonly string[];
  /** Options by key, over those of the cluster. */
  readonly configuration?: ConfigurationValues;
  /**
   * Start from this snapshot the job that it was taken of: the same execute() call of the program, counted from the
   * first. The parallelism may be another.
   */
  readonly restoreFrom?: TestSnapshot;
  /** See {@link TestEnvironmentOptions.checkpointing}. Default false. */
  readonly checkpointing?: boolean;
}

/** A program that was started. */
export interface ProgramRun {
  /** What the exported main() gives, when it has ended; undefined for a script. Rejects with what the program throws. */
  readonly result: Promise<unknown>;
  /** Its jobs, as they start. */
  readonly jobs: readonly JobClient[];
  /**
   * The job of an execute() call, counted from 0, as soon as it starts; the first by default.
   *
   * @throws InvalidProgramError TSF-1252 when the program ends without that call; what the program throws.
   */
  job(ordinal?: number): Promise<JobClient>;
  /** Lines printed so far by print sinks and by `console` in main() and in functions, in order of arrival. */
  readonly output: readonly string[];
  /** The same with their streams, and what was logged. */
  readonly log: CapturedLog;
  /**
   * Takes a consistent snapshot of a running job; ids rise, by default from 1.
   *
   * @throws JobExecutionError TSF-5030 when a task declines, or the job does not run.
   */
  takeSnapshot(client: JobClient, checkpointId?: number): Promise<TestSnapshot>;
  /** Tells a job that a snapshot is complete: two-phase sinks commit. */
  completeSnapshot(client: JobClient, checkpointId: number): Promise<void>;
  /** Ends the sources of a job; with drain (default) as if their input had ended. Resolves when the job has ended. */
  stop(client: JobClient, options?: { readonly drain?: boolean }): Promise<void>;
  /** How the vertices of a job do, producers first. Threads tell it every 20 ms and when a subtask ends. */
  progress(client: JobClient): Promise<readonly JobVertexProgress[]>;
}

/** Runs programs, one after the other. Close it at the end of the test: threads are started ahead. */
export interface MiniCluster extends AsyncDisposable {
  /**
   * Runs a program in either form, a script or a module that exports main(). Every run evaluates the main module anew,
   * but not what it imports: that is loaded once per process, as always.
   *
   * @param program A path, relative to the current directory, or a URL: `new URL("./job.ts", import.meta.url)`.
   * @returns Once the program was started. Its result rejects with TSF-4011 when there is no such file, TSF-4010 when it
   * never executes a job, TSF-1251 while another program runs, TSF-4001 and TSF-4002 for configuration that is wrong.
   */
  run(program: string | URL, options?: RunProgramOptions): Promise<ProgramRun>;
  /** Cancels what still runs and ends all threads. */
  close(): Promise<void>;
}

/** Most threads that are started ahead unless told otherwise. */
const MAX_SPARE_SLOTS = 8;

/**
 * Makes a cluster of this process for a test.
 *
 * @example
 * ```ts
 * import { miniCluster } from "tsflink/testing";
 *
 * // A file of its own in a real test: new URL("./job.ts", import.meta.url).
 * const program = "data:application/typescript," + encodeURIComponent(`
 *   import { StreamExecutionEnvironment } from "${import.meta.resolve("tsflink")}";
 *
 *   export async function main() {
 *     const env = StreamExecutionEnvironment.getExecutionEnvironment();
 *     const { count } = env.args.parse({ count: 10 });
 *     return await env.fromSequence(1, count).map((n) => n * n).executeAndCollect();
 *   }
 * `);
 *
 * await using cluster = miniCluster({ parallelism: 2 });
 * const { result } = await cluster.run(program, { args: ["--count", "3"] });
 * console.assert((await result as number[]).toSorted().join() === "1,4,9");
 * ```
 */
export function miniCluster(options: MiniClusterOptions = {}): MiniCluster {
  const { isolation = "worker", workerHost = "worker_threads", parallelism = 2, seed = 1 } = options;
  let loading: Promise<ProgramCluster> | undefined;
  const loaded = () =>
    loading ??= programTestHost()({
      configuration: {
        "pipeline.check-mutation": true,
        ...options.configuration,
        "parallelism.default": parallelism,
        "execution.local.isolation": isolation,
        "execution.local.worker-host": workerHost,
      },
      spareSlots: options.spareSlots ?? Math.min(parallelism, MAX_SPARE_SLOTS),
      seed,
    });
  const close = async () => await (await loading)?.close();
  return {
    run: async (program, run = {}) => await startProgram(await loaded(), String(program), run),
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** Resolves once the main module is being loaded. */
function startProgram(cluster: ProgramCluster, program: string, options: RunProgramOptions): ProgramRun {
  const log = new CapturedLog();
  const jobs: JobClient[] = [];
  const waiting = new Map<number, PromiseWithResolvers<JobClient>>();
  const started = (ordinal: number) => {
    const known = waiting.get(ordinal) ?? Promise.withResolvers<JobClient>();
    waiting.set(ordinal, known);
    return known;
  };
  const result = cluster.run({
    program,
    args: options.args ?? [],
    configuration: options.configuration ?? {},
    restoreFrom: options.restoreFrom,
    checkpointing: options.checkpointing ?? false,
    log,
    onJob: (ordinal, client) => {
      jobs[ordinal] = client;
      started(ordinal).resolve(client);
    },
  });
  let isOver = false;
  const end = (error: (ordinal: number) => unknown) => {
    isOver = true;
    for (const [ordinal, { reject }] of waiting) reject(error(ordinal));
  };
  // Whoever asks for the result, or for a job, hears of an error; nobody may ask for either.
  result.then(() => end(neverStarted), (error) => end(() => error));

  return {
    result,
    jobs,
    job: async (ordinal = 0) => {
      if (isOver && jobs[ordinal] === undefined) {
        await result;
        throw neverStarted(ordinal);
      }
      return await started(ordinal).promise;
    },
    get output() {
      return log.printed.map(({ line }) => line);
    },
    log,
    takeSnapshot: (client, checkpointId) => cluster.takeSnapshot(client, checkpointId),
    completeSnapshot: (client, checkpointId) => Promise.resolve(cluster.completeSnapshot(client, checkpointId)),
    stop: (client, { drain = true } = {}) => cluster.stop(client, drain),
    progress: (client) => Promise.resolve(cluster.progress(client)),
  };
}

function neverStarted(ordinal: number): InvalidProgramError {
  return new InvalidProgramError("TSF-1252", "The program has ended without starting the job that is waited for", {
    expected: `${ordinal + 1} calls of execute() or executeAsync()`,
    found: "the end of main()",
  });
}
