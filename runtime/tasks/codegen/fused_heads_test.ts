/**
 * Generated chains against the interpreter where the other tests do not look: keyed heads and heads with two inputs, state
 * and timers, edges with many channels, outputs that become full, life cycles of rich functions, every size of budget.
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import type { FlinkError } from "../../errors.ts";
import type { Collector } from "../../functions/functions.ts";
import { OutputTag } from "../../functions/output_tag.ts";
import type { ShipStrategy } from "../../functions/partitioner.ts";
import type { ProcessContext } from "../../functions/process_function.ts";
import { valueState } from "../../functions/state_descriptor.ts";
import type { ChainedEdge, ChainedOperator, JobEdge, JobVertex } from "../../graph/job_graph.ts";
import { TaskMetricGroup } from "../../metrics/task_metrics.ts";
import type { ChannelItem } from "../../network/buffer.ts";
import { CoFlatMapOperator, CoMapOperator } from "../../operators/co_map.ts";
import { CoProcessOperator, KeyedCoProcessOperator } from "../../operators/co_process.ts";
import { FilterOperator } from "../../operators/filter.ts";
import { FlatMapOperator } from "../../operators/flat_map.ts";
import { KeyedProcessOperator } from "../../operators/keyed_process.ts";
import { MapOperator } from "../../operators/map.ts";
import { ALL_OPTIMIZATIONS, type StreamOperator } from "../../operators/operator.ts";
import { ReduceOperator } from "../../operators/reduce.ts";
import { testSeams } from "../../testing/test_seams.ts";
import { keyGroupFor, subtaskForKeyGroup } from "../../types/key_group.ts";
import { MAX_WATERMARK, recordBatch } from "../../types/stream_element.ts";
import { buildTask } from "../task_builder.ts";

interface Row {
  readonly key: string;
  readonly n: number;
  path: string;
}

type Head = "map" | "keyed process" | "reduce" | "co map" | "co flat map" | "co process" | "keyed co process";
const HEADS: readonly Head[] = [
  "map",
  "keyed process",
  "reduce",
  "co map",
  "co flat map",
  "co process",
  "keyed co process",
];
const STRATEGIES: readonly ShipStrategy[] = ["FORWARD", "HASH", "BROADCAST", "REBALANCE", "RESCALE", "CUSTOM"];
const SIDE = new OutputTag<Row>("side");
const MAX_PARALLELISM = 8;
const isKeyed = (head: Head) => head === "keyed process" || head === "reduce" || head === "keyed co process";
const hasTwo = (head: Head) => head.startsWith("co ") || head === "keyed co process";

/** Something that happens to the task. */
type Event =
  | {
    readonly kind: "records";
    readonly input: number;
    readonly rows: readonly { key: string; n: number; at: number }[];
  }
  | { readonly kind: "watermark"; readonly input: number; readonly timestamp: number }
  | { readonly kind: "credit"; readonly buffers: number }
  | { readonly kind: "run"; readonly steps: number };

type Where = "head" | "key" | "filter" | "tail" | "open" | "partitioner";
interface Case {
  readonly head: Head;
  readonly strategy: ShipStrategy;
  readonly channels: number;
  readonly rowsPerStep: number;
  readonly rowsPerBatch: number;
  readonly objectReuse: boolean;
  readonly failing: { readonly where: Where; readonly n: number } | undefined;
  readonly events: readonly Event[];
}

/** User code that writes down its calls and fails where the case wants it. */
class Calls {
  readonly log: string[] = [];
  constructor(readonly failing: Case["failing"]) {}
  made(where: Where, row: Row): Row {
    this.log.push(`${where} ${row.path}`);
    if (this.failing?.where === where && this.failing.n === row.n) {
      throw new RangeError(`${where} dislikes ${row.path}`);
    }
    return row;
  }
  /** The life of a rich function. */
  life(name: string): { open: () => void; close: () => void } {
    return {
      open: () => {
        this.log.push(`open ${name}`);
        if (this.failing?.where === "open" && name === "tail") throw new Error("cannot open");
      },
      close: () => void this.log.push(`close ${name}`),
    };
  }
}
const next = (row: Row, by: string): Row => ({ key: row.key, n: row.n, path: `${row.path}${by}` });

