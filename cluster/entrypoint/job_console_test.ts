import assert from "node:assert/strict";
import type { VertexProgress } from "../jobmaster/progress.ts";
import { JobConsole, type JobConsoleOptions, type ShownJob } from "./job_console.ts";

/** As much of a terminal as the console uses: lines, cursor up, clear to the end of the line and of the screen. */
class Screen {
  lines: string[] = [""];
  row = 0;
  column = 0;
  cursorHidden = false;
  constructor(public columns = 80) {}

  write(text: string): void {
    // deno-lint-ignore no-control-regex -- that is what a terminal reads
    for (const [token] of text.matchAll(/\x1b\[\??[\d;]*[A-Za-z]|[\s\S]/g)) this.#take(token);
  }
  /** What is on it, without empty lines at the end. */
  text(): string[] {
    return this.lines.map((line) => line.trimEnd()).join("\n").trimEnd().split("\n");
  }
  #take(token: string): void {
    if (token === "\n") this.#go(this.row + 1, 0);
    else if (token === "\r") this.column = 0;
    else if (token.length === 1) {
      if (this.column === this.columns) this.#go(this.row + 1, 0);
      const line = this.lines[this.row].padEnd(this.column);
      this.lines[this.row] = line.slice(0, this.column) + token + line.slice(this.column + 1);
      this.column++;
    } else if (token.endsWith("A")) this.row = Math.max(0, this.row - Number(token.slice(2, -1)));
    else if (token === "\x1b[K") this.lines[this.row] = this.lines[this.row].slice(0, this.column);
    else if (token === "\x1b[J") {
      this.lines[this.row] = this.lines[this.row].slice(0, this.column);
      this.lines.length = this.row + 1;
    } else if (token === "\x1b[?25l") this.cursorHidden = true;
    else if (token === "\x1b[?25h") this.cursorHidden = false;
  }
  #go(row: number, column: number): void {
    this.row = row;
    this.column = column;
    while (this.lines.length <= row) this.lines.push("");
  }
}

class FakeJob implements ShownJob {
  readonly ended = Promise.withResolvers<never>();
  readonly graph: { state: ShownJob["graph"]["state"]; isTerminal: boolean; jobGraph: { name: string } };
  records = 0;
  constructor(name: string) {
    this.graph = { state: "RUNNING", isTerminal: false, jobGraph: { name } };
    this.ended.promise.catch(() => {});
  }
  progress(): VertexProgress[] {
    const source = { name: "Source: A", numRecordsIn: 0, numRecordsOut: this.records };
    return [{
      ...source,
      id: "a",
      parallelism: 1,
      watermark: undefined,
      isBackPressured: false,
      busyTimeMs: 0,
      states: {},
      operators: [source],
    }];
  }
  getJobExecutionResult(): Promise<never> {
    return this.ended.promise;
  }
  async end(state: "FINISHED" | "FAILED"): Promise<void> {
    this.graph.state = state;
    this.graph.isTerminal = true;
    this.ended.reject(new Error("over"));
    await Promise.resolve();
    await Promise.resolve();
  }
}

function setUp(mode: JobConsoleOptions["mode"], options: Partial<JobConsoleOptions> = {}) {
  const screen = new Screen();
  const written = { stdout: "", stderr: "" };
  const time = { now: 0 };
  const shown = new JobConsole({
    mode,
    now: () => time.now,
    columns: () => screen.columns,
    colours: false,
    write: (text, stream) => {
      written[stream] += text;
      screen.write(text);
    },
    ...options,
  });
  return { screen, written, time, shown, job: new FakeJob("demo") };
}

