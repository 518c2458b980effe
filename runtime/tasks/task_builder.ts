/**
 * Wires one subtask: partitions, writers, gates, the operators of its chain and the task around them.
 *
 * @module
 */

import type { OperatorReference } from "../errors.ts";
import type { JobInfo, TaskInfo } from "../functions/rich_function.ts";
import type { ChainedOperator, JobEdge, JobVertex } from "../graph/job_graph.ts";
import type { MetricGroup } from "../metrics/metric_group.ts";
import { InputGate } from "../network/input_gate.ts";
import type { RecordWriter } from "../network/record_writer.ts";
import type { ResultPartition } from "../network/result_partition.ts";
import { ALL_OPTIMIZATIONS, type OperatorConfig, type ProcessingTimeService } from "../operators/operator.ts";
import { OperatorRuntime } from "../operators/operator_runtime.ts";
import type { TaskAccumulators } from "../operators/runtime_context.ts";
import { SourceOperator } from "../operators/source/source_operator.ts";
import type { Seams } from "../seams/seams.ts";
import type { OperatorSubtaskState } from "../state/rescale.ts";
import { keyGroupRange } from "../types/key_group.ts";
import { inputOrders } from "./batch/batch_input.ts";
import { BatchInputs } from "./batch/batch_inputs.ts";
import { ChainControl, ChainNode, ChainOutput, OperatorChain, WriterTarget } from "./operator_chain.ts";
import { Mailbox } from "./mailbox.ts";
import { StepBudget } from "./step_budget.ts";
import { type AnySourceOperator, StreamTask, type StreamTaskParts, type TaskListener } from "./stream_task.ts";
import { makeWriter } from "./task_writer.ts";
import { TaskProcessingTime } from "./task_time.ts";

/** Limits and switches of the runtime, from the configuration of the job. */
export interface TaskSettings {
  readonly operatorConfig: OperatorConfig;
  /** Encode every batch, also between subtasks of one isolate. */
  readonly forceCodec: boolean;
  readonly maxRowsPerBatch: number;
  readonly segmentBytes: number;
  /** Bytes of one encoded record at most; default 64 MiB. */
  readonly maxRecordBytes?: number;
  readonly buffersPerChannel: number;
  readonly floatingBuffersPerGate: number;
  /** Data buffers a partition holds per subpartition before its task stops. */
  readonly maxBuffersPerSubpartition: number;
  readonly maxOverflowBuffers: number;
  /** Elements a task handles in one step. */
  readonly rowsPerStep: number;
  /** In BATCH mode with sorted inputs: memory of a task for them. */
  readonly sortMemoryBytes?: number;
}

/** An outgoing edge of a subtask, with how many consumers this subtask has over it. */
export interface OutgoingEdge {
  readonly edge: JobEdge;
  readonly numSubpartitions: number;
  /** Max parallelism of the consumer. */
  readonly targetMaxParallelism: number;
  /** By subpartition: whether its consumer runs in another slot. Default: none does. */
  readonly isRemote?: readonly boolean[];
}

/** After this a step ends between two elements, in ms, however few there were. */
const STEP_LIMIT_MS = 1;

/** What a subtask is built from. */
export interface TaskDescriptor {
  readonly vertex: JobVertex;
  readonly subtaskIndex: number;
  readonly attemptNumber: number;
  readonly jobInfo: JobInfo;
  /** Channels of each logical input. */
  readonly channelsByInput: readonly number[];
  /** Whether a logical input is read from files. Default: none is. */
  readonly blockingInputs?: readonly boolean[];
  readonly outgoing: readonly OutgoingEdge[];
  readonly settings: TaskSettings;
  readonly seams: Seams;
  readonly cachedFiles: ReadonlyMap<string, string>;
  readonly accumulators: TaskAccumulators;
  /** State to start from, by operator id. */
  readonly restored?: { readonly checkpointId: number; readonly states: ReadonlyMap<string, OperatorSubtaskState> };
  readonly metrics: (operatorId: string) => MetricGroup;
  readonly sendToCoordinator: (operatorId: string, event: unknown) => void;
  readonly collect: (operator: ChainedOperator) => ((batch: unknown[]) => Promise<void> | void) | undefined;
  readonly listener: TaskListener;
  /** Called when something has arrived for the task. */
  readonly wake: () => void;
}

