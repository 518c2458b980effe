/** Which window operator a call makes: its name, description, parallelism and edge, and what is refused before a run. */

import assert from "node:assert/strict";
import {
  type AggregateFunction,
  type AllWindowedStream,
  type Collector,
  CountEvictor,
  CountTrigger,
  CumulativeEventTimeWindows,
  DeltaTrigger,
  EventTimeSessionWindows,
  GlobalWindows,
  type KeyedStream,
  NeverTrigger,
  ProcessingTimeSessionWindows,
  type ProcessWindow,
  PurgingTrigger,
  RichFunction,
  RichReduceFunction,
  SlidingEventTimeWindows,
  SlidingProcessingTimeWindows,
  TimeEvictor,
  TumblingEventTimeWindows,
  TumblingProcessingTimeWindows,
  type Window,
  type WindowStagger,
} from "tsflink";
import { testEnvironment } from "tsflink/testing";
import { add, type AnyStream, type Rec, total } from "./job_script.ts";

type Keyed = KeyedStream<Rec, string>;
// deno-lint-ignore no-explicit-any -- also calls that the types refuse
type Any = any;

/** A named class, so that the description shows its name; of any windows, keyed or not. */
class Show implements ProcessWindow<Any, string, Any, Window> {
  process(_key: unknown, _ctx: unknown, _elements: unknown, out: Collector<string>): void {
    out.collect("");
  }
}
class ShowAll {
  process(_ctx: unknown, _elements: unknown, out: Collector<string>): void {
    out.collect("");
  }
}
class Total implements AggregateFunction<Rec, number, number> {
  createAccumulator = total.createAccumulator;
  add = total.add;
  getResult = total.getResult;
  merge = total.merge;
}
const show = (_key: string, _window: Window, _elements: Iterable<Rec>, out: Collector<string>) => out.collect("");
const T = TumblingEventTimeWindows.of(5);
const gapOf = (rec: Rec) => rec.gap ?? 1;
const nothing = () => 1;

/** `name | description | parallelism and edge` of the one operator between source and sink. */
function translate(build: (stream: Keyed) => AnyStream): string {
  const { env } = testEnvironment({ parallelism: 2 });
  build(env.fromData<Rec>({ k: "a", v: 1 }).keyBy((rec) => rec.k)).print();
  const { nodes } = JSON.parse(env.getExecutionPlan()) as { nodes: Record<string, Any>[] };
  assert.equal(nodes.length, 3);
  const [, node] = nodes;
  return `${node.type} | ${node.contents} | ${node.parallelism} ${node.predecessors[0].ship_strategy}`;
}

