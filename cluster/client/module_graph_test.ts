import assert from "node:assert/strict";
import { join } from "node:path";
import { loadModuleGraph, ModuleGraph, nearestConfig } from "./module_graph.ts";
import { NpmTree, splitBare } from "./npm_tree.ts";
import { writeProject } from "./testdata/job_project.ts";

const JOB = "file:///job/job.ts";
const dependency = (specifier: string, resolved: string) => ({ specifier, code: { specifier: resolved } });
const yaml = { name: "yaml", version: "2.9.1", dependencies: [], localPath: "/cache/yaml/2.9.1" };

/** As `deno info --json` prints it; kinds that no test may fetch. */
const INFO = {
  roots: ["jsr:@me/job"],
  modules: [
    {
      specifier: JOB,
      kind: "esm",
      local: "/job/job.ts",
      mediaType: "TypeScript",
      dependencies: [
        dependency("jsr:@a/b@1", "jsr:@a/b@1"),
        dependency("https://host/x.ts", "https://host/x.ts"),
        dependency("https://host/gone.ts", "https://host/gone.ts"),
        dependency("yaml/util", "npm:yaml@2/util"),
        dependency("@s/p", "npm:@s/p"),
        dependency("broken", "npm:broken"),
        dependency("./nm.ts", "file:///job/node_modules/nm/index.js"),
        dependency("fs", "node:fs"),
        { specifier: "zod", code: { error: "not a dependency" } },
        { specifier: "./types.ts", type: { specifier: "file:///job/types.ts" } },
      ],
    },
    { specifier: "https://jsr.io/@a/b/1.2.0/mod.ts", kind: "esm", local: "/cache/1", mediaType: "TypeScript" },
    { specifier: "https://host/y.ts", kind: "esm", local: "/cache/2", mediaType: "JavaScript" },
    { specifier: "https://host/gone.ts", error: 'Module not found "https://host/gone.ts".' },
    { specifier: "npm:/yaml@2.9.1/util", kind: "npm", npmPackage: "yaml@2.9.1" },
    { specifier: "npm:/@s/p@1.0.0", kind: "npm", npmPackage: "@s/p@1.0.0_yaml@2.9.1" },
    { specifier: "npm:broken", kind: "npm" },
    { specifier: "npm:nothing", error: "npm package 'nothing' does not exist." },
    { specifier: "file:///job/node_modules/nm/index.js", kind: "external", local: "/job/node_modules/nm/index.js" },
  ],
  redirects: {
    "jsr:@me/job": JOB,
    "jsr:@a/b@1": "https://jsr.io/@a/b/1.2.0/mod.ts",
    "https://host/x.ts": "https://host/y.ts",
    "npm:yaml@2/util": "npm:/yaml@2.9.1/util",
    "npm:@s/p": "npm:/@s/p@1.0.0",
  },
  npmPackages: {
    "yaml@2.9.1": yaml,
    "@s/p@1.0.0_yaml@2.9.1": { ...yaml, name: "@s/p", version: "1.0.0", dependencies: ["yaml@2.9.1"] },
  },
};

Deno.test("imports lead where Deno says", () => {
  const graph = new ModuleGraph(INFO);
  assert.equal(graph.entry, JOB);
  const cases: [string, unknown][] = [
    ["jsr:@a/b@1", { kind: "module", url: "https://jsr.io/@a/b/1.2.0/mod.ts" }],
    ["https://host/x.ts", { kind: "module", url: "https://host/y.ts" }],
    ["https://host/gone.ts", {
      kind: "unresolved",
      specifier: "https://host/gone.ts",
      reason: 'Module not found "https://host/gone.ts".',
    }],
    ["yaml/util", { kind: "npm", package: { id: "yaml@2.9.1", ...yaml }, subpath: "/util" }],
    ["@s/p", { kind: "npm", package: graph.packages[1], subpath: "" }],
    ["broken", { kind: "unresolved", specifier: "npm:broken", reason: "npm package 'nothing' does not exist." }],
    ["./nm.ts", { kind: "file", path: "/job/node_modules/nm/index.js" }],
    ["fs", { kind: "builtin", specifier: "node:fs" }],
    ["path", { kind: "builtin", specifier: "node:path" }],
    ["zod", { kind: "unresolved", specifier: "zod", reason: "not a dependency" }],
    ["./types.ts", undefined],
    ["./unknown.ts", undefined],
  ];
  for (const [specifier, expected] of cases) assert.deepEqual(graph.resolve(JOB, specifier), expected, specifier);
  assert.equal(graph.localPath("https://host/y.ts"), "/cache/2");
  assert.equal(graph.localPath("https://host/gone.ts"), undefined);
});

