/**
 * A consistent snapshot of a whole job in memory: what the harness and golden tests restore from, also at another
 * parallelism. Durable checkpoints and savepoints are built on the same states.
 *
 * @module
 */

import { InvalidProgramError, JobExecutionError } from "../../runtime/errors.ts";
import type { JobTopology } from "../../runtime/graph/job_plan.ts";
import { type OperatorSubtaskState, redistribute } from "../../runtime/state/rescale.ts";
import type { RestoredJob } from "../../runtime/tasks/slot/slot_protocol.ts";

/** The states of all operators and enumerators at one barrier. */
export class JobSnapshot {
  constructor(
    readonly checkpointId: number,
    /** By operator id, one per subtask. */
    readonly states: ReadonlyMap<string, readonly OperatorSubtaskState[]>,
    /** State of split enumerators by operator id. */
    readonly enumerators: ReadonlyMap<string, Uint8Array>,
  ) {}

  /** @throws InvalidProgramError TSF-5031 for a BATCH job. */
  checkGoesWith({ name, type }: JobTopology): void {
    if (type !== "BATCH") return;
    throw new InvalidProgramError("TSF-5031", `BATCH job "${name}" cannot start from a snapshot`, {
      expected: "a job in STREAMING mode, or no snapshot to start from",
      found: `checkpoint ${this.checkpointId} and execution.runtime-mode BATCH`,
      hint: "A BATCH job keeps the state of one key at a time and reads its input from the beginning.",
    });
  }

  /** The states as the subtasks of another graph of the same job need them. */
  redistributeTo(graph: JobTopology): RestoredJob {
    const states = new Map<string, readonly OperatorSubtaskState[]>();
    for (const vertex of graph.vertices) {
      for (const { operatorId, userDefinedOperatorId } of vertex.chain) {
        const old = this.states.get(userDefinedOperatorId ?? "") ?? this.states.get(operatorId);
        if (old !== undefined) {
          states.set(operatorId, redistribute([...old], vertex.maxParallelism, vertex.parallelism));
        }
      }
    }
    return { checkpointId: this.checkpointId, states };
  }
}

/** Collects the acknowledgements of one checkpoint. */
export class SnapshotInProgress {
  readonly #waiting: Set<string>;
  readonly #states = new Map<string, OperatorSubtaskState[]>();
  readonly #result = Promise.withResolvers<JobSnapshot>();

  constructor(
    readonly checkpointId: number,
    executions: readonly string[],
    readonly enumerators: ReadonlyMap<string, Uint8Array>,
  ) {
    this.#waiting = new Set(executions);
    // A caller that does not wait must not bring the process down.
    this.#result.promise.catch(() => {});
    this.#completeIfAll();
  }

  get completed(): Promise<JobSnapshot> {
    return this.#result.promise;
  }

  acknowledge(
    execution: string,
    subtaskIndex: number,
    parallelism: number,
    states: ReadonlyMap<string, OperatorSubtaskState>,
  ): void {
    for (const [operatorId, state] of states) {
      const all = this.#states.get(operatorId) ?? Array.from({ length: parallelism }, () => ({}));
      all[subtaskIndex] = state;
      this.#states.set(operatorId, all);
    }
    this.#waiting.delete(execution);
    this.#completeIfAll();
  }

  /** A task that has finished has nothing to save. */
  finished(execution: string): void {
    this.#waiting.delete(execution);
    this.#completeIfAll();
  }

  decline(execution: string, reason: string): void {
    this.#result.reject(
      new JobExecutionError("TSF-5030", `Checkpoint ${this.checkpointId} was declined by ${execution}: ${reason}`),
    );
  }

  #completeIfAll(): void {
    if (this.#waiting.size > 0) return;
    this.#result.resolve(new JobSnapshot(this.checkpointId, this.#states, this.enumerators));
  }
}

/** The snapshot of a job that does not run: declined from the start. */
export function refusedSnapshot(checkpointId: number, reason: string): Promise<JobSnapshot> {
  const refused = new SnapshotInProgress(checkpointId, ["job"], new Map());
  refused.decline("the job", reason);
  return refused.completed;
}
