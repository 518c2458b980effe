import assert from "node:assert/strict";
import fc from "fast-check";
import { AsyncRetryStrategies, RetryPredicates } from "../../functions/async_retry.ts";
import type { AsyncFunction, ResultFuture, RichAsyncFunction } from "../../functions/async_function.ts";
import { OneInputStreamOperatorTestHarness } from "../../testing/one_input_harness.ts";
import type { HarnessOptions, HarnessSnapshot } from "../../testing/operator_test_harness.ts";
import { deserializeValue } from "../../types/generic_serializer.ts";
import { MAX_WATERMARK } from "../../types/stream_element.ts";
import { asyncWaitOperator, type AsyncWaitOptions } from "./async_wait.ts";

/** One call of the function under test; the test answers it. */
interface Call {
  readonly value: string;
  readonly future: ResultFuture<string>;
  readonly signal: AbortSignal;
}
/** Notes its calls; shared by all copies of the function object, as a service would be. */
function service(): { calls: Call[]; fn: RichAsyncFunction<string, string>; values(): string } {
  const calls: Call[] = [];
  return {
    calls,
    // A closure, because function objects are copied per subtask.
    fn: { asyncInvoke: (value, future, signal) => void calls.push({ value, future, signal }) },
    values: () => calls.map((call) => call.value).join(" "),
  };
}

class AsyncHarness extends OneInputStreamOperatorTestHarness<string, string> {
  constructor(options: Partial<AsyncWaitOptions<string, string>>, harness: HarnessOptions = {}) {
    super(
      asyncWaitOperator<string, string>({
        fn: service().fn,
        mode: "ordered",
        timeoutMs: 0,
        capacity: 10,
        ...options,
      }),
      { name: "lookup", uid: "l", ...harness },
    );
  }
  /** "a@5" a record with timestamp, "w5", "max", "idle". */
  text(): string {
    return this.getOutput().map((element) => {
      if (element.kind === "record") {
        return element.value + (element.timestamp === undefined ? "" : `@${element.timestamp}`);
      }
      if (element.kind === "watermark") return element.timestamp === MAX_WATERMARK ? "max" : `w${element.timestamp}`;
      return element.kind === "status" ? element.status : element.kind;
    }).join(" ");
  }
}
/** Answers the n-th call with its value in capitals. */
async function answer(one: AsyncHarness, calls: Call[], ...indices: number[]): Promise<void> {
  for (const index of indices) {
    calls[index].future.complete([calls[index].value.toUpperCase()]);
    await one.settle();
  }
}

Deno.test("ordered: results leave in order of the input, with its timestamps", async () => {
  const { calls, fn } = service();
  const one = new AsyncHarness({ fn });
  one.processElement("a", 1);
  one.processElement("b", 2);
  one.processWatermark(2);
  one.processElement("c");
  await answer(one, calls, 2, 1);
  assert.equal(one.text(), "");
  await answer(one, calls, 0);
  assert.equal(one.text(), "A@1 B@2 w2 C");
});

Deno.test("unordered: results leave as they come, but never past a watermark or status", async () => {
  const { calls, fn } = service();
  const one = new AsyncHarness({ fn, mode: "unordered" });
  one.processElement("a", 1);
  one.processElement("b", 2);
  one.processWatermark(2);
  one.processElement("c", 3);
  one.processWatermarkStatus("idle");
  one.processElement("d", 4);
  await answer(one, calls, 3, 2, 1);
  assert.equal(one.text(), "B@2");
  await answer(one, calls, 0);
  assert.equal(one.text(), "B@2 A@1 w2 C@3 idle D@4");
  assert.equal(one.getCurrentWatermark(), 2);
});

Deno.test("watermarks leave at once when nothing is before them", () => {
  for (const mode of ["ordered", "unordered"] as const) {
    const one = new AsyncHarness({ mode });
    one.processWatermark(5);
    one.processWatermarkStatus("idle");
    assert.equal(one.text(), "w5 idle");
  }
});

