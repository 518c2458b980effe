/**
 * The committables of one committer, by checkpoint and writer subtask, until they are committed.
 *
 * Invariants: a summary comes before its committables; a checkpoint is committed once all that its summaries promised
 * is there; older checkpoints are committed before newer ones.
 * Who calls: committer_operator.ts and global_committer_operator.ts.
 *
 * @module
 */

import { BugError, invariant, JobExecutionError } from "../../errors.ts";
import type { CommitRequest, CommittableMessage } from "../../functions/sink.ts";

/** `sink.committer.retries`: how often a commit is tried again before the job fails. */
export const DEFAULT_COMMITTER_RETRIES = 10;

/** Where one committable stands; "failed" and "committed" are final. */
export type CommitState = "received" | "retry" | "discarded" | "failed" | "committed";

/** One committable as it lies in state. */
export interface StoredRequest<CommT> {
  readonly committable: CommT;
  readonly numRetries: number;
  readonly state: CommitState;
}
/** The committables of one checkpoint as they lie in state. */
export interface StoredCheckpoint<CommT> {
  readonly checkpointId: number;
  readonly numberOfSubtasks: number;
  readonly subtasks: readonly {
    readonly subtaskId: number;
    readonly expected: number;
    readonly requests: readonly StoredRequest<CommT>[];
  }[];
}

/** One commit request. */
export class CommitRequestEntry<CommT> implements CommitRequest<CommT> {
  #committable: CommT;
  #numRetries: number;
  state: CommitState;
  error: unknown;

  constructor(stored: StoredRequest<CommT>) {
    this.#committable = stored.committable;
    this.#numRetries = stored.numRetries;
    this.state = stored.state;
  }
  get isFinished(): boolean {
    return this.state !== "received" && this.state !== "retry";
  }
  getCommittable(): CommT {
    return this.#committable;
  }
  getNumberOfRetries(): number {
    return this.#numRetries;
  }
  signalAlreadyCommitted(): void {
    this.state = "committed";
  }
  signalFailedWithKnownReason(error: unknown): void {
    this.state = "discarded";
    this.error = error;
  }
  signalFailedWithUnknownReason(error: unknown): void {
    this.state = "failed";
    this.error = error;
  }
  retryLater(): void {
    this.state = "retry";
    this.#numRetries++;
  }
  updateAndRetryLater(committable: CommT): void {
    this.#committable = committable;
    this.retryLater();
  }
  stored(): StoredRequest<CommT> {
    return { committable: this.#committable, numRetries: this.#numRetries, state: this.state };
  }
}

interface Subtask<CommT> {
  expected: number;
  readonly requests: CommitRequestEntry<CommT>[];
}

/** The committables of one checkpoint. */
export class CheckpointCommittables<CommT> {
  readonly #subtasks: Map<number, Subtask<CommT>> = new Map();

  constructor(readonly checkpointId: number, readonly numberOfSubtasks: number) {}

  addSummary(subtaskId: number, expected: number): void {
    if (this.#subtasks.has(subtaskId)) {
      throw new BugError(
        "TSF-0005",
        `two committable summaries of subtask ${subtaskId}, checkpoint ${this.checkpointId}`,
      );
    }
    this.#subtasks.set(subtaskId, { expected, requests: [] });
  }
  addCommittable(subtaskId: number, committable: CommT): void {
    const subtask = this.#subtasks.get(subtaskId);
    invariant(subtask !== undefined, `a committable of subtask ${subtaskId} came before its summary`);
    invariant(subtask.requests.length < subtask.expected, `more committables of subtask ${subtaskId} than announced`);
    subtask.requests.push(new CommitRequestEntry({ committable, numRetries: 0, state: "received" }));
  }
  /** Whether every writer subtask has sent its summary and all it announced. */
  get hasGloballyReceivedAll(): boolean {
    return this.#subtasks.size === this.numberOfSubtasks && [...this.#subtasks.values()].every(isComplete);
  }
  /** What is still to be committed. @throws BugError TSF-0001 when a writer's committables are not all there. */
  pending(): CommitRequestEntry<CommT>[] {
    const pending: CommitRequestEntry<CommT>[] = [];
    for (const [subtaskId, subtask] of this.#subtasks) {
      invariant(isComplete(subtask), `committables of subtask ${subtaskId} are missing at the commit`);
      pending.push(...subtask.requests.filter((request) => !request.isFinished));
    }
    return pending;
  }
  successful(): CommT[] {
    const all = [...this.#subtasks.values()].flatMap((subtask) => subtask.requests);
    return all.filter((request) => request.state === "committed").map((request) => request.getCommittable());
  }
  stored(): StoredCheckpoint<CommT> {
    const { checkpointId, numberOfSubtasks } = this;
    const subtasks = [...this.#subtasks].map(([subtaskId, { expected, requests }]) => ({
      subtaskId,
      expected,
      requests: requests.map((request) => request.stored()),
    }));
    return { checkpointId, numberOfSubtasks, subtasks };
  }
  /** Takes in what another subtask stored for the same checkpoint (after a rescale). */
  merge(stored: StoredCheckpoint<CommT>): void {
    for (const { subtaskId, expected, requests } of stored.subtasks) {
      let subtask = this.#subtasks.get(subtaskId);
      if (subtask === undefined) this.#subtasks.set(subtaskId, subtask = { expected: 0, requests: [] });
      subtask.expected += expected;
      subtask.requests.push(...requests.map((request) => new CommitRequestEntry(request)));
    }
  }
}