function headOf(head: Head, calls: Calls): StreamOperator {
  const rich = calls.life("head");
  const counted = { ...rich, state: { count: valueState<number>({ defaultValue: 0 }) } };
  // deno-lint-ignore no-explicit-any -- one body for four kinds of contexts
  const withState = (row: Row, ctx: any, out: Collector<Row>) => {
    calls.made("head", row);
    const { count } = ctx.state;
    count.update(count.value() + 1);
    out.collect(next(row, `/${ctx.getCurrentKey()}#${count.value()}`));
    if (row.n % 4 === 0) out.collect(next(row, "/again"));
    if (row.n % 3 === 0) ctx.timerService().registerEventTimeTimer(row.n + 2);
    if (row.n % 2 === 0) ctx.output(SIDE, next(row, "/side"));
  };
  // deno-lint-ignore no-explicit-any -- as above
  const onTimer = (timestamp: number, ctx: any, out: Collector<Row>) => {
    calls.log.push(`timer ${ctx.getCurrentKey()} ${timestamp}`);
    out.collect({ key: ctx.getCurrentKey(), n: timestamp, path: `timer${ctx.state.count.value()}` });
  };
  const plain = (input: string) => (row: Row, ctx: ProcessContext, out: Collector<Row>) => {
    calls.made("head", row);
    out.collect(next(row, `/${input}@${ctx.timestamp() ?? "-"}`));
    if (row.n % 4 === 0) out.collect(next(row, "/again"));
    if (row.n % 2 === 0) ctx.output(SIDE, next(row, "/side"));
  };
  switch (head) {
    case "map":
      return new MapOperator<Row, Row>({ ...rich, map: (row: Row) => next(calls.made("head", row), "/m") } as never);
    case "keyed process":
      return new KeyedProcessOperator({ ...counted, processElement: withState, onTimer } as never);
    case "reduce":
      return new ReduceOperator<Row>({
        ...rich,
        reduce: (left: Row, right: Row) => next(calls.made("head", right), `+${left.path}`.slice(0, 40)),
      } as never);
    case "co map":
      return new CoMapOperator<Row, Row, Row>({
        ...rich,
        map1: (row: Row) => next(calls.made("head", row), "/1"),
        map2: (row: Row) => next(calls.made("head", row), "/2"),
      } as never);
    case "co flat map":
      return new CoFlatMapOperator<Row, Row, Row>({
        ...rich,
        flatMap1: (row: Row) => [next(calls.made("head", row), "/a"), next(row, "/b")],
        flatMap2: function* (row: Row) {
          yield next(calls.made("head", row), "/c");
          yield next(row, "/d");
        },
      } as never);
    case "co process":
      return new CoProcessOperator({ ...rich, processElement1: plain("1"), processElement2: plain("2") } as never);
    case "keyed co process":
      return new KeyedCoProcessOperator({
        ...counted,
        processElement1: withState,
        processElement2: withState,
        onTimer,
      } as never);
  }
}

/** The head; a filter and a flatMap behind each other; a map of the side output and of what the filter lets through. The last two write to other tasks. */
function operatorsOf(given: Case, calls: Calls): StreamOperator[] {
  return [
    headOf(given.head, calls),
    new FilterOperator<Row>(
      { ...calls.life("filter"), filter: (row: Row) => calls.made("filter", row).n % 5 !== 4 } as never,
    ),
    new FlatMapOperator<Row, Row>({
      ...calls.life("tail"),
      flatMap: (row: Row) => row.n % 2 === 0 ? [next(calls.made("tail", row), "x"), next(row, "y")] : [next(row, "z")],
    } as never),
    new MapOperator<Row, Row>({
      ...calls.life("side"),
      map: (row: Row) => {
        const made = next(row, "!");
        // Nobody else may see it where every consumer has a copy of its own.
        if (!given.objectReuse) row.path = "changed";
        return made;
      },
    } as never),
  ];
}
const EDGES: readonly (readonly ChainedEdge[])[] = [
  [{ target: 1, targetInput: 0, sideOutputTag: undefined }, { target: 3, targetInput: 0, sideOutputTag: SIDE.id }],
  [{ target: 3, targetInput: 0, sideOutputTag: undefined }, { target: 2, targetInput: 0, sideOutputTag: undefined }],
  [],
  [],
] as never;

