/** Pictures of a job against what can be counted from it, and consoles against what was given to them. */

import assert from "node:assert/strict";
import fc from "fast-check";
import type { VertexProgress } from "../jobmaster/progress.ts";
import { JobConsole, type JobConsoleOptions, type ShownJob } from "./job_console.ts";
import {
  curve,
  formatCount,
  formatElapsed,
  formatWatermark,
  isSource,
  type JobPicture,
  pictureJson,
  PLAIN,
  recordsOf,
  renderLine,
  renderSummary,
  renderTable,
} from "./live_view.ts";

const count = fc.nat(5_000_000);
const operatorNames = fc.constantFrom(
  "Source: A",
  "Map",
  "Sink: Print",
  "Files: Writer",
  "Source of truth",
  "A Sink: B",
);
const vertices: fc.Arbitrary<VertexProgress[]> = fc.array(
  fc.record({
    name: operatorNames,
    parallelism: fc.integer({ min: 1, max: 4 }),
    numRecordsIn: count,
    numRecordsOut: count,
    watermark: fc.option(fc.integer({ min: -1e6, max: 1e6 }), { nil: undefined }),
    isBackPressured: fc.boolean(),
    busyTimeMs: fc.float({ min: 0, max: 1000, noNaN: true }),
    states: fc.constantFrom<VertexProgress["states"]>({ RUNNING: 1 }, { FINISHED: 1 }, { FAILED: 1 }, {}),
    operators: fc.array(
      fc.record({ name: operatorNames, numRecordsIn: count, numRecordsOut: count }, { noNullPrototype: true }),
      { minLength: 1, maxLength: 4 },
    ),
  }, { noNullPrototype: true }),
  { maxLength: 6 },
).map((all) => all.map((each, i) => ({ ...each, id: `v${i}` })));
const pictureOf = (vertices: readonly VertexProgress[], elapsedMs: number): JobPicture => ({
  name: "job",
  state: "RUNNING",
  elapsedMs,
  vertices,
  rates: new Map(vertices.map(({ id }, i) => [id, i * 1000 + 0.4])),
});

Deno.test("the line and the last words count sources by what they emit and sinks by what they get", () => {
  fc.assert(
    fc.property(vertices, fc.integer({ min: 0, max: 100_000 }), (all, elapsedMs) => {
      const picture = pictureOf(all, elapsedMs);
      let [read, rate, sunk] = [0, 0, 0];
      let watermark = Infinity;
      all.forEach(({ operators, watermark: own }, i) => {
        if (operators[0].name.indexOf("Source: ") === 0) {
          read += operators[0].numRecordsOut;
          rate += i * 1000 + 0.4;
        }
        for (const { name, numRecordsIn } of operators) {
          if (name.startsWith("Sink: ") || name.endsWith(": Writer")) sunk += numRecordsIn;
        }
        watermark = Math.min(watermark, own ?? Infinity);
      });
      const shown = (n: number) => n < 9_999_999.5 ? Math.round(n).toLocaleString("en-US") : formatCount(n);
      assert.equal(
        renderLine(picture).trimStart(),
        `${formatElapsed(elapsedMs)}  RUNNING  ${shown(read)} read  ${shown(rate)}/s  ${shown(sunk)} at sinks  ` +
          `watermark ${watermark === Infinity ? "none" : watermark}`,
      );
      const last = renderSummary(picture, { columns: 100, rows: 50 }, PLAIN).at(-1)!;
      const perSecond = elapsedMs === 0 ? 0 : read * 1000 / elapsedMs;
      assert.ok(last.includes(`: ${shown(read)} records read, `), last);
      assert.ok(
        Math.abs(Number(/read, ([\d,]+) a second/.exec(last)?.[1].replaceAll(",", "") ?? perSecond) - perSecond) <=
          0.51,
      );
    }),
    { numRuns: 200 },
  );
});

Deno.test("a wide and high table has a line for each vertex and each operator of a chain, in order", () => {
  fc.assert(
    fc.property(vertices, (all) => {
      const lines = renderTable(pictureOf(all, 0), { columns: 150, rows: 200 }, PLAIN).slice(3);
      const expected = all.flatMap(({ name, parallelism, operators }) => [
        `${name}${parallelism === 1 ? "" : ` x${parallelism}`}`,
        ...operators.length < 2 ? [] : operators.map((operator) => `    ${operator.name}`),
      ]);
      assert.equal(lines.length, expected.length);
      lines.forEach((line, i) => {
        const name = expected[i];
        const start = name.startsWith("    ") ? name : `${line[0]} ${name}`;
        assert.ok(line.startsWith(`${start} `), `${line} is not of ${name}`);
      });
      const marks = lines.filter((line) => line[0] !== " ").map((line) => line[0]);
      const model = all.map(({ states, parallelism, isBackPressured }) =>
        states.FAILED ? "✗" : (states.FINISHED ?? 0) === parallelism ? "✓" : isBackPressured ? "▲" : "●"
      );
      assert.deepEqual(marks, model);
    }),
    { numRuns: 200 },
  );
});

