import assert from "node:assert/strict";
import fc from "fast-check";
import { formatValue } from "./format_value.ts";

Deno.test("what JSON has a word for is JSON, except that a text alone is itself", () => {
  const negativeZero = (value: unknown): boolean =>
    Object.is(value, -0) || (typeof value === "object" && value !== null && Object.values(value).some(negativeZero));
  const json = fc.jsonValue().filter((value) => !negativeZero(value));
  fc.assert(fc.property(json, (value) => {
    assert.equal(formatValue(value), typeof value === "string" ? value : JSON.stringify(value));
    assert.equal(formatValue([value]), JSON.stringify([value]));
    assert.equal(formatValue({ value }), JSON.stringify({ value }));
  }));
});

Deno.test("values of any kind, nested and cyclic, are a line of text and never throw", () => {
  class Point {
    constructor(readonly x: number, readonly y: number) {}
  }
  class Named extends Point {
    override toString(): string {
      return `<${this.x}|${this.y}>`;
    }
  }
  const cyclic: Record<string, unknown> = { name: "a" };
  cyclic.self = cyclic;
  const shared = { n: 1 };
  const table: [unknown, string][] = [
    [undefined, "undefined"],
    [null, "null"],
    [-0, "-0"],
    [[-0, NaN, -Infinity], "[-0,NaN,-Infinity]"],
    [10n ** 20n, "100000000000000000000"],
    [[5n, true, undefined, , null], "[5n,true,undefined,undefined,null]"],
    [new Date(0), "1970-01-01T00:00:00.000Z"],
    [[new Date(NaN)], "[Invalid Date]"],
    [new Map<unknown, unknown>([["k", [1]], [{ a: 1 }, new Set(["x", 2])]]), 'Map{"k"=>[1],{"a":1}=>Set{"x",2}}'],
    [new Uint8Array([1, 255]), "[1,255]"],
    [new BigInt64Array([-1n]), "[-1n]"],
    [new Error("why"), "Error: why"],
    [/a+/gi, "/a+/gi"],
    [new Point(1, 2), '{"x":1,"y":2}'],
    [[new Named(1, 2)], "[<1|2>]"],
    [Object.create(null, { a: { value: 1, enumerable: true } }), '{"a":1}'],
    [{
      toString: () => {
        throw new Error("no");
      },
    }, /^\{"toString":/ as never],
    [cyclic, '{"name":"a","self":[circular]}'],
    [[shared, shared], '[{"n":1},{"n":1}]'],
    [Symbol("s"), "Symbol(s)"],
    [{ 'quo"te': "line\nfeed" }, '{"quo\\"te":"line\\nfeed"}'],
  ];
  for (const [value, expected] of table) {
    const found = formatValue(value);
    if ((expected as unknown) instanceof RegExp) assert.match(found, expected as unknown as RegExp);
    else assert.equal(found, expected);
  }
  fc.assert(
    fc.property(
      fc.anything({
        withMap: true,
        withSet: true,
        withDate: true,
        withTypedArray: true,
        withBigInt: true,
        withNullPrototype: true,
        withSparseArray: true,
      }),
      (value) => {
        assert.equal(typeof formatValue(value), "string");
        assert.equal(formatValue(value), formatValue(value));
      },
    ),
  );
});
