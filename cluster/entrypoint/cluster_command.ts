/**
 * `tsflink cluster start | stop | status`: a JobManager and TaskManagers of this machine as processes of their own, with
 * pid and log files.
 *
 * @module
 */

import { FlinkError } from "../../runtime/errors.ts";
import { launch } from "../../runtime/seams/system/launch.ts";
import { SystemLocalFiles } from "../../runtime/seams/system/local_files.ts";
import type { ClusterConfiguration } from "../config/cluster_configuration.ts";
import { JobManagerOptions, MemoryOptions, ProcessOptions, RpcOptions } from "../config/cluster_options.ts";
import { loadConfiguration } from "../config/load_configuration.ts";
import { DEFAULT_SHARE } from "../config/memory_plan.ts";
import { type Daemon, readyFacts, runningPid, startDaemon, stopDaemon, tail, waitFor } from "../process/daemon.ts";
import { machineMemory } from "../process/machine_memory.ts";
import { workBase } from "./roles/role_start.ts";

/** Options of the command line. */
export interface ClusterCommandOptions {
  readonly configDir?: string;
  readonly define?: Readonly<Record<string, string>>;
  readonly insecure?: boolean;
  readonly taskmanagers?: number;
}

/** A process of the cluster as it is now. */
export interface ClusterProcess {
  readonly name: string;
  readonly state: "ready" | "starting" | "not running";
  readonly pid?: number;
  readonly log: string;
  /** What it has said when it was ready. */
  readonly facts?: Readonly<Record<string, unknown>>;
}

/** How long a process has to become ready. */
const READY_LIMIT_MS = 60_000;
/** What is shown of the log of one that does not. */
const SHOWN_LINES = 20;
/** A signal more than the process itself waits, in ms. */
const STOP_GRACE_MS = 2000;

/**
 * Starts the processes; returns when all are ready, the TaskManagers registered.
 *
 * @throws FlinkError TSF-4120 when a cluster runs already, TSF-4121 when a process does not become ready; what was
 * started is stopped again.
 */
export async function startCluster(options: ClusterCommandOptions): Promise<ClusterProcess[]> {
  const configuration = await configurationOf(options);
  const running = clusterDaemons(configuration).filter((daemon) => runningPid(daemon) !== undefined);
  if (running.length > 0) throw runsAlready(running, configuration);
  const count = options.taskmanagers ?? 1;
  const jobManager = daemonOf(configuration, "jobmanager");
  const started: Daemon[] = [];
  try {
    started.push(jobManager);
    const [facts] = await startAll([jobManager], "jobmanager", [], options, configuration);
    const args = ["--jobmanager", String(facts.rpc), ...sharedMemory(configuration, count)];
    const taskManagers = Array.from({ length: count }, (_, i) => daemonOf(configuration, `taskmanager-${i + 1}`));
    started.push(...taskManagers);
    await startAll(taskManagers, "taskmanager", args, options, configuration);
  } catch (error) {
    await stopAll(started, configuration);
    throw error;
  }
  return started.map(stateOf);
}

/** Stops what runs: TaskManagers first, so that the JobManager sees them go. */
export async function stopCluster(options: ClusterCommandOptions): Promise<{ name: string; outcome: string }[]> {
  const configuration = await configurationOf(options);
  return await stopAll(clusterDaemons(configuration), configuration);
}

/** The processes that have pid files. */
export async function clusterStatus(options: ClusterCommandOptions): Promise<ClusterProcess[]> {
  return clusterDaemons(await configurationOf(options)).map(stateOf);
}

async function configurationOf(options: ClusterCommandOptions): Promise<ClusterConfiguration> {
  const { configuration } = await loadConfiguration({
    files: new SystemLocalFiles(),
    environment: Deno.env.toObject(),
    configDir: options.configDir,
    define: options.define,
  });
  return configuration;
}

/** TaskManagers of one machine share what each would take for itself. */
function sharedMemory(configuration: ClusterConfiguration, taskManagers: number): string[] {
  if (taskManagers < 2 || configuration.isSet(MemoryOptions.TASK_MANAGER_PROCESS)) return [];
  const bytes = Math.floor(machineMemory().bytes * DEFAULT_SHARE / taskManagers);
  return ["-D", `${MemoryOptions.TASK_MANAGER_PROCESS.key}=${bytes}`];
}

