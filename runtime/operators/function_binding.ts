/**
 * Binds user functions to a subtask: an object of its own, life cycle, declared state, and the check that no promise is
 * returned where a value is expected.
 *
 * Who calls: every operator with a user function. The factory calls {@link instantiate} in `create()`; the operator calls
 * {@link setUpFunction} in `setup()`, {@link openFunction} in `open()`, {@link closeFunction} in `close()`, and the three
 * functions for state and checkpoints where their names say.
 *
 * @module
 */

import { InvalidProgramError, JobExecutionError } from "../errors.ts";
import type { FunctionInitializationContext } from "../functions/checkpointed_function.ts";
import { type FunctionFactory, type Lifecycle, PER_SUBTASK, RUNTIME_CONTEXT } from "../functions/rich_function.ts";
import type { StateDeclarations, StateDescriptor } from "../functions/state_descriptor.ts";
import { copyFunctionObject } from "./copy_function.ts";
import type { OperatorContext } from "./operator.ts";
import { requireKeyedState } from "./runtime_context.ts";

/**
 * The function object of one subtask attempt: what a `perSubtask` factory makes, a plain function as it is, else a copy.
 *
 * @throws InvalidProgramError TSF-2008 when a field cannot be copied.
 */
export function instantiate<F>(fn: F | FunctionFactory<F>): F {
  if (isFactory<F>(fn)) return fn[PER_SUBTASK]();
  return typeof fn === "object" && fn !== null ? copyFunctionObject(fn as F & object) : fn as F;
}

function isFactory<F>(fn: F | FunctionFactory<F>): fn is FunctionFactory<F> {
  return typeof fn === "object" && fn !== null && PER_SUBTASK in fn;
}

/** Hands the RuntimeContext to a function object that wants it. Called in `setup()`, so that every method may use it. */
export function setUpFunction(fn: unknown, context: OperatorContext): void {
  const object = asObject(fn);
  if (object !== undefined && "getRuntimeContext" in object) object[RUNTIME_CONTEXT] = context.runtime;
}

/** Calls the `open` of a function object. */
export function openFunction(fn: unknown, context: OperatorContext): void {
  setUpFunction(fn, context);
  const object = asObject(fn);
  if (object === undefined) return;
  if (typeof object.open === "function") refusePromise(object.open(context.runtime) as unknown, "open()");
}

/** Calls the `close` of a function object. */
export function closeFunction(fn: unknown): void {
  const object = asObject(fn);
  if (typeof object?.close === "function") refusePromise(object.close() as unknown, "close()");
}

/** Calls the `initializeState` of a function object, after the operator has got its state and before `open`. */
export function initializeFunctionState(fn: unknown, context: OperatorContext): void {
  const object = asObject(fn);
  if (typeof object?.initializeState !== "function") return;
  setUpFunction(fn, context);
  const { restoredCheckpointId, operatorState, runtime } = context;
  const given: FunctionInitializationContext = {
    isRestored: () => restoredCheckpointId !== undefined,
    getRestoredCheckpointId: () => restoredCheckpointId,
    getOperatorStateStore: () => operatorState,
    getKeyedStateStore: () => runtime,
  };
  refusePromise(object.initializeState(given) as unknown, "initializeState()");
}

/** Calls the `snapshotState` of a function object, before the operator's state is snapshotted. */
export function snapshotFunctionState(fn: unknown, checkpointId: number): void {
  const object = asObject(fn);
  if (typeof object?.snapshotState !== "function") return;
  refusePromise(object.snapshotState({ getCheckpointId: () => checkpointId }) as unknown, "snapshotState()");
}

/** Tells a function object what became of a checkpoint. */
export function notifyFunction(fn: unknown, what: "Complete" | "Aborted", checkpointId: number): void {
  const object = asObject(fn);
  const name = `notifyCheckpoint${what}` as const;
  if (typeof object?.[name] === "function") refusePromise(object[name](checkpointId) as unknown, `${name}()`);
}

function asObject(fn: unknown): (Lifecycle & { [RUNTIME_CONTEXT]?: unknown }) | undefined {
  return typeof fn === "object" && fn !== null ? fn : undefined;
}

/** The descriptors of the `state` record of a function, named by its keys. */
export function declaredDescriptors(fn: unknown): StateDescriptor[] {
  const state = asObject(fn)?.state as StateDeclarations | undefined;
  if (state === undefined || state === null) return [];
  return Object.entries(state).map(([name, declaration]) => ({ ...declaration, name }));
}

/**
 * The backend's handles of the `state` record of a function, by name; they act on the current key.
 *
 * @throws JobExecutionError TSF-2004 when state is declared on a stream that is not keyed.
 */
export function declaredState(fn: unknown, context: OperatorContext): Readonly<Record<string, unknown>> {
  const handles: Record<string, unknown> = {};
  for (const descriptor of declaredDescriptors(fn)) {
    const backend = requireKeyedState(context.keyedState, descriptor.name, context.operator);
    handles[descriptor.name] = backend.state<object>(descriptor);
  }
  return handles;
}

/**
 * Refuses a promise where a value is expected.
 *
 * @param what Whose result it is: "map()".
 * @throws JobExecutionError TSF-2002.
 */
export function refusePromise(result: unknown, what: string): void {
  if (typeof result !== "object" || result === null || !isThenable(result)) return;
  // The error below is what the user sees; a rejection of the abandoned promise must not end the process.
  result.then(undefined, () => {});
  throw new JobExecutionError("TSF-2002", `${what} returned a promise`, {
    expected: "a value: this function is synchronous",
    found: "a promise (an async function?)",
    hint: "For asynchronous calls use stream.asyncMap(...) or AsyncDataStream.unorderedWait / orderedWait.",
  });
}

function isThenable(value: object): value is PromiseLike<unknown> {
  return value instanceof Promise || typeof (value as { then?: unknown }).then === "function";
}

/**
 * The callable of a simple function: itself, or the method of that name bound to its object.
 *
 * @throws InvalidProgramError TSF-2009 when it is neither.
 */
// deno-lint-ignore no-explicit-any -- the caller knows the signature
export function callable(fn: unknown, method: string): (...args: any[]) => any {
  if (typeof fn === "function") return fn as never;
  const found = asObject(fn) as Record<string, unknown> | undefined;
  const target = found?.[method];
  if (typeof target === "function") return target.bind(fn);
  throw new InvalidProgramError("TSF-2009", `Not a function for ${method}`, {
    expected: `a function, or an object with a method ${method}()`,
    found: found === undefined ? String(fn) : `an object without ${method}()`,
  });
}
