/**
 * Exactly once, end to end: random jobs with a transactional sink are snapshotted, told of completions or not, thrown
 * away and restored at other parallelisms until one ends by itself. What was committed is what arrays give, once.
 *
 * @module
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import {
  AsyncDataStream,
  type Collector,
  type CommitRequest,
  type CommittableMessage,
  type DataStream,
  mapState,
  OutputTag,
  type Sink,
  type StreamExecutionEnvironment,
  TumblingEventTimeWindows,
  WatermarkStrategy,
} from "tsflink";
import { ManualClock, scriptedSource, type ScriptStep } from "tsflink/testing";
import endedSources from "./testdata/ended_source_cases.json" with { type: "json" };
import type { JobSnapshot } from "../jobmaster/job_snapshot.ts";
import type { LocalJob } from "./local_job.ts";
import { type Conditions, conditions, environment, passingOver } from "./testdata/cruel_conditions.ts";

/** Steps of all tasks after which a run is taken to hang. */
const STEP_LIMIT = 300_000;

/** Value and timestamp. */
type Stamped = readonly [number, number];
interface Modelled {
  readonly stream: DataStream<number>;
  readonly records: readonly Stamped[];
}

/** The outside world: transactions by id, each with its records, once. */
class Store {
  readonly transactions = new Map<string, readonly number[]>();
  /** What went wrong; thrown errors would only fail the job. */
  readonly wrong: string[] = [];
  get records(): number[] {
    return [...this.transactions.values()].flat();
  }
}

/** With what arrays say is in it at the end. */
class CheckedStore extends Store {
  constructor(readonly expected: readonly number[]) {
    super();
  }
}

interface Transaction {
  readonly id: string;
  readonly records: readonly number[];
}
interface SinkForm {
  /** Committables take a way through other subtasks. */
  readonly exchanged: boolean;
  readonly turnsPerCommit: number;
}

function transactionalSink(store: Store, attempt: string, form: SinkForm): Sink<number, Transaction, never> {
  const committedNow = new Set<string>();
  let n = 0;
  const commit = (request: CommitRequest<Transaction>) => {
    const { id, records } = request.getCommittable();
    if (committedNow.has(id)) store.wrong.push(`${id} committed twice by one attempt`);
    committedNow.add(id);
    if (store.transactions.has(id)) request.signalAlreadyCommitted();
    store.transactions.set(id, records);
  };
  return {
    createWriter: () => {
      let open: number[] = [];
      return {
        write: (value) => void open.push(value),
        flush: () => {},
        prepareCommit: () => {
          const records = open;
          open = [];
          return records.length === 0 ? [] : [{ id: `${attempt}/${n++}`, records }];
        },
        close: () => {},
      };
    },
    createCommitter: () => ({
      commit: async (requests) => {
        for (let turn = 0; turn < form.turnsPerCommit; turn++) await Promise.resolve();
        requests.forEach(commit);
      },
    }),
    ...(form.exchanged
      ? {
        addPreCommitTopology: (committables: DataStream<CommittableMessage<Transaction>>) =>
          committables.partitionCustom((id: number, n) => (id + 1) % n, (message) => message.subtaskId)
            .map((message) => message),
      }
      : {}),
  };
}

interface Place {
  readonly p: number;
  readonly uid: string;
}
type Build = (input: Modelled, other: Modelled, place: Place) => Modelled[];

const ODD = new OutputTag<number>("odd");
const bucketOf = (timestamp: number) => Math.floor(timestamp / 7);

/** Sums by key and bucket of time; each at the last timestamp of its bucket. */
function sums(records: readonly Stamped[], keys: number, size: number): Stamped[] {
  const byKey = new Map<string, [number, number]>();
  for (const [value, timestamp] of records) {
    const bucket = Math.floor(timestamp / size);
    const key = `${value % keys}/${bucket}`;
    const sum = byKey.get(key) ?? [0, bucket * size + size - 1];
    sum[0] += value;
    byKey.set(key, sum);
  }
  return [...byKey.values()];
}

