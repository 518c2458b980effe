/** Every mistake is refused at the call, with its code, the user's line and what would be right. */

import assert from "node:assert/strict";
import { FlinkError } from "../errors.ts";
import { NumberSequenceSource } from "../connectors/sequence/source.ts";
import { ListStateDescriptor, MapStateDescriptor } from "../functions/state_descriptor.ts";
import { OutputTag } from "../functions/output_tag.ts";
import {
  KeyedBroadcastProcessFunction,
  KeyedCoProcessFunction,
  KeyedProcessFunction,
} from "../functions/process_function.ts";
import {
  EventTimeSessionWindows,
  GlobalWindows,
  TumblingEventTimeWindows,
} from "../functions/windowing/window_assigners.ts";
import { ContinuousProcessingTimeTrigger, DeltaTrigger } from "../functions/windowing/triggers.ts";
import { Types } from "../types/type_information.ts";
import { AsyncDataStream } from "./async_data_stream.ts";
import { StreamExecutionEnvironment } from "./environment.ts";
import { testEnvironment, testHost } from "./testdata/test_host.ts";

testHost();

// Programs as JavaScript could write them: the compiler refuses most of these (tests/types/refused.ts).
// deno-lint-ignore no-explicit-any -- see above
type Any = any;
type Refusal = readonly [code: string, found: RegExp, call: (env: Any) => unknown];

class AMap {
  map(value: number): number {
    return value;
  }
}
class AProcess {
  processElement(): void {}
}
class ATimer extends KeyedProcessFunction<number, number, number> {
  processElement(): void {}
}
class KeyedRules extends KeyedBroadcastProcessFunction<number, number, number, number> {
  processElement(): void {}
  processBroadcastElement(): void {}
}
class CoTimers extends KeyedCoProcessFunction<number, number, number, number> {
  processElement1(): void {}
  processElement2(): void {}
}
const one = (env: Any) => env.fromData(1, 2);
const keyed = (env: Any) => one(env).keyBy((n: number) => n);
const tumbling = TumblingEventTimeWindows.of("1 s");
const windows = (env: Any) => keyed(env).window(tumbling);
const joined = (env: Any) => one(env).join(one(env)).where((n: number) => n).equalTo((n: number) => n).window(tumbling);
const wait = (env: Any, ...rest: unknown[]) => (AsyncDataStream as Any).orderedWait(one(env), ...rest);

