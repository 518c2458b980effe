/**
 * REST of a JobManager on a socket: node:http or node:https, with limits on the size of headers and bodies and on the time
 * a request may take to arrive.
 *
 * @module
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { FlinkError } from "../../runtime/errors.ts";
import type { Address } from "../../runtime/seams/transport.ts";
import type { RestApp } from "./rest_app.ts";
import { errorBody, RestError } from "./rest_error.ts";

/** What a server is made from. */
export interface RestServerOptions {
  readonly app: RestApp;
  readonly host: string;
  /** The first that is free is taken; 0 = any. */
  readonly ports: readonly number[];
  /** Largest body of a request, bytes. */
  readonly maxContentLength: number;
  readonly tls?: { readonly cert: string; readonly key: string; readonly ca?: string; readonly requestCert: boolean };
}

/** A server that listens. */
export interface RestServer {
  readonly address: Address;
  /** Stops listening and ends open connections. */
  close(): Promise<void>;
}

/** Bytes of all headers of a request. */
const MAX_HEADER_SIZE = 16 * 1024;
/** How long headers may take, in ms. */
const HEADERS_TIMEOUT_MS = 20_000;
/** How long a whole request may take to arrive, in ms. */
const REQUEST_TIMEOUT_MS = 5 * 60_000;

/** How long the rest of a body that was refused may take, in ms. */
const DRAIN_TIMEOUT_MS = 15_000;

/** @throws FlinkError TSF-4160 when no port of those is free. */
export async function startRestServer(options: RestServerOptions): Promise<RestServer> {
  const { tls, host, ports } = options;
  const handle = (request: IncomingMessage, response: ServerResponse) => void answer(options, request, response);
  const limits = {
    maxHeaderSize: MAX_HEADER_SIZE,
    headersTimeout: HEADERS_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
  };
  const server = tls === undefined
    ? createServer(limits, handle)
    : createTlsServer({ ...limits, ...tls, rejectUnauthorized: tls.requestCert }, handle) as unknown as Server;
  const port = await listenOnFirst(server, host, ports);
  return {
    address: { host, port },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function listenOnFirst(server: Server, host: string, ports: readonly number[]): Promise<number> {
  let cause: unknown;
  for (const port of ports) {
    try {
      await new Promise<void>((resolve, reject) => {
        server.once("error", reject);
        server.listen(port, host, () => {
          server.off("error", reject);
          resolve();
        });
      });
      return (server.address() as AddressInfo).port;
    } catch (error) {
      server.removeAllListeners("error");
      cause = error;
    }
  }
  const tried = ports.length === 1 ? String(ports[0]) : `${ports[0]}-${ports.at(-1)}`;
  throw new FlinkError("TSF-4160", `REST cannot listen on ${host}:${tried}`, {
    expected: "a port that is free, and an address of this machine",
    found: (cause as NodeJS.ErrnoException | undefined)?.code ?? String(cause),
    hint: "Another JobManager may be running; choose another rest.bind-port, or a range as 8081-8090.",
    cause,
  });
}

async function answer({ app, maxContentLength }: RestServerOptions, incoming: IncomingMessage, out: ServerResponse) {
  // The client may be gone at any time; then nobody is left to tell.
  incoming.on("error", () => {});
  out.on("error", () => {});
  try {
    await send(await app.fetch(toRequest(incoming, maxContentLength)), incoming, out);
  } catch (error) {
    const status = error instanceof RestError ? error.status : 500;
    await send(Response.json(errorBody(error), { status }), incoming, out).catch(() => out.destroy());
  }
}

/** @throws RestError 413 TSF-4145 when the body says that it is too large, 400 TSF-4141 for a path that is none. */
function toRequest(incoming: IncomingMessage, maxContentLength: number): Request {
  const { method = "GET", headers, url = "/" } = incoming;
  const length = Number(headers["content-length"] ?? 0);
  if (length > maxContentLength) throw tooLarge(maxContentLength, length);
  const given = new Headers();
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined && !name.startsWith(":")) given.set(name, Array.isArray(value) ? value.join(", ") : value);
  }
  const target = URL.parse(url, `http://${/^[\w.:[\]-]+$/.test(headers.host ?? "") ? headers.host : "localhost"}`);
  if (target === null) {
    throw new RestError(400, "TSF-4141", "The path of the request cannot be read", {
      expected: "a path",
      found: url.slice(0, 200),
    });
  }
  const hasBody = method !== "GET" && method !== "HEAD";
  const body = hasBody ? limited(incoming, maxContentLength) : undefined;
  return new Request(target, { method, headers: given, body, duplex: "half" } as RequestInit);
}

/**
 * A body that ends with an error where it is too large: not everybody says how much is coming. What is left of it is
 * thrown away as it comes; a client whose connection is cut while it sends never reads why.
 */
function limited(incoming: IncomingMessage, max: number): ReadableStream<Uint8Array> {
  let read = 0;
  let isOpen = true;
  let take: ((chunk: Uint8Array) => void) | undefined;
  const leave = () => {
    isOpen = false;
    incoming.off("data", take!);
    incoming.resume();
  };
  return new ReadableStream<Uint8Array>({
    start(controller) {
      take = (chunk) => {
        read += chunk.length;
        if (read > max) {
          leave();
          controller.error(tooLarge(max, read));
        } else {
          controller.enqueue(chunk);
          if (controller.desiredSize! <= 0) incoming.pause();
        }
      };
      incoming.on("data", take);
      incoming.once("end", () => isOpen && controller.close());
      incoming.once("close", () => {
        if (isOpen && !incoming.complete) controller.error(new Error("the client has gone"));
      });
    },
    pull: () => void incoming.resume(),
    cancel: leave,
  }, { highWaterMark: 4 });
}

function tooLarge(max: number, found: number): RestError {
  return new RestError(413, "TSF-4145", "The request is too large", {
    expected: `at most ${max} bytes`,
    found: `${found} bytes or more`,
    hint: "rest.server.max-content-length of the JobManager sets the limit.",
  });
}

/** Resolves when all of a body that was refused has come, or the client takes too long. */
async function drained(incoming: IncomingMessage): Promise<void> {
  const over = Promise.withResolvers<void>();
  const timer = setTimeout(over.resolve, DRAIN_TIMEOUT_MS);
  incoming.once("end", over.resolve);
  incoming.once("close", over.resolve);
  incoming.resume();
  await over.promise;
  clearTimeout(timer);
}

/** Writes the answer; waits where the client reads slowly. */
async function send(response: Response, incoming: IncomingMessage, out: ServerResponse): Promise<void> {
  if (!incoming.complete && response.status >= 400) {
    await drained(incoming);
    out.setHeader("connection", "close");
  }
  out.writeHead(response.status, Object.fromEntries(response.headers));
  if (response.body !== null) {
    for await (const chunk of response.body) {
      if (out.write(chunk) || out.destroyed) continue;
      await new Promise<void>((resolve) => {
        out.once("drain", resolve);
        out.once("close", resolve);
      });
    }
  }
  out.end();
}
