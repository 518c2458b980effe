/**
 * `tsflink local` in the isolate of the test: exit codes, what is printed, and signals at every moment. Processes of their
 * own are in tests/e2e.
 *
 * @module
 */

import assert from "node:assert/strict";
import "tsflink";
import { hostConnectors } from "../../runtime/connectors/host_connectors.ts";
import { localCommand, type LocalCommandOptions } from "./local_command.ts";

const directory = Deno.makeTempDirSync({ prefix: "tsflink-local-" });
globalThis.addEventListener("unload", () => Deno.removeSync(directory, { recursive: true }));
let files = 0;
function jobFile(text: string): string {
  const path = `${directory}/job${files++}.ts`;
  const imports = "DiscardingSink, StreamExecutionEnvironment";
  Deno.writeTextFileSync(
    path,
    `import { ${imports} } from "${new URL("../../mod.ts", import.meta.url)}";
export async function main() {
  const env = StreamExecutionEnvironment.getExecutionEnvironment();
  ${text}
}`,
  );
  return path;
}

class Exit extends Error {
  constructor(readonly code: number | undefined) {
    super(`exit ${code}`);
  }
}

/** The process, as far as the command touches it. */
class FakeProcess {
  readonly handlers = new Map<string, () => void>();
  out = "";
  err = "";
  readonly #undo: (() => void)[] = [];

  constructor() {
    const decoder = new TextDecoder();
    this.#replace(Deno, "addSignalListener", (signal: string, handler: () => void) => {
      this.handlers.set(signal, handler);
    });
    this.#replace(Deno, "exit", (code?: number) => {
      throw new Exit(code);
    });
    this.#replace(Deno.stdout, "writeSync", (bytes: Uint8Array) => (this.out += decoder.decode(bytes), bytes.length));
    this.#replace(Deno.stderr, "writeSync", (bytes: Uint8Array) => (this.err += decoder.decode(bytes), bytes.length));
    this.#replace(Deno, "args", Deno.args);
    // The first binding stays: here it is that of each command.
    this.#replace(globalThis, Symbol.for("tsflink.host.v1"), undefined);
  }
  #replace(holder: object, key: PropertyKey, value: unknown): void {
    const before = Object.getOwnPropertyDescriptor(holder, key);
    Object.defineProperty(holder, key, { value, configurable: true, writable: true, enumerable: true });
    this.#undo.push(() => {
      if (before === undefined) delete (holder as Record<PropertyKey, unknown>)[key];
      else Object.defineProperty(holder, key, before);
    });
  }
  /** Exit code that a signal ends the process with at once; undefined when it does not. */
  signal(name: "SIGINT" | "SIGTERM"): number | undefined {
    try {
      this.handlers.get(name)!();
    } catch (error) {
      assert.ok(error instanceof Exit);
      return error.code;
    }
  }
  [Symbol.dispose](): void {
    for (const undo of this.#undo.reverse()) undo();
  }
}

function command(job: string, options: Partial<LocalCommandOptions> = {}): Promise<number> {
  return localCommand({
    job,
    args: [],
    configuration: { "execution.local.isolation": "inline" },
    json: false,
    quiet: false,
    parallelism: 1,
    connectors: hostConnectors,
    ...options,
  });
}

/** Told by functions of jobs that they run. */
const moments = globalThis as { tsflinkTestMoment?: (what: string) => void };
function moment(): Promise<string> {
  return new Promise((resolve) => moments.tsflinkTestMoment = resolve);
}
const ENDLESS = "env.fromSequence(1, 1e15).map((n) => (globalThis.tsflinkTestMoment?.('runs'), n))" +
  ".sinkTo(new DiscardingSink());";

