/**
 * A small cluster inside a test: TaskExecutors with real slot threads and a JobManager played by the test, over a network
 * in this process. The JobMaster is the real one; its slots are remote.
 *
 * Used by the tests of this folder.
 *
 * @module
 */

import assert from "node:assert/strict";
import { Configuration } from "../../../runtime/api/configuration.ts";
import { generateJobGraph } from "../../../runtime/graph/job_graph_generator.ts";
import { planFingerprint } from "../../../runtime/graph/plan_hash.ts";
import { firstRun, program } from "../../../runtime/program/testdata/two_runs.ts";
import { fromTransferable, type TransferredError } from "../../../runtime/seams/error_transfer.ts";
import type { Clock } from "../../../runtime/seams/clock.ts";
import { letEventLoopRun } from "../../../runtime/seams/system/event_loop_turn.ts";
import { nodeWorkerHost } from "../../../runtime/seams/system/node_worker_host.ts";
import { SharedParker } from "../../../runtime/seams/system/parker.ts";
import { systemSeams } from "../../../runtime/seams/system/system_seams.ts";
import type { LocalFiles } from "../../../runtime/seams/local_files.ts";
import type { Address, Transport } from "../../../runtime/seams/transport.ts";
import type { WorkerHost } from "../../../runtime/seams/worker_host.ts";
import { CapturedLog } from "../../../runtime/testing/test_seams.ts";
import { linkedPairs } from "../../jobmaster/linked_pairs.ts";
import { placeBySharing, type SlotGateway, type SlotJob, type SlotProvider } from "../../jobmaster/slots.ts";
import { LocalJob } from "../../minicluster/local_job.ts";
import type { Messages, RegistrationReply, RemoteSlotStart, TaskManagerRegistration } from "../../rpc/messages.ts";
import type { RpcGateway, RpcPeer } from "../../rpc/rpc_service.ts";
import { type InProcessRpc, inProcessRpc } from "../../rpc/testdata/in_process_rpc.ts";
import { InProcessNetwork } from "../../transport/in_process_transport.ts";
import { TaskExecutor } from "../task_executor.ts";
import { DEFAULT_LIMITS, type Doorbells, type ProcessEnd, type TaskManagerLimits } from "../task_manager_options.ts";

/** Real doorbells. */
export const DOORBELLS: Doorbells = {
  allocate: (count) => SharedParker.allocate(count),
  at: (memory, index) => new SharedParker(memory, index),
};

/** What a ResourceManager of the test answers. */
export const ACCEPTED: RegistrationReply = {
  accepted: true,
  fencingToken: "rm",
  heartbeatIntervalMs: 1000,
  heartbeatTimeoutMs: 5000,
};

/** One TaskManager of the test. */
export interface TestTaskManager {
  readonly id: string;
  readonly executor: TaskExecutor;
  readonly rpc: InProcessRpc;
  readonly log: CapturedLog;
  readonly workDir: string;
  readonly ends: ProcessEnd[];
  /** As the JobManager sees it. */
  readonly peer: () => RpcPeer;
  readonly dataAddress: Address;
}

/** What may differ from test to test. */
export interface TestClusterOptions {
  readonly taskManagers?: number;
  readonly slots?: number;
  readonly limits?: Partial<TaskManagerLimits>;
  readonly host?: WorkerHost;
  /** Default: the real one. */
  readonly clock?: Clock;
  readonly doorbells?: Doorbells;
  readonly files?: LocalFiles;
  /** What the ResourceManager answers. Default: accepted. */
  readonly answer?: (registration: TaskManagerRegistration) => RegistrationReply | Promise<RegistrationReply>;
  /** What it answers to a heartbeat. Default: at once. */
  readonly beat?: () => Promise<Record<never, never>>;
  /** Default: wait until all are registered. */
  readonly waits?: boolean;
  /** Between a TaskManager and the network. */
  readonly transport?: (transport: Transport) => Transport;
}

