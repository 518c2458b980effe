/**
 * Routes of jobs.
 *
 * @module
 */

import type { Hono } from "hono";
import type { Clock } from "../../../runtime/seams/clock.ts";
import { serializeValue } from "../../../runtime/types/generic_serializer.ts";
import type { JobResult } from "../../rpc/cluster_info.ts";
import { hexId, jobOf, query, queryList, unknownJob } from "../request_reading.ts";
import { RestError } from "../rest_error.ts";
import {
  accumulators,
  executionResult,
  hasEnded,
  jobConfig,
  jobDetails,
  jobExceptions,
  jobOverview,
} from "../shapes/job_shapes.ts";
import { aggregatedMetrics, jobMetrics, metricList } from "../shapes/vertex_shapes.ts";
import type { RouteContext } from "./context.ts";

/** Exceptions shown when the request does not say how many. */
const DEFAULT_EXCEPTIONS = 20;

const IN_PROGRESS = { status: { id: "IN_PROGRESS" } };

/** Undefined when the job has not ended by then. */
async function endWithin(
  result: Promise<JobResult>,
  waitMs: number | undefined,
  clock: Clock,
): Promise<JobResult | undefined> {
  if (waitMs === undefined) return await result;
  const waited = Promise.withResolvers<undefined>();
  const cancel = clock.after(waitMs, () => waited.resolve(undefined));
  try {
    return await Promise.race([result, waited.promise]);
  } finally {
    cancel();
  }
}

/** Adds them. */
export function addJobRoutes(app: Hono, { dispatcher, clock, jobManager, rates }: RouteContext): void {
  app.get(
    "/jobs",
    (c) => c.json({ jobs: dispatcher.jobs().map(({ jobId, state }) => ({ id: jobId, status: state })) }),
  );
  app.get("/jobs/overview", (c) => {
    const now = clock.now();
    return c.json({ jobs: dispatcher.jobs().map((job) => jobOverview(job, now)) });
  });
  app.get("/jobs/metrics", (c) => {
    const wanted = queryList(c, "jobs");
    const now = clock.now();
    const jobs = dispatcher.jobs().filter(({ jobId }) => wanted === undefined || wanted.includes(jobId));
    const each = jobs.flatMap(({ jobId }) => dispatcher.job(jobId) ?? []).map((job) => jobMetrics(job, now));
    return c.json(aggregatedMetrics(each, queryList(c, "get"), queryList(c, "agg")));
  });
  app.get("/jobs/:jobid", (c) => {
    const job = jobOf(c, dispatcher);
    const now = clock.now();
    // Whoever looks at a job asks for rates next: those are told against what was seen before.
    for (const { subtasks } of job.vertices) for (const subtask of subtasks) rates.of(subtask, now);
    return c.json(jobDetails(job, now));
  });
  app.get("/jobs/:jobid/status", (c) => c.json({ status: jobOf(c, dispatcher).state }));
  app.get("/jobs/:jobid/config", (c) => c.json(jobConfig(jobOf(c, dispatcher))));
  app.get("/jobs/:jobid/plan", (c) => c.json({ plan: jobOf(c, dispatcher).plan }));
  app.get("/jobs/:jobid/exceptions", (c) => {
    const limit = query(c, "maxExceptions", /^\d{1,6}$/, "a whole number");
    return c.json(jobExceptions(jobOf(c, dispatcher), limit === undefined ? DEFAULT_EXCEPTIONS : Number(limit)));
  });
  app.get("/jobs/:jobid/metrics", (c) => {
    return c.json(metricList(jobMetrics(jobOf(c, dispatcher), clock.now()), queryList(c, "get")));
  });
  app.get("/jobs/:jobid/accumulators", async (c) => {
    const { jobId } = jobOf(c, dispatcher);
    const values = await dispatcher.accumulators?.(jobId) ?? {};
    const isSerialized = c.req.query("includeSerializedValue") === "true";
    return c.json({
      ...accumulators(values),
      ...(isSerialized && { tsflink: serializeValue(values).toBase64() }),
    });
  });
  app.get("/jobs/:jobid/execution-result", async (c) => {
    const job = jobOf(c, dispatcher);
    const waitMs = Number(query(c, "wait", /^\d{1,5}$/, "ms to wait for the end") ?? "0");
    if (!hasEnded(job) && waitMs === 0) return c.json(IN_PROGRESS);
    const result = await endWithin(dispatcher.result(job.jobId), hasEnded(job) ? undefined : waitMs, clock);
    if (result === undefined) return c.json(IN_PROGRESS);
    return c.json(executionResult(result, serializeValue(result.accumulators).toBase64()));
  });
  app.get("/jobs/:jobid/jobmanager/config", (c) => {
    jobOf(c, dispatcher);
    return c.json(Object.entries(jobManager.configuration()).map(([key, value]) => ({ key, value })));
  });
  app.patch("/jobs/:jobid/clientHeartbeat", (c) => {
    jobOf(c, dispatcher);
    return c.json({}, 202);
  });
}

/** Routes that change a job. */
export function addCancelRoutes(app: Hono, { dispatcher, settings }: RouteContext): void {
  const cancel = async (jobId: string): Promise<void> => {
    const job = dispatcher.job(jobId);
    if (job === undefined) throw unknownJob(jobId);
    if (job.state !== "CANCELED" && hasEnded(job)) {
      throw new RestError(409, "TSF-4155", `Job ${jobId} cannot be cancelled: it has ended as ${job.state}`, {
        expected: "a job that runs, or waits for its slots",
        found: job.state,
      });
    }
    await dispatcher.cancel(jobId);
  };
  app.patch("/jobs/:jobid", async (c) => {
    const jobId = hexId(c, "jobid");
    const mode = query(c, "mode", /^(cancel|stop)$/i, "cancel") ?? "cancel";
    if (mode.toLowerCase() === "stop") {
      throw new RestError(410, "TSF-4141", `The termination mode "stop" has been removed`, {
        expected: "mode=cancel, or POST /jobs/:jobid/stop",
        found: `mode=${mode}`,
      });
    }
    await cancel(jobId);
    return c.json({}, 202);
  });
  // What the button of Flink's web interface calls.
  app.get("/jobs/:jobid/yarn-cancel", async (c) => {
    if (!settings.isCancelEnabled) throw cancelDisabled();
    await cancel(hexId(c, "jobid"));
    return c.json({}, 202);
  });
}

function cancelDisabled(): RestError {
  return new RestError(403, "TSF-4162", "Jobs cannot be cancelled from the web interface", {
    expected: "web.cancel.enable: true",
    found: "web.cancel.enable: false",
  });
}
