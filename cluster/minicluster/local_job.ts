/**
 * A job that runs in this isolate: its execution graph, its tasks on one loop, the coordinators of its sources. The
 * handle of the program ({@link JobClient}) and what the command line shows ({@link VertexProgress}) come from here.
 *
 * @module
 */

import { type FlinkError, JobExecutionError } from "../../runtime/errors.ts";
import { CheckpointingOptions } from "../../runtime/api/config_options.ts";
import type { Configuration } from "../../runtime/api/configuration.ts";
import type { ExecuteOptions } from "../../runtime/api/executor.ts";
import { type JobClient, JobExecutionResult } from "../../runtime/api/job_client.ts";
import type { JobGraph } from "../../runtime/graph/job_graph.ts";
import type { ChainedOperator } from "../../runtime/graph/job_graph.ts";
import { TaskMetricGroup } from "../../runtime/metrics/task_metrics.ts";
import { sharesClosures } from "../../runtime/operators/function_operator.ts";
import { SourceCoordinator } from "../../runtime/operators/source/source_coordinator.ts";
import { WatermarkAlignmentGroups } from "../../runtime/operators/source/watermark_alignment_groups.ts";
import type { Seams } from "../../runtime/seams/seams.ts";
import type { StreamTask, TaskListener } from "../../runtime/tasks/stream_task.ts";
import { TaskLoop, type TaskLoopOptions } from "../../runtime/tasks/task_loop.ts";
import { type Execution, ExecutionGraph } from "../jobmaster/execution_graph.ts";
import type { JobState } from "../jobmaster/job_states.ts";
import { mergeAccumulators } from "./accumulators.ts";
import { cachedFilePaths } from "./cached_files.ts";
import { deploy, type DeployedTask } from "./deployment.ts";
import { type JobSnapshot, refusedSnapshot, SnapshotInProgress } from "./job_snapshot.ts";
import { type VertexProgress, vertexProgress } from "./progress.ts";
import type { TaskSettings } from "../../runtime/tasks/task_builder.ts";
import { keysWithoutEffect, taskSettings, wantsCheckpoints } from "./task_settings.ts";

/** How long the loop works before timers and sockets get their turn, in ms. */
const SLICE_MS = 8;

/** What a local job is made from. */
export interface LocalJobOptions {
  readonly jobId: string;
  readonly jobGraph: JobGraph;
  readonly execute: ExecuteOptions;
  readonly seams: Seams;
  /** Start from this. */
  readonly restored?: JobSnapshot;
  /** Somebody takes checkpoints ({@link LocalJob.takeSnapshot}); sinks then commit on their completion. */
  readonly checkpointing?: boolean;
  /** Settings of tasks that differ from the configuration's; tests try other limits. */
  readonly settings?: Partial<TaskSettings>;
  /** Called when all tasks wait. */
  readonly onIdle?: TaskLoopOptions["onIdle"];
  readonly onState?: (state: JobState) => void;
}

/** A job in this isolate. */
export class LocalJob implements JobClient {
  readonly graph: ExecutionGraph;
  readonly #options: LocalJobOptions;
  readonly #loop: TaskLoop;
  readonly #coordinators = new Map<string, SourceCoordinator>();
  readonly #snapshots = new Map<number, SnapshotInProgress>();
  /** Tasks that have processed everything and wait for the final checkpoint. */
  readonly #processed = new Set<Execution>();
  #takesFinalCheckpoint = false;
  /** Stopped without drain: sources leave without a word on where they stood. */
  #isStopped = false;
  #lastCheckpointId: number;
  readonly #ended = Promise.withResolvers<void>();
  #tasks: DeployedTask[] = [];

  constructor(options: LocalJobOptions) {
    this.#options = options;
    this.#lastCheckpointId = options.restored?.checkpointId ?? 0;
    const { seams } = options;
    this.graph = new ExecutionGraph(options.jobId, options.jobGraph, () => seams.clock.now(), (state) => {
      options.onState?.(state);
      if (this.graph.isTerminal) void this.#close();
    });
    this.#loop = new TaskLoop({ ...seams, sliceMs: SLICE_MS, onIdle: options.onIdle });
  }

