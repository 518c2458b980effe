/**
 * The programs whose graphs were taken from real Flink 2.1 (graph/testdata/flink_2_1_named.jsonl), written with the
 * fluent API, by name.
 *
 * @module
 */

import type { Collector } from "../../functions/functions.ts";
import { OutputTag } from "../../functions/output_tag.ts";
import { MapStateDescriptor } from "../../functions/state_descriptor.ts";
import {
  EventTimeSessionWindows,
  SlidingProcessingTimeWindows,
  TumblingEventTimeWindows,
  TumblingProcessingTimeWindows,
} from "../../functions/windowing/window_assigners.ts";
import { WatermarkStrategy } from "../../functions/watermarks/watermark_strategies.ts";
import type { CommittableMessage, Sink } from "../../functions/sink.ts";
import { DiscardingSink } from "../../connectors/discarding/sink.ts";
import { AsyncDataStream } from "../async_data_stream.ts";
import type { DataStream } from "../data_stream.ts";
import type { StreamExecutionEnvironment } from "../environment.ts";
import type { SingleOutputStreamOperator } from "../single_output_stream_operator.ts";
import { StandardSinkTopologies } from "../standard_sink_topologies.ts";

/** A program, the parallelism and the options it ran with. */
export interface Program {
  readonly parallelism: number;
  readonly options: Readonly<Record<string, unknown>>;
  build(env: StreamExecutionEnvironment): void;
}

type Build = (env: StreamExecutionEnvironment) => void;

function on(parallelism: number, build: Build, options: Record<string, unknown> = {}): Program {
  return { parallelism, options, build };
}

const sequence = (env: StreamExecutionEnvironment) => env.fromSequence(1, 10);
const id = <T>(value: T): T => value;
const yes = (): boolean => true;
const first = <T>(left: T): T => left;
const key = (value: number): number => value;
const text = (env: StreamExecutionEnvironment) => sequence(env).map((n) => `${n}`);
const nothing = new DiscardingSink<unknown>();
const pass = {
  processElement(value: number, _ctx: unknown, out: Collector<number>) {
    out.collect(value);
  },
};
const coPass = {
  processElement1(value: number, _ctx: unknown, out: Collector<number>) {
    out.collect(value);
  },
  processElement2(value: number, _ctx: unknown, out: Collector<number>) {
    out.collect(value);
  },
};
const broadcastPass = {
  processElement(value: number, _ctx: unknown, out: Collector<number>) {
    out.collect(value);
  },
  processBroadcastElement() {},
};
const collectAll = (_key: unknown, _window: unknown, values: Iterable<number>, out: Collector<number>) => {
  for (const value of values) out.collect(value);
};
const count = {
  createAccumulator: () => 0,
  add: (_n: number, sum: number) => sum + 1,
  getResult: (sum: number) => sum,
};
const asked = (n: number) => Promise.resolve([n]);
const coMap = { map1: id<number>, map2: id<number> };
const joinPairs = (left: number, right: number): number => left + right;

/** A sink with a committer and whatever else is given. */
function committing(parts: Partial<Sink<unknown, string>> = {}): Sink<unknown, string> {
  return {
    createWriter: () => ({ write() {}, flush() {}, close() {} }),
    createCommitter: () => ({ commit() {} }),
    ...parts,
  };
}
const globalCommitter = (committables: DataStream<CommittableMessage<string>>): void => {
  StandardSinkTopologies.addGlobalCommitter(committables, () => ({ commit() {} }));
};

