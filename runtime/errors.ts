/**
 * Every error tsflink raises on purpose is a {@link FlinkError}: a stable code, what was expected, what was found,
 * where (operator name and uid, the user's own line) and what to do. Subclasses say what the caller does with it:
 * refuse the request, fail the job, try again, or report a bug. Across a bundle, worker or wire compare `code`,
 * never `instanceof`.
 *
 * @module
 */

/** Name and uid of the operator an error belongs to. */
export interface OperatorReference {
  /** Name as the user gave it, or the default name of the transformation. */
  readonly name: string;
  /** The uid, when one was set. */
  readonly uid?: string;
  /** Where the program made the operator, as `file:line:column`. */
  readonly userLine?: string;
}

/** The parts of a {@link FlinkError} beside its code and message. */
export interface ErrorDetails {
  /** What would have been right. */
  readonly expected?: string;
  /** What was there instead. */
  readonly found?: string;
  /** The operator it happened in. */
  readonly operator?: OperatorReference;
  /** The line of user code it leads back to, as `file:line:column`. */
  readonly userLine?: string;
  /** What to do about it. */
  readonly hint?: string;
  /** The error that led to this one. */
  readonly cause?: unknown;
}

/**
 * The base of all errors of the project.
 *
 * @example
 * ```ts
 * import { FlinkError } from "tsflink";
 *
 * const error = new FlinkError("TSF-0000", "Something is off", { expected: "1", found: "2" });
 * console.assert(error.code === "TSF-0000");
 * console.assert(error.message.includes("expected: 1"));
 * ```
 */
export class FlinkError extends Error {
  /** Stable, documented in docs/errors.md; compare this, never the class. */
  readonly code: string;
  /** The message without code and details. */
  readonly summary: string;
  /** What would have been right. */
  readonly expected?: string;
  /** What was there instead. */
  readonly found?: string;
  /** The operator it happened in. */
  readonly operator?: OperatorReference;
  /** The line of user code it leads back to, as `file:line:column`. */
  readonly userLine?: string;
  /** What to do about it. */
  readonly hint?: string;

  /** Puts code, summary and details together to the message. @param summary One sentence, without details. */
  constructor(code: string, summary: string, details: ErrorDetails = {}) {
    super(formatMessage(code, summary, details), details.cause === undefined ? undefined : { cause: details.cause });
    this.name = new.target.name;
    this.code = code;
    this.summary = summary;
    this.expected = details.expected;
    this.found = details.found;
    this.operator = details.operator;
    this.userLine = details.userLine ?? details.operator?.userLine;
    this.hint = details.hint;
  }
}

/**
 * The program or a request is wrong and is refused; nothing was started. Names the line of the program that made the
 * call, unless another one says more.

 *
 * @example
 * ```ts
 * import { InvalidProgramError, StreamExecutionEnvironment } from "tsflink";
 *
 * const env = StreamExecutionEnvironment.getExecutionEnvironment();
 * let code = "";
 * try {
 *   env.setParallelism(0);
 * } catch (error) {
 *   if (error instanceof InvalidProgramError) code = error.code;
 * }
 * console.assert(code === "TSF-1104");
 * ```
 */
export class InvalidProgramError extends FlinkError {
  /**
   * Adds the calling line of the program, unless the details name one.
   *
   * @param summary One sentence, without details.
   */
  constructor(code: string, summary: string, details: ErrorDetails = {}) {
    const isPlaced = details.userLine !== undefined || details.operator?.userLine !== undefined;
    super(code, summary, isPlaced ? details : { ...details, userLine: userFrame(new Error().stack) });
  }
}

/**
 * A running job fails with this; the restart strategy decides what happens next.
 *
 * @example
 * ```ts
 * import { JobExecutionError, StreamExecutionEnvironment } from "tsflink";
 *
 * const env = StreamExecutionEnvironment.getExecutionEnvironment();
 * const failing = env.fromData("x").map((): string => {
 *   throw new Error("no");
 * }).name("parse").executeAndCollect();
 * const error = await failing.then(() => undefined, (error) => error);
 * console.assert(error instanceof JobExecutionError && error.operator?.name === "parse");
 * ```
 */
export class JobExecutionError extends FlinkError {}

