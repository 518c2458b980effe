import assert from "node:assert/strict";
import { BugError, FlinkError, InvalidProgramError, JobExecutionError, RetryableError } from "../../runtime/errors.ts";
import { toTransferable } from "../../runtime/seams/error_transfer.ts";
import { decodeError, encodeError, errorBody, RestError, statusOf } from "./rest_error.ts";

Deno.test("the status of an answer goes by the code, then by the class of the error", () => {
  const cases: [unknown, number][] = [
    [new RestError(418, "TSF-4140", "x"), 418],
    [new InvalidProgramError("TSF-1104", "x"), 400],
    [new RetryableError("TSF-5246", "x"), 503],
    [new RetryableError("TSF-5243", "x"), 404],
    [new FlinkError("TSF-5242", "x"), 409],
    [new FlinkError("TSF-5245", "x"), 413],
    [new FlinkError("TSF-5240", "x"), 400],
    [new JobExecutionError("TSF-2001", "x"), 500],
    [new BugError("TSF-0001", "x"), 500],
    [new TypeError("x"), 500],
    ["text", 500],
    [undefined, 500],
  ];
  for (const [error, status] of cases) assert.equal(statusOf(error), status, String(error));
});

Deno.test("an answer names the message and those of the causes, not without end", () => {
  const deep = new JobExecutionError("TSF-2001", "outer", { cause: new RangeError("inner"), hint: "h", expected: "e" });
  const body = errorBody(deep);
  assert.deepEqual([body.errors.length, body.code, body.hint, body.expected], [2, "TSF-2001", "h", "e"]);
  assert.equal(body.errors[1], "inner");
  const loop: Error & { cause?: unknown } = new Error("loop");
  loop.cause = loop;
  assert.equal(errorBody(loop).errors.length, 8);
  assert.deepEqual(errorBody("text").errors, ["text"]);
  assert.equal("code" in errorBody("text"), false);
});

Deno.test("an error comes back as it was; a text that is none gives nothing", () => {
  const error = new JobExecutionError("TSF-2001", "outer", { cause: new RangeError("inner"), userLine: "job://a:1:2" });
  const back = decodeError(encodeError(toTransferable(error))) as JobExecutionError;
  assert.equal(back instanceof JobExecutionError, true);
  assert.deepEqual([back.code, back.userLine, (back.cause as Error).message], ["TSF-2001", "job://a:1:2", "inner"]);
  for (const text of ["", "!!!", "AAAA", "EAA=", undefined, 5, null, {}]) {
    const decoded = decodeError(text);
    assert.equal(decoded instanceof FlinkError, false, String(text));
  }
});
