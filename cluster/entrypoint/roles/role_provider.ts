/**
 * Who starts TaskManagers for a JobManager: nobody, or it itself as processes of this machine, which end with it.
 *
 * @module
 */

import { JobOptions } from "../../../runtime/api/config_options.ts";
import { launch } from "../../../runtime/seams/system/launch.ts";
import type { Seams } from "../../../runtime/seams/seams.ts";
import type { Address } from "../../../runtime/seams/transport.ts";
import {
  JobManagerOptions,
  ResourceManagerOptions,
  RpcOptions,
  TaskManagerOptions,
} from "../../config/cluster_options.ts";
import { taskManagerMemory } from "../../config/memory_plan.ts";
import { MIB } from "../../config/options/units.ts";
import type { ResourceProvider } from "../../platforms/platform.ts";
import { ProcessProvider } from "../../platforms/process/process_provider.ts";
import { SystemProcesses } from "../../platforms/process/system_processes.ts";
import { StandaloneProvider } from "../../platforms/standalone.ts";
import { CHILD_VARIABLE } from "../../process/lifeline.ts";
import { ALLOCATOR_ENVIRONMENT } from "../../process/supervisor.ts";
import { machineMemory } from "../../process/machine_memory.ts";
import type { RoleStart } from "./role_start.ts";

/** Says that the id of a TaskManager was chosen by a provider: none comes after it under the same. */
export const WORKER_VARIABLE = "TSFLINK_CHILD_WORKER";
/** Longer than the process itself waits, in ms. */
const STOP_GRACE_MS = 2000;
/** TaskManager processes of one machine. */
const MAX_WORKERS = 100;

/** What the provider needs of the process it is in. */
export interface ProviderSurroundings {
  readonly seams: Seams;
  /** Names this start of the JobManager. */
  readonly prefix: string;
  /** Where TaskManagers find the JobManager; asked for when one is started. */
  readonly jobManager: () => Address;
  readonly logDirectory: string;
}

/** The provider of the configuration. */
export function resourceProvider(start: RoleStart, surroundings: ProviderSurroundings): ResourceProvider {
  const { configuration } = start;
  if (configuration.get(ResourceManagerOptions.PROVIDER) === "standalone") return new StandaloneProvider();
  const { seams, prefix, jobManager, logDirectory } = surroundings;
  const memory = taskManagerMemory(configuration, machineMemory());
  const v8Flags = [`--max-old-space-size=${Math.floor(memory.mainHeapBytes / MIB)}`];
  const self = launch();
  return new ProcessProvider({
    clock: seams.clock,
    processes: new SystemProcesses({
      command: (
        resourceId,
      ) => [...self.selfCommand({ v8Flags }), "taskmanager", ...workerArguments(start, jobManager(), resourceId)],
      // The JobManager is its parent: it ends with it, and is replaced by it after a stuck slot.
      environment: {
        ...ALLOCATOR_ENVIRONMENT,
        ...self.selfEnvironment({ v8Flags }),
        [CHILD_VARIABLE]: String(Deno.pid),
        [WORKER_VARIABLE]: "1",
      },
      logDirectory,
    }),
    workerSpec: {
      slots: configuration.get(JobOptions.TASK_SLOTS),
      slotProfile: {
        heapMb: Math.floor(memory.slotHeapBytes / MIB),
        managedMb: Math.floor(memory.managedBytes / memory.slots / MIB),
      },
    },
    prefix,
    stopTimeoutMs: configuration.get(RpcOptions.SHUTDOWN_TIMEOUT) + STOP_GRACE_MS,
    maxWorkers: MAX_WORKERS,
  });
}

/** What the JobManager was started with, and where it is. */
function workerArguments({ flags }: RoleStart, { host, port }: Address, resourceId: string): string[] {
  const own: Readonly<Record<string, string | number>> = {
    [JobManagerOptions.RPC_ADDRESS.key]: host,
    [JobManagerOptions.RPC_PORT.key]: port,
    // Several share the machine: ports of their own.
    [TaskManagerOptions.DATA_PORT.key]: 0,
  };
  return [
    ...(flags.configDir === undefined ? [] : ["--config-dir", flags.configDir]),
    ...(flags.insecure ? ["--insecure"] : []),
    ...Object.entries({ ...flags.define, ...own }).flatMap(([key, value]) => ["-D", `${key}=${value}`]),
    "--resource-id",
    resourceId,
  ];
}