const OPERATIONS: Readonly<Record<string, Build>> = {
  map: ({ stream, records }, _, { p, uid }) => [{
    stream: stream.map((n) => n + 1).setParallelism(p).uid(uid),
    records: records.map(([n, t]) => [n + 1, t]),
  }],
  flatMap: ({ stream, records }, _, { p, uid }) => [{
    stream: stream.flatMap(function* (n) {
      for (let i = 0; i < n % 4; i++) yield n + i;
    }).setParallelism(p).uid(uid),
    records: records.flatMap(([n, t]) => Array.from({ length: n % 4 }, (_, i): Stamped => [n + i, t])),
  }],
  rebalance: ({ stream, records }, _, { p, uid }) => [{
    stream: stream.rebalance().map((n) => n).setParallelism(p).uid(uid),
    records,
  }],
  "side output": ({ stream, records }, _, { p, uid }) => {
    const split = stream.process({
      processElement(n, ctx, out: Collector<number>) {
        if (n % 2 === 0) out.collect(n);
        else ctx.output(ODD, n);
      },
    }).setParallelism(p).uid(uid);
    return [
      { stream: split, records: records.filter(([n]) => n % 2 === 0) },
      { stream: split.getSideOutput(ODD), records: records.filter(([n]) => n % 2 !== 0) },
    ];
  },
  union: (a, b) => [{ stream: a.stream.union(b.stream), records: [...a.records, ...b.records] }],
  connect: (a, b, { p, uid }) => [{
    stream: a.stream.connect(b.stream).map({ map1: (n) => n * 2, map2: (n) => n * 2 + 1 }).setParallelism(p).uid(uid),
    records: [
      ...a.records.map(([n, t]): Stamped => [n * 2, t]),
      ...b.records.map(([n, t]): Stamped => [n * 2 + 1, t]),
    ],
  }],
  async: ({ stream, records }, _, { p, uid }) => [{
    stream: AsyncDataStream.unorderedWait(
      stream,
      async (n: number) => {
        for (let i = 0; i < n % 3; i++) await Promise.resolve();
        return [n + 3];
      },
      "1 h",
      3,
    ).setParallelism(p).uid(uid),
    records: records.map(([n, t]) => [n + 3, t]),
  }],
  timers: ({ stream, records }, _, { p, uid }) => [{
    stream: stream.keyBy((n) => n % 5).process({
      state: { sums: mapState<number, number>() },
      processElement(n, ctx) {
        const bucket = bucketOf(ctx.timestamp()!);
        ctx.state.sums.put(bucket, (ctx.state.sums.get(bucket) ?? 0) + n);
        ctx.timerService().registerEventTimeTimer(bucket * 7 + 6);
      },
      onTimer(timestamp, ctx, out: Collector<number>) {
        out.collect(ctx.state.sums.get(bucketOf(timestamp))!);
        ctx.state.sums.remove(bucketOf(timestamp));
      },
    }).setParallelism(p).uid(uid),
    records: sums(records, 5, 7),
  }],
  window: ({ stream, records }, _, { p, uid }) => [{
    stream: stream.keyBy((n) => n % 3).window(TumblingEventTimeWindows.of(10)).reduce((a, b) => a + b)
      .setParallelism(p).uid(uid),
    records: sums(records, 3, 10),
  }],
};

interface Step {
  readonly operation: string;
  readonly input: number;
  readonly other: number;
}

const plans: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    operation: fc.constantFrom(...Object.keys(OPERATIONS)),
    input: fc.nat(20),
    other: fc.nat(20),
  }),
  { minLength: 1, maxLength: 6 },
);

/** Splits by source; very different lengths, so that some tasks are done long before the others. */
const inputs: fc.Arbitrary<number[][][]> = fc.array(
  fc.array(
    fc.oneof(fc.array(fc.nat(60), { maxLength: 4 }), fc.array(fc.nat(60), { minLength: 30, maxLength: 60 })),
    { minLength: 1, maxLength: 4 },
  ),
  { minLength: 1, maxLength: 2 },
);

/** The records of a split are one apart in time, with a watermark after every third. */
const script = (values: readonly number[]): ScriptStep<number>[] =>
  values.flatMap((value, i) => [{ value, timestamp: i }, ...(i % 3 === 2 ? [{ watermark: i - 1 }] : [])]);

interface Attempt {
  readonly parallelisms: readonly number[];
  /** What happens after how many more steps. */
  readonly events: readonly { readonly after: number; readonly what: "snapshot" | "complete" }[];
  readonly endAfter: number;
  readonly end: "cancel" | "drain" | "stop";
  /** Go on from the last snapshot that was completed, not the last taken. */
  readonly fromCompleted: boolean;
}

