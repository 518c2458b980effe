/**
 * `tsflink run` in the isolate of the test, against the real REST over a JobManager whose jobs the test moves. Real
 * clusters are in tests/e2e.
 *
 * @module
 */

import assert from "node:assert/strict";
import { format } from "node:util";
import "tsflink";
import { hostConnectors } from "../../../runtime/connectors/host_connectors.ts";
import { JobExecutionError } from "../../../runtime/errors.ts";
import { FakeCluster, id } from "../../rest/testdata/fake_cluster.ts";
import { runCommand, type RunCommandOptions } from "./run_command.ts";

const directory = Deno.makeTempDirSync({ prefix: "tsflink-run-" });
globalThis.addEventListener("unload", () => Deno.removeSync(directory, { recursive: true }));
let files = 0;
function jobFile(text: string): string {
  const path = `${directory}/job${files++}.ts`;
  Deno.writeTextFileSync(
    path,
    `import { DiscardingSink, StreamExecutionEnvironment } from "${new URL("../../../mod.ts", import.meta.url)}";
export async function main() {
  const env = StreamExecutionEnvironment.getExecutionEnvironment();
  ${text}
}
if (import.meta.main) await main();`,
  );
  return path;
}

class Exit extends Error {
  constructor(readonly code: number | undefined) {
    super(`exit ${code}`);
  }
}

/** The process and the network, as far as the command touches them. */
class FakeProcess {
  readonly handlers = new Map<string, () => void>();
  out = "";
  err = "";
  readonly #undo: (() => void)[] = [];

  constructor(fake: FakeCluster) {
    const decoder = new TextDecoder();
    this.#replace(globalThis, "fetch", (request: Request) => Promise.resolve(fake.app.fetch(request)));
    this.#replace(
      Deno,
      "addSignalListener",
      (signal: string, handler: () => void) => this.handlers.set(signal, handler),
    );
    this.#replace(Deno, "removeSignalListener", (signal: string) => this.handlers.delete(signal));
    this.#replace(Deno, "exit", (code?: number) => {
      throw new Exit(code);
    });
    this.#replace(Deno.stdout, "writeSync", (bytes: Uint8Array) => (this.out += decoder.decode(bytes), bytes.length));
    this.#replace(Deno.stderr, "writeSync", (bytes: Uint8Array) => (this.err += decoder.decode(bytes), bytes.length));
    this.#replace(console, "log", (...values: unknown[]) => this.out += `${format(...values)}\n`);
    this.#replace(Deno, "args", Deno.args);
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
  [Symbol.dispose](): void {
    for (const undo of this.#undo.reverse()) undo();
  }
}

interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  readonly fake: FakeCluster;
}

async function run(
  text: string,
  options: Partial<RunCommandOptions> = {},
  prepare: (fake: FakeCluster, process: FakeProcess) => void = (fake) => {
    fake.onSubmit = ({ jobId }) => fake.end(jobId, "FINISHED");
  },
): Promise<Outcome> {
  const fake = new FakeCluster();
  using process = new FakeProcess(fake);
  prepare(fake, process);
  const code = await runCommand({
    job: text.includes("\n") || text.includes(";") ? jobFile(text) : text,
    args: [],
    jobmanager: "jm:1234",
    define: { "rest.retry.max-attempts": "1", "rest.retry.delay": "1 ms" },
    detached: false,
    shutdownOnAttachedExit: false,
    json: false,
    quiet: false,
    verbose: false,
    connectors: hostConnectors,
    ...options,
  }).catch((error) => {
    // What cli.ts prints.
    process.err += String(error.message);
    return -1;
  });
  return { code, out: process.out, err: process.err, fake };
}

const PRINT = "env.fromData(7, 8).map((n) => n + 1).print();";

Deno.test("a job is submitted with its bundle, plan and recording, and followed to its end", async () => {
  const { code, out, fake } = await run(`${PRINT} await env.execute("plus"); console.log("after");`, {
    args: ["--x", "1"],
    parallelism: 2,
  });
  assert.equal(code, 0);
  const [{ submission }] = [...fake.jobsById.values()];
  assert.match(out, new RegExp(`^Job has been submitted with JobID ${submission!.jobId}\n`));
  assert.match(
    out,
    /\nafter\nProgram execution finished\nJob with JobID [0-9a-f]{32} has finished\.\nJob Runtime: 400 ms\n$/,
  );
  assert.equal(submission!.jobName, "plus");
  assert.deepEqual(submission!.descriptor.args, ["--x", "1"]);
  assert.equal(submission!.descriptor.configuration["parallelism.default"], 2);
  assert.equal(submission!.plan.vertices.some(({ parallelism }) => parallelism === 2), true);
  assert.equal(submission!.planFingerprint[0].startsWith('job "plus"'), true);
  assert.match(new TextDecoder().decode(fake.blobs.get(submission!.bundleHash)), /^\/\* tsflink bundle 1/);
});

