/**
 * The operators of one vertex wired together: the plain interpreter of a chain. Generated code (codegen/) takes over the
 * way of records from one operator to the next by replacing {@link ChainOutput.emit} and by running whole batches;
 * everything else (watermarks, statuses, what waits for a busy operator) goes this way always, and records too where
 * nothing was generated: as fallback and as oracle.
 *
 * Order is depth first: a record is through the whole chain before the next enters. While an operator is busy (it had
 * more to do than it may do in this step) what arrives for it waits in its queue; `resume` goes on from the tail of the
 * chain to its head, so that order is kept.
 *
 * @module
 */

import type { OperatorReference } from "../errors.ts";
import type { StreamOperator } from "../operators/operator.ts";
import { wrapUserError } from "../operators/user_error.ts";
import type { Spill } from "../seams/spill.ts";
import { copyValue } from "../types/copy.ts";
import { type LatencyMarker, MIN_WATERMARK, type Output, type WatermarkStatus } from "../types/stream_element.ts";
import type { RecordWriter } from "../network/record_writer.ts";
import type { FusedChain } from "./codegen/fused_chain.ts";
import { ElementQueue, type QueuedEvent, type QueueTarget } from "./element_queue.ts";

/** Whatever an operator's output may lead to: the next operator of the chain or a record writer. */
export interface ChainTarget {
  record(value: unknown, timestamp: number): void;
  watermark(timestamp: number): void;
  status(status: WatermarkStatus): void;
  latency(marker: LatencyMarker): void;
}

/** What all nodes of a chain share. */
export class ChainControl {
  /** Nodes that have work left. */
  held = 0;
  readonly nodes: ChainNode[] = [];

  /** @param proceed Whether the task may do one more thing in this step. */
  constructor(readonly proceed: () => boolean, readonly spill: Spill) {}

  /** Whether a node may emit one more element: the step allows it and nothing behind the node is still at work. */
  mayEmit(node: ChainNode): boolean {
    if (this.held > 0) {
      for (let i = this.nodes.length - 1; this.nodes[i] !== node; i--) if (this.nodes[i].isHeld) return false;
    }
    return this.proceed();
  }
}

/** Takes a record somewhere. */
export type Emit = (value: unknown, timestamp: number) => void;
/** Takes a record to a side output. */
export type EmitSide = (tagId: string, value: unknown, timestamp: number) => void;

/** The output of one operator: its targets, main and by side output tag. */
export class ChainOutput implements Output {
  readonly main: ChainTarget[] = [];
  readonly side: Map<string, ChainTarget[]> = new Map();
  readonly #all: ChainTarget[] = [];
  /** Records emitted to the main output. */
  numRecordsOut = 0;
  /** The last watermark emitted. */
  currentWatermark = MIN_WATERMARK;
  // Fields, so that generated code takes their place and operators still see one shape of output.
  emit: Emit = (value, timestamp) => {
    this.numRecordsOut++;
    if (this.main.length === 1) this.main[0].record(value, timestamp);
    else this.#toAll(this.main, value, timestamp);
  };
  emitSide: EmitSide = (tagId, value, timestamp) => {
    const targets = this.side.get(tagId);
    if (targets !== undefined) this.#toAll(targets, value, timestamp);
  };

  constructor(readonly objectReuse: boolean) {}

  /** Adds a consumer of the main output, or of the side output of that tag. */
  add(target: ChainTarget, sideOutputTag?: string): void {
    if (sideOutputTag === undefined) {
      this.main.push(target);
    } else {
      this.side.set(sideOutputTag, [...(this.side.get(sideOutputTag) ?? []), target]);
    }
    this.#all.push(target);
  }

