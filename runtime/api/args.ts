/**
 * Arguments of a program: `--name value`, `--name=value`, `--flag`. `env.args` gives one of these over the arguments the
 * host knows. Each value is asked for by name with a default, which also gives its type; what was asked for makes the
 * usage text.
 *
 * @module
 */

import { InvalidProgramError, userFrame } from "../errors.ts";
import { nearestKey } from "./configuration.ts";

/** One argument a program declares. */
export interface ArgDeclaration<V> {
  /** Its value when it is not given; without a default it must be given. */
  readonly default?: V;
  /** A line for the usage text. */
  readonly description?: string;
}

/** Declarations by name; see {@link ProgramArgs.parse}. */
export type ArgDeclarations = Readonly<Record<string, string | number | boolean | ArgSpec<unknown>>>;
/** A declared argument with its type. */
export interface ArgSpec<V> extends ArgDeclaration<V> {
  /** The type of its value. */
  readonly type: "string" | "number" | "boolean";
  /** Carries V for inference only. */
  readonly value?: () => V;
}
/** The values of declarations. */
export type ArgValues<D> = {
  readonly [N in keyof D]: D[N] extends ArgSpec<infer V> ? V
    : D[N] extends string ? string
    : D[N] extends number ? number
    : boolean;
};

/**
 * Declares an argument that must be given.
 *
 * @example
 * ```ts
 * import { Args, ProgramArgs } from "tsflink";
 *
 * const { from, top } = new ProgramArgs(["--from", "book.txt"]).parse({
 *   from: Args.string("the text to count"),
 *   top: Args.of(10, "how many words to show"),
 * });
 * console.assert(from === "book.txt" && top === 10);
 * ```
 */
export const Args: {
  string(description?: string): ArgSpec<string>;
  number(description?: string): ArgSpec<number>;
  /** True when the flag is given. */
  flag(description?: string): ArgSpec<boolean>;
  /** An argument with a default and a line for the usage text. */
  of<V extends string | number | boolean>(value: V, description: string): ArgSpec<Widened<V>>;
} = {
  string: (description) => ({ type: "string", description }),
  number: (description) => ({ type: "number", description }),
  flag: (description) => ({ type: "boolean", default: false, description }),
  of: (value, description) => ({ type: typeof value, default: value, description }) as never,
};
/** The type of a default without its value. */
export type Widened<V> = V extends string ? string : V extends number ? number : boolean;

/**
 * The arguments of a program.
 *
 * @example
 * ```ts
 * import { Args, ProgramArgs } from "tsflink";
 *
 * const args = new ProgramArgs(["--input", "book.txt", "--top=5"]);
 * const { input, top, verbose } = args.parse({
 *   input: Args.string("the text to count"),
 *   top: 10,
 *   verbose: false,
 * });
 * console.assert(input === "book.txt" && top === 5 && verbose === false);
 * ```
 */
export class ProgramArgs {
  readonly #given = new Map<string, string | undefined>();
  readonly #positional: string[] = [];

  /** Sorts the words into names with values and positional words. @param words As the shell gives them. */
  constructor(words: readonly string[]) {
    for (let i = 0; i < words.length; i++) {
      const match = /^--?([^=]+)(?:=(.*))?$/s.exec(words[i]);
      if (match === null || isNumber(words[i])) {
        this.#positional.push(words[i]);
        continue;
      }
      const [, name, inline] = match;
      const next = words[i + 1];
      const takesNext = inline === undefined && next !== undefined && (!next.startsWith("-") || isNumber(next));
      this.#given.set(name, takesNext ? next : inline);
      if (takesNext) i++;
    }
  }