const CASES: readonly [string, string, number, { readonly out?: RegExp; readonly err?: RegExp }][] = [
  ["two jobs", `for (const n of [1, 2]) { env.fromData(n).print(); await env.execute("j" + n); }`, 0, {
    out: /(Job has been submitted[^]*){2}(has finished[^]*){2}/,
  }],
  ["a job that nobody awaits", `${PRINT} await env.executeAsync();`, 0, { out: /has finished/ }],
  ["a program that throws", "throw new TypeError('mine');", 1, { err: /error: TypeError: mine\n\s+at main/ }],
  ["a program that never executes", `${PRINT}`, 2, { err: /TSF-4010/ }],
  ["a plan that is refused", "env.setParallelism(0);", 2, { err: /TSF-1104/ }],
  ["a program that ends the process", "Deno.exit(3);", 1, { err: /exit 3/ }],
];
for (const [what, text, code, { out = /^/, err = /^/ }] of CASES) {
  Deno.test(`exit code ${code}: ${what}`, async () => {
    const outcome = await run(text);
    assert.deepEqual([outcome.code, out.test(outcome.out), err.test(outcome.err)], [code, true, true], outcome.err);
  });
}

Deno.test("a job that fails: its cause is told once, whoever waits for it", async () => {
  const failure = new JobExecutionError("TSF-2001", "processing a record failed", { cause: new RangeError("no") });
  for (const call of ["await env.execute()", "await env.executeAsync()"]) {
    const { code, err } = await run(`${PRINT} ${call};`, {}, (fake) => {
      fake.onSubmit = ({ jobId }) => fake.end(jobId, "FAILED", { failure });
    });
    assert.equal(code, 1);
    assert.equal(err.match(/TSF-2001/g)?.length, 1, err);
    assert.match(err, /error: \[TSF-2001\] processing a record failed\n {2}cause: RangeError: no/);
  }
});

Deno.test("a failure that the program deals with is no failure of the program", async () => {
  const { code } = await run(
    `${PRINT} await (await env.executeAsync()).getJobExecutionResult().catch(() => {});`,
    {},
    (fake) => fake.onSubmit = ({ jobId }) => fake.end(jobId, "FAILED", { failure: new Error("x") }),
  );
  assert.equal(code, 0);
});

Deno.test("a job that another client has cancelled did not end well; one that the program has cancelled did", async () => {
  const cancelled = await run(`${PRINT} await env.executeAsync();`, {}, (fake) => {
    fake.onSubmit = ({ jobId }) => fake.end(jobId, "CANCELED");
  });
  assert.deepEqual([cancelled.code, /TSF-5020/.test(cancelled.err)], [1, true]);
  const own = await run(`${PRINT} await (await env.executeAsync()).cancel();`, {}, () => {});
  assert.equal(own.code, 0);
});

Deno.test("detached: the client goes when the job is submitted, and results are not to be had", async () => {
  const { code, out, err, fake } = await run(
    `${PRINT} const result = await env.execute(); console.log(result.getJobID().length);
     try { result.getNetRuntime(); } catch (error) { console.log(error.code); }`,
    { detached: true },
    () => {},
  );
  assert.deepEqual([code, err], [0, ""]);
  assert.match(out, /^Job has been submitted with JobID [0-9a-f]{32}\n32\nTSF-4154\n$/);
  assert.equal([...fake.jobsById.values()][0].details.state, "RUNNING");
});

Deno.test("detached: a second job is built again after the first, too", async () => {
  const { code, fake } = await run(`for (const n of [1, 2]) { env.fromData(n).print(); await env.execute("j" + n); }`, {
    detached: true,
  });
  assert.deepEqual([code, fake.calls], [0, ["submit j1", "submit j2"]]);
});

Deno.test("executeAndCollect gets its rows from the cluster", async () => {
  const { code, out } = await run(
    "console.log(await env.fromData(1).map((n) => n).executeAndCollect());",
    {},
    (fake) => {
      fake.onSubmit = ({ jobId, collect }) => {
        assert.equal(collect.length, 1);
        fake.rows.set(collect[0], [[1, 2], [3]]);
        fake.end(jobId, "FINISHED");
      };
    },
  );
  assert.deepEqual([code, /\[ 1, 2, 3 \]/.test(out)], [0, true]);
});

