/**
 * The forms in which tsflink is started, each made once for a run of the tests: from its sources, as a bundle, as the
 * packed file and, where there is a denort, compiled. All of them are to do the same.
 *
 * Everything but the sources runs in a directory of its own with next to no environment, without a network but loopback
 * where the machine allows that, and with a cache that is empty at first: as on a machine that has nothing.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { writeBundle } from "../../tools/bundle_self.ts";
import { compile, findDenort } from "../../tools/compile.ts";
import { copyEsbuild, pack } from "../../tools/pack.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
/** A process that takes longer is killed, and its test fails. */
const LIMIT_MS = 60_000;

/** A process that has ended. */
export interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** How a form is started, and where. */
export interface LauncherOptions {
  readonly name: string;
  readonly command: readonly string[];
  /** What is put before it, so that it has a network of its own. */
  readonly isolation: readonly string[];
  readonly directory: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** One form. */
export class Launcher {
  constructor(readonly options: LauncherOptions) {}

  get name(): string {
    return this.options.name;
  }
  get directory(): string {
    return this.options.directory;
  }
  get environment(): Readonly<Record<string, string>> {
    return this.options.environment;
  }

  /** The same without a network of its own, which takes time to make. */
  inTheOpen(): Launcher {
    return new Launcher({ ...this.options, isolation: [] });
  }

  /** Starts the command line. */
  spawn(args: readonly string[], environment: Readonly<Record<string, string>> = {}): Deno.ChildProcess {
    return this.#spawn([...this.options.isolation, ...this.options.command, ...args], environment);
  }

  /** Runs the command line to its end. */
  async run(args: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<Ended> {
    return await ended(this.spawn(args, environment));
  }

  /**
   * Runs a script of the shell in which `tsflink` is this form. All of it is in one network, and no process outlives it,
   * where the machine allows namespaces.
   */
  async script(text: string): Promise<Ended> {
    const quoted = this.options.command.map((part) => `'${part.replaceAll("'", `'\\''`)}'`).join(" ");
    const shell = ["sh", "-c", `tsflink() { ${quoted} "$@"; }\n${text}`];
    const limit = ["timeout", "-s", "KILL", String(LIMIT_MS / 1000 - 5)];
    return await ended(this.#spawn([...limit, ...await isolation(true), ...shell], {}));
  }

  #spawn([program, ...args]: readonly string[], environment: Readonly<Record<string, string>>): Deno.ChildProcess {
    return new Deno.Command(program, {
      args,
      cwd: this.directory,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
      clearEnv: true,
      env: { ...this.environment, ...environment },
      signal: AbortSignal.timeout(LIMIT_MS),
    }).spawn();
  }
}

async function ended(child: Deno.ChildProcess): Promise<Ended> {
  const { code, stdout, stderr } = await child.output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, out: text(stdout), err: text(stderr) };
}

/** What a test needs beside a form. */
export interface Deployment {
  readonly top: string;
  readonly launchers: readonly Launcher[];
  /** Forms that cannot be made here, with the reason. */
  readonly skipped: readonly string[];
  readonly packedFile: string;
  readonly packedBytes: number;
  /** A bundle without a bundler beside it. */
  readonly bare: Launcher;
  remove(): Promise<void>;
}

/** Makes all forms. @param jobs Files of the directory that each form runs in. */
export async function deploy(jobs: Readonly<Record<string, string>>): Promise<Deployment> {
  const top = await Deno.makeTempDir({ prefix: "tsflink-deploy-" });
  const alone = await isolation();
  const base = { PATH: "/usr/local/bin:/usr/bin:/bin", NO_COLOR: "1", TMPDIR: top };
  const directoryOf = async (form: string) => {
    const directory = `${top}/${form} work`;
    await Deno.mkdir(directory);
    for (const [name, text] of Object.entries(jobs)) await Deno.writeTextFile(`${directory}/${name}`, text);
    return directory;
  };
  const launcher = async (name: string, command: readonly string[], environment: Record<string, string>) => {
    // Whether the network is the machine's makes no difference to the sources, and they read Deno's own cache.
    const isolation = name === "source" ? [] : alone;
    const directory = await directoryOf(name);
    return new Launcher({ name, command, isolation, directory, environment: { ...base, ...environment } });
  };

  const run = [Deno.execPath(), "run", "-A", "--quiet"];
  const bundled = [...run, "--no-config", "--no-lock", "--no-remote", "--no-npm", "--cached-only"];
  const [bare, whole] = [`${top}/bare`, `${top}/bundle`];
  await writeBundle(bare, false);
  await writeBundle(whole, false);
  await copyEsbuild(`${whole}/esbuild`);
  const packed = await pack({ directory: `${top}/packed`, withEsbuild: true, level: 1 });
  const home = Deno.env.get("HOME") ?? top;
  const sources = [...run, "--frozen", "--config", `${ROOT}deno.json`, `${ROOT}cli.ts`];
  const launchers = [
    await launcher("source", sources, { HOME: home, DENO_DIR: Deno.env.get("DENO_DIR") ?? `${home}/.cache/deno` }),
    await launcher("bundle", [...bundled, `${whole}/tsflink.js`], { DENO_DIR: `${top}/bundle deno` }),
    await launcher("packed", [packed.path], { TSFLINK_CACHE: `${top}/packed cache` }),
  ];
  const skipped: string[] = [];
  const denort = await findDenort();
  if (denort === undefined) skipped.push(`compiled: no denort ${Deno.version.deno}`);
  else {
    const { path } = await compile(`${top}/compiled`, denort.endsWith(".zip") ? undefined : denort);
    launchers.push(await launcher("compiled", [path], { TSFLINK_CACHE: `${top}/compiled cache` }));
  }
  return {
    top,
    launchers,
    skipped,
    packedFile: packed.path,
    packedBytes: packed.bytes,
    bare: await launcher("bare", [...bundled, `${bare}/tsflink.js`], { DENO_DIR: `${top}/bundle deno` }),
    remove: () => Deno.remove(top, { recursive: true }),
  };
}

/**
 * What puts a process into a network of its own in which only loopback is up; nothing where that is not allowed.
 *
 * @param withProcesses Whether what it starts and leaves ends with it.
 */
async function isolation(withProcesses = false): Promise<string[]> {
  const processes = withProcesses ? ["--pid", "--fork", "--kill-child", "--mount-proc"] : [];
  const command = ["unshare", "-rn", ...processes, "sh", "-c", 'ip link set lo up && exec "$@"', "sh"];
  try {
    const { success } = await new Deno.Command(command[0], { args: [...command.slice(1), "true"] }).output();
    return success ? command : [];
  } catch {
    return [];
  }
}
