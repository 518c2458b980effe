/**
 * `tsflink config`: the effective configuration, where each value comes from, and the defaults that are not Flink's.
 *
 * @module
 */

import { SystemLocalFiles } from "../../runtime/seams/system/local_files.ts";
import { describeConfiguration, differencesFromFlink } from "../config/describe_configuration.ts";
import { loadConfiguration } from "../config/load_configuration.ts";

/** Options of the command line. */
export interface ConfigCommandOptions {
  readonly configDir?: string;
  readonly define?: Readonly<Record<string, string>>;
  readonly json?: boolean;
  /** Only defaults that differ from Flink's. */
  readonly differences?: boolean;
  /** Only what was given. */
  readonly given?: boolean;
}

/** The text to print. */
export async function configCommand(options: ConfigCommandOptions): Promise<string> {
  const { configuration, file, unknownVariables } = await loadConfiguration({
    files: new SystemLocalFiles(),
    environment: Deno.env.toObject(),
    configDir: options.configDir,
    define: options.define,
  });
  if (options.differences) {
    const differences = differencesFromFlink();
    if (options.json) return JSON.stringify(differences, undefined, 2);
    const rows = differences.map(({ key, value, flink, why }) => [key, value, flink, why]);
    return table([["key", "default", "Flink's default", "why"], ...rows]);
  }
  const all = describeConfiguration(configuration).filter(({ source }) => !options.given || source !== "default");
  const ignored = configuration.ignored.map(({ key }) => key);
  if (options.json) return JSON.stringify({ file, options: all, ignored, unknownVariables }, undefined, 2);
  const rows = all.map((entry) => [entry.key, entry.value, entry.source]);
  const notes = [
    file === undefined ? "no config.yaml" : `from ${file}`,
    ...(ignored.length === 0 ? [] : [`options of Flink that mean nothing here: ${ignored.join(", ")}`]),
    ...(unknownVariables.length === 0 ? [] : [`variables that name no option: ${unknownVariables.join(", ")}`]),
  ];
  return [table([["key", "value", "source"], ...rows]), ...notes.map((note) => `# ${note}`)].join("\n");
}

/** Columns of equal width; the last one as it is. */
function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows.map((row) => row.map((cell, i) => i === row.length - 1 ? cell : cell.padEnd(widths[i])).join("  "))
    .join("\n");
}
