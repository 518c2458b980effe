import assert from "node:assert/strict";
import { gzipSync, zstdCompressSync } from "node:zlib";
import fc from "fast-check";
import { OutputTag } from "../../functions/output_tag.ts";
import type { LocalFiles } from "../../seams/local_files.ts";
import { SystemLocalFiles } from "../../seams/system/local_files.ts";
import { JobExecutionError } from "../../errors.ts";
import { sourceConformance } from "../../testing/conformance.ts";
import { SourceRun, type SourceRunOptions } from "../../testing/source_run.ts";
import { jsonLinesFormat } from "./json_lines_format.ts";
import type { InvalidLine } from "./record_format.ts";
import { FileSource, type FileSourceOptions } from "./source.ts";
import { TextLineInputFormat } from "./text_line_format.ts";

const text = new TextLineInputFormat();

/** A directory with these files, for the time of the test. */
async function withFiles(
  content: Record<string, string | Uint8Array>,
  run: (directory: string) => Promise<void>,
): Promise<void> {
  const directory = Deno.makeTempDirSync();
  try {
    for (const [name, data] of Object.entries(content)) {
      if (name.includes("/")) {
        Deno.mkdirSync(`${directory}/${name.slice(0, name.lastIndexOf("/"))}`, { recursive: true });
      }
      if (typeof data === "string") Deno.writeTextFileSync(`${directory}/${name}`, data);
      else Deno.writeFileSync(`${directory}/${name}`, data);
    }
    await run(directory);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
}

async function readAll<T>(source: FileSource<T>, options?: SourceRunOptions): Promise<SourceRun<T>> {
  const run = new SourceRun(source, options);
  try {
    await run.run();
  } finally {
    await run.close();
  }
  return run;
}

/** What a line reader must give, by the simplest rule there is. */
function oracle(content: string): string[] {
  const lines = content.split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines.map((line) => line.replace(/\r$/, ""));
}

/** Files of all kinds of line ends, for the conformance tables. They live as long as the process. */
const directory = Deno.makeTempDirSync();
globalThis.addEventListener("unload", () => Deno.removeSync(directory, { recursive: true }));
const lines = Array.from({ length: 25 }, (_, i) => `${"é€😀".repeat(i % 4)}line ${i}`);
const plain = `${directory}/plain.txt`;
Deno.writeTextFileSync(plain, lines.join("\r\n"));
Deno.writeFileSync(`${directory}/packed.txt.gz`, gzipSync(lines.join("\n") + "\n"));
Deno.writeFileSync(`${directory}/packed.txt.zst`, zstdCompressSync(lines.join("\n")));

const variants: [string, string | string[], FileSourceOptions, string[]][] = [
  ["one file", plain, {}, lines],
  ["parts of 17 bytes", plain, { splitSizeBytes: 17 }, lines],
  ["gzip", `${directory}/packed.txt.gz`, {}, lines],
  ["zstd and plain", [plain, `${directory}/packed.txt.zst`], {}, [...lines, ...lines]],
];
for (const [name, paths, options, expected] of variants) {
  const make = (): FileSource<string> => new FileSource(text, paths, options);
  for (const test of sourceConformance(name, make, expected, { ordered: true, positions: 5 })) Deno.test(test);
}

Deno.test("every line is read exactly once for any text, split size and restore position", async () => {
  const piece = fc.constantFrom("\n", "\r\n", "\r", "a", "é", "😀", "\u0000", "long ".repeat(9), "\ufeff");
  await withFiles({}, async (directory) => {
    let file = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(piece, { maxLength: 40 }),
        fc.integer({ min: 1, max: 40 }),
        fc.nat(12),
        async (pieces, splitSizeBytes, stop) => {
          const path = `${directory}/${file++}`;
          const content = pieces.join("");
          Deno.writeTextFileSync(path, content);
          const expected = oracle(content.replace(/^\ufeff/, ""));
          const source = new FileSource(text, path, { splitSizeBytes });
          assert.deepEqual((await readAll(source)).values, expected);
          const first = new SourceRun(source);
          await first.run(() => first.records.length >= stop);
          const rest = await readAll(source, { restored: first.snapshot(), parallelism: 1 });
          assert.deepEqual([...first.values, ...rest.values], expected);
          await first.close();
          const shared = await readAll(source, { parallelism: 3 });
          assert.deepEqual(shared.values.sort(), [...expected].sort());
        },
      ),
      { numRuns: 120 },
    );
  });
});

