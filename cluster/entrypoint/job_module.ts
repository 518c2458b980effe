/**
 * Runs the main program of a job: imports the module, and calls its exported `main` when importing it executed nothing.
 *
 * @module
 */

import { InvalidProgramError } from "../../runtime/errors.ts";

/** The two forms of a job, for the error of a module that is neither. */
const BOTH_FORMS = [
  "a script:           const env = StreamExecutionEnvironment.getExecutionEnvironment(); ...; await env.execute();",
  "or a module:        export async function main() { ...; await env.execute(); }",
  "                    if (import.meta.main) await main();",
].join("\n            ");

/** Turns what was written on the command line into the URL of a module. */
export function moduleUrl(job: string): string {
  if (/^(https?|file|jsr|npm|data):/.test(job)) return job;
  const path = job.startsWith("/") ? job : `${Deno.cwd()}/${job}`;
  const url = new URL("file:///");
  // What means something in a URL is a part of the name here; the setter escapes all of it but the percent sign.
  url.pathname = path.replaceAll("%", "%25");
  try {
    if (Deno.statSync(url).isFile) return url.href;
  } catch (cause) {
    if (!(cause instanceof Deno.errors.NotFound)) throw cause;
  }
  throw new InvalidProgramError("TSF-4011", "The job cannot be found", {
    expected: "path or URL of a module",
    found: job,
    hint: "Paths are relative to the current directory.",
  });
}

/**
 * Runs the job at `url` to the end of its main program.
 *
 * @param executions How often the program has called execute() or executeAsync() so far.
 * @throws InvalidProgramError TSF-4010 when it never does, TSF-4012 when the module cannot be loaded.
 */
export async function runMain(url: string, executions: () => number): Promise<void> {
  const module = await load(url);
  if (executions() === 0 && typeof module.main === "function") await module.main();
  if (executions() > 0) return;
  throw new InvalidProgramError("TSF-4010", "The program never calls execute()", {
    expected: BOTH_FORMS,
    found: typeof module.main === "function"
      ? "an exported main() that returns without it"
      : "a module that does neither",
  });
}

async function load(url: string): Promise<{ main?: () => unknown }> {
  try {
    return await import(url);
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
  return first !== undefined && !first.includes(import.meta.url);
}
