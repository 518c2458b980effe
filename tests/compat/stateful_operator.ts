/**
 * The operator whose snapshot is pinned: every kind of keyed state with and without time to live, both kinds of timers,
 * and all three kinds of operator state.
 *
 * @module
 */

import {
  aggregatingState,
  type Collector,
  type FunctionInitializationContext,
  type FunctionSnapshotContext,
  type Key,
  type KeyedProcessContext,
  KeyedProcessFunction,
  listState,
  ListStateDescriptor,
  mapState,
  MapStateDescriptor,
  type OnTimerContext,
  reducingState,
  valueState,
} from "tsflink";
import { type HarnessOptions, type HarnessSnapshot, KeyedOneInputStreamOperatorTestHarness } from "tsflink/testing";
import { keyedProcessOperator } from "../../runtime/operators/keyed_process.ts";

/** What the operator reads. */
export interface Word {
  readonly key: Key;
  readonly n: number;
}

const DECLARED = {
  last: valueState<{ n: number; at: Date }>(),
  recent: listState<number>({ ttl: { ttl: "1 h" } }),
  counts: mapState<string, bigint>(),
  sum: reducingState<number>((a, b) => a + b),
  mean: aggregatingState<number, [sum: number, count: number], number>({
    createAccumulator: () => [0, 0],
    add: (value, [sum, count]) => [sum + value, count + 1],
    getResult: ([sum, count]) => sum / count,
  }),
  expiring: valueState<string>({ ttl: { ttl: "1 d" } }),
};

/** Emits its whole state for a record with n = 0. */
export class Everything extends KeyedProcessFunction<Key, Word, string, typeof DECLARED> {
  override readonly state = DECLARED;
  seen: string[] = [];
  store: FunctionInitializationContext | undefined;

  initializeState(context: FunctionInitializationContext): void {
    this.store = context;
    for (const text of this.split().get()) this.seen.push(text);
  }
  snapshotState(_context: FunctionSnapshotContext): void {
    this.split().update(this.seen);
    this.union().update([{ total: this.seen.length }]);
    for (const text of this.seen) this.rules().put(text, { length: text.length });
  }
  private split() {
    return this.store!.getOperatorStateStore().getListState(new ListStateDescriptor<string>("seen"));
  }
  private union() {
    return this.store!.getOperatorStateStore().getUnionListState(new ListStateDescriptor<{ total: number }>("totals"));
  }
  private rules() {
    return this.store!.getOperatorStateStore().getBroadcastState(
      new MapStateDescriptor<string, { length: number }>("rules"),
    );
  }

  override processElement(
    { key, n }: Word,
    ctx: KeyedProcessContext<Key, typeof DECLARED>,
    out: Collector<string>,
  ): void {
    const { last, recent, counts, sum, mean, expiring } = ctx.state;
    if (n === 0) {
      const rules = [...this.rules().entries()].map(([text, { length }]) => `${text}/${length}`).sort();
      const totals = this.union().get().map(({ total }) => total);
      const kept = [
        last.value(),
        recent.get(),
        [...counts.entries()].map(([k, v]) => `${k}=${v}`),
        sum.get(),
        mean.get(),
      ];
      out.collect(`${JSON.stringify([...kept, expiring.value()])} ${this.seen} ${totals} ${rules}`);
      return;
    }
    last.update({ n, at: new Date(n) });
    recent.add(n);
    counts.put(n % 2 === 0 ? "even" : "odd", BigInt(n) ** 20n);
    sum.add(n);
    mean.add(n);
    expiring.update(`value ${n}`);
    this.seen.push(`${typeof key}${n}`);
    ctx.timerService().registerEventTimeTimer(n * 100);
    ctx.timerService().registerEventTimeTimer(n * 100 + 50);
    ctx.timerService().registerProcessingTimeTimer(n * 1000);
  }
  override onTimer(
    timestamp: number,
    ctx: OnTimerContext<Key, typeof DECLARED>,
    out: Collector<string>,
  ): void {
    out.collect(`${JSON.stringify(ctx.getCurrentKey())} ${ctx.timeDomain()} ${timestamp} ${ctx.state.sum.get()}`);
  }
}

/** A harness over the operator; with a snapshot, one that starts from it. */
export function everythingHarness(
  snapshot?: HarnessSnapshot,
  options: HarnessOptions = {},
): KeyedOneInputStreamOperatorTestHarness<Key, Word, string> {
  const harness = new KeyedOneInputStreamOperatorTestHarness<Key, Word, string>(
    keyedProcessOperator(new Everything()),
    ({ key }) => key,
    { maxParallelism: 16, ...options },
  );
  harness.initializeState(snapshot);
  return harness;
}

/** The keys of the snapshot; each gets the numbers n and n + 1. */
export const SNAPSHOT_KEYS: readonly (readonly [key: Key, n: number])[] = [["a", 1], [["t", 2], 3], [7, 5], [{
  f: true,
}, 7]];

/** The snapshot that is pinned. */
export async function writtenSnapshot(): Promise<HarnessSnapshot> {
  await using harness = everythingHarness();
  harness.setProcessingTime(500);
  for (const [key, n] of SNAPSHOT_KEYS) {
    harness.processElement({ key, n }, n);
    harness.processElement({ key, n: n + 1 }, n);
  }
  harness.processWatermark(120);
  return harness.snapshot(17);
}
