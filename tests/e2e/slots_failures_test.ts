/**
 * Jobs that go wrong in slots: each ends by itself with exit code 1 (2 when nothing ran) and an error that names its
 * code, the operator and the user's own line.
 *
 * @module
 */

import assert from "node:assert/strict";
import { type Ended, JobFiles, someAtOnce, type Start } from "./testdata/job_files.ts";

/** A process must be gone by then even on a busy machine; most take 0.3 s. */
const QUICK_MS = 10_000;

interface Failure {
  /** Behind the two lines that make `env`; the third line of the file is its first. */
  readonly code: string;
  /** Of the command line; `deno run` gives 1 for all. */
  readonly exitCode: 1 | 2;
  /** What stderr holds; the user's line as "at N". */
  readonly err: readonly (string | RegExp)[];
  /** What stdout holds. */
  readonly out?: RegExp;
  /** Default: worker threads. */
  readonly starts?: readonly Start[];
  /** Of the command line. */
  readonly options?: readonly string[];
}

/** Something that is so in a slot's thread only. */
const IN_SLOT = `(await import("node:worker_threads")).isMainThread === false`;

/** User code that throws, by where: the operators's name and the throwing line are told. */
function throwing(code: string, code2001: string, operator: string, starts?: readonly Start[]): Failure {
  const lines = code.split("\n");
  const line = 3 + lines.findIndex((text) => text.includes("throw"));
  return {
    code: `${code}\nawait env.execute();`,
    exitCode: 1,
    err: [`[TSF-2001] ${code2001} failed: Error: user error`, `operator: ${operator}`, `at ${line}`],
    starts,
  };
}

