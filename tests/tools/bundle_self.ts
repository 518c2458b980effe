/**
 * `deno task bundle`: writes the whole of tsflink as one module, dist/tsflink.js, with its source map beside it. Packages
 * are inside; the bundler of jobs, which is a program, is not (see cluster/client/esbuild.ts). Stack traces name the
 * sources as `tsflink:///runtime/...`, which is how the engine tells its own frames from the user's.
 *
 * What is packed is split instead: tsflink.js and, beside it, parts that are read when they are needed. A process starts
 * in half the time.
 *
 * Usage: bundle_self.ts [--split] [--out DIR]
 *
 * @module
 */

import type { Metafile, OnResolveArgs, OnResolveResult, Plugin, PluginBuild } from "esbuild";
import { isBuiltin } from "node:module";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { bundleJob } from "../../cluster/client/bundle.ts";
import { loadModuleGraph, type ModuleGraph, type NpmPackage } from "../../cluster/client/module_graph.ts";
import { NpmTree, splitBare } from "../../cluster/client/npm_tree.ts";

const ROOT = new URL("../../", import.meta.url);
const ENTRY = new URL("cluster/entrypoint/single_file.ts", ROOT);
const DEMO_MODULE = fileURLToPath(new URL("cluster/entrypoint/demo_bundle.ts", ROOT));
const DEMO_DATA = "flights-20k.json";
/** Scheme of the sources in stack traces. */
const SOURCES = "tsflink:///";
/** Packages that are no part of tsflink as a program: the bundler of jobs comes beside, the others are for tests. */
const OUTSIDE = ["esbuild"];

/** What has been made. */
export interface SelfBundle {
  /** Text by name; tsflink.js is the one that is started. */
  readonly files: ReadonlyMap<string, string>;
  /** Paths of everything inside, from the root of the project. */
  readonly inputs: readonly string[];
  /** Name and version of the npm packages inside. */
  readonly packages: readonly string[];
}

/** Makes the bundle. @param isSplit Whether it may be several files. */
export async function bundleSelf(isSplit: boolean): Promise<SelfBundle> {
  const esbuild = await import("esbuild");
  const graph = await loadModuleGraph(ENTRY);
  const npm = new NpmTree(graph);
  try {
    const { metafile, outputFiles } = await esbuild.build({
      entryPoints: [{ in: fileURLToPath(ENTRY), out: "tsflink" }],
      absWorkingDir: fileURLToPath(ROOT),
      outdir: fileURLToPath(new URL("dist", ROOT)),
      splitting: isSplit,
      chunkNames: "part-[hash]",
      write: false,
      bundle: true,
      format: "esm",
      platform: "node",
      target: "esnext",
      conditions: ["deno"],
      charset: "utf8",
      legalComments: "none",
      // Names of functions and classes are seen by users, and are part of the fingerprint of plans.
      minifyWhitespace: true,
      sourcemap: "linked",
      sourcesContent: false,
      metafile: true,
      logLevel: "warning",
      // CommonJS packages ask for built-in modules when they are evaluated.
      banner: {
        js:
          'import{createRequire as __tsflinkRequire}from"node:module";const require=__tsflinkRequire(import.meta.url);',
      },
      plugins: [selfPlugin(graph, npm, gzipSync(await demoBundle(), { level: 9 }).toString("base64"))],
    });
    const inputs = Object.keys(metafile.inputs);
    const rename = classNames(inputs);
    const files = outputFiles.map(({ path, text }) =>
      [basename(path), path.endsWith(".map") ? withOwnSources(text) : rename(text)] as const
    );
    return {
      files: new Map(files),
      inputs: inputs.filter((path) => !path.startsWith("..")).sort(),
      packages: packagesOf(metafile, npm),
    };
  } finally {
    npm.remove();
    await esbuild.stop();
  }
}

function packagesOf({ inputs }: Metafile, npm: NpmTree): string[] {
  const paths = Object.keys(inputs).filter((path) => path.startsWith(".."));
  const labels = paths.map((path) => npm.packageOf(fileURLToPath(new URL(path, ROOT)))?.label);
  return [...new Set(labels.filter((label) => label !== undefined))].sort();
}

