/**
 * How options of the command line are read, and options that several commands share.
 *
 * @module
 */

import { Command, InvalidArgumentError } from "commander";
import type { HostConnectors } from "../../../runtime/api/host_binding.ts";
import { InvalidProgramError } from "../../../runtime/errors.ts";

/** Loaded when a program runs: a command line that only asks something starts sooner without them. */
export async function connectors(): Promise<HostConnectors> {
  return (await import("../../../runtime/connectors/host_connectors.ts")).hostConnectors;
}

/** Reads `-D key=value`; repeated, the last one of a key wins. @throws InvalidProgramError TSF-4003. */
export function property(text: string, previous: Record<string, string> = {}): Record<string, string> {
  const at = text.indexOf("=");
  if (at <= 0) {
    throw new InvalidProgramError("TSF-4003", "A -D option is malformed", {
      expected: "-D key=value",
      found: `-D ${text}`,
    });
  }
  return { ...previous, [text.slice(0, at).trim()]: text.slice(at + 1).trim() };
}

/** Reads `-p`. */
export function parallelism(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 32768) {
    throw new InvalidArgumentError("expected an integer from 1 to 32768");
  }
  return value;
}

/** Reads a number of things. */
export function count(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) throw new InvalidArgumentError("expected a whole number");
  return value;
}

/** A command that runs a program. */
export function programCommand(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .argument("<job>", "path or URL of the job's module")
    .argument("[args...]", "arguments of the job, as env.args reads them")
    .option("-p, --parallelism <n>", "parallelism of operators that do not set their own", parallelism)
    .option("-D, --define <key=value>", "a configuration value; may be repeated", property)
    .passThroughOptions()
    .allowUnknownOption(false);
}

/** Options by which a client finds its cluster. */
export function withCluster(command: Command): Command {
  return command
    .option("-m, --jobmanager <host:port>", "REST address of the JobManager (default: rest.address, rest.port: 8081)")
    .option("--config-dir <folder>", "folder of config.yaml (default: TSFLINK_CONF_DIR, else conf)")
    .option("-v, --verbose", "errors with their causes and stacks");
}

/** A verb of a client that asks its cluster something. */
export function verb(name: string, description: string): Command {
  return withCluster(new Command(name).description(description))
    .option("-D, --define <key=value>", "a configuration value; may be repeated", property)
    .option("--json", "the answer as JSON on stdout");
}