function taskOf(given: Case, codegen: boolean, calls: Calls) {
  const { head, strategy, channels } = given;
  const selectKey = (row: unknown) => {
    if (given.failing?.where === "key" && (row as Row).n === given.failing.n) throw new Error("no key");
    return (row as Row).key;
  };
  const operators = operatorsOf(given, calls);
  const chain = operators.map((operator, i): ChainedOperator => ({
    nodeId: i,
    operatorId: String(i).padStart(32, "0"),
    userDefinedOperatorId: undefined,
    name: `op ${i}`,
    description: "",
    kind: "operator" as ChainedOperator["kind"],
    uid: i === 1 ? "the-filter" : undefined,
    userLine: `file:///job.ts:${10 + i}:5`,
    factory: { chainingStrategy: "ALWAYS", numInputs: operator.numInputs, create: () => operator },
    keySelectors: i === 0 && isKeyed(head) ? Array(operator.numInputs).fill(selectKey) : [],
    keyed: i === 0 && isKeyed(head),
    keyHashRule: undefined,
    chainedEdges: EDGES[i],
    outputIndexes: [],
  }));
  const edge = (sourceNodeId: number): JobEdge => ({
    sourceNodeId,
    targetVertexId: `target ${sourceNodeId}`,
    partitioner: {
      strategy,
      keySelector: (row: unknown) => {
        if (given.failing?.where === "partitioner" && (row as Row).n === given.failing.n) throw new Error("no channel");
        return (row as Row).key;
      },
      custom: (key: unknown, n: number) => String(key).charCodeAt(0) % n,
    },
    sideOutputTag: undefined,
    bufferTimeoutMs: 0,
  } as unknown as JobEdge);
  const numSubpartitions = strategy === "FORWARD" ? 1 : channels;
  const seams = testSeams();
  const trace: string[] = [];
  let error: FlinkError | undefined;
  const built = buildTask({
    vertex: {
      id: "vertex",
      name: "vertex",
      parallelism: 1,
      maxParallelism: MAX_PARALLELISM,
      chain,
      inputs: [],
      outputs: [],
    } as unknown as JobVertex,
    subtaskIndex: 0,
    attemptNumber: 0,
    jobInfo: { jobId: "0".repeat(32), jobName: "heads" },
    channelsByInput: hasTwo(head) ? [1, 1] : [1],
    outgoing: [2, 3].map((source) => ({
      edge: edge(source),
      numSubpartitions,
      targetMaxParallelism: MAX_PARALLELISM,
    })),
    settings: {
      operatorConfig: {
        objectReuse: given.objectReuse,
        autoWatermarkIntervalMs: 0,
        checkpointingEnabled: false,
        runtimeMode: "STREAMING",
        checkMutation: false,
        globalJobParameters: {},
        optimizations: { ...ALL_OPTIMIZATIONS, codegen },
      },
      forceCodec: false,
      maxRowsPerBatch: given.rowsPerBatch,
      segmentBytes: 32 * 1024,
      buffersPerChannel: 2,
      floatingBuffersPerGate: 0,
      maxBuffersPerSubpartition: 2,
      maxOverflowBuffers: 1000,
      rowsPerStep: given.rowsPerStep,
    },
    seams,
    cachedFiles: new Map(),
    accumulators: new Map(),
    restored: undefined,
    metrics: () => new TaskMetricGroup(),
    sendToCoordinator: () => {},
    collect: () => undefined,
    listener: {
      onState: (state, thrown) => {
        trace.push(state);
        if (thrown !== undefined) error = thrown as FlinkError;
      },
      onCheckpoint: () => {},
      onCheckpointDeclined: () => {},
      onDataProcessed: () => {},
    },
    wake: () => {},
  });
  const out: string[][][] = built.partitions.map(({ subpartitions }) => subpartitions.map(() => []));
  built.gates.forEach((gate) => gate.channels.forEach((channel) => channel.connect({ addCredit: () => {} })));
  built.partitions.forEach(({ subpartitions }, i) =>
    subpartitions.forEach((subpartition, channel) =>
      subpartition.connect({ onItem: (item) => out[i][channel].push(...textOf(item)) })
    )
  );
  return { built, out, trace, error: () => error };
}

