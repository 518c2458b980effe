/**
 * Closes the operators of a task, each once, also after a failure, from the tail to the head as Flink does. Most close at
 * once; a sink or source may take time, and the one before it in the chain waits for that.
 *
 * Who calls: stream_task.ts, at the end of a task.
 *
 * @module
 */

import type { OperatorReference } from "../errors.ts";
import type { OperatorRuntime } from "../operators/operator_runtime.ts";
import { wrapUserError } from "../operators/user_error.ts";
import type { Log } from "../seams/log.ts";
import type { OperatorChain } from "./operator_chain.ts";

/**
 * Closes all operators.
 *
 * @param done Called once with the first error: before this returns, unless some operator takes time.
 */
export function closeOperators(
  { nodes }: OperatorChain,
  runtimes: readonly OperatorRuntime[],
  done: (error: unknown) => void,
): void {
  let first: unknown;
  const closeFrom = (from: number): void => {
    for (let i = from; i >= 0; i--) {
      const failed = (error: unknown) => {
        first ??= wrapUserError(error, nodes[i].reference, "close()");
      };
      try {
        const closing = runtimes[i].close();
        if (closing === undefined) continue;
        closing.catch(failed).then(() => closeFrom(i - 1));
        return;
      } catch (error) {
        failed(error);
      }
    }
    done(first);
  };
  closeFrom(runtimes.length - 1);
}

/** Processing-time timers that are pending when the input ends never fire, as in Flink; that is worth a line. */
export function warnAboutTimers(
  { runtimes, references, log }: {
    readonly runtimes: readonly OperatorRuntime[];
    readonly references: readonly OperatorReference[];
    readonly log: Log;
  },
): void {
  runtimes.forEach((runtime, i) => {
    const pending = runtime.timers.numProcessingTimeTimers();
    if (pending === 0) return;
    const { name, uid } = references[i];
    log.log("warn", `${name}: the input has ended, ${pending} pending processing-time timers are dropped`, {
      operator: name,
      uid,
      timers: pending,
    });
  });
}
