/**
 * For operators whose user code may answer with a promise (sink writers, committers): the answer holds back everything
 * else for the operator, and enters as mail of the task.
 *
 * Who calls: sink_operator.ts, committer_operator.ts, global_committer_operator.ts.
 *
 * @module
 */

import { StreamOperator } from "../operator.ts";
import { wrapUserError } from "../user_error.ts";

/** See the module. */
export abstract class AsyncStepsOperator<OUT> extends StreamOperator<OUT> {
  #unsettled = 0;

  /**
   * Goes on with `then` once the answer is there: at once for a value, as mail for a promise, which keeps the operator
   * busy until then. A rejection fails the task.
   *
   * @param what Whose answer it is, for errors: "flush()".
   */
  protected whenDone<R>(what: string, answer: R | PromiseLike<R>, then: (result: R) => void): void {
    if (!isPromise(answer)) return then(answer);
    let settled: { readonly result: R } | undefined;
    const { ctx } = this;
    this.#unsettled++;
    answer.then((result) => {
      ctx.post(() => {
        this.#unsettled--;
        settled = { result };
        if (ctx.signal.aborted) return;
        try {
          this.resume();
        } catch (error) {
          ctx.fail(wrapUserError(error, ctx.operator, what));
        }
      });
    }, (error) => ctx.fail(wrapUserError(error, ctx.operator, what)));
    this.begin(() => {
      if (settled === undefined) return false;
      then(settled.result);
      return true;
    });
  }

  override get isWaiting(): boolean {
    return this.busy && this.#unsettled > 0;
  }
}

function isPromise<R>(answer: R | PromiseLike<R>): answer is PromiseLike<R> {
  return typeof answer === "object" && answer !== null && typeof (answer as PromiseLike<R>).then === "function";
}
