/**
 * The inputs of a BATCH task in the order that Flink gives them: broadcast inputs first, then those without key, last the
 * keyed ones, sorted by key and timestamp, all inputs together key by key.
 *
 * Everything is taken from the gates at once, so that nobody upstream has to wait for an order: keyed records into a sort
 * that spills, records that must wait for the broadcast side into a queue that spills, or, where they lie in a file
 * anyway, not at all before their time.
 *
 * Invariants: what an operator sees of time is its beginning until a key, or the input without key, has ended. No barrier
 * comes: there are no checkpoints in BATCH mode.
 *
 * Who calls: stream_task.ts, in place of an InputProcessor.
 *
 * @module
 */

import { BugError } from "../../errors.ts";
import type { ChannelItem, DataBuffer } from "../../network/buffer.ts";
import type { InputGate } from "../../network/input_gate.ts";
import { wrapUserError } from "../../operators/user_error.ts";
import type { Spill } from "../../seams/spill.ts";
import { canonicalKey } from "../../types/canonical_key.ts";
import { decodeBatch } from "../../types/columnar_codec.ts";
import type { Key } from "../../types/key.ts";
import type { Schema } from "../../types/schema.ts";
import { MIN_WATERMARK, type RecordBatch, type WatermarkStatus } from "../../types/stream_element.ts";
import type { WatermarkCombiner } from "../../types/watermark_combiner.ts";
import { ElementQueue } from "../element_queue.ts";
import type { InputEvents } from "../input_processor.ts";
import type { OperatorChain } from "../operator_chain.ts";
import { BatchInput, type InputOrder } from "./batch_input.ts";
import { ExternalSorter } from "./external_sorter.ts";
import { type Rows, SortedEmission } from "./sorted_emission.ts";

/** What the inputs of a task are made from. */
export interface BatchInputsOptions {
  readonly gates: readonly InputGate[];
  readonly chain: OperatorChain;
  readonly events: InputEvents;
  readonly orders: readonly InputOrder[];
  /** By input; of those that are sorted. */
  readonly keySelectors: readonly (((value: unknown) => Key) | undefined)[];
  readonly spill: Spill;
  /** Memory for all sorts of the task. */
  readonly sortMemoryBytes: number;
}

/** Records on their way to the operator. */
interface Cursor extends Rows {
  next: number;
  /** Whose buffer is free afterwards; -1 for none. */
  readonly channel: number;
}

/** See the module. */
export class BatchInputs {
  readonly #options: BatchInputsOptions;
  readonly #inputs: readonly BatchInput[];
  readonly #schemas = new Map<string, Schema>();
  #cursor: Cursor | undefined;
  #emission: SortedEmission | undefined;
  #nextGate = 0;
  #isClosed = false;