const FAILURES: Readonly<Record<string, Failure>> = {
  "map throws": throwing(
    `env.fromSequence(1, 3).map((n): number => {
      throw new Error("user error " + n);
    }).name("Mapper").uid("mapper").print();`,
    "processing a record",
    'Mapper (uid "mapper")',
    ["threads", "web", "plain"],
  ),
  "open throws": throwing(
    `env.fromSequence(1, 3).map(new class {
      open() { throw new Error("user error"); }
      map(n: number) { return n; }
    }()).name("Opener").print();`,
    "open()",
    "Opener",
  ),
  "close throws": throwing(
    `env.fromSequence(1, 3).map(new class {
      map(n: number) { return n; }
      close() { throw new Error("user error"); }
    }()).name("Closer").print();`,
    "close()",
    "Closer",
  ),
  "a key selector throws": throwing(
    `env.fromSequence(1, 3).map((n) => n).name("Before").keyBy((n): number => {
      throw new Error("user error " + n);
    }).reduce((a, b) => a + b).print();`,
    "the key selector after this operator",
    "Before",
  ),
  "a timer throws": throwing(
    `import { type Collector, KeyedProcessFunction } from "tsflink";
    class Timers extends KeyedProcessFunction<number, number, number> {
      processElement(n: number, context: Parameters<KeyedProcessFunction<number, number, number>["processElement"]>[1]) {
        context.timerService().registerEventTimeTimer(n);
      }
      override onTimer(at: number, _context: unknown, _out: Collector<number>): void {
        throw new Error("user error at " + at);
      }
    }
    env.fromSequence(1, 3).keyBy((n) => n).process(new Timers()).name("Timers").print();`,
    "processing a watermark",
    "Timers",
  ),
  "an asynchronous function throws": throwing(
    `env.fromSequence(1, 3).asyncMap(async (n: number): Promise<number> => {
      await new Promise((resolve) => setTimeout(resolve, 1));
      throw new Error("user error " + n);
    }).name("Requests").print();`,
    "an asynchronous request",
    "Requests",
  ),
  "a sink writer throws": throwing(
    `env.fromSequence(1, 3).sinkTo({
      createWriter: () => ({
        write: () => { throw new Error("user error"); },
        flush: () => {},
        close: () => {},
      }),
    }).name("Writer");`,
    "processing a record",
    "Writer: Writer",
  ),
  "a source reader throws": {
    code: `import { defineSource, WatermarkStrategy } from "tsflink";
      const source = defineSource<number, string, number>({
        boundedness: "bounded",
        splits: () => ["a"],
        open: async function* () {
          yield { records: [1], position: 1 };
          throw new Error("user error");
        },
      });
      env.fromSource(source, WatermarkStrategy.noWatermarks(), "Reader").print();
      await env.execute();`,
    exitCode: 1,
    err: ["[TSF-3031]", "operator: Source: Reader", "found: user error", "at 9"],
    out: /^(\d> )?1\n$/,
  },
  "finding splits throws": {
    code: `import { defineSource, WatermarkStrategy } from "tsflink";
      const source = defineSource<number, string, number>({
        boundedness: "bounded",
        splits: () => {
          throw new Error("user error");
        },
        open: async function* () {},
      });
      env.fromSource(source, WatermarkStrategy.noWatermarks(), "Reader").print();
      await env.execute();`,
    exitCode: 1,
    err: ["[TSF-3032]", "operator: Source: Reader", "found: user error", "at 7"],
  },
  "a promise is left behind": {
    code: `env.fromData(1, 2, 3).map((n) => {
      if (n === 2) void Promise.reject(new Error("user error"));
      return n;
    }).print();
    await env.execute();`,
    exitCode: 1,
    err: ["[TSF-5045] A rejected promise that nobody waited for", "cause: Error: user error", "at 4"],
    starts: ["threads", "web", "plain"],
  },
  "a function ends the process": {
    code: `env.fromSequence(1, 3).map((n) => {
      Deno.exit(0);
      return n;
    }).name("Leaver").print();
    await env.execute();`,
    exitCode: 1,
    err: ["[TSF-5041] Deno.exit(0) was called", "operator: Leaver", "at 4"],
    starts: ["threads", "web", "plain"],
  },
  "a slot runs out of heap": {
    code: `const kept: unknown[] = [];
    env.fromSequence(1, 3).map((n) => {
      console.log("last words");
      for (;;) kept.push({ n, text: "x" + kept.length });
    }).print();
    await env.execute();`,
    exitCode: 1,
    options: ["-q", "-D", "taskmanager.memory.task.heap.size=64m"],
    err: ["[TSF-5040]", "at most 64 MiB", "Raise taskmanager.memory.task.heap.size (now 64m)"],
    out: /last words/,
  },
  "a result that cannot be cloned": {
    code: `await env.fromSequence(1, 3).setParallelism(1).map((n) => ({ n, double: () => 2 * n })).setParallelism(1)
      .executeAndCollect();`,
    exitCode: 1,
    err: ["[TSF-2034] A result cannot be handed to the program", "operator: Sink: Data stream collect sink"],
    starts: ["threads", "plain"],
  },
  "a value of once that cannot be cloned": {
    code: `const value = await env.once("f", () => ({ f: () => 1 }));
    env.fromSequence(1, 3).map((n) => n + value.f()).print();
    await env.execute();`,
    exitCode: 2,
    err: ["[TSF-2101] The field value.f holds the function f", "at 3"],
  },
  "another plan when it is run again": {
    code: `let numbers = env.fromSequence(1, 3).map((n) => n);
    if (${IN_SLOT}) numbers = numbers.filter(() => true).name("Extra");
    numbers.print();
    await env.execute();`,
    exitCode: 2,
    err: ["[TSF-1231] main() builds another plan", /found: .*-> Map -> Extra ->/, "env.once"],
    starts: ["threads", "plain"],
  },
  "main() throws in a slot only": {
    code: `if (${IN_SLOT}) {
      throw new Error("user error");
    }
    env.fromSequence(1, 3).print();
    await env.execute();`,
    exitCode: 2,
    err: ["[TSF-1233] main() throws when it is run again", "found: Error: user error", "at 4"],
  },
  "main() ends the process in a slot only": {
    code: `if (${IN_SLOT}) {
      Deno.exit(0);
    }
    env.fromSequence(1, 3).print();
    await env.execute();`,
    exitCode: 2,
    err: ["[TSF-1235]", "found: Deno.exit(0)", "at 4"],
  },
  "main() waits for ever in a slot": {
    code: `if (${IN_SLOT}) await new Promise(() => {});
    env.fromSequence(1, 3).print();
    await env.execute();`,
    exitCode: 2,
    options: ["-q", "-D", "execution.capture.timeout=300 ms"],
    err: ["[TSF-1234] main() does not come to its job within 300 ms in a slot"],
  },
  "main() never lets a slot speak": {
    code: `if (${IN_SLOT}) for (;;);
    env.fromSequence(1, 3).print();
    await env.execute("held up");`,
    exitCode: 2,
    options: ["-q", "-D", "execution.capture.timeout=100 ms"],
    err: ["[TSF-1234] main() does not come to its job within 100 ms", 'of job "held up" busy', "at 4"],
  },
};

const files = new JobFiles(Object.fromEntries(Object.values(FAILURES).map(({ code }, i) => [`failure${i}`, code])));

Deno.test("slots: what goes wrong is named and ends the job", async (t) => {
  const cases = Object.entries(FAILURES).flatMap(([name, failure], i) =>
    (failure.starts ?? ["threads" as const]).map((how) => ({ name, how, failure, job: `failure${i}` }))
  );
  const results = new Map<unknown, Ended>();
  await someAtOnce(cases, async (one) => {
    results.set(one, await files.run(one.job, one.how, [], one.failure.options));
  });
  for (const one of cases) {
    await t.step(`${one.name}: ${one.how}`, () => {
      const { exitCode, err, out } = one.failure;
      const ended = results.get(one)!;
      assert.equal(ended.code, one.how === "plain" ? 1 : exitCode, ended.err);
      assert.ok(ended.ms < QUICK_MS, `${ended.ms} ms`);
      for (const part of err) {
        const line = typeof part === "string" ? /^at (\d+)$/.exec(part)?.[1] : undefined;
        if (line !== undefined) assert.match(ended.err, new RegExp(`  at: file://\\S*/${one.job}\\.ts:${line}:\\d+\n`));
        else if (typeof part === "string") assert.ok(ended.err.includes(part), `no "${part}" in:\n${ended.err}`);
        else assert.match(ended.err, part);
      }
      if (out !== undefined) assert.match(ended.out, out);
    });
  }
});
