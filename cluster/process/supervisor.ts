/**
 * The small parent of a role's process: starts it with the V8 flags its memory needs, passes signals on, starts it again
 * after a stuck slot, and ends with its code. To whoever started it, parent and child are one process: when the parent
 * is killed the child ends at once, when it is stopped (SIGSTOP) the child stops too, see lifeline.ts.
 *
 * @module
 */

import type { Log } from "../../runtime/seams/log.ts";
import { EXIT_CODES } from "./exit_codes.ts";
import { CHILD_VARIABLE } from "./lifeline.ts";

/** See the module. */
export interface SupervisorOptions {
  readonly role: string;
  /** Program and arguments. */
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly log: Log;
  /** How often in an hour the process is started again after {@link EXIT_CODES.stuckSlot}. */
  readonly maxRestarts: number;
}

/**
 * For glibc: memory of slots that have ended goes back to the system. Left to itself it raises these limits as it goes, and
 * after hundreds of jobs the process keeps twice what it needs.
 */
export const ALLOCATOR_ENVIRONMENT: Readonly<Record<string, string>> = {
  MALLOC_MMAP_THRESHOLD_: "131072",
  MALLOC_TRIM_THRESHOLD_: "131072",
};
const HOUR_MS = 3_600_000;
/** A child that was about to stop when its parent went on is told again. */
const CONTINUE_AFTER_MS = [0, 100, 500, 1000];

/** Runs the process until its end; gives the code to end with. */
export async function supervise(options: SupervisorOptions): Promise<number> {
  const { role, log, maxRestarts } = options;
  const restarts: number[] = [];
  let child: Deno.ChildProcess | undefined;
  let signalled = false;
  const pass = (signal: Deno.Signal) => {
    try {
      child?.kill(signal);
    } catch {
      // It has just ended.
    }
  };
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    Deno.addSignalListener(signal, () => {
      signalled = true;
      pass(signal);
    });
  }
  Deno.addSignalListener("SIGCONT", () => CONTINUE_AFTER_MS.forEach((ms) => setTimeout(() => pass("SIGCONT"), ms)));
  while (true) {
    child = start(options);
    const status = await child.status;
    const code = status.signal === null ? status.code : EXIT_CODES.failed;
    if (status.signal !== null && !signalled) {
      log.log("error", `${role} (pid ${child.pid}) was ended by ${status.signal}`);
    }
    if (code !== EXIT_CODES.stuckSlot || signalled) return code;
    const now = Date.now();
    restarts.push(now);
    while (restarts[0] < now - HOUR_MS) restarts.shift();
    if (restarts.length > maxRestarts) {
      log.log("error", `${role} was started again ${maxRestarts} times in an hour; it stays down`);
      return code;
    }
    log.log("warn", `${role} (pid ${child.pid}) had a stuck slot and is started again`, { restart: restarts.length });
  }
}

/** Its standard input stays open as long as this process lives, and is how the child knows. */
function start({ command: [program, ...args], environment }: SupervisorOptions): Deno.ChildProcess {
  return new Deno.Command(program, {
    args,
    env: { ...ALLOCATOR_ENVIRONMENT, ...environment, [CHILD_VARIABLE]: String(Deno.pid) },
    stdin: "piped",
    stdout: "inherit",
    stderr: "inherit",
    // In a group of its own, lest a Ctrl-C of the terminal reaches it beside the one its parent passes on.
    detached: true,
  }).spawn();
}
