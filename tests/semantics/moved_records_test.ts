/** Records are moved into windows: nobody may tell, neither other consumers nor functions that change what they get. */

import assert from "node:assert/strict";
import {
  type Collector,
  type SourceReader,
  type SourceReaderContext,
  TumblingEventTimeWindows,
  WatermarkStrategy,
} from "tsflink";
import { type NumberSequenceSplit, RangeReader, RangeSource } from "../../runtime/connectors/sequence/range.ts";
import { testEnvironment } from "tsflink/testing";

interface Row {
  readonly n: number;
  key: number;
  seen: string[];
}

/** More than one batch of each kind; records of a class of their own where one is given. */
class Rows extends RangeSource<Row> {
  constructor(readonly make: (n: number) => Row, readonly recordsTravel: boolean) {
    super();
  }
  override createReader(context: SourceReaderContext): SourceReader<Row, NumberSequenceSplit> {
    return new RangeReader<Row>(context, { make: this.make, stamp: ({ n }) => n, recordsTravel: this.recordsTravel });
  }
  protected override range(): readonly [number, number] {
    return [0, 499];
  }
}
const plain = (n: number): Row => ({ n, key: n % 7, seen: [] });
class Special implements Row {
  readonly seen: string[] = [];
  constructor(readonly n: number, readonly key: number) {}
}
const special = (n: number): Row => new Special(n, n % 7);

const WAYS = [true, false].map((codegen) => ({
  "pipeline.optimize.codegen": codegen,
  "pipeline.check-mutation": false,
}));
const TEN = TumblingEventTimeWindows.of(100);

async function run(recordsTravel: boolean, configuration: (typeof WAYS)[number]): Promise<string[]> {
  const { env } = testEnvironment({ configuration });
  const rows = env.fromSource(new Rows(plain, recordsTravel), WatermarkStrategy.forMonotonousTimestamps<Row>(), "rows");
  const changed = rows.map((row) => {
    row.seen.push("map");
    row.key = -1;
    return `map ${row.n}`;
  });
  const listed = rows.keyBy("key").window(TEN).apply(
    (key: number, _window, elements: Iterable<Row>, out: Collector<string>) => {
      for (const row of elements) {
        row.seen.push("window");
        out.collect(`list ${key} ${row.n} ${row.key} ${row.seen}`);
      }
    },
  );
  const reduced = rows.keyBy("key").window(TEN).reduce((a, b) => {
    b.seen.push(`reduce ${a.n}`);
    b.key = a.key;
    return b;
  }).map((row) => `reduced ${row.n} ${row.key} ${row.seen}`);
  const both = rows.coGroup(rows).where("key").equalTo("key").window(TEN)
    .apply((left: Iterable<Row>, right: Iterable<Row>, out: Collector<string>) => {
      for (const row of left) row.seen.push("left");
      for (const row of right) out.collect(`both ${row.n} ${row.key} ${row.seen}`);
    });
  const results: string[] = [];
  for await (const text of await changed.union(listed, reduced, both).executeAndCollect()) results.push(text as string);
  return results.sort();
}

Deno.test("consumers of one stream do not see what the others do to its records", async () => {
  const expected = await run(false, WAYS[1]);
  assert.equal(expected.length, 500 + 500 + 7 * 5 + 500);
  assert.ok(expected.includes("list 3 108 3 window"), "only the window has seen it");
  assert.ok(expected.includes("both 499 2 "), "the other side is not seen");
  for (const recordsTravel of [true, false]) {
    for (const way of WAYS) assert.deepEqual(await run(recordsTravel, way), expected);
  }
});

Deno.test("what cannot travel is refused before a coGroup, however it is wrapped", async () => {
  for (const configuration of WAYS) {
    const { env } = testEnvironment({ configuration });
    const from = (make: (n: number) => Row) =>
      env.fromSource(new Rows(make, false), WatermarkStrategy.forMonotonousTimestamps<Row>(), "rows");
    // Nothing is copied on its way to the one consumer, which would find it too.
    const both = from(plain).coGroup(from(special)).where("key").equalTo("key").window(TEN)
      .apply((left: Iterable<Row>, _right: Iterable<Row>, out: Collector<number>) => out.collect([...left].length));
    await assert.rejects(async () => {
      for await (const _ of await both.executeAndCollect());
    }, { code: "TSF-2101" });
  }
});
