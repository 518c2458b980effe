/**
 * One Connection over one stream of HTTP/2: frames with a length before each. Frames are copied into chunks, which are
 * used again once they were written; large ones go as they are.
 *
 * Invariants: at most one write is under way, the rest waits, so that whatever is sent while the socket is busy leaves
 * together. Every way a stream can end leads to onClose exactly once.
 *
 * @module
 */

import type http2 from "node:http2";
import type { FlinkError } from "../../runtime/errors.ts";
import type { Clock } from "../../runtime/seams/clock.ts";
import type { Address, Connection, ConnectionKind } from "../../runtime/seams/transport.ts";
import { malformed } from "../../runtime/wire/table_codec.ts";
import { FrameParser, PREFIX_BYTES } from "./frame_parser.ts";
import { connectionLost, frameTooLarge } from "./transport_errors.ts";

/** Written at once at most. Frames of more than a quarter of it are not copied. */
const CHUNK_BYTES: Readonly<Record<ConnectionKind, number>> = { control: 16_384, data: 262_144 };
/** Chunks kept for later; more are under way only when the peer is slow. */
const MAX_SPARE_CHUNKS = 2;
/** How long what was sent before a close may take to leave. */
const LINGER_MS = 5_000;

/** What a connection is made from. */
export interface H2ConnectionOptions {
  readonly stream: http2.Http2Stream;
  readonly session: http2.Http2Session;
  readonly peer: Address;
  readonly kind: ConnectionKind;
  readonly clock: Clock;
  /** Whether the session ends with the stream: that of the side that opened it. */
  readonly closesSession: boolean;
}

/** Something to be written at once. */
interface Outgoing {
  readonly bytes: Uint8Array;
  used: number;
  /** Bytes of frames in it, without their lengths. */
  frameBytes: number;
  readonly isChunk: boolean;
}

function writeLength(at: Uint8Array, length: number): void {
  for (let i = 0; i < PREFIX_BYTES; i++) at[i] = length >>> (8 * i);
}

/** See the module. */
export class H2Connection implements Connection {
  readonly peer: Address;
  readonly kind: ConnectionKind;
  maxFrameBytes = Number.MAX_SAFE_INTEGER;
  onFrame: Connection["onFrame"] = () => {};
  onClose: Connection["onClose"] = () => {};
  readonly #options: H2ConnectionOptions;
  readonly #parser: FrameParser;
  readonly #chunkBytes: number;
  /** Behind each other: chunks that are full, large frames, and the chunk that is being filled. */
  #queue: Outgoing[] = [];
  #spare: Uint8Array<ArrayBuffer>[] = [];
  #bufferedBytes = 0;
  #isWriting = false;
  #isPlanned = false;
  /** No more frames are taken or handed out. */
  #isEnded = false;
  #drains: { readonly belowBytes: number; readonly onDrain: () => void }[] = [];

