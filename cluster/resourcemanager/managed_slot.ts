/**
 * One slot of a TaskManager as the ResourceManager knows it. The TaskManager decides; what it reports is the truth,
 * except while a request for the slot is on its way.
 *
 * @module
 */

import { BugError } from "../../runtime/errors.ts";
import type { SlotProfile, SlotStatus } from "../rpc/messages.ts";

/** State of a slot. */
export type SlotState =
  /** Nobody has it. */
  | "FREE"
  /** A request for it is on its way to the TaskManager. */
  | "PENDING"
  /** A job has it. */
  | "ALLOCATED"
  /** A request for it has failed: who has it is known after the next report, or looked at again after a while. */
  | "UNCERTAIN";

/** Legal successors of each state. */
export const SLOT_TRANSITIONS: Readonly<Record<SlotState, readonly SlotState[]>> = {
  FREE: ["PENDING", "ALLOCATED"],
  PENDING: ["ALLOCATED", "FREE", "UNCERTAIN"],
  ALLOCATED: ["FREE"],
  UNCERTAIN: ["FREE", "ALLOCATED"],
};

/** Who has a slot, or is to have it. */
export interface SlotHolder {
  readonly jobId: string;
  readonly allocationId: string;
  /** What was asked for; undefined for one that a TaskManager has told of. */
  readonly profile?: SlotProfile;
}

/** See the module. */
export class ManagedSlot {
  #state: SlotState = "FREE";
  #holder: SlotHolder | undefined;
  /** When it came into its state, by the monotonic clock. */
  #since: number;
  #failures = 0;
  /** The allocation that was freed last: a report that still names it was made before. */
  #lastFreed: string | undefined;

  constructor(
    readonly resourceId: string,
    readonly index: number,
    readonly profile: SlotProfile,
    readonly now: () => number,
  ) {
    this.#since = now();
  }

  get state(): SlotState {
    return this.#state;
  }
  get holder(): SlotHolder | undefined {
    return this.#holder;
  }
  get since(): number {
    return this.#since;
  }
  /** Requests that have failed one after the other. */
  get failures(): number {
    return this.#failures;
  }

  /** A request for it goes out. */
  request(holder: SlotHolder): void {
    this.#become("PENDING", holder);
  }
  /** The TaskManager has taken the request; one that was answered by other means before changes nothing. */
  granted(allocationId: string): void {
    if (this.#state === "PENDING" && this.#holder!.allocationId === allocationId) {
      this.#become("ALLOCATED", this.#holder);
    }
  }
  /** The request has failed or was not answered; false when that is old news. */
  requestFailed(allocationId: string): boolean {
    if (this.#state !== "PENDING" || this.#holder!.allocationId !== allocationId) return false;
    this.#failures++;
    this.#become("UNCERTAIN", undefined);
    return true;
  }
  /** The TaskManager has freed an allocation; false when that is old news. */
  freed(allocationId: string): boolean {
    if (this.#holder?.allocationId !== allocationId) return false;
    this.#lastFreed = allocationId;
    this.#become("FREE", undefined);
    return true;
  }
  /** It has been uncertain for long enough to be tried again. */
  retry(): void {
    if (this.#state === "UNCERTAIN") this.#become("FREE", undefined);
  }

  /** What its TaskManager says about it. */
  report({ jobId, allocationId }: Pick<SlotStatus, "jobId" | "allocationId">): void {
    if (allocationId === undefined || jobId === undefined) {
      // Told before the request arrived there.
      if (this.#state !== "PENDING" && this.#state !== "FREE") this.#become("FREE", undefined);
      return;
    }
    if (allocationId === this.#lastFreed) return;
    if (this.#holder?.allocationId === allocationId) return this.granted(allocationId);
    if (this.#state === "PENDING" || this.#state === "ALLOCATED") this.#become("FREE", undefined);
    this.#become("ALLOCATED", { jobId, allocationId });
  }

  #become(state: SlotState, holder: SlotHolder | undefined): void {
    if (!SLOT_TRANSITIONS[this.#state].includes(state)) {
      throw new BugError(
        "TSF-0008",
        `Slot ${this.index} of ${this.resourceId} cannot go from ${this.#state} to ${state}`,
        {
          expected: `one of ${SLOT_TRANSITIONS[this.#state].join(", ")}`,
          found: state,
        },
      );
    }
    if (state === "ALLOCATED") this.#failures = 0;
    this.#state = state;
    this.#holder = holder;
    this.#since = this.now();
  }
}
