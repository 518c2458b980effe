/** Sources that give their records in batches against the same sources read one by one. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { Probe, TaskHarness } from "../../../tests/harness/task_harness.ts";
import { type NumberSequenceSplit, RangeReader, RangeSource } from "../../connectors/sequence/range.ts";
import type { SourceReader, SourceReaderContext } from "../../functions/source.ts";
import { WatermarkStrategy } from "../../functions/watermarks/watermark_strategies.ts";
import { FilterOperator } from "../../operators/filter.ts";
import { ALL_OPTIMIZATIONS } from "../../operators/operator.ts";
import { SourceOperator } from "../../operators/source/source_operator.ts";
import { TimestampsAndWatermarksOperator } from "../../operators/source/timestamps_watermarks.ts";

interface Row {
  readonly n: number;
  /** A field that changes tells who shares the row. */
  seen?: string;
}

class Rows extends RangeSource<Row> {
  constructor(readonly size: number, readonly failingAt: number | undefined, readonly stamped: boolean) {
    super();
  }
  override createReader(context: SourceReaderContext): SourceReader<Row, NumberSequenceSplit> {
    return new RangeReader<Row>(context, {
      make: (n) => {
        if (n === this.failingAt) throw new Error(`no ${n}`);
        return { n };
      },
      stamp: this.stamped ? ({ n }) => at(n) : undefined,
    });
  }
  protected override range(): readonly [number, number] {
    return [0, this.size - 1];
  }
}

/** Out of order, with repetitions. */
const at = (n: number): number => 1_700_000_000_000 + (n - n % 3) * 10 + (n % 2) * 7;

const STRATEGIES: Readonly<Record<string, () => WatermarkStrategy<Row>>> = {
  none: () => WatermarkStrategy.noWatermarks<Row>(),
  monotonous: () => WatermarkStrategy.forMonotonousTimestamps<Row>(),
  bounded: () => WatermarkStrategy.forBoundedOutOfOrderness<Row>(5).withTimestampAssigner(({ n }) => at(n) + 1),
  idle: () => WatermarkStrategy.forBoundedOutOfOrderness<Row>(5).withIdleness(3),
  "on event": () =>
    WatermarkStrategy.forGenerator<Row>(() => ({
      onEvent: ({ n }, timestamp, output) => n % 4 === 0 ? output.emitWatermark(timestamp) : undefined,
      onPeriodicEmit: () => {},
    })),
  broken: () => WatermarkStrategy.noWatermarks<Row>().withTimestampAssigner(({ n }) => n === 5 ? NaN : n),
};

interface Case {
  readonly size: number;
  readonly strategy: string;
  readonly behind: string | undefined;
  readonly stamped: boolean;
  readonly failingAt: number | undefined;
  readonly rowsPerStep: number;
  /** Steps before which a checkpoint is asked for. */
  readonly checkpoints: readonly number[];
  readonly isBatch: boolean;
  readonly pausing: boolean;
}

function run(given: Case, codegen: boolean): unknown {
  const { size, strategy, behind, stamped, failingAt, rowsPerStep, checkpoints, isBatch, pausing } = given;
  const source = new Rows(size, failingAt, stamped);
  const operators = [
    new SourceOperator(source, STRATEGIES[strategy]()),
    ...(behind === undefined ? [] : [new TimestampsAndWatermarksOperator<Row>(STRATEGIES[behind]())]),
    new FilterOperator<Row>(({ n }) => n % 5 !== 2),
    new Probe("probe", {
      onRecord: (probe, value, timestamp) => {
        const row = value as Row;
        if (pausing && row.n % 3 === 0) probe.emitAll([{ n: row.n }, { n: -row.n }]);
        else probe.emit(row, timestamp);
        row.seen = "probe";
      },
    }),
    new Probe("other"),
  ];
  const last = operators.length - 1;
  const harness = new TaskHarness({
    operators: operators as never,
    // The filter feeds one probe, the operator before it the other: both hold what it lets through.
    edges: operators.map((_, i) =>
      i === last - 3
        ? [{ target: last - 2, targetInput: 0 }, { target: last, targetInput: 0 }]
        : i < last - 1
        ? [{ target: i + 1, targetInput: 0 }]
        : []
    ) as never,
    inputs: [],
    writers: [last - 1, last],
    settings: {
      rowsPerStep,
      maxRowsPerBatch: 3,
      operatorConfig: {
        objectReuse: false,
        autoWatermarkIntervalMs: 2,
        checkpointingEnabled: false,
        runtimeMode: isBatch ? "BATCH" : "STREAMING",
        checkMutation: false,
        globalJobParameters: {},
        optimizations: { ...ALL_OPTIMIZATIONS, codegen },
      },
    },
  });
  const { task } = harness;
  task.start();
  harness.credit(10_000, 0);
  harness.credit(10_000, 1);
  task.operatorEvent("0".repeat(32), {
    type: "AddSplits",
    splits: [{ id: "1", next: 0, to: size >> 1 }, { id: "2", next: (size >> 1) + 1, to: size - 1 }],
  });
  task.operatorEvent("0".repeat(32), { type: "NoMoreSplits" });
  const positions: unknown[] = [];
  for (let step = 0; step < 300 && task.step() !== "finished"; step++) {
    harness.seams.clock.advance(1);
    if (!checkpoints.includes(step)) continue;
    const before = harness.states.length;
    task.triggerCheckpoint({
      kind: "barrier",
      checkpointId: step + 1,
      timestamp: 0,
      options: { type: "checkpoint", alignment: "aligned" },
    });
    for (let n = 0; n < 50 && harness.states.length === before && task.step() !== "finished"; n++);
    positions.push([task.parts.chain.head.output.numRecordsOut, harness.states.at(-1)]);
  }
  return {
    trace: harness.news(),
    out: harness.out,
    positions,
    counters: task.parts.chain.nodes.map((node) => [node.numRecordsIn, node.output.numRecordsOut]),
    error: harness.error === undefined
      ? undefined
      : [harness.error.code, harness.error.operator, harness.error.summary],
  };
}

const cases: fc.Arbitrary<Case> = fc.record({
  size: fc.integer({ min: 2, max: 40 }),
  strategy: fc.constantFrom(...Object.keys(STRATEGIES)),
  behind: fc.option(fc.constantFrom(...Object.keys(STRATEGIES)), { nil: undefined }),
  stamped: fc.boolean(),
  failingAt: fc.option(fc.nat(50), { nil: undefined, freq: 2 }),
  rowsPerStep: fc.constantFrom(1, 2, 3, 7, 1000),
  checkpoints: fc.array(fc.nat(12), { maxLength: 3 }),
  isBatch: fc.boolean(),
  pausing: fc.boolean(),
});

Deno.test("a source read in batches: records, timestamps, watermarks, positions and errors as one by one", () => {
  fc.assert(
    fc.property(cases, (given) => {
      assert.deepEqual(run(given, true), run(given, false));
    }),
    { numRuns: 400 },
  );
});

Deno.test("what a filter lets through is copied for it, what it drops is not; nobody sees what the other changes", () => {
  const given: Case = {
    size: 4,
    strategy: "monotonous",
    behind: undefined,
    stamped: true,
    failingAt: undefined,
    rowsPerStep: 1000,
    checkpoints: [],
    isBatch: true,
    pausing: false,
  };
  const { out } = run(given, true) as { out: string[][] };
  assert.deepEqual(out, [
    ['{"n":0}', '{"n":1}', '{"n":3}', "wmax", "end"],
    ['{"n":0}', '{"n":1}', '{"n":2}', '{"n":3}', "wmax", "end"],
  ]);
});
