/**
 * The committer of a two-phase sink: commits what the writers prepared once the checkpoint it belongs to is complete;
 * without checkpoints, at the end of the input. With a post-commit topology it passes on what it committed.
 *
 * Who calls: the chain and the harnesses in testing/.
 *
 * @module
 */

import { InvalidProgramError } from "../../errors.ts";
import type { CommittableMessage, Sink } from "../../functions/sink.ts";
import { NO_TIMESTAMP } from "../../types/stream_element.ts";
import type { CheckpointCommittables } from "./committable_collector.ts";
import { type CommitterOptions, CommittingOperator } from "./committing_operator.ts";
import type { StreamOperatorFactory } from "../operator.ts";

/** See the module. */
export class CommitterOperator<CommT> extends CommittingOperator<CommT, CommittableMessage<CommT>> {
  readonly #emitsCommitted: boolean;

  constructor(sink: Sink<never, CommT, never>, options: CommitterOptions = {}) {
    if (sink.createCommitter === undefined) {
      throw new InvalidProgramError("TSF-1353", "A committer operator needs a sink with createCommitter()");
    }
    super((context) => sink.createCommitter!(context), options);
    this.#emitsCommitted = sink.addPostCommitTopology !== undefined;
  }

  override notifyCheckpointComplete(checkpointId: number): void {
    this.commit(checkpointId);
  }

  override endInput(_input: number): void {
    const { checkpointingEnabled, runtimeMode } = this.ctx.config;
    // No checkpoint will follow that could complete.
    if (!checkpointingEnabled || runtimeMode === "BATCH") this.commit(Infinity);
  }

  protected isReady(): boolean {
    return true;
  }

  protected committed(checkpoint: CheckpointCommittables<CommT>): void {
    if (!this.#emitsCommitted) return;
    const { indexOfThisSubtask: subtaskId, numberOfParallelSubtasks } = this.ctx.runtime.getTaskInfo();
    const { checkpointId } = checkpoint;
    const committables = checkpoint.successful();
    this.output.emit({
      kind: "summary",
      subtaskId,
      // After a restore with more subtasks only as many summaries are sent as there were before.
      numberOfSubtasks: Math.min(numberOfParallelSubtasks, checkpoint.numberOfSubtasks),
      checkpointId,
      numberOfCommittables: committables.length,
      numberOfFailed: 0,
    }, NO_TIMESTAMP);
    for (const committable of committables) {
      this.output.emit({ kind: "committable", subtaskId, checkpointId, committable }, NO_TIMESTAMP);
    }
  }
}

/** Makes {@link CommitterOperator}s. */
export function committerOperator<CommT>(
  sink: Sink<never, CommT, never>,
  options: CommitterOptions = {},
): StreamOperatorFactory<CommittableMessage<CommT>> {
  return {
    chainingStrategy: "ALWAYS",
    numInputs: 1,
    isSink: true,
    functions: [sink],
    create: () => new CommitterOperator<CommT>(sink, options),
  };
}
