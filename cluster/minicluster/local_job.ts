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
import type { ChainedOperator, JobGraph } from "../../runtime/graph/job_graph.ts";
import { TaskMetricGroup } from "../../runtime/metrics/task_metrics.ts";
import { sharesClosures } from "../../runtime/operators/function_operator.ts";
import { SourceCoordinator } from "../../runtime/operators/source/source_coordinator.ts";
import { WatermarkAlignmentGroups } from "../../runtime/operators/source/watermark_alignment_groups.ts";
import type { Seams } from "../../runtime/seams/seams.ts";
import type { SlotEnd } from "../../runtime/seams/worker_host.ts";
import type { SlotReport, SlotRequest, SubtaskPlacement } from "../../runtime/tasks/slot/slot_protocol.ts";
import type { TaskSettings } from "../../runtime/tasks/task_builder.ts";
import type { TaskLoopOptions } from "../../runtime/tasks/task_loop.ts";
import { type ExecutionState, isTerminal } from "../../runtime/tasks/task_states.ts";
import { type Execution, ExecutionGraph } from "../jobmaster/execution_graph.ts";
import type { JobState } from "../jobmaster/job_states.ts";
import { cachedFilePaths } from "./cached_files.ts";
import { inlineSlots } from "./inline_slots.ts";
import { JobAccumulators } from "./job_accumulators.ts";
import { type JobSnapshot, refusedSnapshot, SnapshotInProgress } from "./job_snapshot.ts";
import { type VertexProgress, vertexProgress } from "./progress.ts";
import type { SlotGateway, SlotProvider } from "./slots.ts";
import { keysWithoutEffect, taskSettings, wantsCheckpoints } from "./task_settings.ts";

/** What a local job is made from. */
export interface LocalJobOptions {
  readonly jobId: string;
  readonly jobGraph: JobGraph;
  readonly execute: ExecuteOptions;
  readonly seams: Seams;
  /** Where its subtasks run. Default: all in this isolate. */
  readonly slots?: SlotProvider;
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

/** A job whose JobMaster is this isolate. */
export class LocalJob implements JobClient {
  readonly graph: ExecutionGraph;
  readonly #options: LocalJobOptions;
  readonly #provider: SlotProvider;
  readonly #executions = new Map<string, Execution>();
  readonly #coordinators = new Map<string, SourceCoordinator>();
  readonly #snapshots = new Map<number, SnapshotInProgress>();
  /** Tasks that have processed everything and wait for the final checkpoint. */
  readonly #processed = new Set<Execution>();
  #takesFinalCheckpoint = false;
  /** Stopped without drain: sources leave without a word on where they stood. */
  #isStopped = false;
  #lastCheckpointId: number;
  #wasAsked = false;
  readonly #ended = Promise.withResolvers<void>();
  #gateways: readonly SlotGateway[] = [];
  #placements: readonly SubtaskPlacement[] = [];
  /** Slots that run, by index. */
  readonly #live = new Map<number, SlotGateway>();
  /** Slots whose tasks are wired. */
  #deployed = 0;
  readonly #allDeployed = Promise.withResolvers<void>();
  readonly #accumulators = new JobAccumulators(() => this.#live);
  /** Once the job has ended: its results, or why they cannot be had. */
  #results: { readonly values: Readonly<Record<string, unknown>> } | { readonly error: unknown } | undefined;

  constructor(options: LocalJobOptions) {
    this.#options = options;
    this.#lastCheckpointId = options.restored?.checkpointId ?? 0;
    const { seams } = options;
    this.#provider = options.slots ?? inlineSlots(seams);
    // Whoever waits for the start hears of a refusal; nobody may wait.
    this.#allDeployed.promise.catch(() => {});
    this.graph = new ExecutionGraph(options.jobId, options.jobGraph, () => seams.clock.now(), (state) => {
      options.onState?.(state);
      if (this.graph.isTerminal) void this.#close();
    });
    for (const execution of this.graph.executions) this.#executions.set(execution.id, execution);
  }

  /**
   * Builds, connects and starts all tasks: at once where they run in this isolate, else when all slots are ready.
   *
   * @throws FlinkError what building refuses; nothing runs then.
   */
  start(): void | Promise<void> {
    const { seams, execute, restored, jobGraph } = this.#options;
    this.#warnAboutCheckpoints(execute.configuration);
    this.#placements = this.#provider.place(this.graph);
    this.#gateways = this.#provider.allocate({
      jobGraph,
      deployment: {
        jobId: this.graph.jobId,
        placements: this.#placements,
        settings: {
          ...taskSettings(execute.configuration, jobGraph.type, this.#options.checkpointing ?? false),
          ...this.#options.settings,
        },
        cachedFiles: cachedFilePaths(execute.cachedFiles, seams.files),
        restored: restored?.redistributeTo(jobGraph),
        collect: [...execute.collect?.keys() ?? []],
      },
      onReport: (slot, report) => this.#onReport(slot, report),
      onEnd: (slot, end) => this.#slotEnded(slot, end),
      onIdle: this.#options.onIdle,
    });
    this.#gateways.forEach((gateway, slot) => this.#live.set(slot, gateway));
    if (this.#deployed === this.#gateways.length) return this.#run();
    return this.#allDeployed.promise.then(() => this.#run());
  }

