/**
 * The reading half of the generic serializer; the mirror of value_writer.ts. One reader per value.
 *
 * @module
 */

import { JobExecutionError } from "../errors.ts";
import type { ByteReader } from "./byte_buffer.ts";
import { ERROR_CLASSES, MAX_VALUE_DEPTH, ObjectKind, Tag, VIEW_CLASSES } from "./value_kind.ts";

/** Sets of places that lie further apart than this make an array sparse in memory. */
const DENSE_PLACES = 1024;

/**
 * Reads one value and everything it reaches. Damaged bytes are an error or another value, never memory or time out of
 * proportion to their number.
 */
export class ValueReader {
  readonly #input: ByteReader;
  /** By number; undefined while the object is not made yet. */
  readonly #seen: (object | undefined)[] = [];
  #depth = 0;

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
      case Tag.REFERENCE:
        return this.#seen[input.varint()] ?? damaged("a reference to nothing");
    }
    if (++this.#depth > MAX_VALUE_DEPTH) damaged(`more than ${MAX_VALUE_DEPTH} levels`);
    const object = this.#object(tag);
    this.#depth--;
    return object;
  }

  #object(tag: number): object {
    if (tag === ObjectKind.PLAIN) return this.#properties(this.#keep({}));
    return tag === ObjectKind.ARRAY ? this.#array() : this.#rare(tag);
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

  #sparseArray(): unknown[] {
    const target: unknown[] = this.#keep([]);
    const length = this.#input.varint();
    if (length > DENSE_PLACES) {
      // Setting the length alone may allocate all of it; one far element does not.
      target[length - 1] = undefined;
      delete target[length - 1];
    }
    target.length = length;
    if (this.#input.u8() !== ObjectKind.PLAIN) damaged("an array without elements");
    this.#properties(target);
    return target.length === length ? target : damaged("an array longer than it says");
  }

  #rare(tag: number): object {
    const input = this.#input;
    switch (tag) {
      case Tag.SPARSE_ARRAY:
        return this.#sparseArray();
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
        return this.#boxed(this.read());
      case ObjectKind.ERROR:
        return this.#error();
      default:
        return this.#binary(tag);
    }
  }

  #boxed(value: unknown): object {
    const isPrimitive = typeof value !== "object" && value !== undefined;
    return isPrimitive ? this.#keep(Object(value) as object) : damaged("a boxed object");
  }

  #binary(tag: number): object {
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
        const view = VIEW_CLASSES[input.u8()] ?? damaged("an unknown view");
        return this.#keep(new view(input.bytes().buffer));
      }
      case Tag.SHARED_VIEW: {
        const view = VIEW_CLASSES[input.u8()] ?? damaged("an unknown view");
        // The view has its number before its buffer, so its place is taken first.
        const place = this.#seen.push(undefined) - 1;
        const buffer = this.read();
        // A number would be taken for the size of a new buffer.
        if (!(buffer instanceof ArrayBuffer)) damaged("a view of no buffer");
        const byteOffset = input.varint();
        const byteLength = input.varint();
        const made = new view(buffer, byteOffset, byteLength / (view.BYTES_PER_ELEMENT ?? 1));
        this.#seen[place] = made;
        return made;
      }
    }
    return damaged(`the unknown tag ${tag}`);
  }

  #error(): Error {
    const type = ERROR_CLASSES[this.#input.u8()] ?? damaged("an unknown class of errors");
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

/** Ends the reading of bytes that no writer has written. */
function damaged(found: string): never {
  throw new JobExecutionError("TSF-2106", "Serialized data is damaged", { found });
}

/** Sets an own field whatever its name. */
export function defineField(target: object, key: string, value: unknown): void {
  Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
}
