/**
 * Partitioning of a stream: the built-in ways and the user's own.
 *
 * @module
 */

/** Chooses the channel for a key: an integer from 0 to numPartitions - 1. */
export type Partitioner<K> = (key: K, numPartitions: number) => number;

/** How records go to the next subtasks, by Flink's names as plans show them. */
export type ShipStrategy =
  | "FORWARD"
  | "HASH"
  | "REBALANCE"
  | "RESCALE"
  | "BROADCAST"
  | "SHUFFLE"
  | "GLOBAL"
  | "CUSTOM";
