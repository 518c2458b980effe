/**
 * Jobs as files of a user, run as processes of their own: by the command line in each kind of slot, or by `deno run`.
 * Used by tests/e2e/slots_*_test.ts.
 *
 * @module
 */

const ROOT = new URL("../../../", import.meta.url).pathname;
/** A process that takes longer is killed, and its test fails. */
const LIMIT_MS = 30_000;
/** Processes side by side. */
const AT_ONCE = 2;

/** How a job is started: `tsflink local` at parallelism 2 with slots of a kind, or `deno run job.ts`. */
export type Start = "threads" | "web" | "inline" | "plain";

/** How a process has ended. */
export interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  readonly ms: number;
}

const KIND: Readonly<Record<Exclude<Start, "plain">, string>> = {
  threads: "execution.local.isolation=worker",
  web: "execution.local.worker-host=web",
  inline: "execution.local.isolation=inline",
};
const HEAD = `import { StreamExecutionEnvironment } from "tsflink";
const env = StreamExecutionEnvironment.getExecutionEnvironment();
`;

/** A folder of jobs; each starts with two lines that import tsflink and make `env`. */
export class JobFiles {
  readonly #directory = Deno.makeTempDirSync({ prefix: "tsflink-slots-" });

  constructor(jobs: Readonly<Record<string, string>>) {
    for (const [name, text] of Object.entries(jobs)) this.write(`${name}.ts`, HEAD + text);
    globalThis.addEventListener("unload", () => Deno.removeSync(this.#directory, { recursive: true }));
  }

  /** A file beside the jobs. */
  write(name: string, text: string): void {
    Deno.writeTextFileSync(`${this.#directory}/${name}`, text);
  }

  /** Starts a job. @param options More of the command line; default: quiet. */
  start(job: string, how: Start, args: readonly string[] = [], options: readonly string[] = ["-q"]): Deno.ChildProcess {
    const local = ["local", "-p", "2", ...options, "-D", KIND[how as keyof typeof KIND]];
    const program = how === "plain" ? [`${job}.ts`] : [`${ROOT}cli.ts`, ...local, `${job}.ts`];
    return new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--quiet", "--frozen", "--config", `${ROOT}deno.json`, ...program, ...args],
      cwd: this.#directory,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
      env: { NO_COLOR: "1" },
      signal: AbortSignal.timeout(LIMIT_MS),
    }).spawn();
  }

  /** Runs a job to its end. */
  async run(job: string, how: Start, args?: readonly string[], options?: readonly string[]): Promise<Ended> {
    const startMs = performance.now();
    const { code, stdout, stderr } = await this.start(job, how, args, options).output();
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    return { code, out: text(stdout), err: text(stderr), ms: performance.now() - startMs };
  }
}

/** Calls `fn` with all items, some at a time. */
export async function someAtOnce<T>(items: readonly T[], fn: (item: T) => Promise<void>): Promise<void> {
  const waiting = [...items];
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await fn(next);
  }));
}

/** Lines without the number of the subtask that printed them, sorted. */
export function printed(out: string): string[] {
  return out.split("\n").filter((line) => line !== "").map((line) => line.replace(/^\d+> /, "")).sort();
}
