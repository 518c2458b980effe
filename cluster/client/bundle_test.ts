import assert from "node:assert/strict";
import { Worker as NodeWorker } from "node:worker_threads";
import { StreamExecutionEnvironment } from "tsflink";
import * as api from "../../mod.ts";
import * as testing from "../../runtime/testing/mod.ts";
import {
  bundleOf,
  importBundle,
  type ProjectFiles,
  stopBundler,
  writeBundle,
  writeProject,
} from "./testdata/job_project.ts";

const MOD = new URL("../../mod.ts", import.meta.url).href;
const CACHED = { imports: { yaml: "npm:yaml@2.9.1", "d/": "./deep/", csv: "npm:udsv@0.7.3" } };

/** CommonJS that says it was a module once: Node and Deno give all of it as the default import. */
const TRANSPILED = `exports.__esModule = true; exports.default = "inner"; exports.named = "n";`;

interface RunningJob {
  readonly files: ProjectFiles;
  readonly entry?: string;
  /** What the job exports as `result`. */
  readonly result: unknown;
  readonly packages?: readonly string[];
}

const RUNNING: Readonly<Record<string, RunningJob>> = {
  "files of every kind": {
    files: {
      "job.ts": `
        import { a } from "./lib/a.ts";
        import b from "./b.js";
        import { c } from "./c.mjs";
        import data from "./data.json" with { type: "json" };
        import { type T, U } from "./types.ts";
        enum E { X = 7 }
        const t: T & U = 1;
        export const result = [a, b, c, data.n, (await import("./lib/late.ts")).default, E.X, t];`,
      "lib/a.ts": `export { a } from "../a/inner.ts";`,
      "a/inner.ts": `export const a: string = "a";`,
      "b.js": `export default "b";`,
      "c.mjs": `export const c = "c";`,
      "data.json": { n: 5 },
      "types.ts": `throw new Error("types are not run"); export type T = number; export interface U extends Number {}`,
      "lib/late.ts": `export default "late" as const;`,
    },
    result: ["a", "b", "c", 5, "late", 7, 1],
  },
  "text and bytes": {
    files: {
      "job.ts": `
        import text from "./a.txt" with { type: "text" };
        import bytes from "./a.txt" with { type: "bytes" };
        export const result = [text, [...bytes]];`,
      "a.txt": "hé",
    },
    result: ["hé", [104, 195, 169]],
  },
  "jsx": {
    files: {
      "deno.jsonc": `{ // options
        "compilerOptions": { "jsx": "react", "jsxFactory": "h", }, }`,
      "job.tsx": `const h = (tag: string, attributes: object) => [tag, attributes]; export const result = <a b="c" />;`,
    },
    entry: "job.tsx",
    result: ["a", { b: "c" }],
  },
  "decorators and using": {
    files: {
      "job.ts": `
        const seen: string[] = [];
        const log = (_: unknown, context: ClassDecoratorContext) => void seen.push(String(context.name));
        @log class A {}
        { using x = { [Symbol.dispose]: () => void seen.push("disposed") }; void x; }
        export const result = seen;`,
    },
    result: ["A", "disposed"],
  },
  "packages of Deno's cache": {
    files: {
      "deno.json": CACHED,
      "deep/x.ts": `export const x = "x";`,
      "job.ts": `
        import YAML, { parse } from "yaml";
        import { inferSchema, initParser } from "csv";
        import { Command } from "npm:commander@15.1.0";
        import { csvParse } from "npm:d3-dsv@3.0.2";
        import * as fc from "npm:fast-check@4.10.2";
        import { x } from "d/x.ts";
        const text = "a,b\\n1,2\\n";
        export const result = [
          YAML.parse("k: 1"), parse("[1]"), initParser(inferSchema(text)).typedObjs(text),
          new Command("c").name(), csvParse("n\\n3")[0].n, typeof fc.assert, x,
        ];`,
    },
    result: [{ k: 1 }, [1], [{ a: 1, b: 2 }], "c", "3", "function", "x"],
    packages: ["commander@15.1.0", "d3-dsv@3.0.2", "fast-check@4.10.2", "pure-rand@8.4.2", "udsv@0.7.3", "yaml@2.9.1"],
  },
  "packages of node_modules": {
    files: {
      "package.json": { dependencies: { foo: "1.0.0", bar: "1.2.0", "@s/t": "1.0.0" } },
      "node_modules/foo/package.json": { name: "foo", version: "1.0.0", main: "index.js" },
      "node_modules/foo/index.js": `
        const path = require("path");
        module.exports = [require("bar"), path.basename("/a/b"), require("node:os").EOL, require("./more")];`,
      "node_modules/foo/more.js": `exports.x = 1; try { require("not-there"); } catch { exports.missing = true; }`,
      "node_modules/bar/package.json": {
        name: "bar",
        version: "1.2.0",
        type: "module",
        imports: { "#inner": "./inner.js" },
        exports: { ".": { require: "./c.cjs", import: "./m.js" }, "./self": "./self.js" },
      },
      "node_modules/bar/c.cjs": `module.exports = "bar for require"`,
      "node_modules/bar/m.js": `export { inner as default } from "#inner"; import "fs";`,
      "node_modules/bar/inner.js": `export const inner = "bar for import";`,
      "node_modules/bar/self.js": `export { default as self } from "bar";`,
      "node_modules/@s/t/package.json": { name: "@s/t", version: "1.0.0", main: "t.js" },
      "node_modules/@s/t/t.js": TRANSPILED,
      "job.ts": `
        import foo from "foo";
        import bar from "bar";
        import { self } from "bar/self";
        import t, { named } from "@s/t";
        export const result = [foo, bar, self, t.default, named];`,
    },
    result: [
      ["bar for require", "b", "\n", { x: 1, missing: true }],
      "bar for import",
      "bar for import",
      "inner",
      "n",
    ],
    packages: ["@s/t@1.0.0", "bar@1.2.0", "foo@1.0.0"],
  },
  "main only in the entry": {
    files: {
      "job.ts": `
        import { other } from "./other.ts";
        const text = "import.meta.main";
        export const result = [other, import.meta.main, text];
        if (import.meta.main) result.push("ran");`,
      "other.ts": `export const other = import.meta.main;`,
    },
    result: [false, true, "import.meta.main", "ran"],
  },
  "a job of plain JavaScript that another bundler made": {
    files: {
      "job.mjs": `import{IntCounter as a}from"tsflink";const b=new a;b.add(2);export const result=b.getLocalValue();`,
    },
    entry: "job.mjs",
    result: 2,
  },
};

