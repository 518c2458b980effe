import assert from "node:assert/strict";
import type { AggregateFunction } from "../functions/functions.ts";
import {
  endOfInput,
  OneInputStreamOperatorTestHarness,
  repartitionOperatorState,
  runCruelly,
  streamRecord,
  watermark,
} from "../testing/mod.ts";
import { MAX_WATERMARK } from "../types/stream_element.ts";
import {
  aggregatePartitionOperator,
  mapPartitionOperator,
  reducePartitionOperator,
  sortPartitionOperator,
} from "./full_window_partition.ts";
import { keyedSortPartitionOperator } from "./keyed_full_window_partition.ts";

type Row = { k: string; n: number };
const rows: Row[] = [{ k: "b", n: 3 }, { k: "a", n: 1 }, { k: "b", n: 2 }, { k: "a", n: 9 }, { k: "b", n: 3 }];
const script = [
  ...rows.map((row, i) => streamRecord(row, i)),
  watermark(3),
  watermark(MAX_WATERMARK),
  endOfInput(),
];
const empty = [watermark(MAX_WATERMARK), endOfInput()];
const marks = [watermark(3), watermark(MAX_WATERMARK)];
const byKey = { keySelectors: [(row: Row) => row.k] };

const collectAll = (values: Iterable<Row>, out: { collect(value: unknown): void }) => {
  const numbers = [...values].map((row) => row.n);
  out.collect(numbers.length);
  out.collect(numbers);
};
const add = (a: Row, b: Row) => ({ k: a.k, n: a.n + b.n });
const mean: AggregateFunction<Row, [number, number], string> = {
  createAccumulator: () => [0, 0],
  add: (row, [sum, count]) => [sum + row.n, count + 1],
  getResult: ([sum, count]) => `${sum}/${count}`,
  merge: (a, b) => [a[0] + b[0], a[1] + b[1]],
};

Deno.test("without key: one result per subtask when the input has ended, in every mode", () => {
  const cases: [string, () => ReturnType<typeof mapPartitionOperator>, unknown[], unknown[]][] = [
    ["map", () => mapPartitionOperator(collectAll as never), [5, [3, 1, 2, 9, 3]], [0, []]],
    ["reduce", () => reducePartitionOperator(add) as never, [{ k: "b", n: 18 }], []],
    ["aggregate", () => aggregatePartitionOperator(mean) as never, ["18/5"], ["0/0"]],
    [
      "sort",
      () => sortPartitionOperator<Row>({ selector: "n", order: "ASCENDING" }) as never,
      [rows[1], rows[2], rows[0], rows[4], rows[3]],
      [],
    ],
    [
      "sort by function, downwards",
      () => sortPartitionOperator<Row>({ selector: (row) => -row.n, order: "DESCENDING" }) as never,
      [rows[1], rows[2], rows[0], rows[4], rows[3]],
      [],
    ],
  ];
  for (const [, make, full, none] of cases) {
    const output = (values: unknown[]) => values.map((value) => streamRecord(value));
    runCruelly(make, script, { expected: [...marks, ...output(full)] });
    runCruelly(make, empty, { expected: [marks[1], ...output(none)] });
  }
});

Deno.test("keyed: sorted key by key, in every mode and rescaled", () => {
  runCruelly(() => keyedSortPartitionOperator<Row>({ selector: "n", order: "DESCENDING" }), script, {
    ...byKey,
    rescaleTo: 2,
    expected: [...marks, ...[rows[3], rows[1], rows[0], rows[4], rows[2]].map((row) => streamRecord(row))],
  });
});

Deno.test("partitions restored at another parallelism: no record is lost", () => {
  const restoredAt = (make: () => ReturnType<typeof mapPartitionOperator>, from: number, to: number) => {
    const before = Array.from({ length: from }, (_, subtaskIndex) => {
      const harness = new OneInputStreamOperatorTestHarness<Row, unknown>(make(), { parallelism: from, subtaskIndex });
      rows.filter((_row, i) => i % from === subtaskIndex).forEach((row) => harness.processElement(row));
      return harness.snapshot(1);
    });
    return Array.from({ length: to }, (_, subtaskIndex) => {
      const harness = new OneInputStreamOperatorTestHarness<Row, unknown>(make(), { parallelism: to, subtaskIndex });
      harness.initializeState(
        repartitionOperatorState(before, { maxParallelism: 128, parallelism: to, subtaskIndex }),
      );
      harness.endInput();
      return harness.extractOutputValues();
    });
  };
  const sum = restoredAt(() => reducePartitionOperator(add) as never, 2, 1);
  assert.equal((sum[0][0] as Row).n, 18);
  assert.deepEqual(restoredAt(() => aggregatePartitionOperator(mean) as never, 2, 1), [["18/5"]]);
  const sorted = restoredAt(() => sortPartitionOperator<Row>({ selector: "n", order: "ASCENDING" }) as never, 1, 2);
  assert.deepEqual(sorted.flat().map((row) => (row as Row).n).sort(), [1, 2, 3, 3, 9]);
  const { merge: _merge, ...unmergeable } = mean;
  assert.throws(() => restoredAt(() => aggregatePartitionOperator(unmergeable) as never, 2, 1), { code: "TSF-2015" });
});

Deno.test("promises and values without order are named", () => {
  const cases: [ReturnType<typeof mapPartitionOperator>, string][] = [
    [mapPartitionOperator((async () => {}) as never), "TSF-2002"],
    [reducePartitionOperator((async (a: Row) => await a) as never) as never, "TSF-2002"],
    [aggregatePartitionOperator({ ...mean, add: (async () => {}) as never }) as never, "TSF-2002"],
    [sortPartitionOperator<Row>({ selector: (row) => ({ row }), order: "ASCENDING" }) as never, "TSF-2012"],
    [sortPartitionOperator<Row>({ selector: "x", order: "ASCENDING" }) as never, "TSF-2012"],
  ];
  for (const [factory, code] of cases) {
    const harness = new OneInputStreamOperatorTestHarness<Row, unknown>(factory);
    assert.throws(() => {
      rows.forEach((row) => harness.processElement(row));
      harness.endInput();
    }, { code });
  }
});