function textOf(item: ChannelItem): string[] {
  if (item.kind !== "data") return [item.kind === "watermark" ? `w${item.timestamp}` : item.kind];
  // A subpartition that has waited tells of its backlog first.
  if (item.rows === 0) return [];
  const { values, timestamps } = item.batch!;
  return values.slice(0, item.rows).map((value, i) => `${(value as Row).path}:${(value as Row).n}@${timestamps[i]}`);
}

interface Outcome {
  readonly out: string[][][];
  readonly log: string[];
  readonly trace: string[];
  readonly steps: string[];
  readonly counters: number[][];
  readonly error: unknown;
}

function run(given: Case, codegen: boolean): Outcome {
  const calls = new Calls(given.failing);
  const { built, out, trace, error } = taskOf(given, codegen, calls);
  const { task, gates, partitions } = built;
  const steps: string[] = [];
  const credit = (buffers: number) =>
    partitions.forEach(({ subpartitions }) => subpartitions.forEach((each) => each.addCredit(buffers)));
  const go = (limit: number) => {
    for (let n = 0; n < limit; n++) {
      const result = task.step();
      steps.push(result);
      if (result !== "progress") return;
    }
  };
  task.start();
  go(1);
  for (const event of given.events) {
    const input = "input" in event && hasTwo(given.head) ? event.input : 0;
    const channel = gates[input].channels[0];
    if (event.kind === "records") {
      const values = event.rows.map(({ key, n }): Row => ({ key, n, path: `${key}${n}` }));
      const batch = recordBatch(values, Float64Array.from(event.rows, ({ at }) => at));
      channel.onItem({ kind: "data", rows: values.length, sizeBytes: 1, batch }, 0);
    } else if (event.kind === "watermark") channel.onItem({ kind: "watermark", timestamp: event.timestamp }, 0);
    else if (event.kind === "credit") credit(event.buffers);
    else go(event.steps);
  }
  credit(100_000);
  gates.forEach((gate) => {
    gate.channels[0].onItem({ kind: "watermark", timestamp: MAX_WATERMARK }, 0);
    gate.channels[0].onItem({ kind: "end", drain: true }, 0);
  });
  go(5000);
  assert.ok(error() !== undefined || task.parts.chain.fused !== undefined === codegen);
  const thrown = error();
  return {
    out,
    log: calls.log,
    trace,
    steps,
    counters: task.parts.chain.nodes.map(({ numRecordsIn, output }) => [numRecordsIn, output.numRecordsOut]),
    error: thrown && [thrown.code, thrown.summary, thrown.operator, thrown.userLine, causeOf(thrown)],
  };
}
const causeOf = ({ cause }: FlinkError) => cause instanceof Error ? `${cause.name}: ${cause.message}` : cause;

const rows = fc.array(
  fc.record({ key: fc.constantFrom("a", "b", "c", "dd"), n: fc.nat(12), at: fc.nat(30) }),
  { minLength: 1, maxLength: 6 },
);
const event: fc.Arbitrary<Event> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("records" as const), input: fc.nat(1), rows }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("watermark" as const), input: fc.nat(1), timestamp: fc.nat(20) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("credit" as const), buffers: fc.integer({ min: 1, max: 3 }) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant("run" as const), steps: fc.constantFrom(1, 2, 50) }),
  },
);
const cases = (heads: readonly Head[], failing: boolean): fc.Arbitrary<Case> =>
  fc.record({
    head: fc.constantFrom(...heads),
    strategy: fc.constantFrom(...STRATEGIES),
    channels: fc.constantFrom(1, 2, 3, 5),
    rowsPerStep: fc.constantFrom(1, 2, 3, 7, 250, 1000),
    rowsPerBatch: fc.constantFrom(1, 2, 64),
    objectReuse: fc.boolean(),
    failing: failing
      ? fc.record({
        where: fc.constantFrom<Where>("head", "key", "filter", "tail", "open", "partitioner"),
        n: fc.nat(12),
      })
      : fc.constant(undefined),
    events: fc.array(event, { maxLength: 12 }),
  });

