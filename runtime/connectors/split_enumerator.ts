/**
 * The enumerator most connectors share: finds splits once or again and again and gives them out. Called by the source
 * coordinator, one call at a time.
 *
 * Invariant: a split is in exactly one place: waiting here, or assigned (then it is the reader's, or the runtime's to
 * bring back with addSplitsBack).
 *
 * @module
 */

import type { SourceSplit, SplitEnumerator, SplitEnumeratorContext } from "../functions/source.ts";

/**
 * How splits find their readers. "pull": a reader asks when it has nothing to read, so fast readers read more; for
 * splits that end. "spread": every split goes to a reader at once; for splits that never end.
 */
export type SplitAssignment = "pull" | "spread";

/** What {@link DiscoveringEnumerator} keeps in a checkpoint; plain data. */
export interface EnumeratorCheckpoint {
  /** Serialized splits nobody has got yet. */
  readonly waiting: readonly unknown[];
  /** Groups of all splits found so far; kept only while there is more to find. */
  readonly known: readonly string[];
  /** Whether splits have been looked for at least once. */
  readonly discovered: boolean;
  /** Splits given out by "spread", for the next turn. */
  readonly spreadTurn: number;
}

/** How a {@link DiscoveringEnumerator} finds and gives out splits. */
export interface DiscoveryOptions<SplitT extends SourceSplit> {
  readonly assignment: SplitAssignment;
  /** An array when all splits are known at once; a promise when finding them takes input or output. */
  discover(): SplitT[] | Promise<SplitT[]>;
  /** Look again that often; undefined = once. */
  readonly periodMs?: number;
  /** What is known once one of its splits was found: the file of a split, for example. Default: the split's id. */
  groupOf?(split: SplitT): string;
  serializeSplit(split: SplitT): unknown;
  deserializeSplit(data: unknown): SplitT;
}

/** Finds splits and gives them out by one of two rules. */
export class DiscoveringEnumerator<SplitT extends SourceSplit>
  implements SplitEnumerator<SplitT, EnumeratorCheckpoint> {
  readonly #context: SplitEnumeratorContext<SplitT>;
  readonly #options: DiscoveryOptions<SplitT>;
  #waiting: SplitT[];
  readonly #known: Set<string>;
  #discovered: boolean;
  #spreadTurn: number;
  /** Readers that asked and got nothing, in order. */
  readonly #asking = new Set<number>();
  /** "spread": splits whose reader has not registered yet. */
  readonly #owned = new Map<number, SplitT[]>();

  constructor(
    context: SplitEnumeratorContext<SplitT>,
    options: DiscoveryOptions<SplitT>,
    restored?: EnumeratorCheckpoint,
  ) {
    this.#context = context;
    this.#options = options;
    this.#waiting = (restored?.waiting ?? []).map((data) => options.deserializeSplit(data));
    this.#known = new Set(restored?.known ?? []);
    this.#discovered = restored?.discovered ?? false;
    this.#spreadTurn = restored?.spreadTurn ?? 0;
  }

  start(): void {
    const { periodMs } = this.#options;
    if (this.#discovered && periodMs === undefined) {
      this.#assign();
      return;
    }
    if (periodMs !== undefined) {
      this.#context.callAsync(
        async () => await this.#options.discover(),
        (splits, error) => this.#handle(splits, error),
        periodMs,
      );
      return;
    }
    const found = this.#options.discover();
    // Splits that are known without waiting are there before the first request.
    if (!(found instanceof Promise)) this.#add(found);
    else {
      // A failure is handled below, however late the runtime looks at it.
      found.catch(() => {});
      this.#context.callAsync(() => found, (splits, error) => this.#handle(splits, error));
    }
  }

  handleSplitRequest(subtaskId: number): void {
    this.#asking.add(subtaskId);
    this.#assign();
  }

  addSplitsBack(splits: SplitT[], subtaskId: number): void {
    // Before the others: they may be older than what is waiting.
    this.#waiting.unshift(...splits);
    this.#asking.delete(subtaskId);
    this.#assign();
  }

  addReader(_subtaskId: number): void {
    if (this.#options.assignment === "spread") this.#assign();
  }

  snapshotState(_checkpointId: number): EnumeratorCheckpoint {
    const owned = [...this.#owned.values()].flat();
    return {
      waiting: [...owned, ...this.#waiting].map((split) => this.#options.serializeSplit(split)),
      known: this.#options.periodMs === undefined ? [] : [...this.#known],
      discovered: this.#discovered,
      spreadTurn: this.#spreadTurn,
    };
  }

  close(): void {}

  #handle(splits: SplitT[] | undefined, error: unknown): void {
    if (error !== undefined && error !== null) {
      // What was found once may be away for a moment; what was never there is a mistake.
      if (this.#discovered && this.#options.periodMs !== undefined) {
        this.#context.metricGroup.counter("numFailedDiscoveries").inc();
        return;
      }
      throw error;
    }
    this.#add(splits ?? []);
  }

  #add(splits: readonly SplitT[]): void {
    this.#discovered = true;
    const groups = splits.map((split) => this.#options.groupOf?.(split) ?? split.splitId());
    this.#waiting.push(...splits.filter((_, i) => !this.#known.has(groups[i])));
    for (const group of groups) this.#known.add(group);
    this.#assign();
  }

  /** Nothing was found and nothing will be. */
  get #exhausted(): boolean {
    return this.#discovered && this.#options.periodMs === undefined && this.#waiting.length === 0;
  }

  #assign(): void {
    if (this.#options.assignment === "spread") this.#spread();
    const registered = new Set(this.#context.registeredReaders());
    for (const reader of [...this.#asking]) {
      if (!registered.has(reader)) {
        this.#asking.delete(reader);
        continue;
      }
      if (this.#options.assignment === "pull") {
        const split = this.#waiting.shift();
        if (split !== undefined) {
          this.#asking.delete(reader);
          this.#context.assignSplit(split, reader);
          continue;
        }
      }
      if (!this.#exhausted || this.#owned.has(reader)) continue;
      this.#asking.delete(reader);
      this.#context.signalNoMoreSplits(reader);
    }
  }

  #spread(): void {
    const parallelism = this.#context.currentParallelism();
    for (const split of this.#waiting) {
      const owner = this.#spreadTurn++ % parallelism;
      const splits = this.#owned.get(owner);
      if (splits === undefined) this.#owned.set(owner, [split]);
      else splits.push(split);
    }
    this.#waiting = [];
    for (const reader of this.#context.registeredReaders()) {
      const splits = this.#owned.get(reader);
      if (splits === undefined) continue;
      this.#owned.delete(reader);
      for (const split of splits) this.#context.assignSplit(split, reader);
    }
  }
}