/** A task with the ends of its channels, to be connected. */
export interface BuiltTask {
  readonly task: StreamTask;
  readonly partitions: readonly ResultPartition[];
  readonly gates: readonly InputGate[];
}

/** Builds a task; nothing of the user's code runs yet but constructors of operators. */
export function buildTask(descriptor: TaskDescriptor): BuiltTask {
  const { vertex, settings, seams, wake, listener } = descriptor;
  const mailbox = new Mailbox(() => {
    stepBudget.attend();
    wake();
  });
  const time = new TaskProcessingTime(seams.clock, mailbox);
  const abort = new AbortController();
  const references = vertex.chain.map(referenceOf);
  const writers: RecordWriter[] = [];
  const stepBudget = new StepBudget(settings.rowsPerStep, mailbox, writers, {
    clock: seams.clock,
    limitMs: STEP_LIMIT_MS,
  });
  // What forbids the next element is noticed by loops over batches.
  const attend = () => stepBudget.attend();
  const generatedId = isFused(settings) ? fusedId(descriptor) : undefined;
  const writing = { references, onFull: attend, generatedId };
  writers.push(...descriptor.outgoing.map((outgoing) => makeWriter(descriptor, outgoing, writing)));
  const control = new ChainControl(stepBudget.proceed, seams.spill);
  const parts = { descriptor, mailbox, time, abort, control, references };
  const { nodes, runtimes } = buildChain(parts, writers);
  const gates = descriptor.channelsByInput.map((numChannels) =>
    new InputGate({
      numChannels,
      exclusiveBuffersPerChannel: settings.buffersPerChannel,
      floatingBuffersPerGate: settings.floatingBuffersPerGate,
      onAvailable: wake,
    })
  );
  const head = nodes[0].operator;
  const orderedInputs = inputsInOrder(descriptor, gates);
  const task = new StreamTask({
    name: vertex.name,
    chain: new OperatorChain(nodes, control),
    runtimes,
    references,
    source: head instanceof SourceOperator ? head as AnySourceOperator : undefined,
    gates,
    writers,
    mailbox,
    time,
    clock: seams.clock,
    log: seams.log,
    stepBudget,
    listener,
    abort,
    awaitsFinalCheckpoint: settings.operatorConfig.checkpointingEnabled,
    orderedInputs,
    fusedId: generatedId,
  });
  return { task, partitions: writers.map((writer) => writer.options.partition), gates };
}

/** Inputs of a BATCH task that depend on each other or on the keys of their records; else undefined. */
function inputsInOrder(
  descriptor: TaskDescriptor,
  gates: readonly InputGate[],
): StreamTaskParts["orderedInputs"] {
  const { vertex, settings: { sortMemoryBytes }, seams: { spill }, blockingInputs } = descriptor;
  if (sortMemoryBytes === undefined) return undefined;
  const { keySelectors } = vertex.chain[0];
  const orders = inputOrders(gates.map((_, input) => {
    const edges = vertex.inputs.filter(({ targetInput }) => targetInput === input);
    return {
      isKeyed: keySelectors[input] !== undefined,
      isBroadcast: edges.every(({ partitioner }) => partitioner.strategy === "BROADCAST"),
      isBlocking: blockingInputs?.[input] === true,
    };
  }));
  if (orders === undefined) return undefined;
  return (chain, events) => new BatchInputs({ gates, chain, events, orders, keySelectors, spill, sortMemoryBytes });
}

function isFused({ operatorConfig }: TaskSettings): boolean {
  return (operatorConfig.optimizations ?? ALL_OPTIMIZATIONS).codegen;
}

/** Names the generated functions of an attempt, so that no two have the same text. */
function fusedId({ vertex, subtaskIndex, attemptNumber, jobInfo }: TaskDescriptor): string {
  return `${jobInfo.jobId} ${vertex.id} ${subtaskIndex} ${attemptNumber}`;
}

function referenceOf(operator: ChainedOperator): OperatorReference {
  return { name: operator.name, uid: operator.uid, userLine: operator.userLine };
}

