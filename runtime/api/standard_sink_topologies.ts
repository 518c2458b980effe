/**
 * Ready-made parts of sinks.
 *
 * @module
 */

import { userFrame } from "../errors.ts";
import type { CommittableMessage, Committer } from "../functions/sink.ts";
import type { Transformation } from "../graph/transformation.ts";
import { GlobalCommitterTransformation } from "../graph/virtual_transformation.ts";
import { globalCommitterOperator } from "../operators/sink/global_committer_operator.ts";
import type { DataStream } from "./data_stream.ts";
import { requireFunction } from "./recorded/checks.ts";

/** What a global committer may use. */
export type GlobalCommitterContext = Parameters<Parameters<typeof globalCommitterOperator>[0]>[0];

/**
 * Parts for the topologies of a sink.
 *
 * @example
 * ```ts
 * import { type CommittableMessage, type DataStream, defineSink, StandardSinkTopologies, StreamExecutionEnvironment } from "tsflink";
 *
 * const env = StreamExecutionEnvironment.getExecutionEnvironment();
 * const published: string[] = [];
 * const sink = defineSink({
 *   open: () => ({ write: () => {}, prepareCommit: () => ["part-1"] }),
 *   commit: () => {},
 * });
 * env.fromData(1).sinkTo({
 *   ...sink,
 *   addPostCommitTopology: (committables: DataStream<CommittableMessage<string>>) =>
 *     StandardSinkTopologies.addGlobalCommitter(committables, () => ({
 *       commit: (requests) => requests.forEach((request) => published.push(request.getCommittable())),
 *     })),
 * });
 * await env.execute();
 * console.assert(published.join() === "part-1");
 * ```
 */
export const StandardSinkTopologies: {
  /**
   * Commits all committables of a checkpoint in one place, with parallelism 1. For `addPostCommitTopology`, or for
   * `addPreCommitTopology` when a sink has no committer of its own to do.
   *
   * @throws InvalidProgramError TSF-1201 without a function.
   */
  addGlobalCommitter<CommT>(
    committables: DataStream<CommittableMessage<CommT>>,
    createCommitter: (context: GlobalCommitterContext) => Committer<CommT>,
  ): void;
} = {
  addGlobalCommitter: (committables, createCommitter) => {
    const checked = requireFunction(createCommitter, "addGlobalCommitter()");
    const input = committables.getTransformation();
    const operator = globalCommitterOperator(checked, { commitOnInput: isBehindCommitter(input) ? true : undefined });
    const made = new GlobalCommitterTransformation(input, operator, userFrame(new Error().stack));
    committables.getExecutionEnvironment().addOperator(made);
  },
};

/** Behind a committer committables have waited for their checkpoint already. */
function isBehindCommitter(input: Transformation): boolean {
  const seen = new Set<Transformation>();
  const pending = [input];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (seen.has(next)) continue;
    seen.add(next);
    if (next.name === "Committer" || next.name.endsWith(": Committer")) return true;
    // What lies before the writer belongs to other sinks.
    if (next.name === "Writer" || next.name.endsWith(": Writer")) continue;
    pending.push(...next.inputs);
  }
  return false;
}
