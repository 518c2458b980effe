/**
 * Takes what arrives at the gates of a task and gives it to the head of its chain: records of a batch one by one with a
 * cursor, watermarks and statuses through the valve of their input, barriers to the handler.
 *
 * @module
 */

import { BarrierHandler } from "../network/barrier_handler.ts";
import type { ChannelItem, ColumnPool, DataBuffer } from "../network/buffer.ts";
import type { InputGate } from "../network/input_gate.ts";
import { decodeBatch } from "../types/columnar_codec.ts";
import type { Schema } from "../types/schema.ts";
import type { CheckpointBarrier, RecordBatch, WatermarkStatus } from "../types/stream_element.ts";
import { WatermarkCombiner } from "../types/watermark_combiner.ts";
import type { ChainTarget, OperatorChain } from "./operator_chain.ts";

/** What the processor tells the task. */
export interface InputEvents {
  /** All barriers of a checkpoint have arrived. */
  onCheckpoint(barrier: CheckpointBarrier): void;
  onCheckpointAborted(checkpointId: number): void;
  /** All channels of an input have ended. */
  onInputEnd(input: number, drain: boolean): void;
}

/** A batch in progress. */
interface Cursor {
  readonly batch: RecordBatch;
  readonly columns: ColumnPool | undefined;
  readonly input: number;
  readonly channel: number;
  next: number;
}

/** Feeds one chain from its gates, one gate per logical input. */
export class InputProcessor {
  readonly #gates: readonly InputGate[];
  readonly #chain: OperatorChain;
  readonly #targets: readonly ChainTarget[];
  readonly #events: InputEvents;
  readonly #valves: readonly WatermarkCombiner[];
  readonly #schemas = new Map<string, Schema>();
  /** Ends each channel still has to send: of its data and, when senders stay for a last checkpoint, of itself. */
  readonly #endsLeft: number[][];
  readonly #open: number[];
  readonly #sendersStay: boolean;
  #unclosed: number;
  readonly #barriers: BarrierHandler;
  readonly #drained: boolean[];
  #cursor: Cursor | undefined;
  #nextGate = 0;
  numBuffersIn = 0;

  /** @param sendersStay Drained senders stay until a checkpoint covers their output; they end a second time then. */
  constructor(gates: readonly InputGate[], chain: OperatorChain, events: InputEvents, sendersStay: boolean = false) {
    this.#sendersStay = sendersStay;
    this.#gates = gates;
    this.#chain = chain;
    this.#targets = chain.head.inputs;
    this.#events = events;
    this.#valves = gates.map((gate) => new WatermarkCombiner(gate.channels.length, "channels"));
    this.#endsLeft = gates.map((gate) => gate.channels.map(() => 2));
    this.#unclosed = gates.reduce((n, gate) => n + gate.channels.length, 0);
    this.#open = gates.map((gate) => gate.channels.length);
    this.#drained = gates.map(() => true);
    this.#barriers = new BarrierHandler(gates, (id) => events.onCheckpointAborted(id));
  }

  /** Whether there is something to do. */
  get hasInput(): boolean {
    return this.#cursor !== undefined || this.#gates.some((gate) => gate.isAvailable);
  }
  /** Whether every channel has ended. */
  get isEnded(): boolean {
    return this.#cursor === undefined && this.#open.every((open) => open === 0);
  }
  /** Whether nothing can come any more over any channel, not even a barrier. */
  get isClosed(): boolean {
    return this.#cursor === undefined && this.#unclosed === 0;
  }
  /** Whether channels are held back until the others have delivered a barrier. */
  get isAligning(): boolean {
    return this.#barriers.isAligning;
  }
  /** The combined watermark of an input; for metrics. */
  inputWatermark(input: number): number {
    return this.#valves[input].current;
  }

