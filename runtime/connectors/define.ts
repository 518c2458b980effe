/**
 * Sources and sinks in a few lines: `defineSource` over async iterables, `defineSink` over a writer object. Thin
 * adapters over the Source and Sink contracts; try them with the tables of `tsflink/testing`.
 *
 * @module
 */

import { FlinkError, InvalidProgramError, JobExecutionError, RetryableError, userFrame } from "../errors.ts";
import type {
  CommitRequest,
  Committer,
  Sink,
  SinkWriter,
  SinkWriterContext,
  WriterInitContext,
} from "../functions/sink.ts";
import type {
  Boundedness,
  Source,
  SourceReader,
  SourceReaderContext,
  SplitEnumeratorContext,
} from "../functions/source.ts";
import type { Clock } from "../seams/clock.ts";
import type { LocalFiles } from "../seams/local_files.ts";
import { type DurationLike, toMillis } from "../types/duration.ts";
import { DiscoveringSource, type SplitDiscovery } from "./discovering_source.ts";
import { FetchedSplit } from "./fetched_split.ts";
import { FetchingReader, type SourceBatch } from "./fetching_reader.ts";
import { checkOption } from "./invalid_option.ts";
import type { EnumeratorCheckpoint, SplitAssignment } from "./split_enumerator.ts";

/** What finding and opening splits may use. */
export interface SplitContext {
  /** Local files. */
  readonly files: LocalFiles;
  /** Time; manual in tests. */
  readonly clock: Clock;
}
/** What reading a split may use. */
export interface OpenSplitContext extends SplitContext {
  /** Aborted when the task is cancelled or ends; the iterable must end soon then. */
  readonly signal: AbortSignal;
  /** From 0. */
  readonly indexOfSubtask: number;
  /** Subtasks that read. */
  readonly parallelism: number;
}

/** The parts of a source; see {@link defineSource}. */
export interface SourceDefinition<T, SplitT, PositionT> {
  /** Named in errors. Default "source". */
  readonly name?: string;
  /** Bounded sources end, and so does the job; "continuous-unbounded" ones run until they are stopped. */
  readonly boundedness: Boundedness;
  /** What to read: structured-cloneable values, all different. A function is called when the job starts. */
  readonly splits: readonly SplitT[] | ((context: SplitContext) => readonly SplitT[] | Promise<readonly SplitT[]>);
  /** A name for a split, unique and the same in every run. Default: the split as text or JSON. */
  readonly splitId?: (split: SplitT) => string;
  /** Call `splits` again that often and read what is new. Default: once. */
  readonly discoveryInterval?: DurationLike;
  /**
   * "pull" (default of bounded sources): a reader takes the next split when it has read one to its end. "spread"
   * (default of unbounded ones): every reader reads its share of all splits at the same time.
   */
  readonly assignment?: SplitAssignment;
  /**
   * Reads a split from a position on; undefined = from its beginning. Reading again from a position must give the
   * same records in the same order; batches may be cut differently.
   */
  open(split: SplitT, position: PositionT | undefined, context: OpenSplitContext): AsyncIterable<
    SourceBatch<T, PositionT>
  >;
}

/** The split of a defined source. */
export type DefinedSplit<SplitT, PositionT> = FetchedSplit<SplitT, PositionT>;

/**
 * Makes a source from a list of splits and a function that reads one. Positions are checkpointed exactly, also in the
 * middle of a batch; `n` subtasks share the splits.
 *
 * @throws InvalidProgramError TSF-3016 for a wrong option.
 *
 * @example
 * ```ts
 * import { defineSource } from "tsflink";
 *
 * const countdown = defineSource({
 *   boundedness: "bounded",
 *   splits: [3, 5],
 *   async *open(from, position: number | undefined) {
 *     for (let n = position ?? from; n > 0; n--) yield { records: [n], position: n - 1 };
 *   },
 * });
 * console.assert(countdown.getBoundedness() === "bounded");
 * ```
 */
export function defineSource<T, SplitT, PositionT>(
  definition: SourceDefinition<T, SplitT, PositionT>,
): Source<T, DefinedSplit<SplitT, PositionT>, EnumeratorCheckpoint> {
  return new DefinedSource(definition);
}

class DefinedSource<T, SplitT, PositionT> extends DiscoveringSource<T, DefinedSplit<SplitT, PositionT>> {
  readonly #definition: SourceDefinition<T, SplitT, PositionT>;
  readonly #assignment: SplitAssignment;
  readonly #periodMs: number | undefined;

