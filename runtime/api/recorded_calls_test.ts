/**
 * What each call records, seen in the logical graph: names, parallelism, partitioning, chaining, settings. Names and the
 * number of operators are Flink's, because operator ids depend on them (docs/graph.md).
 */

import assert from "node:assert/strict";
import { DiscardingSink } from "../connectors/discarding/sink.ts";
import { MapStateDescriptor } from "../functions/state_descriptor.ts";
import { OutputTag } from "../functions/output_tag.ts";
import { CountEvictor } from "../functions/windowing/evictors.ts";
import { CountTrigger } from "../functions/windowing/triggers.ts";
import {
  EventTimeSessionWindows,
  GlobalWindows,
  SlidingProcessingTimeWindows,
  TumblingEventTimeWindows,
} from "../functions/windowing/window_assigners.ts";
import { WatermarkStrategy } from "../functions/watermarks/watermark_strategies.ts";
import type { StreamNode } from "../graph/stream_graph.ts";
import { Types } from "../types/type_information.ts";
import { AsyncDataStream } from "./async_data_stream.ts";
import type { DataStream } from "./data_stream.ts";
import type { StreamExecutionEnvironment } from "./environment.ts";
import type { SingleOutputStreamOperator } from "./single_output_stream_operator.ts";
import type { DataStreamSink } from "./stream_sink.ts";
import { testEnvironment, testHost } from "./testdata/test_host.ts";

testHost();

type Env = StreamExecutionEnvironment;
interface Row {
  readonly k: string;
  readonly n: number;
}
const rows = (env: Env) => env.fromData<Row>({ k: "a", n: 1 }).name("rows");
const others = (env: Env) => env.fromData<Row>({ k: "b", n: 2 }).name("others");
const seconds = TumblingEventTimeWindows.of("1 s");
const nothing = { processElement() {} };

/** Each node behind the sources: its name and parallelism, and its inputs with type number and partitioner. */
function recorded(build: (env: Env) => unknown): string[] {
  const env = testEnvironment(2);
  const end = build(env) as DataStream<unknown>;
  end.sinkTo(new DiscardingSink());
  return env.getStreamGraph().nodes
    .filter((node) => node.kind === "operator" && !node.name.startsWith("Sink"))
    .map((node) => `${node.name} ${node.parallelism} < ${node.inEdges.map(edgeText).join(" + ")}`);
}
function edgeText({ source, typeNumber, partitioner, sideOutputTag }: StreamNode["inEdges"][number]): string {
  const type = typeNumber === 0 ? "" : `/${typeNumber}`;
  const tag = sideOutputTag === undefined ? "" : ` [${sideOutputTag}]`;
  return `${source.name.replace("Source: ", "")}${tag} ${partitioner.strategy}${type}`;
}