  /** Words that belong to no name. */
  get positional(): readonly string[] {
    return this.#positional;
  }
  /** Whether a name was given. */
  has(name: string): boolean {
    return this.#given.has(name);
  }
  /** A text. @throws InvalidProgramError TSF-1216 when it is not given and has no default. */
  get(name: string): string;
  /** A text, or the default. */
  get<D extends string | undefined>(name: string, defaultValue: D): string | D;
  get(name: string, ...rest: readonly (string | undefined)[]): string | undefined {
    const value = this.#given.get(name);
    if (value !== undefined) return value;
    if (rest.length > 0 && !this.#given.has(name)) return rest[0];
    throw this.#missing(name, "a value");
  }
  /** A number. @throws InvalidProgramError TSF-1216 when it is not given and has no default, or is none. */
  getNumber(name: string, ...rest: readonly number[]): number {
    if (!this.#given.has(name) && rest.length > 0) return rest[0];
    const text = this.#given.get(name);
    if (text === undefined || !isNumber(text)) throw this.#missing(name, "a number");
    return Number(text);
  }
  /** A flag: `--name`, `--name true` or `--name=false`. Default false. */
  getBoolean(name: string, defaultValue = false): boolean {
    if (!this.#given.has(name)) return defaultValue;
    const text = this.#given.get(name);
    if (text === undefined || text === "true") return true;
    if (text === "false") return false;
    throw this.#missing(name, "true or false");
  }
  /** All that was given, by name, e.g. for setGlobalJobParameters; flags are "true". */
  toObject(): Record<string, string> {
    return Object.fromEntries([...this.#given].map(([name, value]) => [name, value ?? "true"]));
  }

  /**
   * Reads all arguments at once: each name with a default, which gives its type, or with {@link Args}.
   *
   * @throws InvalidProgramError TSF-1216 with the usage text, for an argument that is missing, malformed or unknown.
   */
  parse<const D extends ArgDeclarations>(declarations: D): ArgValues<D> {
    const specs = Object.entries(declarations).map(([name, given]) => [name, specOf(given)] as const);
    const usage = usageOf(specs);
    for (const name of this.#given.keys()) {
      if (Object.hasOwn(declarations, name)) continue;
      const nearest = nearestKey(name, Object.keys(declarations));
      const hint = nearest === undefined ? usage : `Did you mean --${nearest}?\n${usage}`;
      throw argError(`Unknown argument --${name}`, "an argument of the program", `--${name}`, hint);
    }
    const values: Record<string, unknown> = {};
    for (const [name, spec] of specs) values[name] = this.#read(name, spec, usage);
    return values as ArgValues<D>;
  }

  #read(name: string, spec: ArgSpec<unknown>, usage: string): unknown {
    if (!this.#given.has(name)) {
      if (spec.default !== undefined) return spec.default;
      throw argError(`Argument --${name} is missing`, EXPECTED[spec.type], "nothing", usage);
    }
    const text = this.#given.get(name);
    if (spec.type === "boolean" && (text === undefined || text === "true" || text === "false")) return text !== "false";
    if (spec.type === "string" && text !== undefined) return text;
    if (spec.type === "number" && text !== undefined && isNumber(text)) return Number(text);
    const found = text === undefined ? "nothing" : JSON.stringify(text);
    throw argError(`Argument --${name} is malformed`, EXPECTED[spec.type], found, usage);
  }
  #missing(name: string, expected: string): InvalidProgramError {
    const text = this.#given.get(name);
    const what = this.#given.has(name) && text !== undefined ? "malformed" : "missing";
    return argError(
      `Argument --${name} is ${what}`,
      expected,
      text === undefined ? "nothing" : JSON.stringify(text),
      `Usage: --${name} <${expected}>`,
    );
  }
}

const EXPECTED = { string: "a text", number: "a number", boolean: "true or false" } as const;

function isNumber(text: string): boolean {
  return text.trim() !== "" && Number.isFinite(Number(text));
}

function specOf(given: ArgDeclarations[string]): ArgSpec<unknown> {
  if (typeof given === "object") return given;
  return { type: typeof given as "string" | "number" | "boolean", default: given };
}

function usageOf(specs: readonly (readonly [string, ArgSpec<unknown>])[]): string {
  const lines = specs.map(([name, spec]) => {
    const form = spec.type === "boolean" ? `--${name}` : `--${name} <${spec.type}>`;
    const text = spec.description ?? "";
    const fallback = spec.default === undefined ? "(required)" : `(default ${JSON.stringify(spec.default)})`;
    return `  ${form.padEnd(28)} ${text === "" ? fallback : `${text} ${fallback}`}`;
  });
  return ["Usage:", ...lines].join("\n");
}

function argError(summary: string, expected: string, found: string, hint: string): InvalidProgramError {
  return new InvalidProgramError("TSF-1216", summary, {
    expected,
    found,
    hint,
    userLine: userFrame(new Error().stack),
  });
}
