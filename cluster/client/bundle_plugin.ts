/**
 * What the bundler asks for each import and each file of a job: tsflink becomes the host's copy, the user's modules are
 * found as Deno finds them, npm packages are resolved inside Deno's cache, and what cannot be part of a bundle is
 * refused with the line of the import.
 *
 * The user's modules are named by their URL and {@link MODULE_MARK}, whose ending makes the bundler import CommonJS as
 * Node and Deno do (the default import is `module.exports`).
 *
 * @module
 */

import type { Loader, OnLoadArgs, OnLoadResult, OnResolveArgs, OnResolveResult, Plugin, PluginBuild } from "esbuild";
import { isBuiltin } from "node:module";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import type { FlinkError } from "../../runtime/errors.ts";
import type { HostModule } from "../../runtime/program/host_shim.ts";
import type { ModuleGraph, Resolution } from "./module_graph.ts";
import { type NpmTree, splitBare } from "./npm_tree.ts";
import { anotherCopy, innerFile, nativeAddOn, noSuchHostModule, unresolvedImport, unusableModule } from "./refusals.ts";

/** Namespace of the modules that belong to the user. */
export const JOB = "job";
/** Namespace of the modules that stand for tsflink. */
export const HOST = "tsflink";
/** Ends the name of every module of the user. */
export const MODULE_MARK = "#.mts";

/** Makes an error, once the line of the import is known. */
export type Refusal = (userLine: string | undefined) => FlinkError;

/** What the plugin works with, and what it reports back. */
export interface PluginContext {
  readonly graph: ModuleGraph;
  readonly npm: NpmTree;
  /** URL of this copy's root, with a slash at the end. */
  readonly hostRoot: string;
  /** Text of the module that stands for tsflink. */
  shim(module: HostModule): string;
  /** The entry with `import.meta.main` made true, as JavaScript; everywhere else it is false. */
  compileEntry(text: string, loader: Loader): Promise<string>;
  /** Files of the user, in the order they were read, for common names and warnings. */
  read(url: string, text: string): void;
}

const HOST_SPECIFIER = /^(?:tsflink|(?:jsr|npm):\/?(?:@tsflink\/)?tsflink(?:@[^/]*)?)(\/.*)?$/;

/** Marks resolutions of the plugin's own. */
const INNER = Symbol("inner");

/** The plugin for one job. */
export function jobPlugin(context: PluginContext): Plugin {
  return {
    name: "tsflink-job",
    setup(build) {
      build.onResolve(
        { filter: /.*/ },
        (args) => args.pluginData === INNER ? undefined : resolve(context, build, args),
      );
      build.onLoad({ filter: /.*/, namespace: JOB }, (args) => load(context, args));
      build.onLoad({ filter: /.*/, namespace: HOST }, ({ path }) => ({
        contents: context.shim(path as HostModule),
        loader: "js",
      }));
    },
  };
}

/** URL of a module of the user, from the bundler's name of it. */
export function urlOf(path: string): string {
  return path.endsWith(MODULE_MARK) ? path.slice(0, -MODULE_MARK.length) : path;
}

function refuse(refusal: Refusal): OnResolveResult & OnLoadResult {
  return { errors: [{ text: refusal(undefined).message, detail: refusal }] };
}

async function resolve(
  context: PluginContext,
  build: PluginBuild,
  args: OnResolveArgs,
): Promise<OnResolveResult | undefined> {
  if (args.kind === "entry-point") return { path: args.path + MODULE_MARK, namespace: JOB };
  const host = HOST_SPECIFIER.exec(args.path);
  if (host !== null) return hostModule(args.path, host[1] ?? "");
  if (args.namespace !== JOB) return await resolveInPackage(context, build, args);
  const found = context.graph.resolve(urlOf(args.importer), args.path);
  if (found === undefined) return undefined;
  return await resolveFromJob(context, build, args, found);
}

function hostModule(specifier: string, subpath: string): OnResolveResult {
  if (subpath !== "" && subpath !== "/testing") return refuse((line) => noSuchHostModule(specifier, line));
  return { path: `tsflink${subpath}`, namespace: HOST };
}

async function resolveFromJob(
  context: PluginContext,
  build: PluginBuild,
  args: OnResolveArgs,
  found: Resolution,
): Promise<OnResolveResult | undefined> {
  switch (found.kind) {
    case "builtin":
      return { path: found.specifier, external: true };
    case "file":
      return checkPackage(context, args, { path: found.path });
    case "npm": {
      const path = found.package.name + found.subpath;
      return checkPackage(context, args, await inPackage(build, args, path, context.npm.directoryFor(found.package)));
    }
    case "unresolved": {
      const host = HOST_SPECIFIER.exec(found.specifier);
      if (host !== null) return hostModule(found.specifier, host[1] ?? "");
      // What is imported dynamically may be caught: the bundler knows whether it is.
      if (args.kind === "dynamic-import") return undefined;
      return refuse((line) => unresolvedImport(args.path, found.reason, line));
    }
    case "module":
      return userModule(context, found.url);
  }
}

