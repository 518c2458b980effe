/**
 * Where the subtasks of a job run: all in this isolate, in slots that are threads of this process, or in slots of
 * TaskManagers. The JobMaster talks to all of them in the same requests and reports.
 *
 * @module
 */

import type { JobTopology } from "../../runtime/graph/job_plan.ts";
import type { SlotEnd } from "../../runtime/seams/worker_host.ts";
import type {
  SlotDeployment,
  SlotReport,
  SlotRequest,
  SubtaskPlacement,
  SubtaskProgress,
} from "../../runtime/tasks/slot/slot_protocol.ts";
import type { TaskLoopOptions } from "../../runtime/tasks/task_loop.ts";
import type { ExecutionGraph } from "./execution_graph.ts";

/** The TaskManager a slot belongs to. */
export interface SlotLocation {
  readonly taskManagerId: string;
  readonly host: string;
  readonly dataPort: number;
}

/** A slot that runs a part of a job. */
export interface SlotGateway {
  request(request: SlotRequest): void;
  /** How its subtasks do, as last known. */
  progress(): readonly SubtaskProgress[];
  /** Ends the slot; nothing is reported any more. Resolves when it is gone, or known to be stuck. */
  close(): void | Promise<void>;
  /** Where it is; undefined in this process, and while that is not known. */
  readonly location?: SlotLocation;
}

/** What the slots of a stage of a job are to run, and who hears of them. */
export interface SlotJob {
  /** Where the slots are in this isolate, the JobGraph itself. */
  readonly jobGraph: JobTopology;
  readonly deployment: Omit<SlotDeployment, "slot">;
  /** Tells attempts of stages of this job apart: rises from 0. */
  readonly attempt: number;
  readonly onReport: (slot: number, report: SlotReport) => void;
  /** A slot has come to its end before it was closed. */
  readonly onEnd: (slot: number, end: SlotEnd) => void;
  readonly onIdle?: TaskLoopOptions["onIdle"];
}

/** Gives the slots of one job. */
export interface SlotProvider {
  /** Whether all subtasks share the isolate of the program, and with it whatever its functions close over. */
  readonly isInline: boolean;
  /** Whether the job runs, and may fail and restart, while it waits for its slots. Default: it starts with all of them. */
  readonly mayTakeLong?: boolean;
  /** Which subtask runs where. */
  place(graph: ExecutionGraph): SubtaskPlacement[];
  /**
   * Starts the slots; each reports "deployed", possibly before this returns.
   *
   * @throws FlinkError what building the tasks refuses, where that happens in this isolate.
   */
  allocate(job: SlotJob): readonly SlotGateway[];
  /** So many slots will soon be asked for. */
  prepare?(slots: number): void;
  /** The job is over. */
  close?(): void | Promise<void>;
}

/** Every current execution with its slot. */
export function placements(
  graph: ExecutionGraph,
  slotOf: (vertexId: string, subtaskIndex: number) => number,
): SubtaskPlacement[] {
  return graph.executions.map((execution) => {
    const { jobVertex, subtaskIndex } = execution.vertex;
    return {
      executionId: execution.id,
      vertexId: jobVertex.vertex.id,
      subtaskIndex,
      attemptNumber: execution.attemptNumber,
      slot: slotOf(jobVertex.vertex.id, subtaskIndex),
    };
  });
}

/** As Flink: a slot holds one subtask of each vertex of a slot sharing group; every group has slots of its own. */
export function placeBySharing(graph: ExecutionGraph): SubtaskPlacement[] {
  const firstSlot = new Map<unknown, number>();
  let slots = 0;
  for (const { vertex } of graph.vertices) {
    const group = vertex.slotSharingGroup;
    if (firstSlot.has(group)) continue;
    firstSlot.set(group, slots);
    const members = graph.vertices.filter((other) => other.vertex.slotSharingGroup === group);
    slots += Math.max(...members.map(({ parallelism }) => parallelism));
  }
  return placements(graph, (vertexId, subtask) => {
    return firstSlot.get(graph.jobVertex(vertexId).vertex.slotSharingGroup)! + subtask;
  });
}