Deno.test("the nearest configuration counts, with comments and commas", async () => {
  const directory = writeProject({
    "deno.jsonc": `{ /* a */ "imports": { "x": "./x.ts", }, // "b": "c" }
      "compilerOptions": { "jsx": "react" }, "lock": "// no comment", }`,
    "in/the/job.ts": `import "x";`,
    "x.ts": "",
    "own/deno.json": "{ nonsense",
  });
  const found = nearestConfig(join(directory, "in/the"));
  assert.deepEqual([found.path, found.compilerOptions, found.lock], [
    join(directory, "deno.jsonc"),
    { jsx: "react" },
    "// no comment",
  ]);
  assert.deepEqual(nearestConfig(join(directory, "own")), { path: join(directory, "own/deno.json") });
  const graph = await loadModuleGraph(new URL(`file://${directory}/in/the/job.ts`));
  assert.deepEqual(graph.resolve(graph.entry, "x"), { kind: "module", url: `file://${directory}/x.ts` });
});

Deno.test("bare specifiers", () => {
  const cases: [string, unknown][] = [
    ["a", { name: "a", subpath: "" }],
    ["a/b/c.js", { name: "a", subpath: "/b/c.js" }],
    ["@s/p", { name: "@s/p", subpath: "" }],
    ["@s/p/q", { name: "@s/p", subpath: "/q" }],
    ["lodash.get", { name: "lodash.get", subpath: "" }],
    ["./a", undefined],
    ["../a", undefined],
    ["/a", undefined],
    ["#inner", undefined],
    ["@s", undefined],
    ["https://x/y", undefined],
    ["", undefined],
  ];
  for (const [specifier, expected] of cases) assert.deepEqual(splitBare(specifier), expected, specifier);
});

Deno.test("each package sees its own dependencies, under the names it gives them", () => {
  const directory = writeProject({
    "a/package.json": { name: "a", version: "1.0.0", dependencies: { old: "npm:b@^1", b: "^2" } },
    "a/lib/deep/x.js": "",
    "a/esm/package.json": { type: "module" },
    "b1/package.json": { name: "b", version: "1.0.0", binary: { module_name: "b_native" } },
    "b2/package.json": { name: "b", version: "2.0.0", dependencies: { bindings: "1" } },
  });
  const at = (path: string) => join(directory, path);
  const found = (name: string, version: string, path: string, dependencies: string[] = []) => ({
    name,
    version,
    dependencies,
    localPath: at(path),
  });
  const graph = new ModuleGraph({
    roots: [JOB],
    modules: [],
    npmPackages: {
      "a@1.0.0": found("a", "1.0.0", "a", ["b@2.0.0"]),
      "b@1.0.0": found("b", "1.0.0", "b1"),
      "b@2.0.0": found("b", "2.0.0", "b2"),
    },
  });
  const tree = new NpmTree(graph);
  const a = tree.ownerOf(at("a/lib/deep/x.js"))!;
  assert.equal(a.id, "a@1.0.0");
  assert.equal(tree.ownerOf(at("ab/x.js")), undefined, "a prefix of the name is not the directory");
  assert.equal(tree.dependencyOf(a, "a"), a, "a package may import itself");
  assert.equal(tree.dependencyOf(a, "b")?.id, "b@2.0.0", "not the other version");
  assert.equal(tree.dependencyOf(a, "old")?.id, "b@2.0.0");
  assert.equal(tree.dependencyOf(a, "c"), undefined);
  assert.equal(tree.packageOf(at("a/esm/y.js"))?.label, "a@1.0.0", "a package.json without a name is no package");

  const reasons = ["a", "b1", "b2"].map((name) => tree.nativeReason(tree.packageOf(at(`${name}/package.json`))!));
  assert.deepEqual(reasons, [
    undefined,
    "it has the native module b_native",
    "it loads a native add-on with bindings",
  ]);

  const linked = [a, ...graph.packages, a].map((each) => join(tree.directoryFor(each), "node_modules", each.name));
  assert.deepEqual(linked.map((link) => Deno.realPathSync(link)), ["a", "a", "b1", "b2", "a"].map(at));
  tree.remove();
  assert.throws(() => Deno.lstatSync(linked[0]), Deno.errors.NotFound);
  tree.remove();
});
