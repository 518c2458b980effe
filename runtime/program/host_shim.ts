/**
 * How a bundled job meets the host's copy of tsflink: the host publishes a loader on globalThis before it imports the
 * bundle, and in the bundle `import ... from "tsflink"` is a generated module that loads the host's copy through it. So
 * classes have one identity and the engine is not in the bundle, while mod.ts is evaluated at the place where the job
 * imports it, in the first run and in every slot: that is the moment from which calls are recorded and replayed.
 *
 * Whoever imports a job calls {@link publishHostApi} first (the command line, a slot); the bundler writes
 * {@link shimSource}.
 *
 * @module
 */

import { HOST_NAMES } from "./host_names.ts";

/** Raised when the loader or the meaning of names changes incompatibly. */
const API_VERSION = "v1";
/** Where the loader lies. Written once; a bundle reads it when it is evaluated. */
const API: unique symbol = Symbol.for(`tsflink.api.${API_VERSION}`) as never;

/** What a bundle may import. */
export type HostModule = "tsflink" | "tsflink/testing";

/** Names and values of a module. */
export type HostNamespace = Readonly<Record<string, unknown>>;

/** Loads the host's copy of a module. */
export type HostApi = (module: HostModule) => Promise<HostNamespace>;

/** Code of the error of a bundle that was imported without a host. */
const NO_HOST = "TSF-4020";
/** Code of the error of a bundle that wants a name the host does not have. */
const NO_SUCH_NAME = "TSF-4021";

const load: HostApi = (module) => module === "tsflink" ? import("../../mod.ts") : import("../testing/mod.ts");

/** Makes this copy of tsflink the one that bundles find. Loads nothing; the first one published stays. */
export function publishHostApi(): void {
  (globalThis as { [API]?: HostApi })[API] ??= load;
}

/** The names a bundle may import. A test compares them with what the module really exports. */
export function hostNames(module: HostModule): readonly string[] {
  return HOST_NAMES[module];
}

/**
 * Text of the module that stands for tsflink in a bundle. Names that are not used are left out by the bundler.
 *
 * @param version Version of tsflink that the job is bundled for, for the error of a host that lacks a name.
 */
export function shimSource(module: HostModule, names: readonly string[], version: string): string {
  return [
    `const load = globalThis[Symbol.for(${JSON.stringify(API.description)})];`,
    `if (load === undefined) throw new Error("[${NO_HOST}] This job must be started by tsflink\\n` +
    `  expected: tsflink local job.mjs (API ${API_VERSION})\\n  found: an import of the bundle by something else");`,
    `const host = await load(${JSON.stringify(module)});`,
    `const get = (name) => {`,
    `  if (name in host) return host[name];`,
    `  throw new Error(\`[${NO_SUCH_NAME}] This tsflink has no "\${name}"\\n` +
    `  expected: tsflink ${version}, for which the job was bundled\\n  hint: Bundle the job again.\`);`,
    `};`,
    ...names.map((name) => `export const ${name} = /* @__PURE__ */ get(${JSON.stringify(name)});`),
    "",
  ].join("\n");
}
