/**
 * The life of a role's process: what is stopped in which order, what signals do, and with which code it ends.
 *
 * The first SIGTERM or SIGINT stops in order and ends with 0; the second ends at once with 143 or 130.
 *
 * @module
 */

import type { Log } from "../../runtime/seams/log.ts";
import { EXIT_CODES } from "./exit_codes.ts";

/** What a {@link RoleProcess} touches of the system. */
export interface ProcessSystem {
  exit(code: number): void;
  onSignal(signal: "SIGTERM" | "SIGINT", listener: () => void): void;
  /** Calls back after so long. */
  after(ms: number, fn: () => void): () => void;
}

/** See the module. */
export interface RoleProcessOptions {
  readonly role: string;
  readonly log: Log;
  /** `cluster.services.shutdown-timeout`. */
  readonly shutdownTimeoutMs: number;
  readonly system?: ProcessSystem;
}

interface Stop {
  readonly name: string;
  readonly stop: () => void | Promise<void>;
}

const SIGNALS = [["SIGTERM", EXIT_CODES.terminated], ["SIGINT", EXIT_CODES.interrupted]] as const;

/** See the module. */
export class RoleProcess {
  readonly #options: RoleProcessOptions;
  readonly #system: ProcessSystem;
  readonly #stops: Stop[] = [];
  #isEnding = false;

  constructor(options: RoleProcessOptions) {
    this.#options = options;
    this.#system = options.system ?? systemProcess();
    for (const [signal, code] of SIGNALS) this.#system.onSignal(signal, () => this.#signalled(signal, code));
  }

  /** Whether the process has been asked to end. */
  get isEnding(): boolean {
    return this.#isEnding;
  }

  /** Adds something to be stopped at the end; what was added last is stopped first. */
  onStop(name: string, stop: Stop["stop"]): void {
    this.#stops.push({ name, stop });
  }

  /** Stops everything and ends the process; the first call counts. */
  end(code: number, cause: string): void {
    if (this.#isEnding) return;
    this.#isEnding = true;
    const { log, role, shutdownTimeoutMs } = this.#options;
    log.log(code === EXIT_CODES.stopped ? "info" : "error", `${role} ends: ${cause}`, { code });
    this.#system.after(shutdownTimeoutMs, () => {
      log.log("error", `${role} has not stopped within ${shutdownTimeoutMs} ms`);
      this.#exit(code === EXIT_CODES.stopped ? EXIT_CODES.failed : code);
    });
    this.#stopAll().then(() => this.#exit(code));
  }

  /** What could not be started leaves nothing behind: stops what was, whatever that takes within the limit. */
  async abandon(): Promise<void> {
    this.#isEnding = true;
    await Promise.race([
      this.#stopAll(),
      new Promise<void>((resolve) => void this.#system.after(this.#options.shutdownTimeoutMs, resolve)),
    ]);
  }

  async #stopAll(): Promise<void> {
    for (const { name, stop } of this.#stops.toReversed()) {
      this.#options.log.log("debug", `stopping ${name}`);
      try {
        await stop();
      } catch (error) {
        this.#options.log.log("warn", `${name} could not be stopped`, { error });
      }
    }
  }

  #signalled(signal: string, code: number): void {
    if (!this.#isEnding) return this.end(EXIT_CODES.stopped, signal);
    const { log, role } = this.#options;
    log.log("warn", `${role} ends at once: another ${signal}`);
    this.#exit(code);
  }

  #exit(code: number): void {
    this.#options.log.flush?.();
    this.#system.exit(code);
  }
}

function systemProcess(): ProcessSystem {
  return {
    exit: (code) => Deno.exit(code),
    onSignal: (signal, listener) => Deno.addSignalListener(signal, listener),
    after: (ms, fn) => {
      const timer = setTimeout(fn, ms);
      return () => clearTimeout(timer);
    },
  };
}
