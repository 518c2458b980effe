/** The fetching reader: many records at a time give what one by one gives, wherever it stops or starts again. */

import assert from "node:assert/strict";
import fc from "fast-check";
import type { BatchOutput, ReaderOutput, SourceReaderContext } from "../functions/source.ts";
import { ManualClock } from "../testing/manual_clock.ts";
import { NO_TIMESTAMP } from "../types/stream_element.ts";
import { FetchedSplit } from "./fetched_split.ts";
import { FetchingReader, type SourceBatch } from "./fetching_reader.ts";

/** Sizes of the batches of a split; odd ones have timestamps, those below zero need the reader's own way. */
type Sizes = readonly number[];

async function* batchesOf(id: string, sizes: Sizes, from: number): AsyncGenerator<SourceBatch<string, number>, void> {
  for (let at = from; at < sizes.length; at++) {
    const size = Math.abs(sizes[at]);
    const records = Array.from({ length: size }, (_, i) => `${id} ${at}.${i}`);
    const timestamps = size % 2 === 0 ? undefined : Array.from(records, (_, i) => at * 100 + i);
    await Promise.resolve();
    yield { records, position: at + 1, timestamps, isPlain: sizes[at] >= 0 };
  }
}

/** How each call reads: 0 one record, n at most n of a batch, below zero a restart from a snapshot first. */
async function read(splits: readonly Sizes[], calls: Sizes, concurrentSplits: number): Promise<string[]> {
  const found: string[] = [];
  let chosen: string | undefined;
  const outputOf = (id: string): ReaderOutput<string> => ({
    ...main,
    collect: (value, timestamp = NO_TIMESTAMP) => void found.push(`${id}: ${value}@${timestamp}`),
  });
  const outputs = new Map<unknown, string>();
  const main: ReaderOutput<string> = {
    collect: () => assert.fail("records belong to the output of their split"),
    emitWatermark: () => {},
    markIdle: () => {},
    markActive: () => {},
    createOutputForSplit: (id) => {
      const output = outputOf(id);
      outputs.set(output, id);
      return output;
    },
    releaseOutputForSplit: (id) => void found.push(`end of ${id}`),
    chooseForBatch: (output) => chosen = outputs.get(output),
  };
  const open = (states: FetchedSplit<Sizes, number>[]) => {
    const context = { clock: new ManualClock(), signal: new AbortController().signal, sendSplitRequest: () => {} };
    const reader = new FetchingReader<string, Sizes, number>(context as unknown as SourceReaderContext, {
      name: "test",
      concurrentSplits,
      pull: true,
      open: (sizes, position) => batchesOf(`${splits.indexOf(sizes)}`, sizes, position ?? 0),
      emit: (record, timestamp, output) => output.collect(record, timestamp),
    });
    reader.addSplits(states);
    reader.notifyNoMoreSplits();
    return reader;
  };
  let reader = open(splits.map((sizes, i) => new FetchedSplit<Sizes, number>(`${i}`, sizes, undefined)));
  for (let n = 0; n < 5000; n++) {
    const how = calls[n % calls.length];
    if (how < 0) {
      const states = reader.snapshotState(1);
      await reader.close();
      reader = open(states);
    }
    const batch: BatchOutput<string> = {
      emitRange: (from, to, make, stamp) => {
        assert.ok(from < to, "there is something to take");
        const end = Math.min(to, from + Math.abs(how));
        for (let i = from; i < end; i++) {
          const value = make(i);
          found.push(`${chosen}: ${value}@${stamp === undefined ? NO_TIMESTAMP : stamp(value, i)}`);
        }
        return end;
      },
    };
    const status = how === 0 ? reader.pollNext(main) : reader.pollBatch(batch, main);
    if (status === "END_OF_INPUT") return found;
    if (status === "NOTHING_AVAILABLE") await reader.isAvailable();
  }
  throw new Error("no end");
}

const sizes = fc.array(fc.integer({ min: -5, max: 8 }), { maxLength: 5 });
const calls = fc.array(fc.integer({ min: -3, max: 6 }), { minLength: 1, maxLength: 6 })
  .filter((all) => all.some((how) => how >= 0));

Deno.test("one split after the other: the same records, timestamps, outputs and ends in the same order", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(sizes, { minLength: 1, maxLength: 3 }), calls, async (splits, given) => {
      const expected = await read(splits, [0], 1);
      const records = splits.flat().reduce((sum, size) => sum + Math.abs(size), 0);
      assert.equal(expected.length, records + splits.length);
      assert.deepEqual(await read(splits, given, 1), expected);
    }),
    { numRuns: 150 },
  );
});

Deno.test("several splits at once: the same records of each split in the same order", async () => {
  const bySplit = (found: readonly string[]): string[][] =>
    [0, 1, 2].map((id) => found.filter((each) => each.startsWith(`${id}: `) || each === `end of ${id}`));
  await fc.assert(
    fc.asyncProperty(fc.array(sizes, { minLength: 3, maxLength: 3 }), calls, async (splits, given) => {
      assert.deepEqual(bySplit(await read(splits, given, 3)), bySplit(await read(splits, [0], 3)));
    }),
    { numRuns: 100 },
  );
});

Deno.test("without outputs to choose from, batches are read one by one", async () => {
  const context = { clock: new ManualClock(), signal: new AbortController().signal, sendSplitRequest: () => {} };
  const reader = new FetchingReader<string, Sizes, number>(context as unknown as SourceReaderContext, {
    name: "test",
    concurrentSplits: 1,
    pull: false,
    open: (given) => batchesOf("s", given, 0),
  });
  reader.addSplits([new FetchedSplit<Sizes, number>("s", [2], undefined)]);
  reader.notifyNoMoreSplits();
  const found: string[] = [];
  const output: ReaderOutput<string> = {
    collect: (value) => void found.push(value),
    emitWatermark: () => {},
    markIdle: () => {},
    markActive: () => {},
    createOutputForSplit: () => output,
    releaseOutputForSplit: () => {},
  };
  const batch: BatchOutput<string> = { emitRange: () => assert.fail("whose watermarks would these be") };
  for (let status = ""; status !== "END_OF_INPUT";) {
    status = reader.pollBatch(batch, output);
    if (status === "NOTHING_AVAILABLE") await reader.isAvailable();
  }
  assert.deepEqual(found, ["s 0.0", "s 0.1"]);
});
