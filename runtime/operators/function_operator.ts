/**
 * Base of operators around one user function object: life cycle, and the factory that gives every subtask its own object.
 *
 * @module
 */

import type { FunctionFactory } from "../functions/rich_function.ts";
import type { CallScope } from "./call_scope.ts";
import {
  closeFunction,
  initializeFunctionState,
  instantiate,
  notifyFunction,
  openFunction,
  setUpFunction,
  snapshotFunctionState,
} from "./function_binding.ts";
import { type OperatorContext, StreamOperator, type StreamOperatorFactory } from "./operator.ts";

/** An operator that runs a user function. */
export abstract class FunctionOperator<F, OUT> extends StreamOperator<OUT> {
  constructor(protected readonly fn: F, numInputs = 1) {
    super(numInputs);
  }
  /** The scope to enter around a call; none for a plain function, which nobody ever gave a handle. */
  protected handlesScope(scope: CallScope): CallScope | undefined {
    return typeof this.fn === "function" ? undefined : scope;
  }
  override setup(context: OperatorContext<OUT>): void {
    super.setup(context);
    setUpFunction(this.fn, context);
  }
  override initializeState(): void {
    super.initializeState();
    initializeFunctionState(this.fn, this.ctx);
  }
  override open(): void {
    super.open();
    openFunction(this.fn, this.ctx);
  }
  override snapshotState(checkpointId: number): void {
    super.snapshotState(checkpointId);
    snapshotFunctionState(this.fn, checkpointId);
  }
  override notifyCheckpointComplete(checkpointId: number): void {
    super.notifyCheckpointComplete(checkpointId);
    notifyFunction(this.fn, "Complete", checkpointId);
  }
  override notifyCheckpointAborted(checkpointId: number): void {
    super.notifyCheckpointAborted(checkpointId);
    notifyFunction(this.fn, "Aborted", checkpointId);
  }
  /** As in Flink also where open() was not reached, because another operator of the task failed in its own. */
  override close(): void {
    closeFunction(this.fn);
  }
}

/** The factory of a {@link FunctionOperator}: chains freely and copies the function for every instance. */
export function functionOperatorFactory<F, OUT>(
  fn: F | FunctionFactory<F>,
  numInputs: number,
  create: (fn: F) => StreamOperator<OUT>,
): StreamOperatorFactory<OUT> {
  return { chainingStrategy: "ALWAYS", numInputs, functions: [fn], create: () => create(instantiate(fn)) };
}

/**
 * Whether an operator has a plain function among its user functions, which subtasks of one isolate share (see
 * docs/decisions/0003-shared-closures.md). For the one line per job that says so.
 */
export function sharesClosures({ functions = [] }: StreamOperatorFactory): boolean {
  return functions.some((fn) => typeof fn === "function");
}
