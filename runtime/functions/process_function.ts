/**
 * The process functions: one record at a time with timers, state, side outputs and the current watermark.
 * Each is an interface that an object literal may implement, and an abstract class with Flink's name to extend.
 * Context, timer service, collector and state handles work only during the call they were given to (contract Functions).
 *
 * @module
 */

import type { Collector, NoResult } from "./functions.ts";
import type { OutputTag } from "./output_tag.ts";
import { type Lifecycle, RichFunction } from "./rich_function.ts";
import type {
  BroadcastState,
  MapStateDescriptor,
  ReadOnlyBroadcastState,
  StateDeclarations,
  StateDescriptor,
  StateHandles,
} from "./state_descriptor.ts";
import type { Window } from "./windowing/windows.ts";

/** Which clock a timer belongs to. */
export type TimeDomain = "event-time" | "processing-time";

/** Clocks and, on keyed streams, timers. Times are ms since the epoch. */
export interface TimerService {
  /** The clock of the task, in ms since the epoch; manual in tests. */
  currentProcessingTime(): number;
  /** MIN_WATERMARK before the first watermark. */
  currentWatermark(): number;
  /** One timer per key and time: registering twice fires once. @throws on a stream that is not keyed. */
  registerEventTimeTimer(timestamp: number): void;
  /** Calls `onTimer` when the clock has passed `timestamp` (ms); once per key and time. */
  registerProcessingTimeTimer(timestamp: number): void;
  /** Takes a timer of the current key back; nothing happens when there is none. */
  deleteEventTimeTimer(timestamp: number): void;
  /** Takes a timer of the current key back; nothing happens when there is none. */
  deleteProcessingTimeTimer(timestamp: number): void;
}

/** The handles of a function that declares no state. */
// deno-lint-ignore ban-types -- no declared state
export type NoState = {};

/** What every process function sees. */
export interface ProcessContext<S = NoState> {
  /** Timestamp of the record (or of the timer); undefined when it has none. */
  timestamp(): number | undefined;
  /** Clocks, and timers of the current key. */
  timerService(): TimerService;
  /** Emits to the side output of a tag, with the timestamp of what is processed. Read it with `getSideOutput(tag)`. */
  output<X>(tag: OutputTag<X>, value: NoInfer<X>): void;
  /** Handles of the declared `state` record, by name. */
  readonly state: StateHandles<S>;
}
/** {@link ProcessContext} on a keyed stream. */
export interface KeyedProcessContext<K, S = NoState> extends ProcessContext<S> {
  /** The key of the record or timer that is processed. */
  getCurrentKey(): K;
}
/** What `onTimer` sees. */
export interface OnTimerContext<K, S = NoState> extends KeyedProcessContext<K, S> {
  /** Which clock the timer belongs to. */
  timeDomain(): TimeDomain;
}

/** Processes the records of a stream that is not keyed. */
export interface Process<I, O, S extends StateDeclarations = NoState> extends Lifecycle {
  /** Declared state by name; `ctx.state` has the handles. Known to the engine before the first record. */
  readonly state?: S;
  /** Called for each record. What it throws fails the job, with operator and line. */
  processElement(value: I, ctx: ProcessContext<S>, out: Collector<O>): NoResult;
}
/** Processes the records of a keyed stream. */
export interface KeyedProcess<K, I, O, S extends StateDeclarations = NoState> extends Lifecycle {
  /** Declared state by name; `ctx.state` has the handles. Known to the engine before the first record. */
  readonly state?: S;
  /** Called for each record, with state and timers of its key. What it throws fails the job. */
  processElement(value: I, ctx: KeyedProcessContext<K, S>, out: Collector<O>): NoResult;
  /** Called when a timer of a key fires; `timestamp` is what was registered, in ms. */
  onTimer?(timestamp: number, ctx: OnTimerContext<K, S>, out: Collector<O>): NoResult;
}
/** Processes two connected streams that are not keyed. */
export interface CoProcess<A, B, O, S extends StateDeclarations = NoState> extends Lifecycle {
  /** Declared state by name; `ctx.state` has the handles. Known to the engine before the first record. */
  readonly state?: S;
  /** Called for each record of the first stream. */
  processElement1(value: A, ctx: ProcessContext<S>, out: Collector<O>): NoResult;
  /** Called for each record of the second stream. */
  processElement2(value: B, ctx: ProcessContext<S>, out: Collector<O>): NoResult;
}
/** Processes two connected keyed streams that share state by key. */
export interface KeyedCoProcess<K, A, B, O, S extends StateDeclarations = NoState> extends Lifecycle {
  /** Declared state by name; `ctx.state` has the handles. Known to the engine before the first record. */
  readonly state?: S;
  /** Called for each record of the first stream, with the state of its key. */
  processElement1(value: A, ctx: KeyedProcessContext<K, S>, out: Collector<O>): NoResult;
  /** Called for each record of the second stream, with the state of its key. */
  processElement2(value: B, ctx: KeyedProcessContext<K, S>, out: Collector<O>): NoResult;
  /** Called when a timer of a key fires; `timestamp` is what was registered, in ms. */
  onTimer?(timestamp: number, ctx: OnTimerContext<K, S>, out: Collector<O>): NoResult;
}

