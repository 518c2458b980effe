/**
 * A ResourceManager with TaskManagers and a provider that are played by a test, over the real RPC inside the process.
 *
 * @module
 */

import { CapturedLog, ManualClock } from "tsflink/testing";
import { FlinkError, RetryableError } from "../../../runtime/errors.ts";
import { SeededRandom } from "../../../runtime/seams/system/random.ts";
import { ClusterConfiguration } from "../../config/cluster_configuration.ts";
import type {
  ProviderListener,
  ResourceProvider,
  StopWorker,
  WorkerInfo,
  WorkerSpec,
} from "../../platforms/platform.ts";
import { StandaloneProvider } from "../../platforms/standalone.ts";
import type { Messages, RegistrationReply, SlotProfile, SlotStatus } from "../../rpc/messages.ts";
import type { RpcGateway, RpcPeer } from "../../rpc/rpc_service.ts";
import { type InProcessRpc, inProcessRpc, settle } from "../../rpc/testdata/in_process_rpc.ts";
import { InProcessNetwork } from "../../transport/in_process_transport.ts";
import { ResourceManager } from "../resource_manager.ts";
import { type ResourceManagerSettings, resourceManagerSettings } from "../resource_manager_settings.ts";

/** How a TaskManager of the test answers to a request for a slot. */
export type SlotAnswer = "grants" | "refuses" | "hangs";

/** The whole of it. */
export class FakeCluster {
  readonly clock = new ManualClock(1_000_000);
  readonly log = new CapturedLog();
  readonly network = new InProcessNetwork();
  readonly provider: ResourceProvider;
  jobManager!: InProcessRpc;
  manager!: ResourceManager;

  constructor(provider: ResourceProvider = new StandaloneProvider()) {
    this.provider = provider;
  }

  static async start(
    settings: Partial<ResourceManagerSettings> & { readonly configuration?: Record<string, unknown> } = {},
    provider?: ResourceProvider,
  ): Promise<FakeCluster> {
    const cluster = new FakeCluster(provider);
    const { configuration = {}, ...others } = settings;
    cluster.jobManager = await inProcessRpc(cluster.network, "jm", { role: "jobmanager", clock: cluster.clock });
    cluster.manager = new ResourceManager({
      rpc: cluster.jobManager.rpc,
      provider: cluster.provider,
      seams: { clock: cluster.clock, random: new SeededRandom(7), log: cluster.log },
      settings: { ...resourceManagerSettings(ClusterConfiguration.from(configuration)), ...others },
      resourceId: "jm",
    });
    await cluster.manager.start();
    return cluster;
  }

  async taskManager(
    resourceId: string,
    options: FakeTaskManagerOptions = {},
    answer: SlotAnswer | "frozen" = "grants",
  ): Promise<FakeTaskManager> {
    const taskManager = new FakeTaskManager(this, resourceId, options);
    if (answer === "frozen") taskManager.isFrozen = true;
    else taskManager.answer = answer;
    await taskManager.connect();
    return taskManager;
  }

  /** Lets messages arrive, and timers that are due now fire. */
  async settle(): Promise<void> {
    await settle();
    this.clock.advance(0);
    await settle();
  }

  /** Moves on step by step, so that messages get their turn between timers. */
  async advance(ms: number, stepMs = 500): Promise<void> {
    for (const end = this.clock.now() + ms; this.clock.now() < end;) {
      this.clock.advance(Math.min(stepMs, end - this.clock.now()));
      await this.settle();
    }
  }

  async close(): Promise<void> {
    await this.manager.close();
    this.jobManager.rpc.close();
    await settle();
  }
}

export interface FakeTaskManagerOptions {
  readonly slots?: number;
  readonly profile?: SlotProfile;
  readonly instanceId?: string;
}

/** A TaskManager that allocates its slots as it is asked, unless it is told otherwise. */
export class FakeTaskManager {
  readonly slots: SlotStatus[];
  readonly requests: Messages["requestSlot"]["request"][] = [];
  readonly freeRequests: string[] = [];
  readonly drained: string[] = [];
  answer: SlotAnswer = "grants";
  /** A frozen process answers to nothing. */
  isFrozen = false;
  reply: RegistrationReply | undefined;
  process!: InProcessRpc;
  peer!: RpcPeer;
  #gateway!: RpcGateway;

  constructor(
    readonly cluster: FakeCluster,
    readonly resourceId: string,
    readonly options: FakeTaskManagerOptions,
  ) {
    this.slots = Array.from({ length: options.slots ?? 2 }, (_, slotIndex) => ({ slotIndex }));
  }

