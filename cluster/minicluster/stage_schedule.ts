/**
 * Runs the stages of a job one after the other: each begins when the results it reads are complete. A stage that fails is
 * tried again from these results as often as the restart strategy says; earlier stages run again only where something of
 * their results is lost. A streaming job is one stage.
 *
 * Invariants: one stage has slots at a time; a new attempt has new slots.
 *
 * Caller: local_job.ts, which tells what happens to subtasks.
 *
 * @module
 */

import type { Seams } from "../../runtime/seams/seams.ts";
import type { SubtaskProgress } from "../../runtime/tasks/slot/slot_protocol.ts";
import type { TaskLoopOptions } from "../../runtime/tasks/task_loop.ts";
import type { ExecutionGraph } from "../jobmaster/execution_graph.ts";
import { type PipelinedRegion, RegionSchedule } from "../jobmaster/regions.ts";
import type { RestartStrategy } from "../jobmaster/restart_strategy.ts";
import type { SlotProvider } from "./slots.ts";
import { Stage, type StageJob } from "./stage.ts";
import { StageResults } from "./stage_results.ts";

/** The job whose stages these are. */
export interface StageHost {
  /** The slots of a stage are ready; its subtasks begin afterwards. */
  onStart(stage: Stage): void;
  /** All subtasks of a stage have finished and another one follows; its slots still answer. */
  onFinished(): Promise<void>;
  /** A stage is left, finished or not; its slots are gone afterwards. */
  onLeave(): Promise<void>;
  /** The job cannot go on. */
  fail(error: unknown): void;
}

/** What a schedule is made from. */
export interface StageScheduleOptions {
  readonly graph: ExecutionGraph;
  readonly provider: SlotProvider;
  readonly seams: Seams;
  readonly strategy: RestartStrategy;
  readonly host: StageHost;
  readonly onIdle: TaskLoopOptions["onIdle"];
}

/** See the module. */
export class StageSchedule {
  readonly #options: StageScheduleOptions;
  readonly #regions: RegionSchedule;
  #job: StageJob | undefined;
  #results: StageResults | undefined;
  #stage: Stage | undefined;
  /** From the end of one stage to the begin of the next. */
  #isBetween = false;
  #retryDelayMs = 0;
  #stopWaiting: () => void = () => {};
  /** Last words of subtasks of stages that are over. */
  readonly #progress = new Map<string, SubtaskProgress>();

  constructor(options: StageScheduleOptions) {
    this.#options = options;
    this.#regions = new RegionSchedule(options.graph.jobGraph);
  }

  /** The stage that runs now or ran last. */
  get current(): Stage | undefined {
    return this.#stage;
  }
  /** Whether a stage may be tried again: what it hands over before its end may come twice. */
  get mayRestart(): boolean {
    return this.#options.strategy.mayRestart;
  }

