/**
 * The log of a slot in a thread of its own: lines go to the JobMaster in batches.
 *
 * Invariants: what the JobMaster has not written yet is bounded: a slot that prints faster waits for it. A line that is
 * one of few goes at once, because the next thing its task does may be to loop for ever or to fill the heap.
 *
 * @module
 */

import type { Log, LogLevel } from "../../seams/log.ts";
import type { SlotReport } from "./slot_protocol.ts";

/** Characters of a batch of lines. */
const BATCH_CHARS = 64 * 1024;
/** Characters under way at most. */
const MAX_CHARS_UNDER_WAY = 4 * 1024 * 1024;
/** Prints that go at once, between two calls of {@link SlotLog.allowHaste}: a message takes some microseconds. */
const HASTY_PRINTS = 100;
/** Longest wait for the JobMaster before one more batch is sent all the same, in ms. */
const MAX_WAIT_MS = 1000;

/** See the module. */
export class SlotLog implements Log {
  #lines: string[] = [];
  #stream: "stdout" | "stderr" = "stdout";
  #chars = 0;
  #hasty = HASTY_PRINTS;

  /**
   * @param report Sends to the JobMaster.
   * @param underWay One word of shared memory: characters sent that are not written yet; see {@link outputWritten}.
   */
  constructor(readonly report: (report: SlotReport) => void, readonly underWay: Int32Array<SharedArrayBuffer>) {}

  log(level: LogLevel, message: string): void {
    this.flush();
    this.report({ type: "log", level, message });
  }

  print(line: string, stream: "stdout" | "stderr"): void {
    if (stream !== this.#stream) this.flush();
    this.#stream = stream;
    this.#lines.push(line);
    this.#chars += line.length + 1;
    if (this.#hasty > 0) {
      this.#hasty--;
      this.flush();
    } else if (this.#chars >= BATCH_CHARS) {
      this.flush();
    }
  }

  /** Some more prints may go at once; called now and then. */
  allowHaste(): void {
    this.#hasty = HASTY_PRINTS;
  }

  /** Sends what was printed; the loop of the slot calls it every turn. */
  flush(): void {
    if (this.#lines.length === 0) return;
    const lines = this.#lines;
    const chars = this.#chars;
    this.#lines = [];
    this.#chars = 0;
    const { underWay } = this;
    const before = Atomics.load(underWay, 0);
    // The JobMaster never waits for a slot, so this ends; it is the wait for a slow reader of standard output.
    if (before > MAX_CHARS_UNDER_WAY) Atomics.wait(underWay, 0, before, MAX_WAIT_MS);
    Atomics.add(underWay, 0, chars);
    this.report({ type: "output", lines, stream: this.#stream });
  }
}

/** The JobMaster has written these lines. */
export function outputWritten(underWay: Int32Array<SharedArrayBuffer>, lines: readonly string[]): void {
  Atomics.sub(underWay, 0, lines.reduce((chars, line) => chars + line.length + 1, 0));
  Atomics.notify(underWay, 0);
}