/** What the non-broadcast side of a broadcast connection sees. */
export interface ReadOnlyBroadcastContext {
  /** Timestamp of the record, in ms; undefined when it has none. */
  timestamp(): number | undefined;
  /** The clock of the task, in ms since the epoch; manual in tests. */
  currentProcessingTime(): number;
  /** The event time reached, in ms; MIN_WATERMARK before the first watermark. */
  currentWatermark(): number;
  /** Emits to the side output of a tag, with the timestamp of what is processed. Read it with `getSideOutput(tag)`. */
  output<X>(tag: OutputTag<X>, value: NoInfer<X>): void;
  /** A broadcast state, to be read. @throws JobExecutionError when `broadcast()` was not given the descriptor. */
  getBroadcastState<BK, BV>(descriptor: MapStateDescriptor<BK, BV>): ReadOnlyBroadcastState<BK, BV>;
}
/** What the broadcast side sees. */
export interface BroadcastContext extends Omit<ReadOnlyBroadcastContext, "getBroadcastState"> {
  /** A broadcast state, to be changed. @throws JobExecutionError when `broadcast()` was not given the descriptor. */
  getBroadcastState<BK, BV>(descriptor: MapStateDescriptor<BK, BV>): BroadcastState<BK, BV>;
}
/** {@link ReadOnlyBroadcastContext} on a keyed stream. */
export interface KeyedReadOnlyBroadcastContext<K, S = NoState> extends ReadOnlyBroadcastContext {
  /** Clocks, and timers of the current key. */
  timerService(): TimerService;
  /** The key of the record or timer that is processed. */
  getCurrentKey(): K;
  /** Handles of the declared `state` record, by name. */
  readonly state: StateHandles<S>;
}
/** {@link BroadcastContext} on a keyed stream. */
export interface KeyedBroadcastContext<K> extends BroadcastContext {
  /** Calls `fn` with the state of every key of this subtask. */
  applyToKeyedState<H>(descriptor: StateDescriptor, fn: (key: K, state: H) => void): void;
}
/** Broadcast state pattern, main stream not keyed. */
export interface BroadcastProcess<A, B, O> extends Lifecycle {
  /** Called for each record of the stream that is split; may read the broadcast state. */
  processElement(value: A, ctx: ReadOnlyBroadcastContext, out: Collector<O>): NoResult;
  /** Called for each record of the broadcast stream, in every subtask. All subtasks have to do the same to the state. */
  processBroadcastElement(value: B, ctx: BroadcastContext, out: Collector<O>): NoResult;
}
/** Broadcast state pattern, main stream keyed. */
export interface KeyedBroadcastProcess<K, A, B, O, S extends StateDeclarations = NoState> extends Lifecycle {
  /** Declared state by name; `ctx.state` has the handles. Known to the engine before the first record. */
  readonly state?: S;
  /** Called for each record of the stream that is split; may read the broadcast state. */
  processElement(value: A, ctx: KeyedReadOnlyBroadcastContext<K, S>, out: Collector<O>): NoResult;
  /** Called for each record of the broadcast stream, in every subtask. All subtasks have to do the same to the state. */
  processBroadcastElement(value: B, ctx: KeyedBroadcastContext<K>, out: Collector<O>): NoResult;
  /** Called when a timer of a key fires; `timestamp` is what was registered, in ms. */
  onTimer?(
    timestamp: number,
    ctx: KeyedReadOnlyBroadcastContext<K, S> & { timeDomain(): TimeDomain },
    out: Collector<O>,
  ): NoResult;
}

