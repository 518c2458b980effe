/**
 * A job whose JobMaster is this isolate: its execution graph, its stages over slots, the coordinators of its sources. The
 * handle of the program ({@link JobClient}) and what the command line shows ({@link VertexProgress}) come from here.
 *
 * @module
 */

import { JobExecutionError } from "../../runtime/errors.ts";
import { CheckpointingOptions, SlotOptions } from "../../runtime/api/config_options.ts";
import type { Configuration } from "../../runtime/api/configuration.ts";
import type { ExecuteOptions } from "../../runtime/api/executor.ts";
import { type JobClient, JobExecutionResult } from "../../runtime/api/job_client.ts";
import type { JobGraph } from "../../runtime/graph/job_graph.ts";
import { sharesClosures } from "../../runtime/operators/function_operator.ts";
import type { Seams } from "../../runtime/seams/seams.ts";
import type { SlotEnd } from "../../runtime/seams/worker_host.ts";
import type { SlotReport, SlotRequest } from "../../runtime/tasks/slot/slot_protocol.ts";
import type { TaskSettings } from "../../runtime/tasks/task_builder.ts";
import type { TaskLoopOptions } from "../../runtime/tasks/task_loop.ts";
import { type ExecutionState, isTerminal } from "../../runtime/tasks/task_states.ts";
import { type Execution, ExecutionGraph } from "../jobmaster/execution_graph.ts";
import type { JobState } from "../jobmaster/job_states.ts";
import { cachedFilePaths } from "./cached_files.ts";
import { inlineSlots } from "./inline_slots.ts";
import { JobAccumulators } from "./job_accumulators.ts";
import { JobCheckpoints } from "./job_checkpoints.ts";
import { JobCoordinators } from "./job_coordinators.ts";
import type { JobSnapshot } from "./job_snapshot.ts";
import { type VertexProgress, vertexProgress } from "./progress.ts";
import type { SlotProvider } from "./slots.ts";
import type { Stage } from "./stage.ts";
import { StageSchedule } from "./stage_schedule.ts";
import { keysWithoutEffect, restartStrategy, taskSettings, wantsCheckpoints } from "./task_settings.ts";

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
  readonly #stages: StageSchedule;
  readonly #coordinators: JobCoordinators;
  readonly #checkpoints: JobCheckpoints;
  /** Without drain sources leave without a word on where they stood. */
  #stopped: { readonly drain: boolean } | undefined;
  #wasAsked = false;
  readonly #ended = Promise.withResolvers<void>();
  readonly #accumulators = new JobAccumulators(() => this.#stages.current?.live ?? new Map());
  /** Rows for the client of a stage that may be tried again. */
  #heldRows: { readonly uid: string; readonly batch: unknown[] }[] = [];
  /** Once the job has ended: its results, or why they cannot be had. */
  #results: { readonly values: Readonly<Record<string, unknown>> } | { readonly error: unknown } | undefined;

  /** @throws InvalidProgramError TSF-5031 for a BATCH job that is to start from a snapshot, TSF-4002 for a wrong option. */
  constructor(options: LocalJobOptions) {
    this.#options = options;
    options.restored?.checkGoesWith(options.jobGraph);
    const strategy = restartStrategy(options.execute.configuration, options.jobGraph.type, options.seams);
    const { seams } = options;
    this.#provider = options.slots ?? inlineSlots(seams);
    this.graph = new ExecutionGraph(options.jobId, options.jobGraph, () => seams.clock.now(), (state) => {
      options.onState?.(state);
      if (this.graph.isTerminal) void this.#close();
    });
    this.#coordinators = new JobCoordinators({
      seams,
      restored: options.restored?.enumerators,
      send: (vertexId, subtaskIndex, operatorId, event) =>
        this.#sendToOperator(vertexId, subtaskIndex, { operatorId, event }),
      fail: (error) => this.#failStage(error),
    });
    const mode = options.execute.configuration.get(CheckpointingOptions.MODE);
    this.#checkpoints = new JobCheckpoints({
      graph: this.graph,
      coordinators: this.#coordinators,
      clock: seams.clock,
      alignment: mode === "AT_LEAST_ONCE" ? "at-least-once" : "aligned",
      lastCheckpointId: options.restored?.checkpointId ?? 0,
      tellAll: (request) => this.#tellAll(request),
      job: this,
      fail: (error) => this.fail(error),
    });
    this.#stages = new StageSchedule({
      graph: this.graph,
      provider: this.#provider,
      seams,
      strategy,
      onIdle: options.onIdle,
      host: {
        onStart: (stage) => this.#stageStarts(stage),
        onFinished: () => this.#accumulators.keep(),
        onLeave: () => this.#coordinators.close(),
        fail: (error) => this.fail(error),
      },
    });
  }

  /**
   * Builds, connects and starts all tasks: at once where they run in this isolate, else when all slots are ready.
   *
   * @throws FlinkError what building refuses; nothing runs then.
   */
  start(): void | Promise<void> {
    const { seams, execute, restored, jobGraph } = this.#options;
    this.#warnAboutCheckpoints(execute.configuration);
    return this.#stages.start({
      jobGraph,
      deployment: {
        jobId: this.graph.jobId,
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
  }

  #stageStarts(stage: Stage): void {
    this.#mentionSharedClosures();
    this.#coordinators.start(stage.region.vertices);
    if (this.#stopped !== undefined) {
      const request = { type: "stop", ...this.#stopped } as const;
      this.#options.seams.mainThread.post(() => stage.tellAll(request));
    }
  }

  #tellAll(request: SlotRequest): void {
    this.#stages.current?.tellAll(request);
  }

  /** An attempt that counts now; of others nothing is heard. */
  #execution(id: string): Execution {
    return this.#stages.current!.executions.find((execution) => execution.id === id)!;
  }

  #onReport(slot: number, report: SlotReport): void {
    switch (report.type) {
      case "deployed":
        return this.#stages.current!.slotDeployed();
      case "refused":
        this.#refuse(report.error);
        return;
      case "state":
        return this.#onState(this.#execution(report.executionId), report.state, report.error);
      case "checkpoint":
        return this.#checkpoints.acknowledge(this.#execution(report.executionId), report);
      case "checkpointDeclined":
        return this.#checkpoints.declined(report);
      case "dataProcessed":
        return this.#checkpoints.processed(this.#execution(report.executionId));
      case "coordinatorEvent": {
        const { vertex, attemptNumber } = this.#execution(report.executionId);
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
    const stage = this.#stages.current!;
    const taken = () => stage.live.get(slot)?.request({ type: "collected", batchId });
    if (this.#stages.mayRestart) {
      this.#heldRows.push({ uid, batch });
      return taken();
    }
    const pending = this.#options.execute.collect?.get(uid)?.(batch);
    if (pending === undefined) taken();
    else pending.then(taken, (error) => this.fail(error));
  }

  /** The job cannot run at all: nothing of it has started. */
  #refuse(error: unknown): void {
    this.#stages.current!.refuse(error);
    this.fail(error);
  }

  /** A slot is gone: so are its subtasks. */
  #slotEnded(slot: number, end: SlotEnd): void {
    const { live, placements } = this.#stages.current!;
    live.delete(slot);
    this.#accumulators.slotEnded(slot);
    const error = end.kind === "failed" ? end.error : new JobExecutionError("TSF-5042", `Slot ${slot} has ended`, {
      expected: "a slot that runs until the job ends",
      found: end.kind,
    });
    if (this.graph.state === "INITIALIZING") return this.#refuse(error);
    for (const { executionId } of placements.filter((placement) => placement.slot === slot)) {
      const execution = this.#execution(executionId);
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
    const told = new Map(this.#stages.progress().map((one) => [one.executionId, one]));
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
    this.#stopped = { drain: drain && this.#stopped?.drain !== false };
    if (!drain) this.#checkpoints.stopped();
    this.#tellAll({ type: "stop", drain });
    await this.#ended.promise;
  }

  /**
   * Takes a consistent snapshot of the whole job through barriers.
   *
   * @param checkpointId Above all earlier ones; default: the next.
   * @throws JobExecutionError TSF-5030 when some task declines, or the job does not run; what an enumerator throws.
   */
  takeSnapshot(checkpointId?: number): Promise<JobSnapshot> {
    return this.#checkpoints.take(checkpointId);
  }

  /** Snapshots that are neither complete nor declined. */
  get snapshotsInProgress(): number {
    return this.#checkpoints.inProgress;
  }

  /** Tells all tasks that a checkpoint is complete: sinks commit. */
  completeSnapshot(checkpointId: number): void {
    this.#checkpoints.complete(checkpointId);
  }

  #sendToOperator(
    vertexId: string,
    subtaskIndex: number,
    event: { readonly operatorId: string; readonly event: unknown },
  ): void {
    const { placements, live } = this.#stages.current!;
    const { slot, executionId } = placements.find((placement) =>
      placement.vertexId === vertexId && placement.subtaskIndex === subtaskIndex
    )!;
    live.get(slot)?.request({ type: "operatorEvent", executionId, ...event });
  }

  #onState(execution: Execution, state: ExecutionState, error?: unknown): void {
    if (state === "FINISHED" && this.#heldRows.length > 0 && this.#isLastToFinish(execution)) {
      this.#handOverRows().then(() => this.#onState(execution, state), (error) => this.fail(error));
      return;
    }
    const isRetried = state === "FAILED" && this.#stages.retries(error);
    if (this.graph.update(execution, state, error) === "cancel-all") this.#cancelTasks();
    if (isRetried) this.#cancelStage();
    if (state === "FINISHED") this.#checkpoints.finished(execution);
    if (isTerminal(state)) this.#stages.subtaskEnded();
  }

  #isLastToFinish(execution: Execution): boolean {
    const { executions } = this.#stages.current!;
    return executions.every((other) => other === execution || other.state === "FINISHED");
  }

  /** Gives the client what a stage has collected, now that it counts. */
  async #handOverRows(): Promise<void> {
    const { execute } = this.#options;
    for (const { uid, batch } of this.#heldRows.splice(0)) await execute.collect?.get(uid)?.(batch);
  }

  /** What is left of a stage that has failed ends, so that it can be tried again. */
  #cancelStage(): void {
    const stage = this.#stages.current!;
    this.#heldRows = [];
    for (const execution of stage.executions) this.#cancelUnstarted(execution);
    stage.tellAll({ type: "cancel" });
    this.#stages.subtaskEnded();
  }

  /** A stage fails for a reason outside its tasks. */
  #failStage(error: unknown): void {
    if (this.#stages.retries(error)) this.#cancelStage();
    else this.fail(error);
  }

  #cancelTasks(): void {
    for (const execution of this.graph.executions) this.#cancelUnstarted(execution);
    this.#tellAll({ type: "cancel" });
  }

  #cancelUnstarted(execution: Execution): void {
    if (execution.state === "CREATED" || execution.state === "SCHEDULED") this.graph.update(execution, "CANCELED");
  }

  async #close(): Promise<void> {
    // Cancelled while its slots were starting: whoever waits for the start waits for the end instead.
    this.#stages.current?.release();
    this.#checkpoints.close();
    try {
      this.#results = { values: await this.#withinLimit(this.#accumulators.results()) };
    } catch (error) {
      this.#results = { error };
    }
    await this.#stages.close();
    await this.#coordinators.close();
    this.#options.seams.log.flush?.();
    this.#ended.resolve();
  }

  /** A slot that has fallen silent must not keep a job that is over: its accumulators are given up, which is said. */
  #withinLimit(answer: Promise<Readonly<Record<string, unknown>>>): Promise<Readonly<Record<string, unknown>>> {
    if (this.#provider.isInline) return answer;
    const { execute, seams } = this.#options;
    const timeoutMs = execute.configuration.get(SlotOptions.CANCELLATION_TIMEOUT);
    return new Promise((resolve, reject) => {
      const cancel = seams.clock.after(timeoutMs, () => {
        seams.log.log("warn", `a slot has not answered for ${timeoutMs} ms after the end: accumulators are not known`);
        resolve({});
      });
      answer.finally(cancel).then(resolve, reject);
    });
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
    const ignored = keysWithoutEffect(configuration, this.#options.jobGraph.type);
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
