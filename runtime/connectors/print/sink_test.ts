import assert from "node:assert/strict";
import { SinkRun } from "../../testing/sink_run.ts";
import { formatValue } from "./format_value.ts";
import { PrintSink } from "./sink.ts";

Deno.test("the prefix names identifier and subtask", async () => {
  const table: [PrintSink<unknown>, number, string[]][] = [
    [new PrintSink(), 1, ["a", "b", "c"]],
    [new PrintSink(), 2, ["1> a", "2> b", "1> c"]],
    [new PrintSink("words"), 1, ["words> a", "words> b", "words> c"]],
    [new PrintSink("words"), 2, ["words:1> a", "words:2> b", "words:1> c"]],
    [new PrintSink("e", true), 3, ["e:1> a", "e:2> b", "e:3> c"]],
  ];
  for (const [sink, parallelism, expected] of table) {
    const run = new SinkRun(sink, { parallelism });
    for (const value of ["a", "b", "c"]) await run.write(value);
    await run.finish();
    assert.deepEqual(run.printed.map(({ line }) => line), expected);
    assert.ok(run.printed.every(({ stream }) => stream === (sink.toStdErr ? "stderr" : "stdout")));
  }
  assert.equal(String(new PrintSink()), "Print to System.out");
  assert.equal(String(new PrintSink("x", true)), "Print to System.err");
});

Deno.test("a value is one line of text", () => {
  class Point {
    constructor(readonly x: number) {}
    toString(): string {
      return `P${this.x}`;
    }
  }
  const circular: Record<string, unknown> = {};
  circular.self = circular;
  const shared = { s: 1 };
  const table: [unknown, string][] = [
    ["to be", "to be"],
    ["", ""],
    [1.5, "1.5"],
    [-0, "-0"],
    [NaN, "NaN"],
    [5n, "5"],
    [true, "true"],
    [null, "null"],
    [undefined, "undefined"],
    [["to", 1], '["to",1]'],
    [{ word: "to", count: 1 }, '{"word":"to","count":1}'],
    [{ a: undefined, b: 5n, c: NaN, d: [null] }, '{"a":undefined,"b":5n,"c":NaN,"d":[null]}'],
    [new Date(0), "1970-01-01T00:00:00.000Z"],
    [new Date(NaN), "Invalid Date"],
    [new Map<unknown, unknown>([["k", { v: 1 }]]), 'Map{"k"=>{"v":1}}'],
    [new Set(["a", 2]), 'Set{"a",2}'],
    [Uint8Array.of(1, 2), "[1,2]"],
    [new Error("no"), "Error: no"],
    [new Point(3), "P3"],
    [{ p: new Point(3) }, '{"p":P3}'],
    [circular, '{"self":[circular]}'],
    [[shared, shared], '[{"s":1},{"s":1}]'],
    [Object.create(null), "{}"],
  ];
  for (const [value, expected] of table) assert.equal(formatValue(value), expected);
});
