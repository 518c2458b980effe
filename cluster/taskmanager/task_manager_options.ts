/**
 * What a TaskManager is put together from: its size, its limits, and its surroundings. Plain interfaces, filled by the
 * entry point from the configuration and by tests by hand.
 *
 * @module
 */

import type { Seams } from "../../runtime/seams/seams.ts";
import type { Parker } from "../../runtime/seams/parker.ts";
import type { Address, Transport } from "../../runtime/seams/transport.ts";
import type { WorkerHost } from "../../runtime/seams/worker_host.ts";
import type { HardwareDescription, SlotProfile } from "../rpc/messages.ts";
import type { RpcService } from "../rpc/rpc_service.ts";

/** Size and limits, with Flink's key where it has one. */
export interface TaskManagerConfig {
  /** Names the TaskManager (`taskmanager.resource-id`); the same after a restart of its process. */
  readonly resourceId: string;
  /** Differs from start to start. */
  readonly instanceId: string;
  readonly hostname: string;
  readonly pid: number;
  /** Where the JobManager takes control connections (`jobmanager.rpc.address`, `.port`). */
  readonly jobManagerAddress: Address;
  /** Where other TaskManagers reach this one for data. */
  readonly dataAddress: Address;
  /** `taskmanager.numberOfTaskSlots`. */
  readonly numberOfSlots: number;
  /** What each slot has; heapMb is the heap limit of its thread. */
  readonly slotProfile: SlotProfile & { readonly heapMb: number };
  readonly hardware: HardwareDescription;
  /** Directory of this process; jobs are laid down in `<workDir>/jobs/<jobId>`. */
  readonly workDir: string;
  readonly limits: TaskManagerLimits;
}

/** Every number that bounds something; {@link DEFAULT_LIMITS}. */
export interface TaskManagerLimits {
  /** `cluster.registration.initial-timeout`: first wait for an answer to a registration, doubled each time. */
  readonly registrationInitialTimeoutMs: number;
  /** `cluster.registration.max-timeout`. */
  readonly registrationMaxTimeoutMs: number;
  /** `cluster.registration.refused-registration-delay`. */
  readonly registrationRefusedDelayMs: number;
  /** `taskmanager.registration.timeout`: after so long without a ResourceManager the process ends. Infinity: never. */
  readonly registrationTimeoutMs: number;
  /** `taskmanager.slot.timeout`: an allocated slot no JobMaster has taken by then is free again. */
  readonly slotTimeoutMs: number;
  /** `heartbeat.interval`; the ResourceManager's answer to a registration overrides both. */
  readonly heartbeatIntervalMs: number;
  /** `heartbeat.timeout`. */
  readonly heartbeatTimeoutMs: number;
  /** `task.cancellation.timeout`, where the job does not say. */
  readonly cancellationTimeoutMs: number;
  /** A slot that has not moved for that long is named in a warning. */
  readonly stuckWarningMs: number;
  /** `taskmanager.network.partition-request-timeout`: how long a link waits for a slot that is not there yet. */
  readonly linkTimeoutMs: number;
  /** Bytes a data connection may have accepted and not yet handed to the system before its rings are left alone. */
  readonly maxConnectionBytes: number;
  /** Requests for links that are not there yet, of one connection. */
  readonly maxWaitingLinks: number;
  /** Slots of attempts that are over, remembered to refuse what comes late. */
  readonly maxEndedKeys: number;
  /** Lines of the slots' output kept for the web. */
  readonly maxOutputLines: number;
  /** How long a drain waits until nothing of any job is left. */
  readonly drainTimeoutMs: number;
}

/** Flink's defaults, and ours where Flink has none. */
export const DEFAULT_LIMITS: TaskManagerLimits = {
  registrationInitialTimeoutMs: 100,
  registrationMaxTimeoutMs: 30_000,
  registrationRefusedDelayMs: 30_000,
  registrationTimeoutMs: 300_000,
  slotTimeoutMs: 10_000,
  heartbeatIntervalMs: 10_000,
  heartbeatTimeoutMs: 50_000,
  cancellationTimeoutMs: 180_000,
  stuckWarningMs: 10_000,
  linkTimeoutMs: 10_000,
  maxConnectionBytes: 4 * 1024 * 1024,
  maxWaitingLinks: 10_000,
  maxEndedKeys: 1024,
  maxOutputLines: 1000,
  drainTimeoutMs: 30_000,
};

/** Blobs by content hash, as cluster/blob has them. */
export interface BlobSource {
  /** The blob in a local file that stays until {@link release}; fetched from the JobManager when it is not there yet. */
  fetch(jobId: string, hash: string): Promise<string>;
  /** The job needs its blobs no more. */
  release(jobId: string): void;
}

/** Doorbells in shared memory. */
export interface Doorbells {
  /** Memory for `count` doorbells. */
  allocate(count: number): SharedArrayBuffer;
  at(memory: SharedArrayBuffer, index: number): Parker;
}

/** Why the process must end: the exit code of docs/guide, and the last words for whoever started it. */
export interface ProcessEnd {
  readonly exitCode: 0 | 1 | 5;
  readonly cause: string;
}

/** See the module. */
export interface TaskManagerOptions {
  readonly config: TaskManagerConfig;
  readonly rpc: RpcService;
  /** Of data connections; whoever listens hands those that come to {@link TaskExecutor.onDataConnection}. */
  readonly transport: Transport;
  readonly host: WorkerHost;
  readonly seams: Seams;
  readonly blobs: BlobSource;
  readonly doorbells: Doorbells;
  /** Gives way to the event loop; see seams/system/event_loop_turn.ts. */
  readonly letEventLoopRun: (pollsSockets: boolean) => Promise<void>;
  /** The process has to end; called once, after everybody was told. */
  readonly onEnd: (end: ProcessEnd) => void;
}
