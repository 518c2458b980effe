/**
 * The command line: flags to a role, then one file of cluster/entrypoint/.
 *
 * @module
 */

import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import config from "./deno.json" with { type: "json" };
import { InvalidProgramError } from "./runtime/errors.ts";
import { hostConnectors } from "./runtime/connectors/host_connectors.ts";

/** Reads `-D key=value`; repeated, the last one of a key wins. */
function property(text: string, previous: Record<string, string> = {}): Record<string, string> {
  const at = text.indexOf("=");
  if (at <= 0) {
    throw new InvalidProgramError("TSF-4003", "A -D option is malformed", {
      expected: "-D key=value",
      found: `-D ${text}`,
    });
  }
  return { ...previous, [text.slice(0, at).trim()]: text.slice(at + 1).trim() };
}

function parallelism(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 32768) {
    throw new InvalidArgumentError("expected an integer from 1 to 32768");
  }
  return value;
}

/** Options that every command that runs a program takes. */
function programCommand(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .argument("<job>", "path or URL of the job's module")
    .argument("[args...]", "arguments of the job, as env.args reads them")
    .option("-p, --parallelism <n>", "parallelism of operators that do not set their own", parallelism)
    .option("-D, --define <key=value>", "a configuration value; may be repeated", property)
    .passThroughOptions()
    .allowUnknownOption(false);
}

const DEMO_JOB = new URL("./examples/airline_delays.ts", import.meta.url).href;

interface ProgramOptions {
  readonly parallelism?: number;
  readonly define?: Record<string, string>;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly format?: "json" | "job" | "mermaid";
}

/** Options of commands that write files. */
interface WritingOptions {
  readonly output?: string;
  readonly name?: string;
  readonly force?: boolean;
  readonly json?: boolean;
}

async function runLocal(job: string, args: string[], options: ProgramOptions): Promise<void> {
  const { localCommand } = await import("./cluster/entrypoint/local_command.ts");
  const code = await localCommand({
    job,
    args,
    configuration: options.define ?? {},
    parallelism: options.parallelism,
    json: options.json ?? false,
    quiet: options.quiet ?? false,
    connectors: hostConnectors,
  });
  Deno.exit(code);
}

const LOCAL_EXAMPLES = `
The default parallelism is the number of cores. Results go to stdout, everything else to stderr.

Examples:
  tsflink local job.ts
  tsflink local -p 4 -D execution.buffer-timeout.interval="10 ms" job.ts --input words.txt
  tsflink local --quiet job.ts > results.txt
  tsflink local --json job.ts 2> progress.jsonl

Exit codes: 0 finished, 1 failed, 2 refused before it ran, 130 ended by Ctrl-C, 143 by SIGTERM.`;

const INFO_EXAMPLES = `
Examples:
  tsflink info job.ts                              nodes as Flink's plan visualizer reads them
  tsflink info --format job -p 4 job.ts            vertices after chaining, with their ids
  tsflink info --format mermaid job.ts > plan.mmd`;

const BUNDLE_EXAMPLES = `
The bundle holds everything the job imports but tsflink itself, which it takes from the copy that runs it. Stack traces
name the lines of the sources.

Examples:
  tsflink bundle job.ts                            writes job.mjs
  tsflink bundle -o dist/orders.mjs src/job.ts
  tsflink bundle --json job.ts | jq -r .sha256
  tsflink local job.mjs                            a bundle runs like its source`;

const INIT_EXAMPLES = `
Writes deno.json, job.ts, job_test.ts and .gitignore. Nothing that exists is overwritten without --force.

Examples:
  tsflink init my-job
  tsflink init . --name "daily revenue"`;

const program = new Command("tsflink")
  .description("Stateful event-time stream processing in TypeScript.")
  .version(config.version)
  .enablePositionalOptions()
  .exitOverride()
  .showHelpAfterError("(run with --help for usage and examples)")
  .addHelpText(
    "after",
    `
Examples:
  tsflink demo                                     a real job on real data, a few seconds
  tsflink local job.ts                             run a job with a live view
  tsflink local -p 2 job.ts --input words.txt      arguments after the job are the job's own
  tsflink local -D pipeline.object-reuse=true job.ts
  tsflink info --format mermaid job.ts             draw the plan
  tsflink init my-job                              a project of your own
  tsflink bundle job.ts                            a job as one module`,
  );