Deno.test("parts are cut across buffers of the reader, too", async () => {
  // Longer than the 128 KiB that are read at once; lines cross every boundary.
  const content = Array.from({ length: 20_000 }, (_, i) => `${i} ${"x".repeat(i % 37)}`).join("\n");
  await withFiles({ f: content, "f.gz": gzipSync(content) }, async (directory) => {
    for (const splitSizeBytes of [50_000, 131_072, 1 << 30]) {
      const run = await readAll(new FileSource(text, `${directory}/f`, { splitSizeBytes }), { parallelism: 2 });
      assert.equal(new Set(run.records.map(({ splitId }) => splitId)).size, Math.ceil(content.length / splitSizeBytes));
      assert.deepEqual(run.values.sort(), oracle(content).sort());
    }
    assert.deepEqual((await readAll(new FileSource(text, `${directory}/f.gz`))).values, oracle(content));
  });
});

Deno.test("long lines are read up to the limit and refused beyond it, naming file and line", async () => {
  const long = "y".repeat(300_000);
  await withFiles({ f: `first\nsecond\n${long}\nlast` }, async (directory) => {
    const fits = await readAll(new FileSource(text, `${directory}/f`, { maxLineBytes: 300_000, splitSizeBytes: 1000 }));
    assert.deepEqual(fits.values, ["first", "second", long, "last"]);
    for (const maxLineBytes of [299_999, 1000, 10]) {
      await assert.rejects(readAll(new FileSource(text, `${directory}/f`, { maxLineBytes })), (error: unknown) => {
        assert.ok(error instanceof JobExecutionError);
        assert.equal(error.code, "TSF-3011");
        assert.ok(error.message.includes(`${directory}/f:3`), error.message);
        return true;
      });
    }
  });
});

Deno.test("other encodings, and a byte order mark", async () => {
  await withFiles({ latin: Uint8Array.of(0xe9, 10, 0xfc), bom: "\ufeffa\n\ufeffb" }, async (directory) => {
    const latin = new FileSource(new TextLineInputFormat("iso-8859-1"), `${directory}/latin`);
    assert.deepEqual((await readAll(latin)).values, ["é", "ü"]);
    assert.deepEqual((await readAll(new FileSource(text, `${directory}/bom`))).values, ["a", "\ufeffb"]);
  });
  for (const charset of ["utf-16", "utf-16le", "UTF-16BE", "klingon"]) {
    assert.throws(() => new TextLineInputFormat(charset), { code: "TSF-3016" });
  }
});

Deno.test("files, directories, globs and URLs", async () => {
  const names = ["a.txt", "b.log", "sub/c.txt", "sub/deep/d.txt", ".hidden", "_temporary", "sub/.part", "x{1}.md"];
  await withFiles(Object.fromEntries(names.map((name) => [name, `${name}\n`])), async (directory) => {
    const table: [string | URL | string[], FileSourceOptions, string[]][] = [
      ["a.txt", {}, ["a.txt"]],
      [[`${directory}/b.log`, `${directory}/a.txt`, `${directory}/a.txt`], {}, ["a.txt", "b.log"]],
      ["", {}, ["a.txt", "b.log", "sub/c.txt", "sub/deep/d.txt", "x{1}.md"]],
      ["", { recursive: false }, ["a.txt", "b.log", "x{1}.md"]],
      ["", { fileFilter: (path) => path.endsWith(".log") || path.endsWith("_temporary") }, ["_temporary", "b.log"]],
      [".hidden", {}, [".hidden"]],
      ["*.txt", {}, ["a.txt"]],
      ["*", {}, ["a.txt", "b.log", "sub/c.txt", "sub/deep/d.txt", "x{1}.md"]],
      ["*", { recursive: false }, ["a.txt", "b.log", "x{1}.md"]],
      ["**/*.txt", {}, ["a.txt", "sub/c.txt", "sub/deep/d.txt"]],
      ["sub/**/d.*", {}, ["sub/deep/d.txt"]],
      ["{a,b}.{txt,log}", {}, ["a.txt", "b.log"]],
      ["[ab].???", {}, ["a.txt", "b.log"]],
      ["[!a].*", {}, ["b.log"]],
      [".h*", {}, [".hidden"]],
      ["x{1}.md", {}, ["x{1}.md"]],
      [new URL(`file://${directory}/a.txt`), {}, ["a.txt"]],
    ];
    for (const [paths, options, expected] of table) {
      const full = typeof paths === "string" ? `${directory}/${paths}` : paths;
      const run = await readAll(new FileSource(text, full, options));
      assert.deepEqual(run.values, expected, String(paths));
    }
  });
});

