/**
 * The handle of a running job, and what it gives when it has ended. Implemented in cluster/.
 *
 * @module
 */

import { InvalidProgramError } from "../errors.ts";

/** Where a job stands. FAILED, CANCELED and FINISHED are final. */
export type JobStatus =
  | "INITIALIZING"
  | "CREATED"
  | "RUNNING"
  | "FAILING"
  | "FAILED"
  | "CANCELLING"
  | "CANCELED"
  | "FINISHED"
  | "RESTARTING"
  | "SUSPENDED"
  | "RECONCILING";

/**
 * What a finished job gives.
 *
 * @example
 * ```ts
 * import { StreamExecutionEnvironment } from "tsflink";
 *
 * const env = StreamExecutionEnvironment.getExecutionEnvironment();
 * env.fromData(1, 2, 3).map((n) => n * 2).print();
 * const result = await env.execute("doubles");
 * console.assert(result.getNetRuntime() >= 0);
 * ```
 */
export class JobExecutionResult {
  /** 32 hex digits. */
  readonly jobId: string;
  /** From the first task's start to the last one's end, in ms. */
  readonly netRuntimeMs: number;
  readonly #accumulators: Readonly<Record<string, unknown>>;

  /** Made by executors. */
  constructor(jobId: string, netRuntimeMs: number, accumulators: Readonly<Record<string, unknown>> = {}) {
    this.jobId = jobId;
    this.netRuntimeMs = netRuntimeMs;
    this.#accumulators = accumulators;
  }

  /** The job's id: 32 hex digits. */
  getJobID(): string {
    return this.jobId;
  }
  /** How long the job ran, in ms. */
  getNetRuntime(): number {
    return this.netRuntimeMs;
  }
  /** The merged result of an accumulator; undefined when no function added one of that name. */
  getAccumulatorResult<R = unknown>(name: string): R | undefined {
    return this.#accumulators[name] as R | undefined;
  }
  /** All accumulator results by name. */
  getAllAccumulatorResults(): Readonly<Record<string, unknown>> {
    return this.#accumulators;
  }
}

/**
 * What `execute()` gives under `tsflink run -d`, which does not wait for the job: its id only.
 *
 * @example
 * ```ts
 * import { DetachedJobExecutionResult } from "tsflink";
 *
 * const result = new DetachedJobExecutionResult("0".repeat(32));
 * console.assert(result.getJobID().length === 32);
 * ```
 */
export class DetachedJobExecutionResult extends JobExecutionResult {
  /** @param jobId 32 hex digits. */
  constructor(jobId: string) {
    super(jobId, -1);
  }

  /** @throws InvalidProgramError TSF-4154 always. */
  override getNetRuntime(): number {
    throw notWaitedFor();
  }
  /** @throws InvalidProgramError TSF-4154 always. */
  override getAccumulatorResult<R = unknown>(_name: string): R | undefined {
    throw notWaitedFor();
  }
  /** @throws InvalidProgramError TSF-4154 always. */
  override getAllAccumulatorResults(): Readonly<Record<string, unknown>> {
    throw notWaitedFor();
  }
}

function notWaitedFor(): InvalidProgramError {
  return new InvalidProgramError("TSF-4154", "The job was submitted in detached mode: its results are not available", {
    expected: "tsflink run without -d",
    found: "tsflink run -d",
    hint: "Results of job execution, such as accumulators and runtime, are known only to those who wait for the end.",
  });
}

/**
 * A job that was submitted.
 *
 * @example
 * ```ts
 * import { StreamExecutionEnvironment } from "tsflink";
 *
 * const env = StreamExecutionEnvironment.getExecutionEnvironment();
 * env.fromData(1).print();
 * const client = await env.executeAsync("one");
 * await client.getJobExecutionResult();
 * console.assert(await client.getJobStatus() === "FINISHED");
 * ```
 */
export interface JobClient {
  /** 32 hex digits. */
  getJobID(): string;
  /** Where the job stands now. */
  getJobStatus(): Promise<JobStatus>;
  /** Cancels the job; resolves when all its tasks have stopped. Does nothing when the job has ended. */
  cancel(): Promise<void>;
  /**
   * Resolves when the job has finished.
   *
   * @throws FlinkError the job's failure; JobExecutionError TSF-5020 when it was cancelled.
   */
  getJobExecutionResult(): Promise<JobExecutionResult>;
  /** The accumulators so far, by name. */
  getAccumulators(): Promise<Readonly<Record<string, unknown>>>;
}

/**
 * Is told when jobs of an environment are submitted and when they end; see env.registerJobListener.
 *
 * @example
 * ```ts
 * import { StreamExecutionEnvironment } from "tsflink";
 *
 * const env = StreamExecutionEnvironment.getExecutionEnvironment();
 * const heard: string[] = [];
 * env.registerJobListener({
 *   onJobSubmitted: () => heard.push("submitted"),
 *   onJobExecuted: (result, error) => heard.push(result === undefined ? `failed: ${error}` : "executed"),
 * });
 * env.fromData(1).print();
 * await env.execute();
 * console.assert(heard.join() === "submitted,executed");
 * ```
 */
export interface JobListener {
  /** After a submission: exactly one of the two is there. */
  onJobSubmitted?(client: JobClient | undefined, error: unknown): void;
  /** After execute() has waited for the end: exactly one of the two is there. */
  onJobExecuted?(result: JobExecutionResult | undefined, error: unknown): void;
}
