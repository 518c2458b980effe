/**
 * What one subtask has produced for one edge: a queue per subpartition that waits for credit.
 *
 * Invariants: items leave a subpartition in the order they were added; data needs one credit each, events none, but an
 * event never overtakes data. The partition has room while fewer than `maxBuffers` data buffers and fewer than `maxBytes`
 * bytes wait; what is added beyond that (one user call may push any amount) goes to disk past `maxOverflowBuffers` and
 * keeps the task blocked until it is empty again.
 *
 * @module
 */

import type { Spill, SpillFile } from "../seams/spill.ts";
import type { ChannelItem, CreditReceiver, DataBuffer, SubpartitionReceiver } from "./buffer.ts";

/** Turns a buffer held by reference to bytes and back, for spilling. */
export interface BufferCodec {
  encode(buffer: DataBuffer): Uint8Array;
  decode(bytes: Uint8Array): DataBuffer;
}

/** Limits and helpers of a partition. */
export interface ResultPartitionOptions {
  readonly numSubpartitions: number;
  /** Data buffers that may wait before the task is told to stop. */
  readonly maxBuffers: number;
  /**
   * Bytes that may wait before the task is told to stop; twice as many are kept in memory of what is beyond `maxBuffers`.
   * Default: no limit.
   */
  readonly maxBytes?: number;
  /** Data buffers beyond `maxBuffers` that are kept in memory before the rest goes to disk. */
  readonly maxOverflowBuffers: number;
  readonly spill: Spill;
  readonly codec: BufferCodec;
  /** Called when the partition has room again. */
  readonly onRoom: () => void;
}

/** The output of one subtask over one edge. */
export class ResultPartition {
  readonly subpartitions: readonly Subpartition[];
  readonly #maxBytes: number;
  #waiting = 0;
  #waitingBytes = 0;
  #spillFile: SpillFile | undefined;
  #spilled = 0;
  #wasFull = false;

  constructor(readonly options: ResultPartitionOptions) {
    this.#maxBytes = options.maxBytes ?? Infinity;
    this.subpartitions = Array.from({ length: options.numSubpartitions }, () => new Subpartition(this));
  }

  /** Whether the task may go on emitting. */
  get hasRoom(): boolean {
    return this.#waiting < this.options.maxBuffers && this.#waitingBytes < this.#maxBytes;
  }
  /** Data buffers that wait for credit, over all subpartitions. */
  get waitingBuffers(): number {
    return this.#waiting;
  }
  /** Buffers on disk now; for metrics and tests. */
  get spilledBuffers(): number {
    return this.#spilled;
  }

  /** @internal One more data buffer waits; gives back what to queue: the buffer, or where it was spilled to. */
  admit(buffer: DataBuffer): DataBuffer | SpilledBuffer {
    const { maxBuffers, maxOverflowBuffers } = this.options;
    this.#waiting++;
    this.#waitingBytes += buffer.sizeBytes;
    if (!this.hasRoom) this.#wasFull = true;
    const overflow = this.#waiting - maxBuffers;
    if (overflow <= 0 || (overflow <= maxOverflowBuffers && this.#waitingBytes <= 2 * this.#maxBytes)) return buffer;
    this.#spillFile ??= this.options.spill.open("overflow");
    const bytes = this.options.codec.encode(buffer);
    this.#spilled++;
    const position = this.#spillFile.append(bytes);
    return { kind: "spilled", position, encodedBytes: bytes.length, sizeBytes: buffer.sizeBytes };
  }

  /** @internal One data buffer has left. */
  release(sizeBytes: number): void {
    this.#waiting--;
    this.#waitingBytes -= sizeBytes;
    if (!this.#wasFull) return;
    if (this.#waiting <= this.options.maxBuffers >> 1 && this.#waitingBytes <= this.#maxBytes / 2) {
      this.#wasFull = false;
      this.options.onRoom();
    }
  }

  /** @internal Reads a spilled buffer back. */
  load(spilled: SpilledBuffer): DataBuffer {
    const buffer = this.options.codec.decode(this.#spillFile!.readAt(spilled.position, spilled.encodedBytes));
    if (--this.#spilled === 0) {
      this.#spillFile!.close();
      this.#spillFile = undefined;
    }
    return buffer;
  }

  /** Drops what waits; called when the task has ended, also after a failure. */
  close(): void {
    for (const subpartition of this.subpartitions) subpartition.clear();
    this.#spillFile?.close();
    this.#spillFile = undefined;
    this.#waiting = this.#waitingBytes = this.#spilled = 0;
  }
}

interface SpilledBuffer {
  readonly kind: "spilled";
  readonly position: number;
  readonly encodedBytes: number;
  /** What it counts for while it waits. */
  readonly sizeBytes: number;
}

/** One queue of a partition, read by one consumer. */
export class Subpartition implements CreditReceiver {
  #queue: (ChannelItem | SpilledBuffer)[] = [];
  #head = 0;
  #backlog = 0;
  #credit = 0;
  #receiver: SubpartitionReceiver | undefined;
  #sending = false;

  constructor(readonly partition: ResultPartition) {}

  /** Connects the consumer; what was added before is sent as its credit allows. */
  connect(receiver: SubpartitionReceiver): void {
    this.#receiver = receiver;
    this.#send();
  }

  add(item: ChannelItem): void {
    if (item.kind === "data") {
      this.#backlog++;
      this.#queue.push(this.partition.admit(item));
    } else {
      this.#queue.push(item);
    }
    this.#send();
  }

  addCredit(credit: number): void {
    this.#credit += credit;
    this.#send();
  }

  /** Items not yet sent. */
  get queued(): number {
    return this.#queue.length - this.#head;
  }

  clear(): void {
    this.#queue = [];
    this.#head = this.#backlog = 0;
  }

  /** Not re-entrant: a receiver may return credit from inside onItem. */
  #send(): void {
    if (this.#receiver === undefined || this.#sending) return;
    this.#sending = true;
    try {
      while (this.#head < this.#queue.length) {
        const queued = this.#queue[this.#head];
        const isData = queued.kind === "data" || queued.kind === "spilled";
        if (isData && this.#credit === 0) {
          // The consumer learns that more waits, so that it can lend floating buffers.
          if (this.#backlog > 0) this.#receiver.onItem(BACKLOG_ONLY, this.#backlog);
          if (this.#credit === 0) break;
        }
        this.#head++;
        if (isData) {
          this.#credit--;
          this.#backlog--;
          const buffer = queued.kind === "spilled" ? this.partition.load(queued) : queued;
          this.partition.release(queued.sizeBytes);
          this.#receiver.onItem(buffer as DataBuffer, this.#backlog);
        } else {
          this.#receiver.onItem(queued as ChannelItem, this.#backlog);
        }
      }
      this.#compact();
    } finally {
      this.#sending = false;
    }
  }

  #compact(): void {
    if (this.#head === this.#queue.length) {
      this.#queue.length = this.#head = 0;
    } else if (this.#head > 1024 && this.#head * 2 > this.#queue.length) {
      this.#queue.splice(0, this.#head);
      this.#head = 0;
    }
  }
}

/** Stands for "no item, only news of the backlog". */
export const BACKLOG_ONLY: DataBuffer = { kind: "data", rows: 0, sizeBytes: 0 };
