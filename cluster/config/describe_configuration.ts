/**
 * The configuration as people read it: values as they would be written, secrets masked, defaults beside Flink's.
 *
 * @module
 */

import type { ConfigOption } from "../../runtime/api/config_option.ts";
import { CONFIG_OPTIONS } from "../../runtime/api/config_options.ts";
import { type ClusterConfiguration, describeSource } from "./cluster_configuration.ts";
import { ALL_OPTIONS, SecurityOptions } from "./cluster_options.ts";
import flink from "./flink_defaults.json" with { type: "json" };
import { GIB, HOUR, KIB, MIB, MINUTE, SECOND } from "./options/units.ts";

/** One option with its value. */
export interface DescribedOption {
  readonly key: string;
  /** As it would be written; masked when it is a secret. */
  readonly value: string;
  /** "default", "config.yaml:3", "TSFLINK_REST_PORT" or a flag. */
  readonly source: string;
  readonly default: string;
  readonly description: string;
  /** Whether jobs have it too. */
  readonly isJobOption: boolean;
}

/** A default that is not Flink's. */
export interface DefaultDifference {
  readonly key: string;
  readonly value: string;
  readonly flink: string;
  readonly why: string;
}

const MASK = "******";
/** Values of keys that name one of these are never shown. */
const SECRET_PARTS = ["secret", "token", "password", "passwd", "apikey", "auth-params", "service-key", "key"];
/** Keys that only name a file, or are no secret though they sound like one. */
const NO_SECRETS: ReadonlySet<string> = new Set([
  SecurityOptions.TOKEN_FILE.key,
  SecurityOptions.SSL_INTERNAL_KEY.key,
  SecurityOptions.SSL_REST_KEY.key,
  SecurityOptions.REDACTED_KEYS.key,
]);

/** Every option with its effective value, by key. */
export function describeConfiguration(configuration: ClusterConfiguration): DescribedOption[] {
  const more = configuration.get(SecurityOptions.REDACTED_KEYS);
  return [...ALL_OPTIONS.values()].map((option) => ({
    key: option.key,
    value: isSecret(option.key, more) && configuration.isSet(option)
      ? MASK
      : valueText(option, configuration.get(option)),
    source: describeSource(configuration.sourceOf(option)),
    default: valueText(option, option.defaultValue),
    description: option.description,
    isJobOption: CONFIG_OPTIONS.has(option.key),
  })).sort((a, b) => a.key < b.key ? -1 : 1);
}

/** Effective values by key, secrets masked; what has neither value nor default is left out. */
export function shownValues(configuration: ClusterConfiguration): Record<string, string> {
  return Object.fromEntries(
    describeConfiguration(configuration).filter(({ value }) => value !== NONE).map(({ key, value }) => [key, value]),
  );
}

/** Whether the value of a key must not be shown. */
export function isSecret(key: string, additionalParts: readonly string[] = []): boolean {
  if (NO_SECRETS.has(key)) return false;
  const lower = key.toLowerCase();
  const isPart = (part: string) => lower.split(/[.-]/).includes(part) || (part.length > 3 && lower.includes(part));
  return SECRET_PARTS.some(isPart) || additionalParts.some((part) => lower.includes(part.toLowerCase()));
}

/** Options whose default is not Flink's, with the reason. */
export function differencesFromFlink(): DefaultDifference[] {
  const flinks: Readonly<Record<string, string | undefined>> = flink.defaults;
  const reasons: Readonly<Record<string, string | undefined>> = flink.why;
  return [...ALL_OPTIONS.values()].filter(({ key }) => reasons[key] !== undefined).map((option) => ({
    key: option.key,
    value: valueText(option, option.defaultValue),
    flink: flinks[option.key] ?? NONE,
    why: reasons[option.key] ?? "",
  })).sort((a, b) => a.key < b.key ? -1 : 1);
}

const NONE = "(none)";
const TIMES = [["d", 24 * HOUR], ["h", HOUR], ["min", MINUTE], ["s", SECOND]] as const;
const SIZES = [["gb", GIB], ["mb", MIB], ["kb", KIB]] as const;

/** A value as it would be written in config.yaml. */
export function valueText(option: ConfigOption<unknown>, value: unknown): string {
  if (value === undefined || value === "") return NONE;
  if (Array.isArray(value)) return value.length === 0 ? NONE : value.join(";");
  if (option.kind === "duration") return withUnit(value as number, TIMES, "ms");
  if (option.kind === "memory") return withUnit(value as number, SIZES, "bytes");
  if (typeof value === "object" && value !== null) {
    return Object.entries(value).map(([name, one]) => `${name}:${one}`).join(",");
  }
  return String(value);
}

function withUnit(value: number, units: readonly (readonly [string, number])[], smallest: string): string {
  const unit = value === 0 ? undefined : units.find(([, size]) => value % size === 0);
  return unit === undefined ? `${value} ${smallest}` : `${value / unit[1]} ${unit[0]}`;
}
