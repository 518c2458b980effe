/**
 * Runs the stages of a job. Those of a BATCH job run one after the other, each when the results it reads are complete; the
 * regions of a streaming job run all at once. A stage that fails is tried again as often as the restart strategy says:
 * from the results of earlier stages, which run again only where something of their results is lost; in streaming from
 * the latest snapshot. Other regions of a streaming job go on meanwhile.
 *
 * Invariants: one attempt of a region at a time; a new attempt has new slots.
 *
 * Caller: job_master.ts, which tells what happens to subtasks.
 *
 * @module
 */

import type { Seams } from "../../runtime/seams/seams.ts";
import type { SlotEnd } from "../../runtime/seams/worker_host.ts";
import type { RestoredJob, SlotReport, SubtaskProgress } from "../../runtime/tasks/slot/slot_protocol.ts";
import type { TaskLoopOptions } from "../../runtime/tasks/task_loop.ts";
import type { ExecutionGraph } from "./execution_graph.ts";
import { type PipelinedRegion, RegionSchedule } from "./regions.ts";
import type { RestartStrategy } from "./restart_strategy.ts";
import type { SlotJob, SlotProvider } from "./slots.ts";
import { Stage } from "./stage.ts";
import { StageResults } from "./stage_results.ts";

/** What is told to slots of every stage alike. */
export type StageDeployment = Omit<SlotJob["deployment"], "placements" | "restored" | "isRepeated" | "blocking">;

/** The job whose stages these are. */
export interface StageHost {
  /** The slots of a stage are ready; its subtasks begin afterwards. */
  onStart(stage: Stage): void;
  onReport(stage: Stage, slot: number, report: SlotReport): void;
  onEnd(stage: Stage, slot: number, end: SlotEnd): void;
  /** What a stage that begins starts from. */
  restored(): RestoredJob | undefined;
  /** All subtasks of a stage have finished and others do not end with it; its slots still answer. */
  onFinished(stage: Stage): Promise<void>;
  /** A stage is left, finished or not; its slots are gone afterwards. */
  onLeave(stage: Stage): Promise<void>;
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

/** What is to be done about a failure: try the stage again, nothing because that is under way, or give the job up. */
export type Verdict = "again" | "already" | "never";
/** Of the strategy; "vetoed" is what would be tried again, and must not. */
type StrategyVerdict = Verdict | "vetoed";

/** See the module. */
export class StageSchedule {
  readonly #options: StageScheduleOptions;
  readonly #regions: RegionSchedule;
  /** The latest attempt of each region, until it is left. */
  readonly #stages = new Map<PipelinedRegion, Stage>();
  /** Regions that have failed and do not run again yet. */
  readonly #restarting = new Set<PipelinedRegion>();
  readonly #idle = new Map<PipelinedRegion, () => boolean>();
  /** Ends of waits between attempts. */
  readonly #waiting = new Set<() => void>();
  /** Stages on their way out. */
  readonly #leaving = new Set<Promise<void>>();
  #deployment: StageDeployment | undefined;
  #results: StageResults | undefined;
  #numBegun = 0;
  #numRestarts = 0;
  /** Last words of subtasks of stages that are over. */
  readonly #progress = new Map<string, SubtaskProgress>();

  constructor(options: StageScheduleOptions) {
    this.#options = options;
    this.#regions = new RegionSchedule(options.graph.jobGraph, options.strategy.mayRestart);
  }

