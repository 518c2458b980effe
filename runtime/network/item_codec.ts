/**
 * Events of a channel as bytes, for channels whose ends are in different threads or processes. Records need none of
 * this: they cross as the bytes their writer made.
 *
 * A watermark is written by hand because there are many; what is rare goes through the generic serializer whole, so that
 * a field added to it cannot be forgotten here.
 *
 * Callers: slot_exchange.ts.
 *
 * @module
 */

import { invariant } from "../errors.ts";
import { ByteReader, ByteWriter } from "../types/byte_buffer.ts";
import { readValue, writeValue } from "../types/generic_serializer.ts";
import { type Schema, schemaFromText } from "../types/schema.ts";
import type { ChannelEvent } from "../types/stream_element.ts";
import type { ChannelItem, DataBuffer } from "./buffer.ts";

/** Everything a channel carries beside records. */
export type EventItem = Exclude<ChannelItem, DataBuffer>;

/** First byte. */
const WATERMARK = 1;
const SCHEMA = 2;
const OTHER = 3;
const KINDS: ReadonlySet<unknown> = new Set<ChannelEvent["kind"]>(["status", "barrier", "latency", "end"]);

/** Writes an event. */
export function encodeEvent(item: EventItem): Uint8Array<ArrayBuffer> {
  const out = new ByteWriter(item.kind === "watermark" ? 16 : 128);
  if (item.kind === "watermark") {
    out.u8(WATERMARK);
    out.f64(item.timestamp);
  } else if (item.kind === "schema") {
    out.u8(SCHEMA);
    out.string(item.schema.text);
  } else {
    out.u8(OTHER);
    writeValue(out, item);
  }
  return out.toBytes();
}

/** Reads events. Keeps the schemas it has seen: each is one object, and compiled once, however many channels name it. */
export class EventDecoder {
  readonly #schemas = new Map<string, Schema>();

  /**
   * The event of {@link encodeEvent}.
   *
   * @throws JobExecutionError TSF-2106 or TSF-2109 when the bytes are damaged.
   */
  decode(bytes: Uint8Array): EventItem {
    const input = new ByteReader(bytes);
    const item = this.#read(input);
    input.assertEnd();
    return item;
  }

  #read(input: ByteReader): EventItem {
    switch (input.u8()) {
      case WATERMARK:
        return { kind: "watermark", timestamp: input.f64() };
      case SCHEMA:
        return { kind: "schema", schema: this.#schema(input.string()) };
      default: {
        const item = readValue(input) as ChannelEvent;
        invariant(KINDS.has(item?.kind), "A channel carries an event of a kind that is not known");
        return item;
      }
    }
  }

  #schema(text: string): Schema {
    let schema = this.#schemas.get(text);
    if (schema === undefined) {
      schema = schemaFromText(text);
      this.#schemas.set(text, schema);
    }
    return schema;
  }
}
