/**
 * A whole cluster inside a test: the real ResourceManager, JobMasters with coordinator isolates, TaskExecutors with slot
 * threads, over a network in this process.
 *
 * Used by remote_job_test.ts.
 *
 * @module
 */

import { generateJobGraph } from "../../../runtime/graph/job_graph_generator.ts";
import { planOf } from "../../../runtime/graph/job_plan.ts";
import { planFingerprint } from "../../../runtime/graph/plan_hash.ts";
import { firstRun } from "../../../runtime/program/testdata/two_runs.ts";
import { letEventLoopRun } from "../../../runtime/seams/system/event_loop_turn.ts";
import { nodeWorkerHost } from "../../../runtime/seams/system/node_worker_host.ts";
import { SharedParker } from "../../../runtime/seams/system/parker.ts";
import { systemSeams } from "../../../runtime/seams/system/system_seams.ts";
import { CapturedLog } from "../../../runtime/testing/test_seams.ts";
import { type RemoteJob, type RemoteJobLimits, startJobMasters } from "../../jobmaster/remote_job.ts";
import { StandaloneProvider } from "../../platforms/standalone.ts";
import { ResourceManager } from "../../resourcemanager/resource_manager.ts";
import type { JobSubmission } from "../../rpc/gateways.ts";
import { type InProcessRpc, inProcessRpc } from "../../rpc/testdata/in_process_rpc.ts";
import { TaskExecutor } from "../../taskmanager/task_executor.ts";
import { DEFAULT_LIMITS } from "../../taskmanager/task_manager_options.ts";
import { InProcessNetwork } from "../../transport/in_process_transport.ts";

const HEARTBEATS = { heartbeatIntervalMs: 500, heartbeatTimeoutMs: 5000 };
const DOORBELLS = {
  allocate: (count: number) => SharedParker.allocate(count),
  at: (memory: SharedArrayBuffer, index: number) => new SharedParker(memory, index),
};

/** One TaskManager. */
export interface WholeTaskManager {
  readonly id: string;
  readonly executor: TaskExecutor;
  readonly rpc: InProcessRpc;
  readonly log: CapturedLog;
}

/** See the module. */
export class WholeCluster {
  readonly log: CapturedLog = new CapturedLog();
  readonly taskManagers: WholeTaskManager[] = [];
  readonly jobs: RemoteJob[] = [];
  readonly #network = new InProcessNetwork();
  readonly #host = nodeWorkerHost({ entry: new URL("../../entrypoint/slot.ts", import.meta.url), stopTimeoutMs: 2000 });
  readonly #directory = Deno.makeTempDirSync({ prefix: "tsflink-cluster-" });
  readonly #bundles = new Map<string, string>();
  readonly seams = { ...systemSeams({ seed: 5 }), log: this.log };
  #jobManager!: InProcessRpc;
  resourceManager!: ResourceManager;
  #started = 0;

  static async start(taskManagers = 2, slots = 1): Promise<WholeCluster> {
    const cluster = new WholeCluster();
    const { seams } = cluster;
    cluster.#jobManager = await inProcessRpc(cluster.#network, "jm", { role: "jobmanager", clock: seams.clock });
    cluster.resourceManager = new ResourceManager({
      rpc: cluster.#jobManager.rpc,
      provider: new StandaloneProvider(),
      seams,
      settings: {
        ...HEARTBEATS,
        balance: "spread",
        slotRequestTimeoutMs: 2000,
        slotRetryMs: 100,
        reclaimMs: 10_000,
        maxTaskManagers: 10,
        pool: {
          registrationTimeoutMs: 10_000,
          idleTimeoutMs: 10_000,
          minSlots: 0,
          maxSlots: 100,
          redundantWorkers: 0,
          maxStartFailuresPerMinute: 10,
          startRetryMs: 100,
        },
      },
      resourceId: "jm",
    });
    await cluster.resourceManager.start();
    for (let n = 0; n < taskManagers; n++) await cluster.addTaskManager(slots);
    return cluster;
  }

