/**
 * `tsflink list`: the jobs of a cluster, laid out as Flink's client does.
 *
 * @module
 */

import type { ListedJob } from "../../client/cluster_client.ts";
import { runVerb, SYSTEM_IO, type VerbIo, type VerbOptions } from "./verb.ts";

/** What the command line says. */
export interface ListCommandOptions extends VerbOptions {
  readonly running?: boolean;
  readonly scheduled?: boolean;
  readonly all?: boolean;
}

const SCHEDULED = new Set(["CREATED", "INITIALIZING"]);
const TERMINAL = new Set(["FINISHED", "FAILED", "CANCELED"]);
const LINE = "-".repeat(62);

/** Gives the exit code. */
export function listCommand(options: ListCommandOptions, io: VerbIo = SYSTEM_IO): Promise<number> {
  return runVerb(options, io, async ({ cluster }) => {
    if (!options.json) io.out("Waiting for response...");
    const jobs = await cluster.jobs();
    if (options.json) {
      io.out(JSON.stringify(shown(jobs, options)));
      return;
    }
    for (const line of listText(jobs, options)) io.out(line);
  });
}

function wanted(
  { running, scheduled, all }: ListCommandOptions,
): Record<"running" | "scheduled" | "terminated", boolean> {
  const isPlain = !running && !scheduled && !all;
  return { running: isPlain || !!running || !!all, scheduled: isPlain || !!scheduled || !!all, terminated: !!all };
}

function kindOf({ state }: ListedJob): "running" | "scheduled" | "terminated" {
  return SCHEDULED.has(state) ? "scheduled" : TERMINAL.has(state) ? "terminated" : "running";
}

function shown(jobs: readonly ListedJob[], options: ListCommandOptions): ListedJob[] {
  const kinds = wanted(options);
  return sorted(jobs.filter((job) => kinds[kindOf(job)]));
}

/** The lines. */
export function listText(jobs: readonly ListedJob[], options: ListCommandOptions): string[] {
  const kinds = wanted(options);
  const of = (kind: "running" | "scheduled" | "terminated") => sorted(jobs.filter((job) => kindOf(job) === kind));
  const block = (title: string, members: readonly ListedJob[], none: readonly string[]) =>
    members.length === 0 ? none : [titleLine(title), ...members.map(jobLine), LINE];
  return [
    ...kinds.running ? block("Running/Restarting Jobs", of("running"), ["No running jobs."]) : [],
    ...kinds.scheduled ? block("Scheduled Jobs", of("scheduled"), ["No scheduled jobs."]) : [],
    ...kinds.terminated ? block("Terminated Jobs", of("terminated"), []) : [],
  ];
}

function titleLine(title: string): string {
  const left = Math.floor((LINE.length - title.length - 2) / 2);
  return `${"-".repeat(left)} ${title} ${"-".repeat(LINE.length - left - title.length - 2)}`;
}

function sorted(jobs: readonly ListedJob[]): ListedJob[] {
  return [...jobs].sort((a, b) => a["start-time"] - b["start-time"] || (a.jid < b.jid ? -1 : 1));
}

function jobLine(job: ListedJob): string {
  const time = new Date(job["start-time"]);
  const two = (n: number) => String(n).padStart(2, "0");
  const date = `${two(time.getDate())}.${two(time.getMonth() + 1)}.${time.getFullYear()}`;
  const clock = `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
  return `${date} ${clock} : ${job.jid} : ${job.name} (${job.state})`;
}
