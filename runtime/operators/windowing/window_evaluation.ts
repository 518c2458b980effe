/**
 * Evaluates windows: hands their content to the window function, or out as it is. Results carry the window's last
 * timestamp.
 *
 * Invariant: the key of the window is current. Who calls: the ways of window_path.ts.
 *
 * @module
 */

import { CallCollector } from "../collector.ts";
import type { OperatorContext } from "../operator.ts";
import { WindowCallContext, type WindowCallScope } from "./window_contexts.ts";
import type { BoundWindowFunction } from "./window_functions.ts";
import type { WindowAt } from "./window_lifetime.ts";

/** See the header. */
export class WindowEvaluation {
  readonly #ctx: OperatorContext;
  readonly #function: BoundWindowFunction | undefined;
  readonly #scope: WindowCallScope;
  readonly #collector: CallCollector<unknown>;

  constructor(ctx: OperatorContext, fn: BoundWindowFunction | undefined, scope: WindowCallScope) {
    this.#ctx = ctx;
    this.#function = fn;
    this.#scope = scope;
    this.#collector = new CallCollector(ctx);
  }

  /** Without one, content goes out as it is, and nobody asks for the current key. */
  get hasFunction(): boolean {
    return this.#function !== undefined;
  }
  /** Whether the function wants to know when a window is dropped. */
  get hasClear(): boolean {
    return this.#function?.clear !== undefined;
  }

  evaluate(at: WindowAt, elements: readonly unknown[]): void {
    const timestamp = at.window.maxTimestamp();
    const fn = this.#function;
    if (fn === undefined) {
      for (let i = 0; i < elements.length; i++) this.#ctx.output.emit(elements[i], timestamp);
      return;
    }
    const collector = this.#collector;
    const out = collector.begin(timestamp);
    try {
      const context = fn.takesContext ? new WindowCallContext(this.#scope, at, collector.call) : undefined;
      fn.evaluate({ key: this.#scope.backend.getCurrentKey(), window: at.window, context, elements, out });
    } finally {
      collector.end();
    }
  }

  /** The window is dropped: its function may drop what it keeps for it. */
  clear(at: WindowAt): void {
    const clear = this.#function?.clear;
    if (clear === undefined) return;
    this.#collector.begin(at.window.maxTimestamp());
    try {
      clear(new WindowCallContext(this.#scope, at, this.#collector.call));
    } finally {
      this.#collector.end();
    }
  }
}