for (const [what, { files, entry, result, packages = [] }] of Object.entries(RUNNING)) {
  Deno.test(`bundles: ${what}`, async () => {
    const { exports, bundle } = await importBundle(files, entry);
    assert.deepEqual(exports.result, result);
    assert.deepEqual(bundle.packages, packages);
    assert.deepEqual(bundle.warnings, []);
    await stopBundler();
  });
}

Deno.test("every way to name tsflink gives the host's own copy", async () => {
  const ways: [string, object?][] = [
    ["tsflink"],
    ["tsflink", { imports: { tsflink: MOD } }],
    ["flink", { imports: { flink: MOD } }],
    [MOD],
    ["flink", { imports: { flink: "npm:@tsflink/tsflink@^0.1" } }],
    ["jsr:@tsflink/tsflink@^0.1.0"],
  ];
  for (const [specifier, config = {}] of ways) {
    const { exports, bundle } = await importBundle({
      "deno.json": config,
      "job.ts": `
        import { StreamExecutionEnvironment, type DataStream, KeyedStream } from "${specifier}";
        const none: DataStream<KeyedStream<1, 1>> | undefined = undefined;
        export const result = [StreamExecutionEnvironment, none];`,
    });
    assert.equal((exports.result as unknown[])[0], StreamExecutionEnvironment, specifier);
    assert.ok(bundle.code.length < 5_000, "nothing of the engine is in it");
  }
  await stopBundler();
});

Deno.test("a bundle finds all names of the API and of the test kit", async () => {
  const { exports } = await importBundle({
    "job.ts": `
      import * as api from "tsflink";
      import * as testing from "tsflink/testing";
      export { api, testing };`,
  });
  assert.deepEqual({ ...exports.api as object }, { ...api });
  assert.deepEqual({ ...exports.testing as object }, { ...testing });
  await stopBundler();
});

const THROWING = `import { StreamExecutionEnvironment } from "tsflink";
import { check } from "./lib/check.ts";
export const env = StreamExecutionEnvironment.createLocalEnvironment(1);
export const found = env.fromData(1, 2).map((n) => check(n)).uid("checks").executeAndCollect();
`;
const CHECK = `// Types are erased, so lines move.
interface Never { readonly of: string }

export function check(n: number): number {
  if (n === 2) throw new RangeError("two");
  return n;
}
`;

Deno.test("a failing function is named by the user's own line, from a file and from a data: URL", async () => {
  const files = { "src/job.ts": THROWING, "src/lib/check.ts": CHECK };
  const { exports, bundle } = await importBundle(files, "src/job.ts");
  const data = `data:text/javascript;base64,${bundle.code.toBase64()}`;
  for (const { found } of [exports, await import(data)] as { found: Promise<unknown> }[]) {
    const error = await found.then(() => assert.fail(), (thrown) => thrown);
    assert.equal(error.code, "TSF-2001");
    assert.equal(error.userLine, "job://a-job/lib/check.ts:5:22");
    assert.match(error.cause.stack, /at check \(job:\/\/a-job\/lib\/check\.ts:5:22\)\n.*job:\/\/a-job\/job\.ts:4:52/);
    assert.match(error.operator.userLine, /^job:\/\/a-job\/job\.ts:4:\d+$/);
  }
  await stopBundler();
});

