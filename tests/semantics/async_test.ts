/** Asynchronous requests in whole jobs under virtual time: order, capacity, timeouts, retries, failures. */

import assert from "node:assert/strict";
import {
  AsyncDataStream,
  AsyncRetryStrategies,
  type AsyncRetryStrategy,
  type DataStream,
  type ResultFuture,
  type RichAsyncFunction,
  type RuntimeContext,
  WatermarkStrategy,
} from "tsflink";
import { RecordingSink, scriptedSource, type ScriptStep, testEnvironment } from "tsflink/testing";
import { timeText } from "./job_script.ts";

/** A request: answered `ms` after it was made; by `answer`, or an error when that starts with "!". */
interface Request {
  id: string;
  ms: number;
}

interface Options {
  readonly capacity?: number;
  readonly timeout?: number;
  readonly retry?: AsyncRetryStrategy<string>;
  /** Answers by the number of the attempt (from 1); default the id. */
  readonly answer?: (request: Request, attempt: number) => string[] | Error;
  readonly onTimeout?: (request: Request, future: ResultFuture<string>) => void;
  readonly parallelism?: number;
}

/** What a run did: `out` transcript, `times` when each request was made, `most` under way at a time. */
interface Run {
  out: string;
  times: string;
  most: number;
}

/** Script: `a30@5` request a of 30 ms with timestamp 5; `w5` watermark; `t10` wait until 10. */
function stepsOf(script: string): ScriptStep<Request>[] {
  return script.split(" ").filter((t) => t !== "").map((token) => {
    if (token[0] === "w" && /^w\d/.test(token)) return { watermark: +token.slice(1) };
    if (/^t\d/.test(token)) return { untilProcessingTime: +token.slice(1) };
    const [, id, ms, timestamp] = /^([a-z]+)(\d+)(?:@(\d+))?$/.exec(token)!;
    const value = { id, ms: +ms };
    return timestamp === undefined ? { value } : { value, timestamp: +timestamp };
  });
}

async function run(mode: "ordered" | "unordered", script: string, options: Options = {}): Promise<Run> {
  const { env, clock } = testEnvironment({ parallelism: options.parallelism ?? 1 });
  const times: string[] = [];
  const attempts = new Map<string, number>();
  let now = 0;
  let most = 0;
  const fn: RichAsyncFunction<Request, string> = {
    asyncInvoke(request, future) {
      const attempt = (attempts.get(request.id) ?? 0) + 1;
      attempts.set(request.id, attempt);
      times.push(`${request.id}@${clock.now()}`);
      most = Math.max(most, ++now);
      clock.after(request.ms, () => {
        now--;
        const answer = options.answer === undefined ? [request.id] : options.answer(request, attempt);
        if (answer instanceof Error) future.completeExceptionally(answer);
        else future.complete(answer);
      });
    },
    ...(options.onTimeout === undefined ? {} : { timeout: options.onTimeout }),
  };
  const input: DataStream<Request> = env.fromSource(
    scriptedSource<Request>(stepsOf(script)),
    WatermarkStrategy.noWatermarks<Request>(),
    "requests",
  );
  const { retry, timeout = 0, capacity = 100 } = options;
  const asked = retry === undefined
    ? AsyncDataStream[`${mode}Wait`](input, shared(fn), timeout, capacity)
    : AsyncDataStream[`${mode}WaitWithRetry`](input, shared(fn), { timeout, capacity, retry });
  const sink = new RecordingSink<string>();
  asked.sinkTo(sink);
  await env.execute();
  const out: string[] = [];
  let next = 0;
  const show = () => {
    const { value, timestamp } = sink.records[next++];
    out.push(value + (timestamp === undefined ? "" : `@${timeText(timestamp)}`));
  };
  for (const { watermark, afterRecords } of sink.watermarks) {
    while (next < afterRecords) show();
    if (watermark < Number.MAX_SAFE_INTEGER) out.push(`w${watermark}`);
  }
  while (next < sink.records.length) show();
  return { out: out.join(" "), times: times.join(" "), most };
}