for (const head of HEADS) {
  Deno.test(`${head}: the generated form does what the interpreter does, step by step`, () => {
    fc.assert(
      fc.property(cases([head], false), (given) => {
        const generated = run(given, true);
        assert.deepEqual(generated, run(given, false));
        assert.equal(generated.error, undefined);
        assert.equal(generated.trace.at(-1), "FINISHED");
      }),
      { numRuns: 250 },
    );
  });
}

Deno.test("whatever fails wherever: the same error with the same operator and line, after the same records", () => {
  let failed = 0;
  fc.assert(
    fc.property(cases(HEADS, true), (given) => {
      const generated = run(given, true);
      assert.deepEqual(generated, run(given, false));
      if (generated.error !== undefined) failed++;
    }),
    { numRuns: 500 },
  );
  assert.ok(failed > 50, `only ${failed} of the runs have failed`);
});

const records = (input: number, ...numbers: number[]): Event => ({
  kind: "records",
  input,
  rows: numbers.map((n) => ({ key: "abc"[n % 3], n, at: n })),
});
const base: Case = {
  head: "map",
  strategy: "HASH",
  channels: 3,
  rowsPerStep: 1000,
  rowsPerBatch: 64,
  objectReuse: false,
  failing: undefined,
  events: [records(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11)],
};

Deno.test("every record goes to the channel of its key, in order", () => {
  const { out } = run(base, true);
  const expected: string[][] = [[], [], []];
  for (let n = 1; n < 12; n++) {
    if (n % 5 === 4) continue;
    const key = "abc"[n % 3];
    const channel = subtaskForKeyGroup(keyGroupFor(key, MAX_PARALLELISM), MAX_PARALLELISM, 3);
    for (const end of n % 2 === 0 ? ["x", "y"] : ["z"]) expected[channel].push(`${key}${n}/m${end}:${n}@${n}`);
  }
  const data = out[0].map((items) => items.filter((item) => item.includes("/m")));
  assert.deepEqual(data, expected);
});

Deno.test("every size of budget gives the same, however small", () => {
  for (const head of HEADS) {
    const events = [
      records(0, 1, 2, 3, 6, 8),
      records(1, 2, 5, 6),
      { kind: "watermark", input: 0, timestamp: 4 } as const,
    ];
    const expected = run({ ...base, head, events }, false);
    for (let rowsPerStep = 1; rowsPerStep <= 12; rowsPerStep++) {
      const { out, log, counters } = run({ ...base, head, events, rowsPerStep }, true);
      assert.deepEqual({ out, counters }, { out: expected.out, counters: expected.counters }, `${head} ${rowsPerStep}`);
      assert.deepEqual(log.toSorted(), expected.log.toSorted());
    }
  }
});

Deno.test("rich functions are opened from tail to head before the first record, closed once, whatever happens", () => {
  const ends: [Case["failing"], string[]][] = [
    [undefined, ["side", "tail", "filter", "head"]],
    [{ where: "head", n: 3 }, ["side", "tail", "filter", "head"]],
    [{ where: "tail", n: 6 }, ["side", "tail", "filter", "head"]],
    [{ where: "open", n: 0 }, ["side", "tail"]],
  ];
  for (const [failing, opened] of ends) {
    for (const codegen of [true, false]) {
      const { log } = run({ ...base, head: "keyed process", failing }, codegen);
      const life = log.filter((line) => /^(open|close)/.test(line));
      assert.deepEqual(life.filter((line) => line.startsWith("open")), opened.map((name) => `open ${name}`));
      const closed = life.filter((line) => line.startsWith("close"));
      assert.deepEqual(closed.toSorted(), ["close filter", "close head", "close side", "close tail"]);
      const lastOpen = log.findLastIndex((line) => line.startsWith("open"));
      assert.ok(log.slice(0, lastOpen).every((line) => line.startsWith("open")), "no record before");
    }
  }
});

