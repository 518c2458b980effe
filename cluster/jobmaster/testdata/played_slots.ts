/**
 * A JobMaster whose slots and coordinators are played by a test, under a manual clock.
 *
 * Used by the tests of this folder.
 *
 * @module
 */

import { testEnvironment, type TestSeams, testSeams } from "tsflink/testing";
import type { StreamExecutionEnvironment } from "tsflink";
import { Configuration } from "../../../runtime/api/configuration.ts";
import { generateJobGraph } from "../../../runtime/graph/job_graph_generator.ts";
import { type JobTopology, planOf, topologyOf } from "../../../runtime/graph/job_plan.ts";
import { JobExecutionError } from "../../../runtime/errors.ts";
import type {
  CoordinatorGateway,
  CoordinatorListener,
} from "../../../runtime/tasks/coordinator/coordinator_gateway.ts";
import type { SlotReport, SlotRequest, SubtaskPlacement } from "../../../runtime/tasks/slot/slot_protocol.ts";
import type { ExecutionState } from "../../../runtime/tasks/task_states.ts";
import { JobMaster, type JobMasterOptions } from "../job_master.ts";
import type { JobState } from "../job_states.ts";
import { placeBySharing, type SlotGateway, type SlotJob, type SlotProvider } from "../slots.ts";

/** A topology as it comes from a client: without functions. */
export function plan(build: (env: StreamExecutionEnvironment) => void): JobTopology {
  const { env } = testEnvironment();
  build(env);
  return topologyOf(structuredClone(planOf(generateJobGraph(env.getStreamGraph()))));
}

/** Regions a and b of a streaming job, each a source and a keyed map of that parallelism. */
export function regions(names: readonly string[], parallelism = 2): JobTopology {
  return plan((env) => {
    env.setParallelism(parallelism);
    for (const name of names) {
      env.fromSequence(1, 10).name(`source ${name}`).keyBy((n) => n).map((n) => n).name(name).print();
    }
  });
}

/** One slot of one attempt. */
export class PlayedSlot implements SlotGateway {
  readonly requests: SlotRequest[] = [];
  isClosed = false;
  /** Resolved when the test says so; default: at once. */
  closing: Promise<void> | undefined;

  constructor(readonly job: SlotJob, readonly slot: number, readonly answers: boolean) {}

