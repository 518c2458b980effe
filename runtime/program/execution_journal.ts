/**
 * What a main program learns from its own jobs: whether they were accepted, what the client's calls gave, the rows of
 * executeAndCollect. All of it is written down before the program sees it, so that a later job of the program can be
 * built again; rows as bytes, because the program may change them. recorder.ts puts it around the executor.
 *
 * @module
 */

import type { CollectReceiver, PipelineExecutor } from "../api/executor.ts";
import { type JobClient, JobExecutionResult, type JobStatus } from "../api/job_client.ts";
import { serializeValue } from "../types/generic_serializer.ts";
import { outside } from "./context.ts";
import { errorOutcome, type Outcome, outcomeBytes, type RecordedEvent, valueOutcome } from "./recording.ts";

/** Where events go. */
export interface EventLog {
  readonly isOpen: boolean;
  event(event: RecordedEvent, bytes: number): void;
  /** The recording cannot go on: something cannot be written down. */
  giveUp(why: string): void;
}

/** Writes down what comes back from the jobs of one program. Wrapping twice does no harm. */
export class ExecutionJournal {
  readonly #log: EventLog;
  /** Executions whose acceptance is written down. */
  readonly #accepted = new Set<number>();
  readonly #wrapped = new WeakSet<object>();

  constructor(log: EventLog) {
    this.#log = log;
  }

  /** Executes as `executor` does, outside the recording. */
  executor(executor: PipelineExecutor): PipelineExecutor {
    return {
      execute: async (graph, options): Promise<JobClient> => {
        const { executionOrdinal: ordinal } = options;
        const collect = options.collect && this.collect(ordinal, options.collect);
        try {
          const client = await outside(() => executor.execute(graph, { ...options, collect }));
          return this.client(ordinal, client);
        } catch (error) {
          write(this.#log, () => errorOutcome(error), (outcome) => ({ kind: "accepted", ordinal, outcome }));
          throw error;
        }
      },
    };
  }
  /** A client whose answers are written down. */
  client(ordinal: number, client: JobClient): JobClient {
    if (this.#wrapped.has(client)) return client;
    const jobId = client.getJobID();
    if (!this.#accepted.has(ordinal)) {
      this.#accepted.add(ordinal);
      write(this.#log, () => valueOutcome(jobId), (outcome) => ({ kind: "accepted", ordinal, outcome }));
    }
    const recorded = this.#recordedClient(ordinal, client, jobId);
    this.#wrapped.add(recorded);
    return recorded;
  }
  /** Receivers whose rows are written down. */
  collect(ordinal: number, collect: ReadonlyMap<string, CollectReceiver>): Map<string, CollectReceiver> {
    return new Map([...collect].map(([sink, receive]) => [sink, this.#recordedReceiver(ordinal, sink, receive)]));
  }

  #recordedClient(ordinal: number, client: JobClient, jobId: string): JobClient {
    const counts = new Map<string, number>();
    const call = <T>(method: string, fn: () => Promise<T>, plain?: (value: T) => unknown): Promise<T> => {
      const index = counts.get(method) ?? 0;
      counts.set(method, index + 1);
      return settled(fn, this.#log, (outcome) => ({ kind: "call", ordinal, method, index, outcome }), plain);
    };
    return {
      getJobID: () => jobId,
      getJobStatus: () => call<JobStatus>("getJobStatus", () => client.getJobStatus()),
      cancel: () => call("cancel", () => client.cancel()),
      getJobExecutionResult: () => call("getJobExecutionResult", () => client.getJobExecutionResult(), plainResult),
      getAccumulators: () => call("getAccumulators", () => client.getAccumulators()),
    };
  }
  #recordedReceiver(ordinal: number, sink: string, receive: CollectReceiver): CollectReceiver {
    if (this.#wrapped.has(receive)) return receive;
    const recorded: CollectReceiver = (batch) => {
      if (this.#log.isOpen) writeRows(ordinal, sink, batch, this.#log);
      return receive(batch);
    };
    this.#wrapped.add(recorded);
    return recorded;
  }
}

function writeRows(ordinal: number, sink: string, batch: unknown[], log: EventLog): void {
  try {
    const rows = serializeValue(batch);
    log.event({ kind: "rows", ordinal, sink, rows }, rows.length);
  } catch (error) {
    log.giveUp(`a row of executeAndCollect() cannot be copied: ${messageOf(error)}`);
  }
}

/** Calls the engine; the outcome is written down before the program learns of it. */
async function settled<T>(
  fn: () => Promise<T>,
  log: EventLog,
  event: (outcome: Outcome) => RecordedEvent,
  plain: (value: T) => unknown = (value) => value,
): Promise<T> {
  let value: T;
  try {
    value = await outside(fn);
  } catch (error) {
    write(log, () => errorOutcome(error), event);
    throw error;
  }
  write(log, () => valueOutcome(plain(value)), event);
  return value;
}

function write(log: EventLog, outcome: () => Outcome, event: (outcome: Outcome) => RecordedEvent): void {
  if (!log.isOpen) return;
  try {
    const written = outcome();
    log.event(event(written), outcomeBytes(written));
  } catch (error) {
    log.giveUp(`a result of a job cannot be copied: ${messageOf(error)}`);
  }
}

/** A result without its class; {@link resultOf} makes it again. */
function plainResult(result: JobExecutionResult): unknown {
  return [result.getJobID(), result.getNetRuntime(), result.getAllAccumulatorResults()];
}
/** The result of {@link plainResult}. */
export function resultOf(plain: unknown): JobExecutionResult {
  const [jobId, netRuntimeMs, accumulators] = plain as [string, number, Readonly<Record<string, unknown>>];
  return new JobExecutionResult(jobId, netRuntimeMs, accumulators);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message.split("\n", 1)[0] : String(error);
}
