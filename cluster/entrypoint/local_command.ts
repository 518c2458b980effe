/**
 * `tsflink local job.ts`: runs a job in this process and shows it.
 *
 * Exit codes: 0 finished, 1 failed, 2 refused before it ran, 130 ended by Ctrl-C, 143 by SIGTERM.
 *
 * @module
 */

import { FlinkError, InvalidProgramError } from "../../runtime/errors.ts";
import { Configuration } from "../../runtime/api/configuration.ts";
import { bindHost, type HostConnectors } from "../../runtime/api/host_binding.ts";
import { systemSeams } from "../../runtime/seams/system/system_seams.ts";
import { writeAll } from "../../runtime/seams/system/write_all.ts";
import type { LocalJob } from "../minicluster/local_job.ts";
import { JobConsole, type JobConsoleOptions } from "./job_console.ts";
import { runMain } from "../../runtime/program/main_module.ts";
import { ProgramRecorder } from "../../runtime/program/recorder.ts";
import { moduleUrl } from "./job_module.ts";
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

/** Exit codes of a job that a signal has ended: 128 and the signal's number. */
const SIGNAL_EXIT_CODES = [["SIGINT", 130], ["SIGTERM", 143]] as const;

/** Runs the job; gives the exit code. */
export async function localCommand(options: LocalCommandOptions): Promise<number> {
  const url = moduleUrl(options.job);
  const parallelism = options.parallelism ?? navigator.hardwareConcurrency;
  const values = { "parallelism.default": parallelism, ...options.configuration };
  // Refused here, before anything of the program has run.
  Configuration.from(values);
  const console = new JobConsole(consoleOptions(options));
  const seams = { ...systemSeams(), log: console };
  const jobs: LocalJob[] = [];
  let executions = 0;
  const program = new ProgramRecorder({ url, args: options.args, configuration: values, log: console });
  const executor = localExecutor({
    seams,
    program,
    onJob: (job) => {
      jobs.push(job);
      console.attach(job);
    },
  });
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
  const ticker = program.outside(() => setInterval(() => console.tick(), console.intervalMs));
  const interrupted = onInterrupt(() => jobs);
  try {
    await runMain(url, () => executions);
    await Promise.all(jobs.map(endOf));
    return interrupted() ?? 0;
  } catch (error) {
    const exitCode = interrupted();
    if (exitCode !== undefined) return exitCode;
    console.log("error", describe(error));
    return error instanceof InvalidProgramError ? 2 : 1;
  } finally {
    clearInterval(ticker);
    console.finish();
  }
}

/** A job that the program itself has cancelled, as by taking only its first results, has ended as it should. */
async function endOf(job: LocalJob): Promise<void> {
  try {
    await job.getJobExecutionResult();
  } catch (error) {
    if (!(error instanceof FlinkError) || error.code !== "TSF-5020") throw error;
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

function consoleOptions({ json, quiet }: LocalCommandOptions): JobConsoleOptions {
  const encoder = new TextEncoder();
  const terminal = Deno.stderr.isTerminal();
  return {
    mode: json ? "json" : quiet ? "quiet" : terminal ? "live" : "lines",
    now: () => performance.now(),
    rows: () => terminal ? Deno.consoleSize().rows : 24,
    columns: () => terminal ? Math.min(140, Deno.consoleSize().columns) : 100,
    colours: terminal && !Deno.noColor,
    write: (text, stream) => {
      try {
        writeAll(stream === "stdout" ? Deno.stdout : Deno.stderr, encoder.encode(text));
      } catch (error) {
        // The reader of the pipe has gone (`| head`): nobody is left to tell.
        if (error instanceof Deno.errors.BrokenPipe) Deno.exit(0);
        throw error;
      }
    },
  };
}
