/**
 * Jobs whose results do not depend on how they are run: not on parallelism, batch size, codec, chaining or a restart in
 * the middle. Each takes its input from scripts that stop at a gate half way, so that a snapshot can be taken there.
 *
 * @module
 */

import {
  CountTrigger,
  type DataStream,
  EventTimeSessionWindows,
  GlobalWindows,
  mapState,
  MapStateDescriptor,
  OutputTag,
  PurgingTrigger,
  SlidingEventTimeWindows,
  type StreamExecutionEnvironment,
  TumblingEventTimeWindows,
  valueState,
  WatermarkStrategy,
} from "tsflink";
import { type Gate, scriptedSource, type ScriptStep } from "tsflink/testing";

/** A record of the golden input. */
export interface Click {
  readonly user: string;
  readonly page: number;
  readonly cost: number;
  /** Event time, ms. */
  readonly at: number;
}

const USERS = ["ann", "bob", "cem", "dot", "eve", "fay"];

/** A fixed pseudo-random sequence: the input never changes. */
function* numbers(seed: number): Generator<number> {
  for (let state = seed;;) {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    yield state >>> 8;
  }
}

/** `count` clicks, out of order by at most 5 s. */
export function clicks(count: number, seed: number): Click[] {
  const draw = numbers(seed);
  const next = (below: number) => draw.next().value! % below;
  return Array.from({ length: count }, (_, i) => ({
    user: USERS[next(USERS.length)],
    page: next(4),
    cost: next(1000) / 4,
    at: i * 700 + next(5000),
  }));
}

/** The lowest watermark that no later click of the script violates. */
function script(all: readonly Click[], gate: Gate): ScriptStep<Click>[] {
  const steps: ScriptStep<Click>[] = [];
  all.forEach((click, i) => {
    steps.push({ value: click, timestamp: click.at });
    const rest = all.slice(i + 1);
    if (i % 10 === 9 && rest.length > 0) steps.push({ watermark: Math.min(...rest.map((later) => later.at)) - 1 });
    if (i === all.length >> 1) steps.push({ until: gate });
  });
  return steps;
}

/** What a job gets to build on. */
export interface GoldenInput {
  readonly env: StreamExecutionEnvironment;
  /** Scripts wait here half way. */
  readonly gate: Gate;
}

/** 240 clicks in two splits that both carry all of event time. */
export function clickStream({ env, gate }: GoldenInput): DataStream<Click> {
  const splits = [clicks(120, 7), clicks(120, 11)].map((all) => script(all, gate));
  return env.fromSource(scriptedSource<Click>({ splits }), WatermarkStrategy.noWatermarks(), "clicks").uid("clicks");
}

function otherStream({ env, gate }: GoldenInput): DataStream<Click> {
  return env.fromSource(scriptedSource<Click>(script(clicks(80, 23), gate)), WatermarkStrategy.noWatermarks(), "others")
    .uid("others");
}

/** A stream of whatever, ready for its sink. */
export type Results = DataStream<unknown>;
/** A job; its results are compared as a multiset. */
export type GoldenJob = (input: GoldenInput) => Results;