/** What a join of two records within an interval sees. */
export interface ProcessJoinContext {
  /** Timestamp of the left record. */
  getLeftTimestamp(): number;
  /** Timestamp of the right record, in ms. */
  getRightTimestamp(): number;
  /** The larger of the two: the timestamp of the result. */
  getTimestamp(): number;
  /** Emits to the side output of a tag, with the timestamp of what is processed. Read it with `getSideOutput(tag)`. */
  output<X>(tag: OutputTag<X>, value: NoInfer<X>): void;
}
/** Handles a pair of an interval join. */
export interface ProcessJoin<L, R, O> extends Lifecycle {
  /** Called for each pair. */
  processElement(left: L, right: R, ctx: ProcessJoinContext, out: Collector<O>): NoResult;
}

/** Per-window and global state of a key. */
export interface WindowStateStore {
  /** One value. */
  getState<T>(
    descriptor: import("./state_descriptor.ts").ValueStateDescriptor<T>,
  ): import("./state_descriptor.ts").ValueState<T>;
  /** A list. */
  getListState<T>(
    descriptor: import("./state_descriptor.ts").ListStateDescriptor<T>,
  ): import("./state_descriptor.ts").ListState<T>;
  /** A map. */
  getMapState<K, V>(
    descriptor: import("./state_descriptor.ts").MapStateDescriptor<K, V>,
  ): import("./state_descriptor.ts").MapState<K, V>;
  /** One value, combined by a reduce function. */
  getReducingState<T>(
    descriptor: import("./state_descriptor.ts").ReducingStateDescriptor<T>,
  ): import("./state_descriptor.ts").ReducingState<T>;
  /** One accumulator. */
  getAggregatingState<IN, ACC, OUT>(
    descriptor: import("./state_descriptor.ts").AggregatingStateDescriptor<IN, ACC, OUT>,
  ): import("./state_descriptor.ts").AggregatingState<IN, OUT>;
}
/** What a window function sees. */
export interface ProcessWindowContext<W extends Window> {
  /** The window that is evaluated. */
  window(): W;
  /** The clock of the task, in ms since the epoch; manual in tests. */
  currentProcessingTime(): number;
  /** The event time reached, in ms; MIN_WATERMARK before the first watermark. */
  currentWatermark(): number;
  /** State of this key and window; clean it in `clear`. Not available with merging windows. */
  windowState(): WindowStateStore;
  /** State of this key over all windows. */
  globalState(): WindowStateStore;
  /** Emits to the side output of a tag, with the timestamp of what is processed. Read it with `getSideOutput(tag)`. */
  output<X>(tag: OutputTag<X>, value: NoInfer<X>): void;
}
/** Evaluates a window of a keyed stream. */
export interface ProcessWindow<I, O, K, W extends Window = Window> extends Lifecycle {
  /** Called when the trigger fires: all records of the window, or the one result of a reduce or aggregate before it. */
  process(key: K, ctx: ProcessWindowContext<W>, elements: Iterable<I>, out: Collector<O>): NoResult;
  /** Called when the window is dropped: clear per-window state here. */
  clear?(ctx: ProcessWindowContext<W>): NoResult;
}
/** Evaluates a window over a whole stream. */
export interface ProcessAllWindow<I, O, W extends Window = Window> extends Lifecycle {
  /** Called when the trigger fires: all records of the window, or the one result of a reduce or aggregate before it. */
  process(ctx: ProcessWindowContext<W>, elements: Iterable<I>, out: Collector<O>): NoResult;
  /** Called when the window is dropped: clear per-window state here. */
  clear?(ctx: ProcessWindowContext<W>): NoResult;
}
/** Flink's older form of a window function: no context. */
export type WindowFunction<I, O, K, W extends Window = Window> =
  | ((key: K, window: W, elements: Iterable<I>, out: Collector<O>) => NoResult)
  | ({ apply(key: K, window: W, elements: Iterable<I>, out: Collector<O>): NoResult } & Lifecycle);
/** {@link WindowFunction} over a whole stream. */
export type AllWindowFunction<I, O, W extends Window = Window> =
  | ((window: W, elements: Iterable<I>, out: Collector<O>) => NoResult)
  | ({ apply(window: W, elements: Iterable<I>, out: Collector<O>): NoResult } & Lifecycle);

/**
 * Extend this for a process function with constructor and life cycle.
 *
 * @example
 * ```ts
 * import { type Collector, type ProcessContext, ProcessFunction, StreamExecutionEnvironment } from "tsflink";
 *
 * const env = StreamExecutionEnvironment.getExecutionEnvironment();
 * class Stamped extends ProcessFunction<string, string> {
 *   processElement(word: string, ctx: ProcessContext, out: Collector<string>) {
 *     out.collect(`${word} at ${ctx.timestamp()}`);
 *   }
 * }
 * const words = env.fromData("a").assignTimestampsAndWatermarks({ timestamp: () => 7 });
 * console.assert((await words.process(new Stamped()).executeAndCollect()).join() === "a at 7");
 * ```
 */
