/**
 * The parallel form of a job graph: one ExecutionVertex per subtask, one Execution per attempt, each with its state. The
 * state of the job follows from theirs.
 *
 * Invariant: states change only along the tables in job_states.ts and runtime/tasks/task_states.ts.
 *
 * @module
 */

import type { JobTopology, PlanVertex } from "../../runtime/graph/job_plan.ts";
import { checkTransition, type ExecutionState, isTerminal } from "../../runtime/tasks/task_states.ts";
import { checkJobTransition, isTerminalJobState, type JobState } from "./job_states.ts";

/** One attempt of one subtask. */
export class Execution {
  #state: ExecutionState = "CREATED";
  /** When each state was entered, in ms since the epoch. */
  readonly timestamps: Partial<Record<ExecutionState, number>> = {};
  failure: unknown;

  constructor(readonly vertex: ExecutionVertex, readonly attemptNumber: number) {}

  get state(): ExecutionState {
    return this.#state;
  }
  /** Job vertex, subtask and attempt, as ids in messages. */
  get id(): string {
    return `${this.vertex.jobVertex.vertex.id}_${this.vertex.subtaskIndex}_${this.attemptNumber}`;
  }

  transition(to: ExecutionState, now: number): void {
    checkTransition(this.#state, to, this.vertex.taskNameWithSubtask);
    this.#state = to;
    this.timestamps[to] = now;
  }
}

/** One subtask. */
export class ExecutionVertex {
  /** The attempt that counts. */
  currentExecution: Execution;

  constructor(readonly jobVertex: ExecutionJobVertex, readonly subtaskIndex: number) {
    this.currentExecution = new Execution(this, 0);
  }
  /** Begins the next attempt; of the last one nothing counts any more. */
  newAttempt(): Execution {
    return this.currentExecution = new Execution(this, this.currentExecution.attemptNumber + 1);
  }
  /** "Map -> Sink: Writer (1/2)", as in logs. */
  get taskNameWithSubtask(): string {
    return `${this.jobVertex.vertex.name} (${this.subtaskIndex + 1}/${this.jobVertex.parallelism})`;
  }
}

/** All subtasks of a job vertex. */
export class ExecutionJobVertex {
  readonly subtasks: readonly ExecutionVertex[];

  constructor(readonly vertex: PlanVertex) {
    this.subtasks = Array.from({ length: vertex.parallelism }, (_, index) => new ExecutionVertex(this, index));
  }
  get parallelism(): number {
    return this.vertex.parallelism;
  }
}

/** The parallel form of a job. */
export class ExecutionGraph {
  readonly vertices: readonly ExecutionJobVertex[];
  #state: JobState = "INITIALIZING";
  /** When each state was entered, in ms since the epoch. */
  readonly timestamps: Partial<Record<JobState, number>> = {};
  failure: unknown;
  readonly #now: () => number;
  readonly #onState: (state: JobState) => void;

  /** @param onState Called after each change of the job's state. */
  constructor(
    readonly jobId: string,
    readonly jobGraph: JobTopology,
    now: () => number,
    onState: (state: JobState) => void,
  ) {
    this.#now = now;
    this.#onState = onState;
    this.vertices = jobGraph.vertices.map((vertex) => new ExecutionJobVertex(vertex));
    this.timestamps.INITIALIZING = now();
  }

  get state(): JobState {
    return this.#state;
  }
  get isTerminal(): boolean {
    return isTerminalJobState(this.#state);
  }
  /** All attempts that count now. */
  get executions(): Execution[] {
    return this.vertices.flatMap((vertex) => vertex.subtasks.map((subtask) => subtask.currentExecution));
  }
  /** Subtasks of a vertex. @throws BugError never: the id comes from the same job graph. */
  jobVertex(id: string): ExecutionJobVertex {
    return this.vertices.find((candidate) => candidate.vertex.id === id)!;
  }

  transition(to: JobState): void {
    checkJobTransition(this.#state, to);
    this.#state = to;
    this.timestamps[to] = this.#now();
    this.#onState(to);
  }

  /** An attempt has changed its state; the job follows. Returns what is to be done with the other attempts. */
  update(execution: Execution, to: ExecutionState, error?: unknown): "nothing" | "cancel-all" {
    execution.transition(to, this.#now());
    if (to === "FAILED") {
      execution.failure = error;
      if (this.#state === "RUNNING" || this.#state === "CREATED") {
        this.failure = error;
        this.transition("FAILING");
        this.#endIfAllEnded();
        return "cancel-all";
      }
    }
    this.#endIfAllEnded();
    return "nothing";
  }

  /** Something has failed, but will be tried again: what runs of it ends, the job does not. */
  restart(): void {
    if (this.#state === "RUNNING") this.transition("RESTARTING");
  }

  /** The next attempts of all subtasks of some vertices. */
  newAttempts(vertices: readonly PlanVertex[]): void {
    for (const { id } of vertices) for (const subtask of this.jobVertex(id).subtasks) subtask.newAttempt();
  }

  /** The user wants the job to end. True when there is something to cancel. */
  cancel(): boolean {
    if (this.isTerminal || this.#state === "CANCELLING" || this.#state === "FAILING") return false;
    if (this.#state === "INITIALIZING") this.transition("CREATED");
    this.transition("CANCELLING");
    this.#endIfAllEnded();
    return true;
  }

  /** The job fails for a reason outside its tasks (coordinator, client). */
  fail(error: unknown): boolean {
    if (this.isTerminal || this.#state === "FAILING" || this.#state === "CANCELLING") return false;
    this.failure = error;
    if (this.#state === "INITIALIZING") this.transition("CREATED");
    this.transition("FAILING");
    this.#endIfAllEnded();
    return true;
  }

  #endIfAllEnded(): void {
    if (this.isTerminal || !this.executions.every((execution) => isTerminal(execution.state))) return;
    if (this.#state === "FAILING") this.transition("FAILED");
    else if (this.#state === "CANCELLING") this.transition("CANCELED");
    else if (this.#state === "RUNNING") this.transition("FINISHED");
  }
}
