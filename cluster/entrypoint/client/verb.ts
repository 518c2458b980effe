/**
 * What the verbs of a client have in common: where their lines go, and how they end.
 *
 * @module
 */

import { FlinkError, InvalidProgramError } from "../../../runtime/errors.ts";
import { exitCodeOf } from "../../process/exit_codes.ts";
import { accessCluster, type ClusterAccess, type ClusterAccessOptions } from "./cluster_access.ts";
import { describeError, errorJson } from "./error_text.ts";

/** Options of every verb. */
export interface VerbOptions extends ClusterAccessOptions {
  readonly json?: boolean;
  readonly verbose?: boolean;
}

/** Where lines go, and how a cluster is reached; tests have their own. */
export interface VerbIo {
  readonly out: (line: string) => void;
  readonly err: (line: string) => void;
  readonly access: (options: ClusterAccessOptions, say: (line: string) => void) => Promise<ClusterAccess>;
}

/** The terminal. */
export const SYSTEM_IO: VerbIo = {
  out: (line) => console.log(line),
  err: (line) => console.error(line),
  access: accessCluster,
};

/** Runs a verb to its exit code: an error is told with its cause first. */
export async function runVerb(
  options: VerbOptions,
  io: VerbIo,
  verb: (access: ClusterAccess) => Promise<void>,
): Promise<number> {
  try {
    await verb(await io.access(options, (line) => io.err(`warn: ${line}`)));
    return 0;
  } catch (error) {
    io.err(
      options.json
        ? JSON.stringify({ error: errorJson(error) })
        : `error: ${describeError(error, options.verbose ?? false)}`,
    );
    return exitCodeOf(error);
  }
}

/** @throws InvalidProgramError TSF-4151 when it is no id. */
export function jobIdOf(text: string | undefined, what: string): string {
  if (text !== undefined && /^[0-9a-f]{32}$/i.test(text)) return text.toLowerCase();
  throw new InvalidProgramError(
    "TSF-4151",
    text === undefined ? `Missing JobID: say which job to ${what}` : "Cannot parse JobID",
    {
      expected: "32 hexadecimal digits, as `tsflink list` shows them",
      found: text === undefined ? "nothing" : JSON.stringify(text),
    },
  );
}

/** An error that says what went wrong first, and why below. */
export function couldNot(what: string, cause: unknown): unknown {
  // The cause says it all, and has a code.
  return cause instanceof FlinkError ? cause : new Error(`Could not ${what}`, { cause });
}