const OPERATORS: Record<string, Program> = {
  "word count": on(2, (env) => {
    env.fromData("to be or not to be").flatMap((line) => line.split(" ").map((word) => ({ word, n: 1 })))
      .keyBy("word").sum("n").print();
  }),
  "parallelism 1 chain": on(1, (env) => sequence(env).map(id).filter(yes).print()),
  "chain with branches": on(2, (env) => {
    const source = sequence(env);
    source.map(id).name("m1").print();
    source.filter(yes).name("f1").map(id).name("m2").sinkTo(nothing).name("out");
  }),
  "window": on(4, (env) => {
    sequence(env).assignTimestampsAndWatermarks(WatermarkStrategy.forMonotonousTimestamps()).keyBy(key)
      .window(TumblingEventTimeWindows.of(5000)).apply(collectAll).sinkTo(nothing);
  }),
  "window aggregate and late data": on(2, (env) => {
    const late = new OutputTag<number>("side");
    const counts = sequence(env).keyBy(key).window(SlidingProcessingTimeWindows.of(5000, 1000)).sideOutputLateData(late)
      .aggregate(count);
    counts.print();
    counts.getSideOutput(late).printToErr();
  }),
  "session and count windows": on(2, (env) => {
    const keyed = sequence(env).keyBy(key);
    keyed.window(EventTimeSessionWindows.withGap(1000)).reduce(first).print();
    keyed.countWindow(5).reduce(first).print();
    keyed.countWindow(5, 2).reduce(first).print();
  }),
  "windowAll": on(4, (env) => {
    sequence(env).windowAll(TumblingEventTimeWindows.of(1000)).reduce(first).print();
    sequence(env).countWindowAll(3).reduce(first).print();
  }),
  "union": on(2, (env) => {
    const source = sequence(env);
    const second = sequence(env);
    source.union(second, sequence(env).map(id)).map(id).print();
  }),
  "union of a stream with itself": on(2, (env) => {
    const source = sequence(env);
    source.union(source).map(id).print();
  }),
  "union then keyBy": on(2, (env) => {
    const source = sequence(env);
    source.union(sequence(env)).keyBy(key).process(pass).print();
  }),
  "union then forward map at parallelism 1": on(1, (env) => {
    const source = sequence(env);
    const mapped = source.map(id);
    mapped.union(source.filter(yes)).forward().map(id).print();
  }),
  "connect": on(2, (env) => {
    const source = sequence(env);
    source.connect(sequence(env)).map(coMap).print();
  }),
  "connect keyed": on(2, (env) => {
    const keyed = sequence(env).keyBy(key);
    keyed.connect(sequence(env).keyBy(key)).process(coPass).print();
  }),
  "connect then keyBy": on(2, (env) => {
    const source = sequence(env);
    source.connect(sequence(env)).keyBy(key, key).process(coPass).print();
  }),
  "connect with itself": on(1, (env) => {
    const source = sequence(env);
    source.connect(source).flatMap({ flatMap1: (n) => [n], flatMap2: (n) => [n] }).print();
  }),
  "connect co process": on(3, (env) => {
    const left = sequence(env).map(id);
    left.connect(sequence(env).filter(yes)).process(coPass).name("both").print();
  }),
  "side outputs": on(2, (env) => {
    const main = sequence(env).process(pass);
    main.getSideOutput(new OutputTag<number>("side")).map(id).name("side map").print();
    main.getSideOutput(new OutputTag<number>("side2")).rebalance().print();
    main.print();
  }),
  "side output into side and main union": on(2, (env) => {
    const main = sequence(env).process(pass);
    main.union(main.getSideOutput(new OutputTag<number>("side"))).map(id).print();
  }),
  "join": on(2, (env) => {
    const left = sequence(env);
    left.join(env.fromData(1, 2)).where(key).equalTo(key).window(TumblingEventTimeWindows.of(1000)).apply(joinPairs)
      .print();
  }),
  "coGroup": on(2, (env) => {
    const left = sequence(env);
    left.coGroup(sequence(env).filter(yes)).where(key).equalTo(key).window(TumblingProcessingTimeWindows.of(1000))
      .apply((_left, _right, _out: Collector<number>) => {}).sinkTo(nothing);
  }),
  "intervalJoin": on(2, (env) => {
    const left = sequence(env).keyBy(key);
    left.intervalJoin(sequence(env).keyBy(key)).between(-5, 5)
      .process({ processElement(_left, _right, _ctx, _out: Collector<number>) {} }).print();
  }),
  "keyed operators": on(2, (env) => {
    const keyed = sequence(env).keyBy(key);
    keyed.process(pass).print();
    keyed.flatMap((n) => [n]).print();
    keyed.map(id).print();
    keyed.filter(yes).print();
  }),
  "diamond": on(2, (env) => {
    const source = sequence(env);
    const left = source.map(id).name("left");
    const right = source.rebalance().map(id).name("right");
    left.connect(right).map(coMap).name("join").keyBy(key).reduce(first).print();
  }),
  "late source": on(2, (env) => {
    const far = sequence(env).rebalance().map(id).name("far");
    const farther = far.rebalance().map(id).name("farther");
    farther.connect(sequence(env).map(id).name("near")).map(coMap).print();
  }),
  "socket": on(2, (env) => env.socketTextStream("localhost", 9999).map(id).print()),
  "collect": on(2, (env) => {
    const stream = sequence(env).map(id);
    stream.collectAsync();
    stream.print();
  }),
};

