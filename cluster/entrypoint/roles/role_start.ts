/**
 * What every role does first: reads its configuration, divides its memory, hands over to a process of its own where V8
 * needs other flags or a parent is wanted, takes its work directory.
 *
 * @module
 */

import { getHeapStatistics } from "node:v8";
import { FlinkError } from "../../../runtime/errors.ts";
import type { Log, LogLevel } from "../../../runtime/seams/log.ts";
import { launch } from "../../../runtime/seams/system/launch.ts";
import { SystemLocalFiles } from "../../../runtime/seams/system/local_files.ts";
import { SystemLog } from "../../../runtime/seams/system/log.ts";
import type { ClusterConfiguration } from "../../config/cluster_configuration.ts";
import { ProcessOptions, RpcOptions } from "../../config/cluster_options.ts";
import { type ConfigurationSources, loadConfiguration } from "../../config/load_configuration.ts";
import { type MemoryRow, memoryTable } from "../../config/memory_plan.ts";
import { MIB } from "../../config/options/units.ts";
import { EXIT_CODES } from "../../process/exit_codes.ts";
import { supervisorPid, watchParent } from "../../process/lifeline.ts";
import { RoleProcess } from "../../process/role_process.ts";
import { supervise } from "../../process/supervisor.ts";
import { WorkDirectory } from "../../process/work_directory.ts";

/** The role of a process. */
export type Role = "jobmanager" | "taskmanager";

/** Options of the command line that every role has. */
export interface RoleFlags {
  readonly configDir?: string;
  readonly define?: Readonly<Record<string, string>>;
  readonly insecure?: boolean;
  /** One JSON line on stdout when the role is ready. */
  readonly json?: boolean;
  /** A file for the same line; `tsflink cluster start` waits for it. */
  readonly readyFile?: string;
}

/** A configured role, before anything of it runs. */
export interface RoleStart {
  readonly role: Role;
  readonly flags: RoleFlags;
  readonly configuration: ClusterConfiguration;
  readonly log: Log;
}

/** Reads the configuration of a role and says what is odd about it. */
export async function startRole(
  role: Role,
  flags: RoleFlags,
  ownFlags: ConfigurationSources["flags"] = [],
): Promise<RoleStart> {
  const { configuration, file, unknownVariables } = await loadConfiguration({
    files: new SystemLocalFiles(),
    environment: Deno.env.toObject(),
    configDir: flags.configDir,
    define: flags.define,
    flags: [...ownFlags, { flag: "--insecure", key: "security.insecure", value: flags.insecure }],
  });
  const level = configuration.get(ProcessOptions.LOG_LEVEL).toLowerCase() as LogLevel;
  const log = new SystemLog({ level });
  if (supervisorPid() === undefined) {
    if (file !== undefined) log.log("info", `configuration from ${file}`);
    const ignored = configuration.ignored.map(({ key }) => key);
    if (ignored.length > 0) log.log("warn", `options of Flink that mean nothing here: ${ignored.join(", ")}`);
    if (unknownVariables.length > 0) {
      log.log("warn", `variables that name no option: ${unknownVariables.join(", ")}`);
    }
  }
  return { role, flags, configuration, log };
}

/** The table that is printed at start. */
export function logMemory({ log, role }: RoleStart, rows: readonly MemoryRow[]): void {
  log.log("info", [`memory of the ${role}:`, ...memoryTable(rows).map((line) => `  ${line}`)].join("\n"));
}

/** How the process of a role wants to run. */
export interface OwnProcess {
  readonly mainHeapBytes: number;
  readonly processBytes: number;
  /** Whether somebody has chosen these figures. */
  readonly isChosen: boolean;
  /** Restarts after a stuck slot; undefined: a parent only where V8 needs other flags. */
  readonly maxRestarts?: number;
  /** Passed on to the process, the same in every start. */
  readonly environment?: Readonly<Record<string, string>>;
}

/**
 * Runs the role in a process of its own where that is needed.
 *
 * @returns The exit code of that process; undefined when this one is to be it.
 */
