/**
 * A script that was started by itself (`deno run job.ts`) and imports tsflink: it is recorded from that import to the end
 * of its evaluation. mod.ts binds what this gives.
 *
 * @module
 */

import type { ConfigurationValues } from "../api/configuration.ts";
import { SystemLog } from "../seams/system/log.ts";
import { ProgramRecorder } from "./recorder.ts";

/**
 * The recorder of the script that is being started; undefined where there is none: in tests, consoles, workers.
 *
 * @param commandLine URL of the project's own main module.
 * @param configuration What the script runs with unless it says otherwise.
 */
export function startedProgram(
  commandLine: string,
  configuration: ConfigurationValues = {},
): ProgramRecorder | undefined {
  const url: string | undefined = Deno.mainModule;
  // Worker threads of node have no main module of their own.
  if (url === undefined || url === commandLine || "WorkerGlobalScope" in globalThis) return undefined;
  // `deno eval`, the console, a program from standard input: nothing that can be imported again.
  if (/\$deno\$/.test(url)) return undefined;
  // Under `deno test` and `deno bench` only, it takes something.
  if (Deno.test.length > 0) return undefined;
  let log: SystemLog | undefined;
  return new ProgramRecorder({
    url,
    args: Deno.args,
    configuration,
    log: { log: (level, message) => (log ??= new SystemLog()).log(level, message), print: () => {} },
  });
}

/** The project's own main module, as seen from its mod.ts; in a bundle there is no other. */
export function commandLineUrl(modUrl: string): string {
  return modUrl.endsWith("/mod.ts") ? new URL("./cli.ts", modUrl).href : Deno.mainModule;
}

/** Ends the recording with the evaluation of the main module: what is executed later, nobody can tell when. */
export function recordUntilEnd(recorder: ProgramRecorder): void {
  const ended = () => recorder.stop("main() has ended: the job is built by a timer, a handler or a floating promise");
  // The module that is being evaluated; its errors are the runtime's to show.
  import(Deno.mainModule).then(ended, ended);
}
