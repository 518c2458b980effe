/**
 * Makes one self-contained ES module of a job, with everything it imports but tsflink, which is bound to the host's copy
 * (see runtime/program/host_shim.ts). Both forms of a job stay what they are: `import.meta.main` is true in the entry.
 *
 * @module
 */

import type { BuildFailure, BuildOptions, Loader, Message, PartialMessage, TransformOptions } from "esbuild";
import { createHash } from "node:crypto";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import config from "../../deno.json" with { type: "json" };
import { FlinkError } from "../../runtime/errors.ts";
import { hostNames, shimSource } from "../../runtime/program/host_shim.ts";
import { launch } from "../../runtime/seams/system/launch.ts";
import { loadEsbuild } from "./esbuild.ts";
import { finishBundle, isBundle, metaWarnings, SourceNames, workingDirectoryOf } from "./bundle_output.ts";
import { JOB, jobPlugin, type Refusal, urlOf } from "./bundle_plugin.ts";
import { loadModuleGraph, type ModuleGraph, nearestConfig } from "./module_graph.ts";
import { NpmTree } from "./npm_tree.ts";
import { cannotBundle, doesNotCompile, unresolvedImport } from "./refusals.ts";

/** What to bundle. */
export interface BundleOptions {
  /** The job's module. */
  readonly entry: URL;
  /** Stands in stack traces: `job://<name>/job.ts:3:9`. */
  readonly name: string;
}

/** A job as one module. */
export interface Bundle {
  /** Text of the module, as UTF-8; the source map is in it. */
  readonly code: Uint8Array<ArrayBuffer>;
  /** Hex digest of `code`. The same sources give the same one on any machine. */
  readonly sha256: string;
  readonly warnings: readonly string[];
  /** The user's modules, as stack traces name them. */
  readonly modules: readonly string[];
  /** Name and version of every npm package that went in. */
  readonly packages: readonly string[];
}

/** Root of this copy of tsflink. */
const HOST_ROOT = launch().root.href;

/** Decorators are in no engine yet. */
const LANGUAGE = { target: "esnext", supported: { decorators: false } } satisfies TransformOptions;

/** One module, resolved as Deno does, with a map; the first line is left to the mark of bundles. */
const OUTPUT = {
  ...LANGUAGE,
  outfile: "job.mjs",
  write: false,
  bundle: true,
  format: "esm",
  platform: "node",
  conditions: ["deno"],
  charset: "utf8",
  legalComments: "none",
  sourcemap: "external",
  metafile: true,
  logLevel: "silent",
  banner: { js: "//" },
  // In all modules but the entry, which is compiled on its own.
  define: { "import.meta.main": "false" },
} satisfies BuildOptions;

/**
 * Bundles a job.
 *
 * @throws InvalidProgramError TSF-4013 when it does not compile, TSF-4014 for an import that leads nowhere, TSF-4015 for a
 * package with a native add-on, TSF-4016 for another copy of tsflink, TSF-4017 and TSF-4018 when Deno or the bundler
 * cannot do their part.
 */
export async function bundleJob(options: BundleOptions): Promise<Bundle> {
  const finished = await finishedBundle(options.entry);
  if (finished !== undefined) return finished;
  let npm: NpmTree | undefined;
  try {
    const graph = await loadModuleGraph(options.entry);
    npm = new NpmTree(graph);
    return await build(options.name, graph, npm);
  } catch (error) {
    throw error instanceof FlinkError ? error : cannotBundle(error);
  } finally {
    npm?.remove();
  }
}

/** A bundle of tsflink is one already. */
async function finishedBundle(entry: URL): Promise<Bundle | undefined> {
  if (entry.protocol !== "file:") return undefined;
  const code = await Deno.readFile(entry).catch(() => undefined);
  if (code === undefined || !isBundle(new TextDecoder().decode(code.subarray(0, 64)))) return undefined;
  return { code, sha256: digest(code), warnings: [], modules: [], packages: [] };
}

