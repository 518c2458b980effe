/**
 * What is told about a job that has no JobMaster: one whose start has failed, or that an earlier JobManager was running.
 *
 * @module
 */

import type { FlinkError } from "../../runtime/errors.ts";
import { topologyOf } from "../../runtime/graph/job_plan.ts";
import { jobPlan } from "../../runtime/graph/plan_json.ts";
import { toTransferable } from "../../runtime/seams/error_transfer.ts";
import type { JobDetails, VertexInfo } from "../rpc/cluster_info.ts";
import type { EndedJob } from "./job_result_store.ts";
import type { JobSubmission } from "./job_submission.ts";

/** The job as FAILED at `now`, with none of its subtasks ever having run as far as is known. */
export function failedUnstarted(job: JobSubmission, error: FlinkError, now: number): EndedJob {
  const { jobId, jobName, submittedAt } = job;
  const transferred = toTransferable(error);
  const result = {
    jobId,
    jobName,
    state: "FAILED" as const,
    startTime: submittedAt,
    endTime: now,
    netRuntimeMs: 0,
    accumulators: {},
    error: transferred,
  };
  const vertices = verticesOf(job, now);
  const details: JobDetails = {
    jobId,
    jobName,
    type: topologyOf(job.plan).type,
    state: "FAILED",
    startTime: submittedAt,
    endTime: now,
    lastModified: now,
    tasks: { CANCELED: vertices.reduce((sum, { parallelism }) => sum + parallelism, 0) },
    maxParallelism: job.plan.settings.maxParallelism,
    timestamps: { INITIALIZING: submittedAt, FAILED: now },
    vertices,
    plan: jobPlan(topologyOf(job.plan), jobId),
    exceptions: [{ timestamp: now, error: transferred }],
    exceptionsTruncated: false,
    configuration: textsOf(job.descriptor.configuration),
    parallelism: Math.max(...vertices.map(({ parallelism }) => parallelism)),
    objectReuse: false,
    restartStrategy: "not started",
    numRestarts: 0,
  };
  return { result, details };
}

function verticesOf(job: JobSubmission, now: number): VertexInfo[] {
  return topologyOf(job.plan).verticesTopologically.map((vertex) => ({
    id: vertex.id,
    name: vertex.name,
    parallelism: vertex.parallelism,
    maxParallelism: vertex.maxParallelism,
    slotSharingGroup: vertex.slotSharingGroup.name,
    operators: vertex.chain.map(({ name }) => name),
    subtasks: Array.from({ length: vertex.parallelism }, (_, subtaskIndex) => ({
      subtaskIndex,
      attemptNumber: 0,
      state: "CANCELED" as const,
      timestamps: { CREATED: job.submittedAt, CANCELED: now },
    })),
  }));
}

function textsOf(values: object): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, String(value)]));
}