  /**
   * Begins the first stage: at once where slots are ready at once.
   *
   * @throws FlinkError what building the tasks refuses; nothing runs then.
   */
  start(job: StageJob): void | Promise<void> {
    const { graph, seams } = this.#options;
    this.#job = job;
    if (this.#regions.regions.length > 1) this.#results = new StageResults(graph.jobGraph, seams);
    try {
      return this.#begin(this.#regions.next()!);
    } catch (error) {
      this.#results?.close();
      throw error;
    }
  }

  /** A subtask or a coordinator of the current stage has failed: whether the stage is tried again once it has ended. */
  retries(error: unknown): boolean {
    const { graph, strategy, seams } = this.#options;
    if (graph.state !== "RUNNING") return false;
    const delayMs = strategy.onFailure(error);
    if (delayMs === undefined) return false;
    this.#retryDelayMs = delayMs;
    seams.log.log("warn", `A stage of job "${graph.jobGraph.name}" has failed and is tried again: ${String(error)}`);
    graph.restart();
    return true;
  }

  /** Some subtask has come to its end: it may have been the last of its stage. */
  subtaskEnded(): void {
    const { graph, host } = this.#options;
    const stage = this.#stage;
    if (stage === undefined || this.#isBetween || graph.isTerminal || !stage.hasEnded) return;
    if (graph.state !== "RUNNING" && graph.state !== "RESTARTING") return;
    this.#isBetween = true;
    const next = graph.state === "RUNNING" ? this.#goOn(stage) : this.#retry(stage);
    next.catch((error) => host.fail(error));
  }

  /** How all subtasks do that have run, or did. */
  progress(): SubtaskProgress[] {
    for (const one of this.#stage?.progress() ?? []) this.#progress.set(one.executionId, one);
    return [...this.#progress.values()];
  }

  /** The job is over: slots and results go. */
  async close(): Promise<void> {
    this.#stopWaiting();
    await this.#stage?.close();
    this.#results?.close();
    this.#results = undefined;
  }

  #begin(region: PipelinedRegion): void | Promise<void> {
    const { graph, provider } = this.#options;
    const job = this.#job!;
    const isRepeated = this.#stage !== undefined;
    const stage = this.#stage = new Stage(region, graph, provider);
    this.#isBetween = false;
    stage.allocate({ ...job, deployment: { ...job.deployment, isRepeated, blocking: this.#results?.forSlots } });
    if (stage.isReady) return this.#run(stage);
    return stage.ready.then(() => this.#run(stage));
  }

  #run(stage: Stage): void {
    const { graph, host, provider } = this.#options;
    if (graph.state === "INITIALIZING") {
      graph.transition("CREATED");
      graph.transition("RUNNING");
    } else if (graph.state === "RESTARTING") graph.transition("RUNNING");
    // Cancelled, or failed, while its slots were starting.
    if (graph.state !== "RUNNING" || this.#stage !== stage) return;
    host.onStart(stage);
    for (const execution of stage.executions) {
      graph.update(execution, "SCHEDULED");
      graph.update(execution, "DEPLOYING");
    }
    stage.tellAll({ type: "start" });
    const next = this.#regions.after(stage.region);
    if (next !== undefined) provider.prepare?.(Math.max(...next.vertices.map(({ parallelism }) => parallelism)));
  }

  async #goOn(stage: Stage): Promise<void> {
    const { graph, host } = this.#options;
    await host.onFinished();
    await this.#leave(stage);
    this.#results?.finished(stage.region, stage.executions);
    this.#regions.finish(stage.region);
    if (graph.state === "RUNNING") await this.#begin(this.#regions.next()!);
  }

  async #retry(stage: Stage): Promise<void> {
    const { graph } = this.#options;
    await this.#leave(stage);
    await this.#wait();
    if (graph.state !== "RESTARTING") return;
    graph.newAttempts(stage.region.vertices);
    let region = this.#regions.next()!;
    while (this.#loseProducers(region)) region = this.#regions.next()!;
    await this.#begin(region);
  }

  async #leave(stage: Stage): Promise<void> {
    this.progress();
    await this.#options.host.onLeave();
    await stage.close();
  }

  #wait(): Promise<void> {
    const { seams, onIdle } = this.#options;
    let isWaiting = true;
    return new Promise((resolve) => {
      const cancel = seams.clock.after(this.#retryDelayMs, () => this.#stopWaiting());
      this.#stopWaiting = () => {
        isWaiting = false;
        cancel();
        resolve();
      };
      onIdle?.(() => isWaiting);
    });
  }

  /** Regions whose results are needed and not there have to run again; whether there are any. */
  #loseProducers(region: PipelinedRegion): boolean {
    const { graph, seams } = this.#options;
    const lost = this.#results?.lostProducers(region) ?? new Set();
    for (const producer of region.producers) {
      if (!producer.vertices.some(({ id }) => lost.has(id))) continue;
      seams.log.log(
        "warn",
        `Results of ${producer.vertices.map(({ name }) => name).join(", ")} are lost: it runs again`,
      );
      this.#regions.lose(producer);
      graph.newAttempts(producer.vertices);
    }
    return lost.size > 0;
  }
}
