/**
 * What runs in a slot's thread, here in the isolate of the test: real programs, rings and doorbells, a real JobMaster;
 * only threads and the way messages travel are played.
 *
 * @module
 */

import assert from "node:assert/strict";
import "tsflink";
import { Configuration } from "../../api/configuration.ts";
import { bindHostInstead, hostBinding } from "../../api/host_binding.ts";
import { hostConnectors } from "../../connectors/host_connectors.ts";
import { FlinkError, JobExecutionError } from "../../errors.ts";
import { generateJobGraph } from "../../graph/job_graph_generator.ts";
import { firstRun, fresh, program } from "../../program/testdata/two_runs.ts";
import { letEventLoopRun } from "../../seams/system/event_loop_turn.ts";
import { SharedParker } from "../../seams/system/parker.ts";
import { systemSeams } from "../../seams/system/system_seams.ts";
import { CapturedLog } from "../../testing/test_seams.ts";
import type { SlotEnd, SlotHandle, SlotInit, SlotListener, WorkerHost } from "../../seams/worker_host.ts";
import { LocalJob } from "../../../cluster/minicluster/local_job.ts";
import { workerSlots } from "../../../cluster/minicluster/worker_slots.ts";
import type { SlotGateway, SlotProvider } from "../../../cluster/jobmaster/slots.ts";
import { slotMain, type SlotStart } from "./slot_main.ts";
import type { SlotReport } from "./slot_protocol.ts";

/** One thread that is played: its port, and what became of it. */
class Thread implements SlotHandle {
  readonly reports: SlotReport[] = [];
  beatCount = 0;
  activity = -1;
  isKilled = false;
  closed = 0;
  uncaught: ((error: FlinkError) => void) | undefined;
  print: ((line: string, stream: "stdout" | "stderr") => void) | undefined;
  #isOver = false;

  constructor(readonly listener: SlotListener) {}
  post(message: unknown): void {
    const report = structuredClone(message) as SlotReport;
    this.reports.push(report);
    setImmediate(() => {
      if (!this.isKilled && !this.#isOver) this.listener.onMessage(report);
    });
  }
  close(): void {
    this.closed++;
    setImmediate(() => this.over({ kind: "stopped" }));
  }
  over(end: SlotEnd): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.listener.onEnd(end);
  }
  beat(activity: number): void {
    this.beatCount++;
    this.activity = activity;
  }
  onUncaught(handler: (error: FlinkError) => void): void {
    this.uncaught = handler;
  }
  kill(): void {
    this.isKilled = true;
  }
  types(): string[] {
    return this.reports.map(({ type }) => type);
  }
}

/** Plays threads one after the other until each has built its job: they share the globals that are replayed. */
class PlayedThreads implements WorkerHost {
  readonly kind = "worker_threads" as const;
  readonly threads: Thread[] = [];
  #turn: Promise<void> = Promise.resolve();
  readonly ends: Promise<void>[] = [];

  constructor(readonly tamper: (start: SlotStart) => SlotStart = (start) => start) {}
  spawnSlot(init: SlotInit, listener: SlotListener): Thread {
    const thread = new Thread(listener);
    this.threads.push(thread);
    const before = this.#turn;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#turn = promise;
    const start = this.tamper(init.data as SlotStart);
    const real = systemSeams();
    this.ends.push(
      before.then(() => {
        if (thread.isKilled) return thread.close();
        return slotMain({ ...start, program: { ...start.program, url: fresh(start.program.url) } }, {
          port: {
            post: (message) => {
              thread.post(message);
              if (["deployed", "refused"].includes((message as SlotReport).type)) resolve();
            },
            close: () => thread.close(),
            get isKilled() {
              return thread.isKilled;
            },
            beat: (activity) => thread.beat(activity),
            onUncaught: (handler) => thread.onUncaught(handler),
          },
          connectors: hostConnectors,
          runtimeClock: real.clock,
          seams: ({ clock, mainThread, log, seed }) => ({ ...systemSeams({ seed }), clock, mainThread, log }),
          doorbell: (memory, slot) => {
            const parker = new SharedParker(memory, slot);
            // The thread is everybody's.
            return {
              ticket: () => parker.ticket(),
              park: (ticket, ms) => parker.park(ticket, Math.min(ms, 5), false),
              wake: () => parker.wake(),
            };
          },
          letEventLoopRun,
          redirectConsole: (write) => thread.print = write,
        });
      }).finally(resolve),
    );
    return thread;
  }
  prewarm(): void {}
  close(): void {}
}

interface Run {
  readonly job: LocalJob;
  readonly host: PlayedThreads;
  readonly log: CapturedLog;
  /** How it has ended: its accumulators, or the error. */
  readonly end: Promise<Readonly<Record<string, unknown>> | FlinkError>;
  readonly rows: unknown[];
  readonly gateways: SlotGateway[];
}