async function build(job: string, graph: ModuleGraph, npm: NpmTree): Promise<Bundle> {
  const esbuild = await loadEsbuild();
  const workingDirectory = workingDirectoryOf(graph);
  const tsconfigRaw = tsconfigOf(workingDirectory);
  const files: string[] = [];
  const warnings: string[] = [];
  const plugin = jobPlugin({
    graph,
    npm,
    hostRoot: HOST_ROOT,
    shim: (module) => shimSource(module, hostNames(module), config.version),
    compileEntry: async (text, loader) =>
      (await esbuild.transform(text, entryOptions(graph.entry, loader, tsconfigRaw))).code,
    read(url, text) {
      files.push(url);
      if (url.startsWith("file:")) warnings.push(...metaWarnings(url, text));
      if (url === graph.entry) warnings.push(...floatingMain(url, text));
    },
  });
  const result = await esbuild.build({
    ...OUTPUT,
    absWorkingDir: workingDirectory,
    entryPoints: [graph.entry],
    tsconfigRaw,
    plugins: [plugin],
  }).catch((error) => {
    throw asRefusal(error, workingDirectory);
  });
  const names = new SourceNames(job, npm, workingDirectory, files);
  const inputs = Object.keys(result.metafile.inputs);
  const [map, code] = [".map", ".mjs"].map((end) => result.outputFiles.find(({ path }) => path.endsWith(end))!.text);
  const bytes = new TextEncoder().encode(finishBundle({ code, map, inputs }, names, job));
  const packages = new Set(inputs.map((input) => names.packageOf(input)).filter((name) => name !== undefined));
  return {
    code: bytes,
    sha256: digest(bytes),
    warnings: [
      ...warnings.sort(),
      ...result.warnings.map((warning) => `${placeOf(warning, workingDirectory) ?? job}: ${warning.text}`),
    ],
    modules: inputs.filter((input) => input.startsWith(`${JOB}:`)).map((input) => names.of(input)).sort(),
    packages: [...packages].sort(),
  };
}

function digest(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** What TypeScript options mean at run time; everything else about types is erased. */
function tsconfigOf(directory: string): string {
  const { compilerOptions: given = {} } = nearestConfig(directory);
  const names = ["jsx", "jsxFactory", "jsxFragmentFactory", "jsxImportSource", "experimentalDecorators"];
  const options = Object.fromEntries(names.filter((name) => name in given).map((name) => [name, given[name]]));
  if (options.jsx === "precompile") options.jsx = "react-jsx";
  return JSON.stringify({ compilerOptions: options });
}

function entryOptions(url: string, loader: Loader, tsconfigRaw: string): TransformOptions {
  return {
    ...LANGUAGE,
    loader,
    tsconfigRaw,
    charset: "utf8",
    sourcefile: url,
    sourcemap: "inline",
    jsx: "preserve",
    define: { "import.meta.main": "true" },
  };
}

/** Started but not awaited, main() would be started again: nothing says that it runs when the module has been loaded. */
function floatingMain(url: string, text: string): string[] {
  const found = /\bif\s*\(\s*import\.meta\.main\s*\)\s*\{?\s*(?:void\s+)?main\s*\(/.exec(text);
  if (found === null || !/\bexport\b[^;]*\bmain\b/.test(text)) return [];
  const line = text.slice(0, found.index).split("\n").length;
  return [`${url}:${line}: main() is not awaited, so it may be run twice; write: if (import.meta.main) await main();`];
}

/** `file:line:column`, columns from 1 as in a stack trace. */
function placeOf({ location }: PartialMessage, workingDirectory: string): string | undefined {
  if (location?.file === undefined) return undefined;
  const { file: name } = location;
  const file = name.startsWith(`${JOB}:`)
    ? urlOf(name.slice(JOB.length + 1))
    : /^[a-z]{2,}:/.test(name)
    ? name
    : pathToFileURL(resolve(workingDirectory, name)).href;
  return `${file}:${location.line}:${(location.column ?? 0) + 1}`;
}

function asRefusal(error: unknown, workingDirectory: string): unknown {
  const [first] = (error as Partial<BuildFailure>).errors ?? [];
  return first === undefined ? error : refusalOf(first, workingDirectory);
}

function refusalOf(message: Message, workingDirectory: string): FlinkError {
  const place = placeOf(message, workingDirectory);
  if (typeof message.detail === "function") return (message.detail as Refusal)(place);
  // The entry is compiled on its own before: what is wrong with it comes as an error of the plugin.
  const inner = (message.detail as Partial<BuildFailure> | undefined)?.errors?.[0];
  if (inner !== undefined) return refusalOf(inner, workingDirectory);
  // Thrown by the plugin: a file that cannot be read, a permission that is missing.
  if (message.detail instanceof Error) return cannotBundle(message.detail);
  const unresolved = /^Could not resolve "(.*)"$/.exec(message.text)?.[1];
  if (unresolved !== undefined) return unresolvedImport(unresolved, "There is no such module.", place);
  return doesNotCompile(message.text, message.location?.lineText ?? "", place);
}
