/**
 * The application of a JobManager that was started with --job: its main() runs as a client in a process of its own beside
 * the JobManager, so that one that spins or exits takes nothing with it. It ends with the JobManager, and the JobManager
 * with it.
 *
 * @module
 */

import { CHILD_VARIABLE } from "./lifeline.ts";

/** A client that runs. */
export interface Application {
  /** The exit code of the client; never rejects. */
  readonly ended: Promise<number>;
  /** Ends it at once: its jobs are the JobManager's. */
  kill(): void;
}

/** Starts `tsflink run` with these arguments. */
export function startApplication(
  command: readonly string[],
  environment: Readonly<Record<string, string>>,
): Application {
  const [program, ...args] = command;
  const child = new Deno.Command(program, {
    args,
    env: { ...environment, [CHILD_VARIABLE]: String(Deno.pid) },
    stdin: "piped",
    stdout: "inherit",
    stderr: "inherit",
    detached: true,
  }).spawn();
  return {
    ended: child.status.then(({ code, signal }) => signal === null ? code : 1),
    kill: () => {
      try {
        child.kill("SIGKILL");
      } catch {
        // It has ended.
      }
    },
  };
}
