import assert from "node:assert/strict";
import { bundleOf, type ProjectFiles, stopBundler, writeProject } from "./testdata/job_project.ts";

const ROOT = new URL("../../", import.meta.url).href;

interface Refused {
  readonly files: ProjectFiles;
  readonly entry?: string;
  readonly code: string;
  /** `file:line:column` of the user's file. */
  readonly at?: string;
  readonly says?: readonly (string | RegExp)[];
}

/** A package in node_modules. */
const dependency = (name: string, json: object, files: ProjectFiles = { "index.js": "" }): ProjectFiles => ({
  [`node_modules/${name}/package.json`]: { name, version: "2.0.0", ...json },
  ...Object.fromEntries(Object.entries(files).map(([path, text]) => [`node_modules/${name}/${path}`, text])),
});
const using = (...names: string[]): object => ({
  dependencies: Object.fromEntries(names.map((name) => [name, "2.0.0"])),
});

const CASES: Readonly<Record<string, Refused>> = {
  "syntax error": {
    files: { "job.ts": "const a = 1;\nconst x = ;\n" },
    code: "TSF-4013",
    at: "job.ts:2:11",
    says: ['Unexpected ";"', "const x = ;"],
  },
  "syntax error in an entry that asks for main": {
    files: { "job.ts": "if (import.meta.main) {\n  const x = ;\n}" },
    code: "TSF-4013",
    at: "job.ts:2:13",
  },
  "syntax error elsewhere": {
    files: { "job.ts": `import "./lib/broken.ts";`, "lib/broken.ts": "\n\n  class {" },
    code: "TSF-4013",
    at: "lib/broken.ts:3:9",
  },
  "a name that a module does not export": {
    files: { "job.ts": `import { a } from "./a.ts";\nconsole.log(a);`, "a.ts": "export const b = 1;" },
    code: "TSF-4013",
    at: "job.ts:1:10",
    says: [/No matching export .* for import "a"/],
  },
  "a name that tsflink does not export": {
    files: { "job.ts": `import { StreamEnvironment } from "tsflink";\nnew StreamEnvironment();` },
    code: "TSF-4013",
    at: "job.ts:1:10",
    says: ["StreamEnvironment"],
  },
  "missing file": {
    files: { "job.ts": `\nimport "./nowhere.ts";` },
    code: "TSF-4014",
    at: "job.ts:2:8",
    says: ['"./nowhere.ts"', "Module not found"],
  },
  "bare name of nothing": {
    files: { "job.ts": `import zod from "zod";\nzod();` },
    code: "TSF-4014",
    at: "job.ts:1:17",
    says: ["not a dependency", "deno add npm:zod"],
  },
  "missing file, imported dynamically": {
    files: { "job.ts": `await import("./nowhere.ts");` },
    code: "TSF-4014",
    at: "job.ts:1:14",
  },
  "missing dependency of a dependency": {
    files: {
      "package.json": using("foo"),
      ...dependency("foo", {}, { "index.js": `require("bar");` }),
      "job.ts": `import "foo";`,
    },
    code: "TSF-4014",
    at: "node_modules/foo/index.js:1:9",
    says: ['"bar"'],
  },
  "a file that is no program": {
    files: { "job.ts": `import "./a.wasm";`, "a.wasm": "\0asm" },
    code: "TSF-4014",
    says: ["a.wasm"],
  },
  "a package built by node-gyp": {
    files: {
      "package.json": using("native"),
      ...dependency("native", {}, { "index.js": "", "binding.gyp": "{}" }),
      "job.ts": `import "native";`,
    },
    code: "TSF-4015",
    at: "job.ts:1:8",
    says: ["native@2.0.0", "binding.gyp"],
  },
  "a package that requires its add-on": {
    files: {
      "package.json": using("native"),
      ...dependency("native", {}, {
        "index.js": "\nmodule.exports = require('./build/x.node');",
        "build/x.node": "ELF",
      }),
      "job.ts": `import "native";`,
    },
    code: "TSF-4015",
    at: "node_modules/native/index.js:2:26",
    says: ["native@2.0.0", "./build/x.node"],
  },
  "a package whose dependency is native": {
    files: {
      "package.json": using("plain", "@n/api"),
      ...dependency("plain", { dependencies: { "@n/api": "2" } }, { "index.js": "require('@n/api')" }),
      ...dependency("@n/api", { napi: {} }),
      "job.ts": `import "plain";`,
    },
    code: "TSF-4015",
    at: "node_modules/plain/index.js:1:9",
    says: ["@n/api@2.0.0", "napi-rs"],
  },
  "an inner file of tsflink": {
    files: { "job.ts": `import "${ROOT}runtime/api/environment.ts";` },
    code: "TSF-4016",
    at: "job.ts:1:8",
    says: [`${ROOT}runtime/api/environment.ts`],
  },
  "no such entry point": {
    files: { "job.ts": `import "tsflink/cli";` },
    code: "TSF-4016",
    at: "job.ts:1:8",
    says: ["tsflink/cli"],
  },
  "another copy of tsflink": {
    files: {
      "job.ts": `import { env } from "./vendor/tsflink/mod.ts";\nenv();`,
      "vendor/tsflink/mod.ts": `export { env } from "./runtime/api/environment.ts";`,
      "vendor/tsflink/runtime/api/environment.ts": `import "./host_binding.ts"; export const env = () => {};`,
      "vendor/tsflink/runtime/api/host_binding.ts": `Symbol.for("tsflink.host.v1");`,
    },
    code: "TSF-4016",
    at: "job.ts:1:21",
    says: [`${ROOT}mod.ts`, "vendor/tsflink/mod.ts", "deno.json"],
  },
  "a configuration that Deno cannot read": {
    files: { "deno.json": "{ nonsense", "job.ts": "" },
    code: "TSF-4017",
    says: ["deno.json"],
  },
  "no such job": { files: {}, code: "TSF-4014", says: ["job.ts"] },
};

