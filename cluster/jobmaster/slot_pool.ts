/**
 * The slots of TaskManagers that one job has: those in use, those it waits for, those it keeps for a while because it may
 * need them again. Slots are counted as shared slots (one subtask of each vertex of a slot sharing group); stages that run
 * at the same time share them.
 *
 * Invariants: a slot has at most one shared slot; what is declared to the ResourceManager is what is in use, waited for
 * and kept. A TaskManager that is lost takes its slots with it, and whoever uses them hears of it once.
 *
 * Caller: cluster_slots.ts.
 *
 * @module
 */

import { type FlinkError, RetryableError } from "../../runtime/errors.ts";
import type { Cancel, Clock } from "../../runtime/seams/clock.ts";
import type { Address } from "../../runtime/seams/transport.ts";
import { HeartbeatMonitor } from "../rpc/heartbeat.ts";
import type { ResourceManagerGateway } from "../rpc/gateways.ts";
import type { Messages, SlotOffer, SlotProfile } from "../rpc/messages.ts";
import type { RpcGateway, RpcPeer, RpcService } from "../rpc/rpc_service.ts";

/** What a pool is made from. */
export interface SlotPoolOptions {
  readonly jobId: string;
  /** Names this JobMaster in all messages. */
  readonly jobMasterToken: string;
  readonly rpc: RpcService;
  readonly resourceManager: ResourceManagerGateway;
  readonly clock: Clock;
  /** `slot.idle.timeout`: how long slots that are not used are kept. */
  readonly idleTimeoutMs: number;
  /** `heartbeat.interval`. */
  readonly heartbeatIntervalMs: number;
  /** `heartbeat.timeout`. */
  readonly heartbeatTimeoutMs: number;
  /** What every slot must have. */
  readonly profile: SlotProfile;
}

/** A TaskManager some slots of the job are of. */
export interface PooledTaskManager {
  readonly resourceId: string;
  readonly dataAddress: Address;
  readonly peer: RpcPeer;
  /** To its endpoint "taskexecutor". */
  readonly gateway: RpcGateway;
  readonly slots: Set<PooledSlot>;
}

/** A slot that the job has. */
export interface PooledSlot {
  readonly allocationId: string;
  readonly slotIndex: number;
  readonly taskManager: PooledTaskManager;
}

/** Who uses a shared slot, or waits for it. */
export interface SlotUser {
  /** Called once per slot: again after the last one was lost. Never inline. */
  onSlot(slot: PooledSlot): void;
  /** The slot it had is lost; another one is waited for. */
  onLost(cause: FlinkError): void;
}

interface SharedSlot {
  readonly index: number;
  /** With the slot each has heard of. */
  readonly users: Map<SlotUser, PooledSlot | undefined>;
  slot: PooledSlot | undefined;
}

/** A slot that is kept. */
interface KeptSlot {
  /** The shared slot it had last. */
  readonly index: number;
  readonly stop: Cancel;
}

/** See the module. */
export class SlotPool {
  readonly #options: SlotPoolOptions;
  readonly #shared = new Map<number, SharedSlot>();
  readonly #kept = new Map<PooledSlot, KeptSlot>();
  readonly #taskManagers = new Map<string, PooledTaskManager>();
  readonly #heartbeats: HeartbeatMonitor;
  #declared = 0;
  /** Slots that will soon be asked for. */
  #expected = 0;
  #isClosed = false;

