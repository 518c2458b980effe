/**
 * Keys that Flink knows. Those that mean nothing here are accepted, so that a config.yaml of Flink can be used, and
 * listed as ignored.
 *
 * @module
 */

import known from "./flink_keys.json" with { type: "json" };

const NAMED = known.keys.filter((key) => !key.includes("<"));
const EXACT: ReadonlySet<string> = new Set(NAMED);
/** Keys with a name in them, as metrics.reporter.<name>.interval. */
const PATTERNS: readonly RegExp[] = known.keys.filter((key) => key.includes("<")).map((key) =>
  new RegExp(`^${key.replaceAll(".", "\\.").replaceAll(/<[^>]+>/g, "[^.]+")}$`)
);

/** Prefixes below which every key is a user's own. */
const OPEN_PREFIXES = ["containerized.", "flink.hadoop.", "fs.s3.", "fs.s3a.", "s3.", "env.java.", "classloader."];

/** Whether Flink knows the key. Whoever asks knows already that tsflink does not. */
export function flinkOnlyKey(key: string): boolean {
  return EXACT.has(key) || PATTERNS.some((pattern) => pattern.test(key)) ||
    OPEN_PREFIXES.some((prefix) => key.startsWith(prefix));
}

/** Every key of Flink without a name in it. */
export const FLINK_KEYS: readonly string[] = NAMED;
