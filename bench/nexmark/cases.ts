/**
 * The Nexmark cases: each query as a loop and as a job, with what consumes the results of both.
 *
 * @module
 */

import "../host.ts";
import { StreamExecutionEnvironment, WatermarkStrategy } from "tsflink";
import type { Sink } from "tsflink";
import type { NexmarkEvent } from "../../runtime/connectors/nexmark/model.ts";
import * as joinLoops from "./join_loops.ts";
import * as joinQueries from "./join_queries.ts";
import * as keyedLoops from "./keyed_loops.ts";
import * as keyedQueries from "./keyed_queries.ts";
import * as loops from "./loops.ts";
import * as queries from "./queries.ts";
import { consumers } from "./results.ts";
import type { NexmarkRows } from "./rows.ts";
import { RowsSource } from "./rows_source.ts";
import type { RowConsumer, Sums } from "./sums.ts";

/** Queries of one class are summed up by one geometric mean. */
export type QueryClass = "stateless" | "windows" | "sliding" | "aggregation" | "joins";
/** Beside the queries there are cases that are not judged. */
export type CaseClass = QueryClass | "micro";

/** Share of the loop's speed a class is to reach (ISSUE 4; facts/performance.md 5.5). */
export const TARGETS: Readonly<Record<QueryClass | "all", { readonly accept: number; readonly aim: number }>> = {
  stateless: { accept: 0.4, aim: 0.7 },
  windows: { accept: 0.3, aim: 0.6 },
  sliding: { accept: 0.3, aim: 0.7 },
  aggregation: { accept: 0.3, aim: 0.6 },
  joins: { accept: 0.2, aim: 0.4 },
  all: { accept: 0.3, aim: 0.55 },
};

/** Options of a job by key. */
export type JobOptions = Readonly<Record<string, unknown>>;

/** One query, both ways. */
export interface NexmarkCase {
  readonly name: string;
  readonly class: QueryClass;
  /** Runs the loop; the sums of its results are computed by the returned function. */
  runLoop(rows: NexmarkRows): () => Sums;
  /** Makes the job; `execute` is what is to be measured. */
  makeJob(rows: NexmarkRows, options?: JobOptions): { execute(): Promise<unknown>; sums(): Sums };
}

interface Parts<T> {
  readonly name: string;
  readonly class: QueryClass;
  readonly loop: loops.Loop<T>;
  readonly query: queries.Query<T>;
  readonly consumer: () => RowConsumer<T>;
  /** Windows of processing time: the input stays open until the last one has ended. */
  readonly lingerMs?: number;
}

function define<T>({ name, class: ofClass, loop, query, consumer, lingerMs }: Parts<T>): NexmarkCase {
  return {
    name,
    class: ofClass,
    runLoop(rows) {
      const to = consumer();
      loop(rows, to);
      return () => to.result();
    },
    makeJob(rows, options = {}) {
      const to = consumer();
      const env = StreamExecutionEnvironment.getExecutionEnvironment(options);
      const strategy = WatermarkStrategy.forMonotonousTimestamps<NexmarkEvent>();
      query(env.fromSource(new RowsSource(rows, lingerMs), strategy, "rows")).sinkTo(consuming(to));
      return { execute: () => env.execute(`nexmark ${name}`), sums: () => to.result() };
    },
  };
}

/** Writes each row to the consumer. */
export function consuming<T>(to: RowConsumer<T>): Sink<T> {
  return {
    createWriter: () => ({ isSynchronous: true, write: (row) => to.add(row), flush: () => {}, close: () => {} }),
  };
}

/** All cases, in the order of their numbers. */
export const NEXMARK: readonly NexmarkCase[] = [
  define({ name: "q0", class: "stateless", loop: loops.q0, query: queries.q0, consumer: consumers.bidColumns }),
  define({ name: "q1", class: "stateless", loop: loops.q1, query: queries.q1, consumer: consumers.bidColumns }),
  define({ name: "q2", class: "stateless", loop: loops.q2, query: queries.q2, consumer: consumers.auctionPrice }),
  define({ name: "q3", class: "joins", loop: joinLoops.q3, query: joinQueries.q3, consumer: consumers.localItem }),
  define({
    name: "q4",
    class: "joins",
    loop: joinLoops.q4,
    query: joinQueries.q4,
    consumer: consumers.categoryAverage,
  }),
  define({ name: "q5", class: "sliding", loop: loops.q5, query: queries.q5, consumer: consumers.hotItem }),
  define({ name: "q6", class: "joins", loop: joinLoops.q6, query: joinQueries.q6, consumer: consumers.sellerAverage }),
  define({ name: "q7", class: "windows", loop: loops.q7, query: queries.q7, consumer: consumers.highestBid }),
  define({ name: "q8", class: "windows", loop: loops.q8, query: queries.q8, consumer: consumers.newSeller }),
  define({ name: "q11", class: "windows", loop: loops.q11, query: queries.q11, consumer: consumers.session }),
  define({
    name: "q12",
    class: "windows",
    loop: loops.q12,
    query: queries.q12,
    consumer: consumers.bidTotals,
    lingerMs: loops.Q12_WINDOW_MS,
  }),
  define({
    name: "q17",
    class: "aggregation",
    loop: keyedLoops.q17,
    query: keyedQueries.q17,
    consumer: consumers.auctionDay,
  }),
  define({ name: "q18", class: "aggregation", loop: keyedLoops.q18, query: keyedQueries.q18, consumer: consumers.bid }),
  define({
    name: "q19",
    class: "aggregation",
    loop: keyedLoops.q19,
    query: keyedQueries.q19,
    consumer: consumers.rankedBid,
  }),
  define({
    name: "q20",
    class: "joins",
    loop: joinLoops.q20,
    query: joinQueries.q20,
    consumer: consumers.bidWithAuction,
  }),
  define({ name: "q22", class: "stateless", loop: loops.q22, query: queries.q22, consumer: consumers.urlParts }),
];

/** The case of that name. */
export function nexmarkCase(name: string): NexmarkCase {
  const found = NEXMARK.find((one) => one.name === name);
  if (found === undefined) throw new Error(`no case ${name}; there are ${NEXMARK.map((one) => one.name).join(" ")}`);
  return found;
}
