/**
 * `tsflink local job.ts`: runs a job in this process and shows it.
 *
 * Exit codes: 0 finished, 1 failed, 2 refused before it ran, 130 ended by Ctrl-C, 143 by SIGTERM.
 *
 * @module
 */

import { FlinkError, InvalidProgramError } from "../../runtime/errors.ts";
import { SlotOptions } from "../../runtime/api/config_options.ts";
import { Configuration } from "../../runtime/api/configuration.ts";
import { bindHost, type HostConnectors } from "../../runtime/api/host_binding.ts";
import type { PipelineExecutor } from "../../runtime/api/executor.ts";
import type { JobClient } from "../../runtime/api/job_client.ts";
import { systemSeams } from "../../runtime/seams/system/system_seams.ts";
import type { LocalJob } from "../minicluster/local_job.ts";
import { consoleOptions } from "./console_options.ts";
import { JobConsole } from "./job_console.ts";
import { runMain } from "../../runtime/program/main_module.ts";
import { ProgramRecorder } from "../../runtime/program/recorder.ts";
import { importableUrl } from "./job_module.ts";
import { localExecutor } from "./local.ts";

/** What the command line says. */
export interface LocalCommandOptions {
  readonly job: string;
  readonly args: readonly string[];
  /** Values of `-D key=value`. */
  readonly configuration: Readonly<Record<string, string>>;
  readonly parallelism?: number;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly connectors: HostConnectors;
}

const EXIT_FAILED = 1;
const EXIT_REFUSED = 2;
/** How long the program may go on without a job until that is mentioned, in ms; a multiple of the console's interval. */
const WAITING_NOTICE_MS = 5000;
/** Exit codes of a job that a signal has ended: 128 and the signal's number. */
const SIGNAL_EXIT_CODES = [["SIGINT", 130], ["SIGTERM", 143]] as const;

/** Runs the job; gives the exit code. */
export async function localCommand(options: LocalCommandOptions): Promise<number> {
  const url = await importableUrl(options.job);
  const parallelism = options.parallelism ?? navigator.hardwareConcurrency;
  const values = { "parallelism.default": parallelism, ...options.configuration };
  // Refused here, before anything of the program has run.
  const configuration = Configuration.from(values);
  const console = new JobConsole(consoleOptions(options));
  const seams = { ...systemSeams(), log: console };
  const jobs: LocalJob[] = [];
  let executions = 0;
  // The program's own, also when nothing is recorded any more.
  Object.defineProperty(Deno, "args", { value: options.args, configurable: true, enumerable: true });
  const program = new ProgramRecorder({
    url,
    args: options.args,
    configuration: values,
    log: console,
    limits: { maxBytes: configuration.get(SlotOptions.RECORDING_SIZE) },
  });
  const heard = new Set<string>();
  const executor = hearing(
    heard,
    localExecutor({
      seams,
      program,
      onJob: (job) => {
        jobs.push(job);
        console.attach(job);
      },
    }),
  );
  bindHost({
    executor: () => {
      executions++;
      return program.executor(() => Promise.resolve(executor));
    },
    connectors: options.connectors,
    args: () => options.args,
    configuration: () => values,
    program,
  });
  const noteWaiting = waitingNotice(jobs, console);
  const tick = () => {
    console.tick();
    noteWaiting();
  };
  const ticker = program.outside(() => setInterval(tick, console.intervalMs));
  const interrupted = onInterrupt(() => jobs);
  try {
    await runMain(url, () => executions);
    await Promise.all(jobs.map((job) => endOf(job, heard.has(job.getJobID()))));
    return interrupted() ?? 0;
  } catch (error) {
    const exitCode = interrupted();
    if (exitCode !== undefined) return exitCode;
    console.log("error", describe(error));
    return isRefusal(error, jobs) ? EXIT_REFUSED : EXIT_FAILED;
  } finally {
    clearInterval(ticker);
    console.finish();
  }
}

/** Whether nothing has run because of it; a job that was running may end with an error of the same class. */
function isRefusal(error: unknown, jobs: readonly LocalJob[]): boolean {
  const hasRun = ({ graph }: LocalJob) => graph.failure === error && graph.timestamps.RUNNING !== undefined;
  return error instanceof InvalidProgramError && !jobs.some(hasRun);
}

/** Called with every tick; says once that the program goes on though no job runs, lest it looks like a slow job. */
function waitingNotice(jobs: readonly LocalJob[], console: JobConsole): () => void {
  let ticks = 0;
  return () => {
    ticks = jobs.some(({ graph }) => !graph.isTerminal) ? 0 : ticks + 1;
    if (ticks * console.intervalMs !== WAITING_NOTICE_MS) return;
    const what = jobs.length === 0 ? "has not executed a job" : "goes on without a job";
    const seconds = WAITING_NOTICE_MS / 1000;
    console.log("warn", `the program ${what} for ${seconds} s: does it wait for something that never comes?`);
  };
}

/** Notes the jobs whose end the program hears of, by execute() or from the client: it has dealt with their failures. */
function hearing(heard: Set<string>, { execute }: PipelineExecutor): PipelineExecutor {
  return {
    async execute(graph, options): Promise<JobClient> {
      const client = await execute(graph, options);
      // Nobody may read the rows of a job that collects them.
      if (options.collect !== undefined && options.collect.size > 0) return client;
      const jobId = client.getJobID();
      return {
        getJobID: () => jobId,
        getJobStatus: () => client.getJobStatus(),
        cancel: () => client.cancel(),
        getAccumulators: () => client.getAccumulators(),
        getJobExecutionResult: () => {
          heard.add(jobId);
          return client.getJobExecutionResult();
        },
      };
    },
  };
}

/** A job that the program itself has cancelled, as by taking only its first results, has ended as it should. */
async function endOf(job: LocalJob, isHeard: boolean): Promise<void> {
  try {
    await job.getJobExecutionResult();
  } catch (error) {
    const isCancelled = error instanceof FlinkError && error.code === "TSF-5020";
    if (!isCancelled && !isHeard) throw error;
  }
}

/** The first signal cancels the jobs, the second ends the process. Gives the exit code once there was one. */
function onInterrupt(jobs: () => readonly LocalJob[]): () => number | undefined {
  let exitCode: number | undefined;
  const handle = (code: number) => {
    if (exitCode !== undefined || jobs().length === 0) Deno.exit(code);
    exitCode = code;
    for (const job of jobs()) void job.cancel();
  };
  for (const [signal, code] of SIGNAL_EXIT_CODES) Deno.addSignalListener(signal, () => handle(code));
  return () => exitCode;
}

/** An error as a person reads it: ours as they are, others with the stack that names the user's line. */
export function describe(error: unknown): string {
  if (error instanceof FlinkError) return error.message;
  return error instanceof Error ? error.stack ?? error.message : String(error);
}
