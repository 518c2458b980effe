/**
 * What the command line says of an error: the cause first, on one line; the rest on request.
 *
 * @module
 */

import { FlinkError } from "../../../runtime/errors.ts";

/** The first line says what is wrong, further ones of an error of tsflink what to do about it. */
export function describeError(error: unknown, isVerbose: boolean): string {
  if (isVerbose) return everything(error);
  if (error instanceof FlinkError) return error.message;
  return error instanceof Error ? error.stack ?? error.message : String(error);
}

/** The same for programs that read it. */
export function errorJson(error: unknown): Record<string, unknown> {
  if (!(error instanceof FlinkError)) return { message: error instanceof Error ? error.message : String(error) };
  const { code, summary, expected, found, hint } = error;
  return { code, message: summary, expected, found, hint };
}

/** With stacks and all causes. */
function everything(error: unknown): string {
  const parts: string[] = [];
  for (let at = error; at !== undefined && parts.length < 16; at = at instanceof Error ? at.cause : undefined) {
    const text = at instanceof Error ? (at as { slotStack?: string }).slotStack ?? at.stack ?? at.message : String(at);
    const message = at instanceof Error && !text.includes(at.message) ? `${at.message}\n${text}` : text;
    parts.push(parts.length === 0 ? message : `caused by: ${message}`);
  }
  return parts.join("\n");
}