export async function inOwnProcess(start: RoleStart, own: OwnProcess): Promise<number | undefined> {
  if (supervisorPid() !== undefined) return undefined;
  const limit = getHeapStatistics().heap_size_limit;
  const isHeapTooSmall = own.isChosen && limit < own.mainHeapBytes;
  // V8 would take more than the process has, and the system would end it.
  const isHeapTooLarge = limit > own.processBytes;
  if (own.maxRestarts === undefined && !isHeapTooSmall && !isHeapTooLarge) return undefined;
  const v8Flags = [`--max-old-space-size=${Math.floor(own.mainHeapBytes / MIB)}`];
  const self = launch();
  return await supervise({
    role: start.role,
    command: [...self.selfCommand({ v8Flags }), ...Deno.args],
    environment: { ...self.selfEnvironment({ v8Flags }), ...own.environment },
    log: start.log,
    maxRestarts: own.maxRestarts ?? 0,
  });
}

/** The life of this process: signals, its parent, errors nobody caught. */
export function roleProcess({ role, log, configuration }: RoleStart): RoleProcess {
  const process = new RoleProcess({ role, log, shutdownTimeoutMs: configuration.get(RpcOptions.SHUTDOWN_TIMEOUT) });
  const parent = supervisorPid();
  // Killed, and with it whatever it was to look after: nobody waits for an orderly end.
  if (parent !== undefined) watchParent(parent, () => Deno.exit(EXIT_CODES.failed));
  for (const type of ["error", "unhandledrejection"] as const) {
    globalThis.addEventListener(type, (event) => {
      event.preventDefault();
      const error = event instanceof ErrorEvent ? event.error : (event as PromiseRejectionEvent).reason;
      log.log("error", `nobody has caught an error of the ${role}: ${error?.stack ?? error}`);
      process.end(EXIT_CODES.failed, "an error nobody has caught");
    });
  }
  return process;
}

/** Starts a role in this process; what has been started when that fails is stopped again. */
export async function startedOrNothing(process: RoleProcess, begin: () => Promise<void>): Promise<void> {
  try {
    await begin();
  } catch (error) {
    await process.abandon();
    throw error;
  }
}

/** Takes the work directory of the role; it is let go at the end. */
export function takeWorkDirectory(
  { role, configuration }: RoleStart,
  process: RoleProcess,
  resourceId: string,
  isKept: boolean,
): WorkDirectory {
  const directory = WorkDirectory.take(workBase(configuration, role), { role, resourceId, isKept });
  process.onStop("the work directory", () => directory.release());
  return directory;
}

/** The folder of the work directories of a role. */
export function workBase(configuration: ClusterConfiguration, role: Role): string {
  const own = role === "jobmanager" ? ProcessOptions.JOB_MANAGER_WORKING_DIR : ProcessOptions.TASK_MANAGER_WORKING_DIR;
  const base = configuration.get(own) ?? configuration.get(ProcessOptions.WORKING_DIR);
  if (base !== undefined) return base;
  const tmp = configuration.get(ProcessOptions.TMP_DIRS) ?? Deno.env.get("TMPDIR") ?? "/tmp";
  return `${tmp.replace(/\/+$/, "")}/tsflink-${Deno.uid() ?? "user"}`;
}

/** Says that the role is ready, in the forms that were asked for. */
export function tellReady({ role, flags, log }: RoleStart, facts: Readonly<Record<string, unknown>>): void {
  const startedMs = Math.round(performance.now());
  const line = JSON.stringify({ event: "ready", role, pid: Deno.pid, ...facts, startedMs });
  const shown = Object.entries(facts).map(([name, value]) => `${name} ${value}`).join(", ");
  log.log("info", `${role} is ready after ${startedMs} ms: ${shown}`);
  if (flags.json) log.print(line, "stdout");
  if (flags.readyFile !== undefined) {
    const temporary = `${flags.readyFile}.${Deno.pid}`;
    Deno.writeTextFileSync(temporary, `${line}\n`);
    Deno.renameSync(temporary, flags.readyFile);
  }
}

/** "Bind host:port" of an address that cannot be used, with what to do. */
export function portInUse(error: unknown, what: string, host: string, port: number, key: string): FlinkError {
  return new FlinkError("TSF-4114", `The port of ${what} cannot be opened`, {
    expected: `${host}:${port} to be free`,
    found: error instanceof Error ? error.message : String(error),
    hint: `${key} chooses another one; 0 takes any free one.`,
  });
}
