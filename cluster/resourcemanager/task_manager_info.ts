/**
 * A registered TaskManager as REST shows it.
 *
 * @module
 */

import type { ResourceInfo, TaskManagerInfo } from "../rpc/cluster_info.ts";
import type { ManagedTaskManager } from "./slot_manager.ts";

const MIB = 1024 * 1024;

/** @param lastHeartbeat ms since the epoch. */
export function taskManagerInfo(taskManager: ManagedTaskManager, lastHeartbeat: number): TaskManagerInfo {
  const { registration, slots, isDraining } = taskManager;
  const { hardware, slotProfile } = registration;
  const network = hardware.networkBytes / MIB / Math.max(1, slots.length);
  const ofSlots = (count: number): ResourceInfo => ({
    cpuCores: (slotProfile.cpuCores ?? hardware.cpuCores / Math.max(1, slots.length)) * count,
    heapMb: (slotProfile.heapMb ?? 0) * count,
    managedMb: (slotProfile.managedMb ?? 0) * count,
    networkMb: Math.floor(network * count),
  });
  const free = slots.filter(({ state }) => state === "FREE").length;
  return {
    resourceId: taskManager.resourceId,
    host: registration.dataAddress.host,
    dataPort: registration.dataAddress.port,
    pid: registration.pid,
    lastHeartbeat,
    slotsTotal: slots.length,
    slotsFree: free,
    isDraining,
    allocatedSlots: slots.flatMap(({ state, holder }) =>
      state === "ALLOCATED" ? [{ jobId: holder!.jobId, resource: ofSlots(1) }] : []
    ),
    total: ofSlots(slots.length),
    free: ofSlots(free),
    hardware,
  };
}
