/**
 * Signals while a client follows jobs of a cluster: the jobs are not the client's, so Ctrl-C asks what is to become of
 * them; without a terminal they go on, unless the command line says that they end with the client.
 *
 * @module
 */

import type { RemoteJobClient } from "../../client/remote_job_client.ts";
import type { JobConsole } from "../job_console.ts";

/** What interrupts need to know. */
export interface InterruptOptions {
  readonly jobs: () => readonly RemoteJobClient[];
  readonly console: Pick<JobConsole, "log" | "hold" | "resume">;
  readonly options: { readonly shutdownOnAttachedExit: boolean };
  /** Asks a question; undefined where nobody can answer. Default: the terminal. */
  readonly ask?: (question: string) => Promise<string> | undefined;
  readonly exit?: (code: number) => void;
}

/** Exit codes of a client that a signal has ended: 128 and the signal's number. */
const SIGNALS = [["SIGINT", 130], ["SIGTERM", 143]] as const;

/** See the module. */
export class Interrupts {
  readonly #options: InterruptOptions;
  readonly #left = Promise.withResolvers<void>();
  readonly #listeners: (readonly ["SIGINT" | "SIGTERM", () => void])[] = [];
  #exitCode: number | undefined;
  #isAsking = false;
  #hasCancelled = false;

  constructor(options: InterruptOptions) {
    this.#options = options;
    for (const [signal, code] of SIGNALS) {
      const listener = () => void this.signal(signal, code);
      Deno.addSignalListener(signal, listener);
      this.#listeners.push([signal, listener]);
    }
  }

  /** Set once a signal ends the client. */
  get exitCode(): number | undefined {
    return this.#exitCode;
  }
  /** Whether the jobs have ended because of it. */
  get hasCancelled(): boolean {
    return this.#hasCancelled;
  }
  /** Resolves when the client is to go though jobs may be running. */
  get left(): Promise<void> {
    return this.#left.promise;
  }
  close(): void {
    for (const [signal, listener] of this.#listeners.splice(0)) Deno.removeSignalListener(signal, listener);
  }

  /** A signal has come. */
  async signal(signal: "SIGINT" | "SIGTERM", code: number): Promise<void> {
    const { jobs, options, console, exit = Deno.exit } = this.#options;
    // The second one does not wait for anybody.
    if (this.#exitCode !== undefined || this.#isAsking || jobs().length === 0) return exit(code);
    const what = signal === "SIGINT" && !options.shutdownOnAttachedExit
      ? await this.#answer()
      : options.shutdownOnAttachedExit
      ? "cancel"
      : "leave";
    if (what === "stay") return;
    this.#exitCode = code;
    if (what === "cancel") {
      this.#hasCancelled = true;
      await Promise.all(jobs().map((job) => job.cancel().catch((error) => console.log("error", String(error)))));
    } else {
      for (const job of jobs()) {
        console.log("info", `job ${job.getJobID()} goes on; it ends with: tsflink cancel ${job.getJobID()}`);
      }
    }
    this.#left.resolve();
  }

  async #answer(): Promise<"cancel" | "leave" | "stay"> {
    const { ask = askTerminal, console } = this.#options;
    this.#isAsking = true;
    console.hold();
    const text = (await ask("Cancel the job? [y]es, [d]etach and leave it running, [N]o: "))?.trim().toLowerCase();
    console.resume();
    this.#isAsking = false;
    if (text === undefined) return "leave";
    return text.startsWith("y") ? "cancel" : text.startsWith("d") ? "leave" : "stay";
  }
}

function askTerminal(question: string): Promise<string> | undefined {
  if (!Deno.stdin.isTerminal() || !Deno.stderr.isTerminal()) return undefined;
  Deno.stderr.writeSync(new TextEncoder().encode(question));
  const line = new Uint8Array(256);
  return Deno.stdin.read(line).then((length) => new TextDecoder().decode(line.subarray(0, length ?? 0)));
}
