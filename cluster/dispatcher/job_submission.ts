/**
 * A job as a client hands it over, checked before anything of it is kept: what comes from outside is data, whatever its
 * type says.
 *
 * @module
 */

import { FlinkError } from "../../runtime/errors.ts";
import type { JobSubmission } from "../rpc/gateways.ts";

export type { JobAsset, JobSubmission } from "../rpc/gateways.ts";

const JOB_ID = /^[0-9a-f]{32}$/;
const BLOB_HASH = /^[0-9a-f]{64}$/;

/** @throws FlinkError TSF-5240 naming the field that is wrong. */
export function checkSubmission(job: JobSubmission): void {
  check(typeof job === "object" && job !== null, "job", "an object", typeof job);
  check(typeof job.jobId === "string" && JOB_ID.test(job.jobId), "jobId", "32 hex digits", shown(job.jobId));
  check(typeof job.jobName === "string", "jobName", "a text", typeof job.jobName);
  const isHash = typeof job.bundleHash === "string" && BLOB_HASH.test(job.bundleHash);
  check(isHash, "bundleHash", "64 hex digits", shown(job.bundleHash));
  const isPlan = typeof job.plan === "object" && job.plan !== null && Array.isArray(job.plan.vertices);
  check(isPlan, "plan", "a plan with vertices", typeof job.plan);
  check(job.plan.vertices.length > 0, "plan", "at least one vertex", "none");
  for (const { name, parallelism } of job.plan.vertices) {
    const isParallelism = Number.isInteger(parallelism) && parallelism > 0;
    check(isParallelism, `parallelism of ${shown(name)}`, "a whole number from 1", shown(parallelism));
  }
  const isFingerprint = Array.isArray(job.planFingerprint) &&
    job.planFingerprint.every((line) => typeof line === "string");
  check(isFingerprint, "planFingerprint", "a list of texts", typeof job.planFingerprint);
  check(
    typeof job.descriptor === "object" && job.descriptor !== null,
    "descriptor",
    "an object",
    typeof job.descriptor,
  );
  check(Array.isArray(job.collect), "collect", "a list of uids", typeof job.collect);
  check(Array.isArray(job.assets), "assets", "a list of files", typeof job.assets);
  for (const { name, hash } of job.assets) {
    check(
      typeof hash === "string" && BLOB_HASH.test(hash),
      `hash of asset ${shown(name)}`,
      "64 hex digits",
      shown(hash),
    );
  }
}

function check(isRight: boolean, field: string, expected: string, found: string): asserts isRight {
  if (isRight) return;
  throw new FlinkError("TSF-5240", `The submitted job is not one: ${field} is wrong`, {
    expected,
    found,
    hint: "Submit with `tsflink run` of the same version as the JobManager.",
  });
}

/** Short, whatever it is. */
function shown(value: unknown): string {
  const text = typeof value === "string" ? JSON.stringify(value) : String(value);
  return text.length <= 80 ? text : `${text.slice(0, 80)}...`;
}
