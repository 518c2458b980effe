/**
 * The endpoint of a TaskManager ("taskexecutor"): holds slots for jobs, runs their slot threads, and tells ResourceManager
 * and JobMasters how they do.
 *
 * Invariants: a slot is held for one allocation of one job; its threads have ended before it is free again. Whoever says
 * something about a job is asked for the token of its JobMaster, about a slot for the ResourceManager registered with.
 * A slot that does not stop is fenced, told to everybody, and ends the process (exit code 5).
 *
 * Callers: the entry point of the role; the RPC service.
 *
 * @module
 */

import { JobExecutionError, RetryableError } from "../../runtime/errors.ts";
import type { Connection } from "../../runtime/seams/transport.ts";
import type { Messages, SlotOffer, TaskManagerRegistration } from "../rpc/messages.ts";
import type { EndpointHandler, RpcPeer, RpcServer } from "../rpc/rpc_service.ts";
import { type DeployedSlot, DeployedSlots, notHeld } from "./deployed_slots.ts";
import { JobFiles } from "./job_files.ts";
import { JobLeaderService } from "./job_leader_service.ts";
import { ResourceManagerConnection } from "./resource_manager_connection.ts";
import { ShuffleService } from "./shuffle_service.ts";
import { SlotOutput } from "./slot_output.ts";
import { type Allocation, SlotTable } from "./slot_table.ts";
import { type TaskManagerStatus, taskManagerStatus } from "./task_manager_status.ts";
import type { ProcessEnd, TaskManagerOptions } from "./task_manager_options.ts";

export type { ProcessEnd, TaskManagerConfig, TaskManagerOptions } from "./task_manager_options.ts";

/** The endpoint's name. */
export const TASK_EXECUTOR = "taskexecutor";
/** How long the others have to hear the last words of a process that ends, in ms. */
const LAST_WORDS_MS = 200;

/** See the module. */
export class TaskExecutor {
  readonly #options: TaskManagerOptions;
  readonly #table: SlotTable;
  readonly #shuffle: ShuffleService;
  readonly #files: JobFiles;
  readonly #slots: DeployedSlots;
  readonly #output: SlotOutput;
  readonly #resourceManager: ResourceManagerConnection;
  readonly #jobs: JobLeaderService;
  #server: RpcServer | undefined;
  /** Why it takes no new slots. */
  #draining: string | undefined;
  #isEnding = false;
  #isClosed = false;

