/**
 * The result of one subtask over one edge as a file: written while the subtask runs, read once it is complete, by any slot
 * of the machine, any number of times.
 *
 * The file: what was written, item by item, whatever its subpartition; then an index with the items of each subpartition
 * in order; then where the index begins. A file without that end is not complete: its writer has failed.
 *
 * Invariant: an item in a file is what crosses between slots (item_codec.ts), so a reader looks like any other sender.
 *
 * Callers: tasks/slot/slot_deployment.ts connects writers to subpartitions and readers to input channels.
 *
 * @module
 */

import { FlinkError, invariant, JobExecutionError } from "../errors.ts";
import type { AppendableFile, CompleteFile, LocalFiles } from "../seams/local_files.ts";
import type { ChannelItem, CreditReceiver, SubpartitionReceiver } from "./buffer.ts";
import { encodeEvent, type EventDecoder } from "./item_codec.ts";
import { BACKLOG_ONLY } from "./result_partition.ts";

/** Words of an item in the index: where it is, its bytes, and its rows; events have none. */
const ENTRY_WORDS = 3;
const ENTRY_BYTES = ENTRY_WORDS * 8;
/** Rows of an event in the index. */
const IS_EVENT = -1;
/** Where the index begins, its subpartitions, and that the file is complete. */
const TRAILER_BYTES = 3 * 8;
const COMPLETE = 0x74_73_66_42;

/** Never used up: a file takes whatever comes. */
const ENDLESS_CREDIT = Number.MAX_SAFE_INTEGER;

/** Takes what a subtask writes to one edge. */
export class BlockingPartitionWriter {
  readonly #files: LocalFiles;
  readonly #path: string;
  readonly #entries: number[][];
  /** Made with the first item, so that what is wrong with its place is the writing task's failure. */
  #file: AppendableFile | undefined;
  #position = 0;
  #unended: number;

  constructor(files: LocalFiles, path: string, numSubpartitions: number) {
    this.#files = files;
    this.#path = path;
    this.#entries = Array.from({ length: numSubpartitions }, () => []);
    this.#unended = numSubpartitions;
  }

  /**
   * The items of a subpartition come here; nobody has to wait for that.
   *
   * @throws JobExecutionError TSF-3042, from then on, when there is no place for them.
   */
  connect(subpartition: number, sender: CreditReceiver & { connect(receiver: SubpartitionReceiver): void }): void {
    sender.connect({ onItem: (item) => this.#write(subpartition, item) });
    sender.addCredit(ENDLESS_CREDIT);
  }

  /** Lets go of the file, complete or not; twice does no harm. */
  close(): void {
    this.#file?.close();
    this.#file = undefined;
  }

  #write(subpartition: number, item: ChannelItem): void {
    if (item === BACKLOG_ONLY) return;
    invariant(this.#unended > 0, "A result is written after its end");
    const file = this.#file ??= this.#attempt(() => this.#files.appendTo(this.#path));
    const isEvent = item.kind !== "data";
    const bytes = isEvent ? encodeEvent(item) : item.bytes;
    invariant(bytes !== undefined, "A batch held by reference cannot go to a file");
    this.#entries[subpartition].push(this.#position, bytes.length, isEvent ? IS_EVENT : item.rows);
    this.#attempt(() => file.append(bytes));
    this.#position += bytes.length;
    if (item.kind === "end" && --this.#unended === 0) this.#finish(file);
  }

  #finish(file: AppendableFile): void {
    const subpartitions = this.#entries.length;
    // Per subpartition where its entries begin, and at last where they end; then all entries.
    const starts = new Float64Array(subpartitions + 1);
    this.#entries.forEach((entries, i) => starts[i + 1] = starts[i] + entries.length / ENTRY_WORDS);
    const trailer = Float64Array.of(this.#position, subpartitions, COMPLETE);
    this.#attempt(() => {
      file.append(bytesOf(starts));
      for (const entries of this.#entries) file.append(bytesOf(Float64Array.from(entries)));
      file.append(bytesOf(trailer));
      this.close();
    });
  }

  #attempt<R>(work: () => R): R {
    try {
      return work();
    } catch (cause) {
      throw new JobExecutionError("TSF-3042", `A result between two stages cannot be written: ${this.#path}`, {
        expected: `room for more than ${this.#position} bytes in a directory that can be written`,
        found: cause instanceof FlinkError ? cause.found ?? cause.summary : String(cause),
        hint: "Free some space, or set TMPDIR to a directory that has more.",
        cause,
      });
    }
  }
}

/** What a reader is made from. */
export interface BlockingPartitionReaderOptions {
  readonly files: LocalFiles;
  readonly path: string;
  readonly subpartition: number;
  /** Shared by the readers of a subtask, so that each schema is one object. */
  readonly decoder: EventDecoder;
  readonly receiver: SubpartitionReceiver;
}

/** The sending end of a channel that reads a file. */
export class BlockingPartitionReader implements CreditReceiver {
  readonly #options: BlockingPartitionReaderOptions;
  #file: CompleteFile | undefined;
  #entries = new Float64Array(0);
  #next = 0;
  /** Data buffers that were not sent yet. */
  #backlog = 0;
  #credit = 0;
  #isStarted = false;
  #isSending = false;