  constructor(options: H2ConnectionOptions) {
    this.#options = options;
    this.peer = options.peer;
    this.kind = options.kind;
    this.#chunkBytes = CHUNK_BYTES[options.kind];
    this.#parser = new FrameParser({
      onFrame: (frame) => this.onFrame(frame),
      accepts: (bytes) => this.#accepts(bytes),
    });
    const { stream, session } = options;
    // A plain view: parts of a Buffer would be Buffers, whose slice() does not copy.
    stream.on(
      "data",
      ({ buffer, byteOffset, length }: Uint8Array<ArrayBuffer>) =>
        this.#parser.push(new Uint8Array(buffer, byteOffset, length)),
    );
    stream.on("end", () => this.#ended());
    stream.on("aborted", () => this.#ended("aborted"));
    stream.on("error", (error: Error) => this.#ended(error));
    stream.on("close", () => this.#ended());
    session.on("error", (error: Error) => this.#ended(error));
    session.on("close", () => this.#ended());
  }

  get lendsFrames(): boolean {
    return this.#parser.lendsFrames;
  }
  set lendsFrames(lends: boolean) {
    this.#parser.lendsFrames = lends;
  }
  get bufferedBytes(): number {
    return this.#bufferedBytes;
  }

  send(frame: Uint8Array): void {
    if (this.#isEnded) return;
    if (this.#isSmall(frame.length)) this.#place(frame.length).set(frame);
    else this.#placeLarge(frame);
    this.#sent(frame.length);
  }

  reserve(bytes: number): Uint8Array {
    if (this.#isEnded) return new Uint8Array(bytes);
    const room = this.#isSmall(bytes) ? this.#place(bytes) : this.#placeLarge(new Uint8Array(bytes));
    this.#sent(bytes);
    return room;
  }

  /** Only those are copied into chunks. */
  #isSmall(bytes: number): boolean {
    return bytes <= this.#chunkBytes / 4;
  }

  #sent(bytes: number): void {
    this.#bufferedBytes += bytes;
    this.#plan();
  }

  #placeLarge(frame: Uint8Array): Uint8Array {
    writeLength(this.#room(PREFIX_BYTES), frame.length);
    this.#queue.push({ bytes: frame, used: frame.length, frameBytes: frame.length, isChunk: false });
    return frame;
  }

  onceDrained(belowBytes: number, onDrain: () => void): void {
    this.#drains.push({ belowBytes, onDrain });
    if (this.#bufferedBytes <= belowBytes) void Promise.resolve().then(() => this.#drain());
  }

  close(cause?: FlinkError): void {
    if (this.#isEnded) return;
    this.#finish(cause);
    const { stream, clock } = this.#options;
    if (cause !== undefined) return this.#destroy();
    // What waits still leaves; not for ever.
    const cancel = clock.after(LINGER_MS, () => this.#destroy());
    stream.once("close", () => {
      cancel();
      this.#destroy();
    });
    if (!this.#isWriting) this.#write();
  }

  #accepts(bytes: number): boolean {
    if (bytes > 0 && bytes <= this.maxFrameBytes) return true;
    this.#fail(bytes === 0 ? malformed("a frame of 0 bytes") : frameTooLarge(bytes, this.maxFrameBytes, this.peer));
    return false;
  }

  /** What is sent in one turn leaves in one write. */
  #plan(): void {
    if (this.#isWriting || this.#isPlanned) return;
    this.#isPlanned = true;
    void Promise.resolve().then(() => {
      this.#isPlanned = false;
      if (!this.#isWriting) this.#write();
    });
  }

  #write(): void {
    const { stream } = this.#options;
    if (stream.destroyed || stream.writableEnded) return;
    const next = this.#queue.shift();
    if (next === undefined) {
      if (this.#isEnded) stream.end();
      return;
    }
    this.#isWriting = true;
    const { bytes, used, frameBytes, isChunk } = next;
    stream.write(bytes.subarray(0, used), () => {
      this.#isWriting = false;
      if (isChunk && this.#spare.length < MAX_SPARE_CHUNKS) this.#spare.push(bytes as Uint8Array<ArrayBuffer>);
      this.#bufferedBytes = Math.max(0, this.#bufferedBytes - frameBytes);
      this.#drain();
      this.#write();
    });
  }

  /** Room for a small frame, its length before it. */
  #place(length: number): Uint8Array {
    const room = this.#room(PREFIX_BYTES + length);
    writeLength(room, length);
    this.#queue[this.#queue.length - 1].frameBytes += length;
    return room.subarray(PREFIX_BYTES);
  }

  /** So many bytes of the chunk that is being filled, or of the next one. */
  #room(bytes: number): Uint8Array {
    let last = this.#queue[this.#queue.length - 1];
    if (last === undefined || !last.isChunk || last.used + bytes > this.#chunkBytes) {
      last = { bytes: this.#spare.pop() ?? new Uint8Array(this.#chunkBytes), used: 0, frameBytes: 0, isChunk: true };
      this.#queue.push(last);
    }
    last.used += bytes;
    return last.bytes.subarray(last.used - bytes, last.used);
  }

  #drain(): void {
    if (this.#isEnded || this.#drains.length === 0) return;
    const due = this.#drains.filter(({ belowBytes }) => this.#bufferedBytes <= belowBytes);
    if (due.length === 0) return;
    this.#drains = this.#drains.filter((each) => !due.includes(each));
    for (const { onDrain } of due) onDrain();
  }

  /** The stream or its session is over, for whatever reason. */
  #ended(reason?: unknown): void {
    if (this.#isEnded) return;
    const isWhole = this.#parser.isBetweenFrames;
    if (reason === undefined && isWhole) this.#finish(undefined);
    else this.#finish(connectionLost(this.peer, reason ?? new Error("the stream ended inside a frame")));
    this.#destroy();
  }

  #fail(cause: FlinkError): void {
    this.#finish(cause);
    this.#destroy();
  }

  #finish(cause: FlinkError | undefined): void {
    this.#isEnded = true;
    this.#parser.stop();
    this.#drains = [];
    void Promise.resolve().then(() => this.onClose(cause));
  }

  #destroy(): void {
    const { stream, session, closesSession } = this.#options;
    this.#queue = [];
    this.#spare = [];
    this.#bufferedBytes = 0;
    if (!stream.destroyed) stream.destroy();
    if (closesSession && !session.destroyed) session.destroy();
  }
}
