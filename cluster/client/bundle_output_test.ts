/** Names in a bundle, its finished text and its warnings: the same on every machine, wherever the files lie. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { BUNDLE_MARK, finishBundle, isBundle, metaWarnings, SourceNames, workingDirectoryOf } from "./bundle_output.ts";
import { HOST, JOB, MODULE_MARK } from "./bundle_plugin.ts";
import { ModuleGraph } from "./module_graph.ts";
import { NpmTree } from "./npm_tree.ts";
import { writeProject } from "./testdata/job_project.ts";

const NO_PACKAGES = new NpmTree(new ModuleGraph({ roots: ["file:///job.ts"], modules: [] }));
const input = (path: string) => `${JOB}:${pathToFileURL(path).href}${MODULE_MARK}`;

Deno.test("files are named below the directory that holds them all, wherever that is", () => {
  const segment = fc.stringMatching(/^[a-z][a-z0-9_-]{0,5}$/);
  fc.assert(
    fc.property(
      fc.array(segment, { minLength: 1, maxLength: 3 }),
      fc.array(segment, { minLength: 1, maxLength: 3 }),
      fc.array(fc.array(segment, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 5 }),
      (here, there, files) => {
        const named = (top: readonly string[]) => {
          const root = `/${top.join("/")}`;
          const paths = files.map((parts) => `${root}/${parts.join("/")}.ts`);
          const names = new SourceNames("j", NO_PACKAGES, root, paths.map((path) => pathToFileURL(path).href));
          return paths.map((path) => names.of(input(path)));
        };
        assert.deepEqual(named(here), named(there), "whatever lies above");
        // An oracle of its own: cut what all directories have in common.
        const directories = files.map((parts) => parts.slice(0, -1));
        let common = 0;
        while (directories.every((each) => each.length > common && each[common] === directories[0][common])) common++;
        const expected = files.map((parts) => `job://j/${parts.slice(common).join("/")}.ts`);
        assert.deepEqual(named(here), expected);
      },
    ),
    { numRuns: 150 },
  );
});

Deno.test("a directory whose name only begins like another one is not below it", () => {
  const table: [string[], string[]][] = [
    [["/r/ab/x.ts", "/r/abc/y.ts"], ["ab/x.ts", "abc/y.ts"]],
    [["/r/abc/y.ts", "/r/ab/x.ts"], ["abc/y.ts", "ab/x.ts"]],
    [["/r/a/job.ts", "/r/a.ts"], ["a/job.ts", "a.ts"]],
    [["/x.ts", "/r/y.ts"], ["x.ts", "r/y.ts"]],
    [["/r/x.ts"], ["x.ts"]],
  ];
  for (const [paths, expected] of table) {
    const names = new SourceNames("j", NO_PACKAGES, "/r", paths.map((path) => pathToFileURL(path).href));
    assert.deepEqual(paths.map((path) => names.of(input(path))), expected.map((name) => `job://j/${name}`));
  }
  assert.equal(new SourceNames("j", NO_PACKAGES, "/r", []).of(input("/r/x.ts")), "job://j/r/x.ts");
});

Deno.test("names: of jobs, odd files, other hosts, packages, the host", () => {
  const directory = writeProject({
    "job.ts": "",
    "node_modules/@s/p/package.json": { name: "@s/p", version: "1.2.3" },
    "node_modules/@s/p/lib/x.js": "",
    "node_modules/q/package.json": { name: "q" },
    "node_modules/q/index.js": "",
  });
  const at = (path: string) => join(directory, path);
  const names = new SourceNames("my job/№1", NO_PACKAGES, directory, [pathToFileURL(at("job.ts")).href]);
  const table: [string, string, string | undefined][] = [
    [input(at("job.ts")), "job://my-job-1/job.ts", undefined],
    [input(at("a b/ü?.ts")), "job://my-job-1/a%20b/%C3%BC%3F.ts", undefined],
    ["lib/rel.js", "job://my-job-1/lib/rel.js", undefined],
    ["../up.js", "job://my-job-1/../up.js", undefined],
    ["https://host/x.ts", "https://host/x.ts", undefined],
    [`${JOB}:https://host/x.ts${MODULE_MARK}`, "https://host/x.ts", undefined],
    [`${HOST}:tsflink/testing`, "job://my-job-1/tsflink/testing", undefined],
    ["node_modules/@s/p/lib/x.js", "job://my-job-1/npm:@s/p@1.2.3/lib/x.js", "@s/p@1.2.3"],
    [input(at("node_modules/q/index.js")), "job://my-job-1/npm:q/index.js", "q"],
  ];
  for (const [name, expected, owner] of table) {
    assert.equal(names.of(name), expected, name);
    assert.equal(names.packageOf(name), owner, name);
  }
});

/** The bundler's output for some modules, as far as it matters here. */
function output(inputs: readonly string[], body: (input: string) => string) {
  const code = `//\n${inputs.map((name) => `// ${name}\n${body(name)}\n`).join("")}`;
  const map = JSON.stringify({
    version: 3,
    mappings: ";AAAA",
    sources: inputs,
    sourcesContent: inputs.map((name) => `text of ${name}`),
    names: [],
  });
  return { code, map, inputs };
}
function mapOf(text: string): { sources: string[]; sourcesContent: (string | null)[]; mappings: string } {
  const encoded = /\/\/# sourceMappingURL=data:application\/json;base64,([\w+/=]+)\n$/.exec(text)![1];
  return JSON.parse(new TextDecoder().decode(Uint8Array.fromBase64(encoded)));
}

