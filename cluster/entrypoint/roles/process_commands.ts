/**
 * Commands that start processes and look at them: jobmanager, taskmanager, cluster, config, certs, health. What they do is
 * loaded when they are called.
 *
 * @module
 */

import { Command, InvalidArgumentError, Option } from "commander";
import { FlinkError } from "../../../runtime/errors.ts";
import { exitCodeOf } from "../../process/exit_codes.ts";
import { property, verb } from "../cli/option_types.ts";
import type { JobManagerFlags } from "../jobmanager_command.ts";
import type { TaskManagerFlags } from "../taskmanager_command.ts";
import type { RoleFlags } from "./role_start.ts";

const EXIT_TABLE = `
Exit codes: 0 stopped, 1 failed, 2 wrong command line, 3 wrong configuration, 4 lost leadership or fenced, 5 stuck slot,
130 and 143 ended at once by a second signal.`;

const JOBMANAGER_HELP = `
Listens on loopback unless told otherwise. Beyond loopback it needs a token (security.cluster.token) or mutual TLS, or
--insecure.

Examples:
  tsflink jobmanager
  tsflink jobmanager --config-dir conf -D rest.port=8090
  tsflink jobmanager --job job.ts --input words.txt    runs that application and ends with it
${EXIT_TABLE}`;

const TASKMANAGER_HELP = `
Looks for its JobManager until it finds one. SIGTERM moves its jobs away and ends it; a second signal ends it at once.

Examples:
  tsflink taskmanager --slots 4
  tsflink taskmanager --jobmanager 10.0.0.5:6123 --host 10.0.0.6 -D security.cluster.token=cluster.token
${EXIT_TABLE}`;

const CLUSTER_HELP = `
Pid files are in env.pid.dir (/tmp), logs in env.log.dir.

Examples:
  tsflink cluster start --taskmanagers 2 --slots 2
  tsflink run job.ts
  tsflink cluster status
  tsflink cluster stop`;

const CONFIG_HELP = `
Values come from defaults, below config.yaml (--config-dir, TSFLINK_CONF_DIR, or conf/ here), below variables such as
TSFLINK_REST_PORT, below -D.

Examples:
  tsflink config                                   every option with its value and where it comes from
  tsflink config --given -D rest.port=8090         only what is not a default
  tsflink config --differences                     defaults that are not Flink's`;

const CERTS_HELP = `
For development and small clusters: its key signs once and is not kept. Prints the lines for config.yaml.

Examples:
  tsflink certs --host 10.0.0.5 10.0.0.6 >> conf/config.yaml
  tsflink certs /etc/tsflink/certs --days 90 --force`;

interface CertsFlags {
  readonly host?: string[];
  readonly days?: number;
  readonly force?: boolean;
}

function count(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < least) {
      throw new InvalidArgumentError(`expected an integer from ${least} on`);
    }
    return value;
  };
}

/** Options by which a command is configured. */
function configured(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .option("--config-dir <folder>", "folder of config.yaml (default: TSFLINK_CONF_DIR, else conf)")
    .option("-D, --define <key=value>", "a configuration value; may be repeated", property);
}

function role(name: string, description: string): Command {
  return configured(name, description)
    .option("--host <host>", "address to listen on and to be reached at")
    .option("--port <port>", "port to listen on", count(0))
    .option("--insecure", "listen beyond loopback without token and TLS")
    .option("--json", "one JSON line on stdout when ready")
    .addOption(new Option("--ready-file <file>").hideHelp());
}

/** Runs a command to its exit code; errors go to stderr with their cause first. */
async function run(command: () => Promise<number>): Promise<void> {
  let code: number;
  try {
    code = await command();
  } catch (error) {
    console.error(`error: ${error instanceof FlinkError ? error.message : (error as Error)?.stack ?? error}`);
    code = exitCodeOf(error);
  }
  Deno.exit(code);
}

function jobManagerCommand(): Command {
  return role("jobmanager", "Run a JobManager.")
    .option("--rest-port <port>", "port of REST and the web interface", count(0))
    .option("--job <job>", "run this application and end with it; what follows are its arguments")
    .argument("[args...]", "arguments of the application")
    .passThroughOptions()
    .addHelpText("after", JOBMANAGER_HELP)
    .action((args: string[], options: JobManagerFlags) =>
      run(async () => (await import("../jobmanager_command.ts")).jobManagerCommand({ ...options, jobArgs: args }))
    );
}

function taskManagerCommand(): Command {
  return role("taskmanager", "Run a TaskManager.")
    .option("-m, --jobmanager <host:port>", "where the JobManager takes TaskManagers (jobmanager.rpc.address, .port)")
    .option("--slots <n>", "slots (taskmanager.numberOfTaskSlots)", count(1))
    .option("--resource-id <id>", "id of the TaskManager (taskmanager.resource-id)")
    .addHelpText("after", TASKMANAGER_HELP)
    .addCommand(drainCommand())
    .action((options: TaskManagerFlags) =>
      run(async () => (await import("../taskmanager_command.ts")).taskManagerCommand(options))
    );
}

