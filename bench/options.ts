/**
 * The command line of the bench: names of cases, flags, and options with a value.
 *
 * @module
 */

import { parseArgs as nodeParseArgs } from "node:util";

/** What was given on the command line. */
export interface BenchArgs {
  readonly names: readonly string[];
  readonly options: ReadonlyMap<string, string>;
  readonly flags: ReadonlySet<string>;
}

const VALUES = [
  "rows",
  "pairs",
  "off",
  "out",
  "options",
  "seconds",
  "interval",
  "save",
  "compare",
  "tolerance",
  "warm-up",
] as const;
const FLAGS = ["help", "json", "ablate", "nexmark", "micro", "scale", "codec", "loop", "after-jobs"] as const;
const OPTIONS: Readonly<Record<string, { readonly type: "string" | "boolean" }>> = {
  ...Object.fromEntries(VALUES.map((name) => [name, { type: "string" as const }])),
  ...Object.fromEntries(FLAGS.map((name) => [name, { type: "boolean" as const }])),
};

/** Reads `name --flag --option value`. @throws TypeError for an option that does not exist or lacks its value. */
export function parseArgs(given: readonly string[]): BenchArgs {
  const { values, positionals } = nodeParseArgs({ args: [...given], options: OPTIONS, allowPositionals: true });
  const entries = Object.entries(values);
  return {
    names: positionals,
    options: new Map(entries.filter((entry): entry is [string, string] => typeof entry[1] === "string")),
    flags: new Set(entries.filter(([, value]) => value === true).map(([name]) => name)),
  };
}

/** {@link parseArgs} of this process: `--help` prints the usage and ends it, a mistake ends it with 2. */
export function commandLine(usage: string): BenchArgs {
  try {
    const args = parseArgs(Deno.args);
    if (!flag(args, "help")) return args;
    console.log(usage);
    Deno.exit(0);
  } catch (error) {
    console.error(`error: ${error instanceof Error ? error.message : error}\n\n${usage}`);
    Deno.exit(2);
  }
}

/** The number given, or the default. @throws TypeError for what is no number. */
export function option(args: BenchArgs, name: string, fallback: number): number {
  const text = args.options.get(name);
  const value = text === undefined ? fallback : Number(text.replaceAll("_", ""));
  if (Number.isNaN(value)) throw new TypeError(`--${name} takes a number, not "${text}"`);
  return value;
}
/** Whether the flag was given. */
export function flag(args: BenchArgs, name: string): boolean {
  return args.flags.has(name);
}

/** The optimisations a job can do without. */
export const OPTIMISATIONS = ["codegen", "typed-state", "window-slices", "timer-buckets", "columns"] as const;

/** The job options of `--off a,b` (or `--off all`). */
export function switchesOff(args: BenchArgs): Record<string, unknown> {
  const text = args.options.get("off");
  const names = text === undefined ? [] : text === "all" ? OPTIMISATIONS : text.split(",");
  return Object.fromEntries(names.map((name) => [`pipeline.optimize.${name}`, false]));
}
