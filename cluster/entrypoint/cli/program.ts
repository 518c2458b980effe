/**
 * The tree of commands, and how the process ends when one of them is refused or fails.
 *
 * @module
 */

import { Command, CommanderError } from "commander";
import config from "../../../deno.json" with { type: "json" };
import { clientCommands } from "./client_commands.ts";
import { flinkFlags } from "./flink_flags.ts";
import { jobCommands } from "./job_commands.ts";
import { processCommands } from "../roles/process_commands.ts";

const EXAMPLES = `
Examples:
  tsflink demo                                     a real job on real data, a few seconds
  tsflink local job.ts                             run a job with a live view
  tsflink local -p 2 job.ts --input words.txt      arguments after the job are the job's own
  tsflink info --format mermaid job.ts             draw the plan
  tsflink init my-job                              a project of your own
  tsflink bundle job.ts                            a job as one module
  tsflink cluster start --taskmanagers 2           a JobManager and TaskManagers on this machine
  tsflink run job.ts                               run a job on the cluster
  tsflink list                                     its jobs`;

/** A command line or a program that is refused: nothing has run. */
const EXIT_REFUSED = 2;

/** Reads the arguments and runs what they say; ends the process. */
export async function commandLine(args: readonly string[]): Promise<void> {
  const program = commands();
  try {
    await program.parseAsync(["deno", "tsflink", ...flinkFlags(args)]);
  } catch (error) {
    // Help, the version and what is wrong with the command line have been printed already.
    if (error instanceof CommanderError) Deno.exit(error.exitCode === 0 ? 0 : EXIT_REFUSED);
    const { describeError } = await import("../client/error_text.ts");
    const { exitCodeOf } = await import("../../process/exit_codes.ts");
    console.error(`error: ${describeError(error, false)}`);
    Deno.exit(exitCodeOf(error));
  }
}

/** The tree. */
export function commands(): Command {
  const program = new Command("tsflink")
    .description("Stateful event-time stream processing in TypeScript.")
    .version(config.version)
    .enablePositionalOptions()
    .exitOverride()
    .showHelpAfterError("(run with --help for usage and examples)")
    .addHelpText("after", EXAMPLES);
  for (const command of [...jobCommands(), ...clientCommands(() => program), ...processCommands()]) {
    program.addCommand(command);
  }
  inheritSettings(program);
  return program;
}

function inheritSettings(parent: Command): void {
  for (const command of parent.commands) {
    command.copyInheritedSettings(parent);
    inheritSettings(command);
  }
}
