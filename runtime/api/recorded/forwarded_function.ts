/**
 * A function object that stands between an operator and the user's own: whatever the operator says of life cycle, state
 * and checkpoints reaches the user's function. Made once per subtask. Bases of the adapters in this folder.
 *
 * @module
 */

import type { FunctionInitializationContext, FunctionSnapshotContext } from "../../functions/checkpointed_function.ts";
import { type Lifecycle, RichFunction, RUNTIME_CONTEXT, type RuntimeContext } from "../../functions/rich_function.ts";
import { refusePromise } from "../../operators/function_binding.ts";

/** See the head of the file. */
export abstract class ForwardedFunction extends RichFunction {
  readonly #object: (Lifecycle & { [RUNTIME_CONTEXT]?: RuntimeContext }) | undefined;

  /** @param own The user's function of this subtask; a plain function has no life cycle. */
  constructor(own: unknown) {
    super();
    this.#object = typeof own === "object" && own !== null ? own : undefined;
  }

  initializeState(context: FunctionInitializationContext): void {
    this.#setUp();
    refusePromise(this.#object?.initializeState?.(context), "initializeState()");
  }
  override open(context: RuntimeContext): void {
    this.#setUp();
    refusePromise(this.#object?.open?.(context), "open()");
  }
  snapshotState(context: FunctionSnapshotContext): void {
    refusePromise(this.#object?.snapshotState?.(context), "snapshotState()");
  }
  notifyCheckpointComplete(checkpointId: number): void {
    refusePromise(this.#object?.notifyCheckpointComplete?.(checkpointId), "notifyCheckpointComplete()");
  }
  notifyCheckpointAborted(checkpointId: number): void {
    refusePromise(this.#object?.notifyCheckpointAborted?.(checkpointId), "notifyCheckpointAborted()");
  }
  override close(): void {
    refusePromise(this.#object?.close?.(), "close()");
  }

  #setUp(): void {
    if (this.#object !== undefined && "getRuntimeContext" in this.#object) {
      this.#object[RUNTIME_CONTEXT] = this[RUNTIME_CONTEXT];
    }
  }
}
