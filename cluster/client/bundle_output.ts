/**
 * Makes what the bundler wrote independent of the machine it ran on: in the code, the source map and the list of inputs
 * every file is named `job://<job>/<path>` (or by its own https: URL), so that the same job has the same hash
 * everywhere and a stack trace names the user's line wherever the bundle is run from.
 *
 * @module
 */

import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { HOST, JOB, urlOf } from "./bundle_plugin.ts";
import type { ModuleGraph } from "./module_graph.ts";
import type { NpmTree } from "./npm_tree.ts";

/** What the first line of a bundle begins with. */
export const BUNDLE_MARK = "/* tsflink bundle 1";

/** The parts of a source map that are rewritten. */
interface SourceMap {
  mappings: string;
  sources: string[];
  sourcesContent: (string | null)[];
}

/** Says what files of a bundle are called. */
export class SourceNames {
  readonly #job: string;
  readonly #npm: NpmTree;
  readonly #workingDirectory: string;
  readonly #top: string;

  /** @param files The user's modules; names begin below the directory that holds all that are files. */
  constructor(job: string, npm: NpmTree, workingDirectory: string, files: readonly string[]) {
    this.#job = job.replaceAll(/[^\w.-]+/g, "-");
    this.#npm = npm;
    this.#workingDirectory = workingDirectory;
    this.#top = commonDirectory(files.filter((url) => url.startsWith("file:")).map((url) => fileURLToPath(url)));
  }

  /** The name of an input, from the bundler's own name of it. */
  of(input: string): string {
    const name = input.startsWith(`${JOB}:`) ? urlOf(input.slice(JOB.length + 1)) : input;
    if (/^https?:/.test(name)) return name;
    if (name.startsWith(`${HOST}:`)) return this.#url(name.slice(HOST.length + 1));
    const path = name.startsWith("file:") ? fileURLToPath(name) : join(this.#workingDirectory, name);
    const owner = this.#npm.packageOf(path);
    const isPackage = this.#npm.ownerOf(path) !== undefined || path.includes(`${sep}node_modules${sep}`);
    if (isPackage && owner !== undefined) return this.#url(`npm:${owner.label}/${slashed(relative(owner.path, path))}`);
    return this.#url(slashed(relative(this.#top, path)));
  }

  /** The name and version of the npm package of an input; undefined for the user's own. */
  packageOf(input: string): string | undefined {
    return /^job:\/\/[^/]*\/npm:((?:@[^/]+\/)?[^/]+)/.exec(this.of(input))?.[1];
  }

  #url(path: string): string {
    return `job://${this.#job}/${
      path.split("/").map((part) => encodeURIComponent(part).replaceAll(/%(3A|40)/g, decodeURIComponent)).join("/")
    }`;
  }
}

function slashed(path: string): string {
  return sep === "/" ? path : path.replaceAll(sep, "/");
}

function commonDirectory(paths: readonly string[]): string {
  let common = paths.length === 0 ? sep : dirname(paths[0]);
  while (!paths.every((path) => path.startsWith(common.endsWith(sep) ? common : common + sep))) {
    common = dirname(common);
  }
  return common;
}

/** The finished text of a bundle. The bundler has left its first line to the mark. */
export function finishBundle(
  output: { readonly code: string; readonly map: string; readonly inputs: readonly string[] },
  names: SourceNames,
  job: string,
): string {
  let { code } = output;
  for (const input of output.inputs) {
    const name = names.of(input);
    // The comment above each module, and the key of each CommonJS module.
    code = code.replaceAll(`\n// ${input}\n`, () => `\n// ${name}\n`)
      .replaceAll(`\n  ${JSON.stringify(input)}(`, () => `\n  ${JSON.stringify(name)}(`);
  }
  const first = code.indexOf("\n");
  const map: SourceMap = JSON.parse(output.map);
  // Nobody wants to read the generated list of tsflink's names.
  map.sourcesContent = map.sourcesContent.map((text, at) => map.sources[at].startsWith(`${HOST}:`) ? null : text);
  map.sources = map.sources.map((source) => names.of(source));
  const encoded = new TextEncoder().encode(JSON.stringify(map)).toBase64();
  return `${BUNDLE_MARK}; ${job.replaceAll("*/", "")} */${needsRequire(code) ? REQUIRE : ""}${code.slice(first)}` +
    `//# sourceMappingURL=data:application/json;base64,${encoded}\n`;
}

function needsRequire(code: string): boolean {
  return code.includes("__require(");
}

/** CommonJS packages ask for built-in modules in their own way, which a module has not; a data: URL would be no base. */
const REQUIRE = ` import { createRequire as __createRequire } from "node:module"; const require = __createRequire(` +
  `import.meta.url.startsWith("file:") ? import.meta.url : "file:///job.mjs");`;

/** Whether a file's text is a bundle of tsflink. */
export function isBundle(text: string): boolean {
  return text.startsWith(BUNDLE_MARK);
}

/** `import.meta` of a bundle is the bundle's: what lies beside the job's sources does not travel with it. */
export function metaWarnings(url: string, text: string): string[] {
  return text.split("\n").flatMap((line, at) => {
    const found = /^(?!\s*(?:\/\/|\*|\/\*)).*?\bimport\.meta\.(url|dirname|filename|resolve)\b/.exec(line);
    if (found === null) return [];
    return [
      `${url}:${at + 1}: import.meta.${found[1]} is that of the bundle; files beside the job do not travel with it`,
    ];
  });
}

/** Where a working directory leads the bundler's relative names to. */
export function workingDirectoryOf(graph: ModuleGraph): string {
  return graph.entry.startsWith("file:") ? dirname(fileURLToPath(graph.entry)) : Deno.cwd();
}
