/**
 * The JobMaster of one job: its execution graph, its stages over slots, the coordinators of its sources, what happens on
 * failures. The same class runs local jobs and those of a cluster; what differs is who gives the slots and where the
 * coordinators run.
 *
 * Who calls: cluster/minicluster (local), remote_job.ts (a JobManager). What REST shows of it: job_details.ts.
 *
 * @module
 */

import { JobExecutionError } from "../../runtime/errors.ts";
import { CheckpointingOptions, SlotOptions } from "../../runtime/api/config_options.ts";
import type { Configuration } from "../../runtime/api/configuration.ts";
import type { CollectReceiver } from "../../runtime/api/executor.ts";
import { type JobClient, JobExecutionResult } from "../../runtime/api/job_client.ts";
import type { JobTopology } from "../../runtime/graph/job_plan.ts";
import type { Seams } from "../../runtime/seams/seams.ts";
import type { SlotEnd } from "../../runtime/seams/worker_host.ts";
import type { CoordinatorGateway, CoordinatorListener } from "../../runtime/tasks/coordinator/coordinator_gateway.ts";
import type { SlotReport, SlotRequest, SubtaskProgress } from "../../runtime/tasks/slot/slot_protocol.ts";
import type { TaskSettings } from "../../runtime/tasks/task_builder.ts";
import type { TaskLoopOptions } from "../../runtime/tasks/task_loop.ts";
import { type ExecutionState, isTerminal } from "../../runtime/tasks/task_states.ts";
import { ExceptionHistory } from "./exception_history.ts";
import { type Execution, ExecutionGraph } from "./execution_graph.ts";
import { JobAccumulators } from "./job_accumulators.ts";
import { JobCheckpoints } from "./job_checkpoints.ts";
import { JobRows } from "./job_rows.ts";
import type { JobSnapshot } from "./job_snapshot.ts";
import type { JobState } from "./job_states.ts";
import { type VertexProgress, vertexProgress } from "./progress.ts";
import type { SlotGateway, SlotLocation, SlotProvider } from "./slots.ts";
import type { Stage } from "./stage.ts";
import { StageSchedule, type Verdict } from "./stage_schedule.ts";
import { keysWithoutEffect, restartStrategy, taskSettings, wantsCheckpoints } from "./task_settings.ts";

/** Slots of one stage at most: their numbers in a job rise by stage. */
const MAX_SLOTS = 2 ** 20;

/** What a JobMaster is made from. */
export interface JobMasterOptions {
  readonly jobId: string;
  readonly jobGraph: JobTopology;
  readonly configuration: Configuration;
  /** Receivers of collect sinks, by uid. */
  readonly collect?: ReadonlyMap<string, CollectReceiver>;
  /** Rows for the program that are held at most; see job_rows.ts. */
  readonly maxHeldRows?: number;
  /** Where tasks find the files of the job, by name. */
  readonly cachedFiles: () => ReadonlyMap<string, string>;
  readonly seams: Seams;
  readonly slots: SlotProvider;
  readonly coordinators: (listener: CoordinatorListener) => CoordinatorGateway;
  /** Start from this. */
  readonly restored?: JobSnapshot;
  /** Somebody takes checkpoints ({@link JobMaster.takeSnapshot}); sinks then commit on their completion. */
  readonly checkpointing?: boolean;
  /** Settings of tasks that differ from the configuration's; tests try other limits. */
  readonly settings?: Partial<TaskSettings>;
  /** Called when all tasks wait. */
  readonly onIdle?: TaskLoopOptions["onIdle"];
  readonly onState?: (state: JobState) => void;
}

/** See the module. */
export class JobMaster implements JobClient {
  readonly graph: ExecutionGraph;
  readonly exceptions: ExceptionHistory = new ExceptionHistory();
  readonly #options: JobMasterOptions;
  readonly #stages: StageSchedule;
  readonly #coordinators: CoordinatorGateway;
  readonly #checkpoints: JobCheckpoints;
  readonly #rows: JobRows;
  /** Without drain sources leave without a word on where they stood. */
  #stopped: { readonly drain: boolean } | undefined;
  #wasAsked = false;
  readonly #ended = Promise.withResolvers<void>();
  readonly #accumulators: JobAccumulators = new JobAccumulators(() => this.#liveSlots());
  /** Once the job has ended: its results, or why they cannot be had. */
  #results: { readonly values: Readonly<Record<string, unknown>> } | { readonly error: unknown } | undefined;

