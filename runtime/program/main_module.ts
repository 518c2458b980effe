/**
 * Runs the main program of a job: imports the module, and calls its exported `main` when importing it executed nothing.
 *
 * @module
 */

import { InvalidProgramError } from "../errors.ts";
import { publishHostApi } from "./host_shim.ts";

/** The two forms of a job, for the error of a module that is neither. */
const BOTH_FORMS = [
  "a script:           const env = StreamExecutionEnvironment.getExecutionEnvironment(); ...; await env.execute();",
  "or a module:        export async function main() { ...; await env.execute(); }",
  "                    if (import.meta.main) await main();",
].join("\n            ");

/** Loads a module. */
export type LoadModule = (url: string) => Promise<Readonly<Record<string, unknown>>>;

/**
 * Runs the job at `url` to the end of its main program.
 *
 * @param executions How often the program has called execute() or executeAsync() so far.
 * @param load Default: import().
 * @returns What the exported `main` gives; undefined for a script.
 * @throws InvalidProgramError TSF-4010 when it never does, TSF-4012 when the module cannot be loaded.
 */
export async function runMain(
  url: string,
  executions: () => number,
  load: LoadModule = importModule,
): Promise<unknown> {
  const module = await loadProgram(url, load);
  const result = executions() === 0 && typeof module.main === "function" ? await module.main() : undefined;
  if (executions() > 0) return result;
  throw new InvalidProgramError("TSF-4010", "The program never calls execute()", {
    expected: BOTH_FORMS,
    found: typeof module.main === "function"
      ? "an exported main() that returns without it"
      : "a module that does neither",
  });
}

function importModule(url: string): Promise<Readonly<Record<string, unknown>>> {
  // A bundle finds tsflink there.
  publishHostApi();
  return import(url);
}

async function loadProgram(url: string, load: LoadModule): Promise<Readonly<Record<string, unknown>>> {
  try {
    return await load(url);
  } catch (cause) {
    // What the program itself throws is its own; only a module that cannot be loaded is ours to explain.
    if (!(cause instanceof TypeError || cause instanceof SyntaxError) || isThrownByProgram(cause)) throw cause;
    throw new InvalidProgramError("TSF-4012", "The job cannot be loaded", {
      expected: "a module that Deno can load",
      found: url,
      cause,
    });
  }
}

/** Whether the program was running already: else this file's import is what failed, and its frame the first. */
function isThrownByProgram({ message, stack = "" }: Error): boolean {
  // A syntax error has its place in the message, which looks like a frame.
  const [first] = /^\s+at .*$/m.exec(stack.slice(stack.indexOf(message) + message.length)) ?? [];
  return first !== undefined && !first.includes("/runtime/program/main_module.ts");
}