  constructor(definition: SourceDefinition<T, SplitT, PositionT>) {
    super();
    const { boundedness, splits, open, discoveryInterval } = definition;
    checkOption(
      boundedness === "bounded" || boundedness === "continuous-unbounded",
      "boundedness",
      '"bounded" or "continuous-unbounded"',
      boundedness,
    );
    checkOption(Array.isArray(splits) || typeof splits === "function", "splits", "an array or a function", splits);
    checkOption(typeof open === "function", "open", "a function", open);
    this.#definition = definition;
    this.#assignment = definition.assignment ?? (boundedness === "bounded" ? "pull" : "spread");
    this.#periodMs = discoveryInterval === undefined ? undefined : toMillis(discoveryInterval);
    checkOption(
      this.#periodMs === undefined || boundedness !== "bounded",
      "discoveryInterval",
      'boundedness "continuous-unbounded"',
      boundedness,
    );
    // A list that cannot work is refused before the job starts.
    if (typeof splits !== "function") this.#named(splits);
  }

  override getBoundedness(): Boundedness {
    return this.#definition.boundedness;
  }

  override createReader(context: SourceReaderContext): SourceReader<T, DefinedSplit<SplitT, PositionT>> {
    const definition = this.#definition;
    return new FetchingReader<T, SplitT, PositionT>(context, {
      name: definition.name ?? "source",
      pull: this.#assignment === "pull",
      concurrentSplits: this.#assignment === "pull" ? 1 : Infinity,
      open: (split, position, { signal }) =>
        definition.open(split, position, {
          signal,
          files: context.files,
          clock: context.clock,
          indexOfSubtask: context.indexOfSubtask,
          parallelism: context.currentParallelism,
        }),
    });
  }

  override deserializeSplit(data: unknown): DefinedSplit<SplitT, PositionT> {
    return FetchedSplit.fromData(data);
  }

  protected override discovery(
    context: SplitEnumeratorContext<DefinedSplit<SplitT, PositionT>>,
  ): SplitDiscovery<DefinedSplit<SplitT, PositionT>> {
    const { splits } = this.#definition;
    return {
      assignment: this.#assignment,
      periodMs: this.#periodMs,
      discover: () => {
        const fail = (cause: unknown): never => this.#failFinding(cause);
        try {
          const found = typeof splits === "function" ? splits({ files: context.files, clock: context.clock }) : splits;
          return found instanceof Promise ? found.then((list) => this.#named(list)).catch(fail) : this.#named(found);
        } catch (cause) {
          return fail(cause);
        }
      },
    };
  }

  #failFinding(cause: unknown): never {
    // Errors of the project say everything already.
    if (cause instanceof FlinkError) throw cause;
    throw new JobExecutionError("TSF-3032", `Finding the splits of ${this.#definition.name ?? "source"} failed`, {
      expected: "an array of splits",
      found: cause instanceof Error ? cause.message : String(cause),
      userLine: cause instanceof Error ? userFrame(cause.stack) : undefined,
      cause,
    });
  }

  #named(splits: readonly SplitT[]): DefinedSplit<SplitT, PositionT>[] {
    if (!Array.isArray(splits)) throw new TypeError(`splits() gave ${String(splits)}`);
    const ids = new Set<string>();
    return [...splits].map((split) => {
      const id = this.#definition.splitId?.(split) ?? defaultSplitId(split);
      if (ids.has(id)) {
        throw new InvalidProgramError("TSF-3030", "Two splits of a source have the same id", {
          expected: "splits with different ids",
          found: id,
          hint: "Make the splits different or give splitId.",
        });
      }
      ids.add(id);
      return new FetchedSplit<SplitT, PositionT>(id, split, undefined);
    });
  }
}

function defaultSplitId(split: unknown): string {
  return typeof split === "string" ? split : JSON.stringify(split) ?? String(split);
}

/** The writer of a defined sink; one per subtask. */
export interface DefinedSinkWriter<T, CommT, StateT> {
  /** A returned promise holds back further records until it resolves. */
  write(value: T, context: SinkWriterContext): void | Promise<void>;
  /** Called before each checkpoint and at the end: everything written so far must be out (or ready to commit). */
  flush?(endOfInput: boolean): void | Promise<void>;
  /** What `commit` gets once the checkpoint is complete; called after `flush`. */
  prepareCommit?(): CommT[] | Promise<CommT[]>;
  /** What `open` gets after a restore; structured-cloneable. */
  snapshotState?(checkpointId: number): StateT[];
  /** Called once at the end, also after a failure. */
  close?(): void | Promise<void>;
}

