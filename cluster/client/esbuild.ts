/**
 * Where the bundler comes from: the npm package as source; beside a bundle, the directory `esbuild` that the packed file
 * brings; in a compiled file, the embedded package, whose program is copied out because nothing inside the file can be
 * started. ESBUILD_BINARY_PATH, where it is set, names the program in every form.
 *
 * @module
 */

import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { InvalidProgramError } from "../../runtime/errors.ts";
import { launch, userCache } from "../../runtime/seams/system/launch.ts";

type Esbuild = typeof import("esbuild");

/**
 * Loads the bundler.
 *
 * @throws InvalidProgramError TSF-4170 when this copy of tsflink has none.
 */
export function loadEsbuild(): Promise<Esbuild> {
  switch (launch().form) {
    case "source":
      return import("esbuild");
    case "bundle":
      return Promise.resolve(loadBeside(fileURLToPath(new URL("esbuild/", launch().root))));
    case "compiled":
      return loadEmbedded();
  }
}

/** @param directory Holds lib/main.js and bin/esbuild, as the packages have them. */
function loadBeside(directory: string): Esbuild {
  const [library, program] = [join(directory, "lib/main.js"), join(directory, "bin/esbuild")];
  if (!isFile(library)) {
    throw new InvalidProgramError("TSF-4170", "This copy of tsflink has no bundler", {
      expected: `esbuild in ${directory}`,
      found: "tsflink without esbuild, as pack --without-esbuild makes it",
      hint: "Bundle the job where the bundler is, with tsflink bundle job.ts, and name job.mjs here.",
    });
  }
  setDefault("ESBUILD_BINARY_PATH", program);
  return createRequire(library)(library);
}

async function loadEmbedded(): Promise<Esbuild> {
  // .../esbuild/<version>/lib/main.js, and the program of the platform beside it.
  const library = new URL(import.meta.resolve("esbuild"));
  const [, version] = /\/esbuild\/([^/]+)\/lib\//.exec(library.pathname) ?? [];
  if (Deno.env.get("ESBUILD_BINARY_PATH") === undefined && version !== undefined) {
    const platform = `${Deno.build.os}-${Deno.build.arch === "aarch64" ? "arm64" : "x64"}`;
    const embedded = new URL(`../../../@esbuild/${platform}/${version}/bin/esbuild`, library);
    const program = join(userCache(), `esbuild-${version}`);
    if (!isFile(program)) await copyOut(embedded, program);
    setDefault("ESBUILD_BINARY_PATH", program);
  }
  return await import("esbuild");
}

/** All at once or not at all: others may do the same at this moment. */
async function copyOut(from: URL, to: string): Promise<void> {
  const part = `${to}.${Deno.pid}.part`;
  await Deno.mkdir(dirname(to), { recursive: true });
  await Deno.writeFile(part, await Deno.readFile(from), { mode: 0o755 });
  await Deno.rename(part, to);
}

function setDefault(name: string, value: string): void {
  if (Deno.env.get(name) === undefined) Deno.env.set(name, value);
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
