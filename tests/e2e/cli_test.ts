/**
 * The command line as a process: what goes to which stream, exit codes, Ctrl-C, closed pipes. Every process is bounded in
 * time; nothing waits but for output.
 *
 * @module
 */

import assert from "node:assert/strict";
import config from "../../deno.json" with { type: "json" };

const ROOT = new URL("../../", import.meta.url).pathname;
/** A process that takes longer is killed, and its test fails. */
const LIMIT_MS = 30_000;

const JOBS: Readonly<Record<string, string>> = {
  "script.ts": `
    import { StreamExecutionEnvironment } from "tsflink";
    const env = StreamExecutionEnvironment.getExecutionEnvironment();
    const { count, word } = env.args.parse({ count: 3, word: "w" });
    console.error("from main");
    const parallelism = env.getParallelism();
    env.fromSequence(1, count).setParallelism(1).map((n) => word + n + "/" + parallelism).setParallelism(1).print().setParallelism(1);
    await env.execute("script");`,
  "draws.ts": `
    import { StreamExecutionEnvironment } from "tsflink";
    const env = StreamExecutionEnvironment.getExecutionEnvironment();
    for (let i = 0; i < 2000; i++) Math.random();
    env.fromData(1).print();
    await env.execute("draws");`,
  "module.ts": `
    import { StreamExecutionEnvironment } from "tsflink";
    export async function main() {
      const env = StreamExecutionEnvironment.getExecutionEnvironment();
      env.fromSequence(1, 2).print().setParallelism(1);
      await env.execute("module");
      env.fromSequence(3, 4).print().setParallelism(1);
      await env.execute("again");
    }
    if (import.meta.main) await main();`,
  "first.ts": `
    import { StreamExecutionEnvironment } from "tsflink";
    const env = StreamExecutionEnvironment.getExecutionEnvironment();
    console.log(String(await env.fromSequence(1, 1_000_000).setParallelism(1).executeAndCollect().take(3)));`,
  "neither.ts": `
    import { StreamExecutionEnvironment } from "tsflink";
    StreamExecutionEnvironment.getExecutionEnvironment().fromSequence(1, 2).print();`,
  "syntax.ts": "const x = ;",
  "throws.ts": `throw new RangeError("from the program");`,
  "failing.ts": `
    import { StreamExecutionEnvironment } from "tsflink";
    const env = StreamExecutionEnvironment.getExecutionEnvironment();
    env.fromSequence(1, 3).map((n): number => {
      throw new Error("user error " + n);
    }).uid("bad").print();
    await env.execute();`,
  "nosink.ts": `
    import { StreamExecutionEnvironment } from "tsflink";
    const env = StreamExecutionEnvironment.getExecutionEnvironment();
    env.fromSequence(1, 3).map((n) => n);
    await env.execute();`,
  "endless.ts": `
    import { defineSource, StreamExecutionEnvironment, WatermarkStrategy } from "tsflink";
    const env = StreamExecutionEnvironment.getExecutionEnvironment();
    const source = defineSource<number, string, number>({
      boundedness: "continuous-unbounded",
      splits: () => ["only"],
      open: async function* (_split, position, { signal }) {
        for (let i = position ?? 0; !signal.aborted; i++) {
          yield { records: [i], position: i };
          await new Promise((resolve) => setTimeout(resolve, 1));
        }
      },
    });
    env.fromSource(source, WatermarkStrategy.noWatermarks(), "endless").map((n) => "line " + n).print();
    await env.execute("endless");`,
  "stuck.ts": `
    import { StreamExecutionEnvironment } from "tsflink";
    const env = StreamExecutionEnvironment.getExecutionEnvironment();
    env.fromSequence(1, 3).sinkTo({
      createWriter: () => ({
        write: () => (console.log("written"), new Promise<void>(() => {})),
        flush: () => {},
        close: () => (console.log("closing"), new Promise<void>(() => {})),
      }),
    });
    await env.execute("stuck");`,
  "many.ts": `
    import { StreamExecutionEnvironment } from "tsflink";
    const env = StreamExecutionEnvironment.getExecutionEnvironment();
    env.fromSequence(1, 200_000).print();
    await env.execute("many");`,
};

const directory = Deno.makeTempDirSync({ prefix: "tsflink-cli-" });
for (const [name, text] of Object.entries(JOBS)) Deno.writeTextFileSync(`${directory}/${name}`, text);
globalThis.addEventListener("unload", () => Deno.removeSync(directory, { recursive: true }));

function start(...args: string[]): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", "--frozen", "--config", `${ROOT}deno.json`, `${ROOT}cli.ts`, ...args],
    cwd: directory,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    env: { NO_COLOR: "1" },
    signal: AbortSignal.timeout(LIMIT_MS),
  }).spawn();
}

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function run(...args: string[]): Promise<Ended> {
  const { code, stdout, stderr } = await start(...args).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, out: text(stdout), err: text(stderr) };
}