interface ChainParts {
  readonly descriptor: TaskDescriptor;
  readonly mailbox: Mailbox;
  readonly time: TaskProcessingTime;
  readonly abort: AbortController;
  readonly control: ChainControl;
  readonly references: readonly OperatorReference[];
}

function buildChain(
  parts: ChainParts,
  writers: readonly RecordWriter[],
): { nodes: ChainNode[]; runtimes: OperatorRuntime[] } {
  const { descriptor, control, references } = parts;
  const { vertex, settings } = descriptor;
  const outputs = vertex.chain.map(() => new ChainOutput(settings.operatorConfig.objectReuse));
  const runtimes: OperatorRuntime[] = [];
  const nodes = control.nodes;
  vertex.chain.forEach((operator, i) => {
    const runtime = buildRuntime(parts, operator, i, outputs[i]);
    runtimes.push(runtime);
    nodes.push(
      new ChainNode(
        runtime.operator,
        references[i],
        outputs[i],
        control,
        operator.keySelectors.map((s) => s !== undefined),
      ),
    );
  });
  vertex.chain.forEach((operator, i) => {
    for (const edge of operator.chainedEdges) {
      outputs[i].add(nodes[edge.target].inputs[edge.targetInput], edge.sideOutputTag);
    }
  });
  descriptor.outgoing.forEach(({ edge }, i) => {
    const source = vertex.chain.findIndex((operator) => operator.nodeId === edge.sourceNodeId);
    outputs[source].add(new WriterTarget(writers[i]), edge.sideOutputTag);
  });
  return { nodes, runtimes };
}

function buildRuntime(
  parts: ChainParts,
  operator: ChainedOperator,
  index: number,
  output: ChainOutput,
): OperatorRuntime {
  const { descriptor, control, mailbox, references } = parts;
  const { vertex, subtaskIndex, settings, restored } = descriptor;
  const node = () => control.nodes[index];
  const state = restored?.states.get(operator.operatorId);
  return new OperatorRuntime({
    operator: operator.factory,
    output,
    reference: references[index],
    operatorId: operator.operatorId,
    taskInfo: taskInfoOf(descriptor, operator),
    jobInfo: descriptor.jobInfo,
    config: settings.operatorConfig,
    seams: descriptor.seams,
    metrics: descriptor.metrics(operator.operatorId),
    keySelectors: operator.keySelectors,
    keyed: operator.keyed
      ? {
        maxParallelism: vertex.maxParallelism,
        keyGroups: keyGroupRange(vertex.maxParallelism, vertex.parallelism, subtaskIndex),
        keyHashRule: operator.keyHashRule,
        oneAtATime: settings.sortMemoryBytes !== undefined && index === 0,
      }
      : undefined,
    processingTime: nodeTime(parts.time, node),
    proceed: () => control.mayEmit(node()),
    post: (fn) => mailbox.post(() => node().call("a completion", fn)),
    fail: (error) =>
      mailbox.post(() => {
        throw error;
      }),
    signal: parts.abort.signal,
    coordinator: { send: (event) => descriptor.sendToCoordinator(operator.operatorId, event) },
    collect: descriptor.collect(operator),
    accumulators: descriptor.accumulators,
    cachedFiles: descriptor.cachedFiles,
    restored: restored === undefined ? undefined : { ...state, checkpointId: restored.checkpointId },
  });
}

/** Timers call into their operator as everything else does: errors are attributed, pending work is noticed. */
function nodeTime(time: TaskProcessingTime, node: () => ChainNode): ProcessingTimeService {
  return {
    now: () => time.now(),
    registerTimer: (timestamp, callback) =>
      time.registerTimer(timestamp, (due) => node().call("a timer", () => callback(due))),
  };
}

function taskInfoOf({ vertex, subtaskIndex, attemptNumber }: TaskDescriptor, operator: ChainedOperator): TaskInfo {
  return {
    taskName: operator.name,
    taskNameWithSubtasks: `${operator.name} (${subtaskIndex + 1}/${vertex.parallelism})#${attemptNumber}`,
    indexOfThisSubtask: subtaskIndex,
    numberOfParallelSubtasks: vertex.parallelism,
    maxNumberOfParallelSubtasks: vertex.maxParallelism,
    attemptNumber,
    allocationId: `${vertex.id}_${subtaskIndex}`,
  };
}
