/**
 * The files a program has registered for its functions, checked before anything runs.
 *
 * @module
 */

import { InvalidProgramError } from "../../runtime/errors.ts";
import type { CachedFile } from "../../runtime/api/executor.ts";
import type { LocalFiles } from "../../runtime/seams/local_files.ts";

/**
 * Path of each registered file by its name.
 *
 * @throws InvalidProgramError TSF-3001 when one is not there: functions would fail only when they read it.
 */
export function cachedFilePaths(registered: readonly CachedFile[], files: LocalFiles): ReadonlyMap<string, string> {
  for (const { name, path } of registered) {
    if (files.statSync(path) !== undefined) continue;
    throw new InvalidProgramError("TSF-3001", `The registered file "${name}" does not exist`, {
      expected: "a file that can be read",
      found: path,
      hint: "Paths of registerCachedFile() are relative to the current directory.",
    });
  }
  return new Map(registered.map(({ name, path }) => [name, path]));
}
