/**
 * Local execution, put together: the executor that mod.ts binds. Slots are threads where the job can be built again from
 * its program; a job that was built anywhere else runs in the calling isolate.
 *
 * @module
 */

import { InvalidProgramError } from "../../runtime/errors.ts";
import { ExecutionOptions } from "../../runtime/api/config_options.ts";
import type { Configuration } from "../../runtime/api/configuration.ts";
import type { ExecuteOptions, PipelineExecutor } from "../../runtime/api/executor.ts";
import type { JobClient } from "../../runtime/api/job_client.ts";
import { generateJobGraph } from "../../runtime/graph/job_graph_generator.ts";
import { StreamGraph } from "../../runtime/graph/stream_graph.ts";
import type { ProgramRecorder } from "../../runtime/program/recorder.ts";
import type { ProgramDescriptor } from "../../runtime/program/recording.ts";
import type { Random } from "../../runtime/seams/random.ts";
import type { Seams } from "../../runtime/seams/seams.ts";
import { systemSeams } from "../../runtime/seams/system/system_seams.ts";
import { inlineSlots } from "../minicluster/inline_slots.ts";
import { LocalJob, type LocalJobOptions } from "../minicluster/local_job.ts";
import type { SlotProvider } from "../jobmaster/slots.ts";
import { SlotThreads } from "./slot_threads.ts";

/** Hears of jobs as they start; the command line shows them. */
export interface LocalExecutorOptions {
  readonly seams?: Seams;
  /** The program the jobs come from; without one they run in this isolate. */
  readonly program?: ProgramRecorder;
  readonly onJob?: (job: LocalJob) => void;
  readonly job?: Partial<Pick<LocalJobOptions, "restored" | "checkpointing" | "settings" | "onIdle" | "onState">>;
}

/** The executor that runs jobs in this process. */
export function localExecutor(options: LocalExecutorOptions = {}): PipelineExecutor {
  const { program } = options;
  const seams = options.seams ?? systemSeams();
  const ids = seams.random.fork("job-ids");
  const threads = new SlotThreads(seams);

  return {
    async execute(graph: StreamGraph, execute: ExecuteOptions): Promise<JobClient> {
      const { configuration, executionOrdinal } = execute;
      requireOwnGraph(graph);
      const jobGraph = generateJobGraph(graph);
      const descriptor = descriptorFor(configuration, program, executionOrdinal);
      const slots = descriptor === undefined
        ? inlineSlots(seams)
        : threads.forProgram(descriptor, configuration, ids.u32());
      const job = new LocalJob({ jobId: newJobId(ids), jobGraph, execute, seams, slots, ...options.job });
      tell(seams, job, slots, slots.isInline ? program?.whyNotRebuildableAt(executionOrdinal) : undefined);
      options.onJob?.(job);
      await job.start();
      return job;
    },
  };
}

/**
 * Operators of another copy of tsflink meet an engine here that need not be theirs.
 *
 * @throws InvalidProgramError TSF-1238 for a graph of another copy.
 */
function requireOwnGraph(graph: StreamGraph): void {
  if (graph instanceof StreamGraph) return;
  const own = new URL("../../", import.meta.url).href;
  const roots = [...(new Error().stack ?? "").matchAll(/(\w+:\/\/[^\s()]*?\/)runtime\/api\//g)].map(([, root]) => root);
  throw new InvalidProgramError("TSF-1238", "The job is built with another copy of tsflink", {
    expected: `tsflink from ${own}, which runs it`,
    found: roots.find((root) => root !== own) ?? "a copy elsewhere",
    hint:
      "Import tsflink from one place only; look at the imports of deno.json and of the modules that the job imports.",
  });
}

function tell(seams: Seams, { graph: { jobGraph } }: LocalJob, slots: SlotProvider, why: string | undefined): void {
  const widest = Math.max(...jobGraph.vertices.map((vertex) => vertex.parallelism));
  const where = slots.isInline ? "in this isolate" : "in slots of this process";
  const because = why === undefined ? "" : ` (${why})`;
  seams.log.log("info", `job "${jobGraph.name}" runs ${where}, parallelism ${widest}${because}`);
}

/** The executor of a script that was started by itself; a job whose failure nobody hears of fails the script. */
export function scriptExecutor(program: ProgramRecorder | undefined): PipelineExecutor {
  let jobs: LocalJob[] = [];
  addEventListener("unload", () => {
    for (const job of jobs) {
      const failure = job.unheardFailure;
      if (failure === undefined) continue;
      console.error(failure instanceof Error ? `error: ${failure.message}` : failure);
      if (Deno.exitCode === 0) Deno.exitCode = 1;
    }
  });
  return localExecutor({
    program,
    onJob: (job) => {
      jobs = [...jobs.filter(({ graph }) => !graph.isTerminal || graph.state === "FAILED"), job];
    },
  });
}

/**
 * What the slots of the job are to run; undefined when it runs in this isolate.
 *
 * @throws InvalidProgramError TSF-1236 when slots of their own were asked for and the program cannot be run again.
 */
function descriptorFor(
  configuration: Configuration,
  program: ProgramRecorder | undefined,
  ordinal: number,
): ProgramDescriptor | undefined {
  const isolation = configuration.get(ExecutionOptions.ISOLATION);
  if (isolation === "worker") {
    if (program !== undefined) return program.descriptor(ordinal);
    throw new InvalidProgramError("TSF-1236", "The job cannot be built again in slots of its own", {
      expected: "a job that the main module builds, which every slot runs again",
      found: "a job of a test, a console or a bound host",
      hint: `Leave ${ExecutionOptions.ISOLATION.key} at auto.`,
    });
  }
  if (isolation === "auto" && program !== undefined && program.whyNotRebuildableAt(ordinal) === undefined) {
    return program.descriptor(ordinal);
  }
  // From here on functions of the job run beside main(): what they ask for is not the program's.
  program?.stop("a job runs in the isolate of the program");
  return undefined;
}

function newJobId(random: Random): string {
  return Array.from({ length: 4 }, () => random.u32().toString(16).padStart(8, "0")).join("");
}