program.addCommand(
  programCommand("local", "Run a job in this process and show it.")
    .option("--json", "progress as JSON lines on stderr")
    .option("-q, --quiet", "only the job's own output")
    .addHelpText("after", LOCAL_EXAMPLES)
    .action(runLocal),
);
program.addCommand(
  programCommand("info", "Print the plan of a job without running it.")
    .addOption(
      new Option("-f, --format <format>", "json: stream graph as Flink prints it; job: job graph as in REST; mermaid")
        .choices(["json", "job", "mermaid"]).default("json"),
    )
    .addHelpText("after", INFO_EXAMPLES)
    .action(async (job: string, args: string[], options: ProgramOptions) => {
      const { infoCommand } = await import("./cluster/entrypoint/info_command.ts");
      const plan = await infoCommand({
        job,
        args,
        configuration: options.define ?? {},
        parallelism: options.parallelism,
        format: options.format ?? "json",
        connectors: hostConnectors,
      });
      console.log(plan);
      Deno.exit(0);
    }),
);
program.addCommand(
  new Command("bundle")
    .description("Write a job as one self-contained module.")
    .argument("<job>", "path or URL of the job's module")
    .option("-o, --output <file>", "where the bundle goes (default: the job's name with .mjs, here)")
    .option("--name <name>", "the job's name in stack traces (default: its file's)")
    .option("--force", "overwrite a file that is no bundle")
    .option("--json", "what was written as JSON on stdout")
    .addHelpText("after", BUNDLE_EXAMPLES)
    .action(async (job: string, options: WritingOptions) => {
      const { bundleCommand, describeBundle } = await import("./cluster/entrypoint/bundle_command.ts");
      const written = await bundleCommand({ ...options, job, force: options.force ?? false });
      for (const warning of written.warnings) console.error(`warning: ${warning}`);
      console.log(options.json ? JSON.stringify(written) : describeBundle(written));
      Deno.exit(0);
    }),
);
program.addCommand(
  new Command("init")
    .description("Write a project of your own: a job, its test, its configuration.")
    .argument("<directory>", "a new or an empty directory")
    .option("--name <name>", "name of the job (default: the directory's)")
    .option("--force", "write into a directory that is not empty, over files of the same name")
    .option("--json", "what was written as JSON on stdout")
    .addHelpText("after", INIT_EXAMPLES)
    .action(async (directory: string, options: WritingOptions) => {
      const { describeProject, initCommand } = await import("./cluster/entrypoint/init_command.ts");
      const written = await initCommand({ ...options, directory, force: options.force ?? false });
      console.log(options.json ? JSON.stringify(written) : describeProject(written, directory));
      Deno.exit(0);
    }),
);
program.addCommand(
  new Command("demo")
    .description("Run the airline delays example on real flights.")
    .argument("[args...]", "arguments of the example")
    .option("-p, --parallelism <n>", "parallelism", parallelism)
    .option("-D, --define <key=value>", "a configuration value; may be repeated", property)
    .option("--json", "progress as JSON lines on stderr")
    .option("-q, --quiet", "only the job's own output")
    .passThroughOptions()
    .allowUnknownOption()
    .action((args: string[], options: ProgramOptions) => runLocal(DEMO_JOB, args, options)),
);

/** A command line or a program that is refused: nothing has run. */
const EXIT_REFUSED = 2;

for (const command of program.commands) command.copyInheritedSettings(program);
try {
  await program.parseAsync(["deno", "tsflink", ...Deno.args]);
} catch (error) {
  // Help, the version and what is wrong with the command line have been printed already.
  if (error instanceof CommanderError) Deno.exit(error.exitCode === 0 ? 0 : EXIT_REFUSED);
  const { describe } = await import("./cluster/entrypoint/local_command.ts");
  console.error(`error: ${describe(error)}`);
  Deno.exit(error instanceof InvalidProgramError ? EXIT_REFUSED : 1);
}
