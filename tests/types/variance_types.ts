/**
 * Streams are covariant: a helper for streams of something takes streams of more. Nothing is lost the other way round.
 *
 * @module
 */

import {
  type AllWindowedStream,
  type ConnectedStreams,
  type DataStream,
  type DataStreamSource,
  type ElementOf,
  type KeyedStream,
  type OutputTag,
  type SingleOutputStreamOperator,
  type StreamExecutionEnvironment,
  type TimeWindow,
  TumblingEventTimeWindows,
  type ValueState,
  valueState,
  type WindowedStream,
} from "tsflink";
import type { Equal, Expect } from "./equal.ts";

declare const env: StreamExecutionEnvironment;
interface Timed {
  readonly at: number;
}
interface Click extends Timed {
  readonly user: string;
}
declare const clicks: DataStream<Click>;
declare const byUser: KeyedStream<Click, string>;
declare const times: DataStream<Timed>;

// A narrower stream where a wider one is asked for.
export const wider: DataStream<Timed> = clicks;
export const anything: DataStream<unknown> = clicks;
export const fromKeyed: DataStream<unknown> = byUser;
export const fromSource: DataStream<unknown> = env.fromData("a", "b");
export const keyed: KeyedStream<Timed, string> = byUser;
export const keyedByAnything: KeyedStream<Timed, string | number> = byUser;
export const operator: SingleOutputStreamOperator<Timed> = clicks.map((click) => click);
export const source: DataStreamSource<string | number> = env.fromData("a");
export const list: DataStream<string | number>[] = [env.fromData("a"), env.fromData(1)];
export const windows: WindowedStream<Timed, string, TimeWindow> = byUser.window(TumblingEventTimeWindows.of(1));
export const allWindows: AllWindowedStream<unknown, TimeWindow> = clicks.windowAll(TumblingEventTimeWindows.of(1));
export const connected: ConnectedStreams<unknown, unknown> = clicks.connect(times);
declare const tag: OutputTag<Click>;
export const side: DataStream<Timed> = operator.getSideOutput(tag);

// A loop that goes on from its own result, and helpers with and without type parameters.
let shifted: DataStream<number> = env.fromSequence(1, 3);
for (let i = 0; i < 3; i++) shifted = shifted.map((n) => n + 1);
const print = (stream: DataStream<unknown>, name: string) => stream.map((value) => `${name} ${value}`).print();
print(clicks, "click");
print(byUser, "user");
const stamp = <T extends Timed>(stream: DataStream<T>) =>
  stream.assignTimestampsAndWatermarks({ timestamp: (event) => event.at });
const stamped = stamp(clicks);
const latest = (stream: KeyedStream<Timed, string>) => stream.maxBy("at");
const found = latest(byUser);

// Two methods of connected streams may give two types; state with a time to live may be absent.
const both = clicks.connect(times).map({ map1: (click) => click.user, map2: (time) => time.at });
const parts = clicks.connect(times).flatMap({ flatMap1: (click) => [click.user], flatMap2: (time) => [time.at] });
const expiring = valueState({ defaultValue: 0, ttl: { ttl: "1 d" } });
const lasting = valueState({ defaultValue: 0 });
type HandleOf<D> = D extends { readonly handle?: (handle: infer H) => unknown } ? H : never;
export type Found = [
  Expect<Equal<ElementOf<typeof shifted>, number>>,
  Expect<Equal<ElementOf<typeof stamped>, Click>>,
  Expect<Equal<ElementOf<typeof found>, Timed>>,
  Expect<Equal<ElementOf<typeof both>, string | number>>,
  Expect<Equal<ElementOf<typeof parts>, string | number>>,
  Expect<Equal<HandleOf<typeof expiring>, ValueState<number>>>,
  Expect<Equal<HandleOf<typeof lasting>, ValueState<number, never>>>,
];

// The other way round it does not compile.
// @ts-expect-error -- a Timed has no user
export const narrower: DataStream<Click> = times;
// @ts-expect-error -- not every key is a string
export const otherKey: KeyedStream<Click, string> = clicks.keyBy("at");
// @ts-expect-error -- a Timed has no user
export const narrowerTag: OutputTag<Click> = tag as OutputTag<Timed>;
clicks.process({
  processElement(click, ctx) {
    ctx.output(tag, click);
    // @ts-expect-error -- a value of the side output has a user
    ctx.output(tag, { at: 1 });
  },
});
