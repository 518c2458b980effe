/**
 * The command line of the bench: names of cases, flags, and options with a value.
 *
 * @module
 */

/** What was given on the command line. */
export interface BenchArgs {
  readonly names: readonly string[];
  readonly options: ReadonlyMap<string, string>;
  readonly flags: ReadonlySet<string>;
}

const WITH_VALUE = new Set([
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
]);

/** Reads `name --flag --option value`. */
export function parseArgs(given: readonly string[]): BenchArgs {
  const names: string[] = [];
  const options = new Map<string, string>();
  const flags = new Set<string>();
  for (let i = 0; i < given.length; i++) {
    const word = given[i];
    if (!word.startsWith("--")) names.push(word);
    else if (WITH_VALUE.has(word.slice(2))) options.set(word.slice(2), given[++i]);
    else flags.add(word.slice(2));
  }
  return { names, options, flags };
}

/** The number given, or the default. */
export function option(args: BenchArgs, name: string, fallback: number): number {
  const text = args.options.get(name);
  return text === undefined ? fallback : Number(text.replaceAll("_", ""));
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