Deno.test("results enter only as mail, also when the function answers at once; none, one, many", () => {
  const results: Record<string, string[]> = { none: [], one: ["1"], many: ["1", "2", "3"] };
  const fn: RichAsyncFunction<string, string> = { asyncInvoke: (value, future) => future.complete(results[value]) };
  const one = new AsyncHarness({ fn });
  one.open();
  const operator = one.getOperator();
  for (const value of ["many", "none", "one"]) operator.processElement(value, 7);
  assert.equal(one.text(), "", "nothing inside processElement");
  one.setProcessingTime(1);
  assert.equal(one.text(), "1@7 2@7 3@7 1@7");
});

const FORMS: readonly [string, AsyncFunction<string, string>][] = [
  ["a function that returns a promise", (value) => Promise.resolve([value + "!"])],
  ["an async function", async (value) => (await Promise.resolve(), [value + "!"])],
  ["a method that returns a promise", { asyncInvoke: (value) => Promise.resolve([value + "!"]) }],
  ["a method with a future", { asyncInvoke: (value, future) => future.complete([value + "!"]) }],
  ["an async method with a future", {
    asyncInvoke: async (value, future) => {
      await Promise.resolve();
      future.complete([value + "!"]);
    },
  }],
  ["the first answer counts", {
    asyncInvoke: (value, future) => {
      future.complete([value + "!"]);
      future.complete(["late"]);
      future.completeExceptionally(new Error("late"));
    },
  }],
];
for (const [name, fn] of FORMS) {
  Deno.test(`form: ${name}`, async () => {
    const one = new AsyncHarness({ fn });
    one.processElement("x", 3);
    await one.settle();
    assert.equal(one.text(), "x!@3");
  });
}

Deno.test("capacity: what does not fit waits and makes the operator busy; watermarks count too", async () => {
  const { calls, fn, values } = service();
  const one = new AsyncHarness({ fn, capacity: 2 });
  for (const value of ["a", "b", "c"]) one.processElement(value);
  one.processWatermark(1);
  one.processElement("d");
  const operator = one.getOperator();
  assert.equal(values(), "a b");
  assert.deepEqual([operator.busy, operator.isWaiting, operator.canSnapshot], [true, true, true]);
  await answer(one, calls, 1);
  assert.equal(values(), "a b", "ordered: b cannot leave before a");
  await answer(one, calls, 0);
  assert.equal(values(), "a b c");
  assert.equal(one.text(), "A B");
  await answer(one, calls, 2);
  assert.equal(values(), "a b c d");
  await answer(one, calls, 3);
  assert.equal(one.text(), "A B C w1 D");
  assert.deepEqual([operator.busy, operator.isWaiting], [false, false]);
});

Deno.test("a snapshot holds every input whose output has not left, also the one without room, in order", async () => {
  for (const mode of ["ordered", "unordered"] as const) {
    const { calls, fn } = service();
    const one = new AsyncHarness({ fn, mode, capacity: 3 });
    for (const [index, value] of ["a", "b", "c", "d"].entries()) one.processElement(value, index);
    const all = one.snapshot(1);
    await answer(one, calls, 1);
    const later = one.snapshot(2);
    const again = async (snapshot: HarnessSnapshot) => {
      const after = service();
      const two = new AsyncHarness({ fn: after.fn, mode, capacity: 2 });
      two.initializeState(snapshot);
      two.open();
      for (let i = 0; i < 4; i++) {
        assert.ok(after.calls.length <= i + 2, "capacity holds on restore");
        if (after.calls[i] !== undefined) await answer(two, after.calls, i);
      }
      return two.text();
    };
    assert.equal(await again(all), "A@0 B@1 C@2 D@3");
    assert.equal(await again(later), mode === "ordered" ? "A@0 B@1 C@2 D@3" : "A@0 C@2 D@3");
  }
});

Deno.test("endInput waits for all in flight, after MAX; the order holds", async () => {
  const { calls, fn } = service();
  const one = new AsyncHarness({ fn });
  one.processElement("a", 1);
  one.processWatermark(MAX_WATERMARK);
  one.endInput();
  assert.deepEqual([one.isBusy, one.text()], [true, ""]);
  await answer(one, calls, 0);
  assert.deepEqual([one.isBusy, one.text()], [false, "A@1 max"]);
});

