/**
 * The columnar codec: a run of records becomes one buffer that decodes alone, column by column. Exact for everything
 * that may travel, whatever the schema says; fast for what the schema describes.
 *
 * Buffer: format version, flags, 16 bytes schema hash, number of rows, timestamps if any record has one, then the root
 * column (see column_buffer.ts). No dictionary, delta or schema is carried from one buffer to the next.
 *
 * Callers: record writers and readers of the network stack, in-flight data of checkpoints.
 *
 * @module
 */

import { InvalidProgramError, JobExecutionError } from "../errors.ts";
import { ByteReader, ByteWriter } from "./byte_buffer.ts";
import {
  type AppendedRows,
  generateAppender,
  generateRowBuilder,
  type RowAppender,
  type RowRun,
} from "./codec_codegen.ts";
import { ColumnBuffer } from "./column_buffer.ts";
import { ColumnReader, interpretedRowBuilder, valuesOf } from "./column_reader.ts";
import { assertTravels } from "./copy.ts";
import { toHex } from "./murmur3.ts";
import { type ColumnSchema, Kind, type Schema } from "./schema.ts";
import { sharesObjects } from "./shared_objects.ts";
import { NO_TIMESTAMP, type RecordBatch } from "./stream_element.ts";
import { damaged } from "./text_column.ts";

/** Bytes of a buffer unless the caller says otherwise. */
export const DEFAULT_BUFFER_BYTES: number = 32 * 1024;
/** Bytes of one record that is larger than a buffer: `taskmanager.network.max-record-size`. */
export const MAX_RECORD_BYTES: number = 64 * 1024 * 1024;

const FORMAT = 1;
const HAS_TIMESTAMPS = 1;
const HASH_AT = 2;
const HEADER_BYTES = 2 + 16 + 4;
const MAX_ROWS = 4096;
/** What a column takes beside its rows, about: tag, lengths of its text, padding. */
const COLUMN_BYTES = 12;
/** Larger functions are not worth compiling. */
const MAX_GENERATED_COLUMNS = 100;

/** One buffer. */
export interface EncodedBatch {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Number of values in it, at least one. */
  readonly rows: number;
  /** Values or fields the schema did not know; when there are any, it pays to observe these rows. */
  readonly escapes: number;
}

/**
 * Encodes as many values as fit into one buffer, at least one.
 *
 * @param schema From a SchemaTracker that has seen the values; any other is right too, but slower.
 * @param timestamps One per value, {@link NO_TIMESTAMP} where there is none.
 * @param from Index of the first value.
 * @param limitBytes Size of the buffer; only a single larger record makes a larger one.
 * @param maxRecordBytes Size of the largest record.
 * @throws InvalidProgramError TSF-2101 for a value that cannot travel, TSF-2103 for one that is too large.
 */
export function encodeBatch(
  schema: Schema,
  values: readonly unknown[],
  timestamps: ArrayLike<number>,
  from: number = 0,
  limitBytes: number = DEFAULT_BUFFER_BYTES,
  maxRecordBytes: number = MAX_RECORD_BYTES,
): EncodedBatch {
  return codecOf(schema).encode({ values, timestamps, from, limitBytes, maxRecordBytes });
}

/**
 * Decodes a buffer.
 *
 * @param schemaByHash The schema that was announced under this hash.
 * @throws JobExecutionError TSF-2106 when the bytes are damaged, TSF-2109 when the schema is not known.
 */
export function decodeBatch(
  schemaByHash: (hash: string) => Schema | undefined,
  bytes: Uint8Array,
): RecordBatch<unknown> {
  const hash = schemaHashOf(bytes);
  const schema = schemaByHash(hash);
  if (schema === undefined || schema.hash !== hash) {
    throw new JobExecutionError("TSF-2109", "A batch names a schema that was not announced", {
      expected: schema === undefined ? "a known schema" : schema.hash,
      found: hash,
    });
  }
  return codecOf(schema).decode(bytes);
}

/** The hash of the schema a buffer was encoded with. */
export function schemaHashOf(bytes: Uint8Array): string {
  if (bytes.length < HEADER_BYTES || bytes[0] !== FORMAT) {
    throw damaged(`format ${bytes[0]}, ${bytes.length} bytes`);
  }
  return toHex(bytes.subarray(HASH_AT, HASH_AT + 16));
}

