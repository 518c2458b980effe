/**
 * `tsflink logs`: what a JobManager or a TaskManager has logged, or what jobs have printed there.
 *
 * @module
 */

import { InvalidProgramError } from "../../../runtime/errors.ts";
import type { ClusterClient } from "../../client/cluster_client.ts";
import { runVerb, SYSTEM_IO, type VerbIo, type VerbOptions } from "./verb.ts";

/** What the command line says. */
export interface LogsCommandOptions extends VerbOptions {
  /** Id of a TaskManager, or a beginning of it; default: the JobManager. */
  readonly taskmanager?: string;
  /** What jobs have printed instead of the log. */
  readonly stdout?: boolean;
  /** Only the names of files. */
  readonly list?: boolean;
  /** A file of the list. */
  readonly file?: string;
  /** Only the last lines. */
  readonly tail?: number;
}

/** Gives the exit code. */
export function logsCommand(options: LogsCommandOptions, io: VerbIo = SYSTEM_IO): Promise<number> {
  return runVerb(options, io, async ({ cluster }) => {
    const role = options.taskmanager === undefined
      ? "/jobmanager"
      : `/taskmanagers/${encodeURIComponent(await taskManagerId(cluster, options.taskmanager))}`;
    if (options.list) {
      const { logs } = await cluster.get<{ logs: { name: string; size: number; mtime: number }[] }>(`${role}/logs`);
      if (options.json) return io.out(JSON.stringify(logs));
      for (const { name, size } of logs) io.out(`${String(size).padStart(12)}  ${name}`);
      return;
    }
    const file = options.file === undefined
      ? options.stdout ? "stdout" : "log"
      : `logs/${encodeURIComponent(options.file)}`;
    const { body } = await cluster.call({ path: `${role}/${file}` });
    const text = new TextDecoder().decode(body).replace(/\n$/, "");
    const lines = text === "" ? [] : text.split("\n");
    const shown = options.tail === undefined ? lines : lines.slice(Math.max(0, lines.length - options.tail));
    if (options.json) return io.out(JSON.stringify({ lines: shown }));
    if (shown.length > 0) io.out(shown.join("\n"));
  });
}

/** @throws InvalidProgramError TSF-4156 unless exactly one TaskManager is meant. */
async function taskManagerId(cluster: ClusterClient, text: string): Promise<string> {
  const ids = (await cluster.taskManagers()).map(({ id }) => id);
  if (ids.includes(text)) return text;
  const matching = ids.filter((id) => id.startsWith(text));
  if (matching.length === 1) return matching[0];
  throw new InvalidProgramError(
    "TSF-4156",
    matching.length === 0 ? "There is no such TaskManager" : "Several TaskManagers are meant",
    {
      expected: ids.length === 0 ? "a registered TaskManager; there is none" : `one of ${ids.join(", ")}`,
      found: text,
    },
  );
}
