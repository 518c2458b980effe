/**
 * `tsflink jobmanager`: puts a JobManager together and runs it until it is stopped, or until its application has ended.
 *
 * @module
 */

import { getHeapStatistics } from "node:v8";
import { JobManagerOptions, MemoryOptions, RestOptions } from "../config/cluster_options.ts";
import { jobManagerMemory } from "../config/memory_plan.ts";
import { machineMemory } from "../process/machine_memory.ts";
import { inOwnProcess, logMemory, type RoleFlags, startRole } from "./roles/role_start.ts";

/** Options of the command line. */
export interface JobManagerFlags extends RoleFlags {
  /** Addresses of RPC and REST: where it listens and is reached. */
  readonly host?: string;
  /** jobmanager.rpc.port. */
  readonly port?: number;
  readonly restPort?: number;
  /** Application mode: the module that is run here. */
  readonly job?: string;
  readonly jobArgs?: readonly string[];
}

/** Runs the JobManager to its end; gives the exit code. Never returns in the process that does the work. */
export async function jobManagerCommand(flags: JobManagerFlags): Promise<number> {
  const start = await startRole("jobmanager", flags, [
    { flag: "--host", key: JobManagerOptions.RPC_ADDRESS.key, value: flags.host },
    { flag: "--host", key: JobManagerOptions.BIND_HOST.key, value: flags.host },
    { flag: "--host", key: RestOptions.BIND_ADDRESS.key, value: flags.host },
    { flag: "--port", key: JobManagerOptions.RPC_PORT.key, value: flags.port },
    { flag: "--rest-port", key: RestOptions.PORT.key, value: flags.restPort },
  ]);
  const { configuration } = start;
  const memory = jobManagerMemory(configuration, machineMemory(), getHeapStatistics().heap_size_limit);
  const exitCode = await inOwnProcess(start, {
    mainHeapBytes: memory.mainHeapBytes,
    processBytes: memory.processBytes,
    isChosen: configuration.isSet(MemoryOptions.JOB_MANAGER_PROCESS) ||
      configuration.isSet(MemoryOptions.JOB_MANAGER_HEAP),
  });
  if (exitCode !== undefined) return exitCode;
  logMemory(start, memory.rows);
  const { runJobManager } = await import("./roles/job_manager_role.ts");
  await runJobManager(start, { memory, job: flags.job, jobArgs: flags.jobArgs ?? [] });
  // The process lives until it is ended by a signal or itself.
  return await new Promise<number>(() => {});
}
