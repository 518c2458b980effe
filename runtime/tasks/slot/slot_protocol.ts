/**
 * What the JobMaster and a slot say to each other: one tagged union each way. Inline the messages are handed over as they
 * are; to a slot in another thread they cross as structured clones or bytes, so they hold plain data only (errors are
 * made transferable by the slot's port, see slot_main.ts).
 *
 * @module
 */

import type { OperatorSubtaskState } from "../../state/rescale.ts";
import type { CheckpointBarrier } from "../../types/stream_element.ts";
import type { LogLevel } from "../../seams/log.ts";
import type { TaskSettings } from "../task_builder.ts";
import type { ExecutionState } from "../task_states.ts";
import type { BlockingResults } from "./blocking_results.ts";

/** One attempt of one subtask and the slot it runs in. */
export interface SubtaskPlacement {
  /** Names the attempt in all messages. */
  readonly executionId: string;
  readonly vertexId: string;
  readonly subtaskIndex: number;
  readonly attemptNumber: number;
  /** Index of the slot. */
  readonly slot: number;
}

/** State to start from: per operator id one state per subtask. */
export interface RestoredJob {
  readonly checkpointId: number;
  readonly states: ReadonlyMap<string, readonly OperatorSubtaskState[]>;
}

/** What a slot is told to run. The plan itself is not in it: the slot has built it from the program. */
export interface SlotDeployment {
  readonly jobId: string;
  /** Index of this slot. */
  readonly slot: number;
  /**
   * All subtasks that run now: a slot finds its own and the peers of their channels. A vertex that is not among them
   * belongs to another stage: its channels are files.
   */
  readonly placements: readonly SubtaskPlacement[];
  readonly settings: TaskSettings;
  readonly cachedFiles: ReadonlyMap<string, string>;
  readonly restored?: RestoredJob;
  /** Uids of sinks whose records go to the client. */
  readonly collect: readonly string[];
  /** Where stages leave their results; undefined where all run at once. */
  readonly blocking?: BlockingResults;
  /** Slots of this job have told what a slot tells once per job. */
  readonly isRepeated?: boolean;
}

/** From the JobMaster to a slot. */
export type SlotRequest =
  | { readonly type: "start" }
  | { readonly type: "triggerCheckpoint"; readonly barrier: CheckpointBarrier }
  | { readonly type: "checkpointComplete"; readonly checkpointId: number }
  | { readonly type: "checkpointAborted"; readonly checkpointId: number }
  | {
    readonly type: "operatorEvent";
    readonly executionId: string;
    readonly operatorId: string;
    readonly event: unknown;
  }
  | { readonly type: "cancel" }
  /** Ends the sources of the slot. */
  | { readonly type: "stop"; readonly drain: boolean }
  /** The client has taken the batch of that number. */
  | { readonly type: "collected"; readonly batchId: number }
  | { readonly type: "exportAccumulators"; readonly requestId: number }
  /** Merges the slot's accumulators of these names (default: all it has) with those of other slots. */
  | {
    readonly type: "mergeAccumulators";
    readonly requestId: number;
    readonly names?: readonly string[];
    readonly parts: readonly AccumulatorPart[];
  }
  /** Drops what is left of the job; the slot ends. */
  | { readonly type: "close" };

/** An accumulator on its way to where it is merged with its namesakes. */
export interface AccumulatorPart {
  readonly name: string;
  readonly className: string;
  /** Own fields, without functions. */
  readonly fields: Readonly<Record<string, unknown>>;
  readonly localValue: unknown;
}

/** What a slot tells about one subtask, for people. */
export interface SubtaskProgress {
  readonly executionId: string;
  readonly state: ExecutionState;
  /** Lowest watermark at the end of its chain, ms. */
  readonly watermark: number;
  readonly isBackPressured: boolean;
  readonly busyTimeMs: number;
  /** By position in the chain. */
  readonly operators: readonly {
    readonly name: string;
    readonly numRecordsIn: number;
    readonly numRecordsOut: number;
  }[];
}

/** From a slot to the JobMaster. */
export type SlotReport =
  /** The plan is built and equals the JobMaster's, tasks are wired; {@link SlotRequest} "start" may come. */
  | { readonly type: "deployed" }
  /** Nothing can run here. */
  | { readonly type: "refused"; readonly error: unknown }
  | {
    readonly type: "state";
    readonly executionId: string;
    readonly state: ExecutionState;
    readonly error?: unknown;
  }
  | {
    readonly type: "checkpoint";
    readonly executionId: string;
    readonly checkpointId: number;
    readonly states: ReadonlyMap<string, OperatorSubtaskState>;
  }
  | {
    readonly type: "checkpointDeclined";
    readonly executionId: string;
    readonly checkpointId: number;
    readonly reason: string;
  }
  | { readonly type: "dataProcessed"; readonly executionId: string }
  | {
    readonly type: "coordinatorEvent";
    readonly executionId: string;
    readonly operatorId: string;
    readonly event: unknown;
  }
  | { readonly type: "collect"; readonly uid: string; readonly batchId: number; readonly batch: unknown[] }
  | { readonly type: "accumulators"; readonly requestId: number; readonly parts: readonly AccumulatorPart[] }
  | { readonly type: "merged"; readonly requestId: number; readonly values: Readonly<Record<string, unknown>> }
  | { readonly type: "requestFailed"; readonly requestId: number; readonly error: unknown }
  | { readonly type: "progress"; readonly subtasks: readonly SubtaskProgress[] }
  | { readonly type: "output"; readonly lines: readonly string[]; readonly stream: "stdout" | "stderr" }
  | { readonly type: "log"; readonly level: LogLevel; readonly message: string };
