/**
 * Options of the JobManager: its addresses, its jobs, slots it asks for, TaskManagers it waits for.
 *
 * @module
 */

import { choice, type ConfigOption, option, optional } from "../../../runtime/api/config_option.ts";
import { HOUR, MIB, MINUTE, SECOND } from "./units.ts";

/** Addresses, jobs and history of the JobManager. */
export const JobManagerOptions: {
  readonly RPC_ADDRESS: ConfigOption<string>;
  readonly RPC_PORT: ConfigOption<number>;
  readonly BIND_HOST: ConfigOption<string>;
  readonly RPC_BIND_PORT: ConfigOption<number | undefined>;
  readonly RESOURCE_ID: ConfigOption<string | undefined>;
  readonly JOB_STORE_EXPIRATION: ConfigOption<number>;
  readonly JOB_STORE_CAPACITY: ConfigOption<number>;
  readonly JOB_STORE_SIZE: ConfigOption<number>;
  readonly MAX_JOBS: ConfigOption<number>;
  readonly SHUTDOWN_ON_APPLICATION_FINISH: ConfigOption<boolean>;
} = {
  RPC_ADDRESS: {
    key: "jobmanager.rpc.address",
    kind: "string",
    defaultValue: "localhost",
    description: "Name or address at which TaskManagers reach the JobManager.",
  },
  RPC_PORT: option("jobmanager.rpc.port", "int", {
    defaultValue: 6123,
    min: 0,
    description: "Port at which TaskManagers reach the JobManager; 0 takes a free one.",
  }),
  BIND_HOST: {
    key: "jobmanager.bind-host",
    kind: "string",
    defaultValue: "127.0.0.1",
    description: "Address the JobManager listens on; beyond loopback it needs a token or mutual TLS.",
  },
  RPC_BIND_PORT: optional("jobmanager.rpc.bind-port", "int", "Port it listens on when not jobmanager.rpc.port."),
  RESOURCE_ID: optional("jobmanager.resource-id", "string", "Id of the JobManager; default: a random one."),
  JOB_STORE_EXPIRATION: option("jobstore.expiration-time", "duration", {
    defaultValue: HOUR,
    min: 0,
    description: "How long ended jobs are kept.",
  }),
  JOB_STORE_CAPACITY: option("jobstore.max-capacity", "int", {
    defaultValue: 1000,
    min: 0,
    description: "Most ended jobs that are kept.",
  }),
  JOB_STORE_SIZE: option("jobstore.cache-size", "memory", {
    defaultValue: 50 * MIB,
    min: 0,
    description: "Memory for details of ended jobs.",
  }),
  MAX_JOBS: option("jobmanager.max-running-jobs", "int", {
    defaultValue: 1000,
    min: 1,
    description: "Most jobs that run or wait at the same time (tsflink only).",
  }),
  SHUTDOWN_ON_APPLICATION_FINISH: option("execution.shutdown-on-application-finish", "boolean", {
    defaultValue: true,
    description: "A JobManager that was started with --job ends when its application does.",
  }),
};

/** Slots, TaskManagers and their providers as the ResourceManager sees them. */
export const ResourceManagerOptions: {
  readonly SLOT_REQUEST_TIMEOUT: ConfigOption<number>;
  readonly SLOT_IDLE_TIMEOUT: ConfigOption<number>;
  readonly PROVIDER: ConfigOption<"standalone" | "process">;
  readonly TASK_MANAGER_TIMEOUT: ConfigOption<number>;
  readonly TASK_MANAGER_REGISTRATION_TIMEOUT: ConfigOption<number>;
  readonly START_WORKER_MAX_FAILURE_RATE: ConfigOption<number>;
  readonly START_WORKER_RETRY_INTERVAL: ConfigOption<number>;
  readonly STAND_BY_TASK_MANAGERS: ConfigOption<number>;
  readonly MAX_SLOTS: ConfigOption<number | undefined>;
  readonly MIN_SLOTS: ConfigOption<number>;
  readonly LOAD_BALANCE: ConfigOption<"NONE" | "SLOTS">;
  readonly EVENLY_SPREAD_OUT: ConfigOption<boolean>;
} = {
  SLOT_REQUEST_TIMEOUT: option("slot.request.timeout", "duration", {
    defaultValue: 5 * MINUTE,
    min: 1,
    description: "How long a job waits for its slots until it fails.",
  }),
  SLOT_IDLE_TIMEOUT: option("slot.idle.timeout", "duration", {
    defaultValue: 50 * SECOND,
    min: 1,
    description: "How long a job keeps slots that it does not use.",
  }),
  PROVIDER: choice("resourcemanager.provider", ["standalone", "process"], {
    defaultValue: "standalone",
    description: "Who starts TaskManagers: you, or the JobManager as processes of its machine (tsflink only).",
  }),
  TASK_MANAGER_TIMEOUT: option("resourcemanager.taskmanager-timeout", "duration", {
    defaultValue: 30 * SECOND,
    min: 1,
    description: "How long a TaskManager that was started on demand may be idle.",
  }),
  TASK_MANAGER_REGISTRATION_TIMEOUT: option("resourcemanager.taskmanager-registration.timeout", "duration", {
    defaultValue: 5 * MINUTE,
    min: 1,
    description: "How long a TaskManager that was started on demand has to register.",
  }),
  START_WORKER_MAX_FAILURE_RATE: option("resourcemanager.start-worker.max-failure-rate", "double", {
    defaultValue: 10,
    min: 0,
    description: "Failed starts per minute after which there is a pause.",
  }),
  START_WORKER_RETRY_INTERVAL: option("resourcemanager.start-worker.retry-interval", "duration", {
    defaultValue: 3 * SECOND,
    min: 0,
    description: "Length of that pause.",
  }),
  STAND_BY_TASK_MANAGERS: option("slotmanager.redundant-taskmanager-num", "int", {
    defaultValue: 0,
    min: 0,
    description: "TaskManagers started beyond need, for quick recovery.",
  }),
  MAX_SLOTS: optional("slotmanager.number-of-slots.max", "int", "Most slots that are started on demand."),
  MIN_SLOTS: option("slotmanager.number-of-slots.min", "int", {
    defaultValue: 0,
    min: 0,
    description: "Slots that are started on demand at once and kept.",
  }),
  LOAD_BALANCE: choice("taskmanager.load-balance.mode", ["NONE", "SLOTS"], {
    defaultValue: "NONE",
    description: "NONE fills TaskManagers one after the other, SLOTS spreads slots.",
  }),
  EVENLY_SPREAD_OUT: option("cluster.evenly-spread-out-slots", "boolean", {
    defaultValue: false,
    description: "As taskmanager.load-balance.mode: SLOTS, by its older name.",
  }),
};