const late = new OutputTag<Row>("late");
const side = new OutputTag<string>("side");
const rules = new MapStateDescriptor<string, number>("rules");
const CALLS: Record<string, readonly [(env: Env) => unknown, readonly string[]]> = {
  "map": [(env) => rows(env).map((row) => row.n), ["Map 2 < rows REBALANCE"]],
  "flatMap": [(env) => rows(env).flatMap((row) => [row.n]), ["Flat Map 2 < rows REBALANCE"]],
  "filter": [(env) => rows(env).filter((row) => row.n > 1), ["Filter 2 < rows REBALANCE"]],
  "process": [(env) => rows(env).process(nothing), ["Process 2 < rows REBALANCE"]],
  "timestamps: parallelism of the input": [
    (env) => rows(env).assignTimestampsAndWatermarks({ timestamp: (row) => row.n }),
    ["Timestamps/Watermarks 1 < rows FORWARD"],
  ],
  "asyncMap": [
    (env) => rows(env).asyncMap((row) => Promise.resolve(row.n)),
    ["async wait operator 2 < rows REBALANCE"],
  ],
  "unorderedWait": [
    (env) => AsyncDataStream.unorderedWait(rows(env), (row) => Promise.resolve([row.n]), 0),
    ["async wait operator 2 < rows REBALANCE"],
  ],
  "keyed process": [(env) => rows(env).keyBy("k").process(nothing), ["KeyedProcess 2 < rows HASH"]],
  "keyed reduce": [(env) => rows(env).keyBy("k").reduce((row) => row), ["Keyed Reduce 2 < rows HASH"]],
  "sum": [(env) => rows(env).keyBy("k").sum("n"), ["Keyed Aggregation 2 < rows HASH"]],
  "minBy": [(env) => rows(env).keyBy("k", "n").minBy("n", false), ["Keyed Aggregation 2 < rows HASH"]],
  "map behind keyBy": [(env) => rows(env).keyBy("k").map((row) => row.n), ["Map 2 < rows HASH"]],
  "keyBy twice: the last one counts": [
    (env) => rows(env).keyBy("k").keyBy("n").sum("n"),
    ["Keyed Aggregation 2 < rows HASH"],
  ],
  "window": [(env) => rows(env).keyBy("k").window(seconds).sum("n"), ["TumblingEventTimeWindows 2 < rows HASH"]],
  "session windows": [
    (env) => rows(env).keyBy("k").window(EventTimeSessionWindows.withGap(1)).reduce((row) => row),
    ["EventTimeSessionWindows 2 < rows HASH"],
  ],
  "sliding processing time": [
    (env) => rows(env).keyBy("k").window(SlidingProcessingTimeWindows.of(2, 1)).sum("n"),
    ["SlidingProcessingTimeWindows 2 < rows HASH"],
  ],
  "countWindow": [(env) => rows(env).keyBy("k").countWindow(3).sum("n"), ["GlobalWindows 2 < rows HASH"]],
  "windowAll: a key for all, one subtask": [
    (env) => rows(env).windowAll(seconds).sum("n"),
    ["TumblingEventTimeWindows 1 < rows HASH"],
  ],
  "countWindowAll": [(env) => rows(env).countWindowAll(3, 1).sum("n"), ["GlobalWindows 1 < rows HASH"]],
  "late data": [
    (env) =>
      rows(env).keyBy("k").window(seconds).sideOutputLateData(late).sum("n").getSideOutput(late).map((row) => row.n),
    ["TumblingEventTimeWindows 2 < rows HASH", "Map 2 < TumblingEventTimeWindows [late] FORWARD"],
  ],
  "side output": [
    (env) => rows(env).process(nothing).getSideOutput(side).filter((text) => text !== ""),
    ["Process 2 < rows REBALANCE", "Filter 2 < Process [side] FORWARD"],
  ],
  "union": [
    (env) => rows(env).union(others(env)).map((row) => row.n),
    ["Map 2 < rows REBALANCE + others REBALANCE"],
  ],
  "union of a stream with itself": [
    (env) => {
      const stream = rows(env);
      return stream.union(stream).map((row) => row.n);
    },
    ["Map 2 < rows REBALANCE + rows REBALANCE"],
  ],
  "union of partitioned streams": [
    (env) => rows(env).broadcast().union(others(env).global()).map((row) => row.n),
    ["Map 2 < rows BROADCAST + others GLOBAL"],
  ],
  "rebalance": [(env) => rows(env).rebalance().map((row) => row.n), ["Map 2 < rows REBALANCE"]],
  "rescale": [(env) => rows(env).rescale().map((row) => row.n), ["Map 2 < rows RESCALE"]],
  "shuffle": [(env) => rows(env).shuffle().map((row) => row.n), ["Map 2 < rows SHUFFLE"]],
  "broadcast": [(env) => rows(env).broadcast().map((row) => row.n), ["Map 2 < rows BROADCAST"]],
  "global": [(env) => rows(env).global().map((row) => row.n), ["Map 2 < rows GLOBAL"]],
  "forward": [(env) => rows(env).forward().map((row) => row.n).setParallelism(1), ["Map 1 < rows FORWARD"]],
  "partitionCustom": [
    (env) => rows(env).partitionCustom((_key, channels) => channels - 1, "k").map((row) => row.n),
    ["Map 2 < rows CUSTOM"],
  ],
  "repartitioned: the last one counts": [
    (env) => rows(env).shuffle().rescale().map((row) => row.n),
    ["Map 2 < rows RESCALE"],
  ],
  "equal parallelism goes forward": [
    (env) => rows(env).map((row) => row.n).filter((n) => n > 0).map((n) => n).setParallelism(3),
    ["Map 2 < rows REBALANCE", "Filter 2 < Map FORWARD", "Map 3 < Filter REBALANCE"],
  ],
  "co-map": [
    (env) => rows(env).connect(others(env)).map({ map1: (a) => a.n, map2: (b) => b.k }),
    ["Co-Map 2 < rows REBALANCE/1 + others REBALANCE/2"],
  ],
  "co-flatMap, keyed": [
    (env) => rows(env).connect(others(env)).keyBy("k", "k").flatMap({ flatMap1: () => [], flatMap2: () => [] }),
    ["Co-Flat Map 2 < rows HASH/1 + others HASH/2"],
  ],
  "co-process": [
    (env) => rows(env).connect(others(env)).process({ processElement1() {}, processElement2() {} }),
    ["Co-Process 2 < rows REBALANCE/1 + others REBALANCE/2"],
  ],
  "keyed co-process": [
    (env) =>
      rows(env).keyBy("k").connect(others(env).keyBy("k")).process({ processElement1() {}, processElement2() {} }),
    ["Co-Keyed-Process 2 < rows HASH/1 + others HASH/2"],
  ],
  "one side keyed": [
    (env) => rows(env).keyBy("k").connect(others(env)).process({ processElement1() {}, processElement2() {} }),
    ["Co-Process 2 < rows HASH/1 + others REBALANCE/2"],
  ],
  "broadcast state": [
    (env) => rows(env).connect(others(env).broadcast(rules)).process({ ...nothing, processBroadcastElement() {} }),
    ["Co-Process-Broadcast 2 < rows REBALANCE/1 + others BROADCAST/2"],
  ],
  "keyed broadcast state": [
    (env) =>
      rows(env).keyBy("k").connect(others(env).broadcast(rules)).process({ ...nothing, processBroadcastElement() {} }),
    ["Co-Process-Broadcast-Keyed 2 < rows HASH/1 + others BROADCAST/2"],
  ],
  "join: two maps, a union, a window": [
    (env) => rows(env).join(others(env)).where("k").equalTo("k").window(seconds).apply((a, b) => a.n + b.n),
    [
      "Map 1 < rows FORWARD",
      "Map 1 < others FORWARD",
      "TumblingEventTimeWindows 2 < Map HASH + Map HASH",
    ],
  ],
  "coGroup with all its parts": [
    (env) =>
      rows(env).coGroup(others(env)).where((row) => row.n).equalTo("n").window(GlobalWindows.create())
        .trigger(CountTrigger.of(1)).evictor(CountEvictor.of(1)).allowedLateness(0).apply(() => {}),
    ["Map 1 < rows FORWARD", "Map 1 < others FORWARD", "GlobalWindows 2 < Map HASH + Map HASH"],
  ],
  "interval join": [
    (env) => rows(env).keyBy("k").intervalJoin(others(env).keyBy("k")).between(0, 1).process(nothing),
    ["Interval Join 2 < rows HASH/1 + others HASH/2"],
  ],
  "map partition": [
    (env) => rows(env).fullWindowPartition().mapPartition(() => {}),
    ["MapPartition 1 < rows FORWARD"],
  ],
  "sort partition of a keyed stream": [
    (env) => rows(env).keyBy("k").fullWindowPartition().sortPartition("n", "ASCENDING"),
    ["KeyedSortPartition 1 < rows HASH"],
  ],
  "partition aggregate of a keyed stream is a window": [
    (env) => rows(env).keyBy("k").fullWindowPartition().reduce((row) => row),
    ["GlobalWindows 2 < rows HASH"],
  ],
  "operator of one's own": [
    (env) =>
      rows(env).keyBy("k").transform("mine", {
        chainingStrategy: "ALWAYS",
        numInputs: 1,
        functions: [],
        create: () => assert.fail("only when the job runs"),
      }),
    ["mine 2 < rows HASH"],
  ],
};
for (const [name, [build, expected]] of Object.entries(CALLS)) {
  Deno.test(`records: ${name}`, () => assert.deepEqual(recorded(build), expected));
}