const attempts: fc.Arbitrary<Attempt[]> = fc.array(
  fc.record({
    parallelisms: fc.array(fc.constantFrom(1, 2, 3), { minLength: 3, maxLength: 3 }),
    events: fc.array(
      fc.record({ after: fc.nat(60), what: fc.constantFrom("snapshot", "snapshot", "complete") }),
      { maxLength: 8 },
    ),
    endAfter: fc.nat(250),
    end: fc.constant("cancel"),
    fromCompleted: fc.boolean(),
  }),
  { minLength: 1, maxLength: 4 },
) as fc.Arbitrary<Attempt[]>;

function build(
  env: StreamExecutionEnvironment,
  sources: readonly number[][][],
  plan: readonly Step[],
  parallelisms: readonly number[],
): Modelled[] {
  const p = (i: number) => parallelisms[i % parallelisms.length];
  const streams: Modelled[] = sources.map((splits, i) => ({
    stream: env.fromSource(
      scriptedSource<number>({ splits: splits.map(script) }),
      WatermarkStrategy.noWatermarks(),
      `source ${i}`,
    ).setParallelism(p(i)).uid(`source-${i}`),
    records: splits.flatMap((values) => values.map((value, at): Stamped => [value, at])),
  }));
  const read = new Set<Modelled>();
  for (const [i, { operation, input, other }] of plan.entries()) {
    const a = streams[input % streams.length];
    const b = streams[other % streams.length];
    if (a.records.length + b.records.length > 500 || (operation === "union" && a === b)) continue;
    streams.push(...OPERATIONS[operation](a, b, { p: p(i + 1), uid: `${operation}-${i}` }));
    read.add(a).add(b);
  }
  return streams.filter((modelled, i) => i === 0 || !read.has(modelled));
}

/** What the attempts before have left. */
interface Past {
  taken: JobSnapshot | undefined;
  completed: JobSnapshot | undefined;
}

/** Writes down what is taken and completed, by whomever. */
function watch(job: LocalJob, past: Past): void {
  const { takeSnapshot, completeSnapshot } = job;
  const byId = new Map<number, JobSnapshot>();
  job.takeSnapshot = async function (id) {
    const snapshot = await takeSnapshot.call(this, id);
    byId.set(snapshot.checkpointId, snapshot);
    past.taken = snapshot;
    return snapshot;
  };
  job.completeSnapshot = function (id) {
    past.completed = byId.get(id)!;
    completeSnapshot.call(this, id);
  };
}

interface Case {
  readonly sources: readonly number[][][];
  readonly plan: readonly Step[];
  readonly form: SinkForm;
}

/** Runs one attempt; whether it ended by itself. */
async function runAttempt(
  of: Case,
  how: Conditions,
  { attempt, no, past, stores, steps }: {
    readonly attempt: Attempt;
    readonly no: number;
    readonly past: Past;
    readonly stores: CheckedStore[];
    readonly steps: { onStep?: () => void };
  },
): Promise<boolean> {
  let job!: LocalJob;
  // A job commits at its start what it is restored from: there is no way back behind that.
  const restored = past.completed = past.taken;
  const clock = new ManualClock();
  const env = environment(how, { restored, checkpointing: true }, (started) => job = started, clock);
  build(env, of.sources, of.plan, attempt.parallelisms).forEach(({ stream, records }, i) => {
    stores[i] ??= new CheckedStore(sorted(records.map(([value]) => value)));
    stream.sinkTo(transactionalSink(stores[i], `${no}`, of.form)).setParallelism(attempt.parallelisms[i % 3])
      .uid(`sink-${i}`);
  });
  const client = await env.executeAsync();
  watch(job, past);
  const events = [...attempt.events];
  let wait = events[0]?.after ?? Infinity;
  let left = attempt.endAfter;
  let total = 0;
  steps.onStep = () => {
    clock.advance(10);
    if (total++ === STEP_LIMIT) job.fail(new Error("it hangs"));
    if (left-- === 0) {
      queueMicrotask(() => void (attempt.end === "cancel" ? client.cancel() : job.stop(attempt.end === "drain")));
    }
    while (wait-- <= 0 && events.length > 0) {
      const { what } = events.shift()!;
      wait = events[0]?.after ?? Infinity;
      if (what === "snapshot") job.takeSnapshot().catch(() => {});
      else if (past.taken !== undefined && past.taken !== past.completed) {
        job.completeSnapshot(past.taken.checkpointId);
      }
    }
  };
  return await client.getJobExecutionResult().then(() => true, (error) => {
    if (error.code !== "TSF-5020") throw error;
    return false;
  });
}

