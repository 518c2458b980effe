/**
 * `tsflink bundle` as a process, on jobs outside the repository, and bundles run by `tsflink local` and `tsflink info`.
 *
 * @module
 */

import assert from "node:assert/strict";

const ROOT = new URL("../../", import.meta.url).pathname;
const LIMIT_MS = 60_000;

const top = Deno.makeTempDirSync({ prefix: "tsflink-bundles-" });
globalThis.addEventListener("unload", () => Deno.removeSync(top, { recursive: true }));

async function tsflink(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", "--frozen", "--config", `${ROOT}deno.json`, `${ROOT}cli.ts`, ...args],
    cwd: top,
    stdin: "null",
    env: { NO_COLOR: "1" },
    signal: AbortSignal.timeout(LIMIT_MS),
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, out: text(stdout), err: text(stderr) };
}

const JOBS: Readonly<Record<string, string>> = {
  "deno.json": `{ "imports": { "yaml": "npm:yaml@2.9.1" } }`,
  "script.ts": `
    import { StreamExecutionEnvironment } from "tsflink";
    import { parse } from "yaml";
    import { shout } from "./lib/shout.ts";
    const env = StreamExecutionEnvironment.getExecutionEnvironment();
    const { count } = env.args.parse({ count: 2 });
    const names: string[] = parse("[a, b, c]");
    env.fromSequence(1, count).map((n) => shout(names[n - 1])).print().setParallelism(1);
    await env.execute("script");`,
  "lib/shout.ts": `
    export function shout(name: string): string {
      if (name === "c") throw new Error("no c");
      return name.toUpperCase();
    }`,
  "module.ts": `
    import { StreamExecutionEnvironment } from "tsflink";
    export async function main(): Promise<void> {
      const env = StreamExecutionEnvironment.getExecutionEnvironment();
      env.fromSequence(1, 2).print().setParallelism(1);
      await env.execute("module");
    }
    if (import.meta.main) await main();`,
  "syntax.ts": "\nconst x = ;",
};
Deno.mkdirSync(`${top}/lib`);
for (const [path, text] of Object.entries(JOBS)) Deno.writeTextFileSync(`${top}/${path}`, text);

Deno.test("a bundle runs like its source, both forms of a job", async () => {
  const written = await tsflink("bundle", "script.ts");
  assert.deepEqual([written.code, written.err], [0, ""]);
  const [head, modules, packages] = written.out.split("\n");
  assert.match(head, /^script\.mjs {2}[\d,.]+ kB {2}sha256 [0-9a-f]{64}$/);
  assert.deepEqual([modules, packages], ["  2 modules: lib/shout.ts, script.ts", "  1 package: yaml@2.9.1"]);
  // Nothing of the job is beside it where it runs.
  Deno.mkdirSync(`${top}/elsewhere`);
  Deno.renameSync(`${top}/script.mjs`, `${top}/elsewhere/script.mjs`);

  const [run, failed, info, bundled] = await Promise.all([
    tsflink("local", "-q", "-p", "1", "elsewhere/script.mjs", "--count", "2"),
    tsflink("local", "-q", "-p", "1", "elsewhere/script.mjs", "--count", "3"),
    tsflink("info", "--format", "job", "elsewhere/script.mjs"),
    tsflink("bundle", "--json", "-o", "m.mjs", "module.ts"),
  ]);
  assert.deepEqual([run.code, run.out], [0, "A\nB\n"], run.err);
  assert.equal(failed.code, 1, failed.err);
  assert.match(failed.err, /TSF-2001[\s\S]*at: job:\/\/script\/lib\/shout\.ts:3:31/);
  assert.equal(info.code, 0, info.err);
  assert.match(info.out, /"script"|Sequence Source/);

  const { output, bytes, sha256, modules: names } = JSON.parse(bundled.out);
  assert.deepEqual([output, names], ["m.mjs", ["job://module/module.ts"]]);
  assert.equal(Deno.statSync(`${top}/m.mjs`).size, bytes);
  assert.match(sha256, /^[0-9a-f]{64}$/);
  const module = await tsflink("local", "-q", "-p", "1", "m.mjs");
  assert.deepEqual([module.code, module.out], [0, "1\n2\n"], module.err);
});

Deno.test("refusals exit with 2 and write nothing", async () => {
  Deno.writeTextFileSync(`${top}/mine.mjs`, "mine");
  const cases: [args: string[], err: RegExp][] = [
    [["syntax.ts"], /^error: \[TSF-4013\] [\s\S]*at: file:\/\/.*\/syntax\.ts:2:11/],
    [["nowhere.ts"], /^error: \[TSF-4011\]/],
    [["-o", "mine.mjs", "module.ts"], /^error: \[TSF-4022\] [\s\S]*--force/],
    [[], /missing required argument 'job'/],
  ];
  await Promise.all(cases.map(async ([args, err]) => {
    const found = await tsflink("bundle", ...args);
    assert.deepEqual([found.code, found.out], [2, ""], args.join(" "));
    assert.match(found.err, err);
  }));
  assert.equal(Deno.readTextFileSync(`${top}/mine.mjs`), "mine");
  assert.throws(() => Deno.statSync(`${top}/syntax.mjs`), Deno.errors.NotFound);
});

Deno.test("a bundle that tsflink did not start says so", async () => {
  const { stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-config", "m.mjs"],
    cwd: top,
    env: { NO_COLOR: "1" },
    signal: AbortSignal.timeout(LIMIT_MS),
  }).output();
  assert.match(new TextDecoder().decode(stderr), /\[TSF-4020\] This job must be started by tsflink/);
});
