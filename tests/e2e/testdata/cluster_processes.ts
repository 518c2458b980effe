/**
 * A JobManager and TaskManagers as processes of their own, on free ports of loopback, with everything in one temporary
 * directory. Every process is bounded in time.
 *
 * @module
 */

import assert from "node:assert/strict";

const ROOT = new URL("../../../", import.meta.url).pathname;
/** A process that takes longer to start or to stop is killed, and the test fails. */
const LIMIT_MS = 60_000;

/** How a client has ended. */
export interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** One role. */
export interface Role {
  readonly process: Deno.ChildProcess;
  /** What it says when it is ready. */
  readonly ready: Readonly<Record<string, string | number>>;
}

/** See the module. */
export class ClusterProcesses implements AsyncDisposable {
  readonly directory: string = Deno.makeTempDirSync({ prefix: "tsflink-cluster-" });
  readonly taskManagers: Role[] = [];
  #jobManager: Role | undefined;

  /** Resolves when all have registered. */
  static async start(taskManagers: number, slots: number, options: readonly string[] = []): Promise<ClusterProcesses> {
    const cluster = new ClusterProcesses();
    try {
      cluster.#jobManager = await cluster.#role("jobmanager", "jm", ["--port", "0", "--rest-port", "0", ...options]);
      const rpc = String(cluster.#jobManager.ready.rpc);
      const start = (_: unknown, i: number) =>
        cluster.#role("taskmanager", `tm-${i}`, [
          ...["-m", rpc, "--slots", String(slots), "--resource-id", `tm-${i}`],
          ...options,
        ]);
      cluster.taskManagers.push(...await Promise.all(Array.from({ length: taskManagers }, start)));
      return cluster;
    } catch (error) {
      await cluster[Symbol.asyncDispose]();
      throw error;
    }
  }

  get jobManager(): Role {
    return this.#jobManager!;
  }
  /** host:port of REST. */
  get rest(): string {
    return new URL(String(this.jobManager.ready.rest)).host;
  }
  /** The JSON of a GET. */
  async get<T = Record<string, unknown>>(path: string): Promise<T> {
    return await (await fetch(`http://${this.rest}/v1${path}`)).json();
  }
  /** What jobs have printed on all TaskManagers. */
  async printed(): Promise<string[]> {
    const texts = await Promise.all(
      this.taskManagers.map(async (_, i) => (await fetch(`http://${this.rest}/taskmanagers/tm-${i}/stdout`)).text()),
    );
    return texts.join("").split("\n").filter((line) => line !== "");
  }
  /** Runs a verb of the command line against this cluster. */
  async client(verb: string, ...args: string[]): Promise<Ended> {
    return await tsflink([verb, "-m", this.rest, ...args]);
  }
  /** A file of the temporary directory. */
  file(name: string, text: string): string {
    const path = `${this.directory}/${name}`;
    Deno.writeTextFileSync(path, text);
    return path;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const roles = [...this.taskManagers, this.#jobManager].filter((role) => role !== undefined);
    for (const { process } of roles) {
      try {
        process.kill("SIGTERM");
      } catch {
        // A test has ended it.
      }
    }
    await Promise.all(roles.map(({ process }) => within(process)));
    Deno.removeSync(this.directory, { recursive: true });
  }

  async #role(role: string, name: string, args: readonly string[]): Promise<Role> {
    const process = spawn([
      role,
      "--json",
      ...args,
      ...["-D", `process.working-dir=${this.directory}/${name}`, "-D", "health.port=0"],
    ], `${this.directory}/${name}.err`);
    const lines = process.stdout.pipeThrough(new TextDecoderStream()).pipeThrough(lineStream()).getReader();
    const { value } = await Promise.race([lines.read(), process.status.then(() => ({ value: undefined }))]);
    assert.ok(value !== undefined, `${name} did not start: ${Deno.readTextFileSync(`${this.directory}/${name}.err`)}`);
    void drain(lines);
    return { process, ready: JSON.parse(value) };
  }
}

/** Runs the command line to its end. */
export async function tsflink(args: readonly string[]): Promise<Ended> {
  const signal = AbortSignal.timeout(LIMIT_MS);
  const output = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "--quiet", `${ROOT}cli.ts`, ...args],
    signal,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).output();
  const [out, err] = [output.stdout, output.stderr].map((bytes) => new TextDecoder().decode(bytes));
  return { code: output.code, out, err };
}

function spawn(args: readonly string[], errorFile: string): Deno.ChildProcess {
  const process = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "--quiet", `${ROOT}cli.ts`, ...args],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  void process.stderr.pipeTo(Deno.openSync(errorFile, { create: true, write: true }).writable);
  return process;
}

async function within(process: Deno.ChildProcess): Promise<void> {
  const timer = setTimeout(() => process.kill("SIGKILL"), LIMIT_MS);
  await process.status;
  clearTimeout(timer);
}

/** Whole lines of a text that comes in pieces. */
function lineStream(): TransformStream<string, string> {
  let rest = "";
  return new TransformStream({
    transform(text, controller) {
      const lines = (rest + text).split("\n");
      rest = lines.pop()!;
      for (const line of lines) controller.enqueue(line);
    },
  });
}

async function drain(lines: ReadableStreamDefaultReader<string>): Promise<void> {
  while (!(await lines.read()).done);
}
