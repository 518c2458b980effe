/**
 * Why the Dispatcher refuses something.
 *
 * @module
 */

import { FlinkError, RetryableError } from "../../runtime/errors.ts";

/** The JobManager is on its way out. */
export function stopping(): FlinkError {
  return new RetryableError("TSF-5241", "The JobManager is stopping and accepts no jobs", {
    hint: "Submit the job again when it has been started again.",
  });
}

export function duplicateJob(jobId: string, state: string): FlinkError {
  return new FlinkError("TSF-5242", `Job ${jobId} has been submitted before`, {
    expected: "a job id that is new to this cluster",
    found: `a job that is ${state}`,
    hint: "A submission that was answered is not to be repeated; ask for the job instead.",
  });
}

export function unknownJob(jobId: string): FlinkError {
  return new FlinkError("TSF-5243", `There is no job ${jobId}`, {
    expected: "the id of a job that runs, or has ended within jobstore.expiration-time",
    found: jobId,
    hint: "`tsflink list -a` shows the jobs of the cluster.",
  });
}

export function tooManyJobs(limit: number): FlinkError {
  return new RetryableError("TSF-5244", "The cluster has as many jobs as it takes", {
    expected: `fewer than ${limit} jobs that have not ended`,
    found: String(limit),
    hint: "Wait for a job to end, cancel one, or raise jobmanager.max-running-jobs.",
  });
}

export function jobTooLarge(bytes: number, limit: number): FlinkError {
  return new FlinkError("TSF-5245", "The job is too large to be stored", {
    expected: `at most ${limit} bytes of plan and recording`,
    found: `${bytes} bytes`,
    hint: "What main() reads (files, random numbers, once() values) is recorded: read less of it there.",
  });
}

export function diskReserve(free: number, reserve: number): FlinkError {
  return new RetryableError("TSF-5246", "The disk of the JobManager is nearly full: no new jobs are accepted", {
    expected: `at least ${reserve} bytes free (io.disk.reserve)`,
    found: `${free} bytes free`,
    hint: "Running jobs go on. Free some space in its work directory, or lower io.disk.reserve.",
  });
}

export function notStored(jobId: string, cause: unknown): FlinkError {
  return new RetryableError("TSF-5247", `Job ${jobId} could not be stored and was not started`, {
    cause,
    hint: "See the disk of the JobManager's work directory; then submit the job again.",
  });
}

/** For a job that an earlier JobManager has left. */
export function lostJob(jobName: string): FlinkError {
  return new FlinkError("TSF-5248", `Job "${jobName}" was lost: the JobManager ended while it was running`, {
    expected: "a JobManager that runs until the job ends",
    found: "a JobManager that was started again",
    hint: "Submit the job again. Recovery of running jobs is not available yet.",
  });
}

export function rowsGone(jobId: string, uid: string): FlinkError {
  return new FlinkError("TSF-5249", `The rows of "${uid}" of job ${jobId} are not kept any more`, {
    expected: "a client that fetches rows while the job runs, or soon after its end",
    found: "none for too long, or a JobManager that was started again",
  });
}

/** The JobManager stops; the job would go on elsewhere. */
export function suspended(jobName: string): FlinkError {
  return new RetryableError("TSF-5241", `The JobManager is stopping: job "${jobName}" is suspended`);
}
