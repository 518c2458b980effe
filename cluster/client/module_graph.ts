/**
 * The modules a job consists of, as Deno itself resolves them: `deno info --json` run beside the job, so that its
 * deno.json, import map, lock file, node_modules and cache count and no resolution is written twice. The bundler asks
 * it for every import of the user's modules.
 *
 * @module
 */

import { isBuiltin } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { InvalidProgramError } from "../../runtime/errors.ts";
import { launch } from "../../runtime/seams/system/launch.ts";

interface InfoDependency {
  readonly specifier: string;
  readonly code?: { readonly specifier?: string; readonly error?: string };
}
interface InfoModule {
  readonly specifier: string;
  readonly kind?: string;
  readonly local?: string;
  readonly mediaType?: string;
  readonly npmPackage?: string;
  readonly error?: string;
  readonly dependencies?: readonly InfoDependency[];
}
interface InfoPackage {
  readonly name: string;
  readonly version: string;
  readonly dependencies: readonly string[];
  readonly localPath: string;
}
interface Info {
  readonly roots: readonly string[];
  readonly modules: readonly InfoModule[];
  readonly redirects?: Readonly<Record<string, string>>;
  readonly npmPackages?: Readonly<Record<string, InfoPackage>>;
}

/** An npm package of the job. */
export interface NpmPackage extends InfoPackage {
  /** Name, version and, where there are several, what they depend on. */
  readonly id: string;
}

/** Where an import leads. */
export type Resolution =
  | { readonly kind: "module"; readonly url: string }
  | { readonly kind: "npm"; readonly package: NpmPackage; readonly subpath: string }
  /** A file of a node_modules directory. */
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "builtin"; readonly specifier: string }
  | { readonly kind: "unresolved"; readonly specifier: string; readonly reason: string };

/** The resolved modules of one job. */
export class ModuleGraph {
  /** The module that is the job, redirects followed. */
  readonly entry: string;
  readonly packages: readonly NpmPackage[];
  readonly #redirects: Readonly<Record<string, string>>;
  readonly #modules: ReadonlyMap<string, InfoModule>;
  readonly #packageById: ReadonlyMap<string, NpmPackage>;

  /** Reads what `deno info --json` printed. */
  constructor(info: Info) {
    this.#redirects = info.redirects ?? {};
    this.#modules = new Map(info.modules.map((module) => [module.specifier, module]));
    this.packages = Object.entries(info.npmPackages ?? {}).map(([id, found]) => ({ id, ...found }));
    this.#packageById = new Map(this.packages.map((found) => [found.id, found]));
    this.entry = this.#follow(info.roots[0]);
  }

  /** What the module `importer` means by `specifier`; undefined when Deno knows of no such import. */
  resolve(importer: string, specifier: string): Resolution | undefined {
    const dependency = this.#modules.get(importer)?.dependencies?.find((use) => use.specifier === specifier);
    const { specifier: resolved, error } = dependency?.code ?? {};
    if (error !== undefined) return { kind: "unresolved", specifier, reason: error };
    if (resolved !== undefined) return this.locate(resolved);
    return isBuiltin(specifier) ? builtin(specifier) : undefined;
  }

  /** Where a resolved specifier leads. */
  locate(specifier: string): Resolution {
    if (isBuiltin(specifier)) return builtin(specifier);
    const url = this.#follow(specifier);
    const module = this.#modules.get(url);
    if (module?.kind === "npm") return this.#npm(specifier, url, module);
    if (module?.kind === "external" && module.local !== undefined) return { kind: "file", path: module.local };
    // A module that Deno cannot parse is there all the same: the bundler names the line.
    if (module?.error !== undefined && this.localPath(url) === undefined) {
      return { kind: "unresolved", specifier, reason: module.error };
    }
    if (module === undefined && !url.startsWith("file:")) {
      return { kind: "unresolved", specifier, reason: "Deno does not know it." };
    }
    return { kind: "module", url };
  }

  /** The file that holds a module: itself, or its copy in Deno's cache. */
  localPath(url: string): string | undefined {
    const local = this.#modules.get(url)?.local;
    if (local !== undefined) return local;
    return url.startsWith("file:") && isFile(fileURLToPath(url)) ? fileURLToPath(url) : undefined;
  }

  /** Deno's media type of a module, as "TypeScript". */
  mediaType(url: string): string | undefined {
    return this.#modules.get(url)?.mediaType;
  }

  /** Specifiers of all modules that are part of the graph. */
  has(url: string): boolean {
    return this.#modules.has(url);
  }

  #npm(specifier: string, url: string, module: InfoModule): Resolution {
    const found = this.#packageById.get(module.npmPackage ?? "");
    if (found === undefined) {
      // One package that does not exist leaves all others unresolved.
      const culprit = [...this.#modules.values()].find((m) => m.specifier.startsWith("npm:") && m.error !== undefined);
      return { kind: "unresolved", specifier, reason: culprit?.error ?? "Deno has not resolved the package." };
    }
    const subpath = /^npm:\/?(?:@[^/]+\/)?[^/]+(\/.*)?$/.exec(url)?.[1] ?? "";
    return { kind: "npm", package: found, subpath };
  }

