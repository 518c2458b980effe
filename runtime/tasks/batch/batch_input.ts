/**
 * One input of a BATCH task: in which order its records come to the operator, and where they wait until then.
 *
 * @module
 */

import type { InputGate } from "../../network/input_gate.ts";
import { WatermarkCombiner } from "../../types/watermark_combiner.ts";
import type { ElementQueue } from "../element_queue.ts";
import type { ChainTarget } from "../operator_chain.ts";
import type { ExternalSorter } from "./external_sorter.ts";

/** How the records of an input come to the operator. */
export type InputOrder =
  /** As they arrive. */
  | "direct"
  /** As they arrive, after all direct inputs. */
  | "held"
  /** As "held", where they wait in a file anyway: they are not taken before. */
  | "later"
  /** By key and timestamp, after all others. */
  | "sorted";

/** What of an input the order depends on. */
export interface InputShape {
  readonly isKeyed: boolean;
  readonly isBroadcast: boolean;
  /** Whether it is read from files. */
  readonly isBlocking: boolean;
}

/** Flink's order: broadcast, then without key, then keyed. Undefined where records come as they arrive. */
export function inputOrders(inputs: readonly InputShape[]): readonly InputOrder[] | undefined {
  const hasKeyed = inputs.some(({ isKeyed }) => isKeyed);
  if (hasKeyed) return inputs.map(({ isKeyed }) => isKeyed ? "sorted" : "direct");
  const broadcast = inputs.filter(({ isBroadcast }) => isBroadcast).length;
  if (broadcast === 0 || broadcast === inputs.length) return undefined;
  return inputs.map(({ isBroadcast, isBlocking }) => isBroadcast ? "direct" : isBlocking ? "later" : "held");
}

/** The places of an input: where its records go, and where they wait. */
export interface InputPlaces {
  readonly target: ChainTarget;
  readonly sorter: ExternalSorter | undefined;
  readonly queue: ElementQueue | undefined;
}

/** See the module. */
export class BatchInput {
  readonly order: InputOrder;
  readonly gate: InputGate;
  readonly target: ChainTarget;
  readonly sorter: ExternalSorter | undefined;
  readonly queue: ElementQueue | undefined;
  readonly valve: WatermarkCombiner;
  /** Channels that have not ended. */
  open: number;
  isDrained = true;
  /** Whether what arrives is not for the operator yet. */
  isWaiting: boolean;

  constructor(order: InputOrder, gate: InputGate, places: InputPlaces) {
    this.order = order;
    this.gate = gate;
    this.target = places.target;
    this.sorter = places.sorter;
    this.queue = places.queue;
    this.valve = new WatermarkCombiner(gate.channels.length, "channels");
    this.open = gate.channels.length;
    this.isWaiting = order === "sorted" || order === "held";
  }
}