export abstract class ProcessFunction<I, O, S extends StateDeclarations = NoState> extends RichFunction
  implements Process<I, O, S> {
  /** Declared state by name; `ctx.state` has the handles. Known to the engine before the first record. */
  declare readonly state?: S;
  /** Called for each record. */
  abstract processElement(value: I, ctx: ProcessContext<S>, out: Collector<O>): void;
}
/**
 * Extend this for a keyed process function; `onTimer` does nothing unless overridden.
 *
 * @example
 * ```ts
 * import { type Collector, type KeyedProcessContext, KeyedProcessFunction, StreamExecutionEnvironment, type ValueState,
 *   ValueStateDescriptor } from "tsflink";
 *
 * const env = StreamExecutionEnvironment.getExecutionEnvironment();
 * class Numbered extends KeyedProcessFunction<string, string, string> {
 *   private count!: ValueState<number>;
 *   override open() {
 *     this.count = this.getRuntimeContext().getState(new ValueStateDescriptor<number>("count"));
 *   }
 *   processElement(word: string, _ctx: KeyedProcessContext<string>, out: Collector<string>) {
 *     const count = (this.count.value() ?? 0) + 1;
 *     this.count.update(count);
 *     out.collect(`${word}${count}`);
 *   }
 * }
 * const numbered = env.fromData("a", "b", "a").keyBy((word) => word).process(new Numbered());
 * console.assert((await numbered.executeAndCollect()).join() === "a1,b1,a2");
 * ```
 */
export abstract class KeyedProcessFunction<K, I, O, S extends StateDeclarations = NoState> extends RichFunction
  implements KeyedProcess<K, I, O, S> {
  /** Declared state by name; `ctx.state` has the handles. Known to the engine before the first record. */
  declare readonly state?: S;
  /** Called for each record, with state and timers of its key. */
  abstract processElement(value: I, ctx: KeyedProcessContext<K, S>, out: Collector<O>): void;
  /** Called when a timer of a key fires; `timestamp` is what was registered, in ms. */
  onTimer(_timestamp: number, _ctx: OnTimerContext<K, S>, _out: Collector<O>): void {}
}
/**
 * Extend this for a process function over two streams.
 *
 * @example
 * ```ts
 * import { type Collector, CoProcessFunction, type ProcessContext, StreamExecutionEnvironment } from "tsflink";
 *
 * const env = StreamExecutionEnvironment.getExecutionEnvironment();
 * class Both extends CoProcessFunction<number, string, string> {
 *   processElement1(n: number, _ctx: ProcessContext, out: Collector<string>) {
 *     out.collect(`number ${n}`);
 *   }
 *   processElement2(text: string, _ctx: ProcessContext, out: Collector<string>) {
 *     out.collect(`text ${text}`);
 *   }
 * }
 * const both = await env.fromData(1).connect(env.fromData("x")).process(new Both()).executeAndCollect();
 * console.assert(both.sort().join() === "number 1,text x");
 * ```
 */
export abstract class CoProcessFunction<A, B, O, S extends StateDeclarations = NoState> extends RichFunction
  implements CoProcess<A, B, O, S> {
  /** Declared state by name; `ctx.state` has the handles. Known to the engine before the first record. */
  declare readonly state?: S;
  /** Called for each record of the first stream. */
  abstract processElement1(value: A, ctx: ProcessContext<S>, out: Collector<O>): void;
  /** Called for each record of the second stream. */
  abstract processElement2(value: B, ctx: ProcessContext<S>, out: Collector<O>): void;
}
/**
 * Extend this for a process function over two keyed streams.
 *
 * @example
 * ```ts
 * import { type Collector, type KeyedProcessContext, KeyedCoProcessFunction, StreamExecutionEnvironment } from "tsflink";
 *
 * const env = StreamExecutionEnvironment.getExecutionEnvironment();
 * type Order = { id: number };
 * class Ids extends KeyedCoProcessFunction<number, Order, Order, string> {
 *   processElement1(_order: Order, ctx: KeyedProcessContext<number>, out: Collector<string>) {
 *     out.collect(`ordered ${ctx.getCurrentKey()}`);
 *   }
 *   processElement2(_order: Order, ctx: KeyedProcessContext<number>, out: Collector<string>) {
 *     out.collect(`paid ${ctx.getCurrentKey()}`);
 *   }
 * }
 * const ids = env.fromData({ id: 1 }).connect(env.fromData({ id: 1 })).keyBy("id", "id").process(new Ids());
 * console.assert((await ids.executeAndCollect()).sort().join() === "ordered 1,paid 1");
 * ```
 */
