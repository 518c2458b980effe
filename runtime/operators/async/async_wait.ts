/**
 * Asynchronous I/O: up to `capacity` requests in flight, results in order of the input or of completion, watermarks
 * never overtaken. Results enter only as mail of the task.
 *
 * Back pressure: a record for which there is no room waits and the operator is busy. A snapshot may be taken meanwhile:
 * state holds every input whose output has not been emitted, the waiting ones last, and a restored operator makes those
 * requests again. Watermarks and statuses are not stored. Only while the results of one record are being emitted must a
 * snapshot wait.
 *
 * @module
 */

import { InvalidProgramError } from "../../errors.ts";
import type {
  AsyncFunction,
  AsyncRetryStrategy,
  ResultFuture,
  RichAsyncFunction,
} from "../../functions/async_function.ts";
import { type ListState, ListStateDescriptor } from "../../functions/state_descriptor.ts";
import type { FunctionFactory } from "../../functions/rich_function.ts";
import { copyValue } from "../../types/copy.ts";
import { MIN_WATERMARK, type WatermarkStatus } from "../../types/stream_element.ts";
import { AsyncRequest, type AsyncRequestHost } from "./async_request.ts";
import { instantiate } from "../function_binding.ts";
import { FunctionOperator } from "../function_operator.ts";
import type { StreamOperatorFactory } from "../operator.ts";
import {
  OrderedStreamElementQueue,
  type StreamElementQueue,
  UnorderedStreamElementQueue,
} from "./stream_element_queue.ts";
import { wrapUserError } from "../user_error.ts";

/** What an async operator is made of. */
export interface AsyncWaitOptions<IN, OUT> {
  readonly fn: AsyncFunction<IN, OUT> | FunctionFactory<AsyncFunction<IN, OUT>>;
  /** Whether results leave in order of the input, or as they come. */
  readonly mode: "ordered" | "unordered";
  /** Time limit of one record, all attempts together, in ms; 0 = none. */
  readonly timeoutMs: number;
  /** Requests in flight. */
  readonly capacity: number;
  readonly retry?: AsyncRetryStrategy<OUT>;
}

interface Input<IN> {
  readonly value: IN;
  readonly timestamp: number;
}

/** See the module. */
export class AsyncWaitOperator<IN, OUT> extends FunctionOperator<AsyncFunction<IN, OUT>, OUT> {
  readonly #options: AsyncWaitOptions<IN, OUT>;
  readonly #retry: AsyncRetryStrategy<OUT> | undefined;
  readonly #queue: StreamElementQueue<IN, OUT>;
  readonly #requests: Set<AsyncRequest<IN, OUT>> = new Set();
  /** Records for which there is no room yet, in order. */
  readonly #waitingForRoom: Input<IN>[] = [];
  #host!: AsyncRequestHost<IN, OUT>;
  #inputState!: ListState<Input<IN>>;
  #emitting: { readonly results: Iterator<OUT>; readonly timestamp: number } | undefined;
  #retryDisabled = false;
  #emittedWatermark = MIN_WATERMARK;

  constructor(options: AsyncWaitOptions<IN, OUT>) {
    super(instantiate<AsyncFunction<IN, OUT>>(options.fn));
    this.#options = options;
    const { retry, capacity } = options;
    this.#retry = retry?.resultPredicate === undefined && retry?.exceptionPredicate === undefined ? undefined : retry;
    this.#queue = options.mode === "ordered"
      ? new OrderedStreamElementQueue<IN, OUT>(capacity)
      : new UnorderedStreamElementQueue<IN, OUT>(capacity);
  }