for (const [what, { files, entry, code, at, says = [] }] of Object.entries(CASES)) {
  Deno.test(`refused: ${what}`, async () => {
    const directory = writeProject(files);
    const error = await bundleOf(directory, entry).then(() => assert.fail("it was bundled"), (thrown) => thrown);
    assert.equal(error.code, code, error.message);
    if (at !== undefined) assert.equal(error.userLine, `file://${directory}/${at}`, error.message);
    for (const part of says) {
      assert.ok(typeof part === "string" ? error.message.includes(part) : part.test(error.message), error.message);
    }
    await stopBundler();
  });
}

Deno.test("native parts that a package can do without are left out", async () => {
  const directory = writeProject({
    "package.json": using("fast"),
    ...dependency("fast", { optionalDependencies: { "fast-native": "2" } }, {
      "index.js": "try { module.exports = require('fast-native'); } catch { module.exports = 'slow'; }",
    }),
    ...dependency("fast-native", { gypfile: true }),
    "job.ts": `import fast from "fast"; export const result = fast;`,
  });
  assert.match(new TextDecoder().decode((await bundleOf(directory)).code), /__require\("fast-native"\)/);
  await stopBundler();
});

Deno.test("what is imported dynamically and caught may be missing", async () => {
  const directory = writeProject({ "job.ts": `try { await import("not-there"); } catch { console.log("without"); }` });
  assert.ok((await bundleOf(directory)).code.length > 0);
  await stopBundler();
});

Deno.test("what the bundler may not do is said once, with what to allow", async () => {
  const directory = writeProject({
    "job.ts": `import "npm:yaml@2.9.1";`,
    "bundle.ts": `
      import { bundleJob } from "${ROOT}cluster/client/bundle.ts";
      await bundleJob({ entry: new URL("job.ts", import.meta.url), name: "x" }).catch((e) => console.log(e.message));`,
  });
  const read = ["--allow-read"];
  for (const allowed of [[], read, [...read, "--allow-run"], [...read, "--allow-run", "--allow-env"]]) {
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--no-prompt",
        "--no-check",
        "--no-lock",
        "--config",
        "deno.json",
        ...allowed,
        `${directory}/bundle.ts`,
      ],
      cwd: new URL(ROOT),
      env: { NO_COLOR: "1" },
    }).output();
    const text = new TextDecoder().decode(stdout);
    assert.match(
      text,
      /^\[TSF-4018\][\s\S]*Requires (read|run|env|write) access[\s\S]*hint: Run with -A/,
      allowed.join(),
    );
  }
});
