import assert from "node:assert/strict";
import fc from "fast-check";
import { RetryableError } from "../errors.ts";
import { sinkConformance, type SinkUnderTest, sourceConformance } from "../testing/conformance.ts";
import { SinkRun } from "../testing/sink_run.ts";
import { SourceRun } from "../testing/source_run.ts";
import { defineSink, defineSource, type SourceDefinition } from "./define.ts";

/** Letters of each word in batches; positions are indexes. */
function letters(words: string[], batchSize: number, more: Partial<SourceDefinition<string, string, number>> = {}) {
  return defineSource<string, string, number>({
    boundedness: "bounded",
    splits: words,
    async *open(word, position = 0, { signal }) {
      for (let next = position; next < word.length && !signal.aborted; next += batchSize) {
        await Promise.resolve();
        const end = Math.min(next + batchSize, word.length);
        yield { records: [...word.slice(next, end)], position: end };
      }
    },
    ...more,
  });
}

const words = ["stream", "of", "", "letters", "x"];
const expected = [...words.join("")];
for (const size of [1, 3, 100]) {
  for (
    const test of sourceConformance(`batches of ${size}`, () => letters(words, size), expected, { ordered: true })
  ) Deno.test(test);
}
for (
  const test of sourceConformance(
    "found later",
    () => letters([], 2, { splits: () => Promise.resolve(words) }),
    expected,
  )
) Deno.test(test);
for (
  const test of sourceConformance(
    "unbounded, spread",
    () => letters(words, 2, { boundedness: "continuous-unbounded" }),
    expected,
  )
) Deno.test(test);

Deno.test("a restore between any two records, cut into other batches, loses and repeats nothing", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.nat(16),
      fc.integer({ min: 1, max: 7 }),
      fc.integer({ min: 1, max: 7 }),
      async (stop, before, after) => {
        const first = new SourceRun(letters(words, before));
        await first.run(() => first.records.length >= stop);
        const second = new SourceRun(letters(words, after), { restored: first.snapshot() });
        await second.run();
        assert.deepEqual([...first.values, ...second.values], expected);
        await Promise.all([first.close(), second.close()]);
      },
    ),
    { numRuns: 60 },
  );
});

Deno.test("every split gives its output back, also one without records", async () => {
  const run = new SourceRun(letters(words, 2));
  await run.run();
  assert.deepEqual(run.released, words);
  await run.close();
});

Deno.test("readers share the splits: who is done takes the next", async () => {
  const run = new SourceRun(letters(["aaaaaaaaaaaaaaaaaaaa", "b", "c", "d", "e"], 1), { parallelism: 2 });
  await run.run();
  const bySubtask = (subtask: number): string =>
    run.records.filter((record) => record.subtask === subtask).map(({ value }) => value).join("");
  assert.deepEqual([bySubtask(0), bySubtask(1)].sort(), ["aaaaaaaaaaaaaaaaaaaa", "bcde"]);
  await run.close();
});

Deno.test("unbounded splits are all read at once by their share of the readers", async () => {
  const endless = defineSource({
    boundedness: "continuous-unbounded",
    splits: ["a", "b", "c"],
    async *open(name, position: number | undefined, { signal }) {
      for (let n = position ?? 0; !signal.aborted; n++) {
        await new Promise((resolve) => setTimeout(resolve, 0));
        yield { records: [name], position: n + 1, timestamps: [n] };
      }
    },
  });
  const run = new SourceRun(endless, { parallelism: 2 });
  await run.run(() => new Set(run.values).size === 3 && run.records.length > 10);
  for (const { value, subtask, splitId } of run.records) {
    assert.equal(subtask, { a: 0, b: 1, c: 0 }[value]);
    assert.equal(splitId, value);
  }
  assert.ok(run.records.every(({ timestamp }) => typeof timestamp === "number"));
  await run.close();
});

Deno.test("new splits are found again and again", async () => {
  const found = ["a"];
  const source = letters([], 1, {
    boundedness: "continuous-unbounded",
    splits: () => [...found],
    discoveryInterval: 1,
    assignment: "pull",
  });
  const run = new SourceRun(source);
  await run.run(() => run.values.length === 1);
  found.push("bc");
  await run.run(() => run.values.length === 3);
  const restored = run.snapshot();
  await run.close();
  found.push("d");
  const second = new SourceRun(source, { restored });
  await second.run(() => second.values.length === 1);
  assert.deepEqual([...run.values, ...second.values], ["a", "b", "c", "d"]);
  await second.close();
});

