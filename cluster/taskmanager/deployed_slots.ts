/**
 * The slot threads of a TaskManager, by slot key: one of one attempt each. A thread is started once its job's code is
 * there; what it says goes to its JobMaster, what it prints to the process's output.
 *
 * Invariants: a slot key is used once. A slot that is closed, failed or lost is fenced at once: nothing of it is told
 * afterwards. Exactly one end is told of a slot that nobody has closed.
 *
 * Caller: task_executor.ts.
 *
 * @module
 */

import { BugError, type FlinkError, JobExecutionError } from "../../runtime/errors.ts";
import { createRing } from "../../runtime/network/ring.ts";
import { toTransferable } from "../../runtime/seams/error_transfer.ts";
import type { Seams } from "../../runtime/seams/seams.ts";
import type { SlotEnd, WorkerHost } from "../../runtime/seams/worker_host.ts";
import type { SlotMemory } from "../../runtime/tasks/slot/slot_main.ts";
import type { SlotReport, SlotRequest, SubtaskPlacement } from "../../runtime/tasks/slot/slot_protocol.ts";
import type { RemoteSlotLink, RemoteSlotStart, TransferredSlotEnd } from "../rpc/messages.ts";
import type { JobFiles, PreparedJob } from "./job_files.ts";
import { LocalRings } from "./local_rings.ts";
import type { ShuffleService } from "./shuffle_service.ts";
import type { SlotOutput } from "./slot_output.ts";
import { CONTROL_RING, linkRing, SlotThread } from "./slot_thread.ts";
import type { Doorbells, TaskManagerLimits } from "./task_manager_options.ts";

/** State of a deployed slot: its code is fetched, its thread runs, it is ending, it is gone. */
export type DeployedState = "PREPARING" | "RUNNING" | "CLOSING" | "ENDED";

/** Legal successors of each state. */
export const DEPLOYED_TRANSITIONS: Readonly<Record<DeployedState, readonly DeployedState[]>> = {
  PREPARING: ["RUNNING", "ENDED"],
  RUNNING: ["CLOSING", "ENDED"],
  CLOSING: ["ENDED"],
  ENDED: [],
};

/** What threads are started with and who hears of them. */
export interface DeployedSlotsOptions {
  readonly host: WorkerHost;
  readonly seams: Seams;
  readonly doorbells: Doorbells;
  readonly shuffle: ShuffleService;
  readonly files: JobFiles;
  readonly output: SlotOutput;
  readonly heapMb: number;
  /** Memory of all rings together (`taskmanager.memory.network.*`). */
  readonly networkBytes: number;
  readonly limits: Pick<TaskManagerLimits, "cancellationTimeoutMs" | "stuckWarningMs" | "maxEndedKeys">;
  /** To its JobMaster. */
  readonly onReport: (slot: DeployedSlot, report: SlotReport) => void;
  /** It has come to its end before it was closed. */
  readonly onEnd: (slot: DeployedSlot, end: TransferredSlotEnd) => void;
  /** Its thread does not stop: the process must be replaced. */
  readonly onStuck: (slot: DeployedSlot, activity: string) => void;
}

/** See the module. */
export class DeployedSlots {
  readonly #options: DeployedSlotsOptions;
  readonly #rings: LocalRings;
  readonly #slots = new Map<string, DeployedSlot>();
  #ringBytes = 0;

  constructor(options: DeployedSlotsOptions) {
    this.#options = options;
    this.#rings = new LocalRings(options.doorbells);
  }

  /**
   * Starts a slot; how that goes is reported.
   *
   * @throws BugError TSF-5271 when the key was used before, JobExecutionError TSF-5276 when its rings do not fit.
   */
  deploy(start: RemoteSlotStart): void {
    const { slotKey } = start;
    if (this.#slots.has(slotKey)) {
      throw new BugError("TSF-5271", `Slot ${slotKey} is deployed twice`, { expected: "a key of its own per attempt" });
    }
    const bytes = ringBytes(start);
    const { networkBytes } = this.#options;
    if (this.#ringBytes + bytes > networkBytes) throw tooFewBuffers(start, bytes, networkBytes - this.#ringBytes);
    this.#ringBytes += bytes;
    const slot = new DeployedSlot(start, this.#options, this.#rings, () => {
      this.#slots.delete(slotKey);
      this.#ringBytes -= bytes;
    });
    this.#slots.set(slotKey, slot);
    slot.begin();
  }