  /** @throws InvalidProgramError TSF-5031 for a BATCH job that is to start from a snapshot, TSF-4002 for a wrong option. */
  constructor(options: JobMasterOptions) {
    this.#options = options;
    const { seams, jobGraph, configuration, restored, slots } = options;
    restored?.checkGoesWith(jobGraph);
    const strategy = restartStrategy(configuration, {
      runtimeMode: jobGraph.type,
      isLocal: slots.mayTakeLong !== true,
      seams,
    });
    this.graph = new ExecutionGraph(options.jobId, jobGraph, () => seams.clock.now(), (state) => {
      options.onState?.(state);
      if (this.graph.isTerminal) void this.#close();
    });
    this.#coordinators = options.coordinators({
      send: (vertexId, subtaskIndex, operatorId, event) =>
        this.#sendToOperator(vertexId, subtaskIndex, { operatorId, event }),
      fail: (vertexId, error) => this.#coordinatorFailed(vertexId, error),
    });
    const mode = configuration.get(CheckpointingOptions.MODE);
    this.#checkpoints = new JobCheckpoints({
      graph: this.graph,
      coordinators: this.#coordinators,
      clock: seams.clock,
      alignment: mode === "AT_LEAST_ONCE" ? "at-least-once" : "aligned",
      restored,
      tellAll: (request) => this.#tellAll(request),
      job: this,
      fail: (error) => this.fail(error),
    });
    this.#rows = new JobRows({
      receivers: options.collect,
      maxHeldRows: options.maxHeldRows,
      isHeld: strategy.mayRestart && (jobGraph.type === "BATCH" || jobGraph.isBounded),
      fail: (error) => this.fail(error),
    });
    this.#stages = new StageSchedule({
      graph: this.graph,
      provider: slots,
      seams,
      strategy,
      onIdle: options.onIdle,
      host: {
        onStart: (stage) => this.#stageStarts(stage),
        onReport: (stage, slot, report) => this.#onReport(stage, slot, report),
        onEnd: (stage, slot, end) => this.#slotEnded(stage, slot, end),
        restored: () => this.#checkpoints.latest?.redistributeTo(jobGraph),
        onFinished: (stage) => this.#accumulators.keep([...stage.live.keys()].map((slot) => slotNumber(stage, slot))),
        onLeave: (stage) => this.#coordinators.stop(stage.region.vertices.map(({ id }) => id)),
        fail: (error) => this.fail(error),
      },
    });
  }

  /**
   * Builds, connects and starts all tasks: at once where they run in this isolate, else when all slots are ready. Where
   * slots may take long the job is running at once, and waits for them.
   *
   * @throws FlinkError what building refuses; nothing runs then.
   */
  start(): void | Promise<void> {
    const { configuration, jobGraph, checkpointing = false } = this.#options;
    this.#warnAboutCheckpoints(configuration);
    return this.#stages.start({
      jobId: this.graph.jobId,
      settings: { ...taskSettings(configuration, jobGraph.type, checkpointing), ...this.#options.settings },
      cachedFiles: this.#options.cachedFiles(),
      collect: [...this.#options.collect?.keys() ?? []],
    });
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
  /** Ends the job here without its being cancelled; it may go on elsewhere. */
  async suspend(cause: unknown): Promise<void> {
    if (!this.graph.isTerminal) {
      this.graph.failure ??= cause;
      this.graph.transition("SUSPENDED");
    }
    await this.#ended.promise;
  }
  /** Resolves when the job has ended and nothing of it runs any more. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }
  /** What the job failed with, when nobody has asked for its result. */
  get unheardFailure(): unknown {
    return this.#wasAsked || this.graph.state !== "FAILED" ? undefined : this.graph.failure;
  }
  async getJobExecutionResult(): Promise<JobExecutionResult> {
    this.#wasAsked = true;
    await this.#ended.promise;
    if (this.graph.state === "FAILED") throw this.graph.failure;
    if (this.graph.state !== "FINISHED") {
      const what = this.graph.state === "CANCELED" ? "cancelled" : "suspended";
      throw new JobExecutionError("TSF-5020", `Job "${this.graph.jobGraph.name}" was ${what}`);
    }
    return new JobExecutionResult(this.graph.jobId, this.netRuntimeMs, await this.getAccumulators());
  }
  /** From the first task's start to the last one's end, in ms; 0 before the end. */
  get netRuntimeMs(): number {
    const { RUNNING: from = 0, FINISHED: to = 0 } = this.graph.timestamps;
    return Math.max(0, to - from);
  }
  async getAccumulators(): Promise<Readonly<Record<string, unknown>>> {
    if (this.#results === undefined) return await this.#accumulators.results();
    if ("error" in this.#results) throw this.#results.error;
    return this.#results.values;
  }

  /** Progress of every vertex, producers first. */
  progress(): VertexProgress[] {
    const told = this.subtaskProgress();
    return this.graph.jobGraph.verticesTopologically.map(({ id, name, chain }) => {
      const executions = this.graph.jobVertex(id).subtasks.map((subtask) => subtask.currentExecution);
      const subtasks = executions.flatMap((execution) => told.get(execution.id) ?? []);
      const states = executions.map((execution) => execution.state);
      return vertexProgress({ id, name, states, operators: chain.map((operator) => operator.name) }, subtasks);
    });
  }
  /** What slots have told last, by execution. */
  subtaskProgress(): ReadonlyMap<string, SubtaskProgress> {
    return new Map(this.#stages.progress().map((one) => [one.executionId, one]));
  }
  /** Where an attempt runs or ran; undefined while that is not known, and in this process. */
  locationOf(executionId: string): SlotLocation | undefined {
    for (const stage of this.#stages.current) {
      const gateway = stage.gatewayOf(executionId);
      if (gateway !== undefined) return gateway.location;
    }
    return undefined;
  }
  /** Attempts of regions beyond the first. */
  get numRestarts(): number {
    return this.#stages.numRestarts;
  }

  /** Fails the job for a reason outside its tasks. */
  fail(error: unknown): void {
    if (!this.graph.isTerminal) this.#remember(error);
    this.#giveUp(error);
  }

  /** Ends the sources; with drain as if their input had ended, without it at once and with no further output. */
  async stop(drain: boolean): Promise<void> {
    this.#stopped = { drain: drain && this.#stopped?.drain !== false };
    if (!drain) this.#checkpoints.stopped();
    this.#tellAll({ type: "stop", drain });
    await this.#ended.promise;
  }

  /**
   * Takes a consistent snapshot of the whole job through barriers. Regions that fail later start again from it.
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

  /** Called when a stage starts; local jobs add to it. */
  protected mentionStart(): void {}

  #stageStarts(stage: Stage): void {
    this.mentionStart();
    this.#coordinators.start(stage.region.vertices.map(({ id }) => id), this.#checkpoints.latest?.enumerators);
    if (this.#stopped !== undefined) {
      const request = { type: "stop", ...this.#stopped } as const;
      this.#options.seams.mainThread.post(() => stage.tellAll(request));
    }
  }

  #tellAll(request: SlotRequest): void {
    for (const stage of this.#stages.current) stage.tellAll(request);
  }

  /** All slots that can be asked, by their number in the job. */
  #liveSlots(): ReadonlyMap<number, SlotGateway> {
    const live = new Map<number, SlotGateway>();
    for (const stage of this.#stages.current) {
      if (!stage.isReady) continue;
      for (const [slot, gateway] of stage.live) live.set(slotNumber(stage, slot), gateway);
    }
    return live;
  }

  #onReport(stage: Stage, slot: number, report: SlotReport): void {
    const { log } = this.#options.seams;
    if (!this.#stages.current.includes(stage)) return;
    switch (report.type) {
      case "deployed":
        return stage.slotDeployed();
      case "refused":
        return this.#refuse(stage, slot, report.error);
      case "accumulators":
      case "merged":
      case "requestFailed":
        return this.#accumulators.answered(report);
      case "output":
        for (const line of report.lines) log.print(line, report.stream);
        return;
      case "log":
        return log.log(report.level, report.message);
      case "collect":
        // Rows of an attempt that is over count for nobody.
        if (stage.isRestarting) return;
        return this.#rows.add(stage, report.uid, report.batch, () => {
          stage.live.get(slot)?.request({ type: "collected", batchId: report.batchId });
        });
      case "progress":
        return;
      default: {
        // An attempt that counts now; of others nothing is heard.
        const execution = stage.execution(report.executionId);
        if (execution !== undefined) this.#onTaskReport(stage, execution, report);
      }
    }
  }

  #onTaskReport(
    stage: Stage,
    execution: Execution,
    report: Extract<SlotReport, { readonly executionId: string }>,
  ): void {
    switch (report.type) {
      case "state":
        return this.#onState(stage, execution, report);
      case "checkpoint":
        return this.#checkpoints.acknowledge(execution, report);
      case "checkpointDeclined":
        return this.#checkpoints.declined(report);
      case "dataProcessed":
        return this.#checkpoints.processed(execution);
      case "coordinatorEvent": {
        const { vertex: { subtaskIndex }, attemptNumber } = execution;
        return this.#coordinators.handleEvent(report.operatorId, subtaskIndex, attemptNumber, report.event);
      }
    }
  }

  /** Nothing of a stage can run in a slot. */
  #refuse(stage: Stage, slot: number, error: unknown): void {
    if (this.graph.state === "INITIALIZING") {
      stage.refuse(error);
      return this.fail(error);
    }
    this.#failStage(stage, error, stage.executionsIn(slot)[0]);
  }

  /** A slot is gone: so are its subtasks. */
  #slotEnded(stage: Stage, slot: number, end: SlotEnd): void {
    if (!this.#stages.current.includes(stage)) return;
    this.#accumulators.slotEnded(slotNumber(stage, slot));
    stage.live.delete(slot);
    const error = end.kind === "failed" ? end.error : new JobExecutionError("TSF-5042", `Slot ${slot} has ended`, {
      expected: "a slot that runs until the job ends",
      found: end.kind,
    });
    if (this.graph.state === "INITIALIZING") return this.#refuse(stage, slot, error);
    for (const execution of stage.executionsIn(slot)) {
      if (!isTerminal(execution.state)) this.#onState(stage, execution, { state: "FAILED", error });
    }
  }

  #sendToOperator(
    vertexId: string,
    subtaskIndex: number,
    event: { readonly operatorId: string; readonly event: unknown },
  ): void {
    const execution = this.graph.jobVertex(vertexId).subtasks[subtaskIndex].currentExecution;
    for (const stage of this.#stages.current) {
      const gateway = stage.live.get(stage.slotOf(execution.id));
      gateway?.request({ type: "operatorEvent", executionId: execution.id, ...event });
    }
  }

  #onState(
    stage: Stage,
    execution: Execution,
    { state, error }: { readonly state: ExecutionState; readonly error?: unknown },
  ): void {
    // The rest of the slot's attempts may have been told already, by its end.
    if (isTerminal(execution.state)) return;
    if (state === "FINISHED" && this.#rows.has(stage) && isLastToFinish(stage, execution)) {
      this.#rows.handOver(stage)
        .then(() => this.#onState(stage, execution, { state }), (error) => this.fail(error));
      return;
    }
    const judged = state === "FAILED" ? this.#judge(stage, error, execution) : undefined;
    if (this.graph.update(execution, state, judged?.error) === "cancel-all") this.#cancelTasks();
    if (judged !== undefined) this.#answer(stage, judged);
    if (state === "FINISHED") this.#checkpoints.finished(execution);
    if (isTerminal(state)) this.#stages.subtaskEnded(stage);
  }

  /** What is to be done about a failure, and what the job fails with if it does. */
  #judge(stage: Stage, cause: unknown, execution?: Execution): { readonly verdict: Verdict; readonly error: unknown } {
    const isCounted = !stage.isRestarting && (this.graph.state === "RUNNING" || this.graph.state === "RESTARTING");
    if (isCounted) this.#remember(cause, execution);
    const verdict = this.#stages.failed(stage, cause, !this.#rows.areOut(stage));
    if (verdict !== "vetoed") return { verdict, error: cause };
    return { verdict: "never", error: this.#rows.whyNotAgain(cause) };
  }

  #answer(stage: Stage, { verdict, error }: { readonly verdict: Verdict; readonly error: unknown }): void {
    if (verdict === "again") this.#cancelStage(stage);
    if (verdict === "never") this.#giveUp(error);
  }

  /** A stage fails for a reason outside its tasks. */
  #failStage(stage: Stage, error: unknown, execution?: Execution): void {
    this.#answer(stage, this.#judge(stage, error, execution));
  }

  #coordinatorFailed(vertexId: string, error: unknown): void {
    const stage = this.#stages.current.find(({ region }) => region.vertices.some(({ id }) => id === vertexId));
    if (stage === undefined) this.fail(error);
    else this.#failStage(stage, error);
  }

  #giveUp(error: unknown): void {
    if (this.graph.fail(error)) this.#cancelTasks();
  }

  /** What is left of a stage that has failed ends, so that it can be tried again. */
  #cancelStage(stage: Stage): void {
    this.#rows.drop(stage);
    this.#checkpoints.declineAll();
    stage.release();
    for (const execution of stage.executions) this.#cancelUnstarted(execution);
    stage.tellAll({ type: "cancel" });
    this.#stages.subtaskEnded(stage);
  }

  #cancelTasks(): void {
    for (const execution of this.graph.executions) this.#cancelUnstarted(execution);
    this.#tellAll({ type: "cancel" });
  }

  #cancelUnstarted(execution: Execution): void {
    if (execution.state === "CREATED" || execution.state === "SCHEDULED") this.graph.update(execution, "CANCELED");
  }

  #remember(error: unknown, execution?: Execution): void {
    const location = execution && this.locationOf(execution.id);
    this.exceptions.add(error, {
      timestamp: this.#options.seams.clock.now(),
      taskName: execution?.vertex.taskNameWithSubtask,
      taskManagerId: location?.taskManagerId,
      endpoint: location && `${location.host}:${location.dataPort}`,
    });
  }

  async #close(): Promise<void> {
    const { seams, slots } = this.#options;
    // Cancelled while its slots were starting: whoever waits for the start waits for the end instead.
    for (const stage of this.#stages.current) stage.release();
    this.#checkpoints.declineAll();
    try {
      const isSuspended = this.graph.state === "SUSPENDED";
      this.#results = { values: isSuspended ? {} : await this.#withinLimit(this.#finalAccumulators()) };
    } catch (error) {
      this.#results = { error };
    }
    await this.#stages.close();
    await this.#coordinators.close();
    await slots.close?.();
    seams.log.flush?.();
    this.#ended.resolve();
  }

  async #finalAccumulators(): Promise<Readonly<Record<string, unknown>>> {
    await this.#stages.left();
    return await this.#accumulators.results();
  }

  /** A slot that has fallen silent must not keep a job that is over: its accumulators are given up, which is said. */
  #withinLimit(answer: Promise<Readonly<Record<string, unknown>>>): Promise<Readonly<Record<string, unknown>>> {
    const { configuration, seams, slots } = this.#options;
    if (slots.isInline) return answer;
    const timeoutMs = configuration.get(SlotOptions.CANCELLATION_TIMEOUT);
    return new Promise((resolve, reject) => {
      const cancel = seams.clock.after(timeoutMs, () => {
        seams.log.log("warn", `a slot has not answered for ${timeoutMs} ms after the end: accumulators are not known`);
        resolve({});
      });
      answer.finally(cancel).then(resolve, reject);
    });
  }

  #warnAboutCheckpoints(configuration: Configuration): void {
    const { log } = this.#options.seams;
    const ignored = keysWithoutEffect(configuration, this.#options.slots.mayTakeLong !== true);
    if (ignored.length > 0) log.log("warn", `not acted on in this version: ${ignored.join(", ")}`);
    if (!wantsCheckpoints(configuration) || this.#options.checkpointing === true) return;
    log.log("warn", "Checkpoints are configured but this version does not take them periodically yet");
  }
}

/** A slot among all of the job, of all stages. */
function slotNumber({ ordinal }: Stage, slot: number): number {
  return ordinal * MAX_SLOTS + slot;
}

function isLastToFinish({ executions }: Stage, execution: Execution): boolean {
  return executions.every((other) => other === execution || other.state === "FINISHED");
}
