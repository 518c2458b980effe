/**
 * A ring in shared memory that carries frames from one thread to one other, in order. A frame is a kind, a channel, an
 * argument and a payload of any size: small ones share a ring slot, one that is larger than a ring slot crosses in
 * consecutive ones, also when the ring has a single one.
 *
 * Invariants: writing never fails and never waits; what does not fit stays in a private queue of the writer, in order.
 * A ring slot is free again as soon as the reader has copied it: payloads handed out are memory of the reader alone.
 * No wake-up is lost: whoever does something the other end may sleep for finds out from {@link RingWriter.takeWake} or
 * {@link RingReader.takeWake}. The writer with a queue stores its flag, then looks at the count of freed ring slots; the
 * reader stores that count, then looks at the flag: one of the two sees the other.
 *
 * Callers: slot_exchange.ts (data between slots) and control_ring.ts (mail to slots).
 *
 * @module
 */

import { invariant } from "../errors.ts";
import { align8, FRAME_HEADER_BYTES, RingMemory, RingWord, SlotContent } from "./ring_memory.ts";

export { createRing, type RingOptions } from "./ring_memory.ts";

/** Takes one frame. The payload starts at a multiple of 8 of its own memory, which small frames share. */
export type FrameHandler = (
  kind: number,
  channel: number,
  argument: number,
  payload: Uint8Array<ArrayBuffer>,
) => void;

interface WaitingFrame {
  readonly kind: number;
  readonly channel: number;
  readonly argument: number;
  readonly payload: Uint8Array;
}

const NO_BYTES = new Uint8Array(0);
const NO_WORDS = new Int32Array(0);
/** Takes the place of a frame that has left the queue, so that its payload is let go. */
const NO_FRAME: WaitingFrame = { kind: 0, channel: 0, argument: 0, payload: NO_BYTES };

/** The writing end; at most one per ring. */
export class RingWriter {
  readonly #memory: RingMemory;
  #published: number;
  /** As last seen. */
  #freed: number;
  /** Bytes in the ring slot that is being filled; 0 when none is. */
  #used = 0;
  /** Frames that did not fit, from `#head` on. */
  #queue: WaitingFrame[] = [];
  #head = 0;
  #waitingBytes = 0;
  /** Bytes of a large frame that have crossed already. */
  #crossed = 0;
  #isFlagged = false;
  #hasPublished = false;

  readonly #copiesWaiting: boolean;

  /** @param copiesWaiting Whether payloads are only lent: what does not fit yet is copied. Default false. */
  constructor(ring: SharedArrayBuffer, { copiesWaiting = false }: { readonly copiesWaiting?: boolean } = {}) {
    this.#copiesWaiting = copiesWaiting;
    this.#memory = new RingMemory(ring);
    this.#published = Atomics.load(this.#memory.words, RingWord.PUBLISHED);
    this.#freed = Atomics.load(this.#memory.words, RingWord.FREED);
  }

