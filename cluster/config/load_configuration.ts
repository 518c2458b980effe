/**
 * Puts the configuration of a process together: defaults, below config.yaml, below TSFLINK_* variables of the
 * environment, below -D and other flags.
 *
 * @module
 */

import { FlinkError } from "../../runtime/errors.ts";
import type { LocalFiles } from "../../runtime/seams/local_files.ts";
import { ClusterConfiguration, type GivenValue } from "./cluster_configuration.ts";
import { ALL_OPTIONS } from "./cluster_options.ts";

/** Where a configuration comes from. */
export interface ConfigurationSources {
  readonly files: LocalFiles;
  readonly environment: Readonly<Record<string, string>>;
  /** --config-dir: config.yaml must be there. Default: TSFLINK_CONF_DIR, else conf/ where the process was started. */
  readonly configDir?: string;
  /** -D key=value. */
  readonly define?: Readonly<Record<string, string>>;
  /** Flags with names of their own, as --port; they win over -D. */
  readonly flags?: readonly { readonly flag: string; readonly key: string; readonly value: unknown }[];
}

/** A configuration, and where it was looked for. */
export interface LoadedConfiguration {
  readonly configuration: ClusterConfiguration;
  /** The file that was read. */
  readonly file?: string;
  /** Variables TSFLINK_* that name no option. */
  readonly unknownVariables: readonly string[];
}

const FILE_NAME = "config.yaml";
const CONFIG_DIR_VARIABLE = "TSFLINK_CONF_DIR";
/** Variables with a meaning of their own. Kubernetes adds others for a service of the name tsflink. */
const OTHER_VARIABLES =
  /^TSFLINK_(CONF_DIR|EXE|CACHE|USER_DENO_DIR|SUPERVISED|CHILD\w*|TEST\w*|SERVICE_\w+|PORT(_\w+)?)$/;

/**
 * Reads all sources.
 *
 * @throws FlinkError TSF-4100 to TSF-4103 that name the key and where it stands.
 */
export async function loadConfiguration(sources: ConfigurationSources): Promise<LoadedConfiguration> {
  const file = await configFile(sources);
  const given: GivenValue[] = [];
  if (file !== undefined) {
    const { parseConfigFile } = await import("./config_file.ts");
    given.push(...parseConfigFile(new TextDecoder().decode(await sources.files.readAll(file)), file));
  }
  const unknownVariables: string[] = [];
  for (const [variable, value] of Object.entries(sources.environment).sort(([a], [b]) => a < b ? -1 : 1)) {
    if (!variable.startsWith("TSFLINK_") || OTHER_VARIABLES.test(variable)) continue;
    const key = KEYS_BY_VARIABLE.get(variable);
    if (key === undefined) unknownVariables.push(variable);
    else given.push({ key, value, source: { kind: "environment", variable } });
  }
  for (const [key, value] of Object.entries(sources.define ?? {})) {
    given.push({ key, value, source: { kind: "flag", flag: "-D" } });
  }
  for (const { flag, key, value } of sources.flags ?? []) {
    if (value !== undefined) given.push({ key, value, source: { kind: "flag", flag } });
  }
  return { configuration: ClusterConfiguration.of(given), file, unknownVariables };
}

/** rest.bind-port as TSFLINK_REST_BIND_PORT. */
export function variableOf(key: string): string {
  return `TSFLINK_${key.replaceAll(/[.-]/g, "_").toUpperCase()}`;
}

const KEYS_BY_VARIABLE: ReadonlyMap<string, string> = new Map(
  [...ALL_OPTIONS.keys()].map((key) => [variableOf(key), key]),
);

async function configFile({ files, environment, configDir }: ConfigurationSources): Promise<string | undefined> {
  const asked = configDir ?? environment[CONFIG_DIR_VARIABLE];
  const file = `${asked ?? "conf"}/${FILE_NAME}`;
  const info = await files.stat(file);
  if (info !== undefined && !info.isDirectory) return file;
  if (asked === undefined) return undefined;
  throw new FlinkError("TSF-4103", "The folder of the configuration has no config.yaml", {
    expected: file,
    found: info === undefined ? "nothing" : "a folder",
    hint: configDir === undefined ? `${CONFIG_DIR_VARIABLE} names the folder.` : "--config-dir names the folder.",
  });
}