Deno.test("the picture as JSON: all of every vertex, numbers rounded, nothing that JSON cannot hold", () => {
  fc.assert(
    fc.property(vertices, fc.float({ min: 0, max: 1e6, noNaN: true }), (all, elapsedMs) => {
      const json = pictureJson(pictureOf(all, elapsedMs));
      const back = JSON.parse(JSON.stringify(json));
      assert.equal(back.elapsedMs, Math.round(elapsedMs));
      assert.equal(back.vertices.length, all.length);
      all.forEach((vertex, i) => {
        const { recordsPerSecond, busyTimeMs, ...rest } = back.vertices[i];
        assert.deepEqual([recordsPerSecond, busyTimeMs], [i * 1000, Math.round(vertex.busyTimeMs)]);
        const { busyTimeMs: _, ...expected } = vertex;
        assert.deepEqual(rest, JSON.parse(JSON.stringify(expected)));
      });
    }),
    { numRuns: 100 },
  );
});

Deno.test("a vertex is a source by its first operator only, and its records are those it brings in", () => {
  const vertex = (...names: string[]) =>
    ({
      numRecordsIn: 5,
      operators: names.map((name, i) => ({ name, numRecordsIn: 0, numRecordsOut: 10 + i })),
    }) as unknown as VertexProgress;
  const table: [VertexProgress, boolean, number][] = [
    [vertex("Source: A"), true, 10],
    [vertex("Source: A", "Map", "Sink: B"), true, 10],
    [vertex("Map", "Source: A"), false, 5],
    [vertex("Source of truth"), false, 5],
    [vertex(), false, 5],
  ];
  for (const [each, source, records] of table) assert.deepEqual([isSource(each), recordsOf(each)], [source, records]);
});

Deno.test("numbers are told within their last digit, longer times and later dates never as smaller ones", () => {
  const scales: Readonly<Record<string, number>> = { "": 1, " M": 1e6, " G": 1e9, " T": 1e12 };
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1e15, noNaN: true }), (n) => {
      const [, digits, unit] = /^([\d,]+(?:\.\d)?)( [MGT])?$/.exec(formatCount(n))!;
      const told = Number(digits.replaceAll(",", "")) * scales[unit ?? ""];
      const precise = unit === undefined ? 0.5 : 0.5 * scales[unit] * (told / scales[unit] < 1000 ? 0.1 : 1);
      assert.ok(Math.abs(told - n) <= precise * 1.01, `${n} as ${formatCount(n)}`);
      assert.ok(formatCount(n).length <= 11);
    }),
    { numRuns: 500 },
  );
  const seconds = (text: string) => {
    const units: Readonly<Record<string, number>> = { h: 3600, m: 60, s: 1 };
    return [...text.matchAll(/([\d.]+) ([hms])/g)].reduce((sum, [, n, unit]) => sum + Number(n) * units[unit], 0);
  };
  fc.assert(
    fc.property(fc.nat(400_000_000), (ms) => {
      const told = seconds(formatElapsed(ms));
      const step = ms < 59_950 ? 0.051 : ms < 3_599_500 ? 0.501 : 60;
      assert.ok(Math.abs(told - ms / 1000) <= step, `${ms} as ${formatElapsed(ms)}`);
    }),
    { numRuns: 500 },
  );
  fc.assert(
    fc.property(fc.integer({ min: 1e10, max: 4e12 }), fc.nat(1e10), (at, more) => {
      const [early, late] = [formatWatermark(at), formatWatermark(at + more)];
      assert.ok(early <= late);
      assert.equal(Date.parse(`${early.replace(" ", "T")}:00Z`), Math.floor(at / 60_000) * 60_000);
    }),
    { numRuns: 300 },
  );
});

Deno.test("a curve has a step for each number: higher for larger ones, the highest for the largest", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(1_000_000), { minLength: 1, maxLength: 20 }), (numbers) => {
      const steps = [...curve(numbers)].map((step) => "▁▂▃▄▅▆▇█".indexOf(step));
      assert.equal(steps.length, numbers.length);
      assert.ok(steps.every((step) => step >= 0));
      numbers.forEach((a, i) =>
        numbers.forEach((b, j) => {
          if (a <= b) assert.ok(steps[i] <= steps[j]);
        })
      );
      if (Math.max(...numbers) > 0) assert.equal(Math.max(...steps), 7);
    }),
    { numRuns: 200 },
  );
});

