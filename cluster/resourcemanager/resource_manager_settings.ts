/**
 * The numbers of the ResourceManager, from the configuration of the JobManager.
 *
 * @module
 */

import type { ClusterConfiguration } from "../config/cluster_configuration.ts";
import { ResourceManagerOptions, RpcOptions, TaskManagerOptions } from "../config/cluster_options.ts";
import type { SlotBalance } from "./slot_manager.ts";
import type { WorkerPoolSettings } from "./worker_pool.ts";

/** See the module. */
export interface ResourceManagerSettings {
  readonly heartbeatIntervalMs: number;
  readonly heartbeatTimeoutMs: number;
  readonly balance: SlotBalance;
  /** How long a TaskManager has to answer to a request for a slot. */
  readonly slotRequestTimeoutMs: number;
  /** A slot that a TaskManager has refused, or not answered for, is tried again after that. */
  readonly slotRetryMs: number;
  /** Slots that a job has left behind are freed after that. */
  readonly reclaimMs: number;
  /** More register in vain. */
  readonly maxTaskManagers: number;
  readonly pool: WorkerPoolSettings;
}

/** TaskManagers of one cluster; with a control connection each. */
const MAX_TASK_MANAGERS = 10_000;

/** See the module. */
export function resourceManagerSettings(configuration: ClusterConfiguration): ResourceManagerSettings {
  const isSpread = configuration.get(ResourceManagerOptions.EVENLY_SPREAD_OUT) ||
    configuration.get(ResourceManagerOptions.LOAD_BALANCE) !== "NONE";
  const heartbeatTimeoutMs = configuration.get(RpcOptions.HEARTBEAT_TIMEOUT);
  return {
    heartbeatIntervalMs: configuration.get(RpcOptions.HEARTBEAT_INTERVAL),
    heartbeatTimeoutMs,
    balance: isSpread ? "spread" : "fill",
    slotRequestTimeoutMs: configuration.get(RpcOptions.ASK_TIMEOUT),
    slotRetryMs: Math.min(1000, heartbeatTimeoutMs),
    reclaimMs: configuration.get(TaskManagerOptions.SLOT_TIMEOUT),
    maxTaskManagers: MAX_TASK_MANAGERS,
    pool: {
      registrationTimeoutMs: configuration.get(ResourceManagerOptions.TASK_MANAGER_REGISTRATION_TIMEOUT),
      idleTimeoutMs: configuration.get(ResourceManagerOptions.TASK_MANAGER_TIMEOUT),
      minSlots: configuration.get(ResourceManagerOptions.MIN_SLOTS),
      maxSlots: configuration.get(ResourceManagerOptions.MAX_SLOTS) ?? Infinity,
      redundantWorkers: configuration.get(ResourceManagerOptions.STAND_BY_TASK_MANAGERS),
      maxStartFailuresPerMinute: configuration.get(ResourceManagerOptions.START_WORKER_MAX_FAILURE_RATE),
      startRetryMs: configuration.get(ResourceManagerOptions.START_WORKER_RETRY_INTERVAL),
    },
  };
}
