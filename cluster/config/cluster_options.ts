/**
 * Every option of a cluster by its key: those of jobs (runtime/api/config_options.ts) and those of processes. One list;
 * docs/configuration.md is made from it.
 *
 * @module
 */

import type { ConfigOption } from "../../runtime/api/config_option.ts";
import { CONFIG_OPTIONS } from "../../runtime/api/config_options.ts";
import { JobManagerOptions, ResourceManagerOptions } from "./options/jobmanager_options.ts";
import { RestOptions, RpcOptions, SecurityOptions } from "./options/network_options.ts";
import { ProcessOptions } from "./options/process_options.ts";
import { MemoryOptions, TaskManagerOptions } from "./options/taskmanager_options.ts";

export {
  JobManagerOptions,
  MemoryOptions,
  ProcessOptions,
  ResourceManagerOptions,
  RestOptions,
  RpcOptions,
  SecurityOptions,
  TaskManagerOptions,
};

/** Options of processes, by what they are about, in the order of the documentation. */
export const CLUSTER_OPTION_GROUPS: Readonly<Record<string, readonly ConfigOption<unknown>[]>> = {
  "JobManager": Object.values(JobManagerOptions) as ConfigOption<unknown>[],
  "ResourceManager": Object.values(ResourceManagerOptions) as ConfigOption<unknown>[],
  "TaskManager": Object.values(TaskManagerOptions) as ConfigOption<unknown>[],
  "Memory": Object.values(MemoryOptions) as ConfigOption<unknown>[],
  "Heartbeats and calls": Object.values(RpcOptions) as ConfigOption<unknown>[],
  "REST and clients": Object.values(RestOptions) as ConfigOption<unknown>[],
  "Security": Object.values(SecurityOptions) as ConfigOption<unknown>[],
  "Process": Object.values(ProcessOptions) as ConfigOption<unknown>[],
};

/** Every option by its key. */
export const ALL_OPTIONS: ReadonlyMap<string, ConfigOption<unknown>> = new Map([
  ...CONFIG_OPTIONS,
  ...Object.values(CLUSTER_OPTION_GROUPS).flat().map((known) => [known.key, known] as const),
]);
