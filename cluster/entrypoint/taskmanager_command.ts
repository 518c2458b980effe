/**
 * `tsflink taskmanager`: puts a TaskManager together and runs it until it is stopped. The command keeps a small parent
 * that restarts the process after a stuck slot.
 *
 * @module
 */

import { JobOptions, SlotOptions } from "../../runtime/api/config_options.ts";
import { FlinkError } from "../../runtime/errors.ts";
import type { Address } from "../../runtime/seams/transport.ts";
import type { ClusterConfiguration } from "../config/cluster_configuration.ts";
import { JobManagerOptions, TaskManagerOptions } from "../config/cluster_options.ts";
import { type TaskManagerMemory, taskManagerMemory } from "../config/memory_plan.ts";
import { MIB } from "../config/options/units.ts";
import { machineMemory } from "../process/machine_memory.ts";
import { inOwnProcess, logMemory, type RoleFlags, startRole } from "./roles/role_start.ts";

/** Options of the command line. */
export interface TaskManagerFlags extends RoleFlags {
  /** taskmanager.host and taskmanager.bind-host. */
  readonly host?: string;
  /** taskmanager.data.port. */
  readonly port?: number;
  /** host:port of the JobManager. */
  readonly jobmanager?: string;
  readonly slots?: number;
  readonly resourceId?: string;
}

/** The id that the parent has chosen, the same in every start of its process. */
const RESOURCE_ID_VARIABLE = "TSFLINK_CHILD_RESOURCE_ID";

/** Runs the TaskManager to its end; gives the exit code. Never returns in the process that does the work. */
export async function taskManagerCommand(flags: TaskManagerFlags): Promise<number> {
  const start = await startRole("taskmanager", flags, [
    { flag: "--host", key: TaskManagerOptions.HOST.key, value: flags.host },
    { flag: "--host", key: TaskManagerOptions.BIND_HOST.key, value: flags.host },
    { flag: "--port", key: TaskManagerOptions.DATA_PORT.key, value: flags.port },
    { flag: "--slots", key: JobOptions.TASK_SLOTS.key, value: flags.slots },
    { flag: "--resource-id", key: TaskManagerOptions.RESOURCE_ID.key, value: flags.resourceId },
    ...jobManagerFlags(flags.jobmanager),
  ]);
  const { configuration } = start;
  const machine = machineMemory();
  const memory = taskManagerMemory(configuration, machine);
  const resourceId = configuration.get(TaskManagerOptions.RESOURCE_ID) ?? Deno.env.get(RESOURCE_ID_VARIABLE) ??
    newResourceId();
  const exitCode = await inOwnProcess(start, {
    mainHeapBytes: memory.mainHeapBytes,
    processBytes: memory.processBytes,
    isChosen: true,
    maxRestarts: configuration.get(TaskManagerOptions.RESTARTS),
    environment: { [RESOURCE_ID_VARIABLE]: resourceId },
  });
  if (exitCode !== undefined) return exitCode;
  logMemory(start, memory.rows);
  const { runTaskManager } = await import("./roles/task_manager_role.ts");
  await runTaskManager(start, { memory, resourceId, machineBytes: machine.bytes });
  // The process lives until it is ended by a signal, its parent or itself.
  return await new Promise<number>(() => {});
}

/** Numbers of a TaskManager that its configuration chooses. */
export function slotHeapMb(memory: TaskManagerMemory, configuration: ClusterConfiguration): number {
  const chosen = configuration.isSet(SlotOptions.HEAP) ? configuration.get(SlotOptions.HEAP) : memory.slotHeapBytes;
  return Math.floor(chosen / MIB);
}

/** Where the JobManager is. */
export function jobManagerAddress(configuration: ClusterConfiguration): Address {
  return {
    host: configuration.get(JobManagerOptions.RPC_ADDRESS),
    port: configuration.get(JobManagerOptions.RPC_PORT),
  };
}

function jobManagerFlags(text: string | undefined): { flag: string; key: string; value: unknown }[] {
  if (text === undefined) return [];
  const match = /^(?:\[(.+)\]|([^:]+)):(\d{1,5})$/.exec(text);
  if (match === null) {
    throw new FlinkError("TSF-4108", "--jobmanager cannot be used", {
      expected: `host:port, such as localhost:${JobManagerOptions.RPC_PORT.defaultValue}`,
      found: JSON.stringify(text),
      hint: "It is the port for TaskManagers (jobmanager.rpc.port), not that of REST.",
    });
  }
  return [
    { flag: "--jobmanager", key: JobManagerOptions.RPC_ADDRESS.key, value: match[1] ?? match[2] },
    { flag: "--jobmanager", key: JobManagerOptions.RPC_PORT.key, value: Number(match[3]) },
  ];
}

function newResourceId(): string {
  const [random] = crypto.getRandomValues(new Uint32Array(1));
  return `${Deno.hostname()}-${random.toString(16).padStart(8, "0")}`;
}
