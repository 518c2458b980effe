import assert from "node:assert/strict";
import fc from "fast-check";
import { BugError, FlinkError, InvalidProgramError, JobExecutionError, RetryableError } from "../errors.ts";
import { fromTransferable, toTransferable } from "./error_transfer.ts";

/** To the other side and back, by the way messages go. */
function cross(error: unknown): unknown {
  return fromTransferable(structuredClone(toTransferable(error)));
}

/** What people and code look at. */
function faceOf(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { name, message, cause } = error;
  const stack = (error as { slotStack?: string }).slotStack ?? error.stack;
  return { name, message, stack, cause: faceOf(cause), keys: { ...error }, of: Object.getPrototypeOf(error) };
}

const details = {
  expected: "1",
  found: "2",
  operator: { name: "parse", uid: "p", userLine: "file:///job.ts:3:4" },
  userLine: "file:///job.ts:9:9",
  hint: "do it",
  cause: new TypeError("deep", { cause: "text" }),
};

for (const Class of [InvalidProgramError, JobExecutionError, RetryableError, BugError, FlinkError]) {
  Deno.test(`${Class.name} crosses with all its parts, and without any`, () => {
    for (const error of [new Class("TSF-2001", "A summary", details), new Class("TSF-0001", "Bare")]) {
      const back = cross(error);
      assert.ok(back instanceof Class);
      assert.deepEqual(faceOf(back), faceOf(error));
      assert.equal(String(back), String(error));
      assert.deepEqual(Object.keys(back).toSorted(), Object.keys(error).toSorted());
    }
  });
}

Deno.test("an InvalidProgramError keeps its line and gets none from the way back", () => {
  const line = new InvalidProgramError("TSF-1101", "x", { userLine: "job://a.ts:1:1" });
  assert.equal((cross(line) as FlinkError).userLine, "job://a.ts:1:1");
  const none = new InvalidProgramError("TSF-1101", "x");
  assert.equal((cross(none) as FlinkError).userLine, none.userLine);
});

Deno.test("a class below one of tsflink comes back as that, with its name and fields", () => {
  class Mine extends JobExecutionError {
    readonly shelf = { row: 3n };
    override name = "Mine";
  }
  const back = cross(new Mine("TSF-2001", "x")) as Mine;
  assert.ok(back instanceof JobExecutionError);
  assert.deepEqual([back.name, back.code, back.shelf], ["Mine", "TSF-2001", { row: 3n }]);
});

Deno.test("an error of another copy of tsflink is known by its shape", async () => {
  const source = await Deno.readTextFile(new URL("../errors.ts", import.meta.url));
  const copy = await import(`data:application/typescript;base64,${btoa(source.replace('"../"', '"file:///x/"'))}`);
  const error = new copy.RetryableError("TSF-3000", "gone", { hint: "wait" });
  assert.ok(!(error instanceof FlinkError));
  const back = cross(error);
  assert.ok(back instanceof RetryableError);
  assert.deepEqual([back.code, back.hint, back.message], ["TSF-3000", "wait", error.message]);
});

Deno.test("errors of JavaScript come back as their class, others as Error of their name", () => {
  class Custom extends RangeError {}
  const cases: [Error, typeof Error][] = [
    [new Error("e"), Error],
    [new TypeError("t", { cause: new SyntaxError("s") }), TypeError],
    [new RangeError(""), RangeError],
    [new URIError("u"), URIError],
    [new Custom("c"), RangeError],
    [Object.assign(new Error("named"), { name: "ConnectionError" }), Error],
    [new DOMException("gone", "AbortError") as Error, Error],
    [new Deno.errors.NotFound("no file"), Error],
  ];
  for (const [error, Class] of cases) {
    const back = cross(error) as Error;
    assert.ok(back instanceof Class, error.name);
    assert.deepEqual([back.name, back.message], [error.name, error.message]);
    assert.equal((back as { slotStack?: string }).slotStack, error.stack ?? `${error.name}: ${error.message}`);
  }
});

Deno.test("fields of an error cross when they can be cloned", () => {
  const error = Object.assign(new Error("x"), {
    code: "ENOENT",
    status: 404,
    body: { rows: [1n, new Date(0)] },
    retry: () => {},
    hint: "kept: not an error of tsflink",
    [Symbol("hidden")]: 1,
  });
  Object.defineProperty(error, "broken", {
    enumerable: true,
    get() {
      throw new Error("getter");
    },
  });
  Object.defineProperty(error, "__proto__", { value: { evil: 1 }, enumerable: true });
  const back = cross(error) as typeof error;
  const { code, status, body, hint } = back;
  assert.deepEqual({ code, status, body, hint }, {
    code: "ENOENT",
    status: 404,
    body: { rows: [1n, new Date(0)] },
    hint: "kept: not an error of tsflink",
  });
  assert.ok(!("retry" in back) && !("broken" in back) && !("evil" in back));
  assert.equal(Object.getPrototypeOf(back), Error.prototype);
});

