import assert from "node:assert/strict";
import fc from "fast-check";
import type { VertexProgress } from "../jobmaster/progress.ts";
import {
  ANSI,
  curve,
  formatCount,
  formatElapsed,
  formatWatermark,
  type JobPicture,
  pictureJson,
  PLAIN,
  renderLine,
  renderSummary,
  renderTable,
} from "./live_view.ts";

const operator = (name: string, numRecordsIn: number, numRecordsOut: number) => ({
  name,
  numRecordsIn,
  numRecordsOut,
});

function vertex(name: string, given: Partial<VertexProgress> = {}): VertexProgress {
  const { numRecordsIn = 0, numRecordsOut = 0 } = given;
  return {
    id: name,
    name,
    parallelism: 1,
    numRecordsIn,
    numRecordsOut,
    watermark: undefined,
    isBackPressured: false,
    busyTimeMs: 1.5,
    states: { RUNNING: 1 },
    operators: [operator(name, numRecordsIn, numRecordsOut)],
    ...given,
  };
}

const picture: JobPicture = {
  name: "airline delays",
  state: "RUNNING",
  elapsedMs: 1500,
  vertices: [
    vertex("Source: Flights", { numRecordsOut: 6586 }),
    vertex("Delays", {
      parallelism: 2,
      numRecordsIn: 6586,
      numRecordsOut: 2193,
      watermark: Date.UTC(2001, 0, 30, 13, 18, 59),
      isBackPressured: true,
    }),
    vertex("Ranking -> Sink: Print", {
      numRecordsIn: 2193,
      watermark: Date.UTC(2001, 0, 30, 12),
      states: { FINISHED: 1 },
      operators: [operator("Ranking", 2193, 29), operator("Sink: Print", 29, 0)],
    }),
  ],
  rates: new Map([["Source: Flights", 4526.4], ["Delays", 4500], ["Ranking -> Sink: Print", 1480]]),
  history: [0, 2263, 4526],
};

Deno.test("table at 80 columns", () => {
  assert.deepEqual(
    renderTable(picture, { columns: 80, rows: 24 }, PLAIN),
    [
      "",
      "airline delays  RUNNING 1.5 s  4,526 records/s ▁▅█",
      "                                  in        out  records/s         watermark",
      "● Source: Flights                         6,586      4,526                  ",
      "▲ Delays x2                    6,586      2,193      4,500  2001-01-30 13:18",
      "✓ Ranking -> Sink: Print       2,193                 1,480  2001-01-30 12:00",
      "    Ranking                    2,193         29                             ",
      "    Sink: Print                   29                                        ",
    ],
  );
});

Deno.test("the mark of a vertex", () => {
  const marks: [Partial<VertexProgress>, string][] = [
    [{ states: { RUNNING: 2 } }, "●"],
    [{ states: { RUNNING: 1, FINISHED: 1 } }, "●"],
    [{ states: { FINISHED: 2 } }, "✓"],
    [{ states: { RUNNING: 2 }, isBackPressured: true }, "▲"],
    [{ states: { CANCELED: 1, FINISHED: 1 } }, "■"],
    [{ states: { CANCELED: 1, FAILED: 1 } }, "✗"],
  ];
  for (const [given, mark] of marks) {
    const only = { ...picture, vertices: [vertex("A", { parallelism: 2, ...given })] };
    assert.equal(renderTable(only, { columns: 80, rows: 24 }, PLAIN)[3][0], mark);
  }
});

Deno.test("narrow: columns go one by one, names stay; low: operators go, then vertices", () => {
  const titles = (columns: number) => renderTable(picture, { columns, rows: 24 }, PLAIN)[2].trim().split(/\s+/);
  assert.deepEqual(titles(72), ["in", "out", "records/s", "watermark"]);
  assert.deepEqual(titles(71), ["in", "out", "watermark"]);
  assert.deepEqual(titles(60), ["in", "out"]);
  assert.deepEqual(titles(40), ["in"]);

  const rows = (rows: number) =>
    renderTable(picture, { columns: 80, rows }, PLAIN).slice(3).map((line) => line.slice(0, 12));
  assert.deepEqual(rows(9).length, 5);
  assert.deepEqual(rows(8), ["● Source: Fl", "▲ Delays x2 ", "✓ Ranking ->"]);
  assert.deepEqual(rows(6), ["● Source: Fl", "    and 2 mo"]);
  assert.deepEqual(rows(1), ["    and 3 mo"]);
});

