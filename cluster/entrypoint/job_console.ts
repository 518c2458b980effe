/**
 * Shows a local job on a terminal or in a pipe while it runs: the job's own output goes to stdout as it comes, progress
 * to stderr, at the end a summary.
 *
 * @module
 */

import type { Log, LogLevel } from "../../runtime/seams/log.ts";
import type { LocalJob } from "../minicluster/local_job.ts";
import { ANSI, type JobPicture, pictureJson, PLAIN, renderLine, renderSummary, renderTable } from "./live_view.ts";

/** How often a terminal is redrawn and a line is written, in ms. */
const REDRAW_MS = 200;
const LINE_MS = 1000;

/** What a console is made from. */
export interface JobConsoleOptions {
  /** "live" redraws a table, "lines" writes a line a second, "json" one object a second, "quiet" nothing. */
  readonly mode: "live" | "lines" | "json" | "quiet";
  readonly now: () => number;
  readonly columns: () => number;
  readonly colours: boolean;
  readonly write: (text: string, stream: "stdout" | "stderr") => void;
}

/** See the module. */
export class JobConsole implements Log {
  readonly #options: JobConsoleOptions;
  #job: LocalJob | undefined;
  #startedMs = 0;
  #endedMs: number | undefined;
  #drawnLines = 0;
  #pending: { text: string; stream: "stdout" | "stderr" }[] = [];
  #last = { ms: 0, read: new Map<string, number>() };
  #lastLineMs = 0;

  constructor(options: JobConsoleOptions) {
    this.#options = options;
  }

  /** How often {@link tick} wants to be called, in ms. */
  get intervalMs(): number {
    return REDRAW_MS;
  }

  log(level: LogLevel, message: string): void {
    if (level !== "debug") this.#pending.push({ text: `${level}: ${message}`, stream: "stderr" });
  }
  print(line: string, stream: "stdout" | "stderr"): void {
    this.#pending.push({ text: line, stream });
    if (this.#options.mode !== "live" && this.#pending.length >= 1024) this.#writePending();
  }

  /** A job has started; the picture shows the latest one. */
  attach(job: LocalJob): void {
    this.#job = job;
    this.#startedMs = this.#options.now();
    this.#endedMs = undefined;
    this.#last = { ms: this.#startedMs, read: new Map() };
    this.#lastLineMs = this.#startedMs;
    const end = () => void (this.#endedMs ??= this.#options.now());
    job.getJobExecutionResult().then(end, end);
  }

  /** Writes what has come and draws what is. */
  tick(): void {
    const { mode, now } = this.#options;
    this.#erase();
    this.#writePending();
    if (this.#job === undefined || mode === "quiet") return;
    if (mode === "live") {
      this.#draw(renderTable(this.#picture(), this.#options.columns(), this.#options.colours ? ANSI : PLAIN));
    } else if (now() - this.#lastLineMs >= LINE_MS && !this.#job.graph.isTerminal) {
      this.#lastLineMs = now();
      const picture = this.#picture();
      this.#options.write(
        `${mode === "json" ? JSON.stringify(pictureJson(picture)) : renderLine(picture)}\n`,
        "stderr",
      );
    }
  }

  /** The last words. */
  finish(): void {
    const { mode, columns, colours, write } = this.#options;
    this.#erase();
    this.#writePending();
    if (this.#job === undefined || mode === "quiet") return;
    const picture = this.#picture();
    if (mode === "json") write(`${JSON.stringify(pictureJson(picture))}\n`, "stderr");
    else write(`${renderSummary(picture, columns(), colours ? ANSI : PLAIN).join("\n")}\n`, "stderr");
  }

  #picture(): JobPicture {
    const job = this.#job!;
    const now = this.#options.now();
    const vertices = job.progress();
    const passed = (now - this.#last.ms) / 1000;
    const rates = new Map<string, number>();
    const read = new Map<string, number>();
    for (const vertex of vertices) {
      const total = Math.max(vertex.numRecordsIn, vertex.numRecordsOut);
      read.set(vertex.id, total);
      rates.set(vertex.id, passed <= 0 ? 0 : (total - (this.#last.read.get(vertex.id) ?? 0)) / passed);
    }
    this.#last = { ms: now, read };
    const elapsedMs = (this.#endedMs ?? now) - this.#startedMs;
    return { name: job.graph.jobGraph.name, state: job.graph.state, elapsedMs, vertices, rates };
  }

  #writePending(): void {
    const pending = this.#pending;
    this.#pending = [];
    for (let i = 0; i < pending.length;) {
      const { stream } = pending[i];
      let text = "";
      while (i < pending.length && pending[i].stream === stream) text += `${pending[i++].text}\n`;
      this.#options.write(text, stream);
    }
  }

  #draw(lines: readonly string[]): void {
    this.#options.write(`${lines.join("\n")}\n`, "stderr");
    this.#drawnLines = lines.length;
  }

  #erase(): void {
    if (this.#drawnLines === 0) return;
    this.#options.write(`\x1b[${this.#drawnLines}A\x1b[J`, "stderr");
    this.#drawnLines = 0;
  }
}
