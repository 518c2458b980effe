/**
 * One configuration option: key, type, default, text. The options are in config_options.ts; values are read and written
 * through configuration.ts.
 *
 * @module
 */

/** What kinds of value an option can have, and how each is written as text. */
export interface ConfigValueTypes {
  /** An integer: `4`. */
  readonly int: number;
  /** A number: `0.5`. */
  readonly double: number;
  /** `true` or `false`. */
  readonly boolean: boolean;
  /** A text. */
  readonly string: string;
  /** A length of time, in ms: `10 s`, `5 min`. */
  readonly duration: number;
  /** A size, in bytes: `32 kb`, `64 mb`. */
  readonly memory: number;
  /** Several texts: `a;b`. */
  readonly list: readonly string[];
  /** Several texts by name: `a:1,b:2`. */
  readonly map: Readonly<Record<string, string>>;
}
/** The kinds of {@link ConfigOption}. */
export type ConfigKind = keyof ConfigValueTypes;

/** A configuration option with values of type `V`; without a default `V` includes undefined. */
export interface ConfigOption<V> {
  /** Flink's key, or one of tsflink's own. */
  readonly key: string;
  /** How its values are written. */
  readonly kind: ConfigKind;
  /** Undefined when there is none. */
  readonly defaultValue: V;
  /** What it does, in a sentence. */
  readonly description: string;
  /** The values allowed, of a string option. */
  readonly allowed?: readonly string[];
  /** The smallest number allowed. */
  readonly min?: number;
  /** Keys of earlier versions. */
  readonly deprecatedKeys?: readonly string[];
}

interface OptionDetails<V> {
  readonly defaultValue?: V;
  readonly description: string;
  readonly min?: number;
}

/** An option with a default. */
export function option<K extends Exclude<ConfigKind, "string">>(
  key: string,
  kind: K,
  details: OptionDetails<ConfigValueTypes[K]> & { readonly defaultValue: ConfigValueTypes[K] },
): ConfigOption<ConfigValueTypes[K]> {
  return { key, kind, ...details };
}

/** An option without a default. */
export function optional<K extends ConfigKind>(
  key: string,
  kind: K,
  description: string,
): ConfigOption<ConfigValueTypes[K] | undefined> {
  return { key, kind, description, defaultValue: undefined };
}

/** A text option with a default; with `allowed` only these values. */
export function choice<const V extends string>(
  key: string,
  allowed: readonly V[],
  details: { readonly defaultValue: NoInfer<V>; readonly description: string },
): ConfigOption<V> {
  return { key, kind: "string", allowed, ...details };
}