/** The function object holds a clock, which cannot be copied; its subtask may share it. */
function shared<F extends object>(fn: F): F {
  return { [Symbol.for("tsflink.perSubtask")]: () => fn } as unknown as F;
}

Deno.test("async: order of results", async () => {
  const table: [string, string, string][] = [
    ["a30 b20 c10", "a b c", "c b a"],
    ["a10 b20 c30", "a b c", "a b c"],
    ["a30@1 b10@2 w5 c5@6", "a@1 b@2 w5 c@6", "b@2 a@1 w5 c@6"],
    ["w5 a30@6 w7 w8 b1@9", "w5 a@6 w7 w8 b@9", "w5 a@6 w7 w8 b@9"],
    ["a30 b30 c30", "a b c", "a b c"],
    ["a5 t100 b1 c50 d20 w9 e10", "a b c d w9 e", "a b d c w9 e"],
    ["", "", ""],
    ["w3", "w3", "w3"],
    ["a0@1", "a@1", "a@1"],
  ];
  for (const [script, ordered, unordered] of table) {
    for (const capacity of [100, 5]) {
      assert.equal((await run("ordered", script, { capacity })).out, ordered, `ordered ${script}`);
      assert.equal((await run("unordered", script, { capacity })).out, unordered, `unordered ${script}`);
    }
  }
});

Deno.test("async: capacity holds the input back", async () => {
  for (const mode of ["ordered", "unordered"] as const) {
    for (const [capacity, most] of [[1, 1], [2, 2], [3, 3], [100, 6]]) {
      const found = await run(mode, "a30 b20 c10 d30 e20 f10", { capacity });
      assert.deepEqual([found.most, found.out.split(" ").sort().join("")], [most, "abcdef"], `${mode} ${capacity}`);
    }
    assert.equal((await run(mode, "a30 b20 c10", { capacity: 1 })).out, "a b c");
  }
  // Ordered: a place is free only when the result has left, and it leaves behind those before it.
  assert.equal((await run("ordered", "a30 b10 c5 d5", { capacity: 2 })).times, "a@0 b@0 c@30 d@30");
  assert.equal((await run("unordered", "a30 b10 c5 d5", { capacity: 2 })).times, "a@0 b@0 c@10 d@15");
});

Deno.test("async: any number of results per request", async () => {
  const answer = (r: Request) =>
    Array.from({ length: r.id === "a" ? 0 : r.id === "b" ? 3 : 1 }, (_, i) => `${r.id}${i}`);
  assert.equal((await run("ordered", "a5@1 b9@2 c1@3", { answer })).out, "b0@2 b1@2 b2@2 c0@3");
  assert.equal((await run("unordered", "a5@1 b9@2 c1@3", { answer })).out, "c0@3 b0@2 b1@2 b2@2");
});

Deno.test("async: timeouts", async () => {
  for (const mode of ["ordered", "unordered"] as const) {
    await assert.rejects(run(mode, "a10 b50", { timeout: 20 }), /timed out|time/i);
    assert.equal((await run(mode, "a10 b19", { timeout: 20 })).out, "a b");
    // 0 is never.
    assert.equal((await run(mode, "a99999", { timeout: 0 })).out, "a");
    const onTimeout = (r: Request, future: ResultFuture<string>) => future.complete([`late ${r.id}`]);
    assert.equal((await run(mode, "a10 b500@3", { timeout: 20, onTimeout })).out, "a late b@3");
    const nothing = (_r: Request, future: ResultFuture<string>) => future.complete([]);
    assert.equal((await run(mode, "a500 b10", { timeout: 20, onTimeout: nothing })).out, "b");
    const fails = (_r: Request, future: ResultFuture<string>) => future.completeExceptionally(new Error("mine"));
    await assert.rejects(run(mode, "a500", { timeout: 20, onTimeout: fails }), /mine/);
  }
  // The timeout runs from the moment the request is made, not from its arrival.
  assert.equal((await run("ordered", "a15 b15 c15", { timeout: 20, capacity: 1 })).out, "a b c");
});