Deno.test("window translation: names and descriptions", () => {
  const tumbling = "TumblingEventTimeWindows | Window(TumblingEventTimeWindows(5), EventTimeTrigger,";
  const table: [(stream: Keyed) => AnyStream, string][] = [
    [(s) => s.window(T).reduce(add), `${tumbling} add, PassThroughWindowFunction) | 2 HASH`],
    [(s) => s.window(T).reduce(add, new Show()), `${tumbling} add, Show) | 2 HASH`],
    [(s) => s.window(T).reduce(add, show), `${tumbling} add, show) | 2 HASH`],
    [(s) => s.window(T).aggregate(new Total()), `${tumbling} Total, PassThroughWindowFunction) | 2 HASH`],
    [(s) => s.window(T).aggregate(new Total(), new Show()), `${tumbling} Total, Show) | 2 HASH`],
    [(s) => s.window(T).process(new Show()), `${tumbling} Show) | 2 HASH`],
    [(s) => s.window(T).apply(show), `${tumbling} show) | 2 HASH`],
    [(s) => s.window(T).sum("v"), `${tumbling} SumAggregator, PassThroughWindowFunction) | 2 HASH`],
    [(s) => s.window(T).maxBy("v"), `${tumbling} ComparableAggregator, PassThroughWindowFunction) | 2 HASH`],
    // An evictor stands behind the trigger; both by class.
    [
      (s) => s.window(T).evictor(CountEvictor.of(3)).reduce(add),
      `${tumbling} CountEvictor, add, PassThroughWindowFunction) | 2 HASH`,
    ],
    [
      (s) => s.window(T).trigger(CountTrigger.of(2)).evictor(TimeEvictor.of(3)).process(new Show()),
      "TumblingEventTimeWindows | Window(TumblingEventTimeWindows(5), CountTrigger, TimeEvictor, Show) | 2 HASH",
    ],
    // The last trigger counts.
    [
      (s) => s.window(T).trigger(NeverTrigger.create()).trigger(CountTrigger.of(2)).process(new Show()),
      "TumblingEventTimeWindows | Window(TumblingEventTimeWindows(5), CountTrigger, Show) | 2 HASH",
    ],
    [
      (s) => s.countWindow(3).reduce(add),
      "GlobalWindows | Window(GlobalWindows(trigger=NeverTrigger), PurgingTrigger, add, PassThroughWindowFunction)" +
      " | 2 HASH",
    ],
    [
      (s) => s.countWindow(3, 2).process(new Show()),
      "GlobalWindows | Window(GlobalWindows(trigger=NeverTrigger), CountTrigger, CountEvictor, Show) | 2 HASH",
    ],
    [
      (s) => s.window(GlobalWindows.createWithEndOfStreamTrigger()).process(new Show()),
      "GlobalWindows | Window(GlobalWindows(trigger=EndOfStreamTrigger), EndOfStreamTrigger, Show) | 2 HASH",
    ],
    [
      (s) => s.window(GlobalWindows.create()).trigger(PurgingTrigger.of(CountTrigger.of(4))).apply(show),
      "GlobalWindows | Window(GlobalWindows(trigger=NeverTrigger), PurgingTrigger, show) | 2 HASH",
    ],
    [
      (s) => s.window(TumblingProcessingTimeWindows.of(10, 5)).process(new Show()),
      "TumblingProcessingTimeWindows | Window(TumblingProcessingTimeWindows(10), ProcessingTimeTrigger, Show) | 2 HASH",
    ],
    [
      (s) => s.window(SlidingProcessingTimeWindows.of(10, 5)).process(new Show()),
      "SlidingProcessingTimeWindows | Window(SlidingProcessingTimeWindows(10, 5), ProcessingTimeTrigger, Show) | 2 HASH",
    ],
    [
      (s) => s.window(SlidingEventTimeWindows.of(10, 5)).process(new Show()),
      "SlidingEventTimeWindows | Window(SlidingEventTimeWindows(10, 5), EventTimeTrigger, Show) | 2 HASH",
    ],
    [
      (s) => s.window(CumulativeEventTimeWindows.of(10, 5)).process(new Show()),
      "CumulativeEventTimeWindows | Window(CumulativeEventTimeWindows(10, 5), EventTimeTrigger, Show) | 2 HASH",
    ],
    [
      (s) => s.window(EventTimeSessionWindows.withGap(3)).process(new Show()),
      "EventTimeSessionWindows | Window(EventTimeSessionWindows(3), EventTimeTrigger, Show) | 2 HASH",
    ],
    [
      (s) => s.window(EventTimeSessionWindows.withDynamicGap(gapOf)).process(new Show()),
      "DynamicEventTimeSessionWindows | Window(DynamicEventTimeSessionWindows(), EventTimeTrigger, Show) | 2 HASH",
    ],
    [
      (s) => s.window(ProcessingTimeSessionWindows.withGap(4)).process(new Show()),
      "ProcessingTimeSessionWindows | Window(ProcessingTimeSessionWindows(4), ProcessingTimeTrigger, Show) | 2 HASH",
    ],
    [
      (s) => s.window(ProcessingTimeSessionWindows.withDynamicGap(gapOf)).process(new Show()),
      "DynamicProcessingTimeSessionWindows | Window(DynamicProcessingTimeSessionWindows(), ProcessingTimeTrigger, Show)" +
      " | 2 HASH",
    ],
    // Of a stream without keys: one subtask, whatever the parallelism.
    [(s) => s.windowAll(T).reduce(add), `${tumbling} add, PassThroughWindowFunction) | 1 HASH`],
    [(s) => s.windowAll(T).process(new ShowAll()), `${tumbling} ShowAll) | 1 HASH`],
    [
      (s) => s.countWindowAll(2, 1).reduce(add, new ShowAll()),
      "GlobalWindows | Window(GlobalWindows(trigger=NeverTrigger), CountTrigger, CountEvictor, add, ShowAll) | 1 HASH",
    ],
  ];
  assert.deepEqual(table.map(([build]) => `${build} => ${translate(build)}`), table.map(([b, e]) => `${b} => ${e}`));
});