function codecOf(schema: Schema): ColumnarCodec {
  return schema.codec ??= new ColumnarCodec(schema);
}

/** What is encoded; see {@link encodeBatch}. */
export interface EncodeRequest {
  readonly values: readonly unknown[];
  readonly timestamps: ArrayLike<number>;
  readonly from: number;
  readonly limitBytes: number;
  readonly maxRecordBytes: number;
}

/**
 * The codec of one schema. Not reentrant: it gathers every batch in the same column buffers. Each side is made at first
 * use, because most subtasks only write a schema or only read it.
 */
export class ColumnarCodec {
  readonly #schema: Schema;
  readonly #compiled: boolean;
  #encoder: BatchEncoding | undefined;
  #reader: ColumnReader | undefined;

  /** @param generated False keeps to the interpreter. */
  constructor(schema: Schema, generated: boolean = true) {
    this.#schema = schema;
    this.#compiled = generated && countColumns(schema.root) <= MAX_GENERATED_COLUMNS;
  }

  encode(request: EncodeRequest): EncodedBatch {
    this.#encoder ??= new BatchEncoding(this.#schema, this.#compiled);
    return this.#encoder.encode(request);
  }

  decode(bytes: Uint8Array): RecordBatch<unknown> {
    this.#reader ??= this.#makeReader();
    // Numbers are read in place, which needs the alignment they were written with.
    if (bytes.byteOffset % 8 !== 0) bytes = bytes.slice();
    const reader = new ByteReader(bytes, 1);
    const flags = reader.u8();
    reader.skip(16);
    const rows = reader.u32();
    if (rows > MAX_ROWS) throw damaged(`${rows} rows`);
    if ((flags & ~HAS_TIMESTAMPS) !== 0) throw damaged(`flags ${flags}`);
    const timestamps = new Float64Array(rows);
    if ((flags & HAS_TIMESTAMPS) === 0) timestamps.fill(NO_TIMESTAMP);
    else {
      reader.align(8);
      const start = bytes.byteOffset + reader.skip(rows * 8);
      timestamps.set(new Float64Array(bytes.buffer, start, rows));
    }
    const column = valuesOf(this.#reader.read({ bytes, reader }, rows), rows);
    reader.assertEnd();
    return { kind: "batch", values: Array.isArray(column) ? column : Array.from(column), timestamps };
  }

  #makeReader(): ColumnReader {
    const { root, hash } = this.#schema;
    let builders = 0;
    return new ColumnReader(
      root,
      (shape, forms) =>
        this.#compiled ? generateRowBuilder(shape, forms, `${hash} ${builders++}`) : interpretedRowBuilder(shape),
    );
  }
}

function countColumns(column: ColumnSchema): number {
  let count = 1;
  for (const shape of column.shapes) for (const inner of shape.columns) count += countColumns(inner);
  return count;
}

/** The writing side of a codec. */
class BatchEncoding {
  readonly #root: ColumnBuffer;
  readonly #columns: ColumnBuffer[] = [];
  readonly #append: RowAppender;
  readonly #hash: Uint8Array;
  /** Whether a record could hold one object in two columns: then each is looked at first. */
  readonly #mayShare: boolean;
  readonly #out: ByteWriter = new ByteWriter(1024);