async function startAll(
  daemons: readonly Daemon[],
  role: string,
  args: readonly string[],
  options: ClusterCommandOptions,
  configuration: ClusterConfiguration,
): Promise<Readonly<Record<string, unknown>>[]> {
  const self = launch();
  const common = [
    ...(options.configDir === undefined ? [] : ["--config-dir", options.configDir]),
    ...Object.entries(options.define ?? {}).flatMap(([key, value]) => ["-D", `${key}=${value}`]),
    ...(options.insecure ? ["--insecure"] : []),
  ];
  const starts = daemons.map((daemon) => ({
    daemon,
    ...startDaemon(daemon, {
      command: [...self.selfCommand(), role, ...common, ...args, "--ready-file", daemon.readyFile],
      environment: { ...self.selfEnvironment(), TSFLINK_CHILD_LOG: daemon.logFile, TSFLINK_CHILD_OUT: daemon.outFile },
      keptLogs: configuration.get(ProcessOptions.LOG_MAX),
    }),
  }));
  return await Promise.all(starts.map(async ({ daemon, exit }) => {
    const ended = () => exit() === undefined ? undefined : { exit: exit()! };
    const outcome = await waitFor(() => readyFacts(daemon) ?? ended(), READY_LIMIT_MS);
    if (outcome !== undefined && !("exit" in outcome)) return outcome;
    throw notReady(daemon, outcome?.exit as number | undefined);
  }));
}

async function stopAll(
  daemons: readonly Daemon[],
  configuration: ClusterConfiguration,
): Promise<{ name: string; outcome: string }[]> {
  const limitMs = configuration.get(RpcOptions.SHUTDOWN_TIMEOUT) + STOP_GRACE_MS;
  const stop = (chosen: readonly Daemon[]) =>
    Promise.all(chosen.map(async (daemon) => ({ name: daemon.name, outcome: await stopDaemon(daemon, limitMs) })));
  const taskManagers = await stop(daemons.filter(({ name }) => name !== "jobmanager"));
  return [...taskManagers, ...await stop(daemons.filter(({ name }) => name === "jobmanager"))];
}

function stateOf(daemon: Daemon): ClusterProcess {
  const pid = runningPid(daemon);
  const facts = pid === undefined ? undefined : readyFacts(daemon);
  const state = pid === undefined ? "not running" : facts === undefined ? "starting" : "ready";
  return { name: daemon.name, state, pid, log: daemon.logFile, facts };
}

/** Names in the pid folder begin with this. */
function prefix(): string {
  return `tsflink-${Deno.env.get("USER") ?? Deno.uid() ?? "user"}-`;
}

function daemonOf(configuration: ClusterConfiguration, name: string): Daemon {
  const pids = configuration.get(ProcessOptions.PID_DIR);
  const logs = configuration.get(ProcessOptions.LOG_DIR) ?? `${workBase(configuration, "jobmanager")}/logs`;
  for (const folder of [pids, logs]) Deno.mkdirSync(folder, { recursive: true });
  const base = `${prefix()}${name}`;
  return {
    name,
    pidFile: `${pids}/${base}.pid`,
    readyFile: `${pids}/${base}.ready`,
    logFile: `${logs}/${base}.log`,
    outFile: `${logs}/${base}.out`,
  };
}

/** Those with a pid file, the JobManager first. */
function clusterDaemons(configuration: ClusterConfiguration): Daemon[] {
  const pids = configuration.get(ProcessOptions.PID_DIR);
  const names: string[] = [];
  try {
    for (const { name } of Deno.readDirSync(pids)) {
      if (name.startsWith(prefix()) && name.endsWith(".pid")) names.push(name.slice(prefix().length, -".pid".length));
    }
  } catch {
    // No folder, no cluster.
  }
  const known = names.filter((name) => name === "jobmanager" || /^taskmanager-\d+$/.test(name));
  return known.sort((a, b) => a.localeCompare(b, "en", { numeric: true })).map((name) => daemonOf(configuration, name));
}

function runsAlready(running: readonly Daemon[], configuration: ClusterConfiguration): FlinkError {
  return new FlinkError("TSF-4120", "A cluster runs already", {
    expected: `no process of a cluster in ${configuration.get(ProcessOptions.PID_DIR)}`,
    found: running.map((daemon) => `${daemon.name} (pid ${runningPid(daemon)})`).join(", "),
    hint: `\`tsflink cluster stop\` stops it; a second one needs its own ${ProcessOptions.PID_DIR.key} and ports, ` +
      `such as ${JobManagerOptions.RPC_PORT.key}.`,
  });
}

function notReady(daemon: Daemon, exit: number | undefined): FlinkError {
  const what = exit === undefined ? `was not ready after ${READY_LIMIT_MS / 1000} s` : `ended with code ${exit}`;
  return new FlinkError("TSF-4121", `The ${daemon.name} ${what}`, {
    expected: "a process that becomes ready",
    found: tail(daemon.logFile, SHOWN_LINES) || "nothing in its log",
    hint: `The whole log is ${daemon.logFile}`,
  });
}

/** A line per process. */
export function describeCluster(processes: readonly ClusterProcess[]): string {
  const lines = processes.map(({ name, state, pid, facts, log }) => {
    const { rest, rpc, health } = facts ?? {};
    const where = [
      ...(rest === undefined ? [] : [`REST ${rest}`]),
      ...(rpc === undefined ? [] : [`RPC ${rpc}`]),
      ...(health === undefined ? [] : [`health ${health}`]),
    ];
    return [name.padEnd(14), state, pid === undefined ? "" : `pid ${pid}`, ...where, `log ${log}`].filter((part) =>
      part !== ""
    ).join("  ");
  });
  return lines.join("\n");
}
