/**
 * The writing half of the generic serializer: one tag byte, then the content. One writer per value, because objects are
 * numbered in the order they are met, so that cycles and shared references come back as such.
 *
 * Caller: generic_serializer.ts, which also turns an {@link Offence} into the error users see.
 *
 * @module
 */

import type { ByteWriter } from "./byte_buffer.ts";
import {
  type BufferView,
  ERROR_CLASSES,
  hasOnlyElements,
  kindOfObject,
  MAX_VALUE_DEPTH,
  ObjectKind,
  pathStep,
  Tag,
  VIEW_CLASSES,
} from "./value_kind.ts";

/** Up to this many objects a scan beats a Map. */
const SCANNED_OBJECTS = 12;

/** Carries the offending value outwards; every level adds its step, so that the good path pays nothing for paths. */
export class Offence {
  readonly steps: string[] = [];
  constructor(readonly value: unknown) {}
  path(): string {
    return this.steps.reverse().join("");
  }
}

/** Thrown for a value of more than {@link MAX_VALUE_DEPTH} levels. */
export class TooDeep {}

/** Writes one value and everything it reaches. */
export class ValueWriter {
  readonly #out: ByteWriter;
  readonly #seen: object[] = [];
  #index: Map<object, number> | undefined;
  #depth = 0;

  constructor(out: ByteWriter) {
    this.#out = out;
  }

  write(value: unknown): void {
    const out = this.#out;
    switch (typeof value) {
      case "number":
        return this.#number(value);
      case "string":
        out.u8(Tag.STRING);
        return out.string(value);
      case "boolean":
        return out.u8(value ? Tag.TRUE : Tag.FALSE);
      case "undefined":
        return out.u8(Tag.UNDEFINED);
      case "bigint":
        out.u8(Tag.BIGINT);
        return out.bigint(value);
      case "object":
        if (value === null) return out.u8(Tag.NULL);
        if (++this.#depth > MAX_VALUE_DEPTH) throw new TooDeep();
        this.#object(value);
        this.#depth--;
        return;
      default:
        throw new Offence(value);
    }
  }

  #number(value: number): void {
    const out = this.#out;
    if ((value | 0) !== value || (value === 0 && 1 / value < 0)) {
      out.u8(Tag.DOUBLE);
      out.f64(value);
    } else if (value >= 0 && value < 256) {
      out.u8(Tag.BYTE);
      out.u8(value);
    } else {
      out.u8(Tag.INT);
      out.i32(value);
    }
  }

  /** True when the object was written before; then its number is written. Otherwise it gets the next number. */
  #known(value: object): boolean {
    const seen = this.#seen;
    let at: number | undefined;
    if (this.#index !== undefined) at = this.#index.get(value);
    else at = seen.indexOf(value);
    if (at !== undefined && at >= 0) {
      this.#out.u8(Tag.REFERENCE);
      this.#out.varint(at);
      return true;
    }
    this.#index?.set(value, seen.length);
    seen.push(value);
    if (seen.length === SCANNED_OBJECTS) this.#index = new Map(seen.map((object, index) => [object, index]));
    return false;
  }

  #object(value: object): void {
    const kind = kindOfObject(value);
    if (kind === undefined) throw new Offence(value);
    if (this.#known(value)) return;
    if (kind === ObjectKind.PLAIN) return this.#properties(ObjectKind.PLAIN, value as Record<string, unknown>);
    if (kind === ObjectKind.ARRAY) return this.#array(value as unknown[]);
    if (kind === ObjectKind.VIEW) return this.#bufferView(value as BufferView);
    if (kind === ObjectKind.ARRAY_BUFFER) return this.#arrayBuffer(value as ArrayBuffer);
    this.#out.u8(kind);
    if (kind === ObjectKind.DATE) this.#out.f64((value as Date).getTime());
    else if (kind === ObjectKind.MAP) this.#map(value as Map<unknown, unknown>);
    else if (kind === ObjectKind.SET) this.#set(value as Set<unknown>);
    else if (kind === ObjectKind.BOXED) this.write(value.valueOf());
    else if (kind === ObjectKind.REGEXP) {
      this.#out.string((value as RegExp).source);
      this.#out.string((value as RegExp).flags);
    } else this.#error(value as Error);
  }

  #step(key: string | number, value: unknown): void {
    if (typeof value !== "object") {
      if (typeof value === "function" || typeof value === "symbol") throw this.#offence(new Offence(value), key);
      return this.write(value);
    }
    try {
      this.write(value);
    } catch (error) {
      throw error instanceof Offence ? this.#offence(error, key) : error;
    }
  }
  #offence(offence: Offence, key: string | number): Offence {
    offence.steps.push(pathStep(key));
    return offence;
  }

  #properties(tag: number, value: Record<string, unknown>): void {
    const keys = Object.keys(value);
    this.#out.u8(tag);
    this.#out.varint(keys.length);
    for (const key of keys) {
      this.#out.string(key);
      this.#step(key, value[key]);
    }
  }

  #array(value: unknown[]): void {
    const { length } = value;
    // Holes or named properties, as in the result of a RegExp match.
    if (!hasOnlyElements(value)) {
      this.#out.u8(Tag.SPARSE_ARRAY);
      this.#out.varint(length);
      this.#properties(ObjectKind.PLAIN, value as unknown as Record<string, unknown>);
      return;
    }
    this.#out.u8(ObjectKind.ARRAY);
    this.#out.varint(length);
    for (let i = 0; i < length; i++) this.#step(i, value[i]);
  }

  #map(value: Map<unknown, unknown>): void {
    this.#out.varint(value.size);
    let i = 0;
    for (const [key, element] of value) {
      this.#step(`key ${i++}`, key);
      this.#step(typeof key === "string" || typeof key === "number" ? key : `value ${i - 1}`, element);
    }
  }
  #set(value: Set<unknown>): void {
    this.#out.varint(value.size);
    let i = 0;
    for (const element of value) this.#step(i++, element);
  }

  #bufferView(view: BufferView): void {
    const out = this.#out;
    const type = VIEW_CLASSES.findIndex((c) => c.prototype === Object.getPrototypeOf(view));
    const { buffer, byteOffset, byteLength } = view;
    const whole = byteOffset === 0 && byteLength === buffer.byteLength;
    if (!(buffer instanceof ArrayBuffer)) throw new Offence(buffer);
    if (whole || this.#seen.includes(buffer)) {
      out.u8(Tag.SHARED_VIEW);
      out.u8(type);
      this.write(buffer);
      out.varint(byteOffset);
      out.varint(byteLength);
      return;
    }
    out.u8(ObjectKind.VIEW);
    out.u8(type);
    out.bytes(new Uint8Array(buffer, byteOffset, byteLength));
  }
  #arrayBuffer(buffer: ArrayBuffer): void {
    this.#out.u8(buffer.resizable ? Tag.RESIZABLE_BUFFER : ObjectKind.ARRAY_BUFFER);
    if (buffer.resizable) this.#out.varint(buffer.maxByteLength);
    this.#out.bytes(new Uint8Array(buffer));
  }

  /** As structured clone: class, message, stack and cause. */
  #error(error: Error): void {
    const out = this.#out;
    out.u8(Math.max(0, ERROR_CLASSES.findIndex((c) => c.prototype === Object.getPrototypeOf(error))));
    const parts = ["message", "stack", "cause"].filter((name) => Object.hasOwn(error, name));
    out.u8(parts.length);
    for (const name of parts) {
      out.string(name);
      this.#step(name, (error as unknown as Record<string, unknown>)[name]);
    }
  }
}
