/**
 * Where TaskManagers come from. The ResourceManager asks for workers and hears of their end through this seam; it trusts
 * nothing: a start may be late, fail, or bring up two workers, and only a registration counts as a worker that is there.
 *
 * @module
 */

import type { FlinkError } from "../../runtime/errors.ts";

/** What every worker of the provider has. */
export interface WorkerSpec {
  readonly slots: number;
  /** Size of each slot; a figure that is not given holds anything. */
  readonly slotProfile: { readonly cpuCores?: number; readonly heapMb?: number; readonly managedMb?: number };
}

/** A worker as its provider knows it. Its TaskManager registers with `resourceId`. */
export interface WorkerInfo {
  readonly resourceId: string;
}

/** How a worker is stopped: it may bring in order what it does, or not. */
export type StopWorker = "orderly" | "at once";

/** Who hears of workers. */
export interface ProviderListener {
  /** A worker has ended that was not asked to; also before it has registered. */
  onWorkerTerminated(resourceId: string, cause: FlinkError): void;
}

/** Contract: see the module. Nothing is called inline. */
export interface ResourceProvider {
  /** Shown in messages, as "standalone". */
  readonly name: string;
  /** What {@link startWorker} brings; undefined: it starts none, TaskManagers come by themselves. */
  readonly workerSpec: WorkerSpec | undefined;
  /**
   * Called once before everything else.
   *
   * @returns Workers that an earlier JobManager has started and that still run: they will register again.
   */
  start(listener: ProviderListener): Promise<readonly WorkerInfo[]>;
  /** Resolves when the worker was started, which is before it registers. @throws FlinkError when it was not. */
  startWorker(): Promise<WorkerInfo>;
  /**
   * Resolves when it has ended; one that is not known does no harm. One that was lost is not asked: it may be frozen, and
   * others have its work by now.
   */
  stopWorker(resourceId: string, how: StopWorker): Promise<void>;
  /** Ends all workers it has started. */
  close(): Promise<void>;
}
