/**
 * One request of a client to the JobManager, tried again while the JobManager cannot be reached or is not ready. Its
 * refusals come back as the errors they were there.
 *
 * @module
 */

import { LimitedBytesTransformStream, toArrayBuffer } from "@std/streams";
import { FlinkError, RetryableError } from "../../runtime/errors.ts";
import type { Clock } from "../../runtime/seams/clock.ts";
import type { Address } from "../../runtime/seams/transport.ts";
import { decodeError, type ErrorBody } from "../rest/rest_error.ts";

/** Sends a request; the runtime's fetch, or an app in this process. */
export type SendRequest = (request: Request) => Response | Promise<Response>;

/** How to reach a JobManager. */
export interface HttpCallOptions {
  readonly address: Address;
  readonly isTls?: boolean;
  readonly token?: string;
  readonly send: SendRequest;
  readonly clock: Clock;
  /** How often to try again. */
  readonly maxRetries: number;
  readonly retryDelayMs: number;
  /** How long an answer may take, in ms. */
  readonly timeoutMs: number;
  /** Largest answer, bytes. */
  readonly maxContentLength: number;
  /** Before a further attempt. */
  readonly onRetry?: (attempt: number, maxRetries: number, cause: unknown) => void;
}

/** A request. */
export interface Call {
  readonly method?: "GET" | "POST" | "PATCH" | "DELETE" | "PUT";
  /** Below /v1. */
  readonly path: string;
  /** Made anew for every attempt. */
  readonly body?: () => BodyInit;
  readonly headers?: Readonly<Record<string, string>>;
  /** Added to the time an answer may take, in ms: the server waits before it answers. */
  readonly waitMs?: number;
}

/** The answer as a whole. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Uint8Array<ArrayBuffer>;
}

/** Not ready is not gone: the leader is being found, a proxy has lost its backend for a moment. */
const TRY_AGAIN = new Set([502, 503, 504]);

/** What asking again does not change: one side speaks TLS and the other does not, or shows what the other refuses. */
const NOT_TRUSTED = /certificate|invalid HTTP version|corrupt message|unknown ?ca/i;

/** Code of a JobManager that is about to be replaced. */
const STOPPING = "TSF-5241";

/**
 * Sends a request until it is answered.
 *
 * @throws FlinkError the refusal of the JobManager; RetryableError TSF-4148 when it could not be reached in all attempts,
 * FlinkError TSF-4149 when what answers is no JobManager, TSF-4157 when the two do not trust each other.
 */
export async function call(options: HttpCallOptions, request: Call): Promise<Answer> {
  const { maxRetries, retryDelayMs, clock, onRetry } = options;
  for (let attempt = 0;; attempt++) {
    const outcome = await attemptCall(options, request);
    if ("answer" in outcome) return outcome.answer;
    if (attempt >= maxRetries) throw unreachable(options, attempt + 1, outcome.cause);
    onRetry?.(attempt + 1, maxRetries, outcome.cause);
    await new Promise<void>((resolve) => clock.after(retryDelayMs, resolve));
  }
}

type Outcome = { readonly answer: Answer } | { readonly cause: unknown };

async function attemptCall(options: HttpCallOptions, request: Call): Promise<Outcome> {
  let answer: Answer;
  const abort = new AbortController();
  const timeoutMs = options.timeoutMs + (request.waitMs ?? 0);
  const cancel = options.clock.after(timeoutMs, () => {
    abort.abort(new RetryableError("TSF-4148", `No answer within ${timeoutMs} ms`));
  });
  try {
    const response = await options.send(requestOf(options, request, abort.signal));
    answer = {
      status: response.status,
      headers: response.headers,
      body: await readAll(response, options.maxContentLength),
    };
  } catch (cause) {
    if (cause instanceof FlinkError && cause.code === "TSF-4149") throw cause;
    if (NOT_TRUSTED.test(reasonOf(cause))) throw notTrusted(options, cause);
    return { cause };
  } finally {
    cancel();
  }
  if (answer.status < 300) return { answer };
  const refusal = refusalOf(options, request, answer);
  const isOwn = refusal instanceof FlinkError && refusal.code !== "TSF-4149";
  // A JobManager that declines (its disk is full, it has too many jobs) is not asked again and again.
  const mayHelp = TRY_AGAIN.has(answer.status) && (!isOwn || refusal.code === STOPPING);
  if (mayHelp) return { cause: refusal };
  throw refusal;
}