/** Publishes the API, imports a bundle, and tells how its job failed. */
const IN_WORKER = `
  import { publishHostApi } from ${JSON.stringify(new URL("../../runtime/program/host_shim.ts", import.meta.url).href)};
  export async function run(url) {
    publishHostApi();
    const { found } = await import(url);
    return await found.then(() => "finished", (error) => error.code + " " + error.userLine);
  }`;

Deno.test("in workers of both kinds, too", async () => {
  const bundle = await bundleOf(writeProject({ "job.ts": THROWING, "lib/check.ts": CHECK }));
  const url = JSON.stringify(writeBundle(bundle));
  const directory = writeProject({
    "run.mjs": IN_WORKER,
    "node.mjs": `import { parentPort } from "node:worker_threads"; import { run } from "./run.mjs";
      parentPort.postMessage(await run(${url}));`,
    "web.mjs": `import { run } from "./run.mjs"; self.postMessage(await run(${url}));`,
  });
  const expected = "TSF-2001 job://a-job/lib/check.ts:5:22";

  const node = new NodeWorker(`${directory}/node.mjs`);
  assert.equal(await new Promise((resolve, reject) => node.on("message", resolve).on("error", reject)), expected);
  await node.terminate();

  const web = new Worker(new URL(`file://${directory}/web.mjs`), { type: "module" });
  const told = await new Promise((resolve, reject) => {
    web.onmessage = ({ data }) => resolve(data);
    web.onerror = (event) => reject(event.error);
  });
  assert.equal(told, expected);
  web.terminate();
  await stopBundler();
});

Deno.test("the same sources give the same bundle anywhere, and nothing beside them changes", async () => {
  const { npm: { "yaml@2.9.1": yaml } } = JSON.parse(
    Deno.readTextFileSync(new URL("../../deno.lock", import.meta.url)),
  );
  const files = {
    "deno.json": CACHED,
    "deno.lock": { version: "5", specifiers: { "npm:yaml@2.9.1": "2.9.1" }, npm: { "yaml@2.9.1": yaml } },
    "job.ts": `import { parse } from "yaml"; import "./lib/x.ts"; export const result = parse("1");`,
    "lib/x.ts": "console.assert(true);",
  };
  const [one, two] = [writeProject(files), writeProject(files)];
  const bundles = [await bundleOf(one), await bundleOf(two), await bundleOf(one, "job.ts", "other")];
  assert.equal(bundles[0].sha256, bundles[1].sha256);
  assert.notEqual(bundles[0].sha256, bundles[2].sha256);
  assert.deepEqual(bundles[0].modules, ["job://a-job/job.ts", "job://a-job/lib/x.ts"]);

  const text = new TextDecoder().decode(bundles[0].code);
  const map = JSON.parse(atob(text.slice(text.lastIndexOf("base64,") + 7)));
  for (const where of [one, Deno.env.get("HOME")!, "/.cache/"]) {
    assert.ok(!text.includes(where) && !JSON.stringify(map).includes(where), where);
  }
  assert.equal(map.sources.length, map.sourcesContent.length);
  assert.deepEqual(
    map.sources.filter((source: string) => !/^job:\/\/a-job\/(npm:yaml@2\.9\.1\/)?[\w./-]+$/.test(source)),
    [],
  );

  assert.deepEqual([...Deno.readDirSync(one)].map(({ name }) => name).sort(), [
    "deno.json",
    "deno.lock",
    "job.ts",
    "lib",
  ]);
  assert.equal(Deno.readTextFileSync(`${one}/deno.lock`), JSON.stringify(files["deno.lock"]));
  await stopBundler();
});

Deno.test("a bundle is bundled already", async () => {
  const bundle = await bundleOf(writeProject({ "job.ts": `import "tsflink"; export const result = 1;` }));
  const { exports, bundle: again } = await importBundle({ "x.mjs": new TextDecoder().decode(bundle.code) }, "x.mjs");
  assert.equal(exports.result, 1);
  assert.equal(again.sha256, bundle.sha256);
  await stopBundler();
});

Deno.test("warnings: what does not travel, and a main() that nobody waits for", async () => {
  const job = [
    `// import.meta.url in a comment is nothing`,
    `export async function main() {}`,
    `export const where = new URL("./data.csv", import.meta.url);`,
    `if (import.meta.main) main();`,
  ];
  const { warnings } = await bundleOf(writeProject({ "job.ts": job.join("\n") }));
  assert.deepEqual(warnings.map((warning) => /job\.ts:(\d+): (\S+)/.exec(warning)?.slice(1)), [
    ["3", "import.meta.url"],
    ["4", "main()"],
  ]);
  const awaited = `export async function main() {}\nif (import.meta.main) {\n  await main();\n}`;
  assert.deepEqual((await bundleOf(writeProject({ "job.ts": awaited }))).warnings, []);
  await stopBundler();
});
