import assert from "node:assert/strict";
import { FlinkError } from "../../../runtime/errors.ts";
import { describeError, errorJson } from "./error_text.ts";

const CAUSE = new RangeError("deep");
const ERROR = new FlinkError("TSF-4148", "It cannot be reached", {
  expected: "a",
  found: "b",
  hint: "c",
  cause: CAUSE,
});

Deno.test("the first line says what is wrong; everything else only where it is asked for", () => {
  const short = describeError(ERROR, false);
  assert.equal(short.split("\n")[0], "[TSF-4148] It cannot be reached");
  assert.equal(/\n\s+at file:/.test(short), false);
  const long = describeError(ERROR, true);
  assert.match(long, /TSF-4148[^]*\n\s+at [^]*caused by: RangeError: deep\n\s+at /);
  assert.match(describeError(new TypeError("mine"), false), /^TypeError: mine\n\s+at /);
  for (const value of ["text", 5, null]) assert.equal(describeError(value, false), String(value));
  const loop: Error & { cause?: unknown } = new Error("loop");
  loop.cause = loop;
  assert.equal(describeError(loop, true).match(/caused by/g)?.length, 15);
});

Deno.test("errors as JSON have their code apart", () => {
  assert.deepEqual(errorJson(ERROR), {
    code: "TSF-4148",
    message: "It cannot be reached",
    expected: "a",
    found: "b",
    hint: "c",
  });
  assert.deepEqual(errorJson(new TypeError("mine")), { message: "mine" });
  assert.deepEqual(errorJson("text"), { message: "text" });
});