  constructor(options: BatchInputsOptions) {
    this.#options = options;
    const { gates, chain, orders, spill } = options;
    const sorts = orders.filter((order) => order === "sorted").length;
    const memoryBytes = Math.max(1, Math.floor(options.sortMemoryBytes / Math.max(1, sorts)));
    this.#inputs = gates.map((gate, i) =>
      new BatchInput(orders[i], gate, {
        target: chain.head.inputs[i],
        sorter: orders[i] === "sorted" ? new ExternalSorter({ spill, memoryBytes }) : undefined,
        queue: orders[i] === "held" ? new ElementQueue(spill) : undefined,
      })
    );
  }

  get hasInput(): boolean {
    return this.#cursor !== undefined || this.#emission !== undefined ||
      this.#inputs.some((input) => input.gate.isAvailable);
  }
  get isClosed(): boolean {
    return this.#cursor === undefined && this.#emission === undefined && this.#inputs.every(({ open }) => open === 0);
  }
  get isAligning(): boolean {
    return false;
  }

  /** Does one thing; false when there is nothing to do before something arrives. */
  step(proceed: () => boolean): boolean {
    if (this.#isClosed) return false;
    if (this.#cursor !== undefined) return this.#run(this.#cursor, proceed);
    if (this.#emission !== undefined) return this.#emit(this.#emission, proceed);
    for (const { sorter } of this.#inputs) if (sorter?.isBusy) return sorter.work(proceed), true;
    return this.#poll(proceed) || this.#release(proceed);
  }

  /** Drops what is left; called at the end of the task, however it ends. */
  close(): void {
    this.#isClosed = true;
    this.#cursor = undefined;
    this.#emission = undefined;
    for (const { sorter, queue } of this.#inputs) {
      sorter?.close();
      queue?.close();
    }
  }

  #poll(proceed: () => boolean): boolean {
    for (let i = 0; i < this.#inputs.length; i++) {
      const index = this.#nextGate;
      this.#nextGate = (index + 1) % this.#inputs.length;
      const input = this.#inputs[index];
      if (input.order === "later" && !this.#haveEnded("direct")) continue;
      const polled = input.gate.poll();
      if (polled === undefined) continue;
      if (polled.item.kind === "data") this.#data(index, polled.channel, polled.item, proceed);
      else this.#event(index, polled.channel, polled.item);
      return true;
    }
    return false;
  }

  #haveEnded(...orders: readonly InputOrder[]): boolean {
    return this.#inputs.every(({ order, open }) => open === 0 || !orders.includes(order));
  }

  #data(index: number, channel: number, buffer: DataBuffer, proceed: () => boolean): void {
    const input = this.#inputs[index];
    const batch = buffer.batch ?? decodeBatch((hash) => this.#schemas.get(hash)!, buffer.bytes!);
    const { values, timestamps } = batch;
    if (input.queue === undefined && input.sorter === undefined) {
      this.#cursor = { input: index, values, timestamps, next: 0, rows: values.length, channel };
      this.#run(this.#cursor, proceed);
      return;
    }
    // What it may cost is told by the clock that this looks at.
    proceed();
    if (input.sorter !== undefined) this.#sort(index, input.sorter, batch);
    else for (let i = 0; i < values.length; i++) input.queue!.record(values[i], timestamps[i]);
    input.sorter?.charge(values.length, buffer.sizeBytes);
    input.gate.recycle(channel);
  }

  #sort(index: number, sorter: ExternalSorter, { values, timestamps }: RecordBatch): void {
    const selector = this.#options.keySelectors[index]!;
    try {
      for (let i = 0; i < values.length; i++) sorter.add(canonicalKey(selector(values[i])), values[i], timestamps[i]);
    } catch (error) {
      throw wrapUserError(error, this.#options.chain.head.reference, "the key selector");
    }
  }

  #event(index: number, channel: number, item: Exclude<ChannelItem, DataBuffer>): void {
    const input = this.#inputs[index];
    switch (item.kind) {
      case "schema":
        this.#schemas.set(item.schema.hash, item.schema);
        return;
      case "watermark":
        return this.#valve(input, (valve) => valve.watermark(channel, item.timestamp));
      case "status":
        return this.#valve(input, (valve) => valve.setStatus(channel, item.status));
      case "latency":
        if (input.order === "direct") input.target.latency(item);
        return;
      case "barrier":
        throw new BugError("TSF-0001", "A barrier comes to a BATCH task");
      case "end":
        input.isDrained &&= item.drain;
        if (item.drain) this.#valve(input, (valve) => valve.setStatus(channel, "finished"));
        if (--input.open === 0 && !input.isWaiting) this.#options.events.onInputEnd(index, input.isDrained);
    }
  }

  /** Of inputs that wait only the last watermark counts, behind their records. */
  #valve(input: BatchInput, act: (valve: WatermarkCombiner) => boolean): void {
    const { valve, target } = input;
    const before: WatermarkStatus = valve.status;
    const hasRisen = act(valve);
    if (input.isWaiting) return;
    if (hasRisen) target.watermark(valve.current);
    if (valve.status !== before && valve.status !== "finished") target.status(valve.status);
  }

  /** Nothing arrives: inputs that have waited for others may have their turn now. */
  #release(proceed: () => boolean): boolean {
    if (!this.#haveEnded("direct")) return false;
    for (const [index, input] of this.#inputs.entries()) {
      if (input.queue === undefined) continue;
      if (!input.queue.isEmpty) return this.#drain(input, input.queue, proceed);
      if (input.open === 0 && input.isWaiting) return this.#endWaiting(index, input);
    }
    if (!this.#haveEnded("direct", "held", "later", "sorted")) return false;
    const sorted = this.#inputs.flatMap(({ sorter, isWaiting }, input) =>
      sorter === undefined || !isWaiting ? [] : [{ input, sorter }]
    );
    if (sorted.length === 0) return false;
    this.#emission = new SortedEmission(sorted);
    return true;
  }

  #drain(input: BatchInput, queue: ElementQueue, proceed: () => boolean): boolean {
    const { control } = this.#options.chain;
    while (!queue.isEmpty && control.held === 0 && proceed()) {
      queue.deliver({ record: (value, timestamp) => input.target.record(value, timestamp), event: () => {} });
    }
    return true;
  }

  /** All records of an input that waited are out: its watermark and its end follow. */
  #endWaiting(index: number, input: BatchInput): boolean {
    input.isWaiting = false;
    if (input.valve.current > MIN_WATERMARK) input.target.watermark(input.valve.current);
    this.#options.events.onInputEnd(index, input.isDrained);
    return true;
  }

  #run(cursor: Cursor, proceed: () => boolean): boolean {
    const { chain } = this.#options;
    const { control, fused } = chain;
    const { values, timestamps, rows, input } = cursor;
    if (fused !== undefined) {
      const run = fused.inputs[input];
      while (cursor.next < rows && control.held === 0 && fused.budget.mayGoOn()) {
        cursor.next = run(values, timestamps, cursor.next, rows);
      }
    }
    const { target, gate } = this.#inputs[input];
    while (cursor.next < rows && control.held === 0 && proceed()) {
      const row = cursor.next++;
      target.record(values[row], timestamps[row]);
    }
    if (cursor.next < rows) return true;
    this.#cursor = undefined;
    if (cursor.channel >= 0) gate.recycle(cursor.channel);
    return true;
  }

  /** Hands over the next records of one key, or ends a key. */
  #emit(emission: SortedEmission, proceed: () => boolean): boolean {
    const { head } = this.#options.chain;
    const next = emission.next();
    if (next === "key-ended") {
      head.call("timers at the end of a key", () => head.operator.endKey());
    } else if (next === "ended") {
      this.#emission = undefined;
      for (const { input } of emission.inputs) this.#endWaiting(input, this.#inputs[input]);
    } else {
      this.#cursor = {
        input: next.input,
        values: next.values,
        timestamps: next.timestamps,
        rows: next.rows,
        next: 0,
        channel: -1,
      };
      return this.#run(this.#cursor, proceed);
    }
    return true;
  }
}