/**
 * Trying again later may succeed.
 *
 * @example
 * ```ts
 * import { RetryableError } from "tsflink";
 *
 * // In `commit` of defineSink: the same committables come again later.
 * const error = new RetryableError("TSF-3000", "The service is not there");
 * console.assert(error.code === "TSF-3000");
 * ```
 */
export class RetryableError extends FlinkError {}

/** A broken invariant of tsflink itself; please report it. */
export class BugError extends FlinkError {}

/**
 * Throws a {@link BugError} unless the condition holds.
 *
 * @throws BugError with code TSF-0001.
 */
export function invariant(condition: unknown, what: string): asserts condition {
  if (!condition) {
    throw new BugError("TSF-0001", what, { hint: "This is a defect of tsflink; please report it with the job." });
  }
}

/** Two lines at most per part, so that a terminal shows the cause first and the advice last. */
function formatMessage(code: string, summary: string, details: ErrorDetails): string {
  const lines = [`[${code}] ${summary}`];
  if (details.operator !== undefined) {
    const uid = details.operator.uid === undefined ? "no uid" : `uid "${details.operator.uid}"`;
    lines.push(`  operator: ${details.operator.name} (${uid})`);
  }
  if (details.expected !== undefined) lines.push(`  expected: ${details.expected}`);
  if (details.found !== undefined) lines.push(`  found: ${details.found}`);
  // Better than nothing: where the operator was made.
  const userLine = details.userLine ?? details.operator?.userLine;
  if (userLine !== undefined) lines.push(`  at: ${userLine}`);
  if (details.cause !== undefined) lines.push(`  cause: ${describeCause(details.cause)}`);
  if (details.hint !== undefined) lines.push(`  hint: ${details.hint}`);
  return lines.join("\n");
}

function describeCause(cause: unknown): string {
  if (cause instanceof FlinkError) return `[${cause.code}] ${cause.summary}`;
  if (cause instanceof Error) return `${cause.name}: ${cause.message}`;
  try {
    return String(cause);
  } catch {
    // An object without a prototype, or whose toString throws.
    return Object.prototype.toString.call(cause);
  }
}

/** Frames of this copy of tsflink: of its files or, where all of it is one file, of that one. */
const ENGINE_FILES = engineFiles(import.meta.url);
/** The module that stands for tsflink in a bundled job. */
const HOST_SHIM = /^job:\/\/[^/]+\/tsflink(\/testing)?:/;

function engineFiles(ownUrl: string): RegExp {
  const escaped = (url: string) => url.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
  if (!ownUrl.endsWith("/runtime/errors.ts")) return new RegExp(`^${escaped(ownUrl.replace(/[?#].*$/, ""))}[:?#]`);
  const root = new URL("../", ownUrl).href;
  return new RegExp(`^${escaped(root)}(runtime/|cluster/|mod\\.ts|cli\\.ts)`);
}

/** Installed packages: what the user calls, or what calls the user, but nobody's own line. */
const PACKAGE_FILES = /\/node_modules\/|\/npm\/[^/]+\/(?:@[^/]+\/)?[^/]+\/\d+\.\d+\.\d+[^/]*\//;

/** Threads of node:worker_threads write paths with their spaces and letters instead of the URL. */
function placeIn(frame: string): string | undefined {
  const url = /((?:file|https?|job|data|blob):[^\s()]+:\d+:\d+)/.exec(frame)?.[1] ??
    /(file:[^()]+:\d+:\d+)\)?$/.exec(frame)?.[1];
  return url !== undefined && /[^!-~]/.test(url) ? new URL(url).href : url;
}

/**
 * The first frame of a stack that lies outside the engine and outside installed packages: the user's own line.
 *
 * @param stack An `Error.stack` text.
 * @returns `file:line:column` as V8 prints it, or undefined when every frame is the engine's.
 */
export function userFrame(stack: string | undefined): string | undefined {
  for (const line of (stack ?? "").split("\n")) {
    const location = placeIn(line);
    if (location === undefined || location.startsWith("ext:")) continue;
    // A unit test beside its file is user code, though it lies in an engine folder.
    if (ENGINE_FILES.test(location) && !/_test\.ts:\d+:\d+$/.test(location)) continue;
    if (HOST_SHIM.test(location) || PACKAGE_FILES.test(location)) continue;
    return location;
  }
  return undefined;
}
