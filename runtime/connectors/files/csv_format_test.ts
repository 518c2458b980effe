import assert from "node:assert/strict";
import fc from "fast-check";
import { SourceRun } from "../../testing/source_run.ts";
import { OutputTag } from "../../functions/output_tag.ts";
import { Types } from "../../types/type_information.ts";
import { csvFormat, type CsvOptions } from "./csv_format.ts";
import { CsvBoundaries, type CsvDialect, parseCsv } from "./csv_parser.ts";
import type { InvalidLine } from "./record_format.ts";
import { FileSource } from "./source.ts";

/** Rows and invalid lines of a whole text, through the decoder alone. */
// deno-lint-ignore no-explicit-any -- of any row
function decode(text: string, options: CsvOptions<any> = {}): { rows: unknown[]; invalid: string[] } {
  const format = csvFormat(options);
  const end = format.hasHeader ? text.indexOf("\n") + 1 : 0;
  const rows: unknown[] = [];
  const invalid: string[] = [];
  const header = format.hasHeader ? text.slice(0, end) : undefined;
  format.createDecoder(header, "file.csv").decode(text.slice(end), {
    add: (row) => void rows.push(row),
    invalid: (line, content, reason) => void invalid.push(`${line}|${content}|${reason}`),
  });
  return { rows, invalid };
}

Deno.test("fields, quotes and line ends", () => {
  const table: [string, string[][]][] = [
    ["a,b\n1,2\n", [["1", "2"]]],
    ["a,b\r\n1,2\r\n3,4", [["1", "2"], ["3", "4"]]],
    ["a,b\n,\n", [["", ""]]],
    ["a,b\n\n1,2\n\r\n", [["1", "2"]]],
    ['a,b\n"1,5","say ""hi"""\n', [["1,5", 'say "hi"']]],
    ['a,b\n"two\nlines","x"\ny,z\n', [["two\nlines", "x"], ["y", "z"]]],
    ['a,b\n"",""\n', [["", ""]]],
    ['a,b\n5" disk,x\n', [['5" disk', "x"]]],
    ['a,b\n"1"\t,2\n', []],
    ['a,b\n"1","2"\r\n"3","4"', [["1", "2"], ["3", "4"]]],
    ["a,b\n é ,😀\n", [[" é ", "😀"]]],
  ];
  for (const [text, expected] of table) {
    const rows = decode(text).rows as Record<string, string>[];
    assert.deepEqual(rows, expected.map(([a, b]) => ({ a, b })), JSON.stringify(text));
  }
  const semicolons = decode("a;b\n'x;y';2\n# no\n", { delimiter: ";", quote: "'", comment: "#" });
  assert.deepEqual(semicolons, { rows: [{ a: "x;y", b: "2" }], invalid: [] });
  assert.deepEqual(decode('a,b\n"x,y"\n', { quote: "" }).rows, [{ a: '"x', b: 'y"' }]);
  assert.deepEqual(decode(" a , b \n 1 , 2 \n", { trim: true }).rows, [{ a: "1", b: "2" }]);
});

Deno.test("what is wrong with a line is said, with its place", () => {
  const table: [string, string][] = [
    ["a,b\n1\n", "0|1|expected 2 fields, found 1"],
    ["a,b\n1,2\n1,2,3\n", "1|1,2,3|expected 2 fields, found 3"],
    ['a,b\n"1"x,2\n', '0|"1"x,2|text after the closing quote of field 1'],
    ['a,b\n"1\n2",3\n"open,4\n', '2|"open,4|a quoted field has no closing quote'],
  ];
  for (const [text, expected] of table) assert.deepEqual(decode(text).invalid, [expected]);
});

Deno.test("typed columns convert, or make the line invalid", () => {
  const type = Types.ROW({
    s: Types.STRING,
    i: Types.INT,
    l: Types.LONG,
    d: Types.DOUBLE,
    b: Types.BOOLEAN,
    g: Types.BIGINT,
    n: Types.NULLABLE(Types.INT),
  });
  const header = "s,i,l,d,b,g,n\n";
  const good: [string, unknown[]][] = [
    ["x,1,2,2.5,true,9007199254740993,7", ["x", 1, 2, 2.5, true, 9007199254740993n, 7]],
    [",-2147483648,9007199254740991,-1e3,FALSE,-1,", ["", -2147483648, 9007199254740991, -1000, false, -1n, null]],
    ["y,+5,-0,NaN,True,+0,NULL", ["y", 5, 0, NaN, true, 0n, null]],
    ["z,0,0,.5,false,0,0", ["z", 0, 0, 0.5, false, 0n, 0]],
  ];
  for (const [line, values] of good) {
    const { rows, invalid } = decode(header + line, { type, nullLiteral: "NULL" });
    assert.deepEqual(invalid, []);
    assert.deepEqual(rows.map((row) => Object.values(row as object)), [values]);
  }
  const bad: [number, string][] = [
    [1, "2147483648"],
    [1, "1.0"],
    [1, ""],
    [1, "0x10"],
    [1, " 1"],
    [2, "9007199254740992"],
    [3, "1,5"],
    [3, "1e"],
    [3, ""],
    [4, "yes"],
    [5, "1n"],
    [6, "x"],
  ];
  const fine = ["x", "1", "2", "2.5", "true", "1", "7"];
  for (const [column, text] of bad) {
    const line = fine.map((field, i) => i === column ? `"${text}"` : field).join(",");
    const { rows, invalid } = decode(header + line, { type, nullLiteral: "NULL" });
    assert.equal(rows.length, 0, line);
    assert.match(invalid[0], new RegExp(`column ${"sildbgn"[column]} is not`), line);
  }
});

