/**
 * Routes of the vertices of a job and their subtasks.
 *
 * @module
 */

import type { Context, Hono } from "hono";
import type { JobDetails, SubtaskInfo, VertexInfo } from "../../rpc/cluster_info.ts";
import { jobOf, query, queryList, subtaskOf, vertexOf, wholeNumber } from "../request_reading.ts";
import { RestError } from "../rest_error.ts";
import { endpointOf } from "../shapes/task_numbers.ts";
import {
  aggregatedMetrics,
  backPressure,
  metricList,
  subtaskDetails,
  subtaskMetrics,
  subtaskTimes,
  vertexDetails,
  vertexMetrics,
  vertexTaskManagers,
  watermarks,
} from "../shapes/vertex_shapes.ts";
import type { RouteContext } from "./context.ts";

/** Adds them. */
export function addVertexRoutes(app: Hono, { dispatcher, clock, rates }: RouteContext): void {
  /** A route below a vertex. */
  const vertex = (path: string, answer: (vertex: VertexInfo, c: Context, job: JobDetails) => unknown) =>
    app.get(`/jobs/:jobid/vertices/:vertexid${path}`, (c) => {
      const job = jobOf(c, dispatcher);
      return c.json(answer(vertexOf(c, job), c, job) as object);
    });
  const subtask = (path: string, answer: (subtask: SubtaskInfo, c: Context) => unknown) =>
    vertex(`/subtasks/:subtaskindex${path}`, (found, c) => answer(subtaskOf(c, found), c));

  vertex("", (found) => vertexDetails(found, clock.now()));
  vertex("/subtasktimes", (found) => subtaskTimes(found, clock.now()));
  vertex("/taskmanagers", (found) => vertexTaskManagers(found, clock.now()));
  vertex("/backpressure", (found) => backPressure(found, rates, clock.now()));
  vertex("/watermarks", watermarks);
  vertex("/metrics", (found, c) => metricList(vertexMetrics(found, rates, clock.now()), queryList(c, "get")));
  vertex("/jm-operator-metrics", (_, c) => metricList({}, queryList(c, "get")));
  vertex("/accumulators", ({ id }) => ({ id, "user-accumulators": [] }));
  vertex("/flamegraph", () => ({ "end-timestamp": clock.now(), data: null }));
  vertex("/subtasks/accumulators", ({ id, parallelism, subtasks }) => ({
    id,
    parallelism,
    subtasks: subtasks.map((each) => ({
      subtask: each.subtaskIndex,
      attempt: each.attemptNumber,
      endpoint: endpointOf(each),
      "user-accumulators": [],
    })),
  }));
  vertex("/subtasks/metrics", ({ subtasks }, c) => {
    const pattern = /^[\d,\s-]*$/;
    const indexes = subtaskRange(query(c, "subtasks", pattern, "indexes and ranges, as 0,2-4"));
    const now = clock.now();
    const each = subtasks.filter(({ subtaskIndex }) => indexes === undefined || indexes.has(subtaskIndex))
      .map((one) => subtaskMetrics(one, rates, now));
    return aggregatedMetrics(each, queryList(c, "get"), queryList(c, "agg"));
  });
  subtask("", (found) => subtaskDetails(found, clock.now()));
  subtask("/metrics", (found, c) => metricList(subtaskMetrics(found, rates, clock.now()), queryList(c, "get")));
  subtask("/attempts/:attempt", (found, c) => subtaskDetails(attemptOf(found, c), clock.now()));
  subtask("/attempts/:attempt/accumulators", (found, c) => {
    const { subtaskIndex, attemptNumber } = attemptOf(found, c);
    return {
      id: c.req.param("vertexid"),
      subtask: subtaskIndex,
      attempt: attemptNumber,
      "user-accumulators": [],
    };
  });
}

/** Earlier attempts are not kept. @throws RestError 404 TSF-4143. */
function attemptOf(subtask: SubtaskInfo, c: Context): SubtaskInfo {
  const attempt = wholeNumber(c, "attempt");
  if (attempt === subtask.attemptNumber) return subtask;
  throw new RestError(404, "TSF-4143", `Attempt ${attempt} not found in subtask ${subtask.subtaskIndex}`, {
    expected: `attempt ${subtask.attemptNumber}, the current one`,
    found: String(attempt),
  });
}

/** Ranges wider than that hold all subtasks there can be. */
const MAX_SUBTASKS = 32768;

function subtaskRange(text: string | undefined): Set<number> | undefined {
  if (text === undefined || text.trim() === "") return undefined;
  const indexes = new Set<number>();
  for (const part of text.split(",")) {
    const [from, to = from] = part.split("-").map(Number);
    for (let i = from; i <= Math.min(to, MAX_SUBTASKS); i++) indexes.add(i);
  }
  return indexes;
}
