/**
 * Commands that work on this machine alone: local, info, bundle, init, demo. What they do is loaded when they are called.
 *
 * @module
 */

import { Command, Option } from "commander";
import { connectors, parallelism, programCommand, property } from "./option_types.ts";

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

async function runLocal(job: string, args: string[], options: ProgramOptions): Promise<void> {
  const { localCommand } = await import("../local_command.ts");
  const code = await localCommand({
    job,
    args,
    configuration: options.define ?? {},
    parallelism: options.parallelism,
    json: options.json ?? false,
    quiet: options.quiet ?? false,
    connectors: await connectors(),
  });
  Deno.exit(code);
}

async function runDemo(args: string[], options: ProgramOptions): Promise<void> {
  const { demoJob } = await import("../demo_job.ts");
  await runLocal(await demoJob(), args, options);
}

async function printInfo(job: string, args: string[], options: ProgramOptions): Promise<void> {
  const { infoCommand } = await import("../info_command.ts");
  const plan = await infoCommand({
    job,
    args,
    configuration: options.define ?? {},
    parallelism: options.parallelism,
    format: options.format ?? "json",
    connectors: await connectors(),
  });
  console.log(plan);
  Deno.exit(0);
}

async function writeBundle(job: string, options: WritingOptions): Promise<void> {
  const { bundleCommand, describeBundle } = await import("../bundle_command.ts");
  const written = await bundleCommand({ ...options, job, force: options.force ?? false });
  for (const warning of written.warnings) console.error(`warning: ${warning}`);
  console.log(options.json ? JSON.stringify(written) : describeBundle(written));
  Deno.exit(0);
}

async function writeProject(directory: string, options: WritingOptions): Promise<void> {
  const { describeProject, initCommand } = await import("../init_command.ts");
  const written = await initCommand({ ...options, directory, force: options.force ?? false });
  console.log(options.json ? JSON.stringify(written) : describeProject(written, directory));
  Deno.exit(0);
}

function localCommand(): Command {
  return programCommand("local", "Run a job in this process and show it.")
    .option("--json", "progress as JSON lines on stderr")
    .option("-q, --quiet", "only the job's own output")
    .addHelpText("after", LOCAL_EXAMPLES)
    .action(runLocal);
}

function infoCommand(): Command {
  const format = new Option(
    "-f, --format <format>",
    "json: stream graph as Flink prints it; job: job graph as in REST; mermaid",
  );
  return programCommand("info", "Print the plan of a job without running it.")
    .addOption(format.choices(["json", "job", "mermaid"]).default("json"))
    .addHelpText("after", INFO_EXAMPLES)
    .action(printInfo);
}

function bundleCommand(): Command {
  return new Command("bundle")
    .description("Write a job as one self-contained module.")
    .argument("<job>", "path or URL of the job's module")
    .option("-o, --output <file>", "where the bundle goes (default: the job's name with .mjs, here)")
    .option("--name <name>", "the job's name in stack traces (default: its file's)")
    .option("--force", "overwrite a file that is no bundle")
    .option("--json", "what was written as JSON on stdout")
    .addHelpText("after", BUNDLE_EXAMPLES)
    .action(writeBundle);
}

function initCommand(): Command {
  return new Command("init")
    .description("Write a project of your own: a job, its test, its configuration.")
    .argument("<directory>", "a new or an empty directory")
    .option("--name <name>", "name of the job (default: the directory's)")
    .option("--force", "write into a directory that is not empty, over files of the same name")
    .option("--json", "what was written as JSON on stdout")
    .addHelpText("after", INIT_EXAMPLES)
    .action(writeProject);
}

function demoCommand(): Command {
  return new Command("demo")
    .description("Run the airline delays example on real flights.")
    .argument("[args...]", "arguments of the example")
    .option("-p, --parallelism <n>", "parallelism", parallelism)
    .option("-D, --define <key=value>", "a configuration value; may be repeated", property)
    .option("--json", "progress as JSON lines on stderr")
    .option("-q, --quiet", "only the job's own output")
    .passThroughOptions()
    .allowUnknownOption()
    .action(runDemo);
}

/** See the module. */
export function jobCommands(): Command[] {
  return [localCommand(), infoCommand(), bundleCommand(), initCommand(), demoCommand()];
}
