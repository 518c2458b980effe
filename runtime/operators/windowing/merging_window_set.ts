/**
 * The windows in flight of one key when windows may merge, and for each the namespace its state is kept under.
 *
 * A merged window keeps the state namespace of one of its parts, so that growing a session moves no state. Invariants:
 * every window in flight has exactly one state namespace, no two share one; the set is loaded from state, changed, and
 * written back by {@link MergingWindowSet.persist}. Who calls: window_operator.ts, once per record or timer.
 *
 * @module
 */

import { BugError } from "../../errors.ts";
import type { ListState, StateDescriptor } from "../../functions/state_descriptor.ts";
import type { MergingWindowAssigner, Window } from "../../functions/windowing/windows.ts";

/** A window in flight and where its state is, both as namespaces. */
export type MergingWindowEntry = readonly [window: string, stateWindow: string];

/** Where the set of each key is kept. */
export const MERGING_WINDOWS: StateDescriptor = { kind: "list", name: "merging-window-set" };

/** What {@link MergingWindowSet.addWindow} tells about a merge of windows that were in flight before. */
export interface WindowMerge<W extends Window> {
  /** The window that takes the place of the merged ones. */
  readonly result: W;
  /** The windows in flight that are gone; the window just added is never among them. */
  readonly merged: readonly W[];
  /** Where the state of the result is. */
  readonly stateNamespace: string;
  /** Where state lies that must be moved into `stateNamespace`. */
  readonly mergedStateNamespaces: readonly string[];
}

/** See the head of the file. */
export class MergingWindowSet<W extends Window> {
  readonly #assigner: MergingWindowAssigner<never, W>;
  readonly #state: ListState<MergingWindowEntry>;
  readonly #stored: ReadonlyMap<string, string>;
  readonly #stateOf: Map<string, string>;

  /** Loads the set of the current key. */
  constructor(assigner: MergingWindowAssigner<never, W>, state: ListState<MergingWindowEntry>) {
    this.#assigner = assigner;
    this.#state = state;
    this.#stored = new Map(state.get());
    this.#stateOf = new Map(this.#stored);
  }

  /** The namespace of the state of a window in flight; undefined when it is not. */
  getStateNamespace(namespace: string): string | undefined {
    return this.#stateOf.get(namespace);
  }

  /** Takes a window out of the set. @throws BugError when it is not in flight. */
  retireWindow(namespace: string): void {
    if (!this.#stateOf.delete(namespace)) throw notInFlight(namespace);
  }

  /**
   * Adds a window and merges what the assigner wants merged.
   *
   * @param onMerge Called for every merge, after the set was changed. Not called when the window lies inside one that is
   * in flight and stays as it is.
   * @returns The window that stands for the added one from now on.
   */
  addWindow(window: W, onMerge: (merge: WindowMerge<W>) => void): W {
    const codec = this.#assigner.windowCodec;
    const added = codec.toNamespace(window);
    // A window equal to one in flight belongs to that one, whatever namespace its state has.
    const isNew = !this.#stateOf.has(added);
    if (this.#stateOf.size === 0) {
      this.#stateOf.set(added, added);
      return window;
    }
    const merges: { readonly windows: readonly W[]; readonly result: W }[] = [];
    const inFlight = Array.from(this.#stateOf.keys(), (namespace) => codec.fromNamespace(namespace));
    if (isNew) inFlight.push(window);
    this.#assigner.mergeWindows(inFlight, (windows, result) => merges.push({ windows, result }));

    let representative = window;
    let isMerged = false;
    for (const { windows, result } of merges) {
      const parts = new Map<string, W>();
      for (const part of windows) parts.set(codec.toNamespace(part), part);
      if (parts.has(added)) {
        isMerged = true;
        representative = result;
        if (isNew) parts.delete(added);
      }
      this.#merge(parts, result, onMerge);
    }
    if (!isMerged && isNew) this.#stateOf.set(added, added);
    return representative;
  }

  #merge(parts: ReadonlyMap<string, W>, result: W, onMerge: (merge: WindowMerge<W>) => void): void {
    const resultNamespace = this.#assigner.windowCodec.toNamespace(result);
    const stateNamespaces: string[] = [];
    for (const part of parts.keys()) {
      const stateNamespace = this.#stateOf.get(part);
      if (stateNamespace === undefined) throw notInFlight(part);
      this.#stateOf.delete(part);
      stateNamespaces.push(stateNamespace);
    }
    const [stateNamespace = resultNamespace, ...mergedStateNamespaces] = stateNamespaces;
    this.#stateOf.set(resultNamespace, stateNamespace);
    if (parts.size === 0 || (parts.size === 1 && parts.has(resultNamespace))) return;
    onMerge({ result, merged: [...parts.values()], stateNamespace, mergedStateNamespaces });
  }

  /** Writes the set to state if it is not what was loaded. */
  persist(): void {
    if (sameEntries(this.#stored, this.#stateOf)) return;
    if (this.#stateOf.size === 0) this.#state.clear();
    else this.#state.update(this.#stateOf);
  }
}

function sameEntries(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean {
  if (a.size !== b.size) return false;
  for (const [key, value] of a) if (b.get(key) !== value) return false;
  return true;
}

function notInFlight(namespace: string): BugError {
  return new BugError("TSF-0060", `Window ${namespace} is not in the set of windows in flight`, {
    hint: "A window assigner of your own must only merge windows it was given; else please report this.",
  });
}
