import assert from "node:assert/strict";
import fc from "fast-check";
import type { ReaderOutput, SourceReaderContext } from "../functions/source.ts";
import { ManualClock } from "../testing/manual_clock.ts";
import { FetchedSplit } from "./fetched_split.ts";
import { FetchingReader, type FetchingReaderOptions, type SourceBatch } from "./fetching_reader.ts";

type Batches = AsyncIterable<SourceBatch<string, number>>;

/** A reader with what it emits and asks for; splits are opened by `open`. */
function bench(
  open: FetchingReaderOptions<string, string, number>["open"],
  more: Partial<FetchingReaderOptions<string, string, number>> = {},
) {
  const emitted: string[] = [];
  const clock = new ManualClock();
  const abort = new AbortController();
  let requests = 0;
  const context = { clock, signal: abort.signal, sendSplitRequest: () => requests++ } as unknown as SourceReaderContext;
  const reader = new FetchingReader<string, string, number>(context, {
    name: "test",
    concurrentSplits: 1,
    pull: true,
    open,
    ...more,
  });
  const output: ReaderOutput<string> = {
    collect: () => assert.fail("records belong to the output of their split"),
    emitWatermark: () => {},
    markIdle: () => {},
    markActive: () => {},
    createOutputForSplit: (id) => ({
      ...output,
      collect: (value, timestamp) =>
        void emitted.push(`${id}:${value}${timestamp === undefined ? "" : `@${timestamp}`}`),
    }),
    releaseOutputForSplit: (id) => void emitted.push(`/${id}`),
  };
  const add = (...ids: string[]): void =>
    reader.addSplits(ids.map((id) => new FetchedSplit<string, number>(id, id, undefined)));
  const poll = (): string => reader.pollNext(output);
  /** Lets pending reads come in. */
  const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));
  const positions = (): string =>
    reader.snapshotState(1).map(({ id, position, skip }) => `${id}@${position ?? "-"}+${skip}`).join(" ");
  return { reader, emitted, poll, add, settle, positions, clock, abort, requests: () => requests };
}

async function* batches(...sizes: number[]): Batches {
  let position = 0;
  for (const size of sizes) {
    const records = Array.from({ length: size }, (_, i) => String(position + i));
    position += size;
    await Promise.resolve();
    yield { records, position };
  }
}

Deno.test("asks once at the start and once per finished split, then ends", async () => {
  const { reader, poll, add, settle, requests, emitted } = bench(() => batches(1));
  reader.start();
  assert.equal(poll(), "NOTHING_AVAILABLE");
  assert.equal(poll(), "NOTHING_AVAILABLE");
  assert.equal(requests(), 1);
  add("a");
  await settle();
  assert.equal(poll(), "MORE_AVAILABLE");
  assert.equal(poll(), "NOTHING_AVAILABLE");
  assert.equal(requests(), 2);
  reader.notifyNoMoreSplits();
  assert.equal(poll(), "END_OF_INPUT");
  assert.deepEqual(emitted, ["a:0", "/a"]);
});

Deno.test("never waits: without a batch there is nothing, and availability comes with the batch", async () => {
  const batch = Promise.withResolvers<SourceBatch<string, number>>();
  const { reader, poll, add, settle, emitted } = bench(async function* () {
    yield await batch.promise;
  });
  add("a");
  assert.equal(poll(), "NOTHING_AVAILABLE");
  let available = false;
  void reader.isAvailable().then(() => available = true);
  await settle();
  assert.equal(available, false);
  batch.resolve({ records: ["x"], position: 1, timestamps: [7] });
  await settle();
  assert.equal(available, true);
  assert.equal(poll(), "MORE_AVAILABLE");
  assert.deepEqual(emitted, ["a:x@7"]);
});