/** A console whose writes are kept apart by stream. */
function consoleOf(mode: JobConsoleOptions["mode"]) {
  const written = { stdout: "", stderr: "" };
  const time = { now: 0 };
  const shown = new JobConsole({
    mode,
    now: () => time.now,
    columns: () => 80,
    colours: false,
    write: (text, stream) => void (written[stream] += text),
  });
  return { shown, written, time };
}
function jobOf(name: string, records: () => number) {
  const ended = Promise.withResolvers<never>();
  ended.promise.catch(() => {});
  const job: ShownJob = {
    graph: { state: "RUNNING", isTerminal: false, jobGraph: { name } },
    progress: () => [{
      id: "a",
      name: "Source: A",
      parallelism: 1,
      numRecordsIn: 0,
      numRecordsOut: records(),
      watermark: undefined,
      isBackPressured: false,
      busyTimeMs: 0,
      states: {},
      operators: [{ name: "Source: A", numRecordsIn: 0, numRecordsOut: records() }],
    }],
    getJobExecutionResult: () => ended.promise,
  };
  return { job, ended };
}

type Act =
  | { readonly act: "print"; readonly stream: "stdout" | "stderr"; readonly text: string }
  | { readonly act: "console"; readonly how: "log" | "error"; readonly text: string }
  | { readonly act: "log"; readonly level: "debug" | "info" | "warn" | "error"; readonly text: string }
  | { readonly act: "tick"; readonly ms: number };
const word = fc.stringMatching(/^[a-z]{1,6}$/);
const acts: fc.Arbitrary<Act[]> = fc.array(
  fc.oneof(
    fc.record({ act: fc.constant("print" as const), stream: fc.constantFrom("stdout", "stderr"), text: word }),
    fc.record({ act: fc.constant("console" as const), how: fc.constantFrom("log", "error"), text: word }),
    fc.record({
      act: fc.constant("log" as const),
      level: fc.constantFrom("debug", "info", "warn", "error"),
      text: word,
    }),
    fc.record({ act: fc.constant("tick" as const), ms: fc.nat(1500) }),
  ) as fc.Arbitrary<Act>,
  { maxLength: 30 },
);

for (const mode of ["live", "lines", "json", "quiet"] as const) {
  Deno.test(`${mode}: whatever is printed comes out once, in order, on its own stream; console is given back`, () => {
    const { log, error } = console;
    fc.assert(
      fc.property(acts, (given) => {
        const { shown, written, time } = consoleOf(mode);
        const expected = { stdout: [] as string[], stderr: [] as string[] };
        shown.attach(jobOf("demo", () => time.now).job);
        try {
          for (const act of given) {
            if (act.act === "tick") {
              time.now += act.ms;
              shown.tick();
            } else if (act.act === "print") {
              shown.print(act.text, act.stream);
              expected[act.stream].push(act.text);
            } else if (act.act === "console") {
              console[act.how](act.text, 1);
              expected[act.how === "log" ? "stdout" : "stderr"].push(`${act.text} 1`);
            } else {
              shown.log(act.level, act.text);
              if (act.level === "debug" || (act.level === "info" && mode === "quiet")) continue;
              expected.stderr.push(
                mode === "json" ? JSON.stringify({ level: act.level, message: act.text }) : `${act.level}: ${act.text}`,
              );
            }
          }
        } finally {
          shown.finish();
        }
        assert.equal(written.stdout, expected.stdout.map((line) => `${line}\n`).join(""));
        const plain = written.stderr.split("\n").filter((line) => expected.stderr.includes(bare(line))).map(bare);
        assert.deepEqual(plain, expected.stderr);
        if (mode === "quiet") assert.equal(written.stderr, expected.stderr.map((line) => `${line}\n`).join(""));
        else assert.ok(written.stderr.includes("demo") || mode === "lines", "a summary");
        assert.ok(console.log === log && console.error === error);
      }),
      { numRuns: 60 },
    );
  });
}
/** A line without what moves the cursor. */
function bare(line: string): string {
  // deno-lint-ignore no-control-regex -- that is what is taken away
  return line.replace(/\x1b\[\??[\d;]*[A-Za-z]|\r/g, "");
}

Deno.test("json: every line on stderr is an object; pictures come a second apart and with the right rate", () => {
  const { shown, written, time } = consoleOf("json");
  const { job } = jobOf("demo", () => time.now * 2);
  shown.attach(job);
  try {
    for (time.now = 0; time.now < 5000; time.now += 20) shown.tick();
  } finally {
    shown.finish();
  }
  const pictures = written.stderr.trim().split("\n").map((line) => JSON.parse(line));
  assert.deepEqual(pictures.map(({ elapsedMs }) => elapsedMs), [1000, 2000, 3000, 4000, 5000]);
  for (const { vertices: [{ recordsPerSecond }] } of pictures) assert.equal(recordsPerSecond, 2000);
});

Deno.test("an ended job is said once, also when another one has begun; the other one's end is its own", async () => {
  const { shown, written } = consoleOf("lines");
  const [first, second] = [jobOf("first", () => 1), jobOf("second", () => 2)];
  shown.attach(first.job);
  shown.attach(second.job);
  first.ended.reject(new Error("late"));
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(written.stderr.match(/records read/g)?.length, 1, "the first one, when the second began");
  second.ended.reject(new Error("over"));
  await new Promise((resolve) => setImmediate(resolve));
  shown.finish();
  shown.finish();
  assert.equal(written.stderr.match(/records read/g)?.length, 2);
});
