/**
 * Requests on the cluster port that do not become a connection: what they are answered, and what the one who sent them
 * makes of it.
 *
 * @module
 */

import { FlinkError } from "../../runtime/errors.ts";
import type { Address } from "../../runtime/seams/transport.ts";
import { otherWireVersion, WIRE_VERSION } from "../../runtime/wire/wire_version.ts";
import { isBearerOf } from "../security/cluster_token.ts";
import { nobodyThere, showAddress } from "./transport_errors.ts";

/** Shown by every request and response. */
export const VERSION_HEADER = "x-tsflink-version";

/** An HTTP answer that is an error. */
export interface Refusal {
  readonly status: number;
  /** JSON of code, summary, expected, found and hint; and `errors` for people with curl. */
  readonly body: string;
}

type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** Why a request does not become a connection; undefined when it does. */
export function refusalOf(headers: Headers, token: string | undefined): Refusal | undefined {
  const [method, path] = [String(headers[":method"]), String(headers[":path"])];
  // First of all: who may not come in learns nothing.
  if (token !== undefined && !isBearerOf(headers.authorization as string | undefined, token)) {
    return refusal(401, notAuthenticated(headers.authorization === undefined ? "none" : "another one"));
  }
  if (!/^\/tsflink\/v1\/(control|data)$/.test(path)) {
    return refusal(
      404,
      new FlinkError("TSF-5206", "This is the cluster port of tsflink", {
        expected: "POST /tsflink/v1/control or /tsflink/v1/data",
        found: `${method.slice(0, 16)} ${path.slice(0, 256)}`,
        hint: "The REST interface has another port (rest.port).",
      }),
    );
  }
  if (method !== "POST") {
    return refusal(405, new FlinkError("TSF-5206", "This path takes POST only", { found: method.slice(0, 16) }));
  }
  const version = Number(headers[VERSION_HEADER]);
  if (version === WIRE_VERSION) return undefined;
  return refusal(426, otherWireVersion(Number.isNaN(version) ? 0 : version, "the peer"));
}

function notAuthenticated(found: string): FlinkError {
  return new FlinkError("TSF-5203", "The peer is not let in", {
    expected: "the cluster token (security.cluster.token)",
    found,
    hint: "Give all processes of the cluster the same token file.",
  });
}

function refusal(status: number, error: FlinkError): Refusal {
  const { code, summary, expected, found, hint, message } = error;
  return { status, body: JSON.stringify({ code, summary, expected, found, hint, errors: [message] }) };
}

/** What a response that is no 200 says. */
export function responseError(address: Address, status: number | undefined, body: string): FlinkError {
  try {
    const { code, summary, expected, found, hint } = JSON.parse(body);
    if (typeof code === "string" && typeof summary === "string") {
      return new FlinkError(code, `${summary} (${showAddress(address)})`, { expected, found, hint });
    }
  } catch {
    // Somebody else's answer.
  }
  return nobodyThere(address, new Error(`HTTP status ${status}, as tsflink never answers`));
}
