/** The generated scanner against the parser and the conversions one by one. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { assertExact } from "../../types/clone_oracle_test.ts";
import { Types } from "../../types/type_information.ts";
import { csvFormat, type CsvOptions } from "./csv_format.ts";
import { CsvBoundaries, parseCsv } from "./csv_parser.ts";

const TYPE = Types.ROW({
  s: Types.STRING,
  i: Types.INT,
  l: Types.LONG,
  d: Types.DOUBLE,
  b: Types.BOOLEAN,
  g: Types.BIGINT,
  ni: Types.NULLABLE(Types.INT),
  nd: Types.NULLABLE(Types.DOUBLE),
  ns: Types.NULLABLE(Types.STRING),
});
const NAMES = ["s", "i", "l", "d", "b", "g", "ni", "nd", "ns"];

type Found = { readonly rows: unknown[]; readonly invalid: string[] };

// deno-lint-ignore no-explicit-any -- of any row
function decode(header: string, text: string, options: CsvOptions<any>, generated: boolean, bytes?: Uint8Array): Found {
  const found: Found = { rows: [], invalid: [] };
  csvFormat(options).createDecoder(header, "f.csv", { generated }).decode(text, {
    add: (row) => void found.rows.push(row),
    invalid: (line, content, reason) => void found.invalid.push(`${line}|${content}|${reason}|${found.rows.length}`),
  }, bytes);
  return found;
}

/** By bytes where they are the characters, by units, and the oracle. */
// deno-lint-ignore no-explicit-any -- of any row
function assertSame(header: string, text: string, options: CsvOptions<any>): Found {
  const expected = decode(header, text, options, false);
  const bytes = new TextEncoder().encode(text);
  const ways = [decode(header, text, options, true)];
  if (bytes.length === text.length) ways.push(decode(header, text, options, true, bytes));
  for (const found of ways) {
    assertExact(found.rows, expected.rows);
    assert.deepEqual(found.invalid, expected.invalid, JSON.stringify(text));
  }
  return expected;
}

const digits = fc.stringMatching(/^[0-9]{1,20}$/);
const numberText = fc.oneof(
  fc.integer().map(String),
  fc.maxSafeInteger().map(String),
  fc.double().map(String),
  fc.constantFrom("-0", "+0", "0", "-0.0", ".5", "5.", "1e5", "1E-3", "NaN", "-Infinity", "1.2.3", "+-1", "0x1", "1_0"),
  fc.constantFrom(
    "2147483647",
    "2147483648",
    "-2147483648",
    "-2147483649",
    "9007199254740993",
    "",
    " 1",
    "1 ",
    "00012",
  ),
  fc.tuple(fc.constantFrom("", "-", "+"), digits, fc.constantFrom("", "."), fc.option(digits, { nil: "" }))
    .map((parts) => parts.join("")),
);
const plainText = fc.oneof(
  fc.constantFrom("", "a", "é", "😀", "true", "FALSE", "NULL", "#", '"', 'a"b', "\r", " x "),
  fc.string(),
);
const quoted = plainText.map((text) => `"${text.replaceAll('"', '""')}"`);
const field = fc.oneof({ weight: 6, arbitrary: numberText }, { weight: 3, arbitrary: plainText }, quoted);
const lineEnd = fc.constantFrom("\n", "\n", "\r\n", "\n\n", "\n#x\n");

/** Mostly lines with fitting fields, so that most records are good. */
const line = fc.oneof(
  fc.tuple(
    plainText,
    numberText,
    numberText,
    numberText,
    fc.constantFrom("true", "False", "x"),
    digits,
    numberText,
    numberText,
    field,
  )
    .map((fields) => fields.join(",")),
  fc.tuple(
    quoted,
    fc.integer(),
    fc.maxSafeInteger(),
    fc.double({ noNaN: true }),
    fc.boolean(),
    fc.integer(),
    fc.integer(),
    fc.integer(),
    quoted,
  )
    .map((fields) => fields.join(",")),
  fc.array(field, { maxLength: 11 }).map((fields) => fields.join(",")),
);
const file = fc.tuple(fc.array(fc.tuple(line, lineEnd), { maxLength: 8 }), fc.boolean())
  .map(([lines, cut]) => {
    const text = lines.flat().join("");
    return cut ? text.replace(/\r?\n$/, "") : text;
  });
