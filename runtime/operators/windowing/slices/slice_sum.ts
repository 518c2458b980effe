/**
 * Adds slices up by key, in the order in which keys came first: what a window is evaluated with.
 *
 * Invariant: the slices keep what they have; a sum has no other holder. Used by slice_windows.ts.
 *
 * @module
 */

import { copyValue } from "../../../types/copy.ts";
import type { PaneContent } from "../pane_content.ts";
import type { SliceBlock } from "./slice.ts";

const INITIAL_CAPACITY = 64;
/** So many moves per row before a real sort is cheaper. */
const MOVES_PER_ROW = 8;

/** See the header. */
export class SliceSum {
  /** The result, `size` rows: number of the key, sum, order of its first record. */
  ids = new Int32Array(INITIAL_CAPACITY);
  values: unknown[] = [];
  orders = new Float64Array(INITIAL_CAPACITY);
  readonly #content: PaneContent;
  /** Row of a key; counts only when the row is of that key. */
  #rows = new Int32Array(INITIAL_CAPACITY);
  #size = 0;

  constructor(content: PaneContent) {
    this.#content = content;
  }

  get size(): number {
    return this.#size;
  }

  /** Starts anew. @param numKeys Key numbers are below this. */
  begin(numKeys: number): void {
    this.#size = 0;
    this.reserve(numKeys);
  }

  /** Makes room, for going on. */
  reserve(numKeys: number): void {
    if (numKeys <= this.#rows.length) return;
    this.#rows = grown(this.#rows, new Int32Array(numKeys * 2));
    this.ids = grown(this.ids, new Int32Array(numKeys * 2));
    this.orders = grown(this.orders, new Float64Array(numKeys * 2));
  }

  /** Adds a slice or block; earlier ones come first. */
  add(part: SliceBlock): void {
    const { ids, values, orders } = part;
    const count = part.size;
    const rows = this.#rows;
    const intoIds = this.ids;
    const intoValues = this.values;
    const intoOrders = this.orders;
    const content = this.#content;
    let size = this.#size;
    for (let i = 0; i < count; i++) {
      const id = ids[i];
      const at = rows[id];
      const value = values[i];
      const order = orders[i];
      if (at < size && intoIds[at] === id) {
        intoValues[at] = content.merge(intoValues[at], typeof value === "object" ? copyValue(value) : value);
        if (order < intoOrders[at]) intoOrders[at] = order;
      } else {
        rows[id] = size;
        intoIds[size] = id;
        intoValues[size] = typeof value === "object" ? copyValue(value) : value;
        intoOrders[size] = order;
        size++;
      }
    }
    this.#size = size;
  }

  /** Puts rows in order. They nearly are, because slices come in order of time and so do most records. */
  finish(): void {
    const { ids, values, orders } = this;
    const rows = this.#rows;
    const size = this.#size;
    let movesLeft = MOVES_PER_ROW * size;
    for (let i = 1; i < size; i++) {
      const order = orders[i];
      if (order >= orders[i - 1]) continue;
      const id = ids[i];
      const value = values[i];
      let at = i;
      for (; at > 0 && orders[at - 1] > order; at--) {
        orders[at] = orders[at - 1];
        ids[at] = ids[at - 1];
        values[at] = values[at - 1];
        rows[ids[at]] = at;
      }
      orders[at] = order;
      ids[at] = id;
      values[at] = value;
      rows[id] = at;
      movesLeft -= i - at;
      if (movesLeft < 0) return this.#sort();
    }
  }

  #sort(): void {
    const { ids, values, orders } = this.toBlock();
    const sorted = Array.from({ length: this.size }, (_, i) => i).sort((a, b) => orders[a] - orders[b]);
    sorted.forEach((from, to) => {
      this.ids[to] = ids[from];
      this.values[to] = values[from];
      this.orders[to] = orders[from];
      this.#rows[ids[from]] = to;
    });
  }

  /** The result as a block of its own. */
  toBlock(): SliceBlock {
    const { size } = this;
    const [ids, values, orders] = [this.ids, this.values, this.orders];
    return { size, ids: ids.slice(0, size), values: values.slice(0, size), orders: orders.slice(0, size) };
  }
}

function grown<A extends Float64Array | Int32Array>(from: A, to: A): A {
  to.set(from);
  return to;
}
