/**
 * The checkpoints of one running job: snapshots through barriers, asked for by somebody or, once all input is processed,
 * by the job itself; what completes and what is given up.
 *
 * @module
 */

import type { SlotReport, SlotRequest } from "../../runtime/tasks/slot/slot_protocol.ts";
import type { Clock } from "../../runtime/seams/clock.ts";
import type { Execution, ExecutionGraph } from "../jobmaster/execution_graph.ts";
import type { JobCoordinators } from "./job_coordinators.ts";
import type { LocalJob } from "./local_job.ts";
import { type JobSnapshot, refusedSnapshot, SnapshotInProgress } from "./job_snapshot.ts";

/** What checkpoints need of their job. */
export interface JobCheckpointsOptions {
  readonly graph: ExecutionGraph;
  readonly coordinators: JobCoordinators;
  readonly clock: Clock;
  readonly alignment: "aligned" | "at-least-once";
  /** The checkpoint the job starts from; ids rise from there. */
  readonly lastCheckpointId: number;
  readonly tellAll: (request: SlotRequest) => void;
  /** The job's own way to its final checkpoint: as if somebody had asked it. */
  readonly job: Pick<LocalJob, "takeSnapshot" | "completeSnapshot">;
  readonly fail: (error: unknown) => void;
}

/** See the module. */
export class JobCheckpoints {
  readonly #options: JobCheckpointsOptions;
  readonly #snapshots = new Map<number, SnapshotInProgress>();
  /** Tasks that have processed everything and wait for the final checkpoint. */
  readonly #processed = new Set<Execution>();
  #takesFinal = false;
  /** Stopped without drain: sources leave without a word on where they stood. */
  #isStopped = false;
  #lastId: number;

  constructor(options: JobCheckpointsOptions) {
    this.#options = options;
    this.#lastId = options.lastCheckpointId;
  }

  /** Snapshots that are neither complete nor declined. */
  get inProgress(): number {
    return this.#snapshots.size;
  }

  /** Takes a snapshot; see LocalJob.takeSnapshot. */
  take(checkpointId: number = this.#lastId + 1): Promise<JobSnapshot> {
    const { graph, coordinators } = this.#options;
    const reason = this.#reasonToRefuse(checkpointId);
    if (reason !== undefined) return refusedSnapshot(checkpointId, reason);
    this.#lastId = checkpointId;
    const enumerators = new Map<string, Uint8Array>();
    try {
      for (const [id, coordinator] of coordinators.all) enumerators.set(id, coordinator.snapshot(checkpointId));
    } catch (error) {
      return Promise.reject(error);
    }
    const running = graph.executions.filter((execution) => execution.state === "RUNNING");
    const snapshot = new SnapshotInProgress(checkpointId, running.map((execution) => execution.id), enumerators);
    this.#snapshots.set(checkpointId, snapshot);
    snapshot.completed.then(() => this.#snapshots.delete(checkpointId), () => this.#abort(checkpointId));
    this.#tellBarrier(checkpointId);
    return snapshot.completed;
  }

  /** Tells all tasks that a checkpoint is complete: sinks commit. */
  complete(checkpointId: number): void {
    this.#options.tellAll({ type: "checkpointComplete", checkpointId });
    for (const [, coordinator] of this.#options.coordinators.all) coordinator.notifyCheckpointComplete(checkpointId);
  }

  /** A task has taken its part of a snapshot. */
  acknowledge({ vertex, id }: Execution, report: Extract<SlotReport, { type: "checkpoint" }>): void {
    const { subtaskIndex, jobVertex } = vertex;
    this.#snapshots.get(report.checkpointId)?.acknowledge(id, subtaskIndex, jobVertex.parallelism, report.states);
  }
  declined({ checkpointId, executionId, reason }: Extract<SlotReport, { type: "checkpointDeclined" }>): void {
    this.#snapshots.get(checkpointId)?.decline(executionId, reason);
  }
  /** A task has processed everything and waits for the checkpoint that covers its last output. */
  processed(execution: Execution): void {
    this.#processed.add(execution);
    this.#takeFinalIfAllProcessed();
  }
  /** A task has finished: it has nothing to save. */
  finished(execution: Execution): void {
    for (const pending of this.#snapshots.values()) pending.finished(execution.id);
    // One that was stopped without drain may be the last the others have waited for.
    this.#takeFinalIfAllProcessed();
  }
  /** Sources end without drain: no snapshot but the final one from now on. */
  stopped(): void {
    this.#isStopped = true;
  }
  /** The job is over. */
  close(): void {
    for (const snapshot of this.#snapshots.values()) {
      snapshot.decline("job", `the job is ${this.#options.graph.state}`);
    }
  }

  #reasonToRefuse(checkpointId: number): string | undefined {
    const { state, jobGraph } = this.#options.graph;
    if (state !== "RUNNING") return `the job is ${state}`;
    if (jobGraph.type === "BATCH") return "BATCH jobs take no checkpoints";
    if (this.#isStopped && !this.#takesFinal) return "the job is being stopped";
    if (checkpointId <= this.#lastId) return `checkpoint ${this.#lastId} came before, ids must rise`;
    return undefined;
  }

  #tellBarrier(checkpointId: number): void {
    const { clock, alignment, tellAll } = this.#options;
    const options = { type: "checkpoint", alignment } as const;
    tellAll({ type: "triggerCheckpoint", barrier: { kind: "barrier", checkpointId, timestamp: clock.now(), options } });
  }

  #abort(checkpointId: number): void {
    this.#snapshots.delete(checkpointId);
    if (this.#options.graph.state === "RUNNING") this.#options.tellAll({ type: "checkpointAborted", checkpointId });
  }

  #takeFinalIfAllProcessed(): void {
    const { graph: { executions }, fail } = this.#options;
    const some = executions.some((execution) => execution.state === "RUNNING");
    const isLast = executions.every((execution) => execution.state === "FINISHED" || this.#processed.has(execution));
    if (!some || !isLast || this.#takesFinal) return;
    this.#takesFinal = true;
    this.#takeFinal().catch(fail);
  }

  /** The checkpoint that covers the last output of a job whose input has ended; its completion ends the tasks. */
  async #takeFinal(): Promise<void> {
    const { graph, job } = this.#options;
    while (graph.state === "RUNNING") {
      // One that is under way goes first: a newer one would end it.
      const underWay = [...this.#snapshots.values()].map((snapshot) => snapshot.completed);
      await Promise.allSettled(underWay);
      if (this.#snapshots.size > 0) continue;
      const checkpointId = this.#lastId + 1;
      try {
        await job.takeSnapshot(checkpointId);
        return job.completeSnapshot(checkpointId);
      } catch (error) {
        // Somebody's newer one has taken its place: that is no failure, but only this one is sure to be completed.
        if (this.#lastId === checkpointId) throw error;
      }
    }
  }
}
