/**
 * Windows and timers alone: one operator without a job, fed records of an int key, against the general way. Prints CPU ns
 * per record with everything that fires, best of some rounds, and by how much the general way takes longer.
 *
 * Usage: deno run -A bench/micro/windows.ts [case...] [keys=1000] [--rows 200000] [--pairs 8]
 *
 * @module
 */

import process from "node:process";
import type { AggregateFunction } from "tsflink";
import { testSeams } from "tsflink/testing";
import {
  EventTimeSessionWindows,
  SlidingEventTimeWindows,
  TumblingEventTimeWindows,
} from "../../runtime/functions/windowing/window_assigners.ts";
import { ALL_OPTIMIZATIONS, type OptimizationSwitches } from "../../runtime/operators/operator.ts";
import { OperatorRuntime } from "../../runtime/operators/operator_runtime.ts";
import { HeapTimerManager } from "../../runtime/operators/timers/timer_service.ts";
import { windowOperator, type WindowOperatorOptions } from "../../runtime/operators/windowing/window_operator.ts";
import { HeapKeyedStateBackend } from "../../runtime/state/heap_backend.ts";
import { HARNESS_CONFIG } from "../../runtime/testing/harness_options.ts";
import { TestMetrics } from "../../runtime/testing/test_seams.ts";
import { option, parseArgs } from "../options.ts";
import { scatter } from "./cases.ts";

interface Rec {
  readonly k: number;
}
interface Size {
  readonly rows: number;
  readonly keys: number;
}
/** One way to use windows; times in ms from 0. */
interface WindowCase {
  readonly assigner: () => WindowOperatorOptions["assigner"];
  readonly spanMs: (rows: number) => number;
}
type Run = (size: Size, optimizations: OptimizationSwitches) => { readonly ms: number; readonly outputs: number };

const EPOCH = 1_700_000_000_000;
const count: AggregateFunction<Rec, number, number> = {
  createAccumulator: () => 0,
  add: (_, n) => n + 1,
  getResult: (n) => n,
  merge: (a, b) => a + b,
  mergeable: true,
};
const SECOND = 1000;
const MINUTE = 60 * SECOND;
const WINDOWS: Readonly<Record<string, WindowCase>> = {
  "tumbling": { assigner: () => TumblingEventTimeWindows.of(MINUTE), spanMs: () => 180 * MINUTE },
  "sliding-10s-2s": {
    assigner: () => SlidingEventTimeWindows.of(10 * SECOND, 2 * SECOND),
    spanMs: (rows) => rows / 10,
  },
  "sliding-1h-1min": {
    assigner: () => SlidingEventTimeWindows.of(60 * MINUTE, MINUTE),
    spanMs: (rows) => rows * 180,
  },
  "session": { assigner: () => EventTimeSessionWindows.withGap(10 * SECOND), spanMs: (rows) => rows },
};

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

function windowRun({ assigner, spanMs }: WindowCase): Run {
  return ({ rows, keys }, optimizations) => {
    const records = Array.from({ length: rows }, (_, i): Rec => ({ k: scatter(i, keys) }));
    const times = Float64Array.from(records, (_, i) => EPOCH + Math.floor(i * spanMs(rows) / rows));
    const result = { outputs: 0 };
    const runtime = windowRuntime(assigner(), optimizations, () => void result.outputs++);
    const { operator } = runtime;
    const start = cpuMs();
    for (let i = 0; i < rows; i++) {
      operator.setKeyContext(0, records[i]);
      operator.processElement(records[i], times[i]);
      if (i % 1000 === 999) operator.processWatermark(times[i] - 1);
    }
    operator.processWatermark(Number.MAX_SAFE_INTEGER);
    const ms = cpuMs() - start;
    void runtime.close();
    return { ms, outputs: result.outputs };
  };
}

