/**
 * Sorts any number of rows by key in bounded memory: what exceeds the limit goes to local disk as sorted runs, which are
 * merged as they are read. Nothing in it takes long: writing and merging runs is work that its owner does in portions.
 *
 * Invariants: rows with equal key and timestamp keep the order in which they came; runs lie in that order, too, and only
 * neighbours are merged. The number of open runs grows by the logarithm of the number of rows.
 *
 * Caller: batch_inputs.ts, one per sorted input of a task.
 *
 * @module
 */

import { invariant } from "../../errors.ts";
import type { Spill } from "../../seams/spill.ts";
import type { CanonicalKey } from "../../state/key_context.ts";
import { mergedRows, type SortedRows } from "./sorted_rows.ts";
import { RunCodec, RunWriter, type SortedRun } from "./sorted_run.ts";
import { SortSegment } from "./sort_segment.ts";

/** Rows sorted at once: about a tenth of a second when all keys differ. */
const SEGMENT_ROWS = 1 << 18;
/** Runs of one level that are merged into one of the next. */
const MAX_FAN = 32;
const MIN_BLOCK_BYTES = 4 * 1024;
const MAX_BLOCK_BYTES = 32 * 1024;
/** Objects in memory against their encoded form, about; and what a row takes beside its value. */
const HEAP_FACTOR = 3;
const ROW_BYTES = 64;

/** What a sorter is made from. */
export interface ExternalSorterOptions {
  readonly spill: Spill;
  /** Memory for rows that are not on disk, about. */
  readonly memoryBytes: number;
  /** Default 2^18. */
  readonly segmentRows?: number;
  /** Default 32. */
  readonly maxFan?: number;
}

interface LeveledRun {
  readonly level: number;
  readonly run: SortedRun;
}

/** A run that is being written. */
interface Writing {
  readonly from: SortedRows;
  readonly to: RunWriter;
  readonly level: number;
}

/** See the module. */
export class ExternalSorter {
  readonly #spill: Spill;
  readonly #memoryBytes: number;
  readonly #segmentRows: number;
  readonly #maxFan: number;
  readonly #codec: RunCodec;
  #segment = new SortSegment();
  /** Sorted, in memory, in the order in which they came. */
  #sorted: SortedRows[] = [];
  #heapBytes = 0;
  /** Sorted, on disk: older than what is in memory. */
  #runs: LeveledRun[] = [];
  #writing: Writing | undefined;
  #result: SortedRows | undefined;
  /** Runs written so far; for metrics and tests. */
  numRuns = 0;

  constructor(options: ExternalSorterOptions) {
    this.#spill = options.spill;
    this.#memoryBytes = options.memoryBytes;
    this.#segmentRows = options.segmentRows ?? SEGMENT_ROWS;
    this.#maxFan = options.maxFan ?? MAX_FAN;
    const share = Math.floor(options.memoryBytes / (4 * this.#maxFan));
    this.#codec = new RunCodec(Math.min(MAX_BLOCK_BYTES, Math.max(MIN_BLOCK_BYTES, share)));
  }

  /** Whether {@link work} must be called before more rows are added. */
  get isBusy(): boolean {
    return this.#writing !== undefined;
  }

  add(key: CanonicalKey, value: unknown, timestamp: number): void {
    this.#segment.add(key, value, timestamp);
  }

  /** Says what the rows added since the last call take in encoded form; may find that some must go to disk. */
  charge(rows: number, encodedBytes: number): void {
    invariant(this.#writing === undefined, "Rows come while a run is written");
    this.#segment.bytes += encodedBytes;
    this.#heapBytes += rows * ROW_BYTES + encodedBytes * HEAP_FACTOR;
    const isOver = this.#heapBytes >= this.#memoryBytes;
    if (isOver || this.#segment.rows >= this.#segmentRows) this.#seal();
    if (isOver) this.#startWriting(this.#sorted, 0);
  }

  /** Goes on writing; false when it stopped early. */
  work(proceed: () => boolean): boolean {
    while (this.#writing !== undefined) {
      const { from, to } = this.#writing;
      while (from.next()) {
        to.add(from);
        if (!proceed()) return false;
      }
      this.#finishWriting(this.#writing);
    }
    return true;
  }

  /** All rows are there: gives them in order. */
  finish(): SortedRows {
    invariant(this.#writing === undefined, "A sort ends while a run is written");
    this.#seal();
    const sources = [...this.#runs.map(({ run }) => run), ...this.#sorted];
    this.#runs = [];
    this.#sorted = [];
    return this.#result = mergedRows(sources);
  }

  /** Lets go of memory and disk; twice does no harm. */
  close(): void {
    for (const { run } of this.#runs) run.close();
    this.#runs = [];
    this.#sorted = [];
    this.#segment = new SortSegment();
    this.#writing?.from.close();
    this.#writing?.to.abandon();
    this.#writing = undefined;
    this.#result?.close();
  }

  #seal(): void {
    if (this.#segment.rows === 0 && this.#sorted.length > 0) return;
    this.#sorted.push(this.#segment.sorted());
    this.#segment = new SortSegment();
  }

  #startWriting(sources: readonly SortedRows[], level: number): void {
    this.#writing = { from: mergedRows(sources), to: new RunWriter(this.#spill, this.#codec), level };
  }

  #finishWriting({ to, level }: Writing): void {
    this.#writing = undefined;
    this.numRuns++;
    if (level === 0) {
      this.#sorted = [];
      this.#heapBytes = 0;
    }
    this.#runs.push({ level, run: to.finish() });
    const last = this.#runs.slice(-this.#maxFan);
    if (last.length < this.#maxFan || last.some((one) => one.level !== level)) return;
    this.#runs.length -= last.length;
    this.#startWriting(last.map(({ run }) => run), level + 1);
  }
}