const SINKS: Record<string, Program> = {
  "sinkTo without committer": on(2, (env) => text(env).sinkTo(nothing).name("files")),
  "sinkTo with committer": on(2, (env) => text(env).sinkTo(committing())),
  "sinkTo with committer, uid, name, group, parallelism": on(2, (env) => {
    text(env).sinkTo(committing()).name("ledger").uid("the-sink").slotSharingGroup("io").setParallelism(3)
      .setMaxParallelism(64).setDescription("all of it");
  }),
  "sinkTo without chaining": on(2, (env) => text(env).sinkTo(committing()).disableChaining()),
  "sinkTo with pre-write topology": on(2, (env) => {
    const addPreWriteTopology = (input: DataStream<string>) => input.map(id).name("Pre").uid("preuid").rebalance();
    text(env).sinkTo(committing({ addPreWriteTopology })).uid("s");
  }),
  "sinkTo with pre-commit topology": on(2, (env) => {
    const addPreCommitTopology = (committables: DataStream<CommittableMessage<string>>) =>
      committables.rescale().map(id).name("Mid").setParallelism(3);
    text(env).sinkTo(committing({ addPreCommitTopology })).name("mid sink");
  }),
  "sinkTo with global committer": on(2, (env) => {
    text(env).sinkTo(committing({ addPostCommitTopology: globalCommitter })).name("post").uid("post-uid");
  }),
  "sinkTo with uid hashes": on(2, (env) => {
    text(env).sinkTo(committing(), { writerUidHash: "1".repeat(32), committerUidHash: "2".repeat(32) });
  }),
  "two sinks of one stream": on(2, (env) => {
    const stream = text(env);
    stream.sinkTo(committing()).name("a");
    stream.sinkTo(nothing).name("b");
    stream.print();
  }),
};

const rules = new MapStateDescriptor<string, number>("rules");
const PARTITIONING: Record<string, Program> = {
  "broadcast": on(2, (env) => sequence(env).broadcast().map(id).print()),
  "broadcast state": on(2, (env) => {
    const main = sequence(env);
    main.connect(sequence(env).broadcast(rules)).process(broadcastPass).print();
  }),
  "keyed broadcast state": on(2, (env) => {
    const main = sequence(env).keyBy(key);
    main.connect(env.fromData(1, 2).broadcast(rules)).process(broadcastPass).print();
  }),
  "physical partitioning": on(2, (env) => {
    sequence(env).rescale().map(id).name("rescale").rebalance().map(id).name("rebalance").shuffle().map(id)
      .name("shuffle").global().map(id).name("global").partitionCustom((k: number, n) => k % n, key).map(id)
      .name("custom").forward().map(id).name("forward").print();
  }),
  "two partitioners in a row": on(2, (env) => {
    sequence(env).rebalance().broadcast().map(id).keyBy(key).keyBy(key).reduce(first).print();
  }),
};