/** Keeps the slots that a job is given. */
function keeping(gateways: SlotGateway[], provider: SlotProvider): SlotProvider {
  return {
    ...provider,
    allocate: (job) => {
      gateways.push(...provider.allocate(job));
      return gateways;
    },
  };
}

/** Starts a program's first job in played slots. `then` is called once its tasks have been told to start. */
async function start(text: string, options: {
  readonly tamper?: (start: SlotStart) => SlotStart;
  readonly configuration?: Record<string, string>;
} = {}): Promise<Run> {
  const first = await firstRun(program(text));
  assert.equal(first.error, undefined);
  const own = hostBinding();
  const jobGraph = generateJobGraph(first.graphs[0]);
  const host = new PlayedThreads(options.tamper);
  const log = new CapturedLog();
  const seams = { ...systemSeams({ seed: 1 }), log };
  const collect = jobGraph.vertices.flatMap(({ chain }) => chain.flatMap(({ uid }) => uid?.startsWith("c") ? uid : []));
  const rows: unknown[] = [];
  const gateways: SlotGateway[] = [];
  const job = new LocalJob({
    jobId: "f".repeat(32),
    jobGraph,
    execute: {
      configuration: Configuration.from(options.configuration ?? {}),
      cachedFiles: [],
      executionOrdinal: 0,
      collect: new Map(collect.map((uid) => [uid, (batch: unknown[]) => void rows.push(...batch)])),
    },
    seams,
    slots: keeping(
      gateways,
      workerSlots({
        host,
        seams,
        program: structuredClone(first.recorder.descriptor(0)),
        heapMb: 64,
        captureTimeoutMs: 5000,
        stuckWarningMs: 5000,
        cancellationTimeoutMs: 5000,
        seed: 3,
        progressMs: 1,
        doorbells: {
          allocate: (count) => SharedParker.allocate(count),
          at: (memory, slot) => new SharedParker(memory, slot),
        },
      }),
    ),
  });
  const started = Promise.resolve(job.start()).catch(() => {});
  const end = started.then(() => job.getJobExecutionResult())
    .then((result) => result.getAllAccumulatorResults(), (error) => error)
    .finally(async () => {
      await Promise.all(host.ends);
      bindHostInstead(own);
    });
  return { job, host, log, end, rows, gateways };
}

const END = `.sinkTo(new DiscardingSink()); await env.execute();`;

Deno.test("a job over two slots: every slot builds it, starts once told, reports each state, closes once", async () => {
  const { host, end, log } = await start(`
    env.setParallelism(2);
    env.fromSequence(1, 100).rebalance().keyBy((n) => n % 7).reduce((a, b) => a + b)${END}`);
  const result = await end;
  assert.ok(!(result instanceof Error), String(result));
  assert.deepEqual(host.threads.map(({ closed }) => closed), [1, 1]);
  for (const thread of host.threads) {
    const types = thread.types();
    assert.equal(types.filter((type) => type === "deployed").length, 1);
    assert.ok(types.indexOf("deployed") < types.indexOf("state"));
    assert.ok(!types.includes("refused"));
    const states = Map.groupBy(
      thread.reports.flatMap((report) => report.type === "state" ? [report] : []),
      ({ executionId }) => executionId,
    );
    assert.equal(states.size, 2);
    for (const all of states.values()) {
      assert.deepEqual(all.map(({ state }) => state), ["INITIALIZING", "RUNNING", "FINISHED"]);
    }
    // What people are shown of a subtask that has ended is its last word: a progress report comes right before.
    for (const executionId of states.keys()) {
      const finished = thread.reports.findIndex((r) =>
        r.type === "state" && r.executionId === executionId && r.state === "FINISHED"
      );
      const told = thread.reports.slice(0, finished).findLast((r) => r.type === "progress")!;
      assert.ok(told.type === "progress" && told.subtasks.some((one) => one.executionId === executionId));
    }
    assert.ok(thread.beatCount > 0);
  }
  assert.deepEqual(log.messages("error"), []);
});

Deno.test("what functions print and log comes in order, before the end of their task", async () => {
  const { host, end, log } = await start(`
    env.fromData(1, 2, 3).map((n) => n).print(); await env.execute();`);
  const result = await end;
  assert.ok(!(result instanceof Error), String(result));
  assert.deepEqual(log.printed.map(({ line }) => line.replace(/^\d+> /, "")), ["1", "2", "3"]);
  const [thread] = host.threads;
  assert.ok(thread.print !== undefined, "the console was redirected");
  const types = thread.reports.map((r) => r.type === "state" ? r.state : r.type);
  assert.ok(types.lastIndexOf("output") < types.lastIndexOf("FINISHED"), types.join());
});

