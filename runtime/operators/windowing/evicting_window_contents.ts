/**
 * Window contents with an evictor: every record is kept with its timestamp, and nothing is aggregated before the window
 * is evaluated.
 *
 * Invariant: what the function sees are values of its own; what stays is written back from a fresh read, so a function
 * or evictor that changes records does not change the window. Who calls: window_operator.ts.
 *
 * @module
 */

import type { ListState } from "../../functions/state_descriptor.ts";
import type { Evictor, EvictorContext, TimestampedValue, Window } from "../../functions/windowing/windows.ts";
import type { KeyedStateBackend, MergingState } from "../../state/keyed_state_backend.ts";
import { callable } from "../function_binding.ts";
import { type BoundWindowContent, WINDOW_STATE_NAME, type WindowContents } from "./window_contents.ts";

type Element = TimestampedValue<unknown>;
type ElementsHandle = ListState<Element> & MergingState;

/** What {@link EvictingWindowContents} needs. */
export interface EvictingWindowContentsOptions {
  readonly backend: KeyedStateBackend;
  readonly content: BoundWindowContent;
  readonly evictor: Evictor<unknown, Window>;
  readonly context: EvictorContext;
}

/** See the head of the file. */
export class EvictingWindowContents implements WindowContents {
  readonly #state: ElementsHandle;
  readonly #evictor: Evictor<unknown, Window>;
  readonly #context: EvictorContext;
  readonly #combine: (values: unknown[]) => unknown[];
  /** Positions in state of the records that passed `evictBefore`; undefined when all did. */
  #survivors: number[] | undefined;

  constructor({ backend, content, evictor, context }: EvictingWindowContentsOptions) {
    this.#state = backend.state<ElementsHandle>({ kind: "list", name: WINDOW_STATE_NAME }) as ElementsHandle;
    this.#evictor = evictor;
    this.#context = context;
    this.#combine = combiner(content);
  }

  use(namespace: string): void {
    this.#state.setNamespace(namespace);
  }
  add(value: unknown, timestamp: number): void {
    this.#state.add({ value, timestamp });
  }
  take(window: Window): unknown[] | undefined {
    const elements = this.#state.get();
    if (elements.length === 0) return undefined;
    const kept = this.#evictor.evictBefore(elements, elements.length, window, this.#context);
    this.#survivors = positions(elements, kept);
    return this.#combine(kept.map((element) => element.value));
  }
  evaluated(window: Window): void {
    const elements = this.#state.get();
    const before = this.#survivors === undefined ? elements : this.#survivors.map((position) => elements[position]);
    const after = this.#evictor.evictAfter(before, before.length, window, this.#context);
    if (after.length === elements.length) return;
    if (after.length === 0) this.#state.clear();
    else this.#state.update(after);
  }
  clear(): void {
    this.#state.clear();
  }
  merge(target: string, sources: readonly string[]): void {
    if (sources.length > 0) this.#state.mergeNamespaces(target, sources);
  }
}

/** Where the records that stay were; undefined when all stay. Records the evictor did not get are ignored. */
function positions(elements: readonly Element[], kept: readonly Element[]): number[] | undefined {
  if (kept === elements) return undefined;
  const known = new Map(elements.map((element, position) => [element, position]));
  return kept.flatMap((element) => known.get(element) ?? []);
}

/** Reduces or aggregates what is left when the window is evaluated. */
function combiner(content: BoundWindowContent): (values: unknown[]) => unknown[] {
  if (content.kind === "list") return (values) => values;
  if (content.kind === "reduce") {
    const reduce = callable(content.fn, "reduce");
    // Nothing left to reduce gives no value, and so no result without a window function.
    return (values) => values.length === 0 ? values : [values.reduce((left, right) => reduce(left, right))];
  }
  const { fn } = content;
  return (values) => {
    let accumulator: unknown = fn.createAccumulator();
    for (const value of values) accumulator = fn.add(value, accumulator);
    return [fn.getResult(accumulator)];
  };
}
