/** The stream graph that calls make: `id:name/parallelism<-input SHIP_STRATEGY`, and what is refused. */

import assert from "node:assert/strict";
import {
  MapStateDescriptor,
  OutputTag,
  type StreamExecutionEnvironment,
  TumblingEventTimeWindows,
  WatermarkStrategy,
} from "tsflink";
import { testEnvironment } from "tsflink/testing";

type Env = StreamExecutionEnvironment;
const same = (n: number): number => n;
const first = (a: number): number => a;
const silent = { processElement() {} };
const SIDE = new OutputTag<number>("side");
const W = TumblingEventTimeWindows.of(1);
const numbers = (env: Env) => env.fromSequence(1, 9);

/** Nodes without the print sink at the end; or the code of the error. */
function graph(build: (env: Env) => unknown): string {
  const { env } = testEnvironment({ parallelism: 4 });
  try {
    build(env);
    const { nodes } = JSON.parse(env.getExecutionPlan());
    // deno-lint-ignore no-explicit-any -- a plan
    return nodes.filter((node: any) => node.pact !== "Data Sink").map((node: any) => {
      // deno-lint-ignore no-explicit-any -- a plan
      const inputs = node.predecessors?.map((input: any) => `${input.id} ${input.ship_strategy}`);
      return `${node.id}:${node.type.replace("Source: ", "")}/${node.parallelism}${inputs ? `<-${inputs}` : ""}`;
    }).join("; ");
  } catch (error) {
    return (error as { code: string }).code;
  }
}

const table: [(env: Env) => unknown, string][] = [
  // The last of several partitioners counts; virtual nodes take ids.
  [(e) => numbers(e).rebalance().shuffle().map(same).print(), "1:Sequence Source/4; 4:Map/4<-1 SHUFFLE"],
  [(e) => numbers(e).keyBy(same).keyBy(same).reduce(first).print(), "1:Sequence Source/4; 4:Keyed Reduce/4<-1 HASH"],
  [(e) => numbers(e).global().map(same).print(), "1:Sequence Source/4; 3:Map/4<-1 GLOBAL"],
  [(e) => numbers(e).partitionCustom(() => 0, same).map(same).print(), "1:Sequence Source/4; 3:Map/4<-1 CUSTOM"],
  // Without a partitioner: forward between equals, else rebalance.
  [(e) => numbers(e).map(same).setParallelism(2).print(), "1:Sequence Source/4; 2:Map/2<-1 REBALANCE"],
  [(e) => numbers(e).forward().map(same).print(), "1:Sequence Source/4; 3:Map/4<-1 FORWARD"],
  [(e) => numbers(e).map(same).setParallelism(3).forward().map(same).setParallelism(2).print(), "TSF-1103"],
  // A union is no node; each input has its own edge, with its own partitioner.
  [
    (e) => e.fromData(1).union(numbers(e)).map(same).print(),
    "1:Collection Source/1; 2:Sequence Source/4; 4:Map/4<-1 REBALANCE,2 FORWARD",
  ],
  [
    (e) => e.fromData(1).rebalance().union(numbers(e).broadcast()).map(same).print(),
    "1:Collection Source/1; 3:Sequence Source/4; 6:Map/4<-1 REBALANCE,3 BROADCAST",
  ],
  [
    (e) => e.fromData(1).union(numbers(e)).keyBy(same).reduce(first).print(),
    "1:Collection Source/1; 2:Sequence Source/4; 5:Keyed Reduce/4<-1 HASH,2 HASH",
  ],
  [
    (e) => numbers(e).process<number>(silent).getSideOutput(SIDE).rescale().map(same).print(),
    "1:Sequence Source/4; 2:Process/4<-1 FORWARD; 5:Map/4<-2 RESCALE",
  ],
  [
    (e) => {
      const main = numbers(e).process<number>(silent);
      main.getSideOutput(SIDE).union(main).map(same).print();
    },
    "1:Sequence Source/4; 2:Process/4<-1 FORWARD; 5:Map/4<-2 FORWARD,2 FORWARD",
  ],
  // One subtask, whatever the environment says; what follows is at its parallelism again.
  [
    (e) => numbers(e).windowAll(W).reduce(first).map(same).print(),
    "1:Sequence Source/4; 3:TumblingEventTimeWindows/1<-1 HASH; 4:Map/4<-3 REBALANCE",
  ],
  [(e) => numbers(e).windowAll(W).reduce(first).setParallelism(2).print(), "TSF-1112"],
  [
    (e) =>
      numbers(e).map(same).setParallelism(3).assignTimestampsAndWatermarks(WatermarkStrategy.noWatermarks()).print(),
    "1:Sequence Source/4; 2:Map/3<-1 REBALANCE; 3:Timestamps/Watermarks/3<-2 FORWARD",
  ],
  [
    (e) => e.fromData(1).join(e.fromData(2)).where(same).equalTo(same).window(W).apply(first).print(),
    "1:Collection Source/1; 2:Collection Source/1; 3:Map/1<-1 FORWARD; 4:Map/1<-2 FORWARD; " +
    "7:TumblingEventTimeWindows/4<-3 HASH,4 HASH",
  ],
  [
    (e) =>
      e.fromData(1).keyBy(same).intervalJoin(e.fromData(2).keyBy(same)).between(0, 1).process<number>(silent).print(),
    "1:Collection Source/1; 3:Collection Source/1; 7:Interval Join/4<-1 HASH,3 HASH",
  ],
  [
    (e) =>
      numbers(e).connect(e.fromData(2).broadcast(new MapStateDescriptor<string, number>("rules")))
        .process<number>({ ...silent, processBroadcastElement() {} }).print(),
    "1:Sequence Source/4; 2:Collection Source/1; 4:Co-Process-Broadcast/4<-1 FORWARD,2 BROADCAST",
  ],
  [(e) => numbers(e).map(same).setMaxParallelism(3).print(), "TSF-1106"],
  [(e) => e.setMaxParallelism(3) && numbers(e).map(same).print(), "TSF-1106"],
  // A program needs an operator, not a sink.
  [(e) => numbers(e).map(same), "1:Sequence Source/4; 2:Map/4<-1 FORWARD"],
  [(e) => numbers(e), "TSF-1101"],
  [() => {}, "TSF-1101"],
];

Deno.test("graph: nodes, edges and ids that calls make", () => {
  assert.deepEqual(table.map(([build]) => `${build} => ${graph(build)}`), table.map(([b, text]) => `${b} => ${text}`));
});
