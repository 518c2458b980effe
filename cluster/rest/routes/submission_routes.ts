/**
 * Routes that take jobs and give their rows; tsflink's own beside Flink's.
 *
 * @module
 */

import type { Hono } from "hono";
import { serializeValue } from "../../../runtime/types/generic_serializer.ts";
import { jobOf, query } from "../request_reading.ts";
import { RestError } from "../rest_error.ts";
import { decodeSubmission } from "../submission.ts";
import type { RouteContext } from "./context.ts";

/** Answers of the collect route. */
export const COLLECT_HEADER = "x-tsflink-collect";

/** Adds them. */
export function addSubmissionRoutes(app: Hono, { dispatcher, blobs, clock, settings }: RouteContext): void {
  app.post("/jobs", async (c) => {
    if (!settings.isSubmitEnabled) throw submitDisabled();
    const form = await c.req.formData().catch((cause) => {
      // A request that is too large ends the reading of its body.
      if (cause instanceof RestError) throw cause;
      throw new RestError(400, "TSF-4146", "The submitted job cannot be read", {
        expected: "a multipart form",
        found: c.req.header("content-type") ?? "no content type",
        hint: "Jobs are submitted by tsflink run.",
        cause,
      });
    });
    const { jobId, jobName, clientVersion, collect, program, bundle, assets } = await decodeSubmission(form);
    requireVersion(clientVersion, settings.version);
    const bundleHash = await blobs.put(bundle);
    const stored = [];
    for (const { name, executable, bytes } of assets) stored.push({ name, executable, hash: await blobs.put(bytes) });
    await dispatcher.submit({
      jobId,
      jobName,
      ...program,
      bundleHash,
      assets: stored,
      collect,
      submittedAt: clock.now(),
    });
    return c.json({ jobUrl: `/jobs/${jobId}`, jobid: jobId }, 202);
  });

  app.get("/jobs/:jobid/collect/:uid", async (c) => {
    const { jobId } = jobOf(c, dispatcher);
    const ack = Number(query(c, "ack", /^\d{1,15}$/, "how many batches have been taken") ?? "0");
    const rows = await dispatcher.collect(jobId, c.req.param("uid"), ack);
    if (rows === "end") return c.body(null, 200, { [COLLECT_HEADER]: "end" });
    const headers = { [COLLECT_HEADER]: String(rows.length), "content-type": "application/octet-stream" };
    return c.body(rows.length === 0 ? new Uint8Array() : serializeValue(rows), 200, headers);
  });
}

/** Plans of versions that differ in more than fixes are not compared. @throws RestError 400 TSF-4163. */
function requireVersion(client: string, own: string): void {
  const line = (version: string) => version.split(".").slice(0, 2).join(".");
  if (line(client) === line(own)) return;
  throw new RestError(400, "TSF-4163", "The job was submitted by another version of tsflink", {
    expected: `tsflink ${line(own)}, as the JobManager`,
    found: `tsflink ${client}`,
    hint: "Use the same version for the client and the cluster; upgrade the cluster first.",
  });
}

function submitDisabled(): RestError {
  return new RestError(403, "TSF-4162", "This JobManager takes no jobs", {
    expected: "web.submit.enable: true, and a JobManager that is not an application's",
    found: "web.submit.enable: false",
  });
}