  #follow(specifier: string): string {
    let url = specifier;
    for (let hops = 0; hops < 32 && this.#redirects[url] !== undefined; hops++) url = this.#redirects[url];
    return url;
  }
}

function builtin(specifier: string): Resolution {
  return { kind: "builtin", specifier: specifier.startsWith("node:") ? specifier : `node:${specifier}` };
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

/** The nearest deno.json(c) at or above a directory, parsed, or an empty one. */
export interface JobConfig {
  readonly path?: string;
  readonly compilerOptions?: Readonly<Record<string, unknown>>;
  readonly lock?: boolean | string | { readonly path?: string };
}

/** Finds the configuration that `deno run` would use for a module in that directory. */
export function nearestConfig(directory: string): JobConfig {
  for (let at = directory;; at = dirname(at)) {
    for (const name of ["deno.json", "deno.jsonc"]) {
      const path = join(at, name);
      if (isFile(path)) return { ...parseJsonc(Deno.readTextFileSync(path)), path };
    }
    if (dirname(at) === at) return {};
  }
}

/** What cannot be parsed is Deno's to refuse: it reads the same file. */
function parseJsonc(text: string): JobConfig {
  const bare = text.replace(/("(?:\\.|[^"\\])*")|\/\/[^\n]*|\/\*[\s\S]*?\*\//g, "$1")
    .replace(/("(?:\\.|[^"\\])*")|,(?=\s*[}\]])/g, "$1");
  try {
    return JSON.parse(bare);
  } catch {
    return {};
  }
}

/**
 * Has Deno resolve a job. A compiled tsflink on a machine without Deno does without: the bundler then finds relative
 * imports and what lies in node_modules, and nothing else.
 *
 * @param entry Module of the job.
 * @throws InvalidProgramError TSF-4017 when Deno cannot.
 */
export async function loadModuleGraph(entry: URL): Promise<ModuleGraph> {
  const directory = entry.protocol === "file:" ? dirname(fileURLToPath(entry.href)) : Deno.cwd();
  const lock = await copyOfLock(nearestConfig(directory));
  // Hosts that this process may import from, the other may, too.
  const imports = (await Deno.permissions.query({ name: "import" })).state === "granted" ? ["--allow-import"] : [];
  const flags = [...imports, ...lock.flags, entry.href];
  if (await isWithoutDeno()) return new ModuleGraph({ roots: [entry.href], modules: [] });
  const info = async () => new ModuleGraph(JSON.parse(await deno(directory, ["info", "--json", ...flags])));
  try {
    const graph = await info();
    if (graph.packages.every(({ localPath }) => isDirectory(localPath))) return graph;
    await deno(directory, ["cache", "--quiet", ...flags]);
    return await info();
  } finally {
    await lock.remove();
  }
}

function isDirectory(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch {
    return false;
  }
}

/** `deno info` writes to the lock file: it gets a copy, so that versions are pinned and nothing of the user changes. */
async function copyOfLock(config: JobConfig): Promise<{ flags: string[]; remove: () => Promise<void> }> {
  const setting = typeof config.lock === "object" ? config.lock.path : config.lock;
  const path = config.path === undefined || setting === false
    ? undefined
    : join(dirname(config.path), typeof setting === "string" ? setting : "deno.lock");
  if (path === undefined || !isFile(path)) return { flags: ["--no-lock"], remove: () => Promise.resolve() };
  const directory = await Deno.makeTempDir({ prefix: "tsflink-lock-" });
  const copy = join(directory, "deno.lock");
  await Deno.copyFile(path, copy);
  return { flags: [`--lock=${copy}`], remove: () => Deno.remove(directory, { recursive: true }) };
}

/** The program that runs this is Deno, unless it is compiled. */
function denoProgram(): string {
  return launch().form === "compiled" ? "deno" : Deno.execPath();
}

async function isWithoutDeno(): Promise<boolean> {
  if (launch().form !== "compiled") return false;
  const command = new Deno.Command(denoProgram(), { args: ["--version"], stdin: "null" });
  return await command.output().then(() => false, () => true);
}

async function deno(cwd: string, args: readonly string[]): Promise<string> {
  // The packed file runs with a directory of its own; what the user has downloaded lies in the user's.
  const directory = launch().form === "bundle" ? Deno.env.get("TSFLINK_USER_DENO_DIR") : undefined;
  const userCache: Record<string, string> = directory === undefined ? {} : { DENO_DIR: directory };
  const { success, stdout, stderr } = await new Deno.Command(denoProgram(), {
    args: [...args],
    cwd,
    stdin: "null",
    env: { NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1", ...userCache },
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  if (success) return text(stdout);
  throw new InvalidProgramError("TSF-4017", "The modules of the job cannot be found out", {
    expected: `deno ${args[0]} to succeed in ${cwd}`,
    found: text(stderr).trim().split("\n").filter((line) => !/^\s*(Download|Initialize)/.test(line)).join(" ").trim(),
    userLine: args.at(-1),
  });
}
