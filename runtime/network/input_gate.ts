/**
 * One logical input of a subtask: its channels, their credits, and one queue of channels that have something.
 *
 * Flow control is Flink's: every channel owns exclusive buffers and hands them to its sender as credit; further credit
 * comes from floating buffers of the gate, lent against the backlog a sender announces. A buffer is free again, and its
 * credit returned, when the task has consumed it.
 *
 * @module
 */

import { invariant } from "../errors.ts";
import type { ChannelItem, CreditReceiver, SubpartitionReceiver } from "./buffer.ts";
import { BACKLOG_ONLY } from "./result_partition.ts";

/** Buffers of a gate. */
export interface InputGateOptions {
  readonly numChannels: number;
  /** Default 2, as in Flink. */
  readonly exclusiveBuffersPerChannel: number;
  /** Default 8, as in Flink. */
  readonly floatingBuffersPerGate: number;
  /** Called when something arrives at a gate that had nothing. */
  readonly onAvailable: () => void;
}

/** An item with the channel it came over. */
export interface GateItem {
  readonly channel: number;
  readonly item: ChannelItem;
}

/** One logical input of a subtask. */
export class InputGate {
  readonly channels: readonly InputChannel[];
  readonly #ready: InputChannel[] = [];
  #floating: number;
  /** Channels that want floating buffers, in order of asking. */
  readonly #wanting: InputChannel[] = [];

  constructor(readonly options: InputGateOptions) {
    this.#floating = options.floatingBuffersPerGate;
    this.channels = Array.from(
      { length: options.numChannels },
      (_, index) => new InputChannel(this, index, options.exclusiveBuffersPerChannel),
    );
  }

  /** Whether {@link poll} would give something. */
  get isAvailable(): boolean {
    return this.#ready.length > 0;
  }

  /** The next item of a channel that is not blocked, channels taking turns; undefined when there is none. */
  poll(): GateItem | undefined {
    const channel = this.#ready.shift();
    if (channel === undefined) return undefined;
    channel.isReady = false;
    const item = channel.take();
    invariant(item !== undefined, "A ready channel has no item");
    this.markReady(channel);
    return { channel: channel.index, item };
  }

  /** Holds a channel back (alignment): what arrives stays in its own buffers. */
  block(index: number): void {
    const channel = this.channels[index];
    channel.isBlocked = true;
    if (channel.isReady) {
      this.#ready.splice(this.#ready.indexOf(channel), 1);
      channel.isReady = false;
    }
  }

  unblock(index: number): void {
    const channel = this.channels[index];
    channel.isBlocked = false;
    this.markReady(channel);
  }

  /** Returns the buffer of the last data item of a channel once it has been consumed. */
  recycle(index: number): void {
    this.channels[index].recycle();
  }

  /** @internal */
  markReady(channel: InputChannel): void {
    if (channel.isReady || channel.isBlocked || !channel.hasItem) return;
    channel.isReady = true;
    this.#ready.push(channel);
    if (this.#ready.length === 1) this.options.onAvailable();
  }

  /** @internal Lends floating buffers to a channel whose backlog exceeds its credit. */
  lend(channel: InputChannel, wanted: number): number {
    const lent = Math.min(wanted, this.#floating);
    this.#floating -= lent;
    if (lent < wanted && !this.#wanting.includes(channel)) this.#wanting.push(channel);
    return lent;
  }

  /** @internal Takes a floating buffer back and offers it to the channel that waits longest. */
  giveBack(): void {
    this.#floating++;
    while (this.#floating > 0 && this.#wanting.length > 0) this.#wanting.shift()!.offerFloating();
  }
}

/** One channel of a gate: the receiving end of a subpartition. */
export class InputChannel implements SubpartitionReceiver {
  isReady = false;
  isBlocked = false;
  #items: ChannelItem[] = [];
  #head = 0;
  #sender: CreditReceiver | undefined;
  /** Credit the sender holds. */
  #granted = 0;
  /** Floating buffers lent to this channel, granted or filled. */
  #floating = 0;
  #backlog = 0;

  constructor(readonly gate: InputGate, readonly index: number, readonly exclusiveBuffers: number) {}

  /** Connects the sender and grants the exclusive buffers. */
  connect(sender: CreditReceiver): void {
    this.#sender = sender;
    this.#granted = this.exclusiveBuffers;
    sender.addCredit(this.exclusiveBuffers);
  }

  get hasItem(): boolean {
    return this.#head < this.#items.length;
  }
  /** Items that wait; for metrics. */
  get queued(): number {
    return this.#items.length - this.#head;
  }

  onItem(item: ChannelItem, backlog: number): void {
    this.#backlog = backlog;
    if (item !== BACKLOG_ONLY) {
      if (item.kind === "data") this.#granted--;
      this.#items.push(item);
      this.gate.markReady(this);
    }
    this.offerFloating();
  }

  /** @internal */
  take(): ChannelItem | undefined {
    const item = this.#items[this.#head];
    this.#items[this.#head++] = undefined as unknown as ChannelItem;
    if (this.#head === this.#items.length) this.#items.length = this.#head = 0;
    return item;
  }

  /** @internal Asks for as many floating buffers as the backlog exceeds the credit. */
  offerFloating(): void {
    const wanted = this.#backlog - this.#granted;
    if (wanted <= 0) return;
    const lent = this.gate.lend(this, wanted);
    if (lent === 0) return;
    this.#floating += lent;
    this.#granted += lent;
    this.#sender!.addCredit(lent);
  }

  /** @internal */
  recycle(): void {
    // Floating buffers go back first, so that a burst on one channel does not keep them.
    if (this.#floating > 0 && this.#backlog <= this.#granted) {
      this.#floating--;
      this.gate.giveBack();
      return;
    }
    this.#granted++;
    this.#sender?.addCredit(1);
  }
}