type Setting = readonly [
  change: (operator: SingleOutputStreamOperator<number>) => unknown,
  seen: (node: StreamNode) => unknown,
  before: unknown,
  after: unknown,
];
const SETTINGS: Record<string, Setting> = {
  name: [(op) => op.name("parse"), (node) => node.name, "Map", "parse"],
  "name is the description": [(op) => op.name("parse"), (node) => node.description, "Map", "parse"],
  setDescription: [(op) => op.setDescription("reads"), (node) => [node.name, node.description], ["Map", "Map"], [
    "Map",
    "reads",
  ]],
  uid: [(op) => op.uid("u"), (node) => node.uid, undefined, "u"],
  "uid, the last one": [(op) => op.uid("u").uid("v"), (node) => node.uid, undefined, "v"],
  setUidHash: [(op) => op.setUidHash("0".repeat(32)), (node) => node.uidHash, undefined, "0".repeat(32)],
  uidHash: [(op) => op.uidHash("a".repeat(32)), (node) => node.uidHash, undefined, "a".repeat(32)],
  setParallelism: [(op) => op.setParallelism(5), (node) => [node.parallelism, node.parallelismConfigured], [2, false], [
    5,
    true,
  ]],
  setMaxParallelism: [(op) => op.setMaxParallelism(7), (node) => node.maxParallelism, -1, 7],
  forceNonParallel: [(op) => op.forceNonParallel(), (node) => [node.parallelism, node.maxParallelism], [2, -1], [1, 1]],
  setBufferTimeout: [(op) => op.setBufferTimeout(5), (node) => node.bufferTimeoutMs, 100, 5],
  "setBufferTimeout -1: that of the environment": [
    (op) => op.setBufferTimeout(5).setBufferTimeout(-1),
    (node) => node.bufferTimeoutMs,
    100,
    100,
  ],
  disableChaining: [(op) => op.disableChaining(), (node) => node.chainingStrategy, "ALWAYS", "NEVER"],
  startNewChain: [(op) => op.startNewChain(), (node) => node.chainingStrategy, "ALWAYS", "HEAD"],
  slotSharingGroup: [(op) => op.slotSharingGroup("big"), (node) => node.slotSharingGroup, "default", "big"],
  "slotSharingGroup as an object": [
    (op) => op.slotSharingGroup({ name: "big", cpuCores: 2 }),
    (node) => node.slotSharingGroup,
    "default",
    "big",
  ],
};
for (const [name, [change, seen, before, after]] of Object.entries(SETTINGS)) {
  Deno.test(`operator setting: ${name}`, () => {
    for (const [expected, apply] of [[before, () => {}], [after, change]] as const) {
      const env = testEnvironment(2);
      const operator = env.fromSequence(1, 2).map((n) => n);
      const given = apply(operator);
      assert.ok(given === undefined || given === operator, "setters give the stream itself");
      operator.print();
      assert.deepEqual(seen(env.getStreamGraph().nodes[1]), expected);
    }
  });
}

