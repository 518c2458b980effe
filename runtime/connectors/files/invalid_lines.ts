/**
 * What happens to a line that is no record: the job fails, the line is left out, or a side output gets it.
 *
 * @module
 */

import { JobExecutionError } from "../../errors.ts";
import type { OutputTag } from "../../functions/output_tag.ts";
import type { ReaderOutput, SourceOutput } from "../../functions/source.ts";
import type { InvalidLine } from "./record_format.ts";

/** "fail" the job (default), "skip" the line and count it in the metric `numInvalidLines`, or give it to a tag. */
export type InvalidLinePolicy = "fail" | "skip" | OutputTag<InvalidLine>;

/** An invalid line on its way through the reader; has a place among the records so that positions count it. */
export class InvalidRecord {
  constructor(readonly line: InvalidLine) {}
}

/** Emits a record, or an invalid line to its side output. */
export function emitRecord<T>(tagId: string): (
  record: T | InvalidRecord,
  timestamp: number | undefined,
  output: SourceOutput<T | InvalidRecord>,
  main: ReaderOutput<T | InvalidRecord>,
) => void {
  return (record, timestamp, output, main) => {
    if (!(record instanceof InvalidRecord)) {
      output.collect(record, timestamp);
      return;
    }
    if (main.emitSide === undefined) {
      throw new JobExecutionError("TSF-3017", "Invalid lines cannot go to a side output here", {
        expected: "a source of a job",
        found: "an output without side outputs",
        hint: 'Use onInvalidLine: "skip".',
      });
    }
    main.emitSide(tagId, record.line, timestamp);
  };
}

const EXCERPT_CHARS = 120;

/** The error of a line that is no record. */
export function invalidLineError(format: string, { path, line, content, reason }: InvalidLine): JobExecutionError {
  const excerpt = content.length > EXCERPT_CHARS ? `${content.slice(0, EXCERPT_CHARS)}...` : content;
  return new JobExecutionError("TSF-3010", `Invalid ${format} line: ${path}:${line}`, {
    expected: `a line of ${format}`,
    found: `${excerpt}\n  reason: ${reason}`,
    hint: "Correct the file, or set onInvalidLine to skip such lines or to send them to a side output.",
  });
}
