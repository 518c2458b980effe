/**
 * One task without a job: a chain of operators under a test's hand, fed item by item, stepped step by step, its output
 * caught behind credits that the test gives. Everything that happens is one line of a trace. Registers no test.
 *
 * @module
 */

import type { FlinkError } from "../../runtime/errors.ts";
import type { ChainedEdge, ChainedOperator, JobEdge, JobVertex } from "../../runtime/graph/job_graph.ts";
import { TaskMetricGroup } from "../../runtime/metrics/task_metrics.ts";
import type { ChannelItem } from "../../runtime/network/buffer.ts";
import { StreamOperator } from "../../runtime/operators/operator.ts";
import type { OperatorSubtaskState } from "../../runtime/state/rescale.ts";
import type { StepResult, StreamTask } from "../../runtime/tasks/stream_task.ts";
import { buildTask, type BuiltTask, type TaskSettings } from "../../runtime/tasks/task_builder.ts";
import { type TestSeams, testSeams } from "../../runtime/testing/test_seams.ts";
import type { Key } from "../../runtime/types/key.ts";
import { MAX_WATERMARK, NO_TIMESTAMP, recordBatch, type WatermarkStatus } from "../../runtime/types/stream_element.ts";

/** What a {@link Probe} does beside writing to the trace. */
export interface ProbeBehaviour {
  readonly numInputs?: number;
  /** What becomes of a record; default it is emitted as it is. */
  readonly onRecord?: (probe: Probe, value: unknown, timestamp: number) => void;
  /** Called first in the named method; may throw. */
  readonly on?: Partial<Record<ProbeCall, (probe: Probe) => void>>;
  readonly close?: () => void | Promise<void>;
}
export type ProbeCall =
  | "init"
  | "open"
  | "watermark"
  | "endInput"
  | "finish"
  | "prepare"
  | "snapshot"
  | "event"
  | "complete"
  | "aborted";

/** An operator that tells what is done to it. */
export class Probe extends StreamOperator {
  trace: string[] = [];
  pressure: string[] = [];
  constructor(readonly name: string, readonly behaviour: ProbeBehaviour = {}) {
    super(behaviour.numInputs ?? 1);
  }
  get context(): typeof this.ctx {
    return this.ctx;
  }
  emit(value: unknown, timestamp: number = NO_TIMESTAMP): void {
    this.output.emit(value, timestamp);
  }
  emitSide(tag: string, value: unknown): void {
    this.output.emitSide(tag, value, NO_TIMESTAMP);
  }
  emitWatermark(timestamp: number): void {
    this.output.emitWatermark(timestamp);
  }
  /** Emits values one by one as far as it may; the rest later. `atOnce` makes each wait for its own call of resume. */
  emitAll(values: readonly unknown[]): void {
    let next = 0;
    this.begin(() => {
      while (next < values.length) {
        if (!this.ctx.proceed()) return false;
        this.emit(values[next++]);
      }
      return true;
    });
  }
  /** Is busy until `done` says otherwise. */
  waitFor(done: () => boolean): void {
    this.begin(done);
  }
  override initializeState(): void {
    this.#tell("init");
  }
  override open(): void {
    this.#tell("open");
  }
  override processElement(value: unknown, timestamp: number): void {
    this.#record("", value, timestamp);
  }
  override processElement1(value: unknown, timestamp: number): void {
    this.#record("1:", value, timestamp);
  }
  override processElement2(value: unknown, timestamp: number): void {
    this.#record("2:", value, timestamp);
  }
  override processWatermark(timestamp: number, input = 0): void {
    this.#tell(
      "watermark",
      `w${timestamp === MAX_WATERMARK ? "max" : timestamp}${this.numInputs > 1 ? `/${input}` : ""}`,
    );
    super.processWatermark(timestamp, input);
  }
  override processStatus(status: WatermarkStatus, input = 0): void {
    this.trace.push(`${this.name} ${status}`);
    super.processStatus(status, input);
  }
  override endInput(input: number): void {
    this.#tell("endInput", `endInput${input}`);
  }
  override finish(): void {
    this.#tell("finish");
  }
  override prepareSnapshotPreBarrier(): void {
    this.#tell("prepare");
  }
  override snapshotState(): void {
    this.#tell("snapshot");
  }
  override notifyCheckpointComplete(id: number): void {
    this.#tell("complete", `complete${id}`);
  }
  override notifyCheckpointAborted(id: number): void {
    this.#tell("aborted", `aborted${id}`);
  }
  override handleOperatorEvent(event: unknown): void {
    this.#tell("event", `event:${event}`);
  }
  override onBackPressure(blocked: boolean): void {
    this.pressure.push(`${this.name} ${blocked ? "blocked" : "free"}`);
  }
  override close(): void | Promise<void> {
    this.trace.push(`${this.name} close`);
    return this.behaviour.close?.();
  }
  #tell(call: ProbeCall, text: string = call): void {
    this.trace.push(`${this.name} ${text}`);
    this.behaviour.on?.[call]?.(this);
  }
  #record(input: string, value: unknown, timestamp: number): void {
    this.trace.push(`${this.name} ${input}${JSON.stringify(value)}`);
    if (this.behaviour.onRecord === undefined) this.output.emit(value, timestamp);
    else this.behaviour.onRecord(this, value, timestamp);
  }
}