function userModule({ graph, hostRoot }: PluginContext, url: string): OnResolveResult {
  if (url === `${hostRoot}mod.ts`) return hostModule("tsflink", "");
  if (url === `${hostRoot}runtime/testing/mod.ts`) return hostModule("tsflink/testing", "/testing");
  const inner = url.startsWith(hostRoot) ? url.slice(hostRoot.length) : "";
  if (/^(runtime|cluster)\/(?!.*testdata\/)|^cli\.ts$/.test(inner)) return refuse((line) => innerFile(url, line));
  // Its mod.ts, or a file in its folders: either way the file that binds a host lies in the same tree.
  for (let at = new URL(".", url); url.includes("/"); at = new URL("..", at)) {
    if (inner === "" && graph.has(`${at.href}runtime/api/host_binding.ts`)) {
      return refuse((line) => anotherCopy(`${at.href}mod.ts`, `${hostRoot}mod.ts`, line));
    }
    if (at.pathname === "/" || at.href === new URL("..", at).href) break;
  }
  const isCommonJs = /\.c[jt]s$/.test(new URL(url).pathname);
  return { path: isCommonJs ? url : url + MODULE_MARK, namespace: JOB };
}

async function resolveInPackage(
  context: PluginContext,
  build: PluginBuild,
  args: OnResolveArgs,
): Promise<OnResolveResult | undefined> {
  if (isBuiltin(args.path)) return { path: `node:${args.path.replace(/^node:/, "")}`, external: true };
  const bare = splitBare(args.path);
  if (bare === undefined) {
    return /\.node$/.test(args.path) ? checkPackage(context, args, { path: args.path }) : undefined;
  }
  const owner = context.npm.ownerOf(args.importer);
  const dependency = owner && context.npm.dependencyOf(owner, bare.name);
  const directory = dependency === undefined ? args.resolveDir : context.npm.directoryFor(dependency);
  const path = dependency === undefined ? args.path : dependency.name + bare.subpath;
  return checkPackage(context, args, await inPackage(build, args, path, directory));
}

/** The bundler's own resolution; undefined when it fails, so that it fails again in the bundler's way. */
async function inPackage(
  build: PluginBuild,
  args: OnResolveArgs,
  path: string,
  resolveDir: string,
): Promise<OnResolveResult | undefined> {
  const found = await build.resolve(path, { kind: args.kind, resolveDir, pluginData: INNER });
  if (found.errors.length > 0) return undefined;
  return { path: found.path, namespace: found.namespace, external: found.external, sideEffects: found.sideEffects };
}

/** Native add-ons cannot be bundled. A package that does without them when they are missing goes on without them. */
function checkPackage(
  { npm }: PluginContext,
  args: OnResolveArgs,
  found: OnResolveResult | undefined,
): OnResolveResult | undefined {
  if (found?.path === undefined || found.external) return found;
  const isAddOn = found.path.endsWith(".node");
  const directory = npm.packageOf(isAddOn ? args.importer : found.path);
  const reason = isAddOn ? `it loads ${args.path}` : directory && npm.nativeReason(directory);
  if (reason === undefined) return found;
  const importer = args.namespace === JOB ? undefined : npm.packageOf(args.importer);
  const name = splitBare(args.path)?.name;
  if (name !== undefined && importer?.json.optionalDependencies?.[name] !== undefined) {
    return { path: args.path, external: true };
  }
  return refuse((line) => nativeAddOn(directory?.label ?? found.path!, reason, line));
}

const LOADERS: Readonly<Record<string, Loader>> = {
  TypeScript: "ts",
  Mts: "ts",
  Cts: "ts",
  TSX: "tsx",
  JavaScript: "js",
  Mjs: "js",
  Cjs: "js",
  JSX: "jsx",
  Json: "json",
  Dts: "empty",
  Dmts: "empty",
};
/** For modules that Deno could not parse: the ending is all there is. */
const LOADERS_BY_ENDING: Readonly<Record<string, Loader>> = {
  ts: "ts",
  mts: "ts",
  cts: "ts",
  tsx: "tsx",
  js: "js",
  mjs: "js",
  cjs: "js",
  jsx: "jsx",
  json: "json",
};
const LOADERS_BY_TYPE: Readonly<Record<string, Loader>> = { json: "json", text: "text", bytes: "binary" };

async function load(context: PluginContext, args: OnLoadArgs): Promise<OnLoadResult> {
  const url = urlOf(args.path);
  const local = context.graph.localPath(url);
  if (local === undefined) return refuse((line) => unresolvedImport(url, "There is no such file.", line));
  const loader = loaderOf(context.graph, url, args.with.type);
  if (loader === undefined) {
    return refuse((line) => unusableModule(url, context.graph.mediaType(url) ?? "unknown", line));
  }
  const resolveDir = url.startsWith("file:") ? dirname(fileURLToPath(url)) : undefined;
  if (loader === "binary") return { contents: await Deno.readFile(local), loader, resolveDir };
  // Deno ends its copies of remote modules with a comment of its own.
  const text = (await Deno.readTextFile(local)).replace(/\n\/\/ denoCacheMetadata=.*\s*$/, "");
  context.read(url, text);
  const isEntry = url === context.graph.entry && /import\s*\.\s*meta\s*\.\s*main/.test(text);
  if (!isEntry) return { contents: text, loader, resolveDir };
  const isJsx = loader === "jsx" || loader === "tsx";
  return { contents: await context.compileEntry(text, loader), loader: isJsx ? "jsx" : "js", resolveDir };
}

function loaderOf(graph: ModuleGraph, url: string, type: string | undefined): Loader | undefined {
  if (type !== undefined) return LOADERS_BY_TYPE[type];
  const mediaType = graph.mediaType(url);
  if (mediaType !== undefined && mediaType !== "Unknown") return LOADERS[mediaType];
  return LOADERS_BY_ENDING[/\.(\w+)$/.exec(new URL(url).pathname)?.[1] ?? "js"];
}
