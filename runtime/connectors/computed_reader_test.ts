/** Readers of computed records: many at a time gives what one by one gives, from any position. */

import assert from "node:assert/strict";
import fc from "fast-check";
import type { BatchOutput, ReaderOutput, Source, SourceReaderContext, SourceSplit } from "../functions/source.ts";
import { testSeams } from "../testing/test_seams.ts";
import { CollectionSource } from "./collection/source.ts";
import { DataGeneratorSource } from "./datagen/source.ts";
import { NexmarkSource, NexmarkSplit } from "./nexmark/source.ts";
import { NumberSequenceSplit } from "./sequence/range.ts";
import { NumberSequenceSource } from "./sequence/source.ts";

type AnySource = Source<unknown, SourceSplit>;

const parts = (size: number): SourceSplit[] => [
  new NumberSequenceSplit("1", 0, Math.floor(size / 3)),
  new NumberSequenceSplit("empty", 5, 4),
  new NumberSequenceSplit("2", Math.floor(size / 3) + 1, size - 1),
];
const SOURCES: Readonly<Record<string, (size: number) => { source: AnySource; splits: SourceSplit[] }>> = {
  sequence: (size) => ({ source: new NumberSequenceSource(0, size) as never, splits: parts(size) }),
  collection: (size) => ({
    source: new CollectionSource(Array.from({ length: size }, (_, n) => ({ n, inner: { n } }))) as never,
    splits: parts(size),
  }),
  generated: (size) => ({ source: new DataGeneratorSource((n) => `${n}`, size) as never, splits: parts(size) }),
  nexmark: (size) => ({
    source: new NexmarkSource({ count: size }) as never,
    splits: [new NexmarkSplit(0, 3, 0), new NexmarkSplit(1, 3, 1), new NexmarkSplit(2, 3, 2)],
  }),
  "nexmark, one split": (size) => ({
    source: new NexmarkSource({ count: size }) as never,
    splits: [new NexmarkSplit(1, 2, 1)],
  }),
};

/**
 * Reads to the end; before each call a number says how: 0 one record, n at most n of a batch, below zero a restart from
 * a snapshot first.
 */
function read(make: () => { source: AnySource; splits: SourceSplit[] }, calls: readonly number[]): unknown[] {
  const { source, splits } = make();
  const { files, clock } = testSeams();
  const context = {
    indexOfSubtask: 0,
    currentParallelism: 1,
    files,
    clock,
    signal: new AbortController().signal,
    sendSplitRequest: () => {},
    sendSourceEventToCoordinator: () => {},
  } as unknown as SourceReaderContext;
  const open = (from: SourceSplit[]) => {
    const reader = source.createReader(context);
    reader.start();
    reader.addSplits(from);
    reader.notifyNoMoreSplits();
    return reader;
  };
  const found: unknown[] = [];
  const main = {
    collect: (value: unknown, timestamp?: number) => void found.push([value, timestamp]),
  } as unknown as ReaderOutput<unknown>;
  let reader = open(splits);
  for (let n = 0; n < 10_000; n++) {
    const how = calls[n % calls.length];
    if (how < 0) {
      const state = reader.snapshotState(1).map((split) => structuredClone(source.serializeSplit(split)));
      reader = open(state.map((data) => source.deserializeSplit(data)));
    }
    const batch: BatchOutput<unknown> = {
      emitRange: (from, to, make, stamp) => {
        assert.ok(from < to, "there is something to take");
        const end = Math.min(to, from + Math.abs(how));
        for (let i = from; i < end; i++) {
          const value = make(i);
          found.push([value, stamp?.(value, i)]);
        }
        return Math.max(from, end);
      },
    };
    const status = how === 0 ? reader.pollNext(main) : reader.pollBatch!(batch, main);
    if (status === "END_OF_INPUT") return found;
  }
  throw new Error("no end");
}

for (const [name, make] of Object.entries(SOURCES)) {
  Deno.test(`${name}: read in batches of any size, with restarts, the records are those read one by one`, () => {
    fc.assert(fc.property(
      fc.integer({ min: 6, max: 60 }),
      fc.array(fc.integer({ min: -3, max: 20 }), { minLength: 1, maxLength: 8 }),
      (size, calls) => {
        const expected = read(() => make(size), [0]);
        assert.ok(expected.length > 0);
        assert.deepEqual(read(() => make(size), calls), expected);
      },
    ));
  });
}

Deno.test("elements of a collection are copied for each reader", () => {
  const given = new CollectionSource([{ n: 1 }]);
  const [first] = read(() => ({ source: given as never, splits: [new NumberSequenceSplit("1", 0, 0)] }), [5]);
  const [second] = read(() => ({ source: given as never, splits: [new NumberSequenceSplit("1", 0, 0)] }), [5]);
  const [[a], [b]] = [first, second] as [{ n: number }][];
  a.n = 2;
  assert.equal(b.n, 1, "each reader gives copies of its own");
});