Deno.test("registered files travel with the job; one that is missing refuses it", async () => {
  const file = `${directory}/words.txt`;
  Deno.writeTextFileSync(file, "to be");
  const { fake } = await run(`env.registerCachedFile("${file}", "words"); ${PRINT} await env.execute();`);
  const [{ submission }] = [...fake.jobsById.values()];
  assert.equal(new TextDecoder().decode(fake.blobs.get(submission!.assets[0].hash)), "to be");
  const missing = await run(`env.registerCachedFile("${file}.none", "words"); ${PRINT} await env.execute();`);
  assert.deepEqual([missing.code, /TSF-3001/.test(missing.err), missing.fake.calls], [2, true, []]);
});

const BAD: Record<string, [job: string, options: Partial<RunCommandOptions>, code: string]> = {
  "no such file": ["none.ts", {}, "TSF-4011"],
  "an address that is none": [`${PRINT};`, { jobmanager: "jm:99999999" }, "TSF-4150"],
  "an unknown option": [`${PRINT};`, { define: { "parallelism.defautl": "1" } }, "TSF-4100"],
  "a savepoint": [`${PRINT};`, { fromSavepoint: "/sp" }, "TSF-4144"],
  "a package that is not installed": [`await import("npm:tsflink-none-such@1");`, {}, "TSF-4014"],
};
for (const [what, [job, options, code]] of Object.entries(BAD)) {
  Deno.test(`refused before anything runs: ${what}`, async () => {
    const { err, fake } = await run(job, options);
    assert.equal(err.includes(code), true, err);
    assert.deepEqual(fake.calls, []);
  });
}

Deno.test("an upload that is too large says so", async () => {
  const { code, err } = await run(`${PRINT} await env.execute();`, {}, (fake) => {
    fake.refusal = new JobExecutionError("TSF-5245", "The job is too large to be stored");
  });
  assert.deepEqual([code, /TSF-5245/.test(err)], [1, true]);
});

Deno.test("--json: ids and results are JSON", async () => {
  const { code, out } = await run(`${PRINT} await env.execute("plus");`, { json: true }, (fake) => {
    fake.onSubmit = ({ jobId }) => fake.end(jobId, "FINISHED", { accumulators: { n: 3n } });
  });
  const [submitted, ended] = out.trim().split("\n").map((line) => JSON.parse(line));
  assert.equal(code, 0);
  assert.equal(submitted.jobName, "plus");
  assert.deepEqual(ended, { jobId: submitted.jobId, netRuntimeMs: 400, state: "FINISHED", accumulators: { n: "3" } });
});

for (const [signal, exitCode] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
  for (const isShutDown of [false, true]) {
    Deno.test(`${signal} ${isShutDown ? "cancels the job where that is asked for" : "leaves the job"}`, async () => {
      const { code, err, fake } = await run(
        `${PRINT} await env.execute();`,
        { shutdownOnAttachedExit: isShutDown },
        (fake, process) => {
          fake.onSubmit = () => void setTimeout(() => process.handlers.get(signal)!(), 20);
        },
      );
      const [{ details }] = [...fake.jobsById.values()];
      assert.deepEqual([code, details.state], [exitCode, isShutDown ? "CANCELED" : "RUNNING"]);
      assert.equal(err.includes(`tsflink cancel ${details.jobId}`), !isShutDown, err);
    });
  }
}

Deno.test("a JobManager that goes away while a job is followed ends the client with a clear error", async () => {
  const { code, err } = await run(`${PRINT} await env.execute();`, {}, (fake) => {
    fake.onSubmit = ({ jobId }) =>
      void setTimeout(() => {
        globalThis.fetch = () => Promise.reject(new TypeError("gone"));
        fake.end(jobId, "SUSPENDED");
      }, 10);
  });
  assert.equal(code, 1);
  assert.match(err, /TSF-4153|TSF-4148/);
});

Deno.test("ids are new every time", async () => {
  const outcomes = [await run(`${PRINT} await env.execute();`), await run(`${PRINT} await env.execute();`)];
  const [first, second] = outcomes.map(({ fake }) => [...fake.jobsById.keys()][0]);
  assert.notEqual(first, second);
  assert.notEqual(first, id("0"));
});