  async connect(): Promise<void> {
    this.process = await inProcessRpc(this.cluster.network, this.resourceId, { clock: this.cluster.clock });
    this.process.rpc.register("taskexecutor", {
      heartbeat: () => this.isFrozen ? new Promise(() => {}) : { payload: { slots: this.slots } },
      requestSlot: (request) => this.#requested(request),
      freeSlot: ({ allocationId }) => {
        this.freeRequests.push(allocationId);
        this.free(allocationId);
      },
      drainTaskManager: ({ cause }) => void this.drained.push(cause),
    });
    this.peer = await this.process.rpc.connect(this.cluster.jobManager.address);
    await this.register();
  }

  /** Over the connection it has. */
  async register(): Promise<void> {
    this.reply = await this.process.rpc.gateway(this.peer, "resourcemanager", "").call("registerTaskManager", {
      resourceId: this.resourceId,
      instanceId: this.options.instanceId ?? `${this.resourceId}#1`,
      dataAddress: { host: "10.0.0.1", port: 6121 },
      slots: this.slots,
      slotProfile: this.options.profile ?? { heapMb: 256 },
      pid: 4711,
      hostname: "host",
      hardware: {
        cpuCores: 4,
        physicalMemoryBytes: 2 ** 33,
        heapBytes: 2 ** 29,
        managedBytes: 0,
        networkBytes: 2 ** 26,
      },
    });
    const token = this.reply.accepted ? this.reply.fencingToken : "";
    this.#gateway = this.process.rpc.gateway(this.peer, "resourcemanager", token);
    await this.cluster.settle();
  }

  get manager(): RpcGateway {
    return this.#gateway;
  }
  get allocated(): SlotStatus[] {
    return this.slots.filter(({ allocationId }) => allocationId !== undefined);
  }

  /** A job has given a slot back. */
  free(allocationId: string): void {
    const index = this.slots.findIndex((slot) => slot.allocationId === allocationId);
    if (index < 0) return;
    this.slots[index] = { slotIndex: this.slots[index].slotIndex };
    const { slotIndex } = this.slots[index];
    this.#gateway.tell("slotFreed", { resourceId: this.resourceId, slotIndex, allocationId });
  }

  /** As kill -9 ends it. */
  kill(): void {
    this.peer.close(new FlinkError("TSF-0000", "killed"));
  }

  #requested(request: Messages["requestSlot"]["request"]): void | Promise<void> {
    this.requests.push(request);
    if (this.answer === "hangs" || this.isFrozen) return new Promise(() => {});
    const index = this.slots.findIndex(({ slotIndex }) => slotIndex === request.slotIndex);
    if (this.answer === "refuses" || index < 0 || this.slots[index].allocationId !== undefined) {
      throw new RetryableError("TSF-5261", "This slot is not free");
    }
    const { slotIndex, jobId, allocationId } = request;
    this.slots[index] = { slotIndex, jobId, allocationId };
  }
}

/** A provider that does what the test says. */
export class FakeProvider implements ResourceProvider {
  readonly name = "fake";
  readonly workerSpec: WorkerSpec;
  readonly previous: WorkerInfo[] = [];
  /** Starts that wait for {@link succeed} or {@link fail}. */
  readonly starts: { resolve(info: WorkerInfo): void; reject(error: unknown): void }[] = [];
  readonly stopped: string[] = [];
  /** Those of them that were not asked. */
  readonly killed: string[] = [];
  listener!: ProviderListener;
  isClosed = false;

  constructor(slots = 2, slotProfile: SlotProfile = { heapMb: 256 }) {
    this.workerSpec = { slots, slotProfile };
  }

  start(listener: ProviderListener): Promise<readonly WorkerInfo[]> {
    this.listener = listener;
    return Promise.resolve(this.previous);
  }
  startWorker(): Promise<WorkerInfo> {
    return new Promise((resolve, reject) => this.starts.push({ resolve, reject }));
  }
  stopWorker(resourceId: string, how: StopWorker): Promise<void> {
    this.stopped.push(resourceId);
    if (how === "at once") this.killed.push(resourceId);
    return Promise.resolve();
  }
  close(): Promise<void> {
    this.isClosed = true;
    return Promise.resolve();
  }

  succeed(resourceId: string): void {
    this.starts.shift()!.resolve({ resourceId });
  }
  fail(): void {
    this.starts.shift()!.reject(new FlinkError("TSF-0000", "no"));
  }
}
