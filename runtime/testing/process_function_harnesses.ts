/**
 * Harnesses for process functions, opened and ready: the function object itself runs, not a copy of it, so that a test can
 * look into its fields.
 *
 * @module
 */

import type { KeySelector } from "../functions/functions.ts";
import type {
  BroadcastProcess,
  CoProcess,
  KeyedBroadcastProcess,
  KeyedCoProcess,
  KeyedProcess,
  NoState,
  Process,
} from "../functions/process_function.ts";
import { type FunctionFactory, PER_SUBTASK } from "../functions/rich_function.ts";
import type { MapStateDescriptor, StateDeclarations } from "../functions/state_descriptor.ts";
import { BroadcastProcessOperator } from "../operators/broadcast_process.ts";
import { CoProcessOperator, KeyedCoProcessOperator } from "../operators/co_process.ts";
import { KeyedProcessOperator } from "../operators/keyed_process.ts";
import { ProcessOperator } from "../operators/process.ts";
import type { Key } from "../types/key.ts";
import { KeyedOneInputStreamOperatorTestHarness, OneInputStreamOperatorTestHarness } from "./one_input_harness.ts";
import type { HarnessOptions } from "./harness_options.ts";
import {
  BroadcastOperatorTestHarness,
  KeyedBroadcastOperatorTestHarness,
  KeyedTwoInputStreamOperatorTestHarness,
  TwoInputStreamOperatorTestHarness,
} from "./two_input_harness.ts";

/** Descriptors of broadcast state: one or several. */
// deno-lint-ignore no-explicit-any -- descriptors of any types
export type BroadcastDescriptors = MapStateDescriptor<any, any> | readonly MapStateDescriptor<any, any>[];

/**
 * Makes opened harnesses for process functions.
 *
 * @example
 * ```ts
 * import { type Collector, valueState } from "tsflink";
 * import { ProcessFunctionTestHarnesses } from "tsflink/testing";
 *
 * const harness = ProcessFunctionTestHarnesses.forKeyedProcessFunction({
 *   state: { count: valueState({ defaultValue: 0 }) },
 *   processElement(word: string, ctx, out: Collector<string>) {
 *     const count = ctx.state.count.value() + 1;
 *     ctx.state.count.update(count);
 *     out.collect(`${word} ${count}`);
 *   },
 * }, (word: string) => word);
 * harness.processElement("a");
 * harness.processElement("b");
 * harness.processElement("a");
 * console.assert(harness.extractOutputValues().join() === "a 1,b 1,a 2");
 * ```
 */
export class ProcessFunctionTestHarnesses {
  private constructor() {}

  /** For a process function on a stream that is not keyed. */
  static forProcessFunction<I, O, S extends StateDeclarations = NoState>(
    fn: Process<I, O, S> | FunctionFactory<Process<I, O, S>>,
    options: HarnessOptions = {},
  ): OneInputStreamOperatorTestHarness<I, O> {
    return opened(new OneInputStreamOperatorTestHarness<I, O>(new ProcessOperator(own(fn)), options));
  }

  /** For a process function on a keyed stream. */
  static forKeyedProcessFunction<K extends Key, I, O, S extends StateDeclarations = NoState>(
    fn: KeyedProcess<K, I, O, S> | FunctionFactory<KeyedProcess<K, I, O, S>>,
    keySelector: KeySelector<I, K>,
    options: HarnessOptions = {},
  ): KeyedOneInputStreamOperatorTestHarness<K, I, O> {
    const operator = new KeyedProcessOperator(own(fn));
    return opened(new KeyedOneInputStreamOperatorTestHarness<K, I, O>(operator, keySelector, options));
  }

  /** For a process function over two connected streams. */
  static forCoProcessFunction<A, B, O, S extends StateDeclarations = NoState>(
    fn: CoProcess<A, B, O, S> | FunctionFactory<CoProcess<A, B, O, S>>,
    options: HarnessOptions = {},
  ): TwoInputStreamOperatorTestHarness<A, B, O> {
    return opened(new TwoInputStreamOperatorTestHarness<A, B, O>(new CoProcessOperator(own(fn)), options));
  }

  /** For a process function over two connected keyed streams. */
  static forKeyedCoProcessFunction<K extends Key, A, B, O, S extends StateDeclarations = NoState>(
    fn: KeyedCoProcess<K, A, B, O, S> | FunctionFactory<KeyedCoProcess<K, A, B, O, S>>,
    keySelector1: KeySelector<A, K>,
    keySelector2: KeySelector<B, K>,
    options: HarnessOptions = {},
  ): KeyedTwoInputStreamOperatorTestHarness<K, A, B, O> {
    const operator = new KeyedCoProcessOperator(own(fn));
    return opened(
      new KeyedTwoInputStreamOperatorTestHarness<K, A, B, O>(operator, keySelector1, keySelector2, options),
    );
  }

  /** For a broadcast process function, main stream not keyed. */
  static forBroadcastProcessFunction<A, B, O>(
    fn: BroadcastProcess<A, B, O> | FunctionFactory<BroadcastProcess<A, B, O>>,
    descriptors: BroadcastDescriptors,
    options: HarnessOptions = {},
  ): BroadcastOperatorTestHarness<A, B, O> {
    const operator = new BroadcastProcessOperator<A, B, O>(own(fn), [descriptors].flat() as never, false);
    return opened(new BroadcastOperatorTestHarness<A, B, O>(operator, options));
  }

  /** For a broadcast process function, main stream keyed. */
  static forKeyedBroadcastProcessFunction<K extends Key, A, B, O, S extends StateDeclarations = NoState>(
    fn: KeyedBroadcastProcess<K, A, B, O, S> | FunctionFactory<KeyedBroadcastProcess<K, A, B, O, S>>,
    keySelector: KeySelector<A, K>,
    descriptors: BroadcastDescriptors,
    options: HarnessOptions = {},
  ): KeyedBroadcastOperatorTestHarness<K, A, B, O> {
    const operator = new BroadcastProcessOperator<A, B, O>(own(fn) as never, [descriptors].flat() as never, true);
    return opened(new KeyedBroadcastOperatorTestHarness<K, A, B, O>(operator, keySelector, options));
  }
}

/** The function object itself, or what its factory makes. */
function own<F>(fn: F | FunctionFactory<F>): F {
  return typeof fn === "object" && fn !== null && PER_SUBTASK in fn ? fn[PER_SUBTASK]() : fn as F;
}

function opened<H extends { open(): void }>(harness: H): H {
  harness.open();
  return harness;
}
