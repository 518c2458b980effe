/**
 * The ResourceManager of a JobManager: TaskManagers register here, jobs declare here how many slots they need, and each
 * free slot is asked for at its TaskManager, which offers it to the JobMaster. Serves the endpoint "resourcemanager".
 *
 * A TaskManager is one incarnation of a process: resource id and instance id. A new instance of the same resource id
 * takes the place of the old one, whose slots are lost; the old one, should it still run, is refused from then on.
 *
 * @module
 */

import { FlinkError, RetryableError } from "../../runtime/errors.ts";
import type { Seams } from "../../runtime/seams/seams.ts";
import type { ResourceProvider } from "../platforms/platform.ts";
import type { TaskManagerInfo } from "../rpc/cluster_info.ts";
import type { JobResources, ResourceManagerGateway } from "../rpc/gateways.ts";
import type { Messages, RegistrationReply, SlotProfile, SlotStatus, TaskManagerRegistration } from "../rpc/messages.ts";
import { HeartbeatMonitor } from "../rpc/heartbeat.ts";
import type { EndpointHandler, RpcGateway, RpcPeer, RpcServer, RpcService } from "../rpc/rpc_service.ts";
import type { ResourceManagerSettings } from "./resource_manager_settings.ts";
import { type ManagedTaskManager, type SlotAllocation, SlotManager } from "./slot_manager.ts";
import { taskManagerInfo } from "./task_manager_info.ts";
import { type PoolView, WorkerPool } from "./worker_pool.ts";

/** How a ResourceManager is made. */
export interface ResourceManagerParts {
  readonly rpc: RpcService;
  readonly provider: ResourceProvider;
  readonly seams: Pick<Seams, "clock" | "random" | "log">;
  readonly settings: ResourceManagerSettings;
  /** Names this JobManager in heartbeats. */
  readonly resourceId: string;
}

interface Registered {
  readonly taskManager: ManagedTaskManager;
  readonly peer: RpcPeer;
  /** To its endpoint "taskexecutor". */
  readonly gateway: RpcGateway;
  /** When it was last heard of, by the wall clock, for people. */
  lastHeartbeat: number;
  /** What came with its latest heartbeat. */
  payload: unknown;
}

/** Doubled with every failure. */
const FIRST_RETRY_MS = 5;

/** Instances that were replaced, or drained; the oldest are forgotten. */
const MAX_INSTANCES = 1000;

/** See the module. */
export class ResourceManager implements ResourceManagerGateway {
  readonly #parts: ResourceManagerParts;
  readonly #slots: SlotManager;
  readonly #pool: WorkerPool;
  readonly #registered = new Map<string, Registered>();
  readonly #replaced = new Set<string>();
  /** Instances that are being drained: they stay so when they register again. */
  readonly #draining = new Set<string>();
  readonly #heartbeats: HeartbeatMonitor;
  /** What TaskManagers show with their messages. */
  readonly fencingToken: string;
  #server: RpcServer | undefined;
  #isClosed = false;
  #isChecking = false;

