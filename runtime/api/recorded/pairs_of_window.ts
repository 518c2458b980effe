/**
 * The window function behind join and coGroup: parts the records of a window by side and calls the user's function.
 * Made once per subtask, with the user's own function object and its life cycle.
 *
 * @module
 */

import type { Collector } from "../../functions/functions.ts";
import { type FunctionFactory, perSubtask } from "../../functions/rich_function.ts";
import type { Window } from "../../functions/windowing/windows.ts";
import { callable, instantiate, refusePromise } from "../../operators/function_binding.ts";
import type { TaggedUnion } from "../joined_streams.ts";
import { hasMethod } from "./checks.ts";
import { ForwardedFunction } from "./forwarded_function.ts";

type PairsCall = (left: unknown[], right: unknown[], out: Collector<unknown>) => void;

/** A factory of window functions around a join or coGroup function. */
export function pairsOfWindow(fn: unknown, kind: "join" | "coGroup"): FunctionFactory<PairsOfWindow> {
  // The factory's name stands in the description of the window, as in Flink.
  const CoGroupWindowFunction = () => new PairsOfWindow(instantiate(fn), kind);
  return perSubtask(CoGroupWindowFunction);
}

/** See the head of the file. */
export class PairsOfWindow extends ForwardedFunction {
  readonly #call: PairsCall;

  constructor(fn: unknown, kind: "join" | "coGroup") {
    super(fn);
    this.#call = kind === "coGroup" ? coGroupCall(fn) : hasMethod(fn, "flatJoin") ? flatJoinCall(fn) : joinCall(fn);
  }

  apply(
    _key: unknown,
    _window: Window,
    values: Iterable<TaggedUnion<unknown, unknown>>,
    out: Collector<unknown>,
  ): void {
    const left: unknown[] = [];
    const right: unknown[] = [];
    for (const value of values) {
      if ("one" in value) left.push(value.one);
      else right.push(value.two);
    }
    this.#call(left, right, out);
  }
}

function coGroupCall(fn: unknown): PairsCall {
  const coGroup = callable(fn, "coGroup");
  return (left, right, out) => refusePromise(coGroup(left, right, out), "coGroup()");
}

function joinCall(fn: unknown): PairsCall {
  const join = callable(fn, "join");
  return (left, right, out) => {
    for (const one of left) {
      for (const two of right) {
        const joined = join(one, two);
        refusePromise(joined, "join()");
        out.collect(joined);
      }
    }
  };
}

function flatJoinCall(fn: unknown): PairsCall {
  const flatJoin = callable(fn, "flatJoin");
  return (left, right, out) => {
    for (const one of left) for (const two of right) refusePromise(flatJoin(one, two, out), "flatJoin()");
  };
}
