/**
 * Shows local jobs on a terminal or in a pipe while they run: the job's own output goes to stdout as it comes, progress
 * to stderr, a summary when a job ends. In a terminal a table stands below the output and is redrawn in place. What a
 * program writes with `console.log` meanwhile goes through here, too: not into the table, and not before what it printed.
 *
 * @module
 */

import { format } from "node:util";
import type { Log, LogLevel } from "../../runtime/seams/log.ts";
import type { LocalJob } from "../minicluster/local_job.ts";
import {
  ANSI,
  isSource,
  type JobPicture,
  pictureJson,
  type PictureSize,
  PLAIN,
  recordsOf,
  renderLine,
  renderSummary,
  renderTable,
  type Style,
} from "./live_view.ts";

/** How often a terminal is redrawn and a line is written, in ms. */
const REDRAW_MS = 200;
/** How often output is written where nothing is redrawn, in ms. */
const FLUSH_MS = 20;
const LINE_MS = 1000;
/** How many rates the curve in the head of the table shows. */
const HISTORY = 16;
/** Weight of the newest rate in what is shown; the rest keeps the numbers from jumping. */
const SMOOTHING = 0.4;
/** Lines that are kept back before they are written without waiting for the next tick. */
const MAX_PENDING = 1024;

// Terminals that know it show everything between the two at once; the others ignore them.
const BEGIN_FRAME = "\x1b[?2026h\x1b[?25l";
const END_FRAME = "\x1b[?25h\x1b[?2026l";
const CLEAR_LINE_END = "\x1b[K";
const CLEAR_BELOW = "\x1b[J";
// deno-lint-ignore no-control-regex -- styles have no width
const STYLES = /\x1b\[[\d;]*m/g;

/** What a console needs of a job. */
export type ShownJob = Pick<LocalJob, "progress" | "getJobExecutionResult"> & {
  readonly graph: Pick<LocalJob["graph"], "state" | "isTerminal"> & { readonly jobGraph: { readonly name: string } };
};

/** What a console is made from. */
export interface JobConsoleOptions {
  /** "live" redraws a table, "lines" writes a line a second, "json" one object a second, "quiet" nothing. */
  readonly mode: "live" | "lines" | "json" | "quiet";
  readonly now: () => number;
  readonly columns: () => number;
  /** Height of the terminal. Default 24. */
  readonly rows?: () => number;
  readonly colours: boolean;
  readonly write: (text: string, stream: "stdout" | "stderr") => void;
}

/** See the module. */
export class JobConsole implements Log {
  readonly #options: JobConsoleOptions;
  readonly #style: Style;
  #shown: ShownProgress | undefined;
  #drawn: readonly string[] = [];
  #pending: { text: string; stream: "stdout" | "stderr" }[] = [];
  #lastLineMs = 0;
  #isHeld = false;
  #releaseConsole = (): void => {};

  constructor(options: JobConsoleOptions) {
    this.#options = options;
    this.#style = options.colours ? ANSI : PLAIN;
  }

  /** How often {@link tick} wants to be called, in ms. */
  get intervalMs(): number {
    return this.#options.mode === "live" ? REDRAW_MS : FLUSH_MS;
  }

  log(level: LogLevel, message: string): void {
    const { mode } = this.#options;
    if (level === "debug" || (level === "info" && mode === "quiet")) return;
    this.print(mode === "json" ? JSON.stringify({ level, message }) : `${level}: ${message}`, "stderr");
  }
  print(line: string, stream: "stdout" | "stderr"): void {
    this.#pending.push({ text: line, stream });
    if (this.#pending.length < MAX_PENDING) return;
    this.#frame([]);
  }

  /** A job has started; the picture shows the latest one. */
  attach(job: ShownJob): void {
    this.#end();
    const now = this.#options.now();
    this.#shown = new ShownProgress(job, now);
    this.#lastLineMs = now;
    this.#captureConsole();
    const end = () => {
      if (this.#shown?.job === job) this.#end();
    };
    // Heard before the program that waits for the job goes on: what it prints then comes below the summary.
    job.getJobExecutionResult().then(end, end);
  }

  /** Draws nothing until {@link resume}: somebody else writes to the terminal, below what is drawn. */
  hold(): void {
    this.#frame([]);
    this.#isHeld = true;
  }
  /** Goes on below whatever has been written meanwhile. */
  resume(): void {
    this.#isHeld = false;
  }

  /** Writes what has come and draws what is. */
  tick(): void {
    const { mode, now } = this.#options;
    if (this.#isHeld) return;
    const shown = this.#shown;
    if (shown === undefined || mode === "quiet") return this.#frame([]);
    if (mode === "live") {
      const lines = renderTable(shown.picture(now()), this.#size(), this.#style);
      const unchanged = this.#pending.length === 0 && lines.join("\n") === this.#drawn.join("\n");
      if (!unchanged) this.#frame(lines);
      return;
    }
    this.#frame([]);
    if (now() - this.#lastLineMs < LINE_MS) return;
    this.#lastLineMs = now();
    const picture = shown.picture(now());
    this.#options.write(`${mode === "json" ? JSON.stringify(pictureJson(picture)) : renderLine(picture)}\n`, "stderr");
  }

  /** The last words. */
  finish(): void {
    this.#end();
    this.#frame([]);
    this.#releaseConsole();
  }

  /** The summary of the job that is shown, which stays on the screen. */
  #end(): void {
    const { mode, now, write } = this.#options;
    const shown = this.#shown;
    this.#shown = undefined;
    this.#frame([]);
    if (shown === undefined || mode === "quiet") return;
    const picture = shown.picture(now());
    if (mode === "json") write(`${JSON.stringify(pictureJson(picture))}\n`, "stderr");
    else write(`${renderSummary(picture, this.#size(), this.#style).join("\n")}\n`, "stderr");
  }

  #size(): PictureSize {
    return { columns: this.#options.columns(), rows: this.#options.rows?.() ?? 24 };
  }

  /** Replaces what is drawn by what has come and by new lines; without lines nothing stays drawn. */
  #frame(lines: readonly string[]): void {
    const { write } = this.#options;
    const pending = this.#pending;
    this.#pending = [];
    const up = this.#heightOfDrawn();
    this.#drawn = lines;
    if (up === 0 && lines.length === 0) return this.#writeOut(pending);
    const home = up === 0 ? "\r" : `\x1b[${up}A\r`;
    if (pending.length === 0) {
      // Line by line over the old ones: nothing is ever empty, so nothing flickers.
      const body = lines.map((line) => `${line}${CLEAR_LINE_END}\n`).join("");
      write(`${BEGIN_FRAME}${home}${body}${CLEAR_BELOW}${END_FRAME}`, "stderr");
      return;
    }
    write(`${BEGIN_FRAME}${home}${CLEAR_BELOW}`, "stderr");
    this.#writeOut(pending);
    write(`${lines.map((line) => `${line}\n`).join("")}${END_FRAME}`, "stderr");
  }

  /** Rows of the terminal that the drawn lines take now: a terminal made narrower has wrapped them. */
  #heightOfDrawn(): number {
    const columns = Math.max(1, this.#options.columns());
    return this.#drawn.reduce((rows, line) => {
      return rows + Math.max(1, Math.ceil(line.replace(STYLES, "").length / columns));
    }, 0);
  }

  #writeOut(pending: readonly { text: string; stream: "stdout" | "stderr" }[]): void {
    for (let i = 0; i < pending.length;) {
      const { stream } = pending[i];
      let text = "";
      while (i < pending.length && pending[i].stream === stream) text += `${pending[i++].text}\n`;
      this.#options.write(text, stream);
    }
  }

  /** Lets what the program writes with console.log come out above the table, in order with what it prints. */
  #captureConsole(): void {
    this.#releaseConsole();
    const { log, info, debug, warn, error } = globalThis.console;
    const to = (stream: "stdout" | "stderr") => (...args: unknown[]) => this.print(format(...args), stream);
    Object.assign(globalThis.console, {
      log: to("stdout"),
      info: to("stdout"),
      debug: to("stdout"),
      warn: to("stderr"),
      error: to("stderr"),
    });
    this.#releaseConsole = () => {
      Object.assign(globalThis.console, { log, info, debug, warn, error });
      this.#releaseConsole = () => {};
    };
  }
}

