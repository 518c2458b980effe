/** What the bundler is answered for each import, asked directly: no bundler runs. */

import assert from "node:assert/strict";
import type { OnLoadArgs, OnLoadResult, OnResolveArgs, OnResolveResult } from "esbuild";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { FlinkError } from "../../runtime/errors.ts";
import { HOST, JOB, jobPlugin, MODULE_MARK, type Refusal, urlOf } from "./bundle_plugin.ts";
import { ModuleGraph } from "./module_graph.ts";
import { NpmTree } from "./npm_tree.ts";
import { writeProject } from "./testdata/job_project.ts";

const HOST_ROOT = "file:///host/";
const directory = writeProject({
  "job.ts": `export const a = 1;\nif (import . meta . main) a;`,
  "lib/x.ts": "export {};\n",
  "view.tsx": "export const v = <b/>;",
  "data.json": `{"a":1}`,
  "notes.txt": "text",
  "old.cjs": "module.exports = 1;",
  "a.wasm": "\0asm",
  "cached": 'export const c = 1;\n// denoCacheMetadata={"headers":{}}\n',
  "plain/package.json": { name: "plain", version: "1.0.0", optionalDependencies: { extra: "1" } },
  "plain/index.js": "",
  "native/package.json": { name: "native", version: "2.0.0", gypfile: true },
  "native/index.js": "",
  "extra/package.json": { name: "extra", version: "3.0.0", napi: {} },
  "extra/index.js": "",
});
const at = (path: string) => join(directory, path);
const url = (path: string) => pathToFileURL(at(path)).href;
const ENTRY = url("job.ts");

const found = (name: string, version: string, dependencies: string[] = []) => ({
  name,
  version,
  dependencies,
  localPath: at(name),
});
const uses = (...pairs: [specifier: string, resolved: string][]) =>
  pairs.map(([specifier, resolved]) => ({ specifier, code: { specifier: resolved } }));
const local = (path: string, mediaType: string) => ({
  specifier: url(path),
  kind: "esm",
  local: at(path),
  mediaType,
});
const graph = new ModuleGraph({
  roots: [ENTRY],
  modules: [
    {
      ...local("job.ts", "TypeScript"),
      dependencies: [
        ...uses(
          ["./lib/x.ts", url("lib/x.ts")],
          ["https://host/c.ts", "https://host/c.ts"],
          ["plain", "npm:plain@1"],
          ["plain/sub", "npm:plain@1/sub"],
          ["native", "npm:native@2"],
          ["fs", "node:fs"],
          ["engine", `${HOST_ROOT}mod.ts`],
          ["kit", `${HOST_ROOT}runtime/testing/mod.ts`],
          ["inner", `${HOST_ROOT}runtime/api/environment.ts`],
          ["cli", `${HOST_ROOT}cli.ts`],
          ["testdata", `${HOST_ROOT}runtime/program/testdata/two_runs.ts`],
          ["example", `${HOST_ROOT}examples/wordcount.ts`],
          ["other", "https://jsr.io/@tsflink/tsflink/0.9.0/mod.ts"],
          ["other inner", "https://jsr.io/@tsflink/tsflink/0.9.0/runtime/state/x.ts"],
          ["./old.cjs", url("old.cjs")],
        ),
        { specifier: "gone", code: { error: "not a dependency" } },
      ],
    },
    local("lib/x.ts", "TypeScript"),
    local("view.tsx", "TSX"),
    local("data.json", "Json"),
    local("notes.txt", "Unknown"),
    local("a.wasm", "Wasm"),
    { specifier: "https://host/c.ts", kind: "esm", local: at("cached"), mediaType: "TypeScript" },
    ...["mod.ts", "runtime/api/host_binding.ts", "runtime/state/x.ts"].map((path) => ({
      specifier: `https://jsr.io/@tsflink/tsflink/0.9.0/${path}`,
      kind: "esm",
      local: at("cached"),
      mediaType: "TypeScript",
    })),
    { specifier: "npm:/plain@1.0.0", kind: "npm", npmPackage: "plain@1.0.0" },
    { specifier: "npm:/plain@1.0.0/sub", kind: "npm", npmPackage: "plain@1.0.0" },
    { specifier: "npm:/native@2.0.0", kind: "npm", npmPackage: "native@2.0.0" },
  ],
  redirects: {
    "npm:plain@1": "npm:/plain@1.0.0",
    "npm:plain@1/sub": "npm:/plain@1.0.0/sub",
    "npm:native@2": "npm:/native@2.0.0",
  },
  npmPackages: { "plain@1.0.0": found("plain", "1.0.0", ["native@2.0.0"]), "native@2.0.0": found("native", "2.0.0") },
});

