/**
 * The micro cases that are jobs: chain, exchange, keyed state, timers and windows, each beside the loop it is held
 * against. Both take the whole numbers from 1 and give the same numbers, in any order.
 *
 * @module
 */

import {
  type AggregateFunction,
  type Collector,
  type DataStream,
  EventTimeSessionWindows,
  SlidingEventTimeWindows,
  TumblingEventTimeWindows,
  Types,
  valueState,
} from "tsflink";

/** One case. */
export interface Case {
  readonly name: string;
  readonly configuration?: Readonly<Record<string, unknown>>;
  job(numbers: DataStream<number>): DataStream<number>;
  loop(rows: number, emit: (value: number) => void): void;
}

/** Looks like chance, and is the same every time; below `limit`. */
export function scatter(n: number, limit: number): number {
  let mixed = Math.imul(n ^ (n >>> 16), 0x7feb352d);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x846ca68b);
  return ((mixed ^ (mixed >>> 16)) >>> 0) % limit;
}

const KEYS = 10_000;

const chain: Case = {
  name: "chain/five",
  job: (numbers) =>
    numbers.map((n) => ({ k: n % 1000, v: n })).filter((r) => r.v % 2 === 0)
      .map((r) => ({ k: r.k, v: r.v + 1 })).flatMap((r) => [r]).map((r) => r.v),
  loop: (rows, emit) => {
    for (let n = 1; n <= rows; n++) {
      const r = { k: n % 1000, v: n };
      if (r.v % 2 === 0) { for (const one of [{ k: r.k, v: r.v + 1 }]) emit(one.v); }
    }
  },
};

function exchange(name: string, forceCodec: boolean): Case {
  return {
    name,
    configuration: { "pipeline.exchange.force-codec": forceCodec },
    job: (numbers) => numbers.map((n) => ({ n, name: `record ${n}`, half: n * 2 })).rebalance().map((r) => r.half),
    loop: (rows, emit) => {
      for (let n = 1; n <= rows; n++) {
        const r = { n, name: `record ${n}`, half: n * 2 };
        emit(r.half);
      }
    },
  };
}

const keyedSum: Case = {
  name: "keyed/sum",
  job: (numbers) => numbers.map((n) => ({ k: n % KEYS, v: n })).keyBy("k").sum("v").map((r) => r.v),
  loop: (rows, emit) => {
    const sums = new Map<number, { k: number; v: number }>();
    for (let n = 1; n <= rows; n++) {
      const r = { k: n % KEYS, v: n };
      const old = sums.get(r.k);
      const now = old === undefined ? r : { k: r.k, v: old.v + r.v };
      sums.set(r.k, now);
      emit(now.v);
    }
  },
};

/** A count per key in a process function, over any keys. */
export function keyedCount(name: string, keyOf: (n: number) => number): Case {
  return {
    name,
    job: (numbers) =>
      numbers.keyBy(keyOf).process({
        state: { count: valueState({ type: Types.LONG, defaultValue: 0 }) },
        processElement(_n, { state }, out: Collector<number>) {
          const count = state.count.value() + 1;
          state.count.update(count);
          out.collect(count);
        },
      }),
    loop: (rows, emit) => {
      const counts = new Map<number, { n: number }>();
      for (let n = 1; n <= rows; n++) {
        const key = keyOf(n);
        const held = counts.get(key);
        if (held === undefined) {
          counts.set(key, { n: 1 });
          emit(1);
        } else emit(++held.n);
      }
    },
  };
}

/** One timer per record, all of which fire: at times of their own, or at few common ones. */
function timers(name: string, timeOf: (n: number) => number): Case {
  const KEY_COUNT = 100_000;
  return {
    name,
    job: (numbers) =>
      numbers.keyBy((n) => n % KEY_COUNT).process({
        processElement(n, ctx, _out: Collector<number>) {
          ctx.timerService().registerEventTimeTimer(timeOf(n));
        },
        onTimer(timestamp, ctx, out) {
          out.collect(timestamp + ctx.getCurrentKey());
        },
      }),
    // Buckets by time, a set of keys in each: one timer per key and time.
    loop: (rows, emit) => {
      const buckets = new Map<number, Set<number>>();
      for (let n = 1; n <= rows; n++) {
        const time = timeOf(n);
        let keys = buckets.get(time);
        if (keys === undefined) buckets.set(time, keys = new Set());
        keys.add(n % KEY_COUNT);
      }
      for (const time of [...buckets.keys()].sort((a, b) => a - b)) {
        for (const key of buckets.get(time)!) emit(time + key);
      }
    },
  };
}