function requestOf({ address, isTls, token }: HttpCallOptions, request: Call, signal: AbortSignal): Request {
  const { method = "GET", path, body } = request;
  const headers = new Headers(request.headers);
  if (token !== undefined) headers.set("authorization", `Bearer ${token}`);
  return new Request(`${originOf(address, isTls)}/v1${path}`, { method, headers, body: body?.(), signal });
}

/** http://host:port */
export function originOf({ host, port }: Address, isTls = false): string {
  return `${isTls ? "https" : "http"}://${host.includes(":") ? `[${host}]` : host}:${port}`;
}

async function readAll(response: Response, max: number): Promise<Uint8Array<ArrayBuffer>> {
  const announced = Number(response.headers.get("content-length") ?? 0);
  if (announced > max) {
    await response.body?.cancel();
    throw tooLarge(max, announced);
  }
  if (response.body === null) return new Uint8Array(0);
  const limited = response.body.pipeThrough(new LimitedBytesTransformStream(max, { error: true }));
  try {
    return new Uint8Array(await toArrayBuffer(limited));
  } catch (error) {
    throw error instanceof RangeError ? tooLarge(max, undefined) : error;
  }
}

function tooLarge(max: number, found: number | undefined): FlinkError {
  return new FlinkError("TSF-4149", "The answer of the JobManager is too large", {
    expected: `at most ${max} bytes`,
    found: found === undefined ? "more" : `${found} bytes`,
    hint: "rest.client.max-content-length sets the limit.",
  });
}

/** What the answer says went wrong; an answer that is no JobManager's is shown. */
function refusalOf({ address }: HttpCallOptions, { method = "GET", path }: Call, { status, body }: Answer): unknown {
  const text = new TextDecoder().decode(body.subarray(0, 64 * 1024));
  const parsed = parseJson(text) as Partial<ErrorBody> | undefined;
  const error = decodeError(parsed?.transferred);
  if (error !== undefined) return error;
  const found = Array.isArray(parsed?.errors) ? parsed.errors.join("; ") : text.slice(0, 200).trim();
  return new FlinkError("TSF-4149", `${address.host}:${address.port} does not answer as a JobManager of tsflink`, {
    expected: `an answer to ${method} ${path}`,
    found: `HTTP ${status}${found === "" ? "" : `: ${found}`}`,
    hint: "-m host:port names the REST address of the JobManager (default port 8081).",
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function unreachable({ address, retryDelayMs }: HttpCallOptions, attempts: number, cause: unknown): RetryableError {
  const times = attempts === 1 ? "in one attempt" : `in ${attempts} attempts, ${retryDelayMs} ms apart`;
  return new RetryableError("TSF-4148", `The JobManager at ${address.host}:${address.port} cannot be reached`, {
    expected: "a JobManager that answers at that address",
    found: `none ${times} (${reasonOf(cause)})`,
    hint: "Start one with `tsflink cluster start`, or name another with -m host:port. " +
      "rest.retry.max-attempts and rest.retry.delay say how long to try.",
    cause,
  });
}

function notTrusted({ address, isTls }: HttpCallOptions, cause: unknown): FlinkError {
  return new FlinkError(
    "TSF-4157",
    `There is no trusted connection with the JobManager at ${address.host}:${address.port}`,
    {
      expected: isTls ? "a JobManager with a certificate of security.ssl.rest.ca" : "a JobManager without TLS",
      found: reasonOf(cause),
      hint: "Give the client the same security.ssl.rest options as the JobManager.",
      cause,
    },
  );
}

/** The innermost reason: fetch wraps what the system says. */
export function reasonOf(error: unknown): string {
  let at = error;
  while (at instanceof Error && !(at instanceof FlinkError) && at.cause instanceof Error) at = at.cause;
  if (at instanceof FlinkError) return at.summary;
  const text = at instanceof Error ? at.message : String(at);
  const short = text.replace(/^.*client error \(\w+\): /, "");
  return /\(os error \d+\)/.test(short) ? short.replace(/^.*?: (?=[^:]*\(os error)/, "") : short;
}