/** The plugin with a bundler that resolves a package to its index.js, and writes down what it is asked. */
function plugin() {
  const npm = new NpmTree(graph);
  const asked: string[] = [];
  const read: string[] = [];
  const handlers: {
    resolve?: (args: OnResolveArgs) => Promise<OnResolveResult | undefined>;
    load: Map<string, (args: OnLoadArgs) => Promise<OnLoadResult>>;
  } = { load: new Map() };
  jobPlugin({
    graph,
    npm,
    hostRoot: HOST_ROOT,
    shim: (module) => `shim of ${module}`,
    compileEntry: (text, loader) => Promise.resolve(`compiled ${loader} ${text.length}`),
    read: (each) => void read.push(each),
  }).setup({
    onResolve: (_filter: unknown, handler: never) => void (handlers.resolve = handler),
    onLoad: ({ namespace }: { namespace: string }, handler: never) => void handlers.load.set(namespace, handler),
    resolve: (path: string, { resolveDir, pluginData }: Record<string, unknown>) => {
      asked.push(`${path} from ${resolveDir === undefined ? "" : "a directory"} ${typeof pluginData}`);
      if (path.startsWith("nothing")) return Promise.resolve({ errors: [{ text: "no" }] });
      return Promise.resolve({
        errors: [],
        path: at(`${path.split("/")[0]}/index.js`),
        namespace: "file",
        external: false,
      });
    },
  } as never);
  const resolve = (path: string, more: Partial<OnResolveArgs> = {}) =>
    handlers.resolve!({
      path,
      importer: ENTRY + MODULE_MARK,
      namespace: JOB,
      kind: "import-statement",
      resolveDir: directory,
      pluginData: undefined,
      with: {},
      ...more,
    });
  const load = (path: string, namespace = JOB, type?: string) =>
    handlers.load.get(namespace)!({ path, namespace, suffix: "", pluginData: undefined, with: type ? { type } : {} });
  return { resolve, load, asked, read, npm };
}
/** The error of a refusal, once the line is known. */
function refusal(result: OnResolveResult | OnLoadResult | undefined): FlinkError {
  const [error] = result?.errors ?? [];
  assert.ok(error !== undefined, "it is refused");
  const made = (error.detail as Refusal)("file:///job.ts:3:7");
  // Without a line it takes the one where it is made.
  const bare = (message: string | undefined) => message?.replace(/\n {2}at: .*/, "");
  assert.equal(bare((error.detail as Refusal)(undefined).message), bare(error.text));
  assert.equal(made.userLine, "file:///job.ts:3:7");
  return made;
}

Deno.test("every way to say tsflink leads to the host, other entry points are refused", async () => {
  const { resolve } = plugin();
  const table: [string, string | undefined][] = [
    ["tsflink", "tsflink"],
    ["tsflink/testing", "tsflink/testing"],
    ["jsr:@tsflink/tsflink", "tsflink"],
    ["jsr:@tsflink/tsflink@^0.1", "tsflink"],
    ["jsr:/@tsflink/tsflink@1.2.3/testing", "tsflink/testing"],
    ["npm:tsflink@2", "tsflink"],
    ["engine", "tsflink"],
    ["kit", "tsflink/testing"],
    ["tsflink/cli", undefined],
    ["jsr:@tsflink/tsflink@1/runtime", undefined],
  ];
  for (const [specifier, module] of table) {
    const result = await resolve(specifier);
    if (module !== undefined) assert.deepEqual(result, { path: module, namespace: HOST }, specifier);
    else assert.equal(refusal(result).code, "TSF-4016", specifier);
  }
  // In packages, too; names that only begin like it are other packages.
  assert.deepEqual(await resolve("tsflink", { namespace: "file", importer: at("plain/index.js") }), {
    path: "tsflink",
    namespace: HOST,
  });
  assert.notEqual(
    (await resolve("tsflink-extra", { namespace: "file", importer: at("plain/index.js") }))?.namespace,
    HOST,
  );
});

Deno.test("the user's modules are named by their URL; CommonJS keeps its ending", async () => {
  const { resolve } = plugin();
  const module = (path: string) => ({ path: path + MODULE_MARK, namespace: JOB });
  assert.deepEqual(await resolve(ENTRY, { kind: "entry-point", namespace: "" }), module(ENTRY));
  assert.deepEqual(await resolve("./lib/x.ts"), module(url("lib/x.ts")));
  assert.deepEqual(await resolve("https://host/c.ts"), module("https://host/c.ts"));
  assert.deepEqual(await resolve("./old.cjs"), { path: url("old.cjs"), namespace: JOB });
  assert.deepEqual(await resolve("fs"), { path: "node:fs", external: true });
  assert.deepEqual(await resolve("node:path"), { path: "node:path", external: true });
  assert.equal(await resolve("./unknown.ts"), undefined, "the bundler says so in its own way");
  assert.deepEqual([urlOf(ENTRY + MODULE_MARK), urlOf(ENTRY)], [ENTRY, ENTRY]);
});

