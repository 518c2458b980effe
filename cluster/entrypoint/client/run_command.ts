/**
 * `tsflink run job.ts`: bundles the job, runs its main program here, runs its jobs on a cluster, and follows them.
 *
 * Exit codes: 0 finished (detached: submitted), 1 failed, 2 refused before it ran, 3 configuration, 130 and 143 left by a
 * signal.
 *
 * @module
 */

import { basename } from "node:path";
import { FlinkError, InvalidProgramError } from "../../../runtime/errors.ts";
import { SlotOptions } from "../../../runtime/api/config_options.ts";
import { bindHost, type HostConnectors } from "../../../runtime/api/host_binding.ts";
import type { PipelineExecutor } from "../../../runtime/api/executor.ts";
import { runMain } from "../../../runtime/program/main_module.ts";
import { ProgramRecorder } from "../../../runtime/program/recorder.ts";
import { systemSeams } from "../../../runtime/seams/system/system_seams.ts";
import config from "../../../deno.json" with { type: "json" };
import { bundleJob } from "../../client/bundle.ts";
import { remoteExecutor } from "../../client/remote_executor.ts";
import type { RemoteJobClient } from "../../client/remote_job_client.ts";
import { exitCodeOf } from "../../process/exit_codes.ts";
import { accessCluster, type ClusterAccess, type ClusterAccessOptions } from "./cluster_access.ts";
import { describeError } from "./error_text.ts";
import { Interrupts } from "./interrupts.ts";
import { consoleOptions } from "../console_options.ts";
import { JobConsole } from "../job_console.ts";
import { moduleUrl, temporaryModule } from "../job_module.ts";
import { RemoteProgress } from "./remote_progress.ts";

/** What the command line says. */
export interface RunCommandOptions extends ClusterAccessOptions {
  readonly job: string;
  readonly args: readonly string[];
  readonly parallelism?: number;
  /** Does not wait for the end of jobs. */
  readonly detached: boolean;
  /** Start from the state of a savepoint. */
  readonly fromSavepoint?: string;
  /** A signal cancels the job. */
  readonly shutdownOnAttachedExit: boolean;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly verbose: boolean;
  readonly connectors: HostConnectors;
}

/** What is known of ends: failures are those that nobody in the program has dealt with. */
interface Ends {
  readonly failures: unknown[];
  /** Resolve when the last numbers of a job are on the screen. */
  readonly shown: Promise<void>[];
}

/** Runs the job; gives the exit code. */
export async function runCommand(options: RunCommandOptions): Promise<number> {
  refuseSavepoint(options.fromSavepoint);
  const console = new JobConsole(consoleOptions(options));
  const access = await accessCluster(options, (line) => console.log("warn", line));
  const entry = new URL(moduleUrl(options.job));
  // Refused before anything of the program runs, also when there is nobody to take the job.
  await access.cluster.overview();
  const { code, warnings } = await bundleJob({ entry, name: jobNameOf(entry) });
  for (const warning of warnings) console.log("warn", warning);
  return await runBundle({ code, name: jobNameOf(entry) }, access, console, options);
}

async function runBundle(
  bundle: { readonly code: Uint8Array<ArrayBuffer>; readonly name: string },
  { cluster, configuration }: ClusterAccess,
  console: JobConsole,
  options: RunCommandOptions,
): Promise<number> {
  const url = temporaryModule(`${bundle.name}.mjs`, bundle.code);
  const values = {
    ...configuration.jobValues(),
    ...(options.parallelism !== undefined && { "parallelism.default": options.parallelism }),
    "execution.target": "remote",
    "execution.attached": !options.detached,
  };
  Object.defineProperty(Deno, "args", { value: options.args, configurable: true, enumerable: true });
  const program = new ProgramRecorder({
    url,
    args: options.args,
    configuration: values,
    log: console,
    limits: { maxBytes: configuration.get(SlotOptions.RECORDING_SIZE) },
  });
  const seams = { ...systemSeams(), log: console };
  const jobs: RemoteJobClient[] = [];
  const ends: Ends = { failures: [], shown: [] };
  const executor = remoteExecutor({
    cluster,
    seams,
    version: config.version,
    bundle: bundle.code,
    program,
    onJob: (job) => {
      jobs.push(job);
      console.print(submittedLine(job, options.json), "stdout");
      // Before what the program prints next.
      console.tick();
      if (options.detached) return;
      const progress = new RemoteProgress(cluster, job, seams.clock);
      console.attach(progress);
      ends.shown.push(progress.getJobExecutionResult().then(() => {}, () => {}));
    },
  });
  const executions = bindProgram(program, executor, values, options);
  const ticker = program.outside(() => setInterval(() => console.tick(), console.intervalMs));
  const interrupts = program.outside(() => new Interrupts({ jobs: () => jobs, console, options }));
  try {
    await Promise.race([
      runMain(url, executions).then(() => options.detached ? undefined : endsOf(jobs, console, options, ends)),
      interrupts.left,
    ]);
    if (interrupts.exitCode === undefined && ends.failures.length > 0) throw ends.failures[0];
    return interrupts.exitCode ?? 0;
  } catch (error) {
    // What the program makes of a job that was cancelled beneath it does not matter any more.
    if (interrupts.exitCode !== undefined) return interrupts.exitCode;
    // What follows is no part of the picture.
    await Promise.all(ends.shown);
    console.finish();
    console.log("error", describeError(error, options.verbose));
    return isRefusal(error, jobs) ? exitCodeOf(error) : 1;
  } finally {
    if (interrupts.hasCancelled) await Promise.all(ends.shown);
    clearInterval(ticker);
    interrupts.close();
    console.finish();
  }
}