export abstract class KeyedCoProcessFunction<K, A, B, O, S extends StateDeclarations = NoState> extends RichFunction
  implements KeyedCoProcess<K, A, B, O, S> {
  /** Declared state by name; `ctx.state` has the handles. Known to the engine before the first record. */
  declare readonly state?: S;
  /** Called for each record of the first stream, with the state of its key. */
  abstract processElement1(value: A, ctx: KeyedProcessContext<K, S>, out: Collector<O>): void;
  /** Called for each record of the second stream, with the state of its key. */
  abstract processElement2(value: B, ctx: KeyedProcessContext<K, S>, out: Collector<O>): void;
  /** Called when a timer of a key fires; `timestamp` is what was registered, in ms. */
  onTimer(_timestamp: number, _ctx: OnTimerContext<K, S>, _out: Collector<O>): void {}
}
/**
 * Extend this for the broadcast state pattern on a stream that is not keyed.
 *
 * @example
 * ```ts
 * import { type BroadcastContext, BroadcastProcessFunction, type Collector, MapStateDescriptor,
 *   type ReadOnlyBroadcastContext, StreamExecutionEnvironment } from "tsflink";
 *
 * const env = StreamExecutionEnvironment.getExecutionEnvironment();
 * const limits = new MapStateDescriptor<string, number>("limits");
 * class Limited extends BroadcastProcessFunction<number, number, string> {
 *   processElement(n: number, ctx: ReadOnlyBroadcastContext, out: Collector<string>) {
 *     out.collect(`${n} of ${ctx.getBroadcastState(limits).get("max") ?? "any"}`);
 *   }
 *   processBroadcastElement(max: number, ctx: BroadcastContext) {
 *     ctx.getBroadcastState(limits).put("max", max);
 *   }
 * }
 * const found = await env.fromData(1).connect(env.fromData(5).broadcast(limits)).process(new Limited()).executeAndCollect();
 * console.assert(/^1 of (5|any)$/.test(found[0]));
 * ```
 */
export abstract class BroadcastProcessFunction<A, B, O> extends RichFunction implements BroadcastProcess<A, B, O> {
  /** Called for each record of the stream that is split; may read the broadcast state. */
  abstract processElement(value: A, ctx: ReadOnlyBroadcastContext, out: Collector<O>): void;
  /** Called for each record of the broadcast stream, in every subtask. All subtasks have to do the same to the state. */
  abstract processBroadcastElement(value: B, ctx: BroadcastContext, out: Collector<O>): void;
}
/**
 * Extend this for the broadcast state pattern on a keyed stream.
 *
 * @example
 * ```ts
 * import { type Collector, KeyedBroadcastProcessFunction, type KeyedReadOnlyBroadcastContext, MapStateDescriptor,
 *   StreamExecutionEnvironment } from "tsflink";
 *
 * const env = StreamExecutionEnvironment.getExecutionEnvironment();
 * class Keys extends KeyedBroadcastProcessFunction<string, string, number, string> {
 *   processElement(_word: string, ctx: KeyedReadOnlyBroadcastContext<string>, out: Collector<string>) {
 *     out.collect(ctx.getCurrentKey());
 *   }
 *   processBroadcastElement() {}
 * }
 * const rules = env.fromData(1).broadcast(new MapStateDescriptor<string, number>("rules"));
 * const keys = env.fromData("a").keyBy((word) => word).connect(rules).process(new Keys());
 * console.assert((await keys.executeAndCollect()).join() === "a");
 * ```
 */