Deno.test("no line is wider than the terminal, no table higher, whatever names and numbers", () => {
  const count = fc.nat(Number.MAX_SAFE_INTEGER);
  const anyVertex = fc.record({
    name: fc.string({ maxLength: 200 }),
    numRecordsIn: count,
    numRecordsOut: count,
    parallelism: fc.integer({ min: 1, max: 32768 }),
    watermark: fc.option(fc.integer(), { nil: undefined }),
    operators: fc.array(fc.record({ name: fc.string(), numRecordsIn: count, numRecordsOut: count }), { minLength: 1 }),
  }).map((given) => vertex(given.name, given));
  fc.assert(fc.property(
    fc.array(anyVertex, { maxLength: 12 }),
    fc.string({ unit: fc.constantFrom("a", " ", "\n", "\x1b", "\t") }),
    fc.integer({ min: 24, max: 200 }),
    fc.integer({ min: 5, max: 60 }),
    (vertices, name, columns, rows) => {
      const any = { ...picture, name, vertices, rates: new Map(vertices.map((v) => [v.id, v.numRecordsIn])) };
      const lines = renderTable(any, { columns, rows }, PLAIN);
      assert.ok(lines.length < rows, `${lines.length} lines in ${rows} rows`);
      for (const line of lines) assert.ok(line.length < columns, `${line.length} of ${columns}: ${line}`);
      assert.doesNotMatch(lines.join(""), /\p{Cc}/u);
      // deno-lint-ignore no-control-regex -- that is what is looked for
      const bare = renderTable(any, { columns, rows }, ANSI).map((line) => line.replace(/\x1b\[\d*m/g, ""));
      assert.deepEqual(bare, lines, "colours change no text");
    },
  ));
});

Deno.test("line of progress and summary", () => {
  assert.equal(
    renderLine(picture),
    "   1.5 s  RUNNING  6,586 read  4,526/s  29 at sinks  watermark 2001-01-30 12:00",
  );
  assert.equal(
    renderLine({ ...picture, vertices: [], elapsedMs: 0 }),
    "   0.0 s  RUNNING  0 read  0/s  0 at sinks  watermark none",
  );
  // A job that is one chain: what its source has emitted counts, though nothing leaves the chain.
  const chain = vertex("Source: A -> Sink: B", {
    operators: [operator("Source: A", 0, 70), operator("Sink: B", 70, 0)],
  });
  const done: JobPicture = { ...picture, state: "FINISHED", elapsedMs: 2000, vertices: [chain] };
  assert.equal(
    renderSummary(done, { columns: 80, rows: 24 }, PLAIN).at(-1),
    "FINISHED after 2.0 s: 70 records read, 35 a second.",
  );
  assert.deepEqual(pictureJson(done), {
    job: "airline delays",
    state: "FINISHED",
    elapsedMs: 2000,
    vertices: [{ ...chain, busyTimeMs: 2, recordsPerSecond: 0 }],
  });
});

Deno.test("numbers, times, watermarks, curves", () => {
  const counts: [number, string][] = [
    [0, "0"],
    [999.6, "1,000"],
    [9_999_999, "9,999,999"],
    [9_999_999.5, "10 M"],
    [12_345_678, "12.3 M"],
    [9_999_400_000, "9,999 M"],
    [9_999_600_000, "10 G"],
    [2 ** 53, "9,007 T"],
  ];
  for (const [count, text] of counts) assert.equal(formatCount(count), text);
  const times: [number, string][] = [
    [0, "0.0 s"],
    [59_949, "59.9 s"],
    [59_950, "1 m 00 s"],
    [125_400, "2 m 05 s"],
    [3_599_400, "59 m 59 s"],
    [3_600_000, "1 h 00 m"],
    [90_060_000, "25 h 01 m"],
  ];
  for (const [ms, text] of times) assert.equal(formatElapsed(ms), text);
  const watermarks: [number | undefined, string][] = [
    [undefined, ""],
    [-5, "-5"],
    [1000, "1000"],
    [Date.UTC(2001, 1, 3, 4, 5, 59, 999), "2001-02-03 04:05"],
    [Number.MAX_SAFE_INTEGER, "end"],
    [-9e15, "-9000000000000000"],
  ];
  for (const [timestamp, text] of watermarks) assert.equal(formatWatermark(timestamp), text);
  assert.equal(curve([0, 1, 4, 8]), "▁▂▅█");
  assert.equal(curve([0, 0]), "▁▁");
});
