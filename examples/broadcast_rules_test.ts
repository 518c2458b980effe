import assert from "node:assert/strict";
import { StreamExecutionEnvironment } from "tsflink";
import { limits, payments, type Suspicion, suspicions } from "./broadcast_rules.ts";

const text = ({ payment, limit }: Suspicion) => `${payment.time} ${payment.account} ${payment.amount} > ${limit}`;

Deno.test("broadcast rules: each payment meets the limits of its time, at any parallelism", async () => {
  const expected: string[] = [];
  for (const payment of payments()) {
    let limit: number | undefined;
    // They come in order of time, so the last one that fits counts.
    for (const rule of limits()) {
      if (rule.country === payment.country && rule.time <= payment.time) limit = rule.amount;
    }
    if (limit !== undefined && payment.amount > limit) expected.push(text({ payment, limit }));
  }
  expected.sort();

  for (const parallelism of [1, 3]) {
    const env = StreamExecutionEnvironment.createLocalEnvironment(parallelism);
    const found = await suspicions(env.fromData(payments()), env.fromData(limits())).executeAndCollect();
    assert.deepEqual(found.map(text).sort(), expected);
  }
  assert.equal(expected.length, 136);
  assert.ok(expected.includes("579000 A10 423 > 280"));
});

Deno.test("broadcast rules: a payment before the first limit and one at its very moment", async () => {
  const env = StreamExecutionEnvironment.createLocalEnvironment(2);
  const payment = (time: number, amount: number) => ({ account: "A", country: "CH", amount, time });
  const found = await suspicions(
    env.fromData(payment(99, 900), payment(100, 500), payment(100, 501), payment(101, 502)),
    env.fromData({ country: "CH", amount: 500, time: 100 }, { country: "FR", amount: 0, time: 0 }),
  ).executeAndCollect();
  assert.deepEqual(found.map(text).sort(), ["100 A 501 > 500", "101 A 502 > 500"]);
});