  /** The stages that run now or ran last. */
  get current(): Stage[] {
    return [...this.#stages.values()];
  }
  /** Attempts beyond the first, over all regions. */
  get numRestarts(): number {
    return this.#numRestarts;
  }

  /**
   * Begins the first stages: at once where slots are ready at once.
   *
   * @throws FlinkError what building the tasks refuses; nothing runs then.
   */
  start(deployment: StageDeployment): void | Promise<void> {
    const { graph, seams, provider } = this.#options;
    this.#deployment = deployment;
    if (this.#isBatch && this.#regions.regions.length > 1) this.#results = new StageResults(graph.jobGraph, seams);
    if (provider.mayTakeLong === true) {
      graph.transition("CREATED");
      graph.transition("RUNNING");
    }
    try {
      const first = this.#isBatch ? [this.#regions.next()!] : this.#regions.regions;
      const starting = first.flatMap((region) => this.#begin(region) ?? []);
      return starting.length === 0 ? undefined : Promise.all(starting).then(() => {});
    } catch (error) {
      this.#results?.close();
      throw error;
    }
  }

  /** A subtask, a slot or a coordinator of a stage has failed. @param mayRepeat Whether another attempt does no harm. */
  failed(stage: Stage, error: unknown, mayRepeat: boolean): StrategyVerdict {
    const { graph, strategy, seams } = this.#options;
    if (stage.isRestarting || this.#stages.get(stage.region) !== stage) return "already";
    if (graph.state !== "RUNNING" && graph.state !== "RESTARTING") return "never";
    const delayMs = strategy.onFailure(error);
    if (delayMs === undefined) return "never";
    if (!mayRepeat) return "vetoed";
    stage.isRestarting = true;
    seams.log.log("warn", `A stage of job "${graph.jobGraph.name}" has failed and is tried again: ${String(error)}`);
    this.#restarting.add(stage.region);
    stage.retryDelayMs = delayMs;
    this.#numRestarts++;
    graph.restart();
    return "again";
  }
  /** Some subtask of a stage has come to its end: it may have been the last. */
  subtaskEnded(stage: Stage): void {
    const { graph, host } = this.#options;
    if (this.#stages.get(stage.region) !== stage || stage.isLeaving || graph.isTerminal || !stage.hasEnded) return;
    if (graph.state !== "RUNNING" && graph.state !== "RESTARTING") return;
    stage.isLeaving = true;
    const leaving: Promise<void> = (stage.isRestarting ? this.#retry(stage) : this.#goOn(stage))
      .catch((error) => host.fail(error))
      .finally(() => this.#leaving.delete(leaving));
    this.#leaving.add(leaving);
  }

  /** How all subtasks do that have run, or did. */
  progress(): SubtaskProgress[] {
    for (const stage of this.#stages.values()) this.#keepProgress(stage);
    return [...this.#progress.values()];
  }

  /** Resolves when no stage is on its way out. */
  async left(): Promise<void> {
    for (const stop of [...this.#waiting]) stop();
    while (this.#leaving.size > 0) await Promise.all(this.#leaving);
  }

  /** The job is over: slots and results go. */
  async close(): Promise<void> {
    for (const stop of [...this.#waiting]) stop();
    await Promise.all(this.current.map((stage) => stage.close()));
    this.#results?.close();
    this.#results = undefined;
  }

  get #isBatch(): boolean {
    return this.#options.graph.jobGraph.type === "BATCH";
  }

  #begin(region: PipelinedRegion): void | Promise<void> {
    const { graph, provider, host, onIdle } = this.#options;
    const ordinal = this.#numBegun++;
    const stage = new Stage({ region, graph, provider, ordinal });
    this.#stages.set(region, stage);
    this.#idle.delete(region);
    if (provider.mayTakeLong === true) {
      this.#runsAgain(region);
      for (const execution of stage.executions) graph.update(execution, "SCHEDULED");
    }
    stage.allocate({
      jobGraph: graph.jobGraph,
      attempt: ordinal,
      deployment: {
        ...this.#deployment!,
        restored: host.restored(),
        isRepeated: ordinal > 0,
        blocking: this.#results?.forSlots,
      },
      onReport: (slot, report) => host.onReport(stage, slot, report),
      onEnd: (slot, end) => host.onEnd(stage, slot, end),
      onIdle: onIdle && ((isStillIdle) => this.#isIdle(region, isStillIdle)),
    });
    if (stage.isReady) return this.#run(stage);
    const running = stage.ready.then(() => this.#run(stage));
    // Whoever waits for the start of the job hears what the stage is refused for; the job itself has heard it.
    if (provider.mayTakeLong === true) running.catch((error) => host.fail(error));
    return provider.mayTakeLong === true ? undefined : running;
  }

  #run(stage: Stage): void {
    const { graph, host, provider } = this.#options;
    // Failed again, cancelled, or given up, while its slots were starting.
    if (stage.isRestarting || this.#stages.get(stage.region) !== stage) return;
    if (graph.state === "INITIALIZING") {
      graph.transition("CREATED");
      graph.transition("RUNNING");
    }
    this.#runsAgain(stage.region);
    if (graph.state !== "RUNNING" && graph.state !== "RESTARTING") return;
    host.onStart(stage);
    for (const execution of stage.executions) {
      if (execution.state === "CREATED") graph.update(execution, "SCHEDULED");
      graph.update(execution, "DEPLOYING");
    }
    stage.tellAll({ type: "start" });
    const next = this.#isBatch ? this.#regions.after(stage.region) : undefined;
    if (next !== undefined) provider.prepare?.(Math.max(...next.vertices.map(({ parallelism }) => parallelism)));
  }

  /** The job runs again once none of its regions waits for that. */
  #runsAgain(region: PipelinedRegion): void {
    const { graph } = this.#options;
    this.#restarting.delete(region);
    if (graph.state === "RESTARTING" && this.#restarting.size === 0) graph.transition("RUNNING");
  }

  async #goOn(stage: Stage): Promise<void> {
    const { graph, host } = this.#options;
    await host.onFinished(stage);
    await this.#leave(stage);
    this.#results?.finished(stage.region, stage.executions);
    this.#regions.finish(stage.region);
    const isRunning = graph.state === "RUNNING" || graph.state === "RESTARTING";
    const next = this.#isBatch && isRunning ? this.#regions.next() : undefined;
    if (next !== undefined) await this.#begin(next);
  }

  async #retry(stage: Stage): Promise<void> {
    const { graph } = this.#options;
    await this.#leave(stage);
    if (graph.state !== "RESTARTING") return;
    await this.#wait(stage);
    if (graph.state !== "RESTARTING") return;
    for (const { id } of stage.executions) this.#progress.delete(id);
    graph.newAttempts(stage.region.vertices);
    let region = stage.region;
    while (this.#isBatch && this.#loseProducers(region)) region = this.#regions.next()!;
    if (region !== stage.region) this.#restarting.delete(stage.region);
    if (region !== stage.region) this.#restarting.add(region);
    await this.#begin(region);
  }

  async #leave(stage: Stage): Promise<void> {
    this.#keepProgress(stage);
    await this.#options.host.onLeave(stage);
    await stage.close();
  }

  #keepProgress(stage: Stage): void {
    for (const one of stage.progress()) this.#progress.set(one.executionId, one);
  }

  #wait(stage: Stage): Promise<void> {
    const { seams, onIdle } = this.#options;
    let isWaiting = true;
    return new Promise((resolve) => {
      const stop = (): void => {
        isWaiting = false;
        cancel();
        this.#waiting.delete(stop);
        resolve();
      };
      const cancel = seams.clock.after(stage.retryDelayMs, stop);
      this.#waiting.add(stop);
      if (onIdle !== undefined) this.#isIdle(stage.region, () => isWaiting);
    });
  }

  /** All tasks wait when those of all regions do. */
  #isIdle(region: PipelinedRegion, isStillIdle: () => boolean): void {
    this.#idle.set(region, isStillIdle);
    const isRegionIdle = ([region, stage]: [PipelinedRegion, Stage]): boolean => {
      const isIdle = this.#idle.get(region);
      return isIdle === undefined ? stage.hasEnded && !stage.isRestarting : isIdle();
    };
    this.#options.onIdle?.(() => [...this.#stages].every(isRegionIdle));
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
