/**
 * Rules that change while the job runs: payments are checked against limits that arrive as a stream of their own. Every
 * subtask needs all limits, so they are broadcast; payments are split by account.
 *
 * A payment has to meet the limits of its own time, whichever stream is faster. So each payment waits in keyed state until
 * the watermark says that all earlier limits have arrived, and so do the limits: they are kept with their time.
 *
 *     deno run -A cli.ts local examples/broadcast_rules.ts
 */

import {
  type Collector,
  type DataStream,
  listState,
  MapStateDescriptor,
  StreamExecutionEnvironment,
  Types,
} from "tsflink";

export interface Payment {
  readonly account: string;
  readonly country: string;
  readonly amount: number;
  readonly time: number;
}

/** From `time` on, payments to `country` may be so high at most. */
export interface Limit {
  readonly country: string;
  readonly amount: number;
  readonly time: number;
}

export interface Suspicion {
  readonly payment: Payment;
  readonly limit: number;
}

/** All limits of a country, the oldest first. */
const limitsByCountry = new MapStateDescriptor<string, Limit[]>("limits", { keyType: Types.STRING });

export function suspicions(payments: DataStream<Payment>, limits: DataStream<Limit>) {
  const broadcast = limits
    .assignTimestampsAndWatermarks({ timestamp: (limit) => limit.time })
    .broadcast(limitsByCountry);

  return payments
    .assignTimestampsAndWatermarks({ timestamp: (payment) => payment.time, outOfOrderness: "5 s" })
    .keyBy("account")
    .connect(broadcast)
    .process({
      state: { waiting: listState<Payment>() },

      processElement(payment, ctx) {
        ctx.state.waiting.add(payment);
        ctx.timerService().registerEventTimeTimer(payment.time);
      },

      // Every subtask sees every limit and must do the same with it: broadcast state has no owner that could correct it.
      processBroadcastElement(limit, ctx) {
        const state = ctx.getBroadcastState(limitsByCountry);
        state.put(limit.country, [...state.get(limit.country) ?? [], limit].sort((a, b) => a.time - b.time));
      },

      onTimer(time, ctx, out: Collector<Suspicion>) {
        const known = ctx.getBroadcastState(limitsByCountry);
        const waiting = ctx.state.waiting.get();
        for (const payment of waiting.filter((payment) => payment.time <= time)) {
          const limit = known.get(payment.country)?.findLast((limit) => limit.time <= payment.time);
          if (limit !== undefined && payment.amount > limit.amount) out.collect({ payment, limit: limit.amount });
        }
        ctx.state.waiting.update(waiting.filter((payment) => payment.time > time));
      },
    });
}

const COUNTRIES = ["CH", "FR", "JP", "NZ"];

/** A payment a second. */
export function payments(): Payment[] {
  return Array.from({ length: 600 }, (_, second) => ({
    account: `A${(second * 7) % 13}`,
    country: COUNTRIES[(second * 5) % 4],
    amount: (second * 37) % 500,
    time: second * 1000,
  }));
}
/** A new limit every 45 seconds, for one country after the other. */
export function limits(): Limit[] {
  return Array.from({ length: 13 }, (_, i) => ({
    country: COUNTRIES[i % 4],
    amount: 450 - ((i * 70) % 200),
    time: 1 + i * 45_000,
  }));
}

export async function main(): Promise<void> {
  const env = StreamExecutionEnvironment.getExecutionEnvironment();
  suspicions(env.fromData(payments()), env.fromData(limits()))
    .map(({ payment: { account, country, amount, time }, limit }) =>
      `${String(time / 1000).padStart(4)} s  ${account} pays ${amount} to ${country}, the limit is ${limit}`
    )
    .print();
  await env.execute("payments");
}

if (import.meta.main) await main();
