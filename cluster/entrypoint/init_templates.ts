/**
 * The files of a new project, as `tsflink init` writes them. A test runs them; they are formatted as `deno fmt` would.
 *
 * @module
 */

import config from "../../deno.json" with { type: "json" };
import { launch } from "../../runtime/seams/system/launch.ts";

/** Root of this copy of tsflink; what is one file has no modules that a project could import. */
const ROOT = launch().loadsSources ? launch().root : new URL("tsflink:");

/** How a project finds tsflink, and how its commands are called. */
export interface Origin {
  readonly api: string;
  readonly testing: string;
  readonly cli: string;
}

/** A checkout is named by its absolute URL; everything else comes from the registry. */
export function originOf(root: URL = ROOT, version: string = config.version): Origin {
  const packageName = `jsr:@tsflink/tsflink@^${version}`;
  if (root.protocol !== "file:") {
    return { api: packageName, testing: `${packageName}/testing`, cli: `${packageName}/cli` };
  }
  return {
    api: new URL("mod.ts", root).href,
    testing: new URL("runtime/testing/mod.ts", root).href,
    cli: new URL("cli.ts", root).href,
  };
}

/** The files by name. @param name Name of the project, and of its job. */
export function projectFiles(name: string, origin: Origin): Readonly<Record<string, string>> {
  return {
    "deno.json": `${JSON.stringify(denoJson(origin), undefined, 2)}\n`,
    "job.ts": JOB.replace("NAME", () => JSON.stringify(name)).replace("CLI", () => origin.cli),
    "job_test.ts": JOB_TEST,
    ".gitignore": GITIGNORE,
  };
}

function denoJson({ api, testing }: Origin): unknown {
  return {
    imports: { "tsflink": api, "tsflink/testing": testing },
    tasks: { start: "deno run -A job.ts", test: "deno test -A" },
    fmt: { lineWidth: 120 },
  };
}

const JOB = `/**
 * Orders and revenue per product and time window, by the time at which the orders were made: orders that arrive late or out
 * of order are counted where they belong, and every run gives the same results.
 *
 *     deno task start
 *     deno task start --orders 1000 --seconds 30
 *     deno run -A CLI local job.ts      all cores, with a live view
 */

import {
  type AggregateFunction,
  type Collector,
  type DataStream,
  Duration,
  StreamExecutionEnvironment,
  TumblingEventTimeWindows,
} from "tsflink";

export interface Order {
  readonly product: string;
  readonly amount: number;
  /** When the order was made: ms since the epoch. */
  readonly time: number;
}

export interface Revenue {
  readonly product: string;
  /** Begin of the window. */
  readonly start: number;
  readonly orders: number;
  readonly amount: number;
}

type Total = Pick<Revenue, "orders" | "amount">;

/** Runs once per order, so that a window keeps one total and not all of its orders. */
const total: AggregateFunction<Order, Total, Total> = {
  createAccumulator: () => ({ orders: 0, amount: 0 }),
  add: (order, sum) => ({ orders: sum.orders + 1, amount: sum.amount + order.amount }),
  merge: (a, b) => ({ orders: a.orders + b.orders, amount: a.amount + b.amount }),
  getResult: (sum) => sum,
};

/** The pipeline. It knows neither where orders come from nor where results go: job_test.ts gives it its own. */
export function revenue(orders: DataStream<Order>, seconds: number): DataStream<Revenue> {
  return orders
    // A window is closed when the watermark says that its time is over: here, ten seconds behind the latest order.
    .assignTimestampsAndWatermarks({ timestamp: (order) => order.time, outOfOrderness: "10 s" })
    .keyBy("product")
    .window(TumblingEventTimeWindows.of(Duration.ofSeconds(seconds)))
    // The aggregate runs per order, this function once per window: it knows the key and the window.
    .aggregate(total, (product, { start }, [sum], out: Collector<Revenue>) => {
      out.collect({ product, start, ...sum });
    })
    // The identity of the operator's state: set it on everything that keeps state, and never change it.
    .uid("revenue");
}

/** Made-up orders, a second or so apart, some of them late: a real job has env.fromSource(...) here. */
export function someOrders(count: number): Order[] {
  const products = ["apples", "bread", "cheese"];
  return Array.from({ length: count }, (_, i) => ({
    product: products[(i * 5) % 7 % 3],
    amount: 1 + (i * 7) % 20,
    time: Date.UTC(2026, 0, 1) + i * 1000 - (i % 5 === 4 ? 4000 : 0),
  }));
}

export async function main(): Promise<void> {
  const env = StreamExecutionEnvironment.getExecutionEnvironment();
  // Names, defaults and types of the arguments; an unknown one is refused.
  const { orders, seconds } = env.args.parse({ orders: 300, seconds: 60 });

  revenue(env.fromData(someOrders(orders)), seconds)
    .map(({ product, start, orders, amount }) => {
      const time = new Date(start).toISOString().slice(11, 19);
      return \`\${time}  \${product.padEnd(8)} \${String(orders).padStart(3)} orders  \${String(amount).padStart(6)}\`;
    })
    .print();
  await env.execute(NAME);
}

if (import.meta.main) await main();
`;

const JOB_TEST = `import assert from "node:assert/strict";
import { testEnvironment } from "tsflink/testing";
import { type Order, revenue, someOrders } from "./job.ts";

const order = (second: number, product: string, amount: number): Order => ({ product, amount, time: second * 1000 });

Deno.test("a late order is counted in its own minute", async () => {
  const { env } = testEnvironment();
  const orders = env.fromData(order(5, "tea", 3), order(61, "tea", 10), order(58, "tea", 4), order(90, "milk", 1));

  assert.deepEqual(await revenue(orders, 60).executeAndCollect(), [
    { product: "tea", start: 0, orders: 2, amount: 7 },
    { product: "tea", start: 60_000, orders: 1, amount: 10 },
    { product: "milk", start: 60_000, orders: 1, amount: 1 },
  ]);
});

Deno.test("no order is lost, however many subtasks there are", async () => {
  for (const parallelism of [1, 3]) {
    const { env } = testEnvironment({ parallelism });
    const found = await revenue(env.fromData(someOrders(200)), 30).executeAndCollect();
    assert.equal(found.reduce((sum, window) => sum + window.orders, 0), 200);
  }
});
`;

const GITIGNORE = `# Bundles made by: tsflink bundle job.ts
*.mjs
`;
