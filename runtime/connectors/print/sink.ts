/**
 * Prints every record as one line, as `stream.print()` does.
 *
 * @module
 */

import type { Sink, SinkWriter, WriterInitContext } from "../../functions/sink.ts";
import { formatValue } from "./format_value.ts";

/**
 * Writes every record to standard output or standard error. A line begins with `identifier:subtask> ` when there is an
 * identifier and more than one subtask, with `identifier> ` or `subtask> ` when there is one of them, and with nothing
 * otherwise; subtasks count from 1.
 *
 * @example
 * ```ts
 * import { PrintSink } from "tsflink";
 *
 * console.assert(new PrintSink("words").identifier === "words");
 * ```
 */
export class PrintSink<T> implements Sink<T> {
  /**
   * Prints a line per record, after `identifier:subtask>` where there is something to tell apart.
   *
   * @param identifier Names the sink in its lines; default none.
   * @param toStdErr Print to standard error. Default false.
   */
  constructor(readonly identifier: string = "", readonly toStdErr: boolean = false) {}

  createWriter(context: WriterInitContext): SinkWriter<T> {
    const subtask = context.parallelism > 1 ? String(context.subtaskIndex + 1) : "";
    const name = this.identifier !== "" && subtask !== "" ? `${this.identifier}:${subtask}` : this.identifier + subtask;
    const prefix = name === "" ? "" : `${name}> `;
    const stream = this.toStdErr ? "stderr" : "stdout";
    return {
      isSynchronous: true,
      write: (value) => context.print(prefix + formatValue(value), stream),
      flush: () => {},
      close: () => {},
    };
  }

  /** "Print to System.out" or "Print to System.err", as Flink's. */
  toString(): string {
    return `Print to ${this.toStdErr ? "System.err" : "System.out"}`;
  }
}
