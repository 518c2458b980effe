/**
 * The processes of a {@link ProcessProvider} on this machine. Standard input is a pipe that this process holds: a child
 * that is told so (cluster/process/lifeline.ts) ends when it breaks. Output goes to one file per worker.
 *
 * @module
 */

import { spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import process from "node:process";
import type { WorkerProcess, WorkerProcesses } from "./process_provider.ts";

/** See the module. */
export interface SystemProcessesOptions {
  /** Program and arguments of the TaskManager of this resource id. */
  readonly command: (resourceId: string) => readonly string[];
  /** Beside what this process has; to bind the child to this one: TSFLINK_CHILD_OF. */
  readonly environment: Readonly<Record<string, string>>;
  /** `<resourceId>.log` is written there; it exists. */
  readonly logDirectory: string;
}

const LAST_WORDS_LINES = 5;

/** See the module. */
export class SystemProcesses implements WorkerProcesses {
  readonly #options: SystemProcessesOptions;

  constructor(options: SystemProcessesOptions) {
    this.#options = options;
  }

  spawn(resourceId: string): WorkerProcess {
    const { command, environment, logDirectory } = this.#options;
    const logFile = `${logDirectory}/${resourceId}.log`;
    const [program, ...args] = command(resourceId);
    const output = openSync(logFile, "a", 0o600);
    try {
      const child = spawn(program, args, {
        // In a group of its own: a Ctrl-C of the terminal is for this process, which stops it.
        detached: true,
        stdio: ["pipe", output, output],
        env: { ...process.env, ...environment },
      });
      const ended = new Promise<string>((resolve) => {
        child.on("error", (error) => resolve(error.message));
        child.on("exit", (code, signal) => resolve(withLastWords(signal ?? `exit code ${code}`, logFile)));
      });
      child.stdin?.on("error", () => {});
      return { pid: child.pid ?? 0, ended, signal: (name) => void child.kill(name) };
    } finally {
      closeSync(output);
    }
  }
}

function withLastWords(how: string, logFile: string): string {
  if (how === "exit code 0") return how;
  try {
    const all = readFileSync(logFile, "utf8").trimEnd().split("\n");
    // What the last error says, without where in the program it was thrown.
    const lines = all.filter((line) => !/^\s+at /.test(line)).slice(-LAST_WORDS_LINES);
    return `${how}; ${logFile} ends with:\n${lines.map((line) => `    ${line}`).join("\n")}`;
  } catch {
    return how;
  }
}