/** Runs the attempts, then one more that nobody cancels; the stores and how many attempts that took. */
async function runCase(
  of: Case,
  how: Conditions,
  all: readonly Attempt[],
  last: Attempt = { ...all[0], endAfter: Infinity, fromCompleted: false },
): Promise<{ stores: CheckedStore[]; restarts: number }> {
  const stores: CheckedStore[] = [];
  return await passingOver(how.passedOver, how.seed, async (steps) => {
    const past: Past = { taken: undefined, completed: undefined };
    for (const [no, attempt] of [...all, last].entries()) {
      const ended = await runAttempt(of, how, { attempt, no, past, stores, steps });
      for (const { wrong } of stores) assert.deepEqual(wrong, []);
      if (ended) return { stores, restarts: no };
      if (attempt.fromCompleted) past.taken = past.completed;
    }
    return assert.fail("the last attempt is not cancelled");
  });
}

const sorted = (values: readonly number[]) => [...values].sort((a, b) => a - b);

const forms: fc.Arbitrary<SinkForm> = fc.record({ exchanged: fc.boolean(), turnsPerCommit: fc.constantFrom(0, 3) });

Deno.test("what random jobs commit is committed once, whatever happens to them", async () => {
  let restarts = 0;
  await fc.assert(
    fc.asyncProperty(inputs, plans, forms, conditions, attempts, async (sources, plan, form, how, all) => {
      const run = await runCase({ sources, plan, form }, how, all);
      restarts += run.restarts;
      for (const { records, expected } of run.stores) assert.deepEqual(sorted(records), expected);
    }),
    { numRuns: Number(Deno.env.get("TSFLINK_RUNS") ?? 120), seed: 20261120 },
  );
  assert.ok(restarts > 50, `${restarts} restarts`);
});

/** Operations whose output does not depend on where the input ends. */
const SUMS = ["timers", "window"];

Deno.test("a job that is stopped anywhere, with drain or without, ends, and commits nothing twice", async () => {
  const stops = attempts.map((all) =>
    all.map((attempt, i): Attempt => ({ ...attempt, end: i % 2 ? "drain" : "stop" }))
  );
  await fc.assert(
    fc.asyncProperty(inputs, plans, forms, conditions, stops, async (sources, plan, form, how, all) => {
      const last = all.at(-1)!;
      const before = all.slice(0, -1).map((attempt): Attempt => ({ ...attempt, end: "cancel" }));
      const { stores } = await runCase({ sources, plan, form }, how, before, last);
      if (plan.some(({ operation }) => SUMS.includes(operation))) return;
      for (const { records, expected } of stores) {
        const left = Map.groupBy(expected, (value) => value);
        for (const value of records) assert.ok(left.get(value)?.pop() !== undefined, `${value} is committed too often`);
      }
    }),
    { numRuns: Number(Deno.env.get("TSFLINK_RUNS") ?? 80), seed: 20261121 },
  );
});

Deno.test("at least once: without alignment nothing is lost, and some records come twice", async () => {
  let doubled = 0;
  await fc.assert(
    fc.asyncProperty(inputs, plans, forms, conditions, attempts, async (sources, plan, form, how, all) => {
      const records = plan.filter(({ operation }) => !SUMS.includes(operation));
      const run = await runCase({ sources, plan: records, form }, { ...how, mode: "AT_LEAST_ONCE" }, all);
      for (const { records, expected } of run.stores) {
        const left = Map.groupBy(records, (value) => value);
        for (const value of expected) assert.ok(left.get(value)?.pop() !== undefined, `${value} is lost`);
        doubled += records.length - expected.length;
      }
    }),
    { numRuns: Number(Deno.env.get("TSFLINK_RUNS") ?? 80), seed: 20261122 },
  );
  assert.ok(doubled > 0);
});

Deno.test("a source that has read its last split, but has not ended, holds back what its timers will emit", async () => {
  for (const [name, args] of Object.entries(endedSources)) {
    const [sources, plan, form, how, all] = args as unknown as [
      number[][][],
      Step[],
      SinkForm,
      Conditions,
      Attempt[],
    ];
    for (const number of [0, 1, all.length]) {
      const { stores } = await runCase({ sources, plan, form }, how, all.slice(0, number), {
        ...all[0],
        endAfter: Infinity,
        fromCompleted: false,
      });
      for (const store of stores) {
        assert.deepEqual(sorted(store.records), store.expected, `${name}, ${number} attempts`);
      }
    }
  }
});
