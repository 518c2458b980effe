/**
 * A global committer, parallelism 1, in the post-commit topology of a sink: commits a checkpoint once the committables
 * of all subtasks are there and, unless it commits on input, the checkpoint is complete.
 *
 * Who calls: the chain and the harnesses in testing/.
 *
 * @module
 */

import type { CommittableMessage, Committer } from "../../functions/sink.ts";
import type { CheckpointCommittables } from "./committable_collector.ts";
import { type CommitterContext, type CommitterOptions, CommittingOperator } from "./committing_operator.ts";
import type { StreamOperatorFactory } from "../operator.ts";

/** Settings of a global committer. */
export interface GlobalCommitterOptions extends CommitterOptions {
  /**
   * Commit as soon as all committables of a checkpoint are there. Right behind a committer (which has waited for the
   * checkpoint). Default: in BATCH mode and without checkpoints.
   */
  readonly commitOnInput?: boolean;
}

/** See the module. */
export class GlobalCommitterOperator<CommT> extends CommittingOperator<CommT, never> {
  readonly #commitOnInput: boolean | undefined;

  constructor(createCommitter: (context: CommitterContext) => Committer<CommT>, options: GlobalCommitterOptions = {}) {
    super(createCommitter, options);
    this.#commitOnInput = options.commitOnInput;
  }

  get #commitsOnInput(): boolean {
    const { checkpointingEnabled, runtimeMode } = this.ctx.config;
    return this.#commitOnInput ?? (!checkpointingEnabled || runtimeMode === "BATCH");
  }

  override processElement(value: unknown, timestamp: number): void {
    super.processElement(value, timestamp);
    if (this.#commitsOnInput) this.commit((value as CommittableMessage<CommT>).checkpointId);
  }

  override notifyCheckpointComplete(checkpointId: number): void {
    if (!this.#commitsOnInput) this.commit(checkpointId);
  }

  protected isReady(checkpoint: CheckpointCommittables<CommT>): boolean {
    return checkpoint.hasGloballyReceivedAll;
  }

  protected committed(): void {}
}

/** Makes {@link GlobalCommitterOperator}s. */
export function globalCommitterOperator<CommT>(
  createCommitter: (context: CommitterContext) => Committer<CommT>,
  options: GlobalCommitterOptions = {},
): StreamOperatorFactory<never> {
  return {
    chainingStrategy: "ALWAYS",
    numInputs: 1,
    isSink: true,
    isNonParallel: true,
    functions: [createCommitter],
    create: () => new GlobalCommitterOperator<CommT>(createCommitter, options),
  };
}
