/**
 * `tsflink bundle job.ts`: writes a job as one self-contained module.
 *
 * @module
 */

import { basename, dirname, extname, resolve } from "node:path";
import { InvalidProgramError } from "../../runtime/errors.ts";
import { type Bundle, bundleJob } from "../client/bundle.ts";
import { isBundle } from "../client/bundle_output.ts";
import { moduleUrl } from "./job_module.ts";

/** What the command line says. */
export interface BundleCommandOptions {
  readonly job: string;
  /** Where the bundle goes; default the job's name with `.mjs`, in the current directory. */
  readonly output?: string;
  /** Name in stack traces; default the job's file name. */
  readonly name?: string;
  /** Overwrites a file that is no bundle. */
  readonly force: boolean;
}

/** What has been written. */
export interface WrittenBundle extends Omit<Bundle, "code"> {
  readonly output: string;
  readonly bytes: number;
}

/**
 * Bundles the job and writes it; nothing is written when something is wrong.
 *
 * @throws InvalidProgramError as `bundleJob` does, TSF-4011 when there is no such job, TSF-4022 when the bundle cannot be
 * written where it should go.
 */
export async function bundleCommand(options: BundleCommandOptions): Promise<WrittenBundle> {
  const entry = new URL(moduleUrl(options.job));
  const file = decodeURIComponent(basename(entry.pathname)) || "job";
  const name = options.name ?? file.slice(0, file.length - extname(file).length);
  const output = options.output ?? `${name}.mjs`;
  await checkOutput(output, entry, options.force);
  const { code, ...rest } = await bundleJob({ entry, name });
  await replaceFile(output, code);
  return { output, bytes: code.length, ...rest };
}

/** A source that lies beside the job has the same ending: it is not to be lost to a default. */
async function checkOutput(output: string, entry: URL, isForced: boolean): Promise<void> {
  const refuse = (found: string, hint?: string, cause?: unknown): never => {
    throw new InvalidProgramError("TSF-4022", `The bundle cannot be written to ${output}`, {
      expected: "a new file, or a bundle of tsflink, in a directory that can be written to",
      found,
      hint,
      cause,
    });
  };
  const text = await Deno.readTextFile(output).catch((error) => {
    if (error instanceof Deno.errors.NotFound) return undefined;
    return refuse(error instanceof Deno.errors.IsADirectory ? "a directory" : error.message);
  });
  if (text === undefined) {
    const isDirectory = await Deno.stat(dirname(resolve(output))).then((info) => info.isDirectory, () => false);
    if (!isDirectory) refuse(`no directory ${dirname(resolve(output))}`);
    return;
  }
  if (entry.protocol === "file:" && await isSameFile(output, entry)) {
    refuse("the job itself", "Choose another file with -o.");
  }
  if (!isForced && !isBundle(text)) refuse("a file that is no bundle", "--force overwrites it.");
}

async function isSameFile(path: string, url: URL): Promise<boolean> {
  return await Deno.realPath(path) === await Deno.realPath(url);
}

/** Whole or not at all: the file may be that of a running job. */
async function replaceFile(path: string, bytes: Uint8Array): Promise<void> {
  const temporary = `${path}.${Deno.pid}.part`;
  try {
    await Deno.writeFile(temporary, bytes);
    await Deno.rename(temporary, path);
  } catch (cause) {
    await Deno.remove(temporary).catch(() => {});
    throw new InvalidProgramError("TSF-4022", `The bundle cannot be written to ${path}`, {
      expected: "a file that can be written to",
      found: cause instanceof Error ? cause.message : String(cause),
      cause,
    });
  }
}

/** What the command prints, without its warnings. */
export function describeBundle({ output, bytes, sha256, modules, packages }: WrittenBundle): string {
  const list = (what: string, names: readonly string[]) => {
    if (names.length === 0) return [];
    const shown = names.slice(0, 8).map((name) => name.replace(/^job:\/\/[^/]*\//, ""));
    const more = names.length > shown.length ? `, and ${names.length - shown.length} more` : "";
    return [`  ${names.length} ${what}${names.length === 1 ? "" : "s"}: ${shown.join(", ")}${more}`];
  };
  const size = `${(bytes / 1000).toLocaleString("en", { minimumFractionDigits: 1, maximumFractionDigits: 1 })} kB`;
  return [
    `${output}  ${size}  sha256 ${sha256}`,
    ...list("module", modules),
    ...list("package", packages),
  ].join("\n");
}
