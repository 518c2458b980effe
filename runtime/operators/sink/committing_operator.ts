/**
 * What the committer and the global committer of a sink share: they collect committables, keep them in state, and commit
 * one checkpoint after the other, each with its retries. A committer may answer with a promise.
 *
 * Who calls: committer_operator.ts and global_committer_operator.ts extend it.
 *
 * @module
 */

import type { CommittableMessage, Committer, Sink } from "../../functions/sink.ts";
import { type ListState, ListStateDescriptor } from "../../functions/state_descriptor.ts";
import { AsyncStepsOperator } from "../async/async_steps.ts";
import {
  type CheckpointCommittables,
  type CommitRequestEntry,
  CommittableCollector,
  DEFAULT_COMMITTER_RETRIES,
  settleRound,
  type StoredCheckpoint,
  tooManyRetries,
} from "./committable_collector.ts";

/** What a committer may use when it is made. */
export type CommitterContext = Parameters<NonNullable<Sink<unknown>["createCommitter"]>>[0];

/** Settings of both committers. */
export interface CommitterOptions {
  /** Instead of the job's `sink.committer.retries`. */
  readonly maxRetries?: number;
}

/** See the module. */
export abstract class CommittingOperator<CommT, OUT> extends AsyncStepsOperator<OUT> {
  readonly #createCommitter: (context: CommitterContext) => Committer<CommT>;
  readonly #givenRetries: number | undefined;
  protected readonly collector: CommittableCollector<CommT> = new CommittableCollector();
  #committer: Committer<CommT> | undefined;
  #state!: ListState<StoredCheckpoint<CommT>[]>;
  /** Checkpoints up to this one may be committed. */
  #commitUpTo = 0;
  #committing = false;

  constructor(createCommitter: (context: CommitterContext) => Committer<CommT>, options: CommitterOptions = {}) {
    super(1);
    this.#createCommitter = createCommitter;
    this.#givenRetries = options.maxRetries;
  }

  override initializeState(): void {
    const { metrics, seams, signal, operatorState } = this.ctx;
    this.#committer = this.#createCommitter({
      metricGroup: metrics,
      files: seams.files,
      clock: seams.clock,
      signal,
    });
    this.#state = operatorState.getListState(
      new ListStateDescriptor<StoredCheckpoint<CommT>[]>("streaming_committer_raw_states"),
    );
    for (const stored of this.#state.get()) this.collector.merge(stored);
  }

  /** What was prepared before the failure is committed as soon as possible. */
  override open(): void {
    if (this.ctx.restoredCheckpointId !== undefined) this.commit(this.ctx.restoredCheckpointId);
  }

  override processElement(value: unknown, _timestamp: number): void {
    this.collector.addMessage(value as CommittableMessage<CommT>);
  }

  override snapshotState(_checkpointId: number): void {
    this.#state.update([this.collector.stored()]);
  }

  /** A committer may hold a connection. */
  override get hasAsyncWork(): boolean {
    return this.#committer !== undefined && this.#committer.isSynchronous !== true;
  }

  override close(): void | Promise<void> {
    return this.#committer?.close?.();
  }

  /** Whether a checkpoint is complete enough to be committed now. */
  protected abstract isReady(checkpoint: CheckpointCommittables<CommT>): boolean;
  /** Called for each committed checkpoint. */
  protected abstract committed(checkpoint: CheckpointCommittables<CommT>): void;

  /** Commits all checkpoints up to that one, oldest first. */
  protected commit(checkpointId: number): void {
    this.#commitUpTo = Math.max(this.#commitUpTo, checkpointId);
    if (this.#committing) return;
    this.#committing = true;
    this.#commitNext();
  }

  get #maxRetries(): number {
    return this.#givenRetries ?? this.ctx.config.committerRetries ?? DEFAULT_COMMITTER_RETRIES;
  }

  #logDiscarded(error: unknown): void {
    const { seams, operator } = this.ctx;
    seams.log.log("error", `${operator.name}: a committable was given up and dropped: ${String(error)}`);
  }

  #commitNext(): void {
    const checkpoint = this.collector.nextUpTo(this.#commitUpTo);
    if (checkpoint === undefined || !this.isReady(checkpoint)) {
      this.#committing = false;
      return;
    }
    this.#round(checkpoint, checkpoint.pending(), 0);
  }

  #round(checkpoint: CheckpointCommittables<CommT>, requests: CommitRequestEntry<CommT>[], retry: number): void {
    if (requests.length === 0) {
      this.collector.remove(checkpoint);
      this.committed(checkpoint);
      this.#commitNext();
      return;
    }
    if (retry > this.#maxRetries) throw tooManyRetries(requests.length, this.#maxRetries);
    for (const request of requests) request.state = "received";
    this.whenDone("commit()", this.#committer!.commit(requests), () => {
      this.#round(checkpoint, settleRound(requests, (error) => this.#logDiscarded(error)), retry + 1);
    });
  }
}