Deno.test("an AggregateError keeps its errors", () => {
  const error = new AggregateError([new TypeError("a"), "b", new BugError("TSF-0001", "c")], "several");
  const back = cross(error) as AggregateError;
  assert.ok(back instanceof AggregateError);
  assert.equal(back.message, "several");
  assert.deepEqual(back.errors.map(String), error.errors.map(String));
  assert.ok(back.errors[0] instanceof TypeError && back.errors[2] instanceof BugError);
});

Deno.test("cycles, depth and sizes are cut", () => {
  const loop = new Error("loop");
  loop.cause = new Error("inner", { cause: loop });
  const back = cross(loop) as Error;
  assert.deepEqual([(back.cause as Error).message, (back.cause as Error).cause], ["inner", undefined]);
  const self = new AggregateError([], "self");
  self.errors.push(self, new Error("other"));
  assert.deepEqual((cross(self) as AggregateError).errors.map(String), ["Error: other"]);

  let chain = new Error("0");
  for (let i = 1; i < 1000; i++) chain = new Error(`${i}`, { cause: chain });
  let depth = 0;
  for (let at = cross(chain) as Error | undefined; at !== undefined; at = at.cause as Error | undefined) depth++;
  assert.equal(depth, 17);

  const wide = new AggregateError(Array.from({ length: 1000 }, (_, i) => new Error(`${i}`)));
  assert.equal((cross(wide) as AggregateError).errors.length, 32);
  const long = cross(new Error("x".repeat(1 << 20))) as Error;
  assert.match(long.message, /^x{65536}\.\.\. \(1048576 characters\)$/);
  const fields = cross(
    Object.assign(new Error(), Object.fromEntries(Array.from({ length: 99 }, (_, i) => [`f${i}`, i]))),
  );
  assert.equal(Object.keys(fields as object).length, 32);
});

Deno.test("what has crossed can be thrown by a module that is imported", async () => {
  // Deno replaces such an error when it has no frame, or its stack was set.
  const holder = globalThis as { crossed?: unknown };
  holder.crossed = cross(new JobExecutionError("TSF-2001", "x", { cause: new TypeError("deep") }));
  const importing = import("data:text/javascript,throw globalThis.crossed");
  await assert.rejects(importing, (error) => error === holder.crossed);
  delete holder.crossed;
});

Deno.test("values that are no errors cross as they are, or as what they say", () => {
  for (const value of [undefined, null, 0, "text", 5n, { a: [1] }, new Date(3)]) assert.deepEqual(cross(value), value);
  assert.equal(cross(Symbol("s")), "Symbol(s)");
  assert.match(String(cross(() => 1)), /=>/);
  assert.match(String(cross({ fn() {} })), /object/);
});

Deno.test("nothing thrown makes it throw", () => {
  const hostile = new Proxy(new Error("x"), {
    get() {
      throw new Error("no");
    },
  });
  const rude = Object.assign(new Error("x"), { toString: () => assert.fail() });
  const unprintable = { [Symbol.toPrimitive]: () => assert.fail(), fn() {} };
  const nameless = Object.defineProperty(new Error("x"), "message", { get: () => assert.fail() });
  for (const thrown of [hostile, rude, unprintable, nameless, Object.create(null), Object.create(Error.prototype)]) {
    structuredClone(toTransferable(thrown));
    cross(thrown);
  }
  const revoked = Proxy.revocable({}, {});
  revoked.revoke();
  assert.equal(cross(revoked.proxy), "an error that cannot be read");
});

Deno.test("crossing twice is crossing once", () => {
  const leaf = fc.anything({ withBigInt: true, withDate: true, withMap: true });
  const error = fc.letrec((tie) => ({
    any: fc.oneof({ maxDepth: 3 }, leaf, tie("error"), tie("flink")),
    error: fc.record({ message: fc.string(), name: fc.string(), cause: tie("any") }).map(({ message, name, cause }) =>
      Object.assign(new Error(message, { cause }), { name })
    ),
    flink: fc.record({ summary: fc.string(), cause: tie("any") }).map(({ summary, cause }) =>
      new JobExecutionError("TSF-2001", summary, { cause })
    ),
  })).any;
  fc.assert(
    fc.property(error, (thrown) => {
      const once = toTransferable(thrown);
      assert.deepEqual(toTransferable(fromTransferable(structuredClone(once))), once);
    }),
    { numRuns: 300 },
  );
});
