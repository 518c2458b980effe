/**
 * Asynchronous requests from a stream: lookups in databases and services, many under way at a time.
 *
 * @module
 */

import type { AsyncFunction, AsyncRetryStrategy } from "../functions/async_function.ts";
import { asyncWaitOperator, type AsyncWaitOptions } from "../operators/async/async_wait.ts";
import { type DurationLike, toMillis } from "../types/duration.ts";
import type { DataStream } from "./data_stream.ts";
import { hasMethod, programError, requireFunction, requirePresent } from "./recorded/checks.ts";
import type { SingleOutputStreamOperator } from "./single_output_stream_operator.ts";
import type { FunctionOrFactory } from "./stream_types.ts";

/** Most requests under way at a time, unless said otherwise. */
const DEFAULT_CAPACITY = 100;

/** How asyncMap asks. */
export interface AsyncMapOptions<R = unknown> {
  /** Most requests under way at a time. Default 100. */
  readonly capacity?: number;
  /** After this long, retries included, the request fails the job; 0 = never. Default 0. */
  readonly timeout?: DurationLike;
  /** Results in order of input; otherwise as they come, between two watermarks. Default true. */
  readonly ordered?: boolean;
  /** Ask again on errors or results; needs a timeout. Default: never. At the end of the input nothing waits any more. */
  readonly retry?: AsyncRetryStrategy<R>;
}

interface WaitOptions<OUT> extends Omit<AsyncWaitOptions<unknown, OUT>, "fn" | "timeoutMs"> {
  readonly call: string;
  readonly timeout: DurationLike;
}

function wait<IN, OUT>(
  input: DataStream<IN>,
  fn: FunctionOrFactory<AsyncFunction<IN, OUT>>,
  options: WaitOptions<OUT>,
): SingleOutputStreamOperator<OUT> {
  const { call, timeout, ...rest } = options;
  const timeoutMs = toMillis(requirePresent(timeout, `a timeout of ${call}`));
  if (options.retry !== undefined && timeoutMs <= 0) {
    throw programError("TSF-1222", "Retries need a timeout", { expected: "more than 0 ms", found: `${timeoutMs} ms` });
  }
  const operator = asyncWaitOperator<IN, OUT>({ ...rest, timeoutMs, fn: requireAsync(fn, call) as never });
  return requirePresent(input, "a stream").transform("async wait operator", operator);
}

/** Async functions are the point here; only the rest of the check applies. */
function requireAsync<F>(fn: F, call: string): F {
  return typeof fn === "function" || hasMethod(fn, "asyncInvoke") ? fn : requireFunction(fn, call, "asyncInvoke");
}

/**
 * Operators with many requests under way at a time.
 *
 * @example
 * ```ts
 * import { AsyncDataStream, StreamExecutionEnvironment } from "tsflink";
 *
 * const env = StreamExecutionEnvironment.getExecutionEnvironment();
 * const names = AsyncDataStream.orderedWait(
 *   env.fromData(1, 2),
 *   (id) => Promise.resolve([`user ${id}`]),
 *   "5 s",
 * );
 * console.assert((await names.executeAndCollect()).join() === "user 1,user 2");
 * ```
 */
export const AsyncDataStream: {
  /**
   * Results in order of input.
   *
   * @param fn Returns a promise of any number of results, or completes a ResultFuture.
   * @param timeout After this long a request fails the job, unless the function has a `timeout` method; 0 = never.
   * @param capacity Most requests under way at a time; more hold the input back. Default 100.
   * @throws InvalidProgramError TSF-1201 for a missing function, TSF-1352 for capacity or timeout out of range.
   */
  orderedWait<IN, OUT>(
    input: DataStream<IN>,
    fn: FunctionOrFactory<AsyncFunction<IN, OUT>>,
    timeout: DurationLike,
    capacity?: number,
  ): SingleOutputStreamOperator<OUT>;
  /** Results as they come; watermarks are not overtaken. Otherwise as orderedWait. */
  unorderedWait<IN, OUT>(
    input: DataStream<IN>,
    fn: FunctionOrFactory<AsyncFunction<IN, OUT>>,
    timeout: DurationLike,
    capacity?: number,
  ): SingleOutputStreamOperator<OUT>;
  /** As orderedWait, asking again by a strategy; the timeout covers all attempts together. */
  orderedWaitWithRetry<IN, OUT>(
    input: DataStream<IN>,
    fn: FunctionOrFactory<AsyncFunction<IN, OUT>>,
    options: AsyncRetryOptions<OUT>,
  ): SingleOutputStreamOperator<OUT>;
  /** As unorderedWait, asking again by a strategy; the timeout covers all attempts together. */
  unorderedWaitWithRetry<IN, OUT>(
    input: DataStream<IN>,
    fn: FunctionOrFactory<AsyncFunction<IN, OUT>>,
    options: AsyncRetryOptions<OUT>,
  ): SingleOutputStreamOperator<OUT>;
  /** One result per request; what `stream.asyncMap` does. */
  map<IN, OUT>(
    input: DataStream<IN>,
    fn: (value: IN, signal: AbortSignal) => Promise<OUT>,
    options?: AsyncMapOptions<OUT>,
  ): SingleOutputStreamOperator<OUT>;
} = {
  orderedWait: (input, fn, timeout, capacity = DEFAULT_CAPACITY) =>
    wait(input, fn, { call: "orderedWait()", mode: "ordered", timeout, capacity }),
  unorderedWait: (input, fn, timeout, capacity = DEFAULT_CAPACITY) =>
    wait(input, fn, { call: "unorderedWait()", mode: "unordered", timeout, capacity }),
  orderedWaitWithRetry: (input, fn, options) => waitWithRetry(input, fn, "ordered", options),
  unorderedWaitWithRetry: (input, fn, options) => waitWithRetry(input, fn, "unordered", options),
  map: (input, fn, options = {}) => {
    const call = requireAsync(fn, "asyncMap()");
    return wait(input, (value, signal) => call(value, signal).then((result) => [result]), {
      call: "asyncMap()",
      mode: options.ordered === false ? "unordered" : "ordered",
      timeout: options.timeout ?? 0,
      capacity: options.capacity ?? DEFAULT_CAPACITY,
      retry: options.retry,
    });
  },
};

function waitWithRetry<IN, OUT>(
  input: DataStream<IN>,
  fn: FunctionOrFactory<AsyncFunction<IN, OUT>>,
  mode: "ordered" | "unordered",
  options: AsyncRetryOptions<OUT>,
): SingleOutputStreamOperator<OUT> {
  const { timeout, capacity = DEFAULT_CAPACITY } = options;
  const retry = requirePresent(options.retry, "a retry strategy");
  return wait(input, fn, { call: `${mode}WaitWithRetry()`, mode, timeout, capacity, retry });
}

/**
 * Options of operators that ask again. As in Flink nothing waits for another attempt once the input has ended: a request
 * that is waiting then is made at once, for the last time.
 */
export interface AsyncRetryOptions<R> {
  /** For all attempts of a request together; more than 0. */
  readonly timeout: DurationLike;
  /** Most requests under way at a time. Default 100. */
  readonly capacity?: number;
  /** When to ask again; see AsyncRetryStrategies. */
  readonly retry: AsyncRetryStrategy<R>;
}
