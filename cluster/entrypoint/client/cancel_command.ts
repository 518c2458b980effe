/**
 * `tsflink cancel`: ends a job.
 *
 * @module
 */

import { FlinkError, InvalidProgramError } from "../../../runtime/errors.ts";
import { jobIdOf, runVerb, SYSTEM_IO, type VerbIo, type VerbOptions } from "./verb.ts";

/** What the command line says. */
export interface CancelCommandOptions extends VerbOptions {
  readonly job?: string;
  /** Deprecated in Flink; true without a directory. */
  readonly withSavepoint?: string | boolean;
}

/** Gives the exit code once the job has ended. */
export function cancelCommand(options: CancelCommandOptions, io: VerbIo = SYSTEM_IO): Promise<number> {
  return runVerb(options, io, async ({ cluster }) => {
    if (options.withSavepoint !== undefined) {
      throw new InvalidProgramError("TSF-4144", "Cancelling with a savepoint: not available yet", {
        expected: "tsflink cancel without -s",
        found: "tsflink cancel -s",
        hint: "Savepoints come with a later version of tsflink.",
      });
    }
    const jobId = jobIdOf(options.job, "cancel");
    if (!options.json) io.out(`Cancelling job ${jobId}.`);
    await cluster.cancel(jobId);
    const { state, error } = await cluster.end(jobId);
    if (state !== "CANCELED") {
      throw new FlinkError("TSF-4155", `Job ${jobId} was not cancelled: it has ended as ${state}`, {
        expected: "CANCELED",
        found: state,
        cause: error,
      });
    }
    io.out(options.json ? JSON.stringify({ jobId, state }) : `Cancelled job ${jobId}.`);
  });
}
