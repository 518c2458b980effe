/**
 * The reading half of the generic serializer; the mirror of value_writer.ts. One reader per value.
 *
 * @module
 */

import { JobExecutionError } from "../errors.ts";
import type { ByteReader } from "./byte_buffer.ts";
import { ERROR_CLASSES, ObjectKind, Tag, VIEW_CLASSES } from "./value_kind.ts";

/** Reads one value and everything it reaches. */
export class ValueReader {
  readonly #input: ByteReader;
  readonly #seen: object[] = [];

  constructor(input: ByteReader) {
    this.#input = input;
  }

  read(): unknown {
    const input = this.#input;
    const tag = input.u8();
    switch (tag) {
      case Tag.UNDEFINED:
        return undefined;
      case Tag.NULL:
        return null;
      case Tag.TRUE:
        return true;
      case Tag.FALSE:
        return false;
      case Tag.BYTE:
        return input.u8();
      case Tag.INT:
        return input.i32();
      case Tag.DOUBLE:
        return input.f64();
      case Tag.BIGINT:
        return input.bigint();
      case Tag.STRING:
        return input.string();
      case ObjectKind.PLAIN:
        return this.#properties(this.#keep({}));
      case ObjectKind.ARRAY:
        return this.#array();
      default:
        return this.#rare(tag);
    }
  }

  #keep<T extends object>(object: T): T {
    this.#seen.push(object);
    return object;
  }

  #properties<T extends object>(target: T): T {
    const record = target as Record<string, unknown>;
    for (let left = this.#input.varint(); left > 0; left--) {
      const key = this.#input.string();
      const value = this.read();
      // Plain assignment would set the prototype instead of a field of that name.
      if (key === "__proto__") defineField(record, key, value);
      else record[key] = value;
    }
    return target;
  }

  #array(): unknown[] {
    const length = this.#input.varint();
    const target: unknown[] = this.#keep([]);
    for (let i = 0; i < length; i++) target.push(this.read());
    return target;
  }

  #rare(tag: number): unknown {
    const input = this.#input;
    switch (tag) {
      case Tag.REFERENCE:
        return this.#seen[input.varint()];
      case Tag.SPARSE_ARRAY: {
        const target: unknown[] = this.#keep([]);
        target.length = input.varint();
        input.u8();
        return this.#properties(target);
      }
      case ObjectKind.DATE:
        return this.#keep(new Date(input.f64()));
      case ObjectKind.MAP: {
        const target = this.#keep(new Map<unknown, unknown>());
        for (let left = input.varint(); left > 0; left--) target.set(this.read(), this.read());
        return target;
      }
      case ObjectKind.SET: {
        const target = this.#keep(new Set<unknown>());
        for (let left = input.varint(); left > 0; left--) target.add(this.read());
        return target;
      }
      case ObjectKind.REGEXP:
        return this.#keep(new RegExp(input.string(), input.string()));
      case ObjectKind.BOXED:
        return this.#keep(Object(this.read()) as object);
      case ObjectKind.ERROR:
        return this.#error();
      default:
        return this.#binary(tag);
    }
  }

  #binary(tag: number): unknown {
    const input = this.#input;
    switch (tag) {
      case ObjectKind.ARRAY_BUFFER:
        return this.#keep(input.bytes().buffer);
      case Tag.RESIZABLE_BUFFER: {
        const maxByteLength = input.varint();
        const bytes = input.bytes();
        const buffer = this.#keep(new ArrayBuffer(bytes.length, { maxByteLength }));
        new Uint8Array(buffer).set(bytes);
        return buffer;
      }
      case ObjectKind.VIEW: {
        const view = VIEW_CLASSES[input.u8()];
        return this.#keep(new view(input.bytes().buffer));
      }
      case Tag.SHARED_VIEW: {
        const view = VIEW_CLASSES[input.u8()];
        // The view has its number before its buffer, so its place is taken first.
        const place = this.#seen.push(this.#seen) - 1;
        const buffer = this.read() as ArrayBuffer;
        const byteOffset = input.varint();
        const byteLength = input.varint();
        const made = new view(buffer, byteOffset, byteLength / (view.BYTES_PER_ELEMENT ?? 1));
        this.#seen[place] = made;
        return made;
      }
    }
    throw new JobExecutionError("TSF-2106", "Serialized data is damaged", { found: `the unknown tag ${tag}` });
  }

  #error(): Error {
    const type = ERROR_CLASSES[this.#input.u8()];
    const error = this.#keep(new type());
    delete (error as { stack?: string }).stack;
    for (let left = this.#input.u8(); left > 0; left--) {
      const name = this.#input.string();
      Object.defineProperty(error, name, {
        value: this.read(),
        enumerable: false,
        configurable: true,
        writable: true,
      });
    }
    return error;
  }
}

/** Sets an own field whatever its name. */
export function defineField(target: object, key: string, value: unknown): void {
  Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
}
