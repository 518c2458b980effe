/**
 * The terminal that commands show jobs on.
 *
 * @module
 */

import { writeAll } from "../../runtime/seams/system/write_all.ts";
import type { JobConsoleOptions } from "./job_console.ts";

/** How jobs are shown, by the options of the command line. */
export function consoleOptions(
  { json, quiet }: { readonly json: boolean; readonly quiet: boolean },
): JobConsoleOptions {
  const encoder = new TextEncoder();
  const terminal = Deno.stderr.isTerminal();
  return {
    mode: json ? "json" : quiet ? "quiet" : terminal ? "live" : "lines",
    now: () => performance.now(),
    rows: () => terminal ? Deno.consoleSize().rows : 24,
    columns: () => terminal ? Math.min(140, Deno.consoleSize().columns) : 100,
    colours: terminal && !Deno.noColor,
    write: (text, stream) => {
      try {
        writeAll(stream === "stdout" ? Deno.stdout : Deno.stderr, encoder.encode(text));
      } catch (error) {
        // The reader of the pipe has gone (`| head`): nobody is left to tell.
        if (error instanceof Deno.errors.BrokenPipe) Deno.exit(0);
        throw error;
      }
    },
  };
}