/** The job of `tsflink demo` with its data in it. */
export async function demoBundle(): Promise<Uint8Array<ArrayBuffer>> {
  const directory = await Deno.makeTempDir({ prefix: "tsflink-demo-" });
  try {
    const job = await Deno.readTextFile(new URL("examples/airline_delays.ts", ROOT));
    const { readDataset } = await import("../../examples/real_data.ts");
    const data = JSON.stringify(await readDataset(DEMO_DATA));
    await Deno.writeTextFile(`${directory}/airline_delays.ts`, job);
    await Deno.writeTextFile(
      `${directory}/real_data.ts`,
      `const data = ${data};\nexport const readDataset = (_file: string): Promise<string> => Promise.resolve(data);\n`,
    );
    const { code } = await bundleJob({ entry: new URL(`file://${directory}/airline_delays.ts`), name: "demo" });
    return withoutSources(code);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

/** A bundled job whose source map only names lines: the texts would be the data once more. */
function withoutSources(code: Uint8Array): Uint8Array<ArrayBuffer> {
  const text = new TextDecoder().decode(code);
  const [before, map] = text.split("//# sourceMappingURL=data:application/json;base64,");
  const { sourcesContent: _, ...rest } = JSON.parse(new TextDecoder().decode(Uint8Array.fromBase64(map.trim())));
  const encoded = new TextEncoder().encode(JSON.stringify(rest)).toBase64();
  return new TextEncoder().encode(`${before}//# sourceMappingURL=data:application/json;base64,${encoded}\n`);
}

/** Marks resolutions of the plugin's own. */
const INNER = Symbol("inner");

function selfPlugin(graph: ModuleGraph, npm: NpmTree, demo: string): Plugin {
  return {
    name: "tsflink-self",
    setup(build) {
      build.onResolve({ filter: /.*/ }, (args) => resolve(graph, npm, build, args));
      build.onLoad(
        { filter: /demo_bundle\.ts$/ },
        ({ path }) =>
          path === DEMO_MODULE
            ? { contents: `export const DEMO_BUNDLE = ${JSON.stringify(demo)};`, loader: "js" }
            : null,
      );
      // Of the configuration only the version is a part of the program.
      build.onLoad({ filter: /\/deno\.json$/ }, async ({ path }) => {
        const { version } = JSON.parse(await Deno.readTextFile(path));
        return { contents: JSON.stringify({ version }), loader: "json" };
      });
    },
  };
}

/** Modules as Deno finds them, packages in Deno's cache. */
async function resolve(
  graph: ModuleGraph,
  npm: NpmTree,
  build: PluginBuild,
  args: OnResolveArgs,
): Promise<OnResolveResult | undefined> {
  if (args.pluginData === INNER || args.kind === "entry-point") return undefined;
  if (isBuiltin(args.path)) return { path: `node:${args.path.replace(/^node:/, "")}`, external: true };
  const bare = splitBare(args.path);
  if (bare === undefined) return undefined;
  if (OUTSIDE.includes(bare.name)) return { path: args.path, external: true };
  const owner = npm.ownerOf(args.importer);
  let found: NpmPackage | undefined;
  let subpath = bare.subpath;
  if (owner === undefined) {
    const resolution = graph.resolve(new URL(`file://${args.importer}`).href, args.path);
    if (resolution?.kind === "module") return { path: fileURLToPath(resolution.url) };
    if (resolution?.kind !== "npm") return undefined;
    found = resolution.package;
    subpath = resolution.subpath;
  } else {
    found = npm.dependencyOf(owner, bare.name);
    if (found === undefined) return undefined;
  }
  const inner = { kind: args.kind, resolveDir: npm.directoryFor(found), pluginData: INNER };
  const { path, namespace, sideEffects } = await build.resolve(found.name + subpath, inner);
  return { path, namespace, sideEffects };
}

/**
 * The bundler gives some classes another name: one that refers to itself has an underscore before it, one whose name
 * another module has, too, a number behind it. They get their own back, for it stands in errors, plans and states.
 */
function classNames(inputs: readonly string[]): (code: string) => string {
  const declared = new Set<string>();
  for (const path of inputs.filter((path) => /\.ts$/.test(path) && !path.startsWith(".."))) {
    const source = Deno.readTextFileSync(new URL(path, ROOT));
    for (const [, name] of source.matchAll(/\bclass\s+([\w$]+)/g)) declared.add(name);
  }
  const ownName = (name: string) =>
    [name, name.replace(/^_/, ""), name.replace(/\d+$/, ""), name.replace(/^_|\d+$/g, "")]
      .find((each) => declared.has(each));
  return (code) =>
    code.replaceAll(
      /\b([\w$]+)=class( [\w$]+)?( extends [\w$.]+(?:\([^(){}]*\))?)?\{/g,
      (text, outer: string, inner: string | undefined) => {
        const name = inner?.trim() ?? outer;
        const own = ownName(name);
        if (own === undefined || own === name) return text;
        return `${text}static{Object.defineProperty(this,"name",{value:"${own}",configurable:true})}`;
      },
    );
}

/** Sources are named by where they lie in the project, or in which package. */
function withOwnSources(text: string): string {
  const map = JSON.parse(text) as { sources: string[]; sourceRoot?: string };
  map.sources = map.sources.map((source) => {
    const path = new URL(source, new URL("dist/", ROOT)).pathname;
    const inPackage = /\/npm\/[^/]+\/((?:@[^/]+\/)?[^/]+\/\d[^/]*\/.*)$/.exec(path)?.[1];
    return SOURCES + (inPackage === undefined ? path.slice(ROOT.pathname.length) : `npm/${inPackage}`);
  });
  return JSON.stringify(map);
}

/** Makes the bundle and writes it. @param isSplit Whether it may be several files. */
export async function writeBundle(directory: string, isSplit: boolean): Promise<SelfBundle> {
  const bundle = await bundleSelf(isSplit);
  await Deno.mkdir(directory, { recursive: true });
  for (const [name, text] of bundle.files) await Deno.writeTextFile(join(directory, name), text);
  return bundle;
}

/** Where the files go, from the command line. */
export function outDirectory(args: readonly string[]): string {
  const at = args.indexOf("--out");
  return at < 0 ? fileURLToPath(new URL("dist", ROOT)) : args[at + 1];
}

if (import.meta.main) {
  const directory = outDirectory(Deno.args);
  const { files, inputs, packages } = await writeBundle(directory, Deno.args.includes("--split"));
  for (const [name, text] of files) {
    if (!name.endsWith(".map")) console.log(`${join(directory, name)}  ${(text.length / 1000).toFixed(0)} kB`);
  }
  console.log(`${inputs.length} modules and ${packages.join(", ")}`);
}
