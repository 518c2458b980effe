/**
 * State of an operator instance that belongs to no key: lists that are split or united on rescaling, and broadcast maps.
 *
 * @module
 */

import type {
  BroadcastState,
  ListState,
  ListStateDescriptor,
  MapStateDescriptor,
} from "../functions/state_descriptor.ts";

/** How a list is given out again: split round robin, whole to everyone, or the same map everywhere. */
export type RedistributionMode = "split-distribute" | "union" | "broadcast";

/** A snapshot of operator state; element values are encoded one by one so that they can be given out singly. */
export interface OperatorSnapshot {
  readonly formatVersion: 1;
  readonly lists: readonly {
    readonly name: string;
    readonly mode: RedistributionMode;
    /** One generic-serialized element each; for broadcast one [key, value] pair each. */
    readonly elements: readonly Uint8Array[];
  }[];
}

/** Operator state of one operator in one subtask. */
export interface OperatorStateBackend {
  getListState<T>(descriptor: ListStateDescriptor<T>): ListState<T>;
  getUnionListState<T>(descriptor: ListStateDescriptor<T>): ListState<T>;
  getBroadcastState<K, V>(descriptor: MapStateDescriptor<K, V>): BroadcastState<K, V>;
  snapshot(): OperatorSnapshot;
  restore(snapshot: OperatorSnapshot): void;
}