Deno.test("the engine's inner files and other copies of it are refused; its tests and examples are not", async () => {
  const { resolve } = plugin();
  for (const specifier of ["inner", "cli"]) {
    const error = refusal(await resolve(specifier));
    assert.deepEqual([error.code, error.summary], ["TSF-4016", "The job imports an inner file of tsflink"]);
    assert.ok(error.found?.startsWith(HOST_ROOT));
  }
  for (const specifier of ["other", "other inner"]) {
    const error = refusal(await resolve(specifier));
    assert.equal(error.summary, "The job imports another copy of tsflink", specifier);
    assert.equal(error.found, "https://jsr.io/@tsflink/tsflink/0.9.0/mod.ts");
    assert.equal(error.expected, `the copy that runs it: ${HOST_ROOT}mod.ts`);
  }
  for (const specifier of ["testdata", "example"]) assert.equal((await resolve(specifier))?.namespace, JOB, specifier);
});

Deno.test("imports that lead nowhere: refused, but for those that may be caught", async () => {
  const { resolve } = plugin();
  const error = refusal(await resolve("gone"));
  assert.deepEqual([error.code, error.found, error.hint], [
    "TSF-4014",
    "not a dependency",
    "For an npm package: deno add npm:gone",
  ]);
  assert.equal(await resolve("gone", { kind: "dynamic-import" }), undefined);
});

Deno.test("packages are resolved from a directory that leads to them, by their own name", async () => {
  const { resolve, asked, npm } = plugin();
  try {
    assert.equal((await resolve("plain"))?.path, at("plain/index.js"));
    assert.equal((await resolve("plain/sub"))?.path, at("plain/index.js"));
    assert.deepEqual(asked, ["plain from a directory symbol", "plain/sub from a directory symbol"]);
    const inside = { namespace: "file", importer: at("plain/index.js") };
    assert.equal(await resolve("nothing", inside), undefined);
    assert.equal(await resolve("./own.js", inside), undefined);
    assert.equal(await resolve("#private", inside), undefined);
    assert.deepEqual(await resolve("path", inside), { path: "node:path", external: true });
    // The plugin's own question is the bundler's to answer.
    assert.equal(asked.length, 3);
  } finally {
    npm.remove();
  }
});

Deno.test("native add-ons: refused where they are needed, left out where they are optional", async () => {
  const { resolve, npm } = plugin();
  try {
    const direct = refusal(await resolve("native"));
    assert.deepEqual([direct.code, direct.found], ["TSF-4015", "it is built by node-gyp (binding.gyp)"]);
    assert.match(direct.summary, /native@2\.0\.0/);
    const inside = { namespace: "file", importer: at("plain/index.js") };
    assert.equal(refusal(await resolve("native", inside)).code, "TSF-4015");
    assert.deepEqual(await resolve("extra", inside), { path: "extra", external: true });
    const file = refusal(await resolve("./build/x.node", inside));
    assert.deepEqual([file.code, file.found], ["TSF-4015", "it loads ./build/x.node"]);
    assert.match(file.summary, /plain@1\.0\.0/);
  } finally {
    npm.remove();
  }
});

Deno.test("loading: by Deno's media type, else by the ending, or as the import wants it", async () => {
  const { load, read } = plugin();
  const table: [path: string, type: string | undefined, loader: string][] = [
    ["lib/x.ts", undefined, "ts"],
    ["view.tsx", undefined, "tsx"],
    ["data.json", undefined, "json"],
    ["data.json", "json", "json"],
    ["data.json", "text", "text"],
    ["notes.txt", "text", "text"],
    ["old.cjs", undefined, "js"],
  ];
  for (const [path, type, loader] of table) {
    const result = await load(url(path) + MODULE_MARK, JOB, type);
    assert.deepEqual([result.loader, result.resolveDir], [loader, join(at(path), "..")], path);
    assert.equal(result.contents, Deno.readTextFileSync(at(path)));
  }
  assert.deepEqual(read, table.map(([path]) => url(path)));
  const bytes = await load(url("notes.txt"), JOB, "bytes");
  assert.deepEqual([bytes.loader, bytes.contents], ["binary", new TextEncoder().encode("text")]);
});

Deno.test("loading: the entry is compiled, cached copies lose Deno's comment, the host is a shim", async () => {
  const { load } = plugin();
  const text = Deno.readTextFileSync(at("job.ts"));
  assert.deepEqual(await load(ENTRY + MODULE_MARK), {
    contents: `compiled ts ${text.length}`,
    loader: "js",
    resolveDir: directory,
  });
  assert.deepEqual(await load(`https://host/c.ts${MODULE_MARK}`), {
    contents: "export const c = 1;",
    loader: "ts",
    resolveDir: undefined,
  });
  assert.deepEqual(await load("tsflink/testing", HOST), { contents: "shim of tsflink/testing", loader: "js" });
});

Deno.test("loading: what is not there or is no program is refused", async () => {
  const { load } = plugin();
  const gone = refusal(await load(url("gone.ts")));
  assert.deepEqual([gone.code, gone.found], ["TSF-4014", "There is no such file."]);
  for (const [path, type, kind] of [["a.wasm", undefined, "Wasm"], ["notes.txt", "css", "Unknown"]] as const) {
    const error = refusal(await load(url(path), JOB, type));
    assert.deepEqual([error.code, error.found], ["TSF-4014", kind], path);
  }
});
