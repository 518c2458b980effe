/**
 * The npm packages of a job as directories: which one a file belongs to, what it may import, whether it is native. The
 * bundler resolves inside a package itself (exports, conditions, main), but needs a node_modules to start from, which
 * Deno's cache is not: for each package asked for, a directory with one symbolic link.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { dirname, join, sep } from "node:path";
import type { ModuleGraph, NpmPackage } from "./module_graph.ts";

interface PackageJson {
  readonly name?: string;
  readonly version?: string;
  readonly gypfile?: boolean;
  readonly napi?: unknown;
  readonly binary?: { readonly module_name?: string };
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** A directory with a package.json of its own name. */
export interface PackageDirectory {
  readonly path: string;
  readonly json: PackageJson;
  /** Name and version, as far as they are given. */
  readonly label: string;
}

/** Packages that exist to load native add-ons. */
const NATIVE_LOADERS = [
  "bindings",
  "node-gyp-build",
  "node-gyp-build-optional-packages",
  "prebuild-install",
  "@mapbox/node-pre-gyp",
  "node-pre-gyp",
];

/** Name and rest of a bare specifier: "@a/b/c" is "@a/b" and "/c". Undefined for paths, URLs and "#internal". */
export function splitBare(specifier: string): { readonly name: string; readonly subpath: string } | undefined {
  const match = /^((?:@[\w.~-]+\/)?[\w~-][\w.~-]*)(\/.*)?$/.exec(specifier);
  return match === null ? undefined : { name: match[1], subpath: match[2] ?? "" };
}

/** See the module. Owns a temporary directory: {@link remove} it. */
export class NpmTree {
  readonly #graph: ModuleGraph;
  readonly #roots = new Map<string, PackageDirectory | undefined>();
  readonly #linked = new Set<string>();
  /** Packages by their real path, which is what the bundler names files by. */
  readonly #owners: readonly (readonly [prefix: string, owner: NpmPackage])[];
  #directory: string | undefined;

  /** Makes nothing yet. */
  constructor(graph: ModuleGraph) {
    this.#graph = graph;
    this.#owners = graph.packages.flatMap((found) => {
      const path = realPath(found.localPath);
      return path === undefined ? [] : [[path + sep, found] as const];
    });
  }

  /** A directory from which the package's name leads to it. */
  directoryFor(found: NpmPackage): string {
    this.#directory ??= Deno.makeTempDirSync({ prefix: "tsflink-npm-" });
    const directory = join(this.#directory, createHash("sha256").update(found.id).digest("hex").slice(0, 16));
    if (!this.#linked.has(found.id)) {
      const link = join(directory, "node_modules", found.name);
      Deno.mkdirSync(dirname(link), { recursive: true });
      Deno.symlinkSync(found.localPath, link, { type: "junction" });
      this.#linked.add(found.id);
    }
    return directory;
  }

  /** The package of Deno's cache that holds a file. */
  ownerOf(path: string): NpmPackage | undefined {
    return this.#owners.find(([prefix]) => path.startsWith(prefix))?.[1];
  }

  /** What `name` means in a file of `owner`: itself, a dependency, or a dependency under another name. */
  dependencyOf(owner: NpmPackage, name: string): NpmPackage | undefined {
    if (name === owner.name) return owner;
    const { dependencies, optionalDependencies } = this.packageOf(join(owner.localPath, "package.json"))?.json ?? {};
    const range = dependencies?.[name] ?? optionalDependencies?.[name];
    const wanted = /^npm:((?:@[^/]+\/)?[^@]+)/.exec(range ?? "")?.[1] ?? name;
    return this.#graph.packages.find((found) => found.name === wanted && owner.dependencies.includes(found.id));
  }

  /** The package directory that a file lies in. */
  packageOf(file: string): PackageDirectory | undefined {
    const directory = dirname(file);
    if (this.#roots.has(directory)) return this.#roots.get(directory);
    const json = readJson(join(directory, "package.json"));
    const found = json?.name === undefined
      ? directory === dirname(directory) ? undefined : this.packageOf(directory)
      : { path: directory, json, label: json.version === undefined ? json.name : `${json.name}@${json.version}` };
    this.#roots.set(directory, found);
    return found;
  }

  /** Why a package needs a native add-on; undefined when it is plain JavaScript. */
  nativeReason({ path, json }: PackageDirectory): string | undefined {
    if (json.gypfile === true || exists(join(path, "binding.gyp"))) return "it is built by node-gyp (binding.gyp)";
    if (json.napi !== undefined) return "it is built by napi-rs";
    if (json.binary?.module_name !== undefined) return `it has the native module ${json.binary.module_name}`;
    const loader = NATIVE_LOADERS.find((name) => json.dependencies?.[name] !== undefined);
    return loader === undefined ? undefined : `it loads a native add-on with ${loader}`;
  }

  /** Removes the temporary directory. */
  remove(): void {
    if (this.#directory !== undefined) Deno.removeSync(this.#directory, { recursive: true });
    this.#directory = undefined;
    this.#linked.clear();
  }
}

/** Undefined for a package of another platform: the lock file names it, nobody has downloaded it. */
function realPath(path: string): string | undefined {
  try {
    return Deno.realPathSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

function readJson(path: string): PackageJson | undefined {
  try {
    return JSON.parse(Deno.readTextFileSync(path));
  } catch {
    return undefined;
  }
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}
