/**
 * `tsflink stop`, `savepoint` and `checkpoint`: they ask the JobManager, which says what it cannot do yet.
 *
 * @module
 */

import type { ClusterClient } from "../../client/cluster_client.ts";
import { jobIdOf, runVerb, SYSTEM_IO, type VerbIo, type VerbOptions } from "./verb.ts";

/** Options of `stop`. */
export interface StopCommandOptions extends VerbOptions {
  readonly job?: string;
  readonly savepointPath?: string;
  readonly drain?: boolean;
  readonly type?: string;
  readonly detached?: boolean;
}
/** Options of `savepoint`. */
export interface SavepointCommandOptions extends VerbOptions {
  readonly job?: string;
  readonly directory?: string;
  /** Path of a savepoint to remove. */
  readonly dispose?: string;
  readonly type?: string;
  readonly detached?: boolean;
}
/** Options of `checkpoint`. */
export interface CheckpointCommandOptions extends VerbOptions {
  readonly job?: string;
  readonly full?: boolean;
}

type Json = Record<string, unknown>;

/** Ends a job with a savepoint. Gives the exit code. */
export function stopCommand(options: StopCommandOptions, io: VerbIo = SYSTEM_IO): Promise<number> {
  return runVerb(options, io, async ({ cluster }) => {
    const jobId = jobIdOf(options.job, "stop");
    const format = (options.type ?? "canonical").toUpperCase();
    if (!options.json) {
      io.out(`${options.drain ? "Draining" : "Suspending"} job "${jobId}" with a ${format} savepoint.`);
    }
    const body = { targetDirectory: options.savepointPath, drain: options.drain ?? false, formatType: format };
    await trigger(cluster, { path: `/jobs/${jobId}/stop`, body }, options, io);
  });
}

/** Takes or removes a savepoint. Gives the exit code. */
export function savepointCommand(options: SavepointCommandOptions, io: VerbIo = SYSTEM_IO): Promise<number> {
  return runVerb(options, io, async ({ cluster }) => {
    if (options.dispose !== undefined) {
      if (!options.json) io.out(`Disposing savepoint '${options.dispose}'.`);
      await post(cluster, "/savepoint-disposal", { "savepoint-path": options.dispose });
      io.out(options.json ? "{}" : `Savepoint '${options.dispose}' disposed.`);
      return;
    }
    const jobId = jobIdOf(options.job, "take a savepoint of");
    if (!options.json) io.out(`Triggering savepoint for job ${jobId}.`);
    const formatType = (options.type ?? "canonical").toUpperCase();
    const body = { "target-directory": options.directory, "cancel-job": false, formatType };
    await trigger(cluster, { path: `/jobs/${jobId}/savepoints`, body }, options, io);
  });
}

/** Takes a checkpoint. Gives the exit code. */
export function checkpointCommand(options: CheckpointCommandOptions, io: VerbIo = SYSTEM_IO): Promise<number> {
  return runVerb(options, io, async ({ cluster }) => {
    const jobId = jobIdOf(options.job, "take a checkpoint of");
    if (!options.json) io.out(`Triggering checkpoint for job ${jobId}.`);
    const body = { checkpointType: options.full ? "FULL" : "CONFIGURED" };
    await trigger(cluster, { path: `/jobs/${jobId}/checkpoints`, body }, options, io);
  });
}

/** Starts an operation and says its id. */
async function trigger(
  cluster: ClusterClient,
  { path, body }: { readonly path: string; readonly body: Json },
  { json }: { readonly json?: boolean },
  io: VerbIo,
): Promise<void> {
  const answer = await post(cluster, path, body);
  io.out(json ? JSON.stringify(answer) : `Triggered: ${answer["request-id"]}`);
}

async function post(cluster: ClusterClient, path: string, body: Json): Promise<Json> {
  const headers = { "content-type": "application/json" };
  return await cluster.json({ method: "POST", path, headers, body: () => JSON.stringify(body) }) as Json;
}