export abstract class KeyedBroadcastProcessFunction<K, A, B, O, S extends StateDeclarations = NoState>
  extends RichFunction
  implements KeyedBroadcastProcess<K, A, B, O, S> {
  /** Declared state by name; `ctx.state` has the handles. Known to the engine before the first record. */
  declare readonly state?: S;
  /** Called for each record of the stream that is split; may read the broadcast state. */
  abstract processElement(value: A, ctx: KeyedReadOnlyBroadcastContext<K, S>, out: Collector<O>): void;
  /** Called for each record of the broadcast stream, in every subtask. All subtasks have to do the same to the state. */
  abstract processBroadcastElement(value: B, ctx: KeyedBroadcastContext<K>, out: Collector<O>): void;
  /** Called when a timer of a key fires; `timestamp` is what was registered, in ms. */
  onTimer(
    _timestamp: number,
    _ctx: KeyedReadOnlyBroadcastContext<K, S> & { timeDomain(): TimeDomain },
    _out: Collector<O>,
  ): void {}
}
/**
 * Extend this for the pairs of an interval join.
 *
 * @example
 * ```ts
 * import { type Collector, ProcessJoinFunction, type ProcessJoinContext, StreamExecutionEnvironment } from "tsflink";
 *
 * const env = StreamExecutionEnvironment.getExecutionEnvironment();
 * class Gap extends ProcessJoinFunction<number, number, number> {
 *   processElement(_left: number, _right: number, ctx: ProcessJoinContext, out: Collector<number>) {
 *     out.collect(ctx.getRightTimestamp() - ctx.getLeftTimestamp());
 *   }
 * }
 * const at = (time: number) => env.fromData(time).assignTimestampsAndWatermarks({ timestamp: (t) => t }).keyBy(() => "all");
 * const gaps = at(100).intervalJoin(at(130)).between(0, "1 s").process(new Gap());
 * console.assert((await gaps.executeAndCollect()).join() === "30");
 * ```
 */
export abstract class ProcessJoinFunction<L, R, O> extends RichFunction implements ProcessJoin<L, R, O> {
  /** Called for each pair. */
  abstract processElement(left: L, right: R, ctx: ProcessJoinContext, out: Collector<O>): void;
}
/**
 * Extend this for a window function with context and life cycle.
 *
 * @example
 * ```ts
 * import { type Collector, ProcessWindowFunction, type ProcessWindowContext, StreamExecutionEnvironment, type TimeWindow,
 *   TumblingEventTimeWindows } from "tsflink";
 *
 * const env = StreamExecutionEnvironment.getExecutionEnvironment();
 * class Sizes extends ProcessWindowFunction<number, string, string, TimeWindow> {
 *   process(key: string, ctx: ProcessWindowContext<TimeWindow>, elements: Iterable<number>, out: Collector<string>) {
 *     out.collect(`${key} ${[...elements].length} until ${ctx.window().end}`);
 *   }
 * }
 * const sizes = env.fromData(1, 5, 12).assignTimestampsAndWatermarks({ timestamp: (n) => n })
 *   .keyBy(() => "all").window(TumblingEventTimeWindows.of(10)).process(new Sizes());
 * console.assert((await sizes.executeAndCollect()).join() === "all 2 until 10,all 1 until 20");
 * ```
 */
export abstract class ProcessWindowFunction<I, O, K, W extends Window = Window> extends RichFunction
  implements ProcessWindow<I, O, K, W> {
  /** Called when the trigger fires: all records of the window, or the one result of a reduce or aggregate before it. */
  abstract process(key: K, ctx: ProcessWindowContext<W>, elements: Iterable<I>, out: Collector<O>): void;
  /** Called when the window is dropped: clear per-window state here. */
  clear(_ctx: ProcessWindowContext<W>): void {}
}
/**
 * Extend this for a window function over a whole stream.
 *
 * @example
 * ```ts
 * import { type Collector, ProcessAllWindowFunction, type ProcessWindowContext, StreamExecutionEnvironment, type Window } from "tsflink";
 *
 * const env = StreamExecutionEnvironment.getExecutionEnvironment();
 * class Largest extends ProcessAllWindowFunction<number, number> {
 *   process(_ctx: ProcessWindowContext<Window>, elements: Iterable<number>, out: Collector<number>) {
 *     out.collect(Math.max(...elements));
 *   }
 * }
 * const largest = env.fromData(3, 4, 2, 1).countWindowAll(2).process(new Largest());
 * console.assert((await largest.executeAndCollect()).join() === "4,2");
 * ```
 */
export abstract class ProcessAllWindowFunction<I, O, W extends Window = Window> extends RichFunction
  implements ProcessAllWindow<I, O, W> {
  /** Called when the trigger fires: all records of the window, or the one result of a reduce or aggregate before it. */
  abstract process(ctx: ProcessWindowContext<W>, elements: Iterable<I>, out: Collector<O>): void;
  /** Called when the window is dropped: clear per-window state here. */
  clear(_ctx: ProcessWindowContext<W>): void {}
}
