/**
 * The configuration of a job: values of known options, checked when they are set. Unknown keys are refused with the
 * nearest known one, because a misspelt option that does nothing is found too late.
 *
 * @module
 */

import { InvalidProgramError } from "../errors.ts";
import { type DurationText, toMillis } from "../types/duration.ts";
import type { ConfigOption, ConfigValueTypes } from "./config_option.ts";
import { CONFIG_OPTIONS } from "./config_options.ts";

/** Values by key, as texts or as values of the option's type. */
export type ConfigurationValues = Readonly<Record<string, unknown>>;

/**
 * Values of configuration options.
 *
 * @example
 * ```ts
 * import { Configuration, PipelineOptions } from "tsflink";
 *
 * const configuration = Configuration.from({ "pipeline.auto-watermark-interval": "1 s", "parallelism.default": 2 });
 * console.assert(configuration.get(PipelineOptions.AUTO_WATERMARK_INTERVAL) === 1000);
 * console.assert(configuration.get(PipelineOptions.OBJECT_REUSE) === false);
 * ```
 */
export class Configuration {
  readonly #values = new Map<string, unknown>();

  /**
   * A configuration with these values.
   *
   * @throws InvalidProgramError TSF-4001 for an unknown key, TSF-4002 for a value that cannot be read.
   */
  static from(values: ConfigurationValues): Configuration {
    return new Configuration().setAll(values);
  }

  /** The value of an option, or its default. */
  get<V>(option: ConfigOption<V>): V {
    return this.#values.has(option.key) ? this.#values.get(option.key) as V : option.defaultValue;
  }
  /** The value of an option, or undefined when it was not set. */
  getOptional<V>(option: ConfigOption<V>): V | undefined {
    return this.#values.get(option.key) as V | undefined;
  }
  /** Whether an option was set. */
  contains(option: ConfigOption<unknown>): boolean {
    return this.#values.has(option.key);
  }
  /**
   * Sets an option.
   *
   * @throws InvalidProgramError TSF-4002 when the value does not fit.
   */
  set<V>(option: ConfigOption<V>, value: NoInfer<V>): this {
    this.#values.set(option.key, parseValue(option, value));
    return this;
  }
  /** Sets an option by its key; see {@link Configuration.from}. */
  setText(key: string, value: unknown): this {
    const known = knownOption(key);
    this.#values.set(known.key, parseValue(known, value));
    return this;
  }
  /** Sets several options by their keys. */
  setAll(values: ConfigurationValues | Configuration): this {
    const entries = values instanceof Configuration ? Object.entries(values.toObject()) : Object.entries(values);
    for (const [key, value] of entries) if (value !== undefined) this.setText(key, value);
    return this;
  }
  /** Goes back to the default. */
  remove(option: ConfigOption<unknown>): this {
    this.#values.delete(option.key);
    return this;
  }
  /** The values that were set, by key. */
  toObject(): Record<string, unknown> {
    return Object.fromEntries(this.#values);
  }
  /** A copy that can be changed by itself. */
  clone(): Configuration {
    return new Configuration().setAll(this);
  }
}

function knownOption(key: string): ConfigOption<unknown> {
  const known = CONFIG_OPTIONS.get(key);
  if (known !== undefined) return known;
  const nearest = nearestKey(key, CONFIG_OPTIONS.keys());
  throw new InvalidProgramError("TSF-4001", `Unknown configuration option ${JSON.stringify(key)}`, {
    expected: "a known option",
    found: JSON.stringify(key),
    hint: nearest === undefined ? "See the table of options." : `Did you mean ${nearest}?`,
  });
}

/** The key with the fewest changed letters; undefined when none is near. */
export function nearestKey(key: string, known: Iterable<string>): string | undefined {
  let nearest: string | undefined;
  let least = Math.max(3, Math.ceil(key.length / 3)) + 1;
  for (const candidate of known) {
    const distance = editDistance(key, candidate, least);
    if (distance < least) [nearest, least] = [candidate, distance];
  }
  return nearest;
}

/** Levenshtein distance; anything at or above `limit` counts as `limit`. */
function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit;
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substituted = row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(substituted, row[j] + 1, next[j - 1] + 1));
    }
    row = next;
  }
  return Math.min(row[b.length], limit);
}

