/**
 * The forms of window functions behind one call: process, its older form apply, both over a whole stream, or none.
 *
 * Who calls: window_operator.ts.
 *
 * @module
 */

import type { Collector } from "../../functions/functions.ts";
import type {
  AllWindowFunction,
  ProcessAllWindow,
  ProcessWindow,
  ProcessWindowContext,
  WindowFunction,
} from "../../functions/process_function.ts";
import type { FunctionFactory } from "../../functions/rich_function.ts";
import type { Window } from "../../functions/windowing/windows.ts";
import { callable, instantiate, refusePromise } from "../function_binding.ts";

// deno-lint-ignore no-explicit-any -- the API has checked the types of records, key and window
type Any = any;
type Given<F> = F | FunctionFactory<F>;

/** The window function of an operator. */
export type WindowFunctionSpec =
  | { readonly kind: "process"; readonly fn: Given<ProcessWindow<Any, Any, Any, Any>> }
  | { readonly kind: "processAll"; readonly fn: Given<ProcessAllWindow<Any, Any, Any>> }
  | { readonly kind: "apply"; readonly fn: Given<WindowFunction<Any, Any, Any, Any>> }
  | { readonly kind: "applyAll"; readonly fn: Given<AllWindowFunction<Any, Any, Any>> }
  | { readonly kind: "passthrough" };

/** One call of a window function. */
export interface WindowCall {
  readonly key: unknown;
  readonly window: Window;
  /** Undefined for functions that take none. */
  readonly context: ProcessWindowContext<Window> | undefined;
  readonly elements: Iterable<unknown>;
  readonly out: Collector<unknown>;
}

/** A window function of one subtask. */
export interface BoundWindowFunction {
  /** The function object, for its life cycle. */
  readonly fn: unknown;
  readonly takesContext: boolean;
  evaluate(call: WindowCall): void;
  /** Undefined when the function does not care that a window is dropped. */
  readonly clear: ((context: ProcessWindowContext<Window>) => void) | undefined;
}

/** Makes the subtask's own function; undefined for passthrough. */
export function bindWindowFunction(spec: WindowFunctionSpec): BoundWindowFunction | undefined {
  switch (spec.kind) {
    case "passthrough":
      return undefined;
    case "process": {
      const fn = instantiate<ProcessWindow<unknown, unknown, unknown>>(spec.fn);
      const process = callable(fn, "process");
      return bound(fn, ({ key, context, elements, out }) => process(key, context!, elements, out), "process()");
    }
    case "processAll": {
      const fn = instantiate<ProcessAllWindow<unknown, unknown>>(spec.fn);
      const process = callable(fn, "process");
      return bound(fn, ({ context, elements, out }) => process(context!, elements, out), "process()");
    }
    case "apply": {
      const fn = instantiate<WindowFunction<unknown, unknown, unknown>>(spec.fn);
      const apply = callable(fn, "apply");
      return bound(fn, ({ key, window, elements, out }) => apply(key, window, elements, out), "apply()");
    }
    case "applyAll": {
      const fn = instantiate<AllWindowFunction<unknown, unknown>>(spec.fn);
      const apply = callable(fn, "apply");
      return bound(fn, ({ window, elements, out }) => apply(window, elements, out), "apply()");
    }
  }
}

function bound(
  fn: unknown,
  call: (call: WindowCall) => unknown,
  what: "process()" | "apply()",
): BoundWindowFunction {
  const { clear } = fn as { clear?: unknown };
  return {
    fn,
    takesContext: what === "process()",
    evaluate: (given) => refusePromise(call(given), what),
    clear: typeof clear === "function" ? (context) => refusePromise(clear.call(fn, context), "clear()") : undefined,
  };
}
