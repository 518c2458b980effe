/**
 * The TaskManager's ties to the JobMasters of the jobs it holds slots for: offers them their slots, carries reports, sends
 * heartbeats, and finds out when one is lost.
 *
 * A job is CONNECTED while its JobMaster answers, LOST from the moment its connection breaks or it stops answering. A
 * JobMaster that comes back (the TaskManager has registered again) is offered the slots once more; what ran for it has
 * failed in its eyes when the connection broke, so those threads end first. One that is away for `heartbeat.timeout` is
 * given up: its threads end and its slots are free.
 *
 * Caller: task_executor.ts.
 *
 * @module
 */

import type { Cancel, Clock } from "../../runtime/seams/clock.ts";
import type { Log } from "../../runtime/seams/log.ts";
import type { Address } from "../../runtime/seams/transport.ts";
import { HeartbeatMonitor } from "../rpc/heartbeat.ts";
import type { Messages, SlotOffer } from "../rpc/messages.ts";
import type { RpcGateway, RpcPeer, RpcService } from "../rpc/rpc_service.ts";
import type { TaskManagerLimits } from "./task_manager_options.ts";

/** What a job is tied by. */
export interface JobLeaderServiceOptions {
  readonly rpc: RpcService;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: TaskManagerLimits;
  readonly resourceId: string;
  readonly dataAddress: Address;
  /** Slots held for the job, to be offered. */
  readonly slotsOf: (jobId: string) => readonly SlotOffer[];
  /** Slot keys of the job that run here: the JobMaster tells which of them it does not know. */
  readonly runningOf: (jobId: string) => readonly string[];
  /** The JobMaster has taken the slot. */
  readonly onTaken: (jobId: string, allocationId: string) => void;
  /** The JobMaster does not want the slot. */
  readonly onRejected: (jobId: string, allocationId: string) => void;
  /** The JobMaster does not know these slots: they are to end. */
  readonly onUnknown: (jobId: string, slotKeys: readonly string[]) => void;
  /** What runs for the job has failed in the eyes of its JobMaster, which is back. Resolves when it has ended. */
  readonly onReturned: (jobId: string) => Promise<void>;
  /** The job is given up. */
  readonly onGivenUp: (jobId: string, cause: string) => void;
}

/** First wait before slots are offered again to a JobMaster that has not answered; doubled each time. */
const FIRST_RETRY_MS = 100;
/** How long a JobMaster may take to hear that a TaskManager leaves, in ms. */
const DISCONNECT_TIMEOUT_MS = 2000;
const JOB_MASTER = "the JobMaster";

/** See the module. */
export class JobLeaderService {
  readonly #options: JobLeaderServiceOptions;
  readonly #jobs = new Map<string, JobTie>();

  constructor(options: JobLeaderServiceOptions) {
    this.#options = options;
  }