  constructor(parts: ResourceManagerParts) {
    this.#parts = parts;
    const { seams, settings, provider } = parts;
    const ids = seams.random.fork("resourcemanager");
    const newId = () => Array.from({ length: 4 }, () => ids.u32().toString(16).padStart(8, "0")).join("");
    this.fencingToken = newId();
    this.#slots = new SlotManager({ balance: settings.balance, now: () => seams.clock.monotonic(), newId });
    this.#heartbeats = new HeartbeatMonitor({
      clock: seams.clock,
      intervalMs: settings.heartbeatIntervalMs,
      timeoutMs: settings.heartbeatTimeoutMs,
    });
    this.#pool = new WorkerPool({
      provider,
      clock: seams.clock,
      log: seams.log,
      settings: settings.pool,
      onChange: () => this.#check(),
      onRelease: (resourceId, cause) => this.#remove(resourceId, cause),
      onTerminated: (resourceId, cause) => this.#lost(resourceId, cause),
    });
  }

  /** Takes registrations from now on. */
  async start(): Promise<void> {
    this.#server = this.#parts.rpc.register("resourcemanager", this.#endpoint(), this.fencingToken);
    await this.#pool.start();
    this.#check();
  }

  /** Takes none any more, and ends the TaskManagers that its provider has started; they may still say what they have to. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#heartbeats.stop();
    await this.#pool.close();
    this.#server?.close();
    this.#registered.clear();
  }

  declareRequirements(jobId: string, jobMasterToken: string, count: number, profile: SlotProfile): void {
    this.#slots.declare(jobId, jobMasterToken, { count, profile });
    this.#check();
  }

  jobEnded(jobId: string): void {
    this.#slots.forget(jobId);
    this.#check();
    this.#planReclaim(jobId);
  }

  resources(jobId: string): JobResources {
    const startFailure = this.#pool.lastFailure?.message;
    return {
      ...this.#slots.resources(jobId),
      workersPending: this.#pool.pending,
      ...(startFailure !== undefined && { startFailure }),
    };
  }

  /** Registered TaskManagers, in the order of their registration. */
  taskManagers(): TaskManagerInfo[] {
    return [...this.#registered.values()].map(({ taskManager, lastHeartbeat }) =>
      taskManagerInfo(taskManager, lastHeartbeat)
    );
  }

  /** What came with the latest heartbeat of a TaskManager. */
  heartbeatPayload(resourceId: string): unknown {
    return this.#registered.get(resourceId)?.payload;
  }

  /** The control connection of a registered TaskManager. */
  peerOf(resourceId: string): RpcPeer | undefined {
    return this.#registered.get(resourceId)?.peer;
  }

  /** Numbers for the overview of the cluster. */
  overview(): { readonly taskManagers: number; readonly slotsTotal: number; readonly slotsAvailable: number } {
    const { slots } = this.#slots;
    const slotsAvailable = slots.filter(({ state }) => state === "FREE").length;
    return { taskManagers: this.#registered.size, slotsTotal: slots.length, slotsAvailable };
  }

  /**
   * The TaskManager takes no new slots; it is told, and tells its jobs, which move.
   *
   * @throws FlinkError TSF-5252 when there is none of that id.
   */
  async drainTaskManager(resourceId: string, cause = "it is drained by request"): Promise<void> {
    const registered = this.#registered.get(resourceId);
    if (registered === undefined) {
      throw new FlinkError("TSF-5252", `There is no TaskManager ${JSON.stringify(resourceId)}`, {
        expected: `one of ${
          [...this.#registered.keys()].slice(0, 10).join(", ") || "none: no TaskManager is registered"
        }`,
        found: resourceId,
      });
    }
    this.#drain(registered.taskManager);
    const { slotRequestTimeoutMs: timeoutMs } = this.#parts.settings;
    await registered.gateway.call("drainTaskManager", { resourceId, cause }, { timeoutMs });
    this.#check();
  }

  #endpoint(): EndpointHandler {
    return {
      registerTaskManager: (registration, from) => this.#register(registration, from),
      slotReport: ({ resourceId, slots }, from) => {
        this.#from(resourceId, from);
        this.#slots.report(resourceId, slots);
        this.#check();
      },
      slotFreed: ({ resourceId, slotIndex, allocationId }, from) => {
        this.#from(resourceId, from);
        if (this.#slots.slot(resourceId, slotIndex)?.freed(allocationId)) this.#check();
      },
      drainTaskManager: ({ resourceId, cause }, from) => {
        this.#drain(this.#from(resourceId, from).taskManager);
        this.#parts.seams.log.log("info", `TaskManager ${resourceId} takes no new slots: ${cause}`);
        this.#check();
      },
      heartbeat: ({ resourceId, payload }, from) => {
        this.#takePayload(this.#from(resourceId, from), payload);
        return {};
      },
    };
  }

  /** @throws RetryableError TSF-5251 when the sender is not, or not any more, the registered one. */
  #from(resourceId: string, from: RpcPeer): Registered {
    const registered = this.#registered.get(resourceId);
    if (registered?.peer === from) {
      this.#heartbeats.heardOf(resourceId);
      registered.lastHeartbeat = this.#parts.seams.clock.now();
      return registered;
    }
    throw new RetryableError("TSF-5251", `TaskManager ${resourceId} is not registered over this connection`, {
      expected: "a registration first",
      found: registered === undefined ? "none" : "a later one over another connection",
      hint: "It is to register again.",
    });
  }

  #register(registration: TaskManagerRegistration, from: RpcPeer): RegistrationReply {
    const { resourceId, instanceId, slots } = registration;
    const { settings, seams } = this.#parts;
    const refusal = this.#refusal(registration, from);
    if (refusal !== undefined) {
      seams.log.log("warn", `registration of TaskManager ${resourceId} refused: ${refusal}`);
      return { accepted: false, reason: refusal };
    }
    this.#replace(registration, from);
    const taskManager = this.#slots.register(registration);
    taskManager.isDraining = this.#draining.has(`${resourceId} ${instanceId}`);
    const gateway = this.#parts.rpc.gateway(from, "taskexecutor", this.fencingToken);
    const registered = { taskManager, peer: from, gateway, lastHeartbeat: seams.clock.now(), payload: undefined };
    this.#registered.set(resourceId, registered);
    // What is asked of it follows its first answer, by which time it has this one.
    from.onClose((cause) => {
      if (this.#registered.get(resourceId) === registered) this.#lost(resourceId, disconnected(resourceId, cause));
    });
    this.#pool.registered(resourceId);
    seams.log.log("info", `TaskManager ${resourceId} has registered with ${slots.length} slots`, { instanceId });
    // Its answer goes first.
    seams.clock.after(0, () => {
      if (!this.#isClosed && this.#registered.get(resourceId) === registered) this.#watch(registered);
    });
    const { heartbeatIntervalMs, heartbeatTimeoutMs } = settings;
    return { accepted: true, fencingToken: this.fencingToken, heartbeatIntervalMs, heartbeatTimeoutMs };
  }

  #watch(registered: Registered): void {
    const { resourceId } = registered.taskManager;
    const body = { resourceId: this.#parts.resourceId };
    const { heartbeatTimeoutMs: timeoutMs } = this.#parts.settings;
    this.#heartbeats.watch(resourceId, {
      beat: async () => (await registered.gateway.call("heartbeat", body, { timeoutMs })).payload,
      onPayload: (payload) => {
        registered.lastHeartbeat = this.#parts.seams.clock.now();
        registered.taskManager.isConfirmed = true;
        this.#takePayload(registered, payload);
        this.#check();
      },
      onTimeout: (cause) => this.#lost(resourceId, cause),
    });
  }

  #refusal({ resourceId, instanceId, slots }: TaskManagerRegistration, from: RpcPeer): string | undefined {
    const { maxTaskManagers } = this.#parts.settings;
    if (this.#isClosed) return "the JobManager is stopping";
    if (from.resourceId !== resourceId) return `its connection belongs to ${JSON.stringify(from.resourceId)}`;
    if (this.#replaced.has(`${resourceId} ${instanceId}`)) {
      return `another process has registered as ${JSON.stringify(resourceId)} since; give each TaskManager its own ` +
        "taskmanager.resource-id";
    }
    if (new Set(slots.map(({ slotIndex }) => slotIndex)).size !== slots.length) {
      return "two of its slots have one index";
    }
    if (!this.#registered.has(resourceId) && this.#registered.size >= maxTaskManagers) {
      return `${maxTaskManagers} TaskManagers are registered, which is the limit`;
    }
    return undefined;
  }

  /** Whoever was registered by this resource id makes room: its slots are what the new registration says. */
  #replace({ resourceId, instanceId }: TaskManagerRegistration, from: RpcPeer): void {
    const old = this.#registered.get(resourceId);
    if (old === undefined) return;
    const oldInstance = old.taskManager.registration.instanceId;
    if (oldInstance !== instanceId) {
      addBounded(this.#replaced, `${resourceId} ${oldInstance}`);
    }
    this.#heartbeats.unwatch(resourceId);
    this.#registered.delete(resourceId);
    this.#slots.unregister(resourceId);
    if (old.peer === from) return;
    old.peer.close(
      new FlinkError("TSF-5259", `TaskManager ${resourceId} has registered again over another connection`, {
        expected: "one process of each resource id",
        found: oldInstance === instanceId ? "the same process again" : "another process",
      }),
    );
  }

  #takePayload(registered: Registered, payload: unknown): void {
    registered.payload = payload;
    const { slots } = (payload ?? {}) as { slots?: readonly SlotStatus[] };
    if (!Array.isArray(slots)) return;
    this.#slots.report(registered.taskManager.resourceId, slots);
    this.#check();
  }

  #drain(taskManager: ManagedTaskManager): void {
    taskManager.isDraining = true;
    addBounded(this.#draining, `${taskManager.resourceId} ${taskManager.registration.instanceId}`);
  }

  #lost(resourceId: string, cause: FlinkError): void {
    if (this.#isClosed) return;
    this.#parts.seams.log.log("warn", `TaskManager ${resourceId} is lost: ${cause.message.split("\n")[0]}`);
    this.#remove(resourceId, cause);
    this.#pool.lost(resourceId);
    this.#check();
  }

  /** JobMasters hear of it from the connection, which they share. */
  #remove(resourceId: string, cause: FlinkError): void {
    const registered = this.#registered.get(resourceId);
    if (registered === undefined) return;
    this.#registered.delete(resourceId);
    this.#slots.unregister(resourceId);
    this.#heartbeats.unwatch(resourceId);
    registered.peer.close(cause);
  }

  /** Brings together what is needed and what is there. */
  #check(): void {
    if (this.#isClosed || this.#isChecking) return;
    this.#isChecking = true;
    try {
      for (const allocation of this.#slots.allocate()) this.#requestSlot(allocation);
      this.#pool.adjust(this.#view());
    } finally {
      this.#isChecking = false;
    }
  }

  #view(): PoolView {
    const { slotsTotal, slotsAvailable: slotsFree } = this.overview();
    const idle = [...this.#slots.taskManagers.values()]
      .filter(({ slots }) => slots.every(({ state }) => state === "FREE"))
      .map(({ resourceId, slots, isDraining }) => {
        return { resourceId, since: Math.max(...slots.map((slot) => slot.since)), slots: slots.length, isDraining };
      });
    const slotsExpected = this.#slots.expected();
    return { slotsTotal, slotsFree, slotsExpected, missing: this.#slots.missing(), idle };
  }

  #requestSlot({ slot, jobId, jobMasterToken, allocationId, profile }: SlotAllocation): void {
    const { settings, seams } = this.#parts;
    const request: Messages["requestSlot"]["request"] = {
      slotIndex: slot.index,
      jobId,
      allocationId,
      jobMasterToken,
      profile,
    };
    const { gateway } = this.#registered.get(slot.resourceId)!;
    gateway.call("requestSlot", request, { timeoutMs: settings.slotRequestTimeoutMs }).then(
      () => slot.granted(allocationId),
      (error) => {
        if (!slot.requestFailed(allocationId)) return;
        seams.log.log("debug", `slot ${slot.index} of ${slot.resourceId} is not to be had: ${error}`);
        // Most often it has its reason in something that is under way.
        seams.clock.after(Math.min(settings.slotRetryMs, FIRST_RETRY_MS * 2 ** slot.failures), () => {
          slot.retry();
          this.#check();
        });
        // Another one may do.
        this.#check();
      },
    );
  }

  /** Slots that a job which is over still holds after a while are freed for it. */
  #planReclaim(jobId: string): void {
    if (this.#slots.slotsOf(jobId).length === 0) return;
    const { clock, log } = this.#parts.seams;
    clock.after(this.#parts.settings.reclaimMs, () => {
      if (this.#isClosed || this.#slots.needsSlots(jobId)) return;
      for (const { resourceId, holder } of this.#slots.slotsOf(jobId)) {
        const { allocationId } = holder!;
        const cause = `job ${jobId} has ended`;
        log.log("debug", `slot of ${resourceId} is reclaimed: ${cause}`);
        this.#registered.get(resourceId)?.gateway.tell("freeSlot", { allocationId, cause });
      }
      this.#planReclaim(jobId);
    });
  }
}

function disconnected(resourceId: string, cause: FlinkError | undefined): FlinkError {
  return new RetryableError("TSF-5258", `The connection to TaskManager ${resourceId} has ended`, {
    expected: "a connection as long as the TaskManager is registered",
    found: cause === undefined ? "it said goodbye" : "a broken connection",
    cause,
  });
}

function addBounded(set: Set<string>, item: string): void {
  set.add(item);
  if (set.size > MAX_INSTANCES) set.delete(set.values().next().value!);
}
