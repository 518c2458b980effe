/**
 * The cases of the bench: a job and the loop it is held against, over the whole numbers from 1.
 *
 * @module
 */

import { type Sink, type StreamExecutionEnvironment, TumblingEventTimeWindows } from "tsflink";

/** One case. Job and loop give the same numbers to `emit`. */
export interface Case {
  readonly name: string;
  readonly configuration?: Readonly<Record<string, unknown>>;
  job(env: StreamExecutionEnvironment, rows: number, emit: (value: number) => void): void;
  loop(rows: number, emit: (value: number) => void): void;
}

/** Hands every number to `emit`. */
function emitting(emit: (value: number) => void): Sink<number> {
  return { createWriter: () => ({ write: emit, flush: () => {}, close: () => {} }) };
}

const KEYS = 10_000;

const chain: Case = {
  name: "chain of five",
  job: (env, rows, emit) =>
    env.fromSequence(1, rows).map((n) => ({ k: n % 1000, v: n })).filter((r) => r.v % 2 === 0)
      .map((r) => ({ k: r.k, v: r.v + 1 })).flatMap((r) => [r]).map((r) => r.v).sinkTo(emitting(emit)),
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
    job: (env, rows, emit) =>
      env.fromSequence(1, rows).map((n) => ({ n, name: `record ${n}`, half: n / 2 })).rebalance().map((r) => r.half)
        .sinkTo(emitting(emit)),
    loop: (rows, emit) => {
      for (let n = 1; n <= rows; n++) {
        const r = { n, name: `record ${n}`, half: n / 2 };
        emit(r.half);
      }
    },
  };
}

const keyedSum: Case = {
  name: "keyed sum",
  job: (env, rows, emit) =>
    env.fromSequence(1, rows).map((n) => ({ k: n % KEYS, v: n })).keyBy("k").sum("v").map((r) => r.v)
      .sinkTo(emitting(emit)),
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

const window: Case = {
  name: "tumbling window sum",
  job: (env, rows, emit) =>
    env.fromSequence(1, rows).map((n) => ({ k: n % 100, v: n })).assignTimestampsAndWatermarks({
      timestamp: (r) => r.v,
    })
      .keyBy("k").window(TumblingEventTimeWindows.of("10 s")).aggregate({
        createAccumulator: () => 0,
        add: (r, sum) => sum + r.v,
        getResult: (sum) => sum,
      }).sinkTo(emitting(emit)),
  loop: (rows, emit) => {
    let sums = new Map<number, number>();
    for (let n = 1; n <= rows; n++) {
      if (n % 10_000 === 0) {
        for (const sum of sums.values()) emit(sum);
        sums = new Map();
      }
      const r = { k: n % 100, v: n };
      sums.set(r.k, (sums.get(r.k) ?? 0) + r.v);
    }
    for (const sum of sums.values()) emit(sum);
  },
};

/** All cases. */
export const CASES: readonly Case[] = [
  chain,
  exchange("exchange by reference", false),
  exchange("exchange through the codec", true),
  keyedSum,
  window,
];