  emitWatermark(timestamp: number): void {
    this.currentWatermark = timestamp;
    for (const target of this.#all) target.watermark(timestamp);
  }

  emitStatus(status: WatermarkStatus): void {
    for (const target of this.#all) target.status(status);
  }

  emitLatencyMarker(marker: LatencyMarker): void {
    for (const target of this.#all) target.latency(marker);
  }

  /** The last consumer gets the value itself, the others a copy each (rule 11). */
  #toAll(targets: readonly ChainTarget[], value: unknown, timestamp: number): void {
    const last = targets.length - 1;
    for (let i = 0; i < last; i++) targets[i].record(this.objectReuse ? value : copyValue(value), timestamp);
    if (last >= 0) targets[last].record(value, timestamp);
  }
}

/** The end of a chain that leads to other tasks. */
export class WriterTarget implements ChainTarget {
  constructor(readonly writer: RecordWriter) {}

  record(value: unknown, timestamp: number): void {
    this.writer.emit(value, timestamp);
  }
  watermark(timestamp: number): void {
    this.writer.broadcast({ kind: "watermark", timestamp });
  }
  status(status: WatermarkStatus): void {
    this.writer.broadcast({ kind: "status", status });
  }
  latency(marker: LatencyMarker): void {
    this.writer.broadcast(marker);
  }
}

/** One operator in its place in the chain. */
export class ChainNode {
  readonly inputs: readonly ChainTarget[];
  /** Elements that wait because the operator is busy. */
  readonly #queues: ElementQueue[];
  /** As {@link isHeld}; for reading only. */
  held = false;
  numRecordsIn = 0;

  constructor(
    readonly operator: StreamOperator,
    readonly reference: OperatorReference,
    readonly output: ChainOutput,
    readonly control: ChainControl,
    /** Whether records of an input have a key to be made current, by input. */
    readonly keyed: readonly boolean[],
  ) {
    const numInputs = Math.max(1, operator.numInputs);
    this.#queues = Array.from({ length: numInputs }, () => new ElementQueue(control.spill));
    this.inputs = Array.from({ length: numInputs }, (_, input) => new NodeInput(this, input, this.#queues[input]));
  }

  /** True while the operator is busy or something waits for it. */
  get isHeld(): boolean {
    return this.held;
  }
  set isHeld(held: boolean) {
    if (held === this.held) return;
    this.held = held;
    this.control.held += held ? 1 : -1;
  }

  /** Runs a call into the operator; errors are attributed to it. */
  call(what: string, fn: () => void): void {
    try {
      fn();
    } catch (error) {
      throw wrapUserError(error, this.reference, what);
    }
    if (this.operator.busy) this.isHeld = true;
  }

  /** Goes on with what the operator left and what waits for it; true when nothing is left. */
  resume(): boolean {
    if (!this.isHeld) return true;
    try {
      if (!this.operator.resume()) return false;
      for (const [input, queue] of this.#queues.entries()) {
        const target = this.inputs[input] as NodeInput;
        while (!queue.isEmpty) {
          if (!this.control.mayEmit(this)) return false;
          queue.deliver(target.direct);
          if (this.operator.busy) return false;
        }
      }
    } catch (error) {
      throw wrapUserError(error, this.reference, "going on");
    }
    this.isHeld = false;
    return true;
  }

  get canSnapshot(): boolean {
    return this.operator.canSnapshot && this.#queues.every((queue) => queue.isEmpty);
  }

  close(): void {
    for (const queue of this.#queues) queue.close();
  }
}

/** An input of a node: where the operator before it writes. */
export class NodeInput implements ChainTarget {
  readonly #operator: StreamOperator;
  readonly #isKeyed: boolean;
  readonly direct: QueueTarget;

  constructor(readonly node: ChainNode, readonly input: number, readonly queue: ElementQueue) {
    this.#operator = node.operator;
    this.#isKeyed = node.keyed[input] === true;
    this.direct = {
      record: (value, timestamp) => this.#process(value, timestamp),
      event: (event) => this.#event(event),
    };
  }

  record(value: unknown, timestamp: number): void {
    const node = this.node;
    if (node.isHeld) {
      this.queue.record(value, timestamp);
      return;
    }
    try {
      this.#process(value, timestamp);
    } catch (error) {
      throw wrapUserError(error, node.reference, "processing a record");
    }
    if (this.#operator.busy) node.isHeld = true;
  }

  // Written out like record(): few frames per operator, because a whole chain is one stack.
  watermark(timestamp: number): void {
    const node = this.node;
    if (node.isHeld) {
      this.queue.event({ kind: "watermark", timestamp });
      return;
    }
    try {
      this.#operator.processWatermark(timestamp, this.input);
    } catch (error) {
      throw wrapUserError(error, node.reference, "processing a watermark");
    }
    if (this.#operator.busy) node.isHeld = true;
  }
  status(status: WatermarkStatus): void {
    const node = this.node;
    if (node.isHeld) {
      this.queue.event({ kind: "status", status });
      return;
    }
    try {
      this.#operator.processStatus(status, this.input);
    } catch (error) {
      throw wrapUserError(error, node.reference, "processing a status");
    }
    if (this.#operator.busy) node.isHeld = true;
  }
  latency(marker: LatencyMarker): void {
    if (this.node.isHeld) this.queue.event(marker);
    else this.node.call("processing a latency", () => this.#event(marker));
  }

  #process(value: unknown, timestamp: number): void {
    this.node.numRecordsIn++;
    const operator = this.#operator;
    if (this.#isKeyed) this.#setKey(value);
    if (operator.numInputs < 2) operator.processElement(value, timestamp);
    else if (this.input === 0) operator.processElement1(value, timestamp);
    else operator.processElement2(value, timestamp);
  }

  /** The key selector is user code of its own: what it throws is named as that. */
  #setKey(value: unknown): void {
    try {
      this.#operator.setKeyContext(this.input, value);
    } catch (error) {
      throw wrapUserError(error, this.node.reference, "the key selector");
    }
  }

  #event(event: QueuedEvent): void {
    switch (event.kind) {
      case "watermark":
        return this.#operator.processWatermark(event.timestamp, this.input);
      case "status":
        return this.#operator.processStatus(event.status, this.input);
      case "latency":
        return this.#operator.processLatencyMarker(event);
    }
  }
}

/** All nodes of a vertex, head first. */
export class OperatorChain {
  /** The generated form, where there is one; set before the first record. */
  fused: FusedChain | undefined;

  constructor(readonly nodes: readonly ChainNode[], readonly control: ChainControl) {}

  get head(): ChainNode {
    return this.nodes[0];
  }

  /** Whether some operator has work left. */
  get isHeld(): boolean {
    return this.control.held > 0;
  }

  /** Whether a snapshot taken now would lose nothing. */
  get canSnapshot(): boolean {
    return this.nodes.every((node) => node.canSnapshot);
  }

  /** Goes on from the tail to the head; true when nothing is left. */
  resume(): boolean {
    while (this.control.held > 0) {
      const node = this.nodes.findLast((candidate) => candidate.isHeld)!;
      // What a node emits may have made one behind it busy: that one goes first.
      if (!node.resume() && this.nodes.findLast((candidate) => candidate.isHeld) === node) return false;
    }
    return true;
  }

  close(): void {
    for (const node of this.nodes) node.close();
  }
}