  override initializeState(): void {
    super.initializeState();
    this.#inputState = this.ctx.operatorState.getListState(
      new ListStateDescriptor<Input<IN>>("_async_wait_operator_state_"),
    );
  }

  override open(): void {
    super.open();
    this.#host = this.#makeHost();
    this.ctx.signal.addEventListener("abort", () => this.#abandonAll(), { once: true });
    for (const { value, timestamp } of this.#inputState.get()) this.processElement(value, timestamp);
  }

  override processElement(value: unknown, timestamp: number): void {
    // With object reuse the sender may go on to change what it emitted.
    const kept = this.ctx.config.objectReuse ? copyValue(value as IN) : value as IN;
    const input = { value: kept, timestamp };
    if (this.#tryStart(input)) return;
    this.#waitingForRoom.push(input);
    this.begin(() => {
      if (!this.#tryStart(input)) return false;
      this.#waitingForRoom.shift();
      return true;
    }, true);
  }

  override processStatus(status: WatermarkStatus): void {
    this.begin(() => {
      this.#queue.putStatus(status);
      return true;
    }, true);
  }

  protected override advanceWatermark(timestamp: number): void {
    this.begin(() => this.#queue.tryPutWatermark(timestamp), true);
  }

  override get currentWatermark(): number {
    return this.#emittedWatermark;
  }

  /** Waits for everything in flight; what waits for a retry asks once more at once, and then takes what comes. */
  override endInput(_input: number): void {
    this.#retryDisabled = true;
    for (const request of [...this.#requests]) request.retryNow();
    this.begin(() => this.#queue.isEmpty, true);
  }

  override get busy(): boolean {
    return super.busy || this.#emitting !== undefined || this.#queue.hasCompleted;
  }
  override get isWaiting(): boolean {
    return super.busy && this.#emitting === undefined && !this.#queue.hasCompleted;
  }
  /** Always: the function may hold connections between its requests. */
  override get hasAsyncWork(): boolean {
    return true;
  }
  override get canSnapshot(): boolean {
    return this.#emitting === undefined && super.canSnapshot;
  }

  override resume(): boolean {
    for (;;) {
      // Emitting first makes room for what waits.
      if (!this.#emitCompleted()) return false;
      const isDone = super.resume();
      if (!this.#queue.hasCompleted) return isDone;
    }
  }

  override snapshotState(checkpointId: number): void {
    super.snapshotState(checkpointId);
    const inFlight = this.#queue.records().map(({ value, timestamp }) => ({ value, timestamp }));
    this.#inputState.update([...inFlight, ...this.#waitingForRoom]);
  }

  override close(): void {
    this.#abandonAll();
    super.close();
  }

  #abandonAll(): void {
    for (const request of this.#requests) request.abandon();
    this.#requests.clear();
  }

  #tryStart({ value, timestamp }: Input<IN>): boolean {
    const entry = this.#queue.tryPutRecord(value, timestamp);
    if (entry === undefined) return false;
    const request = new AsyncRequest<IN, OUT>(entry, this.#host);
    this.#requests.add(request);
    request.start();
    return true;
  }

  #makeHost(): AsyncRequestHost<IN, OUT> {
    const { ctx } = this;
    const fn = this.fn;
    const timeout = typeof fn === "object" && fn.timeout !== undefined
      ? (value: IN, future: ResultFuture<OUT>) => fn.timeout!(this.#copy(value), future)
      : undefined;
    const isRetryDisabled = () => this.#retryDisabled;
    return {
      invoke: (value, future, signal) => invokeFunction(fn, this.#copy(value), future, signal),
      timeout,
      timeoutMs: this.#options.timeoutMs,
      retry: this.#retry,
      get retryDisabled() {
        return isRetryDisabled();
      },
      now: () => ctx.processingTime.now(),
      registerTimer: (timestamp, callback) => ctx.processingTime.registerTimer(timestamp, callback),
      post: (run) => ctx.post(() => this.#asMail(run)),
      completed: (request, results) => {
        this.#requests.delete(request);
        request.entry.complete(results);
        // Without room the chain resumes the operator, which is busy now, when there is some.
        if (ctx.proceed()) this.resume();
      },
      failed: (request, error) => {
        this.#requests.delete(request);
        ctx.fail(wrapUserError(error, ctx.operator, "an asynchronous request"));
      },
    };
  }

  /** The queue keeps the input for snapshots and retries, so the function gets a copy of its own. */
  #copy(value: IN): IN {
    return this.ctx.config.objectReuse ? value : copyValue(value);
  }

  #asMail(run: () => void): void {
    if (this.ctx.signal.aborted) return;
    try {
      run();
    } catch (error) {
      this.ctx.fail(wrapUserError(error, this.ctx.operator, "an asynchronous request"));
    }
  }

  /**
   * Emits what may leave, drawing results lazily: one element in any case, more while there is room. False when it had
   * to stop before the end.
   */
  #emitCompleted(): boolean {
    for (let emitted = 0; this.#emitting !== undefined || this.#queue.hasCompleted;) {
      if (emitted > 0 && !this.ctx.proceed()) return false;
      if (this.#emitting === undefined) {
        emitted += this.#takeCompleted();
        continue;
      }
      const next = this.#emitting.results.next();
      if (next.done) {
        this.#emitting = undefined;
      } else {
        this.output.emit(next.value, this.#emitting.timestamp);
        emitted++;
      }
    }
    return true;
  }

  /** Begins with the results of the next record, or passes a mark on; the number of elements emitted. */
  #takeCompleted(): number {
    const entry = this.#queue.poll()!;
    if (entry.kind === "record") {
      this.#emitting = { results: entry.results![Symbol.iterator](), timestamp: entry.timestamp };
      return 0;
    }
    if (typeof entry.mark === "number") {
      this.#emittedWatermark = entry.mark;
      this.output.emitWatermark(entry.mark);
    } else {
      this.output.emitStatus(entry.mark);
    }
    return 1;
  }
}

function invokeFunction<IN, OUT>(
  fn: AsyncFunction<IN, OUT>,
  value: IN,
  future: ResultFuture<OUT>,
  signal: AbortSignal,
): void {
  if (typeof fn === "function") {
    // What a plain function throws before its first await is its answer too.
    new Promise<Iterable<OUT>>((resolve) => resolve(fn(value, signal))).then(
      (results) => future.complete(results),
      (error) => future.completeExceptionally(error),
    );
    return;
  }
  const answer = (fn as RichAsyncFunction<IN, OUT>).asyncInvoke(value, future, signal);
  if (answer === undefined) return;
  Promise.resolve(answer).then(
    // Without a value the function answers through the future.
    (results) => results !== undefined && future.complete(results as Iterable<OUT>),
    (error) => future.completeExceptionally(error),
  );
}

/**
 * Makes {@link AsyncWaitOperator}s.
 *
 * @throws InvalidProgramError TSF-1352 when capacity or timeout are out of range.
 */
export function asyncWaitOperator<IN, OUT>(options: AsyncWaitOptions<IN, OUT>): StreamOperatorFactory<OUT> {
  if (!Number.isInteger(options.capacity) || options.capacity < 1) throw outOfRange("capacity", "1 or more", options);
  if (!(options.timeoutMs >= 0)) throw outOfRange("timeoutMs", "0 (no limit) or more", options);
  return {
    chainingStrategy: "ALWAYS",
    numInputs: 1,
    isYielding: true,
    functions: options.retry === undefined ? [options.fn] : [options.fn, options.retry],
    create: () => new AsyncWaitOperator<IN, OUT>(options),
  };
}

function outOfRange<IN, OUT>(
  name: "capacity" | "timeoutMs",
  expected: string,
  options: AsyncWaitOptions<IN, OUT>,
): InvalidProgramError {
  return new InvalidProgramError("TSF-1352", `${name} of an async operator is out of range`, {
    expected,
    found: String(options[name]),
  });
}
