/**
 * The collector that user functions get: copies what is emitted at once (rule 11) and works only during its call.
 *
 * Who calls: every operator whose function takes a Collector, window operators included. Per user call:
 * `const out = collector.begin(timestamp); try { fn(value, out) } finally { collector.end() }`.
 *
 * @module
 */

import type { Collector } from "../functions/functions.ts";
import { copyValue } from "../types/copy.ts";
import { RecordShapes } from "../types/shapes/record_shapes.ts";
import type { Output } from "../types/stream_element.ts";
import type { CallScope } from "./call_scope.ts";
import { ALL_OPTIMIZATIONS, type OperatorContext } from "./operator.ts";
import { callScopeOf } from "./runtime_context.ts";

const WHAT = "The Collector";

/**
 * What copies the values that go through one place of an operator: knows their shapes after a while. With object reuse
 * there is no copy.
 *
 * @param place Different for each place of the operator.
 */
export function recordCopier(context: OperatorContext, place: string): <T>(value: T) => T {
  if (context.config.objectReuse) return (value) => value;
  const id = codegenIdOf(context, place);
  if (id === undefined) return copyValue;
  const shapes = new RecordShapes(id);
  return (value) => shapes.copy(value);
}

/**
 * Makes the source text of what is generated for one place of an operator unique in the isolate: V8 keeps one set of type
 * feedback per text. Undefined with generated code switched off.
 */
export function codegenIdOf({ config, runtime, operatorId }: OperatorContext, place: string): string | undefined {
  if (!(config.optimizations ?? ALL_OPTIMIZATIONS).codegen) return undefined;
  const { indexOfThisSubtask, attemptNumber } = runtime.getTaskInfo();
  return `${runtime.getJobInfo().jobId} ${operatorId} ${indexOfThisSubtask} ${attemptNumber} ${place}`;
}

/** Collects for one operator; {@link CallCollector.begin} gives the handle of one call. */
export class CallCollector<T> implements Collector<T> {
  readonly #output: Output<T>;
  readonly copy: <V>(value: V) => V;
  /** The calls of the operator. */
  readonly scope: CallScope;
  #timestamp = 0;
  #call = 0;

  constructor(context: OperatorContext<T>) {
    this.#output = context.output;
    this.copy = recordCopier(context, "collector");
    this.scope = callScopeOf(context);
  }

  /** Number of the running call, for other handles of the same call. */
  get call(): number {
    return this.#call;
  }
  /** Starts a call of user code; what it collects gets `timestamp`. Pass the returned handle to the function. */
  begin(timestamp: number): Collector<T> {
    return new CallHandle(this, this.enter(timestamp));
  }
  /** As {@link begin}, for callers with handles of their own; gives the number of the call. */
  enter(timestamp: number): number {
    this.#timestamp = timestamp;
    return this.#call = this.scope.enter();
  }
  /** Goes on with a call whose work is drawn lazily: its handle works again until {@link end}. */
  resume(call: number, timestamp: number): void {
    this.#timestamp = timestamp;
    this.#call = call;
    this.scope.reenter(call);
  }
  /** Ends the call; from now on its handle fails. */
  end(): void {
    this.scope.exit();
  }

  /** Emits a copy. @throws JobExecutionError TSF-2003 outside a call; TSF-2101 for a value that cannot be copied. */
  collect(value: T): void {
    this.collectFor(this.#call, value);
  }
  /** {@link collect} for the handle of that call. */
  collectFor(call: number, value: T): void {
    if (this.scope.current !== call) this.scope.check(call, WHAT);
    this.#output.emit(this.copy(value), this.#timestamp);
  }
}

/** The collector as one call sees it. One class for all operators, see {@link stateViews} in guarded_state.ts. */
export class CallHandle<T> implements Collector<T> {
  readonly #owner: CallCollector<T>;
  readonly #call: number;
  constructor(owner: CallCollector<T>, call: number) {
    this.#owner = owner;
    this.#call = call;
  }
  collect(value: T): void {
    this.#owner.collectFor(this.#call, value);
  }
}