/** See the module. */
export class TestCluster {
  readonly registrations: TaskManagerRegistration[] = [];
  readonly peers = new Map<string, RpcPeer>();
  readonly freed: Messages["slotFreed"]["request"][] = [];
  readonly drained: Messages["drainTaskManager"]["request"][] = [];
  taskManagers: TestTaskManager[] = [];
  readonly #directory = Deno.makeTempDirSync({ prefix: "tsflink-tm-" });
  readonly #host: WorkerHost;
  #allocations = 0;
  #onRegistered: () => void = () => {};
  readonly blobs = new Map<string, string>();

  private constructor(
    readonly network: InProcessNetwork,
    readonly jobManager: InProcessRpc,
    readonly options: TestClusterOptions,
    host: WorkerHost,
  ) {
    this.#host = host;
    const { answer = () => ACCEPTED } = options;
    jobManager.rpc.register("resourcemanager", {
      registerTaskManager: (registration, from) => {
        this.registrations.push(registration);
        this.peers.set(registration.resourceId, from);
        this.#onRegistered();
        return answer(registration);
      },
      slotReport: () => {},
      slotFreed: (freed) => void this.freed.push(freed),
      drainTaskManager: (drained) => void this.drained.push(drained),
      heartbeat: () => options.beat?.() ?? {},
    }, "rm");
  }