const chain = (env: StreamExecutionEnvironment): SingleOutputStreamOperator<number> => sequence(env).map(id);
const SETTINGS: Record<string, Program> = {
  "disableChaining": on(1, (env) => chain(env).disableChaining().map(id).print()),
  "startNewChain": on(1, (env) => chain(env).startNewChain().map(id).print()),
  "source without chaining": on(1, (env) => sequence(env).disableChaining().map(id).print()),
  "chaining off": on(1, (env) => {
    env.disableOperatorChaining();
    chain(env).filter(yes).keyBy(key).reduce(first).print();
  }),
  "slot sharing groups": on(2, (env) => {
    const mapped = chain(env).slotSharingGroup("a").map(id).map(id).slotSharingGroup("b");
    mapped.union(sequence(env)).map(id).print();
    sequence(env).filter(yes).slotSharingGroup({ name: "default" }).keyBy(key).reduce(first).slotSharingGroup("a")
      .setParallelism(5).print();
  }),
  "uids": on(2, (env) => {
    sequence(env).uid("source-uid").map(id).uid("map-uid").keyBy(key).process(pass).uid("grüße 🙂").print()
      .uid("print-uid");
  }),
  "uid in the middle of a chain": on(1, (env) => chain(env).uid("middle").filter(yes).print()),
  "uid hashes": on(2, (env) => {
    sequence(env).setUidHash("A".repeat(32)).map(id).keyBy(key).reduce(first).uidHash("b".repeat(32)).uid("also")
      .print().setUidHash("c".repeat(32));
  }),
  "different parallelism": on(4, (env) => {
    sequence(env).setParallelism(2).map(id).filter(yes).setParallelism(3).map(id).setParallelism(3).print()
      .setParallelism(1);
  }),
  "max parallelism": on(2, (env) => {
    env.setMaxParallelism(64);
    chain(env).setMaxParallelism(16).keyBy(key).reduce(first).print();
  }),
  "different max parallelism not chained": on(2, (env) => {
    chain(env).setMaxParallelism(16).filter(yes).setMaxParallelism(16).print();
  }, { "pipeline.operator-chaining.chain-operators-with-different-max-parallelism": false }),
  "buffer timeout": on(2, (env) => {
    env.setBufferTimeout(7);
    chain(env).setBufferTimeout(0).keyBy(key).reduce(first).rebalance().print();
  }),
  "descriptions": on(1, (env) => {
    chain(env).name("a<b>").setDescription("maps a \\ to b\n& c").filter(yes).setDescription('keeps "some"').print();
  }),
  "descriptions with branches": on(1, (env) => {
    const source = sequence(env);
    const one = source.map(id).setDescription("one");
    one.filter(yes).setDescription("two").print();
    one.filter(yes).setDescription("three").map(id).setDescription("four");
    source.filter(yes).setDescription("five");
  }),
  "descriptions cascading": on(1, (env) => {
    const source = sequence(env);
    source.map(id).setDescription("one").print();
    source.filter(yes);
  }, { "pipeline.vertex-description-mode": "CASCADING" }),
  "index prefix": on(2, (env) => {
    sequence(env).keyBy(key).reduce(first).print();
    sequence(env).rebalance().map(id).print();
  }, { "pipeline.vertex-name-include-index-prefix": true }),
  "batch": on(2, (env) => {
    env.setRuntimeMode("BATCH");
    chain(env).keyBy(key).reduce(first).map(id).rescale().filter(yes).print();
    sequence(env).rebalance().map(id).sinkTo(nothing);
  }),
  "batch with committer": on(2, (env) => {
    env.setRuntimeMode("BATCH");
    text(env).sinkTo(committing({ addPostCommitTopology: globalCommitter }));
  }),
  "batch forward pipelined": on(2, (env) => {
    env.setRuntimeMode("BATCH");
    chain(env).keyBy(key).reduce(first).print();
  }, { "execution.batch-shuffle-mode": "ALL_EXCHANGES_PIPELINED" }),
};

/** Asynchronous I/O behind a socket is the nearest to the legacy collection source of the Java program. */
export const ASYNC: Program = on(2, (env) => {
  AsyncDataStream.unorderedWait(sequence(env), asked, "1 s").print();
});

/** All programs by name. */
export const PROGRAMS: Readonly<Record<string, Program>> = { ...OPERATORS, ...SINKS, ...PARTITIONING, ...SETTINGS };
