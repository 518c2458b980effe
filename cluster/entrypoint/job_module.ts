/**
 * Finds the module of a job that was named on the command line.
 *
 * @module
 */

import { InvalidProgramError } from "../../runtime/errors.ts";

export { runMain } from "../../runtime/program/main_module.ts";

/** Turns what was written on the command line into the URL of a module. */
export function moduleUrl(job: string): string {
  if (/^(https?|file|jsr|npm|data):/.test(job)) return job;
  const path = job.startsWith("/") ? job : `${Deno.cwd()}/${job}`;
  const url = new URL("file:///");
  // What means something in a URL is a part of the name here; the setter escapes all of it but the percent sign.
  url.pathname = path.replaceAll("%", "%25");
  try {
    if (Deno.statSync(url).isFile) return url.href;
  } catch (cause) {
    if (!(cause instanceof Deno.errors.NotFound)) throw cause;
  }
  throw new InvalidProgramError("TSF-4011", "The job cannot be found", {
    expected: "path or URL of a module",
    found: job,
    hint: "Paths are relative to the current directory.",
  });
}
