/**
 * A TaskManager in this process: its ports, its blob cache, its task executor.
 *
 * @module
 */

import { JobOptions, SlotOptions } from "../../../runtime/api/config_options.ts";
import { letEventLoopRun } from "../../../runtime/seams/system/event_loop_turn.ts";
import { launch } from "../../../runtime/seams/system/launch.ts";
import { nodeWorkerHost } from "../../../runtime/seams/system/node_worker_host.ts";
import { SharedParker } from "../../../runtime/seams/system/parker.ts";
import { systemSeams } from "../../../runtime/seams/system/system_seams.ts";
import { webWorkerHost } from "../../../runtime/seams/system/web_worker_host.ts";
import type { ClusterConfiguration } from "../../config/cluster_configuration.ts";
import { ProcessOptions, RpcOptions, TaskManagerOptions } from "../../config/cluster_options.ts";
import type { TaskManagerMemory } from "../../config/memory_plan.ts";
import { MIB } from "../../config/options/units.ts";
import { serveHealth } from "../../process/health_server.ts";
import { parsePorts } from "../../process/port_range.ts";
import { ProcessMetrics } from "../../process/process_metrics.ts";
import type { RoleProcess } from "../../process/role_process.ts";
import type { MetricSample } from "../../process/prometheus_text.ts";
import { TaskExecutor } from "../../taskmanager/task_executor.ts";
import { DEFAULT_LIMITS, type TaskManagerLimits } from "../../taskmanager/task_manager_options.ts";
import { jobManagerAddress, slotHeapMb } from "../taskmanager_command.ts";
import { taskManagerBlobs } from "./role_blobs.ts";
import { serveInspection } from "./role_inspection.ts";
import { checkPorts, dialHost, reachableHost, roleNetwork, roleSecurity } from "./role_network.ts";
import { WORKER_VARIABLE } from "./role_provider.ts";
import { roleProcess, type RoleStart, startedOrNothing, takeWorkDirectory, tellReady } from "./role_start.ts";

/** How long a killed slot has to end by itself before its thread is terminated, in ms. */
const STOP_TIMEOUT_MS = 2000;
const READY_POLL_MS = 5;

/** What the command has worked out. */
export interface TaskManagerParts {
  readonly memory: TaskManagerMemory;
  readonly resourceId: string;
  readonly machineBytes: number;
}

/** Starts it; returns when it is registered. */
export async function runTaskManager(start: RoleStart, parts: TaskManagerParts): Promise<void> {
  const process = roleProcess(start);
  await startedOrNothing(process, () => startTaskManager(start, process, parts));
}

async function startTaskManager(start: RoleStart, process: RoleProcess, parts: TaskManagerParts): Promise<void> {
  const { configuration, log } = start;
  const { memory, resourceId, machineBytes } = parts;
  const seams = { ...systemSeams(), log };
  const security = await roleSecurity(start, seams);
  const bindHost = configuration.get(TaskManagerOptions.BIND_HOST);
  const healthHost = configuration.get(ProcessOptions.HEALTH_BIND_HOST);
  const isSecured = security.token !== undefined || security.tls !== undefined;
  checkPorts(start, [
    { what: "data", host: bindHost, isSecured, key: TaskManagerOptions.BIND_HOST.key },
    { what: "health", host: healthHost, isSecured: false, key: ProcessOptions.HEALTH_BIND_HOST.key },
  ]);
  const isKept = configuration.isSet(TaskManagerOptions.RESOURCE_ID) && Deno.env.get(WORKER_VARIABLE) === undefined;
  const directory = takeWorkDirectory(start, process, resourceId, isKept);
  const network = roleNetwork(start, { seams, process, security, resourceId });
  const host = workerHost(configuration);
  const listener = await network.listen(
    { host: dialHost(bindHost), port: dataPort(configuration) },
    (connection) => executor.onDataConnection(connection),
  );
  const dataAddress = {
    host: configuration.get(TaskManagerOptions.HOST) ?? reachableHost(bindHost),
    port: listener.address.port,
  };
  const jobManager = jobManagerAddress(configuration);
  const jobManagerPeer = { ...jobManager, host: dialHost(jobManager.host) };
  const blobs = taskManagerBlobs(configuration, seams, network.rpc, {
    directory: directory.layout.blobs,
    jobManager: jobManagerPeer,
  });
  process.onStop("blobs", () => blobs.close());
  const executor: TaskExecutor = new TaskExecutor({
    config: {
      resourceId,
      instanceId: crypto.randomUUID(),
      hostname: Deno.hostname(),
      pid: Deno.pid,
      jobManagerAddress: jobManagerPeer,
      dataAddress,
      numberOfSlots: memory.slots,
      slotProfile: {
        heapMb: slotHeapMb(memory, configuration),
        managedMb: Math.floor(memory.managedBytes / memory.slots / MIB),
      },
      hardware: {
        cpuCores: navigator.hardwareConcurrency,
        physicalMemoryBytes: machineBytes,
        heapBytes: memory.mainHeapBytes + memory.slotHeapBytes * memory.slots,
        managedBytes: memory.managedBytes,
        networkBytes: memory.networkBytes,
      },
      workDir: directory.layout.root,
      limits: limits(configuration),
    },
    rpc: network.rpc,
    transport: network.transport,
    host,
    seams,
    blobs,
    doorbells: {
      allocate: (count) => SharedParker.allocate(count),
      at: (memory, index) => new SharedParker(memory, index),
    },
    letEventLoopRun,
    onEnd: ({ exitCode, cause }) => process.end(exitCode, cause),
  });
  process.onStop("slots", async () => {
    await executor.drain("the TaskManager stops");
    await executor.close();
    host.close();
  });
  const own = new ProcessMetrics("taskmanager", { host: Deno.hostname(), tm_id: resourceId }, directory);
  serveInspection(network.rpc, { metrics: () => metrics(executor, own), output: () => executor.status.output });
  const health = serveHealth(
    healthHost,
    parsePorts(configuration.get(ProcessOptions.HEALTH_PORT), ProcessOptions.HEALTH_PORT.key),
    {
      notReady: () =>
        process.isEnding ? "it stops" : executor.isRegistered ? undefined : "it is not registered at a JobManager",
      metrics: () => metrics(executor, own),
    },
  );
  process.onStop("health", () => health.close());
  executor.start();
  while (!executor.isRegistered && !process.isEnding) {
    await new Promise<void>((done) => seams.clock.after(READY_POLL_MS, done));
  }
  if (process.isEnding) return;
  // Threads that wait make the first job start sooner.
  host.prewarm(memory.slots);
  tellReady(start, {
    resourceId,
    slots: memory.slots,
    data: `${dataAddress.host}:${dataAddress.port}`,
    jobmanager: `${jobManager.host}:${jobManager.port}`,
    health: `${health.address.host}:${health.address.port}`,
  });
}

