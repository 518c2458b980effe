/**
 * sortPartition of a keyed stream, where the partition is all records of one key: gives them key by key (in the order of
 * the keys' bytes), without timestamp. The other keyed forms are global windows, see api/.
 *
 * @module
 */

import { type ListState, ListStateDescriptor } from "../functions/state_descriptor.ts";
import { VOID_NAMESPACE } from "../state/keyed_state_backend.ts";
import { ByteWriter } from "../types/byte_buffer.ts";
import { compareBytes, writeKey } from "../types/canonical_key.ts";
import type { Key } from "../types/key.ts";
import { NO_TIMESTAMP } from "../types/stream_element.ts";
import { comparatorOf, type SortOptions } from "./full_window_partition.ts";
import { FunctionOperator } from "./function_operator.ts";
import type { StreamOperatorFactory } from "./operator.ts";
import { requireKeyedState } from "./runtime_context.ts";

const STATE = "partition";

class KeyedSortPartitionOperator<T> extends FunctionOperator<undefined, T> {
  readonly #compare: (left: T, right: T) => number;
  #records!: ListState<T>;
  readonly #descriptor = new ListStateDescriptor<T>(STATE);

  constructor(options: SortOptions<T>) {
    super(undefined);
    this.#compare = comparatorOf(options);
  }
  override open(): void {
    const backend = requireKeyedState(this.ctx.keyedState, STATE, this.ctx.operator);
    this.#records = backend.state<ListState<T>>(this.#descriptor);
    super.open();
  }
  override processElement(value: unknown): void {
    this.#records.add(value as T);
  }
  override endKey(): void {
    let records: T[] | undefined;
    let next = 0;
    this.begin(() => {
      records ??= this.#records.get().sort(this.#compare);
      while (next < records.length) {
        this.output.emit(records[next++], NO_TIMESTAMP);
        if (!this.ctx.proceed()) return false;
      }
      return true;
    });
    super.endKey();
  }
  override endInput(): void {
    const backend = this.ctx.keyedState!;
    const keys = [...backend.keys(STATE, VOID_NAMESPACE)].map((key) => ({ key, bytes: keyBytes(key) }));
    keys.sort((a, b) => compareBytes(a.bytes, b.bytes));
    let nextKey = 0;
    let nextRecord = 0;
    let records: T[] = [];
    this.begin(() => {
      while (true) {
        while (nextRecord === records.length) {
          if (nextKey === keys.length) return true;
          backend.setCurrentKey(keys[nextKey++].key);
          records = this.#records.get().sort(this.#compare);
          this.#records.clear();
          nextRecord = 0;
        }
        this.output.emit(records[nextRecord++], NO_TIMESTAMP);
        if (!this.ctx.proceed()) return false;
      }
    });
  }
}

function keyBytes(key: Key): Uint8Array {
  const out = new ByteWriter();
  writeKey(out, key);
  return out.toBytes();
}

/** Emits the records key by key, in order within each. */
export function keyedSortPartitionOperator<T>(options: SortOptions<T>): StreamOperatorFactory<T> {
  return {
    chainingStrategy: "ALWAYS",
    numInputs: 1,
    functions: [options.selector],
    create: () => new KeyedSortPartitionOperator(options),
  };
}