/** A job with what is needed for rates. */
class ShownProgress {
  readonly #startedMs: number;
  #last: { readonly ms: number; readonly records: ReadonlyMap<string, number> };
  #rates: ReadonlyMap<string, number> = new Map();
  readonly #history: number[] = [];

  constructor(readonly job: ShownJob, nowMs: number) {
    this.#startedMs = nowMs;
    this.#last = { ms: nowMs, records: new Map() };
  }

  picture(nowMs: number): JobPicture {
    const vertices = this.job.progress();
    const seconds = (nowMs - this.#last.ms) / 1000;
    // Two pictures at once (the last tick and the summary) say nothing new about rates.
    if (seconds >= REDRAW_MS / 2000) {
      const records = new Map(vertices.map((vertex) => [vertex.id, recordsOf(vertex)]));
      const rates = new Map<string, number>();
      let read = 0;
      for (const vertex of vertices) {
        const newest = (records.get(vertex.id)! - (this.#last.records.get(vertex.id) ?? 0)) / seconds;
        const before = this.#rates.get(vertex.id) ?? newest;
        rates.set(vertex.id, before + SMOOTHING * (newest - before));
        if (isSource(vertex)) read += newest;
      }
      this.#last = { ms: nowMs, records };
      this.#rates = rates;
      this.#history.push(read);
      if (this.#history.length > HISTORY) this.#history.shift();
    }
    return {
      name: this.job.graph.jobGraph.name,
      state: this.job.graph.state,
      elapsedMs: nowMs - this.#startedMs,
      vertices,
      rates: this.#rates,
      history: [...this.#history],
    };
  }
}
