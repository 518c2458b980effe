/**
 * Reads what a request names: ids, numbers, modes. Each is checked before anything is looked up.
 *
 * @module
 */

import type { Context } from "hono";
import type { JobDetails, SubtaskInfo, VertexInfo } from "../rpc/cluster_info.ts";
import type { DispatcherGateway } from "./gateways.ts";
import { RestError } from "./rest_error.ts";

const HEX_ID = /^[0-9a-f]{32}$/i;

/** @throws RestError 400 TSF-4141 when the path has no 32 hex digits there. */
export function hexId(context: Context, name: "jobid" | "vertexid" | "triggerid"): string {
  const text = context.req.param(name) ?? "";
  if (HEX_ID.test(text)) return text.toLowerCase();
  throw badParameter("path", name, text, "32 hexadecimal digits");
}

/** @throws RestError 400 TSF-4141 when it is no whole number of at least 0. */
export function wholeNumber(context: Context, name: string): number {
  const text = context.req.param(name) ?? "";
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw badParameter("path", name, text, "a whole number");
}

/** A parameter behind the question mark. @throws RestError 400 TSF-4141 when it is not as `pattern` says. */
export function query(context: Context, name: string, pattern: RegExp, expected: string): string | undefined {
  const text = context.req.query(name);
  if (text === undefined || pattern.test(text)) return text;
  throw badParameter("query", name, text, expected);
}

/** The parts of a parameter with commas between. */
export function queryList(context: Context, name: string): readonly string[] | undefined {
  const text = context.req.query(name);
  return text === undefined ? undefined : text.split(",").map((part) => part.trim()).filter((part) => part !== "");
}

function badParameter(kind: "path" | "query", name: string, found: string, expected: string): RestError {
  const summary = `Cannot resolve ${kind} parameter (${name}) from value "${found.slice(0, 100)}"`;
  return new RestError(400, "TSF-4141", summary, { expected, found: JSON.stringify(found.slice(0, 100)) });
}

/** The job of the path. @throws RestError 404 TSF-4142 when it is not known. */
export function jobOf(context: Context, dispatcher: DispatcherGateway): JobDetails {
  const jobId = hexId(context, "jobid");
  const job = dispatcher.job(jobId);
  if (job !== undefined) return job;
  throw unknownJob(jobId);
}

/** @throws RestError 404 TSF-4142. */
export function unknownJob(jobId: string): RestError {
  return new RestError(404, "TSF-4142", `Job ${jobId} not found`, {
    expected: "the id of a running job, or of one that has ended lately",
    found: jobId,
    hint: "tsflink list --all shows the jobs that are known.",
  });
}

/** The vertex of the path. @throws RestError 404 TSF-4143 when the job has none of that id. */
export function vertexOf(context: Context, job: JobDetails): VertexInfo {
  const vertexId = hexId(context, "vertexid");
  const vertex = job.vertices.find(({ id }) => id === vertexId);
  if (vertex !== undefined) return vertex;
  throw new RestError(404, "TSF-4143", `JobVertex ${vertexId} not found`, {
    expected: `one of ${job.vertices.map(({ id }) => id).join(", ")}`,
    found: vertexId,
  });
}

/** The subtask of the path. @throws RestError 404 TSF-4143 when the vertex has none of that index. */
export function subtaskOf(context: Context, vertex: VertexInfo): SubtaskInfo {
  const index = wholeNumber(context, "subtaskindex");
  const subtask = vertex.subtasks[index];
  if (subtask !== undefined) return subtask;
  throw new RestError(404, "TSF-4143", `Subtask ${index} not found`, {
    expected: `a subtask index from 0 to ${vertex.subtasks.length - 1}`,
    found: String(index),
  });
}