Deno.test("nothing runs in a slot whose program is another one now: each reason is told as it is", async () => {
  const plan = (start: SlotStart): SlotStart => ({ ...start, planFingerprint: ["job other STREAMING"] });
  const url = program("tell(env, [1]); void env.executeAsync();");
  const later = (start: SlotStart): SlotStart => ({
    ...start,
    program: { ...start.program, url, executionOrdinal: 5 },
  });
  const cases: [string, string, (start: SlotStart) => SlotStart][] = [
    ["another plan", "TSF-1231", plan],
    ["a job that never comes", "TSF-1232", later],
    ["a module that is gone", "TSF-4012", (s) => ({ ...s, program: { ...s.program, url: "file:///gone/job.ts" } })],
    ["too little time", "TSF-1234", (s) => ({
      ...s,
      captureTimeoutMs: 1,
      program: { ...s.program, url: program("await new Promise(() => {});") },
    })],
    ["a program that throws", "TSF-1233", (s) => ({
      ...s,
      program: { ...s.program, url: program(`throw new Error("no");`) },
    })],
  ];
  for (const [name, code, tamper] of cases) {
    const { host, end, job } = await start(` env.fromData(1)${END}`, { tamper });
    const error = await end;
    assert.ok(error instanceof FlinkError, name);
    assert.equal(error.code, code, `${name}: ${error.message}`);
    assert.deepEqual(host.threads[0].types(), ["refused"], name);
    assert.equal(host.threads[0].closed, 1, name);
    assert.deepEqual([job.graph.state, job.graph.timestamps.RUNNING], ["FAILED", undefined], name);
  }
});

Deno.test("errors of functions cross with code, operator and cause", async () => {
  const { end } = await start(`
    env.fromData(1, 2).map((n) => { if (n === 2) throw new RangeError("two"); return n; }).name("picky")${END}`);
  const error = await end;
  assert.ok(error instanceof JobExecutionError, String(error));
  assert.deepEqual([error.code, error.operator?.name], ["TSF-2001", "picky"]);
  assert.match(error.message, /RangeError: two/);
});

/** A source that waits for ever. */
const ENDLESS = ` env.fromSequence(1, 1e15).map((n) => n)${END}`;

Deno.test("cancel ends tasks that never end; the slot closes after it is told to", async () => {
  const { job, host, end } = await start(ENDLESS);
  while (!host.threads[0].reports.some((r) => r.type === "state" && r.state === "RUNNING")) await letEventLoopRun(true);
  await job.cancel();
  assert.equal((await end as FlinkError).code, "TSF-5020");
  const states = host.threads[0].reports.flatMap((r) => r.type === "state" ? [r.state] : []);
  assert.deepEqual(states, ["INITIALIZING", "RUNNING", "CANCELING", "CANCELED"]);
  assert.equal(host.threads[0].closed, 1);
});

Deno.test("what nobody caught fails the task that ran last; the slot itself goes on to its end", async () => {
  const { host, end } = await start(ENDLESS);
  const [thread] = host.threads;
  while (!thread.reports.some((r) => r.type === "state" && r.state === "RUNNING")) await letEventLoopRun(true);
  await letEventLoopRun(true);
  thread.uncaught!(new JobExecutionError("TSF-5040", "a promise nobody awaits"));
  const error = await end as FlinkError;
  assert.match(String(error), /a promise nobody awaits/);
  assert.equal(thread.closed, 1);
  assert.ok(thread.types().filter((type) => type === "progress").length > 0);
});

Deno.test("a killed slot leaves its loop without a word", async () => {
  const { host, end } = await start(ENDLESS);
  const [thread] = host.threads;
  while (!thread.reports.some((r) => r.type === "state" && r.state === "RUNNING")) await letEventLoopRun(true);
  thread.kill();
  const error = await end as FlinkError;
  assert.equal(error.code, "TSF-5042");
  assert.ok(!thread.reports.some((r) => r.type === "state" && ["FINISHED", "CANCELED", "FAILED"].includes(r.state)));
});

Deno.test("told to close, a slot ends by itself: its tasks are dropped and say nothing any more", async () => {
  const { host, end, gateways } = await start(ENDLESS);
  const [thread] = host.threads;
  while (!thread.reports.some((r) => r.type === "state" && r.state === "RUNNING")) await letEventLoopRun(true);
  gateways[0].request({ type: "close" });
  assert.equal((await end as FlinkError).code, "TSF-5042");
  assert.deepEqual([thread.closed, thread.isKilled], [1, false]);
  assert.ok(!thread.reports.some((r) => r.type === "state" && ["FINISHED", "CANCELED", "FAILED"].includes(r.state)));
});
