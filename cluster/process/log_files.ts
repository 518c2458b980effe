/**
 * The log and output files of a process, when it has some: `tsflink cluster start` says where they are. For REST.
 *
 * @module
 */

/** One file. */
export interface LogFile {
  readonly name: string;
  readonly sizeBytes: number;
  readonly modifiedAt: number;
}

/** Name the files in the environment of a process. */
export const LOG_VARIABLE = "TSFLINK_CHILD_LOG";
/** The same for standard output. */
export const OUT_VARIABLE = "TSFLINK_CHILD_OUT";
/** More of a file is not read: its end counts. */
const MAX_READ_BYTES = 4 * 1024 * 1024;

/** The files there are. */
export function logFiles(): LogFile[] {
  return [paths().log, paths().stdout].flatMap((path) => {
    if (path === undefined) return [];
    try {
      const { size, mtime } = Deno.statSync(path);
      return [{ name: path.slice(path.lastIndexOf("/") + 1), sizeBytes: size, modifiedAt: mtime?.getTime() ?? 0 }];
    } catch {
      return [];
    }
  });
}

/** The end of "log", "stdout" or a file of {@link logFiles}; undefined for any other name. */
export function readLogFile(name: string): Uint8Array | undefined {
  const { log, stdout } = paths();
  // Names are compared, never made into paths.
  const path = name === "log"
    ? log
    : name === "stdout"
    ? stdout
    : [log, stdout].find((own) => own?.endsWith(`/${name}`));
  if (path === undefined || name === "") return undefined;
  try {
    using file = Deno.openSync(path);
    const { size } = file.statSync();
    const bytes = new Uint8Array(Math.min(size, MAX_READ_BYTES));
    file.seekSync(size - bytes.length, Deno.SeekMode.Start);
    let filled = 0;
    while (filled < bytes.length) {
      const read = file.readSync(bytes.subarray(filled));
      if (read === null) break;
      filled += read;
    }
    return bytes.subarray(0, filled);
  } catch {
    return undefined;
  }
}

function paths(): { readonly log: string | undefined; readonly stdout: string | undefined } {
  return { log: Deno.env.get(LOG_VARIABLE), stdout: Deno.env.get(OUT_VARIABLE) };
}