/** What a {@link TaskHarness} is made from. */
export interface TaskHarnessOptions {
  /** The chain, head first. */
  readonly operators: readonly StreamOperator[];
  /** Key of the records for the first operator; default none. */
  readonly key?: (value: never) => Key;
  /** Edges inside the chain by operator; default one to the next. */
  readonly edges?: readonly (readonly ChainedEdge[])[];
  /** Channels per input; default one input of one channel. */
  readonly inputs?: readonly number[];
  /** Index of the operator that writes, one per outgoing edge, each to one channel. Default none. */
  readonly writers?: readonly number[];
  readonly settings?: Partial<TaskSettings>;
  readonly bufferTimeoutMs?: number;
  readonly restored?: { readonly checkpointId: number; readonly states: ReadonlyMap<string, OperatorSubtaskState> };
}

const SETTINGS: TaskSettings = {
  operatorConfig: {
    objectReuse: false,
    autoWatermarkIntervalMs: 0,
    checkpointingEnabled: false,
    runtimeMode: "STREAMING",
    checkMutation: false,
    globalJobParameters: {},
  },
  forceCodec: false,
  maxRowsPerBatch: 1,
  segmentBytes: 32 * 1024,
  buffersPerChannel: 2,
  floatingBuffersPerGate: 0,
  maxBuffersPerSubpartition: 2,
  maxOverflowBuffers: 100,
  rowsPerStep: 1000,
};

/** A task under a test's hand. */
export class TaskHarness {
  readonly seams: TestSeams = testSeams();
  /** Everything that happened to operators, states and checkpoints, in order. */
  readonly trace: string[] = [];
  readonly #pressure: string[] = [];
  /** What came out of each writer, as text. */
  readonly out: string[][];
  readonly built: BuiltTask;
  readonly states: ReadonlyMap<string, OperatorSubtaskState>[] = [];
  readonly sentToCoordinator: unknown[] = [];
  error: FlinkError | undefined;
  wakes = 0;