/** All golden jobs by name. */
export const GOLDEN_JOBS: Readonly<Record<string, GoldenJob>> = {
  "map, flatMap, filter": (input) =>
    clickStream(input)
      .map((click) => ({ ...click, cost: click.cost * 2 }))
      .flatMap((click) => click.page === 0 ? [] : Array.from({ length: click.page }, (_, n) => `${click.user}-${n}`))
      .filter((text) => text < "f"),

  "flatMap by generator and by collector": (input) =>
    clickStream(input)
      .flatMap(function* (click) {
        for (let n = 0; n < click.page; n++) yield { user: click.user, n };
      })
      .flatMap((one: { user: string; n: number }, out: { collect(value: string): void }) => {
        out.collect(one.user);
        if (one.n > 1) out.collect(`${one.user}!`);
      }),

  "keyed maxBy": (input) =>
    last(clickStream(input).keyBy("user").maxBy("cost"), (click) => click.user, (click) => click.cost),

  "keyed sum over two fields": (input) =>
    last(
      clickStream(input).map((click) => ({ ...click, at: 0 })).keyBy("user", "page").sum("cost"),
      (click) => `${click.user}/${click.page}`,
      (click) => click.cost,
    ),

  "tumbling event-time windows": (input) =>
    clickStream(input).keyBy("user").window(TumblingEventTimeWindows.of("10 s")).aggregate({
      createAccumulator: () => ({ count: 0, cost: 0 }),
      add: (click, acc) => ({ count: acc.count + 1, cost: acc.cost + click.cost }),
      getResult: (acc) => acc,
      merge: (a, b) => ({ count: a.count + b.count, cost: a.cost + b.cost }),
    }, {
      process: (user, ctx, [total], out: { collect(value: string): void }) =>
        out.collect(`${user} ${ctx.window().start} ${total.count} ${total.cost}`),
    }),

  "sliding event-time windows": (input) =>
    clickStream(input).keyBy("page").window(SlidingEventTimeWindows.of("20 s", "5 s")).reduce(
      (a, b) => ({ ...a, cost: a.cost + b.cost, at: Math.max(a.at, b.at), user: a.user < b.user ? a.user : b.user }),
    ),

  "session windows": (input) =>
    clickStream(input).keyBy((click) => click.user).window(EventTimeSessionWindows.withGap("3 s")).process({
      process: (user, ctx, elements, out: { collect(value: string): void }) =>
        out.collect(`${user} ${ctx.window().start}-${ctx.window().end} ${[...elements].length}`),
    }),

  "windowAll": (input) =>
    clickStream(input).windowAll(TumblingEventTimeWindows.of("15 s")).process({
      process: (ctx, elements, out: { collect(value: string): void }) =>
        out.collect(`${ctx.window().end} ${[...elements].map((click) => click.cost).sort((a, b) => a - b).join()}`),
    })
      // Alone at parallelism 1 it is chained to its sink or not, and without a uid its id depends on that, as in Flink.
      .uid("all"),

  "global windows with a purging count trigger": (input) =>
    clickStream(input).map((click) => ({ user: click.user, n: 1 })).keyBy("user").window(GlobalWindows.create())
      .trigger(PurgingTrigger.of(CountTrigger.of(5))).reduce((a, b) => ({ user: a.user, n: a.n + b.n })),

  "count windows": (input) =>
    clickStream(input).map((click) => ({ user: click.user, n: 1 })).keyBy("user").countWindow(4).sum("n"),

  "interval join": (input) =>
    clickStream(input).keyBy("user").intervalJoin(otherStream(input).keyBy("user")).between("-2 s", "1 s").process({
      processElement: (left, right, ctx, out: { collect(value: string): void }) =>
        out.collect(`${left.user} ${left.at} ${right.at} ${ctx.getTimestamp()}`),
    }),

  "window join": (input) =>
    clickStream(input).join(otherStream(input)).where((click) => click.user).equalTo((click) => click.user)
      .window(TumblingEventTimeWindows.of("5 s")).apply((left, right) => `${left.user} ${left.cost} ${right.cost}`),

  "coGroup": (input) =>
    clickStream(input).coGroup(otherStream(input)).where((click) => click.page).equalTo((click) => click.page)
      .window(TumblingEventTimeWindows.of("20 s"))
      .apply((left, right, out: { collect(value: string): void }) =>
        out.collect(`${[...left].map((c) => c.at).sort().join()}|${[...right].map((c) => c.at).sort().join()}`)
      ),

  "keyed process with state and event-time timers": (input) =>
    clickStream(input).keyBy("user").process({
      state: { count: valueState<number>({ defaultValue: 0 }) },
      processElement(click, ctx, _out: { collect(value: string): void }) {
        ctx.state.count.update(ctx.state.count.value() + 1);
        const end = Math.floor(click.at / 12_000) * 12_000 + 12_000;
        // Registered again and again: one timer per key and time.
        ctx.timerService().registerEventTimeTimer(end + 5000);
        ctx.timerService().registerEventTimeTimer(Number.MAX_SAFE_INTEGER);
      },
      onTimer(timestamp, ctx, out) {
        out.collect(`${ctx.getCurrentKey()} at ${timestamp} in ${ctx.timeDomain()}`);
        if (timestamp > Number.MAX_SAFE_INTEGER - 1) out.collect(`${ctx.state.count.value()}`);
      },
    }),

  "keyed connect shares state": (input) =>
    last(
      clickStream(input).keyBy("user").connect(otherStream(input).keyBy("user")).process({
        state: { sum: valueState<number>({ defaultValue: 0 }) },
        processElement1(click, ctx, out: { collect(value: { user: string; sum: number }): void }) {
          ctx.state.sum.update(ctx.state.sum.value() + click.page);
          out.collect({ user: click.user, sum: ctx.state.sum.value() });
        },
        processElement2(click, ctx, out) {
          ctx.state.sum.update(ctx.state.sum.value() + 1000);
          out.collect({ user: click.user, sum: ctx.state.sum.value() });
        },
      }),
      (total) => total.user,
      (total) => total.sum,
    ),

  "union and side output": (input) => {
    const odd = new OutputTag<string>("odd");
    const main = clickStream(input).union(otherStream(input)).process({
      processElement(click, ctx, out: { collect(value: string): void }) {
        if (click.page % 2 === 1) ctx.output(odd, `odd ${click.user}`);
        else out.collect(`even ${click.user}`);
      },
    });
    return main.union(main.getSideOutput(odd).map((text) => text.toUpperCase()));
  },

  "broadcast state": (input) => {
    const { env } = input;
    const rules = new MapStateDescriptor<number, string>("rules");
    const named = env.fromData([0, "zero"] as const, [1, "one"] as const, [2, "two"] as const, [3, "three"] as const);
    // Clicks and rules come in any order; MAX comes when both inputs have ended, so then all rules are there.
    return clickStream(input).keyBy("user").connect(named.broadcast(rules)).process({
      state: { clicks: mapState<number, number>() },
      processElement(click, ctx, _out: { collect(value: string): void }) {
        const { clicks } = ctx.state;
        clicks.put(click.page, (clicks.get(click.page) ?? 0) + 1);
        ctx.timerService().registerEventTimeTimer(Number.MAX_SAFE_INTEGER);
      },
      processBroadcastElement([page, name], ctx) {
        ctx.getBroadcastState(rules).put(page, name);
      },
      onTimer(_timestamp, ctx, out) {
        for (const [page, count] of ctx.state.clicks.entries()) {
          out.collect(`${ctx.getCurrentKey()} ${ctx.getBroadcastState(rules).get(page)} ${count}`);
        }
      },
    });
  },

  "every way of partitioning": (input) => {
    const all = clickStream(input).map((click) => click.page);
    const spread = [all.rebalance(), all.shuffle(), all.rescale(), all.global()].map((one, i) =>
      one.map((n) => n + i * 10)
    );
    return spread[0].union(
      spread[1],
      spread[2],
      spread[3],
      all.partitionCustom((key: number, n) => key % n, (page) => page).map((n) => n + 100),
    );
  },

  "async map": (input) => clickStream(input).asyncMap((click) => Promise.resolve([click.cost + 1]), { capacity: 3 }),
};

/**
 * The last result of each key: running aggregates emit as often as they get input, in an order that depends on how the
 * two splits interleave, but the largest is the same.
 */
function last<T>(stream: DataStream<T>, key: (value: T) => string, rank: (value: T) => number): Results {
  return stream.keyBy((value) => key(value)).process({
    state: { best: valueState<number>() },
    processElement(value, ctx, _out: { collect(value: string): void }) {
      const best = ctx.state.best.value();
      if (best === undefined || rank(value) > best) ctx.state.best.update(rank(value));
      ctx.timerService().registerEventTimeTimer(Number.MAX_SAFE_INTEGER);
    },
    onTimer(_timestamp, ctx, out) {
      out.collect(`${ctx.getCurrentKey()} ${ctx.state.best.value()}`);
    },
  });
}
