/**
 * Nexmark query 5, "hot items": the auctions with the most bids in the last ten seconds, every two seconds.
 *
 *     deno run -A cli.ts local examples/nexmark_q5.ts --events 1000000
 */

import {
  type AggregateFunction,
  type Bid,
  type Collector,
  type DataStream,
  isBid,
  type NexmarkEvent,
  NexmarkSource,
  SlidingEventTimeWindows,
  StreamExecutionEnvironment,
  TumblingEventTimeWindows,
} from "tsflink";

/** An auction that no other had more bids than in a window of ten seconds. */
export interface HotItem {
  readonly windowEnd: number;
  readonly auction: number;
  readonly bids: number;
}

const counting: AggregateFunction<Bid, number, number> = {
  createAccumulator: () => 0,
  add: (_bid, count) => count + 1,
  getResult: (count) => count,
};

export function q5(events: DataStream<NexmarkEvent>) {
  return events
    .filter(isBid)
    .keyBy("auction")
    .window(SlidingEventTimeWindows.of("10 s", "2 s"))
    .aggregate(counting, (auction, window, [bids], out: Collector<HotItem>) => {
      out.collect({ windowEnd: window.end, auction, bids });
    })
    // A result has the last millisecond of its window as its time. So all results of windows that end together, and no
    // others, meet in one window as long as the slide.
    .windowAll(TumblingEventTimeWindows.of("2 s"))
    .apply((_window, items, out: Collector<HotItem>) => {
      const all = [...items];
      const most = all.reduce((max, { bids }) => Math.max(max, bids), 0);
      for (const item of all) if (item.bids === most) out.collect(item);
    });
}

export async function main(): Promise<void> {
  const env = StreamExecutionEnvironment.getExecutionEnvironment();
  const { events } = env.args.parse({ events: 300_000 });
  const source = new NexmarkSource({ count: events });

  q5(env.fromSource(source, { outOfOrderness: "4 s" }, "Nexmark"))
    .map(({ windowEnd, auction, bids }) =>
      `${new Date(windowEnd).toISOString().slice(11, 19)}  auction ${auction}: ${bids} bids`
    ).setParallelism(1)
    .print().setParallelism(1);
  await env.execute("nexmark q5");
}

if (import.meta.main) await main();
