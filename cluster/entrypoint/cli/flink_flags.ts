/**
 * Flags of Flink's client that have several letters behind one dash (`-sae`, `-type native`): rewritten to their long
 * names before the command line is read. What follows a job is the job's own and stays.
 *
 * @module
 */

const LONG_NAMES: Readonly<Record<string, string | undefined>> = {
  "-sae": "--shutdownOnAttachedExit",
  "-cm": "--claimMode",
  "-rm": "--claimMode",
  "-type": "--type",
  "-detached": "--detached",
  "-full": "--full",
};
const COMMANDS = new Set(["run", "info", "stop", "cancel", "savepoint", "checkpoint"]);
/** Commands that run a program, and their options with a value. */
const PROGRAM_COMMANDS = new Set(["run", "info"]);
const WITH_VALUE = new Set([
  ...["-p", "--parallelism", "-D", "--define", "-m", "--jobmanager", "--config-dir", "-s", "--fromSavepoint", "-f"],
  ...["--format", "--claimMode", "-cm", "-rm"],
]);

/** The same arguments with the names that the commands know. */
export function flinkFlags(args: readonly string[]): string[] {
  const [command] = args;
  if (!COMMANDS.has(command)) return [...args];
  const end = PROGRAM_COMMANDS.has(command) ? jobIndex(args) : args.length;
  return args.map((arg, i) => i < end ? LONG_NAMES[arg] ?? arg : arg);
}

/** Where the job stands: the first argument that is neither an option nor the value of one. */
function jobIndex(args: readonly string[]): number {
  for (let i = 1; i < args.length; i++) {
    if (args[i] === "--") return i;
    if (!args[i].startsWith("-")) return i;
    if (WITH_VALUE.has(args[i])) i++;
  }
  return args.length;
}