  constructor(options: TaskManagerOptions) {
    this.#options = options;
    const { config, rpc, seams, host, doorbells, blobs, transport, letEventLoopRun } = options;
    const { limits, resourceId } = config;
    const { clock, log } = seams;
    this.#table = new SlotTable({
      numberOfSlots: config.numberOfSlots,
      slotTimeoutMs: limits.slotTimeoutMs,
      clock,
      onTimeout: ({ allocationId }) =>
        this.#release(allocationId, "no JobMaster took the slot in taskmanager.slot.timeout"),
    });
    this.#shuffle = new ShuffleService({ transport, clock, log, doorbells, letEventLoopRun, limits });
    this.#files = new JobFiles({ workDir: config.workDir, files: seams.files, blobs, log });
    this.#output = new SlotOutput(log, limits.maxOutputLines);
    this.#slots = new DeployedSlots({
      host,
      seams,
      doorbells,
      shuffle: this.#shuffle,
      files: this.#files,
      output: this.#output,
      heapMb: config.slotProfile.heapMb,
      networkBytes: config.hardware.networkBytes,
      limits,
      onReport: ({ start: { jobId, slotKey } }, report) => this.#jobs.tell(jobId, "slotReportOf", { slotKey, report }),
      onEnd: ({ start: { jobId, slotKey } }, end) => this.#jobs.tell(jobId, "slotEnded", { slotKey, end }),
      onStuck: (slot, activity) => this.#stuck(slot, activity),
    });
    this.#resourceManager = new ResourceManagerConnection({
      rpc,
      clock,
      log,
      address: config.jobManagerAddress,
      limits,
      resourceId,
      registration: () => this.#registration(),
      payload: () => ({ slots: this.#table.report() }),
      onRegistered: (peer) => this.#registered(peer),
      onLost: (_peer, cause) => this.#jobs.connectionLost(cause),
      onGivenUp: (cause) => this.#end({ exitCode: 1, cause }),
    });
    this.#jobs = new JobLeaderService({
      rpc,
      clock,
      log,
      limits,
      resourceId,
      dataAddress: config.dataAddress,
      slotsOf: (jobId) => this.#offersOf(jobId),
      runningOf: (jobId) => this.#runningOf(jobId),
      onTaken: (_jobId, allocationId) => void this.#table.activate(allocationId),
      onRejected: (_jobId, allocationId) => this.#release(allocationId, "the JobMaster does not want the slot"),
      onUnknown: (_jobId, slotKeys) => void this.#slots.close(({ slotKey }) => slotKeys.includes(slotKey)),
      onReturned: (jobId) => this.#jobMasterIsBack(jobId),
      onGivenUp: (jobId, cause) => void this.#leave(jobId, cause),
    });
  }

  /** Serves the endpoint and looks for the ResourceManager. */
  start(): void {
    this.#server = this.#options.rpc.register(TASK_EXECUTOR, this.#endpoint());
    this.#shuffle.run().catch((error) => {
      this.#options.seams.log.log("error", `The shuffle service has failed: ${error}`);
      void this.#end({ exitCode: 1, cause: `the shuffle service has failed: ${error}` });
    });
    this.#resourceManager.start();
  }

  /** Another TaskManager has opened a data connection; its handshake is done. */
  onDataConnection(connection: Connection): void {
    this.#shuffle.onConnection(connection);
  }

  /** Whether a ResourceManager has it now. */
  get isRegistered(): boolean {
    return this.#resourceManager.peer !== undefined;
  }
  get status(): TaskManagerStatus {
    return taskManagerStatus({
      table: this.#table,
      slots: this.#slots,
      shuffle: this.#shuffle,
      output: this.#output,
      draining: this.#draining,
      isRegistered: this.isRegistered,
    });
  }

  /** Takes no new slots, tells everybody, and gives its slots back; resolves when none is held, or after the limit. */
  async drain(cause: string): Promise<void> {
    const { config: { resourceId, limits }, seams: { clock, log } } = this.#options;
    if (this.#draining === undefined) {
      this.#draining = cause;
      log.log("info", `This TaskManager takes no new slots: ${cause}`);
      this.#resourceManager.gateway?.tell("drainTaskManager", { resourceId, cause });
    }
    const over = Promise.withResolvers<void>();
    const stop = clock.after(limits.drainTimeoutMs, () => {
      log.log("warn", `${this.#table.allocations.length} slots are still held after ${limits.drainTimeoutMs} ms`);
      over.resolve();
    });
    const jobs = this.#table.allocations.map(({ jobId }) => jobId);
    // For its JobMaster what runs here is lost from then on: it starts again elsewhere.
    const left = [...new Set(jobs)].map(async (jobId) => {
      await this.#jobs.disconnect(jobId, cause);
      await this.#leave(jobId, cause);
    });
    void Promise.all(left).then(() => over.resolve());
    await over.promise;
    stop();
  }

  /** Ends all threads and connections; whoever wants the jobs to move drains first. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#server?.close();
    const jobs = new Set(this.#table.allocations.map(({ jobId }) => jobId));
    this.#jobs.close();
    this.#resourceManager.close();
    this.#table.close();
    await this.#slots.close(() => true);
    this.#shuffle.close();
    for (const jobId of jobs) this.#files.release(jobId);
  }

  #endpoint(): EndpointHandler {
    return {
      requestSlot: (request, from) => this.#requestSlot(request, from),
      deploySlot: (start) => this.#deploySlot(start),
      slotRequest: ({ jobId, slotKey, request }) => {
        this.#jobs.heardOf(jobId);
        this.#slots.get(slotKey)?.request(request);
      },
      closeSlot: ({ slotKey }) => this.#slots.get(slotKey)?.close(),
      freeSlot: ({ allocationId, cause }) => this.#release(allocationId, cause),
      jobEnded: ({ jobId }) => this.#leave(jobId, "the job has ended"),
      drainTaskManager: ({ cause }) => {
        void this.drain(cause).then(() => this.#end({ exitCode: 0, cause }));
      },
      heartbeat: ({ resourceId }, from) => {
        if (from === this.#resourceManager.peer) this.#resourceManager.heardOf();
        this.#jobs.heardOf(resourceId.replace(/^jobmaster_/, ""));
        return { payload: { slots: this.#table.report() } };
      },
    };
  }

  #requestSlot(request: Messages["requestSlot"]["request"], from: RpcPeer): void {
    const { jobId, allocationId, jobMasterToken, slotIndex } = request;
    const { log } = this.#options.seams;
    if (from !== this.#resourceManager.peer) throw staleResourceManager(from);
    if (this.#draining !== undefined) throw draining(this.#draining);
    if (this.#jobs.isLedByAnother(jobId, jobMasterToken)) void this.#leave(jobId, "another JobMaster leads the job");
    const isNew = this.#table.allocate({ slotIndex, jobId, allocationId, profile: this.#options.config.slotProfile });
    if (isNew) log.log("info", `Slot ${slotIndex} is held for job ${jobId}`);
    this.#jobs.add(jobId, jobMasterToken, from);
  }

  #deploySlot(start: Messages["deploySlot"]["request"]): void {
    const { jobId, allocationId, jobMasterToken } = start;
    if (!this.#jobs.knows(jobId, jobMasterToken)) {
      throw notHeld(start, "the token of no JobMaster, or of an earlier one");
    }
    const state = this.#table.stateOf(allocationId);
    const holder = this.#table.find(allocationId)?.jobId;
    if (holder !== jobId || !this.#table.activate(allocationId)) {
      throw notHeld(start, state === undefined ? "a free slot" : `a slot that is ${state}, of job ${holder}`);
    }
    this.#jobs.heardOf(jobId);
    this.#slots.deploy(start);
  }

  /** Ends the threads of a slot, then gives it back. */
  async #release(allocationId: string, cause: string): Promise<void> {
    const allocation = this.#table.find(allocationId);
    if (allocation === undefined || !this.#table.release(allocationId)) return;
    const { slotIndex, jobId } = allocation;
    this.#options.seams.log.log("info", `Slot ${slotIndex} of job ${jobId} is given back: ${cause}`);
    await this.#slots.close((start) => start.allocationId === allocationId);
    if (this.#isClosed) return;
    this.#table.free(allocationId);
    this.#resourceManager.gateway?.tell("slotFreed", {
      resourceId: this.#options.config.resourceId,
      slotIndex,
      allocationId,
    });
    if (!this.#table.allocations.some((other) => other.jobId === jobId)) {
      this.#jobs.remove(jobId);
      this.#files.release(jobId);
    }
    // Threads that wait make the next job start sooner.
    this.#options.host.prewarm(this.#options.config.numberOfSlots - this.#table.allocations.length);
  }

  /** Nothing of the job stays. */
  async #leave(jobId: string, cause: string): Promise<void> {
    await Promise.all(this.#table.ofJob(jobId).map(({ allocationId }) => this.#release(allocationId, cause)));
  }

  /** What ran for it has failed in its eyes when the connection broke; its slots are on offer again. */
  async #jobMasterIsBack(jobId: string): Promise<void> {
    await this.#slots.close((start) => start.jobId === jobId);
    for (const { allocationId } of this.#table.ofJob(jobId)) this.#table.deactivate(allocationId);
  }

  #registered(peer: RpcPeer): void {
    const { resourceId } = this.#options.config;
    this.#jobs.connectionBack(peer);
    if (this.#draining !== undefined) {
      this.#resourceManager.gateway?.tell("drainTaskManager", { resourceId, cause: this.#draining });
    }
  }

  /** Fenced by now; the thread burns on, so the process has to go. */
  #stuck(slot: DeployedSlot, activity: string): void {
    if (this.#isClosed) return;
    void this.#end({ exitCode: 5, cause: `${slot.name} does not stop (${activity})` });
  }

  /** Tells everybody, then ends the process. */
  async #end(end: ProcessEnd): Promise<void> {
    if (this.#isEnding) return;
    this.#isEnding = true;
    const { config: { resourceId }, seams: { clock, log }, onEnd } = this.#options;
    log.log(end.exitCode === 0 ? "info" : "error", `This TaskManager ends: ${end.cause}`);
    this.#draining ??= end.cause;
    this.#resourceManager.gateway?.tell("drainTaskManager", { resourceId, cause: end.cause });
    for (const jobId of this.#jobs.jobIds) {
      this.#jobs.tell(jobId, "disconnectTaskManager", { resourceId, cause: end.cause });
    }
    await new Promise<void>((resolve) => void clock.after(LAST_WORDS_MS, resolve));
    onEnd(end);
  }

  #offersOf(jobId: string): SlotOffer[] {
    return this.#table.ofJob(jobId).filter(({ slotIndex }) => this.#table.state(slotIndex) === "ALLOCATED").map((
      { slotIndex, allocationId, profile }: Allocation,
    ) => ({ slotIndex, allocationId, profile }));
  }

  #runningOf(jobId: string): string[] {
    return this.#slots.all.filter(({ start, state }) => start.jobId === jobId && state !== "CLOSING").map(({ start }) =>
      start.slotKey
    );
  }

  #registration(): TaskManagerRegistration {
    const { resourceId, instanceId, dataAddress, slotProfile, pid, hostname, hardware } = this.#options.config;
    return {
      resourceId,
      instanceId,
      dataAddress,
      slots: this.#table.report(),
      slotProfile,
      pid,
      hostname,
      hardware,
    };
  }
}

function staleResourceManager(from: RpcPeer): RetryableError {
  return new RetryableError("TSF-5274", "The slot is asked for by somebody else than the ResourceManager", {
    expected: "the ResourceManager that this TaskManager is registered with",
    found: from.resourceId,
    hint: "An earlier leader, or a registration that is not done yet; the ResourceManager asks again.",
  });
}

function draining(cause: string): JobExecutionError {
  return new JobExecutionError("TSF-5275", "This TaskManager takes no new slots", {
    expected: "a TaskManager that is not being drained",
    found: cause,
    hint: "The ResourceManager tries another one.",
  });
}