  async addTaskManager(slots: number): Promise<WholeTaskManager> {
    const id = `tm-${++this.#started}`;
    const log = new CapturedLog();
    const seams = { ...systemSeams({ seed: 1 }), log };
    const rpc = await inProcessRpc(this.#network, id, { clock: seams.clock });
    const executor = new TaskExecutor({
      config: {
        resourceId: id,
        instanceId: `${id}-1`,
        hostname: "localhost",
        pid: 1,
        jobManagerAddress: this.#jobManager.address,
        dataAddress: rpc.address,
        numberOfSlots: slots,
        slotProfile: { heapMb: 256 },
        hardware: { cpuCores: 1, physicalMemoryBytes: 1, heapBytes: 1, managedBytes: 1, networkBytes: 2 ** 26 },
        workDir: `${this.#directory}/${id}`,
        limits: { ...DEFAULT_LIMITS, ...HEARTBEATS },
      },
      rpc: rpc.rpc,
      transport: rpc.transport,
      host: this.#host,
      seams,
      blobs: {
        fetch: (_jobId, hash) => Promise.resolve(this.#bundles.get(hash)!),
        release: () => {},
      },
      doorbells: DOORBELLS,
      letEventLoopRun,
      onEnd: () => {},
    });
    rpc.onData = (connection) => executor.onDataConnection(connection);
    executor.start();
    while (!executor.isRegistered) await new Promise((resolve) => setTimeout(resolve, 1));
    const taskManager = { id, executor, rpc, log };
    this.taskManagers.push(taskManager);
    return taskManager;
  }

  /** Submits the first job of a program; see two_runs.ts. */
  async submit(url: string, options: {
    readonly args?: readonly string[];
    readonly configuration?: Record<string, string>;
    readonly limits?: Partial<RemoteJobLimits>;
    readonly change?: (job: JobSubmission) => JobSubmission;
  } = {}): Promise<RemoteJob> {
    const { args, configuration, limits, change = (job) => job } = options;
    const { graphs, recorder, error } = await firstRun(url, { args, configuration });
    if (graphs[0] === undefined) throw error;
    const jobGraph = generateJobGraph(graphs[0]);
    const number = this.jobs.length;
    const bundleHash = number.toString(16).padStart(64, "0");
    this.#bundles.set(bundleHash, new URL(url).pathname);
    const collect = jobGraph.vertices.flatMap(({ chain }) =>
      chain.flatMap(({ uid }) => uid?.startsWith("dataStreamCollect_") ? [uid] : [])
    );
    const start = startJobMasters({
      seams: this.seams,
      rpc: this.#jobManager.rpc,
      resourceManager: this.resourceManager,
      host: this.#host,
      doorbells: DOORBELLS,
      bundleUrl: () => url,
      limits: { ...HEARTBEATS, progressMs: 50, collectPollMs: 50, ...limits },
    });
    const job = start(change({
      jobId: (number + 1).toString(16).padStart(32, "0"),
      jobName: jobGraph.name,
      descriptor: recorder.descriptor(0),
      planFingerprint: planFingerprint(jobGraph),
      plan: structuredClone(planOf(jobGraph)),
      bundleHash,
      assets: [],
      collect,
      submittedAt: this.seams.clock.now(),
    })) as RemoteJob;
    this.jobs.push(job);
    return job;
  }

  /** As if its process were killed. */
  async kill(taskManager: WholeTaskManager): Promise<void> {
    this.taskManagers.splice(this.taskManagers.indexOf(taskManager), 1);
    taskManager.rpc.rpc.close();
    await taskManager.rpc.listener.close();
    await taskManager.executor.close();
  }

  async close(): Promise<void> {
    for (const job of this.jobs) {
      job.cancel();
      await job.result;
    }
    for (const taskManager of [...this.taskManagers]) await this.kill(taskManager);
    await this.resourceManager.close();
    this.#jobManager.rpc.close();
    await this.#jobManager.listener.close();
    this.#host.close();
    Deno.removeSync(this.#directory, { recursive: true });
  }
}

/** All rows of a collect sink, in the order in which they come. */
export async function rowsOf(job: RemoteJob, uid: string): Promise<unknown[]> {
  const rows: unknown[] = [];
  for (let ack = 0;;) {
    const batch = await job.collect(uid, ack);
    if (batch === "end") return rows;
    if (batch.length === 0) continue;
    rows.push(...batch);
    ack++;
  }
}