const sum: AggregateFunction<number, number, number> = {
  createAccumulator: () => 0,
  add: (n, total) => total + n,
  getResult: (total) => total,
  merge: (left, right) => left + right,
  mergeable: true,
};

const WINDOW_KEYS = 100;

const tumbling: Case = {
  name: "window/tumbling",
  job: (numbers) =>
    numbers.assignTimestampsAndWatermarks({ timestamp: (n) => n })
      .keyBy((n) => n % WINDOW_KEYS).window(TumblingEventTimeWindows.of(10_000)).aggregate(sum),
  loop: (rows, emit) => {
    let sums = new Map<number, number>();
    for (let n = 1; n <= rows; n++) {
      if (n % 10_000 === 0) {
        for (const total of sums.values()) emit(total);
        sums = new Map();
      }
      sums.set(n % WINDOW_KEYS, (sums.get(n % WINDOW_KEYS) ?? 0) + n);
    }
    for (const total of sums.values()) emit(total);
  },
};

/** Sums over the last `ratio` panes of 1000 records, per key. */
export function sliding(name: string, ratio: number): Case {
  const PANE = 1000;
  return {
    name,
    job: (numbers) =>
      numbers.assignTimestampsAndWatermarks({ timestamp: (n) => n })
        .keyBy((n) => n % WINDOW_KEYS).window(SlidingEventTimeWindows.of(ratio * PANE, PANE)).aggregate(sum),
    loop: (rows, emit) => {
      const panes: Float64Array[] = [];
      const totals = new Float64Array(WINDOW_KEYS);
      const held = new Int32Array(WINDOW_KEYS);
      let pane = new Float64Array(WINDOW_KEYS);
      const end = (): void => {
        panes.push(pane);
        for (let k = 0; k < WINDOW_KEYS; k++) {
          totals[k] += pane[k];
          if (pane[k] !== 0) held[k]++;
        }
        if (panes.length > ratio) {
          const gone = panes.shift()!;
          for (let k = 0; k < WINDOW_KEYS; k++) {
            totals[k] -= gone[k];
            if (gone[k] !== 0) held[k]--;
          }
        }
        for (let k = 0; k < WINDOW_KEYS; k++) if (held[k] > 0) emit(totals[k]);
        pane = new Float64Array(WINDOW_KEYS);
      };
      for (let n = 1; n <= rows; n++) {
        if (n % PANE === 0) end();
        pane[n % WINDOW_KEYS] += n;
      }
      for (let i = 0; i <= ratio; i++) end();
    },
  };
}

const GAP = 500;

const session: Case = {
  name: "window/session",
  // A key comes 50 times in turn, one number in 10, and then not for a long while.
  job: (numbers) =>
    numbers.assignTimestampsAndWatermarks({ timestamp: (n) => n })
      .keyBy(sessionKey).window(EventTimeSessionWindows.withGap(GAP)).aggregate(sum),
  loop: (rows, emit) => {
    const open = new Map<number, { last: number; total: number }>();
    for (let n = 1; n <= rows; n++) {
      const key = sessionKey(n);
      const held = open.get(key);
      if (held === undefined) open.set(key, { last: n, total: n });
      else if (n - held.last > GAP) {
        emit(held.total);
        held.last = held.total = n;
      } else {
        held.last = n;
        held.total += n;
      }
    }
    for (const { total } of open.values()) emit(total);
  },
};
function sessionKey(n: number): number {
  return (Math.floor(n / 500) % 100) * 10 + n % 10;
}

/** All cases. */
export const CASES: readonly Case[] = [
  chain,
  exchange("exchange/reference", false),
  exchange("exchange/codec", true),
  keyedSum,
  keyedCount("keyed/count-1e5", (n) => scatter(n, 100_000)),
  keyedCount("keyed/count-1e6", (n) => scatter(n, 1_000_000)),
  timers("timer/own-times", (n) => scatter(n, 3_600_000)),
  timers("timer/60-times", (n) => scatter(n, 60) * 60_000),
  tumbling,
  sliding("window/sliding-10", 10),
  sliding("window/sliding-60", 60),
  session,
];