Deno.test("what is missing, unreadable or damaged has a code and is named", async () => {
  const broken = gzipSync("some text that is long enough to be cut in two".repeat(50));
  const json = '{"a":1}\n\nnot json\n{"a":2}\n';
  await withFiles({
    "cut.gz": broken.subarray(0, 40),
    "not.gz": "plain text",
    "not.zst": "plain text",
    "f.jsonl": json,
    "dir/f": "x",
  }, async (directory) => {
    const unreadable: LocalFiles = Object.create(new SystemLocalFiles(), {
      list: {
        value: (path: string) => Promise.reject(new JobExecutionError("TSF-3002", `Permission denied: ${path}`)),
      },
    });
    const table: [string, string, SourceRunOptions?][] = [
      ["none.txt", "TSF-3001"],
      ["none/*.txt", "TSF-3014"],
      ["*.csv", "TSF-3014"],
      ["cut.gz", "TSF-3012"],
      ["not.gz", "TSF-3012"],
      ["not.zst", "TSF-3012"],
      ["dir", "TSF-3002", { files: unreadable }],
    ];
    for (const [name, code, options] of table) {
      const path = `${directory}/${name}`;
      await assert.rejects(readAll(new FileSource(text, path), options), (error: Error & { code?: string }) => {
        assert.equal(error.code, code, `${name}: ${error.message}`);
        assert.ok(error.message.includes(path), error.message);
        return true;
      });
    }
    const run = new SourceRun(new FileSource(jsonLinesFormat(), `${directory}/f.jsonl`));
    await assert.rejects(run.run(), (error: Error & { code?: string }) => {
      assert.equal(error.code, "TSF-3010");
      assert.ok(error.message.includes(`${directory}/f.jsonl:3`) && error.message.includes("not json"), error.message);
      return true;
    });
    assert.deepEqual(run.values, [{ a: 1 }]);
    await run.close();
  });
});

Deno.test("invalid lines are skipped or go to a side output in any split, with their line numbers", async () => {
  const rows = Array.from({ length: 60 }, (_, i) => i % 7 === 3 ? `bad ${i}` : JSON.stringify({ i }));
  const expected = rows.flatMap((_, i) => i % 7 === 3 ? [] : [{ i }]);
  const bad = rows.flatMap((row, i) => i % 7 === 3 ? [[i + 1, row]] : []);
  await withFiles({ f: rows.join("\n"), "f.gz": gzipSync(rows.join("\n")) }, async (directory) => {
    for (const name of ["f", "f.gz"]) {
      for (const splitSizeBytes of [40, 1 << 20]) {
        const path = `${directory}/${name}`;
        const source = (onInvalidLine: "skip" | OutputTag<InvalidLine>): FileSource<unknown> =>
          new FileSource(jsonLinesFormat(), path, { onInvalidLine, splitSizeBytes });
        assert.deepEqual((await readAll(source("skip"))).values, expected);
        const run = await readAll(source(new OutputTag<InvalidLine>("invalid")));
        assert.deepEqual(run.values, expected);
        const side = run.side.map(({ tagId, value }) => {
          const { path: file, line, content, reason } = value as InvalidLine;
          assert.ok(tagId === "invalid" && file === path && reason !== "");
          return [line, content];
        });
        assert.deepEqual(side, bad);
      }
    }
  });
});

