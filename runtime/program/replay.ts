/**
 * A main program that runs again: every call of the first run gets the result of the first run, earlier executions give
 * what they gave, and the wanted one hands its graph over instead of running. The first difference to the recording
 * ends it with an error that names the call and the line. Made by capture.ts.
 *
 * @module
 */

import type { ExecuteOptions, PipelineExecutor } from "../api/executor.ts";
import type { ProgramHost } from "../api/host_binding.ts";
import type { JobClient, JobStatus } from "../api/job_client.ts";
import { InvalidProgramError, userFrame } from "../errors.ts";
import type { StreamGraph } from "../graph/stream_graph.ts";
import { isMain } from "./context.ts";
import { eventKeys, EventReplay } from "./event_replay.ts";
import { resultOf } from "./execution_journal.ts";
import type { CallTape } from "./patches.ts";
import {
  CALL_KINDS,
  type CallKind,
  type CallResult,
  claimOnceName,
  nodeArgsOf,
  type Outcome,
  type ProgramDescriptor,
  readOutcome,
} from "./recording.ts";
import { deserializeValue } from "../types/generic_serializer.ts";

/** What the wanted execution was given. */
export interface Captured {
  readonly graph: StreamGraph;
  readonly options: ExecuteOptions;
}

/** See the head of the file. */
export class ProgramReplay implements ProgramHost, CallTape {
  readonly args: readonly string[];
  readonly nodeArgs: readonly string[];
  readonly events: EventReplay;
  readonly #descriptor: ProgramDescriptor;
  readonly #captured = Promise.withResolvers<Captured>();
  readonly #environment: Map<string, string | null>;
  readonly #onceNames = new Set<string>();
  readonly #warnings = new Map<string, string>();
  readonly #nextResult: Partial<Record<CallKind, number>> = {};
  #nextCall = 0;
  #executions = 0;
  #lastLine: string | undefined;
  #phase: "before" | "replaying" | "over" = "before";

  constructor(descriptor: ProgramDescriptor) {
    this.#descriptor = descriptor;
    this.args = Object.freeze([...descriptor.args]);
    this.nodeArgs = nodeArgsOf(descriptor.url, descriptor.args);
    this.events = new EventReplay(descriptor.recording.events);
    this.#environment = new Map(descriptor.recording.environment);
    this.#captured.promise.catch(() => {});
  }

