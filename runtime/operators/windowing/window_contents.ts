/**
 * What a window holds: all records, or one value or accumulator that every record is added to at once.
 *
 * Invariant: acts on the current key and the namespace last given to `use`. Who calls: window_operator.ts; the variant
 * with an evictor is evicting_window_contents.ts.
 *
 * @module
 */

import type { AggregateFunction, ReduceFunction } from "../../functions/functions.ts";
import type { FunctionFactory } from "../../functions/rich_function.ts";
import type { AggregatingState, ListState, ReducingState, StateDescriptor } from "../../functions/state_descriptor.ts";
import type { Window } from "../../functions/windowing/windows.ts";
import type { KeyedStateBackend, MergingState } from "../../state/keyed_state_backend.ts";
import { instantiate } from "../function_binding.ts";

/** Name of the state, as in Flink. */
export const WINDOW_STATE_NAME = "window-contents";

// deno-lint-ignore no-explicit-any -- the API has checked the element types
type Reduce = ReduceFunction<any>;
// deno-lint-ignore no-explicit-any -- the API has checked the element types
type Aggregate = AggregateFunction<any, any, any>;

/** How records are kept until the window is evaluated. */
export type WindowContent =
  | { readonly kind: "list" }
  | { readonly kind: "reduce"; readonly fn: Reduce | FunctionFactory<Reduce> }
  | { readonly kind: "aggregate"; readonly fn: Aggregate | FunctionFactory<Aggregate> };

/** {@link WindowContent} with the function of one subtask. */
export type BoundWindowContent =
  | { readonly kind: "list" }
  | { readonly kind: "reduce"; readonly fn: Reduce }
  | { readonly kind: "aggregate"; readonly fn: Aggregate };

/** Makes the subtask's own function. */
export function bindWindowContent(content: WindowContent): BoundWindowContent {
  switch (content.kind) {
    case "list":
      return content;
    case "reduce":
      return { kind: "reduce", fn: instantiate<Reduce>(content.fn) };
    case "aggregate":
      return { kind: "aggregate", fn: instantiate<Aggregate>(content.fn) };
  }
}

/** See the head of the file. */
export interface WindowContents {
  /** Selects the window by the namespace of its state. */
  use(namespace: string): void;
  add(value: unknown, timestamp: number): void;
  /** What the window function gets; undefined when the window is empty and is not evaluated. */
  take(window: Window): unknown[] | undefined;
  /** Called after the window function has seen what `take` gave. */
  evaluated(window: Window): void;
  clear(): void;
  /** Moves the content of `sources` into `target`. */
  merge(target: string, sources: readonly string[]): void;
}

type AnyHandle = ListState<unknown> & ReducingState<unknown> & AggregatingState<unknown, unknown> & MergingState;

/** The descriptor of the state for that content. */
export function windowStateDescriptor(content: BoundWindowContent): StateDescriptor {
  switch (content.kind) {
    case "list":
      return { kind: "list", name: WINDOW_STATE_NAME };
    case "reduce":
      return { kind: "reducing", name: WINDOW_STATE_NAME, reduce: content.fn };
    case "aggregate":
      return { kind: "aggregating", name: WINDOW_STATE_NAME, aggregate: content.fn };
  }
}

/** Contents in keyed state, one namespace per window. */
export class StateWindowContents implements WindowContents {
  readonly #state: AnyHandle;
  readonly #isList: boolean;

  constructor(backend: KeyedStateBackend, content: BoundWindowContent) {
    this.#state = backend.state<AnyHandle>(windowStateDescriptor(content)) as AnyHandle;
    this.#isList = content.kind === "list";
  }

  use(namespace: string): void {
    this.#state.setNamespace(namespace);
  }
  add(value: unknown, _timestamp: number): void {
    this.#state.add(value);
  }
  take(_window: Window): unknown[] | undefined {
    const content = this.#state.get() as unknown;
    if (this.#isList) return (content as unknown[]).length === 0 ? undefined : content as unknown[];
    // A result that is null or undefined is no result, as in Flink.
    return content === undefined || content === null ? undefined : [content];
  }
  evaluated(_window: Window): void {}
  clear(): void {
    this.#state.clear();
  }
  merge(target: string, sources: readonly string[]): void {
    if (sources.length > 0) this.#state.mergeNamespaces(target, sources);
  }
}
