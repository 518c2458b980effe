/**
 * Exit codes of every process of a cluster.
 *
 * | code | when                                                                    |
 * | ---- | ----------------------------------------------------------------------- |
 * | 0    | stopped as asked, after the first signal too; a client's job finished   |
 * | 1    | failed                                                                  |
 * | 2    | the command line is wrong                                               |
 * | 3    | the configuration is wrong                                              |
 * | 4    | kept for lost leadership and taken-over ids; nothing ends with it yet   |
 * | 5    | a slot is stuck; the parent of the process starts it again              |
 * | 130  | ended at once by a second SIGINT                                        |
 * | 143  | ended at once by a second SIGTERM                                       |
 *
 * @module
 */

import { FlinkError, InvalidProgramError } from "../../runtime/errors.ts";

/** See the module. */
export const EXIT_CODES = {
  stopped: 0,
  failed: 1,
  usage: 2,
  configuration: 3,
  fenced: 4,
  stuckSlot: 5,
  interrupted: 130,
  terminated: 143,
} as const;

/** Codes TSF-4100 to TSF-4109 say that the configuration is wrong. */
const CONFIGURATION_ERROR = /^TSF-410\d$/;

/** The exit code of a process that an error ends before it has started. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof FlinkError && CONFIGURATION_ERROR.test(error.code)) return EXIT_CODES.configuration;
  return error instanceof InvalidProgramError ? EXIT_CODES.usage : EXIT_CODES.failed;
}
