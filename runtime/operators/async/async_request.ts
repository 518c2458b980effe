/**
 * One record in an async operator: the calls of the user's function for it, its time limit and its retries.
 *
 * Invariants: results and errors act only as mail of the task; the first one that is not retried counts; an attempt
 * answers once, and the next one is made only after that.
 * Who calls: async_wait.ts.
 *
 * @module
 */

import { JobExecutionError } from "../../errors.ts";
import type { AsyncRetryStrategy, ResultFuture } from "../../functions/async_function.ts";
import type { Cancel } from "../../seams/clock.ts";
import type { RecordEntry } from "./stream_element_queue.ts";

/** What a request needs from its operator. */
export interface AsyncRequestHost<IN, OUT> {
  /** Calls the user's function; what it throws at once fails the task. */
  invoke(value: IN, future: ResultFuture<OUT>, signal: AbortSignal): void;
  /** The user's timeout handler, when there is one. */
  readonly timeout: ((value: IN, future: ResultFuture<OUT>) => void) | undefined;
  /** 0 = no limit. */
  readonly timeoutMs: number;
  /** Undefined when requests are never made again. */
  readonly retry: AsyncRetryStrategy<OUT> | undefined;
  /** True once the input has ended: nothing is retried any more. */
  readonly retryDisabled: boolean;
  now(): number;
  registerTimer(timestamp: number, fn: () => void): Cancel;
  /** Runs `fn` as mail; what it throws fails the task. */
  post(fn: () => void): void;
  /** The request is done. Called as mail. */
  completed(request: AsyncRequest<IN, OUT>, results: Iterable<OUT>): void;
  failed(request: AsyncRequest<IN, OUT>, error: unknown): void;
}

type Outcome<OUT> = { readonly results: readonly OUT[] | Iterable<OUT> } | { readonly error: unknown };

/** See the module. */
export class AsyncRequest<IN, OUT> {
  readonly #host: AsyncRequestHost<IN, OUT>;
  readonly #abort: AbortController = new AbortController();
  readonly #startMs: number;
  #attempt = 0;
  #awaitingRetry = false;
  #timedOut = false;
  #done = false;
  #cancelTimeout: Cancel | undefined;
  #cancelRetry: Cancel | undefined;

  constructor(readonly entry: RecordEntry<IN, OUT>, host: AsyncRequestHost<IN, OUT>) {
    this.#host = host;
    this.#startMs = host.now();
  }

  start(): void {
    if (this.#host.timeoutMs > 0) {
      this.#cancelTimeout = this.#host.registerTimer(this.#startMs + this.#host.timeoutMs, () => this.#onTimeout());
    }
    this.#tryOnce();
  }
  /** The input has ended: a request that waits for its next attempt makes it now. */
  retryNow(): void {
    if (!this.#awaitingRetry || this.#done) return;
    this.#cancelRetry?.();
    this.#tryOnce();
  }
  /** The task has ended; answers are ignored from here on. */
  abandon(): void {
    this.#finish();
    this.#abort.abort();
  }

  #tryOnce(): void {
    this.#awaitingRetry = false;
    const attempt = ++this.#attempt;
    this.#host.invoke(this.entry.value, this.#future(attempt), this.#abort.signal);
  }

  #future(attempt: number): ResultFuture<OUT> {
    let answered = false;
    const answer = (outcome: Outcome<OUT>) => {
      if (answered) return;
      answered = true;
      this.#host.post(() => this.#onAnswer(attempt, outcome));
    };
    return {
      complete: (results) => answer({ results }),
      completeExceptionally: (error) => answer({ error }),
    };
  }

  #onAnswer(attempt: number, outcome: Outcome<OUT>): void {
    if (this.#done) return;
    let final = outcome;
    if ("results" in outcome) {
      const results = checkedResults<OUT>(outcome.results);
      // A predicate looks at all results, so what can be drawn only once is drawn here.
      final = { results: this.#host.retry === undefined ? results : [...results] };
    }
    const { retry } = this.#host;
    if (retry !== undefined && this.#mayRetry(retry, attempt) && wantsRetry(retry, final)) {
      this.#awaitingRetry = true;
      this.#cancelRetry = this.#host.registerTimer(this.#host.now() + retry.backoffTimeMs(attempt + 1), () => {
        if (!this.#done && this.#awaitingRetry) this.#tryOnce();
      });
      return;
    }
    this.#finish();
    if ("error" in final) this.#host.failed(this, final.error);
    else this.#host.completed(this, final.results);
  }

  #mayRetry(retry: AsyncRetryStrategy<OUT>, attempt: number): boolean {
    const host = this.#host;
    const late = this.#timedOut || (host.timeoutMs > 0 && host.now() - this.#startMs > host.timeoutMs);
    return !late && !host.retryDisabled && attempt < retry.maxAttempts;
  }

  #onTimeout(): void {
    if (this.#done) return;
    this.#cancelRetry?.();
    this.#awaitingRetry = false;
    this.#timedOut = true;
    const { timeout, timeoutMs } = this.#host;
    if (timeout === undefined) {
      this.#finish();
      this.#abort.abort();
      this.#host.failed(
        this,
        new JobExecutionError("TSF-2250", `An asynchronous request timed out after ${timeoutMs} ms`, {
          expected: "an answer within the timeout",
          hint: "Raise the timeout, or give the function a timeout(value, future) method that answers instead.",
        }),
      );
      return;
    }
    // The request goes on unless the handler answers at once; an abort before that would look like its answer.
    let answered = false;
    const future = this.#future(this.#attempt);
    timeout(this.entry.value, {
      complete: (results) => {
        answered = true;
        future.complete(results);
      },
      completeExceptionally: (error) => {
        answered = true;
        future.completeExceptionally(error);
      },
    });
    if (answered) this.#abort.abort();
  }

  #finish(): void {
    this.#done = true;
    this.#cancelTimeout?.();
    this.#cancelRetry?.();
  }
}

function wantsRetry<OUT>(retry: AsyncRetryStrategy<OUT>, outcome: Outcome<OUT>): boolean {
  return "error" in outcome
    ? retry.exceptionPredicate?.(outcome.error) ?? false
    : retry.resultPredicate?.(outcome.results as readonly OUT[]) ?? false;
}

function checkedResults<OUT>(results: unknown): Iterable<OUT> {
  if (typeof results === "object" && results !== null && Symbol.iterator in results) return results as Iterable<OUT>;
  throw new JobExecutionError("TSF-2251", "An asynchronous request gave no results", {
    expected: "an iterable object of results; an empty array to emit nothing",
    found: results === null ? "null" : typeof results,
    hint: "Return [value] for one result.",
  });
}