Deno.test("live: output above, table below, drawn in place; the summary stays, later output comes below it", async () => {
  const { screen, written, time, shown, job } = setUp("live", { colours: true });
  shown.log("info", "hello");
  shown.attach(job);
  try {
    for (let i = 1; i <= 5; i++) {
      time.now = i * 200;
      job.records = i * 100;
      shown.print(`line ${i}`, "stdout");
      // Only now and then something new: the other pictures are written over the last one.
      shown.tick();
      time.now += 40;
      shown.tick();
    }
    // deno-lint-ignore no-control-regex -- styles
    const plain = () => screen.text().map((line) => line.replace(/\x1b\[\d*m/g, ""));
    assert.deepEqual(
      plain(),
      [
        "info: hello",
        "line 1",
        "line 2",
        "line 3",
        "line 4",
        "line 5",
        "",
        "demo  RUNNING 1.0 s  500 records/s █████",
        "                             in        out  records/s         watermark",
        "● Source: A                            500        500",
      ],
    );
    assert.equal(screen.cursorHidden, false, "the cursor is back between two pictures");
    assert.equal(written.stdout, "line 1\nline 2\nline 3\nline 4\nline 5\n", "nothing but the job's output");

    console.log("printed with %s", "console.log", { a: 1 });
    console.error("and an error");
    shown.tick();
    assert.deepEqual(plain().slice(5, 9), ["line 5", "printed with console.log { a: 1 }", "and an error", ""]);
    assert.match(written.stdout, /printed with console\.log \{ a: 1 \}\n$/);

    await job.end("FINISHED");
    shown.print("after", "stdout");
    shown.finish();
    const text = plain();
    assert.deepEqual(text.slice(-2), ["FINISHED after 1.0 s: 500 records read, 481 a second.", "after"]);
    assert.equal(text.filter((line) => line.startsWith("demo")).length, 1, "the live table is gone");
  } finally {
    shown.finish();
  }
});

Deno.test("console.log comes in order with printed lines, and is given back", () => {
  const { log, error } = console;
  const { shown, job, written } = setUp("lines");
  shown.attach(job);
  shown.print("first", "stdout");
  console.log("second");
  shown.finish();
  assert.equal(written.stdout, "first\nsecond\n");
  assert.equal(console.log, log);
  assert.equal(console.error, error);
});

Deno.test("live: a picture that is the same is not written again, one that changed without clearing", () => {
  const { written, time, shown, job } = setUp("live");
  shown.attach(job);
  try {
    shown.tick();
    const first = written.stderr.length;
    shown.tick();
    assert.equal(written.stderr.length, first);
    time.now = 200;
    shown.tick();
    const second = written.stderr.slice(first);
    assert.ok(second.indexOf("\x1b[J") > second.indexOf("Source: A"), "cleared only behind the new picture");
  } finally {
    shown.finish();
  }
});

Deno.test("live: a terminal made narrower has wrapped the table; all of it is replaced", () => {
  const { screen, time, shown, job } = setUp("live");
  shown.attach(job);
  try {
    shown.print("above", "stdout");
    shown.tick();
    // What terminals do: the lines of the table now take more rows.
    const wrapped = screen.lines.flatMap((line) => line.match(/.{1,30}/g) ?? [line]);
    screen.columns = 30;
    screen.lines = wrapped;
    screen.row = wrapped.length - 1;
    time.now = 200;
    shown.tick();
    const text = screen.text();
    assert.deepEqual(text.slice(0, 3), ["above", "", "demo  RUNNING 0.2 s"]);
    assert.equal(text.filter((line) => line.startsWith("demo")).length, 1);
    assert.equal(text.length, 5);
  } finally {
    shown.finish();
  }
});

Deno.test("lines: one a second, summaries of two jobs, output clean", async () => {
  const { written, time, shown, job } = setUp("lines");
  shown.attach(job);
  for (let ms = 200; ms <= 2400; ms += 200) {
    time.now = ms;
    job.records = ms;
    shown.print(String(ms), "stdout");
    shown.tick();
  }
  assert.deepEqual(written.stderr.trimEnd().split("\n").map((line) => line.trim().slice(0, 30)), [
    "1.0 s  RUNNING  1,000 read  1,",
    "2.0 s  RUNNING  2,000 read  1,",
  ]);
  await job.end("FAILED");
  assert.match(written.stderr, /FAILED after 2\.4 s: 2,400 records read, 1,000 a second\.\n$/);
  const second = new FakeJob("second");
  shown.attach(second);
  shown.finish();
  assert.equal(written.stderr.match(/ after /g)?.length, 2);
  assert.equal(written.stdout, Array.from({ length: 12 }, (_, i) => `${(i + 1) * 200}\n`).join(""));
  // deno-lint-ignore no-control-regex -- that is what must not be there
  assert.doesNotMatch(written.stdout + written.stderr, /\x1b/);
});

Deno.test("json: objects only; quiet: nothing but the job's output and errors", async () => {
  const json = setUp("json");
  json.shown.attach(json.job);
  json.time.now = 1000;
  json.job.records = 7;
  json.shown.tick();
  await json.job.end("FINISHED");
  json.shown.finish();
  const objects = json.written.stderr.trimEnd().split("\n").map((line) => JSON.parse(line));
  assert.deepEqual(objects.map(({ job, state, elapsedMs }) => [job, state, elapsedMs]), [
    ["demo", "RUNNING", 1000],
    ["demo", "FINISHED", 1000],
  ]);
  assert.equal(objects[0].vertices[0].recordsPerSecond, 7);

  const quiet = setUp("quiet");
  quiet.shown.attach(quiet.job);
  quiet.shown.print("out", "stdout");
  quiet.shown.log("debug", "no");
  quiet.shown.log("error", "yes");
  quiet.time.now = 5000;
  quiet.shown.tick();
  quiet.shown.finish();
  assert.deepEqual(quiet.written, { stdout: "out\n", stderr: "error: yes\n" });
});

Deno.test("a flood of output does not wait for the next tick", () => {
  const { written, shown } = setUp("lines");
  for (let i = 0; i < 5000; i++) shown.print("x", "stdout");
  assert.ok(written.stdout.length >= 2 * 4096);
});
