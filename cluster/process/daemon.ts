/**
 * Processes of this program that go on without whoever started them: output in files, found again by their pid file.
 *
 * @module
 */

import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import process from "node:process";

/** One such process and its files. */
export interface Daemon {
  /** As "jobmanager" or "taskmanager-2". */
  readonly name: string;
  /** Holds the pid and nothing else. */
  readonly pidFile: string;
  /** The process writes it when it is ready; its path is in the command line, by which the process is known. */
  readonly readyFile: string;
  readonly logFile: string;
  readonly outFile: string;
}

/** How a process is started. */
export interface DaemonStart {
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** How many older log and output files are kept. */
  readonly keptLogs: number;
}

const POLL_MS = 20;

/** Starts the process; gives its pid and how it ended, should it end while somebody waits. */
export function startDaemon(daemon: Daemon, start: DaemonStart): { pid: number; exit: () => number | undefined } {
  rotate(daemon.logFile, start.keptLogs);
  rotate(daemon.outFile, start.keptLogs);
  remove(daemon.readyFile);
  const out = openSync(daemon.outFile, "a", 0o600);
  const log = openSync(daemon.logFile, "a", 0o600);
  const [program, ...args] = start.command;
  const env = { ...Deno.env.toObject(), ...start.environment };
  const child = spawn(program, args, { detached: true, stdio: ["ignore", out, log], env });
  closeSync(out);
  closeSync(log);
  let code: number | undefined;
  child.on("exit", (exitCode, signal) => code = exitCode ?? (signal === null ? 1 : 128));
  child.on("error", () => code = 1);
  child.unref();
  const { pid } = child;
  if (pid === undefined) return { pid: 0, exit: () => code ?? 1 };
  Deno.writeTextFileSync(daemon.pidFile, `${pid}\n`, { mode: 0o600 });
  return { pid, exit: () => code };
}

/** The pid of the process when it still runs. */
export function runningPid({ pidFile, readyFile }: Daemon): number | undefined {
  const pid = Number(readText(pidFile)?.trim() ?? Number.NaN);
  if (!Number.isInteger(pid) || pid <= 0 || !isAlive(pid)) return undefined;
  // The pid may have been given to another process since.
  const commandLine = Deno.build.os === "linux" ? readText(`/proc/${pid}/cmdline`) : undefined;
  return commandLine === undefined || commandLine.includes(readyFile) ? pid : undefined;
}

/** What the process has said when it was ready; undefined before. */
export function readyFacts({ readyFile }: Daemon): Readonly<Record<string, unknown>> | undefined {
  try {
    return JSON.parse(readText(readyFile) ?? "");
  } catch {
    return undefined;
  }
}

/** Waits until `isDone` gives something, at most so long. */
export async function waitFor<T>(isDone: () => T | undefined, limitMs: number): Promise<T | undefined> {
  const end = performance.now() + limitMs;
  while (true) {
    const result = isDone();
    if (result !== undefined || performance.now() > end) return result;
    await new Promise((done) => setTimeout(done, POLL_MS));
  }
}

/** Asks the process to stop, and ends it when it has not by then. */
export async function stopDaemon(daemon: Daemon, limitMs: number): Promise<"stopped" | "killed" | "not running"> {
  const pid = runningPid(daemon);
  let outcome: "stopped" | "killed" | "not running" = "not running";
  if (pid !== undefined) {
    signal(pid, "SIGTERM");
    const isGone = () => runningPid(daemon) === undefined ? true : undefined;
    outcome = await waitFor(isGone, limitMs) === undefined ? "killed" : "stopped";
    if (outcome === "killed") {
      // Also when it is stopped (SIGSTOP).
      signal(pid, "SIGKILL");
      await waitFor(isGone, limitMs);
    }
  }
  remove(daemon.pidFile);
  remove(daemon.readyFile);
  return outcome;
}

/** The last lines of a file. */
export function tail(file: string, lines: number): string {
  return (readText(file) ?? "").trimEnd().split("\n").slice(-lines).join("\n");
}

function isAlive(pid: number): boolean {
  try {
    // Signal 0 is not in Deno's list; node's kill knows it.
    process.kill(pid, 0);
  } catch (error) {
    return (error as { code?: string }).code === "EPERM";
  }
  // Ended, but nobody has asked for its code yet.
  return !/\) Z/.test(readText(`/proc/${pid}/stat`) ?? "");
}

function signal(pid: number, name: Deno.Signal): void {
  try {
    Deno.kill(pid, name);
  } catch {
    // Gone.
  }
}

/** file -> file.1 -> file.2 ... */
function rotate(file: string, kept: number): void {
  remove(`${file}.${kept}`);
  for (let i = kept - 1; i >= 0; i--) {
    try {
      Deno.renameSync(i === 0 ? file : `${file}.${i}`, `${file}.${i + 1}`);
    } catch {
      // There are not that many.
    }
  }
}

function readText(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return undefined;
  }
}

function remove(path: string): void {
  try {
    Deno.removeSync(path);
  } catch {
    // It is not there.
  }
}
