/**
 * flatMap: any number of values out, through the collector or as a returned iterable that is drawn lazily.
 *
 * Invariant: an iterable is drawn one element at a time, and only while `ctx.proceed()` allows; the rest is pending work.
 *
 * @module
 */

import { JobExecutionError } from "../errors.ts";
import type { Collector, FlatMapFunction } from "../functions/functions.ts";
import type { FunctionFactory } from "../functions/rich_function.ts";
import { CallCollector } from "./collector.ts";
import { callable, refusePromise } from "./function_binding.ts";
import { FunctionOperator, functionOperatorFactory } from "./function_operator.ts";
import type { FlatMapFusion } from "./codegen/fusion.ts";
import type { OperatorContext, StreamOperatorFactory } from "./operator.ts";

/** What a flatMap function returns. */
export type FlatMapResult<R> = (Iterable<R> & object) | void;

/** Calls flatMap functions and draws what they return; shared by flatMap and coFlatMap. */
export class IterableDrain<R> {
  readonly #context: OperatorContext<R>;
  /** Gives the handle of each call. */
  readonly collector: CallCollector<R>;
  /** The iterator that is being drawn. */
  #iterator: Iterator<R> | undefined;

  constructor(context: OperatorContext<R>) {
    this.#context = context;
    this.collector = new CallCollector(context);
  }

  /** Calls the function; returns the work that draws its iterable, or undefined when it returned none. */
  call(what: string, timestamp: number, run: (out: Collector<R>) => FlatMapResult<R>): (() => boolean) | undefined {
    const out = this.collector.begin(timestamp);
    try {
      const result = run(out);
      return result === undefined ? undefined : this.drawing(what, timestamp, result);
    } finally {
      this.collector.end();
    }
  }

  /** The work that draws what the running call has returned. */
  drawing(what: string, timestamp: number, result: unknown): () => boolean {
    refusePromise(result, what);
    const iterator = iteratorOf<R>(result, what);
    const call = this.collector.call;
    this.#iterator = iterator;
    return () => this.#draw(iterator, call, timestamp);
  }

  /** The work that emits the elements of an array from that position on, not now but when it is gone on with. */
  rest(elements: readonly R[], from: number, timestamp: number): () => boolean {
    const iterator = elements[Symbol.iterator]();
    for (let i = 0; i < from; i++) iterator.next();
    const { call } = this.collector;
    this.#iterator = iterator;
    let isLater = false;
    return () => isLater ? this.#draw(iterator, call, timestamp) : !(isLater = true);
  }

  /** True when the iterator is exhausted; false when there is no room for more. At least one element per call. */
  #draw(iterator: Iterator<R>, call: number, timestamp: number): boolean {
    const { output } = this.#context;
    do {
      const next = this.#next(iterator, call, timestamp);
      if (next.done === true) {
        this.#iterator = undefined;
        return true;
      }
      refusePromise(next.value, "An element of the returned iterable");
      // A generator may go on changing what it yielded, and an array may hold one object twice.
      output.emit(this.collector.copy(next.value), timestamp);
    } while (this.#context.proceed());
    return false;
  }

  /** A generator's body runs here, so its collector and state handles work as in the call itself. */
  #next(iterator: Iterator<R>, call: number, timestamp: number): IteratorResult<R> {
    this.collector.resume(call, timestamp);
    try {
      return iterator.next();
    } finally {
      this.collector.end();
    }
  }

  /**
   * What generated code does in place of {@link call}, by input.
   *
   * @param begin Begins the pending work of the operator.
   */
  fusion(
    calls: FlatMapFusion["calls"],
    names: readonly string[],
    begin: (work: () => boolean) => void,
  ): FlatMapFusion {
    const { collector } = this;
    return {
      kind: "flatMap",
      calls,
      collector: collector as CallCollector<unknown>,
      scope: collector.scope,
      copy: collector.copy,
      draw: (result, timestamp, input) => {
        let work: () => boolean;
        try {
          work = this.drawing(names[input], timestamp, result);
        } finally {
          collector.end();
        }
        begin(work);
      },
      keepRest: (elements, from, timestamp) => begin(this.rest(elements as readonly R[], from, timestamp)),
    };
  }

  /** Ends an iterator that was not drawn to its end, so that its `finally` blocks run. */
  close(): void {
    const iterator = this.#iterator;
    this.#iterator = undefined;
    iterator?.return?.();
  }
}

function iteratorOf<R>(result: unknown, what: string): Iterator<R> {
  const iterate = typeof result === "object" && result !== null
    ? (result as { [Symbol.iterator]?: unknown })[Symbol.iterator]
    : undefined;
  if (typeof iterate === "function") return iterate.call(result);
  const isAsync = typeof result === "object" && result !== null && Symbol.asyncIterator in result;
  throw new JobExecutionError(isAsync ? "TSF-2002" : "TSF-2010", `${what} returned something that is not an iterable`, {
    expected: "an array, a generator or another iterable object, or nothing when the collector is used",
    found: isAsync ? "an async iterable" : describe(result),
    hint: isAsync
      ? "For asynchronous calls use stream.asyncMap(...) or AsyncDataStream.unorderedWait / orderedWait."
      : "To emit one value return it in an array: [value].",
  });
}

function describe(result: unknown): string {
  if (typeof result === "string") return `the string ${JSON.stringify(result.slice(0, 40))}`;
  if (typeof result === "object" && result !== null) return "an object that is not iterable";
  return `${typeof result} ${String(result)}`;
}

/** Runs a {@link FlatMapFunction}. */
export class FlatMapOperator<T, R> extends FunctionOperator<FlatMapFunction<T, R>, R> {
  readonly #flatMap: (value: T, out: Collector<R>) => FlatMapResult<R>;
  #drain!: IterableDrain<R>;

  constructor(fn: FlatMapFunction<T, R>) {
    super(fn);
    this.#flatMap = callable(fn, "flatMap");
  }
  override open(): void {
    this.#drain = new IterableDrain(this.ctx);
    super.open();
  }
  override processElement(value: unknown, timestamp: number): void {
    const work = this.#drain.call("flatMap()", timestamp, (out) => this.#flatMap(value as T, out));
    if (work !== undefined) this.begin(work);
  }
  fusion(): FlatMapFusion {
    return this.#drain.fusion([{ fn: this.#flatMap }], ["flatMap()"], (work) => this.begin(work));
  }
  override close(): void {
    this.#drain?.close();
    super.close();
  }
}

/** Makes {@link FlatMapOperator}s. */
export function flatMapOperator<T, R>(
  fn: FlatMapFunction<T, R> | FunctionFactory<FlatMapFunction<T, R>>,
): StreamOperatorFactory<R> {
  return functionOperatorFactory(fn, 1, (own) => new FlatMapOperator(own));
}