  #run(): void {
    // Cancelled while its slots were starting.
    if (this.graph.state !== "INITIALIZING") return;
    this.#mentionSharedClosures();
    this.graph.transition("CREATED");
    this.graph.transition("RUNNING");
    this.#startCoordinators();
    for (const execution of this.#executions.values()) {
      this.graph.update(execution, "SCHEDULED");
      this.graph.update(execution, "DEPLOYING");
    }
    this.#tellAll({ type: "start" });
  }

  #tellAll(request: SlotRequest): void {
    for (const gateway of [...this.#live.values()]) gateway.request(request);
  }

  #onReport(slot: number, report: SlotReport): void {
    switch (report.type) {
      case "deployed":
        if (++this.#deployed === this.#gateways.length) this.#allDeployed.resolve();
        return;
      case "refused":
        this.#refuse(report.error);
        return;
      case "state":
        return this.#onState(this.#executions.get(report.executionId)!, report.state, report.error);
      case "checkpoint": {
        const execution = this.#executions.get(report.executionId)!;
        const { subtaskIndex, jobVertex } = execution.vertex;
        return this.#snapshots.get(report.checkpointId)
          ?.acknowledge(execution.id, subtaskIndex, jobVertex.parallelism, report.states);
      }
      case "checkpointDeclined":
        return this.#snapshots.get(report.checkpointId)?.decline(report.executionId, report.reason);
      case "dataProcessed":
        this.#processed.add(this.#executions.get(report.executionId)!);
        return this.#endIfAllProcessed();
      case "coordinatorEvent": {
        const { vertex, attemptNumber } = this.#executions.get(report.executionId)!;
        return this.#coordinators.get(report.operatorId)?.handleEvent(vertex.subtaskIndex, attemptNumber, report.event);
      }
      case "collect":
        return this.#collect(slot, report);
      case "accumulators":
      case "merged":
      case "requestFailed":
        return this.#accumulators.answered(report);
      case "output":
        for (const line of report.lines) this.#options.seams.log.print(line, report.stream);
        return;
      case "log":
        return this.#options.seams.log.log(report.level, report.message);
    }
  }

  #collect(slot: number, { uid, batchId, batch }: Extract<SlotReport, { type: "collect" }>): void {
    const taken = () => this.#live.get(slot)?.request({ type: "collected", batchId });
    const pending = this.#options.execute.collect?.get(uid)?.(batch);
    if (pending === undefined) taken();
    else pending.then(taken, (error) => this.fail(error));
  }