function isComplete<CommT>(subtask: Subtask<CommT>): boolean {
  return subtask.requests.length === subtask.expected;
}

/** See the module. */
export class CommittableCollector<CommT> {
  readonly #checkpoints: Map<number, CheckpointCommittables<CommT>> = new Map();

  addMessage(message: CommittableMessage<CommT>): void {
    if (message.kind === "summary") {
      this.#checkpoint(message.checkpointId, message.numberOfSubtasks).addSummary(
        message.subtaskId,
        message.numberOfCommittables,
      );
      return;
    }
    const checkpoint = this.#checkpoints.get(message.checkpointId);
    invariant(checkpoint !== undefined, `a committable of checkpoint ${message.checkpointId} came before its summary`);
    checkpoint.addCommittable(message.subtaskId, message.committable);
  }
  /** The oldest checkpoint up to that one, or undefined. */
  nextUpTo(checkpointId: number): CheckpointCommittables<CommT> | undefined {
    let oldest: CheckpointCommittables<CommT> | undefined;
    for (const checkpoint of this.#checkpoints.values()) {
      const isOlder = oldest === undefined || checkpoint.checkpointId < oldest.checkpointId;
      if (checkpoint.checkpointId <= checkpointId && isOlder) oldest = checkpoint;
    }
    return oldest;
  }
  remove(checkpoint: CheckpointCommittables<CommT>): void {
    this.#checkpoints.delete(checkpoint.checkpointId);
  }
  stored(): StoredCheckpoint<CommT>[] {
    return [...this.#checkpoints.values()].map((checkpoint) => checkpoint.stored());
  }
  merge(stored: readonly StoredCheckpoint<CommT>[]): void {
    for (const one of stored) this.#checkpoint(one.checkpointId, one.numberOfSubtasks).merge(one);
  }

  #checkpoint(checkpointId: number, numberOfSubtasks: number): CheckpointCommittables<CommT> {
    let checkpoint = this.#checkpoints.get(checkpointId);
    if (checkpoint === undefined) {
      this.#checkpoints.set(checkpointId, checkpoint = new CheckpointCommittables(checkpointId, numberOfSubtasks));
    }
    return checkpoint;
  }
}

/**
 * The requests to try again after one call of `commit`.
 *
 * @throws JobExecutionError TSF-2260 when one has failed for good.
 */
export function settleRound<CommT>(
  requests: readonly CommitRequestEntry<CommT>[],
  onDiscarded: (error: unknown) => void,
): CommitRequestEntry<CommT>[] {
  for (const request of requests) {
    if (request.state === "received") request.state = "committed";
    if (request.state === "discarded") onDiscarded(request.error);
    if (request.state !== "failed") continue;
    throw new JobExecutionError("TSF-2260", "A committable can never be committed", {
      expected: "a commit that succeeds, now or later",
      found: "signalFailedWithUnknownReason()",
      cause: request.error,
    });
  }
  return requests.filter((request) => !request.isFinished);
}

/** For commits that were tried too often. */
export function tooManyRetries(numRequests: number, retries: number): JobExecutionError {
  return new JobExecutionError("TSF-2261", `${numRequests} committables were not committed after ${retries} retries`, {
    expected: "a commit within sink.committer.retries attempts",
    hint: "Look at the external system; raise sink.committer.retries if it only needs longer.",
  });
}