function windowRuntime(
  assigner: WindowOperatorOptions["assigner"],
  optimizations: OptimizationSwitches,
  emit: () => void,
): OperatorRuntime<unknown> {
  const seams = testSeams();
  const runtime = new OperatorRuntime<unknown>({
    operator: windowOperator({ assigner, content: { kind: "aggregate", fn: count }, fn: { kind: "passthrough" } }),
    output: { emit, emitSide() {}, emitWatermark() {}, emitStatus() {}, emitLatencyMarker() {} },
    reference: { name: "windows" },
    operatorId: "0123456789abcdef0123456789abcdef",
    taskInfo: {
      taskName: "windows",
      taskNameWithSubtasks: "windows (1/1)#0",
      indexOfThisSubtask: 0,
      numberOfParallelSubtasks: 1,
      maxNumberOfParallelSubtasks: 128,
      attemptNumber: 0,
      allocationId: "bench",
    },
    jobInfo: { jobId: "00000000000000000000000000000001", jobName: "bench" },
    config: { ...HARNESS_CONFIG, checkMutation: false, optimizations },
    seams,
    metrics: new TestMetrics(),
    keySelectors: [(rec) => (rec as Rec).k],
    keyed: { maxParallelism: 128, keyGroups: { start: 0, end: 127 } },
    processingTime: { now: () => seams.clock.now(), registerTimer: () => () => {} },
    proceed: () => true,
    post() {},
    fail(error) {
      throw error;
    },
    signal: new AbortController().signal,
    accumulators: new Map(),
    cachedFiles: new Map(),
  });
  runtime.initialize();
  runtime.open();
  return runtime;
}

/** Registers a timer per row and fires them all. */
function timerRun(timeOf: (i: number) => number): Run {
  return ({ rows }, { timerBuckets, typedState }) => {
    const keyedState = new HeapKeyedStateBackend({
      maxParallelism: 128,
      keyGroups: { start: 0, end: 127 },
      now: () => 0,
      typedState,
    });
    const result = { outputs: 0 };
    const timers = new HeapTimerManager({
      keyedState,
      processingTime: { now: () => 0, registerTimer: () => () => {} },
      proceed: () => true,
      onWork() {},
      timerBuckets,
    });
    const onTime = () => void result.outputs++;
    const service = timers.getInternalTimerService("bench", { onEventTime: onTime, onProcessingTime: onTime });
    const start = cpuMs();
    for (let i = 0; i < rows; i++) {
      keyedState.setCurrentKey(i);
      service.registerEventTimeTimer("", EPOCH + timeOf(i));
    }
    timers.advanceWatermark(Number.MAX_SAFE_INTEGER);
    return { ms: cpuMs() - start, outputs: result.outputs };
  };
}

const RUNS: Readonly<Record<string, Run>> = {
  ...Object.fromEntries(Object.entries(WINDOWS).map(([name, one]) => [name, windowRun(one)])),
  "timers-random": timerRun((i) => scatter(i, 60 * MINUTE)),
  "timers-60-times": timerRun((i) => scatter(i, 60) * MINUTE),
};

if (import.meta.main) {
  const args = parseArgs(Deno.args);
  const keys = args.names.find((name) => name.startsWith("keys="))?.slice(5) ?? "1000";
  const size = { rows: option(args, "rows", 200_000), keys: Number(keys) };
  const rounds = option(args, "pairs", 8);
  const names = args.names.filter((name) => !name.startsWith("keys="));
  const general = { ...ALL_OPTIMIZATIONS, windowSlices: false, timerBuckets: false };
  for (const name of names.length > 0 ? names : Object.keys(RUNS)) {
    const best = { fast: Infinity, general: Infinity };
    let outputs = 0;
    for (let round = 0; round < rounds; round++) {
      const fast = RUNS[name](size, ALL_OPTIMIZATIONS);
      best.fast = Math.min(best.fast, fast.ms);
      outputs = fast.outputs;
      // The general way takes long: fewer rounds of it are enough.
      if (round % 4 !== 0) continue;
      const slow = RUNS[name](size, general);
      best.general = Math.min(best.general, slow.ms);
      if (slow.outputs !== outputs) throw new Error(`${name}: ${outputs} outputs, the general way ${slow.outputs}`);
    }
    const ns = best.fast * 1e6 / size.rows;
    console.log(
      `${name.padEnd(18)} ${ns.toFixed(0).padStart(6)} ns/record, ${(outputs / size.rows).toFixed(2)} outputs per ` +
        `record, general way ${(best.general / best.fast).toFixed(1)}x`,
    );
  }
}