Deno.test("async: retries", async () => {
  const strategy = (conditions: object, maxAttempts = 2) =>
    AsyncRetryStrategies.fixedDelay<string>({ maxAttempts, delay: 100, ...conditions });
  const emptyTwice = (r: Request, attempt: number) => r.id === "a" && attempt < 3 ? [] : [`${r.id}${attempt}`];
  const failsTwice = (r: Request, attempt: number) =>
    r.id === "a" && attempt < 3 ? new Error("no") : [`${r.id}${attempt}`];
  const ifResult = (results: readonly string[]) => results.length === 0;
  const ifException = () => true;
  // As in Flink a processing-time timer fires in the millisecond after its time.
  const table: [Options, string, string, string][] = [
    [{ retry: strategy({ ifResult }), answer: emptyTwice }, "a3 b1", "b1 a3", "a@0 b@0 a@111 a@222"],
    [{ retry: strategy({ ifException }), answer: failsTwice }, "a3 b1", "b1 a3", "a@0 b@0 a@111 a@222"],
    // Not often enough: the last result counts.
    [{ retry: strategy({ ifResult }, 1), answer: emptyTwice }, "b1", "b1", "a@0 b@0 a@111"],
    [{ retry: strategy({}), answer: emptyTwice }, "b1", "b1", "a@0 b@0"],
    [{ retry: AsyncRetryStrategies.NO_RETRY, answer: emptyTwice }, "b1", "b1", "a@0 b@0"],
    [
      {
        retry: AsyncRetryStrategies.exponentialBackoff<string>({
          maxAttempts: 5,
          initialDelay: 10,
          maxDelay: 25,
          multiplier: 2,
          ifResult,
        }),
        answer: (r, attempt) => r.id === "a" && attempt < 5 ? [] : [`${r.id}${attempt}`],
      },
      "a5 b1",
      "b1 a5",
      "a@0 b@0 a@21 a@52 a@88 a@124",
    ],
  ];
  for (const [options, ordered, unordered, times] of table) {
    const given = { timeout: 10_000, ...options };
    const found = await run("ordered", "a10 b10 t9000", given);
    assert.deepEqual([found.out, found.times], [ordered, times]);
    assert.equal((await run("unordered", "a10 b10 t9000", given)).out, unordered);
  }
  // At the end of input a request that waits is made once more, at once, and never again.
  const atEnd = await run("ordered", "a10 t50", { timeout: 10_000, retry: strategy({ ifResult }), answer: emptyTwice });
  assert.deepEqual([atEnd.out, atEnd.times], ["", "a@0 a@50"]);
  const afterEnd = await run("ordered", "a10", { timeout: 10_000, retry: strategy({ ifResult }), answer: emptyTwice });
  assert.deepEqual([afterEnd.out, afterEnd.times], ["", "a@0"]);
  // All attempts used up: the error is the request's.
  await assert.rejects(
    run("ordered", "a10 t9000", { timeout: 10_000, retry: strategy({ ifException }, 1), answer: failsTwice }),
    /no/,
  );
  // The timeout is for all attempts together.
  const onTimeout = (r: Request, future: ResultFuture<string>) => future.complete([`late ${r.id}`]);
  assert.equal(
    (await run("ordered", "a10 t9000", { timeout: 150, retry: strategy({ ifResult }, 9), answer: () => [], onTimeout }))
      .out,
    "late a",
  );
});

