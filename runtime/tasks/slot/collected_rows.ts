/**
 * Rows on their way from collect sinks to the client. A slot in a thread of its own sends them in batches, because a
 * message to another thread and its answer take longer than most operators; inline every row goes at once.
 *
 * Invariants: rows of a sink stay in order; what was not sent yet and what the client has not taken yet are both bounded.
 *
 * Who calls: slot.ts.
 *
 * @module
 */

/** How rows travel. */
export interface CollectedRowsOptions {
  /** Hands a batch over; {@link CollectedRows.taken} follows, possibly before this returns. Throws for a row it cannot. */
  readonly send: (uid: string, batchId: number, batch: unknown[]) => void;
  /** A row could not be sent, by the batch that it came in. */
  readonly fail: (uid: string, error: unknown) => void;
  /** Rows of a batch; it goes earlier with {@link CollectedRows.flush}. */
  readonly maxRows: number;
  /** Batches that the client has not taken; the sinks wait behind them. */
  readonly maxUnderWay: number;
}

/** See the module. */
export class CollectedRows {
  readonly #options: CollectedRowsOptions;
  /** By sink, not sent yet. */
  readonly #pending = new Map<string, unknown[]>();
  readonly #underWay = new Set<number>();
  #waiting: (() => void)[] = [];
  #lastBatchId = 0;

  constructor(options: CollectedRowsOptions) {
    this.#options = options;
  }

  /** Takes rows of a sink; a promise while the client is behind. */
  add(uid: string, rows: readonly unknown[]): Promise<void> | void {
    let pending = this.#pending.get(uid);
    if (pending === undefined) this.#pending.set(uid, pending = []);
    for (const row of rows) pending.push(row);
    if (pending.length >= this.#options.maxRows) this.#send(uid, pending);
    if (this.#underWay.size < this.#options.maxUnderWay) return;
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Sends what there is; nobody waits longer for a row than until the next call. */
  flush(): void {
    for (const [uid, rows] of this.#pending) if (rows.length > 0) this.#send(uid, rows);
  }

  /** The client has taken a batch. */
  taken(batchId: number): void {
    if (!this.#underWay.delete(batchId)) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const goOn of waiting) goOn();
  }

  #send(uid: string, rows: unknown[]): void {
    this.#pending.set(uid, []);
    const batchId = ++this.#lastBatchId;
    this.#underWay.add(batchId);
    try {
      this.#options.send(uid, batchId, rows);
    } catch (error) {
      this.#underWay.delete(batchId);
      // The rows before the one that cannot be sent are results all the same.
      if (rows.length > 1) { for (const row of rows) this.#send(uid, [row]); }
      else this.#options.fail(uid, error);
    }
  }
}
