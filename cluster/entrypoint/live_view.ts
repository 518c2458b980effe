/**
 * What a person sees of a running local job: in a terminal a table that is redrawn below the job's output, in a pipe
 * plain lines. Pure text making; job_console.ts decides when and where it is written.
 *
 * @module
 */

import type { OperatorProgress, VertexProgress } from "../jobmaster/progress.ts";
import type { JobState } from "../jobmaster/job_states.ts";

/** Everything one picture shows. */
export interface JobPicture {
  readonly name: string;
  readonly state: JobState;
  readonly elapsedMs: number;
  readonly vertices: readonly VertexProgress[];
  /** Records per second lately, by vertex id; see {@link recordsOf}. */
  readonly rates: ReadonlyMap<string, number>;
  /** Records read per second by all sources, oldest first; drawn as a small curve. */
  readonly history?: readonly number[];
}

/** Room of a picture. */
export interface PictureSize {
  readonly columns: number;
  readonly rows: number;
}

/** Styles of the terminal; empty strings when colours are off. */
export interface Style {
  readonly bold: string;
  readonly dim: string;
  readonly green: string;
  readonly yellow: string;
  readonly red: string;
  readonly cyan: string;
  readonly reset: string;
}
/** ANSI styles. */
export const ANSI: Style = {
  bold: "\x1b[1m",
  dim: "\x1b[2m",
  green: "\x1b[32m",
  yellow: "\x1b[33m",
  red: "\x1b[31m",
  cyan: "\x1b[36m",
  reset: "\x1b[0m",
};
/** No styles. */
export const PLAIN: Style = { bold: "", dim: "", green: "", yellow: "", red: "", cyan: "", reset: "" };

interface Column {
  readonly title: string;
  readonly width: number;
  readonly vertex: (vertex: VertexProgress, rate: number) => string;
  readonly operator: (operator: OperatorProgress) => string;
}

/** In the order of the table; the names come before them. */
const COLUMNS: readonly Column[] = [
  {
    title: "in",
    width: 11,
    vertex: (vertex) => isSource(vertex) ? "" : formatCount(vertex.numRecordsIn),
    operator: (operator) => operator.name.startsWith(SOURCE) ? "" : formatCount(operator.numRecordsIn),
  },
  {
    title: "out",
    width: 11,
    vertex: (vertex) => SINK.test(vertex.operators.at(-1)?.name ?? "") ? "" : formatCount(vertex.numRecordsOut),
    operator: (operator) => SINK.test(operator.name) ? "" : formatCount(operator.numRecordsOut),
  },
  { title: "records/s", width: 11, vertex: (_, rate) => formatCount(rate), operator: () => "" },
  { title: "watermark", width: 18, vertex: (vertex) => formatWatermark(vertex.watermark), operator: () => "" },
];
/** These go first where room is short. */
const DROPPED_FIRST = ["records/s", "watermark", "out"];
const SOURCE = "Source: ";
const SINK = /^Sink: |: Writer$/;
const MIN_NAME_WIDTH = 20;
const MAX_NAME_WIDTH = 64;
/** What the table has besides its rows: an empty line, the head, the titles. */
const FRAME_ROWS = 3;
const CURVE = "▁▂▃▄▅▆▇█";

/** The live table, one string per line, none wider than `columns`, no more of them than `rows`. */
export function renderTable(picture: JobPicture, size: PictureSize, style: Style): string[] {
  // The last column stays free: some terminals break the line as soon as it is written to.
  const columns = Math.max(20, size.columns - 1);
  const shown = columnsThatFit(columns);
  const nameWidth = Math.min(
    MAX_NAME_WIDTH,
    columns - shown.reduce((sum, column) => sum + column.width, 0),
    Math.max(MIN_NAME_WIDTH, 3 + Math.max(...picture.vertices.map(longestName))),
  );
  const titles = " ".repeat(nameWidth) + shown.map(({ title, width }) => title.padStart(width)).join("");
  const rows = tableRows(picture, shown, nameWidth);
  const all = rows.flatMap(({ vertex, operators }) => [vertex, ...operators]);
  const room = Math.max(1, size.rows - FRAME_ROWS - 1);
  const lines = all.length <= room ? all : fewer(rows.map(({ vertex }) => vertex), room);
  return ["", head(picture, columns, style), dim(titles, style), ...lines.map((line) => paint(line, style))];
}

