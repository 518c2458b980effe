/**
 * `tsflink taskmanager drain ID`: a TaskManager takes no new slots, and its jobs move.
 *
 * @module
 */

import { runVerb, SYSTEM_IO, type VerbIo, type VerbOptions } from "./verb.ts";

/** Gives the exit code once the TaskManager has been told. */
export function drainCommand(
  options: VerbOptions & { readonly taskmanager: string },
  io: VerbIo = SYSTEM_IO,
): Promise<number> {
  return runVerb(options, io, async ({ cluster }) => {
    const { taskmanager } = options;
    await cluster.call({ method: "POST", path: `/taskmanagers/${encodeURIComponent(taskmanager)}/drain` });
    io.out(
      options.json ? JSON.stringify({ taskmanager, draining: true }) : `TaskManager ${taskmanager} takes no new slots.`,
    );
  });
}
