/**
 * Request and reply of every method that crosses between processes, grouped by who serves it. Bodies are plain data:
 * whatever generic_serializer carries (Map, Set, typed arrays, bigint), errors as TransferredError.
 *
 * Adding a method: add it here and, when it is sent often or others must read it, a table of its own in
 * runtime/wire/schema/control.fbs with its pair of functions in control_codec.ts; without one it travels as `Generic`.
 *
 * @module
 */

import type { TransferredError } from "../../runtime/seams/error_transfer.ts";
import type { Address } from "../../runtime/seams/transport.ts";
import type { SlotStart } from "../../runtime/tasks/slot/slot_main.ts";
import type { LogFileInfo, MetricValues } from "./cluster_info.ts";
import type { SlotReport, SlotRequest } from "../../runtime/tasks/slot/slot_protocol.ts";

/** What a slot has, or is asked to have; a missing figure means "any". */
export interface SlotProfile {
  readonly cpuCores?: number;
  readonly heapMb?: number;
  readonly managedMb?: number;
}

/** One slot of a TaskManager. Without an allocation it is free. */
export interface SlotStatus {
  readonly slotIndex: number;
  readonly allocationId?: string;
  readonly jobId?: string;
}

/** What the machine of a TaskManager has, and what of it the TaskManager takes. */
export interface HardwareDescription {
  readonly cpuCores: number;
  readonly physicalMemoryBytes: number;
  readonly heapBytes: number;
  readonly managedBytes: number;
  readonly networkBytes: number;
}

/** How a TaskManager presents itself. */
export interface TaskManagerRegistration {
  readonly resourceId: string;
  readonly dataAddress: Address;
  readonly slots: readonly SlotStatus[];
  readonly slotProfile: SlotProfile;
  readonly pid: number;
  readonly hostname: string;
  readonly hardware: HardwareDescription;
  /** Differs from start to start of the same resource id. */
  readonly instanceId: string;
}

/** What the ResourceManager answers to a registration. */
export type RegistrationReply =
  | {
    readonly accepted: true;
    readonly fencingToken: string;
    readonly heartbeatIntervalMs: number;
    readonly heartbeatTimeoutMs: number;
  }
  | { readonly accepted: false; readonly reason: string };

/** A slot on offer to a JobMaster. */
export interface SlotOffer {
  readonly slotIndex: number;
  readonly allocationId: string;
  readonly profile: SlotProfile;
}

/** How a slot thread ended: SlotEnd (runtime/seams/worker_host.ts) as plain data. */
export type TransferredSlotEnd =
  | { readonly kind: "stopped" }
  | { readonly kind: "failed"; readonly error: TransferredError }
  | { readonly kind: "stuck" };

/** A slot of the same job that the slot exchanges frames with. */
export interface RemoteSlotLink {
  readonly peerSlot: number;
  readonly peerKey: string;
  readonly channels: number;
  /** Where the other TaskManager takes data connections; undefined: the same TaskManager. */
  readonly peerAddress?: Address;
}

/** One slot thread of one attempt of a region of a job. slotKey = `${jobId}/${attempt}/${slot}`: names it in all messages. */
export interface RemoteSlotStart {
  readonly jobId: string;
  readonly jobName: string;
  readonly slotKey: string;
  readonly allocationId: string;
  readonly jobMasterToken: string;
  readonly bundleHash: string;
  readonly start: Omit<SlotStart, "memory">;
  readonly assets: readonly { readonly name: string; readonly hash: string; readonly executable: boolean }[];
  readonly links: readonly RemoteSlotLink[];
}

/** Request -> reply of every method, by who serves it. */
export interface Messages {
  // Served by "resourcemanager", called by TaskManagers.
  registerTaskManager: { request: TaskManagerRegistration; reply: RegistrationReply };
  slotReport: { request: { resourceId: string; slots: readonly SlotStatus[] }; reply: void };
  slotFreed: { request: { resourceId: string; slotIndex: number; allocationId: string }; reply: void };
  /** It takes no new slots. Served by "taskexecutor" too: the ResourceManager asks for it. */
  drainTaskManager: { request: { resourceId: string; cause: string }; reply: void };
  /** Every endpoint serves it. */
  heartbeat: { request: { resourceId: string; payload?: unknown }; reply: { payload?: unknown } };

  // Served by "taskexecutor".
  /** By the ResourceManager; the TaskManager then offers the slot to the JobMaster. */
  requestSlot: {
    request: {
      slotIndex: number;
      jobId: string;
      allocationId: string;
      jobMasterToken: string;
      profile: SlotProfile;
    };
    reply: void;
  };
  /** By the JobMaster, as those below. */
  deploySlot: { request: RemoteSlotStart; reply: void };
  slotRequest: { request: { jobId: string; slotKey: string; request: SlotRequest }; reply: void };
  /** Replies when the thread is gone or stuck. */
  closeSlot: { request: { jobId: string; slotKey: string }; reply: void };
  freeSlot: { request: { allocationId: string; cause: string }; reply: void };
  jobEnded: { request: { jobId: string }; reply: void };

  // Served by "inspection" of every TaskManager, called by the JobManager for REST.
  listLogFiles: { request: Record<never, never>; reply: { files: readonly LogFileInfo[] } };
  /** "log", "stdout" or a name of the list; the end of it where it is long. */
  readLogFile: { request: { name: string }; reply: { bytes: Uint8Array } };
  readMetrics: { request: Record<never, never>; reply: { values: MetricValues } };

  // Served by "jobmaster_<jobId>", called by TaskManagers.
  offerSlots: {
    request: { resourceId: string; dataAddress: Address; slots: readonly SlotOffer[] };
    reply: { accepted: readonly string[] };
  };
  slotReportOf: { request: { slotKey: string; report: SlotReport }; reply: void };
  slotEnded: { request: { slotKey: string; end: TransferredSlotEnd }; reply: void };
  disconnectTaskManager: { request: { resourceId: string; cause: string }; reply: void };

  // Served by "blobserver".
  blobInfo: { request: { hash: string }; reply: { sizeBytes: number } };
  blobRead: { request: { hash: string; offset: number; length: number }; reply: { bytes: Uint8Array } };
}

/** The name of a method. */
export type Method = keyof Messages;

/** Methods that are served also to callers who do not know the fencing token yet. */
export const UNFENCED_METHODS: ReadonlySet<string> = new Set<Method>(["registerTaskManager", "blobInfo", "blobRead"]);
