/**
 * Options of TaskManagers: their addresses, their registration, their memory. The number of slots, the heap of a slot
 * and the sizes of network buffers are options of jobs as well and stand in runtime/api/config_options.ts.
 *
 * @module
 */

import { type ConfigOption, option, optional } from "../../../runtime/api/config_option.ts";
import { MIB, MINUTE, SECOND } from "./units.ts";

/** Addresses and registration. */
export const TaskManagerOptions: {
  readonly HOST: ConfigOption<string | undefined>;
  readonly BIND_HOST: ConfigOption<string>;
  readonly DATA_PORT: ConfigOption<number>;
  readonly DATA_BIND_PORT: ConfigOption<number | undefined>;
  readonly RESOURCE_ID: ConfigOption<string | undefined>;
  readonly REGISTRATION_TIMEOUT: ConfigOption<number>;
  readonly SLOT_TIMEOUT: ConfigOption<number>;
  readonly LINK_BUFFER: ConfigOption<number>;
  readonly RESTARTS: ConfigOption<number>;
} = {
  HOST: optional("taskmanager.host", "string", "Name or address at which other TaskManagers reach this one."),
  BIND_HOST: {
    key: "taskmanager.bind-host",
    kind: "string",
    defaultValue: "127.0.0.1",
    description: "Address the TaskManager listens on; beyond loopback it needs a token or mutual TLS.",
  },
  DATA_PORT: option("taskmanager.data.port", "int", {
    defaultValue: 0,
    min: 0,
    description: "Port for data of other TaskManagers; 0 takes a free one.",
  }),
  DATA_BIND_PORT: optional("taskmanager.data.bind-port", "int", "Port it listens on when not taskmanager.data.port."),
  RESOURCE_ID: optional("taskmanager.resource-id", "string", "Id of the TaskManager; default: host, port and random."),
  REGISTRATION_TIMEOUT: option("taskmanager.registration.timeout", "duration", {
    defaultValue: 5 * MINUTE,
    min: 1,
    description: "How long a TaskManager looks for its JobManager until it ends.",
  }),
  SLOT_TIMEOUT: option("taskmanager.slot.timeout", "duration", {
    defaultValue: 10 * SECOND,
    min: 1,
    description: "How long a slot waits for a job that has been given it.",
  }),
  LINK_BUFFER: option("taskmanager.network.connection.max-buffered", "memory", {
    defaultValue: 4 * MIB,
    min: 64 * 1024,
    description: "Bytes a connection to another TaskManager may hold before its slots wait (tsflink only).",
  }),
  RESTARTS: option("taskmanager.process.max-restarts", "int", {
    defaultValue: 10,
    min: 0,
    description: "How often in an hour a TaskManager is started again after a stuck slot (tsflink only).",
  }),
};