const options = fc.record({
  trim: fc.boolean(),
  comment: fc.constantFrom("", "#"),
  quote: fc.constantFrom('"', ""),
  nullLiteral: fc.constantFrom(undefined, "NULL", "0", "-1"),
});

Deno.test("records and invalid lines are those of the parser, typed and as text", () => {
  let good = 0;
  fc.assert(
    fc.property(file, options, (text, given) => {
      good += assertSame(`${NAMES.join(",")}\n`, text, { ...given, type: TYPE }).rows.length;
      assertSame("a,b,c\n", text, given);
      // Fields that are not wanted, in another order.
      assertSame("ns,x,i,y\n", text, { ...given, type: Types.ROW({ i: Types.INT, ns: Types.STRING }) });
      assertSame("", text, { ...given, header: false, type: Types.ROW({ d: Types.NULLABLE(Types.DOUBLE) }) });
    }),
    { numRuns: 400 },
  );
  assert.ok(good > 100, `${good} good records: the property would say little`);
});

Deno.test("numbers are those of Number, digit by digit", () => {
  const type = Types.ROW({ d: Types.DOUBLE, l: Types.LONG });
  const cases = fc.tuple(fc.integer({ min: 0, max: 10 ** 9 }), fc.integer({ min: 0, max: 12 }), fc.boolean());
  fc.assert(
    fc.property(fc.array(cases, { minLength: 1, maxLength: 30 }), (numbers) => {
      const texts = numbers.map(([n, places, minus]) => `${minus ? "-" : ""}${(n / 7).toFixed(places)}`);
      const whole = numbers.map(([n, , minus]) => `${minus ? "-" : ""}${n * 1000}`);
      const { rows } = assertSame("d,l\n", texts.map((text, i) => `${text},${whole[i]}\n`).join(""), { type });
      assertExact(rows, texts.map((text, i) => ({ d: Number(text), l: Number(whole[i]) + 0 })));
    }),
    { numRuns: 200 },
  );
});

Deno.test("boundaries: any cut into chunks finds the record ends of the parser", () => {
  const dialect = { delimiter: ",", quote: '"', comment: "#" };
  const text = fc.array(fc.constantFrom('"', ",", "\n", "\r", "#", "a", "é", '""', '"\n'), { maxLength: 40 })
    .map((parts) => parts.join(""));
  fc.assert(
    fc.property(text, fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 12 }), (content, sizes) => {
      const bytes = new TextEncoder().encode(content);
      const whole = new CsvBoundaries(dialect);
      const ends: number[] = [];
      for (let end = whole.nextEnd(bytes, 0); end >= 0; end = whole.nextEnd(bytes, end)) ends.push(end);
      // What lies between two ends is one record, an empty line or a comment.
      [0, ...ends].forEach((start, i) => {
        const part = new TextDecoder().decode(bytes.subarray(start, ends[i] ?? bytes.length));
        let records = 0;
        const count = (): void => void records++;
        parseCsv(part, dialect, { row: count, invalid: count });
        assert.ok(records <= 1, JSON.stringify([content, part]));
      });
      const cut = new CsvBoundaries(dialect);
      for (let at = 0, i = 0; at < bytes.length; i++) {
        const to = i < sizes.length ? Math.min(at + sizes[i], bytes.length) : bytes.length;
        const last = cut.lastEnd(bytes.subarray(at, to));
        assert.equal(last < 0 ? undefined : at + last, ends.findLast((end) => end > at && end <= to));
        at = to;
      }
    }),
    { numRuns: 500 },
  );
});
