/**
 * The TaskManagers that a provider starts and stops: how many more are needed, which are on their way, which have been
 * idle for too long. With a provider that starts none it does nothing.
 *
 * A worker: REQUESTED (the provider was asked) -> STARTED (it says so) -> REGISTERED; from each of them it may end. Only
 * workers that were asked for count as being on their way; one that comes in addition is used, and released when idle.
 *
 * @module
 */

import { FlinkError } from "../../runtime/errors.ts";
import type { Cancel, Clock } from "../../runtime/seams/clock.ts";
import type { Log } from "../../runtime/seams/log.ts";
import type { ResourceProvider, StopWorker, WorkerInfo } from "../platforms/platform.ts";
import type { SlotProfile } from "../rpc/messages.ts";
import { fits } from "./slot_profiles.ts";

/** Limits and times of a {@link WorkerPool}. */
export interface WorkerPoolSettings {
  /** resourcemanager.taskmanager-registration.timeout */
  readonly registrationTimeoutMs: number;
  /** resourcemanager.taskmanager-timeout: after that an idle one is released. */
  readonly idleTimeoutMs: number;
  /** slotmanager.number-of-slots.min */
  readonly minSlots: number;
  /** slotmanager.number-of-slots.max */
  readonly maxSlots: number;
  /** slotmanager.redundant-taskmanager-num: so many are idle on purpose. */
  readonly redundantWorkers: number;
  /** resourcemanager.start-worker.max-failure-rate: with so many in a minute starting pauses. */
  readonly maxStartFailuresPerMinute: number;
  /** resourcemanager.start-worker.retry-interval: how long it pauses. */
  readonly startRetryMs: number;
}

/** What is there, as the pool needs it. */
export interface PoolView {
  readonly slotsTotal: number;
  readonly slotsFree: number;
  /** Slots that are not free yet and will be soon. */
  readonly slotsExpected: number;
  /** What no slot was found for. */
  readonly missing: readonly SlotProfile[];
  /** TaskManagers all of whose slots are free, and since when (monotonic). */
  readonly idle: readonly {
    readonly resourceId: string;
    readonly since: number;
    readonly slots: number;
    readonly isDraining: boolean;
  }[];
}

/** How a pool is made. */
export interface WorkerPoolOptions {
  readonly provider: ResourceProvider;
  readonly clock: Clock;
  readonly log: Log;
  readonly settings: WorkerPoolSettings;
  /** Something has changed: {@link WorkerPool.adjust} is to be called. */
  readonly onChange: () => void;
  /** The TaskManager is to go: take it out before its process ends. */
  readonly onRelease: (resourceId: string, cause: FlinkError) => void;
  /** A worker has ended by itself. */
  readonly onTerminated: (resourceId: string, cause: FlinkError) => void;
}

type WorkerState = "REQUESTED" | "STARTED" | "REGISTERED";

interface Worker {
  state: WorkerState;
  resourceId: string | undefined;
  cancelTimeout: Cancel | undefined;
}

const MINUTE_MS = 60_000;

/** See the module. */
export class WorkerPool {
  readonly #options: WorkerPoolOptions;
  readonly #workers = new Set<Worker>();
  /** Monotonic times of failed starts of the last minute. */
  #failures: number[] = [];
  #lastFailure: FlinkError | undefined;
  #pausedUntil = -Infinity;
  #cancelAdjust: Cancel | undefined;
  #isClosed = false;

  constructor(options: WorkerPoolOptions) {
    this.#options = options;
  }

