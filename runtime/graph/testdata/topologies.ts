/**
 * Programs whose graphs were taken from Flink 2.1 (testdata/flink_2_1_named.jsonl), by name.
 *
 * @module
 */

import type { StreamGraphSettings } from "../stream_graph_settings.ts";
import { globalCommitter, sinkPart, type TestEnvironment, type TestStream } from "./test_environment.ts";

/** A program and the settings it ran with. */
export interface Topology {
  readonly settings: StreamGraphSettings & { readonly parallelism: number };
  build(env: TestEnvironment): void;
}

function on(parallelism: number, build: (env: TestEnvironment) => void, settings: StreamGraphSettings = {}): Topology {
  return { settings: { ...settings, parallelism }, build };
}
/** A sequence mapped to text. */
const text = (env: TestEnvironment): TestStream => env.sequence().map();
const named = (stream: TestStream, name: string): TestStream => stream.set({ name });
const coGroup = (left: TestStream, right: TestStream, window: string): TestStream => {
  const one = left.map().inheriting();
  const two = right.map().inheriting();
  return one.union(two).keyBy().operator(window);
};
const rekeyed = (left: TestStream, right: TestStream, name: string): TestStream => {
  const one = left.keyBy();
  const two = right.keyBy();
  return one.connect(two, name);
};

const OPERATORS: Record<string, Topology> = {
  "word count": on(2, (env) => env.data().operator("Flat Map").keyBy().operator("Keyed Aggregation").print()),
  "parallelism 1 chain": on(1, (env) => env.sequence().map().filter().print()),
  "chain with branches": on(2, (env) => {
    const source = env.sequence();
    named(source.map(), "m1").print();
    named(named(named(source.filter(), "f1").map(), "m2").sink(), "out");
  }),
  "window": on(4, (env) => {
    env.sequence().operator("Timestamps/Watermarks").keyBy().operator("TumblingEventTimeWindows").set({
      description: "Window(TumblingEventTimeWindows(5000), EventTimeTrigger, PWF)",
    }).sink();
  }),
  "window aggregate and late data": on(2, (env) => {
    const window = env.sequence().keyBy().operator("SlidingProcessingTimeWindows").set({
      description:
        "Window(SlidingProcessingTimeWindows(5000, 1000), ProcessingTimeTrigger, AF, PassThroughWindowFunction)",
    });
    window.print();
    window.side("side").legacySink("Print to Std. Err");
  }),
  "session and count windows": on(2, (env) => {
    const keyed = env.sequence().keyBy();
    const end = "RF, PassThroughWindowFunction)";
    keyed.operator("EventTimeSessionWindows").set({
      description: `Window(EventTimeSessionWindows(1000), EventTimeTrigger, ${end}`,
    }).print();
    keyed.operator("GlobalWindows").set({
      description: `Window(GlobalWindows(trigger=NeverTrigger), PurgingTrigger, ${end}`,
    }).print();
    keyed.operator("GlobalWindows").set({
      description: `Window(GlobalWindows(trigger=NeverTrigger), CountTrigger, CountEvictor, ${end}`,
    }).print();
  }),
  "windowAll": on(4, (env) => {
    env.sequence().windowAll("TumblingEventTimeWindows").print();
    env.sequence().windowAll("GlobalWindows").print();
  }),
  "union": on(2, (env) => {
    const first = env.sequence();
    const second = env.sequence();
    first.union(second, env.sequence().map()).map().print();
  }),
  "union of a stream with itself": on(2, (env) => {
    const source = env.sequence();
    source.union(source).map().print();
  }),
  "union then keyBy": on(2, (env) => {
    const first = env.sequence();
    first.union(env.sequence()).keyBy().process().print();
  }),
  "union then forward map at parallelism 1": on(1, (env) => {
    const source = env.sequence();
    const first = source.map();
    first.union(source.filter()).partition("FORWARD").map().print();
  }),
  "connect": on(2, (env) => {
    const first = env.sequence();
    first.connect(env.sequence(), "Co-Map").print();
  }),
  "connect keyed": on(2, (env) => {
    const first = env.sequence().keyBy();
    first.connect(env.sequence().keyBy(), "Co-Keyed-Process").print();
  }),
  "connect then keyBy": on(2, (env) => {
    const first = env.sequence();
    rekeyed(first, env.sequence(), "Co-Keyed-Process").print();
  }),
  "connect with itself": on(1, (env) => {
    const source = env.sequence();
    source.connect(source, "Co-Flat Map").print();
  }),
  "connect co process": on(3, (env) => {
    const first = env.sequence().map();
    named(first.connect(env.sequence().filter(), "Co-Process"), "both").print();
  }),
  "side outputs": on(2, (env) => {
    const main = env.sequence().process();
    named(main.side("side").map(), "side map").print();
    main.side("side2").partition("REBALANCE").print();
    main.print();
  }),
  "side output into side and main union": on(2, (env) => {
    const main = env.sequence().process();
    main.union(main.side("side")).map().print();
  }),
  "join": on(2, (env) => {
    const left = env.sequence();
    coGroup(left, env.data(), "TumblingEventTimeWindows").set({
      description: "Window(TumblingEventTimeWindows(1000), EventTimeTrigger, CoGroupWindowFunction)",
    }).print();
  }),
  "coGroup": on(2, (env) => {
    const left = env.sequence();
    coGroup(left, env.sequence().filter(), "TumblingProcessingTimeWindows").set({
      description: "Window(TumblingProcessingTimeWindows(1000), ProcessingTimeTrigger, CoGroupWindowFunction)",
    }).sink();
  }),
  "intervalJoin": on(2, (env) => {
    const left = env.sequence().keyBy();
    const right = env.sequence().keyBy();
    rekeyed(left, right, "Interval Join").print();
  }),
  "async": on(2, (env) => {
    const name = "async wait operator";
    env.sequence().operator(name, { isYielding: true }).print();
    env.source("Collection Source", { parallelism: 1, legacy: true }).map().set({ parallelism: 1 })
      .operator(name, { isYielding: true }).set({ parallelism: 1 }).print().set({ parallelism: 1 });
  }),
  "keyed operators": on(2, (env) => {
    const keyed = env.sequence().keyBy();
    for (const name of ["KeyedProcess", "Flat Map", "Map", "Filter"]) keyed.operator(name).print();
  }),
  "diamond": on(2, (env) => {
    const source = env.sequence();
    const left = named(source.map(), "left");
    const right = named(source.partition("REBALANCE").map(), "right");
    named(left.connect(right, "Co-Map"), "join").keyBy().reduce().print();
  }),
  "late source": on(2, (env) => {
    const far = named(env.sequence().partition("REBALANCE").map(), "far");
    const farther = named(far.partition("REBALANCE").map(), "farther");
    farther.connect(named(env.sequence().map(), "near"), "Co-Map").print();
  }),
  "socket": on(2, (env) => env.source("Socket Stream", { parallelism: 1, legacy: true }).map().print()),
  "collect": on(2, (env) => {
    const stream = env.sequence().map();
    stream.legacySink("Data stream collect sink", 1).set({ uid: "dataStreamCollect_3" });
    stream.print();
  }),
};

