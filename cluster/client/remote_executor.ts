/**
 * Runs the jobs of a program on a cluster: what the program builds is sent with the program's bundle and recording, from
 * which the JobManager and every slot build it again.
 *
 * @module
 */

import { InvalidProgramError } from "../../runtime/errors.ts";
import type { CachedFile, ExecuteOptions, PipelineExecutor } from "../../runtime/api/executor.ts";
import type { JobClient } from "../../runtime/api/job_client.ts";
import { generateJobGraph } from "../../runtime/graph/job_graph_generator.ts";
import { planOf } from "../../runtime/graph/job_plan.ts";
import { planFingerprint } from "../../runtime/graph/plan_hash.ts";
import { StreamGraph } from "../../runtime/graph/stream_graph.ts";
import type { ProgramRecorder } from "../../runtime/program/recorder.ts";
import type { Seams } from "../../runtime/seams/seams.ts";
import type { SubmissionForm } from "../rest/submission.ts";
import type { ClusterClient } from "./cluster_client.ts";
import { RemoteJobClient } from "./remote_job_client.ts";

/** What the executor is made from. */
export interface RemoteExecutorOptions {
  readonly cluster: ClusterClient;
  readonly seams: Pick<Seams, "files" | "random" | "log">;
  /** Version of tsflink. */
  readonly version: string;
  /** The bundle that the program runs from. */
  readonly bundle: Uint8Array<ArrayBuffer>;
  readonly program: ProgramRecorder;
  /** A job was taken. */
  readonly onJob?: (job: RemoteJobClient) => void;
}

/** The executor of a program whose jobs run on a cluster. */
export function remoteExecutor(options: RemoteExecutorOptions): PipelineExecutor {
  const ids = options.seams.random.fork("job-ids");
  return {
    async execute(graph: StreamGraph, execute: ExecuteOptions): Promise<JobClient> {
      const job = await formOf(graph, execute, options, newJobId(ids));
      await options.cluster.submit(job);
      const client = new RemoteJobClient(
        options.cluster,
        { id: job.jobId, name: job.jobName },
        execute.collect ?? new Map(),
      );
      options.onJob?.(client);
      return client;
    },
  };
}

async function formOf(
  graph: StreamGraph,
  { executionOrdinal, collect, cachedFiles }: ExecuteOptions,
  { program, bundle, seams, version }: RemoteExecutorOptions,
  jobId: string,
): Promise<SubmissionForm> {
  requireOwnGraph(graph);
  const jobGraph = generateJobGraph(graph);
  return {
    jobId,
    jobName: jobGraph.name,
    clientVersion: version,
    collect: [...collect?.keys() ?? []],
    program: {
      descriptor: descriptorOf(program, executionOrdinal),
      plan: planOf(jobGraph),
      planFingerprint: planFingerprint(jobGraph),
    },
    bundle,
    assets: await Promise.all(cachedFiles.map((file) => readAsset(file, seams))),
  };
}

/** @throws InvalidProgramError TSF-1238 for a graph that another copy of tsflink has built. */
function requireOwnGraph(graph: StreamGraph): void {
  if (graph instanceof StreamGraph) return;
  throw new InvalidProgramError("TSF-1238", "The job is built with another copy of tsflink", {
    expected: "the tsflink that submits it",
    found: "a copy of its own",
    hint: "Import tsflink from one place only; look at the imports of deno.json.",
  });
}

/** @throws InvalidProgramError TSF-4152 when the cluster could not build the job again. */
function descriptorOf(program: ProgramRecorder, ordinal: number): ReturnType<ProgramRecorder["descriptor"]> {
  const why = program.whyNotRebuildableAt(ordinal);
  if (why === undefined) return program.descriptor(ordinal);
  throw new InvalidProgramError("TSF-4152", "The job cannot be built again on a cluster", {
    expected: "a job that main() executes while it is recorded",
    found: why,
    hint: "Run it with tsflink local, or execute it before.",
  });
}

/** @throws InvalidProgramError TSF-3001 when the file is not there. */
async function readAsset(
  { name, path, executable }: CachedFile,
  { files }: RemoteExecutorOptions["seams"],
): Promise<SubmissionForm["assets"][number]> {
  const info = await files.stat(path);
  if (info === undefined || info.isDirectory) {
    throw new InvalidProgramError("TSF-3001", `The registered file "${name}" does not exist`, {
      expected: "a file that can be read",
      found: info === undefined ? path : `${path}, a directory`,
      hint: "Paths of registerCachedFile() are relative to the current directory.",
    });
  }
  return { name, executable, bytes: new Uint8Array(await files.readAll(path)) };
}

function newJobId(random: Seams["random"]): string {
  return Array.from({ length: 4 }, () => random.u32().toString(16).padStart(8, "0")).join("");
}