  /**
   * Builds, connects and starts all tasks.
   *
   * @throws FlinkError what building refuses; nothing runs then.
   */
  start(): void {
    const { seams, execute, restored, jobGraph } = this.#options;
    this.#warnAboutCheckpoints(execute.configuration);
    this.#tasks = deploy({
      graph: this.graph,
      settings: {
        ...taskSettings(execute.configuration, jobGraph.type, this.#options.checkpointing ?? false),
        ...this.#options.settings,
      },
      seams,
      cachedFiles: cachedFilePaths(execute.cachedFiles, seams.files),
      collect: execute.collect ?? new Map(),
      restored: restored?.redistributeTo(jobGraph),
      listener: (execution) => this.#listener(execution),
      sendToCoordinator: (execution, operatorId, event) =>
        this.#coordinators.get(operatorId)?.handleEvent(execution.vertex.subtaskIndex, execution.attemptNumber, event),
      wake: (deployed) => this.#loop.wake(deployed.task),
    });
    this.#mentionSharedClosures();
    this.graph.transition("CREATED");
    this.graph.transition("RUNNING");
    this.#startCoordinators();
    for (const { execution } of this.#tasks) {
      this.graph.update(execution, "SCHEDULED");
      this.graph.update(execution, "DEPLOYING");
    }
    for (const { task } of this.#tasks) {
      // One that fails to open has cancelled the others already.
      if (task.state !== "DEPLOYING") continue;
      if (task.start()) this.#loop.add(task);
    }
  }

  getJobID(): string {
    return this.graph.jobId;
  }
  getJobStatus(): Promise<JobState> {
    return Promise.resolve(this.graph.state);
  }
  async cancel(): Promise<void> {
    if (this.graph.cancel()) this.#cancelTasks();
    await this.#ended.promise;
  }
  async getJobExecutionResult(): Promise<JobExecutionResult> {
    await this.#ended.promise;
    if (this.graph.state === "FAILED") throw this.graph.failure;
    if (this.graph.state === "CANCELED") {
      throw new JobExecutionError("TSF-5020", `Job "${this.graph.jobGraph.name}" was cancelled`);
    }
    const { RUNNING: from = 0, FINISHED: to = 0 } = this.graph.timestamps;
    return new JobExecutionResult(this.graph.jobId, to - from, this.#accumulators());
  }
  getAccumulators(): Promise<Readonly<Record<string, unknown>>> {
    return Promise.resolve(this.#accumulators());
  }

  /** Progress of every vertex, producers first. */
  progress(): VertexProgress[] {
    return this.graph.jobGraph.verticesTopologically.map((vertex) =>
      vertexProgress(vertex.id, vertex.name, this.#tasksOf(vertex.id))
    );
  }

  /** Fails the job for a reason outside its tasks. */
  fail(error: unknown): void {
    if (this.graph.fail(error)) this.#cancelTasks();
  }

  /** Ends the sources; with drain as if their input had ended, without it at once and with no further output. */
  async stop(drain: boolean): Promise<void> {
    this.#isStopped ||= !drain;
    for (const { task } of this.#tasks) if (task.parts.source !== undefined) task.stop(drain);
    await this.#ended.promise;
  }

  /**
   * Takes a consistent snapshot of the whole job through barriers.
   *
   * @param checkpointId Above all earlier ones; default: the next.
   * @throws JobExecutionError TSF-5030 when some task declines, or the job does not run; what an enumerator throws.
   */
  takeSnapshot(checkpointId: number = this.#lastCheckpointId + 1): Promise<JobSnapshot> {
    const { state } = this.graph;
    if (state !== "RUNNING") return refusedSnapshot(checkpointId, `the job is ${state}`);
    if (this.#isStopped && !this.#takesFinalCheckpoint) {
      return refusedSnapshot(checkpointId, "the job is being stopped");
    }
    if (checkpointId <= this.#lastCheckpointId) {
      return refusedSnapshot(checkpointId, `checkpoint ${this.#lastCheckpointId} came before, ids must rise`);
    }
    this.#lastCheckpointId = checkpointId;
    const enumerators = new Map<string, Uint8Array>();
    try {
      for (const [id, coordinator] of this.#coordinators) enumerators.set(id, coordinator.snapshot(checkpointId));
    } catch (error) {
      return Promise.reject(error);
    }
    const running = this.#tasks.filter(({ task }) => task.state === "RUNNING");
    const snapshot = new SnapshotInProgress(checkpointId, running.map(({ execution }) => execution.id), enumerators);
    this.#snapshots.set(checkpointId, snapshot);
    snapshot.completed.then(() => this.#snapshots.delete(checkpointId), () => this.#abort(checkpointId));
    const mode = this.#options.execute.configuration.get(CheckpointingOptions.MODE);
    const barrier = {
      kind: "barrier",
      checkpointId,
      timestamp: this.#options.seams.clock.now(),
      options: { type: "checkpoint", alignment: mode === "AT_LEAST_ONCE" ? "at-least-once" : "aligned" },
    } as const;
    for (const { task } of running) if (task.parts.gates.length === 0) task.triggerCheckpoint(barrier);
    return snapshot.completed;
  }

  /** Snapshots that are neither complete nor declined. */
  get snapshotsInProgress(): number {
    return this.#snapshots.size;
  }

  /** Tells all tasks that a checkpoint is complete: sinks commit. */
  completeSnapshot(checkpointId: number): void {
    for (const { task } of this.#tasks) task.notifyCheckpointComplete(checkpointId);
    for (const coordinator of this.#coordinators.values()) coordinator.notifyCheckpointComplete(checkpointId);
  }

  #abort(checkpointId: number): void {
    this.#snapshots.delete(checkpointId);
    if (this.graph.state === "RUNNING") {
      for (const { task } of this.#tasks) {
        task.notifyCheckpointAborted(checkpointId);
      }
    }
  }

  #startCoordinators(): void {
    const groups = new WatermarkAlignmentGroups();
    for (const { vertex } of this.graph.vertices) {
      for (const operator of vertex.chain) {
        if (operator.factory.source !== undefined) this.#startCoordinator(operator, vertex.id, groups);
      }
    }
  }

  #startCoordinator(operator: ChainedOperator, vertexId: string, alignmentGroups: WatermarkAlignmentGroups): void {
    const { seams, restored } = this.#options;
    const coordinator = new SourceCoordinator({
      source: operator.factory.source!,
      operator: { name: operator.name, uid: operator.uid, userLine: operator.userLine },
      operatorId: operator.operatorId,
      parallelism: this.graph.jobGraph.vertex(vertexId).parallelism,
      seams,
      metrics: new TaskMetricGroup(),
      send: (subtaskId, event) => this.#tasksOf(vertexId)[subtaskId].operatorEvent(operator.operatorId, event),
      // Not inline: the coordinator may be called from inside a step of the task that would be cancelled.
      fail: (error: FlinkError) => seams.mainThread.post(() => this.fail(error)),
      alignment: operator.factory.watermarkAlignment,
      alignmentGroups,
    });
    this.#coordinators.set(operator.operatorId, coordinator);
    const state = restored?.enumerators.get(operator.operatorId);
    if (state !== undefined) coordinator.restore(state);
    coordinator.start();
  }

  #listener(execution: Execution): TaskListener {
    return {
      onState: (state, error) => {
        if (this.graph.update(execution, state, error) === "cancel-all") this.#cancelTasks();
        if (state !== "FINISHED") return;
        for (const pending of this.#snapshots.values()) pending.finished(execution.id);
        // One that was stopped without drain may be the last the others have waited for.
        this.#endIfAllProcessed();
      },
      onCheckpoint: (checkpointId, states) => {
        const { subtaskIndex, jobVertex } = execution.vertex;
        this.#snapshots.get(checkpointId)?.acknowledge(execution.id, subtaskIndex, jobVertex.parallelism, states);
      },
      onCheckpointDeclined: (checkpointId, reason) => this.#snapshots.get(checkpointId)?.decline(execution.id, reason),
      onDataProcessed: () => {
        this.#processed.add(execution);
        this.#endIfAllProcessed();
      },
    };
  }

  #endIfAllProcessed(): void {
    const some = this.#tasks.some(({ execution }) => execution.state === "RUNNING");
    const isLast = this.#tasks.every(({ execution }) =>
      execution.state === "FINISHED" || this.#processed.has(execution)
    );
    if (!some || !isLast || this.#takesFinalCheckpoint) return;
    this.#takesFinalCheckpoint = true;
    this.#takeFinalCheckpoint().catch((error) => this.fail(error));
  }

  /** The checkpoint that covers the last output of a job whose input has ended; its completion ends the tasks. */
  async #takeFinalCheckpoint(): Promise<void> {
    while (this.graph.state === "RUNNING") {
      // One that is under way goes first: a newer one would end it.
      const underWay = [...this.#snapshots.values()].map((snapshot) => snapshot.completed);
      await Promise.allSettled(underWay);
      if (this.#snapshots.size > 0) continue;
      const checkpointId = this.#lastCheckpointId + 1;
      try {
        await this.takeSnapshot(checkpointId);
        return this.completeSnapshot(checkpointId);
      } catch (error) {
        // Somebody's newer one has taken its place: that is no failure, but only this one is sure to be completed.
        if (this.#lastCheckpointId === checkpointId) throw error;
      }
    }
  }

  #cancelTasks(): void {
    for (const { task, execution } of this.#tasks) {
      if (execution.state === "CREATED" || execution.state === "SCHEDULED") this.graph.update(execution, "CANCELED");
      else task.cancel();
    }
  }

  #tasksOf(vertexId: string): StreamTask[] {
    return this.#tasks.filter(({ execution }) => execution.vertex.jobVertex.vertex.id === vertexId).map((d) => d.task);
  }

  #accumulators(): Readonly<Record<string, unknown>> {
    return mergeAccumulators(this.#tasks.map((deployed) => deployed.accumulators));
  }

  async #close(): Promise<void> {
    for (const snapshot of this.#snapshots.values()) snapshot.decline("job", `the job is ${this.graph.state}`);
    for (const { partitions } of this.#tasks) for (const partition of partitions) partition.close();
    try {
      for (const coordinator of this.#coordinators.values()) await coordinator.close();
    } catch (error) {
      this.#options.seams.log.log("warn", `Closing a split enumerator failed: ${String(error)}`);
    }
    this.#options.seams.log.flush?.();
    this.#ended.resolve();
  }

  /** See docs/decisions/0003: once per job, and quietly, because nearly every job has arrow functions. */
  #mentionSharedClosures(): void {
    const { jobGraph, seams } = this.#options;
    const shares = jobGraph.vertices.some((vertex) =>
      vertex.parallelism > 1 && vertex.chain.some((operator) => sharesClosures(operator.factory))
    );
    if (shares) {
      seams.log.log("debug", "plain functions are shared by all subtasks of this process: keep state in state");
    }
  }

  #warnAboutCheckpoints(configuration: Configuration): void {
    const ignored = keysWithoutEffect(configuration);
    if (ignored.length > 0) {
      this.#options.seams.log.log("warn", `not acted on in this version: ${ignored.join(", ")}`);
    }
    if (!wantsCheckpoints(configuration) || this.#options.checkpointing === true) return;
    this.#options.seams.log.log(
      "warn",
      "Checkpoints are configured but this version does not take them periodically yet",
    );
  }
}