Deno.test("a full output stops between two results; a snapshot waits for the rest of a record, not of all", () => {
  let room = 0;
  let drawn = 0;
  const results = function* () {
    for (; drawn < 1000; drawn++) yield String(drawn);
  };
  const fn: RichAsyncFunction<string, string> = { asyncInvoke: (_value, future) => future.complete(results()) };
  const one = new AsyncHarness({ fn }, { proceed: () => room-- > 0 });
  one.open();
  const operator = one.getOperator();
  // Past the harness, which would resume until the operator is done.
  operator.processElement("a", 0);
  one.seams.mainThread.runAll();
  assert.deepEqual([operator.busy, operator.isWaiting, operator.canSnapshot, drawn], [true, false, true, 0]);
  room = 3;
  assert.equal(operator.resume(), false);
  assert.equal(one.text(), "0@0 1@0 2@0 3@0", "one in any case, then as long as there is room");
  assert.ok(drawn <= 4, "drawn lazily");
  assert.deepEqual([operator.busy, operator.canSnapshot], [true, false]);
  room = 5000;
  assert.equal(operator.resume(), true);
  assert.deepEqual([operator.busy, operator.canSnapshot, one.extractOutputValues().length], [false, true, 1000]);
});

Deno.test("timeout: the job fails, the request is told; in time nothing happens", async () => {
  const { calls, fn } = service();
  const one = new AsyncHarness({ fn, timeoutMs: 100 });
  one.processElement("a");
  one.setProcessingTime(60);
  one.processElement("b");
  await answer(one, calls, 0);
  one.setProcessingTime(159);
  assert.equal(one.text(), "A");
  assert.throws(() => one.setProcessingTime(160), { code: "TSF-2250", operator: { name: "lookup", uid: "l" } });
  assert.deepEqual(calls.map((call) => call.signal.aborted), [false, true]);
  const endless = new AsyncHarness({ fn, timeoutMs: 0 });
  endless.processElement("c");
  endless.setProcessingTime(1e9);
  assert.equal(endless.isBusy, false);
});

Deno.test("timeout(): answers in place of the request; without an answer the request goes on", async () => {
  const { calls, fn } = service();
  const timeouts: string[] = [];
  const withTimeout: RichAsyncFunction<string, string> = {
    ...fn,
    timeout: (value, future) => {
      timeouts.push(value);
      if (value === "a") future.complete(["-"]);
    },
  };
  const one = new AsyncHarness({ fn: withTimeout, timeoutMs: 100 });
  one.processElement("a", 1);
  one.processElement("b", 2);
  one.setProcessingTime(100);
  await one.settle();
  assert.deepEqual(timeouts, ["a", "b"]);
  assert.deepEqual(calls.map((call) => call.signal.aborted), [true, false]);
  await answer(one, calls, 0, 1);
  assert.equal(one.text(), "-@1 B@2");
});

const FAILURES: readonly [string, string, AsyncFunction<string, string>][] = [
  ["a rejected promise", "TSF-2001", () => Promise.reject(new Error("refused"))],
  ["a throw in a plain function", "TSF-2001", () => {
    throw new Error("refused");
  }],
  ["a throw in asyncInvoke", "TSF-2001", {
    asyncInvoke: () => {
      throw new Error("refused");
    },
  }],
  ["completeExceptionally", "TSF-2001", {
    asyncInvoke: (_value, future) => future.completeExceptionally(new Error("refused")),
  }],
  ["no results", "TSF-2251", () => Promise.resolve(undefined as unknown as string[])],
  ["null", "TSF-2251", { asyncInvoke: (_value, future) => future.complete(null as unknown as string[]) }],
  ["a string", "TSF-2251", () => Promise.resolve("refused" as unknown as string[])],
  ["results that throw while drawn", "TSF-2001", {
    asyncInvoke: (_value, future) =>
      future.complete((function* () {
        yield "1";
        throw new Error("refused");
      })()),
  }],
];
for (const [name, code, fn] of FAILURES) {
  Deno.test(`the job fails and names the operator: ${name}`, async () => {
    const one = new AsyncHarness({ fn });
    await assert.rejects(async () => {
      one.processElement("a");
      await one.settle();
    }, { code, operator: { name: "lookup", uid: "l" } });
  });
}

const whenEmpty = (maxAttempts: number) =>
  AsyncRetryStrategies.fixedDelay<string>({ maxAttempts, delay: 10, ifResult: RetryPredicates.EMPTY_RESULT });