  /** The graph of the wanted execution. @throws what {@link fail} was given. */
  get captured(): Promise<Captured> {
    return this.#captured.promise;
  }
  /** Executions the program has begun. */
  get executions(): number {
    return this.#executions;
  }
  /** What the author of the program should know. */
  get warnings(): readonly string[] {
    return [...this.#warnings.values()];
  }
  /** The program is not what was recorded, or cannot go on. The first reason counts. */
  fail(error: unknown): void {
    this.#captured.reject(error);
    this.#close();
  }

  begin(): void {
    if (this.#phase === "before") this.#phase = "replaying";
  }
  async once<V>(name: string, _read: () => V | Promise<V>): Promise<V> {
    claimOnceName(this.#onceNames, name);
    return await this.#outcome(eventKeys.once(name)) as V;
  }
  beginExecution(): number {
    const ordinal = this.#executions++;
    this.events.expect(eventKeys.begin(ordinal), () => {});
    return ordinal;
  }
  /** Of the program: earlier executions give what they gave, the wanted one and later ones nothing. */
  readonly executor: PipelineExecutor = {
    execute: (graph, options) => {
      const { executionOrdinal } = options;
      if (executionOrdinal < this.#descriptor.executionOrdinal) return this.#earlierJob(options);
      if (executionOrdinal === this.#descriptor.executionOrdinal) {
        this.#captured.resolve({ graph, options });
        this.#close();
      }
      return new Promise(() => {});
    },
  };

  passes(): boolean {
    return this.#phase === "over" || !isMain();
  }
  /** Whether a call that is made now is the program's and has a counterpart in the recording. */
  get isReplaying(): boolean {
    return this.#phase === "replaying" && isMain();
  }
  /** The program's line that asked last for something recorded. */
  get lastLine(): string | undefined {
    return this.#lastLine;
  }
  take<R extends CallResult>(kind: CallKind, call: string, real: () => R): R {
    if (this.#phase === "before") return this.#tooEarly(call, real);
    const { calls, results } = this.#descriptor.recording;
    const recorded = CALL_KINDS[calls[this.#nextCall]];
    // What the program does behind the wanted execution, before it waits for it, is its own business.
    if (recorded === undefined && this.#hasBegun) return real();
    if (recorded !== kind) {
      throw this.#differs(call, recorded === undefined ? "no further call" : `a call of ${recorded}`);
    }
    this.#nextCall++;
    const at = this.#nextResult[kind] ?? 0;
    this.#nextResult[kind] = at + 1;
    return results[kind]![at] as R;
  }
  variable(name: string, real: () => string | undefined): string | undefined {
    if (this.#phase === "before") return this.#tooEarly(undefined, real);
    const value = this.#environment.get(name);
    if (value !== undefined) return value ?? undefined;
    if (this.#descriptor.recording.hasWholeEnvironment) return undefined;
    if (this.#hasBegun) return real();
    // Only the runtime's own modules ask now and then.
    if (userFrame(new Error().stack) === undefined) return real();
    throw this.#differs(`Deno.env.get(${JSON.stringify(name)})`, "no read of this environment variable");
  }
  variables(real: () => Record<string, string>): Record<string, string> {
    if (this.#phase === "before") return this.#tooEarly(undefined, real);
    if (!this.#descriptor.recording.hasWholeEnvironment) {
      if (this.#hasBegun) return real();
      throw this.#differs("Deno.env.toObject()", "no read of the whole environment");
    }
    return Object.fromEntries([...this.#environment].filter((entry): entry is [string, string] => entry[1] !== null));
  }
  /** The program sets a variable: it reads it back, the process keeps its own. */
  setVariable(name: string, value: string | null): void {
    this.#environment.set(name, value);
  }

  /** Whether the wanted execution has been called; it is captured a little later. */
  get #hasBegun(): boolean {
    return this.#executions > this.#descriptor.executionOrdinal;
  }
  #close(): void {
    this.#phase = "over";
    this.events.close();
  }
  async #outcome(key: string): Promise<unknown> {
    this.#lastLine = userFrame(new Error().stack) ?? this.#lastLine;
    // Not with a value: a promise would wait for one that looks like a promise.
    const outcome = await new Promise<Outcome>((resolve) =>
      this.events.expect(key, (event) => resolve((event as { outcome: Outcome }).outcome))
    );
    return readOutcome(outcome);
  }
  async #earlierJob({ executionOrdinal: ordinal, collect }: ExecuteOptions): Promise<JobClient> {
    for (const [sink, receive] of collect ?? []) {
      this.events.expect(
        eventKeys.rows(ordinal, sink),
        (event) => receive(deserializeValue((event as { rows: Uint8Array }).rows) as unknown[]),
      );
    }
    const jobId = await this.#outcome(eventKeys.accepted(ordinal)) as string;
    const counts = new Map<string, number>();
    const call = (method: string): Promise<unknown> => {
      const index = counts.get(method) ?? 0;
      counts.set(method, index + 1);
      return this.#outcome(eventKeys.call(ordinal, method, index));
    };
    return {
      getJobID: () => jobId,
      getJobStatus: () => call("getJobStatus") as Promise<JobStatus>,
      cancel: () => call("cancel") as Promise<void>,
      getJobExecutionResult: async () => resultOf(await call("getJobExecutionResult")),
      getAccumulators: () => call("getAccumulators") as Promise<Readonly<Record<string, unknown>>>,
    };
  }

  #tooEarly<R>(call: string | undefined, real: () => R): R {
    const line = call === undefined ? undefined : userFrame(new Error().stack);
    // Packages may do as they like.
    if (line !== undefined && !/\/(npm|node_modules)\//.test(line) && !this.#warnings.has(line)) {
      this.#warnings.set(
        line,
        `${call} at ${line} runs before tsflink is imported: every slot gets its own result; import tsflink first`,
      );
    }
    return real();
  }
  #differs(found: string, recorded: string): InvalidProgramError {
    const error = new InvalidProgramError("TSF-1230", "main() does something else when it is run again", {
      expected: `${recorded}, as in the first run`,
      found,
      hint: "What main() does may depend on its arguments, the clock and random numbers. What depends on anything " +
        'else, such as a file, the process or a counter, belongs into await env.once("name", () => ...). A module that ' +
        "takes such a function when it is imported, as uuid does, is to be imported behind tsflink.",
    });
    this.fail(error);
    return error;
  }
}