  get own(): readonly SubtaskPlacement[] {
    return this.job.deployment.placements.filter(({ slot }) => slot === this.slot);
  }
  get attempt(): number {
    return this.job.attempt;
  }
  request(request: SlotRequest): void {
    this.requests.push(request);
    if (!this.answers) return;
    if (request.type === "exportAccumulators") {
      const parts = [{ name: "n", className: "Sum", fields: {}, localValue: this.counted }];
      this.report({ type: "accumulators", requestId: request.requestId, parts });
    } else if (request.type === "mergeAccumulators") {
      const values = request.parts.map(({ localValue }) => localValue as number);
      const n = values.reduce((a, b) => a + b, this.counted);
      this.report({ type: "merged", requestId: request.requestId, values: { n } });
    } else if (request.type === "cancel") {
      for (const { executionId } of this.own) {
        if (this.#runs.has(executionId)) this.states(executionId, "CANCELING", "CANCELED");
      }
    }
  }
  /** What its accumulator "n" has counted. */
  counted = 1;
  readonly #runs = new Set<string>();

  progress(): [] {
    return [];
  }
  close(): Promise<void> | void {
    this.isClosed = true;
    return this.closing;
  }
  types(): string {
    return this.requests.map(({ type }) => type).join(" ");
  }
  report(report: SlotReport): void {
    this.job.onReport(this.slot, report);
  }
  states(executionId: string, ...states: ExecutionState[]): void {
    for (const state of states) {
      if (state === "RUNNING") this.#runs.add(executionId);
      if (state === "CANCELED" || state === "FINISHED" || state === "FAILED") this.#runs.delete(executionId);
      this.report({ type: "state", executionId, state });
    }
  }
  deployed(): void {
    this.report({ type: "deployed" });
  }
  run(): void {
    for (const { executionId } of this.own) this.states(executionId, "INITIALIZING", "RUNNING");
  }
  finish(): void {
    for (const { executionId } of this.own) if (this.#runs.has(executionId)) this.states(executionId, "FINISHED");
  }
  fail(error: unknown = new JobExecutionError("TSF-9999", "it failed")): void {
    const { executionId } = this.own[0];
    this.#runs.delete(executionId);
    this.report({ type: "state", executionId, state: "FAILED", error });
  }
  die(error: JobExecutionError = new JobExecutionError("TSF-9998", "it died")): void {
    this.isClosed = true;
    this.job.onEnd(this.slot, { kind: "failed", error });
  }
}

/** What a JobMaster asks of coordinators, in order. */
export class PlayedCoordinators implements CoordinatorGateway {
  readonly calls: string[] = [];
  listener!: CoordinatorListener;
  snapshotFails: unknown;

  start(vertexIds: readonly string[], restored: ReadonlyMap<string, Uint8Array> | undefined): void {
    this.calls.push(`start ${vertexIds.length}${restored === undefined ? "" : ` from ${restored.get("e")?.[0]}`}`);
  }
  handleEvent(operatorId: string, subtaskIndex: number, attemptNumber: number, event: unknown): void {
    this.calls.push(`event ${operatorId} ${subtaskIndex} ${attemptNumber} ${event}`);
  }
  snapshot(id: number, done: Parameters<CoordinatorGateway["snapshot"]>[1]): void {
    this.calls.push(`snapshot ${id}`);
    if (this.snapshotFails !== undefined) done({ error: this.snapshotFails });
    else done(new Map([["e", new Uint8Array([id])]]));
  }
  complete(checkpointId: number): void {
    this.calls.push(`complete ${checkpointId}`);
  }
  stop(vertexIds: readonly string[]): Promise<void> {
    this.calls.push(`stop ${vertexIds.length}`);
    return Promise.resolve();
  }
  close(): Promise<void> {
    this.calls.push("close");
    return Promise.resolve();
  }
}

/** See the module. */
export class Played {
  readonly seams: TestSeams = testSeams();
  readonly slots: PlayedSlot[] = [];
  readonly coordinators = new PlayedCoordinators();
  readonly states: JobState[] = [];
  readonly master: JobMaster;
  /** How the job ended. */
  ended: "FINISHED" | Error | undefined;

  constructor(jobGraph: JobTopology, configuration: Readonly<Record<string, unknown>> = {}, options: {
    readonly isCluster?: boolean;
    readonly answers?: boolean;
    readonly job?: Partial<JobMasterOptions>;
  } = {}) {
    const { isCluster = true, answers = true, job } = options;
    const provider: SlotProvider = {
      isInline: false,
      mayTakeLong: isCluster,
      place: placeBySharing,
      allocate: (slotJob) => {
        const count = new Set(slotJob.deployment.placements.map(({ slot }) => slot)).size;
        const own = Array.from({ length: count }, (_, slot) => new PlayedSlot(slotJob, slot, answers));
        this.slots.push(...own);
        return own;
      },
    };
    this.master = new JobMaster({
      jobId: "0".repeat(32),
      jobGraph,
      configuration: Configuration.from(configuration),
      cachedFiles: () => new Map(),
      seams: this.seams,
      slots: provider,
      coordinators: (listener) => {
        this.coordinators.listener = listener;
        return this.coordinators;
      },
      onState: (state) => this.states.push(state),
      ...job,
    });
    this.master.getJobExecutionResult().then(() => this.ended = "FINISHED", (error) => this.ended = error);
    this.started = Promise.resolve(this.master.start());
    this.started.catch(() => {});
  }
  readonly started: Promise<void>;

  /** Slots of the latest attempts. */
  get live(): PlayedSlot[] {
    return this.slots.filter(({ isClosed }) => !isClosed);
  }
  of(attempt: number): PlayedSlot[] {
    return this.slots.filter((slot) => slot.attempt === attempt);
  }
  /** Those that have been started last begin to run. */
  async run(): Promise<this> {
    const fresh = this.live.filter((slot) => slot.requests.length === 0);
    for (const slot of fresh) slot.deployed();
    await settled();
    for (const slot of fresh) slot.run();
    await settled();
    return this;
  }
  /** Time goes on, and what follows from it. */
  async advance(ms: number): Promise<void> {
    this.seams.clock.advance(ms);
    await settled();
  }
  attempts(name: string): number[] {
    const vertex = this.master.graph.vertices.find((each) => each.vertex.name.startsWith(name))!;
    return vertex.subtasks.map(({ currentExecution }) => currentExecution.attemptNumber);
  }
}

/** Lets promises settle. */
export async function settled(): Promise<void> {
  for (let n = 0; n < 200; n++) await null;
}
