/**
 * The CSV parser against a slow reading of RFC 4180, one character at a time.
 *
 * @module
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import { type CsvDialect, parseCsv } from "./csv_parser.ts";

type Row = { readonly line: number; readonly fields?: string[]; readonly invalid?: true };

function parsed(text: string, dialect: CsvDialect): Row[] {
  const rows: Row[] = [];
  parseCsv(text, dialect, {
    row: (fields, line, content) => {
      assert.ok(text.split("\n")[line].startsWith(content.split("\n")[0]), "content is that of the line");
      rows.push({ line, fields });
    },
    invalid: (line) => void rows.push({ line, invalid: true }),
  });
  return rows;
}

/** Every character changes one of: the field, the row, whether it is in quotes. */
function oracle(text: string, { delimiter, quote, comment }: CsvDialect): Row[] {
  const rows: Row[] = [];
  let at = 0;
  let line = 0;
  while (at < text.length) {
    const start = line;
    const begin = at;
    const fields: string[] = [];
    let invalid = false;
    const isComment = comment !== "" && text[at] === comment;
    for (let open = true; open;) {
      let field = "";
      const isQuoted = !isComment && quote !== "" && text[at] === quote;
      if (isQuoted) {
        let closed = false;
        for (at++; at < text.length && !closed;) {
          if (text[at] !== quote) field += text[at++];
          else if (text[at + 1] === quote) field += quote, at += 2;
          else closed = true, at++;
        }
        line += field.split("\n").length - 1;
        const after = text.slice(at);
        invalid = !closed || !(after === "" || after === "\r" || /^\r?\n/.test(after) || after[0] === delimiter);
        if (!invalid && after[0] === "\r" && delimiter !== "\r") at++;
      } else while (at < text.length && text[at] !== delimiter && text[at] !== "\n") field += text[at++];
      if (invalid) { while (at < text.length && text[at] !== "\n") at++; }
      const ends = at >= text.length || text[at] === "\n";
      fields.push(ends && !isQuoted ? field.replace(/\r$/, "") : field);
      at++;
      open = !ends;
      if (ends) line++;
    }
    const content = text.slice(begin, at).replace(/\r?\n$|\r$/, "");
    if (isComment || content === "") continue;
    rows.push(invalid ? { line: start, invalid: true } : { line: start, fields });
  }
  return rows;
}

Deno.test("rows, fields and lines are those of a slow reading, for any text in any dialect", () => {
  const dialects: CsvDialect[] = [
    { delimiter: ",", quote: '"', comment: "" },
    { delimiter: ";", quote: "'", comment: "#" },
    { delimiter: "\t", quote: "", comment: "" },
  ];
  const piece = fc.constantFrom(
    ",",
    ";",
    "\t",
    '"',
    '""',
    "'",
    "''",
    "\n",
    "\r\n",
    "\r",
    "a",
    " ",
    "é",
    "#",
    '","',
    "';'",
  );
  fc.assert(
    fc.property(fc.constantFrom(...dialects), fc.array(piece, { maxLength: 22 }), (dialect, pieces) => {
      const text = pieces.join("");
      assert.deepEqual(parsed(text, dialect), oracle(text, dialect), JSON.stringify(text));
    }),
    { numRuns: 4000 },
  );
});

Deno.test("what is written by the rules is read back, whatever the fields hold", () => {
  const field = fc.oneof(fc.string(), fc.constantFrom("", '"', "\n", "\r", ",", 'a"b', " x ", "\r\n"));
  // One empty field alone is an empty line, which is none.
  const rows = fc.array(fc.array(field, { minLength: 2, maxLength: 4 }), { maxLength: 6 });
  fc.assert(fc.property(rows, fc.constantFrom("\n", "\r\n"), fc.boolean(), (all, lineEnd, atEnd) => {
    const text = all.map((fields) => fields.map((value) => `"${value.replaceAll('"', '""')}"`).join(",")).join(lineEnd);
    const found = parsed(text + (atEnd ? lineEnd : ""), { delimiter: ",", quote: '"', comment: "" });
    assert.deepEqual(found.map(({ fields }) => fields), all);
  }));
});
