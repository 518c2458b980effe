import assert from "node:assert/strict";
import { join } from "node:path";
import { stopBundler, writeProject } from "../client/testdata/job_project.ts";
import { bundleCommand, describeBundle } from "./bundle_command.ts";

const JOB = `import "tsflink"; export const result = 1;`;
const namesIn = (directory: string) => [...Deno.readDirSync(directory)].map(({ name }) => name).sort();

Deno.test("the bundle is written where it is wanted, and again over itself", async () => {
  const directory = writeProject({ "my job.ts": JOB });
  const from = Deno.cwd();
  Deno.chdir(directory);
  try {
    const written = await bundleCommand({ job: "my job.ts", force: false });
    assert.equal(written.output, "my job.mjs");
    assert.deepEqual(written.modules, ["job://my-job/my%20job.ts"]);
    const again = await bundleCommand({ job: "my job.ts", output: "my job.mjs", force: false });
    assert.deepEqual(again, written);
    const named = await bundleCommand({ job: "my job.ts", output: "x.mjs", name: "orders", force: false });
    assert.deepEqual(named.modules, ["job://orders/my%20job.ts"]);
    assert.deepEqual(namesIn("."), ["my job.mjs", "my job.ts", "x.mjs"]);
    assert.equal(Deno.statSync("x.mjs").size, named.bytes);
  } finally {
    Deno.chdir(from);
    await stopBundler();
  }
});

Deno.test("nothing is overwritten or left behind", async () => {
  const directory = writeProject({ "job.mjs": JOB, "mine.mjs": "mine", "broken.ts": "const x = ;", "dir/x": "" });
  const at = (path: string) => join(directory, path);
  const refusals: [job: string, output: string, force: boolean, code: string, found: RegExp][] = [
    ["job.mjs", "mine.mjs", false, "TSF-4022", /no bundle/],
    ["job.mjs", "job.mjs", false, "TSF-4022", /the job itself/],
    ["job.mjs", "dir/../job.mjs", true, "TSF-4022", /the job itself/],
    ["job.mjs", "dir", true, "TSF-4022", /./],
    ["job.mjs", "none/x.mjs", false, "TSF-4022", /no directory/],
    ["job.mjs", "mine.mjs/x.mjs", false, "TSF-4022", /./],
    ["nowhere.ts", "x.mjs", false, "TSF-4011", /nowhere/],
    ["broken.ts", "x.mjs", false, "TSF-4013", /Unexpected/],
  ];
  for (const [job, output, force, code, found] of refusals) {
    const command = bundleCommand({ job: at(job), output: at(output), force });
    await assert.rejects(command, (error: Record<string, string>) => {
      assert.equal(error.code, code, error.message);
      assert.match(error.found, found);
      return true;
    });
  }
  assert.deepEqual(namesIn(directory), ["broken.ts", "dir", "job.mjs", "mine.mjs"]);
  assert.equal(Deno.readTextFileSync(at("mine.mjs")), "mine");
  await bundleCommand({ job: at("job.mjs"), output: at("mine.mjs"), force: true });
  assert.match(Deno.readTextFileSync(at("mine.mjs")), /^\/\* tsflink bundle 1/);
  await stopBundler();
});

Deno.test("what is printed", () => {
  const written = { output: "j.mjs", bytes: 1_234_567, sha256: "abc", warnings: [], modules: [], packages: [] };
  assert.equal(describeBundle(written), "j.mjs  1,234.6 kB  sha256 abc");
  const modules = Array.from({ length: 10 }, (_, i) => `job://j/lib/m${i}.ts`);
  assert.deepEqual(describeBundle({ ...written, modules, packages: ["yaml@2.9.1"] }).split("\n").slice(1), [
    `  10 modules: ${Array.from({ length: 8 }, (_, i) => `lib/m${i}.ts`).join(", ")}, and 2 more`,
    "  1 package: yaml@2.9.1",
  ]);
});