/** Reads a stream as it comes. */
class Lines {
  text = "";
  readonly #reader: ReadableStreamDefaultReader<string>;
  constructor(stream: ReadableStream<Uint8Array<ArrayBuffer>>) {
    this.#reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  }
  /** Reads on until the text is there; fails at the end of the stream. */
  async until(wanted: string): Promise<void> {
    while (!this.text.includes(wanted)) if (!await this.#more()) assert.fail(`no "${wanted}" in:\n${this.text}`);
  }
  async all(): Promise<string> {
    while (await this.#more());
    return this.text;
  }
  /** The reader goes away, as `head` does. */
  close(): Promise<void> {
    return this.#reader.cancel();
  }
  async #more(): Promise<boolean> {
    const { value, done } = await this.#reader.read();
    this.text += value ?? "";
    return !done;
  }
}

interface Case {
  readonly args: readonly string[];
  readonly code: number;
  /** All of stdout, or what it holds. */
  readonly out?: string | RegExp;
  /** What stderr holds, or all of it when a text. */
  readonly err?: string | readonly RegExp[];
}

const CASES: Readonly<Record<string, Case>> = {
  "help": {
    args: ["--help"],
    code: 0,
    out: /Usage: tsflink[\s\S]*local[\s\S]*info[\s\S]*demo[\s\S]*Examples:/,
    err: "",
  },
  "help of a command": { args: ["local", "--help"], code: 0, out: /Usage: tsflink local[\s\S]*--parallelism/, err: "" },
  "version": { args: ["--version"], code: 0, out: `${config.version}\n`, err: "" },
  "no command": { args: [], code: 2, out: "", err: [/Usage: tsflink/] },
  "unknown command": { args: ["locl"], code: 2, out: "", err: [/unknown command 'locl'/, /Did you mean local\?/] },
  "unknown option": { args: ["local", "--bogus", "script.ts"], code: 2, out: "", err: [/unknown option '--bogus'/] },
  "no job": { args: ["local"], code: 2, out: "", err: [/missing required argument 'job'/] },
  "parallelism 0": { args: ["local", "-p", "0", "script.ts"], code: 2, out: "", err: [/integer from 1 to 32768/] },
  "malformed -D": { args: ["local", "-D", "novalue", "script.ts"], code: 2, out: "", err: [/^error: \[TSF-4003\]/] },
  "unknown key": {
    args: ["local", "-D", "pipeline.objectreuse=true", "script.ts"],
    code: 2,
    out: "",
    err: [/TSF-4001/, /Did you mean pipeline\.object-reuse\?/],
  },
  "malformed value": {
    args: ["local", "-D", "pipeline.object-reuse=maybe", "script.ts"],
    code: 2,
    out: "",
    err: [/TSF-4002/],
  },
  "quiet: only the job's own output": {
    args: ["local", "-q", "-p", "2", "script.ts"],
    code: 0,
    out: "w1/2\nw2/2\nw3/2\n",
    err: "from main\n",
  },
  "arguments after the job are the job's": {
    args: ["local", "-q", "-p", "3", "script.ts", "--count", "2", "--word=-p"],
    code: 0,
    out: "-p1/3\n-p2/3\n",
    err: "from main\n",
  },
  "-D reaches the program": {
    args: ["local", "-q", "-D", "parallelism.default=5", "script.ts"],
    code: 0,
    out: "w1/5\nw2/5\nw3/5\n",
  },
  "lines when it is no terminal: stdout holds only the job's output": {
    args: ["local", "-p", "1", "script.ts"],
    code: 0,
    out: "w1/1\nw2/1\nw3/1\n",
    err: [/parallelism 1/, /from main/, /Source: Sequence Source/, /FINISHED after .* 3 records read/],
  },
  "a program that draws little enough to be recorded": {
    args: ["local", "-p", "1", "draws.ts"],
    code: 0,
    out: "1\n",
    err: [/"draws" runs in slots of this process/],
  },
  "a program that draws more than may be recorded": {
    args: ["local", "-p", "1", "-D", "execution.recording.max-size=1kb", "draws.ts"],
    code: 0,
    out: "1\n",
    err: [/"draws" runs in this isolate, parallelism 1 \(.* more than 1024 bytes\)/],
  },
  "a module with main, two jobs one after the other": {
    args: ["local", "-p", "1", "module.ts"],
    code: 0,
    out: "1\n2\n3\n4\n",
    err: [/module +FINISHED/, /again +FINISHED/],
  },
  "a job that fails": {
    args: ["local", "-p", "1", "failing.ts"],
    code: 1,
    out: "",
    err: [
      /FAILED after/,
      /error: \[TSF-2001\].*user error 1/,
      /operator: Map \(uid "bad"\)/,
      /at: file:\/\/.*failing\.ts:5:\d+/,
    ],
  },
  "a program that is refused": { args: ["local", "nosink.ts"], code: 2, out: "", err: [/^error: \[TSF-1207\]/m] },
  "a program that never executes": {
    args: ["local", "neither.ts"],
    code: 2,
    out: "",
    err: [/TSF-4010/, /a script: .*await env\.execute\(\);/, /export async function main\(\)/, /import\.meta\.main/],
  },
  "a missing file": { args: ["local", "nofile.ts"], code: 2, out: "", err: [/TSF-4011/, /nofile\.ts/] },
  "a syntax error": { args: ["local", "syntax.ts"], code: 2, out: "", err: [/TSF-4012/, /syntax\.ts:1:11/] },
  "a program that throws": {
    args: ["local", "throws.ts"],
    code: 1,
    out: "",
    err: [/^error: RangeError: from the program\n +at file:.*throws\.ts:1:7/m],
  },
  "info": {
    args: ["info", "script.ts"],
    code: 0,
    out: /^\{\n {2}"nodes"[\s\S]*"Source: Sequence Source"/,
    err: "from main\n",
  },
  "info as job graph": {
    args: ["info", "-p", "4", "-f", "job", "failing.ts"],
    code: 0,
    out: /^\{[\s\S]*"parallelism": 4/,
  },
  "a program that takes its first results and cancels the rest": {
    args: ["local", "-q", "first.ts"],
    code: 0,
    out: "1,2,3\n",
    err: "",
  },
  "info as mermaid": {
    args: ["info", "--format", "mermaid", "module.ts"],
    code: 0,
    out: /^flowchart LR\n.*Sequence Source/,
  },
  "info in no known format": {
    args: ["info", "-f", "svg", "script.ts"],
    code: 2,
    out: "",
    err: [/json, job, mermaid/],
  },
  "info of a program that is refused": { args: ["info", "nosink.ts"], code: 2, out: "", err: [/^error: \[TSF-1207\]/] },
};

/** Processes side by side; each takes most of a second. */
const AT_ONCE = 3;

Deno.test("cli: what each command line gives", async (t) => {
  const waiting = Object.entries(CASES);
  const results = new Map<string, Ended>();
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      results.set(next[0], await run(...next[1].args));
    }
  }));
  for (const [name, { code, out, err }] of Object.entries(CASES)) {
    await t.step(name, () => {
      const found = results.get(name)!;
      assert.equal(found.code, code, found.err);
      if (typeof out === "string") assert.equal(found.out, out, found.err);
      else if (out !== undefined) assert.match(found.out, out);
      if (typeof err === "string") assert.equal(found.err, err);
      else for (const pattern of err ?? []) assert.match(found.err, pattern);
    });
  }
});

