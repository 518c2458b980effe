/**
 * The first run of a main program: records what it learns from outside, so that slots can build its jobs again. Made and
 * bound as {@link HostBinding.program} by whoever starts the program: mod.ts for `deno run job.ts`, the command line.
 *
 * A job can be built again when it was begun while recording: the main module had not been evaluated to its end, no limit
 * was reached, no server was started.
 *
 * @module
 */

import type { ConfigurationValues } from "../api/configuration.ts";
import type { CollectReceiver, PipelineExecutor } from "../api/executor.ts";
import type { ProgramHost } from "../api/host_binding.ts";
import type { JobClient } from "../api/job_client.ts";
import { InvalidProgramError } from "../errors.ts";
import type { Log } from "../seams/log.ts";
import { CallRecorder } from "./call_recorder.ts";
import { isEngine, outside } from "./context.ts";
import { ExecutionJournal } from "./execution_journal.ts";
import { ExternalCalls } from "./external_calls.ts";
import { patchCalls, type Patches } from "./patches.ts";
import {
  claimOnceName,
  DEFAULT_LIMITS,
  errorOutcome,
  nodeArgsOf,
  type Outcome,
  outcomeBytes,
  type ProgramDescriptor,
  type RecordingLimits,
  valueOutcome,
} from "./recording.ts";
import { recordTimers } from "./timers.ts";

/** What a recorder needs to know of the program. */
export interface ProgramRecorderOptions {
  /** The main module. */
  readonly url: string;
  readonly args: readonly string[];
  /** Configuration from outside the program. */
  readonly configuration: ConfigurationValues;
  readonly log: Log;
  readonly limits?: Partial<RecordingLimits>;
  /** Whether the caller is not the program. Default: whether it is the engine; a test has code of its own beside it. */
  readonly isOther?: () => boolean;
}

/** See the head of the file. */
export class ProgramRecorder implements ProgramHost {
  readonly #options: ProgramRecorderOptions;
  readonly #calls: CallRecorder;
  readonly #external: ExternalCalls;
  readonly #journal: ExecutionJournal;
  readonly #onceNames = new Set<string>();
  #patches: Patches | undefined;
  #executions = 0;
  #whyNot: string | undefined;

  constructor(options: ProgramRecorderOptions) {
    this.#options = options;
    const { isOther = isEngine } = options;
    this.#calls = new CallRecorder(options.args, {
      limits: { ...DEFAULT_LIMITS, ...options.limits },
      onFull: (why) => this.stop(why),
      isOther,
      nodeArgs: isCommandLine(options.args) ? undefined : nodeArgsOf(options.url, options.args),
    });
    this.#external = new ExternalCalls(isOther);
    const calls = this.#calls;
    this.#journal = new ExecutionJournal({
      get isOpen() {
        return calls.isOpen;
      },
      event: (event, bytes) => calls.event(event, bytes),
      giveUp: (why) => this.stop(why),
    });
  }

  /** Whether jobs that begin now can be built again. */
  get state(): "recording" | "ended" {
    return this.#calls.isOpen ? "recording" : "ended";
  }
  /** Why jobs that begin now cannot be built again. */
  get whyNotRebuildable(): string | undefined {
    return this.#whyNot;
  }
  /** Whether slots can build the job of this execution again; one that was begun in time can, also after the end. */
  isRebuildable(ordinal: number): boolean {
    return this.#calls.hasMark(ordinal);
  }
  /** Why the job of this execution cannot be built again; undefined when it can. */
  whyNotRebuildableAt(ordinal: number): string | undefined {
    return this.#calls.hasMark(ordinal) ? undefined : this.#whyNot ?? "it was never begun";
  }

  /** Recording begins: tsflink has been imported. Twice does no harm. */
  begin(): void {
    this.install();
  }
  /** Puts the stand-ins in place. */
  install(): void {
    if (this.#patches !== undefined || this.state === "ended") return;
    this.#patches = patchCalls(this.#calls);
    this.#external.install(this.#patches);
    recordTimers(this.#patches, () => this.#calls.passes(), (index) => this.#calls.event({ kind: "timer", index }, 0));
  }
  /** The real functions are back, the very same; recording is over. */
  uninstall(): void {
    this.stop("recording was ended");
  }
  /** Jobs that begin from now on cannot be built again. @param why A clause, for people. */
  stop(why: string): void {
    if (this.state === "ended") return;
    this.#whyNot = why;
    this.#calls.close();
    this.#patches?.undo();
  }

  /** Reads a value once; it becomes a part of the job. */
  async once<V>(name: string, read: () => V | Promise<V>): Promise<V> {
    claimOnceName(this.#onceNames, name);
    const write = (outcome: Outcome) => this.#calls.event({ kind: "once", name, outcome }, outcomeBytes(outcome));
    try {
      const value = await outside(read);
      write(valueOutcome(value));
      return value;
    } catch (error) {
      write(errorOutcome(error));
      throw error;
    }
  }
  /** Counts execute() calls, over all environments. */
  beginExecution(): number {
    const ordinal = this.#executions++;
    const { server, repeated } = this.#external.take();
    if (server !== undefined) this.stop(`${server.call} is called in main(), at ${server.line}`);
    if (this.state === "recording") {
      for (const { call, line } of repeated) this.#warn(call, line);
    }
    this.#calls.mark(ordinal);
    return ordinal;
  }
  /**
   * What a slot needs to build the job of an execution again: the same each time it is asked for.
   *
   * @throws InvalidProgramError TSF-1236 when it cannot be built again.
   */
  descriptor(ordinal: number): ProgramDescriptor {
    const { url, args, configuration } = this.#options;
    const recording = this.#calls.recordingOf(ordinal);
    if (recording !== undefined) return { url, executionOrdinal: ordinal, args: [...args], configuration, recording };
    throw new InvalidProgramError("TSF-1236", "The job cannot be built again in slots of its own", {
      expected: "a job that main() executes while it is recorded",
      found: this.whyNotRebuildableAt(ordinal),
      hint: "Let it run in this isolate: execution.local.isolation: inline.",
    });
  }

  /** The executor the program gets: what it gives back is recorded, what it does itself is not. */
  async executor(load: () => Promise<PipelineExecutor>): Promise<PipelineExecutor> {
    return this.#journal.executor(await outside(load));
  }
  /** A client whose answers are recorded; {@link executor} does it already. */
  recordedClient(ordinal: number, client: JobClient): JobClient {
    return this.#journal.client(ordinal, client);
  }
  /** Receivers whose rows are recorded; {@link executor} does it already. */
  recordedCollect(ordinal: number, collect: ReadonlyMap<string, CollectReceiver>): Map<string, CollectReceiver> {
    return this.#journal.collect(ordinal, collect);
  }
  /** Runs engine code; see context.ts. */
  outside<T>(fn: () => T): T {
    return outside(fn);
  }

  #warn(call: string, line: string): void {
    const advice = `it runs again in every slot; put it into await env.once("name", () => ...)`;
    outside(() => this.#options.log.log("warn", `${call} in main() at ${line}: ${advice}`));
  }
}

/** Whether these are the arguments of the process anyway. */
function isCommandLine(args: readonly string[]): boolean {
  return args.length === Deno.args.length && args.every((arg, index) => arg === Deno.args[index]);
}