Deno.test("a side output survives a restore between any two records", async () => {
  await withFiles({ f: "1\nbad a\nbad b\n2\n3\nbad c\n" }, async (directory) => {
    const tag = new OutputTag<InvalidLine>("invalid");
    for (let stop = 0; stop <= 3; stop++) {
      const source = new FileSource(jsonLinesFormat(), `${directory}/f`, { onInvalidLine: tag });
      const first = new SourceRun(source);
      await first.run(() => first.records.length >= stop);
      const second = await readAll(source, { restored: first.snapshot() });
      await first.close();
      assert.deepEqual([...first.values, ...second.values], [1, 2, 3]);
      const contents = [...first.side, ...second.side].map(({ value }) => (value as InvalidLine).content);
      assert.deepEqual(contents, ["bad a", "bad b", "bad c"]);
    }
  });
});

Deno.test("new files are found, each once, also after a restore and when an old one grows", async () => {
  await withFiles({ "1.txt": "a\n" }, async (directory) => {
    const put = (name: string, content: string): void => {
      Deno.writeTextFileSync(`${directory}/.${name}`, content);
      Deno.renameSync(`${directory}/.${name}`, `${directory}/${name}`);
    };
    const source = FileSource.forRecordStreamFormat(text, directory).monitorContinuously(1).with({ splitSizeBytes: 2 })
      .build();
    assert.equal(source.getBoundedness(), "continuous-unbounded");
    const first = new SourceRun(source);
    await first.run(() => first.values.length === 1);
    put("2.txt", "b\nc\n");
    put("1.txt", "a\nmore\n");
    await first.run(() => first.values.length === 3);
    const restored = first.snapshot();
    await first.close();
    put("3.txt", "d\n");
    const second = new SourceRun(source, { restored, parallelism: 2 });
    await second.run(() => second.values.length === 1);
    assert.deepEqual([...first.values, ...second.values], ["a", "b", "c", "d"]);
    await second.close();
  });
});

Deno.test("a directory to be monitored must exist at first and may be away later", async () => {
  await withFiles({ "d/1": "a\n" }, async (directory) => {
    const monitor = (path: string): FileSource<string> => new FileSource(text, path, { monitorContinuously: 1 });
    const missing = new SourceRun(monitor(`${directory}/none`));
    await assert.rejects(missing.run(), { code: "TSF-3001" });
    await missing.close();
    const run = new SourceRun(monitor(`${directory}/d`));
    await run.run(() => run.values.length === 1);
    Deno.renameSync(`${directory}/d`, `${directory}/away`);
    await new Promise((resolve) => setTimeout(resolve, 5));
    Deno.renameSync(`${directory}/away`, `${directory}/d`);
    Deno.writeTextFileSync(`${directory}/d/2`, "b");
    await run.run(() => run.values.length === 2);
    assert.deepEqual(run.values, ["a", "b"]);
    await run.close();
  });
});

Deno.test("a file that became shorter than what was read fails with a code", async () => {
  await withFiles({ f: "one\ntwo\nthree\n" }, async (directory) => {
    const source = new FileSource(text, `${directory}/f`);
    const first = new SourceRun(source);
    await first.run(() => first.values.length === 3);
    const restored = structuredClone(first.snapshot()) as unknown as { splits: { position: number; skip: number }[] };
    await first.close();
    restored.splits[0] = { ...restored.splits[0], position: 8, skip: 0 };
    Deno.writeTextFileSync(`${directory}/f`, "o");
    await assert.rejects(readAll(source, { restored: restored as never }), { code: "TSF-3015" });
  });
});

Deno.test("wrong options are refused with a code", () => {
  const table: [unknown, FileSourceOptions][] = [
    [[], {}],
    ["", {}],
    ["f", { splitSizeBytes: 0 }],
    ["f", { maxLineBytes: 1.5 }],
    ["f", { monitorContinuously: 0 }],
    ["f", { onInvalidLine: "ignore" as never }],
  ];
  for (const [paths, options] of table) {
    assert.throws(() => new FileSource(text, paths as string, options), { code: "TSF-3016" }, JSON.stringify(options));
  }
});