  get(slotKey: string): DeployedSlot | undefined {
    return this.#slots.get(slotKey);
  }
  /** All that are there, also while they end. */
  get all(): DeployedSlot[] {
    return [...this.#slots.values()];
  }
  /** Ends those that `which` is true for; resolves when they are gone or stuck. */
  async close(which: (start: RemoteSlotStart) => boolean): Promise<void> {
    await Promise.all(this.all.filter(({ start }) => which(start)).map((slot) => slot.close()));
  }

  /** Of all rings that slots have now. */
  get ringBytes(): number {
    return this.#ringBytes;
  }
  /** For tests of leaks. */
  get sizes(): { readonly slots: number; readonly pairs: number; readonly bells: number } {
    return { slots: this.#slots.size, ...this.#rings.sizes };
  }
}

/** One slot of one attempt. */
export class DeployedSlot {
  readonly start: RemoteSlotStart;
  readonly #options: DeployedSlotsOptions;
  readonly #rings: LocalRings;
  readonly #onGone: () => void;
  #state: DeployedState = "PREPARING";
  #thread: SlotThread | undefined;
  readonly #gone = Promise.withResolvers<void>();

  constructor(start: RemoteSlotStart, options: DeployedSlotsOptions, rings: LocalRings, onGone: () => void) {
    this.start = start;
    this.#options = options;
    this.#rings = rings;
    this.#onGone = onGone;
  }

  get state(): DeployedState {
    return this.#state;
  }
  get name(): string {
    return `slot ${this.start.start.deployment.slot} of job "${this.start.jobName}"`;
  }
  /** What it was last seen at, for people. */
  get activity(): string {
    return this.#thread?.activity ?? "before its code is there";
  }

  /** Fetches the code, then starts the thread. */
  begin(): void {
    this.#rings.begin(this.start.slotKey);
    this.#options.files.prepare(this.start).then((prepared) => this.#spawn(prepared)).catch((error) => {
      this.#end({ kind: "failed", error: toTransferable(error) });
    });
  }

  request(request: SlotRequest): void {
    if (this.#state === "PREPARING" && request.type === "cancel") return this.#end({ kind: "stopped" });
    if (this.#state !== "RUNNING") return;
    if (request.type === "start") this.#options.shuffle.started(this.start.slotKey);
    this.#thread!.request(request);
  }

  /** Ends the slot; nothing is told any more. Resolves when its thread is gone, or known to be stuck. */
  close(): Promise<void> {
    if (this.#state === "PREPARING") this.#finish();
    if (this.#state === "RUNNING") {
      this.#move("CLOSING");
      // Fenced at once: nothing of it reaches its peers from here on.
      this.#options.shuffle.unregister(this.start.slotKey);
      void this.#thread!.close();
    }
    return this.#gone.promise;
  }

  /** Ends the slot because of something outside it. */
  fail(error: FlinkError): void {
    if (this.#state === "PREPARING" || this.#state === "RUNNING") {
      this.#options.onEnd(this, { kind: "failed", error: toTransferable(error) });
      void this.close();
    }
  }

  #spawn(prepared: PreparedJob): void {
    if (this.#state !== "PREPARING") return;
    const { host, seams, doorbells, heapMb, limits } = this.#options;
    const { start, slotKey } = this.start;
    const bell = this.#rings.bell(slotKey);
    const memory: SlotMemory = {
      doorbells: bell,
      doorbell: 0,
      control: createRing(CONTROL_RING),
      output: new SharedArrayBuffer(4),
      links: this.start.links.map((link) => this.#link(link, bell)),
    };
    this.#move("RUNNING");
    this.#thread = new SlotThread({
      host,
      clock: seams.clock,
      log: seams.log,
      doorbell: doorbells.at(bell, 0),
      name: this.name,
      heapMb,
      start: {
        ...start,
        memory,
        program: { ...start.program, url: prepared.bundleUrl },
        deployment: {
          ...start.deployment,
          cachedFiles: new Map([...start.deployment.cachedFiles, ...prepared.cachedFiles]),
        },
      },
      stuckWarningMs: limits.stuckWarningMs,
      cancellationTimeoutMs: start.cancellationTimeoutMs ?? limits.cancellationTimeoutMs,
      describe: (placement) => this.#describe(placement),
      onReport: (report) => this.#onReport(report),
      onEnd: (end) => this.#end(transferredEnd(end)),
    });
    void this.#thread.gone.then(({ kind }) => {
      const activity = this.activity;
      this.#finish();
      if (kind === "stuck") this.#options.onStuck(this, activity);
    });
  }