function drainCommand(): Command {
  return verb("drain", "Let a TaskManager take no new slots; its jobs move.")
    .argument("<taskmanager>", "its id")
    .action((taskmanager: string, flags) =>
      run(async () => (await import("../client/drain_command.ts")).drainCommand({ ...flags, taskmanager }))
    );
}

interface ClusterFlags extends RoleFlags {
  readonly taskmanagers?: number;
  readonly slots?: number;
}

function withSlots({ slots, ...flags }: ClusterFlags): ClusterFlags {
  if (slots === undefined) return flags;
  return { ...flags, define: { ...flags.define, "taskmanager.numberOfTaskSlots": String(slots) } };
}

function clusterCommand(): Command {
  const cluster = new Command("cluster").description("A cluster of processes on this machine.").addHelpText(
    "after",
    CLUSTER_HELP,
  );
  const json = ["--json", "what there is as JSON on stdout"] as const;
  cluster.addCommand(
    configured("start", "Start a JobManager and TaskManagers; returns when they are ready.")
      .option("-n, --taskmanagers <n>", "TaskManagers (default: 1)", count(0))
      .option("--slots <n>", "slots of each (taskmanager.numberOfTaskSlots)", count(1))
      .option("--insecure", "listen beyond loopback without token and TLS")
      .option(...json)
      .action((flags: ClusterFlags) =>
        run(async () => {
          const { describeCluster, startCluster } = await import("../cluster_command.ts");
          const processes = await startCluster(withSlots(flags));
          console.log(flags.json ? JSON.stringify(processes) : describeCluster(processes));
          return 0;
        })
      ),
  );
  cluster.addCommand(
    configured("stop", "Stop its processes; jobs are suspended.").option(...json).action((flags: ClusterFlags) =>
      run(async () => {
        const { stopCluster } = await import("../cluster_command.ts");
        const stopped = await stopCluster(flags);
        const lines = stopped.map(({ name, outcome }) => `${name} ${outcome}`);
        console.log(flags.json ? JSON.stringify(stopped) : lines.join("\n") || "no cluster is running");
        return stopped.some(({ outcome }) => outcome === "killed") ? 1 : 0;
      })
    ),
  );
  cluster.addCommand(
    configured("status", "Show its processes.").option(...json).action((flags: ClusterFlags) =>
      run(async () => {
        const { clusterStatus, describeCluster } = await import("../cluster_command.ts");
        const processes = await clusterStatus(flags);
        console.log(flags.json ? JSON.stringify(processes) : describeCluster(processes) || "no cluster is running");
        return processes.length > 0 && processes.every(({ state }) => state === "ready") ? 0 : 1;
      })
    ),
  );
  return cluster;
}

function configCommand(): Command {
  return configured("config", "Print the effective configuration.")
    .option("--json", "as JSON")
    .option("--given", "only values that were given")
    .option("--differences", "defaults that are not Flink's")
    .addHelpText("after", CONFIG_HELP)
    .action((options) =>
      run(async () => {
        console.log(await (await import("../config_command.ts")).configCommand(options));
        return 0;
      })
    );
}

function healthCommand(): Command {
  return new Command("health")
    .description("Ask a role how it does. Exit code 0 when it is ready.")
    .argument("[host:port]", "its small port (default: 127.0.0.1:9249)")
    .option("--metrics", "print its metrics too")
    .option("--json", "as JSON")
    .action((address: string | undefined, options) =>
      run(async () => {
        const { healthCommand } = await import("../health_command.ts");
        const { text, code } = await healthCommand({ ...options, address });
        console.log(text);
        return code;
      })
    );
}

function certsCommand(): Command {
  return new Command("certs")
    .description("Make a CA and a certificate for mutual TLS between the processes of a cluster.")
    .argument("[directory]", "where to write ca.pem, certificate.pem and key.pem", "certs")
    .option("--host <names...>", "names and addresses of other machines of the cluster")
    .option("--days <n>", "how long they are valid (default: 365)", count(1))
    .option("--force", "replace files that are there")
    .addHelpText("after", CERTS_HELP)
    .action((directory: string, { host = [], days = 365, force }: CertsFlags) =>
      run(async () => {
        const { certsCommand } = await import("../certs_command.ts");
        console.log(await certsCommand({ directory, hosts: host, validDays: days, force }));
        return 0;
      })
    );
}

/** See the module. */
export function processCommands(): Command[] {
  return [
    jobManagerCommand(),
    taskManagerCommand(),
    clusterCommand(),
    configCommand(),
    certsCommand(),
    healthCommand(),
  ];
}
