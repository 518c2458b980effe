/**
 * A BATCH job of three stages, for ../batch_slots_test.ts. Arguments: what goes wrong in its second stage, at the first
 * attempt; a file in which attempts leave a line each; how many records there are.
 *
 * @module
 */

import { perSubtask, RichMapFunction, StreamExecutionEnvironment, valueState } from "tsflink";

/** Leaves a line where it is opened, and fails in the way it is told when it is the first of its kind. */
class Marking<T> extends RichMapFunction<T, T> {
  #isFirst = false;

  constructor(readonly stage: string, readonly marks: string, readonly failure: string) {
    super();
  }
  override open(): void {
    const before = Deno.readTextFileSync(this.marks);
    this.#isFirst = !before.includes(this.stage);
    Deno.writeTextFileSync(this.marks, `${this.stage}\n`, { append: true });
  }
  override map(value: T): T {
    if (!this.#isFirst) return value;
    if (this.failure === "throws") throw new Error("at the first attempt");
    if (this.failure === "exits") Deno.exit(0);
    const heap: unknown[] = [];
    while (this.failure === "fills the heap") heap.push(new Array(100_000).fill(heap.length));
    return value;
  }
}

export async function main(): Promise<readonly string[]> {
  const env = StreamExecutionEnvironment.getExecutionEnvironment();
  const [failure, marks, count] = env.args.positional;
  const records = Number(count);
  const marking = (stage: string, failure: string) =>
    perSubtask(() => new Marking<never>(stage, marks, failure)) as never;
  return await env.fromSequence(0, records - 1)
    .map((n) => ({ id: n, key: (n * 7919) % (records / 4), text: `order number ${n} of somebody`, cost: n / 7 }))
    .map<{ id: number; key: number; text: string; cost: number }>(marking("first", "none"))
    .keyBy((order) => order.key).process({
      state: { ids: valueState<number>({ defaultValue: 0 }), n: valueState<number>({ defaultValue: 0 }) },
      processElement(order, ctx, _out: { collect(value: number[]): void }) {
        ctx.state.ids.update(ctx.state.ids.value() + order.id);
        ctx.state.n.update(ctx.state.n.value() + 1);
        ctx.timerService().registerEventTimeTimer(1);
      },
      onTimer(_timestamp, ctx, out) {
        out.collect([1, ctx.state.n.value(), ctx.state.ids.value()]);
      },
    })
    .map<number[]>(marking("second", failure))
    .keyBy(() => "all").reduce((a, b) => a.map((n, i) => n + b[i]))
    .map<number[]>(marking("third", "none"))
    .map((sums) => sums.join(" ")).executeAndCollect();
}