  #link({ peerSlot, peerKey, peerAddress, channels }: RemoteSlotLink, bell: SharedArrayBuffer): SlotMemory["links"][0] {
    const { slotKey, start } = this.start;
    const { shuffle, doorbells } = this.#options;
    const ring = linkRing(channels, start.deployment.settings);
    if (peerAddress === undefined) return { peer: peerSlot, ...this.#rings.link(slotKey, peerKey, ring) };
    const memory = shuffle.register({
      slotKey,
      peerKey,
      peerAddress,
      ring,
      doorbell: doorbells.at(bell, 0),
      onFailed: (error) => this.fail(error),
    });
    return { peer: peerSlot, ...memory };
  }

  #onReport(report: SlotReport): void {
    if (this.#state !== "RUNNING") return;
    const { seams, output } = this.#options;
    switch (report.type) {
      case "output":
        return output.write(this.start.jobId, report.lines, report.stream);
      case "log":
        return seams.log.log(report.level, `${this.name}: ${report.message}`);
      default:
        this.#options.onReport(this, report);
    }
  }

  /** By itself. */
  #end(end: TransferredSlotEnd): void {
    if (this.#state !== "PREPARING" && this.#state !== "RUNNING") return;
    this.#finish();
    this.#options.onEnd(this, end);
  }

  #finish(): void {
    if (this.#state === "ENDED") return;
    this.#move("ENDED");
    const { slotKey } = this.start;
    this.#options.shuffle.unregister(slotKey);
    this.#rings.release(slotKey);
    this.#onGone();
    this.#gone.resolve();
  }

  #move(state: DeployedState): void {
    if (!DEPLOYED_TRANSITIONS[this.#state].includes(state)) {
      throw new BugError("TSF-5272", `A deployed slot cannot go from ${this.#state} to ${state}`, {
        expected: `one of ${DEPLOYED_TRANSITIONS[this.#state].join(", ") || "nothing (terminal)"}`,
        found: state,
      });
    }
    this.#state = state;
  }

  #describe({ vertexId, subtaskIndex }: SubtaskPlacement): string {
    const { taskNames, deployment } = this.start.start;
    const parallelism = deployment.placements.filter((placement) => placement.vertexId === vertexId).length;
    return `task ${taskNames?.get(vertexId) ?? vertexId} (${subtaskIndex + 1}/${parallelism})`;
  }
}

/** Both rings of each link; those between two slots of one TaskManager count half for each. */
function ringBytes({ links, start: { deployment: { settings } } }: RemoteSlotStart): number {
  return links.reduce((sum, { channels, peerAddress }) => {
    const { ringSlots, slotBytes } = linkRing(channels, settings);
    return sum + (peerAddress === undefined ? 1 : 2) * ringSlots * slotBytes;
  }, 0);
}

function tooFewBuffers({ slotKey, links }: RemoteSlotStart, bytes: number, free: number): JobExecutionError {
  const mib = (count: number) => `${(count / 1024 / 1024).toFixed(1)} MiB`;
  return new JobExecutionError("TSF-5276", `Too little network memory for slot ${slotKey}`, {
    expected: `${mib(bytes)} for its links to ${links.length} other slots`,
    found: `${mib(Math.max(free, 0))} that no slot has`,
    hint: "Raise taskmanager.memory.network.max and taskmanager.memory.network.fraction, or lower the parallelism.",
  });
}

function transferredEnd(end: SlotEnd): TransferredSlotEnd {
  return end.kind === "failed" ? { kind: "failed", error: toTransferable(end.error) } : end;
}

/** The TaskManager is not, or not any more, to run a slot. */
export function notHeld(start: RemoteSlotStart, found: string): JobExecutionError {
  return new JobExecutionError("TSF-5268", `Slot ${start.slotKey} cannot be deployed`, {
    expected: `allocation ${start.allocationId} held for job ${start.jobId}`,
    found,
    hint: "The JobMaster asks for another slot.",
  });
}