  /** Takes over workers of an earlier JobManager: they count as being on their way. */
  async start(): Promise<void> {
    const { provider, log } = this.#options;
    const previous = await provider.start({ onWorkerTerminated: (id, cause) => this.#terminated(id, cause) });
    if (previous.length > 0) log.log("info", `${previous.length} TaskManagers of an earlier JobManager are expected`);
    for (const { resourceId } of previous) {
      if (this.#byId(resourceId) === undefined) this.#started(this.#add(), { resourceId });
    }
  }

  /** Workers that were asked for and have not registered. */
  get pending(): number {
    return [...this.#workers].filter(({ state }) => state !== "REGISTERED").length;
  }
  /** Why the latest start has failed, when none has succeeded since. */
  get lastFailure(): FlinkError | undefined {
    return this.#lastFailure;
  }
  /** Workers that are there or on their way, by what is known of them; for tests. */
  get size(): number {
    return this.#workers.size;
  }

  /** A TaskManager has registered. */
  registered(resourceId: string): void {
    if (this.#options.provider.workerSpec === undefined) return;
    const worker = this.#byId(resourceId) ?? this.#add();
    worker.resourceId = resourceId;
    worker.state = "REGISTERED";
    worker.cancelTimeout?.();
    this.#lastFailure = undefined;
  }

  /** A TaskManager is lost: whatever is left of its process is stopped. */
  lost(resourceId: string): void {
    const worker = this.#byId(resourceId);
    if (worker !== undefined) this.#stop(worker, "at once");
  }

  /** Starts what is missing and releases what has been idle for too long. */
  adjust(view: PoolView): void {
    const { workerSpec } = this.#options.provider;
    if (workerSpec === undefined || this.#isClosed) return;
    this.#cancelAdjust?.();
    this.#cancelAdjust = undefined;
    const count = this.#workersToStart(view, workerSpec.slots, workerSpec.slotProfile);
    const wait = this.#pausedUntil - this.#options.clock.monotonic();
    if (count > 0 && wait > 0) this.#adjustIn(wait);
    else for (let i = 0; i < count; i++) this.#request();
    this.#releaseIdle(view, workerSpec.slots);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelAdjust?.();
    for (const worker of this.#workers) worker.cancelTimeout?.();
    this.#workers.clear();
    await this.#options.provider.close();
  }

  #workersToStart(view: PoolView, slotsEach: number, slotProfile: SlotProfile): number {
    const { minSlots, maxSlots, redundantWorkers } = this.#options.settings;
    const pendingSlots = this.pending * slotsEach;
    const fitting = view.missing.filter((profile) => fits(profile, slotProfile)).length;
    const missing = Math.max(0, fitting - view.slotsExpected);
    const unused = missing > 0 ? 0 : view.slotsFree;
    const forJobs = missing + redundantWorkers * slotsEach - unused - pendingSlots;
    const forMinimum = minSlots - view.slotsTotal - pendingSlots;
    const room = Math.floor((maxSlots - view.slotsTotal - pendingSlots) / slotsEach);
    return Math.max(0, Math.min(Math.ceil(Math.max(forJobs, forMinimum) / slotsEach), room));
  }

  #releaseIdle({ idle, slotsTotal, slotsFree }: PoolView, slotsEach: number): void {
    const { idleTimeoutMs, minSlots, redundantWorkers } = this.#options.settings;
    const now = this.#options.clock.monotonic();
    let [total, free] = [slotsTotal, slotsFree];
    for (const { resourceId, since, slots, isDraining } of [...idle].sort((a, b) => a.since - b.since)) {
      const worker = this.#byId(resourceId);
      if (worker === undefined) continue;
      const isKept = total - slots < minSlots || free - slots < redundantWorkers * slotsEach;
      if (isKept && !isDraining) continue;
      const wait = isDraining ? 0 : since + idleTimeoutMs - now;
      if (wait > 0) {
        this.#adjustIn(wait);
        continue;
      }
      total -= slots;
      free -= slots;
      this.#stop(worker, "orderly");
      const why = isDraining ? "it is drained" : `it has been idle for ${idleTimeoutMs} ms`;
      this.#options.onRelease(resourceId, released(resourceId, why));
    }
  }

  #adjustIn(ms: number): void {
    // The earliest counts: whoever adjusts then plans the next.
    this.#cancelAdjust ??= this.#options.clock.after(ms, () => {
      this.#cancelAdjust = undefined;
      this.#options.onChange();
    });
  }

  #request(): void {
    const worker = this.#add();
    this.#options.provider.startWorker().then(
      (info) => this.#started(worker, info),
      (error) => this.#failed(worker, error),
    );
  }

  #started(worker: Worker, { resourceId }: WorkerInfo): void {
    const { clock, settings, provider } = this.#options;
    if (this.#isClosed) {
      // Came up after the end: nobody wants it.
      void provider.stopWorker(resourceId, "orderly").catch(() => {});
      return;
    }
    if (this.#byId(resourceId) !== undefined) {
      // It has registered before the provider answered.
      this.#workers.delete(worker);
      this.#options.onChange();
      return;
    }
    worker.state = "STARTED";
    worker.resourceId = resourceId;
    worker.cancelTimeout = clock.after(settings.registrationTimeoutMs, () => {
      this.#stop(worker, "at once");
      this.#countFailure(
        new FlinkError("TSF-5255", `TaskManager ${resourceId} was started and has not registered`, {
          expected: `a registration within ${settings.registrationTimeoutMs} ms`,
          found: "none",
          hint: "See the log of that TaskManager; resourcemanager.taskmanager-registration.timeout is the limit.",
        }),
      );
    });
  }

  #failed(worker: Worker, error: unknown): void {
    if (!this.#workers.delete(worker) || this.#isClosed) return;
    this.#countFailure(
      new FlinkError("TSF-5254", `A TaskManager could not be started by provider "${this.#options.provider.name}"`, {
        cause: error,
        hint: "It is tried again; resourcemanager.start-worker.max-failure-rate and retry-interval say how often.",
      }),
    );
  }

  #terminated(resourceId: string, cause: FlinkError): void {
    const worker = this.#byId(resourceId);
    if (worker === undefined || this.#isClosed) return;
    worker.cancelTimeout?.();
    this.#workers.delete(worker);
    if (worker.state === "REGISTERED") this.#options.onTerminated(resourceId, cause);
    else this.#countFailure(cause);
  }

  #countFailure(error: FlinkError): void {
    const { clock, settings, log } = this.#options;
    const now = clock.monotonic();
    this.#lastFailure = error;
    this.#failures = [...this.#failures.filter((at) => at > now - MINUTE_MS), now];
    log.log("warn", error.message);
    if (this.#failures.length >= settings.maxStartFailuresPerMinute) this.#pausedUntil = now + settings.startRetryMs;
    this.#options.onChange();
  }

  #stop(worker: Worker, how: StopWorker): void {
    worker.cancelTimeout?.();
    this.#workers.delete(worker);
    const { provider, log } = this.#options;
    provider.stopWorker(worker.resourceId!, how).catch((error) => {
      log.log("warn", `TaskManager ${worker.resourceId} could not be stopped: ${error}`);
    });
  }

  #add(): Worker {
    const worker: Worker = { state: "REQUESTED", resourceId: undefined, cancelTimeout: undefined };
    this.#workers.add(worker);
    return worker;
  }

  #byId(resourceId: string): Worker | undefined {
    for (const worker of this.#workers) if (worker.resourceId === resourceId) return worker;
    return undefined;
  }
}

function released(resourceId: string, why: string): FlinkError {
  return new FlinkError("TSF-5256", `TaskManager ${resourceId} is released: ${why}`);
}
