/**
 * Where the subtasks of a local job run: all in this isolate, or in slots that are threads. The job talks to both in the
 * same requests and reports.
 *
 * @module
 */

import type { JobGraph } from "../../runtime/graph/job_graph.ts";
import type { SlotEnd } from "../../runtime/seams/worker_host.ts";
import type {
  SlotDeployment,
  SlotReport,
  SlotRequest,
  SubtaskPlacement,
  SubtaskProgress,
} from "../../runtime/tasks/slot/slot_protocol.ts";
import type { TaskLoopOptions } from "../../runtime/tasks/task_loop.ts";
import type { ExecutionGraph } from "../jobmaster/execution_graph.ts";

/** A slot that runs a part of a job. */
export interface SlotGateway {
  request(request: SlotRequest): void;
  /** How its subtasks do, as last known. */
  progress(): readonly SubtaskProgress[];
  /** Ends the slot; nothing is reported any more. Resolves when it is gone, or known to be stuck. */
  close(): void | Promise<void>;
}

/** What the slots of a job are to run, and who hears of them. */
export interface SlotJob {
  readonly jobGraph: JobGraph;
  readonly deployment: Omit<SlotDeployment, "slot">;
  readonly onReport: (slot: number, report: SlotReport) => void;
  /** A slot has come to its end before it was closed. */
  readonly onEnd: (slot: number, end: SlotEnd) => void;
  readonly onIdle?: TaskLoopOptions["onIdle"];
}

/** Gives the slots of one job. */
export interface SlotProvider {
  /** Whether all subtasks share the isolate of the program, and with it whatever its functions close over. */
  readonly isInline: boolean;
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
}
