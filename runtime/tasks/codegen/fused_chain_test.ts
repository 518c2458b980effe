/** Generated chains against the interpreter: outputs, order of calls, counters and errors are always the same. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { Probe, TaskHarness } from "../../../tests/harness/task_harness.ts";
import type { Collector } from "../../functions/functions.ts";
import { OutputTag } from "../../functions/output_tag.ts";
import type { ProcessContext } from "../../functions/process_function.ts";
import type { ChainedEdge } from "../../graph/job_graph.ts";
import { FilterOperator } from "../../operators/filter.ts";
import { FlatMapOperator } from "../../operators/flat_map.ts";
import { MapOperator } from "../../operators/map.ts";
import { ALL_OPTIMIZATIONS, type StreamOperator } from "../../operators/operator.ts";
import { ProcessOperator } from "../../operators/process.ts";
import { SinkWriterOperator } from "../../operators/sink/sink_operator.ts";

interface Row {
  readonly n: number;
  path: string;
}

/** One operator of a random chain. */
interface Spec {
  readonly kind:
    | "map"
    | "rich map"
    | "filter"
    | "array"
    | "generator"
    | "collector"
    | "mixed"
    | "process"
    | "later"
    | "sink";
  /** Which operator before it feeds it, and whether by its side output. */
  readonly parent: number;
  readonly side: boolean;
  /** Whether it writes to another task too. */
  readonly writes: boolean;
}

interface Case {
  readonly specs: readonly Spec[];
  readonly batches: readonly number[][];
  /** After which batch something else comes. */
  readonly events: readonly { readonly after: number; readonly kind: "watermark" | "barrier" }[];
  readonly rowsPerStep: number;
  readonly failing: { readonly operator: number; readonly n: number } | undefined;
  readonly objectReuse: boolean;
}

const SIDE = new OutputTag<Row>("side");

/** The operators of a case; each call of user code is written to the log. */
function operatorsOf({ specs, failing, objectReuse }: Case, log: string[]): StreamOperator[] {
  return specs.map(({ kind }, i): StreamOperator => {
    const called = (row: Row): Row => {
      log.push(`${i} ${row.path}`);
      if (failing?.operator === i && failing.n === row.n) throw new Error(`no ${row.path}`);
      return row;
    };
    const next = (row: Row, what: string): Row => ({ n: row.n, path: `${row.path}/${i}${what}` });
    const two = (row: Row): Row[] => row.n % 3 === 0 ? [] : [next(row, "a"), next(row, "b")];
    switch (kind) {
      case "map":
        return new MapOperator<Row, Row>((row) => next(called(row), ""));
      case "rich map":
        return new MapOperator<Row, Row>({ open: () => {}, map: (row: Row) => next(called(row), "r") } as never);
      case "filter":
        return new FilterOperator<Row>((row) => called(row).n % 4 !== 1);
      case "array":
        return new FlatMapOperator<Row, Row>((row) => two(called(row)));
      case "generator":
        return new FlatMapOperator<Row, Row>(function* (row) {
          called(row);
          for (const each of two(row)) {
            log.push(`${i} draws ${each.path}`);
            yield each;
          }
        });
      case "collector":
        return new FlatMapOperator<Row, Row>((row, out: Collector<Row>) => {
          called(row);
          const mine = next(row, "c");
          out.collect(mine);
          // Allowed where it is copied.
          if (!objectReuse) mine.path = "changed";
          out.collect(mine);
        });
      case "mixed":
        return new FlatMapOperator<Row, Row>((row, out: Collector<Row>) => {
          called(row);
          if (row.n % 2 === 0) out.collect(next(row, "m"));
          return row.n % 5 === 0 ? undefined : row.n % 5 === 1 ? new Set(two(row)) : two(row);
        });
      case "process":
        return new ProcessOperator({
          processElement(row: Row, ctx: ProcessContext, out: Collector<Row>) {
            called(row);
            out.collect(next(row, `@${ctx.timestamp() ?? "-"}`));
            if (row.n % 2 === 1) ctx.output(SIDE, next(row, "s"));
          },
        } as never);
      case "later":
        return new Probe(`later${i}`, {
          onRecord: (probe, value) => probe.emitAll(two(called(value as Row))),
        });
      case "sink":
        return new SinkWriterOperator({
          createWriter: () => ({
            isSynchronous: true,
            write: (row: Row) => void called(row),
            flush: () => {},
            close: () => {},
          }),
        });
    }
  });
}