  static async start(options: TestClusterOptions = {}): Promise<TestCluster> {
    const { taskManagers = 2, clock = systemSeams().clock, waits = true } = options;
    const host = options.host ?? nodeWorkerHost({
      entry: new URL("../../entrypoint/slot.ts", import.meta.url),
      stopTimeoutMs: 2000,
    });
    const network = new InProcessNetwork();
    const jobManager = await inProcessRpc(network, "jm", { role: "jobmanager", clock });
    const cluster = new TestCluster(network, jobManager, options, host);
    for (let n = 1; n <= taskManagers; n++) cluster.taskManagers.push(await cluster.#taskManager(`tm-${n}`, clock));
    if (waits) await cluster.registered(taskManagers);
    return cluster;
  }

  /** Resolves when so many registrations have come. */
  async registered(count: number): Promise<void> {
    while (this.registrations.length < count) await new Promise<void>((resolve) => this.#onRegistered = resolve);
    await new Promise((resolve) => setTimeout(resolve, 0));
  }

  async #taskManager(id: string, clock: Clock): Promise<TestTaskManager> {
    const { slots = 1, limits = {}, transport, doorbells = DOORBELLS, files } = this.options;
    const log = new CapturedLog();
    const real = systemSeams({ seed: 1 });
    const seams = { ...real, clock, log, files: files ?? real.files };
    const rpc = await inProcessRpc(this.network, id, { clock });
    const workDir = `${this.#directory}/${id}`;
    const ends: ProcessEnd[] = [];
    const executor = new TaskExecutor({
      config: {
        resourceId: id,
        instanceId: `${id}-1`,
        hostname: "localhost",
        pid: 1,
        jobManagerAddress: this.jobManager.address,
        dataAddress: rpc.address,
        numberOfSlots: slots,
        slotProfile: { heapMb: 256 },
        hardware: {
          cpuCores: 1,
          physicalMemoryBytes: 1,
          heapBytes: 1,
          managedBytes: 1,
          networkBytes: 64 * 1024 * 1024,
        },
        workDir,
        limits: { ...DEFAULT_LIMITS, ...limits },
      },
      rpc: rpc.rpc,
      transport: transport?.(rpc.transport) ?? rpc.transport,
      host: this.#host,
      seams,
      blobs: {
        fetch: (_jobId, hash) => {
          const path = this.blobs.get(hash);
          return path === undefined ? Promise.reject(new Error(`no blob ${hash}`)) : Promise.resolve(path);
        },
        release: () => {},
      },
      doorbells,
      letEventLoopRun,
      onEnd: (end) => void ends.push(end),
    });
    rpc.onData = (connection) => executor.onDataConnection(connection);
    executor.start();
    return { id, executor, rpc, log, workDir, ends, peer: () => this.peers.get(id)!, dataAddress: rpc.address };
  }

  /** Slots for one job, `slotsPerTaskManager` of each TaskManager in turn. */
  slots(jobId: string, descriptor: RemoteSlotStart["start"]["program"], fingerprint: readonly string[]): RemoteSlots {
    return new RemoteSlots(this, jobId, descriptor, fingerprint, () => `allocation-${++this.#allocations}`);
  }

  async close(): Promise<void> {
    for (const { executor, rpc } of this.taskManagers) {
      await executor.close();
      rpc.rpc.close();
      await rpc.listener.close();
    }
    this.jobManager.rpc.close();
    await this.jobManager.listener.close();
    this.#host.close();
    Deno.removeSync(this.#directory, { recursive: true });
  }
}

/** A SlotProvider over TaskManagers, as simple as can be: every slot gets an allocation, kept until the job ends. */
export class RemoteSlots implements SlotProvider {
  readonly isInline = false;
  readonly mayTakeLong = true;
  readonly token = "master-1";
  readonly held: {
    readonly taskManager: TestTaskManager;
    readonly slotIndex: number;
    readonly allocationId: string;
  }[] = [];
  readonly deployed: RemoteSlotStart[] = [];
  readonly disconnected: string[] = [];
  readonly #live = new Map<string, { readonly job: SlotJob; readonly slot: number }>();
  readonly #accepted = new Map<string, () => void>();
  #stages = 0;

  constructor(
    readonly cluster: TestCluster,
    readonly jobId: string,
    readonly descriptor: RemoteSlotStart["start"]["program"],
    readonly fingerprint: readonly string[],
    readonly newAllocation: () => string,
  ) {
    cluster.jobManager.rpc.register(`jobmaster_${jobId}`, {
      offerSlots: ({ slots }) => {
        for (const { allocationId } of slots) this.#accepted.get(allocationId)?.();
        return { accepted: slots.map(({ allocationId }) => allocationId) };
      },
      slotReportOf: ({ slotKey, report }) => {
        const live = this.#live.get(slotKey);
        if (live === undefined) return;
        const arrived = "error" in report && report.error !== undefined
          ? { ...report, error: fromTransferable(report.error as TransferredError) }
          : report;
        live.job.onReport(live.slot, arrived);
      },
      slotEnded: ({ slotKey, end }) => {
        const live = this.#live.get(slotKey);
        this.#live.delete(slotKey);
        live?.job.onEnd(
          live.slot,
          end.kind === "failed" ? { kind: "failed", error: fromTransferable(end.error) as never } : end,
        );
      },
      disconnectTaskManager: ({ resourceId }) => void this.disconnected.push(resourceId),
      heartbeat: () => ({}),
    }, this.token);
  }

  place = placeBySharing;

  gateway(taskManager: TestTaskManager): RpcGateway {
    return this.cluster.jobManager.rpc.gateway(taskManager.peer(), "taskexecutor", "");
  }

  /** Takes slots from all TaskManagers in turn. */
  async hold(count: number): Promise<void> {
    const { taskManagers } = this.cluster;
    for (let n = this.held.length; n < count; n++) {
      const taskManager = taskManagers[n % taskManagers.length];
      const slotIndex = Math.floor(n / taskManagers.length);
      const allocationId = this.newAllocation();
      const accepted = new Promise<void>((resolve) => this.#accepted.set(allocationId, resolve));
      await this.gateway(taskManager).call("requestSlot", {
        slotIndex,
        jobId: this.jobId,
        allocationId,
        jobMasterToken: this.token,
        profile: {},
      });
      await accepted;
      this.held.push({ taskManager, slotIndex, allocationId });
    }
  }

  allocate(job: SlotJob): readonly SlotGateway[] {
    const stage = this.#stages++;
    const count = Math.max(...job.deployment.placements.map(({ slot }) => slot)) + 1;
    const keyOf = (slot: number) => `${this.jobId}/${stage}/${slot}`;
    const pairs = linkedPairs(job.jobGraph, job.deployment.placements);
    const deploy = async (slot: number): Promise<void> => {
      const { taskManager, allocationId } = this.held[slot];
      const links = pairs.flatMap(({ a, b, channels }) => {
        if (a !== slot && b !== slot) return [];
        const peerSlot = a === slot ? b : a;
        const there = this.held[peerSlot].taskManager;
        const peerAddress = there === taskManager ? undefined : there.dataAddress;
        return [{ peerSlot, peerKey: keyOf(peerSlot), channels, ...(peerAddress && { peerAddress }) }];
      });
      const start: RemoteSlotStart = {
        jobId: this.jobId,
        jobName: job.jobGraph.name,
        slotKey: keyOf(slot),
        allocationId,
        jobMasterToken: this.token,
        bundleHash: "bundle",
        assets: [],
        links,
        start: {
          program: this.descriptor,
          planFingerprint: this.fingerprint,
          captureTimeoutMs: 60_000,
          deployment: { ...job.deployment, slot },
          seed: 1,
          progressMs: 100,
        },
      };
      this.deployed.push(start);
      await this.gateway(taskManager).call("deploySlot", start);
    };
    const gateways = Array.from({ length: count }, (_, slot): SlotGateway => {
      const slotKey = keyOf(slot);
      this.#live.set(slotKey, { job, slot });
      const to = () => this.gateway(this.held[slot].taskManager);
      return {
        request: (request) => to().tell("slotRequest", { jobId: this.jobId, slotKey, request }),
        progress: () => [],
        close: async () => {
          this.#live.delete(slotKey);
          await to().call("closeSlot", { jobId: this.jobId, slotKey }).catch(() => {});
        },
      };
    });
    void this.hold(count).then(async () => {
      for (let slot = 0; slot < count; slot++) {
        await deploy(slot).catch((error) => job.onEnd(slot, { kind: "failed", error }));
      }
    }, (error) => job.onReport(0, { type: "refused", error }));
    return gateways;
  }

  async freeAll(): Promise<void> {
    const held = this.held.splice(0);
    await Promise.all(
      held.map(({ taskManager, allocationId }) =>
        this.gateway(taskManager).call("freeSlot", { allocationId, cause: "the job has ended" }).catch(() => {})
      ),
    );
  }
}

/** A job that runs on a test cluster. */
export interface TestJob {
  readonly job: LocalJob;
  readonly slots: RemoteSlots;
  readonly rows: unknown[];
  /** How it ends. */
  readonly end: Promise<"FINISHED" | Error>;
}

let jobs = 0;

/** Starts the program's first job. `main` is the body of a main() in JavaScript, see two_runs.ts. */
export async function startJob(
  cluster: TestCluster,
  main: string,
  configuration: Record<string, string> = {},
): Promise<TestJob> {
  // As bundled code is: JavaScript, whose functions have the text that was written.
  const path = new URL(program(main)).pathname.replace(/ts$/, "mjs");
  Deno.renameSync(path.replace(/mjs$/, "ts"), path);
  const first = await firstRun(`file://${path}`);
  assert.equal(first.error, undefined);
  cluster.blobs.set("bundle", path);
  const jobGraph = generateJobGraph(first.graphs[0]);
  const jobId = (++jobs).toString(16).padStart(32, "0");
  const slots = cluster.slots(jobId, structuredClone(first.recorder.descriptor(0)), planFingerprint(jobGraph));
  const rows: unknown[] = [];
  const collect = jobGraph.vertices.flatMap(({ chain }) => chain.flatMap(({ uid }) => uid?.startsWith("c") ? uid : []));
  const job = new LocalJob({
    jobId,
    jobGraph,
    execute: {
      configuration: Configuration.from(configuration),
      cachedFiles: [],
      executionOrdinal: 0,
      collect: new Map(collect.map((uid) => [uid, (batch: unknown[]) => void rows.push(...batch)])),
    },
    seams: systemSeams({ seed: 1 }),
    slots,
  });
  const end = Promise.resolve(job.start()).then(() => job.getJobExecutionResult()).then(
    () => "FINISHED" as const,
    (error) => error as Error,
  );
  return { job, slots, rows, end };
}
