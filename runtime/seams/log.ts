/**
 * Log lines and job output.
 *
 * @module
 */

/** Severity of a log line. */
export type LogLevel = "debug" | "info" | "warn" | "error";

/** Contract: never throws, never waits. */
export interface Log {
  log(level: LogLevel, message: string, fields?: Readonly<Record<string, unknown>>): void;
  /** A line of job output (print sinks). */
  print(line: string, stream: "stdout" | "stderr"): void;
  /** Writes what is held back, so that what the program prints after a job comes after the job's output. */
  flush?(): void;
}