/** Everything there is to see of a run. */
function run(given: Case, codegen: boolean): unknown {
  const log: string[] = [];
  const { specs, rowsPerStep, objectReuse } = given;
  const edges: ChainedEdge[][] = specs.map(() => []);
  specs.forEach(({ parent, side }, i) => {
    if (i > 0) edges[parent].push({ target: i, targetInput: 0, sideOutputTag: side ? SIDE.id : undefined });
  });
  const harness = new TaskHarness({
    operators: operatorsOf(given, log),
    edges,
    writers: specs.flatMap(({ writes }, i) => writes ? [i] : []),
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
  harness.task.start();
  assert.equal(harness.task.parts.chain.fused !== undefined, codegen);
  harness.built.partitions.forEach((_, i) => harness.credit(100_000, i));
  harness.news();
  given.batches.forEach((batch, b) => {
    harness.records(batch.map((n) => ({ n, path: String(n) })));
    for (const { after, kind } of given.events) {
      if (after !== b) continue;
      if (kind === "watermark") harness.watermark(b);
      else harness.barrier(b + 1);
    }
    if (b % 2 === 0) harness.run();
  });
  harness.end();
  const answer = harness.run();
  return {
    answer,
    log,
    out: harness.out,
    trace: harness.news(),
    counters: harness.task.parts.chain.nodes.map((node) => [node.numRecordsIn, node.output.numRecordsOut]),
    error: harness.error === undefined
      ? undefined
      : [harness.error.code, harness.error.operator, harness.error.summary],
  };
}

const spec = (index: number): fc.Arbitrary<Spec> =>
  fc.record({
    kind: fc.constantFrom<Spec["kind"]>(
      "map",
      "rich map",
      "filter",
      "array",
      "generator",
      "collector",
      "mixed",
      "process",
      "later",
      "sink",
    ),
    parent: fc.oneof({ weight: 3, arbitrary: fc.constant(Math.max(0, index - 1)) }, {
      weight: 1,
      arbitrary: fc.nat(Math.max(0, index - 1)),
    }),
    side: fc.oneof({ weight: 4, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
    writes: fc.oneof({ weight: 3, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
  });

const cases: fc.Arbitrary<Case> = fc.integer({ min: 1, max: 7 }).chain((length) =>
  fc.record({
    specs: fc.tuple(...Array.from({ length }, (_, i) => spec(i))),
    batches: fc.array(fc.array(fc.nat(20), { maxLength: 6 }), { maxLength: 5 }),
    events: fc.array(
      fc.record({ after: fc.nat(4), kind: fc.constantFrom<"watermark" | "barrier">("watermark", "barrier") }),
      { maxLength: 3 },
    ),
    rowsPerStep: fc.constantFrom(1, 2, 3, 5, 1000),
    failing: fc.option(fc.record({ operator: fc.nat(length - 1), n: fc.nat(20) }), { nil: undefined, freq: 2 }),
    objectReuse: fc.boolean(),
  })
);

Deno.test("any chain over any input: the generated form does what the interpreter does", () => {
  fc.assert(
    fc.property(cases, (given) => {
      assert.deepEqual(run(given, true), run(given, false));
    }),
    { numRuns: 600 },
  );
});

Deno.test("a chain that is too long for one function is cut, with the same results", () => {
  const kinds: Spec["kind"][] = ["map", "filter", "map", "array", "rich map", "map", "process"];
  for (const length of [23, 24, 25, 60, 120]) {
    const specs = Array.from({ length }, (_, i): Spec => ({
      // Arrays double the records: few of them.
      kind: kinds[i % 7] === "array" && i > 12 ? "map" : kinds[i % 7],
      parent: Math.max(0, i - 1),
      side: false,
      writes: i === length - 1,
    }));
    for (const failing of [undefined, { operator: length - 2, n: 2 }]) {
      const given: Case = {
        specs,
        batches: [[2, 4, 5, 7], [2, 8]],
        events: [{ after: 0, kind: "barrier" }],
        rowsPerStep: 1000,
        failing,
        objectReuse: false,
      };
      assert.deepEqual(run(given, true), run(given, false));
    }
  }
});

Deno.test("a promise is refused by whoever returned it, and elements of arrays too", () => {
  const refusing: [StreamOperator, string][] = [
    [new MapOperator(() => Promise.reject(new Error("nobody hears"))), "map() returned a promise"],
    [new FilterOperator((() => Promise.resolve(true)) as never), "filter() returned a promise"],
    [new FlatMapOperator((() => Promise.resolve([])) as never), "flatMap() returned a promise"],
    [
      new FlatMapOperator(() => [1, Promise.resolve(2)]),
      "An element of the returned iterable returned a promise",
    ],
    [new FlatMapOperator((() => 5) as never), "flatMap() returned something that is not an iterable"],
  ];
  for (const [operator, message] of refusing) {
    const harness = new TaskHarness({ operators: [operator, new Probe("next")] });
    harness.task.start();
    assert.ok(harness.task.parts.chain.fused !== undefined);
    harness.records([1]);
    harness.run();
    assert.equal(harness.error?.summary, message);
    assert.equal(harness.error?.operator?.name, operator.constructor.name);
  }
});
