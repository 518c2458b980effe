/**
 * What a person sees of a running local job: in a terminal a table that is redrawn below the job's output, in a pipe
 * plain lines. Pure text making; local_command.ts writes it.
 *
 * @module
 */

import type { VertexProgress } from "../minicluster/progress.ts";
import type { JobState } from "../jobmaster/job_states.ts";

/** Everything one picture shows. */
export interface JobPicture {
  readonly name: string;
  readonly state: JobState;
  readonly elapsedMs: number;
  readonly vertices: readonly VertexProgress[];
  /** Records read per second since the last picture, by vertex id. */
  readonly rates: ReadonlyMap<string, number>;
}

const COLUMNS = ["in", "out", "records/s", "watermark", ""] as const;
/** Widths of the columns after the name. */
const WIDTHS = [12, 12, 11, 20, 14] as const;
const MIN_NAME_WIDTH = 16;

/** Styles of the terminal; empty strings when colours are off. */
export interface Style {
  readonly bold: string;
  readonly dim: string;
  readonly green: string;
  readonly yellow: string;
  readonly red: string;
  readonly reset: string;
}
/** ANSI styles. */
export const ANSI: Style = {
  bold: "\x1b[1m",
  dim: "\x1b[2m",
  green: "\x1b[32m",
  yellow: "\x1b[33m",
  red: "\x1b[31m",
  reset: "\x1b[0m",
};
/** No styles. */
export const PLAIN: Style = { bold: "", dim: "", green: "", yellow: "", red: "", reset: "" };

/** The live table, one string per line, none wider than `columns`. */
export function renderTable(picture: JobPicture, columns: number, style: Style): string[] {
  const nameWidth = Math.max(MIN_NAME_WIDTH, columns - WIDTHS.reduce((sum, width) => sum + width, 0) - 1);
  const head = `${" ".repeat(nameWidth)}${COLUMNS.map((column, i) => column.padStart(WIDTHS[i])).join("")}`;
  const lines = [
    "",
    `${style.bold}${clip(picture.name, columns - 30)}${style.reset}  ${
      stateColour(picture.state, style)
    }${picture.state}` +
    `${style.reset}  ${seconds(picture.elapsedMs)}`,
    `${style.dim}${clip(head, columns)}${style.reset}`,
  ];
  for (const vertex of picture.vertices) {
    lines.push(clip(vertexLine(vertex, picture.rates.get(vertex.id) ?? 0, nameWidth), columns));
    if (vertex.operators.length > 1) {
      for (const operator of vertex.operators) {
        const cells = [count(operator.numRecordsIn), count(operator.numRecordsOut)];
        const line = `  ${operator.name}`.slice(0, nameWidth - 1).padEnd(nameWidth) +
          cells.map((cell, i) => cell.padStart(WIDTHS[i])).join("");
        lines.push(`${style.dim}${clip(line, columns)}${style.reset}`);
      }
    }
  }
  return lines;
}

/** One line of progress for a pipe. */
export function renderLine(picture: JobPicture): string {
  const { vertices } = picture;
  const read = vertices.filter((vertex) => vertex.id === vertices[0]?.id);
  const rate = read.reduce((sum, vertex) => sum + (picture.rates.get(vertex.id) ?? 0), 0);
  const watermarks = vertices.flatMap((vertex) => vertex.watermark === undefined ? [] : [vertex.watermark]);
  const watermark = watermarks.length === 0 ? "-" : instant(Math.min(...watermarks));
  const written = vertices.at(-1)?.numRecordsIn ?? 0;
  return `${seconds(picture.elapsedMs)}  ${picture.state}  read ${count(vertices[0]?.numRecordsOut ?? 0)} ` +
    `(${count(rate)}/s)  at sinks ${count(written)}  watermark ${watermark}`;
}

/** The last words of a job. */
export function renderSummary(picture: JobPicture, columns: number, style: Style): string[] {
  const total = picture.vertices[0]?.numRecordsOut ?? 0;
  const rate = picture.elapsedMs === 0 ? 0 : (total * 1000) / picture.elapsedMs;
  return [
    ...renderTable({ ...picture, rates: new Map() }, columns, style),
    "",
    `${picture.name}: ${picture.state} after ${seconds(picture.elapsedMs)}, ` +
    `${count(total)} records read (${count(rate)}/s).`,
  ];
}

/** The same as an object, for `--json`. */
export function pictureJson(picture: JobPicture): Record<string, unknown> {
  return {
    job: picture.name,
    state: picture.state,
    elapsedMs: Math.round(picture.elapsedMs),
    vertices: picture.vertices.map((vertex) => ({
      ...vertex,
      busyTimeMs: Math.round(vertex.busyTimeMs),
      recordsPerSecond: Math.round(picture.rates.get(vertex.id) ?? 0),
    })),
  };
}

function vertexLine(vertex: VertexProgress, rate: number, nameWidth: number): string {
  const parallelism = vertex.parallelism === 1 ? "" : ` x${vertex.parallelism}`;
  const name = `${vertex.name.slice(0, nameWidth - 1 - parallelism.length)}${parallelism}`.padEnd(nameWidth);
  const finished = (vertex.states.FINISHED ?? 0) === vertex.parallelism;
  const note = finished ? "finished" : vertex.isBackPressured ? "back pressure" : "";
  const watermark = vertex.watermark === undefined ? "-" : instant(vertex.watermark);
  const cells = [count(vertex.numRecordsIn), count(vertex.numRecordsOut), count(rate), watermark, note];
  return name + cells.map((cell, i) => cell.padStart(WIDTHS[i])).join("");
}

function stateColour(state: JobState, style: Style): string {
  if (state === "FINISHED" || state === "RUNNING") return style.green;
  return state === "FAILED" || state === "FAILING" ? style.red : style.yellow;
}

/** 12,345 */
function count(n: number): string {
  return Math.round(n).toLocaleString("en-US");
}
/** 1.2 s */
function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
/** A watermark as a time of day where it is one, as a number otherwise. */
function instant(timestamp: number): string {
  if (timestamp >= Number.MAX_SAFE_INTEGER) return "end";
  // Small numbers are counters of a test, not times.
  if (Math.abs(timestamp) < 1e10) return String(timestamp);
  return new Date(timestamp).toISOString().slice(0, 19).replace("T", " ");
}
function clip(text: string, columns: number): string {
  return text.length <= columns ? text : text.slice(0, Math.max(0, columns - 1)) + "…";
}