/** One line of progress for a pipe. */
export function renderLine(picture: JobPicture): string {
  return `${formatElapsed(picture.elapsedMs).padStart(8)}  ${picture.state}  ${
    formatCount(recordsRead(picture))
  } read  ` +
    `${formatCount(readRate(picture))}/s  ${formatCount(recordsAtSinks(picture))} at sinks  ` +
    `watermark ${formatWatermark(lowestWatermark(picture)) || "none"}`;
}

/** The last words of a job. */
export function renderSummary(picture: JobPicture, size: PictureSize, style: Style): string[] {
  const read = recordsRead(picture);
  const seconds = picture.elapsedMs / 1000;
  const average = new Map(
    picture.vertices.map((vertex) => [vertex.id, seconds === 0 ? 0 : recordsOf(vertex) / seconds]),
  );
  const rate = seconds === 0 ? 0 : read / seconds;
  return [
    ...renderTable({ ...picture, rates: average, history: undefined }, size, style),
    `${stateStyle(picture.state, style)}${picture.state}${style.reset} after ${formatElapsed(picture.elapsedMs)}: ` +
    `${formatCount(read)} records read, ${formatCount(rate)} a second.`,
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

/** The records that stand for the work of a vertex: what a source emits, what all others receive. */
export function recordsOf(vertex: VertexProgress): number {
  return isSource(vertex) ? vertex.operators[0].numRecordsOut : vertex.numRecordsIn;
}
/** Whether a vertex reads from outside. */
export function isSource(vertex: VertexProgress): boolean {
  return vertex.operators[0]?.name.startsWith(SOURCE) ?? false;
}

/** 12,345; from ten million on 12.3 M. */
export function formatCount(count: number): string {
  if (count < 9_999_999.5) return Math.round(count).toLocaleString("en-US");
  const units = ["M", "G", "T"];
  let scaled = count / 1e6;
  let unit = 0;
  while (scaled >= 9_999.5 && unit < units.length - 1) {
    scaled /= 1000;
    unit++;
  }
  return `${scaled.toLocaleString("en-US", { maximumFractionDigits: scaled < 1000 ? 1 : 0 })} ${units[unit]}`;
}
/** 1.2 s, 2 m 05 s, 3 h 07 m. */
export function formatElapsed(ms: number): string {
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  const two = (n: number) => String(n).padStart(2, "0");
  if (seconds < 3600) return `${Math.floor(seconds / 60)} m ${two(seconds % 60)} s`;
  return `${Math.floor(seconds / 3600)} h ${two(Math.floor(seconds / 60) % 60)} m`;
}
/** Largest distance from 1970 that a Date can hold, in ms. */
const MAX_DATE_MS = 8.64e15;

/** A watermark as date and time (UTC) where it is one, as a number otherwise; empty before the first. */
export function formatWatermark(timestamp: number | undefined): string {
  if (timestamp === undefined) return "";
  if (timestamp >= Number.MAX_SAFE_INTEGER) return "end";
  // Small numbers are counters of a test, not times.
  if (Math.abs(timestamp) < 1e10 || Math.abs(timestamp) > MAX_DATE_MS) return String(timestamp);
  const text = new Date(timestamp).toISOString();
  return text.slice(0, text.indexOf("T") + 6).replace("T", " ");
}
/** Numbers as a curve of one line, the largest one highest. */
export function curve(numbers: readonly number[]): string {
  const largest = Math.max(...numbers, 1);
  return numbers.map((n) => CURVE[Math.min(CURVE.length - 1, Math.floor((n / largest) * CURVE.length))]).join("");
}

function head(picture: JobPicture, columns: number, style: Style): string {
  const state = ` ${picture.state} `;
  const rest = `${formatElapsed(picture.elapsedMs)}`;
  const wave = picture.history === undefined || picture.history.length < 2 ? "" : curve(picture.history);
  const rate = picture.history === undefined ? "" : `  ${formatCount(readRate(picture))} records/s `;
  const name = clip(picture.name, Math.max(8, columns - state.length - rest.length - 1));
  const used = name.length + 1 + state.length + rest.length;
  const tail = used + rate.length + wave.length <= columns ? `${rate}${style.cyan}${wave}${style.reset}` : "";
  return `${style.bold}${name}${style.reset} ${stateStyle(picture.state, style)}${state}${style.reset}${rest}${tail}`;
}

interface Row {
  readonly text: string;
  readonly kind: keyof typeof MARKS | "operator";
}

function tableRows(
  { vertices, rates }: JobPicture,
  columns: readonly Column[],
  nameWidth: number,
): { vertex: Row; operators: Row[] }[] {
  const row = (name: string, cells: readonly string[]) =>
    clip(name, nameWidth - 1).padEnd(nameWidth) + cells.map((cell, i) => cell.padStart(columns[i].width)).join("");
  return vertices.map((vertex) => {
    const kind = kindOf(vertex);
    const suffix = vertex.parallelism === 1 ? "" : ` x${vertex.parallelism}`;
    const name = `${MARKS[kind]} ${clip(vertex.name, nameWidth - 3 - suffix.length)}${suffix}`;
    const rate = rates.get(vertex.id) ?? 0;
    return {
      vertex: { kind, text: row(name, columns.map((column) => column.vertex(vertex, rate))) },
      operators: vertex.operators.length < 2 ? [] : vertex.operators.map((operator) => ({
        kind: "operator" as const,
        text: row(`    ${operator.name}`, columns.map((column) => column.operator(operator))),
      })),
    };
  });
}

const MARKS = { running: "●", finished: "✓", "back pressure": "▲", failed: "✗", cancelled: "■" } as const;

function kindOf(vertex: VertexProgress): keyof typeof MARKS {
  if ((vertex.states.FAILED ?? 0) > 0) return "failed";
  if ((vertex.states.FINISHED ?? 0) === vertex.parallelism) return "finished";
  if ((vertex.states.CANCELED ?? 0) > 0) return "cancelled";
  return vertex.isBackPressured ? "back pressure" : "running";
}

function paint({ text, kind }: Row, style: Style): string {
  if (kind === "operator") return dim(text, style);
  const colours = {
    running: style.green,
    finished: style.dim,
    "back pressure": style.yellow,
    failed: style.red,
    cancelled: style.dim,
  };
  return `${colours[kind]}${text[0]}${style.reset}${text.slice(1)}`;
}

/** The first rows and how many are left out. */
function fewer(rows: readonly Row[], room: number): Row[] {
  if (rows.length <= room) return [...rows];
  const shown = Math.max(0, room - 1);
  return [...rows.slice(0, shown), { kind: "operator", text: `    and ${rows.length - shown} more` }];
}

function columnsThatFit(columns: number): readonly Column[] {
  let shown = COLUMNS;
  for (const title of DROPPED_FIRST) {
    if (shown.reduce((sum, { width }) => sum + width, MIN_NAME_WIDTH) <= columns) break;
    shown = shown.filter((column) => column.title !== title);
  }
  return shown;
}

function longestName(vertex: VertexProgress): number {
  const operators = vertex.operators.length < 2 ? [] : vertex.operators.map(({ name }) => name.length + 2);
  return Math.max(vertex.name.length + (vertex.parallelism === 1 ? 0 : 5), ...operators);
}

function recordsRead({ vertices }: JobPicture): number {
  return vertices.filter(isSource).reduce((sum, vertex) => sum + recordsOf(vertex), 0);
}
function readRate({ vertices, rates }: JobPicture): number {
  return vertices.filter(isSource).reduce((sum, vertex) => sum + (rates.get(vertex.id) ?? 0), 0);
}
function recordsAtSinks({ vertices }: JobPicture): number {
  const sinks = vertices.flatMap(({ operators }) => operators.filter(({ name }) => SINK.test(name)));
  return sinks.reduce((sum, operator) => sum + operator.numRecordsIn, 0);
}
function lowestWatermark({ vertices }: JobPicture): number | undefined {
  const known = vertices.flatMap(({ watermark }) => watermark === undefined ? [] : [watermark]);
  return known.length === 0 ? undefined : Math.min(...known);
}
function stateStyle(state: JobState, style: Style): string {
  if (state === "FINISHED" || state === "RUNNING") return style.green;
  return state === "FAILED" || state === "FAILING" ? style.red : style.yellow;
}
function dim(text: string, style: Style): string {
  return `${style.dim}${text}${style.reset}`;
}
/** Cuts a text to a width; control characters would move the cursor. */
function clip(text: string, columns: number): string {
  const plain = text.replace(/\p{Cc}/gu, " ");
  return plain.length <= columns ? plain : plain.slice(0, Math.max(0, columns - 1)) + "…";
}