type SinkSetting = readonly [
  change: (sink: DataStreamSink<number>) => unknown,
  seen: (node: StreamNode) => unknown,
  printed: unknown,
  written: unknown,
];
const SINK_SETTINGS: Record<string, SinkSetting> = {
  nothing: [() => {}, (node) => node.name, "Sink: Print to Std. Out", "Sink: Writer"],
  name: [(sink) => sink.name("out"), (node) => node.name, "Sink: out", "out: Writer"],
  uid: [(sink) => sink.uid("out"), (node) => node.uid, "out", "out"],
  setDescription: [(sink) => sink.setDescription("all"), (node) => node.description, "all", "Sink: Writer"],
  setParallelism: [(sink) => sink.setParallelism(1), (node) => node.parallelism, 1, 1],
  setMaxParallelism: [(sink) => sink.setMaxParallelism(9), (node) => node.maxParallelism, 9, 9],
  disableChaining: [(sink) => sink.disableChaining(), (node) => node.chainingStrategy, "NEVER", "NEVER"],
  slotSharingGroup: [(sink) => sink.slotSharingGroup("io"), (node) => node.slotSharingGroup, "io", "io"],
};
for (const [name, [change, seen, printed, written]] of Object.entries(SINK_SETTINGS)) {
  Deno.test(`sink setting: ${name}`, () => {
    const seenOf = (write: (stream: DataStream<number>) => DataStreamSink<number>) => {
      const env = testEnvironment(2);
      const sink = write(env.fromSequence(1, 2));
      const given = change(sink);
      assert.ok(given === undefined || given === sink, "setters give the sink itself");
      return seen(env.getStreamGraph().nodes[1]);
    };
    assert.deepEqual(seenOf((stream) => stream.print()), printed);
    assert.deepEqual(seenOf((stream) => stream.sinkTo(new DiscardingSink())), written);
  });
}