  /** The job has a slot here; its JobMaster is reached over `peer`. Offers what it has not taken yet. */
  add(jobId: string, jobMasterToken: string, peer: RpcPeer): void {
    const known = this.#jobs.get(jobId);
    if (known !== undefined && known.token === jobMasterToken) {
      if (known.isConnected) return known.offer();
      return known.comeBack(peer);
    }
    known?.close();
    const tie = new JobTie(jobId, jobMasterToken, this.#options, (cause) => this.#giveUp(jobId, cause));
    this.#jobs.set(jobId, tie);
    tie.connect(peer);
  }

  /** Whether messages with this token come from the job's JobMaster. */
  knows(jobId: string, jobMasterToken: string): boolean {
    return this.#jobs.get(jobId)?.token === jobMasterToken;
  }
  /** Whether what is here belongs to an earlier JobMaster, or this one is late. */
  isLedByAnother(jobId: string, jobMasterToken: string): boolean {
    const known = this.#jobs.get(jobId);
    return known !== undefined && known.token !== jobMasterToken;
  }
  /** Its JobMaster was heard of. */
  heardOf(jobId: string): void {
    this.#jobs.get(jobId)?.heardOf();
  }
  tell<M extends keyof Messages>(jobId: string, method: M, body: Messages[M]["request"]): void {
    this.#jobs.get(jobId)?.gateway?.tell(method, body);
  }
  /** Tells the JobMaster that nothing more of the job happens here; resolves when it knows, or does not answer. */
  async disconnect(jobId: string, cause: string): Promise<void> {
    const { resourceId } = this.#options;
    const told = this.#jobs.get(jobId)?.gateway?.call("disconnectTaskManager", { resourceId, cause }, {
      timeoutMs: DISCONNECT_TIMEOUT_MS,
    });
    await told?.catch(() => {});
  }
  /** The connection over which JobMasters were reached has ended. */
  connectionLost(cause: unknown): void {
    for (const job of this.#jobs.values()) job.lost(String(cause ?? "the JobManager said goodbye"));
  }
  /** There is one again. */
  connectionBack(peer: RpcPeer): void {
    for (const job of this.#jobs.values()) job.comeBack(peer);
  }
  /** Nothing of the job is here any more. */
  remove(jobId: string): void {
    this.#jobs.get(jobId)?.close();
    this.#jobs.delete(jobId);
  }
  get jobIds(): string[] {
    return [...this.#jobs.keys()];
  }
  close(): void {
    for (const job of this.#jobs.values()) job.close();
    this.#jobs.clear();
  }

  #giveUp(jobId: string, cause: string): void {
    this.remove(jobId);
    this.#options.onGivenUp(jobId, cause);
  }
}

/** The tie to one JobMaster. */
class JobTie {
  readonly #options: JobLeaderServiceOptions;
  #gateway: RpcGateway | undefined;
  #heartbeats: HeartbeatMonitor | undefined;
  #stopRetry: Cancel = () => {};
  #stopGivingUp: Cancel = () => {};
  #isOffering = false;
  #mustOffer = false;
  #isClosed = false;

  constructor(
    readonly jobId: string,
    readonly token: string,
    options: JobLeaderServiceOptions,
    readonly giveUp: (cause: string) => void,
  ) {
    this.#options = options;
  }

  get isConnected(): boolean {
    return this.#gateway !== undefined;
  }
  get gateway(): RpcGateway | undefined {
    return this.#gateway;
  }

  connect(peer: RpcPeer): void {
    const { rpc, clock, limits, resourceId, runningOf, onUnknown } = this.#options;
    this.#stopGivingUp();
    const gateway = this.#gateway = rpc.gateway(peer, `jobmaster_${this.jobId}`, this.token);
    this.#heartbeats?.stop();
    const { heartbeatIntervalMs: intervalMs, heartbeatTimeoutMs: timeoutMs } = limits;
    this.#heartbeats = new HeartbeatMonitor({ clock, intervalMs, timeoutMs });
    this.#heartbeats.watch(JOB_MASTER, {
      beat: () =>
        gateway.call("heartbeat", { resourceId, payload: { slotKeys: runningOf(this.jobId) } }, { timeoutMs }).then(
          ({ payload }) => {
            const { unknownSlotKeys = [] } = (payload ?? {}) as { readonly unknownSlotKeys?: readonly string[] };
            if (unknownSlotKeys.length > 0) onUnknown(this.jobId, unknownSlotKeys);
          },
        ),
      onTimeout: () => this.giveUp(`its JobMaster has not answered for ${timeoutMs} ms`),
    });
    this.offer();
  }

  /** The JobMaster is there again, after its connection was lost. */
  comeBack(peer: RpcPeer): void {
    if (this.isConnected || this.#isClosed) return;
    void this.#options.onReturned(this.jobId).then(() => {
      if (!this.isConnected && !this.#isClosed) this.connect(peer);
    });
  }

  heardOf(): void {
    this.#heartbeats?.heardOf(JOB_MASTER);
  }

  lost(cause: string): void {
    if (!this.isConnected) return;
    this.#gateway = undefined;
    this.#heartbeats?.stop();
    this.#stopRetry();
    this.#isOffering = false;
    const { clock, limits: { heartbeatTimeoutMs } } = this.#options;
    this.#stopGivingUp = clock.after(
      heartbeatTimeoutMs,
      () => this.giveUp(`its JobMaster is lost for ${heartbeatTimeoutMs} ms (${cause.split("\n")[0]})`),
    );
  }

  /** Offers the slots that the JobMaster has not taken. */
  offer(): void {
    this.#mustOffer = true;
    if (!this.#isOffering) void this.#offer(FIRST_RETRY_MS);
  }

  close(): void {
    this.#isClosed = true;
    this.#gateway = undefined;
    this.#heartbeats?.stop();
    this.#stopRetry();
    this.#stopGivingUp();
  }

  async #offer(retryMs: number): Promise<void> {
    const { slotsOf, resourceId, dataAddress, onTaken, onRejected, log, clock, limits } = this.#options;
    const gateway = this.#gateway;
    const slots = slotsOf(this.jobId);
    this.#mustOffer = false;
    if (gateway === undefined || slots.length === 0) return;
    this.#isOffering = true;
    try {
      const { accepted } = await gateway.call("offerSlots", { resourceId, dataAddress, slots }, {
        timeoutMs: limits.slotTimeoutMs,
      });
      if (this.#gateway !== gateway) return;
      this.#isOffering = false;
      for (const { allocationId } of slots) {
        if (accepted.includes(allocationId)) onTaken(this.jobId, allocationId);
        else onRejected(this.jobId, allocationId);
      }
      if (this.#mustOffer) this.offer();
    } catch (error) {
      if (this.#gateway !== gateway) return;
      log.log("debug", `The JobMaster of ${this.jobId} does not take slots now: ${error}`);
      // The slots themselves have a time-out.
      this.#stopRetry = clock.after(retryMs, () => void this.#offer(Math.min(2 * retryMs, limits.slotTimeoutMs)));
    }
  }
}
