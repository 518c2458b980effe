/**
 * `tsflink version`: this program, and the cluster where it is asked for.
 *
 * @module
 */

import config from "../../../deno.json" with { type: "json" };
import { runVerb, SYSTEM_IO, type VerbIo, type VerbOptions } from "./verb.ts";

/** What the command line says. */
export interface VersionCommandOptions extends VerbOptions {
  /** Ask the JobManager, too. */
  readonly cluster?: boolean;
}

/** Gives the exit code. */
export async function versionCommand(options: VersionCommandOptions, io: VerbIo = SYSTEM_IO): Promise<number> {
  const { deno, v8 } = Deno.version;
  const own = { tsflink: config.version, deno, v8, platform: `${Deno.build.os}-${Deno.build.arch}` };
  if (!options.cluster) {
    io.out(options.json ? JSON.stringify(own) : describe(own));
    return 0;
  }
  return await runVerb(options, io, async ({ cluster }) => {
    const version = String((await cluster.overview())["flink-version"]);
    io.out(
      options.json
        ? JSON.stringify({ ...own, cluster: version })
        : `${describe(own)}\ncluster ${version} at ${cluster.origin}`,
    );
    if (version !== own.tsflink) {
      io.err(`warn: the cluster is of another version: jobs of this client are refused there`);
    }
  });
}

function describe(
  { tsflink, deno, v8, platform }: Readonly<Record<"tsflink" | "deno" | "v8" | "platform", string>>,
): string {
  return `tsflink ${tsflink} (Deno ${deno}, V8 ${v8}, ${platform})`;
}