  /** Frames that did not fit yet. */
  get waiting(): number {
    return this.#queue.length - this.#head;
  }
  /** Bytes of payload in them. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /**
   * Puts a frame behind all others. It may stay unseen until {@link flush}.
   *
   * @param kind 32 bits, as `channel`; `argument` is signed.
   * @param payload Must not be changed any more, for it may be kept until there is room; unless those are copied.
   */
  write(kind: number, channel: number, argument: number, payload: Uint8Array): void {
    const frame = { kind, channel, argument, payload };
    if (this.waiting === 0 && this.#place(frame)) return;
    this.#queue.push(this.#copiesWaiting ? { ...frame, payload: payload.slice() } : frame);
    this.#waitingBytes += payload.length;
  }

  /** Publishes what was written, as far as there is room. @returns Whether nothing waits any more. */
  flush(): boolean {
    for (;;) {
      while (this.#head < this.#queue.length && this.#place(this.#queue[this.#head])) {
        this.#waitingBytes -= this.#queue[this.#head].payload.length;
        this.#queue[this.#head++] = NO_FRAME;
      }
      if (this.#used > 0) this.#publish(SlotContent.FRAMES);
      if (this.waiting === 0) {
        this.#queue.length = this.#head = 0;
        this.#flag(false);
        return true;
      }
      this.#compact();
      // The flag first, then the look: the reader frees first, then looks at the flag.
      this.#flag(true);
      if (!this.#hasFreeSlot()) return false;
    }
  }

  /** Whether the reader must be woken: something was published since the last call. */
  takeWake(): boolean {
    const hasPublished = this.#hasPublished;
    this.#hasPublished = false;
    return hasPublished;
  }

  #place(frame: WaitingFrame): boolean {
    const { capacity, bytes } = this.#memory;
    const length = frame.payload.length;
    if (FRAME_HEADER_BYTES + length > capacity) return this.#placeParts(frame);
    const size = align8(FRAME_HEADER_BYTES + length);
    if (this.#used + size > capacity) this.#publish(SlotContent.FRAMES);
    if (this.#used === 0 && !this.#hasFreeSlot()) return false;
    const at = this.#memory.start + this.#used;
    this.#writeHeader(at, frame);
    if (length > 0) bytes.set(frame.payload, at + FRAME_HEADER_BYTES);
    this.#used += size;
    return true;
  }

  /** Moves on with a large frame; true when all of it has crossed. */
  #placeParts(frame: WaitingFrame): boolean {
    const { capacity, bytes } = this.#memory;
    const length = frame.payload.length;
    invariant(length < 2 ** 31, `A frame of ${length} bytes`);
    if (this.#used > 0) this.#publish(SlotContent.FRAMES);
    while (this.#crossed < length) {
      if (!this.#hasFreeSlot()) return false;
      const isFirst = this.#crossed === 0;
      const headerBytes = isFirst ? FRAME_HEADER_BYTES : 0;
      const start = this.#memory.start;
      if (isFirst) this.#writeHeader(start, frame);
      const count = Math.min(capacity - headerBytes, length - this.#crossed);
      bytes.set(frame.payload.subarray(this.#crossed, this.#crossed + count), start + headerBytes);
      this.#crossed += count;
      this.#used = headerBytes + count;
      this.#publish(isFirst ? SlotContent.FIRST_PART : SlotContent.NEXT_PART);
    }
    this.#crossed = 0;
    return true;
  }

  #writeHeader(at: number, { kind, channel, argument, payload }: WaitingFrame): void {
    const { words } = this.#memory;
    const word = at >> 2;
    words[word] = payload.length;
    words[word + 1] = kind;
    words[word + 2] = channel;
    words[word + 3] = argument;
  }

  #publish(content: number): void {
    const { words, slotWord } = this.#memory;
    words[slotWord] = this.#used;
    words[slotWord + 1] = content;
    this.#used = 0;
    this.#memory.advance();
    this.#published = (this.#published + 1) | 0;
    // Sequentially consistent: whoever sees the count sees the bytes.
    Atomics.store(words, RingWord.PUBLISHED, this.#published);
    this.#hasPublished = true;
  }

  #hasFreeSlot(): boolean {
    const { words, ringSlots } = this.#memory;
    if (((this.#published - this.#freed) | 0) < ringSlots) return true;
    this.#freed = Atomics.load(words, RingWord.FREED);
    return ((this.#published - this.#freed) | 0) < ringSlots;
  }

  /** The reader takes the flag down when it wakes us, so that it goes up again every time something waits. */
  #flag(waits: boolean): void {
    if (!waits && !this.#isFlagged) return;
    this.#isFlagged = waits;
    Atomics.store(this.#memory.words, RingWord.WRITER_WAITS, waits ? 1 : 0);
  }

  #compact(): void {
    if (this.#head < 1024 || this.#head * 2 < this.#queue.length) return;
    this.#queue.splice(0, this.#head);
    this.#head = 0;
  }
}

/** A large frame of which some parts have come. */
interface PartialFrame extends WaitingFrame {
  readonly payload: Uint8Array<ArrayBuffer>;
  filled: number;
}

/** The reading end; at most one per ring. */
export class RingReader {
  readonly #memory: RingMemory;
  #freed: number;
  /** Copy of the ring slot taken last, handed out up to `#at`. */
  #frames: Uint8Array<ArrayBuffer> = NO_BYTES;
  #words: Int32Array = NO_WORDS;
  #at = 0;
  #large: PartialFrame | undefined;
  #isReading = false;
  #hasFreed = false;

  /** Where ring slots are copied to when frames are only lent. */
  readonly #scratch: { readonly bytes: Uint8Array<ArrayBuffer>; readonly words: Int32Array } | undefined;

  /**
   * @param lendsFrames Whether payloads are valid only until `onFrame` returns: small ones use the same memory again and
   * again. Default false: they are the handler's.
   */
  constructor(ring: SharedArrayBuffer, { lendsFrames = false }: { readonly lendsFrames?: boolean } = {}) {
    this.#memory = new RingMemory(ring);
    this.#freed = Atomics.load(this.#memory.words, RingWord.FREED);
    if (lendsFrames) {
      const bytes = new Uint8Array(this.#memory.capacity);
      this.#scratch = { bytes, words: new Int32Array(bytes.buffer) };
    }
  }

  /**
   * Hands over every frame that is complete by now. Called from inside `onFrame` it does nothing. When `onFrame` throws,
   * that frame counts as handed over and the next call goes on behind it.
   *
   * @param maxRingSlots How many ring slots are taken at most; the rest stays where it is.
   * @returns How many frames there were.
   */
  read(onFrame: FrameHandler, maxRingSlots = Infinity): number {
    if (this.#isReading) return 0;
    this.#isReading = true;
    try {
      let count = this.#handOver(onFrame);
      // What is published meanwhile comes with the next call: two busy threads must not keep each other here.
      const published = Atomics.load(this.#memory.words, RingWord.PUBLISHED);
      for (let left = maxRingSlots; this.#freed !== published && left > 0; left--) {
        this.#takeSlot();
        count += this.#handOver(onFrame);
      }
      return count;
    } finally {
      this.#isReading = false;
    }
  }

  /** Whether something was published that was not read yet. */
  get hasMore(): boolean {
    return this.#freed !== Atomics.load(this.#memory.words, RingWord.PUBLISHED);
  }

  /** Whether the writer must be woken: it has frames that did not fit, and ring slots were freed since the last call. */
  takeWake(): boolean {
    if (!this.#hasFreed) return false;
    this.#hasFreed = false;
    return Atomics.exchange(this.#memory.words, RingWord.WRITER_WAITS, 0) === 1;
  }

  #handOver(onFrame: FrameHandler): number {
    let count = 0;
    while (this.#at < this.#frames.length) {
      const word = this.#at >> 2;
      const words = this.#words;
      const from = this.#at + FRAME_HEADER_BYTES;
      const length = words[word];
      // First on, then out: the handler may throw.
      this.#at = align8(from + length);
      count++;
      const payload = length === 0 ? NO_BYTES : this.#frames.subarray(from, from + length);
      onFrame(words[word + 1], words[word + 2], words[word + 3], payload);
    }
    // The memory belongs to the payloads alone from here on.
    this.#frames = NO_BYTES;
    this.#words = NO_WORDS;
    this.#at = 0;
    const large = this.#large;
    if (large === undefined || large.filled < large.payload.length) return count;
    this.#large = undefined;
    onFrame(large.kind, large.channel, large.argument, large.payload);
    return count + 1;
  }

  #takeSlot(): void {
    const { words, bytes, slotWord, start } = this.#memory;
    const end = start + words[slotWord];
    switch (words[slotWord + 1]) {
      case SlotContent.FRAMES:
        this.#takeFrames(bytes.subarray(start, end));
        break;
      case SlotContent.FIRST_PART: {
        const word = start >> 2;
        this.#large = {
          payload: new Uint8Array(words[word]),
          kind: words[word + 1],
          channel: words[word + 2],
          argument: words[word + 3],
          filled: 0,
        };
        this.#takePart(this.#large, start + FRAME_HEADER_BYTES, end);
        break;
      }
      default:
        invariant(this.#large !== undefined, "A ring slot continues a frame that was not begun");
        this.#takePart(this.#large, start, end);
    }
    this.#memory.advance();
    this.#freed = (this.#freed + 1) | 0;
    Atomics.store(words, RingWord.FREED, this.#freed);
    this.#hasFreed = true;
  }

  #takeFrames(bytes: Uint8Array): void {
    if (this.#scratch === undefined) {
      this.#frames = bytes.slice() as unknown as Uint8Array<ArrayBuffer>;
      this.#words = new Int32Array(this.#frames.buffer);
    } else {
      this.#scratch.bytes.set(bytes);
      this.#frames = this.#scratch.bytes.subarray(0, bytes.length);
      this.#words = this.#scratch.words;
    }
  }

  #takePart(large: PartialFrame, from: number, to: number): void {
    large.payload.set(this.#memory.bytes.subarray(from, to), large.filled);
    large.filled += to - from;
  }
}
