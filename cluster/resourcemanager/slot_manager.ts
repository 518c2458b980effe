/**
 * Who needs slots, which slots there are, and which job gets which: declared requirements against the slots of registered
 * TaskManagers. Knows no connection and no timer; the ResourceManager carries out what is decided here.
 *
 * Jobs are served in the order in which they came, so that two jobs that wait for the same slots do not both wait for
 * ever with half of them each. Inside a job the largest slots are found first.
 *
 * @module
 */

import { invariant } from "../../runtime/errors.ts";
import type { JobResources } from "../rpc/gateways.ts";
import type { SlotProfile, SlotStatus, TaskManagerRegistration } from "../rpc/messages.ts";
import { ManagedSlot } from "./managed_slot.ts";
import { compareProfiles, fits, profileKey } from "./slot_profiles.ts";

/** Which of several slots that fit is taken: "fill" a TaskManager before the next one, or "spread" over all. */
export type SlotBalance = "fill" | "spread";

/** The slots of one registered TaskManager. */
export interface ManagedTaskManager {
  readonly resourceId: string;
  readonly registration: TaskManagerRegistration;
  readonly slots: readonly ManagedSlot[];
  /** It takes no new slots. */
  isDraining: boolean;
  /** It has answered since it registered; before that nothing is asked of it. */
  isConfirmed: boolean;
}

/** A slot whose request has failed more often in a row is not counted on any more. */
const MAX_EXPECTED_FAILURES = 6;

/** A slot that a job is to get; the slot is PENDING from now on. */
export interface SlotAllocation {
  readonly slot: ManagedSlot;
  readonly jobId: string;
  readonly jobMasterToken: string;
  readonly allocationId: string;
  readonly profile: SlotProfile;
}

interface Requirement {
  readonly profile: SlotProfile;
  readonly count: number;
}

interface JobRequirements {
  readonly jobId: string;
  jobMasterToken: string;
  readonly byProfile: Map<string, Requirement>;
}

/** How the slot manager is made. */
export interface SlotManagerOptions {
  readonly balance: SlotBalance;
  /** Monotonic time in ms. */
  readonly now: () => number;
  /** A fresh id: 32 hex digits. */
  readonly newId: () => string;
}

/** See the module. */
export class SlotManager {
  readonly #options: SlotManagerOptions;
  readonly #taskManagers = new Map<string, ManagedTaskManager>();
  /** In the order of their first declaration. */
  readonly #jobs = new Map<string, JobRequirements>();

  constructor(options: SlotManagerOptions) {
    this.#options = options;
  }

