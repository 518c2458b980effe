/** Programs in processes and threads of their own. */
import assert from "node:assert/strict";

const ROOT = new URL("../../", import.meta.url);
const directory = Deno.makeTempDirSync({ prefix: "tsflink-started-" });
globalThis.addEventListener("unload", () => Deno.removeSync(directory, { recursive: true }));

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}
async function deno(...args: string[]): Promise<Ended> {
  const command = new Deno.Command(Deno.execPath(), { args, cwd: ROOT, env: { NO_COLOR: "1" }, stdin: "null" });
  const { code, stdout, stderr } = await command.output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}
const RUN = ["run", "-A", "--no-check", "--no-lock"];

/** A script that tells of its program host. */
async function script(text: string, ...args: string[]): Promise<Ended> {
  const path = `${directory}/job.ts`;
  Deno.writeTextFileSync(
    path,
    `import "${ROOT}mod.ts";
const host = globalThis[Symbol.for("tsflink.host.v1")];
${text}`,
  );
  return await deno(...RUN, path, ...args);
}

Deno.test("a script with top-level await is built again in threads: both jobs, ids, clock, once, arguments", async () => {
  Deno.writeTextFileSync(`${directory}/early.ts`, "export const early = Date.now();");
  Deno.writeTextFileSync(
    `${directory}/script.ts`,
    `import { early } from "./early.ts";
import { DiscardingSink, StreamExecutionEnvironment } from "${ROOT}mod.ts";

const env = StreamExecutionEnvironment.getExecutionEnvironment();
const id = crypto.randomUUID();
console.log("main() runs", import.meta.main, typeof early);
for (let job = 0; job < 2; job++) {
  const cutoff = Date.now() - Math.floor(Math.random() * 1000);
  const text = await env.once("file " + job, () => Deno.readTextFile(new URL(import.meta.url)));
  env.fromData(text.length).map((n) => n).name([id, cutoff, env.args.get("mode"), Deno.args.length].join(" "))
    .sinkTo(new DiscardingSink());
  await env.execute();
}`,
  );
  const recordScript = new URL("testdata/record_script.ts", import.meta.url).href;
  const { code, stdout, stderr } = await deno(...RUN, recordScript, `file://${directory}/script.ts`);
  assert.equal(code, 0, stderr);
  const lines = stdout.trimEnd().split("\n");
  assert.deepEqual(lines.slice(0, -1), ["main() runs false number"], "printed once");
  const { first, again } = JSON.parse(lines.at(-1)!);
  assert.deepEqual(again.map((job: { plan: unknown }) => job.plan), [first[0], first[1], first[1]]);
  assert.match(JSON.stringify(first), / x 3\b/, "arguments");
  assert.notEqual(again[1].random, again[2].random, "random numbers are real again");
  for (const { warnings } of again) {
    assert.equal(warnings.length, 1);
    assert.match(warnings[0], /^Date\.now\(\) at file:.*early\.ts:1:\d+ runs before tsflink is imported/);
  }
});

Deno.test("deno run: recorded from the import of tsflink to the end of the script", async () => {
  const told = `console.log(JSON.stringify([host.program?.state, host.program?.whyNotRebuildable ?? null]));`;
  const { code, stdout, stderr } = await script(
    `
${told}
console.log(Date === (() => {}).constructor ? "" : typeof Date.now(), Deno.args.join());
await new Promise((r) => setTimeout(r, 5));
${told}
setTimeout(() => { ${told} }, 5);`,
    "a",
    "b",
  );
  assert.deepEqual([code, stderr], [0, ""]);
  assert.deepEqual(stdout.trimEnd().split("\n"), [
    '["recording",null]',
    "number a,b",
    '["recording",null]',
    '["ended","main() has ended: the job is built by a timer, a handler or a floating promise"]',
  ]);
});

Deno.test("recording changes neither errors nor the exit of a script", async () => {
  const cases: [string, number, RegExp, RegExp][] = [
    [`throw new RangeError("mine");`, 1, /^$/, /^error: Uncaught \(in promise\) RangeError: mine\n/],
    [`await 0; throw new RangeError("mine");`, 1, /^$/, /^error: Uncaught \(in promise\) RangeError: mine\n/],
    [`await new Promise(() => {});`, 1, /^$/, /^error: Top-level await promise never resolved\n/],
    [`Promise.reject(new Error("floating"));`, 1, /^$/, /^error: Uncaught \(in promise\) Error: floating\n/],
    [`console.log("x"); Deno.exit(7);`, 7, /^x\n$/, /^$/],
    [`setTimeout(() => console.log("late"), 3);`, 0, /^late\n$/, /^$/],
  ];
  const ends = [];
  for (const [text] of cases) ends.push(await script(text));
  for (const [index, [text, code, stdout, stderr]] of cases.entries()) {
    assert.equal(ends[index].code, code, text);
    assert.match(ends[index].stdout, stdout, text);
    assert.match(ends[index].stderr, stderr, text);
  }
});

Deno.test("tests, consoles, eval and workers are not recorded", async () => {
  const mod = `${ROOT}mod.ts`;
  const told = `globalThis[Symbol.for("tsflink.host.v1")].program === undefined`;
  const path = `${directory}/some_test.ts`;
  Deno.writeTextFileSync(
    path,
    `import "${mod}"; Deno.test("x", () => { if (!(${told})) throw new Error("recorded"); });`,
  );
  const worker = `${directory}/worker.ts`;
  Deno.writeTextFileSync(worker, `import "${mod}"; postMessage(${told});`);
  const starts = `${directory}/starts.ts`;
  Deno.writeTextFileSync(
    starts,
    `const w = new Worker(new URL("worker.ts", import.meta.url), { type: "module" });
w.onmessage = ({ data }) => { console.log(data); w.terminate(); };`,
  );
  const [evaluated, tested, inWorker] = await Promise.all([
    deno("eval", `await import("${mod}"); console.log(${told});`),
    deno("test", "-A", "--no-check", "--no-lock", path),
    deno(...RUN, starts),
  ]);
  assert.deepEqual([evaluated.stdout, evaluated.stderr], ["true\n", ""]);
  assert.equal(tested.code, 0, tested.stdout);
  assert.deepEqual([inWorker.stdout, inWorker.stderr], ["true\n", ""]);
});
