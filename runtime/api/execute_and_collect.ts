/**
 * The records of a stream on the client's side: a bounded queue between the job and whoever reads. A full queue holds the
 * job back. Made by environment.ts, filled by the executor through {@link CollectChannel.receive}.
 *
 * @module
 */

import { InvalidProgramError, userFrame } from "../errors.ts";
import type { JobClient } from "./job_client.ts";

/** How much to take. */
export interface ToArrayOptions {
  /** Take so many records, then cancel the job. Default: all. */
  readonly limit?: number;
}

/**
 * The results of executeAndCollect. Await it for all records as an array, or iterate it; either, and once. Leaving an
 * iteration early, disposing it or reaching a limit cancels the job.
 *
 * @example
 * ```ts
 * import { StreamExecutionEnvironment } from "tsflink";
 *
 * const env = StreamExecutionEnvironment.getExecutionEnvironment();
 * let sum = 0;
 * for await (const n of env.fromSequence(1, 1_000_000).executeAndCollect()) {
 *   sum += n;
 *   if (n === 4) break;
 * }
 * console.assert(sum === 10);
 * ```
 */
export interface CollectResult<T> extends AsyncIterable<T>, AsyncDisposable, Promise<T[]> {
  /** The job, once it is submitted. @throws FlinkError when it was refused. */
  getJobClient(): Promise<JobClient>;
  /** The first `n` records; await or iterate it. The job is cancelled behind them. */
  take(n: number): CollectResult<T>;
  /** All records, or the first `limit` of them. */
  toArray(options?: ToArrayOptions): Promise<T[]>;
  /** Cancels the job unless it has ended. */
  cancel(): Promise<void>;
}

/** The end that the job fills. */
export class CollectChannel<T> implements CollectResult<T> {
  #queue: T[] = [];
  /** Records of the queue that were read; it starts anew when all are. */
  #read = 0;
  readonly #capacity: number;
  #state: "open" | "ended" | "closed" = "open";
  #error: unknown;
  #isRead = false;
  #roomWaiter: (() => void) | undefined;
  #dataWaiter: (() => void) | undefined;
  readonly #client = Promise.withResolvers<JobClient>();

  constructor(capacity: number) {
    this.#capacity = capacity;
    // Whoever reads learns of a failure; a result that nobody reads must not end the process.
    this.#client.promise.catch(() => {});
  }

  /** Takes a batch of the job; waits while the queue is full. */
  receive(batch: unknown[]): Promise<void> | void {
    if (this.#state !== "open") return;
    for (const value of batch) this.#queue.push(value as T);
    this.#wakeReader();
    if (this.#queue.length - this.#read < this.#capacity) return;
    return new Promise((resolve) => this.#roomWaiter = resolve);
  }
  /** The job was submitted. */
  started(client: JobClient): void {
    this.#client.resolve(client);
    client.getJobExecutionResult().then(() => this.#end(undefined), (error) => this.#end(error));
  }
  /** The job was refused. */
  failed(error: unknown): void {
    this.#client.reject(error);
    this.#end(error);
  }

  getJobClient(): Promise<JobClient> {
    return this.#client.promise;
  }
  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    this.#claim();
    try {
      for (;;) {
        while (this.#read < this.#queue.length) {
          yield this.#queue[this.#read++];
          if (this.#read >= this.#queue.length) this.#startAnew();
        }
        if (this.#state === "ended") {
          if (this.#error !== undefined) throw this.#error;
          return;
        }
        if (this.#state === "closed") return;
        await new Promise<void>((resolve) => this.#dataWaiter = resolve);
      }
    } finally {
      await this.cancel();
    }
  }
  take(n: number): CollectResult<T> {
    return new LimitedResult(this, requireLimit(n, "take()"));
  }
  async toArray(options: ToArrayOptions = {}): Promise<T[]> {
    const limit = options.limit === undefined ? Infinity : requireLimit(options.limit, "toArray()");
    const records: T[] = [];
    if (limit === 0) return await this.cancel().then(() => records);
    for await (const record of this) if (records.push(record) >= limit) break;
    return records;
  }
  then<A = T[], B = never>(
    resolved?: ((value: T[]) => A | PromiseLike<A>) | null,
    rejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.toArray().then(resolved, rejected);
  }
  readonly [Symbol.toStringTag] = "CollectResult";
  catch<B = never>(rejected?: ((reason: unknown) => B | PromiseLike<B>) | null): Promise<T[] | B> {
    return this.toArray().catch(rejected);
  }
  finally(settled?: (() => void) | null): Promise<T[]> {
    return this.toArray().finally(settled);
  }
  async cancel(): Promise<void> {
    if (this.#state !== "open") return;
    this.#state = "closed";
    this.#startAnew();
    this.#wakeReader();
    const client = await this.#client.promise.catch(() => undefined);
    await client?.cancel();
  }
  [Symbol.asyncDispose](): Promise<void> {
    return this.cancel();
  }

  /** Two readers would each get a part. */
  #claim(): void {
    if (!this.#isRead) {
      this.#isRead = true;
      return;
    }
    throw new InvalidProgramError("TSF-1219", "The results of a job can be read once", {
      expected: "one await or one loop",
      found: "a second one",
      hint: "Keep the array that awaiting it gives.",
      userLine: userFrame(new Error().stack),
    });
  }
  #end(error: unknown): void {
    if (this.#state !== "open") return;
    this.#state = "ended";
    this.#error = error;
    this.#wakeReader();
  }
  #wakeReader(): void {
    const waiter = this.#dataWaiter;
    this.#dataWaiter = undefined;
    waiter?.();
  }
  /** Everything was read, or nobody will: the writer may go on. */
  #startAnew(): void {
    this.#queue = [];
    this.#read = 0;

    const waiter = this.#roomWaiter;
    this.#roomWaiter = undefined;
    waiter?.();
  }
}

/** The first records of a result. */
class LimitedResult<T> implements CollectResult<T> {
  constructor(private readonly all: CollectResult<T>, private readonly limit: number) {}

  getJobClient(): Promise<JobClient> {
    return this.all.getJobClient();
  }
  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    let left = this.limit;
    if (left === 0) return await this.all.cancel();
    for await (const record of this.all) {
      yield record;
      if (--left === 0) return;
    }
  }
  take(n: number): CollectResult<T> {
    return new LimitedResult(this.all, Math.min(this.limit, requireLimit(n, "take()")));
  }
  toArray(options: ToArrayOptions = {}): Promise<T[]> {
    return this.all.toArray({ limit: Math.min(this.limit, options.limit ?? Infinity) });
  }
  then<A = T[], B = never>(
    resolved?: ((value: T[]) => A | PromiseLike<A>) | null,
    rejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.toArray().then(resolved, rejected);
  }
  readonly [Symbol.toStringTag] = "CollectResult";
  catch<B = never>(rejected?: ((reason: unknown) => B | PromiseLike<B>) | null): Promise<T[] | B> {
    return this.toArray().catch(rejected);
  }
  finally(settled?: (() => void) | null): Promise<T[]> {
    return this.toArray().finally(settled);
  }
  cancel(): Promise<void> {
    return this.all.cancel();
  }
  [Symbol.asyncDispose](): Promise<void> {
    return this.all.cancel();
  }
}

function requireLimit(value: number, call: string): number {
  if (Number.isInteger(value) && value >= 0) return value;
  throw new InvalidProgramError("TSF-1214", `The limit of ${call} is out of range`, {
    expected: "an integer of at least 0",
    found: String(value),
    userLine: userFrame(new Error().stack),
  });
}
