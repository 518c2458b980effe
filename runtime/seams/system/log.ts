/**
 * Log lines to standard error and job output to both streams. Job output is collected and written in pieces of 64 KiB,
 * at the latest a few milliseconds after the line and when the process ends; a reader that went away (`| head`) ends
 * the output silently. Made by system_seams.ts.
 *
 * @module
 */

import type { Log, LogLevel } from "../log.ts";
import { type SyncWriter, writeAll } from "./write_all.ts";

/** Where a {@link SystemLog} writes and what it leaves out. */
export interface SystemLogOptions {
  readonly stdout?: SyncWriter;
  readonly stderr?: SyncWriter;
  /** Lines below this level are dropped. Default "info". */
  readonly level?: LogLevel;
}

const FLUSH_CHARS = 64 * 1024;
const FLUSH_DELAY_MS = 5;
const LEVELS: readonly LogLevel[] = ["debug", "info", "warn", "error"];

/** One output stream with its collected lines. */
class LineBuffer {
  readonly #encoder = new TextEncoder();
  #lines: string[] = [];
  #chars = 0;
  #broken = false;

  constructor(readonly writer: SyncWriter) {}

  /** True when the first line after a flush was added. */
  add(line: string): boolean {
    if (this.#broken) return false;
    this.#lines.push(line);
    this.#chars += line.length + 1;
    if (this.#chars >= FLUSH_CHARS) this.flush();
    return this.#lines.length === 1;
  }

  flush(): void {
    if (this.#lines.length === 0 || this.#broken) return;
    const bytes = this.#encoder.encode(this.#lines.join("\n") + "\n");
    this.#lines = [];
    this.#chars = 0;
    try {
      writeAll(this.writer, bytes);
    } catch {
      // Nobody reads any more.
      this.#broken = true;
    }
  }
}

/** The console. */
export class SystemLog implements Log {
  readonly #stdout: LineBuffer;
  readonly #stderr: LineBuffer;
  readonly #lowestLevel: number;
  #flushPlanned = false;

  constructor(options: SystemLogOptions = {}) {
    this.#stdout = new LineBuffer(options.stdout ?? Deno.stdout);
    this.#stderr = new LineBuffer(options.stderr ?? Deno.stderr);
    this.#lowestLevel = LEVELS.indexOf(options.level ?? "info");
    // The process ends: normally or by Deno.exit, by a throw, by a rejection. Nothing printed may be lost with it.
    for (const end of ["unload", "error", "unhandledrejection"]) globalThis.addEventListener(end, () => this.flush());
  }

  log(level: LogLevel, message: string, fields?: Readonly<Record<string, unknown>>): void {
    if (LEVELS.indexOf(level) < this.#lowestLevel) return;
    const time = new Date().toISOString();
    const extra = fields === undefined ? "" : formatFields(fields);
    this.#stdout.flush();
    this.#stderr.add(`${time} ${level.toUpperCase().padEnd(5)} ${message}${extra}`);
    this.#stderr.flush();
  }

  print(line: string, stream: "stdout" | "stderr"): void {
    const buffer = stream === "stdout" ? this.#stdout : this.#stderr;
    if (buffer.add(line) && !this.#flushPlanned) {
      this.#flushPlanned = true;
      setTimeout(() => {
        this.#flushPlanned = false;
        this.flush();
      }, FLUSH_DELAY_MS);
    }
  }

  /** Writes what is collected. */
  flush(): void {
    this.#stdout.flush();
    this.#stderr.flush();
  }
}

function formatFields(fields: Readonly<Record<string, unknown>>): string {
  let text = "";
  for (const [name, value] of Object.entries(fields)) {
    let shown: string;
    try {
      shown = value instanceof Error ? value.message : typeof value === "string" ? value : JSON.stringify(value) ??
        String(value);
    } catch {
      shown = String(value);
    }
    text += ` ${name}=${shown}`;
  }
  return text;
}
