import assert from "node:assert/strict";
import fc from "fast-check";
import type { Spill, SpillFile } from "../../seams/spill.ts";
import { canonicalKey } from "../../types/canonical_key.ts";
import { type ByteWriter, ByteWriter as Writer } from "../../types/byte_buffer.ts";
import type { Key } from "../../types/key.ts";
import { NO_TIMESTAMP } from "../../types/stream_element.ts";
import { ExternalSorter, type ExternalSorterOptions } from "./external_sorter.ts";
import { compareKeys, type SortedRows } from "./sorted_rows.ts";

/** Spill files in memory that count themselves. */
class CountingSpill implements Spill {
  open_ = 0;
  most = 0;
  written = 0;
  open(): SpillFile {
    const bytes: ByteWriter = new Writer();
    let isOpen = true;
    this.most = Math.max(this.most, ++this.open_);
    return {
      append: (added) => {
        assert.ok(isOpen);
        this.written += added.length;
        const at = bytes.length;
        bytes.raw(added);
        return at;
      },
      readAt: (position, size) => {
        assert.ok(isOpen);
        assert.ok(position + size <= bytes.length);
        return bytes.view().slice(position, position + size);
      },
      close: () => {
        assert.ok(isOpen, "closed once");
        isOpen = false;
        this.open_--;
      },
    };
  }
}

interface Row {
  readonly key: Key;
  readonly timestamp: number;
  readonly value: unknown;
}

/** What the sorter gives, added in batches, with its work done in portions. */
function sort(rows: readonly Row[], options: Omit<ExternalSorterOptions, "spill">, portion = 7) {
  const spill = new CountingSpill();
  const sorter = new ExternalSorter({ ...options, spill });
  let asked = 0;
  for (let from = 0; from < rows.length; from += 10) {
    const batch = rows.slice(from, from + 10);
    for (const { key, value, timestamp } of batch) sorter.add(canonicalKey(key), value, timestamp);
    sorter.charge(batch.length, batch.length * 30);
    while (!sorter.work(() => ++asked % portion !== 0)) assert.ok(sorter.isBusy);
    assert.ok(!sorter.isBusy);
  }
  const sorted = sorter.finish();
  const found: { key: unknown; timestamp: number; value: unknown }[] = [];
  while (sorted.next()) found.push({ key: sorted.key, timestamp: sorted.timestamp, value: sorted.value });
  assert.equal(sorted.next(), false);
  assert.equal(spill.open_, 0, "a run goes with its file once it is read");
  sorter.close();
  return { found, spill, sorter };
}

/** The slow way. Equal rows stay in order, because sort() is stable. */
function oracle(rows: readonly Row[]) {
  return rows.map(({ key, timestamp, value }) => ({ key: canonicalKey(key), timestamp, value }))
    .sort((a, b) => compareKeys(a.key, b.key) || a.timestamp - b.timestamp);
}

const KEYS = fc.oneof(
  fc.constantFrom<Key>(0, -0, NaN, 1, 1n, "1", true, false, "", "a", "b", "aa", -1, 2 ** 40, 1.5, Infinity, -Infinity),
  fc.constantFrom<Key>([1, "x"], [1, "y"], { a: 1 }, "\u0000", "\ud800", 10n ** 30n, "n1;"),
  fc.integer({ min: 0, max: 5 }),
);
const VALUES = fc.oneof(
  fc.string({ maxLength: 12 }),
  fc.record({ n: fc.integer(), t: fc.string() }, { noNullPrototype: true }),
  fc.constant(null),
);

Deno.test("ExternalSorter gives what a stable sort gives, whatever its limits", () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.record({ key: KEYS, timestamp: fc.constantFrom(NO_TIMESTAMP, 0, 1, 2, 7, 2 ** 41), value: VALUES }),
        { maxLength: 300 },
      ),
      fc.constantFrom(1, 2000, 5000, 1e9),
      fc.constantFrom(2, 3, 32),
      fc.constantFrom(3, 40, 1 << 18),
      fc.integer({ min: 1, max: 9 }),
      (rows, memoryBytes, maxFan, segmentRows, portion) => {
        assert.deepEqual(sort(rows, { memoryBytes, maxFan, segmentRows }, portion).found, oracle(rows));
      },
    ),
    { numRuns: 300, seed: 6 },
  );
});