// Keys: what the partitioner of a keyed edge takes out of a record, and by which rule it hashes.
const RECORD = { k: "a", n: 5, deep: { id: 7n }, list: ["x", 1] as [string, number], yes: true };
type KeyedStreamOf = (stream: DataStream<typeof RECORD>) => DataStream<unknown>;
const KEYS: Record<string, readonly [KeyedStreamOf, unknown, string | undefined]> = {
  "a field": [(s) => s.keyBy("k"), "a", undefined],
  "a field with its type": [(s) => s.keyBy("n", Types.LONG), 5, "long"],
  "several fields": [(s) => s.keyBy("n", "k"), [5, "a"], undefined],
  "three fields": [(s) => s.keyBy("yes", "n", "k"), [true, 5, "a"], undefined],
  "a function": [(s) => s.keyBy((record) => record.deep.id), 7n, undefined],
  "a function with its type": [(s) => s.keyBy((record) => record.n, Types.INT), 5, "int"],
  "a double": [(s) => s.keyBy((record) => record.n / 2, Types.DOUBLE), 2.5, "double"],
  "a text": [(s) => s.keyBy("k", Types.STRING), "a", "string"],
  "a flag": [(s) => s.keyBy("yes", Types.BOOLEAN), true, "boolean"],
  "a tuple": [(s) => s.keyBy((record) => [record.k, record.n]), ["a", 5], undefined],
  "an object": [(s) => s.keyBy((record) => record.deep), { id: 7n }, undefined],
  "a position": [(s) => s.map((record) => record.list).keyBy(1), 1, undefined],
  "positions": [(s) => s.map((record) => record.list).keyBy(1, 0), [1, "x"], undefined],
  "a key selector object": [
    // Flink's form, which the types leave out.
    (s) => s.keyBy({ getKey: (record: typeof RECORD) => record.k } as unknown as (record: typeof RECORD) => string),
    "a",
    undefined,
  ],
};
for (const [name, [key, expected, rule]] of Object.entries(KEYS)) {
  Deno.test(`key: ${name}`, () => {
    const env = testEnvironment(2);
    key(env.fromData(RECORD)).filter(() => true).name("keyed").print();
    const node = env.getStreamGraph().nodes.find((each) => each.name === "keyed")!;
    const { strategy, keySelector, keyHashRule } = node.inEdges[0].partitioner;
    const record = /position/.test(name) ? RECORD.list : RECORD;
    assert.deepEqual([strategy, keySelector!(record), keyHashRule], ["HASH", expected, rule]);
  });
}

Deno.test("a custom partitioner gets the key and the number of channels, as a function or an object", () => {
  for (const partitioner of [(key: number, n: number) => key % n, { partition: (key: number, n: number) => key % n }]) {
    const env = testEnvironment(2);
    // Flink's form as an object is not in the types.
    env.fromData(RECORD).partitionCustom(partitioner as (key: number, n: number) => number, "n").filter(() => true)
      .print();
    const { strategy, keySelector, custom } = env.getStreamGraph().nodes[1].inEdges[0].partitioner;
    assert.deepEqual([strategy, custom!(keySelector!(RECORD), 3)], ["CUSTOM", 2]);
  }
});

Deno.test("sources: names, parallelism, kinds", () => {
  const env = testEnvironment(4);
  const numbers = env.fromSequence(1, 2);
  const sources = [
    env.fromData(1),
    env.fromData([1, 2]).setParallelism(3),
    numbers,
    env.readTextFile("somewhere.txt"),
    env.socketTextStream("localhost", 1),
    env.fromSource(new DiscardingSource(), WatermarkStrategy.noWatermarks(), "mine").setParallelism(2),
  ];
  for (const source of sources) (source as DataStream<unknown>).print();
  assert.equal(numbers.getExecutionEnvironment(), env);
  assert.deepEqual([numbers.getParallelism(), numbers.getName()], [4, "Sequence Source"]);
  assert.deepEqual(sources.map((source) => source.getId()), [2, 3, 1, 4, 5, 6]);
  assert.deepEqual(
    env.getStreamGraph().sources.map((node) => `${node.kind} ${node.name} ${node.parallelism}`),
    [
      "source Source: Collection Source 1",
      "source Source: Collection Source 3",
      "source Source: Sequence Source 4",
      "source Source: Text File Source 4",
      "legacySource Source: Socket Stream 1",
      "source Source: mine 2",
    ],
  );
});

class DiscardingSource {
  getBoundedness(): "bounded" {
    return "bounded";
  }
  createEnumerator(): never {
    throw new Error("only when the job runs");
  }
  restoreEnumerator(): never {
    throw new Error("only when the job runs");
  }
  createReader(): never {
    throw new Error("only when the job runs");
  }
  serializeSplit(): never {
    throw new Error("only when the job runs");
  }
  deserializeSplit(): never {
    throw new Error("only when the job runs");
  }
}