  /** The job cannot run at all: nothing of it has started. */
  #refuse(error: unknown): void {
    this.#allDeployed.reject(error);
    this.fail(error);
  }

  /** A slot is gone: so are its subtasks. */
  #slotEnded(slot: number, end: SlotEnd): void {
    this.#live.delete(slot);
    this.#accumulators.slotEnded(slot);
    const error = end.kind === "failed" ? end.error : new JobExecutionError("TSF-5042", `Slot ${slot} has ended`, {
      expected: "a slot that runs until the job ends",
      found: end.kind,
    });
    if (this.graph.state === "INITIALIZING") return this.#refuse(error);
    for (const { executionId } of this.#placements.filter((placement) => placement.slot === slot)) {
      const execution = this.#executions.get(executionId)!;
      if (!isTerminal(execution.state)) this.#onState(execution, "FAILED", error);
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
  /** What the job failed with, when nobody has asked for its result. */
  get unheardFailure(): unknown {
    return this.#wasAsked || this.graph.state !== "FAILED" ? undefined : this.graph.failure;
  }
  async getJobExecutionResult(): Promise<JobExecutionResult> {
    this.#wasAsked = true;
    await this.#ended.promise;
    if (this.graph.state === "FAILED") throw this.graph.failure;
    if (this.graph.state === "CANCELED") {
      throw new JobExecutionError("TSF-5020", `Job "${this.graph.jobGraph.name}" was cancelled`);
    }
    const { RUNNING: from = 0, FINISHED: to = 0 } = this.graph.timestamps;
    return new JobExecutionResult(this.graph.jobId, to - from, await this.getAccumulators());
  }
  async getAccumulators(): Promise<Readonly<Record<string, unknown>>> {
    if (this.#results === undefined) return await this.#accumulators.results();
    if ("error" in this.#results) throw this.#results.error;
    return this.#results.values;
  }

  /** Progress of every vertex, producers first. */
  progress(): VertexProgress[] {
    const told = new Map(this.#gateways.flatMap((gateway) => gateway.progress()).map((one) => [one.executionId, one]));
    return this.graph.jobGraph.verticesTopologically.map(({ id, name, chain }) => {
      const executions = this.graph.jobVertex(id).subtasks.map((subtask) => subtask.currentExecution);
      const subtasks = executions.flatMap((execution) => told.get(execution.id) ?? []);
      const states = executions.map((execution) => execution.state);
      return vertexProgress({ id, name, states, operators: chain.map((operator) => operator.name) }, subtasks);
    });
  }

  /** Fails the job for a reason outside its tasks. */
  fail(error: unknown): void {
    if (this.graph.fail(error)) this.#cancelTasks();
  }

  /** Ends the sources; with drain as if their input had ended, without it at once and with no further output. */
  async stop(drain: boolean): Promise<void> {
    this.#isStopped ||= !drain;
    this.#tellAll({ type: "stop", drain });
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
    const running = [...this.#executions.values()].filter((execution) => execution.state === "RUNNING");
    const snapshot = new SnapshotInProgress(checkpointId, running.map((execution) => execution.id), enumerators);
    this.#snapshots.set(checkpointId, snapshot);
    snapshot.completed.then(() => this.#snapshots.delete(checkpointId), () => this.#abort(checkpointId));
    const mode = this.#options.execute.configuration.get(CheckpointingOptions.MODE);
    const barrier = {
      kind: "barrier",
      checkpointId,
      timestamp: this.#options.seams.clock.now(),
      options: { type: "checkpoint", alignment: mode === "AT_LEAST_ONCE" ? "at-least-once" : "aligned" },
    } as const;
    this.#tellAll({ type: "triggerCheckpoint", barrier });
    return snapshot.completed;
  }

  /** Snapshots that are neither complete nor declined. */
  get snapshotsInProgress(): number {
    return this.#snapshots.size;
  }

  /** Tells all tasks that a checkpoint is complete: sinks commit. */
  completeSnapshot(checkpointId: number): void {
    this.#tellAll({ type: "checkpointComplete", checkpointId });
    for (const coordinator of this.#coordinators.values()) coordinator.notifyCheckpointComplete(checkpointId);
  }

  #abort(checkpointId: number): void {
    this.#snapshots.delete(checkpointId);
    if (this.graph.state === "RUNNING") this.#tellAll({ type: "checkpointAborted", checkpointId });
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
      send: (subtaskId, event) => this.#sendToOperator(vertexId, subtaskId, operator.operatorId, event),
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

  #sendToOperator(vertexId: string, subtaskIndex: number, operatorId: string, event: unknown): void {
    const { slot, executionId } = this.#placements.find((placement) =>
      placement.vertexId === vertexId && placement.subtaskIndex === subtaskIndex
    )!;
    this.#live.get(slot)?.request({ type: "operatorEvent", executionId, operatorId, event });
  }

  #onState(execution: Execution, state: ExecutionState, error?: unknown): void {
    if (this.graph.update(execution, state, error) === "cancel-all") this.#cancelTasks();
    if (state !== "FINISHED") return;
    for (const pending of this.#snapshots.values()) pending.finished(execution.id);
    // One that was stopped without drain may be the last the others have waited for.
    this.#endIfAllProcessed();
  }

  #endIfAllProcessed(): void {
    const executions = [...this.#executions.values()];
    const some = executions.some((execution) => execution.state === "RUNNING");
    const isLast = executions.every((execution) => execution.state === "FINISHED" || this.#processed.has(execution));
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
    for (const execution of this.#executions.values()) {
      const { state } = execution;
      if (state === "CREATED" || state === "SCHEDULED") this.graph.update(execution, "CANCELED");
    }
    this.#tellAll({ type: "cancel" });
  }

  async #close(): Promise<void> {
    // Cancelled while its slots were starting: whoever waits for the start waits for the end instead.
    this.#allDeployed.resolve();
    for (const snapshot of this.#snapshots.values()) snapshot.decline("job", `the job is ${this.graph.state}`);
    try {
      this.#results = { values: await this.#accumulators.results() };
    } catch (error) {
      this.#results = { error };
    }
    await Promise.all([...this.#live.values()].map((gateway) => gateway.close()));
    this.#live.clear();
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
    if (!this.#provider.isInline) return;
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