const onError = (maxAttempts: number) =>
  AsyncRetryStrategies.fixedDelay<string>({ maxAttempts, delay: 10, ifException: RetryPredicates.HAS_EXCEPTION });

Deno.test("retry on a result: as often as the strategy says, after its wait; then the result counts", async () => {
  const { calls, fn, values } = service();
  const one = new AsyncHarness({ fn, retry: whenEmpty(2), timeoutMs: 1000 });
  one.processElement("a", 1);
  one.processElement("b", 2);
  calls[0].future.complete([]);
  await one.settle();
  one.setProcessingTime(9);
  assert.equal(values(), "a b");
  one.setProcessingTime(10);
  assert.equal(values(), "a b a");
  calls[0].future.complete(["from the first attempt"]);
  await answer(one, calls, 1);
  assert.equal(one.text(), "", "an attempt answers once");
  calls[2].future.complete([]);
  await one.settle();
  one.setProcessingTime(20);
  assert.equal(values(), "a b a a");
  calls[3].future.complete([]);
  await one.settle();
  one.setProcessingTime(1e4);
  assert.equal(values(), "a b a a", "1 + 2 attempts");
  assert.equal(one.text(), "B@2");
});

Deno.test("retry on an error: success ends it; the last error fails the job", async () => {
  const { calls, fn, values } = service();
  const one = new AsyncHarness({ fn, retry: onError(1) });
  one.processElement("a");
  calls[0].future.completeExceptionally(new Error("1"));
  await one.settle();
  one.setProcessingTime(10);
  await answer(one, calls, 1);
  assert.equal(one.text(), "A");
  one.processElement("b");
  calls[2].future.completeExceptionally(new Error("1"));
  await one.settle();
  one.setProcessingTime(20);
  calls[3].future.completeExceptionally(new Error("the last one"));
  await assert.rejects(one.settle(), /the last one/);
  assert.equal(values(), "a a b b");
});

Deno.test("an error that is not to be retried fails the job at once", async () => {
  const { calls, fn } = service();
  const one = new AsyncHarness({ fn, retry: whenEmpty(5) });
  one.processElement("a");
  calls[0].future.completeExceptionally(new Error("fatal"));
  await assert.rejects(one.settle(), { code: "TSF-2001" });
});

Deno.test("the timeout counts all attempts together and ends the retries", async () => {
  const { calls, fn, values } = service();
  const one = new AsyncHarness({
    fn: { ...fn, timeout: (_value, future) => future.complete([]) },
    retry: whenEmpty(100),
    timeoutMs: 25,
  });
  one.processElement("a", 1);
  one.processElement("b", 2);
  for (const time of [0, 10, 20]) {
    one.setProcessingTime(time);
    calls.filter((call) => call.value === "a").at(-1)!.future.complete([]);
    await one.settle();
  }
  one.setProcessingTime(25);
  await one.settle();
  one.setProcessingTime(1000);
  assert.equal(values(), "a b a a");
  assert.deepEqual([one.isBusy, one.text()], [false, ""], "both gave the empty answer of timeout()");
  one.processWatermark(1);
  assert.equal(one.text(), "w1");
});

Deno.test("endInput: what waits for a retry asks once more at once and then takes what comes", async () => {
  const { calls, fn, values } = service();
  const one = new AsyncHarness({ fn, retry: whenEmpty(100) });
  one.processElement("a");
  calls[0].future.complete([]);
  await one.settle();
  one.endInput();
  assert.equal(values(), "a a");
  calls[1].future.complete([]);
  await one.settle();
  one.setProcessingTime(1000);
  assert.deepEqual([values(), one.isBusy, one.text()], ["a a", false, ""]);
});

Deno.test("the function may change its input: retries and snapshots see the original", async () => {
  const seen: number[] = [];
  const fn: RichAsyncFunction<{ n: number }, string> = {
    asyncInvoke: (value, future) => {
      seen.push(value.n);
      value.n = -1;
      future.complete([]);
    },
  };
  const make = (capacity = 10) =>
    new OneInputStreamOperatorTestHarness<{ n: number }, string>(
      asyncWaitOperator({ fn, mode: "ordered", timeoutMs: 0, capacity, retry: whenEmpty(1) as never }),
    );
  const one = make();
  one.processElement({ n: 5 });
  await one.settle();
  const two = make();
  two.initializeState(one.snapshot(1));
  two.open();
  one.setProcessingTime(10);
  assert.deepEqual(seen, [5, 5, 5]);
});

