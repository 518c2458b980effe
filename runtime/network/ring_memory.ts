/**
 * Where the parts of a ring lie in its shared memory; see ring.ts.
 *
 * Header: sizes, then the three words that both threads touch, each on cache lines of its own. Then the ring slots: each
 * two words (bytes used, what they are) and the bytes. Counts run on past 2^32 and wrap: only their differences and
 * equality mean something.
 *
 * @module
 */

import { invariant } from "../errors.ts";

/** Sizes of a ring. */
export interface RingOptions {
  /** Ring slots, at least 1. */
  readonly ringSlots: number;
  /** Payload of one frame that fits into one ring slot, at least 8 bytes; larger frames cross in several. */
  readonly slotBytes: number;
}

/** Words of the header. */
export const RingWord = {
  MAGIC: 0,
  RING_SLOTS: 1,
  CAPACITY: 2,
  /** Ring slots ever published; only the writer writes it. */
  PUBLISHED: 32,
  /** Ring slots ever freed; only the reader writes it. */
  FREED: 64,
  /** 1 while the writer has frames that did not fit: the reader must wake it when it frees a ring slot. */
  WRITER_WAITS: 96,
} as const;

/** What the bytes of a ring slot are. */
export const SlotContent = {
  /** Whole frames, one behind the other. */
  FRAMES: 1,
  /** Header and beginning of one large frame. */
  FIRST_PART: 2,
  /** More of the large frame of the ring slot before. */
  NEXT_PART: 3,
} as const;

/** Words of a frame's header: bytes of payload, kind, channel, argument. */
export const FRAME_HEADER_BYTES = 16;
const RING_HEADER_BYTES = 512;
const SLOT_HEADER_BYTES = 8;
const MAGIC = 0x74_73_66_52;

/** The next multiple of 8: frames start there, so that numbers in payloads can be read in place. */
export function align8(bytes: number): number {
  return (bytes + 7) & ~7;
}

/** Makes an empty ring for one writer and one reader. */
export function createRing({ ringSlots, slotBytes }: RingOptions): SharedArrayBuffer {
  invariant(Number.isSafeInteger(ringSlots) && ringSlots >= 1, `A ring of ${ringSlots} ring slots`);
  invariant(Number.isSafeInteger(slotBytes) && slotBytes >= 8, `A ring of ring slots of ${slotBytes} bytes`);
  const capacity = align8(FRAME_HEADER_BYTES + slotBytes);
  const bytes = RING_HEADER_BYTES + ringSlots * (SLOT_HEADER_BYTES + capacity);
  invariant(bytes < 2 ** 31, `A ring of ${bytes} bytes`);
  const ring = new SharedArrayBuffer(bytes);
  const words = new Int32Array(ring);
  words[RingWord.MAGIC] = MAGIC;
  words[RingWord.RING_SLOTS] = ringSlots;
  words[RingWord.CAPACITY] = capacity;
  return ring;
}

/** Views onto a ring, and which ring slot comes next for one of its ends. */
export class RingMemory {
  readonly words: Int32Array<SharedArrayBuffer>;
  readonly bytes: Uint8Array<SharedArrayBuffer>;
  readonly ringSlots: number;
  /** Bytes of a ring slot. */
  readonly capacity: number;
  #index = 0;

  constructor(ring: SharedArrayBuffer) {
    this.words = new Int32Array(ring);
    this.bytes = new Uint8Array(ring);
    invariant(this.words[RingWord.MAGIC] === MAGIC, "The memory is not a ring");
    this.ringSlots = this.words[RingWord.RING_SLOTS];
    this.capacity = this.words[RingWord.CAPACITY];
  }

  /** Where the bytes of the current ring slot start. */
  get start(): number {
    return RING_HEADER_BYTES + this.#index * (SLOT_HEADER_BYTES + this.capacity) + SLOT_HEADER_BYTES;
  }
  /** Index of the first word of the current ring slot: bytes used; what they are is in the next. */
  get slotWord(): number {
    return (this.start - SLOT_HEADER_BYTES) >> 2;
  }
  /** Goes on to the next ring slot. Not computed from a count, which wraps. */
  advance(): void {
    this.#index = this.#index + 1 === this.ringSlots ? 0 : this.#index + 1;
  }
}