Deno.test("columns are found by name with a header and by place without", () => {
  const type = Types.ROW({ b: Types.INT, a: Types.STRING });
  assert.deepEqual(decode("a,c,b\nx,ignored,1\n", { type }).rows, [{ a: "x", b: 1 }]);
  assert.deepEqual(decode("1,x\n", { type, header: false }).rows, [{ b: 1, a: "x" }]);
  assert.throws(() => decode("a,c\nx,1\n", { type }), { code: "TSF-3013", message: /file\.csv:1[\s\S]*"b"/ });
  assert.throws(() => decode("a,b,a\n"), { code: "TSF-3013" });
});

Deno.test("wrong options are refused with a code", () => {
  // deno-lint-ignore no-explicit-any -- of any row
  const table: CsvOptions<any>[] = [
    { delimiter: "::" },
    { delimiter: "" },
    { delimiter: "é" },
    { delimiter: "\n" },
    { delimiter: '"' },
    { comment: "," },
    { quote: "''" },
    { header: false },
    { charset: "utf-16" },
    { type: Types.STRING as never },
    { type: Types.ROW({ list: Types.LIST(Types.INT) }) as never },
  ];
  for (const options of table) assert.throws(() => csvFormat(options), { code: "TSF-3016" }, JSON.stringify(options));
});

Deno.test("record ends found in bytes agree with the parser, for any text in any chunks", () => {
  const dialect: CsvDialect = { delimiter: ",", quote: '"', comment: "#" };
  const parse = (text: string, into: string[]): void =>
    parseCsv(text, dialect, {
      row: (fields) => void into.push(JSON.stringify(fields)),
      invalid: (_line, content, reason) => void into.push(`${content}|${reason}`),
    });
  const piece = fc.constantFrom(",", '"', '""', "\n", "\r\n", "\r", "#", "a", "é");
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), fc.array(fc.nat(9), { minLength: 1 }), (pieces, sizes) => {
      const text = pieces.join("");
      const whole: string[] = [];
      parse(text, whole);
      const bytes = new TextEncoder().encode(text);
      const boundaries = new CsvBoundaries(dialect);
      const cut: string[] = [];
      let begin = 0;
      for (let at = 0, i = 0; at < bytes.length; i++) {
        const chunk = bytes.subarray(at, at + 1 + sizes[i % sizes.length]);
        const last = boundaries.lastEnd(chunk);
        if (last > 0) {
          parse(new TextDecoder().decode(bytes.subarray(begin, at + last)), cut);
          begin = at + last;
        }
        at += chunk.length;
      }
      parse(new TextDecoder().decode(bytes.subarray(begin)), cut);
      assert.deepEqual(cut, whole);
    }),
    { numRuns: 2000 },
  );
});

Deno.test("a CSV file with header is read in parts, at any parallelism, with restores", async () => {
  const directory = Deno.makeTempDirSync();
  try {
    const path = `${directory}/f.csv`;
    const rows = Array.from({ length: 40 }, (_, i) => ({ id: i, name: `n${i}` }));
    Deno.writeTextFileSync(path, "\ufeffid,name\r\n" + rows.map(({ id, name }) => `${id},"${name}"`).join("\r\n"));
    const type = Types.ROW({ id: Types.INT, name: Types.STRING });
    for (const splittable of [false, true]) {
      for (const splitSizeBytes of [3, 50, 10_000]) {
        const source = new FileSource(csvFormat({ type, splittable }), path, { splitSizeBytes });
        const first = new SourceRun(source, { parallelism: 2 });
        await first.run(() => first.values.length === 15);
        const second = new SourceRun(source, { restored: first.snapshot() });
        await second.run();
        const all = [...first.values, ...second.values].sort((a, b) => a.id - b.id);
        assert.deepEqual(all, rows);
        await Promise.all([first.close(), second.close()]);
      }
    }
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
});

Deno.test("line feeds in quotes count for line numbers", async () => {
  const directory = Deno.makeTempDirSync();
  try {
    const path = `${directory}/f.csv`;
    Deno.writeTextFileSync(path, 'a,b\n"1\n2",x\nbad\ny,z\n"open');
    const tag = new OutputTag<InvalidLine>("bad");
    const run = new SourceRun(new FileSource(csvFormat(), path, { onInvalidLine: tag }));
    await run.run();
    await run.close();
    assert.deepEqual(run.values, [{ a: "1\n2", b: "x" }, { a: "y", b: "z" }]);
    assert.deepEqual(run.side.map(({ value }) => (value as InvalidLine).line), [4, 6]);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
});
