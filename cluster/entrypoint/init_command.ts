/**
 * `tsflink init DIR`: writes a project of the user's own, ready to run and to test.
 *
 * @module
 */

import { basename, dirname, join, resolve } from "node:path";
import { InvalidProgramError } from "../../runtime/errors.ts";
import { launch } from "../../runtime/seams/system/launch.ts";
import { type Origin, originOf, projectFiles } from "./init_templates.ts";

/** What the command line says. */
export interface InitCommandOptions {
  /** Where the project goes; it may exist when it is empty. */
  readonly directory: string;
  /** Name of the job; default the directory's. */
  readonly name?: string;
  /** Writes into a directory with other files, and over those of the same name. */
  readonly force: boolean;
  /** How the project finds tsflink; default this copy. */
  readonly origin?: Origin;
}

/** What has been written. */
export interface WrittenProject {
  /** Absolute. */
  readonly directory: string;
  readonly name: string;
  /** Names of the files. */
  readonly files: readonly string[];
  readonly cli: string;
}

/**
 * Writes the project: all of it or nothing.
 *
 * @throws InvalidProgramError TSF-4023 when the directory cannot be used.
 */
export async function initCommand(options: InitCommandOptions): Promise<WrittenProject> {
  const directory = resolve(options.directory);
  const name = options.name ?? basename(directory);
  if (name.trim() === "" || /\p{Cc}/u.test(name)) {
    refuse(directory, `the name ${JSON.stringify(name)}`, { hint: "Choose another one with --name." });
  }
  const origin = options.origin ?? originOf();
  const files = projectFiles(name, origin);
  const existing = await entriesOf(directory);
  if (!options.force && existing !== undefined && existing.length > 0) {
    const inTheWay = existing.filter((entry) => entry in files);
    const named = (inTheWay.length > 0 ? inTheWay : existing).sort();
    refuse(directory, `${named.slice(0, 5).join(", ")}${named.length > 5 ? `, and ${named.length - 5} more` : ""}`, {
      hint: inTheWay.length > 0 ? "--force overwrites what has the same name." : "--force writes beside what is there.",
    });
  }
  await writeAll(directory, files, existing === undefined);
  return { directory, name, files: Object.keys(files), cli: origin.cli };
}

function refuse(directory: string, found: string, more: { hint?: string; cause?: unknown } = {}): never {
  throw new InvalidProgramError("TSF-4023", `A project cannot be made in ${directory}`, {
    expected: "a new or an empty directory that can be written to",
    found,
    ...more,
  });
}

/** Names of what is there; undefined when there is no directory yet. */
async function entriesOf(directory: string): Promise<string[] | undefined> {
  try {
    return await Array.fromAsync(Deno.readDir(directory), (entry) => entry.name);
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) return undefined;
    return refuse(directory, cause instanceof Deno.errors.NotADirectory ? "a file" : messageOf(cause), { cause });
  }
}

/** The files are written beside their places first, so that one that cannot be written leaves nothing behind. */
async function writeAll(directory: string, files: Readonly<Record<string, string>>, isNew: boolean): Promise<void> {
  const top = isNew ? await firstMissing(directory) : undefined;
  const part = (name: string) => join(directory, `.${name}.${Deno.pid}.part`);
  try {
    await Deno.mkdir(directory, { recursive: true });
    for (const name of Object.keys(files)) {
      const isDirectory = await Deno.stat(join(directory, name)).then((info) => info.isDirectory, () => false);
      if (isDirectory) throw new Error(`${name} is a directory`);
    }
    for (const [name, text] of Object.entries(files)) await Deno.writeTextFile(part(name), text);
    for (const name of Object.keys(files)) await Deno.rename(part(name), join(directory, name));
  } catch (cause) {
    for (const name of Object.keys(files)) await Deno.remove(part(name)).catch(() => {});
    if (top !== undefined) await Deno.remove(top, { recursive: true }).catch(() => {});
    refuse(directory, messageOf(cause), { cause });
  }
}

/** The topmost directory that does not exist: what is made here and taken away when the rest fails. */
async function firstMissing(directory: string): Promise<string> {
  const parent = dirname(directory);
  const isThere = parent === directory || await Deno.lstat(parent).then(() => true, () => false);
  return isThere ? directory : await firstMissing(parent);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** What to do next, for a person. @param shown The directory as it was given. */
export function describeProject({ name, files, cli }: WrittenProject, shown: string): string {
  const target = /^[\w./-]+$/.test(shown) ? shown : `'${shown.replaceAll("'", `'\\''`)}'`;
  return [
    `${name}: ${files.join(", ")} in ${shown}`,
    "",
    "Next:",
    ...(resolve(shown) === Deno.cwd() ? [] : [`  cd ${target}`]),
    ...(launch().loadsSources
      ? [
        "  deno task start                    run the job",
        "  deno task test                     test it",
        `  deno run -A ${cli} local job.ts    run it on all cores, with a live view`,
      ]
      // The project's own tasks are Deno's, which need not be on this machine.
      : [`  ${launch().shownCommand} local job.ts    run it on all cores, with a live view`]),
    "",
    "The job is job.ts; its comments say what each part is for.",
  ].join("\n");
}