/** What the memory of a process is divided into; see cluster/config/memory_plan.ts. */
export const MemoryOptions: {
  readonly TASK_MANAGER_PROCESS: ConfigOption<number | undefined>;
  readonly TASK_MANAGER_MAIN_HEAP: ConfigOption<number>;
  readonly TASK_MANAGER_MANAGED: ConfigOption<number | undefined>;
  readonly TASK_MANAGER_MANAGED_FRACTION: ConfigOption<number>;
  readonly TASK_MANAGER_NETWORK_FRACTION: ConfigOption<number>;
  readonly TASK_MANAGER_NETWORK_MIN: ConfigOption<number>;
  readonly TASK_MANAGER_NETWORK_MAX: ConfigOption<number | undefined>;
  readonly TASK_MANAGER_OVERHEAD_FRACTION: ConfigOption<number>;
  readonly TASK_MANAGER_OVERHEAD_MIN: ConfigOption<number>;
  readonly TASK_MANAGER_OVERHEAD_MAX: ConfigOption<number>;
  readonly JOB_MANAGER_PROCESS: ConfigOption<number | undefined>;
  readonly JOB_MANAGER_HEAP: ConfigOption<number | undefined>;
  readonly JOB_MANAGER_OFF_HEAP: ConfigOption<number>;
  readonly JOB_MANAGER_COORDINATOR_HEAP: ConfigOption<number>;
  readonly JOB_MANAGER_OVERHEAD_FRACTION: ConfigOption<number>;
  readonly JOB_MANAGER_OVERHEAD_MIN: ConfigOption<number>;
  readonly JOB_MANAGER_OVERHEAD_MAX: ConfigOption<number>;
} = {
  TASK_MANAGER_PROCESS: optional(
    "taskmanager.memory.process.size",
    "memory",
    "Memory of a TaskManager process, all in all; default: 80 % of the container's limit or of the machine.",
  ),
  TASK_MANAGER_MAIN_HEAP: option("taskmanager.memory.framework.heap.size", "memory", {
    defaultValue: 128 * MIB,
    min: 32 * MIB,
    description: "Heap of the main thread, which holds the sockets.",
  }),
  TASK_MANAGER_MANAGED: optional(
    "taskmanager.memory.managed.size",
    "memory",
    "Memory outside heaps for state columns and sorting, of all slots.",
  ),
  TASK_MANAGER_MANAGED_FRACTION: option("taskmanager.memory.managed.fraction", "double", {
    defaultValue: 0.4,
    min: 0,
    description: "Its share of what is left of the process without overhead.",
  }),
  TASK_MANAGER_NETWORK_FRACTION: option("taskmanager.memory.network.fraction", "double", {
    defaultValue: 0.1,
    min: 0,
    description: "Share of network buffers of what is left of the process without overhead.",
  }),
  TASK_MANAGER_NETWORK_MIN: option("taskmanager.memory.network.min", "memory", {
    defaultValue: 64 * MIB,
    min: MIB,
    description: "Least memory for network buffers.",
  }),
  TASK_MANAGER_NETWORK_MAX: optional("taskmanager.memory.network.max", "memory", "Most memory for network buffers."),
  TASK_MANAGER_OVERHEAD_FRACTION: option("taskmanager.memory.jvm-overhead.fraction", "double", {
    defaultValue: 0.1,
    min: 0,
    description: "Share of the process for the runtime itself: code, stacks, threads.",
  }),
  TASK_MANAGER_OVERHEAD_MIN: option("taskmanager.memory.jvm-overhead.min", "memory", {
    defaultValue: 96 * MIB,
    min: 0,
    description: "Least of that share.",
  }),
  TASK_MANAGER_OVERHEAD_MAX: option("taskmanager.memory.jvm-overhead.max", "memory", {
    defaultValue: 1024 * MIB,
    min: 0,
    description: "Most of that share.",
  }),
  JOB_MANAGER_PROCESS: optional(
    "jobmanager.memory.process.size",
    "memory",
    "Memory of the JobManager process, all in all; default: 80 % of the container's limit or of the machine.",
  ),
  JOB_MANAGER_HEAP: optional("jobmanager.memory.heap.size", "memory", "Heap of the main thread."),
  JOB_MANAGER_OFF_HEAP: option("jobmanager.memory.off-heap.size", "memory", {
    defaultValue: 128 * MIB,
    min: 0,
    description: "Sockets and files on their way, outside the heap.",
  }),
  JOB_MANAGER_COORDINATOR_HEAP: option("jobmanager.memory.coordinator.heap.size", "memory", {
    defaultValue: 256 * MIB,
    min: 16 * MIB,
    description: "Heap of the coordinator of one job, a thread of the JobManager (tsflink only).",
  }),
  JOB_MANAGER_OVERHEAD_FRACTION: option("jobmanager.memory.jvm-overhead.fraction", "double", {
    defaultValue: 0.1,
    min: 0,
    description: "Share of the process for the runtime itself: code, stacks, threads.",
  }),
  JOB_MANAGER_OVERHEAD_MIN: option("jobmanager.memory.jvm-overhead.min", "memory", {
    defaultValue: 96 * MIB,
    min: 0,
    description: "Least of that share.",
  }),
  JOB_MANAGER_OVERHEAD_MAX: option("jobmanager.memory.jvm-overhead.max", "memory", {
    defaultValue: 1024 * MIB,
    min: 0,
    description: "Most of that share.",
  }),
};
