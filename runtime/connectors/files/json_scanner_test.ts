/** The generated scanner of JSON lines against JSON.parse, line by line. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { assertExact } from "../../types/clone_oracle_test.ts";
import { jsonLinesFormat, type JsonLinesOptions } from "./json_lines_format.ts";
import { generateJsonScanner } from "./json_scanner.ts";

type Found = { readonly rows: unknown[]; readonly invalid: string[] };

/** Texts go through one decoder, as the chunks of a split do. */
function decode(
  texts: readonly string[],
  options: JsonLinesOptions<unknown>,
  generated: boolean,
  asBytes = false,
): Found {
  const found: Found = { rows: [], invalid: [] };
  const decoder = jsonLinesFormat(options).createDecoder(undefined, "f.jsonl", { generated });
  for (const text of texts) {
    const bytes = new TextEncoder().encode(text);
    decoder.decode(text, {
      add: (row) => void found.rows.push(row),
      invalid: (line, content, reason) => void found.invalid.push(`${line}|${content}|${reason}|${found.rows.length}`),
    }, asBytes && bytes.length === text.length ? bytes : undefined);
  }
  return found;
}

function assertSame(texts: readonly string[], options: JsonLinesOptions<unknown> = {}): Found {
  const expected = decode(texts, options, false);
  for (const asBytes of [false, true]) {
    const found = decode(texts, options, true, asBytes);
    assertExact(found.rows, expected.rows);
    assert.deepEqual(found.invalid, expected.invalid, JSON.stringify(texts));
  }
  return expected;
}

const numberText = fc.oneof(
  fc.integer().map(String),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
  fc.tuple(fc.integer({ min: 0, max: 10 ** 9 }), fc.integer({ min: 0, max: 12 })).map(([n, places]) =>
    (n / 7).toFixed(places)
  ),
  fc.constantFrom(
    "-0",
    "0",
    "-0.0",
    "00",
    "01",
    "-01",
    "1.",
    ".5",
    "1e5",
    "1E+2",
    "+1",
    "-",
    "NaN",
    "9007199254740993",
  ),
  fc.constantFrom("123456789012345", "1234567890123456", "0.1234567890123456", "12345678901234.5", "1.50"),
);
const value = fc.oneof(
  { weight: 4, arbitrary: numberText },
  { weight: 3, arbitrary: fc.string().map((text) => JSON.stringify(text)) },
  { weight: 1, arbitrary: fc.string({ unit: "grapheme" }).map((text) => JSON.stringify(text)) },
  fc.constantFrom("true", "false", "null", "tru", "nul", '"open', '"a\tb"', "", "[1]", '{"x":1}', '"\\u0041"', '"}"'),
);
const style = fc.constantFrom([":", ","], [": ", ", "], [" :", ", "]);
const names = fc.constantFrom(["a", "b c", "$"], ["a"], ["z", "7", "a"], ["__proto__"], ["a", "a"], ["é", "b"], [
  'q"',
  "r",
]);
const line = fc.tuple(names, fc.array(value, { minLength: 3, maxLength: 3 }), style, fc.constantFrom("", "", " ", "\t"))
  .map(([fields, values, [colon, comma], tail]) =>
    `{${fields.map((name, i) => `${JSON.stringify(name)}${colon}${values[i]}`).join(comma)}}${tail}`
  );
const other = fc.constantFrom("", " ", "[1]", "5", "{}", "{", '"x"', "null", '{"a":1}{"a":2}', '{"a":1},{"a":2}');
const texts = fc.array(
  fc.array(fc.tuple(fc.oneof({ weight: 6, arbitrary: line }, other), fc.constantFrom("\n", "\r\n")), { maxLength: 6 })
    .map((lines) => lines.flat().join("")),
  { minLength: 1, maxLength: 4 },
);

Deno.test("lines of any kind, mixed", () => {
  fc.assert(
    fc.property(texts, fc.boolean(), (all, cut) => {
      if (cut) all.push(all.pop()!.replace(/\r?\n$/, ""));
      assertSame(all);
    }),
    { numRuns: 600 },
  );
});

Deno.test("lines of one kind, good and bad values", () => {
  let good = 0;
  const oneKind = fc.tuple(style, fc.array(fc.tuple(value, value), { minLength: 1, maxLength: 10 }))
    .map(([[colon, comma], rows]) =>
      `{"n"${colon}1${comma}"s"${colon}"x"}\n${
        rows.map(([n, s]) => `{"n"${colon}${n}${comma}"s"${colon}${s}}\n`).join("")
      }`
    );
  fc.assert(fc.property(oneKind, (text) => void (good += assertSame([text, text]).rows.length)), { numRuns: 600 });
  assert.ok(good > 1500, `${good}`);
});

Deno.test("a conversion sees the value, and what it throws makes the line invalid", () => {
  const convert = (record: unknown): unknown => {
    const { n } = record as { n: number };
    if (n > 2) throw new Error(`${n} is too much`);
    return n * 2;
  };
  const { rows, invalid } = assertSame(['{"n":1}\n{"n":3}\n{"n":2}\r\n{"n":9}'], { convert });
  assert.deepEqual(rows, [2, 4]);
  assert.deepEqual(invalid, ['1|{"n":3}|3 is too much|1', '3|{"n":9}|9 is too much|2']);
});

Deno.test("the kind of the lines changes from text to text", () => {
  const kinds = [
    '{"a":1}\n{"a":2}\n',
    '{"b":"x","c":true}\n',
    '{"a":{"b":1}}\n',
    '{"a": 1, "d": null}\n',
    "[1]\n",
    '{"e":0.5}\n',
  ];
  assert.equal(assertSame([...kinds, ...kinds, ...kinds.reverse()]).rows.length, 21);
});

Deno.test("which lines are learnt from", () => {
  for (const text of ["", "{}", "[1]", "5", '{"a":[1]}', '{"7":1}', '{"__proto__":1}', '{"é":1}', "{", '{"a\\"":1}']) {
    assert.equal(generateJsonScanner(text, "t"), undefined, text);
  }
  assert.ok(generateJsonScanner('{"a":1,"b":"x","c":null,"d":true}', "t"));
});
