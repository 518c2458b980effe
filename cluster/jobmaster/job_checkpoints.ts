/**
 * The checkpoints of one running job: snapshots through barriers, asked for by somebody or, once all input is processed,
 * by the job itself; what completes and what is given up. The latest one is where failed regions start again from.
 *
 * @module
 */

import type { Clock } from "../../runtime/seams/clock.ts";
import type { CoordinatorGateway, EnumeratorStates } from "../../runtime/tasks/coordinator/coordinator_gateway.ts";
import type { SlotReport, SlotRequest } from "../../runtime/tasks/slot/slot_protocol.ts";
import type { Execution, ExecutionGraph } from "./execution_graph.ts";
import { type JobSnapshot, refusedSnapshot, SnapshotInProgress } from "./job_snapshot.ts";

/** What checkpoints need of their job. */
export interface JobCheckpointsOptions {
  readonly graph: ExecutionGraph;
  readonly coordinators: CoordinatorGateway;
  readonly clock: Clock;
  readonly alignment: "aligned" | "at-least-once";
  /** What the job starts from; ids rise from there. */
  readonly restored: JobSnapshot | undefined;
  readonly tellAll: (request: SlotRequest) => void;
  /** The job's own way to its final checkpoint: as if somebody had asked it. */
  readonly job: {
    takeSnapshot(checkpointId: number): Promise<JobSnapshot>;
    completeSnapshot(checkpointId: number): void;
  };
  readonly fail: (error: unknown) => void;
}

/** See the module. */
export class JobCheckpoints {
  readonly #options: JobCheckpointsOptions;
  readonly #snapshots = new Map<number, SnapshotInProgress>();
  /** Tasks that have processed everything and wait for the final checkpoint. */
  readonly #processed = new Set<Execution>();
  #takesFinal = false;
  #timesDeclined = 0;
  /** Stopped without drain: sources leave without a word on where they stood. */
  #isStopped = false;
  #lastId: number;
  #latest: JobSnapshot | undefined;

  constructor(options: JobCheckpointsOptions) {
    this.#options = options;
    this.#lastId = options.restored?.checkpointId ?? 0;
    this.#latest = options.restored;
  }

  /** Snapshots that are neither complete nor declined. */
  get inProgress(): number {
    return this.#snapshots.size;
  }
  /** The last one that is complete, or what the job has started from. */
  get latest(): JobSnapshot | undefined {
    return this.#latest;
  }

  /** Takes a snapshot; see JobMaster.takeSnapshot. */
  take(checkpointId: number = this.#lastId + 1): Promise<JobSnapshot> {
    const reason = this.#reasonToRefuse(checkpointId);
    if (reason !== undefined) return refusedSnapshot(checkpointId, reason);
    this.#lastId = checkpointId;
    let taken: Promise<JobSnapshot> | undefined;
    const { promise, resolve } = Promise.withResolvers<JobSnapshot>();
    this.#options.coordinators.snapshot(checkpointId, (answer) => {
      taken = "error" in answer ? Promise.reject(answer.error) : this.#trigger(checkpointId, answer);
      resolve(taken);
    });
    // A caller that does not wait must not bring the process down.
    promise.catch(() => {});
    return taken ?? promise;
  }

  #trigger(checkpointId: number, enumerators: EnumeratorStates): Promise<JobSnapshot> {
    const { graph } = this.#options;
    if (graph.state !== "RUNNING") return refusedSnapshot(checkpointId, `the job is ${graph.state}`);
    const running = graph.executions.filter((execution) => execution.state === "RUNNING");
    const snapshot = new SnapshotInProgress(checkpointId, running.map((execution) => execution.id), enumerators);
    this.#snapshots.set(checkpointId, snapshot);
    snapshot.completed.then((complete) => {
      this.#snapshots.delete(checkpointId);
      if (checkpointId > (this.#latest?.checkpointId ?? 0)) this.#latest = complete;
    }, () => this.#abort(checkpointId));
    this.#tellBarrier(checkpointId);
    return snapshot.completed;
  }

  /** Tells all tasks that a checkpoint is complete: sinks commit. */
  complete(checkpointId: number): void {
    this.#options.tellAll({ type: "checkpointComplete", checkpointId });
    this.#options.coordinators.complete(checkpointId);
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
    for (const each of this.#processed) if (each.vertex.currentExecution !== each) this.#processed.delete(each);
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
  /** The job is over, or something of it has failed: what is under way never becomes complete. */
  declineAll(): void {
    this.#timesDeclined++;
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
      const timesDeclined = this.#timesDeclined;
      try {
        await job.takeSnapshot(checkpointId);
        return job.completeSnapshot(checkpointId);
      } catch (error) {
        // Something is tried again: the checkpoint is taken once that has come to its end, too.
        if (this.#timesDeclined !== timesDeclined) break;
        // Somebody's newer one has taken its place: that is no failure, but only this one is sure to be completed.
        if (this.#lastId === checkpointId) throw error;
      }
    }
    this.#takesFinal = false;
  }
}