/** The parts of a sink; see {@link defineSink}. */
export interface SinkDefinition<T, CommT = never, StateT = never> {
  /** Opens the writer of one subtask. */
  open(
    context: WriterInitContext,
    restored: readonly StateT[],
  ): DefinedSinkWriter<T, CommT, StateT> | Promise<DefinedSinkWriter<T, CommT, StateT>>;
  /**
   * Makes prepared results visible, together or not at all; called again with the same ones after a failure, so it
   * must leave what is already committed as it is. A RetryableError is tried again, any other error fails the job.
   */
  readonly commit?: (committables: readonly CommT[], context: { readonly signal: AbortSignal }) => void | Promise<void>;
}

/**
 * Makes a sink from a writer, and, with `commit`, a two-phase one: what writers prepare before a checkpoint becomes
 * visible after it.
 *
 * @throws InvalidProgramError TSF-3016 for a wrong option.
 *
 * @example
 * ```ts
 * import { defineSink } from "tsflink";
 *
 * const seen: number[] = [];
 * const sink = defineSink({ open: () => ({ write: (value: number) => void seen.push(value) }) });
 * console.assert(sink.createCommitter === undefined);
 * ```
 */
export function defineSink<T, CommT = never, StateT = never>(
  definition: SinkDefinition<T, CommT, StateT>,
): Sink<T, CommT, StateT> {
  const { open, commit } = definition;
  checkOption(typeof open === "function", "open", "a function", open);
  checkOption(commit === undefined || typeof commit === "function", "commit", "a function", commit);
  const sink: Sink<T, CommT, StateT> = {
    createWriter: (context, restored = []) => new DefinedWriter(definition.open(context, restored)),
  };
  if (commit === undefined) return sink;
  return { ...sink, createCommitter: ({ signal }) => new DefinedCommitter<CommT>((all) => commit(all, { signal })) };
}

class DefinedWriter<T, CommT, StateT> implements SinkWriter<T, CommT, StateT> {
  #writer: DefinedSinkWriter<T, CommT, StateT> | undefined;
  readonly #opening: Promise<DefinedSinkWriter<T, CommT, StateT>> | undefined;
  /** State of an opening writer is what it was opened with: nothing was written yet. */
  constructor(opened: DefinedSinkWriter<T, CommT, StateT> | Promise<DefinedSinkWriter<T, CommT, StateT>>) {
    if (opened instanceof Promise) {
      this.#opening = opened.then((writer) => this.#writer = checkedWriter(writer));
      // Seen by the first call; a writer that is never used must not fail the process.
      this.#opening.catch(() => {});
    } else this.#writer = checkedWriter(opened);
  }

  write(value: T, context: SinkWriterContext): void | Promise<void> {
    if (this.#writer !== undefined) return this.#writer.write(value, context);
    // The context is only valid during this call.
    const [watermark, timestamp] = [context.currentWatermark(), context.timestamp()];
    const kept = { currentWatermark: () => watermark, timestamp: () => timestamp };
    return this.#opening!.then((writer) => writer.write(value, kept));
  }

  flush(endOfInput: boolean): void | Promise<void> {
    if (this.#writer !== undefined) return this.#writer.flush?.(endOfInput);
    return this.#opening!.then((writer) => writer.flush?.(endOfInput));
  }

  prepareCommit(): CommT[] | Promise<CommT[]> {
    if (this.#writer !== undefined) return this.#writer.prepareCommit?.() ?? [];
    return this.#opening!.then((writer) => writer.prepareCommit?.() ?? []);
  }

  snapshotState(checkpointId: number): StateT[] {
    // flush() comes first and waits for the opening, so the writer is there.
    return this.#writer?.snapshotState?.(checkpointId) ?? [];
  }

  close(): void | Promise<void> {
    if (this.#writer !== undefined) return this.#writer.close?.();
    return this.#opening!.then((writer) => writer.close?.(), () => {});
  }
}

function checkedWriter<W extends { write: unknown }>(writer: W): W {
  if (typeof writer?.write === "function") return writer;
  throw new InvalidProgramError("TSF-3033", "open() of a sink must give a writer", {
    expected: "an object with write(value, context)",
    found: writer === null || typeof writer !== "object" ? String(writer) : `{ ${Object.keys(writer).join(", ")} }`,
  });
}

class DefinedCommitter<CommT> implements Committer<CommT> {
  constructor(readonly commitAll: (committables: readonly CommT[]) => void | Promise<void>) {}

  async commit(requests: readonly CommitRequest<CommT>[]): Promise<void> {
    try {
      await this.commitAll(requests.map((request) => request.getCommittable()));
    } catch (error) {
      if (!(error instanceof RetryableError)) throw error;
      for (const request of requests) request.retryLater();
    }
  }
}
