/** Arguments of a program: forms, types, defaults, usage. */

import assert from "node:assert/strict";
import { FlinkError } from "../errors.ts";
import { Args, ProgramArgs } from "./args.ts";

const args = (...words: string[]) => new ProgramArgs(words);

function refusal(run: () => unknown): FlinkError {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof FlinkError);
    assert.equal(error.code, "TSF-1216");
    return error;
  }
  throw new Error("nothing was thrown");
}

const FORMS: readonly (readonly [words: string[], given: Record<string, string>, positional: string[]])[] = [
  [[], {}, []],
  [["--name", "value"], { name: "value" }, []],
  [["--name=value"], { name: "value" }, []],
  [["--name=a=b"], { name: "a=b" }, []],
  [["--name="], { name: "" }, []],
  [["-n", "5"], { n: "5" }, []],
  [["--flag"], { flag: "true" }, []],
  [["--flag", "--name", "x"], { flag: "true", name: "x" }, []],
  [["--delta", "-5"], { delta: "-5" }, []],
  [["-1.5"], {}, ["-1.5"]],
  [["in.txt", "--n", "1", "out.txt"], { n: "1" }, ["in.txt", "out.txt"]],
  [["--n", "1", "--n", "2"], { n: "2" }, []],
  [["--text", "two words"], { text: "two words" }, []],
];
for (const [words, given, positional] of FORMS) {
  Deno.test(`arguments ${JSON.stringify(words)}`, () => {
    assert.deepEqual(args(...words).toObject(), given);
    assert.deepEqual(args(...words).positional, positional);
  });
}

Deno.test("single values by type, with and without default", () => {
  const given = args("--host", "a", "--port", "80", "--debug", "--quiet=false");
  assert.equal(given.get("host"), "a");
  assert.equal(given.get("user", "me"), "me");
  assert.equal(given.get("user", undefined), undefined);
  assert.equal(given.getNumber("port"), 80);
  assert.equal(given.getNumber("size", 7), 7);
  assert.equal(given.getBoolean("debug"), true);
  assert.equal(given.getBoolean("quiet", true), false);
  assert.equal(given.getBoolean("other"), false);
  assert.equal(given.has("host"), true);
  assert.equal(given.has("user"), false);
  assert.match(refusal(() => given.get("user")).summary, /--user is missing/);
  assert.match(refusal(() => given.getNumber("host")).summary, /--host is malformed/);
  assert.match(refusal(() => given.getNumber("size")).summary, /--size is missing/);
  assert.match(refusal(() => given.getBoolean("host")).found ?? "", /"a"/);
  assert.match(refusal(() => given.get("debug")).summary, /--debug is missing/);
});

const declared = {
  input: Args.string("the text to count"),
  top: 10,
  rate: Args.of(0.5, "share of lines"),
  verbose: false,
  dry: Args.flag("count nothing"),
  port: Args.number(),
} as const;

Deno.test("all values at once, typed by their defaults", () => {
  const values = args("--input", "b", "--port", "1", "--verbose", "--top=3").parse(declared);
  const typed: { input: string; top: number; rate: number; verbose: boolean; dry: boolean; port: number } = values;
  assert.deepEqual(typed, { input: "b", top: 3, rate: 0.5, verbose: true, dry: false, port: 1 });
});

const PARSED: readonly (readonly [words: string[], summary: RegExp, hint: RegExp])[] = [
  [[], /--input is missing/, /Usage:\n {2}--input <string> +the text to count \(required\)/],
  [["--input"], /--input is malformed/, /Usage:/],
  [["--input", "x"], /--port is missing/, /--port <number> +\(required\)/],
  [["--input", "x", "--port", "y"], /--port is malformed/, /--rate <number> +share of lines \(default 0.5\)/],
  [["--inptu", "x"], /Unknown argument --inptu/, /^Did you mean --input\?\nUsage:/],
  [["--nothingalike", "x"], /Unknown argument/, /^Usage:/],
  [["--input", "x", "--port", "1", "--dry", "maybe"], /--dry is malformed/, /--dry +count nothing \(default false\)/],
];
for (const [words, summary, hint] of PARSED) {
  Deno.test(`refused arguments ${JSON.stringify(words)}`, () => {
    const error = refusal(() => args(...words).parse(declared));
    assert.match(error.summary, summary);
    assert.match(error.hint ?? "", hint);
    assert.match(error.userLine ?? "", /args_test\.ts/);
  });
}
