/**
 * Turns what the operating system says about a path into errors of the project with a stable code. Used by
 * local_files.ts and sockets.ts.
 *
 * @module
 */

import { FlinkError, JobExecutionError, RetryableError } from "../../errors.ts";

/** One row per kind of failure. */
interface FileErrorKind {
  readonly code: string;
  readonly summary: (path: string) => string;
  readonly expected: string;
  readonly hint?: string;
}

const NOT_FOUND: FileErrorKind = {
  code: "TSF-3001",
  summary: (path) => `No such file or directory: ${path}`,
  expected: "an existing path",
  hint: "Check the spelling; a relative path starts at the working directory of the process.",
};
const PERMISSION: FileErrorKind = {
  code: "TSF-3002",
  summary: (path) => `Permission denied: ${path}`,
  expected: "a path this process may use",
  hint: "Check owner and mode of the path.",
};
const NOT_CAPABLE: FileErrorKind = {
  code: "TSF-3002",
  summary: (path) => `Deno was not given the right to use ${path}`,
  expected: "a permission for the path",
  hint: "Run with -A, or with --allow-read / --allow-write for the path.",
};
const IS_DIRECTORY: FileErrorKind = {
  code: "TSF-3003",
  summary: (path) => `Is a directory: ${path}`,
  expected: "a file",
};
const NOT_DIRECTORY: FileErrorKind = {
  code: "TSF-3004",
  summary: (path) => `Not a directory: ${path}`,
  expected: "a directory",
};
const EXISTS: FileErrorKind = {
  code: "TSF-3005",
  summary: (path) => `Already exists: ${path}`,
  expected: "a path that is free",
};

/** The error for a failed call on `path`; errors of the project pass unchanged. */
export function fileError(error: unknown, path: string, what: string): FlinkError {
  if (error instanceof FlinkError) return error;
  const kind = kindOf(error);
  if (kind !== undefined) {
    return new JobExecutionError(kind.code, kind.summary(path), {
      expected: kind.expected,
      found: `${what} failed: ${messageOf(error)}`,
      hint: kind.hint,
      cause: error,
    });
  }
  const details = { expected: `${what} to succeed`, found: messageOf(error), cause: error };
  const summary = `Input or output error: ${path}`;
  return error instanceof Deno.errors.Busy || error instanceof Deno.errors.WouldBlock
    ? new RetryableError("TSF-3006", summary, details)
    : new JobExecutionError("TSF-3006", summary, details);
}

function kindOf(error: unknown): FileErrorKind | undefined {
  if (error instanceof Deno.errors.NotFound) return NOT_FOUND;
  if (error instanceof Deno.errors.NotCapable) return NOT_CAPABLE;
  if (error instanceof Deno.errors.PermissionDenied) return PERMISSION;
  if (error instanceof Deno.errors.IsADirectory) return IS_DIRECTORY;
  if (error instanceof Deno.errors.NotADirectory) return NOT_DIRECTORY;
  if (error instanceof Deno.errors.AlreadyExists) return EXISTS;
  return undefined;
}

/** The message of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
