/**
 * The small port of every role: /livez (the process turns its loop), /readyz (it does its work), /metrics (Prometheus).
 *
 * @module
 */

import { FlinkError } from "../../runtime/errors.ts";
import type { Address } from "../../runtime/seams/transport.ts";
import { type MetricSample, prometheusText } from "./prometheus_text.ts";

/** What the port shows. */
export interface HealthSource {
  /** Why the role does not do its work now; undefined when it does. */
  notReady(): string | undefined;
  metrics(): readonly MetricSample[];
}

/** A port that is open. */
export interface HealthServer {
  readonly address: Address;
  close(): Promise<void>;
}

/** What the port answers. */
export function answerHealth(path: string, source: HealthSource): Response {
  switch (path) {
    case "/livez":
    case "/healthz":
      return new Response("ok\n");
    case "/readyz": {
      const reason = source.notReady();
      return reason === undefined ? new Response("ok\n") : new Response(`${reason}\n`, { status: 503 });
    }
    case "/metrics":
      return new Response(prometheusText(source.metrics()), {
        headers: { "content-type": "text/plain; version=0.0.4; charset=utf-8" },
      });
    default:
      return new Response("not found: /livez, /readyz, /metrics\n", { status: 404 });
  }
}

/**
 * Opens the port: the first free one of `ports`.
 *
 * @throws FlinkError TSF-4112 when none is free.
 */
export function serveHealth(host: string, ports: readonly number[], source: HealthSource): HealthServer {
  let last: unknown;
  for (const port of ports) {
    try {
      const server = Deno.serve(
        { hostname: host, port, onListen: () => {}, onError: () => new Response("error\n", { status: 500 }) },
        (request) => {
          if (request.method !== "GET" && request.method !== "HEAD") return new Response("GET only\n", { status: 405 });
          return answerHealth(new URL(request.url).pathname, source);
        },
      );
      const address = server.addr as Deno.NetAddr;
      return {
        address: { host: address.hostname, port: address.port },
        // Requests under way are not waited for: a connection may be kept alive for long.
        close: async () => {
          const closed = server.shutdown();
          await Promise.race([closed, new Promise<void>((done) => setTimeout(done, CLOSE_LIMIT_MS))]);
        },
      };
    } catch (error) {
      last = error;
    }
  }
  throw new FlinkError("TSF-4112", "The port of /livez, /readyz and /metrics cannot be opened", {
    expected: `a free port of ${ports[0]}${ports.length > 1 ? `-${ports.at(-1)}` : ""} at ${host}`,
    found: last instanceof Error ? last.message : String(last),
    hint: "health.port takes a port, a range, or 0 for any free one.",
  });
}

const CLOSE_LIMIT_MS = 200;