/** Binds the host; gives how often the program has executed something. */
function bindProgram(
  program: ProgramRecorder,
  executor: PipelineExecutor,
  values: Readonly<Record<string, unknown>>,
  { connectors, args }: RunCommandOptions,
): () => number {
  let executions = 0;
  bindHost({
    executor: () => {
      executions++;
      return program.executor(() => Promise.resolve(executor));
    },
    connectors,
    args: () => args,
    configuration: () => values,
    program,
  });
  return () => executions;
}

/** Waits for all jobs; notes failures that the program has not heard of. */
async function endsOf(
  jobs: readonly RemoteJobClient[],
  console: JobConsole,
  { json, quiet }: RunCommandOptions,
  ends: Ends,
): Promise<void> {
  await Promise.all(ends.shown);
  for (const job of jobs) {
    try {
      const result = await job.result();
      if (quiet) continue;
      const ended = { jobId: job.getJobID(), netRuntimeMs: result.getNetRuntime() };
      const text = json
        ? JSON.stringify({ ...ended, state: "FINISHED", accumulators: printable(result.getAllAccumulatorResults()) })
        : endedText(ended, result.getAllAccumulatorResults());
      console.print(text, "stdout");
    } catch (error) {
      const isCancelled = error instanceof FlinkError && error.code === "TSF-5020";
      const isDealtWith = job.wasHeard || (isCancelled && job.wasCancelled);
      if (!isDealtWith) ends.failures.push(error);
    }
  }
}

/** As Flink's client prints it; scripts read it. */
function endedText(
  { jobId, netRuntimeMs }: { readonly jobId: string; readonly netRuntimeMs: number },
  accumulators: Readonly<Record<string, unknown>>,
): string {
  const lines = [
    "Program execution finished",
    `Job with JobID ${jobId} has finished.`,
    `Job Runtime: ${netRuntimeMs} ms`,
  ];
  const entries = Object.entries(accumulators);
  if (entries.length > 0) {
    lines.push(
      "Accumulator Results:",
      ...entries.map(([name, value]) => `- ${name}: ${JSON.stringify(printableValue(value))}`),
    );
  }
  return lines.join("\n");
}

function submittedLine(job: RemoteJobClient, isJson: boolean): string {
  const jobId = job.getJobID();
  return isJson ? JSON.stringify({ jobId, jobName: job.jobName }) : `Job has been submitted with JobID ${jobId}`;
}

function printable(values: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, printableValue(value)]));
}

function printableValue(value: unknown): unknown {
  if (typeof value === "bigint") return String(value);
  if (value instanceof Map) return [...value];
  return value instanceof Set ? [...value] : value;
}

/** Nothing has run because of it. */
function isRefusal(error: unknown, jobs: readonly RemoteJobClient[]): boolean {
  return error instanceof InvalidProgramError && jobs.length === 0;
}

/** The name of a job in stack traces. */
function jobNameOf(entry: URL): string {
  return decodeURIComponent(basename(entry.pathname)).replace(/\.\w+$/, "") || "job";
}

/** @throws FlinkError TSF-4144: state is not kept yet. */
function refuseSavepoint(path: string | undefined): void {
  if (path === undefined) return;
  throw new InvalidProgramError("TSF-4144", "Starting from a savepoint: not available yet", {
    expected: "tsflink run without -s",
    found: `-s ${path}`,
    hint: "Savepoints come with a later version of tsflink.",
  });
}
