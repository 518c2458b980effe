/**
 * The slots of a job in TaskManagers: waits until a stage has all its slots, then has its threads started there, and
 * carries requests and reports. Serves the endpoint of the JobMaster, "jobmaster_<jobId>".
 *
 * Invariants: a slot key names one slot of one attempt of one stage; what comes for another one is dropped and counted.
 *
 * Caller: remote_job.ts.
 *
 * @module
 */

import { type FlinkError, RetryableError } from "../../runtime/errors.ts";
import type { JobTopology } from "../../runtime/graph/job_plan.ts";
import type { ProgramDescriptor } from "../../runtime/program/recording.ts";
import type { Cancel, Clock } from "../../runtime/seams/clock.ts";
import type { Log } from "../../runtime/seams/log.ts";
import type { RestoredJob, SubtaskPlacement } from "../../runtime/tasks/slot/slot_protocol.ts";
import type { JobAsset, ResourceManagerGateway } from "../rpc/gateways.ts";
import type { RemoteSlotLink, RemoteSlotStart, SlotProfile } from "../rpc/messages.ts";
import type { EndpointHandler, RpcServer, RpcService } from "../rpc/rpc_service.ts";
import { ExecutionGraph } from "./execution_graph.ts";
import { linkedPairs } from "./linked_pairs.ts";
import { RemoteSlot } from "./remote_slot.ts";
import { SlotPool } from "./slot_pool.ts";
import { placeBySharing, type SlotGateway, type SlotJob, type SlotProvider } from "./slots.ts";

/** What the slots of one job are made from. */
export interface ClusterSlotsOptions {
  readonly jobId: string;
  readonly jobName: string;
  readonly jobMasterToken: string;
  readonly program: ProgramDescriptor;
  readonly planFingerprint: readonly string[];
  readonly bundleHash: string;
  readonly assets: readonly JobAsset[];
  readonly rpc: RpcService;
  readonly resourceManager: ResourceManagerGateway;
  readonly clock: Clock;
  readonly log: Log;
  /** What every slot must have. Default: anything will do. */
  readonly profile?: SlotProfile;
  readonly seed: number;
  readonly limits: ClusterSlotsLimits;
}

/** Times in ms, with Flink's key. */
export interface ClusterSlotsLimits {
  /** `slot.request.timeout`: how long a stage waits for its slots. */
  readonly requestTimeoutMs: number;
  /** `slot.idle.timeout`. */
  readonly idleTimeoutMs: number;
  readonly heartbeatIntervalMs: number;
  readonly heartbeatTimeoutMs: number;
  /** How long main() may take in a slot. */
  readonly captureTimeoutMs: number;
  /** How long a thread may take to end. */
  readonly closeTimeoutMs: number;
  /** `task.cancellation.timeout` of the job; default: the TaskManager's. */
  readonly cancellationTimeoutMs?: number;
  /** How often slots tell how their subtasks do. */
  readonly progressMs: number;
}

/** Counts since the start. */
export interface ClusterSlotsCounters {
  /** Messages of slots that are over. */
  staleMessages: number;
}

/** See the module. */
export class ClusterSlots implements SlotProvider {
  readonly isInline = false;
  readonly mayTakeLong = true;
  readonly place = placeBySharing;
  readonly pool: SlotPool;
  readonly counters: ClusterSlotsCounters = { staleMessages: 0 };
  readonly #options: ClusterSlotsOptions;
  readonly #server: RpcServer;
  readonly #slots = new Map<string, RemoteSlot>();
  #sharedSlots: ReadonlyMap<string, number> | undefined;

  constructor(options: ClusterSlotsOptions) {
    this.#options = options;
    const { jobId, jobMasterToken, rpc, limits } = options;
    this.pool = new SlotPool({ ...options, ...limits, profile: options.profile ?? {} });
    this.#server = rpc.register(`jobmaster_${jobId}`, this.#endpoint(), jobMasterToken);
  }

  allocate(job: SlotJob): readonly SlotGateway[] {
    return new RemoteStage(this.#options, job, {
      pool: this.pool,
      sharedSlot: (placement) => this.#sharedSlot(job.jobGraph, placement),
      add: (slot) => this.#slots.set(slot.slotKey, slot),
      remove: (slot) => this.#slots.delete(slot.slotKey),
    }).slots;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#slots.values()].map((slot) => slot.close()));
    await this.pool.close();
    this.#server.close();
  }

  #endpoint(): EndpointHandler {
    const { pool } = this;
    return {
      offerSlots: (offer, from) => {
        pool.heardOf(offer.resourceId);
        return { accepted: pool.offer(offer, from) };
      },
      slotReportOf: ({ slotKey, report }) => this.#slot(slotKey)?.onReport(report),
      slotEnded: ({ slotKey, end }) => this.#slot(slotKey)?.onEnded(end),
      disconnectTaskManager: ({ resourceId, cause }) => pool.lose(resourceId, cause),
      heartbeat: ({ resourceId, payload }) => {
        pool.heardOf(resourceId);
        const { slotKeys = [] } = payload as { readonly slotKeys?: readonly string[] } | undefined ?? {};
        return { payload: { unknownSlotKeys: slotKeys.filter((key) => !this.#slots.has(key)) } };
      },
    };
  }

  #slot(slotKey: string): RemoteSlot | undefined {
    const slot = this.#slots.get(slotKey);
    if (slot === undefined || slot.state === "ENDED") this.counters.staleMessages++;
    return slot;
  }

  /** The slot of the whole job that a subtask is to be in: regions that run at the same time share slots. */
  #sharedSlot(jobGraph: JobTopology, { vertexId, subtaskIndex }: SubtaskPlacement): number {
    this.#sharedSlots ??= sharedSlots(jobGraph);
    return this.#sharedSlots.get(`${vertexId} ${subtaskIndex}`)!;
  }
}

