/**
 * A user's own project, made by `tsflink init` outside the repository: it runs and its tests pass, as they stand.
 *
 * @module
 */

import assert from "node:assert/strict";

const ROOT = new URL("../../", import.meta.url).pathname;
const LIMIT_MS = 60_000;

const top = Deno.makeTempDirSync({ prefix: "tsflink-project-" });
globalThis.addEventListener("unload", () => Deno.removeSync(top, { recursive: true }));

async function deno(cwd: string, ...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args,
    cwd,
    stdin: "null",
    env: { NO_COLOR: "1" },
    signal: AbortSignal.timeout(LIMIT_MS),
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, out: text(stdout), err: text(stderr) };
}
const tsflink = (...args: string[]) =>
  deno(top, "run", "-A", "--quiet", "--frozen", "--config", `${ROOT}deno.json`, `${ROOT}cli.ts`, ...args);

Deno.test("init, start, test: what was written works as it stands", async () => {
  const made = await tsflink("init", "my orders", "--name", "orders");
  assert.deepEqual([made.code, made.err], [0, ""]);
  assert.match(made.out, /^orders: deno\.json, job\.ts, job_test\.ts, \.gitignore in my orders\n/);
  assert.match(made.out, /\n {2}cd 'my orders'\n {2}deno task start .*\n {2}deno task test /);
  const project = `${top}/my orders`;

  const [start, test, format, lint] = await Promise.all([
    deno(project, "task", "--quiet", "start", "--orders", "100", "--seconds", "3600"),
    deno(project, "task", "--quiet", "test", "--quiet"),
    deno(project, "fmt", "--check"),
    deno(project, "lint"),
  ]);
  assert.equal(start.code, 0, start.err);
  const lines = start.out.trim().split("\n").map((line) => line.replace(/^\d+> /, ""));
  const counts = lines.map((line) => /^00:00:00 {2}(\w+) +(\d+) orders +\d+$/.exec(line)?.slice(1));
  assert.deepEqual(new Set(counts.map((found) => found?.[0])), new Set(["apples", "bread", "cheese"]), start.out);
  assert.equal(counts.reduce((sum, found) => sum + Number(found?.[1]), 0), 100, "every order is counted once");
  assert.equal(test.code, 0, test.out + test.err);
  assert.match(test.out, /2 passed \| 0 failed/);
  assert.equal(format.code, 0, format.err);
  assert.equal(lint.code, 0, lint.err);
});

Deno.test("bad targets: a code, exit code 2, and nothing written", async () => {
  Deno.writeTextFileSync(`${top}/file`, "mine");
  Deno.mkdirSync(`${top}/full`);
  Deno.writeTextFileSync(`${top}/full/job.ts`, "mine");
  for (const [args, says] of [[["file"], "a file"], [["file/below"], "file"], [["full"], "job.ts"]] as const) {
    const { code, out, err } = await tsflink("init", ...args);
    assert.deepEqual([code, out], [2, ""]);
    assert.match(err, /^error: \[TSF-4023\] A project cannot be made in /);
    assert.ok(err.includes(`found: ${says}`) || err.includes(says), err);
  }
  assert.equal((await tsflink("init")).code, 2);
  assert.deepEqual([...Deno.readDirSync(`${top}/full`)].map(({ name }) => name), ["job.ts"]);

  const forced = await tsflink("init", "full", "--force", "--json");
  assert.deepEqual(JSON.parse(forced.out).files, ["deno.json", "job.ts", "job_test.ts", ".gitignore"]);
});
