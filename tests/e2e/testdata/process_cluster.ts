/**
 * A cluster of real processes for tests: started by `tsflink cluster start` in a folder of its own, on free ports.
 *
 * @module
 */

import assert from "node:assert/strict";

const ROOT = new URL("../../../", import.meta.url).pathname;
/** A process that takes longer is killed, and its test fails. */
const LIMIT_MS = 60_000;

/** What a process has left. */
export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `tsflink ...` to its end. */
export async function tsflink(...args: string[]): Promise<Outcome> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", `${ROOT}cli.ts`, ...args],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const timer = setTimeout(() => child.kill("SIGKILL"), LIMIT_MS);
  const { code, stdout, stderr } = await child.output();
  clearTimeout(timer);
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

/** Asks until the answer is there. */
export async function until<T>(what: string, ask: () => T | undefined | Promise<T | undefined>): Promise<T> {
  const end = performance.now() + LIMIT_MS;
  while (true) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (performance.now() > end) throw new Error(`Not within ${LIMIT_MS} ms: ${what}`);
    await new Promise((done) => setTimeout(done, 20));
  }
}

interface StartedProcess {
  readonly name: string;
  readonly pid: number;
  readonly log: string;
  readonly facts: Readonly<Record<string, string>>;
}

/** See the module. */
export class ProcessCluster {
  private constructor(
    readonly folder: string,
    readonly flags: readonly string[],
    readonly processes: readonly StartedProcess[],
  ) {}

  static async start(
    taskManagers: number,
    slots: number,
    values: Readonly<Record<string, string>> = {},
  ): Promise<ProcessCluster> {
    const folder = Deno.makeTempDirSync({ prefix: "tsflink-cluster-" });
    const own = {
      "env.pid.dir": `${folder}/pids`,
      "process.working-dir": `${folder}/work`,
      "env.log.dir": `${folder}/logs`,
      "jobmanager.rpc.port": "0",
      "rest.port": "0",
      "health.port": "0",
      "taskmanager.memory.process.size": "1 gb",
      ...values,
    };
    const flags = Object.entries(own).flatMap(([key, value]) => ["-D", `${key}=${value}`]);
    const start = ["cluster", "start", "--taskmanagers", `${taskManagers}`, "--slots", `${slots}`, "--json"];
    const { code, stdout, stderr } = await tsflink(...start, ...flags);
    assert.equal(code, 0, stderr);
    return new ProcessCluster(folder, flags, JSON.parse(stdout));
  }

  get rest(): string {
    return this.processes[0].facts.rest;
  }
  get address(): string {
    return this.rest.replace("http://", "");
  }

  /** Runs a client command against it. */
  client(verb: string, ...args: string[]): Promise<Outcome> {
    return tsflink(verb, "-m", this.address, ...args);
  }
  // deno-lint-ignore no-explicit-any -- JSON of REST
  async get(path: string): Promise<any> {
    return await (await fetch(`${this.rest}${path}`)).json();
  }
  /** Writes a job; gives its path. */
  job(name: string, text: string): string {
    const path = `${this.folder}/${name}`;
    Deno.writeTextFileSync(path, text);
    return path;
  }
  /** What jobs have printed, in the order of lines; numbers of subtasks are left out. */
  output(): string[] {
    return [...Deno.readDirSync(`${this.folder}/logs`)].filter(({ name }) => /taskmanager.*\.out$/.test(name))
      .flatMap(({ name }) => Deno.readTextFileSync(`${this.folder}/logs/${name}`).split("\n"))
      .filter((line) => line !== "").map((line) => line.replace(/^\d+> /, "")).sort();
  }
  logs(): string {
    return this.processes.map(({ log }) => Deno.readTextFileSync(log)).join("\n");
  }
  async stop(): Promise<Outcome> {
    return await tsflink("cluster", "stop", ...this.flags);
  }
  async close(): Promise<void> {
    await this.stop();
    Deno.removeSync(this.folder, { recursive: true });
  }
}
