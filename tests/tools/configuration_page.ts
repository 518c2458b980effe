/**
 * Writes docs/configuration.md from the table of options. `deno run -A tests/tools/configuration_page.ts` makes it;
 * tests/architecture/configuration_page_test.ts says when it is stale.
 *
 * @module
 */

import type { ConfigOption } from "../../runtime/api/config_option.ts";
import { CONFIG_OPTIONS } from "../../runtime/api/config_options.ts";
import { CLUSTER_OPTION_GROUPS } from "../../cluster/config/cluster_options.ts";
import { differencesFromFlink, valueText } from "../../cluster/config/describe_configuration.ts";

/** The page. */
export const CONFIGURATION_PAGE: URL = new URL("../../docs/configuration.md", import.meta.url);

function row(option: ConfigOption<unknown>): string {
  const allowed = option.allowed === undefined ? option.kind : option.allowed.join(", ");
  return `| \`${option.key}\` | ${valueText(option, option.defaultValue)} | ${allowed} | ${
    option.description.replaceAll("|", "\\|")
  } |`;
}

function table(options: readonly ConfigOption<unknown>[]): string[] {
  return ["| key | default | type | |", "| --- | --- | --- | --- |", ...options.map(row), ""];
}

/** The page as text. */
export function configurationPage(): string {
  return [
    "# Configuration",
    "",
    "Keys and defaults are Flink's where Flink has them. Values come from the defaults below, below `config.yaml` (nested",
    "or flat keys; `--config-dir`, `TSFLINK_CONF_DIR`, or `conf/` where the process was started), below variables of the",
    "environment (`rest.bind-port` is `TSFLINK_REST_BIND_PORT`), below `-D key=value`. An unknown key is refused with the",
    "nearest known one; a key of Flink that means nothing here is accepted and listed as ignored. `tsflink config` prints",
    "every value with where it comes from. Made by `tests/tools/configuration_page.ts`.",
    "",
    "Durations are written as `250 ms`, `10 s`, `5 min`, `1 h` (a bare number is milliseconds), sizes as `64 mb`, `1 gb` (a",
    "bare number is bytes), lists as `a;b`, maps as `a:1,b:2`.",
    "",
    "## Defaults that are not Flink's",
    "",
    "| key | default | Flink's | why |",
    "| --- | --- | --- | --- |",
    ...differencesFromFlink().map(({ key, value, flink, why }) => `| \`${key}\` | ${value} | ${flink} | ${why} |`),
    "",
    "# Jobs",
    "",
    ...table([...CONFIG_OPTIONS.values()].toSorted((a, b) => a.key < b.key ? -1 : 1)),
    ...Object.entries(CLUSTER_OPTION_GROUPS).flatMap(([group, options]) => [`# ${group}`, "", ...table(options)]),
  ].join("\n").replaceAll(/^# (?!Configuration)/gm, "## ");
}

if (import.meta.main) Deno.writeTextFileSync(CONFIGURATION_PAGE, configurationPage());
