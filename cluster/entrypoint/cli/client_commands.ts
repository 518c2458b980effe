/**
 * Verbs of a client: run, list, cancel, stop, savepoint, checkpoint, logs, version, completion. Names and flags are
 * Flink's where Flink has them. What they do is loaded when they are called.
 *
 * @module
 */

import { Argument, Command, Option } from "commander";
import { connectors, count, programCommand, verb, withCluster } from "./option_types.ts";

const RUN_EXAMPLES = `
The job is bundled and its main program runs here; its jobs run on the cluster. What they print is in the output of the
TaskManagers (tsflink logs --stdout -t <id>). The default parallelism is parallelism.default: 1.

Examples:
  tsflink run job.ts
  tsflink run -d -p 4 -m 10.0.0.5:8081 job.ts --input hdfs/words.txt
  tsflink run -D rest.retry.max-attempts=0 job.mjs        a bundle needs no bundler

Exit codes: 0 finished (with -d: submitted), 1 failed, 2 refused before it ran, 3 wrong configuration, 130 and 143 left by
a signal.`;

const LIST_EXAMPLES = `
Examples:
  tsflink list                                     running and scheduled jobs
  tsflink list -a                                  those that have ended, too
  tsflink list -r --json | jq -r '.[].jid'`;

const CANCEL_EXAMPLES = `
Example:
  tsflink cancel 5e20cb6b0f357591171dfcca2eea09de`;

const LOGS_EXAMPLES = `
Examples:
  tsflink logs --tail 100                          of the JobManager
  tsflink logs -t tm-1 --stdout                    what jobs have printed on that TaskManager
  tsflink logs -t tm-1 --list`;

const COMPLETION_EXAMPLES = `
Examples:
  source <(tsflink completion bash)
  tsflink completion zsh > ~/.zfunc/_tsflink
  tsflink completion fish > ~/.config/fish/completions/tsflink.fish`;

interface RunFlags {
  readonly jobmanager?: string;
  readonly configDir?: string;
  readonly define?: Record<string, string>;
  readonly parallelism?: number;
  readonly detached?: boolean;
  readonly fromSavepoint?: string;
  readonly shutdownOnAttachedExit?: boolean;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
}

async function run(job: string, args: string[], flags: RunFlags): Promise<void> {
  const { runCommand } = await import("../client/run_command.ts");
  const code = await runCommand({
    ...flags,
    job,
    args,
    detached: flags.detached ?? false,
    shutdownOnAttachedExit: flags.shutdownOnAttachedExit ?? false,
    json: flags.json ?? false,
    quiet: flags.quiet ?? false,
    verbose: flags.verbose ?? false,
    connectors: await connectors(),
  });
  Deno.exit(code);
}

function runCommand(): Command {
  return withCluster(programCommand("run", "Run a job on a cluster and follow it."))
    .option("-d, --detached", "end when the job is submitted")
    .option("-s, --fromSavepoint <path>", "start from the state of a savepoint")
    .option("-n, --allowNonRestoredState", "with -s: leave out state that no operator takes")
    .addOption(
      new Option("--claimMode <mode>", "with -s (also -cm): who owns the savepoint").choices(["CLAIM", "NO_CLAIM"]),
    )
    .option("--shutdownOnAttachedExit", "a signal cancels the job (also -sae)")
    .option("--json", "ids, progress and results as JSON lines")
    .option("-q, --quiet", "only the job's id and errors")
    .addHelpText("after", RUN_EXAMPLES)
    .action(run);
}

function listCommand(): Command {
  return verb("list", "List the jobs of a cluster.")
    .option("-r, --running", "only those that run")
    .option("-s, --scheduled", "only those that wait for their slots")
    .option("-a, --all", "those that have ended, too")
    .addHelpText("after", LIST_EXAMPLES)
    .action(async (flags) => Deno.exit(await (await import("../client/list_command.ts")).listCommand(flags)));
}

function cancelCommand(): Command {
  return verb("cancel", "Cancel a job.")
    .argument("[job]", "id of the job")
    .option("-s, --withSavepoint [directory]", "take a savepoint first (deprecated: use stop)")
    .addHelpText("after", CANCEL_EXAMPLES)
    .action(async (job: string | undefined, flags) =>
      Deno.exit(await (await import("../client/cancel_command.ts")).cancelCommand({ ...flags, job }))
    );
}

const FORMAT = ["canonical", "native"];

function stopCommand(): Command {
  return verb("stop", "Stop a job with a savepoint.")
    .argument("[job]", "id of the job")
    .option("-p, --savepointPath <path>", "where the savepoint goes")
    .option("-d, --drain", "send the last watermark before: windows fire, timers run")
    .addOption(new Option("--type <format>", "format of the savepoint").choices(FORMAT).default("canonical"))
    .option("--detached", "do not wait for the savepoint")
    .action(async (job: string | undefined, flags) =>
      Deno.exit(await (await import("../client/state_commands.ts")).stopCommand({ ...flags, job }))
    );
}

function savepointCommand(): Command {
  return verb("savepoint", "Take a savepoint of a job, or remove one.")
    .argument("[job]", "id of the job")
    .argument("[directory]", "where the savepoint goes")
    .option("-d, --dispose <path>", "remove the savepoint at that path")
    .addOption(new Option("--type <format>", "format of the savepoint").choices(FORMAT).default("canonical"))
    .option("--detached", "do not wait for the savepoint")
    .action(async (job: string | undefined, directory: string | undefined, flags) =>
      Deno.exit(await (await import("../client/state_commands.ts")).savepointCommand({ ...flags, job, directory }))
    );
}

function checkpointCommand(): Command {
  return verb("checkpoint", "Take a checkpoint of a job.")
    .argument("[job]", "id of the job")
    .option("--full", "a full one")
    .action(async (job: string | undefined, flags) =>
      Deno.exit(await (await import("../client/state_commands.ts")).checkpointCommand({ ...flags, job }))
    );
}

function logsCommand(): Command {
  return verb("logs", "Show the log of a JobManager or TaskManager.")
    .option("-t, --taskmanager <id>", "of that TaskManager (a beginning of its id will do)")
    .option("--stdout", "what jobs have printed")
    .option("--list", "the names of the files")
    .option("--file <name>", "a file of the list")
    .option("--tail <n>", "only the last lines", count)
    .addHelpText("after", LOGS_EXAMPLES)
    .action(async (flags) => Deno.exit(await (await import("../client/logs_command.ts")).logsCommand(flags)));
}

function versionCommand(): Command {
  return verb("version", "Print the version of tsflink.")
    .option("--cluster", "that of the cluster, too")
    .action(async (flags) => Deno.exit(await (await import("../client/version_command.ts")).versionCommand(flags)));
}

/** @param program The tree that is completed. */
function completionCommand(program: () => Command): Command {
  return new Command("completion")
    .description("Print what makes a shell complete tsflink's commands and options.")
    .addArgument(new Argument("<shell>", "bash, zsh or fish").choices(["bash", "zsh", "fish"]))
    .addHelpText("after", COMPLETION_EXAMPLES)
    .action(async (shell: "bash" | "zsh" | "fish") => {
      const { completionScript } = await import("./completion.ts");
      console.log(completionScript(program(), shell));
      Deno.exit(0);
    });
}

/** See the module. */
export function clientCommands(program: () => Command): Command[] {
  return [
    runCommand(),
    listCommand(),
    cancelCommand(),
    stopCommand(),
    savepointCommand(),
    checkpointCommand(),
    logsCommand(),
    versionCommand(),
    completionCommand(program),
  ];
}
