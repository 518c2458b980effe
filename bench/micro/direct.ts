/**
 * The micro cases that call one part of the engine without a job around it: the codec of the exchange, and snapshot and
 * restore of keyed state. The loops do the same by hand, for this one record type or table.
 *
 * @module
 */

import { decodeBatch, encodeBatch } from "../../runtime/types/columnar_codec.ts";
import { SchemaTracker } from "../../runtime/types/schema_tracker.ts";
import { HeapKeyedStateBackend } from "../../runtime/state/heap_backend.ts";
import { type ValueState, ValueStateDescriptor } from "../../runtime/functions/state_descriptor.ts";
import { NexmarkGenerator } from "../../runtime/connectors/nexmark/generator.ts";
import type { Bid } from "../../runtime/connectors/nexmark/model.ts";
import { scatter } from "./cases.ts";

/** Input made, both ways ready to run. */
export interface DirectRun {
  loop(emit: (value: number) => void): void;
  engine(emit: (value: number) => void): void;
}
/** One case. */
export interface DirectCase {
  readonly name: string;
  prepare(rows: number): DirectRun;
}

const BATCH_ROWS = 1000;

interface Small {
  readonly word: string;
  readonly count: number;
}

/** Encode and decode through the engine's columnar codec. */
function throughCodec<T>(records: readonly T[], rows: number, use: (record: T) => void): void {
  const tracker = new SchemaTracker();
  for (const record of records) tracker.observe(record);
  const schema = tracker.schema();
  const timestamps = new Float64Array(records.length);
  for (let done = 0; done < rows; done += records.length) {
    for (let from = 0; from < records.length;) {
      const { bytes, rows: encoded } = encodeBatch(schema, records, timestamps, from, 1 << 20);
      const { values } = decodeBatch(() => schema, bytes);
      for (let i = 0; i < values.length; i++) use(values[i] as T);
      from += encoded;
    }
  }
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** One column of texts: joined, written once, read back once, cut. */
function throughText(texts: readonly string[], bytes: Uint8Array, ends: Int32Array): string[] {
  let joined = "";
  for (let i = 0; i < texts.length; i++) {
    joined += texts[i];
    ends[i] = joined.length;
  }
  const { written } = encoder.encodeInto(joined, bytes);
  const read = decoder.decode(bytes.subarray(0, written));
  const cut: string[] = [];
  for (let i = 0, from = 0; i < texts.length; from = ends[i++]) cut.push(read.slice(from, ends[i]));
  return cut;
}

const bids: DirectCase = {
  name: "codec/bid",
  prepare(rows) {
    const generator = new NexmarkGenerator();
    const records: Bid[] = [];
    for (let n = 0; records.length < BATCH_ROWS; n++) {
      const event = generator.event(n);
      if (event.kind === "bid") records.push(event);
    }
    const digest = ({ auction, price, channel, url, dateTime, extra }: Bid): number =>
      auction + price + dateTime + channel.length + url.length + extra.length;
    return {
      engine: (emit) => throughCodec(records, rows, (bid: Bid) => emit(digest(bid))),
      loop: (emit) => {
        const numbers = new Float64Array(4 * BATCH_ROWS);
        const [bytes, ends] = [new Uint8Array(1 << 20), new Int32Array(BATCH_ROWS)];
        for (let done = 0; done < rows; done += BATCH_ROWS) {
          for (let i = 0; i < BATCH_ROWS; i++) {
            const { auction, bidder, price, dateTime } = records[i];
            numbers[4 * i] = auction;
            numbers[4 * i + 1] = bidder;
            numbers[4 * i + 2] = price;
            numbers[4 * i + 3] = dateTime;
          }
          const channels = throughText(records.map((bid) => bid.channel), bytes, ends);
          const urls = throughText(records.map((bid) => bid.url), bytes, ends);
          const extras = throughText(records.map((bid) => bid.extra), bytes, ends);
          for (let i = 0; i < BATCH_ROWS; i++) {
            const [auction, bidder] = [numbers[4 * i], numbers[4 * i + 1]];
            const [price, dateTime] = [numbers[4 * i + 2], numbers[4 * i + 3]];
            const [channel, url, extra] = [channels[i], urls[i], extras[i]];
            emit(digest({ kind: "bid", auction, bidder, price, channel, url, dateTime, extra }));
          }
        }
      },
    };
  },
};

const small: DirectCase = {
  name: "codec/word-count",
  prepare(rows) {
    const records = Array.from({ length: BATCH_ROWS }, (_, n): Small => ({ word: `word${scatter(n, 500)}`, count: n }));
    return {
      engine: (emit) => throughCodec(records, rows, ({ word, count }: Small) => emit(word.length + count)),
      loop: (emit) => {
        const counts = new Int32Array(BATCH_ROWS);
        const [bytes, ends] = [new Uint8Array(1 << 16), new Int32Array(BATCH_ROWS)];
        for (let done = 0; done < rows; done += BATCH_ROWS) {
          for (let i = 0; i < BATCH_ROWS; i++) counts[i] = records[i].count;
          const words = throughText(records.map((record) => record.word), bytes, ends);
          for (let i = 0; i < BATCH_ROWS; i++) {
            const { word, count } = { word: words[i], count: counts[i] };
            emit(word.length + count);
          }
        }
      },
    };
  },
};

const MAX_PARALLELISM = 128;

/** A count per key in the heap backend: snapshot of all rows, restored into an empty backend. */
const snapshot: DirectCase = {
  name: "snapshot/count",
  prepare(rows) {
    const descriptor = new ValueStateDescriptor<number>("count");
    const keyGroups = { start: 0, end: MAX_PARALLELISM - 1 };
    const make = (): HeapKeyedStateBackend =>
      new HeapKeyedStateBackend({ maxParallelism: MAX_PARALLELISM, keyGroups, now: () => 0 });
    const backend = make();
    const state = backend.state<ValueState<number>>(descriptor);
    const [keys, counts] = [new Int32Array(rows), new Float64Array(rows)];
    for (let key = 0; key < rows; key++) {
      backend.setCurrentKey(key);
      state.update(key + 1);
      keys[key] = key;
      counts[key] = key + 1;
    }
    const probe = (emit: (value: number) => void, countOf: (key: number) => number): void => {
      for (let key = 0; key < rows; key += 1000) emit(countOf(key));
    };
    return {
      engine: (emit) => {
        const restored = make();
        const copy = restored.state<ValueState<number>>(descriptor);
        restored.restore([backend.snapshot()], () => {});
        probe(emit, (key) => {
          restored.setCurrentKey(key);
          return copy.value()!;
        });
      },
      // Copy both columns out, and back into a table over the keys.
      loop: (emit) => {
        const [heldKeys, heldCounts] = [keys.slice(), counts.slice()];
        const table = new Map<number, { n: number }>();
        for (let i = 0; i < rows; i++) table.set(heldKeys[i], { n: heldCounts[i] });
        probe(emit, (key) => table.get(key)!.n);
      },
    };
  },
};

/** All cases. */
export const DIRECT_CASES: readonly DirectCase[] = [bids, small, snapshot];
