/**
 * How much one step of a task may do: so many elements, as long as no mail waits and no output is full.
 *
 * @module
 */

import type { RecordWriter } from "../network/record_writer.ts";
import type { Mailbox } from "./mailbox.ts";

/** How much a step may still do. */
export class StepBudget {
  #left = 0;
  /** @param rows Elements a step may handle before mail and other tasks get their turn. */
  constructor(readonly rows: number, readonly mailbox: Mailbox, readonly writers: readonly RecordWriter[]) {}

  refill(): void {
    this.#left = this.rows;
  }
  /** Whether {@link proceed} would say yes. */
  get isOpen(): boolean {
    return this.#left > 0 && !this.mailbox.hasMail && this.hasRoom;
  }
  /** Whether one more element may be handled now; counts it. */
  readonly proceed = (): boolean => {
    if (!this.isOpen) return false;
    this.#left--;
    return true;
  };
  get hasRoom(): boolean {
    for (let i = 0; i < this.writers.length; i++) if (!this.writers[i].options.partition.hasRoom) return false;
    return true;
  }
  get isUsedUp(): boolean {
    return this.#left <= 0;
  }
}
