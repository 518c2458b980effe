/**
 * Builds a job again from its code: runs the main program with what was recorded in its first run and takes the graph of
 * the execution that is wanted. Called by a slot before anything else of the job runs there.
 *
 * @module
 */

import type { ExecuteOptions } from "../api/executor.ts";
import { bindHostInstead, type HostConnectors } from "../api/host_binding.ts";
import { FlinkError, InvalidProgramError, userFrame } from "../errors.ts";
import type { JobGraph } from "../graph/job_graph.ts";
import { firstPlanDifference, planFingerprint } from "../graph/plan_hash.ts";
import type { StreamGraph } from "../graph/stream_graph.ts";
import type { Clock } from "../seams/clock.ts";
import { asMain, clearLeftoverMark } from "./context.ts";
import { type LoadModule, runMain } from "./main_module.ts";
import { patchCalls } from "./patches.ts";
import type { ProgramDescriptor } from "./recording.ts";
import { ProgramReplay } from "./replay.ts";
import { holdSideEffects } from "./side_effects.ts";
import { replayTimers } from "./timers.ts";

export type { ProgramDescriptor } from "./recording.ts";

/** What a capture needs beside the program. */
export interface CaptureOptions {
  readonly connectors: HostConnectors;
  /** How the main module is loaded. Default: import(). */
  readonly load?: LoadModule;
  /** How long the program may take until it executes the wanted job, in ms. */
  readonly timeoutMs: number;
  readonly clock: Clock;
}

/** A job that was built again. */
export interface CapturedJob {
  readonly graph: StreamGraph;
  readonly options: ExecuteOptions;
  /** What the author of the program should know, the same in every slot. */
  readonly warnings: readonly string[];
  /**
   * Gives back console, host and process as they were. A slot does not: what is left of the program, which waits for
   * ever for its job, stays held back.
   */
  release(): void;
}

/**
 * Runs the program until it executes the wanted job. The functions it learns from outside with are the real ones again
 * when this resolves.
 *
 * @throws InvalidProgramError TSF-1230 when it does something else than in the first run, TSF-1232 when it ends before,
 * TSF-1233 when it throws, TSF-1234 when it takes too long, TSF-1235 when it ends the process, TSF-4010 when it never
 * executes anything, TSF-4012 when it cannot be loaded.
 */
export async function captureProgram(descriptor: ProgramDescriptor, options: CaptureOptions): Promise<CapturedJob> {
  const replay = new ProgramReplay(descriptor);
  const held = holdSideEffects(replay);
  const unbind = bindHostInstead({
    executor: () => Promise.resolve(replay.executor),
    connectors: options.connectors,
    args: () => descriptor.args,
    configuration: () => descriptor.configuration,
    program: replay,
  });
  const release = () => {
    held.undo();
    unbind();
  };
  const patches = patchCalls(replay);
  replayTimers(patches, () => !replay.isReplaying, replay.events);
  const cancelTimeout = options.clock.after(options.timeoutMs, () => {
    replay.fail(takesTooLong(replay, options.timeoutMs));
  });
  const main = asMain(() => runMain(descriptor.url, () => replay.executions, options.load));
  main.then(() => {
    // An execution that was begun is still on its way to the executor.
    if (replay.executions <= descriptor.executionOrdinal) replay.fail(endsBefore(replay, descriptor));
  }, (error) => replay.fail(asFailure(error)));
  try {
    const { graph, options } = await replay.captured;
    return { graph, options, warnings: replay.warnings, release };
  } catch (error) {
    release();
    throw error;
  } finally {
    patches.undo();
    cancelTimeout();
    await clearLeftoverMark();
  }
}

/**
 * Compares the plan of a job that was built again with the JobMaster's.
 *
 * @param expected The JobMaster's `planFingerprint`.
 * @throws InvalidProgramError TSF-1231 with the first difference.
 */
export function checkPlan(expected: readonly string[], jobGraph: JobGraph): void {
  const difference = firstPlanDifference(expected, planFingerprint(jobGraph));
  if (difference === undefined) return;
  throw new InvalidProgramError("TSF-1231", "main() builds another plan when it is run again", {
    expected: difference.expected.trim(),
    found: difference.found.trim(),
    userLine: jobGraph.verticesTopologically[0]?.chain[0]?.userLine,
    hint: "Every slot runs main() again. What it decides by may be its arguments, the clock, random numbers and " +
      'await env.once("name", () => ...); a file, the process or a counter on globalThis differs.',
  });
}

function endsBefore(replay: ProgramReplay, { executionOrdinal }: ProgramDescriptor): InvalidProgramError {
  return new InvalidProgramError("TSF-1232", "main() ends before the job is executed when it is run again", {
    expected: `${executionOrdinal + 1} calls of execute(), as in the first run`,
    found: `${replay.executions}`,
    hint: 'What decides about it belongs into await env.once("name", () => ...).',
  });
}

function takesTooLong(replay: ProgramReplay, timeoutMs: number): InvalidProgramError {
  const { awaited } = replay.events;
  return new InvalidProgramError("TSF-1234", `main() does not come to its job within ${timeoutMs} ms in a slot`, {
    expected: awaited === undefined ? "a call of execute()" : `${awaited}, which came next in the first run`,
    found: "a main() that waits for something that comes in the first run only",
    userLine: replay.lastLine,
    hint: 'Read what it waits for in await env.once("name", () => ...).',
  });
}

/** What the program throws is told as such; what is known of its module needs no more words. */
function asFailure(error: unknown): unknown {
  if (error instanceof FlinkError && /^TSF-(401\d|123\d)$/.test(error.code)) return error;
  return new InvalidProgramError("TSF-1233", "main() throws when it is run again in a slot", {
    expected: "what it did in the first run",
    found: error instanceof Error ? `${error.name}: ${error.message}` : String(error),
    cause: error,
    userLine: error instanceof FlinkError ? error.userLine : lineOf(error),
    hint: 'What fails there, such as a file that is gone, belongs into await env.once("name", () => ...).',
  });
}

function lineOf(error: unknown): string | undefined {
  return error instanceof Error ? userFrame(error.stack) : undefined;
}
