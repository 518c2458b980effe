/**
 * Routes of checkpoints, savepoints and stopping, in their final places: they say what is not there yet.
 *
 * @module
 */

import type { Hono } from "hono";
import { hexId, jobOf } from "../request_reading.ts";
import { notAvailableYet, type RouteContext } from "./context.ts";

/** What they answer until state is durable, by method and path. */
const NOT_YET = [
  ["POST", "/jobs/:jobid/savepoints", "Savepoints"],
  ["GET", "/jobs/:jobid/savepoints/:triggerid", "Savepoints"],
  ["POST", "/jobs/:jobid/checkpoints", "Checkpoints on demand"],
  ["GET", "/jobs/:jobid/checkpoints/details/:checkpointid", "Details of checkpoints"],
  ["GET", "/jobs/:jobid/checkpoints/details/:checkpointid/subtasks/:vertexid", "Details of checkpoints"],
  ["GET", "/jobs/:jobid/checkpoints/:triggerid", "Checkpoints on demand"],
  ["POST", "/jobs/:jobid/stop", "Stopping with a savepoint"],
  ["GET", "/jobs/:jobid/resource-requirements", "Changing the parallelism of a running job"],
  ["PUT", "/jobs/:jobid/resource-requirements", "Changing the parallelism of a running job"],
] as const;

/** Adds them. */
export function addStateRoutes(app: Hono, { dispatcher }: RouteContext): void {
  app.get("/jobs/:jobid/checkpoints", (c) => {
    jobOf(c, dispatcher);
    return c.json(NO_CHECKPOINTS);
  });
  app.get("/jobs/:jobid/checkpoints/config", (c) => {
    jobOf(c, dispatcher);
    throw notAvailableYet("The configuration of checkpoints");
  });
  for (const [method, path, what] of NOT_YET) {
    app.on(method, path, (c) => {
      hexId(c, "jobid");
      jobOf(c, dispatcher);
      throw notAvailableYet(what);
    });
  }
  for (const path of ["/savepoint-disposal", "/savepoint-disposal/:triggerid"]) {
    app.on(["GET", "POST"], path, () => {
      throw notAvailableYet("Disposing of savepoints");
    });
  }
}

const NUMBERS = { min: 0, max: 0, avg: 0, p50: "NaN", p90: "NaN", p95: "NaN", p99: "NaN", p999: "NaN" };

/** Statistics of a job without checkpoints. */
const NO_CHECKPOINTS = {
  counts: { restored: 0, total: 0, in_progress: 0, completed: 0, failed: 0 },
  summary: {
    checkpointed_size: NUMBERS,
    state_size: NUMBERS,
    end_to_end_duration: NUMBERS,
    alignment_buffered: NUMBERS,
    processed_data: NUMBERS,
    persisted_data: NUMBERS,
  },
  latest: { completed: null, savepoint: null, failed: null, restored: null },
  history: [],
};
