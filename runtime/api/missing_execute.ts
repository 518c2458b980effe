/**
 * Finds programs that describe a job and end without executing it. mod.ts asks when the process of a script ends; the
 * command line counts executions itself.
 *
 * @module
 */

import { InvalidProgramError } from "../errors.ts";
import type { StreamExecutionEnvironment } from "./environment.ts";

/** Remembers environments, without keeping them alive. */
export class ExecutionWatch {
  #environments: WeakRef<StreamExecutionEnvironment>[] = [];

  /** Called for every environment that is made. */
  created(environment: StreamExecutionEnvironment): void {
    this.#environments = this.#environments.filter((known) => known.deref() !== undefined);
    this.#environments.push(new WeakRef(environment));
  }
  /** The error of the first environment whose job was never executed or looked at; undefined when there is none. */
  missingExecute(): InvalidProgramError | undefined {
    for (const known of this.#environments) {
      const environment = known.deref();
      if (environment?.hasUnexecutedOperators() !== true) continue;
      return new InvalidProgramError("TSF-1223", "The program ended without executing its job", {
        expected: "await env.execute() behind the last operator",
        found: "operators that nothing runs",
        userLine: environment.getStreamGraph(false).nodes.at(-1)?.userLine,
        hint: "Call await env.execute(), env.executeAsync() or stream.executeAndCollect().",
      });
    }
    return undefined;
  }
}