  constructor(options: BlockingPartitionReaderOptions) {
    this.#options = options;
  }

  /** Begins to send. Not done by the first credit, so that what is wrong with the file is the reading task's failure. */
  start(): void {
    this.#isStarted = true;
    this.#open();
    this.#send();
  }

  addCredit(credit: number): void {
    this.#credit += credit;
    if (this.#isStarted) this.#send();
  }

  /** Lets go of the file; twice does no harm. */
  close(): void {
    this.#file?.close();
    this.#file = undefined;
  }

  #open(): void {
    const { files, path, subpartition } = this.#options;
    try {
      const file = this.#file = files.openComplete(path);
      const [index, subpartitions, mark] = this.#numbers(file.sizeBytes - TRAILER_BYTES, 3);
      if (mark !== COMPLETE || subpartition >= subpartitions) throw new Error("the file has no end");
      const [start, end] = this.#numbers(index + subpartition * 8, 2);
      const entriesAt = index + (subpartitions + 1) * 8;
      this.#entries = this.#numbers(entriesAt + start * ENTRY_BYTES, (end - start) * ENTRY_WORDS);
      for (let i = 2; i < this.#entries.length; i += ENTRY_WORDS) if (this.#entries[i] !== IS_EVENT) this.#backlog++;
    } catch (cause) {
      this.close();
      throw unreadable(path, cause);
    }
  }

  /** Not re-entrant: a receiver may return credit from inside onItem. */
  #send(): void {
    if (this.#isSending) return;
    this.#isSending = true;
    try {
      while (this.#next < this.#entries.length) {
        const rows = this.#entries[this.#next + 2];
        if (rows !== IS_EVENT && this.#credit === 0) {
          // The gate may lend floating buffers against the backlog.
          this.#options.receiver.onItem(BACKLOG_ONLY, this.#backlog);
          if (this.#credit === 0) return;
        }
        this.#sendNext(rows);
      }
      this.close();
    } finally {
      this.#isSending = false;
    }
  }

  #sendNext(rows: number): void {
    const bytes = this.#read(this.#entries[this.#next], this.#entries[this.#next + 1]);
    this.#next += ENTRY_WORDS;
    const { receiver, decoder } = this.#options;
    if (rows === IS_EVENT) {
      receiver.onItem(decoder.decode(bytes), this.#backlog);
      return;
    }
    this.#credit--;
    this.#backlog--;
    receiver.onItem({ kind: "data", rows, sizeBytes: bytes.length, bytes }, this.#backlog);
  }

  #read(position: number, sizeBytes: number): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(sizeBytes);
    let read = 0;
    try {
      read = this.#file!.readAt(position, bytes);
    } catch (cause) {
      throw unreadable(this.#options.path, cause);
    }
    if (read === sizeBytes) return bytes;
    throw unreadable(this.#options.path, new Error(`${sizeBytes} bytes at ${position} are not there`));
  }

  #numbers(position: number, count: number): Float64Array<ArrayBuffer> {
    if (!(position >= 0 && count >= 0)) throw new Error("the file is too short");
    return new Float64Array(this.#read(position, count * 8).buffer);
  }
}

function bytesOf(numbers: Float64Array): Uint8Array {
  return new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);
}

function unreadable(path: string, cause: unknown): JobExecutionError {
  return new JobExecutionError("TSF-3043", `A result between two stages cannot be read: ${path}`, {
    expected: "the complete file that an earlier stage has written",
    found: cause instanceof FlinkError ? cause.found ?? cause.summary : String(cause),
    hint: "Let nobody clean the temporary directory while the job runs.",
    cause,
  });
}