Deno.test("positions are exact before, within and after batches, also empty ones", async () => {
  const { poll, add, settle, positions } = bench(() => batches(2, 0, 3));
  add("a", "b");
  assert.equal(positions(), "a@-+0 b@-+0");
  const expected = ["a@-+1 b@-+0", "a@2+0 b@-+0", "a@2+1 b@-+0", "a@2+2 b@-+0", "a@5+0 b@-+0"];
  for (const state of expected) {
    await settle();
    assert.equal(poll(), "MORE_AVAILABLE");
    assert.equal(positions(), state);
  }
});

Deno.test("a restored split leaves out what was emitted, across batches of other sizes", async () => {
  const { reader, poll, settle, emitted, positions } = bench((_id, position) => {
    assert.equal(position, 10);
    return batches(2, 2, 2);
  });
  reader.addSplits([new FetchedSplit("a", "a", 10, 3)]);
  assert.equal(positions(), "a@10+3");
  await settle();
  assert.equal(poll(), "MORE_AVAILABLE");
  assert.deepEqual(emitted, ["a:3"]);
  assert.equal(positions(), "a@4+0");
});

Deno.test("reads at most two batches ahead", async () => {
  let made = 0;
  const { poll, add, settle } = bench(async function* () {
    for (;;) {
      made++;
      await Promise.resolve();
      yield { records: ["x", "y"], position: made };
    }
  });
  add("a");
  await settle();
  await settle();
  assert.equal(made, 2);
  poll();
  await settle();
  assert.equal(made, 2, "half a batch is still there");
  poll();
  await settle();
  assert.equal(made, 3);
});

Deno.test("several splits take turns by batches", async () => {
  const { poll, add, settle, emitted } = bench(() => batches(2, 1), { concurrentSplits: 2 });
  add("a", "b", "c");
  await settle();
  for (let i = 0; i < 6; i++) poll();
  assert.deepEqual(emitted, ["a:0", "a:1", "b:0", "b:1", "a:2", "b:2"]);
  await settle();
  for (let i = 0; i < 3; i++) {
    poll();
    await settle();
  }
  assert.deepEqual(emitted.slice(6), ["/a", "/b", "c:0", "c:1"].slice(0, emitted.length - 6));
  assert.ok(emitted.includes("c:0"));
});

Deno.test("an error comes after the records before it, and a cancelled read has none", async () => {
  async function* failing(): Batches {
    yield { records: ["x"], position: 1 };
    await Promise.resolve();
    throw new Error("lost");
  }
  const broken = bench(failing);
  broken.add("a");
  await broken.settle();
  assert.equal(broken.poll(), "MORE_AVAILABLE");
  assert.throws(broken.poll, { code: "TSF-3031", message: /split a of source test[\s\S]*lost/ });
  const cancelled = bench(async function* (_id, _position, { signal }) {
    await new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error("aborted"))));
    yield* batches(1);
  });
  cancelled.add("a");
  cancelled.abort.abort();
  await cancelled.settle();
  assert.doesNotThrow(cancelled.poll);
});

Deno.test("close() tells the iterable, waits for its end, and not for ever", async () => {
  let ended = false;
  const polite = bench(async function* (_id, _position, { signal }) {
    try {
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      yield* batches(1);
    } finally {
      await Promise.resolve();
      ended = true;
    }
  });
  polite.add("a");
  await polite.reader.close();
  assert.equal(ended, true);
  assert.equal(polite.clock.pending, 0);

  const rude = bench(() => ({
    [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => {}), return: () => new Promise(() => {}) }),
  }));
  rude.add("a");
  let closed = false;
  const closing = rude.reader.close().then(() => closed = true);
  await rude.settle();
  assert.equal(closed, false);
  rude.clock.advance(3000);
  await closing;
  assert.equal(rude.poll(), "NOTHING_AVAILABLE");
});