function workerHost(configuration: ClusterConfiguration) {
  const make = configuration.get(SlotOptions.WORKER_HOST) === "web" ? webWorkerHost : nodeWorkerHost;
  return make({ entry: launch().threadEntry("slot"), stopTimeoutMs: STOP_TIMEOUT_MS });
}

function dataPort(configuration: ClusterConfiguration): number {
  return configuration.get(TaskManagerOptions.DATA_BIND_PORT) ?? configuration.get(TaskManagerOptions.DATA_PORT);
}

function limits(configuration: ClusterConfiguration): TaskManagerLimits {
  return {
    ...DEFAULT_LIMITS,
    registrationInitialTimeoutMs: configuration.get(RpcOptions.REGISTRATION_INITIAL_TIMEOUT),
    registrationMaxTimeoutMs: configuration.get(RpcOptions.REGISTRATION_MAX_TIMEOUT),
    registrationRefusedDelayMs: configuration.get(RpcOptions.REGISTRATION_REFUSED_DELAY),
    registrationTimeoutMs: configuration.get(TaskManagerOptions.REGISTRATION_TIMEOUT),
    slotTimeoutMs: configuration.get(TaskManagerOptions.SLOT_TIMEOUT),
    heartbeatIntervalMs: configuration.get(RpcOptions.HEARTBEAT_INTERVAL),
    heartbeatTimeoutMs: configuration.get(RpcOptions.HEARTBEAT_TIMEOUT),
    cancellationTimeoutMs: configuration.get(SlotOptions.CANCELLATION_TIMEOUT),
    stuckWarningMs: configuration.get(SlotOptions.STUCK_WARNING),
    linkTimeoutMs: configuration.get(JobOptions.PARTITION_REQUEST_TIMEOUT),
    maxConnectionBytes: configuration.get(TaskManagerOptions.LINK_BUFFER),
    // Half of what the process has for stopping: closing takes time too.
    drainTimeoutMs: Math.floor(configuration.get(RpcOptions.SHUTDOWN_TIMEOUT) / 2),
  };
}

function metrics(executor: TaskExecutor, own: ProcessMetrics): MetricSample[] {
  const { slots, threads, shuffle, sizes } = executor.status;
  const counters = Object.entries(shuffle).filter((entry): entry is [string, number] => typeof entry[1] === "number");
  return [
    ...own.samples(),
    own.gauge("taskSlotsTotal", slots.length),
    own.gauge("taskSlotsAvailable", slots.filter(({ state }) => state === "FREE").length),
    own.gauge("Status.Slots.Threads", threads.length),
    ...counters.map(([name, value]) => own.counter(`Status.Shuffle.${name}`, value)),
    ...Object.entries(sizes).map(([name, value]) => own.gauge(`Status.Shuffle.${name}`, value)),
  ];
}
