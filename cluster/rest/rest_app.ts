/**
 * REST of a JobManager as a function from request to answer: Flink's routes with and without /v1, tsflink's own beside
 * them. No sockets: rest_server.ts puts it on one, tests call it.
 *
 * @module
 */

import { timingSafeEqual } from "node:crypto";
import { Hono } from "hono";
import type { Clock } from "../../runtime/seams/clock.ts";
import type { Log } from "../../runtime/seams/log.ts";
import type { RestGateways } from "./gateways.ts";
import { errorBody, RestError, statusOf } from "./rest_error.ts";
import { addClusterRoutes, addJobManagerRoutes, addTaskManagerRoutes } from "./routes/cluster.ts";
import type { RestSettings, RouteContext } from "./routes/context.ts";
import { addCancelRoutes, addJobRoutes } from "./routes/jobs.ts";
import { addStateRoutes } from "./routes/state.ts";
import { addSubmissionRoutes } from "./routes/submission_routes.ts";
import { addVertexRoutes } from "./routes/vertices.ts";
import { MetricRates } from "./shapes/metric_rates.ts";

export type { RestSettings } from "./routes/context.ts";

/** What REST is made from. */
export interface RestAppOptions extends RestGateways {
  readonly settings: RestSettings;
  readonly clock: Clock;
  readonly log: Log;
}

/** Answers requests. */
export interface RestApp {
  fetch(request: Request): Response | Promise<Response>;
}

/** What sends requests across origins asks first. */
const CORS_METHODS = "GET, POST, PATCH, PUT, DELETE, OPTIONS";

/** See the module. */
export function restApp(options: RestAppOptions): RestApp {
  const { settings, log } = options;
  const context: RouteContext = { ...options, rates: new MetricRates() };
  const routes = new Hono();
  addClusterRoutes(routes, context);
  addJobRoutes(routes, context);
  addCancelRoutes(routes, context);
  addVertexRoutes(routes, context);
  addStateRoutes(routes, context);
  addSubmissionRoutes(routes, context);
  addTaskManagerRoutes(routes, context);
  addJobManagerRoutes(routes, context);

  const app = new Hono();
  app.onError((error, c) => {
    const status = statusOf(error);
    if (status >= 500 && status !== 501) {
      log.log("error", `${c.req.method} ${c.req.path}: ${error.stack ?? error.message}`);
    }
    return Response.json(errorBody(error), { status });
  });
  app.notFound((c) => Response.json(errorBody(notFound(c.req.method, c.req.path)), { status: 404 }));
  app.use(async (c, next) => {
    requireToken(settings.token, c.req.header("authorization"));
    await next();
    if (settings.allowedOrigin === undefined) return;
    c.header("access-control-allow-origin", settings.allowedOrigin);
  });
  if (settings.allowedOrigin !== undefined) {
    app.options("*", (c) => {
      c.header("access-control-allow-methods", CORS_METHODS);
      c.header("access-control-allow-headers", "content-type, authorization");
      return c.body(null, 204);
    });
  }
  app.route("/v1", routes);
  app.route("/", routes);
  return { fetch: (request) => app.fetch(request) };
}

function notFound(method: string, path: string): RestError {
  return new RestError(404, "TSF-4140", `Not found: ${path.slice(0, 200)}`, {
    expected: "a route of Flink's REST API, with or without /v1",
    found: `${method} ${path.slice(0, 200)}`,
  });
}

/** @throws RestError 401 TSF-4147 when a token is needed and another, or none, is shown. */
function requireToken(token: string | undefined, header: string | undefined): void {
  if (token === undefined) return;
  const shown = /^Bearer\s+(\S+)$/i.exec(header ?? "")?.[1];
  if (shown !== undefined && equalTexts(shown, token)) return;
  throw new RestError(401, "TSF-4147", "The request is not authenticated", {
    expected: "authorization: Bearer <token of security.cluster.token>",
    found: header === undefined ? "no authorization" : "another token",
    hint: "Give the client the same security.cluster.token file as the JobManager.",
  });
}

/** Takes as long for a wrong text as for the right one. */
function equalTexts(a: string, b: string): boolean {
  const [left, right] = [a, b].map((text) => new TextEncoder().encode(text));
  return left.length === right.length && timingSafeEqual(left, right);
}