const SINKS: Record<string, Topology> = {
  "sinkTo without committer": on(2, (env) => named(text(env).sink(), "files")),
  "sinkTo with committer": on(2, (env) => text(env).committingSink()),
  "sinkTo with committer, uid, name, group, parallelism": on(2, (env) => {
    text(env).committingSink().set({
      name: "ledger",
      uid: "the-sink",
      slotSharingGroup: "io",
      parallelism: 3,
      maxParallelism: 64,
      description: "all of it",
    });
  }),
  "sinkTo without chaining": on(2, (env) => text(env).committingSink().chaining("NEVER")),
  "sinkTo with pre-write topology": on(2, (env) => {
    const preWrite = sinkPart(env, (input) => input.map().set({ name: "Pre", uid: "preuid" }).partition("REBALANCE"));
    text(env).committingSink({ preWrite }).set({ uid: "s" });
  }),
  "sinkTo with pre-commit topology": on(2, (env) => {
    const preCommit = sinkPart(env, (input) => input.partition("RESCALE").map().set({ name: "Mid", parallelism: 3 }));
    named(text(env).committingSink({ preCommit }), "mid sink");
  }),
  "sinkTo with global committer": on(2, (env) => {
    text(env).committingSink({ postCommit: globalCommitter }).set({ name: "post", uid: "post-uid" });
  }),
  "sinkTo with uid hashes": on(2, (env) => {
    text(env).committingSink({}, { writerUidHash: "1".repeat(32), committerUidHash: "2".repeat(32) });
  }),
  "two sinks of one stream": on(2, (env) => {
    const stream = text(env);
    named(stream.committingSink(), "a");
    named(stream.sink(), "b");
    stream.print();
  }),
};

const PARTITIONING: Record<string, Topology> = {
  "broadcast": on(2, (env) => env.sequence().partition("BROADCAST").map().print()),
  "broadcast state": on(2, (env) => {
    const first = env.sequence();
    first.connect(env.sequence().partition("BROADCAST"), "Co-Process-Broadcast").print();
  }),
  "keyed broadcast state": on(2, (env) => {
    const first = env.sequence().keyBy();
    first.connect(env.data().partition("BROADCAST"), "Co-Process-Broadcast-Keyed").print();
  }),
  "physical partitioning": on(2, (env) => {
    let stream = env.sequence();
    for (const strategy of ["RESCALE", "REBALANCE", "SHUFFLE", "GLOBAL", "CUSTOM", "FORWARD"] as const) {
      stream = named(stream.partition(strategy).map(), strategy.toLowerCase());
    }
    stream.print();
  }),
  "two partitioners in a row": on(2, (env) => {
    env.sequence().partition("REBALANCE").partition("BROADCAST").map().keyBy().keyBy().reduce().print();
  }),
};

