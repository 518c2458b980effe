/** Records that two consumers hold, of which the first only writes them: copied where the second gets them too. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { Probe, TaskHarness } from "../../../tests/harness/task_harness.ts";
import { RangeReader, RangeSource } from "../../connectors/sequence/range.ts";
import type { NumberSequenceSplit } from "../../connectors/sequence/range.ts";
import type { SourceReader, SourceReaderContext } from "../../functions/source.ts";
import { WatermarkStrategy } from "../../functions/watermarks/watermark_strategies.ts";
import { FilterOperator } from "../../operators/filter.ts";
import { ALL_OPTIMIZATIONS } from "../../operators/operator.ts";
import { SourceOperator } from "../../operators/source/source_operator.ts";

interface Row {
  readonly n: number;
  /** A field that changes tells who shares the row. */
  seen?: string;
}

class Rows extends RangeSource<Row> {
  constructor(readonly size: number, readonly recordsTravel: boolean) {
    super();
  }
  override createReader(context: SourceReaderContext): SourceReader<Row, NumberSequenceSplit> {
    return new RangeReader<Row>(context, { make: (n) => ({ n }), recordsTravel: this.recordsTravel });
  }
  protected override range(): readonly [number, number] {
    return [0, this.size - 1];
  }
}

interface Case {
  readonly size: number;
  readonly recordsTravel: boolean;
  /** Filters that both consumers stand behind; a function of the generated code holds two dozen operators. */
  readonly before: number;
  /** Bit masks: what the filters of each consumer let through. */
  readonly first: readonly number[];
  readonly second: readonly number[];
  readonly failingAt: number | undefined;
  readonly objectReuse: boolean;
  readonly rowsPerStep: number;
  /** 0: every record leaves before the next consumer gets it. */
  readonly bufferTimeoutMs: number;
}

const passes = (mask: number) => ({ n }: Row): boolean => (mask >> (n % 8) & 1) === 1;

interface Outcome {
  readonly out: readonly (readonly string[])[];
  readonly counters: unknown;
  readonly error: unknown;
}

/** Source, filters, then two ways: filters and a writer; filters and a probe that changes what it gets, and a writer. */
function run(given: Case, codegen: boolean): Outcome {
  const { size, recordsTravel, before, first, second, failingAt, objectReuse, rowsPerStep, bufferTimeoutMs } = given;
  const failing = ({ n }: Row): boolean => {
    if (n === failingAt) throw new Error(`not ${n}`);
    return true;
  };
  const common = Array.from({ length: before }, () => new FilterOperator<Row>(() => true));
  const firstWay = first.map((mask) => new FilterOperator<Row>(passes(mask)));
  const secondWay = [
    ...second.map((mask) => new FilterOperator<Row>((row) => failing(row) && passes(mask)(row))),
    new Probe("probe", {
      onRecord: (probe, value, timestamp) => {
        (value as Row).seen = "probe";
        probe.emit(value, timestamp);
      },
    }),
  ];
  const operators = [
    new SourceOperator(new Rows(size, recordsTravel), WatermarkStrategy.noWatermarks<Row>()),
    ...common,
    ...firstWay,
    ...secondWay,
  ];
  const [fork, firstEnd, last] = [before, before + first.length, operators.length - 1];
  const harness = new TaskHarness({
    operators: operators as never,
    edges: operators.map((_, i) =>
      (i === fork ? [fork + 1, firstEnd + 1] : i === firstEnd || i === last ? [] : [i + 1])
        .map((target) => ({ target, targetInput: 0 }))
    ) as never,
    inputs: [],
    writers: [firstEnd, last],
    bufferTimeoutMs,
    settings: {
      rowsPerStep,
      maxRowsPerBatch: 3,
      operatorConfig: {
        objectReuse,
        autoWatermarkIntervalMs: 0,
        checkpointingEnabled: false,
        runtimeMode: "STREAMING",
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
  const source = "0".repeat(32);
  task.operatorEvent(source, { type: "AddSplits", splits: [{ id: "1", next: 0, to: size - 1 }] });
  task.operatorEvent(source, { type: "NoMoreSplits" });
  for (let step = 0; step < 300 && task.step() !== "finished"; step++) harness.seams.clock.advance(1);
  return {
    out: harness.out as unknown as string[][],
    counters: task.parts.chain.nodes.map((node) => [node.numRecordsIn, node.output.numRecordsOut]),
    error: harness.error === undefined
      ? undefined
      : [harness.error.code, harness.error.operator, harness.error.summary],
  };
}

const masks = fc.array(fc.oneof(fc.constantFrom(0, 0xff), fc.nat(0xff)), { minLength: 1, maxLength: 3 });

Deno.test("two consumers, the first a writer behind filters: as the interpreter does it", () => {
  const cases: fc.Arbitrary<Case> = fc.record({
    size: fc.integer({ min: 1, max: 30 }),
    recordsTravel: fc.boolean(),
    before: fc.constantFrom(0, 0, 1, 20, 22, 23, 24, 25),
    first: masks,
    second: masks,
    failingAt: fc.option(fc.nat(40), { nil: undefined, freq: 2 }),
    objectReuse: fc.boolean(),
    rowsPerStep: fc.constantFrom(1, 4, 1000),
    bufferTimeoutMs: fc.constantFrom(-1, 0, 100),
  });
  fc.assert(
    fc.property(cases, (given) => {
      const [generated, interpreted] = [run(given, true), run(given, false)];
      assert.deepEqual(generated.counters, interpreted.counters);
      assert.deepEqual(generated.error, interpreted.error);
      // The row at which a filter fails need not have reached the other consumer.
      if (generated.error === undefined) assert.deepEqual(generated.out, interpreted.out);
      else {
        generated.out.forEach((out, i) => assert.deepEqual(out, interpreted.out[i].slice(0, out.length)));
        assert.ok(generated.out[0].length >= interpreted.out[0].length - 3);
      }
    }),
    { numRuns: 300 },
  );
});

Deno.test("what both get is not shared, whoever changes it", () => {
  const given: Case = {
    size: 8,
    recordsTravel: true,
    before: 0,
    first: [0b0111_1110],
    second: [0b1010_1010],
    failingAt: undefined,
    objectReuse: false,
    rowsPerStep: 1000,
    bufferTimeoutMs: -1,
  };
  const { out: [first, second] } = run(given, true);
  const row = (n: number): string => JSON.stringify({ n });
  assert.deepEqual(first, [1, 2, 3, 4, 5, 6].map(row).concat(first.slice(6)));
  assert.deepEqual(second.slice(0, 4), [1, 3, 5, 7].map((n) => JSON.stringify({ n, seen: "probe" })));
});