Deno.test("what is wrong with an opened split comes as an error of its source, after the records before it", async () => {
  const good = { records: ["x"], position: 1 };
  const table: [RegExp, FetchingReaderOptions<string, string, number>["open"]][] = [
    [/no file/, () => {
      throw new Error("no file");
    }],
    [/undefined instead of an async iterable/, () => undefined as never],
    [/\[object Object\] instead of an async iterable/, () => ({ next: () => {} }) as never],
    [/a promise instead of an async iterable/, () => Promise.reject(new Error("unheard")) as never],
    [/without position/, async function* () {
      yield good;
      yield { records: ["y"] } as never;
    }],
    [/records are text/, async function* () {
      yield { records: "text", position: 1 } as never;
    }],
    [/1 records and 2 timestamps/, async function* () {
      yield { ...good, timestamps: [1, 2] };
    }],
  ];
  for (const [message, open] of table) {
    const { poll, add, settle, emitted, reader } = bench(open);
    add("a");
    await settle();
    while (emitted.length === 0 && String(message).includes("position") && poll() === "MORE_AVAILABLE");
    await settle();
    assert.throws(poll, { code: "TSF-3031", message });
    await reader.close();
  }
});

Deno.test("splits read at once, paused, restored and cut in any way give every record once and in order", async () => {
  const story = fc.record({
    splits: fc.array(fc.array(fc.nat(3), { maxLength: 5 }), { minLength: 1, maxLength: 4 }),
    concurrentSplits: fc.integer({ min: 1, max: 3 }),
    polls: fc.array(fc.constantFrom("poll", "poll", "poll", "settle", "restore", "pause", "resume"), { maxLength: 40 }),
  });
  await fc.assert(
    fc.asyncProperty(story, async ({ splits, concurrentSplits, polls }) => {
      // After a restore batches are of other sizes: only their order is promised.
      let attempt = 0;
      const open = (id: string, position: number | undefined): Batches => {
        const total = splits[Number(id)].reduce((sum, size) => sum + size, 0);
        const sizes = attempt === 0 ? splits[Number(id)] : [attempt, 1, 2, total];
        return rest(sizes, position ?? 0, total);
      };
      const all: string[] = [];
      let run = bench(open, { concurrentSplits });
      run.add(...splits.keys().map(String));
      run.reader.notifyNoMoreSplits();
      for (const what of [...polls, ...new Array(80).fill("finish")]) {
        if (what === "settle") await run.settle();
        else if (what === "pause") run.reader.pauseOrResumeSplits(["0"], []);
        else if (what === "resume") run.reader.pauseOrResumeSplits([], ["0"]);
        else if (what === "restore") {
          const state = run.reader.snapshotState(1).map((split) =>
            FetchedSplit.fromData<string, number>(split.toData())
          );
          all.push(...run.emitted);
          await run.reader.close();
          attempt++;
          run = bench(open, { concurrentSplits });
          run.reader.addSplits(state);
          run.reader.notifyNoMoreSplits();
        } else if (what === "poll") run.poll();
        else {
          run.reader.pauseOrResumeSplits([], ["0"]);
          await Promise.race([run.reader.isAvailable(), run.settle()]);
          if (run.poll() === "END_OF_INPUT") break;
        }
      }
      all.push(...run.emitted);
      for (const [id, sizes] of splits.entries()) {
        const total = sizes.reduce((sum, size) => sum + size, 0);
        const found = all.filter((text) => text.startsWith(`${id}:`)).map((text) => Number(text.slice(2)));
        assert.deepEqual(found, Array.from({ length: total }, (_, i) => i));
        assert.equal(all.filter((text) => text === `/${id}`).length, 1, "its output is given back once");
      }
      await run.reader.close();
    }),
    { numRuns: 60 },
  );
});

async function* rest(sizes: readonly number[], position: number, total: number): Batches {
  for (let turn = 0, begin = position; begin < total; turn++) {
    const end = Math.min(begin + (sizes[turn] ?? 1), total);
    await Promise.resolve();
    yield { records: Array.from({ length: end - begin }, (_, i) => String(begin + i)), position: end };
    begin = end;
  }
}
