/**
 * Finds the files a source reads: a file, a directory, or a glob. Used by source.ts.
 *
 * @module
 */

import { JobExecutionError } from "../../errors.ts";
import type { FileInfo, LocalFiles } from "../../seams/local_files.ts";

/** Where to look and what to take. */
export interface FileSearch {
  readonly paths: readonly string[];
  /** Also look into the directories of a directory. */
  readonly recursive: boolean;
  /** Takes files and directories by their path. */
  readonly filter: (path: string) => boolean;
  /** Whether a glob that matches nothing is an error. */
  readonly mustExist: boolean;
}

/** Leaves out names that begin with "." or "_": files that are being written or describe others. */
export function isVisibleFile(path: string): boolean {
  const name = path.slice(path.lastIndexOf("/") + 1);
  return !name.startsWith(".") && !name.startsWith("_");
}

/** All files of a search, each once, sorted by path. What is named itself is not filtered. */
export async function findFiles(files: LocalFiles, search: FileSearch): Promise<FileInfo[]> {
  const found = new Map<string, FileInfo>();
  for (const path of search.paths) {
    for (const info of await filesOf(files, path, search)) found.set(info.path, info);
  }
  return [...found.values()].sort((a, b) => a.path < b.path ? -1 : a.path > b.path ? 1 : 0);
}

async function filesOf(files: LocalFiles, path: string, search: FileSearch): Promise<FileInfo[]> {
  const info = await files.stat(path);
  if (info !== undefined) return info.isDirectory ? await filesIn(files, path, search) : [info];
  if (!/[*?[{]/.test(path)) {
    throw new JobExecutionError("TSF-3001", `No such file or directory: ${path}`, {
      expected: "an existing file, directory or glob",
      found: "nothing of that name",
      hint: "Check the spelling; a relative path starts at the working directory of the process.",
    });
  }
  const found: FileInfo[] = [];
  for (const match of await glob(files, path)) {
    if (!match.isDirectory) found.push(match);
    else if (search.recursive) found.push(...await filesIn(files, match.path, search));
  }
  if (found.length === 0 && search.mustExist) {
    throw new JobExecutionError("TSF-3014", `No file matches ${path}`, {
      expected: "at least one file",
      found: "none",
      hint: "Names that begin with . or _ match only when the pattern names that character.",
    });
  }
  return found;
}

async function filesIn(files: LocalFiles, directory: string, search: FileSearch): Promise<FileInfo[]> {
  const found: FileInfo[] = [];
  for (const info of await files.list(directory)) {
    if (!search.filter(info.path)) continue;
    if (!info.isDirectory) found.push(info);
    else if (search.recursive) found.push(...await filesIn(files, info.path, search));
  }
  return found;
}

/** Paths that match a pattern of `*`, `?`, `[a-z]`, `{a,b}` and, for any directories, `**`. */
async function glob(files: LocalFiles, pattern: string): Promise<FileInfo[]> {
  const segments = expandBraces(pattern).map((alternative) => alternative.split("/"));
  const found = new Map<string, FileInfo>();
  for (const parts of segments) {
    const root = parts[0] === "" ? "/" : ".";
    const names = parts.filter((part) => part !== "" && part !== ".");
    for (const info of await match(files, { directory: root, shown: root === "/" ? "/" : "" }, names)) {
      found.set(info.path, info);
    }
  }
  return [...found.values()];
}

interface GlobPlace {
  readonly directory: string;
  /** The same as the user wrote it. */
  readonly shown: string;
}

async function match(files: LocalFiles, place: GlobPlace, parts: readonly string[]): Promise<FileInfo[]> {
  const [part, ...rest] = parts;
  if (part === undefined) return [];
  if (part !== "**" && !/[*?[]/.test(part)) {
    const path = place.shown + part;
    const info = await files.stat(path);
    if (info === undefined) return [];
    if (rest.length === 0) return [{ ...info, path }];
    return info.isDirectory ? await match(files, { directory: path, shown: `${path}/` }, rest) : [];
  }
  const found: FileInfo[] = part === "**" ? await match(files, place, rest.length === 0 ? ["*"] : rest) : [];
  const fits = part === "**" ? isVisibleFile : segmentTest(part);
  for (const info of await files.list(place.directory)) {
    const name = info.path.slice(info.path.lastIndexOf("/") + 1);
    if (!fits(name)) continue;
    const path = place.shown + name;
    if (part === "**") {
      if (info.isDirectory) found.push(...await match(files, { directory: path, shown: `${path}/` }, parts));
    } else if (rest.length === 0) found.push({ ...info, path });
    else if (info.isDirectory) found.push(...await match(files, { directory: path, shown: `${path}/` }, rest));
  }
  return found;
}

function segmentTest(part: string): (name: string) => boolean {
  let source = "";
  for (let i = 0; i < part.length; i++) {
    const close = part[i] === "[" ? part.indexOf("]", i + 2) : -1;
    if (close > 0) {
      source += `[${part.slice(i + 1, close).replace(/^!/, "^").replaceAll(/[\\[\]]/g, "\\$&")}]`;
      i = close;
    } else if (part[i] === "*") source += ".*";
    else if (part[i] === "?") source += ".";
    else source += part[i].replace(/[\\^$.|+(){}[\]]/, "\\$&");
  }
  const expression = compiled(`^${source}$`, part);
  return (name) => expression.test(name) && (isVisibleFile(name) || name[0] === part[0]);
}

function compiled(source: string, part: string): RegExp {
  try {
    return new RegExp(source, "su");
  } catch (cause) {
    throw new JobExecutionError("TSF-3014", `Not a glob: ${part}`, {
      expected: "sets such as [a-z] or [!abc]",
      found: cause instanceof Error ? cause.message : String(cause),
    });
  }
}

function expandBraces(pattern: string): string[] {
  const open = pattern.indexOf("{");
  const close = pattern.indexOf("}", open);
  if (open < 0 || close < 0) return [pattern];
  const rest = expandBraces(pattern.slice(close + 1));
  return pattern.slice(open + 1, close).split(",").flatMap((choice) =>
    rest.map((end) => pattern.slice(0, open) + choice + end)
  );
}
