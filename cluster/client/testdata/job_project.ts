/**
 * Jobs of tests, in directories of their own outside the repository.
 *
 * @module
 */

import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { publishHostApi } from "../../../runtime/program/host_shim.ts";
import { type Bundle, bundleJob } from "../bundle.ts";

/** Files by path; `job.ts` is the job. */
export type ProjectFiles = Readonly<Record<string, string | object>>;

const directories: string[] = [];
globalThis.addEventListener("unload", () => {
  for (const directory of directories) Deno.removeSync(directory, { recursive: true });
});

/** Writes the files into a new directory; objects as JSON. */
export function writeProject(files: ProjectFiles): string {
  // As the module loader sees it, where the temporary directory is behind a link.
  const directory = Deno.realPathSync(Deno.makeTempDirSync({ prefix: "tsflink-bundle-" }));
  directories.push(directory);
  for (const [path, content] of Object.entries(files)) {
    const file = join(directory, path);
    Deno.mkdirSync(dirname(file), { recursive: true });
    Deno.writeTextFileSync(file, typeof content === "string" ? content : JSON.stringify(content));
  }
  return directory;
}

/** Bundles `job.ts` of a directory, or another file of it. */
export function bundleOf(directory: string, file = "job.ts", name = "a job"): Promise<Bundle> {
  return bundleJob({ entry: pathToFileURL(join(directory, file)), name });
}

/** Bundles a project and imports the bundle from a place of its own. */
export async function importBundle(
  files: ProjectFiles,
  entry?: string,
): Promise<{ readonly exports: Record<string, unknown>; readonly bundle: Bundle; readonly url: string }> {
  const bundle = await bundleOf(writeProject(files), entry);
  publishHostApi();
  const url = writeBundle(bundle);
  return { exports: await import(url), bundle, url };
}

/** Writes a bundle where nothing else is. */
export function writeBundle(bundle: Bundle): string {
  const path = join(writeProject({}), "bundle.mjs");
  Deno.writeFileSync(path, bundle.code);
  return pathToFileURL(path).href;
}

/** The bundler is a process; the leak check wants it gone. */
export async function stopBundler(): Promise<void> {
  await (await import("esbuild")).stop();
}