Deno.test("cli: --json gives objects only, the last one with the end", async () => {
  const { code, out, err } = await run("local", "--json", "-p", "1", "module.ts");
  assert.deepEqual([code, out], [0, "1\n2\n3\n4\n"]);
  const objects = err.trimEnd().split("\n").map((line) => JSON.parse(line));
  const ends = objects.filter(({ state }) => state === "FINISHED");
  assert.deepEqual(ends.map(({ job }) => job), ["module", "again"]);
  assert.equal(ends[0].vertices[0].operators[0].numRecordsOut, 2);
});

Deno.test("cli: Ctrl-C cancels the job, exit code 130, a summary, and no torn line", async () => {
  const child = start("local", "-p", "1", "endless.ts");
  const [out, err] = [new Lines(child.stdout), new Lines(child.stderr)];
  const errors = err.all();
  await out.until("line 20\n");
  child.kill("SIGINT");
  const lines = (await out.all()).split("\n");
  assert.equal((await child.status).code, 130);
  assert.equal(lines.pop(), "", "the last line is whole");
  assert.deepEqual(lines, lines.map((_, n) => `line ${n}`));
  assert.match(await errors, new RegExp(`CANCELED after .* ${lines.length} records read`));
  assert.doesNotMatch(err.text, /error/);
});

Deno.test("cli: a second Ctrl-C ends a job that does not stop", async () => {
  const child = start("local", "-q", "-p", "1", "stuck.ts");
  const out = new Lines(child.stdout);
  await out.until("written");
  child.kill("SIGINT");
  await out.until("closing");
  child.kill("SIGINT");
  assert.equal((await child.status).code, 130);
  await Promise.all([out.all(), child.stderr.cancel()]);
});

Deno.test("cli: a reader that goes away ends the process quietly", async () => {
  for (const mode of [["-q"], ["--json"], []]) {
    const child = start("local", ...mode, "-p", "1", "many.ts");
    const out = new Lines(child.stdout);
    const err = new Lines(child.stderr).all();
    await out.until("1\n");
    await out.close();
    assert.equal((await child.status).code, 0, await err);
    assert.doesNotMatch(await err, /error|BrokenPipe|at file/i);
  }
});