Deno.test("errors name whose code it was: operator, uid and line", () => {
  const table: [Where, Head, string, RegExp][] = [
    ["head", "co map", "file:///job.ts:10:5", /processing a record/],
    ["head", "keyed co process", "file:///job.ts:10:5", /processing a record/],
    ["key", "reduce", "file:///job.ts:10:5", /key selector/],
    ["filter", "map", "file:///job.ts:11:5", /processing a record/],
    ["tail", "co flat map", "file:///job.ts:12:5", /processing a record/],
    ["partitioner", "co process", "file:///job.ts:13:5", /the key selector after this operator/],
  ];
  for (const [where, head, line, doing] of table) {
    for (const codegen of [true, false]) {
      const { error } = run({ ...base, head, failing: { where, n: 6 } }, codegen);
      const [code, summary, operator, userLine] = error as [string, string, { uid?: string; userLine: string }, string];
      const about = JSON.stringify([where, code, summary, operator, userLine]);
      assert.match(code, /^TSF-2\d{3}$/, about);
      assert.equal(operator.userLine, line, about);
      assert.match(userLine, /fused_heads_test\.ts:\d+:\d+$/, about);
      assert.match(summary, doing, about);
      assert.equal(operator.uid, where === "filter" ? "the-filter" : undefined);
    }
  }
});

Deno.test("counters: every record once per operator, also after an error in the middle of a batch", () => {
  const { counters } = run(base, true);
  // 11 records; 4 and 9 are dropped; even ones become two.
  assert.deepEqual(counters, [[11, 11], [11, 9], [9, 13], [9, 9]]);
  const failed = run({ ...base, failing: { where: "filter", n: 3 } }, true);
  assert.deepEqual(failed.counters, [[3, 3], [3, 2], [2, 3], [2, 2]]);
});

Deno.test("without credits the task stops and keeps its order", () => {
  for (const codegen of [true, false]) {
    const blocked = new Calls(undefined);
    const { built } = taskOf({ ...base, rowsPerBatch: 1 }, codegen, blocked);
    built.task.start();
    built.task.step();
    const values = [...Array(40).keys()].map((n): Row => ({ key: "a", n, path: `a${n}` }));
    built.gates[0].channels[0].connect({ addCredit: () => {} });
    built.gates[0].channels[0].onItem({ kind: "data", rows: 40, sizeBytes: 1, batch: recordBatch(values) }, 0);
    for (let n = 0; n < 100; n++) built.task.step();
    // Six buffers of two rows each are all there is room for, plus what one record has made.
    const heads = () => blocked.log.filter((line) => line.startsWith("head ")).length;
    assert.ok(heads() < 20, `${heads()} records were taken`);
    const before = heads();
    built.partitions.forEach(({ subpartitions }) => subpartitions.forEach((each) => each.addCredit(1000)));
    for (let n = 0; n < 100; n++) built.task.step();
    assert.ok(before < 40 && heads() === 40);
    const given: Case = {
      ...base,
      strategy: "REBALANCE",
      rowsPerBatch: 1,
      events: [records(0, ...Array(40).keys()), { kind: "run", steps: 50 }],
    };
    const { log, out } = run(given, codegen);
    assert.equal(log.filter((line) => line.startsWith("head ")).length, 40);
    const all = out[0].map((items) => items.filter((item) => item.includes("/m")).length);
    assert.ok(Math.max(...all) - Math.min(...all) <= 1, "one after another");
    for (const items of out[0]) {
      const numbers = items.flatMap((item) => /:(\d+)@/.exec(item)?.[1] ?? []).map(Number);
      assert.deepEqual(numbers, numbers.toSorted((a, b) => a - b));
    }
  }
});