Deno.test("object reuse: the sender may change what it emitted, the queue does not see it", () => {
  const fn: RichAsyncFunction<{ n: number }, string> = { asyncInvoke() {} };
  const one = new OneInputStreamOperatorTestHarness<{ n: number }, string>(
    asyncWaitOperator({ fn, mode: "ordered", timeoutMs: 0, capacity: 1 }),
    { config: { objectReuse: true } },
  );
  one.open();
  const reused = { n: 1 };
  for (const n of [1, 2]) {
    reused.n = n;
    one.getOperator().processElement(reused, n);
  }
  reused.n = 3;
  const values = one.snapshot(1).operator!.lists[0].elements.map((bytes) => deserializeValue(bytes));
  assert.deepEqual(values, [{ value: { n: 1 }, timestamp: 1 }, { value: { n: 2 }, timestamp: 2 }]);
});

Deno.test("open and close of the function are called; a cancelled task aborts its requests and takes no answer", async () => {
  const { calls, fn } = service();
  const life: string[] = [];
  const one = new AsyncHarness({
    fn: { ...fn, open: () => void life.push("open"), close: () => void life.push("close") },
  });
  one.processElement("a");
  await one.close();
  assert.deepEqual(life, ["open", "close"]);
  assert.equal(calls[0].signal.aborted, true);
  calls[0].future.complete(["late"]);
  one.seams.mainThread.runAll();
  assert.equal(one.text(), "");
});

for (const [name, part] of [["capacity", { capacity: 0 }], ["timeoutMs", { timeoutMs: -1 }]] as const) {
  Deno.test(`${name} out of range is refused`, () => {
    assert.throws(() => new AsyncHarness(part), { code: "TSF-1352" });
  });
}

Deno.test("any order of answers, capacity, room and restores: every record leaves once, order as promised", async () => {
  const run = fc.record({
    mode: fc.constantFrom("ordered" as const, "unordered" as const),
    capacity: fc.integer({ min: 1, max: 4 }),
    everyOther: fc.boolean(),
    steps: fc.array(fc.oneof(fc.constantFrom("put", "put", "mark", "restore"), fc.nat({ max: 3 })), {
      maxLength: 40,
      size: "max",
    }),
  });
  await fc.assert(
    fc.asyncProperty(run, async ({ mode, capacity, everyOther, steps }) => {
      let full = false;
      const proceed = () => !everyOther || (full = !full);
      let { calls, fn } = service();
      let one = new AsyncHarness({ fn, mode, capacity }, { proceed });
      one.open();
      let [put, marks, epoch] = [0, 0, 0];
      const out: string[] = [];
      const take = () => out.push(...one.text().split(" ").filter((part) => part !== ""));
      for (const step of [...steps, "drain"]) {
        if (step === "put") one.processElement(`${epoch}.${put++}`, marks);
        else if (step === "mark") one.processWatermark(++marks);
        else if (step === "restore" && !one.isBusy) {
          const snapshot = one.snapshot(++epoch);
          take();
          ({ calls, fn } = service());
          one = new AsyncHarness({ fn, mode, capacity }, { proceed });
          one.initializeState(snapshot);
          one.open();
        } else if (typeof step === "number" && calls[step] !== undefined) await answer(one, calls, step);
        else if (step === "drain") { for (let i = 0; i < calls.length; i++) await answer(one, calls, i); }
      }
      take();
      const records = out.filter((part) => !part.startsWith("w")).map((part) =>
        Number(part.split(".")[1].split("@")[0])
      );
      assert.deepEqual([...records].sort((a, b) => a - b), Array.from({ length: put }, (_, i) => i));
      if (mode === "ordered") assert.deepEqual(records, Array.from({ length: put }, (_, i) => i));
      // A record that came before a watermark leaves before it (in its own attempt).
      let watermark = 0;
      for (const part of out) {
        if (part.startsWith("w")) watermark = Number(part.slice(1));
        else if (Number(part[0]) === epoch) assert.ok(Number(part.split("@")[1]) >= watermark, out.join(" "));
      }
    }),
    { numRuns: 150, seed: 11 },
  );
});
