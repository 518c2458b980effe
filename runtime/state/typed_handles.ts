/**
 * The handles of typed_states.ts with the calls that happen per record in generated code, one class per state: the
 * functions of its records are then the only ones that its call sites ever see, so V8 can inline them (facts: text that
 * two states shared would be megamorphic in both). Whatever is no record is left to the methods of the class itself.
 *
 * Made by heap_backend.ts.
 *
 * @module
 */

import type { StateDescriptor } from "../functions/state_descriptor.ts";
import { copyValue } from "../types/copy.ts";
import { hashText } from "./hash_index.ts";
import { HeapAggregatingState, HeapReducingState, type HeapState } from "./heap_states.ts";
import type { StateTable } from "./heap_table.ts";
import type { RecordShape } from "./records/record_shape.ts";
import type { ShapedValues } from "./records/shaped_values.ts";
import { TypedListState, TypedMapState, TypedValueState } from "./typed_states.ts";

const GENERATED = { value: TypedValueState, list: TypedListState, map: TypedMapState } as const;

/**
 * Methods by kind. `read` and `put` are undefined as long as records are no rows, `put` also when they no longer are;
 * `ns` and `hash` are those of the namespace, because fields of the class would have as many hidden classes as states.
 */
const METHODS: Readonly<Record<keyof typeof GENERATED, string>> = {
  value: `
  value() {
    const stored = table.get(ns, hash);
    if (typeof stored === "number") return read === undefined ? stored : read(stored);
    return stored === undefined ? copyValue(defaultValue) : values.read(stored);
  }
  update(value) {
    if (typeof value === "object" && value !== null) {
      if (put !== undefined) {
        const stored = table.get(ns, hash);
        if (typeof stored === "number") {
          if (put(value, stored) >= 0) return;
        } else if (stored === undefined) {
          const row = put(value, -1);
          if (row >= 0) {
            table.put(ns, hash, row);
            return;
          }
        }
      }
    } else if (typeof value === "number" && read === undefined) {
      values.keepObjects();
      table.put(ns, hash, value);
      return;
    }
    super.update(value);
  }
  clear() {
    if (read === undefined) table.remove(ns, hash);
    else super.clear();
  }`,
  list: `
  get() {
    const stored = table.get(ns, hash);
    if (stored === undefined) return [];
    const elements = new Array(stored.length);
    for (let i = 0; i < stored.length; i++) {
      const element = stored[i];
      elements[i] = typeof element !== "number" ? values.read(element) : read === undefined ? element : read(element);
    }
    return elements;
  }
  add(value) {
    if (typeof value === "object" && value !== null) {
      const stored = table.get(ns, hash);
      const row = stored === undefined || put === undefined ? -1 : put(value, -1);
      if (row >= 0) {
        stored.push(row);
        return;
      }
    }
    super.add(value);
  }
  clear() {
    if (read === undefined) table.remove(ns, hash);
    else super.clear();
  }`,
  map: `
  get(key) {
    const stored = table.get(ns, hash)?.get(key);
    return typeof stored !== "number" ? values.read(stored) : read === undefined ? stored : read(stored);
  }
  put(key, value) {
    if (put !== undefined && typeof value === "object" && value !== null) {
      const stored = table.get(ns, hash)?.get(key);
      if (typeof stored === "number" && put(value, stored) >= 0) return;
    }
    super.put(key, value);
  }`,
};

/** Makes the handle of a state whose table is typed. */
export function typedHandle(table: StateTable, descriptor: StateDescriptor, values: ShapedValues): HeapState {
  const { kind } = descriptor;
  if (kind === "reducing") return new HeapReducingState(table, descriptor);
  if (kind === "aggregating") return new HeapAggregatingState(table, descriptor);
  const text = `// handle ${JSON.stringify(values.id)}
let ns = "", hash = 0, read, put;
class Handle extends Base {
  get namespace() {
    return ns;
  }
  setNamespace(namespace) {
    if (namespace === ns) return;
    super.setNamespace(namespace);
    ns = namespace;
    hash = hashText(namespace);
  }${METHODS[kind]}
}
return { Handle, use(ofRead, ofPut) { read = ofRead; put = ofPut; } };`;
  const make = new Function("Base", "table", "values", "defaultValue", "copyValue", "hashText", text);
  const defaultValue = copyValue(descriptor.defaultValue);
  const { Handle, use } = make(GENERATED[kind], table, values, defaultValue, copyValue, hashText) as {
    readonly Handle: typeof GENERATED[typeof kind];
    use(read: RecordShape["read"] | undefined, put: RecordShape["put"] | undefined): void;
  };
  values.onRecords(use);
  return new Handle(table, descriptor, values);
}