  /** Does one thing: the rest of a batch as far as it may, or one event. False when there was nothing. */
  step(proceed: () => boolean): boolean {
    if (this.#cursor !== undefined) return this.#runBatch(this.#cursor, proceed);
    for (let i = 0; i < this.#gates.length; i++) {
      const input = this.#nextGate;
      this.#nextGate = (this.#nextGate + 1) % this.#gates.length;
      const polled = this.#gates[input].poll();
      if (polled === undefined) continue;
      if (polled.item.kind === "data") return this.#startBatch(input, polled.channel, polled.item, proceed);
      proceed();
      this.#event(input, polled.channel, polled.item);
      return true;
    }
    return false;
  }

  #startBatch(input: number, channel: number, buffer: DataBuffer, proceed: () => boolean): boolean {
    this.numBuffersIn++;
    const batch = buffer.batch ?? decodeBatch((hash) => this.#schemas.get(hash)!, buffer.bytes!);
    this.#cursor = { batch, columns: buffer.columns, input, channel, next: 0 };
    return this.#runBatch(this.#cursor, proceed);
  }

  #runBatch(cursor: Cursor, proceed: () => boolean): boolean {
    const { values, timestamps } = cursor.batch;
    const target = this.#targets[cursor.input];
    const control = this.#chain.control;
    const rows = values.length;
    let i = cursor.next;
    const { fused } = this.#chain;
    if (fused !== undefined) {
      while (i < rows && control.held === 0 && fused.budget.mayGoOn()) {
        cursor.next = i = fused.inputs[cursor.input](values, timestamps, i, rows);
      }
    }
    while (i < rows && control.held === 0 && proceed()) {
      // The cursor moves first: a record that fails is not taken twice.
      cursor.next = i + 1;
      target.record(values[i], timestamps[i]);
      i++;
    }
    if (i < rows) return true;
    this.#cursor = undefined;
    cursor.columns?.give(timestamps);
    this.#gates[cursor.input].recycle(cursor.channel);
    return true;
  }

  #event(input: number, channel: number, item: Exclude<ChannelItem, DataBuffer>): void {
    switch (item.kind) {
      case "schema":
        this.#schemas.set(item.schema.hash, item.schema);
        return;
      case "watermark":
        return this.#valve(input, (valve) => valve.watermark(channel, item.timestamp));
      case "status":
        return this.#valve(input, (valve) => valve.setStatus(channel, item.status));
      case "latency":
        return this.#targets[input].latency(item);
      case "barrier": {
        const complete = this.#barriers.barrier(input, channel, item);
        if (complete !== undefined) this.#events.onCheckpoint(complete);
        return;
      }
      case "end":
        return this.#end(input, channel, item.drain);
    }
  }

  #valve(input: number, act: (valve: WatermarkCombiner) => boolean): void {
    const valve = this.#valves[input];
    const before: WatermarkStatus = valve.status;
    if (act(valve)) this.#targets[input].watermark(valve.current);
    if (valve.status !== before && valve.status !== "finished") this.#targets[input].status(valve.status);
  }

  #end(input: number, channel: number, drain: boolean): void {
    const left = this.#endsLeft[input][channel];
    if (left === 2) {
      this.#drained[input] &&= drain;
      // A channel that ended takes no part in the watermark any more, whether or not it sent MAX.
      if (drain) this.#valve(input, (valve) => valve.setStatus(channel, "finished"));
    }
    this.#endsLeft[input][channel] = left === 2 && drain && this.#sendersStay ? 1 : 0;
    if (left > 0 && this.#endsLeft[input][channel] === 0) this.#close(input, channel);
    if (left === 2 && --this.#open[input] === 0) this.#events.onInputEnd(input, this.#drained[input]);
  }

  /** Barriers are not waited for on this channel any more. */
  #close(input: number, channel: number): void {
    this.#unclosed--;
    const complete = this.#barriers.end(input, channel);
    if (complete !== undefined) this.#events.onCheckpoint(complete);
  }
}
