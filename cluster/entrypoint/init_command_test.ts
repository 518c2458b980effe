import assert from "node:assert/strict";
import { join } from "node:path";
import { describeProject, initCommand } from "./init_command.ts";
import { originOf, projectFiles } from "./init_templates.ts";

const top = Deno.makeTempDirSync({ prefix: "tsflink-init-" });
globalThis.addEventListener("unload", () => Deno.removeSync(top, { recursive: true }));
const FILES = ["deno.json", "job.ts", "job_test.ts", ".gitignore"];
const namesIn = (directory: string) => [...Deno.readDirSync(directory)].map(({ name }) => name).sort();

let directories = 0;
/** A directory with those files, each holding "mine". */
function directoryWith(...files: string[]): string {
  const directory = join(top, `d${directories++}`);
  Deno.mkdirSync(directory);
  for (const file of files) Deno.writeTextFileSync(join(directory, file), "mine");
  return directory;
}

Deno.test("a new or an empty directory gets all files, wherever it is", async () => {
  for (const directory of [join(top, "a/b/orders"), directoryWith()]) {
    const written = await initCommand({ directory, force: false, name: undefined });
    assert.deepEqual(written.files, FILES);
    assert.deepEqual(namesIn(directory), FILES.toSorted());
    assert.equal(written.directory, directory);
    const { imports, tasks } = JSON.parse(Deno.readTextFileSync(join(directory, "deno.json")));
    assert.equal(imports.tsflink, new URL("../../mod.ts", import.meta.url).href);
    assert.equal(imports["tsflink/testing"], new URL("../../runtime/testing/mod.ts", import.meta.url).href);
    assert.deepEqual(Object.keys(tasks), ["start", "test"]);
  }
});

Deno.test("the name of the job is the directory's, or the one given, whatever is in it", async () => {
  const directory = join(top, "named");
  assert.equal((await initCommand({ directory, force: false })).name, "named");
  const name = `it's "$&" \\ \`x\``;
  await initCommand({ directory, force: true, name });
  assert.ok(Deno.readTextFileSync(join(directory, "job.ts")).includes(`await env.execute(${JSON.stringify(name)});`));
});

Deno.test("a copy from the registry is named by its version", () => {
  const origin = originOf(new URL("https://jsr.io/@tsflink/tsflink/1.2.3/"), "1.2.3");
  assert.deepEqual(origin, {
    api: "jsr:@tsflink/tsflink@^1.2.3",
    testing: "jsr:@tsflink/tsflink@^1.2.3/testing",
    cli: "jsr:@tsflink/tsflink@^1.2.3/cli",
  });
  const files = projectFiles("x", origin);
  assert.deepEqual(JSON.parse(files["deno.json"]).imports, {
    "tsflink": origin.api,
    "tsflink/testing": origin.testing,
  });
  assert.ok(files["job.ts"].includes(`deno run -A ${origin.cli} local job.ts`));
});

Deno.test("what is refused is named, and stays as it was", async () => {
  const file = join(directoryWith("file"), "file");
  const other = directoryWith("notes.md", "a", "b", "c", "d", "e");
  const mine = directoryWith("job.ts", "deno.json", "notes.md");
  const cases: [directory: string, name: string | undefined, found: RegExp, hint?: RegExp][] = [
    [file, undefined, /^a file$/],
    [join(file, "below"), undefined, /./],
    ["/proc/tsflink/new", undefined, /./],
    [other, undefined, /^a, b, c, d, e, and 1 more$/, /beside/],
    [mine, undefined, /^deno\.json, job\.ts$/, /overwrites/],
    [join(top, "never"), " ", /name " "/, /--name/],
    [join(top, "never"), "a\nb", /name "a\\nb"/, /--name/],
  ];
  for (const [directory, name, found, hint] of cases) {
    await assert.rejects(initCommand({ directory, name, force: false }), (error: Record<string, string>) => {
      assert.equal(error.code, "TSF-4023");
      assert.match(error.found, found);
      if (hint !== undefined) assert.match(error.hint, hint);
      return true;
    });
  }
  assert.equal(Deno.readTextFileSync(file), "mine");
  assert.equal(Deno.readTextFileSync(join(mine, "job.ts")), "mine");
  assert.deepEqual(namesIn(mine), ["deno.json", "job.ts", "notes.md"]);
  assert.throws(() => Deno.statSync(join(top, "never")), Deno.errors.NotFound);
});

Deno.test("force overwrites files of the same name only; what cannot be written leaves nothing behind", async () => {
  const mine = directoryWith("job.ts", "notes.md");
  await initCommand({ directory: mine, force: true });
  assert.match(Deno.readTextFileSync(join(mine, "job.ts")), /executeAndCollect|env\.execute/);
  assert.equal(Deno.readTextFileSync(join(mine, "notes.md")), "mine");

  const blocked = directoryWith("deno.json");
  Deno.mkdirSync(join(blocked, "job_test.ts"));
  await assert.rejects(initCommand({ directory: blocked, force: true }), { code: "TSF-4023" });
  assert.deepEqual(namesIn(blocked), ["deno.json", "job_test.ts"]);
  assert.equal(Deno.readTextFileSync(join(blocked, "deno.json")), "mine");
});

Deno.test("what to do next can be typed as it stands", () => {
  const project = { directory: "/x", name: "n", files: FILES, cli: "cli.ts" };
  const steps = (shown: string) => describeProject(project, shown).split("\n").filter((line) => line.startsWith("  "));
  assert.equal(steps("my-job")[0], "  cd my-job");
  assert.equal(steps("it's mine")[0], `  cd 'it'\\''s mine'`);
  assert.match(steps(".")[0], /^ {2}deno task start/);
});