  constructor(options: TaskHarnessOptions) {
    const { inputs = [1], writers = [] } = options;
    for (const operator of options.operators) {
      if (operator instanceof Probe) Object.assign(operator, { trace: this.trace, pressure: this.#pressure });
    }
    const vertex = vertexOf(options);
    this.built = buildTask({
      vertex,
      subtaskIndex: 0,
      attemptNumber: 0,
      jobInfo: { jobId: "0".repeat(32), jobName: "harness" },
      channelsByInput: inputs,
      outgoing: vertex.outputs.map(({ consumer }) => ({
        edge: consumer,
        numSubpartitions: 1,
        targetMaxParallelism: 128,
      })),
      settings: { ...SETTINGS, ...options.settings },
      seams: this.seams,
      cachedFiles: new Map(),
      accumulators: new Map(),
      restored: options.restored,
      metrics: () => new TaskMetricGroup(),
      sendToCoordinator: (_, event) => void this.sentToCoordinator.push(event),
      collect: () => undefined,
      listener: {
        onState: (state, error) => {
          this.trace.push(`=${state}`);
          if (error !== undefined) this.error = error as FlinkError;
        },
        onCheckpoint: (id, states) => {
          this.trace.push(`=checkpoint ${id}`);
          this.states.push(states);
        },
        onCheckpointDeclined: (id, reason) => void this.trace.push(`=declined ${id}: ${reason}`),
        onDataProcessed: () => void this.trace.push("=processed"),
      },
      wake: () => void this.wakes++,
    });
    this.out = writers.map(() => []);
    this.built.gates.forEach((gate) => gate.channels.forEach((channel) => channel.connect({ addCredit: () => {} })));
    this.built.partitions.forEach(({ subpartitions: [subpartition] }, i) =>
      subpartition.connect({
        onItem: (item) => {
          if (item.kind !== "data" || item.rows > 0) this.out[i].push(...describe(item));
        },
      })
    );
  }

  get task(): StreamTask {
    return this.built.task;
  }
  /** Lets that many buffers out of a writer. */
  credit(buffers: number, writer = 0): void {
    this.built.partitions[writer]?.subpartitions[0].addCredit(buffers);
  }
  /** An item arrives. */
  give(item: ChannelItem, channel = 0, input = 0): void {
    this.built.gates[input].channels[channel].onItem(item, 0);
  }
  records(values: readonly unknown[], channel = 0, input = 0): void {
    this.give({ kind: "data", rows: values.length, sizeBytes: 1, batch: recordBatch([...values]) }, channel, input);
  }
  /** Records with timestamps, in one batch. */
  recordsAt(values: readonly unknown[], timestamps: readonly number[]): void {
    const batch = recordBatch([...values], Float64Array.from(timestamps));
    this.give({ kind: "data", rows: values.length, sizeBytes: 1, batch });
  }
  watermark(timestamp: number, channel = 0, input = 0): void {
    this.give({ kind: "watermark", timestamp }, channel, input);
  }
  barrier(checkpointId: number, channel = 0, input = 0): void {
    this.give({ ...BARRIER, checkpointId }, channel, input);
  }
  end(channel = 0, input = 0, drain = true): void {
    this.give({ kind: "end", drain }, channel, input);
  }
  /** Steps as long as there is progress; gives the last answer. */
  run(maxSteps = 10_000): StepResult {
    for (let n = 0; n < maxSteps; n++) {
      const result = this.task.step();
      if (result !== "progress") return result;
    }
    return "progress";
  }
  /** What operators were told of back pressure since the last call. */
  pressure(): string[] {
    return this.#pressure.splice(0);
  }
  /** What was traced since the last call. */
  news(): string[] {
    return this.trace.splice(0);
  }
}

/** A barrier of a checkpoint. */
export const BARRIER = {
  kind: "barrier",
  checkpointId: 1,
  timestamp: 0,
  options: { type: "checkpoint", alignment: "aligned" },
} as const;

function describe(item: ChannelItem): string[] {
  if (item.kind === "data") return item.batch!.values.map((value) => JSON.stringify(value));
  if (item.kind === "watermark") return [item.timestamp === MAX_WATERMARK ? "wmax" : `w${item.timestamp}`];
  if (item.kind === "status") return [item.status];
  if (item.kind === "end") return [item.drain ? "end" : "stopped"];
  return [item.kind === "barrier" ? `|${item.checkpointId}` : item.kind];
}

function vertexOf({ operators, key, edges, writers = [], bufferTimeoutMs = 0 }: TaskHarnessOptions): JobVertex {
  const chain = operators.map((operator, i): ChainedOperator => ({
    nodeId: i,
    operatorId: String(i).padStart(32, "0"),
    userDefinedOperatorId: undefined,
    name: operator instanceof Probe ? operator.name : operator.constructor.name,
    description: "",
    kind: "operator" as ChainedOperator["kind"],
    uid: undefined,
    userLine: undefined,
    factory: { chainingStrategy: "ALWAYS", numInputs: operator.numInputs, create: () => operator },
    keySelectors: i === 0 && key !== undefined ? [key as ChainedOperator["keySelectors"][number]] : [],
    keyed: i === 0 && key !== undefined,
    keyHashRule: undefined,
    chainedEdges: edges?.[i] ?? (i + 1 < operators.length ? [{ target: i + 1, targetInput: 0 }] : []),
    outputIndexes: [],
  }));
  const outputs = writers.map((sourceNodeId) => ({
    consumer: {
      sourceNodeId,
      targetVertexId: "target",
      partitioner: { strategy: "FORWARD" },
      sideOutputTag: undefined,
      bufferTimeoutMs,
    } as unknown as JobEdge,
  }));
  return {
    id: "vertex",
    name: "vertex",
    parallelism: 1,
    maxParallelism: 128,
    chain,
    inputs: [],
    outputs,
  } as unknown as JobVertex;
}
