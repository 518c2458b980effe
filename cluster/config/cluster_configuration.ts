/**
 * The configuration of a process: values of known options with where each comes from. Read once, at start; see
 * load_configuration.ts for the order of sources.
 *
 * Made by the entry points and by tests; read by every part of the cluster.
 *
 * @module
 */

import { Configuration, nearestKey } from "../../runtime/api/configuration.ts";
import type { ConfigOption } from "../../runtime/api/config_option.ts";
import { CONFIG_OPTIONS } from "../../runtime/api/config_options.ts";
import { FlinkError } from "../../runtime/errors.ts";
import { ALL_OPTIONS } from "./cluster_options.ts";
import { flinkOnlyKey } from "./flink_keys.ts";

/** Where a value comes from. */
export type ValueSource =
  | { readonly kind: "default" }
  | { readonly kind: "file"; readonly file: string; readonly line: number }
  | { readonly kind: "environment"; readonly variable: string }
  | { readonly kind: "flag"; readonly flag: string };

/** A value that was given, as text or as YAML has it. */
export interface GivenValue {
  readonly key: string;
  readonly value: unknown;
  readonly source: ValueSource;
}

/** A key of Flink that means nothing here. */
export interface IgnoredValue {
  readonly key: string;
  readonly source: ValueSource;
}

const DEFAULT: ValueSource = { kind: "default" };

/** "config.yaml:12", "-D", "TSFLINK_REST_PORT" or "default". */
export function describeSource(source: ValueSource): string {
  switch (source.kind) {
    case "default":
      return "default";
    case "file":
      return `${source.file}:${source.line}`;
    case "environment":
      return source.variable;
    case "flag":
      return source.flag;
  }
}

/** See the module. */
export class ClusterConfiguration {
  readonly #values = new Configuration();
  readonly #sources = new Map<string, ValueSource>();
  readonly #ignored: IgnoredValue[] = [];

  /**
   * A configuration of given values; of one key the last one counts.
   *
   * @throws FlinkError TSF-4100 for an unknown key, TSF-4101 for a value that does not fit.
   */
  static of(given: readonly GivenValue[]): ClusterConfiguration {
    const configuration = new ClusterConfiguration();
    for (const value of given) configuration.#take(value);
    return configuration;
  }

  /** The same from plain values, as if by -D. */
  static from(values: Readonly<Record<string, unknown>>): ClusterConfiguration {
    const source: ValueSource = { kind: "flag", flag: "-D" };
    return ClusterConfiguration.of(Object.entries(values).map(([key, value]) => ({ key, value, source })));
  }

  /** The value of an option, or its default. */
  get<V>(option: ConfigOption<V>): V {
    return this.#values.get(option);
  }
  /** Whether an option was given. */
  isSet(option: ConfigOption<unknown>): boolean {
    return this.#sources.has(option.key);
  }
  /** Where the value of an option comes from. */
  sourceOf(option: ConfigOption<unknown>): ValueSource {
    return this.#sources.get(option.key) ?? DEFAULT;
  }
  /** What was given by keys of Flink that mean nothing here. */
  get ignored(): readonly IgnoredValue[] {
    return this.#ignored;
  }
  /** Options of jobs that were given: the defaults of the jobs of this cluster or client. */
  jobValues(): Record<string, unknown> {
    return Object.fromEntries(Object.entries(this.#values.toObject()).filter(([key]) => CONFIG_OPTIONS.has(key)));
  }
  /** Every value that was given, by key. */
  givenValues(): Record<string, unknown> {
    return this.#values.toObject();
  }
  /** This one with other values over it. */
  with(values: Readonly<Record<string, unknown>>, flag = "-D"): ClusterConfiguration {
    const copy = new ClusterConfiguration();
    for (const [key, value] of Object.entries(this.#values.toObject())) {
      copy.#take({ key, value, source: this.#sources.get(key) ?? DEFAULT });
    }
    copy.#ignored.push(...this.#ignored);
    for (const [key, value] of Object.entries(values)) copy.#take({ key, value, source: { kind: "flag", flag } });
    return copy;
  }

  #take({ key, value, source }: GivenValue): void {
    const known = ALL_OPTIONS.get(key);
    if (known === undefined) {
      if (!flinkOnlyKey(key)) throw unknownKey(key, source);
      this.#ignored.push({ key, source });
      return;
    }
    if (value === undefined || value === null) return;
    try {
      this.#values.set(known, value);
    } catch (error) {
      if (!(error instanceof FlinkError)) throw error;
      throw new FlinkError("TSF-4101", `The value of ${key} cannot be used`, {
        expected: error.expected,
        found: `${error.found} (${describeSource(source)})`,
        hint: known.description,
      });
    }
    this.#sources.set(key, source);
  }
}

function unknownKey(key: string, source: ValueSource): FlinkError {
  const nearest = nearestKey(key, ALL_OPTIONS.keys());
  const help = "`tsflink config` lists every option.";
  return new FlinkError("TSF-4100", `Unknown configuration option ${JSON.stringify(key)}`, {
    expected: "an option of tsflink or of Flink",
    found: `${JSON.stringify(key)} (${describeSource(source)})`,
    hint: nearest === undefined ? help : `Did you mean ${nearest}? ${help}`,
  });
}
