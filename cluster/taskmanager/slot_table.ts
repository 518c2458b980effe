/**
 * The slots of a TaskManager: which is free, which is held for whom. A slot goes its way by a table of transitions;
 * anything else is a bug.
 *
 * FREE -> ALLOCATED (the ResourceManager gives it to a job) -> ACTIVE (the JobMaster has taken it) -> RELEASING (its threads
 * end) -> FREE. A slot that no JobMaster takes within `taskmanager.slot.timeout` is given back; so is one whose JobMaster
 * was lost and has not come back by then.
 *
 * Caller: task_executor.ts.
 *
 * @module
 */

import { BugError, JobExecutionError } from "../../runtime/errors.ts";
import type { Cancel, Clock } from "../../runtime/seams/clock.ts";
import type { SlotProfile, SlotStatus } from "../rpc/messages.ts";

/** State of a slot. */
export type SlotState = "FREE" | "ALLOCATED" | "ACTIVE" | "RELEASING";

/** Legal successors of each state. */
export const SLOT_TRANSITIONS: Readonly<Record<SlotState, readonly SlotState[]>> = {
  FREE: ["ALLOCATED"],
  ALLOCATED: ["ACTIVE", "RELEASING"],
  ACTIVE: ["ALLOCATED", "RELEASING"],
  RELEASING: ["FREE"],
};

/** A slot that is held for a job. */
export interface Allocation {
  readonly slotIndex: number;
  readonly allocationId: string;
  readonly jobId: string;
  readonly profile: SlotProfile;
}

/** What a table is made with. */
export interface SlotTableOptions {
  readonly numberOfSlots: number;
  readonly slotTimeoutMs: number;
  readonly clock: Clock;
  /** Nobody has taken the slot in time; the table leaves it as it is until it is released. */
  readonly onTimeout: (allocation: Allocation) => void;
}

interface Entry {
  state: SlotState;
  allocation: Allocation | undefined;
  stopTimer: Cancel;
}

/** See the module. */
export class SlotTable {
  readonly #options: SlotTableOptions;
  readonly #entries: readonly Entry[];

  constructor(options: SlotTableOptions) {
    this.#options = options;
    this.#entries = Array.from({ length: options.numberOfSlots }, () => ({
      state: "FREE",
      allocation: undefined,
      stopTimer: () => {},
    }));
  }

  /**
   * Holds a slot for a job. The same allocation twice is fine.
   *
   * @returns false when the slot was held for this allocation already.
   * @throws JobExecutionError TSF-5260 for a slot that is not there, TSF-5261 for one that is held for somebody else.
   */
  allocate(allocation: Allocation): boolean {
    const { slotIndex, allocationId } = allocation;
    const entry = this.#entries[slotIndex];
    if (entry === undefined) throw noSuchSlot(slotIndex, this.#entries.length);
    if (entry.allocation?.allocationId === allocationId && entry.state !== "RELEASING") return false;
    if (entry.allocation !== undefined) throw occupied(entry.allocation, entry.state, allocation);
    const elsewhere = this.find(allocationId);
    if (elsewhere !== undefined) throw occupied(elsewhere, this.state(elsewhere.slotIndex), allocation);
    this.#move(entry, "ALLOCATED");
    entry.allocation = allocation;
    this.#limit(entry);
    return true;
  }

  /** The JobMaster has taken the slot; false when it is not held any more, or its threads are ending. */
  activate(allocationId: string): boolean {
    const entry = this.#entryOf(allocationId);
    if (entry === undefined || entry.state === "RELEASING") return false;
    if (entry.state === "ACTIVE") return true;
    entry.stopTimer();
    this.#move(entry, "ACTIVE");
    return true;
  }

  /** The JobMaster was lost: it has the slot's time-out to come back. */
  deactivate(allocationId: string): void {
    const entry = this.#entryOf(allocationId);
    if (entry?.state !== "ACTIVE") return;
    this.#move(entry, "ALLOCATED");
    this.#limit(entry);
  }

  /** Its threads are to end; false when that was so already, or the slot is not held. */
  release(allocationId: string): boolean {
    const entry = this.#entryOf(allocationId);
    if (entry === undefined || entry.state === "RELEASING") return false;
    entry.stopTimer();
    this.#move(entry, "RELEASING");
    return true;
  }

  /** Its threads have ended. */
  free(allocationId: string): void {
    const entry = this.#entryOf(allocationId);
    if (entry === undefined) return;
    this.#move(entry, "FREE");
    entry.allocation = undefined;
  }

  find(allocationId: string): Allocation | undefined {
    return this.#entryOf(allocationId)?.allocation;
  }
  state(slotIndex: number): SlotState {
    return this.#entries[slotIndex].state;
  }
  stateOf(allocationId: string): SlotState | undefined {
    return this.#entryOf(allocationId)?.state;
  }
  /** Those of a job that are not being released. */
  ofJob(jobId: string): Allocation[] {
    return this.#entries.flatMap(({ allocation, state }) =>
      allocation?.jobId === jobId && state !== "RELEASING" ? [allocation] : []
    );
  }
  /** All that are held, in order of their slots. */
  get allocations(): Allocation[] {
    return this.#entries.flatMap(({ allocation }) => allocation ?? []);
  }
  /** What the ResourceManager is told. */
  report(): SlotStatus[] {
    return this.#entries.map(({ allocation }, slotIndex) =>
      allocation === undefined
        ? { slotIndex }
        : { slotIndex, allocationId: allocation.allocationId, jobId: allocation.jobId }
    );
  }
  /** No timer is left. */
  close(): void {
    for (const { stopTimer } of this.#entries) stopTimer();
  }

  #entryOf(allocationId: string): Entry | undefined {
    return this.#entries.find(({ allocation }) => allocation?.allocationId === allocationId);
  }

  #move(entry: Entry, to: SlotState): void {
    if (!SLOT_TRANSITIONS[entry.state].includes(to)) {
      throw new BugError("TSF-5262", `A slot cannot go from ${entry.state} to ${to}`, {
        expected: `one of ${SLOT_TRANSITIONS[entry.state].join(", ")}`,
        found: to,
      });
    }
    entry.state = to;
  }

  #limit(entry: Entry): void {
    const allocation = entry.allocation!;
    entry.stopTimer = this.#options.clock.after(
      this.#options.slotTimeoutMs,
      () => this.#options.onTimeout(allocation),
    );
  }
}

function noSuchSlot(slotIndex: number, slots: number): JobExecutionError {
  return new JobExecutionError("TSF-5260", `There is no slot ${slotIndex}`, {
    expected: `a slot from 0 to ${slots - 1}`,
    found: String(slotIndex),
    hint:
      "The ResourceManager knows an older incarnation of this TaskManager; it hears of the slots again with the next report.",
  });
}

function occupied(present: Allocation, state: SlotState, asked: Allocation): JobExecutionError {
  return new JobExecutionError("TSF-5261", `Slot ${present.slotIndex} is taken`, {
    expected: `a free slot for job ${asked.jobId}`,
    found: `allocation ${present.allocationId} of job ${present.jobId}, ${state}`,
    hint: "The ResourceManager tries another slot.",
  });
}
