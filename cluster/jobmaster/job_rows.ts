/**
 * Rows for the program that has executed the job (executeAndCollect). Those of a stage that may be tried again count only
 * once it has finished: until then they are held, up to a limit. Beyond it, and in a job without an end, they are handed
 * out as they come; a stage whose rows are out is not tried again, because its next attempt would bring them twice.
 *
 * @module
 */

import { JobExecutionError } from "../../runtime/errors.ts";
import type { CollectReceiver } from "../../runtime/api/executor.ts";
import type { PipelinedRegion } from "./regions.ts";
import type { Stage } from "./stage.ts";

/** Rows of one stage that are held at most. */
export const MAX_HELD_ROWS = 1_000_000;

/** What rows need of their job. */
export interface JobRowsOptions {
  readonly receivers: ReadonlyMap<string, CollectReceiver> | undefined;
  /** Whether rows wait for the end of their stage. */
  readonly isHeld: boolean;
  readonly maxHeldRows?: number;
  readonly fail: (error: unknown) => void;
}

interface Held {
  readonly uid: string;
  readonly batch: unknown[];
}

/** See the module. */
export class JobRows {
  readonly #options: JobRowsOptions;
  readonly #held = new Map<Stage, Held[]>();
  readonly #heldRows = new Map<Stage, number>();
  /** Regions some rows of which are out. */
  readonly #out = new Set<PipelinedRegion>();

  constructor(options: JobRowsOptions) {
    this.#options = options;
  }

  /** A slot has sent some; `taken` asks it for more. */
  add(stage: Stage, uid: string, batch: unknown[], taken: () => void): void {
    const { isHeld, maxHeldRows = MAX_HELD_ROWS, fail } = this.#options;
    const heldRows = (this.#heldRows.get(stage) ?? 0) + batch.length;
    if (isHeld && heldRows <= maxHeldRows && !this.#out.has(stage.region)) {
      this.#heldRows.set(stage, heldRows);
      const held = this.#held.get(stage);
      if (held === undefined) this.#held.set(stage, [{ uid, batch }]);
      else held.push({ uid, batch });
      return taken();
    }
    this.#out.add(stage.region);
    const before = this.#held.has(stage) ? this.handOver(stage) : undefined;
    const pending = before === undefined ? this.#give(uid, batch) : before.then(() => this.#give(uid, batch));
    if (pending === undefined) taken();
    else pending.then(taken, fail);
  }

  /** Whether some are held. */
  has(stage: Stage): boolean {
    return this.#held.has(stage);
  }

  /** The stage has finished: its rows count. */
  async handOver(stage: Stage): Promise<void> {
    const held = this.#held.get(stage) ?? [];
    this.#forget(stage);
    for (const { uid, batch } of held) await this.#give(uid, batch);
  }

  /** Whether the program has rows of it: it cannot be tried again. */
  areOut({ region }: Stage): boolean {
    return this.#out.has(region);
  }

  /** What a job fails with, rows of which {@link areOut}. */
  whyNotAgain(cause: unknown): JobExecutionError {
    return new JobExecutionError("TSF-5220", "The job has failed, and rows of it were handed to the program already", {
      expected: "a job without executeAndCollect(), or one with an end and at most " +
        `${this.#options.maxHeldRows ?? MAX_HELD_ROWS} rows, to be tried again`,
      found: cause instanceof Error ? cause.message : String(cause),
      hint: "Another attempt would hand out the same rows a second time. Write to a sink instead.",
      cause,
    });
  }

  /** What a failed attempt has brought does not count. */
  drop(stage: Stage): void {
    this.#forget(stage);
  }

  #give(uid: string, batch: unknown[]): Promise<void> | undefined {
    return this.#options.receivers?.get(uid)?.(batch) ?? undefined;
  }
  #forget(stage: Stage): void {
    this.#held.delete(stage);
    this.#heldRows.delete(stage);
  }
}
