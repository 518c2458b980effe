/**
 * In which form this copy of tsflink was started, and what follows from it: where the modules of threads lie, how the
 * same program is started again, whose frames in a stack are its own.
 *
 * There are three forms. As source, every module is a file of its own. As a bundle, all of them are in the file that was
 * started, `tsflink.js`, or in parts beside it, as in the packed file, whose header sets TSFLINK_EXE. Compiled, the
 * modules lie inside the executable.
 *
 * @module
 */

/** See the module. */
export type LaunchForm = "source" | "bundle" | "compiled";

/** Threads that have an entry module of their own in cluster/entrypoint; coordinators of jobs start as slots do. */
export type ThreadName = "slot";

/** Where a bundle looks for the thread it is to be, in its own URL. */
export const THREAD_PARAMETER = "thread";

/** Where this file lies in a copy of tsflink. */
const OWN_PATH = "runtime/seams/system/launch.ts";

/** What the form is told from. */
export interface LaunchFacts {
  /** URL of this module. */
  readonly moduleUrl: string;
  /** Undefined in threads. */
  readonly mainModule: string | undefined;
  readonly isStandalone: boolean;
  /** The program that runs: deno, or the executable. Asked for when needed: scripts may run without permissions. */
  execPath(): string;
  /** The file that a user started, where that is another one (TSFLINK_EXE). */
  startedFile(): string | undefined;
}

/** What a process is started with. */
export interface SelfCommandOptions {
  /** Flags of V8, as `--max-old-space-size=512`. */
  readonly v8Flags?: readonly string[];
}

/** See the module. */
export class Launch {
  readonly form: LaunchForm;
  readonly #facts: LaunchFacts;

  constructor(facts: LaunchFacts) {
    this.#facts = facts;
    const isSource = facts.moduleUrl.endsWith(`/${OWN_PATH}`);
    this.form = facts.isStandalone ? "compiled" : isSource ? "source" : "bundle";
  }

  /** Whether the modules of a job find "tsflink" and their packages where they lie; else a job is bundled to be run. */
  get loadsSources(): boolean {
    return this.form === "source";
  }

  /** Root of the copy with a slash at the end, where its modules are files; of a bundle, the directory it lies in. */
  get root(): URL {
    const { moduleUrl } = this.#facts;
    return this.#hasModules ? new URL("../../../", moduleUrl) : new URL("./", moduleUrl);
  }

  /** URL of the file of a bundle that is started, without what names a thread. Undefined in other forms. */
  get bundleUrl(): string | undefined {
    const { mainModule, moduleUrl } = this.#facts;
    return this.#hasModules ? undefined : (mainModule ?? moduleUrl).replace(/[?#].*$/, "");
  }

  /** The entry module of a thread. A bundle is its own one, see {@link threadOf}. */
  threadEntry(name: ThreadName): URL {
    if (this.#hasModules) return new URL(`cluster/entrypoint/${THREAD_ENTRIES[name]}`, this.root);
    return new URL(`?${THREAD_PARAMETER}=${name}`, this.bundleUrl);
  }

  /**
   * Program and first arguments of another process of this program; the arguments of the command line follow. Flags of
   * V8 of a compiled file are given in {@link selfEnvironment}.
   */
  selfCommand({ v8Flags = [] }: SelfCommandOptions = {}): string[] {
    const execPath = this.#facts.execPath();
    if (this.form === "compiled") return [execPath];
    const flags = v8Flags.length === 0 ? [] : [`--v8-flags=${v8Flags.join(",")}`];
    const run = [execPath, "run", "-A", "--quiet", ...flags];
    if (this.form === "bundle") return [...run, "--no-config", "--no-lock", pathOf(this.bundleUrl!)];
    // A copy from a registry has its imports resolved.
    const isCheckout = this.root.protocol === "file:";
    const config = isCheckout ? ["--config", pathOf(new URL("deno.json", this.root).href)] : [];
    return [...run, ...config, pathOf(new URL("cli.ts", this.root).href)];
  }

  /**
   * What must be in the environment of such a process beside what is in this one's. Executables that Deno 2.9 compiles do
   * not read these flags yet (denoland/deno#19808): their main heap is as large as V8 makes it.
   */
  selfEnvironment({ v8Flags = [] }: SelfCommandOptions = {}): Record<string, string> {
    return this.form === "compiled" && v8Flags.length > 0 ? { DENO_V8_FLAGS: v8Flags.join(",") } : {};
  }

  /** The command line as a user would type it. */
  get shownCommand(): string {
    const startedFile = this.#facts.startedFile();
    if (startedFile !== undefined) return startedFile;
    if (this.form === "compiled") return this.#facts.execPath();
    return `deno run -A ${this.bundleUrl ?? new URL("cli.ts", this.root).href}`;
  }

  get #hasModules(): boolean {
    return this.#facts.moduleUrl.endsWith(`/${OWN_PATH}`);
  }
}

const THREAD_ENTRIES: Readonly<Record<ThreadName, string>> = { slot: "slot.ts" };

/** The thread that a bundle with this URL is to be; undefined for the command line. */
export function threadOf(bundleUrl: string): string | undefined {
  return new URL(bundleUrl).searchParams.get(THREAD_PARAMETER) ?? undefined;
}

function pathOf(url: string): string {
  return url.startsWith("file:") ? decodeURIComponent(new URL(url).pathname) : url;
}

/** How this process was started. */
export function launch(): Launch {
  return new Launch({
    moduleUrl: import.meta.url,
    mainModule: Deno.mainModule,
    isStandalone: Deno.build.standalone,
    execPath: () => Deno.execPath(),
    startedFile: () => Deno.env.get("TSFLINK_EXE"),
  });
}

/** Where files are kept that any process of this user can make again: TSFLINK_CACHE, or `tsflink` in the user's cache. */
export function userCache(): string {
  const { env } = Deno;
  const given = env.get("TSFLINK_CACHE");
  if (given !== undefined && given !== "") return given;
  const cache = env.get("XDG_CACHE_HOME") || (env.get("HOME") ? `${env.get("HOME")}/.cache` : "/tmp/.cache");
  return `${cache}/tsflink`;
}
