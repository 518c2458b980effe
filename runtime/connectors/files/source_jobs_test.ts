/**
 * File sources in whole jobs: what a program reads, at any parallelism and split size, and what bad input gets.
 *
 * @module
 */

import assert from "node:assert/strict";
import { gzipSync, zstdCompressSync } from "node:zlib";
import {
  csvFormat,
  FileSource,
  type FileSourceOptions,
  type InvalidLine,
  jsonLinesFormat,
  OutputTag,
  type RecordFormat,
  TextLineInputFormat,
  Types,
  WatermarkStrategy,
} from "tsflink";
import { RecordingSink, testEnvironment, type TestEnvironmentOptions } from "tsflink/testing";

const text = new TextLineInputFormat();
const people = csvFormat({ type: Types.ROW({ id: Types.INT, name: Types.STRING }) });

/** A directory with these files while the test runs. */
async function withFiles(
  content: Record<string, string | Uint8Array>,
  run: (path: (name: string) => string) => unknown,
) {
  const directory = Deno.makeTempDirSync();
  const path = (name: string): string => `${directory}/${name}`;
  try {
    for (const [name, data] of Object.entries(content)) {
      Deno.mkdirSync(path(name).replace(/[^/]*$/, ""), { recursive: true });
      Deno.writeFileSync(path(name), typeof data === "string" ? new TextEncoder().encode(data) : data);
    }
    await run(path);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
}

/** A test environment and the stream of a file source in it. */
function reading<T>(source: FileSource<T>, options: TestEnvironmentOptions = {}) {
  const test = testEnvironment(options);
  return { ...test, stream: test.env.fromSource(source, WatermarkStrategy.noWatermarks<T>(), "files") };
}

async function read<T>(
  format: RecordFormat<T>,
  paths: string | string[],
  options: FileSourceOptions & { parallelism?: number } = {},
): Promise<T[]> {
  return await reading(new FileSource(format, paths, options), options).stream.executeAndCollect();
}

const sorted = (values: readonly unknown[]): string[] => values.map((value) => JSON.stringify(value)).sort();
/** What a line reader gives, by the simplest rule there is. */
const linesOf = (content: string): string[] =>
  content.replace(/^\ufeff/, "").replace(/\n$/, "").split("\n").filter((_, i) => content !== "" || i > 0)
    .map((line) => line.replace(/\r$/, ""));

const CONTENTS: Record<string, string> = {
  empty: "",
  "one empty line": "\n",
  "only line feeds": "\n\n\n",
  "no line feed": "abc",
  "no line feed at the end": "a\nb\nc",
  "windows line ends": "a\r\nb\r\n\r\nc\r\n",
  "a lone return": "a\rb\n\rc\n",
  "characters of 2, 3 and 4 bytes": "éé\n€€€\n😀😀😀😀\nü\n日本語テキスト\n".repeat(5),
  "a byte order mark": "\ufefffirst\nsecond\n",
  "long and short": Array.from({ length: 30 }, (_, i) => "x".repeat((i * 37) % 91)).join("\n"),
};
for (const [name, content] of Object.entries(CONTENTS)) {
  Deno.test(`lines of a file with ${name}, in any parts, by 1 to 4 subtasks`, () =>
    withFiles({ f: content }, async (path) => {
      const expected = linesOf(content);
      for (const parallelism of [1, 2, 3, 4]) {
        for (const splitSizeBytes of [1, 3, 7, 64, 1 << 20]) {
          const found = await read(text, path("f"), { parallelism, splitSizeBytes });
          if (parallelism === 1) assert.deepEqual(found, expected);
          assert.deepEqual(sorted(found), sorted(expected), `${parallelism} subtasks, parts of ${splitSizeBytes}`);
        }
      }
    }));
}

Deno.test("every format gives the same records from plain, gzip and zstd files, in any parts", async () => {
  const rows = Array.from({ length: 40 }, (_, id) => ({ id, name: `n${"é".repeat(id % 3)}, "${id}"\n` }));
  const quoted = (field: string): string => `"${field.replaceAll('"', '""')}"`;
  const csv = "id,name\n" + rows.map(({ id, name }) => `${id},${quoted(name)}`).join("\n");
  const json = rows.map((row) => JSON.stringify(row)).join("\n");
  const table: [string, RecordFormat<unknown>, string, unknown[]][] = [
    ["csv", people, csv, rows],
    ["json", jsonLinesFormat(), json, rows],
    ["text", text, json, json.split("\n")],
  ];
  for (const [name, format, content, expected] of table) {
    const files = { f: content, "f.gz": gzipSync(content), "f.zst": zstdCompressSync(content) };
    await withFiles(files, async (path) => {
      for (const file of Object.keys(files)) {
        for (const [parallelism, splitSizeBytes] of [[1, 50], [3, 50], [2, 1 << 20]]) {
          const found = await read(format, path(file), { parallelism, splitSizeBytes });
          assert.deepEqual(sorted(found), sorted(expected), `${name} ${file}`);
        }
      }
    });
  }
});

Deno.test("parts of one file are read by several subtasks", () =>
  withFiles({ f: "line\n".repeat(400) }, async (path) => {
    const { env, stream, log } = reading(new FileSource(text, path("f"), { splitSizeBytes: 100 }), { parallelism: 4 });
    stream.print();
    await env.execute();
    assert.equal(log.printed.length, 400);
    assert.deepEqual([...new Set(log.printed.map(({ line }) => line.slice(0, 1)))].sort(), ["1", "2", "3", "4"]);
  }));

Deno.test("one file, several, a directory with and without its directories, and globs", () =>
  withFiles(
    { "a.txt": "a\n", "b.txt": "b", "deep/c.txt": "c\r\n", "deep/er/d.log": "d", ".hidden": "h", "_tmp/x": "x" },
    async (path) => {
      const table: [string | string[], FileSourceOptions, string][] = [
        ["a.txt", {}, "a"],
        [["b.txt", "a.txt", "b.txt"], {}, "a b"],
        ["", {}, "a b c d"],
        ["", { recursive: false }, "a b"],
        ["", { fileFilter: (file) => !file.endsWith(".log") && !file.includes("/_") && !file.includes("/.") }, "a b c"],
        ["*.txt", {}, "a b"],
        ["**/*.txt", {}, "a b c"],
        ["deep/**", {}, "c d"],
        ["{a,deep/c}.txt", {}, "a c"],
      ];
      for (const [paths, options, expected] of table) {
        const full = [paths].flat().map(path);
        assert.equal((await read(text, full, options)).join(" "), expected, String(paths));
      }
      const { env } = testEnvironment();
      assert.deepEqual(await env.readTextFile(path("a.txt")).executeAndCollect(), ["a"]);
    },
  ));

Deno.test("new files are read once each as virtual time passes, through a snapshot at another parallelism", () =>
  withFiles({ "in/1": "a\nb\n" }, async (path) => {
    const start = (parallelism: number, restoreFrom?: TestEnvironmentOptions["restoreFrom"]) => {
      const source = FileSource.forRecordStreamFormat(text, path("in")).monitorContinuously("10 s").build();
      const { stream, ...test } = reading(source, { parallelism, restoreFrom, autoAdvance: false });
      const sink = new RecordingSink<string>();
      stream.uid("files").sinkTo(sink);
      return { ...test, sink };
    };
    const first = start(2);
    const client = await first.env.executeAsync();
    await first.sink.waitFor(2);
    Deno.writeTextFileSync(path("in/2"), "c");
    await first.idle();
    assert.equal(first.sink.values.length, 2, "not before it looks again");
    first.clock.advance(10_000);
    await first.sink.waitFor(3);
    await first.idle();
    const snapshot = await first.takeSnapshot(client);
    await client.cancel();
    assert.equal(await client.getJobStatus(), "CANCELED");
    Deno.writeTextFileSync(path("in/3"), "d\ne");
    const second = start(3, snapshot);
    const again = await second.env.executeAsync();
    await second.idle();
    second.clock.advance(10_000);
    await second.sink.waitFor(2);
    await second.idle();
    await second.stop(again);
    assert.equal(await again.getJobStatus(), "FINISHED");
    assert.deepEqual([first.sink.values.sort(), second.sink.values.sort()], [["a", "b", "c"], ["d", "e"]]);
  }));

const BAD = { csv: "id,name\n1,x\n2\nthree,y\n4,z\n", json: '{"n":1}\n\n{"n":\n{"n":2}\n[' };
const BAD_LINES = { csv: [[3, "2"], [4, "three,y"]], json: [[3, '{"n":'], [5, "["]] };

Deno.test("an invalid line fails the job by default, naming file, line, operator and what is wrong", () =>
  withFiles(BAD, async (path) => {
    for (const [file, format] of [["csv", people], ["json", jsonLinesFormat()]] as const) {
      for (const [parallelism, splitSizeBytes] of [[1, 1 << 20], [2, 4]]) {
        const job = reading(new FileSource<unknown>(format, path(file), { splitSizeBytes }), { parallelism });
        job.stream.uid("people");
        await assert.rejects(async () => await job.stream.executeAndCollect(), (error: Error & { code?: string }) => {
          assert.equal(error.code, "TSF-3010");
          assert.match(error.message, new RegExp(`${path(file)}:[345]\\n`));
          assert.match(error.message, /operator: Source: files \(uid "people"\)[\s\S]*reason: /);
          return true;
        });
      }
    }
  }));

Deno.test("invalid lines are skipped, or given to a side output with path and line, wherever they lie", () =>
  withFiles({ ...BAD, "json.gz": gzipSync(BAD.json) }, async (path) => {
    const tag = new OutputTag<InvalidLine>("invalid");
    const table: [string, RecordFormat<unknown>, unknown[], (string | number)[][]][] = [
      ["csv", people, [{ id: 1, name: "x" }, { id: 4, name: "z" }], BAD_LINES.csv],
      ["json", jsonLinesFormat(), [{ n: 1 }, { n: 2 }], BAD_LINES.json],
      ["json.gz", jsonLinesFormat(), [{ n: 1 }, { n: 2 }], BAD_LINES.json],
    ];
    for (const [file, format, good, bad] of table) {
      for (const [parallelism, splitSizeBytes] of [[1, 1 << 20], [1, 4], [3, 4]]) {
        const skipping = { onInvalidLine: "skip", splitSizeBytes, parallelism } as const;
        assert.deepEqual(sorted(await read(format, path(file), skipping)), sorted(good), file);
        const source = new FileSource(format, path(file), { onInvalidLine: tag, splitSizeBytes });
        const { env, stream } = reading(source, { parallelism });
        const [main, side] = [new RecordingSink<unknown>(), new RecordingSink<unknown>()];
        stream.map((value) => value).sinkTo(main);
        stream.getSideOutput(tag).map(({ path, line, content }) => [path, line, content]).sinkTo(side);
        await env.execute();
        assert.deepEqual(sorted(main.values), sorted(good), file);
        assert.deepEqual(sorted(side.values), sorted(bad.map((lineAndContent) => [path(file), ...lineAndContent])));
      }
    }
  }));

Deno.test("what is missing, unreadable, too long or damaged fails the job with code, path and operator", () =>
  withFiles({
    "long": "short\n" + "x".repeat(200),
    "cut.gz": gzipSync("text ".repeat(99)).subarray(0, 30),
    "cut.zst": zstdCompressSync("text ".repeat(99)).subarray(0, 15),
    "header.csv": "id,other\n1,2\n",
    "twice.csv": "id,id\n1,2\n",
  }, async (path) => {
    const table: [string, RecordFormat<unknown>, string, string, FileSourceOptions?][] = [
      ["TSF-3001", text, "none.txt", "none.txt"],
      ["TSF-3001", text, "long/below-a-file", "long/below-a-file"],
      ["TSF-3014", text, "none/*.txt", "none/*.txt"],
      ["TSF-3011", text, "long", "long:2", { maxLineBytes: 100 }],
      ["TSF-3012", text, "cut.gz", "cut.gz"],
      ["TSF-3012", text, "cut.zst", "cut.zst"],
      ["TSF-3013", people, "header.csv", "header.csv:1"],
      ["TSF-3013", csvFormat(), "twice.csv", "twice.csv:1"],
    ];
    for (const [code, format, name, named, options] of table) {
      await assert.rejects(read(format, path(name), options), (error: Error & { code?: string }) => {
        assert.equal(error.code, code, error.message);
        assert.ok(error.message.includes(path(named)) && error.message.includes("Source: files"), error.message);
        return true;
      });
    }
  }));

Deno.test("a directory that may not be read, by permission of Deno or of the system, is named", async () => {
  const root = new URL("../../../", import.meta.url).pathname;
  await withFiles({ "closed/f": "x\n" }, async (path) => {
    Deno.chmodSync(path(""), 0o755);
    Deno.chmodSync(path("closed"), 0);
    // Not as root, who may read everything.
    const system = `
      import { SystemLocalFiles } from "${root}runtime/seams/system/local_files.ts";
      if (Deno.uid() === 0) { (await import("node:process")).setuid(65534); }
      try { await new SystemLocalFiles().list(Deno.args[0]); } catch (error) { console.log(error.message); }`;
    const deno = `
      import { FileSource, StreamExecutionEnvironment, TextLineInputFormat, WatermarkStrategy } from "${root}mod.ts";
      const env = StreamExecutionEnvironment.getExecutionEnvironment();
      const source = new FileSource(new TextLineInputFormat(), Deno.args[0]);
      try {
        await env.fromSource(source, WatermarkStrategy.noWatermarks(), "files").executeAndCollect();
      } catch (error) { console.log(error.message); }`;
    const table: [string, string[], RegExp][] = [
      [system, ["-A"], /Permission denied: \S*\/closed\n/],
      [deno, ["--no-prompt", `--allow-read=${root}`], /TSF-3002\] Deno was not given the right to use \S*\/closed\n/],
    ];
    await Promise.all(table.map(async ([program, permissions, expected]) => {
      const args = ["run", "--no-check", "--no-lock", ...permissions, "--ext=ts", "-", path("closed")];
      const child = new Deno.Command(Deno.execPath(), {
        args,
        stdin: "piped",
        stdout: "piped",
        stderr: "piped",
        cwd: root,
      })
        .spawn();
      const input = child.stdin.getWriter();
      await input.write(new TextEncoder().encode(program));
      await input.close();
      const { stdout, stderr } = await child.output();
      const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
      assert.match(out, expected, err);
    }));
    Deno.chmodSync(path("closed"), 0o755);
  });
});
