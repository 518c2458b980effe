/**
 * What a request is answered when it is refused: Flink's `{"errors": [...]}`, with the code, what was expected and found
 * beside it for tools, and the error itself in a form from which a client makes it again.
 *
 * @module
 */

import { type ErrorDetails, FlinkError, InvalidProgramError, RetryableError } from "../../runtime/errors.ts";
import { fromTransferable, toTransferable, type TransferredError } from "../../runtime/seams/error_transfer.ts";
import { deserializeValue, serializeValue } from "../../runtime/types/generic_serializer.ts";

/** A request that is refused with a status of its own. */
export class RestError extends FlinkError {
  /** @param status HTTP status of the answer. */
  constructor(readonly status: number, code: string, summary: string, details: ErrorDetails = {}) {
    super(code, summary, details);
  }
}

/** Body of an answer that refuses. */
export interface ErrorBody {
  /** The message, then that of each cause. */
  readonly errors: readonly string[];
  readonly code?: string;
  readonly expected?: string;
  readonly found?: string;
  readonly hint?: string;
  /** The error in base64, as {@link errorOf} reads it. */
  readonly transferred: string;
}

/** Of errors of the parts behind REST; others go by their class. */
const STATUSES: Readonly<Record<string, number | undefined>> = {
  // No such log file, job, TaskManager; rows that are not kept any more.
  "TSF-4118": 404,
  "TSF-4158": 404,
  "TSF-4159": 404,
  "TSF-5243": 404,
  "TSF-5252": 404,
  "TSF-5249": 404,
  // Malformed, submitted before, too large to be stored.
  "TSF-5240": 400,
  "TSF-5242": 409,
  "TSF-5245": 413,
};

/** Status of the answer to a request that has thrown this. */
export function statusOf(error: unknown): number {
  if (error instanceof RestError) return error.status;
  const status = error instanceof FlinkError ? STATUSES[error.code] : undefined;
  if (status !== undefined) return status;
  if (error instanceof InvalidProgramError) return 400;
  return error instanceof RetryableError ? 503 : 500;
}

/** What the answer says. */
export function errorBody(error: unknown): ErrorBody {
  const messages: string[] = [];
  for (let at = error; at !== undefined && messages.length < 8; at = at instanceof Error ? at.cause : undefined) {
    messages.push(at instanceof Error ? at.message : String(at));
  }
  const { code, expected, found, hint } = error instanceof FlinkError ? error : {} as Partial<FlinkError>;
  return {
    errors: messages,
    ...(code !== undefined && { code }),
    ...(expected !== undefined && { expected }),
    ...(found !== undefined && { found }),
    ...(hint !== undefined && { hint }),
    transferred: encodeError(toTransferable(error)),
  };
}

/** An error as a text that JSON carries. */
export function encodeError(error: TransferredError): string {
  return serializeValue(error).toBase64();
}

/** The error of {@link encodeError}; undefined when the text is none. */
export function decodeError(text: unknown): unknown {
  if (typeof text !== "string") return undefined;
  try {
    return fromTransferable(deserializeValue(Uint8Array.fromBase64(text)) as TransferredError);
  } catch {
    return undefined;
  }
}