/** The value of an option from a text or a value. */
function parseValue(option: ConfigOption<unknown>, value: unknown): unknown {
  const parsed = read(option, typeof value === "string" ? value.trim() : value);
  const fits = parsed !== undefined && (option.allowed === undefined || option.allowed.includes(parsed as string)) &&
    (option.min === undefined || (parsed as number) >= option.min);
  if (fits) return parsed;
  throw new InvalidProgramError("TSF-4002", `The value of ${option.key} cannot be used`, {
    expected: describeExpected(option),
    found: typeof value === "string" ? JSON.stringify(value) : String(value),
    hint: option.description,
  });
}

function read(option: ConfigOption<unknown>, value: unknown): unknown {
  switch (option.kind) {
    case "int":
      return whole(number(value));
    case "double":
      return number(value);
    case "boolean":
      return typeof value === "boolean" ? value : BOOLEANS[String(value).toLowerCase()];
    case "duration":
      return milliseconds(value);
    case "memory":
      return typeof value === "number" ? whole(value) : bytes(String(value));
    case "list":
      return Array.isArray(value) ? value.map(String) : typeof value === "string" ? texts(value, ";") : undefined;
    case "map":
      return typeof value === "string" ? pairs(value) : typeof value === "object" && value !== null ? value : undefined;
    case "string":
      return typeof value === "string" ? option.allowed?.find((v) => sameWord(v, value)) ?? value : undefined;
  }
}

const BOOLEANS: Readonly<Record<string, boolean | undefined>> = { true: true, false: false };

function sameWord(a: string, b: string): boolean {
  return a.toLowerCase().replaceAll("-", "_") === b.toLowerCase().replaceAll("-", "_");
}

function number(value: unknown): number | undefined {
  const parsed = typeof value === "string" && value !== "" ? Number(value) : value;
  return typeof parsed === "number" && Number.isFinite(parsed) ? parsed : undefined;
}

function whole(value: number | undefined): number | undefined {
  return Number.isSafeInteger(value) ? value : undefined;
}

function milliseconds(value: unknown): number | undefined {
  try {
    // Flink reads a bare number as milliseconds.
    const text = typeof value === "string" && /^\d+$/.test(value) ? Number(value) : value as DurationText;
    return toMillis(text);
  } catch {
    return undefined;
  }
}

const MEMORY_UNITS: Readonly<Record<string, number>> = {
  "": 1,
  b: 1,
  bytes: 1,
  k: 1024,
  kb: 1024,
  kibibytes: 1024,
  m: 1024 ** 2,
  mb: 1024 ** 2,
  mebibytes: 1024 ** 2,
  g: 1024 ** 3,
  gb: 1024 ** 3,
  gibibytes: 1024 ** 3,
  t: 1024 ** 4,
  tb: 1024 ** 4,
  tebibytes: 1024 ** 4,
};

function bytes(text: string): number | undefined {
  const match = /^(\d+)\s*([a-z]*)$/i.exec(text);
  const unit = match === null ? undefined : MEMORY_UNITS[match[2].toLowerCase()];
  return unit === undefined ? undefined : whole(Number(match![1]) * unit);
}

function texts(text: string, separator: string): string[] {
  return text === "" ? [] : text.split(separator).map((part) => part.trim());
}

function pairs(text: string): Record<string, string> | undefined {
  const entries = texts(text, ",").map((pair) => pair.split(/:(.*)/s, 2).map((part) => part.trim()));
  return entries.every((entry) => entry.length === 2) ? Object.fromEntries(entries) : undefined;
}

const KIND_TEXTS: Readonly<Record<keyof ConfigValueTypes, string>> = {
  int: "an integer",
  double: "a number",
  boolean: "true or false",
  string: "a text",
  duration: `a length of time, such as "10 s" or "5 min"`,
  memory: `a size, such as "32 kb" or "64 mb"`,
  list: `texts separated by ";"`,
  map: `"name:value" pairs separated by ","`,
};

function describeExpected(option: ConfigOption<unknown>): string {
  if (option.allowed !== undefined) return option.allowed.join(", ");
  const least = option.min === undefined || option.min < 0 ? "" : `, at least ${option.min}`;
  return `${KIND_TEXTS[option.kind]}${least}`;
}
