/**
 * Asynchronous requests from a stream, see AsyncDataStream.
 *
 * @module
 */

import type { Lifecycle } from "./rich_function.ts";

/** Completes one record; the first call counts. */
export interface ResultFuture<R> {
  /** The results of the record; none, one or many. */
  complete(results: Iterable<R>): void;
  /** The request failed: it is made again by the retry strategy, or fails the job. */
  completeExceptionally(error: unknown): void;
}
/**
 * One request per record. Either form: return a promise of the results, or use the future.
 *
 * @example
 * ```ts
 * import { AsyncDataStream, StreamExecutionEnvironment } from "tsflink";
 *
 * const env = StreamExecutionEnvironment.getExecutionEnvironment();
 * const lookup = AsyncDataStream.unorderedWait(env.fromData(1), {
 *   asyncInvoke(id, future) {
 *     queueMicrotask(() => future.complete([`user ${id}`]));
 *   },
 *   timeout: (id, future) => future.complete([`nobody ${id}`]),
 * }, "1 s");
 * console.assert((await lookup.executeAndCollect()).join() === "user 1");
 * ```
 */
export interface RichAsyncFunction<T, R> extends Lifecycle {
  /** Starts the request of one record. The signal is aborted when it timed out or the task ends. */
  asyncInvoke(value: T, future: ResultFuture<R>, signal: AbortSignal): void | Promise<Iterable<R> | void>;
  /** Called instead of failing when the time is up. */
  timeout?(value: T, future: ResultFuture<R>): void;
}
/** The plain form: a promise of the results. */
export type AsyncFunction<T, R> =
  | ((value: T, signal: AbortSignal) => Promise<Iterable<R> & object>)
  | RichAsyncFunction<T, R>;

/** When and how often to ask again. */
export interface AsyncRetryStrategy<R> {
  /** Attempts in all, the first included. */
  readonly maxAttempts: number;
  /** Wait before attempt `attempt` (2 for the first retry), in ms. */
  backoffTimeMs(attempt: number): number;
  /** Retry on these results. */
  readonly resultPredicate?: (results: readonly R[]) => boolean;
  /** Retry on this error. */
  readonly exceptionPredicate?: (error: unknown) => boolean;
}
