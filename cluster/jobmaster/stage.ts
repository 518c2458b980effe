/**
 * One attempt of the subtasks that run at the same time: one region of a job. It has slots of its own, which end with it.
 *
 * Callers: stage_schedule.ts makes it; job_master.ts talks to its slots.
 *
 * @module
 */

import type { SlotRequest, SubtaskPlacement, SubtaskProgress } from "../../runtime/tasks/slot/slot_protocol.ts";
import { isTerminal } from "../../runtime/tasks/task_states.ts";
import type { Execution, ExecutionGraph } from "./execution_graph.ts";
import type { PipelinedRegion } from "./regions.ts";
import type { SlotGateway, SlotJob, SlotProvider } from "./slots.ts";

/** What a stage is made from. */
export interface StageOptions {
  readonly region: PipelinedRegion;
  readonly graph: ExecutionGraph;
  readonly provider: SlotProvider;
  /** Rises with each stage of the job that begins. */
  readonly ordinal: number;
}

/** See the module. */
export class Stage {
  readonly region: PipelinedRegion;
  readonly ordinal: number;
  readonly executions: readonly Execution[];
  readonly placements: readonly SubtaskPlacement[];
  /** Slots that run, by index. */
  readonly live: Map<number, SlotGateway> = new Map();
  /** Something of it has failed; it is tried again once all of it has ended. */
  isRestarting = false;
  /** How long to wait before that. */
  retryDelayMs = 0;
  /** It is being left: what comes next is under way. */
  isLeaving = false;
  readonly #provider: SlotProvider;
  #gateways: readonly SlotGateway[] = [];
  /** Slots whose tasks are wired. */
  #numDeployed = 0;
  readonly #ready = Promise.withResolvers<void>();

  constructor({ region, graph, provider, ordinal }: StageOptions) {
    this.region = region;
    this.ordinal = ordinal;
    this.#provider = provider;
    // Whoever waits for the start hears of a refusal; nobody may wait.
    this.#ready.promise.catch(() => {});
    const ids = new Set(region.vertices.map(({ id }) => id));
    this.executions = graph.executions.filter(({ vertex }) => ids.has(vertex.jobVertex.vertex.id));
    this.placements = withDenseSlots(provider.place(graph).filter(({ vertexId }) => ids.has(vertexId)));
  }

  /**
   * Starts the slots.
   *
   * @throws FlinkError what building the tasks refuses, where that happens in this isolate.
   */
  allocate(
    job: Omit<SlotJob, "deployment"> & { readonly deployment: Omit<SlotJob["deployment"], "placements"> },
  ): void {
    const deployment = { ...job.deployment, placements: this.placements };
    this.#gateways = this.#provider.allocate({ ...job, deployment });
    this.#gateways.forEach((gateway, slot) => this.live.set(slot, gateway));
    if (this.isReady) this.#ready.resolve();
  }

  /** Whether all slots have wired their tasks. */
  get isReady(): boolean {
    return this.#gateways.length > 0 && this.#numDeployed === this.#gateways.length;
  }
  /** Resolves once {@link isReady}; rejects with why a slot cannot run anything. */
  get ready(): Promise<void> {
    return this.#ready.promise;
  }
  /** Whether all subtasks have come to some end. */
  get hasEnded(): boolean {
    return this.executions.every(({ state }) => isTerminal(state));
  }

  /** An attempt of this stage; undefined for what is not, or not any more. */
  execution(id: string): Execution | undefined {
    return this.executions.find((execution) => execution.id === id);
  }
  /** The subtasks of a slot. */
  executionsIn(slot: number): Execution[] {
    const own = this.placements.filter((placement) => placement.slot === slot);
    return own.map(({ executionId }) => this.execution(executionId)!);
  }
  /** The slot an attempt runs in, dead or alive. */
  gatewayOf(executionId: string): SlotGateway | undefined {
    return this.#gateways[this.slotOf(executionId)];
  }
  /** Index of the slot of an attempt; -1 for one of another stage. */
  slotOf(executionId: string): number {
    return this.placements.find((placement) => placement.executionId === executionId)?.slot ?? -1;
  }

  slotDeployed(): void {
    this.#numDeployed++;
    if (this.isReady) this.#ready.resolve();
  }
  /** Nobody needs to wait for its slots any more. */
  release(): void {
    this.#ready.resolve();
  }
  refuse(error: unknown): void {
    this.#ready.reject(error);
  }
  tellAll(request: SlotRequest): void {
    for (const gateway of [...this.live.values()]) gateway.request(request);
  }
  /** How its subtasks do, or did at last. */
  progress(): SubtaskProgress[] {
    return this.#gateways.flatMap((gateway) => gateway.progress());
  }
  /** Ends the slots; resolves when they are gone. */
  async close(): Promise<void> {
    await Promise.all([...this.live.values()].map((gateway) => gateway.close()));
    this.live.clear();
  }
}

/** Slots numbered from 0 without gaps, in the order in which they were. */
function withDenseSlots(placements: readonly SubtaskPlacement[]): SubtaskPlacement[] {
  const slots = [...new Set(placements.map(({ slot }) => slot))].sort((a, b) => a - b);
  return placements.map((placement) => ({ ...placement, slot: slots.indexOf(placement.slot) }));
}