Deno.test("finished: one line for the mark, names in comments, keys and the map, nothing of the machine", () => {
  const paths = ["/home/me/j/job.ts", "/home/me/j/$& $1.ts", "/home/me/j/lib/ü.cjs"];
  const inputs = [...paths.map(input), `${HOST}:tsflink`];
  const names = new SourceNames("j", NO_PACKAGES, "/home/me/j", paths.map((path) => pathToFileURL(path).href));
  const given = output(inputs, (name) => `var x = __commonJS({\n  ${JSON.stringify(name)}(exports) {}\n});`);
  const text = finishBundle(given, names, "j");
  const [first, ...rest] = text.split("\n");
  assert.equal(first, `${BUNDLE_MARK}; j */`);
  assert.equal(rest.length, given.code.split("\n").length, "no line more: the mappings hold");
  for (const name of inputs) {
    assert.ok(rest.includes(`// ${names.of(name)}`), name);
    assert.ok(rest.includes(`  ${JSON.stringify(names.of(name))}(exports) {}`), name);
  }
  assert.ok(!text.includes("/home/me"));
  const map = mapOf(text);
  assert.deepEqual(map.sources, inputs.map((name) => names.of(name)));
  assert.equal(map.mappings, ";AAAA");
  assert.deepEqual(map.sourcesContent.map((content) => content === null), [false, false, false, true], "not the shim");
});

Deno.test("finished: text that only looks like a name stays; a name cannot end the mark; require is made when asked for", () => {
  const path = "/d/job.ts";
  const names = new SourceNames("j", NO_PACKAGES, "/d", [pathToFileURL(path).href]);
  const name = input(path);
  const inside = finishBundle(output([name], () => `const s = "// ${name} inside";`), names, "j");
  assert.ok(inside.includes(`const s = "// ${name} inside";`));
  const evil = finishBundle(output([name], () => ""), names, "x */ throw 1; /*");
  assert.equal(evil.split("\n")[0], `${BUNDLE_MARK}; x  throw 1; /* */`);
  assert.ok(isBundle(evil) && isBundle(inside) && !isBundle(` ${evil}`) && !isBundle(""));
  const requiring = finishBundle(output([name], () => `__require("fs");`), names, "j");
  assert.match(requiring.split("\n")[0], /\*\/ import \{ createRequire as __createRequire \} from "node:module";/);
  assert.ok(!inside.includes("createRequire"));
});

Deno.test("finished: require works from a file and from a data: URL", async () => {
  const names = new SourceNames("j", NO_PACKAGES, "/d", ["file:///d/job.ts"]);
  const given = output(["/d/job.ts"], () => `const __require = require; export const s = __require("node:path").sep;`);
  const text = finishBundle(given, names, "j");
  const directory = writeProject({ "bundle.mjs": text });
  for (const url of [`file://${directory}/bundle.mjs`, `data:text/javascript,${encodeURIComponent(text)}`]) {
    assert.equal((await import(url)).s, "/");
  }
});

Deno.test("import.meta: each use is told with its line, comments are not", () => {
  const lines: [string, string | undefined][] = [
    ["const a = import.meta.url;", "url"],
    ["  read(import.meta.dirname + '/x')", "dirname"],
    ["x(import.meta.filename)", "filename"],
    ["import.meta.resolve('x');", "resolve"],
    ["// import.meta.url", undefined],
    [" * import.meta.url", undefined],
    ["/* import.meta.url */", undefined],
    ["if (import.meta.main) main();", undefined],
    ["const b = import.meta.urls;", undefined],
    ["ximport.meta.url", undefined],
    ["", undefined],
  ];
  const text = lines.map(([line]) => line).join("\n");
  assert.deepEqual(
    metaWarnings("file:///j.ts", text),
    lines.flatMap(([, what], at) =>
      what === undefined ? [] : [
        `file:///j.ts:${at + 1}: import.meta.${what} is that of the bundle; files beside the job do not travel with it`,
      ]
    ),
  );
});

Deno.test("the bundler works in the job's directory, or here for a job from elsewhere", () => {
  const directoryOf = (root: string) => workingDirectoryOf(new ModuleGraph({ roots: [root], modules: [] }));
  assert.equal(directoryOf("file:///a%20b/job.ts"), "/a b");
  assert.equal(directoryOf("https://host/job.ts"), Deno.cwd());
});