Deno.test("async: failures", async () => {
  const failing: [string, (r: Request) => string[] | Error][] = [
    ["an error", () => new Error("mine")],
    ["not an iterable", () => 5 as never],
    ["nothing", () => null as never],
  ];
  for (const [name, answer] of failing) {
    for (const mode of ["ordered", "unordered"] as const) {
      await assert.rejects(
        run(mode, "a10 b10", { answer }),
        (error: Error & { code?: string }) => /^TSF-/.test(error.code ?? ""),
        name,
      );
    }
  }
  const { env } = testEnvironment();
  env.fromData(1).asyncMap(() => Promise.reject(new RangeError("rejected"))).sinkTo(new RecordingSink());
  await assert.rejects(env.execute(), /rejected/);
  const thrown = testEnvironment();
  thrown.env.fromData(1).asyncMap(() => {
    throw new RangeError("thrown");
  }).sinkTo(new RecordingSink());
  await assert.rejects(thrown.env.execute(), /thrown/);
});

Deno.test("async: only the first completion counts", async () => {
  const { env } = testEnvironment();
  const out = AsyncDataStream.orderedWait(env.fromData(1, 2), {
    asyncInvoke(value: number, future: ResultFuture<number>) {
      future.complete([value]);
      future.complete([value * 100]);
      future.completeExceptionally(new Error("too late"));
    },
  }, 0);
  assert.deepEqual(await out.executeAndCollect(), [1, 2]);
});

Deno.test("async: life cycle and the promise form", async () => {
  const seen: string[] = [];
  const { env } = testEnvironment();
  const out = AsyncDataStream.unorderedWait(env.fromData(1, 2, 3), {
    open: (context: RuntimeContext) => void seen.push(`open ${context.getTaskInfo().indexOfThisSubtask}`),
    asyncInvoke: (value: number) => Promise.resolve([value, -value]),
    close: () => void seen.push("close"),
  }, "1 min");
  assert.deepEqual((await out.executeAndCollect()).sort(), [-1, -2, -3, 1, 2, 3]);
  assert.deepEqual(seen, ["open 0", "close"]);
});

Deno.test("async: requests under way are in a snapshot and are asked again after a restore", async () => {
  for (const mode of ["ordered", "unordered"] as const) {
    let asked: string[] = [];
    const attempt = async (answers: boolean, restoreFrom?: unknown) => {
      const test = testEnvironment({ restoreFrom: restoreFrom as never, autoAdvance: answers });
      const sink = new RecordingSink<string>();
      const input = test.env.fromSource(
        scriptedSource<string>([{ value: "a", timestamp: 1 }, { value: "b", timestamp: 2 }, {
          untilProcessingTime: 1_000,
        }]),
        WatermarkStrategy.noWatermarks<string>(),
        "in",
      ).uid("in");
      AsyncDataStream[`${mode}Wait`](
        input,
        (value: string) => {
          asked.push(value);
          return answers ? Promise.resolve([`${value}!`]) : new Promise<string[]>(() => {});
        },
        0,
        10,
      ).uid("async").sinkTo(sink);
      const client = await test.env.executeAsync();
      if (answers) {
        await client.getJobExecutionResult();
        return sink.records.map((r) => `${r.value}@${r.timestamp}`).join(" ");
      }
      await test.idle();
      const snapshot = await test.takeSnapshot(client);
      await client.cancel();
      return snapshot;
    };
    const snapshot = await attempt(false);
    assert.deepEqual(asked, ["a", "b"]);
    asked = [];
    assert.equal(await attempt(true, snapshot), "a!@1 b!@2");
    assert.deepEqual(asked, ["a", "b"]);
  }
});

Deno.test("async: asyncMap in order and not", async () => {
  const { env } = testEnvironment();
  for (const ordered of [true, false]) {
    const found = await env.fromData(3, 1, 2).asyncMap(async (v) => {
      for (let i = 0; i < 30 * v; i++) await Promise.resolve();
      return v;
    }, { ordered }).executeAndCollect();
    assert.deepEqual(found, ordered ? [3, 1, 2] : [1, 2, 3]);
  }
});
