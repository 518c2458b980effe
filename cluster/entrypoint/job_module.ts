/**
 * Finds the module of a job that was named on the command line, and makes it one that can be imported.
 *
 * @module
 */

import { basename } from "node:path";
import { InvalidProgramError } from "../../runtime/errors.ts";

import { launch } from "../../runtime/seams/system/launch.ts";

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

/**
 * The URL of a module that can be imported as the job. Where tsflink runs from its sources that is the job's own; from one
 * file or compiled, the imports of a job's sources lead nowhere, so they are bundled into a temporary file, which is
 * removed when the process exits.
 *
 * @throws InvalidProgramError TSF-4011 when there is no such job, TSF-4170 when it would have to be bundled and there is
 * no bundler, and the refusals of bundleJob.
 */
export async function importableUrl(job: string): Promise<string> {
  const url = moduleUrl(job);
  if (launch().loadsSources || await isImportable(url)) return url;
  const { bundleJob } = await import("../client/bundle.ts");
  const name = basename(new URL(url).pathname).replace(/\.\w+$/, "") || "job";
  const { code, warnings } = await bundleJob({ entry: new URL(url), name });
  for (const warning of warnings) console.error(`warning: ${warning}`);
  return temporaryModule(`${name}.mjs`, code);
}

/** Data URLs are complete; so is what `tsflink bundle` has written. */
async function isImportable(url: string): Promise<boolean> {
  if (url.startsWith("data:")) return true;
  if (!url.startsWith("file:")) return false;
  const { isBundle } = await import("../client/bundle_output.ts");
  using file = await Deno.open(new URL(url));
  const head = new Uint8Array(64);
  const length = await file.read(head) ?? 0;
  return isBundle(new TextDecoder().decode(head.subarray(0, length)));
}

/** Writes a module for as long as this process lives; gives its URL. */
export function temporaryModule(name: string, code: Uint8Array): string {
  const directory = Deno.makeTempDirSync({ prefix: "tsflink-job-" });
  const file = new URL(`file://${directory}/${encodeURIComponent(name)}`);
  Deno.writeFileSync(file, code);
  addEventListener("unload", () => {
    try {
      Deno.removeSync(directory, { recursive: true });
    } catch {
      // The system empties its temporary directory by itself.
    }
  });
  return file.href;
}