Deno.test("paused splits give nothing until they are resumed", async () => {
  const source = letters(["aaa", "bbb"], 1, { assignment: "spread" });
  const controller = new AbortController();
  const run = new SourceRun(source);
  await run.run(() => run.values.length === 1);
  await run.close();
  const { reader, seen } = readerOf(source, controller.signal);
  reader.pauseOrResumeSplits!(["aaa"], []);
  while (seen.length < 3) {
    await reader.isAvailable();
    reader.pollNext(output(seen));
  }
  assert.deepEqual(seen, ["b", "b", "b"]);
  let available = false;
  const waiting = reader.isAvailable().then(() => available = true);
  // The finished split leaves the reader; the paused one keeps it silent.
  for (let i = 0; i < 5; i++) assert.notEqual(reader.pollNext(output(seen)), "END_OF_INPUT");
  reader.pauseOrResumeSplits!([], ["aaa"]);
  await waiting;
  assert.ok(available);
  while (seen.length < 6) reader.pollNext(output(seen)), await reader.isAvailable();
  assert.deepEqual(seen.slice(3), ["a", "a", "a"]);
  await reader.close();
});

function output(seen: string[]) {
  const one = {
    collect: (value: string) => void seen.push(value),
    emitWatermark: () => {},
    markIdle: () => {},
    markActive: () => {},
  };
  return { ...one, createOutputForSplit: () => one, releaseOutputForSplit: () => {} };
}

function readerOf(source: ReturnType<typeof letters>, signal: AbortSignal) {
  const context = { signal, clock: { after: () => () => {} }, sendSplitRequest: () => {} };
  const reader = source.createReader(context as never);
  reader.addSplits(["aaa", "bbb"].map((word) => source.deserializeSplit({ id: word, data: word, skip: 0 })));
  reader.notifyNoMoreSplits();
  return { reader, seen: [] as string[] };
}

Deno.test("a failing open fails the source after the records before it, naming split and cause", async () => {
  const source = defineSource({
    name: "broken",
    boundedness: "bounded",
    splits: ["only"],
    async *open() {
      yield { records: [1, 2], position: 2 };
      await Promise.resolve();
      throw new Error("disk on fire");
    },
  });
  const run = new SourceRun(source);
  await assert.rejects(run.run(), (error: Error & { code?: string }) => {
    assert.equal(error.code, "TSF-3031");
    assert.match(error.message, /split only of source broken[\s\S]*disk on fire/);
    assert.match(error.message, /define_test\.ts:\d+/);
    return true;
  });
  assert.deepEqual(run.values, [1, 2]);
  await run.close();
});

Deno.test("a failing discovery fails the source", async () => {
  const run = new SourceRun(letters([], 1, { splits: () => Promise.reject(new Error("no list")) }));
  await assert.rejects(run.run(), /no list/);
  await run.close();
});

Deno.test("wrong definitions are refused with a code", () => {
  const open = letters(["a"], 1).createReader;
  const table: [string, () => unknown][] = [
    ["TSF-3016", () => defineSource({ boundedness: "endless" as never, splits: [], open: open as never })],
    ["TSF-3016", () => defineSource({ boundedness: "bounded", splits: 3 as never, open: open as never })],
    ["TSF-3016", () => defineSource({ boundedness: "bounded", splits: [], open: undefined as never })],
    ["TSF-3016", () => letters(["a"], 1, { discoveryInterval: "1 s" })],
    ["TSF-3030", () => letters(["a", "b", "a"], 1)],
    ["TSF-3016", () => defineSink({ open: undefined as never })],
    ["TSF-3016", () => defineSink({ open: () => ({ write: () => {} }), commit: 1 as never })],
  ];
  for (const [code, make] of table) assert.throws(make, { code });
});

/** Visible rows, and rows that wait for their commit, in one place, as a database has them. */
function table(openLater: boolean): SinkUnderTest<string> {
  const visible = new Map<string, string[]>();
  let made = 0;
  let failures = 2;
  const sink = defineSink<string, { id: string; rows: string[] }, { rows: string[] }>({
    open: (_context, restored) => {
      let rows = restored.flatMap((state) => state.rows);
      const writer = {
        write: (value: string) => void rows.push(value),
        prepareCommit: () => {
          if (rows.length === 0) return [];
          const committable = { id: `t${made++}`, rows };
          rows = [];
          return [committable];
        },
        snapshotState: () => [{ rows }],
      };
      return openLater ? Promise.resolve(writer) : writer;
    },
    commit: (committables) => {
      if (failures-- > 0) throw new RetryableError("TSF-3020", "try again");
      for (const { id, rows } of committables) visible.set(id, rows);
    },
  });
  return { sink, read: () => [...visible.values()].flat() };
}
for (const later of [false, true]) {
  for (
    const test of sinkConformance(`two phases, opened ${later ? "later" : "at once"}`, () => table(later), [
      ..."abcdef",
    ])
  ) {
    Deno.test(test);
  }
}

Deno.test("a promise of write() reaches the task, and an error of open() the first call", async () => {
  const slow = defineSink<number>({ open: () => ({ write: () => Promise.resolve() }) });
  const writer = slow.createWriter({} as never);
  assert.ok(writer.write(1, { currentWatermark: () => 0, timestamp: () => 5 }) instanceof Promise);
  const broken = new SinkRun<number>(defineSink<number>({ open: () => Promise.reject(new Error("no server")) }));
  await assert.rejects(broken.write(1), /no server/);
  await broken.close();
});
