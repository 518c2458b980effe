/**
 * Local execution, put together: the executor that mod.ts binds.
 *
 * @module
 */

import type { ExecuteOptions, PipelineExecutor } from "../../runtime/api/executor.ts";
import type { JobClient } from "../../runtime/api/job_client.ts";
import { generateJobGraph } from "../../runtime/graph/job_graph_generator.ts";
import type { StreamGraph } from "../../runtime/graph/stream_graph.ts";
import type { Random } from "../../runtime/seams/random.ts";
import type { Seams } from "../../runtime/seams/seams.ts";
import { systemSeams } from "../../runtime/seams/system/system_seams.ts";
import { LocalJob, type LocalJobOptions } from "../minicluster/local_job.ts";

/** Hears of jobs as they start; the command line shows them. */
export interface LocalExecutorOptions {
  readonly seams?: Seams;
  readonly onJob?: (job: LocalJob) => void;
  readonly job?: Partial<Pick<LocalJobOptions, "restored" | "checkpointing" | "settings" | "onIdle" | "onState">>;
}

/** The executor that runs jobs in this isolate. */
export function localExecutor(options: LocalExecutorOptions = {}): PipelineExecutor {
  const seams = options.seams ?? systemSeams();
  const ids = seams.random.fork("job-ids");
  return {
    execute(graph: StreamGraph, execute: ExecuteOptions): Promise<JobClient> {
      const jobGraph = generateJobGraph(graph);
      const widest = Math.max(...jobGraph.vertices.map((vertex) => vertex.parallelism));
      seams.log.log("info", `job "${jobGraph.name}" runs in this process, parallelism ${widest}`);
      const job = new LocalJob({
        jobId: newJobId(ids),
        jobGraph,
        execute,
        seams,
        ...options.job,
      });
      job.start();
      options.onJob?.(job);
      return Promise.resolve(job);
    },
  };
}

function newJobId(random: Random): string {
  return Array.from({ length: 4 }, () => random.u32().toString(16).padStart(8, "0")).join("");
}
