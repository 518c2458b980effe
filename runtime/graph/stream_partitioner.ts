/**
 * How records go from the subtasks of one operator to those of the next. Only describes; network/ does the choosing.
 *
 * @module
 */

import type { KeySelector } from "../functions/functions.ts";
import type { Partitioner, ShipStrategy } from "../functions/partitioner.ts";
import type { Key, KeyHashRule } from "../types/key.ts";

export type { ShipStrategy };

/** The partitioner of an edge. */
export interface StreamPartitioner {
  /** The rule, by Flink's name. */
  readonly strategy: ShipStrategy;
  /** HASH and CUSTOM: takes the key out of a record. */
  readonly keySelector?: KeySelector<unknown, Key>;
  /** HASH: the hash rule, when the key type is declared. */
  readonly keyHashRule?: KeyHashRule;
  /** CUSTOM: chooses the channel for the key. */
  readonly custom?: Partitioner<unknown>;
}

/** Whether each sender reaches only some receivers, fixed by their indexes. */
export function isPointwise(partitioner: StreamPartitioner): boolean {
  return partitioner.strategy === "FORWARD" || partitioner.strategy === "RESCALE";
}

/** Whether each receiver gets each record. */
export function isBroadcast(partitioner: StreamPartitioner): boolean {
  return partitioner.strategy === "BROADCAST";
}

/**
 * Whether a barrier may overtake records on such an edge. In-flight records of the others cannot be given to other
 * subtasks when the job is rescaled.
 */
export function supportsUnalignedCheckpoints(partitioner: StreamPartitioner): boolean {
  return !isPointwise(partitioner) && !isBroadcast(partitioner) && partitioner.strategy !== "CUSTOM";
}