  get taskManagers(): ReadonlyMap<string, ManagedTaskManager> {
    return this.#taskManagers;
  }
  get slots(): ManagedSlot[] {
    return [...this.#taskManagers.values()].flatMap(({ slots }) => slots);
  }

  /** A TaskManager is there, with what it says about its slots. One of the same resource id is replaced. */
  register(registration: TaskManagerRegistration): ManagedTaskManager {
    const { resourceId, slotProfile, slots } = registration;
    const managed = slots.map((status) => {
      const slot = new ManagedSlot(resourceId, status.slotIndex, slotProfile, this.#options.now);
      slot.report(status);
      return slot;
    });
    const taskManager = { resourceId, registration, slots: managed, isDraining: false, isConfirmed: false };
    this.#taskManagers.set(resourceId, taskManager);
    return taskManager;
  }

  /** A TaskManager is gone, and its slots with it. */
  unregister(resourceId: string): void {
    this.#taskManagers.delete(resourceId);
  }

  /** What a TaskManager says about its slots; of slots it did not register nothing is kept. */
  report(resourceId: string, slots: readonly SlotStatus[]): void {
    for (const status of slots) this.slot(resourceId, status.slotIndex)?.report(status);
  }

  slot(resourceId: string, index: number): ManagedSlot | undefined {
    return this.#taskManagers.get(resourceId)?.slots.find((slot) => slot.index === index);
  }

  /** See ResourceManagerGateway. */
  declare(jobId: string, jobMasterToken: string, { count, profile }: Requirement): void {
    let job = this.#jobs.get(jobId);
    if (job === undefined) {
      job = { jobId, jobMasterToken, byProfile: new Map() };
      this.#jobs.set(jobId, job);
    }
    job.jobMasterToken = jobMasterToken;
    const key = profileKey(profile);
    if (count > 0) job.byProfile.set(key, { profile, count });
    else job.byProfile.delete(key);
    // It starts at the end of the line when it needs slots again.
    if (job.byProfile.size === 0) this.#jobs.delete(jobId);
  }

  forget(jobId: string): void {
    this.#jobs.delete(jobId);
  }

  needsSlots(jobId: string): boolean {
    return this.#jobs.has(jobId);
  }

  /** Slots that a job has or is to get. */
  slotsOf(jobId: string): ManagedSlot[] {
    return this.slots.filter((slot) => slot.holder?.jobId === jobId);
  }

  /** Gives free slots to jobs that miss some; each allocation is to be asked for at its TaskManager. */
  allocate(): SlotAllocation[] {
    const allocations: SlotAllocation[] = [];
    const free = this.#freeSlots();
    for (const { jobId, jobMasterToken } of this.#jobs.values()) {
      for (const { profile, count } of this.#missingOf(jobId)) {
        for (let i = 0; i < count; i++) {
          const slot = this.#choose(free, profile);
          if (slot === undefined) break;
          const allocationId = this.#options.newId();
          slot.request({ jobId, allocationId, profile });
          free.delete(slot);
          allocations.push({ slot, jobId, jobMasterToken, allocationId, profile });
        }
      }
    }
    return allocations;
  }

  /** What jobs miss, with what is there already taken off: one entry per slot. */
  missing(): SlotProfile[] {
    return [...this.#jobs.keys()].flatMap((jobId) =>
      this.#missingOf(jobId).flatMap(({ profile, count }) => Array<SlotProfile>(count).fill(profile))
    );
  }

  /** Slots that are not free yet, and will be soon as far as is known. */
  expected(): number {
    const taskManagers = [...this.#taskManagers.values()].filter(({ isDraining }) => !isDraining);
    return taskManagers.flatMap(({ slots, isConfirmed }) =>
      slots.filter(({ state, failures }) =>
        state === "FREE" ? !isConfirmed : state === "UNCERTAIN" && failures <= MAX_EXPECTED_FAILURES
      )
    ).length;
  }

  /** For messages; the workers that are being started are the ResourceManager's to add. */
  resources(jobId: string): Omit<JobResources, "workersPending"> {
    const wanted = [...this.#jobs.get(jobId)?.byProfile.values() ?? []];
    const missing = this.#missingOf(jobId);
    const free = [...this.#freeSlots()];
    return {
      required: sum(wanted.map(({ count }) => count)),
      acquired: this.slotsOf(jobId).length,
      missing: sum(missing.map(({ count }) => count)),
      taskManagers: this.#taskManagers.size,
      slotsTotal: this.slots.length,
      slotsFree: free.length,
      slotsFitting: free.filter((slot) => missing.some(({ profile }) => fits(profile, slot.profile))).length,
    };
  }

  #freeSlots(): Set<ManagedSlot> {
    const usable = [...this.#taskManagers.values()].filter((one) => one.isConfirmed && !one.isDraining);
    return new Set(usable.flatMap(({ slots }) => slots.filter(({ state }) => state === "FREE")));
  }

  /** What is declared, less what the job has: by the profile it asked for, then by what is large enough. Largest first. */
  #missingOf(jobId: string): Requirement[] {
    const declared = [...this.#jobs.get(jobId)?.byProfile.values() ?? []];
    const missing = declared
      .map(({ profile, count }) => ({ profile, count, key: profileKey(profile) }))
      .sort((left, right) => compareProfiles(right.profile, left.profile, 0));
    const others: ManagedSlot[] = [];
    for (const slot of this.slotsOf(jobId)) {
      const { profile } = slot.holder!;
      const asked = profile && missing.find(({ key, count }) => count > 0 && key === profileKey(profile));
      if (asked) asked.count--;
      else others.push(slot);
    }
    for (const slot of others) {
      const met = missing.find(({ profile, count }) => count > 0 && fits(profile, slot.profile));
      if (met !== undefined) met.count--;
    }
    return missing.filter(({ count }) => count > 0);
  }

  #choose(free: ReadonlySet<ManagedSlot>, wanted: SlotProfile): ManagedSlot | undefined {
    let best: ManagedSlot | undefined;
    for (const slot of free) {
      if (fits(wanted, slot.profile) && (best === undefined || this.#isBetter(slot, best))) best = slot;
    }
    return best;
  }

  /** Spread: on the TaskManager that is used least. Fill: the smallest that fits, on the one that is used most. */
  #isBetter(slot: ManagedSlot, other: ManagedSlot): boolean {
    const use = this.#useOf(slot) - this.#useOf(other);
    const size = compareProfiles(slot.profile, other.profile, Infinity);
    if (this.#options.balance === "spread") return use !== 0 ? use < 0 : size < 0;
    return size !== 0 ? size < 0 : use > 0;
  }

  /** The share of its TaskManager that is not free. */
  #useOf({ resourceId }: ManagedSlot): number {
    const taskManager = this.#taskManagers.get(resourceId);
    invariant(taskManager, `slot of ${resourceId}, which is not registered`);
    const used = taskManager.slots.filter(({ state }) => state !== "FREE").length;
    return used / taskManager.slots.length;
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, n) => total + n, 0);
}
