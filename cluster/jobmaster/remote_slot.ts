/**
 * One slot of one attempt of a stage in a TaskManager, as the job sees it.
 *
 * Invariants: exactly one end is told of a slot that nobody has closed; after its end or {@link RemoteSlot.close} nothing
 * of it is told any more.
 *
 * Caller: cluster_slots.ts.
 *
 * @module
 */

import { BugError, type FlinkError, JobExecutionError } from "../../runtime/errors.ts";
import type { Clock } from "../../runtime/seams/clock.ts";
import { fromTransferable, type TransferredError } from "../../runtime/seams/error_transfer.ts";
import type { SlotReport, SlotRequest, SubtaskProgress } from "../../runtime/tasks/slot/slot_protocol.ts";
import type { RemoteSlotStart, TransferredSlotEnd } from "../rpc/messages.ts";
import type { PooledSlot, SlotUser } from "./slot_pool.ts";
import type { SlotGateway, SlotJob, SlotLocation } from "./slots.ts";

/** State of a slot: it waits for a TaskManager, its thread is started, it takes requests, it is over. */
export type RemoteSlotState = "WAITING" | "DEPLOYING" | "DEPLOYED" | "ENDED";

/** Legal successors of each state. */
export const REMOTE_SLOT_TRANSITIONS: Readonly<Record<RemoteSlotState, readonly RemoteSlotState[]>> = {
  WAITING: ["DEPLOYING", "ENDED"],
  DEPLOYING: ["DEPLOYED", "ENDED"],
  DEPLOYED: ["ENDED"],
  ENDED: [],
};

/** What a slot needs. */
export interface RemoteSlotOptions {
  readonly job: Pick<SlotJob, "onReport" | "onEnd">;
  readonly jobId: string;
  readonly slot: number;
  readonly slotKey: string;
  readonly clock: Clock;
  /** How long a thread may take to end, in ms; a TaskManager that does not answer by then is not waited for. */
  readonly closeTimeoutMs: number;
  /** It has a slot, or has lost it, while it waits. */
  readonly onChange: () => void;
  /** It is over: it needs no slot any more. */
  readonly onOver: (slot: RemoteSlot) => void;
  /** The TaskManager has refused to run it. */
  readonly onRefused: (slot: PooledSlot, error: FlinkError) => void;
}

/** See the module. */
export class RemoteSlot implements SlotGateway, SlotUser {
  readonly slotKey: string;
  readonly #options: RemoteSlotOptions;
  #state: RemoteSlotState = "WAITING";
  #pooled: PooledSlot | undefined;
  #progress: readonly SubtaskProgress[] = [];
  #closing: Promise<void> | undefined;
  #location: SlotLocation | undefined;

  constructor(options: RemoteSlotOptions) {
    this.#options = options;
    this.slotKey = options.slotKey;
  }

  get state(): RemoteSlotState {
    return this.#state;
  }
  /** The slot of a TaskManager that it has. */
  get pooled(): PooledSlot | undefined {
    return this.#pooled;
  }
  get location(): SlotLocation | undefined {
    return this.#location;
  }

  onSlot(slot: PooledSlot): void {
    if (this.#state !== "WAITING") return;
    const { resourceId, dataAddress } = slot.taskManager;
    this.#pooled = slot;
    this.#location = { taskManagerId: resourceId, host: dataAddress.host, dataPort: dataAddress.port };
    this.#options.onChange();
  }
  onLost(cause: FlinkError): void {
    if (this.#state !== "WAITING") return this.fail(cause);
    this.#pooled = undefined;
    this.#location = undefined;
    this.#options.onChange();
  }

  /** Starts the thread. */
  deploy(start: Omit<RemoteSlotStart, "allocationId">): void {
    const pooled = this.#pooled!;
    this.#move("DEPLOYING");
    pooled.taskManager.gateway.call("deploySlot", { ...start, allocationId: pooled.allocationId }).catch((error) => {
      if (this.#state === "ENDED") return;
      this.#options.onRefused(pooled, error);
      this.fail(error);
    });
  }

  request(request: SlotRequest): void {
    // What runs nothing yet has nothing to be asked; a thread that is not wired ends by being closed.
    if (this.#state !== "DEPLOYED") return;
    this.#pooled!.taskManager.gateway.tell("slotRequest", {
      jobId: this.#options.jobId,
      slotKey: this.slotKey,
      request,
    });
  }
  progress(): readonly SubtaskProgress[] {
    return this.#progress;
  }

  /** The thread has said something. */
  onReport(report: SlotReport): void {
    if (this.#state === "ENDED") return;
    if (report.type === "progress") {
      this.#progress = report.subtasks;
      return;
    }
    if (report.type === "deployed") this.#move("DEPLOYED");
    const arrived = "error" in report && report.error !== undefined
      ? { ...report, error: fromTransferable(report.error as TransferredError) }
      : report;
    this.#options.job.onReport(this.#options.slot, arrived);
  }
  /** The thread has ended by itself. */
  onEnded(end: TransferredSlotEnd): void {
    if (end.kind === "failed") return this.fail(fromTransferable(end.error) as FlinkError);
    this.fail(
      new JobExecutionError("TSF-5224", `A slot in TaskManager ${this.#location?.taskManagerId} has ended`, {
        expected: "a slot that runs until the job ends",
        found: end.kind,
      }),
    );
  }

  /** It ends, and with it what runs there. */
  fail(error: FlinkError): void {
    if (this.#state === "ENDED") return;
    void this.#end();
    this.#options.job.onEnd(this.#options.slot, { kind: "failed", error });
  }

  close(): Promise<void> {
    return this.#end();
  }

  #end(): Promise<void> {
    if (this.#state !== "ENDED") {
      const hasThread = this.#state !== "WAITING";
      this.#move("ENDED");
      this.#closing = hasThread ? this.#closeThread() : Promise.resolve();
      // The slot is free once the thread is gone; a stage that comes at once finds it so.
      void this.#closing.then(() => this.#options.onOver(this));
    }
    return this.#closing!;
  }

  async #closeThread(): Promise<void> {
    const { jobId, closeTimeoutMs: timeoutMs } = this.#options;
    try {
      await this.#pooled!.taskManager.gateway.call("closeSlot", { jobId, slotKey: this.slotKey }, { timeoutMs });
    } catch {
      // The TaskManager is lost, or the thread stuck: whatever it still says is fenced.
    }
  }

  #move(state: RemoteSlotState): void {
    if (!REMOTE_SLOT_TRANSITIONS[this.#state].includes(state)) {
      throw new BugError("TSF-5225", `A slot of a job cannot go from ${this.#state} to ${state}`, {
        expected: `one of ${REMOTE_SLOT_TRANSITIONS[this.#state].join(", ") || "nothing (terminal)"}`,
        found: state,
      });
    }
    this.#state = state;
  }
}