const SETTINGS: Record<string, Topology> = {
  "disableChaining": on(1, (env) => env.sequence().map().chaining("NEVER").map().print()),
  "startNewChain": on(1, (env) => env.sequence().map().chaining("HEAD").map().print()),
  "source without chaining": on(1, (env) => env.sequence().chaining("NEVER").map().print()),
  "chaining off": on(1, (env) => env.sequence().map().filter().keyBy().reduce().print(), { chainingEnabled: false }),
  "slot sharing groups": on(2, (env) => {
    const first = env.sequence().map().set({ slotSharingGroup: "a" }).map().map().set({ slotSharingGroup: "b" });
    first.union(env.sequence()).map().print();
    env.sequence().filter().set({ slotSharingGroup: "default" }).keyBy().reduce()
      .set({ slotSharingGroup: "a", parallelism: 5 }).print();
  }),
  "uids": on(2, (env) => {
    env.sequence().set({ uid: "source-uid" }).map().set({ uid: "map-uid" }).keyBy().process()
      .set({ uid: "grüße 🙂" }).print().set({ uid: "print-uid" });
  }),
  "uid in the middle of a chain": on(1, (env) => env.sequence().map().set({ uid: "middle" }).filter().print()),
  "uid hashes": on(2, (env) => {
    env.sequence().set({ uidHash: "A".repeat(32) }).map().keyBy().reduce().set({ uidHash: "b".repeat(32), uid: "also" })
      .print().set({ uidHash: "c".repeat(32) });
  }),
  "different parallelism": on(4, (env) => {
    env.sequence().set({ parallelism: 2 }).map().filter().set({ parallelism: 3 }).map().set({ parallelism: 3 })
      .print().set({ parallelism: 1 });
  }),
  "max parallelism": on(
    2,
    (env) => env.sequence().map().set({ maxParallelism: 16 }).keyBy().reduce().print(),
    { maxParallelism: 64 },
  ),
  "different max parallelism not chained": on(
    2,
    (env) => env.sequence().map().set({ maxParallelism: 16 }).filter().set({ maxParallelism: 16 }).print(),
    { chainOperatorsWithDifferentMaxParallelism: false },
  ),
  "buffer timeout": on(
    2,
    (env) => env.sequence().map().set({ bufferTimeoutMs: 0 }).keyBy().reduce().partition("REBALANCE").print(),
    { bufferTimeoutMs: 7 },
  ),
  "descriptions": on(1, (env) => {
    env.sequence().map().set({ name: "a<b>", description: "maps a \\ to b\n& c" })
      .filter().set({ description: 'keeps "some"' }).print();
  }),
  "descriptions with branches": on(1, (env) => {
    const source = env.sequence();
    const one = source.map().set({ description: "one" });
    one.filter().set({ description: "two" }).print();
    one.filter().set({ description: "three" }).map().set({ description: "four" });
    source.filter().set({ description: "five" });
  }),
  "descriptions cascading": on(1, (env) => {
    const source = env.sequence();
    source.map().set({ description: "one" }).print();
    source.filter();
  }, { vertexDescriptionMode: "CASCADING" }),
  "index prefix": on(2, (env) => {
    env.sequence().keyBy().reduce().print();
    env.sequence().partition("REBALANCE").map().print();
  }, { vertexNameIncludeIndexPrefix: true }),
  "batch": on(2, (env) => {
    env.sequence().map().keyBy().reduce().map().partition("RESCALE").filter().print();
    env.sequence().partition("REBALANCE").map().sink();
  }, { runtimeMode: "BATCH" }),
  "batch with committer": on(
    2,
    (env) => text(env).committingSink({ postCommit: globalCommitter }),
    { runtimeMode: "BATCH" },
  ),
  "batch forward pipelined": on(
    2,
    (env) => env.sequence().map().keyBy().reduce().print(),
    { runtimeMode: "BATCH", batchShuffleMode: "ALL_EXCHANGES_PIPELINED" },
  ),
};

/** All programs by name. Two of the file are left out: full-window partitions, see docs/graph.md. */
export const TOPOLOGIES: Readonly<Record<string, Topology>> = { ...OPERATORS, ...SINKS, ...PARTITIONING, ...SETTINGS };