class RichAdd extends RichReduceFunction<Rec> {
  override reduce(a: Rec, b: Rec): Rec {
    return add(a, b);
  }
}
class RichTotal extends RichFunction implements AggregateFunction<Rec, number, number> {
  createAccumulator = total.createAccumulator;
  add = total.add;
  getResult = total.getResult;
  merge = total.merge;
}
const totalWithoutMerge: AggregateFunction<Rec, number, number> = { ...total, merge: undefined };

Deno.test("window translation: what is refused while the program is built", () => {
  const S = EventTimeSessionWindows.withGap(3);
  const delta = DeltaTrigger.of<Any>(1, nothing);
  const table: [string, (stream: Any) => unknown][] = [
    ["TSF-1706", (s) => s.window(T).reduce(new RichAdd())],
    ["TSF-1706", (s) => s.window(T).reduce(new RichAdd(), new Show())],
    ["TSF-1706", (s) => s.window(T).aggregate(new RichTotal())],
    ["TSF-1706", (s) => s.window(T).aggregate(new RichTotal(), new Show())],
    ["TSF-1706", (s) => s.windowAll(T).reduce(new RichAdd())],
    ["TSF-1706", (s) => s.windowAll(T).aggregate(new RichTotal())],
    ["none", (s) => s.reduce(new RichAdd())],
    // Merging windows need all of their parts to merge.
    ["TSF-1704", (s) => s.window(S).aggregate(totalWithoutMerge)],
    ["none", (s) => s.window(T).aggregate(totalWithoutMerge)],
    ["TSF-1702", (s) => s.window(S).trigger(delta)],
    ["TSF-1702", (s) => s.window(S).trigger(PurgingTrigger.of(delta))],
    ["TSF-1702", (s) => s.window(S).trigger(NeverTrigger.create())],
    ["TSF-1702", (s) => s.windowAll(S).trigger(delta)],
    ["none", (s) => s.window(S).trigger(CountTrigger.of(3)).evictor(CountEvictor.of(1)).reduce(add)],
    ["none", (s) => s.window(T).trigger(delta).reduce(add)],
    ["TSF-1702", (s) => s.join(s).where(nothing).equalTo(nothing).window(S).trigger(delta).apply(nothing)],
    ["TSF-1703", (s) => s.window(T).allowedLateness(-1)],
    ["TSF-1703", (s) => (s.windowAll(T) as AllWindowedStream<Rec, Window>).allowedLateness(-1)],
    ["none", (s) => s.window(T).allowedLateness(0)],
    ["TSF-1701", () => TumblingEventTimeWindows.of(5, 5)],
    ["TSF-1701", () => TumblingEventTimeWindows.of(5, -5)],
    ["TSF-1701", () => TumblingEventTimeWindows.of(0)],
    ["none", () => TumblingEventTimeWindows.of(5, -4)],
    ["TSF-1701", () => SlidingEventTimeWindows.of(10, 5, 5)],
    ["TSF-1701", () => SlidingEventTimeWindows.of(10, 5, -5)],
    ["none", () => SlidingEventTimeWindows.of(5, 10, 9)],
    ["TSF-1701", () => SlidingProcessingTimeWindows.of(10, 0)],
    ["TSF-1701", () => EventTimeSessionWindows.withGap(0)],
    ["TSF-1701", () => ProcessingTimeSessionWindows.withGap(-1)],
    ["TSF-1701", () => TumblingEventTimeWindows.of(5, 0, "SOMETIMES" as WindowStagger)],
    ["TSF-1214", (s) => s.countWindow(0)],
    ["TSF-1214", (s) => s.countWindow(3, -1)],
  ];
  const code = (run: (stream: Any) => unknown): string => {
    try {
      run(testEnvironment().env.fromData<Rec>({ k: "a", v: 1 }).keyBy((rec) => rec.k));
      return "none";
    } catch (error) {
      return (error as { code: string }).code;
    }
  };
  assert.deepEqual(table.map(([, run]) => `${code(run)} ${run}`), table.map(([expected, run]) => `${expected} ${run}`));
});