  constructor(options: SlotPoolOptions) {
    this.#options = options;
    this.#heartbeats = new HeartbeatMonitor({
      clock: options.clock,
      intervalMs: options.heartbeatIntervalMs,
      timeoutMs: options.heartbeatTimeoutMs,
    });
  }

  /** Slots the job has, used or kept. */
  get size(): number {
    return [...this.#taskManagers.values()].reduce((sum, { slots }) => sum + slots.size, 0);
  }
  /** What was last declared. */
  get declared(): number {
    return this.#declared;
  }
  get taskManagers(): readonly PooledTaskManager[] {
    return [...this.#taskManagers.values()];
  }

  /** So many slots will be needed soon: they are asked for ahead. What is needed then counts from the first call of acquire. */
  expect(count: number): void {
    this.#expected = count;
    this.#declare();
  }

  /** Somebody needs shared slots; each user hears of its slot as soon as there is one. */
  acquire(wanted: readonly { readonly index: number; readonly user: SlotUser }[]): void {
    if (this.#isClosed) return;
    this.#expected = 0;
    for (const { index, user } of wanted) {
      const shared = this.#shared.get(index) ?? { index, users: new Map(), slot: undefined };
      this.#shared.set(index, shared);
      shared.users.set(user, undefined);
      this.#give(shared, user);
    }
    this.#assign();
    this.#declare();
  }

  /** Somebody needs a shared slot no more. */
  release(index: number, user: SlotUser): void {
    const shared = this.#shared.get(index);
    if (shared === undefined || !shared.users.delete(user) || shared.users.size > 0) return;
    this.#shared.delete(index);
    if (shared.slot !== undefined) this.#keep(shared.slot, index);
    this.#assign();
    this.#declare();
  }

  /** A TaskManager offers slots; gives those that are taken. */
  offer({ resourceId, dataAddress, slots }: Messages["offerSlots"]["request"], from: RpcPeer): string[] {
    if (this.#isClosed) return [];
    const known = this.#taskManagers.get(resourceId);
    if (known !== undefined && known.peer !== from) this.lose(resourceId, "it has connected again");
    const accepted = slots.filter((offer) => this.#accept(offer, { resourceId, dataAddress, peer: from }));
    this.#assign();
    return accepted.map(({ allocationId }) => allocationId);
  }

  /** The TaskManager has no such slot: it is not the job's any more. */
  discard(slot: PooledSlot, cause: FlinkError): void {
    if (slot.taskManager.slots.delete(slot)) this.#lost([slot], cause);
  }

  /** A sign of life. */
  heardOf(resourceId: string): void {
    this.#heartbeats.heardOf(resourceId);
  }

  /** All slots of a TaskManager are lost. */
  lose(resourceId: string, cause: FlinkError | string): void {
    const taskManager = this.#taskManagers.get(resourceId);
    if (taskManager === undefined) return;
    this.#taskManagers.delete(resourceId);
    this.#heartbeats.unwatch(resourceId);
    const slots = [...taskManager.slots];
    taskManager.slots.clear();
    this.#lost(slots, taskManagerLost(taskManager, cause));
  }

  /** The job is over: all slots go back. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const { resourceManager, jobId } = this.#options;
    for (const { stop } of this.#kept.values()) stop();
    this.#kept.clear();
    this.#shared.clear();
    this.#heartbeats.stop();
    const taskManagers = this.taskManagers;
    this.#taskManagers.clear();
    this.#declare();
    resourceManager.jobEnded(jobId);
    await Promise.allSettled(taskManagers.map(({ gateway }) => gateway.call("jobEnded", { jobId })));
  }

  #accept(
    { allocationId, slotIndex }: SlotOffer,
    { resourceId, dataAddress, peer }: Pick<PooledTaskManager, "resourceId" | "dataAddress" | "peer">,
  ): boolean {
    const known = this.#taskManagers.get(resourceId);
    // Offered a second time, because the answer was lost.
    if ([...known?.slots ?? []].some((slot) => slot.allocationId === allocationId)) return true;
    if (this.size >= this.#declared) return false;
    const taskManager = known ?? this.#connect(resourceId, dataAddress, peer);
    const slot = { allocationId, slotIndex, taskManager };
    taskManager.slots.add(slot);
    this.#keep(slot, -1);
    return true;
  }

  #connect(resourceId: string, dataAddress: Address, peer: RpcPeer): PooledTaskManager {
    const { rpc, jobMasterToken } = this.#options;
    const gateway = rpc.gateway(peer, "taskexecutor", jobMasterToken);
    const taskManager = { resourceId, dataAddress, peer, gateway, slots: new Set<PooledSlot>() };
    this.#taskManagers.set(resourceId, taskManager);
    // The connection outlives the job, and with it whoever listens to it.
    const pool = new WeakRef<SlotPool>(this);
    peer.onClose((cause) => {
      const listener = pool.deref();
      if (listener !== undefined) listener.#connectionLost(resourceId, peer, cause);
    });
    this.#heartbeats.watch(resourceId, { onTimeout: (cause) => this.#connectionLost(resourceId, peer, cause) });
    return taskManager;
  }

  #connectionLost(resourceId: string, peer: RpcPeer, cause: FlinkError | undefined): void {
    if (this.#taskManagers.get(resourceId)?.peer === peer) this.lose(resourceId, cause ?? "it has said goodbye");
  }

  /** Gives free slots to shared slots that have none: the one it had before where that is still there. */
  #assign(): void {
    const waiting = [...this.#shared.values()].filter(({ slot }) => slot === undefined);
    for (const isPreferred of [true, false]) {
      for (const shared of waiting) {
        if (shared.slot !== undefined) continue;
        const kept = [...this.#kept].find(([, { index }]) => !isPreferred || index === shared.index);
        if (kept === undefined) continue;
        const [slot, { stop }] = kept;
        stop();
        this.#kept.delete(slot);
        shared.slot = slot;
        for (const user of shared.users.keys()) this.#give(shared, user);
      }
    }
  }

  #give(shared: SharedSlot, user: SlotUser): void {
    const { slot } = shared;
    if (slot === undefined) return;
    void Promise.resolve().then(() => {
      if (shared.slot !== slot || !shared.users.has(user) || shared.users.get(user) === slot) return;
      shared.users.set(user, slot);
      user.onSlot(slot);
    });
  }

  #keep(slot: PooledSlot, index: number): void {
    const stop = this.#options.clock.after(this.#options.idleTimeoutMs, () => {
      this.#kept.delete(slot);
      slot.taskManager.slots.delete(slot);
      this.#declare();
      slot.taskManager.gateway.call("freeSlot", {
        allocationId: slot.allocationId,
        cause: "the job has not used it for slot.idle.timeout",
      }).catch(() => {});
      this.#forgetUnused(slot.taskManager);
    });
    this.#kept.set(slot, { index, stop });
  }

  #lost(slots: readonly PooledSlot[], cause: FlinkError): void {
    for (const slot of slots) {
      this.#kept.get(slot)?.stop();
      this.#kept.delete(slot);
    }
    const users: SlotUser[] = [];
    for (const shared of this.#shared.values()) {
      if (shared.slot === undefined || !slots.includes(shared.slot)) continue;
      shared.slot = undefined;
      for (const [user, told] of shared.users) {
        if (told !== undefined) users.push(user);
        shared.users.set(user, undefined);
      }
    }
    for (const user of users) user.onLost(cause);
    this.#assign();
    this.#declare();
  }

  #forgetUnused({ resourceId, slots }: PooledTaskManager): void {
    if (slots.size > 0) return;
    this.#taskManagers.delete(resourceId);
    this.#heartbeats.unwatch(resourceId);
  }

  #declare(): void {
    const { resourceManager, jobId, jobMasterToken, profile } = this.#options;
    const needed = this.#isClosed ? 0 : Math.max(this.#expected, this.#shared.size + this.#kept.size);
    if (needed === this.#declared) return;
    this.#declared = needed;
    resourceManager.declareRequirements(jobId, jobMasterToken, needed, profile);
  }
}

function taskManagerLost(
  { resourceId, dataAddress }: PooledTaskManager,
  cause: FlinkError | string,
): RetryableError {
  const where = `${resourceId} (${dataAddress.host}:${dataAddress.port})`;
  return new RetryableError("TSF-5223", `TaskManager ${where} is lost`, {
    expected: "a TaskManager that runs until the job ends",
    found: typeof cause === "string" ? cause : cause.summary,
    cause: typeof cause === "string" ? undefined : cause,
  });
}