Deno.test("compareKeys is a total order whose zero is equality of keys", () => {
  fc.assert(fc.property(KEYS, KEYS, KEYS, (x, y, z) => {
    const [a, b, c] = [x, y, z].map(canonicalKey);
    assert.equal(Math.sign(compareKeys(a, b)), -Math.sign(compareKeys(b, a)) + 0);
    assert.equal(compareKeys(a, b) === 0, Object.is(a, b));
    if (compareKeys(a, b) <= 0 && compareKeys(b, c) <= 0) assert.ok(compareKeys(a, c) <= 0);
  }));
  const ordered: Key[] = [false, true, -Infinity, -1, 0, 1.5, 2, Infinity, NaN, -1n, 2n, "", "b", "c", "aa"];
  assert.deepEqual(ordered.map(canonicalKey).toReversed().sort(compareKeys), ordered.map(canonicalKey));
});

Deno.test("runs are merged in levels: few are open however many are written", () => {
  const rows = Array.from({ length: 6000 }, (_, i): Row => ({ key: (i * 7919) % 500, timestamp: i % 13, value: i }));
  const { found, spill, sorter } = sort(rows, { memoryBytes: 1000, maxFan: 4 });
  assert.deepEqual(found, oracle(rows));
  assert.ok(sorter.numRuns > 600, `${sorter.numRuns} runs`);
  // Three of each level at rest, one more while it is written; five levels.
  assert.ok(spill.most <= 3 * 6 + 2, `${spill.most} open files`);
  assert.ok(spill.written < 6000 * 30 * 8, "each level writes everything once");
});

Deno.test("what fits into memory never goes to disk; what is given up leaves no files", () => {
  const rows = Array.from({ length: 1000 }, (_, i): Row => ({ key: i % 7, timestamp: 0, value: { i } }));
  assert.equal(sort(rows, { memoryBytes: 1 << 20, segmentRows: 100 }).spill.most, 0);

  const give = (sorter: ExternalSorter, n: number) => {
    for (let i = 0; i < n; i++) sorter.add(i % 3, { i }, i);
    sorter.charge(n, n * 20);
  };
  const ends: Record<string, (sorter: ExternalSorter) => void> = {
    "while rows come": (sorter) => void (give(sorter, 100), sorter.work(() => true), give(sorter, 1)),
    "while a run is written": (sorter) => {
      give(sorter, 1000);
      assert.equal(sorter.work(() => false), false);
    },
    "while runs are merged": (sorter) => {
      give(sorter, 100);
      assert.ok(sorter.work(() => true));
      give(sorter, 100);
      let asked = 0;
      assert.equal(sorter.work(() => ++asked < 150), false);
    },
    "while rows are read": (sorter) => {
      give(sorter, 100);
      sorter.work(() => true);
      const sorted: SortedRows = sorter.finish();
      assert.ok(sorted.next() && sorted.next());
    },
  };
  for (const [when, run] of Object.entries(ends)) {
    const spill = new CountingSpill();
    const sorter = new ExternalSorter({ spill, memoryBytes: 100, maxFan: 2 });
    run(sorter);
    assert.ok(spill.most > 0, when);
    sorter.close();
    sorter.close();
    assert.equal(spill.open_, 0, when);
  }
});

Deno.test("large rows make small blocks", () => {
  const rows = Array.from({ length: 60 }, (_, i): Row => ({ key: i % 2, timestamp: i, value: "x".repeat(20_000) + i }));
  assert.deepEqual(sort(rows, { memoryBytes: 3000 }).found, oracle(rows));
});

Deno.test("a full disk is an error of the sort", () => {
  const full: Spill = {
    open: () => ({
      append: () => {
        throw new Error("no space");
      },
      readAt: () => new Uint8Array(),
      close: () => {},
    }),
  };
  const sorter = new ExternalSorter({ spill: full, memoryBytes: 1 });
  sorter.add(1, "x", 0);
  sorter.charge(1, 10);
  assert.throws(() => sorter.work(() => true), /no space/);
  sorter.close();
});