  constructor(schema: Schema, compiled: boolean) {
    this.#root = new ColumnBuffer(schema.root);
    this.#root.visit((column) => this.#columns.push(column));
    this.#mayShare = schema.root.shapes.some((shape) => shape.columns.some(holdsObjects));
    this.#hash = Uint8Array.from(schema.hash.match(/../g) ?? [], (digits) => parseInt(digits, 16));
    this.#append = compiled
      ? generateAppender(this.#root, schema.hash, this.#mayShare ? sharesObjects : undefined)
      : (run) => this.#interpret(run, this.#mayShare);
  }

  encode(request: EncodeRequest): EncodedBatch {
    const { values, from, limitBytes, maxRecordBytes } = request;
    const to = Math.min(values.length, from + MAX_ROWS);
    const stamped = hasTimestamps(request.timestamps, from, to);
    const budget = Math.max(limitBytes / 2, limitBytes - HEADER_BYTES - this.#columns.length * COLUMN_BYTES);
    const { rows: appended, size } = this.#gather({ values, from, to, budget, rowBytes: stamped ? 8 : 0 });
    if (appended === 1 && size > maxRecordBytes) throw tooLarge(size, maxRecordBytes);
    const rows = this.#fill(request, { rows: appended, size }, { stamped, budget });
    if (rows === 1 && this.#out.length > Math.max(limitBytes, maxRecordBytes)) {
      throw tooLarge(this.#out.length, maxRecordBytes);
    }
    let escapes = 0;
    for (const column of this.#columns) {
      escapes += column.escapes;
      column.text = "";
    }
    const bytes = this.#out.toBytes();
    this.#out.clear();
    return { bytes, rows, escapes };
  }

  /** Writes as many of the appended rows as fit, and takes the others back. @returns how many. */
  #fill(
    request: EncodeRequest,
    appended: AppendedRows,
    { stamped, budget }: { stamped: boolean; budget: number },
  ): number {
    let { rows, size } = appended;
    const drop = (): void => {
      size -= this.#root.dropLast() + (stamped ? 8 : 0);
      rows--;
    };
    if (size > budget && rows > 1) drop();
    while (true) {
      this.#write(request, rows, stamped);
      const excess = this.#out.length - request.limitBytes;
      if (excess <= 0 || rows === 1) return rows;
      // Text that is not ASCII takes more than was counted: drop what was counted too little, at least one row.
      const target = size * (1 - excess / this.#out.length);
      do drop(); while (size > target && rows > 1);
    }
  }

  /** Appends rows to the column buffers, with the error of a value that cannot travel naming its whole path. */
  #gather(run: RowRun): AppendedRows {
    const rows = run.to - run.from;
    try {
      this.#root.reset(rows);
      const done = this.#append(run);
      if (this.#mayShare || !this.#columns.some((column) => column.objectEscaped && column !== this.#root)) return done;
      // An unforeseen object in a column: another column may hold it too, or it may lead back to its record.
      this.#root.reset(rows);
      return this.#interpret(run, true);
    } catch (error) {
      // What a getter of a value throws that cannot travel says less than that it cannot.
      for (let at = run.from; at < run.to; at++) assertTravels(run.values[at]);
      throw error;
    }
  }

  #interpret({ values, from, to, budget, rowBytes }: RowRun, checkShared: boolean): AppendedRows {
    const root = this.#root;
    let size = 0;
    let at = from;
    while (at < to && size <= budget) {
      const value = values[at++];
      const shared = checkShared && typeof value === "object" && value !== null && sharesObjects(value);
      size += rowBytes + (shared ? root.appendGeneric(value) : root.append(value));
    }
    return { rows: at - from, size };
  }

  #write({ timestamps, from }: EncodeRequest, rows: number, stamped: boolean): void {
    const out = this.#out;
    out.truncate(0);
    out.u8(FORMAT);
    out.u8(stamped ? HAS_TIMESTAMPS : 0);
    out.raw(this.#hash);
    out.u32(rows);
    if (stamped) {
      out.align(8);
      if (timestamps instanceof Float64Array) {
        out.raw(new Uint8Array(timestamps.buffer, timestamps.byteOffset + from * 8, rows * 8));
      } else for (let i = 0; i < rows; i++) out.f64(timestamps[from + i]);
    }
    this.#root.write(out);
  }
}

function hasTimestamps(timestamps: ArrayLike<number>, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (timestamps[i] !== NO_TIMESTAMP) return true;
  return false;
}

function holdsObjects(column: ColumnSchema): boolean {
  return (column.kinds & (Kind.GENERIC | Kind.ROW)) !== 0;
}

function tooLarge(size: number, maxBytes: number): InvalidProgramError {
  return new InvalidProgramError("TSF-2103", `A record of ${size} bytes is too large to be sent`, {
    expected: `at most ${maxBytes} bytes (taskmanager.network.max-record-size)`,
    found: `${size} bytes`,
    hint: "Send a reference to the data instead, split it into several records, or raise the option.",
  });
}
