/**
 * What the jobs of a TaskManager print: it goes to the process's own output, without a prefix (as in Flink), and the last
 * lines of it are kept for whoever asks over REST.
 *
 * @module
 */

import type { Log } from "../../runtime/seams/log.ts";

/** A line that was printed. */
export interface OutputLine {
  readonly jobId: string;
  readonly stream: "stdout" | "stderr";
  readonly line: string;
}

/** Characters kept of one line. */
const MAX_LINE_CHARS = 4096;

/** See the module. */
export class SlotOutput {
  /** A ring; `#next` is the oldest once it is full. */
  readonly #lines: OutputLine[] = [];
  #next = 0;

  constructor(readonly log: Log, readonly maxLines: number) {}

  write(jobId: string, lines: readonly string[], stream: "stdout" | "stderr"): void {
    for (const line of lines) {
      this.log.print(line, stream);
      this.#keep({ jobId, stream, line: line.length > MAX_LINE_CHARS ? `${line.slice(0, MAX_LINE_CHARS)}...` : line });
    }
  }

  /** The last lines, oldest first. */
  tail(): OutputLine[] {
    return [...this.#lines.slice(this.#next), ...this.#lines.slice(0, this.#next)];
  }

  #keep(line: OutputLine): void {
    if (this.#lines.length < this.maxLines) {
      this.#lines.push(line);
      return;
    }
    this.#lines[this.#next] = line;
    this.#next = (this.#next + 1) % this.maxLines;
  }
}