const REFUSED: Record<string, Refusal> = {
  "map of nothing": ["TSF-1201", /^undefined$/, (env) => one(env).map()],
  "map of null": ["TSF-1201", /^null$/, (env) => one(env).map(null)],
  "map of a text": ["TSF-1201", /^"n \* 2"$/, (env) => one(env).map("n * 2")],
  "map of another object": ["TSF-1201", /\{ flatMap \}/, (env) => one(env).map({ flatMap() {} })],
  "map of a class instance without map": ["TSF-1201", /class AProcess/, (env) => one(env).map(new AProcess())],
  "async map": ["TSF-1202", /async/, (env) => one(env).map(async (n: number) => await n)],
  "async method": ["TSF-1202", /async/, (env) => one(env).map({ async map() {} })],
  "async flatMap": ["TSF-1202", /async/, (env) => one(env).flatMap(async () => await [])],
  "async generator in flatMap": ["TSF-1202", /async/, (env) => one(env).flatMap(async function* () {})],
  "filter of nothing": ["TSF-1201", /undefined/, (env) => one(env).filter()],
  "process of an object without processElement": ["TSF-1201", /\{ open \}/, (env) => one(env).process({ open() {} })],
  "process of a class": ["TSF-1201", /the class AProcess/, (env) => one(env).process(AProcess)],
  "async process": ["TSF-1202", /async/, (env) => one(env).process({ async processElement() {} })],
  "keyed process of nothing": ["TSF-1201", /undefined/, (env) => keyed(env).process()],
  "reduce of nothing": ["TSF-1201", /undefined/, (env) => keyed(env).reduce()],
  "asyncMap of nothing": ["TSF-1201", /undefined/, (env) => one(env).asyncMap()],
  "asyncMap with capacity 0": ["TSF-1352", /0/, (env) => one(env).asyncMap(AMap, { capacity: 0 })],
  "orderedWait without a function": ["TSF-1201", /undefined/, (env) => wait(env, undefined, "1 s")],
  "orderedWait without a timeout": ["TSF-1218", /undefined/, (env) => wait(env, AMap)],
  "retry without a timeout": [
    "TSF-1222",
    /0 ms/,
    (env) => one(env).asyncMap(AMap, { retry: { maxAttempts: 2, backoffTimeMs: () => 1 } }),
  ],

  "async onTimer": ["TSF-1202", /async/, (env) => keyed(env).process({ processElement() {}, async onTimer() {} })],
  "async open": ["TSF-1202", /async/, (env) => one(env).map({ map() {}, async open() {} })],
  "process of a keyed function without keyBy": [
    "TSF-1204",
    /ATimer on a stream that is not keyed/,
    (env) => one(env).process(new ATimer()),
  ],
  "broadcast process of a keyed function without keyBy": [
    "TSF-1204",
    /KeyedRules on a stream that is not keyed/,
    (env) => one(env).connect(one(env).broadcast(new MapStateDescriptor("s"))).process(new KeyedRules()),
  ],
  "broadcast with a text": ["TSF-1201", /^"rules"$/, (env) => one(env).broadcast("rules")],
  "broadcast with a list": [
    "TSF-1201",
    /class ListStateDescriptor/,
    (env) => one(env).broadcast(new ListStateDescriptor("rules")),
  ],
  "broadcast with nothing": ["TSF-1218", /null/, (env) => one(env).broadcast(null)],

  "keyBy of nothing": ["TSF-1201", /undefined/, (env) => one(env).keyBy()],
  "keyBy of an object": ["TSF-1201", /object/, (env) => one(env).keyBy({})],
  "keyBy of a field and a function": ["TSF-1201", /undefined/, (env) => one(env).keyBy("a", "b", () => 1)],
  "async keyBy": ["TSF-1202", /async/, (env) => one(env).keyBy(async (n: number) => await n)],
  "rebalance of a keyed stream": ["TSF-1205", /rebalance/, (env) => keyed(env).rebalance()],
  "broadcast of a keyed stream": ["TSF-1205", /broadcast/, (env) => keyed(env).broadcast()],
  "partitionCustom of a keyed stream": [
    "TSF-1205",
    /custom/,
    (env) => keyed(env).partitionCustom(() => 0, () => 0),
  ],
  "partitionCustom without a partitioner": ["TSF-1201", /undefined/, (env) => one(env).partitionCustom()],
  "union of something else": ["TSF-1201", /object/, (env) => one(env).union({})],
  "union over environments": ["TSF-1210", /two/, (env) => one(env).union(one(testEnvironment()))],
  "connect over environments": ["TSF-1210", /two/, (env) => one(env).connect(one(testEnvironment()))],
  "join over environments": ["TSF-1210", /two/, (env) => one(env).join(one(testEnvironment()))],
  "connected keys of two types": [
    "TSF-1220",
    /long and string/,
    (env) => one(env).keyBy(AMap, Types.LONG).connect(one(env).keyBy(AMap, Types.STRING)).process(new CoTimers()),
  ],
  "joined keys of two types": [
    "TSF-1220",
    /string/,
    (env) => one(env).join(one(env)).where(AMap, Types.LONG).equalTo(AMap, Types.STRING),
  ],
  "KeyedCoProcessFunction without keys": [
    "TSF-1204",
    /not keyed/,
    (env) => one(env).connect(one(env)).process(new CoTimers()),
  ],
  "co-map with one method": ["TSF-1201", /\{ map1 \}/, (env) => one(env).connect(one(env)).map({ map1() {} })],
  "broadcast process with one method": [
    "TSF-1201",
    /\{ processElement \}/,
    (env) => one(env).connect(one(env).broadcast(new MapStateDescriptor("s"))).process({ processElement() {} }),
  ],

  "window without keyBy": ["TSF-1204", /not keyed/, (env) => one(env).window(tumbling)],
  "countWindow without keyBy": ["TSF-1204", /not keyed/, (env) => one(env).map(AMap).countWindow(3)],
  "reduce without keyBy": ["TSF-1204", /not keyed/, (env) => one(env).rebalance().reduce(AMap)],
  "sum without keyBy": ["TSF-1204", /not keyed/, (env) => one(env).sum("n")],
  "intervalJoin without keyBy": ["TSF-1204", /not keyed/, (env) => one(env).intervalJoin(keyed(env))],
  "intervalJoin with a stream that is not keyed": [
    "TSF-1204",
    /not keyed/,
    (env) => keyed(env).intervalJoin(one(env)),
  ],
  "window without an assigner": ["TSF-1218", /undefined/, (env) => keyed(env).window()],
  "windowAll without an assigner": ["TSF-1218", /null/, (env) => one(env).windowAll(null)],
  "countWindow of 0": ["TSF-1214", /^0$/, (env) => keyed(env).countWindow(0)],
  "countWindow with a slide of -1": ["TSF-1214", /^-1$/, (env) => keyed(env).countWindow(3, -1)],
  "countWindowAll of half": ["TSF-1214", /^0.5$/, (env) => one(env).countWindowAll(0.5)],
  "sessions with a trigger that cannot merge": [
    "TSF-1702",
    /DeltaTrigger/,
    (env) => keyed(env).window(EventTimeSessionWindows.withGap(1)).trigger(DeltaTrigger.of(1, () => 0)),
  ],
  "window of a class": [
    "TSF-1201",
    /^the class TumblingEventTimeWindows$/,
    (env) => keyed(env).window(TumblingEventTimeWindows),
  ],
  "window of a number": ["TSF-1201", /^5000$/, (env) => keyed(env).window(5000)],
  "windowAll of an object": ["TSF-1201", /\{ size \}/, (env) => one(env).windowAll({ size: 1 })],
  "join windows of a class": [
    "TSF-1201",
    /class GlobalWindows/,
    (env) => one(env).join(one(env)).where(AMap).equalTo(AMap).window(GlobalWindows).apply(() => 1),
  ],
  "trigger of a class": ["TSF-1201", /class DeltaTrigger/, (env) => windows(env).trigger(DeltaTrigger)],
  "trigger of a function": ["TSF-1201", /function/, (env) => windows(env).trigger(() => "FIRE")],
  "evictor of a trigger": [
    "TSF-1201",
    /class DeltaTrigger/,
    (env) => windows(env).evictor(DeltaTrigger.of(1, () => 0)),
  ],
  "late data to a text": ["TSF-1201", /^"late"$/, (env) => windows(env).sideOutputLateData("late")],
  "late left data to a text": [
    "TSF-1201",
    /^"late"$/,
    (env) => keyed(env).intervalJoin(keyed(env)).between(0, 1).sideOutputLeftLateData("late"),
  ],
  "no trigger": ["TSF-1218", /null/, (env) => windows(env).trigger(null)],
  "no evictor": ["TSF-1218", /undefined/, (env) => windows(env).evictor()],
  "negative lateness": ["TSF-1703", /-1 ms/, (env) => windows(env).allowedLateness(-1)],
  "no tag for late data": ["TSF-1218", /undefined/, (env) => windows(env).sideOutputLateData()],
  "aggregate of a function": ["TSF-1201", /undefined/, (env) => windows(env).aggregate(() => 1)],
  "aggregate without add": ["TSF-1201", /getResult/, (env) => windows(env).aggregate({ getResult() {} })],
  "aggregate of sessions without merge": [
    "TSF-1704",
    /without merge/,
    (env) =>
      keyed(env).window(EventTimeSessionWindows.withGap(1)).aggregate({
        createAccumulator() {},
        add() {},
        getResult() {},
      }),
  ],
  "window function of nothing": ["TSF-1201", /undefined/, (env) => windows(env).reduce(AMap, undefined)],
  "window process of a function with arguments": ["TSF-1202", /async/, (env) => windows(env).process(async () => {})],
  "join without a function": ["TSF-1201", /undefined/, (env) => joined(env).apply()],
  "coGroup with a join function": [
    "TSF-1201",
    /\{ join \}/,
    (env) =>
      one(env).coGroup(one(env)).where(AMap).equalTo(AMap).window(GlobalWindows.create()).apply({ join: () => 1 }),
  ],
  "intervalJoin in processing time": [
    "TSF-1213",
    /inProcessingTime/,
    (env) => keyed(env).intervalJoin(keyed(env)).inProcessingTime().between(1, 2),
  ],
  "intervalJoin without an upper bound": [
    "TSF-1218",
    /undefined/,
    (env) => keyed(env).intervalJoin(keyed(env)).between(1),
  ],
  "intervalJoin with bounds the wrong way": [
    "TSF-2013",
    /5|2/,
    (env) => keyed(env).intervalJoin(keyed(env)).between(5, 2).process({ processElement() {} }),
  ],
  "intervalJoin without bounds": [
    "TSF-1218",
    /without it/,
    (env) => keyed(env).intervalJoin(keyed(env)).process({ processElement() {} }),
  ],
  "join without keys": [
    "TSF-1218",
    /without keys/,
    (env) => one(env).join(one(env)).window(tumbling).apply(() => 1),
  ],
  "join with one key": [
    "TSF-1218",
    /without keys/,
    (env) => one(env).coGroup(one(env)).where(AMap).window(tumbling).apply(() => {}),
  ],
  "sortPartition without an order": [
    "TSF-1218",
    /undefined/,
    (env) => one(env).fullWindowPartition().sortPartition("n"),
  ],
  "mapPartition of nothing": ["TSF-1201", /undefined/, (env) => one(env).fullWindowPartition().mapPartition()],

  "empty uid": ["TSF-1218", /^""$/, (env) => one(env).uid("")],
  "empty name": ["TSF-1218", /^""$/, (env) => one(env).name("")],
  "a name that is none": ["TSF-1218", /^5$/, (env) => one(env).name(5)],
  "empty uid of a sink": ["TSF-1218", /^""$/, (env) => one(env).print().uid("")],
  "short uid hash": ["TSF-1108", /abc/, (env) => one(env).setUidHash("abc")],
  "uid hash of a sink with parts": [
    "TSF-1114",
    /0/,
    (env) => one(env).sinkTo({ createWriter() {} }).setUidHash("0".repeat(32)),
  ],
  "parallelism 0": ["TSF-1104", /^0$/, (env) => one(env).map(AMap).setParallelism(0)],
  "negative parallelism": ["TSF-1104", /^-2$/, (env) => one(env).setParallelism(-2)],
  "parallelism of a half": ["TSF-1104", /^1.5$/, (env) => one(env).setParallelism(1.5)],
  "parallelism of a sink": ["TSF-1104", /^0$/, (env) => one(env).print().setParallelism(0)],
  "parallelism of a socket": ["TSF-1112", /^2$/, (env) => env.socketTextStream("localhost", 1).setParallelism(2)],
  "parallelism of windowAll": [
    "TSF-1112",
    /^2$/,
    (env) => one(env).windowAll(tumbling).reduce(AMap).setParallelism(2),
  ],
  "max parallelism 0": ["TSF-1105", /^0$/, (env) => one(env).setMaxParallelism(0)],
  "max parallelism too large": ["TSF-1105", /^32769$/, (env) => one(env).setMaxParallelism(32769)],
  "buffer timeout": ["TSF-1113", /^-2$/, (env) => one(env).setBufferTimeout(-2)],
  "parallelism as a text": ["TSF-1104", /^"2"$/, (env) => one(env).map(AMap).setParallelism("2")],
  "no slot sharing group": ["TSF-1218", /undefined/, (env) => one(env).slotSharingGroup()],
  "no tag": ["TSF-1218", /undefined/, (env) => one(env).map(AMap).getSideOutput()],
  "a text for a tag": ["TSF-1201", /^"odd"$/, (env) => one(env).map(AMap).getSideOutput("odd")],
  "a function for a watermark strategy": [
    "TSF-1224",
    /function/,
    (env) => one(env).assignTimestampsAndWatermarks((n: number) => n),
  ],
  "a misspelt option of a watermark strategy": [
    "TSF-1224",
    /timestmap/,
    (env) => one(env).assignTimestampsAndWatermarks({ timestmap: (n: number) => n }),
  ],
  "a field for the timestamp": [
    "TSF-1224",
    /^"at"$/,
    (env) => env.fromSource(new NumberSequenceSource(1, 2), { timestamp: "at" }, "numbers"),
  ],
  "a negative out-of-orderness": [
    "TSF-1350",
    /-1 ms/,
    (env) => one(env).assignTimestampsAndWatermarks({ outOfOrderness: -1 }),
  ],
  "no watermark strategy": ["TSF-1218", /undefined/, (env) => one(env).assignTimestampsAndWatermarks()],

  "sinkTo of nothing": ["TSF-1201", /undefined/, (env) => one(env).sinkTo()],
  "topology without a committer": [
    "TSF-1221",
    /none/,
    (env) => one(env).sinkTo({ createWriter() {}, addPostCommitTopology() {} }),
  ],
  "limit 0": ["TSF-1214", /^0$/, (env) => one(env).executeAndCollect(0)],
  "environment parallelism 0": ["TSF-1104", /^0$/, (env) => env.setParallelism(0)],
  "environment parallelism above all": ["TSF-1104", /^40000$/, (env) => env.setParallelism(40000)],
  "environment max parallelism": ["TSF-1105", /^0$/, (env) => env.setMaxParallelism(0)],
  "local environment with parallelism -1": [
    "TSF-1104",
    /^-1$/,
    () => StreamExecutionEnvironment.createLocalEnvironment(-1),
  ],
  "checkpoints too often": ["TSF-4002", /^9 ms$/, (env) => env.enableCheckpointing(9)],
  "environment buffer timeout": ["TSF-4002", /^-2$/, (env) => env.setBufferTimeout(-2)],
  "unknown runtime mode": ["TSF-4002", /FAST/, (env) => env.setRuntimeMode("FAST")],
  "fromData of nothing": ["TSF-1211", /nothing/, (env) => env.fromData()],
  "fromSequence backwards": ["TSF-3016", /from 2, to 1/, (env) => env.fromSequence(2, 1)],
  "fromSource of nothing": ["TSF-1218", /undefined/, (env) => env.fromSource()],
  "readTextFile of nothing": ["TSF-1218", /undefined/, (env) => env.readTextFile()],
  "elements that cannot travel": ["TSF-2101", /function f/, (env) => env.fromData({ f: () => 1 })],
  "addSource, as in older Flinks": ["TSF-1225", /addSource/, (env) => env.addSource({})],
  "fromElements, as in older Flinks": ["TSF-1225", /fromElements/, (env) => env.fromElements(1)],
  "addSink, as in older Flinks": ["TSF-1225", /addSink/, (env) => one(env).addSink({})],
  "timeWindow behind keyBy": ["TSF-1225", /timeWindow/, (env) => keyed(env).timeWindow(5)],
  "returns": ["TSF-1225", /returns/, (env) => one(env).map(AMap).returns(Types.INT)],
  "no listener": ["TSF-1218", /undefined/, (env) => env.registerJobListener()],
};

for (const [name, [code, found, call]] of Object.entries(REFUSED)) {
  Deno.test(`refused: ${name}`, () => {
    assert.throws(() => call(testEnvironment()), (error) => {
      assert.ok(error instanceof FlinkError, String(error));
      assert.equal(error.code, code, error.message);
      assert.match(error.found ?? "", found, error.message);
      assert.ok((error.expected ?? "").length > 0, error.message);
      if (/^TSF-12/.test(code)) assert.match(error.userLine ?? "", /refused_test\.ts:\d+:\d+$/);
      return true;
    });
  });
}

Deno.test("a trigger that merges is taken by sessions", () => {
  const sessions = keyed(testEnvironment()).window(EventTimeSessionWindows.withGap(1));
  sessions.trigger(ContinuousProcessingTimeTrigger.of("1 s")).sideOutputLateData(new OutputTag("late"));
});