function sharedSlots(jobGraph: JobTopology): ReadonlyMap<string, number> {
  const graph = new ExecutionGraph("", jobGraph, () => 0, () => {});
  return new Map(
    placeBySharing(graph).map(({ vertexId, subtaskIndex, slot }) => [`${vertexId} ${subtaskIndex}`, slot]),
  );
}

/** What a stage needs of the slots of its job. */
interface StageSurroundings {
  readonly pool: SlotPool;
  sharedSlot(placement: SubtaskPlacement): number;
  add(slot: RemoteSlot): void;
  remove(slot: RemoteSlot): void;
}

/** The slots of one attempt of a stage, from their request to their start. */
class RemoteStage {
  readonly slots: readonly RemoteSlot[];
  readonly #options: ClusterSlotsOptions;
  readonly #job: SlotJob;
  readonly #stopWaiting: Cancel;

  constructor(options: ClusterSlotsOptions, job: SlotJob, { pool, sharedSlot, add, remove }: StageSurroundings) {
    this.#options = options;
    this.#job = job;
    const { jobId, clock, limits: { closeTimeoutMs, requestTimeoutMs } } = options;
    const { placements } = job.deployment;
    const count = Math.max(...placements.map(({ slot }) => slot)) + 1;
    const indexes = Array.from({ length: count }, (_, i) => sharedSlot(placements.find(({ slot }) => slot === i)!));
    this.slots = indexes.map((index, i) =>
      new RemoteSlot({
        job,
        jobId,
        slot: i,
        slotKey: `${jobId}/${job.attempt}/${i}`,
        clock,
        closeTimeoutMs,
        onChange: () => this.#deployIfAll(),
        onOver: (slot) => {
          this.#stopWaiting();
          remove(slot);
          pool.release(index, slot);
        },
        onRefused: (pooled, error) => pool.discard(pooled, error),
      })
    );
    this.slots.forEach((slot) => add(slot));
    this.#stopWaiting = clock.after(requestTimeoutMs, () => this.#giveUp());
    pool.acquire(this.slots.map((user, i) => ({ index: indexes[i], user })));
  }

  #deployIfAll(): void {
    if (!this.slots.every(({ state, pooled }) => state === "WAITING" && pooled !== undefined)) return;
    this.#stopWaiting();
    // One that fails at once may end the others.
    this.slots.forEach((slot, i) => {
      if (slot.state === "WAITING") slot.deploy(this.#startOf(i));
    });
  }

  #giveUp(): void {
    if (this.slots.some(({ state }) => state !== "WAITING")) return;
    const error = this.#noResource();
    for (const slot of this.slots) slot.fail(error);
  }

  #noResource(): FlinkError {
    const { jobId, resourceManager, limits, jobName } = this.#options;
    const present = this.slots.filter(({ pooled }) => pooled !== undefined).length;
    const { taskManagers, slotsTotal, slotsFree, slotsFitting, startFailure } = resourceManager.resources(jobId);
    return new RetryableError("TSF-5226", `Job "${jobName}" has not got its slots: NoResourceAvailable`, {
      expected: `${this.slots.length} slots within slot.request.timeout, ${limits.requestTimeoutMs} ms`,
      found: `${present} (the cluster has ${slotsTotal} slots in ${taskManagers} TaskManagers, ` +
        `${slotsFree} free, ${slotsFitting} of them large enough)`,
      hint: startFailure === undefined
        ? "Start more TaskManagers, give them more slots, or run the job at a lower parallelism."
        : `The latest start of a TaskManager has failed: ${startFailure}`,
    });
  }

  #startOf(slot: number): Omit<RemoteSlotStart, "allocationId"> {
    const { jobId, jobName, jobMasterToken, bundleHash, assets, program, planFingerprint, seed, limits } =
      this.#options;
    const { deployment, jobGraph } = this.#job;
    return {
      jobId,
      jobName,
      slotKey: this.slots[slot].slotKey,
      jobMasterToken,
      bundleHash,
      assets,
      links: this.#linksOf(slot),
      start: {
        program,
        planFingerprint,
        captureTimeoutMs: limits.captureTimeoutMs,
        cancellationTimeoutMs: limits.cancellationTimeoutMs,
        deployment: { ...deployment, slot, restored: restoredFor(deployment, slot) },
        seed,
        progressMs: limits.progressMs,
        taskNames: new Map(jobGraph.vertices.map(({ id, name }) => [id, name])),
      },
    };
  }

  #linksOf(slot: number): RemoteSlotLink[] {
    const own = this.slots[slot].pooled!.taskManager;
    return linkedPairs(this.#job.jobGraph, this.#job.deployment.placements).flatMap(({ a, b, channels }) => {
      if (a !== slot && b !== slot) return [];
      const peerSlot = a === slot ? b : a;
      const { slotKey: peerKey, pooled } = this.slots[peerSlot];
      const peer = pooled!.taskManager;
      return [{ peerSlot, peerKey, channels, peerAddress: peer === own ? undefined : peer.dataAddress }];
    });
  }
}

/** State of the subtasks of one slot only: the others have no use for it. */
export function restoredFor({ restored, placements }: SlotJob["deployment"], slot: number): RestoredJob | undefined {
  if (restored === undefined) return undefined;
  const own = new Set(placements.filter((one) => one.slot === slot).map((one) => one.subtaskIndex));
  const states = [...restored.states].map(([id, all]) =>
    [id, all.map((state, subtask) => own.has(subtask) ? state : {})] as const
  );
  return { checkpointId: restored.checkpointId, states: new Map(states) };
}