const CASES: readonly [string, string, number, { readonly out?: RegExp; readonly err?: RegExp }][] = [
  ["a job that finishes", "env.fromData(7, 8).print(); await env.execute();", 0, { out: /^7\n8\n/m }],
  ["two jobs", "for (const n of [1, 2]) { env.fromData(n).print(); await env.execute(); }", 0, { out: /1\n2\n/ }],
  [
    "a job that nobody awaits",
    "env.fromSequence(1, 50).map((n) => n * 2).print(); await env.executeAsync();",
    0,
    { out: /^100$/m },
  ],
  [
    "a function that fails",
    "env.fromData(1).map(() => { throw new RangeError('no'); }).sinkTo(new DiscardingSink()); await env.execute();",
    1,
    { err: /TSF-2001.*RangeError: no/s },
  ],
  [
    "a failure that nobody hears of",
    "env.fromData(1).map(() => { throw new Error('no'); }).sinkTo(new DiscardingSink()); await env.executeAsync();",
    1,
    { err: /TSF-2001/ },
  ],
  [
    "a failure that the program deals with",
    "env.fromData(1).map(() => { throw new Error('no'); }).sinkTo(new DiscardingSink());" +
    "const client = await env.executeAsync(); await client.getJobExecutionResult().catch(() => {});",
    0,
    {},
  ],
  ["a program that cancels its job", `${ENDLESS} await (await env.executeAsync()).cancel();`, 0, {}],
  ["a program that throws", "throw new TypeError('mine');", 1, { err: /TypeError: mine/ }],
  ["a program that throws no error", "throw 'only text';", 1, { err: /only text/ }],
  ["a program that never executes", "env.fromData(1).sinkTo(new DiscardingSink());", 2, { err: /TSF-4010/ }],
  ["a plan that is refused", "env.setParallelism(0);", 2, { err: /TSF-\d{4}/ }],
  [
    "a refusal after a job has run",
    "env.fromData(1).sinkTo(new DiscardingSink()); await env.execute(); env.setParallelism(0);",
    2,
    { err: /TSF-\d{4}/ },
  ],
];

for (const [name, text, code, { out, err }] of CASES) {
  Deno.test(`local: ${name}: exit code ${code}`, async () => {
    using process = new FakeProcess();
    assert.equal(await command(jobFile(text)), code, process.err);
    if (out !== undefined) assert.match(process.out, out);
    if (err !== undefined) assert.match(process.err, err);
    if (code === 0) assert.doesNotMatch(process.err, /TSF-|error/i);
  });
}

Deno.test("local: arguments and configuration are the program's", async () => {
  using process = new FakeProcess();
  const job = jobFile(`env.fromData(Deno.args.join("+"), String(env.getParallelism())).print(); await env.execute();`);
  assert.equal(await command(job, { args: ["a", "--b"], parallelism: 3, quiet: true }), 0);
  assert.deepEqual(process.out.split("\n").map((line) => line.replace(/^\d> /, "")).toSorted(), ["", "3", "a+--b"]);
});

Deno.test("local: what cannot be is refused before anything has run", async () => {
  using process = new FakeProcess();
  await assert.rejects(command(`${directory}/none.ts`), { code: "TSF-4011" });
  const job = jobFile("globalThis.tsflinkTestMoment('ran');");
  let hasRun = false;
  moments.tsflinkTestMoment = () => hasRun = true;
  await assert.rejects(command(job, { configuration: { "execution.local.isolation": "nowhere" } }), /TSF-4/);
  assert.deepEqual([hasRun, process.handlers.size], [false, 0]);
});

for (const [signal, code] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
  Deno.test(`local: ${signal} before there is a job ends the process at once`, async () => {
    using process = new FakeProcess();
    const before = moment();
    const go = Promise.withResolvers<void>();
    (globalThis as { tsflinkTestGo?: Promise<void> }).tsflinkTestGo = go.promise;
    const end = command(jobFile(
      `globalThis.tsflinkTestMoment("main"); await globalThis.tsflinkTestGo; env.fromData(1).print(); await env.execute();`,
    ));
    await before;
    assert.equal(process.signal(signal), code);
    go.resolve();
    assert.equal(await end, 0, "the exit was not a real one");
  });

  Deno.test(`local: ${signal} cancels the job, also one that nobody awaits; the second ends the process`, async () => {
    for (const how of ["execute", "executeAsync"]) {
      using process = new FakeProcess();
      const runs = moment();
      const end = command(jobFile(`${ENDLESS} await env.${how}();`));
      await runs;
      assert.equal(process.signal(signal), undefined, "the first cancels");
      assert.equal(process.signal("SIGINT"), 130, "the second does not wait");
      assert.equal(await end, code);
      assert.doesNotMatch(process.err, /TSF-5020/, "that it was cancelled is no error");
    }
  });
}

Deno.test("local: a signal while a program has two jobs cancels both; one after the end changes nothing", async () => {
  using process = new FakeProcess();
  const runs = moment();
  const end = command(jobFile(`${ENDLESS} await env.executeAsync(); ${ENDLESS} await env.executeAsync();`));
  await runs;
  await new Promise((resolve) => setTimeout(resolve));
  assert.equal(process.signal("SIGTERM"), undefined);
  assert.equal(await end, 143);
  using other = new FakeProcess();
  assert.equal(await command(jobFile("env.fromData(1).print(); await env.execute();")), 0);
  assert.equal(other.signal("SIGINT"), undefined, "it has jobs; they have ended");
});
